//! The Callbox protocol: wire types, codec, error codes.
//!
//! Owns: every type that crosses a socket, stands in a JSON body over HTTP or is stored in a session's log, and nothing else. Must not: depend on a runtime,
//! a socket or the gateway: a stranger builds a client on this crate alone. Used by: every other member of the workspace.
//!
//! `docs/protocol.md` says the same in words; golden fixtures, JSON Schema and TypeScript stand beside it, and tests compare
//! them with these types.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod bounds;
pub mod bytes;
pub mod codec;
pub mod command;
pub mod error;
pub mod event;
pub mod field;
pub mod http;
pub mod ids;
pub mod message;
mod redacted;
pub mod remains;
pub mod vocabulary;
