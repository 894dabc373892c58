//! Ctrl-C and SIGTERM: noticed here, so that the children can be ended in order.
//!
//! Owns: whether the end was asked for. Must not: end anything itself. Called by: `run`, `dev`, and `gateway` while it waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context as _;
use signal_hook::consts::{SIGINT, SIGTERM};

/// Whether a person has asked to stop.
#[derive(Debug, Clone)]
pub struct Stops(Arc<AtomicBool>);

impl Stops {
    /// Notices both signals from now on instead of dying.
    pub fn follow() -> anyhow::Result<Self> {
        let asked = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            signal_hook::flag::register(signal, Arc::clone(&asked))
                .context("signals cannot be followed")?;
        }
        Ok(Self(asked))
    }

    /// Whether anybody has asked to stop.
    pub fn asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Whether it was asked since the last call; forgets it, so that the next time is noticed as a second one.
    pub fn take(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }
}
