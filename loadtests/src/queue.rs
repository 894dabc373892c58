//! `queue`: a hundred thousand waiting sessions; how fast they come in and how fast they are taken.
//!
//! Owns: opening sessions by short-lived connections, and consoles that take as fast as they are answered. Called by:
//! `main`.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use callbox_proto::vocabulary::Category;
use clap::Args;
use tokio::task::JoinSet;

use crate::cast::{CONSOLES_PER_PERSON_MAX, TELECOMMUNICATORS};
use crate::client::{self, Link, Target, command_id, opening, source};
use crate::device::Device;
use crate::gateway::{Gateway, GatewayChoice, Wishes};
use crate::latency::Latency;
use crate::process::{self, RunTimes};
use crate::report::Outcome;

/// Connections that open sessions at the same time.
const OPENING_AT_ONCE: usize = 64;
/// The sessions' residents leave their links and do not come back: no session may be given up during the run.
const RESUME_GRACE_S: u64 = 24 * 60 * 60;
/// Categories in turn, so that several priorities wait.
const CATEGORIES: [Category; 4] = [
    Category::Medical,
    Category::Traffic,
    Category::Welfare,
    Category::Other,
];

/// Many waiting sessions: enqueue and take-next per second
#[derive(Debug, Clone, Args)]
#[group(skip)]
pub struct Queue {
    /// Sessions that wait
    #[arg(long, default_value_t = 100_000)]
    waiting: usize,
    /// Consoles that take, at most 32
    #[arg(long, default_value_t = 16)]
    consoles: usize,
    /// Sessions to take
    #[arg(long, default_value_t = 10_000)]
    take: usize,
}

/// What one stage found.
struct Stage {
    latency: Latency,
    seconds: f64,
    cpu: Duration,
}

impl Stage {
    fn per_second(&self) -> f64 {
        self.latency.count() as f64 / self.seconds.max(f64::MIN_POSITIVE)
    }

    fn note(&self, prefix: &str, outcome: &mut Outcome) {
        let count = self.latency.count().max(1) as f64;
        outcome.set(format!("{prefix}per_s"), self.per_second());
        outcome.set_latency(prefix, &self.latency);
        outcome.set(
            format!("{prefix}cpu_us"),
            self.cpu.as_secs_f64() * 1e6 / count,
        );
    }
}

impl Queue {
    /// Runs it once.
    ///
    /// # Errors
    /// When a step is refused or the gateway does not live through it.
    pub async fn run(&self, choice: &GatewayChoice) -> Result<Outcome> {
        let most = TELECOMMUNICATORS.len() * CONSOLES_PER_PERSON_MAX;
        ensure!(
            (1..=most).contains(&self.consoles),
            "1 to {most} consoles are possible"
        );
        ensure!(self.waiting >= 100, "at least 100 sessions");
        process::raise_open_files(1_024)?;
        let wishes = Wishes {
            resume_grace_s: Some(RESUME_GRACE_S),
            ..Wishes::default()
        };
        let gateway = Gateway::begin(choice, wishes).await?;
        let done = self.stages(&gateway).await;
        done.map_err(|error| gateway.explain(error))
    }

    async fn stages(&self, gateway: &Gateway) -> Result<Outcome> {
        let mut outcome = Outcome::default();
        // The first and the last tenth apart: depth must not change the price.
        let tenth = self.waiting / 10;
        let first = enqueue(gateway, 0, tenth).await?;
        let middle = enqueue(gateway, tenth, self.waiting - tenth).await?;
        let last = enqueue(gateway, self.waiting - tenth, self.waiting).await?;
        let whole = first.seconds + middle.seconds + last.seconds;
        outcome.set("enqueue_per_s", self.waiting as f64 / whole);
        first.note("enqueue_first_tenth_", &mut outcome);
        last.note("enqueue_last_tenth_", &mut outcome);

        let resident_kib = process::memory(gateway.pid)?.resident_kib;
        outcome.set(
            "resident_mib_with_all_waiting",
            resident_kib as f64 / 1_024.0,
        );

        let taken = self.take(gateway).await?;
        if taken.latency.count() < self.take.min(self.waiting) as u64 {
            outcome.fail(format!(
                "only {} sessions could be taken",
                taken.latency.count()
            ));
        }
        taken.note("take_", &mut outcome);
        outcome.set("messages_per_s", taken.per_second());
        let per_take = taken.cpu.as_secs_f64() * 1e6 / taken.latency.count().max(1) as f64;
        outcome.set("cpu_us_per_message", per_take);
        outcome.set_latency("", &taken.latency);
        outcome.set("waiting", self.waiting as f64);
        Ok(outcome)
    }

    async fn take(&self, gateway: &Gateway) -> Result<Stage> {
        let mut tokens = Vec::new();
        for name in TELECOMMUNICATORS {
            tokens.push(client::sign_in(&gateway.target, name).await?);
        }
        let mut consoles = Vec::new();
        for index in 0..self.consoles {
            let mut link = gateway.target.staff().await?;
            client::greet_as_staff(&mut link, &tokens[index % tokens.len()]).await?;
            consoles.push(link);
        }
        let all = self.take.min(self.waiting);
        let shared = Arc::new(Shared::default());
        measured(gateway.pid, &shared, || {
            let taking = consoles
                .into_iter()
                .map(|link| take(link, Arc::clone(&shared), all));
            taking.collect()
        })
        .await
    }
}

/// What the tasks of one stage share.
#[derive(Debug, Default)]
struct Shared {
    begun: AtomicUsize,
    latency: Mutex<Latency>,
}

impl Shared {
    /// The next number below `end`, if there is one.
    fn next(&self, end: usize) -> Option<usize> {
        let number = self.begun.fetch_add(1, Relaxed);
        (number < end).then_some(number)
    }

    fn record(&self, begun: Instant) {
        let us = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        let mut latency = self.latency.lock().unwrap_or_else(PoisonError::into_inner);
        latency.record_us(us);
    }
}

/// Runs tasks to their end and measures them together.
async fn measured<F>(
    pid: u32,
    shared: &Arc<Shared>,
    tasks: impl FnOnce() -> Vec<F>,
) -> Result<Stage>
where
    F: Future<Output = Result<()>> + Send + 'static,
{
    let (ran, begun) = (RunTimes::of(pid)?, Instant::now());
    let mut running = JoinSet::new();
    for task in tasks() {
        running.spawn(task);
    }
    while let Some(ended) = running.join_next().await {
        ended??;
    }
    let latency = shared
        .latency
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    Ok(Stage {
        latency: latency.clone(),
        seconds: begun.elapsed().as_secs_f64(),
        cpu: RunTimes::of(pid)?.since(&ran),
    })
}

async fn enqueue(gateway: &Gateway, from: usize, to: usize) -> Result<Stage> {
    let shared = Arc::new(Shared::default());
    shared.begun.store(from, Relaxed);
    measured(gateway.pid, &shared, || {
        let worker = |_| open_sessions(gateway.target.clone(), Arc::clone(&shared), to);
        (0..OPENING_AT_ONCE).map(worker).collect()
    })
    .await
}

/// Opens one session after the other, each by a connection and a device of its own.
async fn open_sessions(target: Target, shared: Arc<Shared>, end: usize) -> Result<()> {
    while let Some(number) = shared.next(end) {
        let mut link = target.resident(Some(source(number))).await?;
        client::greet_as_resident(&mut link, &Device::new()?).await?;
        let begun = Instant::now();
        let opening = opening(CATEGORIES[number % CATEGORIES.len()]);
        let opened = client::open(&mut link, command_id(), opening).await;
        opened.with_context(|| format!("session {number} cannot be opened"))?;
        shared.record(begun);
        link.close().await;
    }
    Ok(())
}

async fn take(mut link: Link, shared: Arc<Shared>, all: usize) -> Result<()> {
    while shared.next(all).is_some() {
        let begun = Instant::now();
        if client::take_next(&mut link).await?.is_none() {
            break;
        }
        shared.record(begun);
    }
    Ok(())
}
