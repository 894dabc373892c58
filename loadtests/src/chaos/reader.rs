//! Reads every log and every list of a chaos run in the end, as a supervisor does, over the public protocol.
//!
//! Owns: one supervisor's link. Must not: judge. Started by: `mod`, inside a network namespace.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use callbox_proto::command::StaffCommand;
use callbox_proto::error::ErrorCode;
use callbox_proto::ids::{CommandId, SessionId};
use callbox_proto::message::{FromStaff, SessionRow, ToStaff};
use callbox_proto::vocabulary::Standing;
use clap::Args;
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use crate::client::{self, Link, STEP, Target, command_id};
use callbox_loadtests::check::{Logged, Logs, Row, Stand, differing};

/// Longest time until a node's list says what the logs say, once nothing changes any more: lists are told four times a second.
const LISTED_MAX: Duration = Duration::from_secs(20);
/// Longest wait for the next change of a list before the logs are looked at again.
const LOOK: Duration = Duration::from_millis(500);

/// Reads every log and list of a chaos run (started by `chaos`)
#[derive(Debug, Clone, Args)]
pub struct Reader {
    /// The node to read from
    #[arg(long)]
    node: String,
    /// A supervisor
    #[arg(long)]
    staff: String,
    /// File with one session a line
    #[arg(long)]
    sessions: PathBuf,
    /// File to write, JSON
    #[arg(long)]
    out: PathBuf,
}

impl Reader {
    /// Reads and writes.
    ///
    /// # Errors
    /// When a session cannot be read in time.
    pub async fn run(&self) -> Result<()> {
        let node = Target::parse(&self.node)?;
        let list = fs::read_to_string(&self.sessions)?;
        let sessions = list
            .lines()
            .map(|line| line.parse().ok().context("a session's id"));
        let told = tell(&node, &self.staff, sessions.collect::<Result<_>>()?).await?;
        fs::write(&self.out, serde_json::to_vec(&told)?)?;
        Ok(())
    }
}

/// What a node tells in the end.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Told {
    /// Every log.
    pub logs: Logs,
    /// Every session of its lists and of its history.
    pub rows: Vec<Row>,
}

/// Reads these sessions' whole logs as this supervisor; one that does not exist is left out.
///
/// # Errors
/// When a session cannot be read in time.
pub async fn read_logs(node: &Target, staff: &str, sessions: Vec<SessionId>) -> Result<Logs> {
    let mut reading = Reading::begin(node, staff).await?;
    for session in sessions {
        reading.read(session).await?;
    }
    reading.link.close().await;
    Ok(reading.logs)
}

/// The same, and what the node lists, once that agrees with the logs; or as it is when it does not in time.
async fn tell(node: &Target, staff: &str, sessions: Vec<SessionId>) -> Result<Told> {
    let mut reading = Reading::begin(node, staff).await?;
    for session in sessions {
        reading.read(session).await?;
    }
    let begun = Instant::now();
    loop {
        let rows = reading.rows().await?;
        let differing = differing(&reading.logs, &rows);
        if differing.is_empty() || begun.elapsed() > LISTED_MAX {
            reading.link.close().await;
            let logs = reading.logs;
            return Ok(Told { logs, rows });
        }
        if let Ok(message) = timeout(LOOK, reading.link.receive()).await {
            reading.hear(message?);
        }
        // Either may be behind.
        for session in differing.into_keys() {
            reading.read(session).await?;
        }
    }
}

/// A supervisor's link, with what came over it.
struct Reading {
    link: Link,
    logs: Logs,
    /// The command by which each session is looked into: the log has one look, however often it is read.
    looks: BTreeMap<SessionId, CommandId>,
    list: BTreeMap<SessionId, Stand>,
    /// Version of the list; `None` while it is not known, or has a hole.
    version: Option<u64>,
}

impl Reading {
    async fn begin(node: &Target, staff: &str) -> Result<Self> {
        let token = client::sign_in(node, staff).await?;
        let mut link = node.staff().await?;
        client::greet_as_staff(&mut link, &token).await?;
        Ok(Self {
            link,
            logs: Logs::new(),
            looks: BTreeMap::new(),
            list: BTreeMap::new(),
            version: None,
        })
    }

    async fn read(&mut self, session: SessionId) -> Result<()> {
        // Many long logs take longer than a link may be silent.
        self.link.send(&FromStaff::Ping { n: 0 }).await?;
        let log = timeout(STEP, self.log(session)).await;
        match log.with_context(|| format!("{session} was not read in time"))?? {
            Some(log) => self.logs.insert(session, log),
            None => self.logs.remove(&session),
        };
        Ok(())
    }

    /// One whole log; `None` when there is no such session.
    async fn log(&mut self, session: SessionId) -> Result<Option<Vec<Logged>>> {
        let id = *self.looks.entry(session).or_insert_with(command_id);
        let command = StaffCommand::Watch {};
        let watch = FromStaff::Do {
            id,
            session,
            command,
        };
        self.link.send(&watch).await?;
        let mut log: Vec<Logged> = Vec::new();
        let mut head = None;
        loop {
            match self.link.receive().await? {
                ToStaff::Error(error) if error.code == ErrorCode::NoSuchSession => return Ok(None),
                ToStaff::Error(error) => bail!("{session}: {}", error.message),
                ToStaff::Receipt { id: of, .. } if of == id && head.is_none() => {
                    let follow = FromStaff::Follow { session, after: 0 };
                    self.link.send(&follow).await?;
                }
                ToStaff::Session { row, head: end, .. } if row.session == session => {
                    head = Some(end);
                }
                ToStaff::Entry {
                    session: of,
                    seq,
                    command,
                    by,
                    event,
                    ..
                } if of == session => {
                    log.push(Logged::of(seq, command, &by, event));
                    if head.is_some_and(|head| seq >= head) {
                        self.link.send(&FromStaff::Unfollow { session }).await?;
                        return Ok(Some(log));
                    }
                }
                other => self.hear(other),
            }
        }
    }

    /// Takes in what a list says.
    fn hear(&mut self, message: ToStaff) {
        match message {
            ToStaff::Sessions { version, rows, .. } => {
                self.version = Some(version);
                self.list = rows.iter().map(listed).collect();
            }
            ToStaff::SessionsChanged {
                prev,
                version,
                changed,
                gone,
                ..
            } => {
                // After a hole a whole list follows.
                self.version = self.version.filter(|known| *known == prev).map(|_| version);
                self.list.retain(|session, _| !gone.contains(session));
                self.list.extend(changed.iter().map(listed));
            }
            _ => {}
        }
    }

    /// Every session of the lists and of the history, in as many places as it is.
    async fn rows(&mut self) -> Result<Vec<Row>> {
        let begun = Instant::now();
        while self.version.is_none() {
            ensure!(begun.elapsed() < LISTED_MAX, "no list came");
            let message = timeout(STEP, self.link.receive()).await??;
            self.hear(message);
        }
        let row = |(session, stand): (&SessionId, &Stand)| Row {
            session: *session,
            stand: stand.clone(),
        };
        let mut rows: Vec<Row> = self.list.iter().map(row).collect();
        let mut finished = BTreeSet::new();
        let mut after = None;
        loop {
            let id = command_id();
            self.link.send(&FromStaff::ListClosed { id, after }).await?;
            let (page, more) = timeout(STEP, self.page(id)).await??;
            after = page.last().map(|row| row.session);
            for (session, stand) in page.iter().map(listed) {
                if finished.insert(session) {
                    rows.push(Row { session, stand });
                }
            }
            if !more || after.is_none() {
                return Ok(rows);
            }
        }
    }

    async fn page(&mut self, id: CommandId) -> Result<(Vec<SessionRow>, bool)> {
        loop {
            match self.link.receive().await? {
                ToStaff::History { id: of, rows, more } if of == id => return Ok((rows, more)),
                ToStaff::Error(error) if error.id == Some(id) => {
                    bail!("the history: {}", error.message)
                }
                other => self.hear(other),
            }
        }
    }
}

fn listed(row: &SessionRow) -> (SessionId, Stand) {
    let owned = row.standing == Standing::Owned;
    let stand = Stand {
        standing: row.standing,
        owner: row.owner.clone().filter(|_| owned),
    };
    (row.session, stand)
}
