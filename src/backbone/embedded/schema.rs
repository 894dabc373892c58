//! The tables of an embedded backbone, their versions, and how connections to them are set up.
//!
//! Owns: every `CREATE` and `PRAGMA`. Must not: read or write rows. Called by: `open`, the writer and the readers.
//! `docs/backbone-tables.md` describes the tables to operators; a change here is a change there.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::fault::{Fault, OpenError};
use super::{records, runs};

/// Schema this program writes. Older ones are brought up to it at open, newer ones are refused.
pub(super) const SCHEMA_VERSION: i64 = 4;

/// Page cache of the writer in KiB; the system's page cache holds the rest. The paths to the ends of some hundred busy logs fit: with
/// a quarter of it a message in a store of a million entries cost 13 % more than in a small one.
const WRITER_CACHE_KIB: i64 = 3_072;
/// Page cache of one reader in KiB: memory per node counts, and logs are read once, forwards.
const READER_CACHE_KIB: i64 = 128;
/// Prepared statements a connection keeps; the writer has about 20 texts.
const STATEMENTS: usize = 32;
/// How long a statement waits for an operator's own transaction before it gives up.
const BUSY_WAIT: Duration = Duration::from_secs(5);
/// How long the writer waits for readers when the write-ahead log has to be emptied at once; appends wait as long.
const MOMENT: Duration = Duration::from_millis(100);
/// What the write-ahead log is cut back to after it has been copied into the database, in bytes.
const WAL_KEPT_BYTES: i64 = 16 * 1024 * 1024;

/// Leads from one schema to the next: tables, then what moves rows into them.
type Migration = (&'static str, fn(&Connection) -> Result<(), Fault>);

/// Migration `n` leads from schema `n` to `n + 1`; they only ever grow in number.
const MIGRATIONS: [Migration; 4] = [
    (SESSIONS_AND_LOGS, |_| Ok(())),
    (KEPT_LOGS, |_| Ok(())),
    (RUNS, runs::adopt_rows),
    (AS_THEY_COME, records::adopt_rows),
];

const SESSIONS_AND_LOGS: &str = "
CREATE TABLE store (
    only    INTEGER PRIMARY KEY CHECK (only = 1),
    commits INTEGER NOT NULL,
    epochs  INTEGER NOT NULL
) STRICT;
INSERT INTO store VALUES (1, 0, 1);

CREATE TABLE agency (
    agency  TEXT PRIMARY KEY,
    version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE session_index (
    no       INTEGER PRIMARY KEY,
    session  BLOB NOT NULL UNIQUE CHECK (length(session) = 16),
    agency   TEXT NOT NULL,
    standing TEXT NOT NULL,
    rank     INTEGER NOT NULL,
    urgent   INTEGER NOT NULL,
    queue    TEXT NOT NULL,
    crc      INTEGER NOT NULL,
    summary  BLOB NOT NULL
) STRICT;
CREATE INDEX session_order ON session_index (agency, standing, rank, session);

CREATE TABLE log_head (
    no     INTEGER PRIMARY KEY,
    head   INTEGER NOT NULL,
    chain  INTEGER NOT NULL,
    sealed INTEGER NOT NULL,
    crc    INTEGER NOT NULL
) STRICT;

CREATE TABLE record (
    no      INTEGER NOT NULL,
    seq     INTEGER NOT NULL,
    command BLOB NOT NULL,
    crc     INTEGER NOT NULL,
    payload BLOB NOT NULL,
    PRIMARY KEY (no, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE command (
    no      INTEGER NOT NULL,
    run     INTEGER NOT NULL,
    command BLOB NOT NULL,
    first   INTEGER NOT NULL,
    last    INTEGER NOT NULL,
    PRIMARY KEY (no, run, command)
) STRICT, WITHOUT ROWID;

CREATE VIEW log AS
    SELECT lower(hex(i.session)) AS session, i.agency, r.seq, lower(hex(r.command)) AS command, r.crc, r.payload
    FROM session_index i CROSS JOIN record r ON r.no = i.no;
CREATE VIEW session AS
    SELECT lower(hex(i.session)) AS session, i.agency, i.queue, i.standing, i.rank, i.urgent, h.head, i.summary
    FROM session_index i JOIN log_head h ON h.no = i.no;
";

const KEPT_LOGS: &str = "
CREATE TABLE kept (
    no       INTEGER PRIMARY KEY,
    base     INTEGER NOT NULL,
    since_ms INTEGER NOT NULL,
    crc      INTEGER NOT NULL,
    opening  BLOB
) STRICT;
";

/// A row for each run of commands; before, each command was a row of the table `command`.
const RUNS: &str = "
CREATE TABLE run (
    no       INTEGER NOT NULL,
    first    INTEGER NOT NULL,
    last     INTEGER NOT NULL,
    crc      INTEGER NOT NULL,
    commands BLOB NOT NULL,
    PRIMARY KEY (no, first)
) STRICT, WITHOUT ROWID;
";

/// Records lie as they come; before, those of a session lay together.
const AS_THEY_COME: &str = "
DROP VIEW log;
ALTER TABLE record RENAME TO record_of_session;
CREATE TABLE record (
    id      INTEGER PRIMARY KEY,
    no      INTEGER NOT NULL,
    seq     INTEGER NOT NULL,
    before  INTEGER NOT NULL,
    command BLOB NOT NULL,
    crc     INTEGER NOT NULL,
    payload BLOB NOT NULL
) STRICT;
CREATE TABLE step (
    no  INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    id  INTEGER NOT NULL,
    PRIMARY KEY (no, seq)
) STRICT, WITHOUT ROWID;
ALTER TABLE log_head ADD COLUMN last INTEGER NOT NULL DEFAULT 0;
CREATE VIEW log AS
    SELECT lower(hex(i.session)) AS session, i.agency, r.seq, lower(hex(r.command)) AS command, r.crc, r.payload
    FROM session_index i JOIN record r ON r.no = i.no;
";

/// Opens the one connection that writes. `synchronous = FULL`: every commit is fsynced before it is answered.
pub(super) fn open_writer(database: &Path) -> Result<Connection, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_EXRESCODE;
    let connection = Connection::open_with_flags(database, flags)?;
    set_up(&connection, WRITER_CACHE_KIB)?;
    // Refused before anything is changed in it.
    let found = schema_version(&connection)?;
    if found > SCHEMA_VERSION {
        return Err(OpenError::NewerSchema {
            found,
            known: SCHEMA_VERSION,
        });
    }
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.pragma_update(None, "journal_size_limit", WAL_KEPT_BYTES)?;
    // What is replaced or deleted is overwritten with zeros, always: rows of the index are written anew with every append, and what is
    // destroyed later must not lie in their old places.
    connection.pragma_update_and_check(None, "secure_delete", "ON", |_| Ok(()))?;
    migrate(&connection, found)?;
    Ok(connection)
}

/// Opens a connection that cannot write.
pub(super) fn open_reader(database: &Path) -> Result<Connection, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_EXRESCODE;
    let connection = Connection::open_with_flags(database, flags)?;
    set_up(&connection, READER_CACHE_KIB)?;
    Ok(connection)
}

fn set_up(connection: &Connection, cache_kib: i64) -> Result<(), Fault> {
    // The last connection to close would copy the write-ahead log by itself, even after a failed fsync.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.busy_timeout(BUSY_WAIT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.pragma_update(None, "cache_size", -cache_kib)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "cell_size_check", "ON")?;
    connection.pragma_update(None, "mmap_size", 0)?;
    Ok(())
}

/// Compares the index table with its own indexes; `false` if they disagree or the table cannot be walked.
pub(super) fn index_is_consistent(connection: &Connection) -> Result<bool, Fault> {
    let said = connection.query_row("PRAGMA integrity_check('session_index')", [], |row| {
        row.get::<_, String>(0)
    });
    match said.map_err(Fault::from) {
        Ok(said) => Ok(said == "ok"),
        Err(Fault::Damaged(_)) => Ok(false),
        Err(fault) => Err(fault),
    }
}

/// Makes the indexes of the index table anew: they hold nothing that its rows do not.
pub(super) fn rebuild_indexes(connection: &Connection) -> Result<(), Fault> {
    Ok(connection.execute_batch("REINDEX session_index")?)
}

fn schema_version(connection: &Connection) -> Result<i64, Fault> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

fn migrate(connection: &Connection, found: i64) -> Result<(), Fault> {
    for (step, (tables, move_rows)) in (0_i64..).zip(MIGRATIONS).filter(|(step, _)| *step >= found)
    {
        // Undone with the connection, if one of these fails.
        connection.execute_batch(&format!("BEGIN IMMEDIATE; {tables}"))?;
        move_rows(connection)?;
        let next = step + 1;
        connection.execute_batch(&format!("PRAGMA user_version = {next}; COMMIT;"))?;
    }
    Ok(())
}

/// How far the write-ahead log has grown, and what of it is already in the database; both in pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WalPages {
    /// Pages in the log.
    pub(super) written: i64,
    /// Pages of them that are in the database file too.
    pub(super) copied: i64,
}

/// Looks at the write-ahead log without moving anything.
pub(super) fn wal_pages(connection: &Connection) -> Result<WalPages, Fault> {
    checkpoint(connection, "PRAGMA wal_checkpoint(NOOP)")
}

/// Copies what readers allow into the database and fsyncs it; waits for nobody.
pub(super) fn checkpoint_passive(connection: &Connection) -> Result<WalPages, Fault> {
    checkpoint(connection, "PRAGMA wal_checkpoint(PASSIVE)")
}

/// Copies all of it and empties the write-ahead log; waits for readers.
pub(super) fn checkpoint_all(connection: &Connection) -> Result<WalPages, Fault> {
    checkpoint(connection, "PRAGMA wal_checkpoint(TRUNCATE)")
}

/// Copies all of it and empties the write-ahead log, so that what was overwritten lies in no file of the store; `false` where readers
/// do not let it within a moment, in which nothing is written.
pub(super) fn empty_wal(connection: &Connection) -> Result<bool, Fault> {
    connection.busy_timeout(MOMENT)?;
    let text = "PRAGMA wal_checkpoint(TRUNCATE)";
    let busy = connection.query_row(text, [], |row| row.get::<_, bool>(0));
    connection.busy_timeout(BUSY_WAIT)?;
    match busy.map_err(Fault::from) {
        Ok(busy) => Ok(!busy),
        Err(Fault::Busy) => Ok(false),
        Err(fault) => Err(fault),
    }
}

fn checkpoint(connection: &Connection, statement: &str) -> Result<WalPages, Fault> {
    let mut prepared = connection.prepare_cached(statement)?;
    let pages = prepared.query_row([], |row| {
        Ok(WalPages {
            written: row.get(1)?,
            copied: row.get(2)?,
        })
    })?;
    Ok(pages)
}
