//! `callbox store`: looking through the stored logs and copying them, while the gateway runs or stands still, and going on with a
//! damaged store, while it stands still.
//!
//! Owns: the words for an operator. Must not: open a store itself. Called by: the command line.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};

use super::BACKBONE_FOLDER;
use crate::backbone::embedded;
use crate::clock::SystemClock;
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
            "{} is damaged: restore a copy, or go on with what can be read: callbox store accept-damage",
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

/// Goes on with a damaged store: lists what is damaged, keeps the store aside as it was found, and takes out what cannot be trusted.
///
/// # Errors
/// When there is no store, a gateway works on it, or it is beyond this.
pub fn accept_damage(config: &Config) -> anyhow::Result<()> {
    let folder = config.storage.data_dir.join(BACKBONE_FOLDER);
    let accepted = embedded::accept_damage(&folder, Arc::new(SystemClock::new()))
        .with_context(|| format!("{}", folder.display()))?;
    let Some(kept) = &accepted.kept else {
        println!("nothing is damaged, nothing was changed");
        return Ok(());
    };
    for line in accepted.lines() {
        println!("{line}");
    }
    let unnamed = accepted.found.damaged - accepted.found.places.len() as u64;
    if unnamed > 0 {
        println!("damaged: {unnamed} more places without a name or beyond the list");
    }
    println!("as it was found, with this list: {}", kept.display());
    println!("the store opens again with everything else");
    Ok(())
}
