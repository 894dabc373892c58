//! Section `triage`: where the rules are that give a session its priority.
//!
//! Owns: its keys and defaults. Must not: read the rules. Read by: `app`.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The rules that give a session its priority.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Triage {
    /// File of rules for every agency without a `rules_file` of its own, read again when it changes; a bad one is refused and
    /// the old one stays. Unset: the rules that are built in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules_file: Option<PathBuf>,
}
