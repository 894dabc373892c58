//! `cargo xtask chaos`: builds the gateway and the clients, and has the clients break a cluster and judge it.
//!
//! Owns: building and starting the run. Must not: judge: the clients do. Called by: `main`, and `test` for the short form.

use std::process::Command;

use anyhow::Error;

use crate::command::{root, run};
use crate::gateway::{build, built};
use crate::privilege::{BY_HAND, Privilege};

/// What it takes, and how its last lines read, is in `docs/reliability.md`.
pub fn run_with(flags: &[String]) -> anyhow::Result<()> {
    let gateway = build()?;
    let clients = built("callbox-loadtests")?;
    // Network namespaces and disks of limited size.
    let prefix = Privilege::of_this_run()
        .prefix("Chaos", BY_HAND)
        .map_err(Error::msg)?;
    let mut words = prefix.iter().map(std::ffi::OsStr::new);
    let mut chaos = match words.next() {
        Some(first) => {
            let mut command = Command::new(first);
            command.args(words).arg(clients);
            command
        }
        None => Command::new(clients),
    };
    chaos
        .current_dir(root())
        .arg("chaos")
        .arg("--gateway")
        .arg(gateway)
        .args(flags);
    run(&mut chaos)
}
