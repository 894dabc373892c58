//! The bytes of one incomplete upload, and the marks that say how much of them can be trusted.
//!
//! Must not: count a byte before its mark is durable. Called by: `handle`, and `ledger` at start.
//!
//! Beside the bytes lies a list of marks, one line per sync: the offset and the hash of everything before it. After
//! a restart the bytes are read once; the last mark whose hash is right is where the upload stands, and what lies
//! behind it is cut off. So neither a torn write nor a flipped bit is ever taken for acknowledged bytes.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::disk::{self, Disk};
use crate::evidence::names::{ContentHash, UploadId};
use crate::evidence::store::StoreError;

/// Marks after which the list is written anew with the last one only. Keeps the list under 100 KiB whatever the
/// size of the client's pieces is.
const MARKS_MAX: u32 = 1_024;
/// A list of marks larger than this is not ours.
const MARKS_MAX_BYTES: u64 = 256 * 1024;
/// Read size while hashing again.
const READ_CHUNK_BYTES: usize = 256 * 1024;

/// Where the files of one upload lie.
#[derive(Clone)]
pub(super) struct PartPaths {
    folder: PathBuf,
    marks_name: String,
    pub(super) bytes: PathBuf,
    marks: PathBuf,
}

impl PartPaths {
    pub(super) fn new(incoming: &Path, id: &UploadId) -> Self {
        let marks_name = format!("{id}.marks");
        Self {
            folder: incoming.to_owned(),
            bytes: incoming.join(id.as_str()),
            marks: incoming.join(&marks_name),
            marks_name,
        }
    }

    pub(super) fn remove(&self) -> Result<(), StoreError> {
        disk::remove_if_there(&self.bytes)?;
        self.remove_marks()
    }

    pub(super) fn remove_marks(&self) -> Result<(), StoreError> {
        disk::remove_if_there(&self.marks)
    }
}

/// An open incomplete upload.
pub(super) struct Part {
    disk: Disk,
    paths: PartPaths,
    bytes: File,
    marks: File,
    marks_written: u32,
    hasher: Sha256,
    written_bytes: u64,
    durable_bytes: u64,
}

impl Part {
    /// Starts an empty upload; its names are durable when the caller has synced the folder.
    pub(super) fn create(disk: Disk, paths: PartPaths) -> Result<Self, StoreError> {
        paths.remove()?;
        let bytes = disk::open(
            &paths.bytes,
            OpenOptions::new().read(true).write(true).create_new(true),
        )?;
        let marks = disk::open(
            &paths.marks,
            OpenOptions::new().append(true).create_new(true),
        )?;
        Ok(Self {
            disk,
            paths,
            bytes,
            marks,
            marks_written: 0,
            hasher: Sha256::new(),
            written_bytes: 0,
            durable_bytes: 0,
        })
    }

    /// Opens what a restart or a failure left, as far as it can be trusted.
    pub(super) fn resume(disk: Disk, paths: PartPaths) -> Result<Self, StoreError> {
        // A seal that was interrupted has made the file read-only.
        std::fs::set_permissions(&paths.bytes, Permissions::from_mode(disk::FILE_MODE))?;
        let mut bytes = disk::open(&paths.bytes, OpenOptions::new().read(true).write(true))?;
        let (durable_bytes, hasher) = trusted_prefix(&mut bytes, &read_marks(&paths.marks)?)?;
        bytes.set_len(durable_bytes)?;
        bytes.seek(SeekFrom::Start(durable_bytes))?;
        disk.sync(&bytes)?;
        let marks = write_marks_anew(disk, &paths, durable_bytes, &hasher)?;
        Ok(Self {
            disk,
            paths,
            bytes,
            marks,
            marks_written: 1,
            hasher,
            written_bytes: durable_bytes,
            durable_bytes,
        })
    }

    pub(super) fn written_bytes(&self) -> u64 {
        self.written_bytes
    }

    pub(super) fn durable_bytes(&self) -> u64 {
        self.durable_bytes
    }

    /// The hash of everything appended.
    pub(super) fn hash(&self) -> ContentHash {
        ContentHash::of_finished(self.hasher.clone())
    }

    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.bytes.write_all(bytes)?;
        self.hasher.update(bytes);
        self.written_bytes += bytes.len() as u64;
        Ok(())
    }

    /// Makes what was appended durable, then notes the mark, then counts it.
    pub(super) fn sync(&mut self) -> Result<u64, StoreError> {
        if self.durable_bytes < self.written_bytes {
            self.disk.sync(&self.bytes)?;
            if self.marks_written >= MARKS_MAX {
                self.marks =
                    write_marks_anew(self.disk, &self.paths, self.written_bytes, &self.hasher)?;
                self.marks_written = 1;
            } else {
                self.marks
                    .write_all(mark_line(self.written_bytes, &self.hasher).as_bytes())?;
                self.disk.sync(&self.marks)?;
                self.marks_written += 1;
            }
            self.durable_bytes = self.written_bytes;
        }
        Ok(self.durable_bytes)
    }

    /// Makes the file read-only and its mode durable.
    pub(super) fn freeze(&self) -> Result<(), StoreError> {
        self.bytes
            .set_permissions(Permissions::from_mode(super::SEALED_MODE))?;
        self.bytes.sync_all().map_err(|_| StoreError::Broken)
    }
}

fn mark_line(offset_bytes: u64, hasher: &Sha256) -> String {
    format!(
        "{offset_bytes} {}\n",
        ContentHash::of_finished(hasher.clone())
    )
}

fn write_marks_anew(
    disk: Disk,
    paths: &PartPaths,
    offset_bytes: u64,
    hasher: &Sha256,
) -> Result<File, StoreError> {
    let line = mark_line(offset_bytes, hasher);
    disk.write_whole(&paths.folder, &paths.marks_name, line.as_bytes())?;
    Ok(disk::open(&paths.marks, OpenOptions::new().append(true))?)
}

/// The marks in ascending order; a torn or strange line is passed over.
fn read_marks(path: &Path) -> Result<Vec<(u64, ContentHash)>, StoreError> {
    let raw = match disk::read_small(path, MARKS_MAX_BYTES) {
        Ok(raw) => raw,
        Err(StoreError::NotFound | StoreError::Damaged) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut marks: Vec<_> = String::from_utf8_lossy(&raw)
        .lines()
        .filter_map(parse_mark)
        .collect();
    marks.sort_unstable_by_key(|(offset, _)| *offset);
    Ok(marks)
}

fn parse_mark(line: &str) -> Option<(u64, ContentHash)> {
    let (offset, hash) = line.split_once(' ')?;
    Some((offset.parse().ok()?, ContentHash::parse(hash).ok()?))
}

/// Reads the file once; the offset of the last right mark and the state of the hash there.
fn trusted_prefix(
    file: &mut File,
    marks: &[(u64, ContentHash)],
) -> Result<(u64, Sha256), StoreError> {
    let mut hasher = Sha256::new();
    let mut trusted = (0, hasher.clone());
    let mut position = 0_u64;
    for (offset, hash) in marks {
        if !hash_up_to(file, &mut hasher, &mut position, *offset)? {
            break;
        }
        if ContentHash::of_finished(hasher.clone()) == *hash {
            trusted = (*offset, hasher.clone());
        }
    }
    Ok(trusted)
}

/// Hashes on to `offset`; false when the file ends before it.
fn hash_up_to(
    file: &mut File,
    hasher: &mut Sha256,
    position: &mut u64,
    offset: u64,
) -> Result<bool, StoreError> {
    let mut chunk = vec![0_u8; READ_CHUNK_BYTES];
    while *position < offset {
        let wanted = usize::try_from(offset - *position)
            .unwrap_or(READ_CHUNK_BYTES)
            .min(READ_CHUNK_BYTES);
        let Some(space) = chunk.get_mut(..wanted) else {
            return Ok(false);
        };
        let read = file.read(space)?;
        let Some(filled) = chunk.get(..read) else {
            return Ok(false);
        };
        if filled.is_empty() {
            return Ok(false);
        }
        hasher.update(filled);
        *position += read as u64;
    }
    Ok(true)
}
