//! The short form of chaos: a cluster under twenty-five faults, judged, and the negative control.
//!
//! Owns: the seed. Must not: judge. Called by: the run.

use super::count::Count;
use super::step::Step;
use crate::chaos;

/// The same faults on every change; `cargo xtask chaos` takes new ones each time.
const SEED: &str = "911";

pub fn short() -> Step {
    Step::new("chaos, short form", || {
        chaos::run_with(&["--short", "--seed", SEED].map(str::to_owned))?;
        Ok(Count::PASSED)
    })
}
