//! Section `storage`: folders on disk.
//!
//! Owns: its keys and defaults. Must not: make a folder. Read by: `app`.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Folders on disk. They are created with access for the gateway's user only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Storage {
    /// Folder of session logs, queue index and keys. Default `./data`. It must be a local disk: a network file system
    /// does not keep the promise of a receipt.
    pub data_dir: PathBuf,
    /// Folder of photos and recordings. Unset: `evidence` inside `data_dir`. A second disk keeps a flood of photos
    /// from filling the one that texts need.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence_dir: Option<PathBuf>,
}

impl Default for Storage {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("./data"),
            evidence_dir: None,
        }
    }
}

impl Storage {
    /// The folder of photos and recordings, set or derived.
    #[must_use]
    pub fn evidence_dir(&self) -> PathBuf {
        self.evidence_dir
            .clone()
            .unwrap_or_else(|| self.data_dir.join("evidence"))
    }
}
