//! Checksums and the encoding of what is stored: SQLite does not notice a flipped bit, these do.
//!
//! Owns: how ids and standings look in the tables, and what each checksum covers. Must not: touch a connection.
//! Called by: everything here that reads or writes rows.

use bytes::Bytes;
use callbox_proto::ids::{AgencyId, SessionId};
use rusqlite::Row;

use super::fault::Fault;
use crate::backbone::{IndexRow, IndexedSession, Seq, Standing, StandingKind};

/// The running check of a log after one more record.
pub(super) fn chain(before: u32, record: u32) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&before.to_be_bytes());
    hasher.update(&record.to_be_bytes());
    hasher.finalize()
}

/// How the running check of a log changes at a record whose own checksum changes by `record`, where the check before it changes by
/// `before`; all changes are differences of bits. So a record is replaced without a look at any other.
pub(super) fn chain_change(before: u32, record: u32) -> u32 {
    // A checksum of a fixed length is linear but for a constant.
    chain(before, record) ^ chain(0, 0)
}

/// Checksum of an index row. Every part is preceded by its length or has a fixed one.
pub(super) fn row_crc(no: i64, session: SessionId, agency: &AgencyId, row: &IndexRow) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    let place = place(&row.standing);
    hasher.update(&no.to_be_bytes());
    hasher.update(&session.as_u128().to_be_bytes());
    hasher.update(&place.rank.to_be_bytes());
    hasher.update(&[u8::from(place.urgent)]);
    for text in [agency.as_str(), place.kind_text, row.queue.as_str()] {
        hasher.update(&(text.len() as u64).to_be_bytes());
        hasher.update(text.as_bytes());
    }
    hasher.update(&row.summary);
    hasher.finalize()
}

/// Where a log stands: its row in `log_head`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Log {
    pub(super) head: Seq,
    pub(super) chain: u32,
    /// Records up to here have their commands in runs.
    pub(super) sealed: Seq,
    /// Where its last record lies; 0 while it has none.
    pub(super) last: i64,
}

/// Checksum of a row of `log_head`.
pub(super) fn log_crc(no: i64, log: Log) -> u32 {
    let mut hasher = log_hasher(no, log);
    hasher.update(&log.last.to_be_bytes());
    hasher.finalize()
}

/// What that covered before there was a `last`.
pub(super) fn log_crc_without_last(no: i64, log: Log) -> u32 {
    log_hasher(no, log).finalize()
}

fn log_hasher(no: i64, log: Log) -> crc32fast::Hasher {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&no.to_be_bytes());
    hasher.update(&log.head.to_be_bytes());
    hasher.update(&log.chain.to_be_bytes());
    hasher.update(&log.sealed.to_be_bytes());
    hasher
}

/// Reads and checks the columns `head, chain, sealed, last, crc` of `log_head`, from the given one on.
pub(super) fn log_of(row: &Row<'_>, column: usize, no: i64) -> Option<Log> {
    let log = Log {
        head: row.get(column).ok()?,
        chain: row.get(column + 1).ok()?,
        sealed: row.get(column + 2).ok()?,
        last: row.get(column + 3).ok()?,
    };
    (row.get::<_, i64>(column + 4).ok()? == i64::from(log_crc(no, log))).then_some(log)
}

/// A standing as the table's columns say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) kind_text: &'static str,
    pub(super) rank: i64,
    pub(super) urgent: bool,
}

/// The columns of a standing.
pub(super) fn place(standing: &Standing) -> Place {
    Place {
        kind_text: standing.kind().word(),
        rank: standing.rank(),
        urgent: matches!(standing, Standing::Waiting { urgent: true, .. }),
    }
}

/// A standing from its columns; `None` for a word that is none.
pub(super) fn standing(kind: &str, rank: i64, urgent: bool) -> Option<Standing> {
    Some(match StandingKind::from_word(kind)? {
        StandingKind::Waiting => Standing::Waiting { rank, urgent },
        StandingKind::Owned => Standing::Owned,
        StandingKind::Abandoned => Standing::Abandoned,
        StandingKind::Closed => Standing::Closed { rank },
    })
}

/// A session id as a key; big-endian, so that keys sort as ids do.
pub(super) fn session_key(session: SessionId) -> [u8; 16] {
    session.as_u128().to_be_bytes()
}

/// A session id from its key.
pub(super) fn session_of(key: [u8; 16]) -> Option<SessionId> {
    SessionId::from_u128(u128::from_be_bytes(key))
}

/// Columns of [`indexed`], from `session_index i JOIN log_head h`.
pub(super) const INDEXED_COLUMNS: &str =
    "i.no, i.session, i.agency, i.standing, i.rank, i.urgent, i.queue, i.crc, i.summary,
    h.head, h.chain, h.sealed, h.last, h.crc";

/// What a row of the index says.
pub(super) enum Indexed {
    /// As it was written.
    Sound {
        /// Its local number.
        no: i64,
        /// Where its log stands.
        log: Log,
        /// The row.
        session: IndexedSession,
    },
    /// Its checksum does not match; the session's id if that can still be read.
    Damaged(Option<SessionId>),
}

/// Reads and checks a row of [`INDEXED_COLUMNS`].
pub(super) fn indexed(row: &Row<'_>) -> Result<Indexed, Fault> {
    let session = row.get::<_, [u8; 16]>(1).ok().and_then(session_of);
    Ok(match (session, columns(row)) {
        (
            Some(id),
            Some(Columns {
                no,
                agency,
                log,
                crc,
                index,
            }),
        ) if i64::from(row_crc(no, id, &agency, &index)) == crc => Indexed::Sound {
            no,
            log,
            session: IndexedSession {
                session: id,
                agency,
                head: log.head,
                row: index,
            },
        },
        (session, _) => Indexed::Damaged(session),
    })
}

struct Columns {
    no: i64,
    agency: AgencyId,
    log: Log,
    crc: i64,
    index: IndexRow,
}

fn columns(row: &Row<'_>) -> Option<Columns> {
    let text = |column| {
        row.get_ref(column)
            .ok()
            .and_then(|value| value.as_str().ok())
    };
    let standing = standing(text(3)?, row.get(4).ok()?, row.get::<_, i64>(5).ok()? != 0)?;
    let summary = Bytes::copy_from_slice(row.get_ref(8).ok()?.as_blob().ok()?);
    let no = row.get(0).ok()?;
    Some(Columns {
        no,
        agency: text(2)?.parse().ok()?,
        log: log_of(row, 9, no)?,
        crc: row.get(7).ok()?,
        index: IndexRow {
            queue: text(6)?.parse().ok()?,
            standing,
            summary,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_running_check_of_a_changed_log_follows_from_the_changes_alone() {
        let check = |records: &[u32]| {
            records
                .iter()
                .fold(0, |check, record| chain(check, *record))
        };
        let before: Vec<u32> = (0..40_u32).map(|n| n.wrapping_mul(0x9e37_79b9)).collect();
        let mut after = before.clone();
        (after[3], after[4], after[17]) = (1, u32::MAX, 0);
        let changes = before.iter().zip(&after).map(|(one, other)| one ^ other);
        let change = changes.fold(0, chain_change);
        assert_eq!(check(&before) ^ change, check(&after));
        assert_ne!(change, 0);
    }

    #[test]
    fn no_flipped_bit_turns_one_standing_into_another() {
        for kind in [
            StandingKind::Waiting,
            StandingKind::Owned,
            StandingKind::Abandoned,
            StandingKind::Closed,
        ] {
            let text = kind.word().as_bytes();
            for bit in 0..text.len() * 8 {
                let mut flipped = text.to_vec();
                flipped[bit / 8] ^= 1 << (bit % 8);
                let flipped = String::from_utf8_lossy(&flipped).into_owned();
                assert_eq!(standing(&flipped, 0, false), None);
            }
        }
    }
}
