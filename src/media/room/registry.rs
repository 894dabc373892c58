//! The rooms and peers of one node, and the tasks that run them.
//!
//! Owns: the maps of rooms and peers, and places held for those on their way. Must not: touch a room's members. Called by: the plane; `actor`, when
//! its room is over.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use tokio::sync::broadcast;
use tokio_util::task::TaskTracker;

use super::actor::Actor;
use super::inbox::{Notice, Room};
use crate::media::counters::Counters;
use crate::media::engine::{Leg, Plan};
use crate::media::error::MediaError;
use crate::media::event::{CloseReason, EVENT_BACKLOG, MediaEvent, MediaWhat};
use crate::media::kinds::{PeerId, RoomId};
use crate::media::lock::lock;

/// What the node keeps of a peer outside its room.
#[derive(Clone)]
pub(crate) struct PeerEntry {
    pub(crate) room: Arc<Room>,
    pub(crate) leg: Arc<dyn Leg>,
    pub(crate) plan: Plan,
    pub(crate) publisher: bool,
    /// Which peer connection of the client this is; see [`crate::media::sdp::Offer`].
    pub(crate) connection: Arc<str>,
}

/// Rooms, peers, and where their events go.
pub(crate) struct Registry {
    pub(crate) counters: Arc<Counters>,
    pub(crate) tasks: TaskTracker,
    pub(crate) events: broadcast::Sender<MediaEvent>,
    pub(super) rooms: Mutex<HashMap<RoomId, Arc<Room>>>,
    peers: Mutex<HashMap<PeerId, PeerEntry>>,
    next_peer: AtomicU64,
}

impl Registry {
    pub(crate) fn new(counters: Arc<Counters>, tasks: TaskTracker) -> Arc<Registry> {
        Arc::new(Registry {
            counters,
            tasks,
            events: broadcast::channel(EVENT_BACKLOG).0,
            rooms: Mutex::default(),
            peers: Mutex::default(),
            next_peer: AtomicU64::new(1),
        })
    }

    pub(crate) fn new_peer(&self) -> PeerId {
        PeerId(self.next_peer.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn room(&self, id: RoomId) -> Option<Arc<Room>> {
        lock(&self.rooms).get(&id).cloned()
    }

    pub(crate) fn rooms(&self) -> Vec<Arc<Room>> {
        lock(&self.rooms).values().cloned().collect()
    }

    pub(crate) fn peer(&self, peer: PeerId) -> Option<PeerEntry> {
        lock(&self.peers).get(&peer).cloned()
    }

    pub(crate) fn peers(&self) -> usize {
        lock(&self.peers).len()
    }

    /// The peer of `room` whose connection made an offer before.
    pub(crate) fn same_peer(
        &self,
        room: RoomId,
        publisher: bool,
        connection: &str,
    ) -> Option<PeerId> {
        let peers = lock(&self.peers);
        let same = |e: &PeerEntry| {
            e.room.id == room && e.publisher == publisher && *e.connection == *connection
        };
        peers.iter().find(|(_, e)| same(e)).map(|(peer, _)| *peer)
    }

    pub(crate) fn set_plan(&self, peer: PeerId, plan: Plan) {
        if let Some(entry) = lock(&self.peers).get_mut(&peer) {
            entry.plan = plan;
        }
    }

    pub(crate) fn add_peer(&self, peer: PeerId, entry: PeerEntry) {
        lock(&self.peers).insert(peer, entry);
    }

    pub(crate) fn remove_peer(&self, peer: PeerId) {
        lock(&self.peers).remove(&peer);
    }

    /// Holds a place in a room, which is made if it is not there. `most_viewers` counts those on their way too.
    pub(crate) fn reserve(
        self: &Arc<Self>,
        id: RoomId,
        most_viewers: Option<usize>,
    ) -> Result<Reservation, MediaError> {
        let mut rooms = lock(&self.rooms);
        let room = rooms.entry(id).or_insert_with(|| self.open(id));
        let viewers = room.viewers();
        let coming = room.reserved.load(Ordering::Acquire);
        if most_viewers.is_some_and(|most| viewers.talk + viewers.listen + coming >= most) {
            return Err(MediaError::RoomFull);
        }
        room.reserved.fetch_add(1, Ordering::AcqRel);
        Ok(Reservation(Arc::clone(room)))
    }

    fn open(self: &Arc<Self>, id: RoomId) -> Arc<Room> {
        let (room, inbox) = Room::new(id);
        let actor = Actor::new(Arc::clone(&room), inbox, Arc::clone(self));
        let registry = Arc::clone(self);
        self.tasks.spawn(async move {
            if AssertUnwindSafe(actor.run()).catch_unwind().await.is_err() {
                registry.fault(id);
            }
        });
        room
    }

    /// Takes a room out if nobody is on the way in.
    pub(super) fn retire(&self, room: &Room) -> bool {
        let mut rooms = lock(&self.rooms);
        let empty = room.reserved.load(Ordering::Acquire) == 0;
        if empty {
            rooms.remove(&room.id);
        }
        empty
    }

    /// Ends what a failed room task left behind.
    fn fault(&self, id: RoomId) {
        self.counters.faults.one();
        tracing::error!(room = ?id, "a media room failed and was closed");
        lock(&self.rooms).remove(&id);
        let mut orphans = Vec::new();
        lock(&self.peers).retain(|peer, entry| {
            let stays = entry.room.id != id;
            if !stays {
                orphans.push((*peer, Arc::clone(&entry.leg)));
            }
            stays
        });
        for (peer, leg) in orphans {
            self.tasks.spawn(async move { leg.close().await });
            let reason = CloseReason::Fault;
            self.emit(id, peer, MediaWhat::Closed { reason });
        }
    }

    pub(crate) fn emit(&self, room: RoomId, peer: PeerId, what: MediaWhat) {
        // Nobody listening is not an error.
        let _ = self.events.send(MediaEvent { room, peer, what });
    }
}

/// A place held in a room until the peer has joined or given up.
pub(crate) struct Reservation(pub(crate) Arc<Room>);

impl Drop for Reservation {
    fn drop(&mut self) {
        self.0.reserved.fetch_sub(1, Ordering::AcqRel);
        // If this finds no place the room looks for itself within a second.
        let _ = self.0.tell(Notice::Look);
    }
}
