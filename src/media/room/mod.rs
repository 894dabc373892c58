//! One room per session: a publisher, its viewers, and what flows between them.
//!
//! Owns who gets which packet and when a key frame is asked for. Must not know why a peer is here: the plane decides
//! who joins, the caller decides who may. One task per room ([`actor`]); a fault in it ends the room, not the process.

mod actor;
mod gate;
mod inbox;
mod ingress;
mod member;
mod picture;
mod registry;
mod timeline;

pub(crate) use inbox::{Notice, RoomSink};
pub(crate) use member::{Member, Part};
pub(crate) use registry::{PeerEntry, Registry, Reservation};
