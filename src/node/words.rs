//! Destroying what was written in a session: what is left of each record, and the state of the row without it.
//!
//! Owns: joining what the wire types say is left of an entry with the backbone's operation. Must not: decide that words are deleted (the domain
//! does), or begin before that is in the log for good (`app` keeps the order). Called by: `deletions`' callers in `app`; `exports`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use bytes::Bytes;
use callbox_proto::error::ErrorCode;
use callbox_proto::ids::SessionId;
use callbox_proto::vocabulary::Seq;
use sha2::{Digest as _, Sha256};

use super::Node;
use super::index;
use super::sessions::public;
use crate::backbone::{Destroy, Destroyed, READ_MAX_ROWS, Record, Remains};

/// How often it is begun anew because something was appended meanwhile.
const ATTEMPTS_MAX: usize = 8;

/// What is left of the records of a session up to one of them.
struct WithoutWords {
    session: SessionId,
    up_to: Seq,
    /// Records that have lost something, now or before.
    lost: AtomicU32,
    unreadable: AtomicBool,
}

impl Remains for WithoutWords {
    fn of(&self, record: &Record) -> Option<Bytes> {
        if record.seq > self.up_to {
            return None;
        }
        // One that a newer version wrote: nobody here knows what is in it.
        let Ok(entry) = index::entry(self.session, record) else {
            self.unreadable.store(true, Ordering::Relaxed);
            return None;
        };
        let left = entry.without_words();
        if left.is_some() || entry.destroyed {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
        left.map(|left| index::record(&left))
    }
}

impl Node {
    /// Up to which entry the words of a session are deleted; 0 where they are not.
    pub(super) async fn words_deleted_up_to(&self, session: SessionId) -> Result<Seq, ErrorCode> {
        let found = self.backbone.find_session(session).await;
        let found = found.map_err(|e| public(&e))?;
        let state = found.and_then(|indexed| index::session(&indexed.row));
        Ok(state.map_or(0, |state| state.custody.words_deleted_up_to()))
    }

    /// What a log is before anything of it is destroyed: its last entry, and the SHA-256 of all of them as they are stored, as
    /// [`callbox_proto::event::Event::WordsDeleted`] has them.
    ///
    /// # Errors
    /// The store's failure.
    pub(super) async fn digest(&self, session: SessionId) -> Result<(Seq, String), ErrorCode> {
        let (mut hash, mut up_to) = (Sha256::new(), 0);
        loop {
            let read = self.backbone.read(session, up_to, READ_MAX_ROWS).await;
            let records = read.map_err(|e| public(&e))?;
            let Some(last) = records.last() else {
                break;
            };
            up_to = last.seq;
            for record in &records {
                hash.update((record.payload.len() as u64).to_be_bytes());
                hash.update(&record.payload);
            }
        }
        let digest = hash.finalize();
        let text = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok((up_to, text))
    }

    /// Destroys the deleted words of a session in the store; answers how many entries have lost something. Twice is once.
    ///
    /// # Errors
    /// The store's failure; or [`ErrorCode::Internal`] where an entry cannot be read here, so that nobody can say that all is gone.
    pub async fn destroy_words(&self, session: SessionId) -> Result<u32, ErrorCode> {
        for _ in 0..ATTEMPTS_MAX {
            let state = self.read_back(session).await.map_err(|e| public(&e))?;
            let state = state.ok_or(ErrorCode::NoSuchSession)?;
            let remains = Arc::new(WithoutWords {
                session,
                up_to: state.custody.words_deleted_up_to(),
                lost: AtomicU32::default(),
                unreadable: AtomicBool::default(),
            });
            let destroy = Destroy {
                agency: state.agency.clone(),
                session,
                expected: state.head,
                summary: index::row(&state).summary,
            };
            let says = Arc::clone(&remains);
            let destroyed = self.backbone.destroy(destroy, says).await;
            match destroyed.map_err(|e| public(&e))? {
                Destroyed::Conflict { .. } => {}
                Destroyed::Done if remains.unreadable.load(Ordering::Relaxed) => {
                    return Err(ErrorCode::Internal);
                }
                Destroyed::Done => return Ok(remains.lost.load(Ordering::Relaxed)),
            }
        }
        Err(ErrorCode::StoreUnavailable)
    }
}
