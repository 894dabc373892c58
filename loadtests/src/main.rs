//! `callbox-loadtests`: residents and consoles by the thousand, over the public protocol only.
//!
//! Owns: the command line. Must not: depend on the gateway's code: that it runs without proves that the protocol is public.
//! One thread carries all clients, so that the gateway under test keeps a core for itself.

mod beside;
mod cast;
mod chaos;
mod client;
mod demo;
mod device;
mod flood;
mod gateway;
mod glance;
mod growth;
mod idle;
mod island;
mod latency;
mod lost;
mod measure;
mod nodes;
mod peers;
mod process;
mod queue;
mod redis;
mod report;
mod rolling;
mod route;
mod scene;
mod seat;
mod shipped;
mod soak;
mod storm;
mod tally;
mod texts;
mod trust;

use std::process::ExitCode;
use std::time::Instant;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};

use crate::gateway::GatewayChoice;
use crate::report::{Outcome, Report};

/// Measures a Callbox gateway, or brings one to life with made-up residents.
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Memory per idle session
    Idle {
        #[command(flatten)]
        idle: idle::Idle,
        #[command(flatten)]
        runs: Runs,
    },
    /// Texts from residents to consoles: latency unloaded, messages per second saturated
    Route {
        #[command(flatten)]
        route: route::Route,
        #[command(flatten)]
        runs: Runs,
    },
    /// Many waiting sessions: enqueue and take-next per second
    Queue {
        #[command(flatten)]
        queue: queue::Queue,
        #[command(flatten)]
        runs: Runs,
    },
    /// Cost per message as the log grows
    Growth {
        #[command(flatten)]
        growth: growth::Growth,
        #[command(flatten)]
        runs: Runs,
    },
    /// Thousands of TLS clients lose their node at once: how long until all are back
    Storm {
        #[command(flatten)]
        storm: storm::Storm,
        #[command(flatten)]
        runs: Runs,
    },
    /// Strangers open thousands of links and never ask for anything
    Flood {
        #[command(flatten)]
        flood: flood::Flood,
        #[command(flatten)]
        runs: Runs,
    },
    /// Nodes are restarted one after the other under residents who go on writing
    Rolling {
        #[command(flatten)]
        rolling: rolling::Rolling,
        #[command(flatten)]
        runs: Runs,
    },
    /// A shared tier that was away: what was kept meanwhile is brought to it beside live traffic
    Island {
        #[command(flatten)]
        island: island::Island,
        #[command(flatten)]
        runs: Runs,
    },
    /// A console, a node and the tier's primary are lost: how long until others go on
    Lost {
        #[command(flatten)]
        lost: lost::Lost,
        #[command(flatten)]
        runs: Runs,
    },
    /// The load of route on what others would take instead, without Callbox
    Others {
        #[command(flatten)]
        others: beside::Others,
        #[command(flatten)]
        runs: Runs,
    },
    /// A cluster under random faults, and a checker of every promise; takes root
    Chaos(chaos::Chaos),
    /// Clients of one side of a chaos run (started by `chaos`)
    #[command(hide = true)]
    ChaosPlayers(chaos::Players),
    /// Reads every log of a chaos run (started by `chaos`)
    #[command(hide = true)]
    ChaosReader(chaos::Reader),
    /// Made-up residents of a made-up city, until stopped
    Demo(demo::Demo),
}

/// What every measurement takes.
#[derive(Debug, Clone, Args)]
#[group(skip)]
struct Runs {
    #[command(flatten)]
    choice: GatewayChoice,
    /// Print one JSON object as the last line
    #[arg(long)]
    json: bool,
    /// Runs; the report gives the median, the lowest and the highest
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
    runs: u32,
}

impl Runs {
    async fn repeat(
        &self,
        name: &str,
        run: impl AsyncFn(&GatewayChoice) -> Result<Outcome>,
    ) -> Result<bool> {
        let begun = Instant::now();
        let mut outcomes = Vec::new();
        for number in 1..=self.runs {
            eprintln!("{name}: run {number} of {}", self.runs);
            outcomes.push(run(&self.choice).await?);
        }
        let report = Report::new(name, begun.elapsed().as_secs_f64(), &outcomes);
        if self.json {
            println!("{}", report.to_json());
        } else {
            print!("{}", report.to_table());
        }
        Ok(report.passed())
    }
}

fn main() -> ExitCode {
    // Clients of HTTP and TLS take what is installed; an error means that it is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let done = match runtime {
        Ok(runtime) => runtime.block_on(run(cli.command)),
        Err(error) => Err(error.into()),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("callbox-loadtests: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether every promise held.
async fn run(command: Command) -> Result<bool> {
    match command {
        Command::Idle { idle, runs } => runs.repeat("idle", async |c| idle.run(c).await).await,
        Command::Route { route, runs } => runs.repeat("route", async |c| route.run(c).await).await,
        Command::Queue { queue, runs } => runs.repeat("queue", async |c| queue.run(c).await).await,
        Command::Growth { growth, runs } => {
            runs.repeat("growth", async |c| growth.run(c).await).await
        }
        Command::Storm { storm, runs } => runs.repeat("storm", async |c| storm.run(c).await).await,
        Command::Flood { flood, runs } => runs.repeat("flood", async |c| flood.run(c).await).await,
        Command::Rolling { rolling, runs } => {
            runs.repeat("rolling", async |c| rolling.run(c).await).await
        }
        Command::Island { island, runs } => {
            runs.repeat("island", async |c| island.run(c).await).await
        }
        Command::Lost { lost, runs } => runs.repeat("lost", async |c| lost.run(c).await).await,
        Command::Others { others, runs } => {
            runs.repeat("others", async |_| others.run().await).await
        }
        Command::Chaos(chaos) => chaos.run().await,
        Command::ChaosPlayers(players) => players.run().await.map(|()| true),
        Command::ChaosReader(reader) => reader.run().await.map(|()| true),
        Command::Demo(demo) => demo.run().await.map(|()| true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_holds_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_measurement_takes_json_and_a_gateway() {
        for name in [
            "idle", "route", "queue", "growth", "storm", "flood", "rolling", "island", "lost",
            "others",
        ] {
            let line = ["callbox-loadtests", name, "--json", "--gateway", "callbox"];
            assert!(Cli::try_parse_from(line).is_ok(), "{name}");
        }
        assert!(Cli::try_parse_from(["callbox-loadtests", "route", "--pid", "1"]).is_err());
    }
}
