//! The Redis backbone: the contract over a shared tier (Redis 7.0 and newer, Valkey), for many nodes.
//!
//! Owns: the layout of keys, the function library that moves them at once, the connections and their replacement. Must
//! not: know what a record means, or hide that an answer did not come. Built by: `app` only; everybody else holds an
//! `Arc<dyn Backbone>`.
//!
//! Why it is built this way: `docs/decisions/0009-shared-tier-on-redis.md`. What is in the keys, and how to run the
//! servers: `docs/backbone-redis.md`.

mod agencies;
mod answer;
mod appends;
mod connect;
mod ears;
mod epoch;
mod fault;
mod handle;
mod keys;
mod library;
mod link;
mod options;
mod remains;
mod ringer;
mod rivals;
mod row;
mod run;
mod shard;
mod survey;
mod tier;
mod topology;
mod witnesses;
mod writer;
mod writes;

pub use fault::OpenError;
pub use handle::Redis;
pub use options::{Address, Options, Secret, Target, TargetError, Url};
pub use tier::TimeOffset;
