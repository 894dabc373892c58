//! Going on with a damaged store, knowingly: an operator's decision, taken with the gateway stopped.
//!
//! Owns: keeping the store aside as it was found, and taking out of the index what cannot be trusted. Must not: change a record or guess
//! a value. Called by: the command line through `app`.

use std::fs::{self, DirBuilder, File};
use std::io::Write as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use callbox_proto::ids::SessionId;
use rusqlite::Connection;

use super::check::{self, INDEXED_COLUMNS, Indexed};
use super::fault::{Fault, OpenError};
use super::folder::{self, DATABASE_FILE, Lock, MARK_FILE, Mark};
use super::handle::{Embedded, Options};
use super::upkeep::{self, Verification};
use super::{ledger, schema};
use crate::clock::Clock;

/// Prefix of the folder that keeps a damaged store as it was found; the time follows.
const KEPT_PREFIX: &str = "damaged-";
/// The list of what was damaged, inside it.
const LIST_FILE: &str = "damage.txt";

/// What was wrong with a store, and what was done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Accepted {
    /// What a look through the whole store found.
    pub found: Verification,
    /// Last commit in the store and last one that was acknowledged, where the latter is missing.
    pub lost: Option<(u64, u64)>,
    /// Sessions whose index row was taken out; `None` where not even the id can be read. Their records stay in the file.
    pub taken_out: Vec<Option<SessionId>>,
    /// Where the store is kept as it was found; `None` if nothing was wrong and nothing was changed.
    pub kept: Option<PathBuf>,
}

impl Accepted {
    /// What was wrong, in words for an operator, one line each. Ids only, nothing personal.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some((found, acknowledged)) = self.lost {
            lines.push(format!(
                "lost: the store ends at commit {found}, commit {acknowledged} was acknowledged"
            ));
        }
        for session in &self.taken_out {
            lines.push(match session {
                Some(session) => format!("taken out: session {session}, its index row is damaged"),
                None => "taken out: an index row whose session cannot be read".to_owned(),
            });
        }
        let records = self.found.places.iter().filter(|(_, seq)| *seq > 0);
        for (session, seq) in records {
            lines.push(format!(
                "damaged: session {session}, record {seq}; reading it is refused"
            ));
        }
        if let Some(structure) = &self.found.structure {
            lines.push(format!("damaged: {structure}"));
        }
        lines
    }
}

/// Looks through the whole store in `folder`. If anything is wrong, keeps the store aside as it is, takes damaged rows out of the index,
/// accepts lost commits, and makes sure that it opens. Blocks.
///
/// # Errors
/// See [`OpenError`]: above all when the folder is in use, there is no store, or the file's structure is beyond this.
pub fn accept_damage(folder: &Path, clock: Arc<dyn Clock>) -> Result<Accepted, OpenError> {
    let database = folder.join(DATABASE_FILE);
    // Never makes a store where none is.
    fs::metadata(&database).map_err(io_error(&database))?;
    let held = Lock::take(folder)?;
    let mut accepted = Accepted {
        found: upkeep::verify(&database)?,
        lost: lost_commits(folder, &database)?,
        ..Accepted::default()
    };
    if accepted.found.is_sound() && accepted.lost.is_none() {
        return Ok(accepted);
    }
    let kept = keep(folder, clock.now_ms())?;
    accepted.taken_out = take_out(&database)?;
    write_list(&kept, &accepted.lines())?;
    accepted.kept = Some(kept);
    drop(held);
    // Sets the mark back and makes the indexes anew; what still does not open is beyond going on.
    let options = Options {
        accept_damage: true,
        ..Options::default()
    };
    drop(Embedded::open(folder, &options, clock)?);
    Ok(accepted)
}

fn io_error(path: &Path) -> impl FnOnce(std::io::Error) -> OpenError + use<> {
    let path = path.to_owned();
    move |source| OpenError::Io { path, source }
}

fn lost_commits(folder: &Path, database: &Path) -> Result<Option<(u64, u64)>, OpenError> {
    let found = ledger::stored_commits(&schema::open_reader(database)?)?;
    let (_mark, acknowledged) = Mark::open(folder)?;
    Ok((found < acknowledged).then_some((found, acknowledged)))
}

/// Copies the store's files as they are. Under the lock, and while no connection of this process is open.
fn keep(folder: &Path, now_ms: u64) -> Result<PathBuf, OpenError> {
    let kept = folder.join(format!("{KEPT_PREFIX}{now_ms}"));
    let made = DirBuilder::new().mode(0o700).create(&kept);
    made.map_err(io_error(&kept))?;
    let wal = format!("{DATABASE_FILE}-wal");
    for name in [DATABASE_FILE, &wal, MARK_FILE] {
        let (from, to) = (folder.join(name), kept.join(name));
        if !from.exists() {
            continue;
        }
        let copied = fs::copy(&from, &to).and_then(|_| File::open(&to)?.sync_all());
        copied.map_err(io_error(&to))?;
    }
    folder::sync(&kept)?;
    folder::sync(folder)?;
    Ok(kept)
}

/// Takes the damaged rows out of the index. Their records stay where they are, under a number that is not given again.
fn take_out(database: &Path) -> Result<Vec<Option<SessionId>>, OpenError> {
    let connection = schema::open_writer(database)?;
    // A row that was changed under its index cannot be deleted by it.
    if !schema::index_is_consistent(&connection)? {
        schema::rebuild_indexes(&connection)?;
    }
    let damaged = damaged_rows(&connection)?;
    let transaction = connection.unchecked_transaction()?;
    for (no, _) in &damaged {
        transaction.execute("DELETE FROM session_index WHERE no = ?1", [no])?;
        // Its head says that the number was given.
        let head = "INSERT OR IGNORE INTO log_head (no, head, chain, sealed, last, crc) VALUES (?1, 0, 0, 0, 0, 0)";
        transaction.execute(head, [no])?;
    }
    transaction.commit()?;
    schema::checkpoint_all(&connection)?;
    Ok(damaged.into_iter().map(|(_, session)| session).collect())
}

fn damaged_rows(connection: &Connection) -> Result<Vec<(i64, Option<SessionId>)>, Fault> {
    let text = format!(
        "SELECT {INDEXED_COLUMNS} FROM session_index i NOT INDEXED LEFT JOIN log_head h ON h.no = i.no ORDER BY i.no"
    );
    let mut statement = connection.prepare(&text)?;
    let mut rows = statement.query([])?;
    let mut damaged = Vec::new();
    while let Some(row) = rows.next()? {
        if let Indexed::Damaged(session) = check::indexed(row)? {
            damaged.push((row.get(0)?, session));
        }
    }
    Ok(damaged)
}

fn write_list(kept: &Path, lines: &[String]) -> Result<(), OpenError> {
    let path = kept.join(LIST_FILE);
    let mut file = folder::private()
        .create_new(true)
        .open(&path)
        .map_err(io_error(&path))?;
    let written = file
        .write_all((lines.join("\n") + "\n").as_bytes())
        .and_then(|()| file.sync_all());
    written.map_err(io_error(&path))
}
