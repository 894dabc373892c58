//! The ticket of an upload: what has to be known of it after a restart, one small file per upload.
//!
//! Owns: the file's form and its reading. Must not: print: clients put names into it. Called by: `handle`, and `ledger` at start.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::disk::{self, Disk};
use crate::evidence::names::{ContentHash, Owner, UploadId};
use crate::evidence::store::StoreError;

/// A ticket larger than this is not ours: names, numbers and 1 KiB of metadata fit well.
const TICKET_MAX_BYTES: u64 = 8 * 1024;
/// End of the file names of tickets.
pub(super) const TICKET_SUFFIX: &str = ".json";

/// How far an upload is, as written to disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "phase", content = "hash")]
pub(super) enum Step {
    /// Bytes are expected.
    Receiving,
    /// The file is about to move to the sealed folder, or has moved.
    Sealing(ContentHash),
    /// Sealed.
    Sealed(ContentHash),
    /// Sealed and known to the log.
    Told(ContentHash),
}

/// The ticket. Not printable: clients put file names into the metadata.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Ticket {
    pub(super) owner: Owner,
    pub(super) length_bytes: u64,
    pub(super) metadata: String,
    pub(super) expires_ms: u64,
    #[serde(flatten)]
    pub(super) step: Step,
}

impl Ticket {
    pub(super) fn write(
        &self,
        disk: Disk,
        incoming: &Path,
        id: &UploadId,
    ) -> Result<(), StoreError> {
        let json = serde_json::to_vec(self).map_err(|_| StoreError::Damaged)?;
        disk.write_whole(incoming, &file_name(id), &json)
    }

    /// Reads a ticket and checks that it is the one of this upload.
    pub(super) fn read(incoming: &Path, id: &UploadId) -> Result<Self, StoreError> {
        let json = disk::read_small(&incoming.join(file_name(id)), TICKET_MAX_BYTES)?;
        let ticket: Self = serde_json::from_slice(&json).map_err(|_| StoreError::Damaged)?;
        if UploadId::of(&ticket.owner) == *id {
            Ok(ticket)
        } else {
            Err(StoreError::Damaged)
        }
    }

    pub(super) fn remove(incoming: &Path, id: &UploadId) -> Result<(), StoreError> {
        disk::remove_if_there(&incoming.join(file_name(id)))
    }

    /// Whether the upload may be removed. What is sealed and not told is kept until it is told.
    pub(super) fn is_expired(&self, now: SystemTime) -> bool {
        let kept = matches!(self.step, Step::Sealing(_) | Step::Sealed(_));
        !kept && self.expires_at() <= now
    }

    pub(super) fn expires_at(&self) -> SystemTime {
        UNIX_EPOCH
            .checked_add(Duration::from_millis(self.expires_ms))
            .unwrap_or(UNIX_EPOCH)
    }

    /// Whether its bytes count as incomplete.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.step, Step::Receiving | Step::Sealing(_))
    }
}

fn file_name(id: &UploadId) -> String {
    format!("{id}{TICKET_SUFFIX}")
}

/// Milliseconds since 1970.
pub(super) fn millis(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
