//! `queue`: a hundred thousand waiting sessions; how fast they come in and how fast they are taken.
//!
//! Owns: opening sessions by short-lived connections, and consoles that take as fast as they are answered. Called by:
//! `main`; `soak` takes for minutes.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use callbox_proto::vocabulary::Category;
use clap::Args;
use tokio::task::JoinSet;

use crate::cast::{CONSOLES_PER_PERSON_MAX, Stage, TELECOMMUNICATORS};
use crate::client::{self, Link, Target, command_id, opening, source};
use crate::device::Device;
use crate::gateway::{Gateway, GatewayChoice, Wishes};
use crate::latency::Latency;
use crate::nodes::Nodes;
use crate::process::{self, RunTimes};
use crate::redis::Fsync;
use crate::report::Outcome;
use crate::soak::Soak;

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
    /// Two nodes on Redis: sessions are opened at the one and taken at the other
    #[arg(long)]
    redis: bool,
    /// How that Redis writes
    #[arg(long, value_enum, default_value_t = Fsync::Everysec)]
    fsync: Fsync,
    /// Take and close for so many minutes, while new sessions keep as many waiting; each minute is told apart
    #[arg(long, default_value_t = 0)]
    minutes: u64,
}

/// What one stage found.
struct Took {
    latency: Latency,
    seconds: f64,
    cpu: Duration,
}

impl Took {
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
        if !self.redis {
            let gateway = Gateway::begin(choice, wishes).await?;
            let done = self.stages(&Stage::from(&gateway)).await;
            return done.map_err(|error| gateway.explain(error));
        }
        let nodes = Nodes::begin(choice, self.fsync, 2, &wishes).await?;
        let stage = Stage {
            residents: nodes.gateways[0].target.clone(),
            consoles: nodes.gateways[1].target.clone(),
            pids: nodes.pids(),
        };
        let done = self.stages(&stage).await;
        done.map_err(|error| nodes.explain(error))
    }

    async fn stages(&self, stage: &Stage) -> Result<Outcome> {
        let mut outcome = Outcome::default();
        // The first and the last tenth apart: depth must not change the price.
        let tenth = self.waiting / 10;
        let first = enqueue(stage, 0, tenth).await?;
        let middle = enqueue(stage, tenth, self.waiting - tenth).await?;
        let last = enqueue(stage, self.waiting - tenth, self.waiting).await?;
        let whole = first.seconds + middle.seconds + last.seconds;
        outcome.set("enqueue_per_s", self.waiting as f64 / whole);
        first.note("enqueue_first_tenth_", &mut outcome);
        last.note("enqueue_last_tenth_", &mut outcome);
        let mut resident_kib = 0;
        for pid in &stage.pids {
            resident_kib += process::memory(*pid)?.resident_kib;
        }
        outcome.set(
            "resident_mib_with_all_waiting",
            resident_kib as f64 / 1_024.0,
        );
        outcome.set("waiting", self.waiting as f64);
        if self.minutes > 0 {
            let soak = Soak {
                waiting: self.waiting,
                consoles: self.consoles,
                minutes: self.minutes,
            };
            soak.run(stage, &mut outcome).await?;
            return Ok(outcome);
        }
        let taken = self.take(stage).await?;
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
        Ok(outcome)
    }

    async fn take(&self, stage: &Stage) -> Result<Took> {
        let consoles = consoles(stage, self.consoles).await?;
        let all = self.take.min(self.waiting);
        let shared = Arc::new(Shared::default());
        measured(&stage.pids, &shared, || {
            let taking = consoles
                .into_iter()
                .map(|link| take(link, Arc::clone(&shared), all));
            taking.collect()
        })
        .await
    }
}

/// Consoles of several people, available and registered for every queue.
///
/// # Errors
/// When one of them is refused.
pub async fn consoles(stage: &Stage, count: usize) -> Result<Vec<Link>> {
    let mut tokens = Vec::new();
    for name in TELECOMMUNICATORS {
        tokens.push(client::sign_in(&stage.consoles, name).await?);
    }
    let mut consoles = Vec::new();
    for index in 0..count {
        let mut link = stage.consoles.staff().await?;
        client::greet_as_staff(&mut link, &tokens[index % tokens.len()]).await?;
        consoles.push(link);
    }
    Ok(consoles)
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

    fn record(&self, took: Duration) {
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let mut latency = self.latency.lock().unwrap_or_else(PoisonError::into_inner);
        latency.record_us(us);
    }
}

/// Runs tasks to their end and measures them together.
async fn measured<F>(
    pids: &[u32],
    shared: &Arc<Shared>,
    tasks: impl FnOnce() -> Vec<F>,
) -> Result<Took>
where
    F: Future<Output = Result<()>> + Send + 'static,
{
    let ran = pids.iter().map(|pid| RunTimes::of(*pid));
    let (ran, begun) = (ran.collect::<Result<Vec<_>>>()?, Instant::now());
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
    let seconds = begun.elapsed().as_secs_f64();
    let mut cpu = Duration::ZERO;
    for (pid, earlier) in pids.iter().zip(&ran) {
        cpu += RunTimes::of(*pid)?.since(earlier);
    }
    Ok(Took {
        latency: latency.clone(),
        seconds,
        cpu,
    })
}

async fn enqueue(stage: &Stage, from: usize, to: usize) -> Result<Took> {
    let shared = Arc::new(Shared::default());
    shared.begun.store(from, Relaxed);
    measured(&stage.pids, &shared, || {
        let worker = |_| open_sessions(stage.residents.clone(), Arc::clone(&shared), to);
        (0..OPENING_AT_ONCE).map(worker).collect()
    })
    .await
}

/// Opens one session after the other, each by a connection and a device of its own.
async fn open_sessions(target: Target, shared: Arc<Shared>, end: usize) -> Result<()> {
    while let Some(number) = shared.next(end) {
        let took = open_one(&target, number).await?;
        shared.record(took);
    }
    Ok(())
}

/// Opens the session of this number and leaves; answers how long it took from `open` to its receipt.
///
/// # Errors
/// When it is refused.
pub async fn open_one(target: &Target, number: usize) -> Result<Duration> {
    let mut link = target.resident(Some(source(number))).await?;
    client::greet_as_resident(&mut link, &Device::new()?).await?;
    let begun = Instant::now();
    let opening = opening(CATEGORIES[number % CATEGORIES.len()]);
    let opened = client::open(&mut link, command_id(), opening).await;
    opened.with_context(|| format!("session {number} cannot be opened"))?;
    let took = begun.elapsed();
    link.close().await;
    Ok(took)
}

async fn take(mut link: Link, shared: Arc<Shared>, all: usize) -> Result<()> {
    while shared.next(all).is_some() {
        let begun = Instant::now();
        if client::take_next(&mut link).await?.is_none() {
            break;
        }
        shared.record(begun.elapsed());
    }
    Ok(())
}
