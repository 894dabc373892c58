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
use crate::backbone::redis::{Options, Redis, Secret};
use crate::clock::{Clock, CorrectedClock, SystemClock};
use crate::config::Config;

/// The backbone that was opened.
#[derive(Clone)]
pub enum Opened {
    /// This node's own store.
    Embedded(Arc<Embedded>),
    /// The shared tier.
    Redis(Arc<Redis>),
}

impl Opened {
    /// Opens what is configured.
    ///
    /// # Errors
    /// Whatever keeps it from opening, in words for an operator.
    pub async fn open(config: &Config, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        if let Some(options) = options(config)? {
            let redis = Redis::open(options, clock).await;
            return Ok(Self::Redis(Arc::new(redis.context("backbone.url")?)));
        }
        let folder = config.storage.data_dir.join(BACKBONE_FOLDER);
        let store = Embedded::open(&folder, &embedded::Options::default(), clock)?;
        Ok(Self::Embedded(Arc::new(store)))
    }

    /// As everybody else sees it.
    pub fn shared(&self) -> Arc<dyn Backbone> {
        match self {
            Self::Embedded(store) => Arc::clone(store) as Arc<dyn Backbone>,
            Self::Redis(tier) => Arc::clone(tier) as Arc<dyn Backbone>,
        }
    }

    /// The clock that people's times come from: the shared tier's, where there is one.
    pub fn clock(&self) -> Arc<dyn Clock> {
        match self {
            Self::Embedded(_) => Arc::new(SystemClock::new()),
            Self::Redis(tier) => {
                let tier = Arc::clone(tier);
                Arc::new(CorrectedClock::by(move || {
                    tier.time_offset().map(|offset| offset.ms)
                }))
            }
        }
    }

    /// Lets it go.
    pub async fn close(&self) {
        match self {
            Self::Embedded(store) => store.close().await,
            Self::Redis(tier) => tier.close(),
        }
    }
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
