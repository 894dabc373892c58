//! A node's view of the model: everything takes time, some of it never arrives, and a dead node hears nothing.

use std::future::pending;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use callbox::backbone::{
    Append, Appended, Backbone, BackboneError, Claim, Claimed, Destroy, Destroyed, Guarantee,
    IndexCursor, IndexSnapshot, IndexedSession, Lease, READ_MAX_ROWS, Record, Remains, Ring, Seq,
    StandingKind, Subscription, Tally,
};
use callbox_proto::ids::{AgencyId, CommandId, SessionId};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::time::{Instant, sleep};

use super::model::Model;

/// How long a call waits for an answer that does not come.
const DEADLINE: Duration = Duration::from_secs(1);

/// The model with its clock.
#[derive(Debug)]
pub struct World {
    model: Mutex<Model>,
    start: Instant,
    extra_ms: Mutex<u64>,
}

impl World {
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            model: Mutex::default(),
            start: Instant::now(),
            extra_ms: Mutex::default(),
        })
    }

    /// Looks at the model.
    pub fn with<T>(&self, look: impl FnOnce(&mut Model, u64) -> T) -> T {
        let passed = u64::try_from(self.start.elapsed().as_millis()).unwrap();
        let now = 1 + passed + *self.extra_ms.lock().unwrap();
        look(&mut self.model.lock().unwrap(), now)
    }

    /// Lets the model's clock jump.
    pub fn pass(&self, ms: u64) {
        *self.extra_ms.lock().unwrap() += ms;
    }
}

/// What the way between a node and the tier is like: chances in a thousand.
#[derive(Debug, Clone, Copy, Default)]
pub struct Weather {
    /// A call does not arrive.
    pub lost: u32,
    /// It arrives, and the answer does not.
    pub unanswered: u32,
    /// It takes up to 400 ms instead of 3.
    pub slow: u32,
    /// Rings are missed.
    pub deaf: u32,
}

/// One node's handle.
#[derive(Debug)]
pub struct Handle {
    world: Arc<World>,
    random: Mutex<StdRng>,
    weather: Mutex<Weather>,
    alive: Arc<AtomicBool>,
}

enum Way {
    Through,
    Lost,
    Unanswered,
}

impl Handle {
    pub fn new(world: &Arc<World>, seed: u64, weather: Weather) -> Arc<Self> {
        Arc::new(Self {
            world: Arc::clone(world),
            random: Mutex::new(StdRng::seed_from_u64(seed)),
            weather: Mutex::new(weather),
            alive: Arc::new(AtomicBool::new(true)),
        })
    }

    /// The node behind this handle is dead: nothing it still waits for ever comes.
    pub fn kill(&self) {
        self.alive.store(false, Ordering::Release);
    }

    pub fn set_weather(&self, weather: Weather) {
        *self.weather.lock().unwrap() = weather;
    }

    fn roll(&self, in_thousand: impl Fn(&Weather) -> u32) -> bool {
        let chance = in_thousand(&self.weather.lock().unwrap());
        chance > 0 && self.random.lock().unwrap().random_ratio(chance, 1_000)
    }

    async fn travel(&self) {
        let calm = self.weather.lock().unwrap().lost == 0;
        let longest = if self.roll(|weather| weather.slow) {
            400
        } else {
            3
        };
        let ms = self.random.lock().unwrap().random_range(0..=longest);
        if !calm && ms > 0 {
            sleep(Duration::from_millis(ms)).await;
        }
        if !self.alive.load(Ordering::Acquire) {
            pending::<()>().await;
        }
    }

    async fn call<T>(&self, act: impl FnOnce(&mut Model, u64) -> T) -> Result<T, BackboneError> {
        let way = if self.roll(|weather| weather.lost) {
            Way::Lost
        } else if self.roll(|weather| weather.unanswered) {
            Way::Unanswered
        } else {
            Way::Through
        };
        self.travel().await;
        if matches!(way, Way::Lost) {
            return self.unknown().await;
        }
        let answer = self.world.with(act);
        self.travel().await;
        if matches!(way, Way::Unanswered) {
            return self.unknown().await;
        }
        Ok(answer)
    }

    async fn unknown<T>(&self) -> Result<T, BackboneError> {
        sleep(DEADLINE).await;
        let reason = "no answer in time".into();
        Err(BackboneError::Failed { reason })
    }
}

struct Ears {
    rings: broadcast::Receiver<Ring>,
    handle: Arc<Handle>,
}

#[async_trait]
impl Subscription for Ears {
    async fn next(&mut self) -> Option<Ring> {
        let ring = match self.rings.recv().await {
            Ok(ring) => ring,
            Err(RecvError::Lagged(_)) => Ring::Missed,
            Err(RecvError::Closed) => return None,
        };
        self.handle.travel().await;
        if !self.handle.roll(|weather| weather.deaf) {
            return Some(ring);
        }
        // What came meanwhile is missed as well, and that is told.
        sleep(Duration::from_millis(50)).await;
        while self.rings.try_recv().is_ok() {}
        Some(Ring::Missed)
    }
}

/// A handle as the trait has it: subscriptions need to share it.
#[derive(Debug, Clone)]
pub struct Shared(pub Arc<Handle>);

#[async_trait]
impl Backbone for Shared {
    async fn append(&self, batch: Vec<Append>) -> Vec<Result<Appended, BackboneError>> {
        let count = batch.len();
        let done = self.0.call(|model, now| model.append(&batch, now)).await;
        done.unwrap_or_else(|error| vec![Err(error); count])
    }

    async fn read(
        &self,
        session: SessionId,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<Record>, BackboneError> {
        bounded(limit)?;
        let handle = &self.0;
        handle
            .call(|model, _| model.read(session, after, limit))
            .await
    }

    async fn find_command(
        &self,
        session: SessionId,
        command: CommandId,
    ) -> Result<Option<(Seq, Seq)>, BackboneError> {
        let handle = &self.0;
        handle
            .call(|model, _| model.find_command(session, command))
            .await
    }

    async fn find_session(
        &self,
        session: SessionId,
    ) -> Result<Option<IndexedSession>, BackboneError> {
        self.0.call(|model, _| model.find_session(session)).await
    }

    async fn list(
        &self,
        agency: &AgencyId,
        kind: StandingKind,
        after: Option<IndexCursor>,
        limit: usize,
    ) -> Result<IndexSnapshot, BackboneError> {
        bounded(limit)?;
        let handle = &self.0;
        handle
            .call(|model, _| model.list(agency, kind, after, limit))
            .await
    }

    async fn tally(&self, agency: &AgencyId) -> Result<Vec<Tally>, BackboneError> {
        self.0.call(|model, _| model.tally(agency)).await
    }

    async fn claim(&self, claim: Claim) -> Result<Option<Claimed>, BackboneError> {
        self.0.call(|model, now| model.claim(&claim, now)).await?
    }

    async fn release(&self, session: SessionId, epoch: u64) -> Result<bool, BackboneError> {
        let handle = &self.0;
        handle
            .call(|model, now| model.release(session, epoch, now))
            .await
    }

    async fn take_lease(
        &self,
        name: &str,
        holder: &str,
        ttl_ms: u64,
    ) -> Result<Option<Lease>, BackboneError> {
        let handle = &self.0;
        handle
            .call(|model, now| model.take_lease(name, holder, ttl_ms, now))
            .await?
    }

    async fn renew_lease(&self, lease: &Lease, ttl_ms: u64) -> Result<bool, BackboneError> {
        let handle = &self.0;
        handle
            .call(|model, now| model.renew_lease(lease, ttl_ms, now))
            .await
    }

    async fn drop_lease(&self, lease: &Lease) -> Result<bool, BackboneError> {
        self.0.call(|model, now| model.drop_lease(lease, now)).await
    }

    async fn overdue_leases(&self, limit: usize) -> Result<Vec<Lease>, BackboneError> {
        self.0
            .call(|model, now| model.overdue_leases(limit, now))
            .await
    }

    async fn subscribe(&self, agency: &AgencyId) -> Result<Box<dyn Subscription>, BackboneError> {
        let rings = self.0.call(|model, _| model.subscribe(agency)).await?;
        Ok(Box::new(Ears {
            rings,
            handle: Arc::clone(&self.0),
        }))
    }

    async fn publish(&self, agency: &AgencyId, payload: Bytes) -> Result<(), BackboneError> {
        self.0
            .call(|model, _| model.publish(agency, payload))
            .await?
    }

    async fn destroy(
        &self,
        destroy: Destroy,
        remains: Arc<dyn Remains>,
    ) -> Result<Destroyed, BackboneError> {
        self.0
            .call(|model, _| model.destroy(&destroy, &*remains))
            .await?
    }

    fn guarantee(&self) -> Guarantee {
        Guarantee::LocalDisk
    }
}

fn bounded(limit: usize) -> Result<(), BackboneError> {
    let what = "rows in an answer";
    match limit {
        0..=READ_MAX_ROWS => Ok(()),
        _ => Err(BackboneError::OverBound { what }),
    }
}
