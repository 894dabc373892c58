//! On what a scenario runs: one node over its own store, or several over a tier they share, residents at the first, supervisors at
//! the second and other staff at the last.

use std::path::PathBuf;
use std::sync::Arc;

use callbox::backbone::redis::{Options, Redis};
use callbox::clock::SystemClock;
use tempfile::TempDir;

use super::Gateway;
use crate::redis::{RedisServer, ServerOptions};

/// On what a scenario runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topology {
    /// One node over its own store.
    OneNode,
    /// Two nodes over Redis.
    TwoNodes,
    /// Three nodes over Redis.
    ThreeNodes,
}

impl Topology {
    /// Starts it with everyday settings.
    pub async fn start(self) -> Gateway {
        self.with("").await
    }

    /// Starts it with further settings.
    pub async fn with(self, settings: &str) -> Gateway {
        match self {
            Self::OneNode => Gateway::with(settings).await,
            Self::TwoNodes => Gateway::cluster(2, settings).await,
            Self::ThreeNodes => Gateway::cluster(3, settings).await,
        }
    }
}

/// What several nodes share: a server, the signing key, the evidence folder.
pub struct Tier {
    server: RedisServer,
    folder: TempDir,
}

impl Tier {
    /// A server that has everything on disk before it answers, so that receipts say `safe`.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("identity.key"), [7; 32]).expect("written");
        Self {
            server: RedisServer::start(ServerOptions::durable()),
            folder,
        }
    }

    /// The folder with photos.
    pub fn evidence(&self) -> PathBuf {
        self.folder.path().join("evidence")
    }

    /// Connects to the server as a node does.
    pub async fn opens_store(&self) -> Redis {
        let clock = Arc::new(SystemClock::new());
        let options = Options::new(self.server.url().parse().expect("an address"));
        let opened = Redis::open(options, clock).await;
        opened.expect("connected")
    }

    /// Settings of one of the nodes.
    pub fn settings(&self, number: usize) -> String {
        let folder = self.folder.path();
        format!(
            "backbone.url = \"{}\"\nbackbone.call_ms = 10000\nnode.name = \"node-{number}\"\nidentity.key_file = \"{}\"\nstorage.evidence_dir = \"{}\"\n",
            self.server.url(),
            folder.join("identity.key").display(),
            folder.join("evidence").display(),
        )
    }
}

/// Runs scenarios on one node, on two and on three: each is an `async fn(Topology)` of this name in the same module.
macro_rules! everywhere {
    ($($name:ident),+ $(,)?) => {
        $(
            mod $name {
                #[tokio::test]
                async fn on_one_node() {
                    super::$name($crate::gateway::harness::Topology::OneNode).await;
                }

                #[tokio::test]
                async fn on_two_nodes() {
                    super::$name($crate::gateway::harness::Topology::TwoNodes).await;
                }

                #[tokio::test]
                async fn on_three_nodes() {
                    super::$name($crate::gateway::harness::Topology::ThreeNodes).await;
                }
            }
        )+
    };
}

/// The same on two nodes and on three: what one node alone cannot show.
macro_rules! among_nodes {
    ($($name:ident),+ $(,)?) => {
        $(
            mod $name {
                #[tokio::test]
                async fn on_two_nodes() {
                    super::$name($crate::gateway::harness::Topology::TwoNodes).await;
                }

                #[tokio::test]
                async fn on_three_nodes() {
                    super::$name($crate::gateway::harness::Topology::ThreeNodes).await;
                }
            }
        )+
    };
}

pub(crate) use {among_nodes, everywhere};
