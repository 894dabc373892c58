//! The configured backbone: this node's own store, or the shared tier.
//!
//! Owns: choosing one, reading its secrets, and letting it go. Must not: be asked by anybody else which one it is. Called by:
//! `app`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};

use super::BACKBONE_FOLDER;
use crate::backbone::Backbone;
use crate::backbone::embedded::{self, Embedded};
use crate::backbone::island::{self, Island};
use crate::backbone::redis::{Options, Redis, Secret};
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::node::SessionRebase;

/// Folder inside the data folder of what is kept for a shared tier that does not answer.
const ISLAND_FOLDER: &str = "island";

/// File in the data folder with the mark of the shared tier this node belongs to.
const EPOCH_FILE: &str = "tier.epoch";

/// The backbone that was opened.
#[derive(Clone)]
pub enum Opened {
    /// This node's own store.
    Embedded(Arc<Embedded>),
    /// The shared tier, and this node's own store for when it does not answer.
    Shared(Arc<Shared>),
}

/// A shared tier with what stands beside it.
pub struct Shared {
    tier: Arc<Redis>,
    island: Arc<Island>,
    local: Arc<Embedded>,
}

impl Opened {
    /// Opens what is configured.
    ///
    /// # Errors
    /// Whatever keeps it from opening, in words for an operator.
    pub async fn open(config: &Config, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        if let Some(options) = options(config)? {
            let tier = Redis::open(options, Arc::clone(&clock)).await;
            let tier = Arc::new(tier.context("backbone.url")?);
            let shared = island(config, tier, clock).await?;
            return Ok(Self::Shared(Arc::new(shared)));
        }
        let folder = config.storage.data_dir.join(BACKBONE_FOLDER);
        let store = Embedded::open(&folder, &embedded::Options::default(), clock)?;
        Ok(Self::Embedded(Arc::new(store)))
    }

    /// As everybody else sees it.
    pub fn shared(&self) -> Arc<dyn Backbone> {
        match self {
            Self::Embedded(store) => Arc::clone(store) as Arc<dyn Backbone>,
            Self::Shared(shared) => Arc::clone(&shared.island) as Arc<dyn Backbone>,
        }
    }

    /// The clock that people's times come from: the shared tier's, where there is one.
    pub fn clock(&self) -> Arc<dyn Clock> {
        match self {
            Self::Embedded(_) => Arc::new(SystemClock::new()),
            Self::Shared(shared) => shared.tier.clock(),
        }
    }

    /// Lets it go.
    pub async fn close(&self) {
        match self {
            Self::Embedded(store) => store.close().await,
            Self::Shared(shared) => {
                shared.island.close().await;
                shared.tier.close();
                shared.local.close().await;
            }
        }
    }
}

/// Starts over the tier and what this node kept for it in an earlier run.
async fn island(
    config: &Config,
    tier: Arc<Redis>,
    clock: Arc<dyn Clock>,
) -> anyhow::Result<Shared> {
    let folder = config.storage.data_dir.join(ISLAND_FOLDER);
    let local = Embedded::open(&folder, &embedded::Options::default(), Arc::clone(&clock));
    let local = Arc::new(local.with_context(|| format!("{}", folder.display()))?);
    let options = island::Options {
        cache_bytes: config.backbone.island_cache_bytes(),
        ..island::Options::of(&config.node.name())
    };
    let island = Island::start(
        Arc::clone(&tier) as Arc<dyn Backbone>,
        Arc::clone(&local),
        Arc::new(SessionRebase),
        clock,
        options,
    );
    Ok(Shared {
        island: Arc::new(island.await?),
        tier,
        local,
    })
}

/// How to speak to the shared tier; `None` without one.
///
/// # Errors
/// A wrong address, or a file that cannot be read.
pub fn options(config: &Config) -> anyhow::Result<Option<Options>> {
    let backbone = &config.backbone;
    if !backbone.is_shared() {
        return Ok(None);
    }
    let url = backbone.url.parse();
    let url = url.map_err(|error| anyhow::anyhow!("{error}"));
    let mut options = Options::new(url.context("backbone.url")?);
    options.username = backbone.username.clone();
    options.prefix.clone_from(&backbone.prefix);
    options.wait_replicas = backbone.wait_replicas;
    options.wait = backbone.wait();
    options.call = backbone.call();
    options.epoch_file = Some(config.storage.data_dir.join(EPOCH_FILE));
    if let Some(file) = &backbone.password_file {
        let password = password(file);
        options.password =
            Some(password.with_context(|| format!("{} (backbone.password_file)", file.display()))?);
    }
    if let Some(file) = &backbone.ca_file {
        let pem = std::fs::read(file);
        options.ca_pem =
            Some(pem.with_context(|| format!("{} (backbone.ca_file)", file.display()))?);
    }
    Ok(Some(options))
}

/// The key that signs tokens. One that all nodes share is never made by one of them.
///
/// # Errors
/// When it should be shared and is not there.
pub fn key_file(config: &Config) -> anyhow::Result<PathBuf> {
    let file = config.identity.key_file(&config.storage.data_dir);
    if config.backbone.is_shared() && !file.exists() {
        bail!(
            "{} (identity.key_file) is missing: with backbone.url every node needs the same key. Make it once with: \
             head -c 32 /dev/urandom > {}, and copy it to every node",
            file.display(),
            file.display()
        );
    }
    Ok(file)
}

fn password(file: &Path) -> anyhow::Result<Secret> {
    let text = std::fs::read_to_string(file)?;
    match text.lines().next().map(str::trim) {
        None | Some("") => bail!("holds no password on its first line"),
        Some(password) => Ok(Secret::from(password.to_owned())),
    }
}
