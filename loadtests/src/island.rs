//! `island`: the shared tier is away, a node keeps what its residents write, and brings it there afterwards beside live traffic.
//!
//! Owns: the order of the run. Must not: judge a phase (that is `measure`). Called by: `main`.
//!
//! Two nodes on one Redis, each with residents and consoles of its own. Redis is frozen; the residents of the one node go on
//! writing. Redis goes on; the node brings what it kept while the residents of the other write as fast as they can.

use std::collections::HashSet;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use callbox_loadtests::check::{Kind, Logs};
use clap::Args;
use tokio::sync::Notify;

use crate::cast::Cast;
use crate::chaos::reader;
use crate::gateway::{Gateway, GatewayChoice, Wishes};
use crate::measure::Phase;
use crate::nodes::Nodes;
use crate::redis::Fsync;
use crate::report::Outcome;
use crate::scene::{Scene, Span};
use crate::texts::sent_us;

/// Pause between two looks at a node.
const LOOK: Duration = Duration::from_millis(50);
/// Longest wait for a node to find its tier gone or back.
const TURN: Duration = Duration::from_secs(30);
/// Longest wait until everything kept is in the tier.
const DRAIN: Duration = Duration::from_secs(300);
/// Before live traffic counts.
const WARM_UP: Duration = Duration::from_secs(1);
/// Who reads the logs in the end.
const SUPERVISOR: &str = "sue";
/// Records that a node has and the tier has not.
const KEPT: &str = "callbox_island_kept_records";

/// A shared tier that was away: what was kept meanwhile is brought to it beside live traffic
#[derive(Debug, Clone, Args)]
#[group(skip)]
pub struct Island {
    /// Texts written while the tier is away
    #[arg(long, default_value_t = 100_000)]
    records: u64,
    /// Residents of each node
    #[arg(long, default_value_t = 500)]
    residents: usize,
    /// Consoles of each node, at most 16
    #[arg(long, default_value_t = 8)]
    consoles: usize,
    /// Bytes of a text
    #[arg(long, default_value_t = 200)]
    bytes: usize,
    /// Texts of one resident in flight
    #[arg(long, default_value_t = 8)]
    window: usize,
    /// Measured seconds of live traffic, before and beside the drain
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// How Redis writes
    #[arg(long, value_enum, default_value = "everysec")]
    fsync: Fsync,
}

impl Island {
    /// Runs it once.
    ///
    /// # Errors
    /// When a link breaks or a node does not live through it. Whatever was lost is a failure of the outcome.
    pub async fn run(&self, choice: &GatewayChoice) -> Result<Outcome> {
        ensure!(self.consoles <= 16, "at most 16 consoles for each node");
        let nodes = Nodes::begin(choice, self.fsync, 2, &Wishes::default()).await?;
        let done = self.isolate(&nodes).await;
        done.map_err(|error| nodes.explain(error))
    }

    async fn isolate(&self, nodes: &Nodes) -> Result<Outcome> {
        let [alone, other] = nodes.gateways.as_slice() else {
            anyhow::bail!("two nodes")
        };
        let cast = Cast {
            residents: self.residents,
            consoles: self.consoles,
            text_bytes: self.bytes,
        };
        let mut outcome = Outcome::default();
        let mut kept = cast.enter(&alone.into()).await?;
        let mut live = kept.rest_while(cast.enter(&other.into())).await?;
        let before = kept.rest_while(self.traffic(&mut live)).await?;

        nodes.redis.freeze()?;
        let away = async {
            for node in &nodes.gateways {
                await_gauge(node, "callbox_island", |island| island > 0.0, TURN).await?;
            }
            Ok(())
        };
        kept.rest_while(live.rest_while(away)).await?;
        let each = Span::Texts(self.records.div_ceil(self.residents.max(1) as u64));
        let writing = kept.phase(0..self.residents, self.window, each);
        let written = live.rest_while(writing).await?;
        written.check("alone", &mut outcome);
        // The node looks at its own figure now and then.
        let wanted = self.records as f64;
        let all_kept = await_gauge(alone, KEPT, |records| records >= wanted, TURN);
        kept.rest_while(live.rest_while(all_kept)).await?;
        let records = alone.metric(KEPT).await?;
        outcome.set("kept_records", records);
        outcome.set("kept_per_s", written.per_second());

        nodes.redis.go_on()?;
        let begun = Instant::now();
        let back = await_gauge(other, "callbox_island", |island| island == 0.0, TURN);
        kept.rest_while(live.rest_while(back)).await?;
        let done = Notify::new();
        let drained = async {
            await_gauge(alone, KEPT, |records| records == 0.0, DRAIN).await?;
            done.notify_one();
            Ok(begun.elapsed())
        };
        let beside = async {
            let traffic = self.traffic(&mut live).await?;
            let rest = async {
                done.notified().await;
                Ok(())
            };
            live.rest_while(rest).await?;
            Ok(traffic)
        };
        let both = async { tokio::try_join!(drained, beside) };
        let (drained, beside) = kept.rest_while(both).await?;
        beside.check("beside the drain", &mut outcome);
        outcome.set("drain_s", drained.as_secs_f64());
        outcome.set("drained_per_s", records / drained.as_secs_f64());
        outcome.set("live_per_s", before.per_second());
        outcome.set("live_beside_per_s", beside.per_second());
        outcome.set(
            "live_beside_ratio",
            beside.per_second() / before.per_second(),
        );

        let sessions = kept.sessions();
        let reading = reader::read_logs(&other.target, SUPERVISOR, sessions);
        let logs = kept.rest_while(live.rest_while(reading)).await?;
        let sent = written.tally.sent.load(Relaxed);
        check(&logs, self.residents, sent, &mut outcome);
        Ok(outcome)
    }

    /// Everybody writes as fast as answers come.
    async fn traffic(&self, live: &mut Scene) -> Result<Phase> {
        let span = Span::Time(WARM_UP, Duration::from_secs(self.seconds));
        live.phase(0..self.residents, self.window, span).await
    }
}

async fn await_gauge(
    node: &Gateway,
    name: &str,
    wanted: impl Fn(f64) -> bool,
    within: Duration,
) -> Result<()> {
    let begun = Instant::now();
    loop {
        let now = node.metric(name).await?;
        if wanted(now) {
            return Ok(());
        }
        ensure!(
            begun.elapsed() < within,
            "{name} is still {now} after {within:?}"
        );
        tokio::time::sleep(LOOK).await;
    }
}

/// Every text is in the logs once, and those of a session in the order in which they were sent.
fn check(logs: &Logs, sessions: usize, sent: u64, outcome: &mut Outcome) {
    let (mut texts, mut commands, mut disordered) = (0_u64, HashSet::new(), 0_u64);
    for log in logs.values() {
        let mut before = 0;
        for entry in log {
            let Kind::Text(words) = &entry.kind else {
                continue;
            };
            texts += 1;
            commands.insert(entry.command);
            let at = sent_us(words.as_bytes()).unwrap_or_default();
            disordered += u64::from(at < before);
            before = at;
        }
    }
    let doubled = texts - commands.len() as u64;
    let lost = sent.saturating_sub(commands.len() as u64);
    for (what, count) in [
        ("lost", lost),
        ("doubled", doubled),
        ("disordered", disordered),
    ] {
        outcome.set(what, count as f64);
        if count > 0 {
            outcome.fail(format!("{count} texts {what}"));
        }
    }
    if logs.len() != sessions {
        outcome.fail(format!("{} of {sessions} sessions are there", logs.len()));
    }
}
