//! Commands of older records: runs of about a thousand records, each one row of sorted commands, written once and never changed.
//!
//! Owns: the table `run`, how a run looks, its checksum, and the search in it. Must not: know of records that are not sealed yet.
//! Called by: the ledger (seals), the look-ups, the upkeep (checks), the schema (brings older stores up to date).

use std::ops::Range;

use callbox_proto::ids::CommandId;
use rusqlite::{Connection, Row, params};

use super::check::Log;
use super::fault::Fault;
use super::ledger::command_of;
use super::records::Passed;
use super::{kept, records};
use crate::backbone::Seq;

/// Bytes of an entry: the command, and its first and last record counted from the run's first; all big-endian, so that entries sort
/// as commands do.
const ENTRY_BYTES: usize = 24;
/// Where the command stands in it.
const KEY: Range<usize> = 0..16;
/// Where its first record stands.
const FIRST: Range<usize> = 16..20;
/// Where its last record stands.
const LAST: Range<usize> = 20..24;

/// Writes the commands of the records that are not sealed as one run. They are those of whole appends: no command is in two runs.
pub(super) fn seal(connection: &Connection, no: i64, log: Log) -> Result<(), Fault> {
    let mut passed = Vec::new();
    records::newest_first(connection, no, log, log.sealed, |record| {
        passed.push(record);
        Ok(())
    })?;
    let first = log.sealed + 1;
    let mut entries = Entries::new(first);
    for Passed { seq, command, .. } in passed.into_iter().rev() {
        entries.add(command, seq, seq)?;
    }
    write(connection, no, log.head, entries)
}

/// The entries of a run in the making.
struct Entries {
    first: Seq,
    all: Vec<[u8; ENTRY_BYTES]>,
}

impl Entries {
    const fn new(first: Seq) -> Self {
        let all = Vec::new();
        Self { first, all }
    }

    /// Adds records of a command; those of one command that follow each other become one entry.
    fn add(&mut self, key: [u8; KEY.end], first: Seq, last: Seq) -> Result<(), Fault> {
        let (from, to) = (offset(first, self.first)?, offset(last, self.first)?);
        match self.all.last_mut() {
            Some(entry) if entry[KEY] == key => entry[LAST].copy_from_slice(&to),
            _ => {
                let mut entry = [0; ENTRY_BYTES];
                entry[KEY].copy_from_slice(&key);
                entry[FIRST].copy_from_slice(&from);
                entry[LAST].copy_from_slice(&to);
                self.all.push(entry);
            }
        }
        Ok(())
    }
}

fn offset(seq: Seq, first: Seq) -> Result<[u8; 4], Fault> {
    let records = seq
        .checked_sub(first)
        .and_then(|records| u32::try_from(records).ok());
    let records = records.ok_or_else(|| Fault::Damaged("a record outside of its run".into()))?;
    Ok(records.to_be_bytes())
}

fn write(connection: &Connection, no: i64, last: Seq, entries: Entries) -> Result<(), Fault> {
    let Entries { first, mut all } = entries;
    all.sort_unstable();
    let commands = all.as_flattened();
    let text = "INSERT INTO run (no, first, last, crc, commands) VALUES (?1, ?2, ?3, ?4, ?5)";
    let crc = crc(no, first, last, commands);
    connection
        .prepare_cached(text)?
        .execute(params![no, first, last, crc, commands])?;
    Ok(())
}

fn crc(no: i64, first: Seq, last: Seq, commands: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&no.to_be_bytes());
    hasher.update(&first.to_be_bytes());
    hasher.update(&last.to_be_bytes());
    hasher.update(commands);
    hasher.finalize()
}

/// The records of a command, if it stands in one of the runs up to `sealed`; the newest are looked through first.
pub(super) fn find(
    connection: &Connection,
    no: i64,
    sealed: Seq,
    command: CommandId,
) -> Result<Option<(Seq, Seq)>, Fault> {
    let key = command.as_u128().to_be_bytes();
    let mut found = None;
    newest_first(connection, no, sealed, |run| {
        let place = run
            .entries
            .binary_search_by(|entry| entry[KEY].cmp(&key[..]));
        found = place.ok().map(|place| run.records_of(&run.entries[place]));
        found.is_none()
    })?;
    Ok(found)
}

/// Every command of the runs up to `sealed`.
pub(super) fn each(
    connection: &Connection,
    no: i64,
    sealed: Seq,
    mut each: impl FnMut(CommandId),
) -> Result<(), Fault> {
    let mut fault = None;
    newest_first(connection, no, sealed, |run| {
        for entry in run.entries {
            let mut key = [0; KEY.end];
            key.copy_from_slice(&entry[KEY]);
            match command_of(key) {
                Ok(command) => each(command),
                Err(found) => fault = Some(found),
            }
        }
        fault.is_none()
    })?;
    fault.map_or(Ok(()), Err)
}

/// Whether every record up to `sealed` has its command in a run that is as it was written.
pub(super) fn are_sound(connection: &Connection, no: i64, sealed: Seq) -> Result<bool, Fault> {
    match newest_first(connection, no, sealed, |_| true) {
        Ok(()) => Ok(true),
        Err(Fault::Damaged(_)) => Ok(false),
        Err(fault) => Err(fault),
    }
}

/// A run whose checksum matches.
struct Run<'a> {
    first: Seq,
    entries: &'a [[u8; ENTRY_BYTES]],
}

impl Run<'_> {
    fn records_of(&self, entry: &[u8; ENTRY_BYTES]) -> (Seq, Seq) {
        let at = |place: Range<usize>| {
            let mut bytes = [0; 4];
            bytes.copy_from_slice(&entry[place]);
            self.first + Seq::from(u32::from_be_bytes(bytes))
        };
        (at(FIRST), at(LAST))
    }
}

/// Shows each run, the newest first, until `more` says no. They follow each other without a gap down to where the log begins: a missing
/// one would let a command that is sent again look new.
fn newest_first(
    connection: &Connection,
    no: i64,
    sealed: Seq,
    mut more: impl FnMut(&Run<'_>) -> bool,
) -> Result<(), Fault> {
    let text = "SELECT first, last, crc, commands FROM run WHERE no = ?1 AND first <= ?2 ORDER BY first DESC";
    let mut statement = connection.prepare_cached(text)?;
    let mut rows = statement.query(params![no, sealed])?;
    let mut end = sealed;
    while let Some(row) = rows.next()? {
        let run = sound(row, no, end).ok_or_else(damaged)?;
        if !more(&run) {
            return Ok(());
        }
        end = run.first - 1;
    }
    if end == kept::base(connection, no)? {
        Ok(())
    } else {
        Err(damaged())
    }
}

fn damaged() -> Fault {
    Fault::Damaged("a run of commands is damaged or missing".into())
}

fn sound<'a>(row: &'a Row<'_>, no: i64, end: Seq) -> Option<Run<'a>> {
    let (first, last): (Seq, Seq) = (row.get(0).ok()?, row.get(1).ok()?);
    let commands = row.get_ref(3).ok()?.as_blob().ok()?;
    let (entries, rest) = commands.as_chunks();
    let is_sound = last == end
        && first >= 1
        && rest.is_empty()
        && row.get::<_, u32>(2).ok()? == crc(no, first, last, commands);
    is_sound.then_some(Run { first, entries })
}

/// Brings the commands of a store of schema 2, a row each, into runs.
pub(super) fn adopt_rows(connection: &Connection) -> Result<(), Fault> {
    {
        let text = "SELECT no, run, max(last) FROM command GROUP BY no, run";
        let mut runs = connection.prepare(text)?;
        let text = "SELECT command, first, last FROM command WHERE no = ?1 AND run = ?2";
        let mut commands = connection.prepare(text)?;
        let mut rows = runs.query([])?;
        while let Some(row) = rows.next()? {
            let (no, first, last): (i64, Seq, Seq) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let mut entries = Entries::new(first);
            let mut of_run = commands.query(params![no, first])?;
            while let Some(row) = of_run.next()? {
                entries.add(row.get(0)?, row.get(1)?, row.get(2)?)?;
            }
            write(connection, no, last, entries)?;
        }
    }
    Ok(connection.execute_batch("DROP TABLE command")?)
}
