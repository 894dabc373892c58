//! The metrics of the process and the buckets of their histograms. The names are given where things are counted.
//!
//! Owns: the recorder and its upkeep. Must not: count anything itself. Called by: `app`.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

/// Buckets of the time that residents wait for an answer, in seconds: the trade's targets are 10, 15 and 20 s.
const ANSWER_SECONDS: [f64; 12] = [
    1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0, 120.0, 300.0, 600.0,
];

/// Buckets of everything else measured in seconds, from a tenth of a millisecond to the deadline of a request.
const LATENCY_SECONDS: [f64; 16] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 10.0,
];

/// Time between two tidyings of the histograms: samples that no scrape has fetched are folded into their buckets.
const UPKEEP: Duration = Duration::from_secs(5);

/// Installs the recorder of this process, once; later calls return the same handle.
///
/// # Errors
/// When another recorder is installed already.
pub fn install() -> Result<PrometheusHandle, BuildError> {
    static INSTALLED: Mutex<Option<PrometheusHandle>> = Mutex::new(None);
    let mut installed = INSTALLED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(handle) = installed.as_ref() {
        return Ok(handle.clone());
    }
    let recorder = PrometheusBuilder::new()
        .set_buckets_for_metric(
            Matcher::Suffix("_answer_seconds".to_owned()),
            &ANSWER_SECONDS,
        )?
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &LATENCY_SECONDS)?
        .build_recorder();
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder)?;
    *installed = Some(handle.clone());
    Ok(handle)
}

/// Keeps histograms small while nobody scrapes. Runs until the process ends.
pub async fn keep_tidy(handle: PrometheusHandle) {
    let mut ticks = tokio::time::interval(UPKEEP);
    loop {
        ticks.tick().await;
        handle.run_upkeep();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_counted_at_the_targets_of_the_trade() {
        let handle = install().expect("the recorder of this process");
        metrics::histogram!("callbox_test_answer_seconds").record(12.0);
        metrics::histogram!("callbox_test_append_seconds").record(0.0004);
        let text = handle.render();
        for bucket in ["10", "15", "20"] {
            assert!(
                text.contains(&format!(
                    "callbox_test_answer_seconds_bucket{{le=\"{bucket}\"}}"
                )),
                "{text}"
            );
        }
        assert!(
            text.contains("callbox_test_append_seconds_bucket{le=\"0.0005\"} 1"),
            "{text}"
        );
    }
}
