//! `idle`: what a resident's session costs in memory while nothing happens.
//!
//! Owns: opening many sessions and keeping their links alive as a client would. Called by: `main`.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use callbox_proto::message::FromResident;
use callbox_proto::vocabulary::Category;
use clap::Args;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use tokio::task::JoinSet;
use tokio::time::{Instant as Deadline, MissedTickBehavior, interval_at};

use crate::client::{self, Link, Target, command_id, opening, source};
use crate::device::Device;
use crate::gateway::{Gateway, GatewayChoice, Wishes};
use crate::process::{self, RunTimes};
use crate::report::Outcome;

/// Sessions opened at the same time: enough to keep both sides busy, far below what counts as a storm.
const OPENING_AT_ONCE: usize = 48;
/// Sessions opened and closed before anything is measured, so that what a gateway sets up once does not count.
const WARM_UP: usize = 200;
/// Pause between two looks at the memory while it settles.
const LOOK: Duration = Duration::from_secs(1);
/// Looks that must agree before the memory counts as settled.
const LOOKS_ALIKE: usize = 4;
/// Longest wait for that.
const SETTLE: Duration = Duration::from_secs(40);
/// Sizes of a sweep: the figure, and how it holds at both ends.
const SWEEP: [usize; 3] = [1_000, 9_500, 18_000];

/// Memory per idle session
#[derive(Debug, Clone, Args)]
#[group(skip)]
pub struct Idle {
    /// Sessions to open
    #[arg(long, default_value_t = 9_500)]
    sessions: usize,
    /// Over TLS, a full handshake each
    #[arg(long)]
    tls: bool,
    /// Measure 1,000, 9,500 and 18,000 sessions, each on a gateway of its own
    #[arg(long, conflicts_with = "sessions")]
    sweep: bool,
}

/// What one size cost.
struct Cost {
    kib_per_session: f64,
    anonymous_kib_per_session: f64,
    opened_per_s: f64,
    idle_cpu_percent: f64,
}

impl Idle {
    /// Runs it once.
    ///
    /// # Errors
    /// When sessions cannot be opened or the gateway does not live through it.
    pub async fn run(&self, choice: &GatewayChoice) -> Result<Outcome> {
        let mut outcome = Outcome::default();
        if !self.sweep {
            let cost = self.cost(choice, self.sessions).await?;
            note(&mut outcome, "", self.sessions, &cost);
            return Ok(outcome);
        }
        ensure!(
            choice.url.is_none(),
            "a sweep starts a gateway for each size"
        );
        let mut costs = Vec::new();
        for sessions in SWEEP {
            let cost = self.cost(choice, sessions).await?;
            let prefix = if sessions == SWEEP[1] {
                String::new()
            } else {
                format!("at_{sessions}_")
            };
            note(&mut outcome, &prefix, sessions, &cost);
            costs.push(cost.kib_per_session);
        }
        outcome.set("ratio_1000_to_9500", costs[0] / costs[1]);
        outcome.set("ratio_18000_to_9500", costs[2] / costs[1]);
        Ok(outcome)
    }

    async fn cost(&self, choice: &GatewayChoice, sessions: usize) -> Result<Cost> {
        ensure!(sessions > 0, "at least one session");
        process::raise_open_files(sessions as u64 + 128)?;
        let wishes = Wishes {
            tls: self.tls,
            ..Wishes::default()
        };
        let gateway = Gateway::begin(choice, wishes).await?;
        for link in open_many(&gateway.target, 0, WARM_UP).await? {
            link.link.close().await;
        }
        let devices = (0..sessions)
            .map(|_| Device::new())
            .collect::<Result<Vec<_>>>()?;
        tokio::time::sleep(LOOK).await;
        let before = process::memory(gateway.pid)?;
        let begun = Instant::now();
        let mut resting = JoinSet::new();
        let target = &gateway.target;
        let mut opening = stream::iter(devices.into_iter().enumerate())
            .map(|(n, device)| open_one(target, WARM_UP + n, device))
            .buffer_unordered(OPENING_AT_ONCE);
        while let Some(open) = opening.try_next().await? {
            resting.spawn(open.rest());
        }
        drop(opening);
        let opened_in = begun.elapsed().as_secs_f64();
        let (ran, since) = (RunTimes::of(gateway.pid)?, Instant::now());
        let after = settled(gateway.pid, &mut resting).await?;
        let busy = RunTimes::of(gateway.pid)?.since(&ran).as_secs_f64();
        resting.shutdown().await;
        let per_session =
            |after: u64, before: u64| after.saturating_sub(before) as f64 / sessions as f64;
        Ok(Cost {
            kib_per_session: per_session(after.resident_kib, before.resident_kib),
            anonymous_kib_per_session: per_session(after.anonymous_kib, before.anonymous_kib),
            opened_per_s: sessions as f64 / opened_in,
            idle_cpu_percent: 100.0 * busy / since.elapsed().as_secs_f64(),
        })
    }
}

fn note(outcome: &mut Outcome, prefix: &str, sessions: usize, cost: &Cost) {
    outcome.set(format!("{prefix}kib_per_session"), cost.kib_per_session);
    let name = format!("{prefix}anonymous_kib_per_session");
    outcome.set(name, cost.anonymous_kib_per_session);
    outcome.set(format!("{prefix}opened_per_s"), cost.opened_per_s);
    outcome.set(format!("{prefix}idle_cpu_percent"), cost.idle_cpu_percent);
    if prefix.is_empty() {
        outcome.set("sessions", sessions as f64);
    }
}

/// A link with an open session.
struct Resting {
    link: Link,
    heartbeat: Duration,
}

impl Resting {
    /// Keeps the link alive until it breaks: reads what comes and sends a ping at each heartbeat.
    async fn rest(mut self) -> anyhow::Error {
        let phase = self.heartbeat.mul_f64(rand::random::<f64>());
        let mut beat = interval_at(Deadline::now() + phase, self.heartbeat);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let done = tokio::select! {
                frame = self.link.frame() => frame.map(|_| ()),
                _ = beat.tick() => self.link.send(&FromResident::Ping { n: 0 }).await,
            };
            if let Err(error) = done {
                return error;
            }
        }
    }
}

async fn open_many(target: &Target, first: usize, count: usize) -> Result<Vec<Resting>> {
    let devices = (0..count)
        .map(|_| Device::new())
        .collect::<Result<Vec<_>>>()?;
    stream::iter(devices.into_iter().enumerate())
        .map(|(n, device)| open_one(target, first + n, device))
        .buffer_unordered(OPENING_AT_ONCE)
        .try_collect()
        .await
}

async fn open_one(target: &Target, n: usize, device: Device) -> Result<Resting> {
    let mut link = target.resident(Some(source(n))).await?;
    let welcome = client::greet_as_resident(&mut link, &device).await?;
    client::open(&mut link, command_id(), opening(Category::Other)).await?;
    Ok(Resting {
        link,
        heartbeat: welcome.heartbeat,
    })
}

/// Waits until the memory does not change any more; fails when a link breaks meanwhile.
async fn settled(pid: u32, resting: &mut JoinSet<anyhow::Error>) -> Result<process::Memory> {
    let begun = Instant::now();
    let mut looks: Vec<u64> = Vec::new();
    loop {
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            Some(broken) = resting.join_next() => return Err(broken?.context("a resting link broke")),
        }
        let now = process::memory(pid)?;
        looks.push(now.resident_kib);
        let last = &looks[looks.len().saturating_sub(LOOKS_ALIKE)..];
        let (low, high) = (last.iter().min().copied(), last.iter().max().copied());
        let spread = high.unwrap_or(0).abs_diff(low.unwrap_or(0));
        // A third of a percent is below what two runs differ by.
        let alike = last.len() == LOOKS_ALIKE && spread * 300 <= now.resident_kib;
        if alike || begun.elapsed() > SETTLE {
            return Ok(now);
        }
    }
}
