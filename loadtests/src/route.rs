//! `route`: a resident's text until it is durable and until a console shows it.
//!
//! Owns: the two phases, unloaded and saturated. Called by: `main`.

use std::time::Duration;

use anyhow::Result;
use clap::Args;

use crate::cast::{Cast, Stage};
use crate::gateway::{Gateway, GatewayChoice, Wishes};
use crate::report::Outcome;
use crate::scene::Span;

/// Warm-up before the saturated phase counts: buffers have grown and both sides have found their pace.
const WARM_UP: Duration = Duration::from_secs(2);
/// Texts sent one by one before the unloaded phase counts.
const WARM_UP_TEXTS: u64 = 200;

/// Texts from residents to consoles: latency unloaded, messages per second saturated
#[derive(Debug, Clone, Args)]
#[group(skip)]
pub struct Route {
    /// Residents who send at the same time
    #[arg(long, default_value_t = 500)]
    residents: usize,
    /// Consoles that receive, at most 32
    #[arg(long, default_value_t = 20)]
    consoles: usize,
    /// Bytes of a text
    #[arg(long, default_value_t = 200)]
    bytes: usize,
    /// Measured seconds of the saturated phase
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Texts of one resident in flight in the saturated phase
    #[arg(long, default_value_t = 8)]
    window: usize,
    /// Texts of the unloaded phase
    #[arg(long, default_value_t = 2_000)]
    unloaded: u64,
}

impl Route {
    /// Runs it once.
    ///
    /// # Errors
    /// When a link breaks or the gateway does not live through it. Lost texts are failures of the outcome.
    pub async fn run(&self, choice: &GatewayChoice) -> Result<Outcome> {
        let gateway = Gateway::begin(choice, Wishes::default()).await?;
        let done = self.phases(&gateway).await;
        done.map_err(|error| gateway.explain(error))
    }

    async fn phases(&self, gateway: &Gateway) -> Result<Outcome> {
        let cast = Cast {
            residents: self.residents,
            consoles: self.consoles,
            text_bytes: self.bytes,
        };
        let mut scene = cast.enter(&Stage::from(gateway)).await?;
        let mut outcome = Outcome::default();

        scene.phase(0..1, 1, Span::Texts(WARM_UP_TEXTS)).await?;
        let unloaded = scene.phase(0..1, 1, Span::Texts(self.unloaded)).await?;
        unloaded.check("unloaded", &mut outcome);
        outcome.set_latency("", &unloaded.shown);
        outcome.set_latency("safe_", &unloaded.safe);

        let span = Span::Time(WARM_UP, Duration::from_secs(self.seconds));
        let saturated = scene.phase(0..self.residents, self.window, span).await?;
        saturated.check("saturated", &mut outcome);
        outcome.set("messages_per_s", saturated.per_second());
        outcome.set("cpu_us_per_message", saturated.servers_us());
        outcome.set("generator_cpu_us_per_message", saturated.own_us());
        outcome.set("saturated_safe_p50_ms", saturated.safe.percentile_ms(50.0));
        outcome.set("saturated_safe_p99_ms", saturated.safe.percentile_ms(99.0));
        outcome.set(
            "saturated_shown_p50_ms",
            saturated.shown.percentile_ms(50.0),
        );
        outcome.set(
            "saturated_shown_p99_ms",
            saturated.shown.percentile_ms(99.0),
        );
        let sent = saturated
            .tally
            .sent
            .load(std::sync::atomic::Ordering::Relaxed);
        outcome.set("messages", (sent + self.unloaded) as f64);
        Ok(outcome)
    }
}
