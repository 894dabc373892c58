//! What is left of records whose content is destroyed: rows that are replaced in place.
//!
//! Owns: replacing payloads, the checksums that follow, and the summary of the row. Must not: change a number, a command, a head or where a
//! session stands, or begin and end transactions. Called by: the ledger.

use bytes::Bytes;
use callbox_proto::ids::{AgencyId, SessionId};
use rusqlite::types::Value;
use rusqlite::{Connection, params};

use super::check::{self, Indexed, Log, chain_change};
use super::fault::Fault;
use super::ledger::command_of;
use super::{lookup, records};
use crate::backbone::checksum::record_crc;
use crate::backbone::{BackboneError, IndexRow, Seq};

/// Rows of the index on each side that are written anew with one. More reaches remains that lie further away, and lets appends wait longer.
const NEIGHBOURS: i64 = 32;

/// A part of what is to be destroyed of a session.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) agency: AgencyId,
    pub(super) session: SessionId,
    /// The head of the log that it was read from.
    pub(super) expected: Seq,
    /// What is left of some records, in their order.
    pub(super) left: Vec<(Seq, Bytes)>,
    /// The summary from now on, where this page brings it.
    pub(super) summary: Option<Bytes>,
}

/// What became of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Replaced {
    /// All of it is written if the transaction commits.
    Done,
    /// Nothing was: the log has another head.
    Conflict(Seq),
}

/// Writes a page in the open transaction.
pub(super) fn replace(
    connection: &Connection,
    page: &Page,
) -> Result<Result<Replaced, BackboneError>, Fault> {
    let session = page.session;
    let (no, log, known) = match lookup::session(connection, session)? {
        Some(Indexed::Sound { no, log, session }) if session.agency == page.agency => {
            (no, log, session)
        }
        Some(Indexed::Damaged(_)) => return Ok(Err(BackboneError::Damaged { session, seq: 0 })),
        Some(Indexed::Sound { .. }) | None => return Ok(Err(BackboneError::NoSuchSession)),
    };
    if log.head != page.expected {
        return Ok(Ok(Replaced::Conflict(log.head)));
    }
    let chain = log.chain ^ replace_records(connection, no, log, page)?;
    write_chain(connection, no, Log { chain, ..log })?;
    if let Some(summary) = &page.summary {
        let summary = summary.clone();
        let row = IndexRow {
            summary,
            ..known.row
        };
        write_summary(connection, no, session, &page.agency, &row)?;
    }
    Ok(Ok(Replaced::Done))
}

/// Replaces payloads; answers how the running check changes with them.
fn replace_records(connection: &Connection, no: i64, log: Log, page: &Page) -> Result<u32, Fault> {
    let (Some((first, _)), Some((last, _))) = (page.left.first(), page.left.last()) else {
        return Ok(0);
    };
    let found = records::find(connection, no, log, (first - 1, *last))?;
    let (mut change, mut at) = (0, 0);
    for (seq, left) in &page.left {
        let lies = seq
            .checked_sub(found.first)
            .and_then(|n| found.ids.get(usize::try_from(n).ok()?));
        let id = *lies.ok_or_else(|| Fault::Damaged("the way to a record".into()))?;
        let row = |row: &rusqlite::Row<'_>| Ok((command_of(row.get(1)?)?, row.get::<_, u32>(2)?));
        let known = records::at(connection, id, row)?;
        let (command, before) =
            known.ok_or_else(|| Fault::Damaged("a record is missing".into()))?;
        let crc = record_crc(page.session, *seq, command, left);
        records::replace(connection, id, crc, left)?;
        change = chain_change(unchanged(change, at, seq - 1), before ^ crc);
        at = *seq;
    }
    Ok(unchanged(change, at, log.head))
}

/// How the running check changes after records that stay as they are, from behind one to another.
fn unchanged(change: u32, from: Seq, to: Seq) -> u32 {
    if change == 0 {
        return 0;
    }
    (from..to).fold(change, |change, _| chain_change(change, 0))
}

fn write_chain(connection: &Connection, no: i64, log: Log) -> Result<(), Fault> {
    let text = "UPDATE log_head SET chain = ?2, crc = ?3 WHERE no = ?1";
    let mut update = connection.prepare_cached(text)?;
    update.execute(params![no, log.chain, check::log_crc(no, log)])?;
    Ok(())
}

fn write_summary(
    connection: &Connection,
    no: i64,
    session: SessionId,
    agency: &AgencyId,
    row: &IndexRow,
) -> Result<(), Fault> {
    let crc = check::row_crc(no, session, agency, row);
    let text = "UPDATE session_index SET crc = ?2, summary = ?3 WHERE no = ?1";
    let mut update = connection.prepare_cached(text)?;
    update.execute(params![no, crc, row.summary.as_ref()])?;
    neighbours_anew(connection, no)
}

/// Takes the row and its neighbours in the index out and writes them anew, as they are.
///
/// A database page from which rows were moved once keeps what they were in its unused part, and nothing but a page that is emptied is zeroed
/// whole. Rows of the index grow and are moved all the time; records lie as they came and are not.
fn neighbours_anew(connection: &Connection, no: i64) -> Result<(), Fault> {
    let places = params![no - NEIGHBOURS, no + NEIGHBOURS];
    let columns = "no, session, agency, standing, rank, urgent, queue, crc, summary";
    let text =
        format!("SELECT {columns} FROM session_index WHERE no BETWEEN ?1 AND ?2 ORDER BY no");
    let mut statement = connection.prepare_cached(&text)?;
    let rows = statement.query_map(places, |row| {
        (0..9)
            .map(|column| row.get::<_, Value>(column))
            .collect::<Result<Vec<_>, _>>()
    })?;
    let rows = rows.collect::<Result<Vec<_>, _>>()?;
    let text = "DELETE FROM session_index WHERE no BETWEEN ?1 AND ?2";
    connection.prepare_cached(text)?.execute(places)?;
    let text = format!(
        "INSERT INTO session_index ({columns}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
    );
    let mut insert = connection.prepare_cached(&text)?;
    for row in rows {
        insert.execute(rusqlite::params_from_iter(row))?;
    }
    Ok(())
}
