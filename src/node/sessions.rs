//! Sessions of a node: commands in, events out.
//!
//! Owns: the way of a command: find the session, decide, append, then show and answer; asking the role table about people's
//! commands on the state they are decided on. Must not: encode for sockets (that is `cell`), read logs (that is `crossing`).
//! Called by: `Node`'s callers for every command, `appender` with every outcome.

use std::sync::Arc;

use callbox_domain::access::{self, Caller, Target, action_of_staff_command};
use callbox_domain::session::{self, Context, Refusal, Session};
use callbox_proto::error::ErrorCode;
use callbox_proto::event::{Event, Stored};
use callbox_proto::ids::{AgencyId, CommandId, SessionId};
use callbox_proto::vocabulary::{Rung, Seq, Standing};

use super::Node;
use super::agency::Agency;
use super::appender::{Job, Outcome};
use super::cell::{Cell, IN_FLIGHT_MAX, Inner, PARKED_MAX};
use super::figures::{Move, Stand};
use super::index;
use super::pending::{Done, Pending, Wish};
use crate::backbone::{Append, Appended, BackboneError};

/// Entries after which the index row carries the whole state again: reading a session back replays at most these.
const SNAPSHOT_EVERY_ENTRIES: u32 = 64;
/// How often a command is decided again after a conflict before its sender is told to try later.
const ATTEMPTS_MAX: u32 = 8;

impl Node {
    /// Decides a command and sends its events on their way; the answer goes where `pending.reply` says.
    pub fn submit(self: &Arc<Self>, cell: &Arc<Cell>, mut pending: Pending) {
        let mut inner = cell.lock();
        inner.arrivals += 1;
        pending.arrived = inner.arrivals;
        // Nobody is decided before those who wait already.
        if !inner.stale && inner.parked.is_empty() {
            self.decide(cell, &mut inner, pending);
            return;
        }
        if inner.parked.len() >= PARKED_MAX {
            drop(inner);
            pending.reply.refused(pending.id, ErrorCode::TooFast.into());
            return;
        }
        inner.parked.push_back(pending);
        self.load_if_quiet(cell, &mut inner);
    }

    pub(super) fn decide(self: &Arc<Self>, cell: &Arc<Cell>, inner: &mut Inner, pending: Pending) {
        if inner.in_flight >= IN_FLIGHT_MAX {
            pending.reply.refused(pending.id, ErrorCode::TooFast.into());
            return;
        }
        let Some(permit) = self.appenders().and_then(|a| a.reserve(cell.id)) else {
            metrics::counter!("callbox_commands_refused_total", "why" => "appender_full")
                .increment(1);
            pending.reply.refused(pending.id, ErrorCode::TooFast.into());
            return;
        };
        let now_ms = self.clock.now_ms();
        let decided = match (&pending.wish, &inner.session) {
            (Wish::Open { agency, .. }, None) => self
                .agency(agency)
                .ok_or_else(|| Refusal::from(ErrorCode::NoSuchAgency))
                .and_then(|agency| open(&agency, now_ms, &pending).map(|e| (agency, e))),
            (Wish::MakeLink { agency, digest, .. }, None) => self
                .agency(agency)
                .ok_or_else(|| Refusal::from(ErrorCode::NoSuchAgency))
                .and_then(|known| {
                    let policy = known.policy();
                    let context = context(&policy, pending.id, now_ms);
                    session::make_link(context, agency, digest).map(|e| (known, e))
                }),
            (Wish::Open { .. } | Wish::MakeLink { .. }, Some(_)) => Err(ErrorCode::IdReused.into()),
            (Wish::OpenByLink { .. }, None) => Err(ErrorCode::NoSuchLink.into()),
            (_, None) => Err(ErrorCode::NoSuchSession.into()),
            (_, Some(session)) => self
                .agency(&session.agency)
                .ok_or_else(|| Refusal::from(ErrorCode::NoSuchSession))
                .and_then(|agency| {
                    change(cell.id, &agency, now_ms, session, &pending).map(|e| (agency, e))
                }),
        };
        match decided {
            Err(refusal) => self.answer_later(cell, inner, pending, Some(refusal)),
            Ok((_, events)) if events.is_empty() => self.answer_later(cell, inner, pending, None),
            Ok((agency, events)) => {
                let job = self.prepare(cell, inner, &agency, pending, events, now_ms);
                inner.in_flight += 1;
                permit.send(job);
            }
        }
    }

    /// Applies the events to the decided state and puts the append together.
    fn prepare(
        &self,
        cell: &Arc<Cell>,
        inner: &mut Inner,
        agency: &Agency,
        pending: Pending,
        events: Vec<Event>,
        now_ms: u64,
    ) -> Job {
        let before = inner.session.as_ref().map(Stand::from);
        let expected = inner.session.as_ref().map_or(0, |s| s.head);
        let compared = |s: &Session| (s.place, !s.words.is_empty());
        let was = inner.session.as_ref().map(compared);
        let by = pending.wish.actor();
        let mut entries = Vec::with_capacity(events.len());
        for event in events {
            let seq = expected + 1 + entries.len() as u64;
            let entry = Stored {
                at_ms: now_ms,
                by: by.clone(),
                event,
                resident_prev: inner.session.as_ref().map_or(0, |s| s.resident_head),
                destroyed: false,
            };
            match &mut inner.session {
                Some(session) => session.apply(seq, &entry),
                none => *none = Session::begin(&entry),
            }
            entries.push(entry);
        }
        inner.since_snapshot += entries.len() as u32;
        let moved = inner.session.as_ref().map(compared) != was;
        let lists_change = moved || entries.iter().any(|e| index::shows_in_lists(&e.event));
        // On an island every append brings the whole state: what is kept must be readable by itself.
        let snapshot =
            lists_change || inner.since_snapshot >= SNAPSHOT_EVERY_ENTRIES || self.is_island();
        let row = inner.session.as_ref().filter(|_| snapshot).map(index::row);
        if row.is_some() {
            inner.since_snapshot = 0;
        }
        let after = inner.session.as_ref().map(Stand::from);
        let changed = before != after;
        // Whoever owns a session follows it: its messages need no place in the list.
        let unowned = after
            .as_ref()
            .is_some_and(|a| a.standing != Standing::Owned);
        let append = Append {
            agency: agency.id().clone(),
            session: cell.id,
            expected,
            command: pending.id,
            records: entries.iter().map(index::record).collect(),
            index: row,
            claim_epoch: pending.claim_epoch,
        };
        Job {
            cell: Arc::clone(cell),
            generation: inner.generation,
            pending,
            entries,
            append,
            moved: Move {
                listed: lists_change || unowned,
                before: before.filter(|_| changed),
                after: after.filter(|_| changed),
            },
        }
    }

    /// Hands an outcome back: shows and answers what is durable, and has the session read again where it is not as decided.
    pub(super) fn finish(
        self: &Arc<Self>,
        cell: &Arc<Cell>,
        mut pending: Pending,
        entries: &[Stored],
        moved: Move,
        expected: Seq,
        outcome: Outcome,
    ) {
        let mut inner = cell.lock();
        inner.in_flight -= 1;
        match outcome {
            Ok(Appended::Stored { first, last }) => {
                inner.show(cell.id, first, pending.id, entries, false);
                self.after_shown(cell, &mut inner, (first, entries), &moved);
                self.answer_awaiting(cell, &mut inner);
                self.cross_if_behind(cell, &mut inner);
                drop(inner);
                let done = self.done(cell.id, first, last);
                pending.reply.done(cell.id, pending.id, done);
                self.effects(cell, entries);
                return;
            }
            Ok(Appended::Kept { first, last })
                if first == expected + 1 && self.is_kept(cell.id, first) =>
            {
                inner.show(cell.id, first, pending.id, entries, true);
                self.after_shown(cell, &mut inner, (first, entries), &moved);
                self.answer_awaiting(cell, &mut inner);
                inner.answer_stored(cell.id, pending.id, pending.reply, first, last);
                self.cross_if_behind(cell, &mut inner);
                drop(inner);
                self.effects(cell, entries);
                return;
            }
            // Kept before, or it has got its place in the shared log already: there are its numbers.
            Ok(Appended::Kept { last, .. }) => {
                inner.distrust(0);
                inner.reload = true;
                self.answer_from_log(cell, last, pending, None);
            }
            Ok(Appended::Duplicate { first, last }) => {
                inner.distrust(last);
                let done = self.done(cell.id, first, last);
                inner.answer_done(cell.id, pending.id, pending.reply, done);
            }
            Ok(Appended::Conflict { head }) if pending.attempts < ATTEMPTS_MAX => {
                inner.distrust(head);
                pending.attempts += 1;
                pending.claim_epoch = None;
                inner.parked.push_back(pending);
            }
            Ok(Appended::Conflict { head }) => {
                inner.distrust(head);
                let refusal = ErrorCode::StoreUnavailable.into();
                pending.reply.refused(pending.id, refusal);
            }
            Err(error) => {
                inner.distrust(0);
                self.append_failed(&error);
                pending.reply.refused(pending.id, public(&error).into());
            }
        }
        // What was decided on the strength of this one is decided again.
        let awaiting = std::mem::take(&mut inner.awaiting);
        inner
            .parked
            .extend(awaiting.into_iter().map(|(_, pending, _)| pending));
        self.load_if_quiet(cell, &mut inner);
    }

    /// Answers a command that makes no entries, now or once everything that led to the answer is in the log: what is called
    /// "already so" or refused for what others did must itself be there, and the command may be one of those on their way.
    fn answer_later(
        self: &Arc<Self>,
        cell: &Arc<Cell>,
        inner: &mut Inner,
        pending: Pending,
        refusal: Option<Refusal>,
    ) {
        let head = inner.session.as_ref().map_or(0, |s| s.head);
        if head > inner.durable {
            inner.awaiting.push((head, pending, refusal));
        } else {
            self.answer_from_log(cell, head, pending, refusal);
        }
    }

    fn answer_awaiting(self: &Arc<Self>, cell: &Arc<Cell>, inner: &mut Inner) {
        let durable = inner.durable;
        let ready = inner
            .awaiting
            .extract_if(.., |(head, _, _)| *head <= durable);
        for (head, pending, refusal) in ready {
            self.answer_from_log(cell, head, pending, refusal);
        }
    }

    /// Figures and lists follow what is durable.
    fn after_shown(
        &self,
        cell: &Cell,
        inner: &mut Inner,
        (first, entries): (Seq, &[Stored]),
        moved: &Move,
    ) {
        inner.note_seen(entries);
        inner.drop_former_owners((first..).zip(entries));
        // Whoever is away while somebody answers is waited for once nobody does any more.
        let Some(agency) = inner.session.as_ref().and_then(|s| self.agency(&s.agency)) else {
            return;
        };
        let waits = |stand: &Stand| stand.standing == Standing::Waiting;
        let away = inner.resident.is_none() && !agency.around.has_resident(cell.id);
        if away && moved.after.as_ref().is_some_and(waits) {
            let due = self.clock.monotonic_ms() + self.limits.resume_grace_ms;
            self.timers.resident_is_away(cell.id, due);
        }
        if moved.listed {
            agency.moved(cell.id, moved, self.clock.now_ms());
            if moved.before.is_some() || moved.after.is_some() {
                self.tell_moved(&agency, cell.id, moved);
            }
        }
    }

    fn append_failed(&self, error: &BackboneError) {
        metrics::counter!("callbox_appends_failed_total").increment(1);
        tracing::error!(%error, "an append failed; its sender was told to try again");
    }

    /// What a receipt says of these entries here.
    pub(super) fn done(&self, session: SessionId, first: Seq, last: Seq) -> Done {
        let rung = if self.backbone.is_safe(session, last) {
            Rung::Safe
        } else {
            Rung::Stored
        };
        Done { first, last, rung }
    }

    /// A command that would be refused or change nothing may have been done before: the log knows. Only when it does not is
    /// the command refused, or was already so at `head`. Answers may overtake each other: each names its command.
    pub(super) fn answer_from_log(
        self: &Arc<Self>,
        cell: &Arc<Cell>,
        head: Seq,
        pending: Pending,
        refusal: Option<Refusal>,
    ) {
        let (node, cell) = (Arc::clone(self), Arc::clone(cell));
        self.tasks.spawn(async move {
            let session = cell.id;
            let found = node.find_settled(session, pending.id).await;
            if matches!(found, Ok(None)) && node.others_know_more(&cell, head, &pending).await {
                let attempts = pending.attempts + 1;
                return node.submit(
                    &cell,
                    Pending {
                        attempts,
                        ..pending
                    },
                );
            }
            let place = match (found, refusal) {
                (Ok(Some(place)), _) => place,
                (Ok(None), None) => (head, head),
                (Ok(None), Some(refusal)) => return pending.reply.refused(pending.id, refusal),
                (Err(error), _) => {
                    return pending.reply.refused(pending.id, public(&error).into());
                }
            };
            let mut inner = cell.lock();
            let done = node.done(session, place.0, place.1);
            inner.answer_done(session, pending.id, pending.reply, done);
        });
    }

    /// Whether the log has grown beyond what an answer was decided on, by other nodes: nothing is refused, and nothing called
    /// "already so", for what is no longer true. The session is read on.
    async fn others_know_more(
        self: &Arc<Self>,
        cell: &Arc<Cell>,
        head: Seq,
        pending: &Pending,
    ) -> bool {
        if self.together.is_none() || pending.attempts >= ATTEMPTS_MAX {
            return false;
        }
        let indexed = self.backbone.find_session(cell.id).await;
        let Ok(Some(indexed)) = indexed else {
            return false;
        };
        let more = indexed.head > head;
        if more {
            self.log_has_grown(cell.id, indexed.head, &[]);
        }
        more
    }

    /// Where a command's entries are, not while they are given other numbers.
    async fn find_settled(
        &self,
        session: SessionId,
        command: CommandId,
    ) -> Result<Option<(Seq, Seq)>, BackboneError> {
        loop {
            let before = self.backbone.kept_after(session);
            let found = self.backbone.find_command(session, command).await?;
            if before.is_some() == self.backbone.kept_after(session).is_some() {
                return Ok(found);
            }
        }
    }
}

impl Inner {
    /// Whether the session is this agency's.
    #[must_use]
    pub fn is_of(&self, agency: &AgencyId) -> bool {
        self.session.as_ref().is_some_and(|s| s.agency == *agency)
    }

    /// Whether the session is finished.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.session
            .as_ref()
            .is_some_and(|s| s.standing == Standing::Closed)
    }
}

fn open(agency: &Agency, now_ms: u64, pending: &Pending) -> Result<Vec<Event>, Refusal> {
    let Wish::Open {
        agency: id,
        resident,
        opening,
    } = &pending.wish
    else {
        return Err(ErrorCode::Internal.into());
    };
    let policy = agency.policy();
    session::open(context(&policy, pending.id, now_ms), id, *resident, opening)
}

fn change(
    id: SessionId,
    agency: &Agency,
    now_ms: u64,
    state: &Session,
    pending: &Pending,
) -> Result<Vec<Event>, Refusal> {
    let command = pending.wish.command().ok_or(ErrorCode::Internal)?;
    may(id, state, &pending.wish)?;
    let policy = agency.policy();
    session::decide(state, context(&policy, pending.id, now_ms), command)
}

/// Asks the role table about a person's command, on the very state it is decided on: who owns the session may have changed
/// since the message came.
fn may(id: SessionId, state: &Session, wish: &Wish) -> Result<(), Refusal> {
    let Wish::Staff {
        staff,
        role,
        command,
    } = wish
    else {
        return Ok(());
    };
    let caller = Caller::Staff {
        role: *role,
        agency: state.agency.clone(),
        staff: staff.clone(),
    };
    access::may(
        &caller,
        action_of_staff_command(command),
        &Target::of(id, state),
    )
    .map_err(|refusal| refusal.code().into())
}

const fn context(
    policy: &callbox_domain::policy::Policy,
    id: CommandId,
    now_ms: u64,
) -> Context<'_> {
    Context { id, now_ms, policy }
}

/// The public code of a backbone's failure: the sender keeps what it has and tries again, or learns that it never fits.
pub(super) fn public(error: &BackboneError) -> ErrorCode {
    match error {
        BackboneError::OverBound { .. } => ErrorCode::TooLong,
        BackboneError::NoSuchSession => ErrorCode::NoSuchSession,
        BackboneError::Damaged { .. } | BackboneError::Newer { .. } => ErrorCode::Internal,
        BackboneError::Full | BackboneError::Failed { .. } => ErrorCode::StoreUnavailable,
        BackboneError::Closed => ErrorCode::GoingDown,
    }
}
