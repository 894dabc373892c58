//! Section `backbone`: one node's own store, or the tier that many nodes share.
//!
//! Owns: its keys and defaults. Must not: connect. Read by: `app`, which chooses the backbone by it.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Where session logs and queues are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Backbone {
    /// The shared tier. Default empty: this node's own store, in `storage.data_dir`. `redis://host:6379` is one server,
    /// `redis+sentinel://host:26379,other:26379/name` the primary that Sentinels name, `redis+cluster://host:6379,other:6379`
    /// a cluster; `rediss` instead of `redis` encrypts.
    pub url: String,
    /// ACL user of the shared tier. Unset: the default user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// File with the user's password, on its first line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_file: Option<PathBuf>,
    /// PEM file of the authority that signed the servers' certificates. Unset: those the system trusts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// What all keys begin with. Default callbox. Gateways with another one share the servers without seeing each other.
    pub prefix: String,
    /// Replicas that must have a write before it is confirmed. Default 0; a report then depends on one disk.
    pub wait_replicas: u32,
    /// Milliseconds the replicas may take. Default 300: after that the write counts as unknown, and is sent again.
    pub wait_ms: u64,
    /// Milliseconds any question to the shared tier may take. Default 1,000: after that it counts as gone.
    pub call_ms: u64,
    /// Memory in MiB for what this node wrote and read lately, so that it can go on without the shared tier. Default 64.
    pub island_cache_mib: usize,
}

impl Default for Backbone {
    fn default() -> Self {
        Self {
            url: String::new(),
            username: None,
            password_file: None,
            ca_file: None,
            prefix: "callbox".to_owned(),
            wait_replicas: 0,
            wait_ms: 300,
            call_ms: 1_000,
            island_cache_mib: 64,
        }
    }
}

impl Backbone {
    /// Whether many nodes share a tier.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        !self.url.is_empty()
    }

    /// How long replicas may take.
    #[must_use]
    pub const fn wait(&self) -> Duration {
        Duration::from_millis(self.wait_ms)
    }

    /// Bytes for the time without the shared tier.
    #[must_use]
    pub const fn island_cache_bytes(&self) -> usize {
        self.island_cache_mib.saturating_mul(1024 * 1024)
    }

    /// How long a question may take.
    #[must_use]
    pub const fn call(&self) -> Duration {
        Duration::from_millis(self.call_ms)
    }
}
