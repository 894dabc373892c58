//! The commands of the project: `web`, `run`, `dev`, `generate`, `picture`, `shots`, `test`, `chaos`.
//!
//! Owns how the parts are built, started and checked together. Must not hold any logic of the product. Called by
//! people, by `.ci/run`, and by nothing else.

mod chaos;
mod command;
mod dev;
mod files;
mod gateway;
mod generate;
mod picture;
mod privilege;
mod run;
mod shots;
mod signals;
mod test;
mod web;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

/// The commands of the Callbox project.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Installs the web packages if their lock changed, and builds the pages if their sources changed.
    Web,
    /// Builds everything, starts the gateway and prints the addresses and the demo sign-ins.
    Run(Run),
    /// Starts the gateway and the development server of the pages, which reloads them on each change.
    Dev(Arguments),
    /// Writes the generated files: TypeScript, JSON Schema, AsyncAPI.
    Generate,
    /// Takes the pictures of the README from the demo's fire, into docs/images.
    Shots,
    /// Measures the first live picture in a real Chromium; the last line is JSON.
    Picture(Picture),
    /// Everything that must be true: format, lints, tests, generated files, pages, stories in a browser.
    Test,
    /// A cluster of three hosts under random faults, real clients, and a checker of every promise. Takes root.
    Chaos(Chaos),
}

#[derive(Debug, Args)]
struct Chaos {
    /// Flags of the run, for example `--short` or `--seed 7`; `--help` tells them.
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "FLAGS"
    )]
    flags: Vec<String>,
}

#[derive(Debug, Args)]
struct Run {
    /// Also plays a made-up city: a quiet hour, a fire seen by thirty people, one silent call, one call that the world copies, and again.
    #[arg(long)]
    demo: bool,
    /// Flags for the gateway, after `--`.
    #[command(flatten)]
    gateway: Arguments,
}

#[derive(Debug, Args)]
struct Picture {
    /// Tries, after two to warm up.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    tries: u32,
    /// The gateway's program; by default the one in target/ci or target/release, else one that is built now.
    #[arg(long, value_name = "PATH")]
    gateway: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct Arguments {
    /// Flags for the gateway, after `--`.
    #[arg(last = true, value_name = "GATEWAY FLAGS")]
    gateway: Vec<String>,
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Web => web::build(),
        Command::Run(run) => run::run(run.demo, &run.gateway.gateway),
        Command::Dev(arguments) => dev::run(&arguments.gateway),
        Command::Generate => generate::into_repository(),
        Command::Shots => shots::take(),
        Command::Picture(Picture { tries, gateway }) => picture::run_tries(gateway, tries),
        Command::Test => return test::run(),
        Command::Chaos(chaos) => chaos::run_with(&chaos.flags),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
