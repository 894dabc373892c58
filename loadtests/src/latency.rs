//! Latencies: many durations, a few percentiles.
//!
//! Owns: the histogram and its unit. Must not: read a clock. Called by: the commands.

use hdrhistogram::Histogram;

/// Longest duration told apart, in µs: a minute. Anything longer counts as this.
const LONGEST_US: u64 = 60_000_000;
/// Digits kept: 0.1 %, which is finer than runs differ.
const DIGITS: u8 = 3;

/// Durations in µs.
#[derive(Debug, Clone)]
pub struct Latency(Histogram<u64>);

impl Default for Latency {
    fn default() -> Self {
        let histogram = Histogram::new_with_bounds(1, LONGEST_US, DIGITS);
        Self(histogram.expect("the bounds are constants that the histogram takes"))
    }
}

impl Latency {
    /// Counts one duration in µs.
    pub fn record_us(&mut self, duration_us: u64) {
        self.0.saturating_record(duration_us);
    }

    /// How many were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// The duration in ms that this share (0 to 100) of all does not exceed; 0 when nothing was counted.
    #[must_use]
    pub fn percentile_ms(&self, share: f64) -> f64 {
        if self.0.is_empty() {
            return 0.0;
        }
        self.0.value_at_percentile(share) as f64 / 1_000.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_in_milliseconds_and_within_a_thousandth() {
        let mut latency = Latency::default();
        (1..=1_000).for_each(|ms| latency.record_us(ms * 1_000));
        for (share, expected) in [(50.0, 500.0), (99.0, 990.0), (100.0, 1_000.0)] {
            let found = latency.percentile_ms(share);
            assert!(
                (found - expected).abs() <= expected / 1_000.0 + 0.001,
                "{share}: {found}"
            );
        }
    }

    #[test]
    fn nothing_counted_is_zero_and_too_long_is_the_longest() {
        let mut latency = Latency::default();
        assert!(latency.percentile_ms(99.0) < f64::EPSILON);
        latency.record_us(u64::MAX);
        assert!((latency.percentile_ms(50.0) - 60_000.0).abs() < 60.0);
    }
}
