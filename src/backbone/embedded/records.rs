//! The table of records: where one lies, and how it is found.
//!
//! Owns: the tables `record` and `step`. Must not: look into a payload, or know heads and checks but those it is given. Called by: the ledger and
//! what else writes in its transaction, the readers, the runs, the upkeep.
//!
//! Records lie in the order in which they came, whatever session they are of, so that a commit for a hundred sessions fills a few pages at
//! the end of the table instead of one in the middle for each. Each names the one before it in its session's log, `log_head` names the last
//! one, and every [`STEP`]th has a row in `step`: from there a log is walked back.

use rusqlite::{Connection, OptionalExtension, params};

use super::check::{self, Log};
use super::fault::Fault;
use crate::backbone::Seq;

/// Every so many records of a log one is found at once. More makes longer walks, fewer makes more places that a commit writes to.
const STEP: u64 = 64;

/// A record on the way back through its log.
#[derive(Debug, Clone, Copy)]
pub(super) struct Passed {
    /// Where it lies.
    pub(super) id: i64,
    /// Its number in the log.
    pub(super) seq: Seq,
    /// Its command.
    pub(super) command: [u8; 16],
}

/// Records of a log that follow each other without a gap.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Number of the first one; higher than what was asked for where the log begins later, or the way to the others is lost.
    pub(super) first: Seq,
    /// Where they lie, in the log's order.
    pub(super) ids: Vec<i64>,
}

/// What is written of one record beside its place.
pub(super) struct New<'a> {
    pub(super) no: i64,
    pub(super) seq: Seq,
    pub(super) command: [u8; 16],
    pub(super) crc: u32,
    pub(super) payload: &'a [u8],
}

/// Writes a record behind the one that lies at `before` (0: behind none); answers where it lies.
pub(super) fn write(connection: &Connection, before: i64, new: &New<'_>) -> Result<i64, Fault> {
    let text = "INSERT INTO record (no, seq, before, command, crc, payload) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let New {
        no,
        seq,
        command,
        crc,
        payload,
    } = *new;
    let mut insert = connection.prepare_cached(text)?;
    insert.execute(params![no, seq, before, command, crc, payload])?;
    let id = connection.last_insert_rowid();
    if seq.is_multiple_of(STEP) {
        let text = "INSERT INTO step (no, seq, id) VALUES (?1, ?2, ?3)";
        connection
            .prepare_cached(text)?
            .execute(params![no, seq, id])?;
    }
    Ok(id)
}

/// Shows the records from `last` (or the end of the log) back to the one after `after`; answers the number of the lowest one to which the way
/// leads, one above where it begins if it leads to none.
fn walk_back(
    connection: &Connection,
    no: i64,
    log: Log,
    (after, last): (Seq, Seq),
    mut show: impl FnMut(Passed) -> Result<(), Fault>,
) -> Result<Seq, Fault> {
    let (mut seq, mut id) = start(connection, no, log, last)?;
    let mut lowest = seq.saturating_add(1);
    let mut find =
        connection.prepare_cached("SELECT no, seq, before, command FROM record WHERE id = ?1")?;
    while seq > after {
        let row =
            |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
        let found: Option<(i64, Seq, i64, [u8; 16])> = find.query_row([id], row).optional()?;
        let Some((of, number, before, command)) = found else {
            break;
        };
        if of != no || number != seq {
            break;
        }
        lowest = seq;
        if seq <= last {
            show(Passed { id, seq, command })?;
        }
        (seq, id) = (seq - 1, before);
    }
    Ok(lowest)
}

/// A record at or after `last`, as near as there is one that is found at once.
fn start(connection: &Connection, no: i64, log: Log, last: Seq) -> Result<(Seq, i64), Fault> {
    let end = (log.head, log.last);
    if last >= log.head {
        return Ok(end);
    }
    let text = "SELECT seq, id FROM step WHERE no = ?1 AND seq >= ?2 ORDER BY seq LIMIT 1";
    let mut nearest = connection.prepare_cached(text)?;
    let found = nearest.query_row(params![no, last], |row| Ok((row.get(0)?, row.get(1)?)));
    Ok(found.optional()?.unwrap_or(end))
}

/// The records after one, up to another.
pub(super) fn find(
    connection: &Connection,
    no: i64,
    log: Log,
    (after, last): (Seq, Seq),
) -> Result<Found, Fault> {
    let last = last.min(log.head);
    if after >= last {
        let first = after.saturating_add(1);
        return Ok(Found {
            first,
            ids: Vec::new(),
        });
    }
    let mut ids = Vec::new();
    let first = walk_back(connection, no, log, (after, last), |passed| {
        ids.push(passed.id);
        Ok(())
    })?;
    ids.reverse();
    Ok(Found { first, ids })
}

/// Shows every record after one, the last one first. All of them are there, or it is damage: a command that is overlooked would look new.
pub(super) fn newest_first(
    connection: &Connection,
    no: i64,
    log: Log,
    after: Seq,
    show: impl FnMut(Passed) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let lowest = walk_back(connection, no, log, (after, log.head), show)?;
    if lowest > after.saturating_add(1) {
        return Err(Fault::Damaged("the way through a log".into()));
    }
    Ok(())
}

/// A record at its place: its number, command, checksum and payload, in this order; `None` if there is none.
pub(super) fn at<T>(
    connection: &Connection,
    id: i64,
    read: impl FnOnce(&rusqlite::Row<'_>) -> Result<T, Fault>,
) -> Result<Option<T>, Fault> {
    let text = "SELECT seq, command, crc, payload FROM record WHERE id = ?1";
    let mut statement = connection.prepare_cached(text)?;
    let mut rows = statement.query([id])?;
    rows.next()?.map(read).transpose()
}

/// Replaces the payload of the record at a place.
pub(super) fn replace(
    connection: &Connection,
    id: i64,
    crc: u32,
    payload: &[u8],
) -> Result<(), Fault> {
    let text = "UPDATE record SET crc = ?2, payload = ?3 WHERE id = ?1";
    connection
        .prepare_cached(text)?
        .execute(params![id, crc, payload])?;
    Ok(())
}

/// Deletes a whole log.
pub(super) fn delete(connection: &Connection, no: i64, log: Log) -> Result<(), Fault> {
    let mut delete = connection.prepare_cached("DELETE FROM record WHERE id = ?1")?;
    for id in find(connection, no, log, (0, log.head))?.ids {
        delete.execute([id])?;
    }
    connection
        .prepare_cached("DELETE FROM step WHERE no = ?1")?
        .execute([no])?;
    Ok(())
}

/// Brings the records of a store of schema 3, which lay by session, into the table of today, one by one: none of them is held in memory. A
/// head whose checksum did not match stays damaged.
pub(super) fn adopt_rows(connection: &Connection) -> Result<(), Fault> {
    {
        let text = "SELECT no, seq, command, crc, payload FROM record_of_session ORDER BY no, seq";
        let mut all = connection.prepare(text)?;
        let mut rows = all.query([])?;
        let (mut of, mut last) = (0, 0);
        while let Some(row) = rows.next()? {
            let new = match row_of_session(row) {
                Ok(new) => new,
                // One that is missing is damage, of its log alone.
                Err(error) => {
                    tracing::error!(%error, "a record that cannot be read is left behind");
                    continue;
                }
            };
            if new.no != of {
                end_at(connection, of, last)?;
                (of, last) = (new.no, 0);
            }
            last = write(connection, last, &new)?;
        }
        end_at(connection, of, last)?;
    }
    Ok(connection.execute_batch("DROP TABLE record_of_session")?)
}

fn row_of_session<'a>(row: &'a rusqlite::Row<'_>) -> rusqlite::Result<New<'a>> {
    Ok(New {
        no: row.get(0)?,
        seq: row.get(1)?,
        command: row.get(2)?,
        crc: row.get(3)?,
        payload: row.get_ref(4)?.as_blob()?,
    })
}

/// Says in the head of a log where its last record lies.
fn end_at(connection: &Connection, no: i64, last: i64) -> Result<(), Fault> {
    let text = "SELECT head, chain, sealed, crc FROM log_head WHERE no = ?1";
    let mut find = connection.prepare_cached(text)?;
    let row = |row: &rusqlite::Row<'_>| {
        let log = Log {
            head: row.get(0)?,
            chain: row.get(1)?,
            sealed: row.get(2)?,
            last,
        };
        Ok((log, row.get::<_, i64>(3)?))
    };
    let Some((log, crc)) = find.query_row([no], row).optional()? else {
        return Ok(());
    };
    let is_sound = i64::from(check::log_crc_without_last(no, log)) == crc;
    let crc = if is_sound {
        i64::from(check::log_crc(no, log))
    } else {
        crc
    };
    let text = "UPDATE log_head SET last = ?2, crc = ?3 WHERE no = ?1";
    connection
        .prepare_cached(text)?
        .execute(params![no, last, crc])?;
    Ok(())
}
