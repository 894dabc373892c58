//! `cargo xtask shots`: the README's pictures, made anew from the pages as they are.
//!
//! Owns: nothing but the order to take them. Must not: touch a picture. Called by: `main`.

use crate::command::run;
use crate::gateway::{build, built};
use crate::web;

/// Builds everything and takes the pictures into `docs/images`.
pub fn take() -> anyhow::Result<()> {
    web::build()?;
    let gateway = build()?;
    let mut shots = web::npm(&["run", "shots"]);
    shots.env("CALLBOX_BIN", gateway);
    shots.env("CALLBOX_DEMO", built("callbox-loadtests")?);
    run(&mut shots)
}
