//! Who waits, in memory: the order of every queue, and the reservations on it.
//!
//! Owns: the order of waiting sessions and the live claims. Must not: touch the disk; it is loaded at open and follows
//! what has been committed. Called by: the writer (after each commit), claims and releases.
//!
//! About 200 bytes per waiting session: an entry of 48 in a hash table and a key of 32 in an ordered set.

use std::collections::{BTreeSet, HashMap};

use callbox_proto::ids::{AgencyId, QueueId, SessionId};

use crate::backbone::{Claim, Claimed, IndexRow, Lane, Seq, Standing};

/// Sessions that wait and are not claimed, by (rank, id).
type Order = BTreeSet<(i64, SessionId)>;

#[derive(Debug, Default)]
struct Lanes {
    urgent: Order,
    others: Order,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    rank: i64,
    head: Seq,
    lanes: u32,
    urgent: bool,
}

#[derive(Debug, Clone, Copy)]
struct Reservation {
    epoch: u64,
    deadline_ms: u64,
}

/// The queues of all agencies and the claims on them.
#[derive(Debug, Default)]
pub(super) struct Queues {
    lanes: Vec<Lanes>,
    names: HashMap<AgencyId, HashMap<QueueId, u32>>,
    waiting: HashMap<SessionId, Entry>,
    claims: HashMap<SessionId, Reservation>,
    deadlines: BTreeSet<(u64, SessionId)>,
}

impl Queues {
    /// Follows a committed index row, or (without one) only the new head of the log.
    pub(super) fn follow(
        &mut self,
        session: SessionId,
        agency: &AgencyId,
        row: Option<&IndexRow>,
        head: Seq,
    ) {
        let Some(row) = row else {
            if let Some(entry) = self.waiting.get_mut(&session) {
                entry.head = head;
            }
            return;
        };
        match row.standing {
            Standing::Waiting { rank, urgent } => {
                let lanes = self.lanes_of(agency, &row.queue);
                self.wait(
                    session,
                    Entry {
                        rank,
                        head,
                        lanes,
                        urgent,
                    },
                );
            }
            Standing::Owned | Standing::Abandoned | Standing::Closed { .. } => {
                self.leave(session);
            }
        }
    }

    fn wait(&mut self, session: SessionId, entry: Entry) {
        let before = self.waiting.insert(session, entry);
        if self.claims.contains_key(&session) {
            return; // it takes its place in the order when the claim ends
        }
        if let Some(before) = before {
            self.order(before).remove(&(before.rank, session));
        }
        self.order(entry).insert((entry.rank, session));
    }

    /// Forgets a session that no longer waits.
    pub(super) fn leave(&mut self, session: SessionId) {
        self.end_claim(session);
        if let Some(entry) = self.waiting.remove(&session) {
            self.order(entry).remove(&(entry.rank, session));
        }
    }

    /// Reserves the first session of the wanted lane under `epoch`.
    pub(super) fn claim(&mut self, claim: &Claim, epoch: u64, now_ms: u64) -> Option<Claimed> {
        self.expire(now_ms);
        let session = self.first(claim)?;
        let entry = *self.waiting.get(&session)?;
        self.order(entry).remove(&(entry.rank, session));
        let deadline_ms = now_ms.saturating_add(claim.lease_ms);
        self.claims
            .insert(session, Reservation { epoch, deadline_ms });
        self.deadlines.insert((deadline_ms, session));
        Some(Claimed {
            session,
            epoch,
            head: entry.head,
        })
    }

    fn first(&self, claim: &Claim) -> Option<SessionId> {
        let queues = self.names.get(&claim.agency)?;
        let lanes = || {
            claim
                .queues
                .iter()
                .filter_map(|queue| self.lanes.get(*queues.get(queue)? as usize))
        };
        let others = lanes().filter_map(|lanes| lanes.others.first()).min();
        let urgent = lanes().filter_map(|lanes| lanes.urgent.first()).min();
        let first = match claim.lane {
            Lane::First => others.into_iter().chain(urgent).min(),
            Lane::FirstNotUrgent => others.or(urgent),
        };
        first.map(|(_, session)| *session)
    }

    /// Gives a reservation back; `false` if that epoch does not hold it.
    pub(super) fn release(&mut self, session: SessionId, epoch: u64, now_ms: u64) -> bool {
        let held = self.holds(session, epoch, now_ms);
        if held {
            self.end_claim(session);
        }
        held
    }

    /// Whether a live claim with this epoch stands on the session.
    pub(super) fn holds(&mut self, session: SessionId, epoch: u64, now_ms: u64) -> bool {
        self.expire(now_ms);
        self.claims
            .get(&session)
            .is_some_and(|claim| claim.epoch == epoch)
    }

    /// How many sessions wait, claimed ones included.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    fn expire(&mut self, now_ms: u64) {
        while let Some(&(deadline_ms, session)) = self.deadlines.first() {
            if deadline_ms > now_ms {
                return;
            }
            self.end_claim(session);
        }
    }

    /// Ends the claim on a session, if there is one; if it still waits, it stands where it stood.
    pub(super) fn end_claim(&mut self, session: SessionId) {
        let Some(claim) = self.claims.remove(&session) else {
            return;
        };
        self.deadlines.remove(&(claim.deadline_ms, session));
        if let Some(&entry) = self.waiting.get(&session) {
            self.order(entry).insert((entry.rank, session));
        }
    }

    fn order(&mut self, entry: Entry) -> &mut Order {
        let lanes = &mut self.lanes[entry.lanes as usize];
        if entry.urgent {
            &mut lanes.urgent
        } else {
            &mut lanes.others
        }
    }

    fn lanes_of(&mut self, agency: &AgencyId, queue: &QueueId) -> u32 {
        if let Some(known) = self.names.get(agency).and_then(|queues| queues.get(queue)) {
            return *known;
        }
        let number = u32::try_from(self.lanes.len())
            .expect("fewer queues than 2^32: each holds memory of its own");
        self.lanes.push(Lanes::default());
        self.names
            .entry(agency.clone())
            .or_default()
            .insert(queue.clone(), number);
        number
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn session(number: u128) -> SessionId {
        SessionId::from_u128(number).unwrap()
    }

    fn waiting(queue: &str, rank: i64, urgent: bool) -> IndexRow {
        let standing = Standing::Waiting { rank, urgent };
        IndexRow {
            queue: queue.parse().unwrap(),
            standing,
            summary: Bytes::new(),
        }
    }

    fn claim(queues: &[&str], lane: Lane) -> Claim {
        let queues = queues.iter().map(|queue| queue.parse().unwrap()).collect();
        Claim {
            agency: "demo.example".parse().unwrap(),
            queues,
            lane,
            lease_ms: 10,
        }
    }

    #[test]
    fn a_rank_changed_under_a_claim_counts_when_the_claim_ends() {
        let agency = "demo.example".parse().unwrap();
        let mut queues = Queues::default();
        queues.follow(session(1), &agency, Some(&waiting("a", 10, false)), 1);
        queues.follow(session(2), &agency, Some(&waiting("b", 20, false)), 1);
        assert_eq!(
            queues
                .claim(&claim(&["a", "b"], Lane::First), 1, 0)
                .unwrap()
                .session,
            session(1)
        );
        queues.follow(session(1), &agency, Some(&waiting("b", 30, false)), 2);
        assert!(queues.release(session(1), 1, 5));
        let order: Vec<_> = (2..5)
            .filter_map(|epoch| queues.claim(&claim(&["b"], Lane::First), epoch, 5))
            .collect();
        assert_eq!(
            order
                .iter()
                .map(|claimed| claimed.session)
                .collect::<Vec<_>>(),
            [session(2), session(1)]
        );
        assert_eq!(order[1].head, 2);
    }

    #[test]
    fn what_has_left_is_nowhere() {
        let agency = "demo.example".parse().unwrap();
        let mut queues = Queues::default();
        queues.follow(session(1), &agency, Some(&waiting("a", 1, true)), 1);
        queues.claim(&claim(&["a"], Lane::First), 1, 0).unwrap();
        let owned = IndexRow {
            standing: Standing::Owned,
            ..waiting("a", 0, false)
        };
        queues.follow(session(1), &agency, Some(&owned), 2);
        assert_eq!(
            queues.claim(&claim(&["a"], Lane::FirstNotUrgent), 2, 100),
            None
        );
        assert_eq!(
            (queues.len(), queues.claims.len(), queues.deadlines.len()),
            (0, 0, 0)
        );
    }
}
