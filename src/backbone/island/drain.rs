//! The way back: asking a silent tier whether it lives, and bringing to it what was kept.
//!
//! Owns: the order and the pace of the drain, and what a conflict leads to. Must not: hold up appends, or take more of the tier
//! than [`PAUSE_PER_WORK`] leaves. Called by: two tasks of the island.
//!
//! Each session's commands go one after the other, under their own ids: what had arrived after all is a duplicate. A batch has at
//! most one command of a session, so that nothing is written behind a command that was not. What is kept meanwhile joins the
//! end. A session whose numbers fit is confirmed; one that others went on with gets new places for its commands.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use callbox_proto::ids::{AgencyId, SessionId};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::inner::Inner;
use super::tier::{Answer, means_unknown};
use crate::backbone::{Append, Appended, BATCH_MAX_APPENDS, BackboneError, Ring, Seq};

/// Pause for each second the tier worked for the drain: with 4 the drain has a fifth of it.
const PAUSE_PER_WORK: u32 = 4;
/// A batch of few appends is mostly waiting for the disk and the network, which others do at the same time: it counts as
/// this many at least.
const PAUSE_MIN_APPENDS: usize = 32;
/// What a full batch takes of the tier at most: 512 appends at some 25 µs, three times over. An answer that takes longer was waiting
/// behind others and for the disk, which costs the tier nothing: pausing for that, too, would stretch the drain as the traffic
/// beside it grows.
const WORK_MAX: Duration = Duration::from_millis(40);
/// How long the drain waits for one batch. Longer than a caller does: nobody waits for this answer.
const BATCH_WITHIN: Duration = Duration::from_secs(5);
/// Sessions in work at once.
const ACTIVE_MAX: usize = BATCH_MAX_APPENDS;
/// Commands read ahead of one session.
const AHEAD_COMMANDS: usize = 64;
/// Confirmed commands of a session after which its clients are told, though more are on their way.
const TELL_EVERY_COMMANDS: u32 = 64;
/// Times a session is given a new place in a row before others have their turn: somebody else writes to it as fast.
const REBASES_MAX: u32 = 8;
/// How long a session is left alone whose records cannot be brought to the tier.
const SET_ASIDE: Duration = Duration::from_secs(60);
/// How long the drain rests when it has nothing to do and nobody woke it.
const IDLE: Duration = Duration::from_secs(1);
/// How long it waits for what is on its way into the local store.
const PROBABLY_SOON: Duration = Duration::from_millis(5);
/// How long a probe's lease lives, in ms.
const PROBE_TTL_MS: u64 = 5_000;

/// Asks a silent tier whether it lives.
pub(super) async fn probe(inner: Arc<Inner>, stop: CancellationToken) {
    let tier = &inner.tier;
    let name = format!("probe/{}", inner.node);
    let mut tick = tokio::time::interval(tier.timing.probe_every);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = tick.tick() => {}
        }
        report(&inner);
        if tier.is_lively() {
            continue;
        }
        let was_gone = tier.is_gone();
        // A lease is written: a tier that only reads is no help.
        let call = tier.shared.take_lease(&name, &inner.node, PROBE_TTL_MS);
        let answer = tokio::select! {
            () = stop.cancelled() => return,
            answer = tier.ask(tier.timing.gone_after, call) => answer,
        };
        if matches!(answer, Answer::Said(Ok(_))) {
            tier.is_back();
        }
        if tier.is_gone() != was_gone {
            // Lists, figures and who is where may all be different now.
            inner.bell.ring_missed();
            inner.more.notify_one();
        }
    }
}

fn report(inner: &Inner) {
    let here = inner.kept().here();
    let now_ms = inner.clock.now_ms();
    let age_ms = here
        .since_ms
        .map_or(0, |since| now_ms.saturating_sub(since));
    metrics::gauge!("callbox_island_kept_records").set(here.records as f64);
    metrics::gauge!("callbox_island_kept_oldest_seconds").set(age_ms as f64 / 1_000.0);
    metrics::gauge!("callbox_island_cache_bytes").set(inner.cache().bytes() as f64);
}

/// Brings what is kept to the tier whenever it answers.
pub(super) async fn run(inner: Arc<Inner>, stop: CancellationToken) {
    let mut drain = Drain {
        inner: Arc::clone(&inner),
        active: HashMap::new(),
        aside: HashMap::new(),
    };
    loop {
        let pause = drain.step().await;
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
            () = inner.more.notified(), if pause == IDLE => {}
        }
    }
}

/// A session in work.
#[derive(Debug)]
struct Active {
    agency: AgencyId,
    ahead: VecDeque<Append>,
    read_to: Seq,
    untold: u32,
}

struct Drain {
    inner: Arc<Inner>,
    active: HashMap<SessionId, Active>,
    aside: HashMap<SessionId, Instant>,
}

/// What became of one command.
enum Fate {
    Confirmed(Seq),
    Moved,
    Unknown(BackboneError),
    Refused(BackboneError),
}

impl Drain {
    /// One batch; answers how long to pause.
    async fn step(&mut self) -> Duration {
        if self.inner.tier.is_gone() {
            self.active.clear();
            return IDLE;
        }
        self.aside.retain(|_, until| *until > Instant::now());
        self.choose();
        if self.active.is_empty() {
            return IDLE;
        }
        if let Err(error) = self.read_ahead().await {
            tracing::error!(%error, "what is kept could not be read");
            return IDLE;
        }
        let batch: Vec<Append> = self
            .active
            .values()
            .filter_map(|active| active.ahead.front().cloned())
            .collect();
        let finished = self.finished();
        if batch.is_empty() && finished.is_empty() {
            // An append is just on its way into the local store.
            return PROBABLY_SOON;
        }
        let count = batch.len();
        let started = Instant::now();
        let (moved, unknown) = self.send(batch).await;
        let mut worked = started.elapsed();
        for session in moved {
            let started = Instant::now();
            self.rebase(session).await;
            worked += started.elapsed();
        }
        let pause = pause_after(worked, count);
        let resting = Instant::now();
        self.let_go(finished).await;
        if unknown {
            return IDLE;
        }
        // Dropping what is done is this node's own work: it counts as rest for the tier.
        pause.saturating_sub(resting.elapsed())
    }

    /// Takes the most urgent sessions into work.
    fn choose(&mut self) {
        let free = ACTIVE_MAX.saturating_sub(self.active.len());
        if free == 0 {
            return;
        }
        let kept = self.inner.kept();
        let mut waiting: Vec<_> = kept
            .iter()
            .filter(|(id, _)| !self.active.contains_key(id) && !self.aside.contains_key(id))
            .map(|(id, session)| (session.urgency(), id))
            .collect();
        if waiting.len() > free {
            waiting.select_nth_unstable(free);
        }
        for (_, id) in waiting.into_iter().take(free) {
            if let Some(session) = kept.get(id) {
                let active = Active {
                    agency: session.agency.clone(),
                    ahead: VecDeque::new(),
                    read_to: session.confirmed,
                    untold: 0,
                };
                self.active.insert(id, active);
            }
        }
    }

    async fn read_ahead(&mut self) -> Result<(), BackboneError> {
        for (session, active) in &mut self.active {
            if !active.ahead.is_empty() {
                continue;
            }
            let local = &self.inner.local;
            let read = local
                .kept_appends(*session, active.read_to, AHEAD_COMMANDS)
                .await;
            match read {
                Ok(appends) => {
                    if let Some(last) = appends.last() {
                        active.read_to = last.expected + last.records.len() as Seq;
                    }
                    active.ahead.extend(appends);
                }
                Err(error @ BackboneError::Damaged { .. }) => {
                    tracing::error!(%error, "a kept session cannot be brought to the shared tier");
                    self.aside.insert(*session, Instant::now() + SET_ASIDE);
                }
                Err(error) => return Err(error),
            }
        }
        let aside = &self.aside;
        self.active
            .retain(|session, _| !aside.contains_key(session));
        Ok(())
    }

    /// Sessions whose every kept command is in the tier. From here on their appends go there.
    fn finished(&mut self) -> Vec<(SessionId, Seq)> {
        let done: Vec<_> = self
            .active
            .iter()
            .filter(|(_, active)| active.ahead.is_empty())
            .map(|(session, active)| (*session, active.read_to))
            .collect();
        let mut gone = Vec::new();
        for (session, head) in done {
            if self.inner.kept().leave(session, head).is_none() {
                // More has come: it is read with the next batch.
                continue;
            }
            if let Some(active) = self.active.remove(&session) {
                let up_to = head;
                self.inner
                    .ring(&active.agency, Ring::Confirmed { session, up_to });
            }
            gone.push((session, head));
        }
        gone
    }

    /// Sends a batch; answers which sessions others went on with, and whether something is unknown.
    async fn send(&mut self, batch: Vec<Append>) -> (Vec<SessionId>, bool) {
        if batch.is_empty() {
            return (Vec::new(), false);
        }
        let started = Instant::now();
        let inner = Arc::clone(&self.inner);
        let tier = &inner.tier;
        let call = tier.shared.append(batch.clone());
        let Ok(outcomes) = tokio::time::timeout(BATCH_WITHIN, call).await else {
            tier.silent(started);
            return (Vec::new(), true);
        };
        let (mut moved, mut unknown, mut answered) = (Vec::new(), false, false);
        for (append, outcome) in batch.iter().zip(outcomes) {
            let fate = fate_of(append, outcome);
            answered |= !matches!(fate, Fate::Unknown(_));
            match fate {
                Fate::Confirmed(last) => self.confirm(append, last),
                Fate::Moved => moved.push(append.session),
                Fate::Unknown(error) => {
                    tier.refused(&error);
                    unknown = true;
                }
                Fate::Refused(error) => self.set_aside(append.session, &error),
            }
        }
        if answered {
            tier.answered();
        } else {
            tier.silent(started);
        }
        (moved, unknown)
    }

    fn confirm(&mut self, append: &Append, last: Seq) {
        self.inner.cache().wrote(append, last);
        self.inner.kept().confirm(append.session, last);
        metrics::counter!("callbox_island_confirmed_total").increment(append.records.len() as u64);
        let Some(active) = self.active.get_mut(&append.session) else {
            return;
        };
        active.ahead.pop_front();
        active.untold += 1;
        if active.untold >= TELL_EVERY_COMMANDS {
            active.untold = 0;
            let (session, up_to) = (append.session, last);
            self.inner
                .ring(&append.agency, Ring::Confirmed { session, up_to });
        }
    }

    fn set_aside(&mut self, session: SessionId, error: &BackboneError) {
        tracing::error!(%error, %session, "the shared tier refuses a kept session; it stays here and is tried again");
        metrics::counter!("callbox_island_refused_total").increment(1);
        self.active.remove(&session);
        self.aside.insert(session, Instant::now() + SET_ASIDE);
    }

    /// Lets go of what is in the tier.
    async fn let_go(&self, sessions: Vec<(SessionId, Seq)>) {
        if sessions.is_empty() {
            return;
        }
        if let Err(error) = self.inner.local.drop_kept(sessions).await {
            // It is brought again after a restart, and is a duplicate then.
            tracing::warn!(%error, "what is safe in the shared tier could not be dropped here");
        }
    }

    /// Gives a session's commands their places behind what others wrote.
    async fn rebase(&mut self, session: SessionId) {
        self.active.remove(&session);
        for _ in 0..REBASES_MAX {
            match self.rebase_once(session).await {
                Ok(true) => return,
                Ok(false) => {}
                Err(error) if means_unknown(&error) => return self.inner.tier.refused(&error),
                Err(error) => return self.set_aside(session, &error),
            }
        }
    }

    /// `true` when everything has its place; `false` when something was written meanwhile, there or here.
    async fn rebase_once(&self, session: SessionId) -> Result<bool, BackboneError> {
        let inner = &self.inner;
        let Some((base, after)) = inner
            .kept()
            .get(session)
            .map(|kept| (kept.base, kept.confirmed))
        else {
            return Ok(true);
        };
        let kept = self.all_kept(session, base).await?;
        let head = kept
            .last()
            .map_or(base, |last| last.expected + last.records.len() as Seq);
        let agency = match kept.first() {
            Some(first) => first.agency.clone(),
            // Nothing is kept of it after all.
            None => return Ok(inner.kept().leave(session, head).is_some()),
        };
        let shared = inner.tier.shared.as_ref();
        let moved = within(inner.rebase.rebase(shared, kept)).await?;
        for append in moved {
            let mut outcomes =
                within(async { Ok(shared.append(vec![append.clone()]).await) }).await?;
            match outcomes.pop() {
                Some(Ok(Appended::Stored { last, .. })) => inner.cache().wrote(&append, last),
                Some(Ok(Appended::Duplicate { .. })) => {}
                Some(Ok(Appended::Conflict { .. } | Appended::Kept { .. })) => return Ok(false),
                Some(Err(error)) => return Err(error),
                None => return Ok(false),
            }
            metrics::counter!("callbox_island_rebased_total").increment(1);
        }
        if inner.kept().leave(session, head).is_none() {
            return Ok(false);
        }
        tracing::info!(%session, "others went on with a session meanwhile; what was kept stands behind it");
        inner.ring(&agency, Ring::Rewound { session, after });
        self.let_go(vec![(session, head)]).await;
        Ok(true)
    }

    async fn all_kept(&self, session: SessionId, base: Seq) -> Result<Vec<Append>, BackboneError> {
        let mut all: Vec<Append> = Vec::new();
        loop {
            let after = all
                .last()
                .map_or(base, |last| last.expected + last.records.len() as Seq);
            let page = self
                .inner
                .local
                .kept_appends(session, after, BATCH_MAX_APPENDS)
                .await?;
            if page.is_empty() {
                return Ok(all);
            }
            all.extend(page);
        }
    }
}

async fn within<T>(
    call: impl Future<Output = Result<T, BackboneError>>,
) -> Result<T, BackboneError> {
    match tokio::time::timeout(BATCH_WITHIN, call).await {
        Ok(said) => said,
        Err(_) => Err(super::inner::unknown_here()),
    }
}

fn fate_of(append: &Append, outcome: Result<Appended, BackboneError>) -> Fate {
    let fits = |first: Seq, last: Seq| {
        first == append.expected + 1 && last == append.expected + append.records.len() as Seq
    };
    match outcome {
        Ok(Appended::Stored { first, last } | Appended::Duplicate { first, last })
            if fits(first, last) =>
        {
            Fate::Confirmed(last)
        }
        Ok(_) => Fate::Moved,
        Err(error) if means_unknown(&error) => Fate::Unknown(error),
        Err(error) => Fate::Refused(error),
    }
}

fn pause_after(worked: Duration, appends: usize) -> Duration {
    let share =
        appends.clamp(PAUSE_MIN_APPENDS, BATCH_MAX_APPENDS) as f64 / BATCH_MAX_APPENDS as f64;
    worked
        .min(WORK_MAX)
        .mul_f64(share * f64::from(PAUSE_PER_WORK))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_batch_is_followed_by_four_times_its_time() {
        let worked = Duration::from_millis(10);
        assert_eq!(pause_after(worked, BATCH_MAX_APPENDS), worked * 4);
        assert!(pause_after(worked, 1) < worked);
        assert_eq!(pause_after(WORK_MAX * 9, BATCH_MAX_APPENDS), WORK_MAX * 4);
    }
}
