//! Disk steps of the folder store: durable small files, durable folders, safe opening.
//!
//! Owns: the order of write, sync, rename, sync. Must not: retry a sync that failed.
//!
//! Every path here is a folder of the store joined with a checked name. Called by the folder store only.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::OFlags;

use crate::evidence::store::StoreError;

/// Only the gateway's own account reads evidence.
const FOLDER_MODE: u32 = 0o700;
/// Incomplete uploads and notes.
pub(super) const FILE_MODE: u32 = 0o600;

/// End of the names of files that are being written.
pub(super) const TEMPORARY: &str = ".tmp";

/// How files reach the disk. One value for the whole store; tests put a failing one in its place.
#[derive(Clone, Copy)]
pub(super) struct Disk {
    sync: fn(&File) -> io::Result<()>,
}

impl Disk {
    /// The real disk.
    pub(super) fn real() -> Self {
        Self {
            sync: |file| file.sync_data(),
        }
    }

    /// A disk whose syncs go through `sync`.
    #[cfg(test)]
    pub(super) fn with_sync(sync: fn(&File) -> io::Result<()>) -> Self {
        Self { sync }
    }

    /// Syncs content and size of a file. A failure is final for the file: what the system says about it
    /// afterwards cannot be trusted.
    pub(super) fn sync(&self, file: &File) -> Result<(), StoreError> {
        (self.sync)(file).map_err(|_| StoreError::Broken)
    }

    /// Syncs a folder, so that names in it are durable.
    pub(super) fn sync_folder(&self, folder: &Path) -> Result<(), StoreError> {
        self.sync(&File::open(folder)?)
    }

    /// Makes a folder durable if it does not exist; its parent exists.
    pub(super) fn make_folder(&self, folder: &Path) -> Result<(), StoreError> {
        match DirBuilder::new().mode(FOLDER_MODE).create(folder) {
            Ok(()) => match folder.parent() {
                Some(parent) if !parent.as_os_str().is_empty() => self.sync_folder(parent),
                _ => Ok(()),
            },
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Puts a whole small file in place: old or new content is there after a power cut, never half of it.
    pub(super) fn write_whole(
        &self,
        folder: &Path,
        name: &str,
        bytes: &[u8],
    ) -> Result<(), StoreError> {
        // Named after what it becomes, so that it is found if a stop leaves it behind.
        let random = rand::random::<u128>();
        let temporary = folder.join(format!("{name}.{random:032x}{TEMPORARY}"));
        let written = self.write_new(&temporary, bytes).and_then(|()| {
            std::fs::rename(&temporary, folder.join(name))?;
            self.sync_folder(folder)
        });
        if written.is_err() {
            remove_if_there(&temporary)?;
        }
        written
    }

    fn write_new(&self, path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
        let mut file = open(path, OpenOptions::new().write(true).create_new(true))?;
        file.write_all(bytes)?;
        self.sync(&file)
    }
}

/// Opens without following a symbolic link in the last place.
pub(super) fn open(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    let flags = i32::try_from(OFlags::NOFOLLOW.bits()).unwrap_or(0);
    options.mode(FILE_MODE).custom_flags(flags).open(path)
}

/// Reads a small file; more than `max_bytes` is damage.
pub(super) fn read_small(path: &Path, max_bytes: u64) -> Result<Vec<u8>, StoreError> {
    let mut bytes = Vec::new();
    open(path, OpenOptions::new().read(true))?
        .take(max_bytes + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > max_bytes {
        return Err(StoreError::Damaged);
    }
    Ok(bytes)
}

/// Removes a file that may not be there.
pub(super) fn remove_if_there(path: &Path) -> Result<(), StoreError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

/// Bytes free for us on the disk of `folder`.
///
/// # Errors
/// When the system does not say.
pub fn free_bytes(folder: &Path) -> Result<u64, StoreError> {
    let stat = rustix::fs::statvfs(folder).map_err(io::Error::from)?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}
