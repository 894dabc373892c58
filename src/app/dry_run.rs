//! `callbox triage try`: what rules of triage would have made of the sessions that are stored.
//!
//! Owns: the way through the store, and the table for an operator. Must not: change anything, or print what people wrote: sessions are
//! named by their ids. Called by: the command line.
//!
//! The gateway may run meanwhile: the store is opened to be read. What is in memory is one page of one log.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use callbox_domain::session::{DryRun, Judged, Outcome, Session};
use callbox_domain::triage::Rules;
use callbox_proto::ids::{QueueId, SessionId};
use callbox_proto::vocabulary::Millis;
use serde_json::json;

use super::{BACKBONE_FOLDER, agency, triage};
use crate::backbone::BackboneError;
use crate::backbone::embedded::Walk;
use crate::clock::{Clock, SystemClock};
use crate::config::{self, Config};
use crate::node;

/// What is tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    /// The file of rules.
    pub rules: PathBuf,
    /// Sessions that were opened in the last so many ms; all where left out.
    pub since_ms: Option<u64>,
    /// Whose sessions; those of `[agency]` where left out.
    pub agency: Option<String>,
    /// A line of JSON for each session instead of a table.
    pub json: bool,
}

/// Counts for the last line.
#[derive(Debug, Default)]
struct Sum {
    sessions: u64,
    more_urgent: u64,
    less_urgent: u64,
    by_person: u64,
    damaged: u64,
}

/// Judges the stored sessions by the rules of a file, and says which of them would have had another priority.
///
/// # Errors
/// When the rules are refused, there is no store here, or it cannot be read.
pub fn run(config: &Config, trial: &Trial) -> anyhow::Result<()> {
    if config.backbone.is_shared() {
        bail!(
            "the logs are in the shared tier (backbone.url); rules are tried on a node's own store, for example a copy of one"
        );
    }
    let agency = chosen(config, trial)?;
    let rules = rules(agency, &trial.rules)?;
    let folder = config.storage.data_dir.join(BACKBONE_FOLDER);
    let walk = Walk::open(&folder).with_context(|| format!("{}", folder.display()))?;
    let now_ms = SystemClock::new().now_ms();
    let out = io::stdout().lock();
    try_all(walk, agency, &rules, trial, now_ms, out)
}

fn chosen<'a>(config: &'a Config, trial: &Trial) -> anyhow::Result<&'a config::Agency> {
    let Some(id) = &trial.agency else {
        return Ok(&config.agency);
    };
    let mut agencies = config.all_agencies();
    let found = agencies.find(|agency| agency.id == *id);
    found.with_context(|| format!("no agency {id} is configured"))
}

fn rules(agency: &config::Agency, file: &Path) -> anyhow::Result<Rules> {
    let queues = agency.queues.iter().map(|queue| queue.id.parse());
    let queues = queues
        .collect::<Result<Vec<QueueId>, _>>()
        .context("queues.id")?;
    Ok(triage::read(Some(file), &queues)?)
}

fn try_all(
    mut walk: Walk,
    agency: &config::Agency,
    rules: &Rules,
    trial: &Trial,
    now_ms: Millis,
    mut out: impl Write,
) -> anyhow::Result<()> {
    let id = agency::info(agency)?.agency;
    let from_ms = trial.since_ms.map_or(0, |ms| now_ms.saturating_sub(ms));
    let mut sum = Sum::default();
    if !trial.json {
        writeln!(
            out,
            "{:32}  {:>12}  {:<15}  {:<24}  would be",
            "session", "opened", "category", "was"
        )?;
    }
    while let Some(indexed) = walk.next_session()? {
        let state = node::stored_session(&indexed.row);
        let Some(state) = state.filter(|s| indexed.agency == id && s.entered_ms >= from_ms) else {
            continue;
        };
        sum.sessions += 1;
        let outcome = match judge(&walk, indexed.session, rules) {
            Ok(outcome) => outcome,
            Err(error) if error.is_of_a_record() => {
                sum.damaged += 1;
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let Some(outcome) = outcome.filter(Outcome::differs) else {
            continue;
        };
        sum.count(&outcome);
        if trial.json {
            writeln!(out, "{}", as_json(indexed.session, &state, &outcome))?;
        } else {
            writeln!(out, "{}", line(indexed.session, &state, &outcome, now_ms))?;
        }
    }
    sum.damaged += walk.damaged();
    if trial.json {
        writeln!(out, "{}", sum.as_json())?;
    } else {
        writeln!(out, "{}", sum.line())?;
    }
    Ok(())
}

/// Folds one log, page by page.
fn judge(walk: &Walk, session: SessionId, rules: &Rules) -> Result<Option<Outcome>, BackboneError> {
    let mut run = DryRun::new(rules);
    let mut after = 0;
    loop {
        let page = walk.records(session, after)?;
        for record in &page {
            run.entry(record.seq, &node::stored_entry(session, record)?);
        }
        match page.last() {
            Some(last) => after = last.seq,
            None => return Ok(run.outcome()),
        }
    }
}

fn line(session: SessionId, state: &Session, outcome: &Outcome, now_ms: Millis) -> String {
    let judged = |judged: &Judged| format!("{} {}", judged.priority.number(), judged.rule);
    let person = outcome
        .by_person
        .map(|priority| format!("  (a person set {})", priority.number()))
        .unwrap_or_default();
    let (before, after) = (judged(&outcome.before), judged(&outcome.after));
    let opened = ago(now_ms.saturating_sub(state.entered_ms));
    let category = word(&state.category);
    format!("{session:32}  {opened:>12}  {category:<15}  {before:<24}  {after}{person}")
}

fn as_json(session: SessionId, state: &Session, outcome: &Outcome) -> serde_json::Value {
    let judged = |judged: &Judged| json!({"priority": judged.priority, "rule": judged.rule});
    json!({
        "session": session,
        "opened_ms": state.entered_ms,
        "category": state.category,
        "test": state.test,
        "before": judged(&outcome.before),
        "after": judged(&outcome.after),
        "by_person": outcome.by_person,
    })
}

/// As on the wire.
fn word(category: &impl serde::Serialize) -> String {
    let value = serde_json::to_value(category).ok();
    let word = value.as_ref().and_then(|value| value.as_str());
    word.unwrap_or_default().to_owned()
}

fn ago(ms: u64) -> String {
    let minutes = ms / 60_000;
    let (days, hours, minutes) = (minutes / 1_440, minutes / 60 % 24, minutes % 60);
    if days > 0 {
        format!("{days} d {hours:02}:{minutes:02} ago")
    } else {
        format!("{hours:02}:{minutes:02} ago")
    }
}

impl Sum {
    fn count(&mut self, outcome: &Outcome) {
        if outcome.after.priority < outcome.before.priority {
            self.more_urgent += 1;
        } else {
            self.less_urgent += 1;
        }
        self.by_person += u64::from(outcome.by_person.is_some());
    }

    fn line(&self) -> String {
        format!(
            "{} sessions, {} would have had another priority: {} more urgent, {} less urgent; of these a person changed {}; {} damaged",
            self.sessions,
            self.more_urgent + self.less_urgent,
            self.more_urgent,
            self.less_urgent,
            self.by_person,
            self.damaged
        )
    }

    fn as_json(&self) -> serde_json::Value {
        json!({
            "sessions": self.sessions,
            "more_urgent": self.more_urgent,
            "less_urgent": self.less_urgent,
            "by_person": self.by_person,
            "damaged": self.damaged,
        })
    }
}

/// Reads a span such as `90m`, `24h` or `7d`, in ms.
///
/// # Errors
/// When it is none.
pub fn span(text: &str) -> Result<u64, String> {
    const MINUTE_MS: u64 = 60_000;
    let wrong = || "write it as minutes, hours or days: 90m, 24h, 7d".to_owned();
    let unit = text.chars().next_back().ok_or_else(wrong)?;
    let each = match unit {
        'm' => MINUTE_MS,
        'h' => 60 * MINUTE_MS,
        'd' => 24 * 60 * MINUTE_MS,
        _ => return Err(wrong()),
    };
    let number: u64 = text[..text.len() - 1].parse().map_err(|_| wrong())?;
    number.checked_mul(each).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_minutes_hours_or_days() {
        assert_eq!(span("90m"), Ok(5_400_000));
        assert_eq!(span("24h"), span("1d"));
        for wrong in [
            "",
            "7",
            "d",
            "7 d",
            "-1d",
            "7w",
            "7é",
            "99999999999999999999d",
        ] {
            assert!(span(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn how_long_ago_is_told_in_days_and_hours() {
        assert_eq!(ago(59_000), "00:00 ago");
        assert_eq!(ago(((2 * 24 + 3) * 60 + 4) * 60_000), "2 d 03:04 ago");
    }
}
