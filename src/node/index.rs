//! Sessions as the backbone keeps them: records, index rows and back.
//!
//! Owns: the encoding of entries and of the state beside the index row. Must not: touch the backbone. Called by: `sessions`,
//! `follow`, `lists`, `recovery`.

use bytes::Bytes;
use callbox_domain::queue;
use callbox_domain::session::Session;
use callbox_proto::event::{Event, Stored};
use callbox_proto::ids::{QueueId, SessionId, StaffId};
use callbox_proto::vocabulary::{Millis, Standing as Stands};

use crate::backbone::{BackboneError, IndexRow, Record, Standing};

/// One entry as a record.
///
/// # Panics
/// Never for our types: they are maps with text keys.
#[must_use]
pub fn record(entry: &Stored) -> Bytes {
    rmp_serde::to_vec_named(entry)
        .expect("an entry is a map of plain values")
        .into()
}

/// A record as an entry.
///
/// # Errors
/// [`BackboneError::Damaged`] when it is none of ours.
pub fn entry(session: SessionId, record: &Record) -> Result<Stored, BackboneError> {
    rmp_serde::from_slice(&record.payload).map_err(|_| BackboneError::Damaged {
        session,
        seq: record.seq,
    })
}

/// Rank of a finished session that entered its queue then.
#[must_use]
pub fn newest_first(entered_ms: Millis) -> i64 {
    i64::try_from(entered_ms).map_or(i64::MIN, |entered_ms| -entered_ms)
}

/// The index row of a state. The whole state is its summary: it is small (bounded photos and asks), and with it reading a
/// session back needs only the records since.
///
/// # Panics
/// Never for our types.
#[must_use]
pub fn row(session: &Session) -> IndexRow {
    let standing = match session.standing {
        Stands::Waiting => Standing::Waiting {
            rank: session.rank(),
            urgent: queue::urgent(session.priority),
        },
        Stands::Owned => Standing::Owned,
        Stands::Abandoned => Standing::Abandoned,
        Stands::Closed => Standing::Closed {
            rank: newest_first(session.entered_ms),
        },
    };
    IndexRow {
        queue: lane(session),
        standing,
        summary: rmp_serde::to_vec_named(session)
            .expect("a state is a map of plain values")
            .into(),
    }
}

/// The state beside an index row; `None` when it was written by a version that kept something else.
#[must_use]
pub fn session(row: &IndexRow) -> Option<Session> {
    rmp_serde::from_slice(&row.summary).ok()
}

/// Where it can be taken from: its queue, or, after a transfer to a person, that person's own lane.
fn lane(session: &Session) -> QueueId {
    match &session.reserved_for {
        Some(staff) => personal_lane(staff).unwrap_or_else(|| session.queue.clone()),
        None => session.queue.clone(),
    }
}

/// The lane of what was handed to one person. Names too long for it (over 61 characters) have none.
#[must_use]
pub fn personal_lane(staff: &StaffId) -> Option<QueueId> {
    format!("to.{staff}").parse().ok()
}

/// Whether an event changes what lists show, so that the index row has to be written with it. A place is listed when the state says that it
/// is another one.
#[must_use]
pub const fn shows_in_lists(event: &Event) -> bool {
    match event {
        Event::Located { .. }
        | Event::Text { .. }
        | Event::ServiceLocated { .. }
        | Event::PhotoPreviewed { .. }
        | Event::PhotoPreviewRefused { .. }
        | Event::PhotoStored { .. }
        | Event::PhotoRefused { .. }
        | Event::PhotoRevealed { .. }
        | Event::Asked { .. }
        | Event::Consented { .. }
        | Event::Note { .. }
        | Event::Watched { .. }
        | Event::Seen { .. } => false,
        _ => true,
    }
}
