//! The shared tier as seen from here: does it answer, since when not, what it says of that, and how long is waited for it.
//!
//! Owns: the deadlines of every call to it, the word "gone", and what is told to whoever runs it. Must not: keep anything.
//! Called by: everything here that asks the tier.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::Timing;
use crate::backbone::{Backbone, BackboneError, Guarantee};

/// What is said of a tier that says nothing itself.
pub(super) const SILENCE: &str = "the shared tier does not answer";
/// How long a reason holds that is not heard again. The drain, which tries every second, hears it again while it lasts.
const WHY_HOLDS: Duration = Duration::from_secs(3);
/// A change of the reason is logged at most this often: two that take turns do not fill the log.
const TOLD_EVERY: Duration = Duration::from_secs(1);

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
    /// Why it does not take what it is sent, and when it said so last.
    why: Option<(Arc<str>, Instant)>,
    /// What of that was logged last, and when.
    told: Option<(Arc<str>, Instant)>,
}

impl State {
    /// The reason that holds now. Of a tier that is gone it is the last one that came.
    fn why(&self) -> Option<&Arc<str>> {
        let (why, at) = self.why.as_ref()?;
        (self.gone || at.elapsed() < WHY_HOLDS).then_some(why)
    }
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
                why: None,
                told: None,
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
                self.refused(&error);
                self.silent(started);
                Answer::Silence
            }
            Ok(said) => {
                self.answered();
                Answer::Said(said)
            }
            Err(_) => {
                self.unheard();
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
            let why: Arc<str> = state.why().map_or_else(|| SILENCE.into(), Arc::clone);
            state.gone = true;
            state.told = Some((Arc::clone(&why), Instant::now()));
            drop(state);
            tracing::error!(
                %why,
                "this node is an island: what comes is kept on its own disk until the shared tier takes it"
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

    /// It says that it does not take what it is sent, or why it cannot be asked. Logged when that is something new.
    pub(super) fn refused(&self, error: &BackboneError) {
        if matches!(error, BackboneError::Closed) {
            return;
        }
        let why = words(error);
        let now = Instant::now();
        let mut state = self.lock();
        let held = state.why().is_some();
        state.why = Some((Arc::clone(&why), now));
        let is_told = state.told.as_ref().is_some_and(|(told, at)| {
            (held && *told == why) || now.duration_since(*at) < TOLD_EVERY
        });
        if is_told {
            return;
        }
        state.told = Some((Arc::clone(&why), now));
        drop(state);
        tracing::error!(
            %why,
            "the shared tier does not do what it is asked to; what it does not take is kept on this node's disk"
        );
    }

    /// Not even a refusal came. One that came before says nothing of a tier that is gone.
    fn unheard(&self) {
        let mut state = self.lock();
        if state.gone {
            state.why = None;
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
        if was_gone {
            // Whatever is still wrong is heard anew with the first that is brought there.
            state.why = None;
        }
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

    /// Why it does not take what it is sent, if it said so lately.
    pub(super) fn why(&self) -> Option<Arc<str>> {
        self.lock().why().cloned()
    }

    /// What `safe` is worth in the tier, as last known.
    pub(super) fn guarantee(&self) -> Guarantee {
        self.lock().guarantee.clone()
    }
}

/// A refusal for whoever runs the tier.
fn words(error: &BackboneError) -> Arc<str> {
    match error {
        BackboneError::Full => "the shared tier is full: make room there, or give it more".into(),
        BackboneError::Failed { reason } => Arc::clone(reason),
        other => other.to_string().into(),
    }
}

/// Whether an error leaves open what became of the call.
pub(super) const fn means_unknown(error: &BackboneError) -> bool {
    match error {
        BackboneError::Full | BackboneError::Failed { .. } | BackboneError::Closed => true,
        BackboneError::OverBound { .. }
        | BackboneError::NoSuchSession
        | BackboneError::Damaged { .. }
        | BackboneError::Newer { .. } => false,
    }
}
