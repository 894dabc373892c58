//! Several gateways on one Redis, all started for one run.
//!
//! Owns: the tier, the folder that the nodes share, and the nodes. Must not: measure. Called by: `route`, `storm`,
//! `queue`, `rolling`, `island`, `lost`.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use crate::gateway::{Gateway, GatewayChoice, NodeOf, Wishes};
use crate::redis::{Fsync, RedisServer};

/// Nodes and their tier.
#[derive(Debug)]
pub struct Nodes<T = RedisServer> {
    /// The gateways, in the order in which they were started. They end before their tier.
    pub gateways: Vec<Gateway>,
    /// The tier.
    pub redis: T,
    _shared: tempfile::TempDir,
}

impl Nodes {
    /// Starts Redis and so many gateways on it, which all sign with one key.
    ///
    /// # Errors
    /// When one of them does not start.
    pub async fn begin(
        choice: &GatewayChoice,
        fsync: Fsync,
        count: usize,
        wishes: &Wishes,
    ) -> Result<Self> {
        ensure!(
            choice.url.is_none(),
            "nodes are started here, with a Redis of their own"
        );
        let redis = RedisServer::start(fsync).await?;
        let url = redis.url();
        Self::on(redis, (&url, 0), choice, count, wishes).await
    }

    /// Every server process: the gateways, then Redis.
    #[must_use]
    pub fn pids(&self) -> Vec<u32> {
        let gateways = self.gateways.iter().map(|gateway| gateway.pid);
        gateways.chain([self.redis.pid()]).collect()
    }
}

impl<T> Nodes<T> {
    /// Starts so many gateways on a tier that is there, at an address and with so many replicas to be counted.
    ///
    /// # Errors
    /// When one of them does not start.
    pub async fn on(
        redis: T,
        (tier, wait_replicas): (&str, u32),
        choice: &GatewayChoice,
        count: usize,
        wishes: &Wishes,
    ) -> Result<Self> {
        let shared = tempfile::tempdir().context("no folder that the nodes share")?;
        write_key(&NodeOf::key_file(shared.path()))?;
        let mut gateways = Vec::new();
        for number in 1..=count {
            let node = NodeOf {
                tier: tier.to_owned(),
                wait_replicas,
                name: format!("node-{number}"),
                shared: shared.path().to_owned(),
            };
            let wishes = Wishes {
                node: Some(node),
                ..wishes.clone()
            };
            gateways.push(Gateway::begin(choice, wishes).await?);
        }
        Ok(Self {
            gateways,
            redis,
            _shared: shared,
        })
    }

    /// An error with what the nodes said last.
    #[must_use]
    pub fn explain(&self, error: anyhow::Error) -> anyhow::Error {
        let gateways = self.gateways.iter();
        gateways.fold(error, |error, gateway| gateway.explain(error))
    }
}

/// Makes the key of this run, readable by this account only.
fn write_key(path: &Path) -> Result<()> {
    let key: [u8; 32] = rand::random();
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    Ok(file.write_all(&key)?)
}
