//! Section `identity`: tokens and the key that signs them.
//!
//! Owns: its keys and defaults. Must not: read the key, only say where it is. Read by: `app`, for [`crate::auth`].

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Tokens and the key that signs them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Identity {
    /// File of the key that signs tokens. Unset: `identity.key` inside the data folder, made at the first start.
    /// Replacing it signs everybody out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_file: Option<PathBuf>,
    /// Minutes that a staff token is valid. Default 240: a page renews its own at half of its time, so that two hours
    /// without a gateway, or a clock that is two hours wrong, sign nobody out, and a stolen one is worthless after four.
    pub staff_token_min: u64,
    /// Minutes that a resident's token for uploads is valid. Default 15; the client renews it over its link, so a stolen one
    /// is soon worthless.
    pub upload_token_min: u64,
}

impl Default for Identity {
    fn default() -> Self {
        Self {
            key_file: None,
            staff_token_min: 240,
            upload_token_min: 15,
        }
    }
}

impl Identity {
    /// The key file, set or derived from the data folder.
    #[must_use]
    pub fn key_file(&self, data_dir: &Path) -> PathBuf {
        self.key_file
            .clone()
            .unwrap_or_else(|| data_dir.join("identity.key"))
    }

    /// Life of a staff token.
    #[must_use]
    pub fn staff_token(&self) -> Duration {
        Duration::from_secs(self.staff_token_min.saturating_mul(60))
    }

    /// Life of an upload's token.
    #[must_use]
    pub fn upload_token(&self) -> Duration {
        Duration::from_secs(self.upload_token_min.saturating_mul(60))
    }
}
