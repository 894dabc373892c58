//! `growth`: whether a message costs the same in a long log as in a short one.
//!
//! Owns: filling logs, and samples taken in pairs: one at the long log, one at a reference gateway that is renewed before its
//! log grows long. Both of a pair are taken within a second or two, so that what else happens on the machine meets both.
//! Called by: `main`.

use std::ops::Range;
use std::sync::atomic::Ordering::Relaxed;

use anyhow::{Result, ensure};
use clap::Args;

use crate::cast::{Cast, Stage};
use crate::gateway::{Gateway, GatewayChoice, Wishes};
use crate::report::Outcome;
use crate::scene::{Scene, Span};

/// Sizes at which is measured, in entries.
const SIZES: [u64; 3] = [10_000, 100_000, 1_000_000];
/// Sessions of each gateway. In a store's series they share the log; in a session's series one of them is measured.
const SESSIONS: usize = 64;
/// Consoles that follow them.
const CONSOLES: usize = 4;
/// Texts in flight of each session while a store is filled.
const FILL_WINDOW: usize = 16;
/// Texts in flight of one session alone while it is filled.
const FILL_WINDOW_ALONE: usize = 128;
/// Texts in flight of each session while the cost is measured: the same on both sides, so that batches are alike.
const COST_WINDOW: usize = 4;
/// Texts in flight when one session alone is measured.
const COST_WINDOW_ALONE: usize = 32;
/// Texts of one sample of the cost in a store: some 0.1 s of the gateway's time, which is read in ns.
const COST_TEXTS: u64 = 3_200;
/// Texts of one sample of the cost in one session: with [`LATENCY_TEXTS`] the reference's session stays near a thousand.
const COST_TEXTS_ALONE: u64 = 1_600;
/// Texts of one sample of the latency, sent one by one.
const LATENCY_TEXTS: u64 = 200;
/// Texts that a gateway has carried before any of its samples counts: memory, caches and files of the first moments are
/// there then.
const WARM_UP_TEXTS: u64 = 3_200;
/// Sessions of a reference that only warm up when one session is measured.
const WARM_UP_SESSIONS: usize = 4;
/// A reference whose store holds more is renewed.
const REFERENCE_ENTRIES_MAX: u64 = 12_000;

/// Cost per message as the log grows
#[derive(Debug, Clone, Args)]
#[group(skip)]
pub struct Growth {
    /// Largest log of the whole store, in entries; 0 leaves this series out
    #[arg(long, default_value_t = 1_000_000)]
    entries: u64,
    /// Largest log of one session, in entries; 0 leaves this series out
    #[arg(long, default_value_t = 1_000_000)]
    session_entries: u64,
    /// Pairs of samples at each size
    #[arg(long, default_value_t = 25, value_parser = clap::value_parser!(u32).range(3..=1_000))]
    pairs: u32,
    /// Bytes of a text
    #[arg(long, default_value_t = 200)]
    bytes: usize,
}

impl Growth {
    /// Runs it once.
    ///
    /// # Errors
    /// When a link breaks or a gateway does not live through it.
    pub async fn run(&self, choice: &GatewayChoice) -> Result<Outcome> {
        ensure!(
            choice.url.is_none(),
            "growth compares two gateways of its own"
        );
        let mut outcome = Outcome::default();
        for (kind, most) in [
            (Kind::Store, self.entries),
            (Kind::Session, self.session_entries),
        ] {
            if most > 0 {
                self.series(choice, kind, most, &mut outcome).await?;
            }
        }
        Ok(outcome)
    }

    async fn series(
        &self,
        choice: &GatewayChoice,
        kind: Kind,
        most: u64,
        outcome: &mut Outcome,
    ) -> Result<()> {
        ensure!(most >= SIZES[0], "at least {} entries", SIZES[0]);
        let name = kind.name();
        let setting = Setting {
            choice,
            kind,
            bytes: self.bytes,
        };
        // Two references against each other: how fine the instrument is.
        let mut other = setting.reference(outcome).await?;
        let pairs = self.pairs(&setting, &mut other, outcome).await?;
        pairs.note(&format!("{name}_control"), outcome);
        drop(other);

        let mut long = setting.side(outcome).await?;
        let mut at_the_end = None;
        for size in SIZES.into_iter().filter(|size| *size <= most) {
            long.fill(size, outcome).await?;
            let filled = long.log_entries();
            let pairs = self.pairs(&setting, &mut long, outcome).await?;
            pairs.note(&format!("{name}_{size}"), outcome);
            let entries = (filled + long.log_entries()) as f64 / 2.0;
            outcome.set(format!("{name}_{size}_mean_entries"), entries);
            if kind == Kind::Store {
                at_the_end = Some(pairs);
            }
        }
        if let Some(pairs) = at_the_end {
            outcome.set("cpu_us_per_message", middle(&pairs.long, |s| s.cpu_us));
            outcome.set("p50_ms", middle(&pairs.long, |s| s.p50_ms));
        }
        let per_entry = long.gateway.disk_bytes() as f64 / long.all_entries.max(1) as f64;
        outcome.set(format!("{name}_disk_bytes_per_entry"), per_entry);
        Ok(())
    }

    /// Takes samples at a long log and at references by turns; which comes first changes with each pair.
    async fn pairs(
        &self,
        setting: &Setting<'_>,
        long: &mut Side,
        outcome: &mut Outcome,
    ) -> Result<Pairs> {
        let mut short = long.rest_while(setting.reference(outcome)).await?;
        let mut pairs = Pairs::default();
        for number in 0..self.pairs {
            if short.is_spent() {
                short = long.rest_while(setting.reference(outcome)).await?;
            }
            if long.is_spent() {
                *long = short.rest_while(setting.reference(outcome)).await?;
            }
            let (a, b) = if number % 2 == 0 {
                let a = short.rest_while(long.sample(outcome)).await?;
                (a, long.rest_while(short.sample(outcome)).await?)
            } else {
                let b = long.rest_while(short.sample(outcome)).await?;
                (short.rest_while(long.sample(outcome)).await?, b)
            };
            eprintln!(
                "growth: {} pair {}: {:.1} and {:.1} us, {:.3} and {:.3} ms at {} and {} entries",
                setting.kind.name(),
                number + 1,
                a.cpu_us,
                b.cpu_us,
                a.p50_ms,
                b.p50_ms,
                a.entries,
                b.entries,
            );
            pairs.long.push(a);
            pairs.short.push(b);
        }
        Ok(pairs)
    }
}

/// What grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Store,
    Session,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Store => "store",
            Self::Session => "session",
        }
    }
}

/// What both sides of a comparison have in common.
struct Setting<'a> {
    choice: &'a GatewayChoice,
    kind: Kind,
    bytes: usize,
}

impl Setting<'_> {
    /// A warm gateway whose log may grow.
    async fn side(&self, outcome: &mut Outcome) -> Result<Side> {
        let gateway = Gateway::begin(self.choice, Wishes::default()).await?;
        let cast = Cast {
            residents: SESSIONS,
            consoles: CONSOLES,
            text_bytes: self.bytes,
        };
        let scene = cast.enter(&Stage::from(&gateway)).await;
        let mut side = Side {
            scene: scene.map_err(|error| gateway.explain(error))?,
            gateway,
            kind: self.kind,
            renewable: false,
            measured: 0,
            measured_entries: 0,
            all_entries: 0,
        };
        let warm = match self.kind {
            Kind::Store => 0..SESSIONS,
            // The last ones, so that the first is new.
            Kind::Session => SESSIONS - WARM_UP_SESSIONS..SESSIONS,
        };
        let each = WARM_UP_TEXTS / warm.len() as u64;
        side.send(warm, COST_WINDOW, each, outcome).await?;
        Ok(side)
    }

    /// A warm gateway that stays small.
    async fn reference(&self, outcome: &mut Outcome) -> Result<Side> {
        let mut side = self.side(outcome).await?;
        side.renewable = true;
        Ok(side)
    }
}

/// One gateway of a comparison.
struct Side {
    gateway: Gateway,
    scene: Scene,
    kind: Kind,
    /// Whether it takes a new session for each sample, and is renewed.
    renewable: bool,
    /// The session that is measured, when one is.
    measured: usize,
    measured_entries: u64,
    all_entries: u64,
}

/// What one sample found.
#[derive(Debug, Clone, Copy)]
struct Sample {
    cpu_us: f64,
    p50_ms: f64,
    /// Entries of the log in the middle of the sample.
    entries: u64,
}

impl Side {
    /// Entries of the log that is measured.
    fn log_entries(&self) -> u64 {
        match self.kind {
            Kind::Store => self.all_entries,
            Kind::Session => self.measured_entries,
        }
    }

    fn is_spent(&self) -> bool {
        let next_is_new = self.measured + 1 < SESSIONS - WARM_UP_SESSIONS;
        let small = match self.kind {
            Kind::Store => self.all_entries <= REFERENCE_ENTRIES_MAX - COST_TEXTS,
            // The store behind the session stays small as well.
            Kind::Session => next_is_new && self.all_entries <= 4 * REFERENCE_ENTRIES_MAX,
        };
        self.renewable && !small
    }

    async fn fill(&mut self, size: u64, outcome: &mut Outcome) -> Result<()> {
        let missing = size.saturating_sub(self.log_entries());
        match self.kind {
            Kind::Store => {
                let each = missing / SESSIONS as u64;
                self.send(0..SESSIONS, FILL_WINDOW, each, outcome).await?;
            }
            Kind::Session => {
                let one = self.measured..self.measured + 1;
                self.send(one, FILL_WINDOW_ALONE, missing, outcome).await?;
            }
        }
        Ok(())
    }

    async fn sample(&mut self, outcome: &mut Outcome) -> Result<Sample> {
        if self.renewable && self.kind == Kind::Session {
            self.measured += 1;
            self.measured_entries = 0;
        }
        let before = self.log_entries();
        let one = self.measured..self.measured + 1;
        let p50_ms = self.send(one.clone(), 1, LATENCY_TEXTS, outcome).await?.1;
        let cpu_us = match self.kind {
            Kind::Store => {
                let each = COST_TEXTS / SESSIONS as u64;
                self.send(0..SESSIONS, COST_WINDOW, each, outcome).await?.0
            }
            Kind::Session => {
                let sent = self.send(one, COST_WINDOW_ALONE, COST_TEXTS_ALONE, outcome);
                sent.await?.0
            }
        };
        Ok(Sample {
            cpu_us,
            p50_ms,
            entries: before.midpoint(self.log_entries()),
        })
    }

    /// Lets these residents send so many texts each: µs of the gateway's time per text, and the median latency in ms.
    async fn send(
        &mut self,
        senders: Range<usize>,
        window: usize,
        texts: u64,
        outcome: &mut Outcome,
    ) -> Result<(f64, f64)> {
        let measured = senders.contains(&self.measured);
        let phase = self.scene.phase(senders, window, Span::Texts(texts)).await;
        let phase = phase.map_err(|error| self.gateway.explain(error))?;
        phase.check("growth", outcome);
        self.all_entries += phase.tally.sent.load(Relaxed);
        self.measured_entries += if measured { texts } else { 0 };
        Ok((phase.servers_us(), phase.shown.percentile_ms(50.0)))
    }

    async fn rest_while<T>(&mut self, other: impl Future<Output = Result<T>>) -> Result<T> {
        let rested = self.scene.rest_while(other).await;
        rested.map_err(|error| self.gateway.explain(error))
    }
}

/// Samples of both sides, in the order in which they were taken.
#[derive(Debug, Default)]
struct Pairs {
    long: Vec<Sample>,
    short: Vec<Sample>,
}

impl Pairs {
    fn note(&self, name: &str, outcome: &mut Outcome) {
        let cpu = |sample: &Sample| sample.cpu_us;
        let latency = |sample: &Sample| sample.p50_ms;
        outcome.set_samples(&format!("{name}_cpu_ratio"), self.ratios(cpu));
        outcome.set_samples(&format!("{name}_p50_ratio"), self.ratios(latency));
        // What falls into few samples (a checkpoint of the store) is in the sums, not in the medians.
        let sum = |samples: &[Sample]| samples.iter().map(cpu).sum::<f64>();
        let of_sums = sum(&self.long) / sum(&self.short);
        outcome.set(format!("{name}_cpu_ratio_of_sums"), of_sums);
        outcome.set(
            format!("{name}_cpu_us_per_message"),
            middle(&self.long, cpu),
        );
        outcome.set(format!("{name}_p50_ms"), middle(&self.long, latency));
        let reference = middle(&self.short, |sample| sample.entries as f64);
        outcome.set(format!("{name}_reference_entries"), reference);
    }

    fn ratios(&self, figure: impl Fn(&Sample) -> f64) -> Vec<f64> {
        let pairs = self.long.iter().zip(&self.short);
        pairs.map(|(a, b)| figure(a) / figure(b)).collect()
    }
}

/// The median of one figure of all samples; 0 for none.
fn middle(samples: &[Sample], figure: impl Fn(&Sample) -> f64) -> f64 {
    let mut values: Vec<f64> = samples.iter().map(figure).collect();
    values.sort_by(f64::total_cmp);
    crate::report::median(&values).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(costs: &[f64]) -> Vec<Sample> {
        let sample = |cpu_us: &f64| Sample {
            cpu_us: *cpu_us,
            p50_ms: 1.0,
            entries: 1_000,
        };
        costs.iter().map(sample).collect()
    }

    #[test]
    fn a_machine_that_slows_down_for_a_while_does_not_show_in_the_ratio() {
        let pairs = Pairs {
            long: samples(&[30.0, 60.0, 90.0]),
            short: samples(&[30.0, 60.0, 90.0]),
        };
        let mut outcome = Outcome::default();
        pairs.note("store_control", &mut outcome);
        for end in ["", "_lowest", "_highest", "_of_sums"] {
            let name = format!("store_control_cpu_ratio{end}");
            assert_eq!(outcome.get(&name), Some(1.0), "{name}");
        }
    }

    #[test]
    fn what_falls_into_one_sample_only_is_in_the_ratio_of_the_sums() {
        let pairs = Pairs {
            long: samples(&[30.0, 30.0, 60.0]),
            short: samples(&[30.0, 30.0, 30.0]),
        };
        let mut outcome = Outcome::default();
        pairs.note("store_1000000", &mut outcome);
        assert_eq!(outcome.get("store_1000000_cpu_ratio"), Some(1.0));
        let sums = outcome.get("store_1000000_cpu_ratio_of_sums").unwrap();
        assert!((sums - 120.0 / 90.0).abs() < 1e-9, "{sums}");
    }
}
