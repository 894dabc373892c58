//! What one phase of a scene cost: processor time, latencies, and what went wrong in it.
//!
//! Owns: the beginning and the end of a measured span. Must not: send or receive. Called by: `scene`.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::latency::Latency;
use crate::process::{self, RunTimes};
use crate::report::Outcome;
use crate::tally::Tally;

/// What one phase found.
#[derive(Debug)]
pub struct Phase {
    /// From sending to the receipt.
    pub safe: Latency,
    /// From sending to the console.
    pub shown: Latency,
    /// Texts that consoles received in the measured span.
    pub messages: u64,
    /// The measured span, in seconds.
    pub seconds: f64,
    /// Processor time of each server process in it, in the order in which they were named.
    pub server_cpu: Vec<Duration>,
    /// Processor time of this program in it.
    pub own_cpu: Duration,
    /// Counters of the whole phase.
    pub tally: Arc<Tally>,
}

impl Phase {
    /// Messages per second.
    #[must_use]
    pub fn per_second(&self) -> f64 {
        self.messages as f64 / self.seconds.max(f64::MIN_POSITIVE)
    }

    /// Processor time of all servers together per message, in µs.
    #[must_use]
    pub fn servers_us(&self) -> f64 {
        (0..self.server_cpu.len()).map(|n| self.server_us(n)).sum()
    }

    /// Processor time of one server per message, in µs; 0 when there is no such one.
    #[must_use]
    pub fn server_us(&self, number: usize) -> f64 {
        let cpu = self.server_cpu.get(number).copied().unwrap_or_default();
        cpu.as_secs_f64() * 1e6 / self.messages.max(1) as f64
    }

    /// Processor time of this program per message, in µs.
    #[must_use]
    pub fn own_us(&self) -> f64 {
        self.own_cpu.as_secs_f64() * 1e6 / self.messages.max(1) as f64
    }

    /// Notes every broken promise of the phase.
    pub fn check(&self, name: &str, outcome: &mut Outcome) {
        let echoed = self.tally.echoed.load(Relaxed);
        let (_, due) = self.check_delivery(name, outcome);
        if echoed != due {
            outcome.fail(format!(
                "{name}: {echoed} texts came back to their resident, expected {due}"
            ));
        }
        let holes = self.tally.holes.load(Relaxed);
        if holes != 0 {
            outcome.fail(format!("{name}: {holes} holes in a session's entries"));
        }
    }

    /// Notes what was refused, not acknowledged, lost, doubled or out of order; answers how many texts were sent and how
    /// many of them were taken.
    pub fn check_delivery(&self, name: &str, outcome: &mut Outcome) -> (u64, u64) {
        let count = |counter: &std::sync::atomic::AtomicU64| counter.load(Relaxed);
        let tally = &self.tally;
        let due = count(&tally.sent) - count(&tally.refused);
        let mut expect = |what: &str, found: u64, expected: u64| {
            if found != expected {
                outcome.fail(format!("{name}: {found} {what}, expected {expected}"));
            }
        };
        expect("texts were refused", count(&tally.refused), 0);
        expect("texts were called safe", count(&tally.safe), due);
        expect("texts were shown on a console", count(&tally.shown), due);
        expect(
            "texts came twice or out of order",
            count(&tally.disordered),
            0,
        );
        (count(&tally.sent), due)
    }
}

/// The beginning of what is measured.
#[derive(Debug)]
pub struct Measure {
    begun: Instant,
    shown: u64,
    servers: Vec<(u32, RunTimes)>,
    own: Duration,
}

impl Measure {
    /// From now on, over these server processes.
    ///
    /// # Errors
    /// When one of them is gone.
    pub fn begin(pids: &[u32], tally: &Tally) -> Result<Self> {
        let servers = pids.iter().map(|pid| Ok((*pid, RunTimes::of(*pid)?)));
        Ok(Self {
            begun: Instant::now(),
            shown: tally.shown.load(Relaxed),
            servers: servers.collect::<Result<_>>()?,
            own: process::cpu(std::process::id())?,
        })
    }

    /// Until now.
    ///
    /// # Errors
    /// When a server is gone.
    pub fn end(&self, tally: &Arc<Tally>) -> Result<Phase> {
        let ran = |(pid, earlier): &(u32, RunTimes)| Ok(RunTimes::of(*pid)?.since(earlier));
        Ok(Phase {
            safe: tally.safe_latency(),
            shown: tally.shown_latency(),
            messages: tally.shown.load(Relaxed) - self.shown,
            seconds: self.begun.elapsed().as_secs_f64(),
            server_cpu: self.servers.iter().map(ran).collect::<Result<_>>()?,
            own_cpu: process::cpu(std::process::id())?.saturating_sub(self.own),
            tally: Arc::clone(tally),
        })
    }
}
