//! What the calls, the bell and the drain of one island have in common.
//!
//! Owns: the state of the island. Must not: choose for a call where it goes. Called by: everything here.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use callbox_proto::ids::SessionId;
use tokio::sync::Notify;

use super::Options;
use super::bell::Bell;
use super::cache::Cache;
use super::claims::Reservations;
use super::kept::Sessions;
use super::tier::Tier;
use crate::backbone::embedded::Embedded;
use crate::backbone::{Backbone, BackboneError, READ_MAX_ROWS, Rebase, Ring, Seq};
use crate::clock::Clock;

/// The state of an island.
pub(super) struct Inner {
    pub(super) tier: Tier,
    pub(super) local: Arc<Embedded>,
    pub(super) rebase: Arc<dyn Rebase>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) node: String,
    pub(super) bell: Bell,
    cache: Mutex<Cache>,
    kept: Mutex<Sessions>,
    reservations: Mutex<Reservations>,
    /// The tier's last version of an index plus what changed here since.
    pub(super) version: AtomicU64,
    /// Told when something is kept that was not.
    pub(super) more: Notify,
}

impl Inner {
    pub(super) fn new(
        shared: Arc<dyn Backbone>,
        local: Arc<Embedded>,
        rebase: Arc<dyn Rebase>,
        clock: Arc<dyn Clock>,
        options: Options,
    ) -> Self {
        Self {
            tier: Tier::new(shared, options.timing),
            local,
            rebase,
            clock,
            node: options.node,
            bell: Bell::default(),
            cache: Mutex::new(Cache::new(options.cache_bytes)),
            kept: Mutex::default(),
            reservations: Mutex::default(),
            version: AtomicU64::new(0),
            more: Notify::new(),
        }
    }

    pub(super) fn cache(&self) -> MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn kept(&self) -> MutexGuard<'_, Sessions> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn reservations(&self) -> MutexGuard<'_, Reservations> {
        self.reservations
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads what an earlier run of this node kept.
    pub(super) async fn find_kept(&self) -> Result<(), BackboneError> {
        let mut after = 0;
        loop {
            let page = self.local.kept_logs(after, READ_MAX_ROWS).await?;
            let mut kept = self.kept();
            page.logs.into_iter().for_each(|log| kept.found(log));
            drop(kept);
            match page.next {
                Some(next) => after = next,
                None => break,
            }
        }
        let here = self.kept().here();
        if here.records > 0 {
            tracing::warn!(
                records = here.records,
                "records kept by an earlier run wait for the shared tier"
            );
        }
        Ok(())
    }

    /// Tells this node what became of what it kept.
    pub(super) fn ring(&self, agency: &callbox_proto::ids::AgencyId, ring: Ring) {
        self.bell.ring(agency, ring);
    }

    /// A kept session as it stands: where its records here begin, and its head.
    pub(super) fn kept_range(&self, session: SessionId) -> Option<(Seq, Seq)> {
        let kept = self.kept();
        kept.get(session).map(|kept| (kept.base, kept.head))
    }
}

/// An error for what cannot be known without the tier.
pub(super) fn unknown_here() -> BackboneError {
    BackboneError::Failed {
        reason: "the shared tier does not answer".into(),
    }
}
