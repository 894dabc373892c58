//! Residents on this node: opening, coming back, going away, and what passes by without being logged.
//!
//! Owns: the link between a resident's connection and its session. Must not: decide (that is `sessions`). Called by:
//! `transport` for residents' connections.

use std::sync::Arc;

use callbox_domain::session::GatewayCommand;
use callbox_proto::command::Opening;
use callbox_proto::error::{CloseCode, ErrorCode};
use callbox_proto::event::{Actor, Event};
use callbox_proto::ids::{AgencyId, CommandId, ConnectionId, ResidentId, SessionId};
use callbox_proto::message::{RealTimeText, ToResident, ToStaff};
use callbox_proto::vocabulary::{Seq, Standing};
use sha2::{Digest, Sha256};

use super::Node;
use super::cell::{Audience, Cell};
use super::frame::{Shared, tell};
use super::lock;
use super::outbox::Outbox;
use super::pending::{Pending, Reply, Wish};

/// A crowd that comes back within this many ms needs no spreading: usual pauses are as wide.
const CROWD_MS: u64 = 2_000;
/// The urgent try again within this many ms, time after time, while the others wait.
const URGENT_SPREAD_MS: u64 = 1_000;

/// Reads of one event before its asker is told to try later: numbers change at most once, when an island ends.
const EVENT_READS_MAX: usize = 3;

/// How far clients spread, in ms, of whom `clients` are on a node: wide enough that `per_s` come back each second. 0 where there is
/// no crowd. In one, staff and residents with priority 1 keep trying, and the others leave them the first quarter.
fn spread_ms(clients: u64, per_s: u64, urgent: bool) -> u64 {
    let all_ms = clients.saturating_mul(1_000) / per_s.max(1);
    match all_ms {
        0..CROWD_MS => 0,
        _ if urgent => URGENT_SPREAD_MS,
        _ => all_ms,
    }
}

impl Node {
    /// The id of the session that this command of this resident opens: the same again opens nothing new, and nobody can
    /// guess it without both.
    #[must_use]
    pub fn session_of_opening(resident: ResidentId, command: CommandId) -> SessionId {
        let mut hash = Sha256::new();
        hash.update(b"callbox-session-v1");
        hash.update(resident.as_u128().to_be_bytes());
        hash.update(command.as_u128().to_be_bytes());
        SessionId::from_sha256(hash.finalize().into())
    }

    /// Opens a session. Answers the session and whether it was new.
    ///
    /// # Errors
    /// The public code of why not.
    pub async fn open(
        self: &Arc<Self>,
        agency: AgencyId,
        resident: ResidentId,
        id: CommandId,
        opening: Opening,
    ) -> Result<(Arc<Cell>, super::pending::Done), ErrorCode> {
        let cell = self
            .cells
            .get_or_insert(Self::session_of_opening(resident, id));
        let wish = Wish::Open {
            agency: agency.clone(),
            resident,
            opening: Box::new(opening),
        };
        match self.ask(&cell, id, wish).await {
            // What the log remembers of this id may be an opening at another agency.
            Ok(_) if self.is_of_another(&cell, &agency).await => Err(ErrorCode::IdReused),
            Ok(done) => Ok((cell, done)),
            Err(refusal) => {
                self.cells.forget_if_idle(cell.id);
                Err(refusal.code)
            }
        }
    }

    /// Whether a session that was opened before is surely another agency's. While the log cannot be read nobody is sent away.
    async fn is_of_another(self: &Arc<Self>, cell: &Arc<Cell>, agency: &AgencyId) -> bool {
        self.ensure_loaded(cell).await == Ok(true) && !cell.lock().is_of(agency)
    }

    /// Finds a resident's own session.
    ///
    /// # Errors
    /// [`ErrorCode::NoSuchSession`] when there is none or it is another resident's: both look the same.
    pub async fn own_session(
        self: &Arc<Self>,
        resident: ResidentId,
        session: SessionId,
    ) -> Result<Arc<Cell>, ErrorCode> {
        let cell = self.cells.get_or_insert(session);
        let found = self.ensure_loaded(&cell).await;
        let owner = cell.lock().session.as_ref().map(|s| s.resident);
        match (found, owner) {
            (Ok(true), Some(owner)) if owner == resident => Ok(cell),
            (Err(code), _) => Err(code),
            _ => {
                self.cells.forget_if_idle(session);
                Err(ErrorCode::NoSuchSession)
            }
        }
    }

    /// Any session, for the gateway's own purposes.
    ///
    /// # Errors
    /// [`ErrorCode::NoSuchSession`], or the store's failure.
    pub async fn session(self: &Arc<Self>, session: SessionId) -> Result<Arc<Cell>, ErrorCode> {
        let cell = self.cells.get_or_insert(session);
        match self.ensure_loaded(&cell).await {
            Ok(true) => Ok(cell),
            Ok(false) => {
                self.cells.forget_if_idle(session);
                Err(ErrorCode::NoSuchSession)
            }
            Err(code) => Err(code),
        }
    }

    /// The first event of a command in a session's log, if the command is there.
    ///
    /// # Errors
    /// The public code when the store does not answer.
    pub async fn event_of(
        &self,
        cell: &Cell,
        command: CommandId,
    ) -> Result<Option<Event>, ErrorCode> {
        let public = |e| super::sessions::public(&e);
        for _ in 0..EVENT_READS_MAX {
            let found = self.backbone.find_command(cell.id, command).await;
            let Some((first, _)) = found.map_err(public)? else {
                return Ok(None);
            };
            let read = self.backbone.read(cell.id, first - 1, 1).await;
            match read.map_err(public)?.first() {
                Some(record) if record.command == command => {
                    let entry = super::index::entry(cell.id, record).map_err(public)?;
                    return Ok(Some(entry.event));
                }
                // What an island kept was given other numbers in between.
                _ => {}
            }
        }
        Err(ErrorCode::StoreUnavailable)
    }

    /// Binds a resident's connection to its session: tells where it stands, and feeds the entries after `after`. An older
    /// connection of the same session is replaced.
    pub fn attach_resident(self: &Arc<Self>, cell: &Arc<Cell>, outbox: &Arc<Outbox>, after: Seq) {
        let agency = self.agency_of(cell);
        let there = agency.as_ref().map(|agency| agency.around.of(cell.id));
        let mut inner = cell.lock();
        if self.together.is_some() {
            let known = there.map_or(0, |there| there.turn);
            inner.turn = inner.turn.max(known) + 1;
            inner.turn_ms = self.clock.monotonic_ms();
        }
        let standing = inner
            .session
            .as_ref()
            .map_or(Standing::Waiting, |s| s.standing);
        let came_back =
            inner.session.as_ref().is_some_and(|s| s.left) || standing == Standing::Abandoned;
        let message = ToResident::Session {
            session: cell.id,
            head: inner.durable,
            standing,
            after,
        };
        tell(outbox, &message);
        let older = inner.resident.replace(Arc::clone(outbox));
        if let Some(older) = &older
            && older.connection() != outbox.connection()
        {
            older.close(CloseCode::Replaced);
            let gone = older.connection();
            inner.followers.retain(|f| f.outbox.connection() != gone);
        }
        inner.tell_presence(cell.id, true);
        inner.tell_attention();
        drop(inner);
        self.tell_presence(cell, true);
        self.timers.resident_is_back(cell.id);
        cell.follow(outbox, Audience::Resident, after);
        if let Some(agency) = agency {
            lock(&agency.lists).forget_place(cell.id);
            agency.mark_changed();
        }
        if came_back && standing != Standing::Closed {
            self.note(cell, GatewayCommand::ResidentBack);
        }
    }

    /// How far a client spreads, in ms, when this node is lost with all its clients; see [`spread_ms`].
    #[must_use]
    pub fn spread_of(&self, urgent: bool) -> u64 {
        let clients = self.connections.count() as u64;
        spread_ms(clients, self.limits.returns_per_s, urgent)
    }

    /// A resident's connection is gone. If it was the session's current one, the session waits for it to come back.
    pub fn detach_resident(&self, cell: &Cell, connection: ConnectionId) {
        let mut inner = cell.lock();
        inner
            .followers
            .retain(|f| f.outbox.connection() != connection);
        let current = inner.resident.as_ref().map(|outbox| outbox.connection());
        if current != Some(connection) {
            return;
        }
        inner.resident = None;
        let agency = inner.session.as_ref().and_then(|s| self.agency(&s.agency));
        let elsewhere = agency
            .as_ref()
            .is_some_and(|agency| agency.around.has_resident(cell.id));
        inner.tell_presence(cell.id, elsewhere);
        let waits = inner
            .session
            .as_ref()
            .is_some_and(|s| s.standing == Standing::Waiting);
        drop(inner);
        self.tell_presence(cell, false);
        if waits && !elsewhere {
            let due = self.clock.monotonic_ms() + self.limits.resume_grace_ms;
            self.timers.resident_is_away(cell.id, due);
        }
        if let Some(agency) = agency {
            agency.mark_changed();
        }
        self.cells.forget_if_idle(cell.id);
    }

    /// Entries arrived at the resident's device, or were read there.
    pub fn resident_has(&self, cell: &Cell, delivered: Seq, seen: Seq) {
        let mut inner = cell.lock();
        let durable = inner.durable;
        let before = (inner.resident_delivered, inner.resident_seen);
        inner.resident_delivered = before.0.max(delivered.max(seen).min(durable));
        inner.resident_seen = before.1.max(seen.min(durable));
        if before != (inner.resident_delivered, inner.resident_seen) {
            inner.tell_presence(cell.id, false);
            drop(inner);
            self.tell_presence(cell, false);
        }
    }

    /// What a resident types goes to staff who follow; it may be lost.
    pub fn resident_types(&self, cell: &Cell, typed: &RealTimeText) {
        let mut message = Shared::new(ToStaff::RealTimeText {
            session: cell.id,
            by: Actor::Resident,
            typed: typed.clone(),
        });
        cell.lock().tell_staff(&mut message);
        self.tell_typed(cell, &Actor::Resident, typed);
    }

    /// Submits a wish and waits for what becomes of it.
    ///
    /// # Errors
    /// The refusal.
    pub async fn ask(
        self: &Arc<Self>,
        cell: &Arc<Cell>,
        id: CommandId,
        wish: Wish,
    ) -> Result<super::pending::Done, callbox_domain::session::Refusal> {
        let (sender, answer) = tokio::sync::oneshot::channel();
        self.submit(
            cell,
            Pending {
                id,
                wish,
                claim_epoch: None,
                reply: Reply::Wait(sender),
                attempts: 0,
                arrived: 0,
            },
        );
        answer
            .await
            .unwrap_or_else(|_| Err(ErrorCode::GoingDown.into()))
    }

    /// Adds what the gateway itself has seen.
    pub fn note(self: &Arc<Self>, cell: &Arc<Cell>, command: GatewayCommand) {
        self.submit(
            cell,
            Pending {
                id: self.random.command_id(),
                wish: Wish::Gateway(Box::new(command)),
                claim_epoch: None,
                reply: Reply::Nobody,
                attempts: 0,
                arrived: 0,
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crowd_is_spread_by_its_size_and_the_urgent_are_not() {
        assert_eq!(spread_ms(1_000, 600, false), 0, "too few to be a crowd");
        assert_eq!(spread_ms(18_000, 600, false), 30_000);
        assert_eq!(spread_ms(18_000, 600, true), URGENT_SPREAD_MS);
        assert_eq!(spread_ms(18_000, 0, true), URGENT_SPREAD_MS);
    }
}
