//! Steps over the Rust code. All of them use one profile, and the linter is the compiler, so that everything is built once.
//!
//! Owns: the arguments of cargo, and which compiler it uses. Must not: leave a test out. Called by: the run.

use std::path::Path;
use std::process::Command;

use anyhow::bail;

use super::count::{Count, rust_tests};
use super::step::Step;
use crate::command::{cargo, run, shown, tee};

/// Test programs in the folders `tests` of the packages, by their first letter: `it`, and all others. Together they are all.
const INTEGRATION: &str = "i*";
const OTHERS: &str = "[!i]*";
/// Runs those of the integration tests that the arguments after it choose.
const OF_INTEGRATION: [&str; 6] = [
    "test",
    "--workspace",
    "--test",
    INTEGRATION,
    "--no-fail-fast",
    "--",
];
/// The simulation among the integration tests.
const HISTORIES: &str = "simulation::histories";

/// Which program cargo compiles the crates of this repository with.
const COMPILER: &str = "RUSTC_WORKSPACE_WRAPPER";
/// The compiler that knows clippy's lints, and the variable its arguments are in.
const LINTER: &str = "clippy-driver";
const LINTER_ARGUMENTS: &str = "CLIPPY_ARGS";
/// What `cargo clippy -- --deny warnings` puts between two arguments.
const BETWEEN: &str = "__CLIPPY_HACKERY__";

/// Whether everything that is compiled now is linted too.
pub fn is_linted() -> bool {
    std::env::var(LINTER_ARGUMENTS).is_ok()
}

/// Has this program compile with the linter, and whatever it starts. `cargo clippy` does the same and then only checks; a check shares
/// nothing with a build, and 400 dependencies would be gone through twice.
pub fn linted(command: &mut Command) -> &mut Command {
    // The one beside the very cargo that runs.
    let beside = std::env::var_os("CARGO").map(|cargo| Path::new(&cargo).with_file_name(LINTER));
    let linter = beside.filter(|path| path.is_file());
    command
        .env(COMPILER, linter.unwrap_or_else(|| LINTER.into()))
        .env(LINTER_ARGUMENTS, ["--deny", "warnings", ""].join(BETWEEN))
}

pub fn format() -> Step {
    Step::new("format", || check(&["fmt", "--all", "--", "--check"]))
}

/// Compiles everything; a lint that does not hold is an error of it.
pub fn lints() -> Step {
    Step::new("compilation and lints", || {
        if !is_linted() {
            bail!("the compiler is not the linter");
        }
        check(&["build", "--workspace", "--all-targets"])
    })
}

/// Tests of what several parts, or programs, do together.
pub fn integration() -> Step {
    Step::new("integration tests", || {
        let at_once = at_once().to_string();
        let chosen = ["--test-threads", &at_once, "--skip", HISTORIES];
        count(&[&OF_INTEGRATION[..], &chosen].concat())
    })
}

/// All others: of single parts, and each measurement in small.
pub fn units() -> Step {
    Step::new("unit tests and measurements", || {
        let single = ["test", "--workspace", "--lib", "--bins", "--examples"];
        let others = ["--test", OTHERS, "--no-fail-fast"];
        count(&[&single[..], &others].concat())
    })
}

/// Tests that run at once. Most start programs and wait for them, and leave nearly half of the processor idle with one test for
/// each core; with two for each, the integration tests take a third less time.
fn at_once() -> usize {
    2 * std::thread::available_parallelism().map_or(1, usize::from)
}

/// Thousands of histories would take all cores for minutes: they get what the other tests leave, which wait for half of their time.
pub fn simulation() -> Step {
    Step::new("simulation", || {
        let last = [
            "--config",
            "target.'cfg(unix)'.runner = ['nice', '-n', '19']",
        ];
        count(&[&last[..], &OF_INTEGRATION, &[HISTORIES]].concat())
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
