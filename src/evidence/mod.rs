//! Evidence: photos and recordings as they arrived, sealed, and what is shown of them.
//!
//! Owns the bytes on disk ([`store`], [`folder`]), what may be shown of a photo ([`photo`]) and the form of
//! an export ([`pack`]).
//! Must not know HTTP, sessions' state or the session log: who may do what is decided by the callers.
//! Called by `http::uploads` (intake, reading) and by the node (reading for consoles).

pub mod folder;
pub mod names;
pub mod pack;
pub mod photo;
pub mod store;
