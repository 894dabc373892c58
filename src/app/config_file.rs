//! The configuration while the gateway runs: read again when its file changes or an operator asks, and what of it is taken.
//!
//! Owns: the way from the file to the agencies, and what the node tells of it. Must not: say which setting may change (that is
//! `config`), or take a part of a file with problems. Called by: `app` at the start; follows the file by itself then.

use std::path::Path;
use std::sync::{Arc, Mutex};

use anyhow::Context as _;
use callbox_domain::policy::Policy;
use callbox_proto::message::{ConfigFigures, ConfigRefusal};
use callbox_proto::vocabulary::{ConfigFault, Millis};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{agency, backbone, providers};
use crate::changes::{Cause, Changes as FileChanges, Refusals, folder_of};
use crate::config::{Changes, Config, ConfigError, Place, Sources};
use crate::node::agency::{Agency, Settings};
use crate::node::settings::NEEDS_RESTART_MAX;
use crate::node::{Node, fingerprint, lock};

/// Letters of a version: enough to tell the files of one operator apart, few enough to be read aloud.
const VERSION_CHARS: usize = 8;
/// Longest place and longest name of a setting that a node tells of a refusal, in characters. The log has all of it.
const TOLD_MAX_CHARS: usize = 120;

/// A short fingerprint of every agency's settings, secrets aside: the same on nodes whose agencies are set alike.
#[must_use]
pub fn version(config: &Config) -> String {
    // What a node has of its own (name, ports, folders) is left out, or no two nodes of a cluster had the same.
    let mut table = toml::Table::try_from(config).unwrap_or_default();
    table.retain(|section, _| section == "agency" || section == "agencies");
    let print = fingerprint(table.to_string().as_bytes());
    print.chars().take(VERSION_CHARS).collect()
}

/// What reading the file again did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reload {
    /// These settings are in use from now on.
    Taken(Vec<String>),
    /// Nothing can be taken; these settings need a restart.
    NeedsRestart(Vec<String>),
    /// The file holds what was known.
    Unchanged,
}

/// What runs, and what is told of it.
#[derive(Debug)]
struct Running {
    config: Config,
    figures: ConfigFigures,
    needs_restart: Vec<String>,
    refusals: Refusals,
}

/// The configuration's sources and the node that goes by them.
pub struct ConfigFile {
    sources: Sources,
    node: Arc<Node>,
    running: Mutex<Running>,
    attempts: watch::Sender<u64>,
}

impl std::fmt::Debug for ConfigFile {
    /// The environment may hold secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ConfigFile")
    }
}

impl ConfigFile {
    /// Says which configuration runs, and remembers where it came from.
    #[must_use]
    pub fn of(config: &Config, sources: Sources, node: &Arc<Node>) -> Arc<Self> {
        let figures = ConfigFigures {
            version: version(config),
            since_ms: node.clock().now_ms(),
            ..ConfigFigures::default()
        };
        tracing::info!(version = figures.version, "settings in use");
        node.set_config(figures.clone());
        let running = Running {
            config: config.clone(),
            figures,
            needs_restart: Vec::new(),
            refusals: Refusals::default(),
        };
        Arc::new(Self {
            sources,
            node: Arc::clone(node),
            running: Mutex::new(running),
            attempts: watch::Sender::new(0),
        })
    }

    /// Changes after each time the file was read again, whatever came of it.
    #[must_use]
    pub fn attempts(&self) -> watch::Receiver<u64> {
        self.attempts.subscribe()
    }

    /// Follows the file until `stop`. Without a file there is nothing that could change.
    pub async fn follow(self: Arc<Self>, reloads: watch::Receiver<u64>, stop: CancellationToken) {
        let Some(file) = self.sources.file.clone() else {
            return;
        };
        let mut changes = FileChanges::of("configuration", &[folder_of(&file)], reloads);
        // The file may have changed between its first reading and now.
        let mut cause = Cause::Change;
        loop {
            let file = Arc::clone(&self);
            // Reads files, so not on the runtime's own threads.
            let _ = tokio::task::spawn_blocking(move || file.reload_and_tell(cause)).await;
            cause = match stop.run_until_cancelled(changes.next()).await {
                Some(Some(cause)) => cause,
                _ => return,
            };
        }
    }

    /// Reads the file again, and takes what may change while the gateway runs: all of it or, when the configuration cannot be used,
    /// nothing. Answers as well whether a refusal is news.
    fn reload(&self) -> (anyhow::Result<Reload>, bool) {
        let mut running = lock(&self.running);
        let now_ms = self.node.clock().now_ms();
        let outcome = self.read(&running.config);
        let refused = outcome.as_ref().err().map(|error| format!("{error:#}"));
        let is_news = running.refusals.are_news(refused);
        let reload = match outcome {
            Ok((changes, agencies)) => {
                for (agency, settings, policy) in agencies {
                    agency.set_settings(settings, policy);
                }
                Ok(running.take(changes, now_ms))
            }
            Err(error) => {
                if is_news {
                    running.figures.refused = Some(refusal(&error, &self.sources, now_ms));
                }
                Err(error)
            }
        };
        self.node.set_config(running.figures.clone());
        metrics::gauge!("callbox_config_refused").set(f64::from(u8::from(reload.is_err())));
        metrics::gauge!("callbox_config_needs_restart").set(running.needs_restart.len() as f64);
        (reload, is_news)
    }

    /// What the file changes, with everything that is to be exchanged ready.
    fn read(&self, running: &Config) -> anyhow::Result<(Changes, Vec<Exchange>)> {
        let changes = running.reload(&self.sources)?;
        if !changes.needs_restart.is_empty() {
            // Or it would be refused first at the restart that it asks for.
            backbone::options(&changes.read)?;
            providers::settings(&changes.read)?;
        }
        let mut exchanges = Vec::new();
        for (before, after) in running.all_agencies().zip(changes.config.all_agencies()) {
            if before == after {
                continue;
            }
            let settings = agency::settings(after)?;
            let served = self.node.agency(&settings.info.agency);
            let served = served.with_context(|| format!("agency {} is not served", after.id))?;
            let policy = agency::policy(after, served.policy().rules().clone())?;
            exchanges.push((served, settings, policy));
        }
        Ok((changes, exchanges))
    }

    /// Reads the file again and says what came of it.
    fn reload_and_tell(&self, cause: Cause) {
        let (outcome, is_news) = self.reload();
        let result = match outcome {
            Ok(Reload::Unchanged) => None,
            Ok(Reload::Taken(settings)) => {
                let version = self.version();
                let settings = settings.join(", ");
                tracing::info!(version, settings, "new settings are in use");
                Some("replaced")
            }
            Ok(Reload::NeedsRestart(_)) => Some("needs_restart"),
            Err(_) if !is_news && cause != Cause::Asked => None,
            Err(error) => {
                tracing::error!(reason = %format_args!("{error:#}"), "the configuration is refused; the old one stays in use");
                Some("refused")
            }
        };
        if let Some(result) = result {
            metrics::counter!("callbox_config_reloads_total", "result" => result).increment(1);
        }
        self.attempts.send_modify(|count| *count += 1);
    }

    /// The version in use.
    #[must_use]
    pub fn version(&self) -> String {
        lock(&self.running).figures.version.clone()
    }
}

/// What an agency goes by from now on.
type Exchange = (Arc<Agency>, Settings, Policy);

impl Running {
    fn take(&mut self, changes: Changes, now_ms: Millis) -> Reload {
        let Changes {
            config,
            taken,
            needs_restart,
            read: _,
        } = changes;
        let news = needs_restart != self.needs_restart;
        if news && !needs_restart.is_empty() {
            let settings = needs_restart.join(", ");
            tracing::warn!(settings, "changed in the configuration, and need a restart");
        }
        self.figures.refused = None;
        let told = needs_restart.iter().take(NEEDS_RESTART_MAX);
        self.figures.needs_restart = told.cloned().collect();
        self.figures.more_need_restart =
            needs_restart.len().saturating_sub(NEEDS_RESTART_MAX) as u64;
        self.needs_restart.clone_from(&needs_restart);
        self.config = config;
        if !taken.is_empty() {
            self.figures.version = version(&self.config);
            self.figures.since_ms = now_ms;
            return Reload::Taken(taken);
        }
        match news && !needs_restart.is_empty() {
            true => Reload::NeedsRestart(needs_restart),
            false => Reload::Unchanged,
        }
    }
}

/// A refusal as people read it on a page: where it stands and of which kind it is, without the value, which may be a secret.
fn refusal(error: &anyhow::Error, sources: &Sources, at_ms: Millis) -> ConfigRefusal {
    let name = |path: &Path| {
        let name = path.file_name().unwrap_or(path.as_os_str());
        name.to_string_lossy().into_owned()
    };
    let words = |place: &Place| match place {
        Place::File { path, line } => format!("{}:{line}", name(path)),
        Place::Environment { variable } => variable.clone(),
        Place::Flag { flag } => flag.clone(),
        Place::Default => place.to_string(),
    };
    let of_key = |place, key: &String, fault| (words(place), Some(key.clone()), fault);
    let (place, key, fault) = match error.downcast_ref::<ConfigError>() {
        Some(ConfigError::Unreadable { path, .. }) => (name(path), None, ConfigFault::Unreadable),
        Some(ConfigError::Syntax { place, .. }) => (words(place), None, ConfigFault::Syntax),
        Some(ConfigError::UnknownKey { place, key, .. }) => {
            of_key(place, key, ConfigFault::UnknownKey)
        }
        Some(ConfigError::WrongValue { place, key, .. }) => {
            of_key(place, key, ConfigFault::WrongValue)
        }
        Some(ConfigError::Refused { place, key, .. }) => {
            of_key(place, key, ConfigFault::OutOfBounds)
        }
        // What the start would refuse beyond single values.
        None => {
            let file = sources.file.as_deref().map(name);
            (file.unwrap_or_default(), None, ConfigFault::OutOfBounds)
        }
    };
    let short = |text: String| text.chars().take(TOLD_MAX_CHARS).collect::<String>();
    ConfigRefusal {
        at_ms,
        place: short(place),
        key: key.map(short),
        fault,
    }
}
