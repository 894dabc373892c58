//! The Callbox gateway: a Next-Gen 911 real-time reporting gateway as a library, so that tests can hold its parts.

pub mod auth;
pub mod backbone;
pub mod clock;
pub mod node;
