//! Real servers for tests: `redis-server`, its replicas and Sentinels, started on free ports of the loopback address.
//!
//! A server ends with its handle. Its data stays in a folder of the test's own until then, so that it can be started again.

#![allow(dead_code)] // serves further modules than the ones that use it

mod cluster;
mod encrypted;
mod server;

pub use cluster::Cluster;
pub use encrypted::Encrypted;
pub use server::{RedisServer, ServerOptions};
