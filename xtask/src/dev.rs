//! `cargo xtask dev`: the gateway and the development server of the pages, side by side.
//!
//! Owns: which two children run. Must not: build pages: the development server does. Called by: `main`.

use std::process::Command;

use crate::command::program;
use crate::gateway::{Running, admin_address, build, wait_until_ready, watch, welcome};
use crate::signals::Stops;
use crate::web;

/// Starts both; the development server passes sockets and API calls on to the gateway.
pub fn run(flags: &[String]) -> anyhow::Result<()> {
    web::install()?;
    let gateway = build()?;
    let words = welcome(&gateway, flags)?;
    let admin = admin_address(&gateway, flags)?;
    let stops = Stops::follow()?;
    let mut gateway = Running::start(
        "the gateway",
        Command::new(&gateway).arg("serve").args(flags),
    )?;
    wait_until_ready(&mut gateway, admin, &stops)?;
    println!("\nThe gateway is ready. Its built pages:\n\n{words}");
    println!("  The development server below serves the pages as they are on disk now.\n");
    let pages = Running::start(
        "the development server",
        &mut program("npm", &["run", "dev"], &web::folder()),
    )?;
    watch(vec![pages, gateway], &stops)
}
