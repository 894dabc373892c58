//! The contract of a media engine: ICE, DTLS, SRTP and RTCP for one peer at a time.
//!
//! An engine turns a checked offer into a [`Leg`] and an answer. It owns everything between the datagrams of its
//! [`Port`] and plain RTP. It must not know rooms, who the peer is, or what may be forwarded: it is told a [`Plan`].
//! What arrives goes to a [`Sink`], which never blocks, because engines call it from the task that drives the
//! connection. Rooms write to legs; the plane makes them.
//!
//! Room for more: a second engine implements [`Engine`] over the same [`Port`]; a recorder is one more reader of what a
//! room fans out; WHIP and WHEP are two more callers of the plane.

mod codecs;
mod driver;
mod feedback;
mod leg;
mod runtime;
mod tracks;

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

pub(crate) use driver::WebrtcEngine;

use super::kinds::{Codec, Kind, Kinds};
use super::mux::Port;
use super::sdp::{Direction, Offer, Section};

/// What a peer may do, decided before the engine is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Kinds taken from the peer.
    pub(crate) receive: Kinds,
    /// Kinds sent to the peer.
    pub(crate) send: Kinds,
    /// Both video codecs stay open (viewers), or only the first of the offer (publishers).
    pub(crate) every_video_codec: bool,
}

impl Plan {
    /// What this node may do in `section`.
    pub(crate) fn direction(&self, section: &Section) -> Direction {
        Direction {
            sends: self.send.has(section.kind),
            receives: self.receive.has(section.kind),
        }
    }

    /// The plan narrowed to what `offer` has room for.
    pub(crate) fn within(self, offer: &Offer) -> Plan {
        let narrow = |kinds: Kinds, allows: fn(Direction) -> bool| {
            Kind::ALL.into_iter().fold(kinds, |kinds, kind| {
                let open = offer.section(kind).is_some_and(|s| allows(s.direction));
                kinds.with(kind, kinds.has(kind) && open)
            })
        };
        Plan {
            receive: narrow(self.receive, |d| d.sends),
            send: narrow(self.send, |d| d.receives),
            ..self
        }
    }
}

/// Everything an engine needs to accept one peer.
pub(crate) struct Accept {
    pub(crate) offer: Offer,
    pub(crate) plan: Plan,
    /// Where the peer's datagrams come and go; the engine names it with the user fragment of each answer.
    pub(crate) port: Arc<Port>,
    pub(crate) sink: Arc<dyn Sink>,
}

/// A leg and the engine's own answer, before [`super::sdp::answer::finish`].
pub(crate) struct Accepted {
    pub(crate) leg: Arc<dyn Leg>,
    pub(crate) answer: String,
}

/// State of a peer's transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LegState {
    /// ICE or DTLS is not done.
    Connecting,
    /// Media can flow.
    Connected,
    /// Nothing heard for some seconds.
    Disconnected,
    /// The transport gave up.
    Failed,
    /// The peer closed it.
    Closed,
}

/// One RTP packet from a peer, free of everything that belongs to its own leg.
#[derive(Clone, Debug)]
pub(crate) struct PacketIn {
    pub(crate) codec: Codec,
    /// Synchronisation source: a new one is a new stream.
    pub(crate) ssrc: u32,
    pub(crate) sequence: u16,
    pub(crate) timestamp: u32,
    pub(crate) marker: bool,
    /// Shared, never copied, however many viewers there are.
    pub(crate) payload: Bytes,
}

/// One RTP packet to a peer; source and payload type are the leg's own business.
#[derive(Clone, Debug)]
pub(crate) struct PacketOut {
    pub(crate) codec: Codec,
    pub(crate) sequence: u16,
    pub(crate) timestamp: u32,
    pub(crate) marker: bool,
    pub(crate) payload: Bytes,
}

/// Why a leg did not take a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WriteRefused {
    /// The connection is behind. Skip to the next key frame.
    NotReady,
    /// The peer did not agree to this codec.
    NoCodec,
}

/// Takes what an engine hears. Every call returns at once.
pub(crate) trait Sink: Send + Sync {
    /// A packet arrived.
    fn packet(&self, packet: PacketIn);
    /// The peer cannot decode and asks for a key frame.
    fn key_frame_wanted(&self);
    /// The transport changed.
    fn state(&self, state: LegState);
}

/// One peer's connection.
#[async_trait]
pub(crate) trait Leg: Send + Sync {
    /// Sends one packet, or says at once why not. Never waits.
    fn write(&self, packet: PacketOut) -> Result<(), WriteRefused>;
    /// Whether the peer agreed to receive `codec`.
    fn takes(&self, codec: Codec) -> bool;
    /// Asks the peer for a key frame. `false`: nothing to ask yet, or not ready; ask again.
    fn request_key_frame(&self) -> bool;
    /// The transport's state now; a notice that was lost can be caught up with this.
    fn state(&self) -> LegState;
    /// Takes a further offer of the same peer: a kind more or less, or an ICE restart.
    async fn renegotiate(&self, offer: &Offer, plan: Plan) -> Result<String, EngineError>;
    /// Ends the connection and everything that belongs to it. Doing it twice is doing it once.
    async fn close(&self);
}

/// Accepts peers.
#[async_trait]
pub(crate) trait Engine: Send + Sync {
    /// Makes a leg for the offer and answers it.
    async fn accept(&self, accept: Accept) -> Result<Accepted, EngineError>;
}

/// The engine could not use an offer that kept every limit. What the library said goes to the log, not to clients.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct EngineError(pub(crate) String);

impl From<webrtc::error::Error> for EngineError {
    fn from(e: webrtc::error::Error) -> Self {
        EngineError(e.to_string())
    }
}
