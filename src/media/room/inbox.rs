//! What others hold of a room: two bounded queues and a few numbers that can be read without asking its task.
//!
//! Owns: the bounds of the queues. Must not: block whoever puts something in. Called by: `registry`, the plane and the engine (through
//! [`RoomSink`]); `actor` reads.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};

use super::member::Member;
use crate::media::counters::Counters;
use crate::media::engine::{LegState, PacketIn, Sink};
use crate::media::event::CloseReason;
use crate::media::kinds::{Codec, Kind, Kinds, PeerId, RoomId, ViewerCount, ViewerRole};

/// Packets waiting for a room's task: half a second of the highest rate a publisher may send. When it is full the task
/// is far behind and the packet is dropped and counted; viewers then resume at the next key frame.
const PACKETS: usize = 1_024;
/// Notices waiting for a room's task. Fifty viewers that all change state and lose their picture at once are 150. A
/// state that finds no place is caught up with within a second, a wish for a key frame is repeated by its viewer.
const NOTICES: usize = 512;

/// Something other than a packet that a room must know.
pub(crate) enum Notice {
    /// A peer joins.
    Join {
        peer: PeerId,
        member: Box<Member>,
        done: oneshot::Sender<()>,
    },
    /// A peer is to go.
    Leave {
        peer: PeerId,
        reason: CloseReason,
        done: oneshot::Sender<()>,
    },
    /// A peer's transport changed.
    State { peer: PeerId, state: LegState },
    /// A viewer may talk now, or may not any more.
    Role {
        peer: PeerId,
        role: ViewerRole,
        done: oneshot::Sender<()>,
    },
    /// A viewer lost its picture.
    KeyFrameWanted,
    /// Kinds were allowed or withdrawn; answered when no packet of a withdrawn kind is under way any more.
    Allowed {
        kind: Kind,
        done: oneshot::Sender<()>,
    },
    /// Everyone is to go.
    End {
        reason: CloseReason,
        done: oneshot::Sender<()>,
    },
    /// A reservation was given up; the room may be empty.
    Look,
    /// Makes the task fail, to prove that the process survives it.
    #[cfg(test)]
    Fail,
}

/// The receiving halves of a room's queues.
pub(super) struct Inbox {
    pub(super) notices: mpsc::Receiver<Notice>,
    pub(super) packets: mpsc::Receiver<(PeerId, PacketIn)>,
}

/// A room, seen from outside its task.
pub(crate) struct Room {
    pub(crate) id: RoomId,
    notices: mpsc::Sender<Notice>,
    packets: mpsc::Sender<(PeerId, PacketIn)>,
    allowed: AtomicU8,
    codec: AtomicU8,
    talk: AtomicUsize,
    listen: AtomicUsize,
    pub(super) reserved: AtomicUsize,
}

impl Room {
    pub(super) fn new(id: RoomId) -> (Arc<Room>, Inbox) {
        let (notices, notices_in) = mpsc::channel(NOTICES);
        let (packets, packets_in) = mpsc::channel(PACKETS);
        let room = Room {
            id,
            notices,
            packets,
            allowed: AtomicU8::new(0),
            codec: AtomicU8::new(0),
            talk: AtomicUsize::new(0),
            listen: AtomicUsize::new(0),
            reserved: AtomicUsize::new(0),
        };
        let inbox = Inbox {
            notices: notices_in,
            packets: packets_in,
        };
        (Arc::new(room), inbox)
    }

    /// Kinds that may flow from the resident now.
    pub(crate) fn allowed(&self) -> Kinds {
        let bits = self.allowed.load(Ordering::Acquire);
        Kinds {
            audio: bits & 1 != 0,
            video: bits & 2 != 0,
        }
    }

    /// From the next packet on.
    pub(crate) fn allow(&self, kinds: Kinds) {
        let bits = u8::from(kinds.audio) | (u8::from(kinds.video) << 1);
        self.allowed.store(bits, Ordering::Release);
    }

    /// Allows or withdraws one kind; the other stays as it is.
    pub(crate) fn allow_kind(&self, kind: Kind, on: bool) {
        let bit = if kind == Kind::Audio { 1 } else { 2 };
        if on {
            self.allowed.fetch_or(bit, Ordering::AcqRel);
        } else {
            self.allowed.fetch_and(!bit, Ordering::AcqRel);
        }
    }

    /// The video codec of the publisher, once it is known.
    pub(crate) fn codec(&self) -> Option<Codec> {
        match self.codec.load(Ordering::Acquire) {
            1 => Some(Codec::Vp8),
            2 => Some(Codec::H264),
            _ => None,
        }
    }

    pub(crate) fn set_codec(&self, codec: Option<Codec>) {
        let value = match codec {
            Some(Codec::Vp8) => 1,
            Some(Codec::H264) => 2,
            Some(Codec::Opus) | None => 0,
        };
        self.codec.store(value, Ordering::Release);
    }

    pub(crate) fn viewers(&self) -> ViewerCount {
        ViewerCount {
            talk: self.talk.load(Ordering::Acquire),
            listen: self.listen.load(Ordering::Acquire),
        }
    }

    pub(super) fn count_viewer(&self, role: ViewerRole, joined: bool) {
        let counter = match role {
            ViewerRole::Talk => &self.talk,
            ViewerRole::Listen => &self.listen,
        };
        if joined {
            counter.fetch_add(1, Ordering::AcqRel);
        } else {
            counter.fetch_sub(1, Ordering::AcqRel);
        }
    }

    /// Tells the room and waits until it has acted. `false`: the room is gone.
    pub(crate) async fn ask(&self, notice: impl FnOnce(oneshot::Sender<()>) -> Notice) -> bool {
        let (done, acted) = oneshot::channel();
        self.notices.send(notice(done)).await.is_ok() && acted.await.is_ok()
    }

    /// Tells the room at once, so that calls keep their order; the answer comes when it has acted. Where the queue is full the
    /// answer has to be awaited for the room to hear of it.
    pub(crate) fn order<N>(
        self: &Arc<Self>,
        notice: N,
    ) -> impl Future<Output = bool> + Send + use<N>
    where
        N: FnOnce(oneshot::Sender<()>) -> Notice,
    {
        let (done, acted) = oneshot::channel();
        let left = self.notices.try_send(notice(done)).err();
        let room = Arc::clone(self);
        async move {
            let told = match left {
                None => true,
                Some(TrySendError::Full(notice)) => room.notices.send(notice).await.is_ok(),
                Some(TrySendError::Closed(_)) => false,
            };
            told && acted.await.is_ok()
        }
    }

    /// Tells the room without waiting.
    pub(crate) fn tell(&self, notice: Notice) -> bool {
        self.notices.try_send(notice).is_ok()
    }
}

/// Where one peer's engine puts what it hears.
pub(crate) struct RoomSink {
    pub(crate) room: Arc<Room>,
    pub(crate) peer: PeerId,
    pub(crate) counters: Arc<Counters>,
}

impl Sink for RoomSink {
    fn packet(&self, packet: PacketIn) {
        if self.room.packets.try_send((self.peer, packet)).is_err() {
            self.counters.inbox_full.one();
        }
    }

    fn key_frame_wanted(&self) {
        if !self.room.tell(Notice::KeyFrameWanted) {
            self.counters.inbox_full.one();
        }
    }

    fn state(&self, state: LegState) {
        let peer = self.peer;
        if !self.room.tell(Notice::State { peer, state }) {
            self.counters.inbox_full.one();
        }
    }
}
