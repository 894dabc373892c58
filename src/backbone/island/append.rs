//! Appends: to the tier, or into the local store.
//!
//! Owns: where each append of a batch goes. Must not: answer anything that is durable nowhere. Called by: the island.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::inner::{Inner, unknown_here};
use super::tier::means_unknown;
use crate::backbone::astray::Astray;
use crate::backbone::{Append, Appended, BATCH_MAX_APPENDS, BackboneError, Ring};

/// What becomes of one append.
type Outcome = Result<Appended, BackboneError>;
/// An append with its place in the batch.
type Placed = (usize, Append);
/// The sessions of which appends are counted as on their way.
type Begun = Vec<callbox_proto::ids::SessionId>;

/// Appends of one batch on their way.
struct Batch {
    outcomes: Vec<Option<Outcome>>,
    /// For the tier.
    there: Vec<Placed>,
    /// For the local store.
    here: Vec<Placed>,
    /// Those of them whose session was kept already.
    begun: Begun,
}

impl Batch {
    /// Answers an append that is written nowhere.
    fn refuse(&mut self, place: usize, append: &Append, outcome: Outcome, astray: &mut Astray) {
        astray.note(append, &outcome);
        self.outcomes[place] = Some(outcome);
    }
}

/// Writes a batch; answers each append in order.
pub(super) async fn append(inner: &Arc<Inner>, batch: Vec<Append>) -> Vec<Outcome> {
    let count = batch.len();
    if count > BATCH_MAX_APPENDS {
        let what = "appends in a batch";
        return vec![Err(BackboneError::OverBound { what }); count];
    }
    let mut on_way = sort_out(inner, batch);
    let late = ask_tier(inner, &mut on_way).await;
    let unkept = keep(inner, &mut on_way).await;
    if let Some(late) = late
        && !unkept.is_empty()
    {
        wait_longer(inner, late, unkept, &mut on_way.outcomes).await;
    }
    let missing = || Err(unknown_here());
    on_way
        .outcomes
        .into_iter()
        .map(|outcome| outcome.unwrap_or_else(missing))
        .collect()
}

fn sort_out(inner: &Inner, batch: Vec<Append>) -> Batch {
    let gone = inner.tier.is_gone();
    let mut sorted = Batch {
        outcomes: vec![None; batch.len()],
        there: Vec::new(),
        here: Vec::new(),
        begun: Vec::new(),
    };
    let mut kept = inner.kept();
    let mut astray = Astray::default();
    for (place, mut append) in batch.into_iter().enumerate() {
        if astray.leads_to(&append) {
            sorted.refuse(
                place,
                &append,
                Ok(Appended::Conflict { head: 0 }),
                &mut astray,
            );
        } else if let Err(error) = append.check_bounds() {
            sorted.refuse(place, &append, Err(error), &mut astray);
        } else if kept.begin(append.session) {
            sorted.begun.push(append.session);
            sorted.here.push((place, append));
        } else if gone {
            sorted.here.push((place, append));
        } else if !inner.may_go_without_own_epoch(&mut append) {
            let head = append.expected;
            sorted.refuse(place, &append, Ok(Appended::Conflict { head }), &mut astray);
        } else {
            sorted.there.push((place, append));
        }
    }
    sorted
}

/// A call to the tier that has not been answered in time, with the places of its appends.
struct Late {
    call: JoinHandle<Vec<Outcome>>,
    places: Vec<usize>,
    started: Instant,
}

/// Asks the tier; what it does not answer goes to the local store.
async fn ask_tier(inner: &Arc<Inner>, batch: &mut Batch) -> Option<Late> {
    if batch.there.is_empty() {
        return None;
    }
    let there = std::mem::take(&mut batch.there);
    let appends: Vec<_> = there.iter().map(|(_, append)| append.clone()).collect();
    let started = Instant::now();
    let asked = Arc::clone(inner);
    // A task of its own: whoever stops waiting does not cut a call in the middle.
    let mut call = tokio::spawn(async move {
        let outcomes = asked.tier.shared.append(appends).await;
        if outcomes.iter().any(answers) {
            asked.tier.answered();
        }
        if let Some(Err(error)) = outcomes.iter().find(|outcome| !answers(outcome)) {
            asked.tier.refused(error);
        }
        outcomes
    });
    match tokio::time::timeout(inner.tier.patience(), &mut call).await {
        Ok(outcomes) => {
            let outcomes = outcomes.unwrap_or_default();
            if !outcomes.iter().any(answers) {
                inner.tier.silent(started);
            }
            let mut outcomes = outcomes.into_iter();
            for (place, append) in there {
                take_answer(inner, batch, place, append, outcomes.next());
            }
            None
        }
        Err(_) => {
            inner.tier.silent(started);
            let places = there.iter().map(|(place, _)| *place).collect();
            batch.here.extend(there);
            Some(Late {
                call,
                places,
                started,
            })
        }
    }
}

fn answers(outcome: &Outcome) -> bool {
    !matches!(outcome, Err(error) if means_unknown(error))
}

fn take_answer(
    inner: &Inner,
    batch: &mut Batch,
    place: usize,
    append: Append,
    outcome: Option<Outcome>,
) {
    match outcome {
        Some(outcome) if answers(&outcome) => {
            if let Ok(Appended::Stored { last, .. }) = outcome {
                inner.cache().wrote(&append, last);
            }
            batch.outcomes[place] = Some(outcome);
        }
        Some(_) | None => batch.here.push((place, append)),
    }
}

/// Adopts what the tier did not take; answers the places of what the local store did not take either.
async fn keep(inner: &Inner, batch: &mut Batch) -> Vec<usize> {
    let mut here = std::mem::take(&mut batch.here);
    if here.is_empty() {
        return Vec::new();
    }
    // In the order of the batch: some come from the tier's silence, some were meant for here.
    here.sort_by_key(|(place, _)| *place);
    let mut placed = Vec::with_capacity(here.len());
    let (mut astray, mut begin) = (Astray::default(), HashSet::new());
    for (place, mut append) in here {
        let begins = !begin.contains(&append.session);
        let refused = match astray.leads_to(&append) {
            true => Some(Ok(Appended::Conflict { head: 0 })),
            false => prepare(inner, &mut append, begins),
        };
        match refused {
            Some(outcome) => batch.refuse(place, &append, outcome, &mut astray),
            None => {
                begin.insert(append.session);
                placed.push((place, append));
            }
        }
    }
    let appends = placed.iter().map(|(_, append)| append.clone()).collect();
    let outcomes = inner.local.adopt(appends).await;
    let mut unkept = Vec::new();
    for ((place, append), outcome) in placed.into_iter().zip(outcomes) {
        if outcome.is_err() {
            unkept.push(place);
        }
        batch.outcomes[place] = Some(kept(inner, &append, outcome));
    }
    let mut sessions = inner.kept();
    batch
        .begun
        .drain(..)
        .for_each(|session| sessions.end(session));
    drop(sessions);
    unkept
}

/// Makes an append fit for the local store, or answers it at once. `begins`: none of its session is before it.
fn prepare(inner: &Inner, append: &mut Append, begins: bool) -> Option<Outcome> {
    let session = append.session;
    if let Some(epoch) = append.claim_epoch.take()
        && !inner.complete_claim(session, epoch)
    {
        let head = append.expected;
        return Some(Ok(Appended::Conflict { head }));
    }
    if inner.kept_range(session).is_some() {
        return None;
    }
    let cache = inner.cache();
    // Done before, and the answer was lost.
    if let Some((first, last)) = cache.find_command(session, append.command) {
        return Some(Ok(Appended::Duplicate { first, last }));
    }
    if append.index.is_none() && begins {
        // A log that starts here needs the row it goes on from.
        match cache.session(session) {
            Some(known) => append.index = Some(known.row),
            None => return Some(Err(unknown_here())),
        }
    }
    None
}

/// What the local store's outcome means for the caller.
fn kept(inner: &Inner, append: &Append, outcome: Outcome) -> Outcome {
    match outcome? {
        Appended::Stored { first, last } => {
            let now_ms = inner.clock.now_ms();
            let mut kept = inner.kept();
            let row = append.index.clone();
            if let Some(row) = row.or_else(|| row_of(&kept, append)) {
                kept.kept(append, &row, last, now_ms);
            }
            drop(kept);
            inner
                .version
                .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            metrics::counter!("callbox_island_kept_total").increment(append.records.len() as u64);
            let ring = Ring::Appended {
                session: append.session,
                head: last,
                records: Arc::default(),
            };
            inner.ring(&append.agency, ring);
            inner.more.notify_one();
            Ok(Appended::Kept { first, last })
        }
        Appended::Duplicate { first, last } => Ok(Appended::Kept { first, last }),
        other => Ok(other),
    }
}

/// The row of a session that is kept already, as far as the map needs it.
fn row_of(kept: &super::kept::Sessions, append: &Append) -> Option<crate::backbone::IndexRow> {
    let known = kept.get(append.session)?;
    Some(crate::backbone::IndexRow {
        queue: known.queue.clone(),
        standing: known.standing.clone(),
        summary: bytes::Bytes::new(),
    })
}

/// Neither answered in time nor kept: the tier's answer may still come before it counts as gone.
async fn wait_longer(
    inner: &Inner,
    late: Late,
    unkept: Vec<usize>,
    outcomes: &mut [Option<Outcome>],
) {
    let left: Duration = inner
        .tier
        .timing
        .gone_after
        .saturating_sub(late.started.elapsed());
    let Ok(Ok(answered)) = tokio::time::timeout(left, late.call).await else {
        return;
    };
    for (place, outcome) in late.places.into_iter().zip(answered) {
        if unkept.contains(&place) && answers(&outcome) {
            outcomes[place] = Some(outcome);
        }
    }
}
