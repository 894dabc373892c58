//! Sessions, queue order, triage and permissions of Callbox, without any IO.
//!
//! Owns: what a session is and what may happen to it, in which order sessions are answered, how urgent they are, what speaks
//! against them, and who may do what. Must not: read a clock, make random numbers, touch files or sockets, wait, or log. Time, ids and rules arrive as
//! arguments and the same input gives the same answer on every node, in tests and in replay; `domain/clippy.toml` bans the
//! doors out. Called by: the gateway's node and adapters, `check-config`, and the load tests.

pub mod access;
pub mod policy;
pub mod queue;
mod sentence;
pub mod session;
pub mod suspicion;
pub mod triage;

pub use sentence::Sentence;
