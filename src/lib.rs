//! The Callbox gateway.

pub mod media;
