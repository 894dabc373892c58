//! `route`: a resident's text until it is durable and until a console shows it.
//!
//! Owns: the two phases, unloaded and saturated, which are the same for everybody who is measured. Called by: `main`, and
//! `beside` for two nodes and for others.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use anyhow::Result;
use clap::Args;

use crate::beside::{Beside, Phases};
use crate::cast::{Cast, Stage};
use crate::gateway::{Gateway, GatewayChoice, Wishes};
use crate::report::Outcome;
use crate::scene::{Scene, Seat, Span};

/// Warm-up before the saturated phase counts: buffers have grown and both sides have found their pace.
const WARM_UP: Duration = Duration::from_secs(2);
/// Texts sent one by one before the unloaded phase counts.
const WARM_UP_TEXTS: u64 = 200;

/// Who sends how much to whom.
#[derive(Debug, Clone, Args)]
#[group(skip)]
pub struct Load {
    /// Residents who send at the same time
    #[arg(long, default_value_t = 500)]
    pub residents: usize,
    /// Consoles that receive, at most 32
    #[arg(long, default_value_t = 20)]
    pub consoles: usize,
    /// Bytes of a text
    #[arg(long, default_value_t = 200)]
    pub bytes: usize,
    /// Measured seconds of the saturated phase
    #[arg(long, default_value_t = 10)]
    pub seconds: u64,
    /// Texts of one resident in flight in the saturated phase
    #[arg(long, default_value_t = 8)]
    pub window: usize,
    /// Texts of the unloaded phase
    #[arg(long, default_value_t = 2_000)]
    pub unloaded: u64,
}

impl Load {
    /// The same residents and consoles on a gateway.
    #[must_use]
    pub fn cast(&self) -> Cast {
        Cast {
            residents: self.residents,
            consoles: self.consoles,
            text_bytes: self.bytes,
        }
    }

    /// Runs both phases.
    ///
    /// # Errors
    /// When a link breaks.
    pub async fn phases<R: Seat, C: Seat>(&self, scene: &mut Scene<R, C>) -> Result<Phases> {
        scene.phase(0..1, 1, Span::Texts(WARM_UP_TEXTS)).await?;
        let unloaded = scene.phase(0..1, 1, Span::Texts(self.unloaded)).await?;
        let span = Span::Time(WARM_UP, Duration::from_secs(self.seconds));
        let saturated = scene.phase(0..self.residents, self.window, span).await?;
        Ok(Phases {
            unloaded,
            saturated,
        })
    }
}

/// Texts from residents to consoles: latency unloaded, messages per second saturated
#[derive(Debug, Clone, Args)]
#[group(skip)]
pub struct Route {
    #[command(flatten)]
    load: Load,
    /// Gateways; with 2 they share a Redis, residents are on the one and consoles on the other
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=2))]
    nodes: u8,
    /// With two nodes: what Redis alone can append as well, with both of its ways of writing
    #[arg(long)]
    against_redis: bool,
    /// With two nodes: what others do with the same load as well (loadtests/peers)
    #[arg(long)]
    peers: bool,
}

impl Route {
    /// Runs it once.
    ///
    /// # Errors
    /// When a link breaks or the gateway does not live through it. Lost texts are failures of the outcome.
    pub async fn run(&self, choice: &GatewayChoice) -> Result<Outcome> {
        if self.nodes == 1 {
            anyhow::ensure!(
                !self.against_redis && !self.peers,
                "comparisons need --nodes 2"
            );
            let gateway = Gateway::begin(choice, Wishes::default()).await?;
            let done = self.alone(&gateway).await;
            return done.map_err(|error| gateway.explain(error));
        }
        let beside = Beside {
            limit: self.against_redis,
            peers: self.peers,
        };
        beside.run(&self.load, choice).await
    }

    async fn alone(&self, gateway: &Gateway) -> Result<Outcome> {
        let mut scene = self.load.cast().enter(&Stage::from(gateway)).await?;
        let phases = self.load.phases(&mut scene).await?;
        let mut outcome = Outcome::default();
        phases.unloaded.check("unloaded", &mut outcome);
        phases.saturated.check("saturated", &mut outcome);
        phases.note("", &mut outcome);
        let saturated = &phases.saturated;
        outcome.set("generator_cpu_us_per_message", saturated.own_us());
        outcome.set("saturated_safe_p50_ms", saturated.safe.percentile_ms(50.0));
        outcome.set("saturated_safe_p99_ms", saturated.safe.percentile_ms(99.0));
        let sent = saturated.tally.sent.load(Relaxed) + self.load.unloaded;
        outcome.set("messages", sent as f64);
        Ok(outcome)
    }
}
