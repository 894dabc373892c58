//! The threads that read, each with its own connection, so that no read waits behind the writer.
//!
//! Owns: the reading connections and the questions of many rows. Must not: write, or keep a transaction open longer than
//! one answer: an open one stops the write-ahead log from shrinking. Called by: the handle.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use bytes::Bytes;
use callbox_proto::ids::{AgencyId, CommandId, SessionId};
use rusqlite::{Connection, OptionalExtension, params};
use tokio::sync::{mpsc, oneshot};

use super::check::{self, INDEXED_COLUMNS, Indexed, session_key};
use super::fault::{Fault, OpenError};
use super::ledger::command_of;
use super::{lookup, records, schema};
use crate::backbone::checksum::record_crc;
use crate::backbone::{
    BackboneError, IndexCursor, IndexSnapshot, IndexedSession, READ_MAX_BYTES, Record, Seq,
    StandingKind,
};

/// Reading threads. One answer takes some 10 µs; more than one, so that a page of a long log holds nobody up.
const READERS: usize = 3;
/// Questions that may wait; who comes later waits in the call.
const QUESTIONS_MAX: usize = 256;

type Question = Box<dyn FnOnce(&Connection) + Send>;

/// The way to the reading threads.
#[derive(Clone)]
pub(super) struct Readers {
    questions: mpsc::Sender<Question>,
}

impl Readers {
    /// Opens the connections and starts the threads; they end when every clone of the handle is gone.
    pub(super) fn start(database: &Path) -> Result<(Self, Vec<JoinHandle<()>>), OpenError> {
        let (questions, waiting) = mpsc::channel::<Question>(QUESTIONS_MAX);
        let waiting = Arc::new(Mutex::new(waiting));
        let threads = (0..READERS).map(|_| {
            let connection = schema::open_reader(database)?;
            let waiting = Arc::clone(&waiting);
            let thread = std::thread::Builder::new().name("backbone-reader".to_owned());
            let spawned = thread.spawn(move || serve(&connection, &waiting));
            spawned.map_err(|source| OpenError::Io {
                path: database.to_owned(),
                source,
            })
        });
        Ok((Self { questions }, threads.collect::<Result<_, _>>()?))
    }

    /// Asks one question and awaits its answer.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Connection) -> Result<T, BackboneError> + Send + 'static,
    ) -> Result<T, BackboneError> {
        let (answer, answered) = oneshot::channel();
        let question: Question = Box::new(move |connection| {
            let _ = answer.send(question(connection));
        });
        self.questions
            .send(question)
            .await
            .map_err(|_| BackboneError::Closed)?;
        answered.await.map_err(|_| BackboneError::Closed)?
    }
}

fn serve(connection: &Connection, waiting: &Mutex<mpsc::Receiver<Question>>) {
    loop {
        let question = waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .blocking_recv();
        match question {
            Some(question) => question(connection),
            None => return,
        }
    }
}

/// A page of a log. What is missing or does not match its checksum is damage, never the end.
pub(super) fn records(
    connection: &Connection,
    session: SessionId,
    after: Seq,
    limit: usize,
) -> Result<Vec<Record>, BackboneError> {
    let mut records = Vec::new();
    match read_records(connection, session, after, limit, &mut records) {
        Ok(None) => Ok(records),
        Ok(Some(seq)) => Err(BackboneError::Damaged { session, seq }),
        Err(Fault::Damaged(_)) => {
            let last = records.last().map_or(after, |record: &Record| record.seq);
            let seq = last.saturating_add(1);
            Err(BackboneError::Damaged { session, seq })
        }
        Err(fault) => Err(fault.for_caller()),
    }
}

/// Reads as far as the records are sound; answers the number of one that is not.
fn read_records(
    connection: &Connection,
    session: SessionId,
    after: Seq,
    limit: usize,
    records: &mut Vec<Record>,
) -> Result<Option<Seq>, Fault> {
    let after = after.min(i64::MAX as u64);
    // The head first: a log only grows, so every record up to it must be there afterwards.
    let Some((no, log)) = lookup::number(connection, session)? else {
        return Ok(None);
    };
    let last = after.saturating_add(limit as Seq);
    let found = records::find(connection, no, log, (after, last))?;
    if found.first > after + 1 {
        return Ok(Some(found.first - 1));
    }
    let mut bytes = 0;
    for (seq, id) in (found.first..).zip(found.ids) {
        let record = records::at(connection, id, |row| {
            let (command, crc): (_, u32) = (command_of(row.get(1)?)?, row.get(2)?);
            let payload = Bytes::copy_from_slice(row.get_ref(3)?.as_blob().map_err(wrong_kind)?);
            let sound = crc == record_crc(session, seq, command, &payload);
            Ok(sound.then_some(Record {
                seq,
                command,
                payload,
            }))
        })?;
        let Some(record) = record.flatten() else {
            return Ok(Some(seq));
        };
        bytes += record.payload.len();
        records.push(record);
        if bytes >= READ_MAX_BYTES {
            break;
        }
    }
    Ok(None)
}

fn wrong_kind(_: rusqlite::types::FromSqlError) -> Fault {
    Fault::Damaged("a payload of the wrong kind".into())
}

/// Where the records of a command are.
pub(super) fn find_command(
    connection: &Connection,
    session: SessionId,
    command: CommandId,
) -> Result<Option<(Seq, Seq)>, BackboneError> {
    let found = lookup::number(connection, session).and_then(|number| match number {
        Some((no, log)) => lookup::command(connection, no, log, command),
        None => Ok(None),
    });
    found.map_err(|fault| of_session(session, &fault))
}

/// One session's row.
pub(super) fn find_session(
    connection: &Connection,
    session: SessionId,
) -> Result<Option<IndexedSession>, BackboneError> {
    match lookup::session(connection, session).map_err(|fault| of_session(session, &fault))? {
        Some(Indexed::Sound { session, .. }) => Ok(Some(session)),
        Some(Indexed::Damaged(_)) => Err(BackboneError::Damaged { session, seq: 0 }),
        None => Ok(None),
    }
}

fn of_session(session: SessionId, fault: &Fault) -> BackboneError {
    match fault {
        Fault::Damaged(_) => BackboneError::Damaged { session, seq: 0 },
        _ => fault.for_caller(),
    }
}

/// A page of an agency's index with the version it belongs to.
pub(super) fn list(
    connection: &Connection,
    agency: &AgencyId,
    kind: StandingKind,
    after: Option<IndexCursor>,
    limit: usize,
) -> Result<IndexSnapshot, BackboneError> {
    let snapshot = || -> Result<(u64, Vec<Indexed>), Fault> {
        let _one_view = connection.unchecked_transaction()?;
        Ok((
            version(connection, agency)?,
            rows(connection, agency, kind, after, limit + 1)?,
        ))
    };
    let (version, found) = snapshot().map_err(|fault| fault.for_caller())?;
    let more = found.len() > limit;
    let rows = found
        .into_iter()
        .take(limit)
        .map(sound)
        .collect::<Result<Vec<_>, _>>()?;
    let next = rows.last().filter(|_| more).map(cursor);
    Ok(IndexSnapshot {
        version,
        rows,
        next,
    })
}

fn sound(indexed: Indexed) -> Result<IndexedSession, BackboneError> {
    match indexed {
        Indexed::Sound { session, .. } => Ok(session),
        Indexed::Damaged(Some(session)) => Err(BackboneError::Damaged { session, seq: 0 }),
        Indexed::Damaged(None) => Err(BackboneError::Failed {
            reason: "an index row has no session".into(),
        }),
    }
}

fn cursor(last: &IndexedSession) -> IndexCursor {
    IndexCursor {
        rank: check::place(&last.row.standing).rank,
        session: last.session,
    }
}

fn version(connection: &Connection, agency: &AgencyId) -> Result<u64, Fault> {
    let mut statement =
        connection.prepare_cached("SELECT version FROM agency WHERE agency = ?1")?;
    Ok(statement
        .query_row([agency.as_str()], |row| row.get(0))
        .optional()?
        .unwrap_or(0))
}

fn rows(
    connection: &Connection,
    agency: &AgencyId,
    kind: StandingKind,
    after: Option<IndexCursor>,
    limit: usize,
) -> Result<Vec<Indexed>, Fault> {
    let text = format!(
        "SELECT {INDEXED_COLUMNS} FROM session_index i LEFT JOIN log_head h ON h.no = i.no
         WHERE i.agency = ?1 AND i.standing = ?2 AND (i.rank, i.session) > (?3, ?4)
         ORDER BY i.rank, i.session LIMIT ?5"
    );
    let rank = after.map_or(i64::MIN, |cursor| cursor.rank);
    let key = after.map_or([0; 16], |cursor| session_key(cursor.session));
    let mut statement = connection.prepare_cached(&text)?;
    let mut rows = statement.query(params![agency.as_str(), kind.word(), rank, key, limit])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(check::indexed(row)?);
    }
    Ok(found)
}
