//! Keeps the links to the shared tier: connects, looks, notices, connects anew.
//!
//! Owns: where the primary is now, the tasks that replace connections, and the comparison of clocks. Must not: hold up a call
//! or repeat one. Called by: `handle`.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redis::Value;
use redis::aio::MultiplexedConnection;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::answer;
use super::connect;
use super::ears;
use super::fault::OpenError;
use super::keys::Keys;
use super::library::LIBRARY;
use super::link::{Link, Wire};
use super::options::{Address, Options, Target};
use super::survey::{self, Survey};
use super::writer::{self, Job, Waiting};
use crate::backbone::Guarantee;
use crate::backbone::bell::Bell;
use crate::clock::Clock;

/// How often a link is looked after while nothing is wrong: a server that is gone without a word is noticed so late.
const TICK: Duration = Duration::from_secs(1);
/// Every so many ticks the server is asked again what its answers are worth.
const TICKS_PER_SURVEY: u32 = 5;
/// Pause before connecting anew; doubled up to [`PAUSE_MAX`], with jitter.
const PAUSE_MIN: Duration = Duration::from_millis(50);
/// A failover takes about 2 s: asking more rarely would prolong it.
const PAUSE_MAX: Duration = Duration::from_millis(500);
/// A clock that differs by more is told to the operator.
const OFFSET_TOLD_MS: i64 = 1_000;

/// How far the shared tier's clock is ahead of this node's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeOffset {
    /// Milliseconds to add to this node's clock.
    pub ms: i64,
    /// Half the time the question took: the offset is right up to this.
    pub uncertainty_ms: u64,
}

/// What all links of one tier share.
pub(super) struct Shared {
    pub(super) options: Options,
    pub(super) keys: Keys,
    pub(super) bell: Arc<Bell>,
    clock: Arc<dyn Clock>,
    wires: AtomicU64,
    offset: Mutex<Option<TimeOffset>>,
    told_offset_ms: AtomicI64,
    closed: CancellationToken,
}

/// One primary and what writes to it.
#[derive(Clone)]
pub(super) struct Shard {
    pub(super) link: Arc<Link>,
    pub(super) jobs: mpsc::Sender<Job>,
}

/// The shared tier.
pub(super) struct Tier {
    pub(super) shared: Arc<Shared>,
    shard: Shard,
}

impl Shared {
    fn new(options: Options, bell: Arc<Bell>, clock: Arc<dyn Clock>) -> Self {
        Self {
            keys: Keys::new(&options.prefix),
            options,
            bell,
            clock,
            wires: AtomicU64::new(0),
            offset: Mutex::new(None),
            told_offset_ms: AtomicI64::new(0),
            closed: CancellationToken::new(),
        }
    }

    /// How far the tier's clock is ahead, as measured last.
    pub(super) fn offset(&self) -> Option<TimeOffset> {
        *self.offset.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.is_cancelled()
    }

    fn note_offset(&self, offset: TimeOffset) {
        *self.offset.lock().unwrap_or_else(PoisonError::into_inner) = Some(offset);
        let told = self.told_offset_ms.load(Ordering::Relaxed);
        if offset.ms.abs() > OFFSET_TOLD_MS && (offset.ms - told).abs() > OFFSET_TOLD_MS {
            self.told_offset_ms.store(offset.ms, Ordering::Relaxed);
            tracing::warn!(
                ahead_ms = offset.ms,
                "the clocks of this node and of the shared tier differ; set this node's clock"
            );
        } else if offset.ms.abs() <= OFFSET_TOLD_MS && told != 0 {
            self.told_offset_ms.store(0, Ordering::Relaxed);
            tracing::info!("the clocks of this node and of the shared tier agree again");
        }
    }
}

impl Tier {
    /// Connects for the first time and keeps connected from then on.
    pub(super) async fn start(
        options: Options,
        bell: Arc<Bell>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OpenError> {
        let shared = Arc::new(Shared::new(options, bell, clock));
        let shard = Shard::start(&shared).await?;
        Ok(Self { shared, shard })
    }

    /// The shard that has a key.
    pub(super) fn shard(&self, _key: &str) -> Shard {
        self.shard.clone()
    }

    /// What a confirmed append is worth now.
    pub(super) fn guarantee(&self) -> Guarantee {
        if self.shared.is_closed() {
            return Guarantee::None;
        }
        self.shard.link.standing().guarantee.clone()
    }

    pub(super) fn close(&self) {
        self.shared.closed.cancel();
        self.shared.bell.close();
    }
}

impl Drop for Tier {
    fn drop(&mut self) {
        self.close();
    }
}

impl Shard {
    async fn start(shared: &Arc<Shared>) -> Result<Self, OpenError> {
        let link = Arc::new(Link::new(shared.options.call));
        let keeper = Keeper {
            shared: Arc::clone(shared),
            link: Arc::clone(&link),
        };
        match keeper.connect().await {
            Ok(wire) => keeper.install(wire).await,
            // Somebody has to change something: say so at once, not in a log that repeats itself.
            Err(error) if !error.may_pass() => return Err(error),
            Err(error) => keeper.lost(&error),
        }
        let (jobs, waiting) = mpsc::channel(writer::JOBS_MAX);
        let replicas = Waiting {
            replicas: shared.options.wait_replicas,
            within: shared.options.wait,
        };
        tokio::spawn(writer::run(Arc::clone(&link), waiting, replicas));
        let closed = shared.closed.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = closed.cancelled() => keeper.link.disconnected("closed"),
                () = keeper.run() => {}
            }
        });
        Ok(Self { link, jobs })
    }
}

/// Looks after one link.
struct Keeper {
    shared: Arc<Shared>,
    link: Arc<Link>,
}

/// Connections that are ready, and what their server said.
struct Opened {
    wire: Wire,
    survey: Survey,
}

impl Keeper {
    async fn run(&self) {
        let mut pause = PAUSE_MIN;
        let mut told = None;
        loop {
            if let Some(wire) = self.link.wire() {
                let fault = self.watch(&wire).await;
                drop(wire);
                tracing::warn!(%fault, "the shared tier is lost; connecting anew");
                metrics::counter!("callbox_tier_lost_total").increment(1);
                self.link.disconnected(&fault);
                pause = PAUSE_MIN;
            }
            match self.connect().await {
                Ok(opened) => {
                    tracing::info!(address = %opened.wire.address, "the shared tier answers");
                    self.install(opened).await;
                    told = None;
                }
                Err(error) => {
                    if told.as_ref() != Some(&error) {
                        self.lost(&error);
                        told = Some(error);
                    }
                    let jitter = rand::random_range(0.5..1.0);
                    tokio::time::sleep(pause.mul_f64(jitter)).await;
                    pause = (pause * 2).min(PAUSE_MAX);
                }
            }
        }
    }

    fn lost(&self, error: &OpenError) {
        tracing::error!(%error, "no shared tier");
        self.link.disconnected(&error.to_string());
    }

    /// Opens all connections to whoever is the primary now, and makes them ready.
    async fn connect(&self) -> Result<Opened, OpenError> {
        let address = self.primary().await?;
        let options = &self.shared.options;
        let number = self.shared.wires.fetch_add(1, Ordering::Relaxed) + 1;
        let hear = ears::hear(
            Arc::clone(&self.shared.bell),
            self.shared.keys.clone(),
            Arc::downgrade(&self.link),
            number,
        );
        let (mut calls, writes, reads, ears) = tokio::try_join!(
            connect::open(options, &address, None),
            connect::open(options, &address, None),
            connect::open(options, &address, None),
            connect::open(options, &address, Some(hear)),
        )?;
        let ready = async {
            let survey = survey::look(&mut calls, &address).await?;
            survey.fit(&address)?;
            load_library(&mut calls, &address).await?;
            Ok(survey)
        };
        let survey = within(options.call, &address, ready).await?;
        let wire = Wire {
            number,
            address,
            writes,
            calls,
            reads,
            ears,
            heard: tokio::sync::Mutex::default(),
        };
        Ok(Opened { wire, survey })
    }

    async fn primary(&self) -> Result<Address, OpenError> {
        match &self.shared.options.url.target {
            Target::Server(address) => Ok(address.clone()),
            Target::Sentinel { .. } | Target::Cluster(_) => Err(OpenError::unfit(
                &"the configured address",
                "Sentinel and Cluster are not supported yet",
            )),
        }
    }

    async fn install(&self, opened: Opened) {
        let wire = Arc::new(opened.wire);
        let mut clock = wire.calls.clone();
        self.compare_clocks(&mut clock).await;
        self.listen(&wire).await;
        self.judge(&opened.survey);
        let guarantee = self.link.standing().guarantee.clone();
        self.link.connected(wire, guarantee);
    }

    async fn listen(&self, wire: &Wire) {
        let everything = |_: u16| true;
        let listening =
            ears::listen_to_all(wire, &self.shared.keys, &self.shared.bell, &everything);
        if tokio::time::timeout(self.shared.options.call, listening)
            .await
            .is_err()
        {
            self.link.condemn(wire.number);
        }
    }

    /// Says what receipts are worth, in the log when it changes.
    fn judge(&self, survey: &Survey) {
        let guarantee = survey.guarantee(&self.shared.options);
        let before = std::mem::replace(&mut self.link.standing().guarantee, guarantee.clone());
        if before == guarantee {
            return;
        }
        if guarantee.is_safe() {
            tracing::info!(%guarantee, "receipts");
        } else {
            tracing::error!(%guarantee, "receipts are weaker than they should be");
        }
    }

    /// Returns, with the reason, when the connections are not to be used any more.
    async fn watch(&self, wire: &Wire) -> String {
        let mut ticks = 0;
        let mut calls = wire.calls.clone();
        loop {
            let due = Instant::now() + TICK;
            tokio::select! {
                () = self.link.trouble.notified() => {}
                () = tokio::time::sleep_until(due) => ticks += 1,
            }
            if self.link.is_condemned(wire.number) {
                return format!("{} does not serve any more", wire.address);
            }
            if !self.compare_clocks(&mut calls).await {
                return format!("{} does not answer", wire.address);
            }
            self.listen(wire).await;
            if ticks % TICKS_PER_SURVEY == 0 {
                let look = within(
                    self.shared.options.call,
                    &wire.address,
                    survey::look(&mut calls, &wire.address),
                );
                match look
                    .await
                    .and_then(|found| found.fit(&wire.address).map(|()| found))
                {
                    Ok(survey) => self.judge(&survey),
                    Err(error) => return error.to_string(),
                }
            }
        }
    }

    /// Asks for the time, which also shows that the server answers.
    async fn compare_clocks(&self, connection: &mut MultiplexedConnection) -> bool {
        let clock = &self.shared.clock;
        let (asked_ms, started_ms) = (clock.now_ms(), clock.monotonic_ms());
        let command = redis::cmd("TIME");
        let asking = connection.send_packed_command(&command);
        let Ok(Ok(answer)) = tokio::time::timeout(self.shared.options.call, asking).await else {
            return false;
        };
        let Some(theirs_ms) = answer::time_ms(&answer) else {
            return false;
        };
        let uncertainty_ms = clock.monotonic_ms().saturating_sub(started_ms) / 2;
        let ms = i64::try_from(theirs_ms)
            .unwrap_or(i64::MAX)
            .saturating_sub_unsigned(asked_ms + uncertainty_ms);
        self.shared.note_offset(TimeOffset { ms, uncertainty_ms });
        true
    }
}

async fn within<T>(
    limit: Duration,
    address: &Address,
    work: impl Future<Output = Result<T, OpenError>>,
) -> Result<T, OpenError> {
    tokio::time::timeout(limit, work)
        .await
        .unwrap_or_else(|_| Err(OpenError::unreachable(address, "no answer in time")))
}

/// Loads the functions unless they are there.
async fn load_library(
    connection: &mut MultiplexedConnection,
    address: &Address,
) -> Result<(), OpenError> {
    let mut load = redis::cmd("FUNCTION");
    load.arg("LOAD").arg(LIBRARY.text.as_str());
    let answer = connection.send_packed_command(&load).await;
    match answer.map_err(|error| OpenError::of(address, &error))? {
        Value::ServerError(error) => {
            let detail = error.details().unwrap_or_default();
            if detail.contains("already exists") {
                return Ok(());
            }
            if error.code() == "NOPERM" {
                return Err(OpenError::of(address, &error.clone().into()));
            }
            let words = format!(
                "it does not take the gateway's functions: {} {detail}",
                error.code()
            );
            Err(OpenError::unfit(address, words))
        }
        _ => Ok(()),
    }
}
