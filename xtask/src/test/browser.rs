//! The stories: the three pages in a real Chromium, against the gateway that the tests before have built; and before them what a
//! newcomer types, `cargo xtask run --demo`, from its first word to Ctrl-C.
//!
//! Owns: which gateway the stories start. Must not: tell a story: `web/stories` does, and `web/tools`. Called by: the run.

use super::count::Count;
use super::step::Step;
use super::web::count;
use crate::command::without_own_package;
use crate::gateway::build;
use crate::web;

/// Variable that tells the stories which gateway to start.
const GATEWAY_VARIABLE: &str = "CALLBOX_BIN";

pub fn first_run() -> Step {
    Step::new("cargo xtask run --demo", || {
        count(without_own_package(&mut web::npm(&["run", "first-run"])))
    })
}

pub fn stories() -> Step {
    Step::new("stories in Chromium", tell_stories)
}

fn tell_stories() -> anyhow::Result<Count> {
    // The whole workspace, as in the tests: the same set of features, so nothing is compiled again.
    let gateway = build()?;
    count(web::npm(&["run", "stories"]).env(GATEWAY_VARIABLE, gateway))
}
