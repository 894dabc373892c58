//! What this node must have in common with the others, as fingerprints they can compare.
//!
//! Owns: the marker in the evidence folder. Must not: say anything a stranger could use: a fingerprint is a hash. Called by: `app`.
//!
//! Photos are files. With several nodes the evidence folder is on storage they share, and the marker shows that it is the same one: it
//! is made by the first node that finds none.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, ErrorKind, Write as _};
use std::path::Path;

use anyhow::Context as _;
use rand::Rng as _;

use crate::config::Config;
use crate::node::{Membership, fingerprint};

/// Name of the marker file in the evidence folder.
const MARKER: &str = ".cluster";
/// Bytes of a marker.
const MARKER_BYTES: usize = 32;

/// This node's name and fingerprints.
///
/// # Errors
/// When the key or the marker cannot be read.
pub fn of(config: &Config, key_file: &Path) -> anyhow::Result<Membership> {
    let key = fs::read(key_file)
        .with_context(|| format!("{} (identity.key_file)", key_file.display()))?;
    let folder = config.storage.evidence_dir();
    let marker =
        marker(&folder).with_context(|| format!("{} (storage.evidence_dir)", folder.display()))?;
    let same = [
        ("signing key (identity.key_file)", fingerprint(&key)),
        (
            "evidence folder (storage.evidence_dir)",
            fingerprint(&marker),
        ),
    ];
    Ok(Membership {
        name: config.node.name(),
        same: same
            .into_iter()
            .map(|(what, print)| (what.to_owned(), print))
            .collect::<BTreeMap<_, _>>(),
    })
}

/// Reads the marker, or makes it. Two nodes that make it at the same time end with the same one: a link is made once.
fn marker(folder: &Path) -> io::Result<Vec<u8>> {
    let file = folder.join(MARKER);
    match fs::read(&file) {
        Ok(marker) => return Ok(marker),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    fs::create_dir_all(folder)?;
    let mut random = rand::rng();
    let bytes: [u8; MARKER_BYTES] = random.random();
    let draft = folder.join(format!("{MARKER}-{:016x}", random.random::<u64>()));
    let mut written = fs::File::create_new(&draft)?;
    written.write_all(&bytes)?;
    written.sync_all()?;
    let linked = fs::hard_link(&draft, &file);
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => fs::read(&file),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_marker_whoever_asks() {
        let folder = tempfile::tempdir().unwrap();
        let evidence = folder.path().join("evidence");
        let first = marker(&evidence).unwrap();
        assert_eq!(first.len(), MARKER_BYTES);
        assert_eq!(marker(&evidence).unwrap(), first);
        let other = tempfile::tempdir().unwrap();
        assert_ne!(marker(other.path()).unwrap(), first);
        assert_eq!(fs::read_dir(&evidence).unwrap().count(), 1);
    }
}
