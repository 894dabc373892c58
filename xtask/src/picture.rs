//! `cargo xtask picture`: how long the first live picture takes in a real Chromium. docs/performance.md explains the figures.
//!
//! Owns: finding the gateway that is measured. Must not: measure: a script in the browser does. Called by: `main`.

use std::path::PathBuf;

use crate::command::{root, run};
use crate::gateway::build;
use crate::web;

/// Variable that tells the measuring script which gateway to start.
const GATEWAY_VARIABLE: &str = "CALLBOX_BIN";

/// Installs what the script needs and runs it on this gateway, or on one that is built now.
pub fn run_tries(gateway: Option<PathBuf>, tries: u32) -> anyhow::Result<()> {
    web::install()?;
    let gateway = match gateway {
        // The script runs in another folder.
        Some(named) => std::path::absolute(named)?,
        None => built_with_optimisations().map_or_else(build, Ok)?,
    };
    println!("picture: {}", gateway.display());
    let tries = tries.to_string();
    run(web::npm(&["run", "picture", "--", &tries]).env(GATEWAY_VARIABLE, gateway))
}

/// A gateway that was built to be measured.
fn built_with_optimisations() -> Option<PathBuf> {
    let mut built = ["ci", "release"]
        .into_iter()
        .map(|profile| root().join("target").join(profile).join("callbox"));
    built.find(|program| program.is_file())
}
