//! What a command found, as a table for people and as one JSON object for machines.
//!
//! Owns: figures by name, the median and the spread over several runs, and how both are printed. Must not: measure.
//! Called by: `main`, after each command.

use callbox_loadtests::check::Verdict;
use serde_json::{Map, Value, json};

use crate::latency::Latency;

/// Figures that every JSON object has; `null` where a command does not take them.
const ALWAYS: [&str; 5] = [
    "kib_per_session",
    "messages_per_s",
    "cpu_us_per_message",
    "p50_ms",
    "p99_ms",
];

/// What one run found.
#[derive(Debug, Default)]
pub struct Outcome {
    figures: Vec<(String, f64)>,
    failures: Vec<String>,
}

impl Outcome {
    /// Notes a figure; its name ends in its unit.
    pub fn set(&mut self, name: impl Into<String>, value: f64) {
        self.figures.push((name.into(), value));
    }

    /// Notes the median and the 99th percentile of a latency, in ms, under names that begin with `prefix`.
    pub fn set_latency(&mut self, prefix: &str, latency: &Latency) {
        self.set(format!("{prefix}p50_ms"), latency.percentile_ms(50.0));
        self.set(format!("{prefix}p99_ms"), latency.percentile_ms(99.0));
    }

    /// Notes the median of several samples, and under `…_lowest` and `…_highest` their ends.
    pub fn set_samples(&mut self, name: &str, mut samples: Vec<f64>) {
        samples.sort_by(f64::total_cmp);
        let (Some(middle), Some(low), Some(high)) =
            (median(&samples), samples.first(), samples.last())
        else {
            return;
        };
        self.set(name, middle);
        self.set(format!("{name}_lowest"), *low);
        self.set(format!("{name}_highest"), *high);
    }

    /// Notes what the judge of a record found: everything against a rule is a broken promise.
    pub fn set_verdict(&mut self, verdict: &Verdict) {
        for (rule, found) in verdict.rules() {
            self.set(rule, found.len() as f64);
            if let Some(first) = found.first() {
                self.fail(format!("{} {rule}, such as {first}", found.len()));
            }
        }
        self.set("safe", verdict.safe as f64);
        self.set("shown", verdict.shown as f64);
    }

    /// Notes that a promise was broken: the program then ends with an error.
    pub fn fail(&mut self, what: impl Into<String>) {
        self.failures.push(what.into());
    }

    /// Broken promises so far.
    #[must_use]
    pub fn failures(&self) -> &[String] {
        &self.failures
    }

    /// The figure with this name, if it was taken.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<f64> {
        self.figures
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| *value)
    }
}

/// A figure over all runs.
#[derive(Debug, Clone, PartialEq)]
struct Summary {
    name: String,
    median: f64,
    lowest: f64,
    highest: f64,
}

/// The runs of one command put together.
#[derive(Debug)]
pub struct Report {
    command: String,
    revision: String,
    cores: usize,
    seconds: f64,
    runs: usize,
    summaries: Vec<Summary>,
    failures: Vec<String>,
}

impl Report {
    /// Puts runs together: the median of each figure, with the lowest and the highest as its spread.
    #[must_use]
    pub fn new(command: &str, seconds: f64, outcomes: &[Outcome]) -> Self {
        let mut names: Vec<&String> = Vec::new();
        for (name, _) in outcomes.iter().flat_map(|outcome| &outcome.figures) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let summary = |name: &&String| {
            let values = outcomes.iter().filter_map(|outcome| outcome.get(name));
            summarise(name, values.collect())
        };
        Self {
            command: command.to_owned(),
            revision: revision(),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            seconds,
            runs: outcomes.len(),
            summaries: names.iter().filter_map(summary).collect(),
            failures: outcomes
                .iter()
                .flat_map(|outcome| outcome.failures.clone())
                .collect(),
        }
    }

    /// Whether every promise held.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.failures.is_empty()
    }

    /// The one JSON object.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut object = Map::new();
        object.insert("command".into(), json!(self.command));
        object.insert("revision".into(), json!(self.revision));
        object.insert("cores".into(), json!(self.cores));
        object.insert("seconds".into(), json!(round(self.seconds)));
        object.insert("runs".into(), json!(self.runs));
        for name in ALWAYS {
            object.insert(name.into(), Value::Null);
        }
        let mut spread = Map::new();
        for summary in &self.summaries {
            object.insert(summary.name.clone(), json!(round(summary.median)));
            let ends = json!([round(summary.lowest), round(summary.highest)]);
            spread.insert(summary.name.clone(), ends);
        }
        object.insert("spread".into(), Value::Object(spread));
        object.insert("failures".into(), json!(self.failures));
        Value::Object(object)
    }

    /// The table for people.
    #[must_use]
    pub fn to_table(&self) -> String {
        let mut table = format!(
            "{} at {} on {} cores, {} run(s), {:.0} s\n",
            self.command, self.revision, self.cores, self.runs, self.seconds
        );
        for summary in &self.summaries {
            let Summary {
                name,
                median,
                lowest,
                highest,
            } = summary;
            let spread = if self.runs > 1 {
                format!("   ({} .. {})", readable(*lowest), readable(*highest))
            } else {
                String::new()
            };
            table.push_str(&format!("  {name:<40} {:>14}{spread}\n", readable(*median)));
        }
        for failure in &self.failures {
            table.push_str(&format!("  FAILED: {failure}\n"));
        }
        table
    }
}

fn summarise(name: &str, mut values: Vec<f64>) -> Option<Summary> {
    values.sort_by(f64::total_cmp);
    Some(Summary {
        name: name.to_owned(),
        median: median(&values)?,
        lowest: *values.first()?,
        highest: *values.last()?,
    })
}

/// The middle of sorted values; the mean of the two middle ones when their number is even.
#[must_use]
pub fn median(sorted: &[f64]) -> Option<f64> {
    let upper = *sorted.get(sorted.len() / 2)?;
    if sorted.len() % 2 == 1 {
        return Some(upper);
    }
    let lower = *sorted.get(sorted.len() / 2 - 1)?;
    Some((lower + upper) / 2.0)
}

/// Four decimals are finer than anything measured here.
fn round(value: f64) -> f64 {
    (value * 10_000.0).round() / 10_000.0
}

fn readable(value: f64) -> String {
    match value.abs() {
        large if large >= 1_000.0 => format!("{value:.0}"),
        middle if middle >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.3}"),
    }
}

/// The revision of the working directory, with `+` when it was changed since; `unknown` without git.
fn revision() -> String {
    let git = |arguments: &[&str]| {
        let output = std::process::Command::new("git")
            .args(arguments)
            .output()
            .ok()?;
        output
            .status
            .success()
            .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let Some(head) = git(&["rev-parse", "--short=12", "HEAD"]) else {
        return "unknown".to_owned();
    };
    let clean =
        git(&["status", "--porcelain", "--untracked-files=no"]).is_some_and(|s| s.is_empty());
    if clean { head } else { format!("{head}+") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(figures: &[(&str, f64)]) -> Outcome {
        let mut outcome = Outcome::default();
        for (name, value) in figures {
            outcome.set(*name, *value);
        }
        outcome
    }

    #[test]
    fn three_runs_become_their_median_and_their_ends() {
        let runs = [9.0, 1.0, 5.0].map(|v| run(&[("messages_per_s", v)]));
        let json = Report::new("route", 1.0, &runs).to_json();
        assert_eq!(json["messages_per_s"], json!(5.0));
        assert_eq!(json["spread"]["messages_per_s"], json!([1.0, 9.0]));
        assert_eq!(json["runs"], json!(3));
    }

    #[test]
    fn samples_within_a_run_become_their_median_and_their_ends() {
        let mut outcome = Outcome::default();
        outcome.set_samples("ratio", vec![1.2, 0.9, 1.0]);
        outcome.set_samples("nothing", Vec::new());
        let found = ["ratio", "ratio_lowest", "ratio_highest"].map(|name| outcome.get(name));
        assert_eq!(found, [Some(1.0), Some(0.9), Some(1.2)]);
        assert_eq!(outcome.get("nothing"), None);
    }

    #[test]
    fn two_runs_become_the_value_between_them() {
        assert_eq!(median(&[1.0, 4.0]), Some(2.5));
        assert_eq!(median(&[]), None);
    }

    #[test]
    fn figures_a_command_does_not_take_are_null_and_present() {
        let json = Report::new("idle", 1.0, &[run(&[("kib_per_session", 7.5)])]).to_json();
        assert_eq!(json["kib_per_session"], json!(7.5));
        for name in ["messages_per_s", "cpu_us_per_message", "p50_ms", "p99_ms"] {
            assert_eq!(json.get(name), Some(&Value::Null), "{name}");
        }
        for name in ["command", "revision", "cores", "seconds", "spread"] {
            assert!(!json[name].is_null(), "{name}");
        }
    }

    #[test]
    fn one_broken_promise_fails_the_whole_report() {
        let mut broken = run(&[]);
        broken.fail("1 message was lost");
        let report = Report::new("route", 1.0, &[run(&[]), broken]);
        assert!(!report.passed());
        assert!(report.to_table().contains("FAILED: 1 message was lost"));
    }
}
