//! What is kept on this node only, for a shared tier that does not answer: who was told so, and what becomes of it.
//!
//! Owns: telling clients that entries are safe, or got other numbers, and reading a session again then. Must not: keep or bring
//! anything: that is the backbone's. Called by: `Node::start` (listening to the bell), `sessions` (outcomes).

use std::sync::{Arc, Weak};

use callbox_proto::ids::{AgencyId, CommandId, SessionId};
use callbox_proto::message::{ToResident, ToResponder, ToStaff};
use callbox_proto::vocabulary::{Rung, Seq};
use tokio_util::sync::CancellationToken;

use super::Node;
use super::cell::{Audience, Cell, Inner};
use super::connections::Whom;
use super::figures::{Move, Stand};
use super::frame::tell;
use super::outbox::Outbox;
use super::pending::{Done, Pending, Reply, Wish};
use crate::backbone::Ring;

/// Listens to an agency's bell for what becomes of kept entries, until the node goes.
pub async fn listen(node: Weak<Node>, agency: AgencyId, stop: CancellationToken) {
    let Some(subscribed) = node.upgrade().map(|node| Arc::clone(&node.backbone)) else {
        return;
    };
    let mut bell = match subscribed.subscribe(&agency).await {
        Ok(bell) => bell,
        Err(error) => {
            tracing::error!(%error, "the bell cannot be heard");
            return;
        }
    };
    drop(subscribed);
    loop {
        let ring = tokio::select! {
            () = stop.cancelled() => return,
            ring = bell.next() => ring,
        };
        let (Some(ring), Some(node)) = (ring, node.upgrade()) else {
            return;
        };
        node.heard_of_kept(&ring);
    }
}

impl Node {
    /// Follows a ring that says what became of kept entries.
    pub(super) fn heard_of_kept(self: &Arc<Self>, ring: &Ring) {
        match *ring {
            Ring::Confirmed { session, up_to } => {
                if let Some(cell) = self.cells.get(session) {
                    self.confirmed(&cell, up_to);
                }
            }
            Ring::Rewound { session, after } => {
                if let Some(cell) = self.cells.get(session) {
                    self.rewound(&cell, after);
                }
            }
            Ring::Missed => {
                let mut settled = Vec::new();
                self.cells.for_each(|cell| {
                    let shown = cell.lock().shown_kept;
                    if let Some(first) = shown
                        && self.backbone.kept_after(cell.id).is_none()
                    {
                        settled.push((cell.id, first - 1));
                    }
                });
                // Safe, or moved: reading again is right either way.
                for (session, after) in settled {
                    if let Some(cell) = self.cells.get(session) {
                        self.rewound(&cell, after);
                    }
                }
            }
            Ring::Appended { .. } | Ring::Published(_) => {}
        }
    }

    /// Whether this entry of a session is kept on this node only.
    pub(super) fn is_kept(&self, session: SessionId, seq: Seq) -> bool {
        let after = self.backbone.kept_after(session);
        after.is_some_and(|after| seq > after)
    }

    /// Answers a command that was waited for. What was `stored` a moment ago may be safe by now, or have other numbers.
    pub fn answer(self: &Arc<Self>, session: SessionId, reply: Reply, id: CommandId, done: Done) {
        let cell = self.cells.get_or_insert(session);
        let mut inner = cell.lock();
        if done.rung == Rung::Stored && !self.is_kept(session, done.last) {
            let pending = Pending {
                id,
                // Only its answer is still open.
                wish: Wish::Gateway(Box::new(
                    callbox_domain::session::GatewayCommand::ResidentBack,
                )),
                claim_epoch: None,
                reply,
                attempts: 0,
                arrived: 0,
            };
            drop(inner);
            self.answer_from_log(&cell, done.last, pending, None);
            return;
        }
        inner.answer_done(session, id, reply, done);
    }

    /// Kept entries up to here are in the shared log, with these numbers.
    fn confirmed(self: &Arc<Self>, cell: &Arc<Cell>, up_to: Seq) {
        let mut inner = cell.lock();
        inner.durable = inner.durable.max(up_to);
        inner.feed_those_behind();
        // A tier that is weaker than it should be has them, and they are not safe there. Clients ask again.
        let safe = self.backbone.is_safe(cell.id, up_to);
        let concerned = if safe { inner.concerned() } else { Vec::new() };
        for (outbox, audience) in concerned {
            match audience {
                Whom::Resident => tell(&outbox, &ToResident::Safe { up_to }),
                Whom::Responder => tell(&outbox, &ToResponder::Safe { up_to }),
                Whom::Staff => {
                    let session = cell.id;
                    tell(&outbox, &ToStaff::Safe { session, up_to });
                }
            }
        }
        if self.backbone.kept_after(cell.id).is_none() {
            inner.shown_kept = None;
            inner.told_stored.clear();
        }
    }

    /// Kept entries after this one got other numbers: everybody who has them drops them, and the session is read again.
    fn rewound(self: &Arc<Self>, cell: &Arc<Cell>, after: Seq) {
        let mut inner = cell.lock();
        metrics::counter!("callbox_sessions_rewound_total").increment(1);
        inner.distrust(0);
        inner.reload = true;
        inner.rewinds += 1;
        if inner.stood.is_none() {
            inner.stood = inner.session.as_ref().map(Stand::from);
        }
        for (outbox, audience) in inner.concerned() {
            match audience {
                Whom::Resident => tell(&outbox, &ToResident::Rewound { after }),
                Whom::Responder => tell(&outbox, &ToResponder::Rewound { after }),
                Whom::Staff => {
                    let session = cell.id;
                    tell(&outbox, &ToStaff::Rewound { session, after });
                }
            }
        }
        inner.rewind(after);
        let awaiting = std::mem::take(&mut inner.awaiting);
        inner
            .parked
            .extend(awaiting.into_iter().map(|(_, pending, _)| pending));
        self.load_if_quiet(cell, &mut inner);
    }

    /// A session was read again because its entries got other numbers: figures, lists and who may follow are as it says now.
    pub(super) fn after_reload(self: &Arc<Self>, cell: &Arc<Cell>, inner: &mut Inner) {
        let before = inner.stood.take();
        let Some(session) = &inner.session else {
            return;
        };
        let head = session.head;
        let after = Some(Stand::from(session));
        let changed = before != after;
        let moved = Move {
            listed: true,
            before: before.filter(|_| changed),
            after: after.filter(|_| changed),
        };
        if let Some(agency) = self.agency(&session.agency) {
            agency.moved(cell.id, &moved, self.clock.now_ms());
        }
        inner.end_links_by_state(self.clock.now_ms());
        // Somebody else has it: they are told so by the log, and that is the last they get.
        inner.end_former_owners(head);
    }
}

impl Inner {
    /// Answers a command that is kept here only, and remembers whom to tell what becomes of it.
    pub(super) fn answer_stored(
        &mut self,
        session: SessionId,
        id: CommandId,
        reply: Reply,
        first: Seq,
        last: Seq,
    ) {
        let rung = Rung::Stored;
        self.answer_done(session, id, reply, Done { first, last, rung });
    }

    /// Answers a command; under the lock, so that a later word on its entries comes later.
    pub(super) fn answer_done(
        &mut self,
        session: SessionId,
        id: CommandId,
        reply: Reply,
        done: Done,
    ) {
        if let (Rung::Stored, Some(outbox)) = (done.rung, reply.outbox()) {
            let known = |other: &Arc<Outbox>| other.connection() == outbox.connection();
            self.told_stored.retain(|other| other.closing().is_none());
            if !self.told_stored.iter().any(known) {
                self.told_stored.push(Arc::clone(outbox));
            }
        }
        reply.done(session, id, done);
    }

    /// Everybody who has entries or receipts of this session: its followers, and who was answered `stored`.
    fn concerned(&self) -> Vec<(Arc<Outbox>, Whom)> {
        let resident = self.resident.as_ref().map(|outbox| outbox.connection());
        let side = |outbox: &Arc<Outbox>| {
            if Some(outbox.connection()) == resident {
                Whom::Resident
            } else {
                Whom::Staff
            }
        };
        let mut all: Vec<_> = self
            .followers
            .iter()
            .map(|follower| match follower.audience {
                Audience::Resident => (Arc::clone(&follower.outbox), Whom::Resident),
                Audience::Staff { .. } => (Arc::clone(&follower.outbox), Whom::Staff),
                Audience::Responder { .. } => (Arc::clone(&follower.outbox), Whom::Responder),
            })
            .collect();
        for outbox in &self.told_stored {
            let known =
                |(other, _): &(Arc<Outbox>, Whom)| other.connection() == outbox.connection();
            if !all.iter().any(known) {
                all.push((Arc::clone(outbox), side(outbox)));
            }
        }
        all
    }

    /// Everything known of entries after this one is of no use.
    fn rewind(&mut self, after: Seq) {
        self.durable = self.durable.min(after);
        self.known = self.durable;
        self.delivered = self.delivered.min(after);
        self.seen = self.seen.min(after);
        self.resident_delivered = self.resident_delivered.min(after);
        self.resident_seen = self.resident_seen.min(after);
        self.shown_kept = None;
        self.told_stored.clear();
        for follower in &mut self.followers {
            follower.cursor = follower.cursor.min(after);
            follower.given = follower.given.min(after);
            // Nothing is between it and the log's end until that is read again.
            follower.live = true;
        }
    }
}
