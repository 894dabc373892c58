//! Reads every log of a chaos run in the end, as a supervisor does, over the public protocol.
//!
//! Owns: one supervisor's link. Must not: judge. Started by: `mod`, inside a network namespace.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use callbox_proto::command::StaffCommand;
use callbox_proto::error::ErrorCode;
use callbox_proto::ids::SessionId;
use callbox_proto::message::{FromStaff, ToStaff};
use clap::Args;
use tokio::time::timeout;

use crate::client::{self, Link, STEP, Target, command_id};
use callbox_loadtests::check::{Kind, Logged, Logs};

/// Reads every log of a chaos run (started by `chaos`)
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
        let logs = read_logs(&node, &self.staff, sessions.collect::<Result<_>>()?).await?;
        fs::write(&self.out, serde_json::to_vec(&logs)?)?;
        Ok(())
    }
}

/// Reads these sessions' whole logs as this supervisor; one that does not exist is left out.
///
/// # Errors
/// When a session cannot be read in time.
pub async fn read_logs(node: &Target, staff: &str, sessions: Vec<SessionId>) -> Result<Logs> {
    let token = client::sign_in(node, staff).await?;
    let mut link = node.staff().await?;
    client::greet_as_staff(&mut link, &token).await?;
    let mut logs = Logs::new();
    for session in sessions {
        // Many long logs take longer than a link may be silent.
        link.send(&FromStaff::Ping { n: 0 }).await?;
        let log = timeout(STEP, log(&mut link, session)).await;
        if let Some(log) = log.with_context(|| format!("{session} was not read in time"))?? {
            logs.insert(session, log);
        }
    }
    link.close().await;
    Ok(logs)
}

/// One whole log; `None` when there is no such session.
async fn log(link: &mut Link, session: SessionId) -> Result<Option<Vec<Logged>>> {
    let id = command_id();
    let command = StaffCommand::Watch {};
    link.send(&FromStaff::Do {
        id,
        session,
        command,
    })
    .await?;
    let mut log: Vec<Logged> = Vec::new();
    let mut head = None;
    loop {
        match link.receive().await? {
            ToStaff::Error(error) if error.code == ErrorCode::NoSuchSession => return Ok(None),
            ToStaff::Error(error) => bail!("{session}: {}", error.message),
            ToStaff::Receipt { id: of, .. } if of == id => {
                link.send(&FromStaff::Follow { session, after: 0 }).await?;
            }
            ToStaff::Session { row, head: end, .. } if row.session == session => head = Some(end),
            ToStaff::Entry {
                session: of,
                seq,
                command,
                by,
                event,
                ..
            } if of == session => {
                let kind = Kind::of(event, &by);
                log.push(Logged { seq, command, kind });
                if head.is_some_and(|head| seq >= head) {
                    link.send(&FromStaff::Unfollow { session }).await?;
                    return Ok(Some(log));
                }
            }
            _ => {}
        }
    }
}
