//! The transaction: appends become rows, all of a group or none.
//!
//! Owns: the writing connection and what has been decided but not committed. Must not: answer anybody, ring, or change
//! the queues: that is the writer's, after the commit. Called by: the writer thread only.
//!
//! Commands are not looked up one by one. A session's commands of the last [`RUN_RECORDS`] records are found in the
//! records themselves; older ones stand in runs ([`super::runs`]), each written once. So an append touches the end of its
//! log and nothing else, whether the log has a thousand records or a million: one index over random ids would touch
//! another page for each.

use std::sync::Arc;

use callbox_proto::ids::{AgencyId, CommandId, SessionId};
use rusqlite::{Connection, OptionalExtension, params};

use super::check::{self, Indexed, Log, chain, row_crc, session_key};
use super::fault::Fault;
use super::hot::{Adopted, Change, Hot, HotSessions, Seen};
use super::remains::{self, Replaced};
use super::shared::Shared;
use super::{kept, lookup, records, runs};
use crate::backbone::astray::Astray;
use crate::backbone::checksum::record_crc;
use crate::backbone::{Append, Appended, BackboneError, IndexRow, Seq, Standing};

/// Records whose commands are found by looking through them; then their commands are sealed as one sorted run.
/// More makes a cold session dearer to load, fewer makes more runs to look through for a command sent twice.
pub(super) const RUN_RECORDS: u64 = 1_024;

/// What becomes of one append if the transaction commits.
pub(super) type Outcome = Result<Appended, BackboneError>;

/// Why a transaction cannot go on.
#[derive(Debug)]
pub(super) struct Stop {
    pub(super) fault: Fault,
    /// The session whose rows it happened at, if it was at one.
    pub(super) session: Option<SessionId>,
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self {
            fault,
            session: None,
        }
    }
}

/// What a commit changed of one session.
#[derive(Debug)]
pub(super) struct Committed {
    pub(super) session: SessionId,
    pub(super) agency: AgencyId,
    pub(super) head: Seq,
    pub(super) row: Option<IndexRow>,
    /// Whether it stopped waiting at some point, perhaps to wait again.
    pub(super) left: bool,
}

/// The writing side of the store.
pub(super) struct Ledger {
    connection: Connection,
    hot: HotSessions,
    next_no: i64,
    commits: u64,
    /// Sessions the open transaction changed, in the order of their first change.
    changed: Vec<SessionId>,
}

impl Ledger {
    /// Over a connection that has the schema; `commits` is the number of the last commit in it.
    pub(super) fn new(connection: Connection, commits: u64) -> Result<Self, Fault> {
        let last: Option<i64> = connection.query_row(
            "SELECT max(coalesce((SELECT max(no) FROM session_index), 0), coalesce((SELECT max(no) FROM log_head), 0))",
            [],
            |row| row.get(0),
        )?;
        let next_no = last.unwrap_or(0) + 1;
        Ok(Self {
            connection,
            hot: HotSessions::default(),
            next_no,
            commits,
            changed: Vec::new(),
        })
    }

    pub(super) const fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Starts a transaction.
    pub(super) fn begin(&mut self) -> Result<(), Fault> {
        self.run("BEGIN IMMEDIATE")
    }

    /// Decides one append and writes its records. With `adopt` a session that is not known starts at the expected head.
    pub(super) fn append(
        &mut self,
        append: &Append,
        adopt: bool,
        astray: &Astray,
        shared: &Shared,
    ) -> Result<Outcome, Stop> {
        let at = |fault: Fault| Stop {
            fault,
            session: Some(append.session),
        };
        if let Err(error) = append.check_bounds() {
            return Ok(Err(error));
        }
        let damaged = |seq| {
            Ok(Err(BackboneError::Damaged {
                session: append.session,
                seq,
            }))
        };
        match self.load(append) {
            Ok(Loaded::Known) => {}
            Ok(Loaded::Damaged(seq)) => return damaged(seq),
            // One unreadable session is its own problem: nothing has been written for it yet.
            Err(Fault::Damaged(_)) => return damaged(0),
            Err(fault) => return Err(at(fault)),
            Ok(Loaded::Unknown) => {
                let adopt_ms = adopt.then(|| shared.clock.now_ms());
                if let Some(refusal) = self.first_append(append, adopt_ms, astray) {
                    return Ok(refusal);
                }
            }
        }
        let fingerprint = self.hot.fingerprint(append.command);
        let Some(hot) = self.hot.get_mut(append.session) else {
            return Err(at(Fault::Fatal("a session is not where it was put".into())));
        };
        if hot.agency != append.agency {
            return Ok(Err(BackboneError::NoSuchSession));
        }
        if hot.seen.contains(fingerprint) {
            let found =
                lookup::command(&self.connection, hot.no, hot.log(), append.command).map_err(at)?;
            if let Some((first, last)) = found {
                return Ok(Ok(Appended::Duplicate { first, last }));
            }
        }
        let fits = append.expected == hot.head && !astray.leads_to(append);
        if !fits || !claim_is_live(hot, append, shared) {
            return Ok(Ok(Appended::Conflict { head: hot.head }));
        }
        let first = hot.head + 1;
        write_records(&self.connection, hot, append).map_err(at)?;
        hot.seen.insert(fingerprint);
        if note_change(hot, append.index.as_ref()) {
            self.changed.push(append.session);
        }
        if hot.head - hot.sealed >= RUN_RECORDS {
            seal(&self.connection, hot).map_err(at)?;
        }
        Ok(Ok(Appended::Stored {
            first,
            last: hot.head,
        }))
    }

    /// Refuses what cannot be a first append, or makes room for the session.
    fn first_append(
        &mut self,
        append: &Append,
        adopt_ms: Option<u64>,
        astray: &Astray,
    ) -> Option<Outcome> {
        let starts_here = append.expected == 0 || adopt_ms.is_some();
        if !starts_here || append.index.is_none() {
            return Some(Err(BackboneError::NoSuchSession));
        }
        if append.claim_epoch.is_some() || astray.leads_to(append) {
            return Some(Ok(Appended::Conflict { head: 0 }));
        }
        let hot = Hot {
            no: self.next_no,
            agency: append.agency.clone(),
            place: check::place(&Standing::Closed { rank: 0 }),
            head: append.expected,
            chain: 0,
            sealed: append.expected,
            last: 0,
            seen: Seen::new(),
            stored: false,
            change: None,
            adopted: adopt_ms.map(|since_ms| {
                Box::new(Adopted {
                    base: append.expected,
                    since_ms,
                    opening: append.index.clone().filter(|_| append.expected == 0),
                })
            }),
        };
        self.next_no += 1;
        self.hot.insert(append.session, hot);
        None
    }

    fn load(&mut self, append: &Append) -> Result<Loaded, Fault> {
        if self.hot.warm(append.session) {
            return Ok(Loaded::Known);
        }
        let Some(indexed) = lookup::session(&self.connection, append.session)? else {
            return Ok(Loaded::Unknown);
        };
        let Indexed::Sound { no, log, session } = indexed else {
            return Ok(Loaded::Damaged(0));
        };
        if !lookup::head_is_sound(&self.connection, append.session, log)? {
            return Ok(Loaded::Damaged(log.head));
        }
        let mut seen = Seen::new();
        lookup::each_command(&self.connection, no, log, |command| {
            seen.insert(self.hot.fingerprint(command))
        })?;
        let hot = Hot {
            no,
            agency: session.agency,
            place: check::place(&session.row.standing),
            head: log.head,
            chain: log.chain,
            sealed: log.sealed,
            last: log.last,
            seen,
            stored: true,
            change: None,
            adopted: None,
        };
        self.hot.insert(append.session, hot);
        Ok(Loaded::Known)
    }

    /// Whether the open transaction has changed anything.
    pub(super) fn is_changed(&self) -> bool {
        !self.changed.is_empty()
    }

    /// Writes heads, index rows and versions, and commits; answers what changed. On an error the caller rolls back.
    pub(super) fn commit(&mut self) -> Result<Vec<Committed>, Stop> {
        let commit = self.commits + 1;
        let mut agencies: Vec<AgencyId> = Vec::new();
        for &session in &self.changed {
            let Some(hot) = self.hot.get_mut(session) else {
                continue;
            };
            write_change(&self.connection, session, hot).map_err(|fault| Stop {
                fault,
                session: Some(session),
            })?;
            let moved = hot
                .change
                .as_ref()
                .is_some_and(|change| change.row.is_some());
            if moved && !agencies.contains(&hot.agency) {
                agencies.push(hot.agency.clone());
            }
        }
        write_versions(&self.connection, &agencies, commit)?;
        self.run("COMMIT")?;
        self.commits = commit;
        let committed = std::mem::take(&mut self.changed)
            .into_iter()
            .filter_map(|session| {
                let hot = self.hot.get_mut(session)?;
                hot.stored = true;
                hot.adopted = None;
                let Change { row, left, .. } = *hot.change.take()?;
                Some(Committed {
                    session,
                    agency: hot.agency.clone(),
                    head: hot.head,
                    row,
                    left,
                })
            });
        let committed = committed.collect();
        self.hot.turn_over();
        Ok(committed)
    }

    /// Lets kept logs go that end where their caller thinks, in one transaction; says of each that went whose it was.
    pub(super) fn drop_kept(
        &mut self,
        logs: &[(SessionId, Seq)],
    ) -> Result<Vec<Option<AgencyId>>, Stop> {
        let mut gone = Vec::with_capacity(logs.len());
        let mut agencies: Vec<AgencyId> = Vec::new();
        for &(session, head) in logs {
            let dropped =
                kept::drop_log(&self.connection, session, head).map_err(|fault| Stop {
                    fault,
                    session: Some(session),
                })?;
            if let Some(agency) = &dropped {
                self.hot.drop_whole(session);
                if !agencies.contains(agency) {
                    agencies.push(agency.clone());
                }
            }
            gone.push(dropped);
        }
        let commit = self.commits + 1;
        write_versions(&self.connection, &agencies, commit)?;
        self.run("COMMIT")?;
        self.commits = commit;
        Ok(gone)
    }

    /// Writes what is left of some records, in the open transaction, and ends it.
    pub(super) fn replace(
        &mut self,
        page: &remains::Page,
    ) -> Result<Result<Replaced, BackboneError>, Fault> {
        let replaced = remains::replace(&self.connection, page)?;
        if replaced != Ok(Replaced::Done) {
            self.roll_back()?;
            return Ok(replaced);
        }
        let moved = page.summary.is_some().then(|| page.agency.clone());
        let commit = self.commits + 1;
        write_versions(&self.connection, moved.as_slice(), commit)?;
        self.run("COMMIT")?;
        self.commits = commit;
        // Its running check is another now.
        self.hot.drop_whole(page.session);
        Ok(replaced)
    }

    /// Number of the last commit.
    pub(super) const fn commits(&self) -> u64 {
        self.commits
    }

    /// Undoes the open transaction, in memory too. Also ends a transaction that changed nothing.
    pub(super) fn roll_back(&mut self) -> Result<(), Fault> {
        for session in self.changed.drain(..) {
            self.hot.forget(session);
        }
        if self.connection.is_autocommit() {
            return Ok(()); // SQLite has rolled back by itself
        }
        self.run("ROLLBACK")
    }

    /// Forgets a session the open transaction touched without a recorded change.
    pub(super) fn forget(&mut self, session: SessionId) {
        self.hot.forget(session);
    }

    /// Stores a ceiling for epochs `more` above the present one, and answers it.
    pub(super) fn raise_epochs(&mut self, more: u64) -> Result<u64, Fault> {
        let mut raise = self
            .connection
            .prepare_cached("UPDATE store SET epochs = epochs + ?1 RETURNING epochs")?;
        Ok(raise.query_row([more], |row| row.get(0))?)
    }

    fn run(&self, statement: &str) -> Result<(), Fault> {
        self.connection.prepare_cached(statement)?.execute([])?;
        Ok(())
    }
}

enum Loaded {
    Known,
    Unknown,
    Damaged(Seq),
}

fn claim_is_live(hot: &Hot, append: &Append, shared: &Shared) -> bool {
    let Some(epoch) = append.claim_epoch else {
        return true;
    };
    // An earlier append of this very transaction may have ended the claim.
    let left = hot.change.as_ref().is_some_and(|change| change.left);
    !left && shared.holds_claim(append.session, epoch)
}

fn write_records(connection: &Connection, hot: &mut Hot, append: &Append) -> Result<(), Fault> {
    let command = append.command.as_u128().to_be_bytes();
    for payload in &append.records {
        let seq = hot.head + 1;
        let crc = record_crc(append.session, seq, append.command, payload);
        let new = records::New {
            no: hot.no,
            seq,
            command,
            crc,
            payload,
        };
        hot.last = records::write(connection, hot.last, &new)?;
        hot.head = seq;
        hot.chain = chain(hot.chain, crc);
    }
    Ok(())
}

/// Notes what the append changes besides records; `true` if it is the session's first change in this transaction.
fn note_change(hot: &mut Hot, row: Option<&IndexRow>) -> bool {
    let first = hot.change.is_none();
    let change = hot.change.get_or_insert_default();
    if let Some(row) = row {
        let place = check::place(&row.standing);
        change.moved |= place != hot.place;
        change.left |= !matches!(row.standing, Standing::Waiting { .. });
        hot.place = place;
        change.row = Some(row.clone());
    }
    first
}

/// Seals the commands of the records since the last time.
fn seal(connection: &Connection, hot: &mut Hot) -> Result<(), Fault> {
    runs::seal(connection, hot.no, hot.log())?;
    hot.sealed = hot.head;
    Ok(())
}

fn write_change(connection: &Connection, session: SessionId, hot: &Hot) -> Result<(), Fault> {
    let change = hot.change.as_ref();
    if let Some(row) = change.and_then(|change| change.row.as_ref()) {
        write_row(
            connection,
            session,
            hot,
            row,
            change.is_some_and(|change| change.moved),
        )?;
    }
    let text = "INSERT INTO log_head (no, head, chain, sealed, last, crc) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                ON CONFLICT (no) DO UPDATE SET head = ?2, chain = ?3, sealed = ?4, last = ?5, crc = ?6";
    let log = hot.log();
    let crc = check::log_crc(hot.no, log);
    let Log {
        head,
        chain,
        sealed,
        last,
    } = log;
    connection
        .prepare_cached(text)?
        .execute(params![hot.no, head, chain, sealed, last, crc])?;
    match &hot.adopted {
        Some(adopted) => kept::write(connection, hot.no, adopted),
        None => Ok(()),
    }
}

fn write_row(
    connection: &Connection,
    session: SessionId,
    hot: &Hot,
    row: &IndexRow,
    moved: bool,
) -> Result<(), Fault> {
    let crc = row_crc(hot.no, session, &hot.agency, row);
    let place = check::place(&row.standing);
    let (queue, summary) = (row.queue.as_str(), row.summary.as_ref());
    if !hot.stored {
        let text = "INSERT INTO session_index (no, session, agency, standing, rank, urgent, queue, crc, summary)
                    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
        let key = session_key(session);
        let agency = hot.agency.as_str();
        let values = params![
            hot.no,
            key,
            agency,
            place.kind_text,
            place.rank,
            place.urgent,
            queue,
            crc,
            summary
        ];
        connection.prepare_cached(text)?.execute(values)?;
    } else if moved {
        let text = "UPDATE session_index SET standing = ?2, rank = ?3, urgent = ?4, queue = ?5, crc = ?6, summary = ?7
                    WHERE no = ?1";
        let values = params![
            hot.no,
            place.kind_text,
            place.rank,
            place.urgent,
            queue,
            crc,
            summary
        ];
        connection.prepare_cached(text)?.execute(values)?;
    } else {
        let text = "UPDATE session_index SET queue = ?2, crc = ?3, summary = ?4 WHERE no = ?1";
        connection
            .prepare_cached(text)?
            .execute(params![hot.no, queue, crc, summary])?;
    }
    Ok(())
}

fn write_versions(
    connection: &Connection,
    agencies: &[AgencyId],
    commit: u64,
) -> Result<(), Fault> {
    let text = "INSERT INTO agency (agency, version) VALUES (?1, ?2) ON CONFLICT (agency) DO UPDATE SET version = ?2";
    for agency in agencies {
        connection
            .prepare_cached(text)?
            .execute(params![agency.as_str(), commit])?;
    }
    connection
        .prepare_cached("UPDATE store SET commits = ?1")?
        .execute([commit])?;
    Ok(())
}

/// The last commit in the database.
pub(super) fn stored_commits(connection: &Connection) -> Result<u64, Fault> {
    let commits = connection
        .query_row("SELECT commits FROM store", [], |row| row.get(0))
        .optional()?;
    commits.ok_or_else(|| Fault::Damaged(Arc::from("the store's own row is missing")))
}

/// A command of a row, or damage.
pub(super) fn command_of(key: [u8; 16]) -> Result<CommandId, Fault> {
    let command = CommandId::from_u128(u128::from_be_bytes(key));
    command.ok_or_else(|| Fault::Damaged("a command of zeros".into()))
}
