//! `storm`: thousands of clients lose their node at once and come back.
//!
//! Owns: the crash, clients that come back as the pages do, and how long each one takes. Must not: help them: nobody is told where
//! or when. Called by: `main`.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use callbox_proto::command::Opening;
use callbox_proto::message::FromResident;
use callbox_proto::vocabulary::Category;
use clap::Args;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant as Deadline, MissedTickBehavior, interval_at, timeout};

use crate::client::{self, Link, OPENING_AT_ONCE, Opened, Target, command_id, opening, source};
use crate::device::Device;
use crate::gateway::{Gateway, GatewayChoice, Wishes};
use crate::glance::glance;
use crate::latency::Latency;
use crate::nodes::Nodes;
use crate::process::{self, RunTimes};
use crate::redis::Fsync;
use crate::report::Outcome;

/// First pause of a client that lost its link; it doubles with each failure, and half of it is chance (as in `web/sdk`).
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// Longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// Longest try of a client, from connecting to its welcome and session.
const TRY: Duration = Duration::from_secs(10);
/// Whoever is not back then is lost.
const GIVE_UP: Duration = Duration::from_secs(180);
/// Pause between two looks at the memory and at who is back.
const LOOK: Duration = Duration::from_millis(100);
/// Calm before the crash beyond a heartbeat, in which everybody hears how far to spread.
const CALM: Duration = Duration::from_secs(3);
/// Open files besides the clients' sockets.
const SPARE_FILES: u64 = 256;
/// Words that the shipped rules make priority 1 of.
const URGENT_WORDS: &str = "He is not breathing";

/// A node is lost with all its clients
#[derive(Debug, Clone, Args)]
#[group(skip)]
pub struct Storm {
    /// Clients on the node that is lost
    #[arg(long, default_value_t = 18_000)]
    clients: usize,
    /// Of a hundred clients, so many have priority 1
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u8).range(0..=100))]
    urgent_percent: u8,
    /// Two nodes on Redis: the second takes the clients of the first. Without it one node is started again at once
    #[arg(long)]
    redis: bool,
    /// Clients keep their TLS tickets; without it each makes a full handshake
    #[arg(long)]
    tickets: bool,
    /// Without TLS
    #[arg(long)]
    plain: bool,
}

impl Storm {
    /// Runs it once.
    ///
    /// # Errors
    /// When sessions cannot be opened or the gateway does not live through it.
    pub async fn run(&self, choice: &GatewayChoice) -> Result<Outcome> {
        ensure!(choice.url.is_none(), "a storm ends a gateway of its own");
        ensure!(self.clients > 0, "at least one client");
        process::raise_open_files(self.clients as u64 + SPARE_FILES)?;
        let wishes = Wishes {
            tls: !self.plain,
            ..Wishes::default()
        };
        if !self.redis {
            let mut gateway = Gateway::begin(choice, wishes).await?;
            let again = gateway.target.clone();
            let done = self.storm(&mut gateway, &again, None).await;
            return done.map_err(|error| gateway.explain(error));
        }
        let mut nodes = Nodes::begin(choice, Fsync::Everysec, 2, &wishes).await?;
        let (first, rest) = nodes.gateways.split_at_mut(1);
        let (target, pid) = (rest[0].target.clone(), rest[0].pid);
        let done = self.storm(&mut first[0], &target, Some(pid)).await;
        done.map_err(|error| nodes.explain(error))
    }

    /// `other` is the process that clients go to; where there is none, the node that was lost is started again.
    async fn storm(
        &self,
        node: &mut Gateway,
        next: &Target,
        other: Option<u32>,
    ) -> Result<Outcome> {
        let mut outcome = Outcome::default();
        let storm = Arc::new(Sky::default());
        let (crash, crashed) = watch::channel(None);
        let begun = Instant::now();
        let mut clients = JoinSet::new();
        let mut opening = stream::iter(0..self.clients)
            .map(|number| self.client(number, &node.target, next))
            .buffer_unordered(OPENING_AT_ONCE);
        let mut heartbeat = Duration::ZERO;
        while let Some((client, link)) = opening.try_next().await? {
            heartbeat = heartbeat.max(client.heartbeat);
            clients.spawn(client.live(link, Arc::clone(&storm), crashed.clone()));
        }
        drop(opening);
        outcome.set(
            "opened_per_s",
            self.clients as f64 / begun.elapsed().as_secs_f64(),
        );
        tokio::time::sleep(heartbeat + CALM).await;
        ensure!(
            storm.broken.load(Relaxed) == 0,
            "links broke before the crash"
        );
        let before = process::memory(other.unwrap_or(node.pid))?.resident_kib;
        let own = process::cpu(std::process::id())?;
        // A node that is started again has run for nobody else.
        let ran = other.map(RunTimes::of).transpose()?.unwrap_or_default();

        node.kill()?;
        let at = Instant::now();
        crash.send_replace(Some(at));
        let pid = match other {
            Some(pid) => pid,
            None => {
                node.again().await?;
                outcome.set("restarted_in_s", at.elapsed().as_secs_f64());
                node.pid
            }
        };
        let mut peak = 0;
        while storm.back.load(Relaxed) < self.clients && at.elapsed() < GIVE_UP {
            tokio::time::sleep(LOOK).await;
            peak = peak.max(process::memory(pid)?.resident_kib);
        }
        let took = RunTimes::of(pid)?.since(&ran);
        let own = process::cpu(std::process::id())?.saturating_sub(own);
        tokio::time::sleep(CALM).await;
        let after = process::memory(pid)?.resident_kib;
        storm.over.store(true, Relaxed);
        clients.shutdown().await;

        let back = storm.back.load(Relaxed);
        if back < self.clients {
            outcome.fail(format!("{} clients did not come back", self.clients - back));
        }
        storm.note(&mut outcome);
        outcome.set("clients", self.clients as f64);
        outcome.set("resident_mib_before", before as f64 / 1_024.0);
        outcome.set("resident_mib_peak", peak as f64 / 1_024.0);
        outcome.set("resident_mib_after", after as f64 / 1_024.0);
        let each = |time: Duration| time.as_secs_f64() * 1e6 / self.clients as f64;
        outcome.set("cpu_us_per_client", each(took));
        outcome.set("generator_cpu_us_per_client", each(own));
        Ok(outcome)
    }

    /// Opens a session.
    async fn client(&self, number: usize, home: &Target, next: &Target) -> Result<(Client, Link)> {
        // A ticket of the node that is lost serves at the next one.
        let (home, next) = match self.tickets {
            true => home.with_tickets(next),
            false => (home.clone(), next.clone()),
        };
        let device = Device::new()?;
        let urgent =
            number * usize::from(self.urgent_percent) % 100 < usize::from(self.urgent_percent);
        let from = source(number);
        let mut link = home.resident(Some(from)).await?;
        let welcome = client::greet_as_resident(&mut link, &device).await?;
        let opened = client::open(&mut link, command_id(), words(urgent)).await?;
        let client = Client {
            device,
            opened,
            urgent,
            number,
            next,
            heartbeat: welcome.heartbeat,
            spread: Duration::ZERO,
        };
        Ok((client, link))
    }
}

fn words(urgent: bool) -> Opening {
    if !urgent {
        return opening(Category::Other);
    }
    Opening {
        text: Some(URGENT_WORDS.to_owned()),
        ..opening(Category::Medical)
    }
}

/// What all clients tell.
#[derive(Debug, Default)]
struct Sky {
    /// Links that broke before the crash, or after the client was back.
    broken: AtomicU64,
    tries: AtomicU64,
    back: AtomicUsize,
    over: AtomicBool,
    /// How long it took, and whether the client has priority 1.
    times: Mutex<Vec<(f64, bool)>>,
}

impl Sky {
    fn is_back(&self, seconds: f64, urgent: bool) {
        let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        times.push((seconds, urgent));
        self.back.fetch_add(1, Relaxed);
    }

    fn note(&self, outcome: &mut Outcome) {
        let times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, wanted) in [
            ("resumed", None),
            ("urgent", Some(true)),
            ("others", Some(false)),
        ] {
            let mut latency = Latency::default();
            let mut last = 0.0_f64;
            for (seconds, urgent) in times.iter() {
                if wanted.is_none_or(|wanted| wanted == *urgent) {
                    latency.record_us((seconds * 1e6) as u64);
                    last = last.max(*seconds);
                }
            }
            outcome.set(format!("{name}_clients"), latency.count() as f64);
            outcome.set(format!("{name}_p50_s"), latency.percentile_ms(50.0) / 1e3);
            outcome.set(format!("{name}_p99_s"), latency.percentile_ms(99.0) / 1e3);
            outcome.set(format!("{name}_all_s"), last);
        }
        let clients = times.len().max(1) as f64;
        outcome.set(
            "tries_per_client",
            self.tries.load(Relaxed) as f64 / clients,
        );
        outcome.set("broken_again", self.broken.load(Relaxed) as f64);
    }
}

/// A resident's client.
struct Client {
    device: Device,
    opened: Opened,
    urgent: bool,
    number: usize,
    next: Target,
    heartbeat: Duration,
    /// How far the gateway told it to spread.
    spread: Duration,
}

impl Client {
    /// Keeps its link alive; comes back when it is lost.
    async fn live(
        mut self,
        mut link: Link,
        sky: Arc<Sky>,
        crashed: watch::Receiver<Option<Instant>>,
    ) -> Result<()> {
        let mut counted = false;
        loop {
            // Why a link ended does not matter: the client comes back anyway.
            let _ = self.rest(&mut link).await;
            if sky.over.load(Relaxed) {
                return Ok(());
            }
            let at = *crashed.borrow();
            if at.is_none() || counted {
                sky.broken.fetch_add(1, Relaxed);
            }
            // One socket at a time: thousands of second ones would be more than a process may have.
            drop(link);
            link = self.come_back(&sky).await;
            if let (Some(at), false) = (at, counted) {
                counted = true;
                sky.is_back(at.elapsed().as_secs_f64(), self.urgent);
            }
        }
    }

    async fn rest(&mut self, link: &mut Link) -> Result<()> {
        let first = self.heartbeat.mul_f64(rand::random::<f64>());
        let mut beat = interval_at(Deadline::now() + first, self.heartbeat);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                frame = link.frame() => {
                    let frame = frame?;
                    let seen = glance(&frame).context("a frame that is not a message")?;
                    if seen.kind == b"entry" {
                        self.opened.last = seen.seq;
                    } else if seen.kind == b"pong" {
                        self.spread = Duration::from_millis(seen.spread_ms);
                    }
                }
                _ = beat.tick() => link.send(&FromResident::Ping { n: 0 }).await?,
            }
        }
    }

    async fn come_back(&self, sky: &Sky) -> Link {
        let mut failures = 0;
        loop {
            tokio::time::sleep(pause(failures, self.spread)).await;
            sky.tries.fetch_add(1, Relaxed);
            match timeout(TRY, self.try_once()).await {
                Ok(Ok(link)) => return link,
                Ok(Err(_)) | Err(_) => failures += 1,
            }
        }
    }

    async fn try_once(&self) -> Result<Link> {
        let mut link = self.next.resident(Some(source(self.number))).await?;
        client::greet_as_resident(&mut link, &self.device).await?;
        let Opened { session, last } = self.opened;
        match client::resume(&mut link, session, last).await {
            Ok(()) => Ok(link),
            Err(error) => bail!("not resumed: {error:#}"),
        }
    }
}

/// Pause before a try: between half of it and the whole; in a crowd, after the first try that failed, a place in the spread.
fn pause(failures: u32, spread: Duration) -> Duration {
    if !spread.is_zero() && failures == 1 {
        return spread.mul_f64(0.25 + rand::random::<f64>() * 0.75);
    }
    let (longest, doubled) = match spread {
        Duration::ZERO => (LONGEST_PAUSE, failures),
        spread => (LONGEST_PAUSE.min(spread), failures.saturating_sub(2)),
    };
    let whole = longest.min(FIRST_PAUSE * 2_u32.pow(doubled.min(16)));
    whole.mul_f64(0.5 + rand::random::<f64>() / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest_and_half_of_each_is_chance() {
        for (failures, whole) in [(0, FIRST_PAUSE), (2, FIRST_PAUSE * 4), (40, LONGEST_PAUSE)] {
            let found = pause(failures, Duration::ZERO);
            assert!(
                found >= whole / 2 && found <= whole,
                "{failures}: {found:?}"
            );
        }
    }

    #[test]
    fn those_with_priority_1_are_told_apart() {
        let sky = Sky::default();
        sky.is_back(2.0, true);
        sky.is_back(9.0, false);
        let mut outcome = Outcome::default();
        sky.note(&mut outcome);
        assert_eq!(outcome.get("urgent_all_s"), Some(2.0));
        assert_eq!(outcome.get("resumed_all_s"), Some(9.0));
        assert_eq!(outcome.get("others_clients"), Some(1.0));
    }
}
