//! One step of the run: a heading, the work, the time it took, and what it adds to the count.
//!
//! Owns: the form of a step. Must not: decide what comes after a failure: the run does. Called by: the run.

use std::time::Instant;

use super::count::Count;

/// The work of a step. An error is one failure, told with its reason.
type Work = fn() -> anyhow::Result<Count>;

/// One step.
pub struct Step {
    /// What it is, as in the heading.
    pub name: &'static str,
    work: Work,
}

impl Step {
    /// A step that counts its tests.
    pub fn new(name: &'static str, work: Work) -> Self {
        Self { name, work }
    }

    /// Does the work between a heading and a line with the outcome.
    pub fn run(&self) -> Count {
        println!("\n=== {} ===", self.name);
        let start = Instant::now();
        let count = (self.work)().unwrap_or_else(|error| {
            println!("{error:#}");
            Count::FAILED
        });
        println!(
            "--- {}: {count} ({:.1} s)",
            self.name,
            start.elapsed().as_secs_f64()
        );
        count
    }
}
