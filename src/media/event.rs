//! What the media plane tells its caller: a bounded stream that never blocks the media path.
//!
//! Owns: the kinds of events and their backlog. Must not: wait for a listener: a slow one is told what it missed. Called by: the rooms, which
//! tell; `app`, which listens.

use tokio::sync::broadcast;

use super::kinds::{Kind, PeerId, RoomId};

/// Events kept for a slow listener. At a thousand peers reconnecting within one second about 4,000 are made; a listener
/// that is further behind is told how many it missed and reads [`super::MediaPlane::snapshot`] instead.
pub(crate) const EVENT_BACKLOG: usize = 4_096;

/// One thing that happened to one peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaEvent {
    /// The room it happened in.
    pub room: RoomId,
    /// The peer it happened to.
    pub peer: PeerId,
    /// What happened.
    pub what: MediaWhat,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaWhat {
    /// The connection stands: ICE and DTLS are done. Comes again after a disconnect and after an ICE restart.
    Connected,
    /// The first packet of a kind arrived from this peer, or the first since the resident agreed to the kind again.
    FirstPacket {
        /// The kind.
        kind: Kind,
    },
    /// The first key frame arrived from this peer: viewers can see a picture now.
    FirstKeyFrame,
    /// The viewer cannot decode the picture that the publisher began to send; it still gets the sound. It may join
    /// again with an offer that has the publisher's codec.
    CodecMissing,
    /// Nothing was heard from the peer for five seconds. It is kept for thirty and may come back.
    Disconnected,
    /// The peer is gone.
    Closed {
        /// Why.
        reason: CloseReason,
    },
}

/// Why a peer is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CloseReason {
    /// The caller closed the peer or its room.
    Asked,
    /// The peer closed its connection.
    Left,
    /// The publisher connected again, and this is the older connection.
    Replaced,
    /// No connection stood within ten seconds.
    NeverConnected,
    /// It was disconnected for thirty seconds.
    Lost,
    /// The transport failed.
    Failed,
    /// A fault in this node's own code ended the room.
    Fault,
    /// The node is shutting down.
    Shutdown,
}

/// Why [`MediaEvents::recv`] gave no event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EventsError {
    /// The listener was too slow. Read the snapshot, then go on.
    #[error("{0} media events were missed")]
    Missed(u64),
    /// The media plane is gone.
    #[error("the media plane is gone")]
    Ended,
}

/// A bounded stream of events.
#[derive(Debug)]
pub struct MediaEvents(pub(crate) broadcast::Receiver<MediaEvent>);

impl MediaEvents {
    /// The next event.
    ///
    /// # Errors
    /// [`EventsError::Missed`] when this listener fell behind (the stream goes on), [`EventsError::Ended`] at the end.
    pub async fn recv(&mut self) -> Result<MediaEvent, EventsError> {
        self.0.recv().await.map_err(|e| match e {
            broadcast::error::RecvError::Lagged(n) => EventsError::Missed(n),
            broadcast::error::RecvError::Closed => EventsError::Ended,
        })
    }
}
