//! The Redis backbone: the contract over a shared tier (Redis 7.0 and newer, Valkey), for many nodes.
//!
//! Owns: the layout of keys, the function library that moves them at once, the connections and their replacement. Must
//! not: know what a record means, or hide that an answer did not come. Built by: `app` only; everybody else holds an
//! `Arc<dyn Backbone>`.

mod agencies;
mod answer;
mod connect;
mod ears;
mod fault;
mod handle;
mod keys;
mod library;
mod link;
mod options;
mod row;
mod survey;
mod tier;
mod writer;

pub use fault::OpenError;
pub use handle::Redis;
pub use options::{Address, Options, Secret, Target, TargetError, Url};
pub use tier::TimeOffset;
