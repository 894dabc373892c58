//! A session on this node: its decided state, who follows it, and what is on its way to the log.
//!
//! Owns: the cached state and the links of one session. Must not: do IO or wait: everything here happens under one short
//! lock. Called by: `sessions` (commands), `appender` (outcomes), `follow` (catching up), `transport` through `Node`.
//!
//! The state runs ahead of the log: a command is decided on the state that all commands before it lead to, and its append
//! says so by its expected sequence number. Only what the log has confirmed is ever shown. When an append does not come out
//! as decided (duplicate, conflict, error), the state is stale: it is read again from the log before the next decision.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

use callbox_domain::access::Target;
use callbox_domain::queue;
use callbox_domain::session::{Custody, Refusal, Session};
use callbox_proto::error::ErrorCode;
use callbox_proto::event::{Event, Stored};
use callbox_proto::ids::{CommandId, ConnectionId, SessionId, StaffId};
use callbox_proto::message::{ToResident, ToStaff};
use callbox_proto::vocabulary::{Role, Seq};

use super::figures::Stand;
use super::frame::{Shared, tell};
use super::lock;
use super::outbox::{Outbox, Overfull};
use super::pending::Pending;

/// Commands of one session that wait while its state is read again. A client sends a few at a time; what is over is refused
/// with `too_fast`, which tells it to send again.
pub const PARKED_MAX: usize = 256;
/// Appends of one session on their way at once. Bounds what one client can have in memory.
pub const IN_FLIGHT_MAX: u32 = 256;

/// One session on this node.
#[derive(Debug)]
pub struct Cell {
    /// Which session.
    pub id: SessionId,
    inner: Mutex<Inner>,
}

/// What the lock guards.
#[derive(Debug)]
pub struct Inner {
    /// The decided state; `None` before the first entry is decided or while it is read from the log.
    pub session: Option<Session>,
    /// The state must be read again before the next decision.
    pub stale: bool,
    /// The state is being read.
    pub loading: bool,
    /// The decided state went another way than the log: it is read anew, not gone on from.
    pub diverged: bool,
    /// Head of the log as far as anybody has told: over `durable` there are entries of others to be read.
    pub known: Seq,
    /// Appends on their way.
    pub in_flight: u32,
    /// Commands submitted so far.
    pub arrivals: u64,
    /// Commands that wait for the state; those in vain come back behind newer ones, so it is sorted before it is used.
    pub parked: VecDeque<Pending>,
    /// Commands that are refused or change nothing because of entries still on their way, with the last of those entries.
    pub awaiting: Vec<(Seq, Pending, Option<Refusal>)>,
    /// The last entry confirmed by the log.
    pub durable: Seq,
    /// Entries since the index row last carried the whole state.
    pub since_snapshot: u32,
    /// The resident's connection here.
    pub resident: Option<Arc<Outbox>>,
    /// Number of the resident's last connection anywhere, where there are several nodes …
    pub turn: u64,
    /// … and when it began here, by the monotonic clock.
    pub turn_ms: u64,
    /// The resident's live media comes in here.
    pub publishing: bool,
    /// Everybody who receives entries.
    pub followers: Vec<Follower>,
    /// Entries delivered to a console (not in the log: consoles say it again after a restart).
    pub delivered: Seq,
    /// Entries seen by a person, as told to the resident.
    pub seen: Seq,
    /// Entries delivered to the resident.
    pub resident_delivered: Seq,
    /// Entries read by the resident.
    pub resident_seen: Seq,
    /// Counts the times the state turned out not to be as decided: what was decided before is decided again.
    pub generation: u64,
    /// Counts the times entries got other numbers: a page read before is of no use after.
    pub rewinds: u64,
    /// The state is to be read again although nobody waits for it.
    pub reload: bool,
    /// Where the session stood before entries got other numbers, for the figures.
    pub stood: Option<Stand>,
    /// The first entry shown while it was kept on this node only; cleared when all are safe.
    pub shown_kept: Option<Seq>,
    /// Connections that were answered `stored`: they are told what becomes of it.
    pub told_stored: Vec<Arc<Outbox>>,
}

/// For whom a follower receives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Audience {
    /// The session's resident.
    Resident,
    /// A signed-in person.
    Staff {
        /// Who.
        staff: StaffId,
        /// In which role.
        role: Role,
    },
    /// Somebody who opened this link for responders.
    Responder {
        /// The link.
        link: CommandId,
    },
}

/// Somebody who receives a session's entries.
#[derive(Debug)]
pub struct Follower {
    /// Where to.
    pub outbox: Arc<Outbox>,
    /// For whom.
    pub audience: Audience,
    /// Last entry queued (staff) or looked at (resident, responder).
    pub cursor: Seq,
    /// Last entry that a responder was given: the next one names it.
    pub given: Seq,
    /// Entries are queued as they come; else the follower is fed from the log.
    pub live: bool,
    /// The last entry it may receive; `None`: no end.
    pub until: Option<Seq>,
}

impl Cell {
    /// The session as far as rights are concerned.
    ///
    /// # Errors
    /// [`ErrorCode::NoSuchSession`] where it was never read.
    pub fn target(&self) -> Result<Target, ErrorCode> {
        let inner = self.lock();
        let session = inner.session.as_ref();
        let session = session.ok_or(ErrorCode::NoSuchSession)?;
        Ok(Target::of(self.id, session))
    }

    /// A session that is not yet read, or does not yet exist.
    #[must_use]
    pub fn new(id: SessionId) -> Self {
        Self {
            id,
            inner: Mutex::new(Inner {
                session: None,
                stale: true,
                loading: false,
                diverged: false,
                known: 0,
                in_flight: 0,
                arrivals: 0,
                parked: VecDeque::new(),
                awaiting: Vec::new(),
                durable: 0,
                since_snapshot: 0,
                resident: None,
                turn: 0,
                turn_ms: 0,
                publishing: false,
                followers: Vec::new(),
                delivered: 0,
                seen: 0,
                resident_delivered: 0,
                resident_seen: 0,
                generation: 0,
                rewinds: 0,
                reload: false,
                stood: None,
                shown_kept: None,
                told_stored: Vec::new(),
            }),
        }
    }

    /// Takes the lock. Never held across an await.
    pub fn lock(&self) -> MutexGuard<'_, Inner> {
        lock(&self.inner)
    }

    /// Whether its session has priority 1.
    #[must_use]
    pub fn is_urgent(&self) -> bool {
        let inner = self.lock();
        let session = inner.session.as_ref();
        session.is_some_and(|session| queue::urgent(session.priority))
    }
}

impl Inner {
    /// Whether anything keeps this session in memory.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.in_flight == 0
            && self.parked.is_empty()
            && self.awaiting.is_empty()
            && self.resident.is_none()
            && !self.publishing
            && self.followers.is_empty()
            && self.told_stored.is_empty()
    }

    /// What anybody is given of an entry of the log instead of it: without words that are deleted, also before they are destroyed. `None`
    /// where it is given as it is.
    #[must_use]
    pub fn given_instead(&self, seq: Seq, entry: &Stored) -> Option<Stored> {
        let custody = self.session.as_ref().map(|session| &session.custody);
        let up_to = custody.map_or(0, Custody::words_deleted_up_to);
        let event = (seq <= up_to).then(|| entry.event.without_words())??;
        Some(Stored {
            event,
            ..entry.clone()
        })
    }

    /// Shows confirmed entries to everybody who follows live. A follower whose outbox is full is fed from the log instead.
    /// `kept`: their numbers may change.
    pub fn show(
        &mut self,
        session: SessionId,
        first: Seq,
        command: CommandId,
        entries: &[Stored],
        kept: bool,
    ) {
        if kept {
            self.shown_kept.get_or_insert(first);
        }
        for (seq, entry) in (first..).zip(entries) {
            self.durable = self.durable.max(seq);
            let mut staff = None;
            let mut resident = None;
            for follower in &mut self.followers {
                if !follower.live || follower.cursor >= seq || follower.is_over(seq) {
                    continue;
                }
                // A live follower misses nothing: what it has is the entry before this one, or it is fed from the log.
                if follower.cursor + 1 < seq {
                    follower.fall_behind();
                    continue;
                }
                let sent = match follower.audience {
                    Audience::Staff { .. } => staff
                        .get_or_insert_with(|| {
                            Shared::new(staff_entry(session, seq, command, entry, kept))
                        })
                        .send(&follower.outbox),
                    Audience::Resident => resident
                        .get_or_insert_with(|| {
                            Shared::new(resident_entry(seq, command, entry, kept))
                        })
                        .send_some(&follower.outbox),
                    Audience::Responder { .. } => follower.give_responder(seq, entry, kept),
                };
                match sent {
                    Ok(()) => follower.cursor = seq,
                    Err(Overfull) => follower.fall_behind(),
                }
            }
        }
    }

    /// The state is not what the log has, whose head is at least `head`: it is read again before the next decision.
    pub fn distrust(&mut self, head: Seq) {
        self.stale = true;
        self.diverged = true;
        self.generation += 1;
        self.known = self.known.max(head);
    }

    /// Tells the resident what a person has opened by these entries.
    pub fn note_seen(&mut self, entries: &[Stored]) {
        let seen = entries.iter().rev().find_map(|entry| match entry.event {
            Event::Seen { up_to } => Some(up_to),
            _ => None,
        });
        if let Some(up_to) = seen {
            self.seen = self.seen.max(up_to);
            self.tell_attention();
        }
    }

    /// Tells the resident how far things were delivered and seen.
    pub fn tell_attention(&self) {
        if let Some(outbox) = &self.resident {
            tell(
                outbox,
                &ToResident::Attention {
                    delivered: self.delivered,
                    seen: self.seen,
                },
            );
        }
    }

    /// Tells staff who follow about the resident's link, which may be at another node.
    pub fn tell_presence(&self, session: SessionId, elsewhere: bool) {
        let mut presence = Shared::new(ToStaff::Presence {
            session,
            connected: elsewhere || self.resident.is_some(),
            delivered: self.resident_delivered,
            seen: self.resident_seen,
        });
        self.tell_staff(&mut presence);
    }

    /// Sends something that may be missed to all staff who follow.
    pub fn tell_staff(&self, message: &mut Shared<ToStaff>) {
        for follower in &self.followers {
            if matches!(follower.audience, Audience::Staff { .. }) {
                // Too slow a reader misses it: the next one says it again.
                let _missed = message.send(&follower.outbox);
            }
        }
    }

    /// A telecommunicator who no longer owns the session is told so by the entry that says it, and that is the last one.
    pub fn drop_former_owners<'a>(&mut self, entries: impl Iterator<Item = (Seq, &'a Stored)>) {
        let given_up = entries
            .filter(|(_, e)| matches!(e.event, Event::Released { .. } | Event::Transferred { .. }));
        if let Some((last, _)) = given_up.last() {
            self.end_former_owners(last);
        }
    }

    /// Telecommunicators who do not own the session are shown entries up to this one: who was not shown them yet is fed up to there.
    pub fn end_former_owners(&mut self, last: Seq) {
        let owner = self.session.as_ref().and_then(|s| s.owner.clone());
        self.followers.retain_mut(|follower| {
            let is_former = match &follower.audience {
                Audience::Staff { staff, role } => {
                    *role == Role::Telecommunicator && owner.as_ref() != Some(staff)
                }
                Audience::Resident | Audience::Responder { .. } => false,
            };
            !is_former || follower.end_after(last)
        });
    }

    /// The log has entries that were not shown as they came: whoever lacks them is fed.
    pub fn feed_those_behind(&mut self) {
        let durable = self.durable;
        let behind = |follower: &&mut Follower| follower.live && follower.cursor < durable;
        self.followers
            .iter_mut()
            .filter(behind)
            .for_each(Follower::fall_behind);
    }

    /// The follower on this connection.
    pub fn follower(&mut self, connection: ConnectionId) -> Option<&mut Follower> {
        self.followers
            .iter_mut()
            .find(|follower| follower.outbox.connection() == connection)
    }
}

impl Follower {
    /// Whether an entry is beyond what it may receive.
    pub fn is_over(&self, seq: Seq) -> bool {
        self.until.is_some_and(|until| seq > until)
    }

    /// It gets no entry after this one; answers whether it still lacks one of those before.
    fn end_after(&mut self, last: Seq) -> bool {
        let last = self.until.map_or(last, |until| until.min(last));
        self.until = Some(last);
        let lacks = self.cursor < last;
        if lacks && self.live {
            self.fall_behind();
        }
        lacks
    }

    fn fall_behind(&mut self) {
        self.live = false;
        self.outbox.mark_behind();
        metrics::counter!("callbox_followers_behind_total").increment(1);
    }
}

/// An entry as staff see it.
#[must_use]
pub fn staff_entry(
    session: SessionId,
    seq: Seq,
    command: CommandId,
    entry: &Stored,
    kept: bool,
) -> ToStaff {
    ToStaff::Entry {
        session,
        seq,
        at_ms: entry.at_ms,
        by: entry.by.clone(),
        command,
        event: entry.event.clone(),
        kept,
    }
}

/// An entry as the resident sees it; `None` where it is not for residents.
#[must_use]
pub fn resident_entry(
    seq: Seq,
    command: CommandId,
    entry: &Stored,
    kept: bool,
) -> Option<ToResident> {
    Some(ToResident::Entry {
        seq,
        prev: entry.resident_prev,
        at_ms: entry.at_ms,
        by: entry.by.for_resident(),
        command,
        event: entry.event.for_resident()?,
        kept,
    })
}

#[cfg(test)]
mod tests {
    use callbox_proto::codec::Encoding;
    use callbox_proto::event::{Actor, ReleaseReason};

    use super::*;

    fn released() -> Stored {
        Stored {
            at_ms: 0,
            by: Actor::Gateway,
            event: Event::Released {
                reason: ReleaseReason::ConsoleLost,
            },
            resident_prev: 0,
            destroyed: false,
        }
    }

    /// Tina follows a session that nobody owns any more, and was shown it up to here.
    fn followed(cursor: Seq, live: bool) -> (Cell, Arc<Outbox>) {
        let cell = Cell::new(SessionId::from_u128(7).unwrap());
        let connection = ConnectionId::from_u128(1).unwrap();
        let outbox = Arc::new(Outbox::new(connection, Encoding::Json, 1_000, 0));
        let audience = Audience::Staff {
            staff: "tina".parse().unwrap(),
            role: Role::Telecommunicator,
        };
        cell.follow(&outbox, audience, cursor);
        outbox.take_behind();
        let mut inner = cell.lock();
        inner.followers[0].live = live;
        drop(inner);
        (cell, outbox)
    }

    #[test]
    fn a_former_owner_who_was_shown_the_release_is_shown_nothing_more() {
        let (cell, _outbox) = followed(3, true);
        let mut inner = cell.lock();
        inner.drop_former_owners([(3, &released())].into_iter());
        assert!(inner.followers.is_empty());
    }

    #[test]
    fn a_former_owner_who_is_behind_is_fed_up_to_the_release() {
        for live in [true, false] {
            let (cell, outbox) = followed(1, live);
            let mut inner = cell.lock();
            inner.drop_former_owners([(3, &released())].into_iter());
            let follower = &inner.followers[0];
            assert!(!follower.live && !follower.is_over(3) && follower.is_over(4));
            assert_eq!(outbox.take_behind(), live, "else it was known before");
        }
    }
}
