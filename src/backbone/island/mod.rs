//! Island mode: a node whose shared tier does not answer goes on alone, and brings what it kept there when it does.
//!
//! Owns: choosing between the tier and this node's own store for every call, and the drain afterwards. Must not: know what a
//! record means (that is [`Rebase`]'s), or name a tier. Built by: `app` only; everybody else holds an `Arc<dyn Backbone>`.
//!
//! - An append goes to the tier. Without an answer in [`Timing::slow_after`], or with one that means unknown, the same append is
//!   adopted by the local store and answered `Kept`.
//! - A session with kept records stays here (appends, reads, its row) until all of them are in the tier.
//! - After [`Timing::gone_after`] without answers the tier counts as gone: it is only probed. Reads, lists and claims are
//!   served from the local store and from what this node wrote and read lately.
//! - When it answers again, `drain` brings what was kept to it.
//! - What it says when it refuses (it is full, it is not connected and why) is told: in the log, and as the reason of the guarantee.
//!
//! Why it is built this way: `docs/decisions/0011-island-mode.md`.

mod append;
mod bell;
mod cache;
mod claims;
mod drain;
mod inner;
mod kept;
mod tier;
mod view;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use callbox_proto::ids::{AgencyId, CommandId, SessionId};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::backbone::embedded::Embedded;
use crate::backbone::{
    Append, Appended, Backbone, BackboneError, Claim, Claimed, Destroy, Destroyed, Guarantee,
    IndexCursor, IndexSnapshot, IndexedSession, KeptHere, Lease, Rebase, Record, Remains, Seq,
    StandingKind, Subscription, Tally,
};
use crate::clock::Clock;
use bell::Listener;
use inner::{Inner, unknown_here};
use tier::{Answer, SILENCE};

/// Bytes of rows and records held for the time without the tier: the open sessions of a full node.
pub const CACHE_BYTES: usize = 64 * 1024 * 1024;

/// How long the tier is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// An append without an answer for this long is kept here.
    pub slow_after: Duration,
    /// A tier without an answer for this long is gone.
    pub gone_after: Duration,
    /// How often a silent tier is asked whether it lives.
    pub probe_every: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            slow_after: Duration::from_millis(300),
            gone_after: Duration::from_secs(1),
            probe_every: Duration::from_millis(250),
        }
    }
}

/// How to start an island.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Bytes of rows and records held in memory.
    pub cache_bytes: usize,
    /// How long the tier is waited for.
    pub timing: Timing,
    /// Name of this node: its probes of the tier bear it.
    pub node: String,
}

impl Options {
    /// The usual values for a node.
    #[must_use]
    pub fn of(node: &str) -> Self {
        Self {
            cache_bytes: CACHE_BYTES,
            timing: Timing::default(),
            node: node.to_owned(),
        }
    }
}

/// A shared tier with a local store to fall back on. [`Island::close`] it before the store.
pub struct Island {
    inner: Arc<Inner>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Drop for Island {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Island {
    /// Starts over a tier and a local store that holds nothing but what was kept, perhaps by an earlier run of this node.
    ///
    /// # Errors
    /// The local store's, when it cannot be read.
    pub async fn start(
        shared: Arc<dyn Backbone>,
        local: Arc<Embedded>,
        rebase: Arc<dyn Rebase>,
        clock: Arc<dyn Clock>,
        options: Options,
    ) -> Result<Self, BackboneError> {
        let inner = Arc::new(Inner::new(shared, local, rebase, clock, options));
        inner.find_kept().await?;
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        tasks.spawn(drain::probe(Arc::clone(&inner), stop.clone()));
        tasks.spawn(drain::run(Arc::clone(&inner), stop.clone()));
        tasks.close();
        Ok(Self { inner, tasks, stop })
    }

    /// Ends the drain and the subscriptions. What is kept stays in the local store for the next start.
    pub async fn close(&self) {
        self.stop.cancel();
        self.tasks.wait().await;
        self.inner.bell.close();
    }
}

#[async_trait]
impl Backbone for Island {
    async fn append(&self, batch: Vec<Append>) -> Vec<Result<Appended, BackboneError>> {
        append::append(&self.inner, batch).await
    }

    async fn read(
        &self,
        session: SessionId,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<Record>, BackboneError> {
        self.inner.read(session, after, limit).await
    }

    async fn find_command(
        &self,
        session: SessionId,
        command: CommandId,
    ) -> Result<Option<(Seq, Seq)>, BackboneError> {
        self.inner.find_command(session, command).await
    }

    async fn find_session(
        &self,
        session: SessionId,
    ) -> Result<Option<IndexedSession>, BackboneError> {
        self.inner.find_session(session).await
    }

    async fn list(
        &self,
        agency: &AgencyId,
        kind: StandingKind,
        after: Option<IndexCursor>,
        limit: usize,
    ) -> Result<IndexSnapshot, BackboneError> {
        self.inner.list(agency, kind, after, limit).await
    }

    async fn claim(&self, claim: Claim) -> Result<Option<Claimed>, BackboneError> {
        self.inner.claim(claim).await
    }

    async fn release(&self, session: SessionId, epoch: u64) -> Result<bool, BackboneError> {
        self.inner.release(session, epoch).await
    }

    async fn take_lease(
        &self,
        name: &str,
        holder: &str,
        ttl_ms: u64,
    ) -> Result<Option<Lease>, BackboneError> {
        let tier = &self.inner.tier;
        match tier
            .read(tier.shared.take_lease(name, holder, ttl_ms))
            .await
        {
            Answer::Said(said) => said,
            Answer::Silence => self.inner.local.take_lease(name, holder, ttl_ms).await,
        }
    }

    async fn renew_lease(&self, lease: &Lease, ttl_ms: u64) -> Result<bool, BackboneError> {
        let tier = &self.inner.tier;
        match tier.read(tier.shared.renew_lease(lease, ttl_ms)).await {
            Answer::Said(said) => said,
            // Nobody else can be asked: whoever holds it here goes on. The tier decides when it is back.
            Answer::Silence => Ok(true),
        }
    }

    async fn drop_lease(&self, lease: &Lease) -> Result<bool, BackboneError> {
        let tier = &self.inner.tier;
        match tier.read(tier.shared.drop_lease(lease)).await {
            Answer::Said(said) => said,
            Answer::Silence => self.inner.local.drop_lease(lease).await,
        }
    }

    async fn overdue_leases(&self, limit: usize) -> Result<Vec<Lease>, BackboneError> {
        let tier = &self.inner.tier;
        match tier.read(tier.shared.overdue_leases(limit)).await {
            Answer::Said(said) => said,
            // Others' leases cannot be seen, and silence is no proof that somebody is dead.
            Answer::Silence => Ok(Vec::new()),
        }
    }

    async fn subscribe(&self, agency: &AgencyId) -> Result<Box<dyn Subscription>, BackboneError> {
        Ok(Box::new(Listener::start(&self.inner, agency).await))
    }

    async fn publish(&self, agency: &AgencyId, payload: Bytes) -> Result<(), BackboneError> {
        self.inner.publish(agency, payload).await
    }

    async fn tally(&self, agency: &AgencyId) -> Result<Vec<Tally>, BackboneError> {
        self.inner.tally(agency).await
    }

    async fn destroy(
        &self,
        destroy: Destroy,
        remains: Arc<dyn Remains>,
    ) -> Result<Destroyed, BackboneError> {
        let (session, tier) = (destroy.session, &self.inner.tier);
        // Only where all of it is, and never without a word of the tier. It has its own deadlines for each page.
        if tier.is_gone() || self.inner.kept_range(session).is_some() {
            return Err(unknown_here());
        }
        let destroyed = tier.shared.destroy(destroy, remains).await;
        // Also where it is unknown: rows and records that are here may be those from before.
        self.forget(session);
        destroyed
    }

    fn forget(&self, session: SessionId) {
        self.inner.cache().forget(session);
        self.inner.tier.shared.forget(session);
    }

    fn guarantee(&self) -> Guarantee {
        let tier = &self.inner.tier;
        let of_tier = tier.guarantee();
        // A tier that has not answered yet since the start is as good as one that is gone.
        if tier.is_gone() || of_tier == Guarantee::None {
            return match self.inner.local.guarantee() {
                Guarantee::None => Guarantee::None,
                _ => Guarantee::Island {
                    reason: tier.why().unwrap_or_else(|| SILENCE.into()),
                },
            };
        }
        // It answers, and does not take all that it is sent: what waits here for it is not safe.
        match tier.why() {
            Some(reason) if of_tier.is_safe() && self.kept_here().records > 0 => {
                Guarantee::Weaker { reason }
            }
            _ => of_tier,
        }
    }

    fn is_safe(&self, session: SessionId, up_to: Seq) -> bool {
        let confirmed = self.kept_after(session).unwrap_or(Seq::MAX);
        up_to <= confirmed && self.inner.tier.guarantee().is_safe()
    }

    fn kept_after(&self, session: SessionId) -> Option<Seq> {
        self.inner.kept().get(session).map(|kept| kept.confirmed)
    }

    fn kept_here(&self) -> KeptHere {
        self.inner.kept().here()
    }
}
