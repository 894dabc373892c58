//! Which sessions are kept here, in memory: what the local store holds for the tier, at a glance.
//!
//! Owns: the map and its totals. Must not: touch the disk. Called by: the island for every call, the drain.

use std::collections::HashMap;

use callbox_proto::ids::{AgencyId, QueueId, SessionId};

use crate::backbone::embedded::KeptLog;
use crate::backbone::{Append, IndexRow, KeptHere, Seq, Standing};

/// A session with records that the tier does not have.
#[derive(Debug, Clone)]
pub(super) struct Session {
    pub(super) agency: AgencyId,
    pub(super) queue: QueueId,
    pub(super) standing: Standing,
    /// Records after this one are in the local store.
    pub(super) base: Seq,
    /// Records up to this one are in the tier too, with these numbers.
    pub(super) confirmed: Seq,
    pub(super) head: Seq,
    pub(super) since_ms: u64,
    /// Appends on their way into the local store.
    pub(super) in_flight: u32,
}

impl Session {
    /// Most urgent first: priority 1, those in contact, the queue in its order, those to be contacted back, the rest.
    pub(super) const fn urgency(&self) -> (u8, i64) {
        match self.standing {
            Standing::Waiting { rank, urgent: true } => (0, rank),
            Standing::Owned => (1, 0),
            Standing::Waiting { rank, .. } => (2, rank),
            Standing::Abandoned => (3, 0),
            Standing::Closed { .. } => (4, 0),
        }
    }

    const fn records(&self) -> u64 {
        self.head.saturating_sub(self.confirmed)
    }
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    by_id: HashMap<SessionId, Session>,
    records: u64,
}

impl Sessions {
    pub(super) fn get(&self, session: SessionId) -> Option<&Session> {
        self.by_id.get(&session)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (SessionId, &Session)> {
        self.by_id.iter().map(|(id, session)| (*id, session))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    pub(super) fn here(&self) -> KeptHere {
        KeptHere {
            records: self.records,
            since_ms: self.by_id.values().map(|session| session.since_ms).min(),
        }
    }

    /// What an earlier run of this node left.
    pub(super) fn found(&mut self, log: KeptLog) {
        let KeptLog {
            session,
            base,
            since_ms,
        } = log;
        let kept = Session {
            agency: session.agency,
            queue: session.row.queue,
            standing: session.row.standing,
            base,
            confirmed: base,
            head: session.head,
            since_ms,
            in_flight: 0,
        };
        self.records += kept.records();
        self.by_id.insert(session.session, kept);
    }

    /// An append goes to the local store, because its session is kept; `false` where it is not.
    pub(super) fn begin(&mut self, session: SessionId) -> bool {
        match self.by_id.get_mut(&session) {
            Some(kept) => {
                kept.in_flight += 1;
                true
            }
            None => false,
        }
    }

    /// … and has come out, whatever of it.
    pub(super) fn end(&mut self, session: SessionId) {
        if let Some(kept) = self.by_id.get_mut(&session) {
            kept.in_flight = kept.in_flight.saturating_sub(1);
        }
    }

    /// An append is in the local store, ending at `last`.
    pub(super) fn kept(&mut self, append: &Append, row: &IndexRow, last: Seq, now_ms: u64) {
        let kept = self.by_id.entry(append.session).or_insert_with(|| Session {
            agency: append.agency.clone(),
            queue: row.queue.clone(),
            standing: row.standing.clone(),
            base: append.expected,
            confirmed: append.expected,
            head: append.expected,
            since_ms: now_ms,
            in_flight: 0,
        });
        self.records += last.saturating_sub(kept.head);
        kept.head = kept.head.max(last);
        if let Some(row) = &append.index {
            kept.queue = row.queue.clone();
            kept.standing = row.standing.clone();
        }
    }

    /// Records up to `up_to` are in the tier with these numbers.
    pub(super) fn confirm(&mut self, session: SessionId, up_to: Seq) {
        if let Some(kept) = self.by_id.get_mut(&session) {
            let before = kept.records();
            kept.confirmed = kept.confirmed.max(up_to.min(kept.head));
            self.records = self.records.saturating_sub(before - kept.records());
        }
    }

    /// Lets a session go if nothing was added to it after `head`; from then on its appends go to the tier.
    pub(super) fn leave(&mut self, session: SessionId, head: Seq) -> Option<Session> {
        let kept = self.by_id.get(&session)?;
        if kept.in_flight > 0 || kept.head != head {
            return None;
        }
        let kept = self.by_id.remove(&session)?;
        self.records = self.records.saturating_sub(kept.records());
        Some(kept)
    }
}
