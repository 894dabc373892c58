//! What the handle, the writer and the readers of one open store have in common.
//!
//! Owns: the in-memory state that follows the commits, and whether the store still takes appends. Must not: touch the
//! disk. Called by: all three.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use callbox_proto::ids::SessionId;

use super::ledger::Committed;
use super::queue::Queues;
use super::tally::Tallies;
use crate::backbone::BackboneError;
use crate::backbone::bell::{Bell, Rung};
use crate::clock::Clock;

/// State of one open store.
pub(super) struct Shared {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) bell: Bell,
    queues: Mutex<Queues>,
    tallies: Mutex<Tallies>,
    failed: OnceLock<Arc<str>>,
    closed: AtomicBool,
}

impl Shared {
    pub(super) fn new(clock: Arc<dyn Clock>, queues: Queues, tallies: Tallies) -> Self {
        let closed = AtomicBool::new(false);
        Self {
            clock,
            bell: Bell::new(),
            queues: Mutex::new(queues),
            tallies: Mutex::new(tallies),
            failed: OnceLock::new(),
            closed,
        }
    }

    pub(super) fn queues(&self) -> MutexGuard<'_, Queues> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn tallies(&self) -> MutexGuard<'_, Tallies> {
        self.tallies.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn holds_claim(&self, session: SessionId, epoch: u64) -> bool {
        self.queues()
            .holds(session, epoch, self.clock.monotonic_ms())
    }

    /// Lets memory follow a commit, then rings.
    pub(super) fn follow(&self, committed: &[Committed]) {
        let mut queues = self.queues();
        for change in committed {
            if change.left {
                queues.end_claim(change.session);
            }
            queues.follow(
                change.session,
                &change.agency,
                change.row.as_ref(),
                change.head,
            );
        }
        drop(queues);
        let mut tallies = self.tallies();
        for change in committed {
            if let Some(row) = &change.row {
                tallies.follow(change.session, &change.agency, row);
            }
        }
        drop(tallies);
        // Without the records: whoever listens in this process has them.
        self.bell.ring(committed.iter().map(|change| {
            let rung = Rung {
                session: change.session,
                head: change.head,
                records: Arc::default(),
            };
            (&change.agency, rung)
        }));
    }

    /// The disk has failed: no append is taken any more.
    pub(super) fn fail(&self, reason: &Arc<str>) {
        if self.failed.set(Arc::clone(reason)).is_ok() {
            tracing::error!(%reason, "the backbone's store failed; it takes nothing more until it is reopened");
        }
    }

    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    /// Whether appends and claims are taken.
    pub(super) fn check_open(&self) -> Result<(), BackboneError> {
        if self.closed.load(Ordering::Acquire) {
            return Err(BackboneError::Closed);
        }
        self.check_failed()
    }

    /// Whether the disk is still trusted.
    pub(super) fn check_failed(&self) -> Result<(), BackboneError> {
        match self.failed.get() {
            Some(reason) => Err(BackboneError::Failed {
                reason: Arc::clone(reason),
            }),
            None => Ok(()),
        }
    }
}
