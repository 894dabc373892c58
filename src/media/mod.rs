//! The media plane of one node: takes a resident's camera and microphone and forwards them, as they are, to everyone
//! who may watch; takes a telecommunicator's voice back to the resident.
//!
//! Owns peer connections, rooms and the media sockets. Must not know sessions, people, tokens or consent: its caller,
//! the node, decides who may publish, watch or talk, and tells it by which function it calls. Nothing is decoded and
//! nothing is stored here.

mod config;
mod counters;
mod engine;
mod error;
mod event;
mod kinds;
mod lock;
mod mux;
mod plane;
mod room;
mod sdp;
#[cfg(test)]
mod testkit;
#[cfg(test)]
mod tests;

pub use config::{Advertised, MediaConfig};
pub use counters::Totals;
pub use error::{Advice, MediaError, OfferError};
pub use event::{CloseReason, EventsError, MediaEvent, MediaEvents, MediaWhat};
pub use kinds::{Answer, Codec, Kind, Kinds, PeerId, RoomId, ViewerCount, ViewerRole};
pub use plane::{MediaPlane, Snapshot};

/// Reads an offer as [`MediaPlane`] does; for `crate::probes`.
pub(crate) fn probe_offer(text: &str) -> bool {
    sdp::Offer::read(text).is_ok_and(|offer| {
        assert!(offer.text.len() <= text.len() + 2 * text.lines().count() + 2);
        true
    })
}

/// Reads a datagram as the mux does; for `crate::probes`. Taken: a request that names somebody.
pub(crate) fn probe_datagram(bytes: &[u8]) -> bool {
    matches!(
        mux::stun::Shape::of(bytes),
        mux::stun::Shape::Request { ufrag: Some(_), .. }
    )
}
