//! What operators do with a store while it works: copy it, and look through all of it for damage.
//!
//! Owns: the long readings, each on a connection of its own. Must not: write to the store. Called by: the handle, and the command line
//! through `app` for a store that another process holds.

use std::fs::File;
use std::path::Path;

use callbox_proto::ids::SessionId;
use rusqlite::{Connection, Row};

use super::check::{self, INDEXED_COLUMNS, Indexed, Log, chain};
use super::fault::{Fault, OpenError};
use super::ledger::command_of;
use super::{folder, kept, records, runs, schema};
use crate::backbone::checksum::record_crc;
use crate::backbone::{READ_MAX_ROWS, Seq};

/// Damaged places a verification names; it counts the rest.
pub const DAMAGE_NAMED_MAX: usize = 1_000;

/// What a look through the whole store found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verification {
    /// Sessions looked at.
    pub sessions: u64,
    /// Records whose checksum was computed.
    pub records: u64,
    /// Damaged places; also those not named.
    pub damaged: u64,
    /// The first [`DAMAGE_NAMED_MAX`] of them: session and record, 0 for the index row.
    pub places: Vec<(SessionId, Seq)>,
    /// What SQLite's own check of the file's structure says, if it complains.
    pub structure: Option<String>,
}

impl Verification {
    fn damage(&mut self, session: Option<SessionId>, seq: Seq) {
        self.damaged += 1;
        if let Some(session) = session.filter(|_| self.places.len() < DAMAGE_NAMED_MAX) {
            self.places.push((session, seq));
        }
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.damaged == 0 && self.structure.is_none()
    }
}

/// As [`super::Embedded::copy_to`], for a store that another process may be working on. Blocks.
///
/// # Errors
/// As [`super::Embedded::copy_to`], and when there is no store in the folder.
pub fn copy_folder(folder: &Path, target: &Path) -> Result<(), OpenError> {
    copy(&folder.join(folder::DATABASE_FILE), target)
}

/// As [`super::Embedded::verify`], for a store that another process may be working on. Blocks.
///
/// # Errors
/// As [`super::Embedded::verify`], and when there is no store in the folder.
pub fn verify_folder(folder: &Path) -> Result<Verification, OpenError> {
    verify(&folder.join(folder::DATABASE_FILE))
}

/// Writes a whole, compact, consistent copy to a file that does not exist yet, and fsyncs it.
pub(super) fn copy(database: &Path, target: &Path) -> Result<(), OpenError> {
    let io = |source| OpenError::Io {
        path: target.to_owned(),
        source,
    };
    folder::private()
        .create_new(true)
        .open(target)
        .map_err(io)?;
    let copied = copy_into(database, target)
        // SQLite leaves this fsync to the caller.
        .and_then(|()| {
            File::open(target)
                .and_then(|file| file.sync_all())
                .map_err(io)
        });
    copied.inspect_err(|_| {
        // Half a copy helps nobody; the first error is the one to tell.
        let _ = std::fs::remove_file(target);
    })
}

fn copy_into(database: &Path, target: &Path) -> Result<(), OpenError> {
    let text = target.to_str().ok_or_else(|| OpenError::Io {
        path: target.to_owned(),
        source: std::io::ErrorKind::InvalidFilename.into(),
    })?;
    let connection = schema::open_reader(database)?;
    connection.execute("VACUUM INTO ?1", [text])?;
    Ok(())
}

/// Computes every checksum of the store.
pub(super) fn verify(database: &Path) -> Result<Verification, OpenError> {
    let connection = schema::open_reader(database)?;
    let mut found = Verification::default();
    let complaint: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    found.structure = (complaint != "ok").then_some(complaint);
    let text = format!(
        "SELECT {INDEXED_COLUMNS} FROM session_index i LEFT JOIN log_head h ON h.no = i.no WHERE i.no > ?1 ORDER BY i.no LIMIT 1"
    );
    let mut after = 0;
    // One short read per session, so that the write-ahead log can shrink meanwhile.
    while let Some(no) = next_session(&connection, &text, after, &mut found)? {
        after = no;
    }
    Ok(found)
}

fn next_session(
    connection: &Connection,
    text: &str,
    after: i64,
    found: &mut Verification,
) -> Result<Option<i64>, Fault> {
    let mut statement = connection.prepare_cached(text)?;
    let mut rows = statement.query([after])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let no = row.get(0)?;
    found.sessions += 1;
    match check::indexed(row)? {
        Indexed::Damaged(session) => found.damage(session, 0),
        Indexed::Sound { log, session, .. } => {
            verify_log(connection, no, session.session, log, found)?
        }
    }
    Ok(Some(no))
}

fn verify_log(
    connection: &Connection,
    no: i64,
    session: SessionId,
    log: Log,
    found: &mut Verification,
) -> Result<(), Fault> {
    let (mut head, mut running) = (kept::base(connection, no)?, 0);
    while head < log.head {
        let places = (head, head.saturating_add(READ_MAX_ROWS as Seq));
        let page = records::find(connection, no, log, places)?;
        if page.first > head + 1 {
            found.damage(Some(session), page.first - 1);
        }
        head = page.first - 1;
        for id in page.ids {
            head += 1;
            let verified = records::at(connection, id, |row| verified(row, session, head))?;
            let (crc, is_sound) = verified.unwrap_or_default();
            if !is_sound {
                found.damage(Some(session), head);
            }
            running = chain(running, crc);
            found.records += 1;
        }
    }
    if running != log.chain {
        found.damage(Some(session), log.head);
    }
    if !runs::are_sound(connection, no, log.sealed)? {
        found.damage(Some(session), log.sealed);
    }
    Ok(())
}

/// The checksum of a record, and whether it is that of what stands there.
fn verified(row: &Row<'_>, session: SessionId, seq: Seq) -> Result<(u32, bool), Fault> {
    let crc = row.get(2)?;
    let payload = row.get_ref(3)?.as_blob().unwrap_or_default();
    let command = command_of(row.get(1)?);
    let sound = command.is_ok_and(|command| crc == record_crc(session, seq, command, payload));
    Ok((crc, sound))
}
