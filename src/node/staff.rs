//! Staff on this node: signing in and out, taking the next session, following and typing.
//!
//! Owns: what a console does besides plain commands. Must not: check roles (asked by `transport` before). Called by:
//! `transport` for staff connections.

use std::sync::Arc;

use callbox_domain::session::Refusal;
use callbox_proto::bounds::HISTORY_MAX_ROWS;
use callbox_proto::command::StaffCommand;
use callbox_proto::error::{CloseCode, ErrorCode};
use callbox_proto::event::Actor;
use callbox_proto::ids::{CommandId, ConnectionId, QueueId, SessionId, StaffId};
use callbox_proto::message::{RealTimeText, SessionRow, ToResident, ToStaff};
use callbox_proto::vocabulary::{AgentReason, AgentState, Role, Seq};

use super::Node;
use super::agency::Agency;
use super::cell::{Audience, Cell};
use super::frame::{Shared, encode};
use super::outbox::Outbox;
use super::pending::{Pending, Reply, Wish};
use super::{index, lock};
use crate::backbone::{
    BackboneError, Claim, IndexCursor, IndexedSession, Lane, READ_MAX_ROWS, StandingKind,
};

/// How long a claim may wait for its append: far longer than a commit takes, short enough to give a lost one back.
const CLAIM_LEASE_MS: u64 = 5_000;
/// Claims tried for one take-next before telling that nothing waits: others were quicker each time.
const CLAIM_TRIES_MAX: usize = 16;

/// A signed-in person on one connection.
#[derive(Debug, Clone)]
pub struct Person {
    /// Whose.
    pub agency: Arc<Agency>,
    /// Who.
    pub staff: StaffId,
    /// Name on the screen.
    pub name: String,
    /// Role.
    pub role: Role,
}

impl Node {
    /// A console signs in. Somebody who is signed in at another node keeps the state they have there.
    pub fn sign_in(&self, person: &Person, outbox: &Arc<Outbox>) {
        let now_ms = self.clock.now_ms();
        let mut roster = lock(&person.agency.roster);
        if person.role == Role::Wallboard {
            if let Some(surplus) = roster.open_wall(Arc::clone(outbox)) {
                surplus.close(CloseCode::Replaced);
            }
            return;
        }
        let surplus = roster.sign_in(
            &person.staff,
            &person.name,
            person.role,
            Arc::clone(outbox),
            now_ms,
        );
        if let Some(there) = person.agency.around.elsewhere().person(&person.staff) {
            roster.keep(there);
        }
        drop(roster);
        self.tell_people(&person.agency);
        if let Some(together) = &self.together {
            together.tenure.want();
        }
        if let Some(surplus) = surplus {
            surplus.close(CloseCode::Replaced);
        }
        self.timers
            .console_is_back(person.agency.id(), &person.staff);
        person.agency.mark_changed();
    }

    /// A console is gone. With a person's last one anywhere, their sessions go back to the queue after a grace: at once for one
    /// that was `frozen`, which had its grace, and later where this node sends its consoles away itself.
    pub fn sign_out(&self, person: &Person, connection: ConnectionId, frozen: bool) {
        if person.role == Role::Wallboard {
            return lock(&person.agency.roster).close_wall(connection);
        }
        let last = lock(&person.agency.roster).sign_out(&person.staff, connection);
        self.tell_people(&person.agency);
        if last && !person.agency.around.has_signed_in(&person.staff) {
            let grace_ms = if frozen {
                0
            } else if self.is_draining() {
                self.limits.restart_grace_ms
            } else {
                self.limits.console_grace_ms
            };
            let due = self.clock.monotonic_ms() + grace_ms;
            self.timers
                .console_is_away(person.agency.id(), &person.staff, due);
        }
        person.agency.mark_changed();
    }

    /// Registers a console for queues. Unknown queues are refused.
    ///
    /// # Errors
    /// [`ErrorCode::NoSuchTarget`].
    pub fn register(
        &self,
        person: &Person,
        connection: ConnectionId,
        queues: Vec<QueueId>,
    ) -> Result<(), ErrorCode> {
        let policy = person.agency.policy();
        if queues.iter().any(|queue| !policy.has_queue(queue)) {
            return Err(ErrorCode::NoSuchTarget);
        }
        lock(&person.agency.roster).register(&person.staff, connection, queues);
        self.tell_people(&person.agency);
        person.agency.mark_changed();
        Ok(())
    }

    /// Sets whether a person can take sessions.
    pub fn set_agent_state(&self, person: &Person, state: AgentState, reason: Option<AgentReason>) {
        let now_ms = self.clock.now_ms();
        lock(&person.agency.roster).set_state(&person.staff, state, reason, now_ms);
        self.tell_people(&person.agency);
        person.agency.mark_changed();
    }

    /// What a page asked of its person since it told so last.
    pub fn tally(&self, person: &Person, alarms: u32, exposed_ms: u64) {
        let now_ms = self.clock.now_ms();
        lock(&person.agency.roster).tally(&person.staff, alarms, exposed_ms, now_ms);
    }

    /// Takes the next session of the console's queues; the answer goes to the console. The `first` one on a connection may be one
    /// that was sent before, to another node or before a restart: then it is in the log of a session the person owns.
    pub async fn take_next(
        self: &Arc<Self>,
        person: &Person,
        id: CommandId,
        outbox: &Arc<Outbox>,
        first: bool,
    ) {
        let reply = Reply::Staff(Arc::clone(outbox));
        match self.next_for(person, id, outbox.connection(), first).await {
            Ok((session, done)) => self.answer(session, reply, id, done),
            Err(refusal) => reply.refused(id, refusal),
        }
    }

    async fn next_for(
        self: &Arc<Self>,
        person: &Person,
        id: CommandId,
        connection: ConnectionId,
        first: bool,
    ) -> Result<(SessionId, super::pending::Done), Refusal> {
        let mut taken = person.agency.taken_with(&person.staff, id);
        if taken.is_none() && first {
            let found = self.taken_by_log(person, id).await;
            taken = found.map_err(|e| Refusal::from(super::sessions::public(&e)))?;
        }
        if let Some(session) = taken
            && let Some(done) = self.take_one(person, id, session, None).await?
        {
            return Ok((session, done));
        }
        let turn = person.agency.next_lane();
        let taken = self.claim_and_take(person, id, connection, turn).await;
        if taken.is_err() {
            person.agency.give_back_lane(turn);
        }
        taken
    }

    /// The session this person owns whose log has this command.
    async fn taken_by_log(
        &self,
        person: &Person,
        id: CommandId,
    ) -> Result<Option<SessionId>, BackboneError> {
        let mut mine = Vec::new();
        let mut after = None;
        loop {
            let kind = StandingKind::Owned;
            let page = self
                .backbone
                .list(person.agency.id(), kind, after, READ_MAX_ROWS)
                .await?;
            let owned = |row: &&IndexedSession| {
                index::session(&row.row).is_some_and(|s| s.is_owned_by(&person.staff))
            };
            mine.extend(page.rows.iter().filter(owned).map(|row| row.session));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        for session in mine {
            if self.backbone.find_command(session, id).await?.is_some() {
                return Ok(Some(session));
            }
        }
        Ok(None)
    }

    async fn claim_and_take(
        self: &Arc<Self>,
        person: &Person,
        id: CommandId,
        connection: ConnectionId,
        turn: callbox_domain::queue::Lane,
    ) -> Result<(SessionId, super::pending::Done), Refusal> {
        let mut queues = lock(&person.agency.roster).queues_of(&person.staff, connection);
        if queues.is_empty() {
            return Err(ErrorCode::NothingWaits.into());
        }
        queues.extend(index::personal_lane(&person.staff));
        let lane = match turn {
            callbox_domain::queue::Lane::First => Lane::First,
            callbox_domain::queue::Lane::FirstNotUrgent => Lane::FirstNotUrgent,
        };
        let claim = Claim {
            agency: person.agency.id().clone(),
            queues,
            lane,
            lease_ms: CLAIM_LEASE_MS,
        };
        for _ in 0..CLAIM_TRIES_MAX {
            let claimed = self.backbone.claim(claim.clone()).await;
            let claimed = claimed.map_err(|e| Refusal::from(super::sessions::public(&e)))?;
            let Some(claimed) = claimed else { break };
            let epoch = Some(claimed.epoch);
            if let Some(done) = self.take_one(person, id, claimed.session, epoch).await? {
                return Ok((claimed.session, done));
            }
        }
        Err(ErrorCode::NothingWaits.into())
    }

    /// Takes one session for a take-next; `None` when somebody else has it after all. What becomes of it may stay unknown:
    /// then the request stands for this session until it is known, or sending it again would take a second one.
    async fn take_one(
        self: &Arc<Self>,
        person: &Person,
        id: CommandId,
        session: SessionId,
        claim_epoch: Option<u64>,
    ) -> Result<Option<super::pending::Done>, Refusal> {
        let cell = self.cells.get_or_insert(session);
        let (sender, answer) = tokio::sync::oneshot::channel();
        let agency = &person.agency;
        agency.remember_take(&person.staff, id, session);
        self.submit(&cell, take(person, id, claim_epoch, Reply::Wait(sender)));
        let answer = answer.await;
        let refusal = match answer.unwrap_or_else(|_| Err(ErrorCode::GoingDown.into())) {
            Ok(done) => return Ok(Some(done)),
            Err(refusal) => refusal,
        };
        if let Some(epoch) = claim_epoch {
            let _lapsed = self.backbone.release(session, epoch).await;
        }
        match refusal.code {
            ErrorCode::AlreadyTaken | ErrorCode::SessionClosed => {
                agency.forget_take(&person.staff, id);
                Ok(None)
            }
            _ => Err(refusal),
        }
    }

    /// Finds a session of this person's agency; another agency's looks as if there were none.
    ///
    /// # Errors
    /// [`ErrorCode::NoSuchSession`], or the store's failure.
    pub async fn agency_session(
        self: &Arc<Self>,
        person: &Person,
        session: SessionId,
    ) -> Result<Arc<Cell>, ErrorCode> {
        let cell = self.cells.get_or_insert(session);
        let found = self.ensure_loaded(&cell).await;
        let same = {
            let inner = cell.lock();
            let agency = inner.session.as_ref().map(|s| &s.agency);
            agency == Some(person.agency.id())
        };
        match (found, same) {
            (Ok(true), true) => Ok(cell),
            (Err(code), _) => Err(code),
            _ => {
                self.cells.forget_if_idle(session);
                Err(ErrorCode::NoSuchSession)
            }
        }
    }

    /// Follows a session: its row, the resident's link, then its entries after `after`.
    pub fn follow_as(&self, person: &Person, cell: &Cell, outbox: &Arc<Outbox>, after: Seq) {
        let elsewhere = person.agency.around.has_resident(cell.id);
        let inner = cell.lock();
        let Some(session) = &inner.session else {
            return;
        };
        let connected = elsewhere || inner.resident.is_some();
        let head = inner.durable;
        let messages: [ToStaff; 2] = [
            ToStaff::Session {
                row: session.row(cell.id, connected),
                head,
                after,
            },
            ToStaff::Presence {
                session: cell.id,
                connected,
                delivered: inner.resident_delivered,
                seen: inner.resident_seen,
            },
        ];
        drop(inner);
        for message in &messages {
            outbox.push_or_close(encode(outbox.encoding(), message));
        }
        let audience = Audience::Staff {
            staff: person.staff.clone(),
            role: person.role,
        };
        cell.follow(outbox, audience, after);
        self.tell_live(cell);
    }

    /// Entries arrived at a console.
    pub fn console_has(&self, cell: &Cell, up_to: Seq) {
        let mut inner = cell.lock();
        let up_to = up_to.min(inner.durable);
        if up_to > inner.delivered {
            inner.delivered = up_to;
            inner.tell_attention();
            let here = inner.resident.is_some();
            drop(inner);
            if !here
                && self.together.is_some()
                && let Some(agency) = self.agency_of(cell)
            {
                self.tell_delivered(&agency, cell.id, up_to);
            }
        }
    }

    /// What the owner types goes to the resident and to whoever watches; it may be lost.
    pub fn staff_types(&self, person: &Person, cell: &Cell, typed: RealTimeText) {
        let inner = cell.lock();
        if let Some(outbox) = &inner.resident {
            let message = ToResident::RealTimeText(typed.clone());
            let _missed = outbox.push(encode(outbox.encoding(), &message));
        }
        let by = Actor::staff(person.role, person.staff.clone());
        let mut message = Shared::new(ToStaff::RealTimeText {
            session: cell.id,
            by: by.clone(),
            typed: typed.clone(),
        });
        for follower in &inner.followers {
            let watches = matches!(&follower.audience, Audience::Staff { staff, .. } if *staff != person.staff);
            if watches {
                let _missed = message.send(&follower.outbox);
            }
        }
        drop(inner);
        self.tell_typed(cell, &by, &typed);
    }

    /// Finished sessions of an agency, newest (by when they entered their queue) first, from after `after` on; and whether there
    /// are more.
    ///
    /// # Errors
    /// The public code when the store does not answer.
    pub async fn history(
        &self,
        person: &Person,
        after: Option<SessionId>,
    ) -> Result<(Vec<SessionRow>, bool), ErrorCode> {
        let after = match after {
            Some(session) => Some(self.history_cursor(person, session).await?),
            None => None,
        };
        let agency = person.agency.id();
        let page = self
            .backbone
            .list(agency, StandingKind::Closed, after, HISTORY_MAX_ROWS)
            .await
            .map_err(|e| super::sessions::public(&e))?;
        let rows = page
            .rows
            .iter()
            .filter_map(|indexed| Some(index::session(&indexed.row)?.row(indexed.session, false)));
        Ok((rows.collect(), page.next.is_some()))
    }

    async fn history_cursor(
        &self,
        person: &Person,
        session: SessionId,
    ) -> Result<IndexCursor, ErrorCode> {
        let found = self.backbone.find_session(session).await;
        let found = found.map_err(|e| super::sessions::public(&e))?;
        found
            .filter(|indexed| indexed.agency == *person.agency.id())
            .and_then(|indexed| index::session(&indexed.row))
            .map(|state| IndexCursor {
                rank: index::closed_rank(&state),
                session,
            })
            .ok_or(ErrorCode::NoSuchSession)
    }
}

/// This person's wish to take a session.
fn take(person: &Person, id: CommandId, claim_epoch: Option<u64>, reply: Reply) -> Pending {
    Pending {
        id,
        wish: Wish::Staff {
            staff: person.staff.clone(),
            role: person.role,
            command: Box::new(StaffCommand::Take {}),
        },
        claim_epoch,
        reply,
        attempts: 0,
        arrived: 0,
    }
}
