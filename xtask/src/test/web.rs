//! Steps over the pages' code. Each runs the script of that name in `web/package.json`.
//!
//! Owns: which script is which step. Must not: know how it works. Called by: the run.

use anyhow::{Context as _, bail};

use super::count::{Count, last_line};
use super::step::Step;
use crate::command::{run, shown, tee};
use crate::web;

pub fn install() -> Step {
    Step::new("web packages", || done(web::install()))
}

/// Type check, with a file that holds a planted error which must be found.
pub fn types() -> Step {
    Step::new("types of the pages", || {
        done(run(&mut web::npm(&["run", "check"])))
    })
}

pub fn units() -> Step {
    Step::new("unit tests of the pages", || counted(&["test"]))
}

pub fn build() -> Step {
    Step::new("build of the pages", || done(web::build()))
}

pub fn budgets() -> Step {
    Step::new("size budgets", || {
        done(run(&mut web::npm(&["run", "budgets"])))
    })
}

/// One check.
fn done(outcome: anyhow::Result<()>) -> anyhow::Result<Count> {
    outcome.map(|()| Count::PASSED)
}

/// A script that counts its own tests.
fn counted(arguments: &[&str]) -> anyhow::Result<Count> {
    count(&mut web::npm(arguments))
}

/// Runs a script whose last line is `N passed, N failed`.
pub(super) fn count(command: &mut std::process::Command) -> anyhow::Result<Count> {
    let output = tee(command)?;
    let count = last_line(&output.text).with_context(|| {
        format!(
            "{} did not end with a line \"N passed, N failed\"",
            shown(command)
        )
    })?;
    if !output.success && count.failed == 0 {
        bail!("{} failed, though it counts no failed test", shown(command));
    }
    if count.passed + count.failed == 0 {
        bail!("{} ran no test", shown(command));
    }
    Ok(count)
}
