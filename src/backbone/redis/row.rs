//! Index rows as the keys have them, and the checksums of what is stored.
//!
//! Owns: how standings look in members and fields, and what each checksum covers. Must not: speak to a server. Called by:
//! `handle` and `answer`.

use std::fmt;

use bytes::Bytes;
use callbox_proto::ids::{AgencyId, QueueId, SessionId};

use crate::backbone::{IndexCursor, IndexRow, Standing, StandingKind};

/// A row as text. The texts sort as the contract orders rows: ranks are written so that they sort as numbers do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Places {
    /// Member of the index: standing, rank where it waits or is finished, session.
    pub(super) index: String,
    /// Member of the open sessions, empty where it does not wait: queue, lane, rank, session.
    pub(super) open: String,
    /// Field of the figures: standing and queue.
    pub(super) tally: String,
}

/// 16 digits that sort as the ranks do, all of 64 bits, negative ones first.
const fn sortable(rank: i64) -> u64 {
    (rank as u64) ^ (1 << 63)
}

/// The rank that a place begins with.
fn rank_in(place: &str) -> Option<i64> {
    let rank = u64::from_str_radix(place.get(..16)?, 16).ok()?;
    Some(sortable(rank as i64) as i64)
}

/// Where a row stands.
pub(super) fn places(session: SessionId, row: &IndexRow) -> Places {
    let kind = row.standing.kind();
    let open = match row.standing {
        Standing::Waiting { rank, urgent } => {
            let lane = if urgent { "urgent" } else { "others" };
            format!("{}/{lane}/{:016x}{session}", row.queue, sortable(rank))
        }
        Standing::Owned | Standing::Abandoned | Standing::Closed { .. } => String::new(),
    };
    Places {
        index: member(kind, row.standing.rank(), session),
        open,
        tally: format!("{}/{}", kind.word(), row.queue),
    }
}

fn member(kind: StandingKind, rank: i64, session: SessionId) -> String {
    match kind {
        StandingKind::Waiting | StandingKind::Closed => {
            format!("{}/{:016x}{session}", kind.word(), sortable(rank))
        }
        StandingKind::Owned | StandingKind::Abandoned => format!("{}/{session}", kind.word()),
    }
}

/// The bounds of a page of one standing, as the server's ranges of text.
pub(super) fn page(kind: StandingKind, after: Option<IndexCursor>) -> (String, String) {
    let from = match after {
        Some(cursor) => format!("({}", member(kind, cursor.rank, cursor.session)),
        None => format!("[{}/", kind.word()),
    };
    // '0' is the character after '/'.
    (from, format!("({}0", kind.word()))
}

/// The page after this row.
pub(super) const fn cursor(session: SessionId, row: &IndexRow) -> IndexCursor {
    IndexCursor {
        rank: row.standing.rank(),
        session,
    }
}

/// A row from its texts; `None` if they do not fit together.
pub(super) fn row(session: SessionId, places: &Places, summary: Bytes) -> Option<IndexRow> {
    let (kind, queue) = places.tally.split_once('/')?;
    let queue: QueueId = queue.parse().ok()?;
    let standing = match StandingKind::from_word(kind)? {
        StandingKind::Waiting => {
            let (lane, place) = places
                .open
                .strip_prefix(queue.as_str())?
                .strip_prefix('/')?
                .split_once('/')?;
            Standing::Waiting {
                rank: rank_in(place)?,
                urgent: lane == "urgent",
            }
        }
        StandingKind::Owned => Standing::Owned,
        StandingKind::Abandoned => Standing::Abandoned,
        StandingKind::Closed => Standing::Closed {
            rank: rank_in(places.index.split_once('/')?.1)?,
        },
    };
    let row = IndexRow {
        queue,
        standing,
        summary,
    };
    (self::places(session, &row) == *places).then_some(row)
}

/// Checksum of a row. Every part is preceded by its length or has a fixed one.
pub(super) fn row_crc(
    session: SessionId,
    agency: &AgencyId,
    places: &Places,
    summary: &[u8],
) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&session.as_u128().to_be_bytes());
    for text in [agency.as_str(), &places.index, &places.open, &places.tally] {
        hasher.update(&(text.len() as u64).to_be_bytes());
        hasher.update(text.as_bytes());
    }
    hasher.update(summary);
    hasher.finalize()
}

/// A checksum as it is stored.
pub(super) struct Crc(pub(super) u32);

impl fmt::Display for Crc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

/// The same as text of its own.
pub(super) fn crc_text(crc: u32) -> String {
    Crc(crc).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(rank: i64, urgent: bool) -> IndexRow {
        IndexRow {
            queue: "fire-medical".parse().unwrap(),
            standing: Standing::Waiting { rank, urgent },
            summary: Bytes::new(),
        }
    }

    #[test]
    fn a_row_is_read_back_from_its_texts() {
        let session = SessionId::from_u128(9).unwrap();
        for rank in [i64::MIN, -1, 0, 1, i64::MAX] {
            for urgent in [false, true] {
                let row = waiting(rank, urgent);
                let places = places(session, &row);
                assert_eq!(super::row(session, &places, Bytes::new()), Some(row));
            }
        }
        let owned = IndexRow {
            standing: Standing::Owned,
            ..waiting(0, false)
        };
        let texts = places(session, &owned);
        assert_eq!(texts.open, "");
        assert_eq!(super::row(session, &texts, Bytes::new()), Some(owned));
    }

    #[test]
    fn texts_sort_as_ranks_and_sessions_do() {
        let mut ranked: Vec<_> = [5, -3, i64::MIN, i64::MAX, 0]
            .into_iter()
            .flat_map(|rank| [2, 1].map(|id| (rank, SessionId::from_u128(id).unwrap())))
            .collect();
        ranked.sort_by_key(|(rank, session)| places(*session, &waiting(*rank, false)).index);
        assert!(ranked.is_sorted());
    }

    #[test]
    fn texts_that_contradict_each_other_are_no_row() {
        let session = SessionId::from_u128(9).unwrap();
        let sound = places(session, &waiting(7, false));
        let other = Places {
            index: places(session, &waiting(8, false)).index,
            ..sound.clone()
        };
        assert_eq!(row(session, &other, Bytes::new()), None);
        let elsewhere = Places {
            tally: "waiting/police".to_owned(),
            ..sound
        };
        assert_eq!(row(session, &elsewhere, Bytes::new()), None);
    }
}
