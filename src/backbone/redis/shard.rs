//! One primary and what writes to it: connects, looks, notices, connects anew.
//!
//! Owns: the task that replaces the connections of one link. Must not: hold up a call or repeat one. Called by: `tier`.

use std::sync::Arc;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{Cmd, Value};
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::answer;
use super::ears;
use super::fault::OpenError;
use super::keys::slot;
use super::library::LIBRARY;
use super::link::{Link, Wire};
use super::options::{Address, Target};
use super::ringer::Ringer;
use super::rivals::Rivals;
use super::survey::{self, Survey};
use super::tier::{Shared, TimeOffset};
use super::topology;
use super::writer::{self, Job, Waiting};

/// How often a link is looked after while nothing is wrong: a server that is gone without a word is noticed so late.
const TICK: Duration = Duration::from_secs(1);
/// Every so many ticks the server is asked again what its answers are worth.
const TICKS_PER_SURVEY: u32 = 5;
/// Pause before connecting anew; doubled up to [`PAUSE_MAX`], with jitter.
const PAUSE_MIN: Duration = Duration::from_millis(50);
/// A failover takes about 2 s: asking more rarely would prolong it.
const PAUSE_MAX: Duration = Duration::from_millis(500);

/// One primary and what writes to it.
#[derive(Clone)]
pub(super) struct Shard {
    pub(super) link: Arc<Link>,
    pub(super) jobs: mpsc::Sender<Job>,
    /// Rings for what was counted; none where no replicas are waited for: there the appending function rings.
    pub(super) ringer: Option<Ringer>,
    /// Ends it: the cluster has no such primary any more, or all is closed.
    pub(super) ended: CancellationToken,
}

/// Where a shard's primary is.
#[derive(Debug, Clone)]
pub(super) enum Source {
    /// Where the configuration, or a Sentinel, says.
    Configured,
    /// One primary of a cluster.
    At(Address),
}

impl Shard {
    /// Connects for the first time and keeps connected from then on.
    pub(super) async fn start(shared: &Arc<Shared>, source: Source) -> Result<Self, OpenError> {
        let link = Arc::new(Link::new(
            shared.options.call,
            Arc::clone(&shared.look_again),
        ));
        let ended = shared.closed.child_token();
        let keeper = Keeper {
            shared: Arc::clone(shared),
            link: Arc::clone(&link),
            source,
        };
        match keeper.connect().await {
            Ok(opened) => keeper.install(opened).await,
            // Somebody has to change something: say so at once, not in a log that repeats itself.
            Err(error) if !error.may_pass() => return Err(error),
            Err(error) => keeper.lost(&error),
        }
        let (jobs, waiting) = mpsc::channel(writer::JOBS_MAX);
        let replicas = Waiting {
            replicas: shared.options.wait_replicas,
            within: shared.options.wait,
        };
        let counts = shared.options.wait_replicas > 0;
        let rivals = Arc::new(Rivals::new(Arc::clone(shared)));
        tokio::spawn(writer::run(
            Arc::clone(&link),
            Arc::clone(&rivals),
            waiting,
            replicas,
        ));
        let ringer = counts.then(|| Ringer::start(Arc::clone(&link)));
        if counts {
            let kept = rivals.keep(Arc::clone(&link));
            tokio::spawn(ended.clone().run_until_cancelled_owned(kept));
        }
        let end = ended.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = end.cancelled() => keeper.link.disconnected("closed"),
                () = keeper.run() => {}
            }
        });
        Ok(Self {
            link,
            jobs,
            ringer,
            ended,
        })
    }
}

/// Looks after one link.
struct Keeper {
    shared: Arc<Shared>,
    link: Arc<Link>,
    source: Source,
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
        let number = self.shared.next_wire();
        let hear = ears::hear(
            Arc::clone(&self.shared.bell),
            self.shared.keys.clone(),
            Arc::downgrade(&self.link),
            number,
        );
        let dialer = &self.shared.dialer;
        let (calls, writes, reads, ears) = tokio::try_join!(
            dialer.open(&address),
            dialer.open(&address),
            dialer.open(&address),
            dialer.listen(&address, hear),
        )?;
        let mut first = calls.commands.clone();
        let ready = async {
            let survey = survey::look(&mut first, &address).await?;
            survey.fit(&address)?;
            load_library(&mut first, &address).await?;
            self.check_epoch(&mut first, &address).await?;
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
        let options = &self.shared.options;
        match (&self.source, &options.url.target) {
            (Source::At(address), _) | (Source::Configured, Target::Server(address)) => {
                Ok(address.clone())
            }
            (Source::Configured, Target::Sentinel { sentinels, name }) => {
                topology::primary(&self.shared.dialer, options.call, sentinels, name).await
            }
            (Source::Configured, Target::Cluster(_)) => Err(OpenError::unfit(
                &"the cluster",
                "its primaries are known one by one",
            )),
        }
    }

    /// Compares the tier's mark with the one this node knows, where this server has it; makes one where there is none.
    async fn check_epoch(
        &self,
        connection: &mut MultiplexedConnection,
        address: &Address,
    ) -> Result<(), OpenError> {
        let key = self.shared.keys.epoch();
        if matches!(self.source, Source::At(_)) && !self.shared.is_here(slot(&key), address) {
            return Ok(());
        }
        // Read first: a server whose memory is full can still be read.
        let mut get = redis::cmd("GET");
        get.arg(&key);
        let mut found = ask(connection, address, &get).await?;
        if found == Value::Nil {
            let fresh = format!("{:032x}", rand::random::<u128>());
            let mut set = redis::cmd("SET");
            set.arg(&key).arg(&fresh).arg("NX").arg("GET");
            found = match ask(connection, address, &set).await? {
                Value::Nil => Value::SimpleString(fresh),
                // Another node was quicker.
                word => word,
            };
        }
        if let Some(word) = answer::text(&found) {
            self.shared.epoch.found(word);
        }
        Ok(())
    }

    async fn install(&self, opened: Opened) {
        let wire = Arc::new(opened.wire);
        let mut clock = wire.calls.commands.clone();
        self.compare_clocks(&mut clock).await;
        self.listen(&wire).await;
        self.judge(&opened.survey);
        self.link.connected(wire);
    }

    async fn listen(&self, wire: &Wire) {
        let everything = matches!(self.source, Source::Configured);
        let is_here = |slot: u16| everything || self.shared.is_here(slot, &wire.address);
        let listening = ears::listen_to_all(wire, &self.shared.keys, &self.shared.bell, &is_here);
        let listened = tokio::time::timeout(self.shared.options.call, listening).await;
        if listened.is_err() {
            self.link.condemn(wire.number);
        }
    }

    /// Says what receipts are worth, in the log when it changes.
    fn judge(&self, survey: &Survey) {
        let guarantee = self
            .shared
            .epoch
            .fault()
            .unwrap_or_else(|| survey.guarantee(&self.shared.options));
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
        let mut ticks: u32 = 0;
        let mut calls = wire.calls.commands.clone();
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        tick.reset();
        let follows = matches!(self.shared.options.url.target, Target::Sentinel { .. });
        loop {
            let in_turn = tokio::select! {
                () = self.link.trouble.notified() => false,
                _ = tick.tick() => true,
            };
            if self.link.is_condemned(wire.number) {
                return format!("{} does not serve any more", wire.address);
            }
            if !self.compare_clocks(&mut calls).await {
                return format!("{} does not answer", wire.address);
            }
            if !in_turn {
                continue;
            }
            ticks = ticks.wrapping_add(1);
            if follows
                && let Ok(primary) = self.primary().await
                && primary != wire.address
            {
                return format!("the primary is {primary} now");
            }
            self.listen(wire).await;
            // Weaker than it should be may pass any moment.
            let doubtful = !self.link.standing().guarantee.is_safe();
            if doubtful || ticks.is_multiple_of(TICKS_PER_SURVEY) {
                let looking = survey::look(&mut calls, &wire.address);
                let look = within(self.shared.options.call, &wire.address, looking);
                let found = look.await;
                match found.and_then(|found| found.fit(&wire.address).map(|()| found)) {
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
            .saturating_sub_unsigned(asked_ms.saturating_add(uncertainty_ms));
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

/// One command of a connection that is being made ready; a refusal is an error.
async fn ask(
    connection: &mut MultiplexedConnection,
    address: &Address,
    command: &Cmd,
) -> Result<Value, OpenError> {
    let answer = connection.send_packed_command(command).await;
    match answer.map_err(|error| OpenError::of(address, &error))? {
        Value::ServerError(error) => Err(OpenError::of(address, &error.into())),
        value => Ok(value),
    }
}

/// Loads the functions unless they are there.
async fn load_library(
    connection: &mut MultiplexedConnection,
    address: &Address,
) -> Result<(), OpenError> {
    let mut list = redis::cmd("FUNCTION");
    list.arg("LIST")
        .arg("LIBRARYNAME")
        .arg(LIBRARY.name.as_str());
    // Looked for first: a server whose memory is full takes no functions, but runs those it has.
    let found = ask(connection, address, &list).await?;
    if answer::array(&found).is_some_and(|found| !found.is_empty()) {
        return Ok(());
    }
    let mut load = redis::cmd("FUNCTION");
    load.arg("LOAD").arg(LIBRARY.text.as_str());
    let answer = connection.send_packed_command(&load).await;
    match answer.map_err(|error| OpenError::of(address, &error))? {
        Value::ServerError(error) => {
            let detail = error.details().unwrap_or_default();
            match error.code() {
                // Another node was quicker.
                _ if detail.contains("already exists") => Ok(()),
                "NOPERM" | "LOADING" | "READONLY" | "MASTERDOWN" | "OOM" | "NOREPLICAS"
                | "MISCONF" => Err(OpenError::of(address, &error.into())),
                code => {
                    let words =
                        format!("it does not take the gateway's functions: {code} {detail}");
                    Err(OpenError::unfit(address, words))
                }
            }
        }
        _ => Ok(()),
    }
}
