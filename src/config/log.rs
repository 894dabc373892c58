//! Section `log`: what is logged, and in which form.
//!
//! Owns: its keys and defaults. Must not: start the log. Read by: [`crate::logging`].

use serde::{Deserialize, Serialize};

/// The form of a log line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// `human` on a terminal, `json` otherwise.
    #[default]
    Auto,
    /// One readable line per event.
    Human,
    /// One JSON object per line.
    Json,
}

/// What is logged. Lines go to standard error and never hold names, texts, places or tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// `auto`, `human` or `json`.
    pub format: LogFormat,
    /// Levels, as `level` or `target=level`, separated by commas. Default `info`. The media libraries are held at
    /// `error` unless named here: they warn at every handshake. Of libraries nothing below `info` is written: they print
    /// what they carry.
    pub filter: String,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            format: LogFormat::Auto,
            filter: "info".to_owned(),
        }
    }
}
