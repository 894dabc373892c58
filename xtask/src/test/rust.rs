//! Steps over the Rust code. All of them use one profile, so that dependencies are built once.
//!
//! Owns: the arguments of cargo. Must not: leave a test out. Called by: the run.

use anyhow::bail;

use super::count::{Count, rust_tests};
use super::step::Step;
use crate::command::{cargo, run, shown, tee};

/// The simulation among the integration tests.
const HISTORIES: &str = "simulation::histories";

pub fn format() -> Step {
    Step::new("format", || check(&["fmt", "--all", "--", "--check"]))
}

pub fn lints() -> Step {
    Step::new("lints", || {
        check(&[
            "clippy",
            "--workspace",
            "--all-targets",
            "--",
            "--deny",
            "warnings",
        ])
    })
}

pub fn tests() -> Step {
    Step::new("Rust tests", || {
        let at_once = at_once().to_string();
        let all = ["test", "--workspace", "--all-targets", "--no-fail-fast"];
        let which = ["--", "--test-threads", &at_once, "--skip", HISTORIES];
        count(&[&all[..], &which].concat())
    })
}

/// Tests that run at once. Most start programs and wait for them, and leave nearly half of the processor idle with one test for
/// each core; with two for each, the integration tests take a third less time.
fn at_once() -> usize {
    2 * std::thread::available_parallelism().map_or(1, usize::from)
}

/// Thousands of histories take all cores for minutes: by themselves, so that no other test waits for its turn.
pub fn simulation() -> Step {
    Step::new("simulation", || {
        let all = ["test", "--workspace", "--all-targets", "--no-fail-fast"];
        count(&[&all[..], &["--", HISTORIES]].concat())
    })
}

pub fn doc_tests() -> Step {
    Step::new("documentation tests", || {
        count(&["test", "--workspace", "--doc", "--no-fail-fast"])
    })
}

fn check(arguments: &[&str]) -> anyhow::Result<Count> {
    run(&mut cargo(arguments))?;
    Ok(Count::PASSED)
}

fn count(arguments: &[&str]) -> anyhow::Result<Count> {
    let mut command = cargo(arguments);
    let output = tee(&mut command)?;
    let found = rust_tests(&output.text);
    if !output.success && found.count.failed == 0 {
        // It did not compile, or a test program died before it could count.
        bail!("{} failed outside of a test", shown(&command));
    }
    let mut count = found.count;
    if found.ignored > 0 {
        println!(
            "{} tests are marked to be ignored; nothing is skipped here: remove the mark",
            found.ignored
        );
        count.failed += found.ignored;
    }
    Ok(count)
}
