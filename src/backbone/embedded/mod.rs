//! The embedded backbone: the contract over SQLite, in one folder of one node.
//!
//! Owns: the folder, its one writing thread and its reading threads, and the queues, claims and leases in memory. Must
//! not: know what a record means. Built by: `app` only; everybody else holds an `Arc<dyn Backbone>`.
//!
//! Why it is built this way: `docs/decisions/0001-embedded-backbone-on-sqlite.md`. What is in the tables:
//! `docs/backbone-tables.md`.

mod accept;
mod check;
mod fault;
mod folder;
mod handle;
mod hot;
mod kept;
mod lease;
mod ledger;
mod lookup;
mod queue;
mod readers;
mod records;
mod remains;
mod runs;
mod schema;
mod shared;
mod tally;
mod upkeep;
mod walk;
mod writer;

pub use accept::{Accepted, accept_damage};
pub use fault::OpenError;
pub use handle::{Embedded, Options};
pub use kept::{KeptLog, KeptPage};
pub use upkeep::{DAMAGE_NAMED_MAX, Verification, copy_folder, verify_folder};
pub use walk::Walk;
