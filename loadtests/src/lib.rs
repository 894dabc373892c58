//! The judgement that every test of faults shares: what clients wrote down against what the logs say in the end.
//!
//! Owns: the record and the rules. Must not: know the gateway's inside. Called by: the `chaos` command of this package, and
//! the simulation among the gateway's own tests.

pub mod check;
pub mod record;
