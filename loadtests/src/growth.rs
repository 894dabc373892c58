//! `growth`: whether a message costs the same in a long log as in a short one.
//!
//! Owns: filling logs to round sizes and measuring the same small load at each. Called by: `main`.

use std::sync::atomic::Ordering::Relaxed;

use anyhow::{Result, ensure};
use clap::Args;

use crate::gateway::{Gateway, GatewayChoice, Wishes};
use crate::report::Outcome;
use crate::scene::{Cast, Scene, Span};

/// Sizes at which is measured, in entries.
const SIZES: [u64; 4] = [1_000, 10_000, 100_000, 1_000_000];
/// Sessions that share the log of the store.
const SESSIONS: usize = 64;
/// Texts in flight of each while the log is filled.
const FILL_WINDOW: usize = 16;
/// Texts in flight of one session alone while it is filled.
const FILL_WINDOW_ALONE: usize = 128;
/// Texts in flight of each while the cost is measured: the same at each size, so that batches are alike.
const COST_WINDOW: usize = 4;
/// Texts by which the cost is measured: a tenth of a second of the gateway's time, read from run times in ns.
const COST_TEXTS: u64 = 6_400;
/// Texts in flight when one session alone is measured.
const COST_WINDOW_ALONE: usize = 32;
/// Texts sent one by one for the latency.
const LATENCY_TEXTS: u64 = 500;

/// Cost per message as the log grows
#[derive(Debug, Clone, Args)]
#[group(skip)]
pub struct Growth {
    /// Largest log of the whole store, in entries
    #[arg(long, default_value_t = 1_000_000)]
    entries: u64,
    /// Largest log of one session, in entries
    #[arg(long, default_value_t = 100_000)]
    session_entries: u64,
    /// Bytes of a text
    #[arg(long, default_value_t = 200)]
    bytes: usize,
}

impl Growth {
    /// Runs it once.
    ///
    /// # Errors
    /// When a link breaks or the gateway does not live through it.
    pub async fn run(&self, choice: &GatewayChoice) -> Result<Outcome> {
        let mut outcome = Outcome::default();
        self.series(choice, "store", SESSIONS, self.entries, &mut outcome)
            .await?;
        self.series(choice, "session", 1, self.session_entries, &mut outcome)
            .await?;
        Ok(outcome)
    }

    async fn series(
        &self,
        choice: &GatewayChoice,
        name: &str,
        sessions: usize,
        most: u64,
        outcome: &mut Outcome,
    ) -> Result<()> {
        ensure!(most >= SIZES[0], "at least {} entries", SIZES[0]);
        let gateway = Gateway::begin(choice, Wishes::default()).await?;
        let cast = Cast {
            residents: sessions,
            consoles: sessions.min(4),
            text_bytes: self.bytes,
        };
        let mut scene = Scene::set(&gateway, cast).await?;
        let mut log = Log {
            scene: &mut scene,
            sessions,
            entries: 0,
        };
        let mut first = None;
        for size in SIZES.into_iter().filter(|size| *size <= most) {
            let measured = log.measure(size, outcome).await;
            let (cost_us, p50_ms) = measured.map_err(|e| gateway.explain(e))?;
            outcome.set(format!("{name}_{size}_cpu_us_per_message"), cost_us);
            outcome.set(format!("{name}_{size}_p50_ms"), p50_ms);
            let (first_us, first_ms) = *first.get_or_insert((cost_us, p50_ms));
            outcome.set(format!("{name}_{size}_cpu_ratio"), cost_us / first_us);
            outcome.set(format!("{name}_{size}_p50_ratio"), p50_ms / first_ms);
            if name == "store" {
                outcome.set("cpu_us_per_message", cost_us);
                outcome.set("p50_ms", p50_ms);
            }
        }
        outcome.set(format!("{name}_disk_bytes_per_entry"), {
            gateway.disk_bytes() as f64 / log.entries.max(1) as f64
        });
        Ok(())
    }
}

/// A log that grows.
struct Log<'a> {
    scene: &'a mut Scene,
    sessions: usize,
    entries: u64,
}

impl Log<'_> {
    /// Fills the log to this size and measures there: processor time of the gateway per message in µs, and the median
    /// latency of one message at a time in ms.
    async fn measure(&mut self, size: u64, outcome: &mut Outcome) -> Result<(f64, f64)> {
        let alone = self.sessions == 1;
        let (fill, window) = if alone {
            (FILL_WINDOW_ALONE, COST_WINDOW_ALONE)
        } else {
            (FILL_WINDOW, COST_WINDOW)
        };
        let missing = size.saturating_sub(self.entries) / self.sessions as u64;
        self.send(self.sessions, fill, missing, outcome).await?;
        let p50 = self.send(1, 1, LATENCY_TEXTS, outcome).await?.1;
        let each = COST_TEXTS / self.sessions as u64;
        let cost = self.send(self.sessions, window, each, outcome).await?.0;
        Ok((cost, p50))
    }

    async fn send(
        &mut self,
        senders: usize,
        window: usize,
        texts: u64,
        outcome: &mut Outcome,
    ) -> Result<(f64, f64)> {
        let phase = self
            .scene
            .phase(senders, window, Span::Texts(texts))
            .await?;
        phase.check("growth", outcome);
        self.entries += phase.tally.sent.load(Relaxed);
        Ok((phase.gateway_us(), phase.shown.percentile_ms(50.0)))
    }
}
