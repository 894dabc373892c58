//! Exports: what goes out of the agency, and the entry that says so first.
//!
//! Owns: deciding that a person may fetch an export, and reading the log for it. Must not: know the form of a pack. Called by: `app`, for the
//! export route.

use std::sync::Arc;

use callbox_proto::error::ErrorCode;
use callbox_proto::event::{Event, Stored};
use callbox_proto::ids::{CommandId, SessionId, StaffId};
use callbox_proto::vocabulary::{Role, Seq};

use super::Node;
use super::cell::Cell;
use super::index;
use super::pending::Wish;
use super::sessions::public;

/// Entries read at once for an export.
const PAGE_RECORDS: usize = 500;

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
