//! Reading all of a store, session by session, while another process may be working on it.
//!
//! Owns: a connection that cannot write, and the place in the store. Must not: keep a read open between two answers, or more than one page
//! of one log in memory. Called by: `app` for commands that fold old logs.

use std::path::Path;

use callbox_proto::ids::SessionId;
use rusqlite::Connection;

use super::check::{self, INDEXED_COLUMNS, Indexed};
use super::fault::{Fault, OpenError};
use super::{folder, readers, schema};
use crate::backbone::{BackboneError, IndexedSession, READ_MAX_ROWS, Record, Seq};

/// A store that is read from its first session to its last.
pub struct Walk {
    connection: Connection,
    after: i64,
    damaged: u64,
}

impl Walk {
    /// Begins.
    ///
    /// # Errors
    /// When there is no store in the folder, or it cannot be read.
    pub fn open(folder: &Path) -> Result<Self, OpenError> {
        Ok(Self {
            connection: schema::open_reader(&folder.join(folder::DATABASE_FILE))?,
            after: 0,
            damaged: 0,
        })
    }

    /// The next session, in the order in which they came; `None` after the last one. One whose row is damaged is passed over and counted.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn next_session(&mut self) -> Result<Option<IndexedSession>, OpenError> {
        loop {
            match self.step()? {
                None => return Ok(None),
                Some(Indexed::Sound { session, .. }) => return Ok(Some(session)),
                Some(Indexed::Damaged(_)) => self.damaged += 1,
            }
        }
    }

    fn step(&mut self) -> Result<Option<Indexed>, Fault> {
        let text = format!(
            "SELECT {INDEXED_COLUMNS} FROM session_index i LEFT JOIN log_head h ON h.no = i.no WHERE i.no > ?1 ORDER BY i.no LIMIT 1"
        );
        let mut statement = self.connection.prepare_cached(&text)?;
        let mut rows = statement.query([self.after])?;
        let Some(row) = rows.next()? else {
            return Ok(None);
        };
        self.after = row.get(0)?;
        Ok(Some(check::indexed(row)?))
    }

    /// A page of a session's log, after a record.
    ///
    /// # Errors
    /// [`BackboneError::Damaged`] from the first record on that is not sound, or when the store cannot be read.
    pub fn records(&self, session: SessionId, after: Seq) -> Result<Vec<Record>, BackboneError> {
        readers::records(&self.connection, session, after, READ_MAX_ROWS)
    }

    /// Sessions that were passed over so far.
    #[must_use]
    pub const fn damaged(&self) -> u64 {
        self.damaged
    }
}
