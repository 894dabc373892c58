//! Questions to the database that the writer and the readers share.
//!
//! Owns: the `SELECT` statements about one session. Must not: write. Called by: the ledger and the readers.

use callbox_proto::ids::{CommandId, SessionId};
use rusqlite::{Connection, OptionalExtension};

use super::check::{self, INDEXED_COLUMNS, Indexed, Log, log_of, session_key};
use super::fault::Fault;
use super::ledger::command_of;
use super::{records, runs};
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
    let mut statement = connection
        .prepare_cached("SELECT head, chain, sealed, last, crc FROM log_head WHERE no = ?1")?;
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
    session: SessionId,
    log: Log,
) -> Result<bool, Fault> {
    let sound = records::at(connection, log.last, |row| {
        let (seq, crc): (Seq, u32) = (row.get(0)?, row.get(2)?);
        let payload = row
            .get_ref(3)?
            .as_blob()
            .map_err(|_| Fault::Damaged("a payload of the wrong kind".into()))?;
        let command = command_of(row.get(1)?)?;
        Ok(seq == log.head && crc == record_crc(session, seq, command, payload))
    })?;
    Ok(sound.unwrap_or(false))
}

/// Every command of a log; one of several records may come several times.
pub(super) fn each_command(
    connection: &Connection,
    no: i64,
    log: Log,
    mut each: impl FnMut(CommandId),
) -> Result<(), Fault> {
    runs::each(connection, no, log.sealed, &mut each)?;
    let mut before = None;
    records::newest_first(connection, no, log, log.sealed, |passed| {
        let command = command_of(passed.command)?;
        if before.replace(command) != Some(command) {
            each(command);
        }
        Ok(())
    })
}

/// The records of a command: in the last records themselves, else in one of the sealed runs, newest first.
pub(super) fn command(
    connection: &Connection,
    no: i64,
    log: Log,
    command: CommandId,
) -> Result<Option<(Seq, Seq)>, Fault> {
    let key = command.as_u128().to_be_bytes();
    let mut found = None;
    records::newest_first(connection, no, log, log.sealed, |passed| {
        if passed.command == key {
            let last = found.map_or(passed.seq, |(_, last)| last);
            found = Some((passed.seq, last));
        }
        Ok(())
    })?;
    match found {
        Some(found) => Ok(Some(found)),
        None => runs::find(connection, no, log.sealed, command),
    }
}
