//! `route --nodes 2`: two gateways on one Redis, beside what Redis alone can do and beside what others do with the same load.
//!
//! Owns: the order of the runs, each on servers of its own, and the ratios. Called by: `route`, and `main` for the others alone.

use std::time::Duration;

use anyhow::Result;
use clap::Args;

use crate::cast::Stage;
use crate::client::{self, command_id, opening};
use crate::device::Device;
use crate::gateway::{GatewayChoice, Wishes};
use crate::measure::Phase;
use crate::nodes::Nodes;
use crate::peers::Peer;
use crate::redis::{Appends, Calls, Fsync, Limit, Watch, by_benchmark, by_repeating};
use crate::report::Outcome;
use crate::route::Load;
use crate::scene::{Scene, Span};

/// Texts that are sent while it is watched what the gateways send to Redis.
const WATCHED_TEXTS: u64 = 5;

/// What others do with the same load
#[derive(Debug, Clone, Args)]
#[group(skip)]
pub struct Others {
    #[command(flatten)]
    load: Load,
    /// Only this one; all where it is left out
    #[arg(long, value_enum)]
    only: Option<Peer>,
    /// How Redis writes, for those that store in it
    #[arg(long, value_enum, default_value_t = Fsync::Everysec)]
    fsync: Fsync,
}

impl Others {
    /// Runs them once.
    ///
    /// # Errors
    /// When their servers do not start.
    pub async fn run(&self) -> Result<Outcome> {
        let mut outcome = Outcome::default();
        for peer in Peer::ALL {
            if self.only.is_none_or(|only| only == peer) {
                other(&self.load, peer, self.fsync, "", &mut outcome).await?;
            }
        }
        Ok(outcome)
    }
}

/// What `route` does with two nodes.
#[derive(Debug, Clone, Copy)]
pub struct Beside {
    /// Measure what Redis alone can do, and both ways of writing.
    pub limit: bool,
    /// Measure others.
    pub peers: bool,
}

impl Beside {
    /// Runs it once.
    ///
    /// # Errors
    /// When a server does not live through it. Lost texts of Callbox are failures of the outcome.
    pub async fn run(self, load: &Load, choice: &GatewayChoice) -> Result<Outcome> {
        let mut outcome = Outcome::default();
        let ways = if self.limit {
            &Fsync::ALL[..]
        } else {
            &[Fsync::Everysec]
        };
        for fsync in ways {
            // The figures with `everysec` carry the plain names.
            let prefix = match fsync {
                Fsync::Everysec => "",
                Fsync::Always => "always_",
            };
            let found = self.nodes(load, choice, *fsync, prefix, &mut outcome);
            let own_us = found.await?;
            if !self.peers {
                continue;
            }
            for peer in Peer::ALL {
                if *fsync == Fsync::Always && !peer.on_redis() {
                    continue;
                }
                let its_us = other(load, peer, *fsync, prefix, &mut outcome).await?;
                let name = peer.name();
                outcome.set(format!("{prefix}ratio_to_{name}"), its_us / own_us);
            }
        }
        Ok(outcome)
    }

    /// Measures two nodes, and Redis alone after them; answers the processor time per message in µs.
    async fn nodes(
        self,
        load: &Load,
        choice: &GatewayChoice,
        fsync: Fsync,
        prefix: &str,
        outcome: &mut Outcome,
    ) -> Result<f64> {
        eprintln!("route: two nodes on Redis, {}", fsync.word());
        let mut nodes = Nodes::begin(choice, fsync, 2, &Wishes::default()).await?;
        let done = on_nodes(load, &nodes, self.limit).await;
        let (phases, appends) = done.map_err(|error| nodes.explain(error))?;
        let name = format!("{prefix}nodes");
        phases.unloaded.check(&name, outcome);
        phases.saturated.check(&name, outcome);
        phases.note(prefix, outcome);
        let saturated = &phases.saturated;
        for (number, what) in ["residents_node", "consoles_node", "redis"]
            .into_iter()
            .enumerate()
        {
            outcome.set(
                format!("{prefix}{what}_cpu_us"),
                saturated.server_us(number),
            );
        }
        outcome.set(
            format!("{prefix}generator_cpu_us_per_message"),
            saturated.own_us(),
        );
        if let Some(appends) = appends {
            nodes.gateways.clear();
            let limits = limits(load, &nodes, &appends).await?;
            note_limits(&limits, saturated, prefix, outcome);
        }
        Ok(saturated.servers_us())
    }
}

/// The two phases of a load.
#[derive(Debug)]
pub struct Phases {
    /// One resident, one text at a time.
    pub unloaded: Phase,
    /// Everybody, with several texts in flight.
    pub saturated: Phase,
}

impl Phases {
    /// Notes what is told of everybody who is measured.
    pub fn note(&self, prefix: &str, outcome: &mut Outcome) {
        let Self {
            unloaded,
            saturated,
        } = self;
        let mut set = |name: &str, value: f64| outcome.set(format!("{prefix}{name}"), value);
        set("messages_per_s", saturated.per_second());
        set("cpu_us_per_message", saturated.servers_us());
        set("messages_per_cpu_s", 1e6 / saturated.servers_us());
        set(
            "saturated_shown_p50_ms",
            saturated.shown.percentile_ms(50.0),
        );
        set(
            "saturated_shown_p99_ms",
            saturated.shown.percentile_ms(99.0),
        );
        outcome.set_latency(prefix, &unloaded.shown);
        outcome.set_latency(&format!("{prefix}safe_"), &unloaded.safe);
    }
}

async fn on_nodes(load: &Load, nodes: &Nodes, watch: bool) -> Result<(Phases, Option<Appends>)> {
    let stage = Stage {
        residents: nodes.gateways[0].target.clone(),
        consoles: nodes.gateways[1].target.clone(),
        pids: nodes.pids(),
    };
    let mut scene = load.cast().enter(&stage).await?;
    let phases = load.phases(&mut scene).await?;
    let appends = match watch {
        true => Some(watched(nodes, &mut scene, &stage).await?),
        false => None,
    };
    Ok((phases, appends))
}

/// Lets one resident open a session and another one send texts, and sees what reaches Redis.
async fn watched(nodes: &Nodes, scene: &mut Scene, stage: &Stage) -> Result<Appends> {
    let watch = Watch::begin(nodes.redis.port()).await?;
    let opened = scene.rest_while(async {
        let mut link = stage.residents.resident(None).await?;
        client::greet_as_resident(&mut link, &Device::new()?).await?;
        let category = callbox_proto::vocabulary::Category::Other;
        client::open(&mut link, command_id(), opening(category)).await?;
        Ok(link)
    });
    let _opened = opened.await?;
    let texts = scene.phase(0..1, 1, Span::Texts(WATCHED_TEXTS));
    texts.await?;
    scene.rest_while(watch.end()).await
}

/// What Redis alone did: a plain client in front of it, and `redis-benchmark`; each with one append in a call and with many.
type Limits = Vec<(&'static str, Limit)>;

/// Several appends of a session in a run, which is more than one append after the other can be.
const IN_RUNS: &str = "redis_append_in_runs";

async fn limits(load: &Load, nodes: &Nodes, appends: &Appends) -> Result<Limits> {
    let redis = &nodes.redis;
    let span = Duration::from_secs(load.seconds);
    let mut limits = Limits::new();
    for (calls, [repeated, benchmark]) in [
        (Calls::Single, ["redis_append", "redis_benchmark"]),
        (
            Calls::Joined,
            ["redis_append_joined", "redis_benchmark_joined"],
        ),
    ] {
        redis.empty().await?;
        let found = by_repeating(redis, appends, calls, load.residents, span).await?;
        limits.push((repeated, found));
        redis.empty().await?;
        limits.push((benchmark, by_benchmark(redis, appends, calls).await?));
    }
    redis.empty().await?;
    let found = by_repeating(redis, appends, Calls::Runs, load.residents, span).await?;
    limits.push((IN_RUNS, found));
    Ok(limits)
}

fn note_limits(limits: &Limits, saturated: &Phase, prefix: &str, outcome: &mut Outcome) {
    let mut set = |name: &str, value: f64| outcome.set(format!("{prefix}{name}"), value);
    for (name, limit) in limits {
        set(&format!("{name}_per_s"), limit.per_s);
        set(&format!("{name}_cpu_us"), limit.cpu_us);
    }
    // The hardest of those that append one by one is the limit.
    let most = |in_runs: bool| {
        let those = limits
            .iter()
            .filter(|(name, _)| (*name == IN_RUNS) == in_runs);
        those.map(|(_, limit)| limit.per_s).fold(0.0, f64::max)
    };
    set("redis_limit_per_s", most(false));
    set("ratio_to_redis", saturated.per_second() / most(false));
    set(
        "ratio_to_redis_in_runs",
        saturated.per_second() / most(true),
    );
}

/// Measures one of the others; answers its processor time per message in µs.
async fn other(
    load: &Load,
    peer: Peer,
    fsync: Fsync,
    prefix: &str,
    outcome: &mut Outcome,
) -> Result<f64> {
    eprintln!("route: {}, {}", peer.name(), fsync.word());
    let entered = peer.enter(fsync, load.residents, load.consoles, load.bytes);
    let mut entered = entered.await?;
    let ran = load.phases(&mut entered.scene).await;
    let phases = match ran {
        Ok(phases) => phases,
        Err(error) => {
            entered.servers.alive()?;
            return Err(error.context(peer.name()));
        }
    };
    let prefix = format!("{prefix}{}_", peer.name());
    phases.note(&prefix, outcome);
    // What it loses is its own affair, but it is told.
    let mut faults = Outcome::default();
    phases.unloaded.check_delivery(&prefix, &mut faults);
    phases.saturated.check_delivery(&prefix, &mut faults);
    for fault in faults.failures() {
        eprintln!("route: {fault}");
    }
    outcome.set(format!("{prefix}faults"), faults.failures().len() as f64);
    Ok(phases.saturated.servers_us())
}
