//! `callbox store`: looking through the stored logs, and copying them, while the gateway runs or stands still.
//!
//! Owns: the words for an operator. Must not: write to the store. Called by: the command line.

use std::path::Path;

use anyhow::{Context as _, bail};

use super::BACKBONE_FOLDER;
use crate::backbone::embedded;
use crate::config::Config;

/// Computes every checksum of the store and says what is damaged.
///
/// # Errors
/// When there is no store, it cannot be read, or something in it is damaged.
pub fn verify(config: &Config) -> anyhow::Result<()> {
    let folder = config.storage.data_dir.join(BACKBONE_FOLDER);
    let found =
        embedded::verify_folder(&folder).with_context(|| format!("{}", folder.display()))?;
    println!(
        "{} sessions, {} records, {} damaged",
        found.sessions, found.records, found.damaged
    );
    for (session, seq) in &found.places {
        println!("damaged: session {session}, record {seq} (0 is the index row)");
    }
    if let Some(structure) = &found.structure {
        println!("damaged: {structure}");
    }
    if found.is_sound() {
        Ok(())
    } else {
        bail!(
            "{} is damaged: restore a copy, or keep what can be read",
            folder.display()
        )
    }
}

/// Writes a whole, consistent copy of the store to `target`, which must not exist.
///
/// # Errors
/// When there is no store, it cannot be read, or the copy cannot be written.
pub fn copy(config: &Config, target: &Path) -> anyhow::Result<()> {
    let folder = config.storage.data_dir.join(BACKBONE_FOLDER);
    embedded::copy_folder(&folder, target).with_context(|| format!("{}", folder.display()))?;
    println!("{} is written", target.display());
    Ok(())
}
