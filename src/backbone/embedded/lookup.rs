//! Questions to the database that the writer and the readers share.
//!
//! Owns: the `SELECT` statements about one session. Must not: write. Called by: the ledger and the readers.

use callbox_proto::ids::{CommandId, SessionId};
use rusqlite::{Connection, OptionalExtension, params};

use super::check::{self, INDEXED_COLUMNS, Indexed, Log, log_of, session_key};
use super::fault::Fault;
use super::ledger::command_of;
use super::runs;
use crate::backbone::Seq;
use crate::backbone::checksum::record_crc;

/// A session's index row.
pub(super) fn session(
    connection: &Connection,
    session: SessionId,
) -> Result<Option<Indexed>, Fault> {
    let text = format!(
        "SELECT {INDEXED_COLUMNS} FROM session_index i LEFT JOIN log_head h ON h.no = i.no WHERE i.session = ?1"
    );
    let mut statement = connection.prepare_cached(&text)?;
    let mut rows = statement.query([session_key(session)])?;
    rows.next()?.map(check::indexed).transpose()
}

/// Where the log of a session stands that is in the index.
pub(super) fn log(connection: &Connection, no: i64) -> Result<Log, Fault> {
    let mut statement =
        connection.prepare_cached("SELECT head, chain, sealed, crc FROM log_head WHERE no = ?1")?;
    let log = statement.query_row([no], |row| Ok(log_of(row, 0, no)))?;
    log.ok_or_else(|| Fault::Damaged("the head of a log".into()))
}

/// The local number and the head of a session, without its row.
pub(super) fn number(
    connection: &Connection,
    session: SessionId,
) -> Result<Option<(i64, Log)>, Fault> {
    let mut statement =
        connection.prepare_cached("SELECT no FROM session_index WHERE session = ?1")?;
    let no: Option<i64> = statement
        .query_row([session_key(session)], |row| row.get(0))
        .optional()?;
    no.map(|no| Ok((no, log(connection, no)?))).transpose()
}

/// Whether the last record of the log is the one the head names, with a matching checksum.
pub(super) fn head_is_sound(
    connection: &Connection,
    no: i64,
    session: SessionId,
    head: Seq,
) -> Result<bool, Fault> {
    let text =
        "SELECT seq, command, crc, payload FROM record WHERE no = ?1 ORDER BY seq DESC LIMIT 1";
    let mut statement = connection.prepare_cached(text)?;
    let mut rows = statement.query([no])?;
    let Some(row) = rows.next()? else {
        return Ok(false);
    };
    let (seq, crc): (Seq, u32) = (row.get(0)?, row.get(2)?);
    let payload = row
        .get_ref(3)?
        .as_blob()
        .map_err(|_| Fault::Damaged("a payload of the wrong kind".into()))?;
    Ok(seq == head && crc == record_crc(session, seq, command_of(row.get(1)?)?, payload))
}

/// Every command of a log, sealed ones first; one of several records may come several times.
pub(super) fn each_command(
    connection: &Connection,
    no: i64,
    sealed: Seq,
    mut each: impl FnMut(CommandId),
) -> Result<(), Fault> {
    runs::each(connection, no, sealed, &mut each)?;
    let mut statement =
        connection.prepare_cached("SELECT command FROM record WHERE no = ?1 AND seq > ?2")?;
    let mut rows = statement.query(params![no, sealed])?;
    let mut before = None;
    while let Some(row) = rows.next()? {
        let command = command_of(row.get(0)?)?;
        if before.replace(command) != Some(command) {
            each(command);
        }
    }
    Ok(())
}

/// The records of a command: in the last records themselves, else in one of the sealed runs, newest first.
pub(super) fn command(
    connection: &Connection,
    no: i64,
    sealed: Seq,
    command: CommandId,
) -> Result<Option<(Seq, Seq)>, Fault> {
    let key = command.as_u128().to_be_bytes();
    let text = "SELECT min(seq), max(seq) FROM record WHERE no = ?1 AND seq > ?2 AND command = ?3";
    let mut statement = connection.prepare_cached(text)?;
    let found: (Option<Seq>, Option<Seq>) = statement
        .query_row(params![no, sealed, key], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    if let (Some(first), Some(last)) = found {
        return Ok(Some((first, last)));
    }
    runs::find(connection, no, sealed, command)
}
