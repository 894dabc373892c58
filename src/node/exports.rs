//! Evidence that is handed out: the entry that says so comes first.
//!
//! Owns: deciding that a person may fetch an export, reading the log for it, and the note that a photo was fetched. Must not: know the form of
//! a pack or of a picture. Called by: `app`, for the export route; `http::api`, for the photo routes.

use std::sync::Arc;

use callbox_domain::session::PhotoFetch;
use callbox_proto::error::ErrorCode;
use callbox_proto::event::{Actor, Event, Stored};
use callbox_proto::ids::{CommandId, SessionId, StaffId};
use callbox_proto::vocabulary::{Millis, Role, Seq};
use sha2::{Digest as _, Sha256};

use super::Node;
use super::cell::Cell;
use super::index;
use super::pending::Wish;
use super::sessions::public;

/// Entries read at once for an export.
const PAGE_RECORDS: usize = 500;

/// For how long, in ms, somebody who reads a photo again leaves no further entry. A page asks for a picture at every view and reload: shorter
/// fills the log with one look, longer hides that somebody came back.
const PHOTO_READ_MS: Millis = 3_600_000;

/// One entry of a log as it goes out.
#[derive(Debug)]
pub struct Line {
    /// Its place.
    pub seq: Seq,
    /// What caused it.
    pub command: CommandId,
    /// The entry.
    pub entry: Stored,
}

impl Node {
    /// Notes that this person is about to be sent the export; answers the entry that says so, which is the last of the pack.
    ///
    /// # Errors
    /// [`ErrorCode::NoSuchRequest`] where two persons did not agree, its time is over, or it is another's; or the store's failure.
    pub async fn note_export(
        self: &Arc<Self>,
        cell: &Arc<Cell>,
        staff: &StaffId,
        role: Role,
        request: CommandId,
    ) -> Result<Seq, ErrorCode> {
        let id = self.random().command_id();
        let wish = Wish::FetchExport {
            staff: staff.clone(),
            role,
            request,
        };
        let done = self.ask(cell, id, wish).await;
        let done = done.map_err(|refusal| refusal.code)?;
        match self.event_of(cell, id).await? {
            Some(Event::Exported { .. }) => Ok(done.last),
            _ => Err(ErrorCode::Internal),
        }
    }

    /// Notes that somebody is about to be sent a photo. The id follows from who, which and the hour: the log keeps one entry for all that have
    /// the same, on whichever nodes they come.
    ///
    /// # Errors
    /// The store's failure, or that there is no such photo any more.
    pub async fn note_photo(
        self: &Arc<Self>,
        cell: &Arc<Cell>,
        by: Actor,
        fetch: PhotoFetch,
    ) -> Result<(), ErrorCode> {
        let hour = self.clock().now_ms() / PHOTO_READ_MS;
        let mut hash = Sha256::new();
        hash.update(b"callbox-photo-fetched-v1");
        hash.update(fetch.photo.as_u128().to_be_bytes());
        hash.update([u8::from(fetch.original)]);
        hash.update(fetch.link.map_or(0, CommandId::as_u128).to_be_bytes());
        hash.update(hour.to_be_bytes());
        if let Actor::Staff {
            staff: Some(staff), ..
        } = &by
        {
            hash.update(staff.as_str());
        }
        let id = CommandId::from_sha256(hash.finalize().into());
        let noted = self.ask(cell, id, Wish::FetchPhoto { by, fetch }).await;
        noted.map(drop).map_err(|refusal| refusal.code)
    }

    /// Entries of a log after this one; none at its end.
    ///
    /// # Errors
    /// The store's failure.
    pub async fn log_page(&self, session: SessionId, after: Seq) -> Result<Vec<Line>, ErrorCode> {
        let read = self.backbone.read(session, after, PAGE_RECORDS).await;
        let records = read.map_err(|e| public(&e))?;
        // Asked after the reading: what was deleted by then is not given.
        let up_to = self.words_deleted_up_to(session).await?;
        let line = |record: &crate::backbone::Record| {
            let entry = index::entry(session, record).map_err(|e| public(&e))?;
            let is_deleted = record.seq <= up_to;
            let left = is_deleted.then(|| entry.without_words());
            Ok(Line {
                seq: record.seq,
                command: record.command,
                entry: left.flatten().unwrap_or(entry),
            })
        };
        records.iter().map(line).collect()
    }
}
