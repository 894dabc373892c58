//! What clients of a run under faults write down: everything they sent, were promised and were shown.
//!
//! Owns: the facts and their file, one JSON object a line. Must not: judge (that is `check`), or lie beside the product: a
//! record is written before the act it tells of (sending) or as soon as the frame was read. Called by: clients under test,
//! and `check`, which reads it.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use callbox_proto::ids::{CommandId, SessionId, StaffId};
use callbox_proto::vocabulary::{Rung, Seq};
use serde::{Deserialize, Serialize};

/// One thing that happened to a client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Fact {
    /// The client is about to send this command for the first time.
    Sent {
        /// The command.
        id: CommandId,
        /// Its session; `None` for an opening and for a take.
        session: Option<SessionId>,
        /// The words of a text; `None` for other commands.
        text: Option<String>,
    },
    /// A receipt came.
    Receipt {
        /// For this command.
        id: CommandId,
        /// In this session, where the receipt or the link says so.
        session: Option<SessionId>,
        /// What was promised.
        rung: Rung,
        /// The command's first entry.
        first: Seq,
    },
    /// The entries after `after` are about to be shown on this link.
    Begun {
        /// A number of the link.
        link: u64,
        /// The session.
        session: SessionId,
        /// Entries follow after this one.
        after: Seq,
    },
    /// An entry was shown.
    Shown {
        /// A number of the link.
        link: u64,
        /// The session.
        session: SessionId,
        /// Its place.
        seq: Seq,
        /// The entry before, as far as this client may see.
        prev: Seq,
        /// The command behind it.
        command: CommandId,
        /// Its place may still change.
        kept: bool,
    },
    /// What was shown after `after` is to be forgotten: it comes again.
    Rewound {
        /// A number of the link.
        link: u64,
        /// The session.
        session: SessionId,
        /// What stands.
        after: Seq,
    },
    /// The run is over, and this link is open and follows this session: whatever is to be shown on it has been.
    Stays {
        /// A number of the link.
        link: u64,
        /// The session.
        session: SessionId,
        /// Who follows; `None` for its resident.
        staff: Option<StaffId>,
    },
}

/// A fact with who tells it and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// A client, for example `r7` or `c2`.
    pub who: String,
    /// Milliseconds since 1970, by this machine's clock (which is not the one that jumps).
    pub at_ms: u64,
    /// What happened.
    #[serde(flatten)]
    pub fact: Fact,
}

/// Where facts go.
#[derive(Debug, Clone)]
pub struct Recorder {
    file: Arc<Mutex<BufWriter<File>>>,
    who: Arc<str>,
}

impl Recorder {
    /// A new file.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn create(path: &Path) -> Result<Self> {
        let file = File::create(path).with_context(|| path.display().to_string())?;
        Ok(Self {
            file: Arc::new(Mutex::new(BufWriter::new(file))),
            who: "".into(),
        })
    }

    /// The same file, for this client.
    #[must_use]
    pub fn of(&self, who: &str) -> Self {
        Self {
            file: Arc::clone(&self.file),
            who: who.into(),
        }
    }

    /// Writes a fact down.
    pub fn note(&self, fact: Fact) {
        let line = Line {
            who: self.who.to_string(),
            at_ms: now_ms(),
            fact,
        };
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let text = serde_json::to_string(&line).unwrap_or_default();
        // A record that cannot be written would make the judgement worthless: better no run at all.
        writeln!(file, "{text}").expect("the record of a run can be written");
    }

    /// Writes out what is still in memory.
    pub fn flush(&self) {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.flush().expect("the record of a run can be written");
    }
}

/// Reads records back.
///
/// # Errors
/// When a file or a line cannot be read.
pub fn read(path: &Path) -> Result<Vec<Line>> {
    let file = File::open(path).with_context(|| path.display().to_string())?;
    let lines = BufReader::new(file).lines();
    lines
        .map(|line| serde_json::from_str(&line?).context("a line of the record"))
        .collect()
}

/// The sessions that clients were shown.
#[must_use]
pub fn sessions(lines: &[Line]) -> BTreeSet<SessionId> {
    let begun = lines.iter().filter_map(|line| match line.fact {
        Fact::Begun { session, .. } => Some(session),
        _ => None,
    });
    begun.collect()
}

/// Now, as in [`Line::at_ms`].
#[must_use]
pub fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}
