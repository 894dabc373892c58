//! The rules of triage on disk: read, checked, and read again when the file changes or an operator asks.
//!
//! Owns: the way from the file to the agency's policy. Must not: judge sessions (that is `callbox_domain::triage`), or take a
//! file with problems. Called by: `app` at the start and for `check-config`; follows the file by itself then.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use callbox_domain::triage::{Problem, Rules};
use callbox_proto::ids::QueueId;
use thiserror::Error;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use toml::de::{DeTable, DeValue};

use super::agency;
use crate::changes::{Cause, Changes, Refusals, folder_of};
use crate::config::{self, Config};
use crate::node::agency::Agency;
use crate::node::lock;

/// The rules that are built in: the same file an agency starts from.
const BUILT_IN: &str = include_str!("../../config/triage.toml");
/// What the built-in rules are called in messages.
const BUILT_IN_NAME: &str = "built-in rules";

/// Why rules are refused. Places are `file:line`.
#[derive(Debug, Error)]
pub enum RulesError {
    /// The file cannot be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Unreadable {
        /// The file as it was named.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The text is not TOML, or holds keys or values that no rule has.
    #[error("{name}:{line}: {message}")]
    Syntax {
        /// The file as it was named.
        name: String,
        /// The line, counted from 1.
        line: usize,
        /// What the parser said.
        message: String,
    },
    /// It can be read and cannot be meant.
    #[error("{}", .0.join("; "))]
    Problems(Vec<String>),
}

/// Reads and checks the rules of triage; without a file, those that are built in. `queues` are the agency's.
///
/// # Errors
/// [`RulesError`], with everything that is wrong.
pub fn read(file: Option<&Path>, queues: &[QueueId]) -> Result<Rules, RulesError> {
    let Some(path) = file else {
        return parse(BUILT_IN_NAME, BUILT_IN, queues);
    };
    let text = std::fs::read_to_string(path).map_err(|source| RulesError::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    parse(&path.display().to_string(), &text, queues)
}

fn parse(name: &str, text: &str, queues: &[QueueId]) -> Result<Rules, RulesError> {
    let rules: Rules = toml::from_str(text).map_err(|error| RulesError::Syntax {
        name: name.to_owned(),
        line: line_at(text, error.span().map_or(0, |span| span.start)),
        message: error.message().to_owned(),
    })?;
    let problems = rules.check(queues);
    if problems.is_empty() {
        return Ok(rules);
    }
    let told = |problem: &Problem| match problem.rule().and_then(|rule| line_of_rule(text, rule)) {
        Some(line) => format!("{name}:{line}: {problem}"),
        None => format!("{name}: {problem}"),
    };
    Err(RulesError::Problems(problems.iter().map(told).collect()))
}

/// Reads rules as a file's text; for `crate::probes`.
pub(crate) fn probe_rules(text: &str) -> bool {
    match parse("rules", text, &[]) {
        Ok(_) => true,
        // No queue is known here, and rules may name some.
        Err(RulesError::Problems(_)) => true,
        Err(_) => false,
    }
}

/// The line of a rule's name; of the last one, where two have the same. Rules without a name have no line.
fn line_of_rule(text: &str, rule: &str) -> Option<usize> {
    let root = DeTable::parse(text).ok()?;
    let DeValue::Array(rules) = root.get_ref().get("rule")?.get_ref() else {
        return None;
    };
    let mut names = rules.iter().filter_map(|one| match one.get_ref() {
        DeValue::Table(table) => table.get("id"),
        _ => None,
    });
    let named = names.rfind(|id| id.get_ref().as_str().map(str::trim) == Some(rule))?;
    Some(line_at(text, named.span().start))
}

fn line_at(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|b| *b == b'\n').count()
}

/// What reading the file again did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reload {
    /// New rules judge from now on.
    Replaced,
    /// The file holds the rules in use.
    Unchanged,
}

/// A file of rules and the agency that it is for.
#[derive(Debug)]
pub struct RulesFile {
    /// As at the start: the set of queues that rules may name changes with a restart only.
    config: config::Agency,
    path: PathBuf,
    agency: Arc<Agency>,
    refusals: Mutex<Refusals>,
    attempts: watch::Sender<u64>,
}

impl RulesFile {
    /// The file that is configured for an agency; `None` with the built-in rules, which never change.
    #[must_use]
    pub fn of(
        config: &Config,
        configured: &config::Agency,
        agency: Arc<Agency>,
    ) -> Option<Arc<Self>> {
        Some(Arc::new(Self {
            config: configured.clone(),
            path: config.rules_file_of(configured)?.to_owned(),
            agency,
            refusals: Mutex::default(),
            attempts: watch::Sender::new(0),
        }))
    }

    /// Changes after each time the file was read again, whatever came of it.
    #[must_use]
    pub fn attempts(&self) -> watch::Receiver<u64> {
        self.attempts.subscribe()
    }

    /// Reads the file again. Sessions that were judged keep their priority until something new is said.
    ///
    /// # Errors
    /// When the new rules cannot be used; the old ones stay.
    pub fn reload(&self) -> anyhow::Result<Reload> {
        let rules = agency::rules(&self.config, Some(&self.path))?;
        if &rules == self.agency.policy().rules() {
            return Ok(Reload::Unchanged);
        }
        self.agency.set_rules(rules);
        Ok(Reload::Replaced)
    }

    /// Follows the file until `stop`.
    pub async fn follow(self: Arc<Self>, reloads: watch::Receiver<u64>, stop: CancellationToken) {
        let mut changes = Changes::of("triage rules", &[folder_of(&self.path)], reloads);
        while let Some(Some(cause)) = stop.run_until_cancelled(changes.next()).await {
            let rules = Arc::clone(&self);
            // Reads a file, so not on the runtime's own threads.
            let _ = tokio::task::spawn_blocking(move || rules.reload_and_tell(cause)).await;
        }
    }

    fn reload_and_tell(&self, cause: Cause) {
        let outcome = self.reload();
        let refused = outcome.as_ref().err().map(|error| format!("{error:#}"));
        let is_news = lock(&self.refusals).are_news(refused);
        let result = match &outcome {
            Ok(Reload::Unchanged) => None,
            Ok(Reload::Replaced) => {
                let policy = self.agency.policy();
                let version = policy.rules().version();
                let agency = self.agency.id();
                tracing::info!(%agency, version, "new rules of triage judge from now on");
                Some("replaced")
            }
            Err(_) if !is_news && cause != Cause::Asked => None,
            Err(error) => {
                tracing::error!(reason = %format_args!("{error:#}"), "the rules of triage are refused; the old ones stay in use");
                Some("refused")
            }
        };
        if let Some(result) = result {
            metrics::counter!("callbox_triage_reloads_total", "result" => result).increment(1);
        }
        self.attempts.send_modify(|count| *count += 1);
    }
}
