//! Sealed originals and their copies.
//!
//! Owns: the sealed folders and their names. Must not: write an original again, or give one out whose name is not its hash. Called by: the folder
//! store and its handles.
//!
//! Originals are written once, by a move; copies are made again when wanted, so they may be replaced.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::Inner;
use super::disk;
use crate::evidence::names::{AgencyName, ContentHash};
use crate::evidence::store::{CopyLink, NewCopy, StoreError, StoredCopy, StoredOriginal};

/// A copy is a JPEG of at most 2,048 pixels a side: far below this.
const COPY_MAX_BYTES: u64 = 16 * 1024 * 1024;
/// A link is one small JSON object.
const LINK_MAX_BYTES: u64 = 4 * 1024;

impl Inner {
    pub(super) fn folder_of(&self, agency: &AgencyName, hash: &ContentHash) -> PathBuf {
        let name = hash.to_string();
        let shelf = name.get(..2).unwrap_or_default();
        self.sealed.join(agency.as_str()).join(shelf)
    }

    fn path_of(&self, agency: &AgencyName, hash: &ContentHash) -> PathBuf {
        self.folder_of(agency, hash).join(hash.to_string())
    }

    /// Moves a complete, synced file under its name; durable when it returns. A file that is there already has
    /// the same content, or had it before it was damaged: the new one takes its place.
    pub(super) fn move_to_sealed(
        &self,
        from: &Path,
        agency: &AgencyName,
        hash: &ContentHash,
    ) -> Result<(), StoreError> {
        let folder = self.make_folder_of(agency, hash)?;
        std::fs::rename(from, self.path_of(agency, hash))?;
        self.disk.sync_folder(&folder)?;
        self.disk.sync_folder(&self.incoming)
    }

    pub(super) fn make_folder_of(
        &self,
        agency: &AgencyName,
        hash: &ContentHash,
    ) -> Result<PathBuf, StoreError> {
        let folder = self.folder_of(agency, hash);
        self.disk.make_folder(&self.sealed.join(agency.as_str()))?;
        self.disk.make_folder(&folder)?;
        Ok(folder)
    }

    pub(super) fn open_original(
        &self,
        agency: &AgencyName,
        hash: &ContentHash,
    ) -> Result<File, StoreError> {
        Ok(disk::open(
            &self.path_of(agency, hash),
            OpenOptions::new().read(true),
        )?)
    }

    pub(super) fn has_original(&self, agency: &AgencyName, hash: &ContentHash, bytes: u64) -> bool {
        std::fs::metadata(self.path_of(agency, hash)).is_ok_and(|metadata| metadata.len() == bytes)
    }

    pub(super) fn original(
        &self,
        agency: &AgencyName,
        hash: &ContentHash,
    ) -> Result<StoredOriginal, StoreError> {
        let file = self.open_original(agency, hash)?;
        let bytes = file.metadata()?.len();
        Ok(StoredOriginal {
            hash: *hash,
            bytes,
            reader: Box::pin(tokio::fs::File::from_std(file)),
        })
    }

    pub(super) fn verify(&self, agency: &AgencyName, hash: &ContentHash) -> Result<(), StoreError> {
        let mut file = self.open_original(agency, hash)?;
        let mut hasher = Sha256::new();
        let mut chunk = vec![0_u8; 256 * 1024];
        loop {
            let read = std::io::Read::read(&mut file, &mut chunk)?;
            match chunk.get(..read) {
                Some(filled) if !filled.is_empty() => hasher.update(filled),
                _ => break,
            }
        }
        if ContentHash::of_finished(hasher) == *hash {
            Ok(())
        } else {
            Err(StoreError::Damaged)
        }
    }

    pub(super) fn keep_copy(
        &self,
        agency: &AgencyName,
        original: &ContentHash,
        copy: &NewCopy,
    ) -> Result<CopyLink, StoreError> {
        let bytes = copy.bytes.len() as u64;
        if bytes > COPY_MAX_BYTES {
            return Err(StoreError::Size {
                max_bytes: COPY_MAX_BYTES,
            });
        }
        let link = CopyLink {
            original: *original,
            copy: ContentHash::of(&copy.bytes),
            bytes,
            width_px: copy.width_px,
            height_px: copy.height_px,
            media_type: copy.media_type.to_owned(),
        };
        let json = serde_json::to_vec(&link).map_err(|_| StoreError::Damaged)?;
        // The copy of a preview comes before anything is sealed.
        let folder = self.make_folder_of(agency, original)?;
        self.disk
            .write_whole(&folder, &format!("{original}.copy"), &copy.bytes)?;
        self.disk
            .write_whole(&folder, &format!("{original}.copy.json"), &json)?;
        Ok(link)
    }

    pub(super) fn copy_link(
        &self,
        agency: &AgencyName,
        original: &ContentHash,
    ) -> Result<CopyLink, StoreError> {
        let path = self
            .folder_of(agency, original)
            .join(format!("{original}.copy.json"));
        let json = disk::read_small(&path, LINK_MAX_BYTES)?;
        let link: CopyLink = serde_json::from_slice(&json).map_err(|_| StoreError::Damaged)?;
        if link.original == *original {
            Ok(link)
        } else {
            Err(StoreError::Damaged)
        }
    }

    pub(super) fn copy(
        &self,
        agency: &AgencyName,
        original: &ContentHash,
    ) -> Result<StoredCopy, StoreError> {
        let link = self.copy_link(agency, original)?;
        let path = self
            .folder_of(agency, original)
            .join(format!("{original}.copy"));
        let bytes = disk::read_small(&path, COPY_MAX_BYTES)?;
        if ContentHash::of(&bytes) != link.copy {
            return Err(StoreError::Damaged);
        }
        Ok(StoredCopy {
            link,
            bytes: bytes.into(),
        })
    }
}
