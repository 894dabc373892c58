//! The shared tier as seen from here: does it answer, since when not, and how long is waited for it.
//!
//! Owns: the deadlines of every call to it, and the word "gone". Must not: keep anything. Called by: everything here that asks
//! the tier.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::Timing;
use crate::backbone::{Backbone, BackboneError, Guarantee};

/// What the tier said.
#[derive(Debug)]
pub(super) enum Answer<T> {
    /// An answer, also a refusal that will be the same next time.
    Said(Result<T, BackboneError>),
    /// Nothing that can be relied on: no answer in time, or an error that means unknown.
    Silence,
}

#[derive(Debug)]
struct State {
    /// When the first call began that got no answer, if none has been answered since.
    silent_since: Option<Instant>,
    answered_at: Instant,
    gone: bool,
    /// What `safe` was worth when it last answered.
    guarantee: Guarantee,
}

/// The tier.
pub(super) struct Tier {
    pub(super) shared: Arc<dyn Backbone>,
    pub(super) timing: Timing,
    state: Mutex<State>,
    /// Told when the tier is gone or back.
    pub(super) turned: Notify,
}

impl Tier {
    pub(super) fn new(shared: Arc<dyn Backbone>, timing: Timing) -> Self {
        let guarantee = shared.guarantee();
        Self {
            shared,
            timing,
            state: Mutex::new(State {
                silent_since: None,
                answered_at: Instant::now(),
                gone: false,
                guarantee,
            }),
            turned: Notify::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the tier, within a deadline.
    pub(super) async fn ask<T>(
        &self,
        within: Duration,
        call: impl Future<Output = Result<T, BackboneError>>,
    ) -> Answer<T> {
        let started = Instant::now();
        match tokio::time::timeout(within, call).await {
            Ok(Err(error)) if means_unknown(&error) => {
                self.silent(started);
                Answer::Silence
            }
            Ok(said) => {
                self.answered();
                Answer::Said(said)
            }
            Err(_) => {
                self.silent(started);
                Answer::Silence
            }
        }
    }

    /// Asks for something that can be read elsewhere if the tier is silent.
    pub(super) async fn read<T>(
        &self,
        call: impl Future<Output = Result<T, BackboneError>>,
    ) -> Answer<T> {
        if self.is_gone() {
            return Answer::Silence;
        }
        self.ask(self.timing.gone_after, call).await
    }

    /// Whether it counts as gone: nothing is asked of it then but whether it is back.
    pub(super) fn is_gone(&self) -> bool {
        let mut state = self.lock();
        let silent = state
            .silent_since
            .is_some_and(|since| since.elapsed() >= self.timing.gone_after);
        if silent && !state.gone {
            state.gone = true;
            drop(state);
            tracing::error!(
                "the shared tier does not answer: this node is an island, what comes is kept on its own disk"
            );
            metrics::gauge!("callbox_island").set(1.0);
            self.turned.notify_waiters();
            return true;
        }
        state.gone
    }

    /// How long an append may wait for it now: less than usual once it has been silent for a while.
    pub(super) fn patience(&self) -> Duration {
        let silent = self.lock().silent_since.map(|since| since.elapsed());
        let left = self
            .timing
            .gone_after
            .saturating_sub(silent.unwrap_or_default());
        self.timing.slow_after.min(left)
    }

    /// Something was answered. A tier that is gone is back only once a probe says so.
    pub(super) fn answered(&self) {
        let mut state = self.lock();
        state.silent_since = None;
        state.answered_at = Instant::now();
        if !state.gone {
            state.guarantee = self.shared.guarantee();
        }
    }

    /// Nothing was answered since `started`.
    pub(super) fn silent(&self, started: Instant) {
        let mut state = self.lock();
        // What was answered meanwhile to somebody else says that it lives.
        if state.answered_at < started || state.gone {
            state.silent_since.get_or_insert(started);
        }
        drop(state);
        metrics::counter!("callbox_island_unanswered_total").increment(1);
        self.is_gone();
    }

    /// A probe was answered in time.
    pub(super) fn is_back(&self) {
        let mut state = self.lock();
        let was_gone = std::mem::take(&mut state.gone);
        drop(state);
        self.answered();
        if was_gone {
            tracing::warn!("the shared tier answers again");
            metrics::gauge!("callbox_island").set(0.0);
            self.turned.notify_waiters();
        }
    }

    /// Whether a call was answered lately, so that no probe is needed.
    pub(super) fn is_lively(&self) -> bool {
        let state = self.lock();
        !state.gone
            && state.silent_since.is_none()
            && state.answered_at.elapsed() < self.timing.probe_every
    }

    /// What `safe` is worth in the tier, as last known.
    pub(super) fn guarantee(&self) -> Guarantee {
        self.lock().guarantee.clone()
    }
}

/// Whether an error leaves open what became of the call.
pub(super) const fn means_unknown(error: &BackboneError) -> bool {
    match error {
        BackboneError::Full | BackboneError::Failed { .. } | BackboneError::Closed => true,
        BackboneError::OverBound { .. }
        | BackboneError::NoSuchSession
        | BackboneError::Damaged { .. } => false,
    }
}
