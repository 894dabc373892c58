//! `idle`: what a resident's session costs in memory while nothing happens.
//!
//! Owns: opening many sessions and keeping their links alive as a client would. Called by: `main`.

use std::pin::pin;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use callbox_proto::command::ResidentCommand;
use callbox_proto::message::{FromResident, ToResident};
use callbox_proto::vocabulary::Category;
use clap::Args;
use futures_util::stream::{self, Stream, StreamExt as _, TryStreamExt as _};
use tokio::task::JoinSet;
use tokio::time::{Instant as Deadline, MissedTickBehavior, interval_at};

use crate::client::{self, Link, OPENING_AT_ONCE, Target, command_id, opening, source};
use crate::device::Device;
use crate::gateway::{Gateway, GatewayChoice, Wishes};
use crate::process::{self, RunTimes};
use crate::report::Outcome;

/// Sessions opened and closed before anything is measured, so that what the very first one sets up does not count.
const WARM_UP: usize = 200;
/// What each of them says: together more than the page caches of the store hold (3 MiB), which every gateway that is used
/// fills once and keeps, whoever fills them.
const WARM_UP_TEXTS: usize = 4;
const WARM_UP_TEXT_BYTES: usize = 6_000;
/// Pause between two looks at the memory while it settles.
const LOOK: Duration = Duration::from_secs(1);
/// Looks that must agree before the memory counts as settled.
const LOOKS_ALIKE: usize = 4;
/// Longest wait for that.
const SETTLE: Duration = Duration::from_secs(40);
/// Sessions after each of which a sweep looks at the memory. Steps of a thousand, with the two sizes that have a figure of
/// their own between them.
const SWEEP: [usize; 19] = [
    1_000, 2_000, 3_000, 4_000, 5_000, 6_000, 7_000, 8_000, 9_000, 9_500, 10_500, 11_500, 12_500,
    13_500, 14_500, 15_500, 16_500, 17_500, 18_000,
];
/// A group of a sweep.
const GROUP: usize = 1_000;
/// Sizes whose whole cost per session is told.
const FIGURE: usize = 9_500;
const LARGE: usize = 18_000;

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
    /// One gateway that grows to 18,000 sessions, measured at each thousand
    #[arg(long, conflicts_with = "sessions")]
    sweep: bool,
}

impl Idle {
    /// Runs it once.
    ///
    /// # Errors
    /// When sessions cannot be opened or the gateway does not live through it.
    pub async fn run(&self, choice: &GatewayChoice) -> Result<Outcome> {
        ensure!(self.sessions > 0, "at least one session");
        let sizes: &[usize] = if self.sweep { &SWEEP } else { &[self.sessions] };
        let most = sizes.iter().max().copied().unwrap_or_default();
        process::raise_open_files(most as u64 + 128)?;
        let wishes = Wishes {
            tls: self.tls,
            ..Wishes::default()
        };
        let gateway = Gateway::begin(choice, wishes).await?;
        let grown = self.grow(&gateway, sizes).await;
        let grown = grown.map_err(|error| gateway.explain(error))?;
        let mut outcome = Outcome::default();
        if self.sweep {
            grown.note_sweep(&mut outcome);
        } else {
            grown.note_size("", self.sessions, &mut outcome);
        }
        outcome.set("opened_per_s", grown.opened_per_s);
        outcome.set("idle_cpu_percent", grown.idle_cpu_percent);
        Ok(outcome)
    }

    /// Opens sessions that stay, and looks at the memory at each of these sizes.
    async fn grow(&self, gateway: &Gateway, sizes: &[usize]) -> Result<Grown> {
        let mut warming = pin!(open_many(&gateway.target, 0, WARM_UP)?);
        while let Some(mut open) = warming.try_next().await? {
            open.say().await?;
            open.link.close().await;
        }
        tokio::time::sleep(LOOK).await;
        let mut grown = Grown::new(process::memory(gateway.pid)?);
        let mut resting = JoinSet::new();
        let mut opening_seconds = 0.0;
        for size in sizes {
            let begun = Instant::now();
            let (first, more) = (WARM_UP + resting.len(), size - resting.len());
            let mut opening = pin!(open_many(&gateway.target, first, more)?);
            while let Some(open) = opening.try_next().await? {
                resting.spawn(open.rest());
            }
            opening_seconds += begun.elapsed().as_secs_f64();
            let (ran, since) = (RunTimes::of(gateway.pid)?, Instant::now());
            let memory = settled(gateway.pid, &mut resting).await?;
            eprintln!("idle: {} KiB with {size} sessions", memory.resident_kib);
            let busy = RunTimes::of(gateway.pid)?.since(&ran).as_secs_f64();
            grown.looks.push((*size, memory));
            if *size <= FIGURE || sizes.len() == 1 {
                grown.idle_cpu_percent = 100.0 * busy / since.elapsed().as_secs_f64();
            }
        }
        grown.opened_per_s = resting.len() as f64 / opening_seconds;
        resting.shutdown().await;
        Ok(grown)
    }
}

/// The memory of one gateway as it grew.
struct Grown {
    empty: process::Memory,
    looks: Vec<(usize, process::Memory)>,
    opened_per_s: f64,
    idle_cpu_percent: f64,
}

impl Grown {
    fn new(empty: process::Memory) -> Self {
        Self {
            empty,
            looks: Vec::new(),
            opened_per_s: 0.0,
            idle_cpu_percent: 0.0,
        }
    }

    fn at(&self, size: usize) -> Option<process::Memory> {
        let mut looks = self.looks.iter();
        looks.find(|(known, _)| *known == size).map(|(_, m)| *m)
    }

    /// Everything the gateway took since it had no session, divided by the sessions.
    fn note_size(&self, prefix: &str, size: usize, outcome: &mut Outcome) -> Option<f64> {
        let memory = self.at(size)?;
        let per_session =
            |now: u64, before: u64| now.saturating_sub(before) as f64 / size.max(1) as f64;
        let kib = per_session(memory.resident_kib, self.empty.resident_kib);
        let anonymous = per_session(memory.anonymous_kib, self.empty.anonymous_kib);
        outcome.set(format!("{prefix}kib_per_session"), kib);
        outcome.set(format!("{prefix}anonymous_kib_per_session"), anonymous);
        if prefix.is_empty() {
            outcome.set("sessions", size as f64);
        }
        Some(kib)
    }

    /// What each group of a thousand added, per session. The first group is not among them: it pays what a gateway takes
    /// once, which is told apart.
    fn groups(&self) -> Vec<f64> {
        let after_first = self.looks.iter().filter_map(|(size, after)| {
            let before = self.at(size.checked_sub(GROUP)?)?;
            let more = after.resident_kib.saturating_sub(before.resident_kib);
            Some(more as f64 / GROUP as f64)
        });
        after_first.collect()
    }

    fn note_sweep(&self, outcome: &mut Outcome) {
        let figure = self.note_size("", FIGURE, outcome);
        let large = self.note_size(&format!("at_{LARGE}_"), LARGE, outcome);
        let first = self.note_size("first_1000_", GROUP, outcome);
        let groups = self.groups();
        outcome.set_samples("group_of_1000_kib_per_session", groups.clone());
        let (early, late) = groups.split_at(groups.len() / 2);
        outcome.set_samples("early_group_kib_per_session", early.to_vec());
        outcome.set_samples("late_group_kib_per_session", late.to_vec());
        let (Some(figure), Some(large), Some(first)) = (figure, large, first) else {
            return;
        };
        // The mean, not the median: a table that doubles falls into few groups and is paid by all.
        let group = groups.iter().sum::<f64>() / groups.len().max(1) as f64;
        outcome.set("group_of_1000_mean_kib_per_session", group);
        outcome.set("ratio_1000_to_9500", group / figure);
        outcome.set("ratio_18000_to_9500", large / figure);
        outcome.set("taken_once_kib", (first - group) * GROUP as f64);
    }
}

/// A link with an open session.
struct Resting {
    link: Link,
    heartbeat: Duration,
}

impl Resting {
    /// Says what warms the gateway, and waits until it is safe.
    async fn say(&mut self) -> Result<()> {
        let words = "by the gate ".repeat(WARM_UP_TEXT_BYTES / 12);
        for _ in 0..WARM_UP_TEXTS {
            let (id, text) = (command_id(), words.clone());
            let command = ResidentCommand::Text { text, age_ms: 0 };
            self.link.send(&FromResident::Do { id, command }).await?;
            loop {
                match self.link.receive().await? {
                    ToResident::Receipt { id: of, .. } if of == id => break,
                    ToResident::Error(refusal) => bail!("a text was refused: {refusal:?}"),
                    _ => {}
                }
            }
        }
        Ok(())
    }

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

/// Opens so many sessions, a few at a time; each comes out as soon as it is open, because it must be kept alive.
fn open_many(
    target: &Target,
    first: usize,
    count: usize,
) -> Result<impl Stream<Item = Result<Resting>>> {
    let devices = (0..count)
        .map(|_| Device::new())
        .collect::<Result<Vec<_>>>()?;
    let opening = stream::iter(devices.into_iter().enumerate())
        .map(move |(n, device)| open_one(target, first + n, device));
    Ok(opening.buffer_unordered(OPENING_AT_ONCE))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn memory(resident_kib: u64) -> process::Memory {
        process::Memory {
            resident_kib,
            anonymous_kib: resident_kib,
        }
    }

    /// A gateway that takes 10,000 KiB, then 2,000 KiB once and 7 KiB per session.
    fn grown() -> Grown {
        let mut grown = Grown::new(memory(10_000));
        let at = |size: &usize| (*size, memory(12_000 + 7 * *size as u64));
        grown.looks = SWEEP.iter().map(at).collect();
        grown
    }

    #[test]
    fn what_is_taken_once_is_told_apart_from_what_each_session_takes() {
        let mut outcome = Outcome::default();
        grown().note_sweep(&mut outcome);
        assert_eq!(outcome.get("group_of_1000_kib_per_session"), Some(7.0));
        assert_eq!(outcome.get("group_of_1000_mean_kib_per_session"), Some(7.0));
        assert_eq!(outcome.get("taken_once_kib"), Some(2_000.0));
        assert_eq!(outcome.get("first_1000_kib_per_session"), Some(9.0));
        let ratio = outcome.get("ratio_1000_to_9500").unwrap();
        assert!((ratio - 7.0 / (7.0 + 2_000.0 / 9_500.0)).abs() < 1e-9);
    }

    #[test]
    fn groups_are_whole_thousands_on_both_sides_of_the_figure() {
        assert_eq!(grown().groups().len(), 16);
    }
}
