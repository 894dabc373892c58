//! Appenders: decided events on their way into the log, in batches.
//!
//! Owns: the bounded queues before the backbone and the group commit: each takes whatever waits, up to
//! [`crate::backbone::BATCH_MAX_APPENDS`], without a timer, and hands every outcome back. Must not: decide. Called by:
//! `sessions` through [`Appenders::reserve`].
//!
//! All appends of one session go through the same appender, in order, as many in a batch as there are. What goes on from one that did
//! not come out as decided is a conflict by the contract, also where another node wrote as many records as that one would have.
//! Conflicts are handed back to be decided again, in order.

use std::sync::{Arc, Weak};

use callbox_proto::event::Stored;
use callbox_proto::ids::SessionId;
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

use super::Node;
use super::cell::Cell;
use super::figures::Move;
use super::pending::Pending;
use crate::backbone::{Append, Appended, BATCH_MAX_APPENDS, BackboneError};

/// Appenders of one node: while one waits for the disk, the other shows what has been confirmed.
const APPENDERS: usize = 2;
/// Appends that wait in one appender. About a quarter of a second of a saturated node; what is over is refused with
/// `too_fast`, and clients send it again.
const WAITING_MAX: usize = 8_192;

/// One decided command.
#[derive(Debug)]
pub struct Job {
    /// Whose.
    pub cell: Arc<Cell>,
    /// Of the state it was decided on.
    pub generation: u64,
    /// The command, for the answer and for deciding it again.
    pub pending: Pending,
    /// Its events.
    pub entries: Vec<Stored>,
    /// The events as they go into the log.
    pub append: Append,
    /// How the session's standing changes by it.
    pub moved: Move,
}

/// The appenders of a node.
#[derive(Debug)]
pub struct Appenders {
    senders: Vec<mpsc::Sender<Job>>,
}

impl Appenders {
    /// Starts the appenders; they end when the node is dropped and their queues are empty.
    pub fn start(node: &Weak<Node>, tasks: &TaskTracker) -> Self {
        let senders = (0..APPENDERS)
            .map(|_| {
                let (sender, receiver) = mpsc::channel(WAITING_MAX);
                tasks.spawn(run(node.clone(), receiver));
                sender
            })
            .collect();
        Self { senders }
    }

    /// A place for one append of this session; `None` when too many wait.
    pub fn reserve(&self, session: SessionId) -> Option<mpsc::Permit<'_, Job>> {
        let shard = (session.as_u128() % self.senders.len() as u128) as usize;
        self.senders.get(shard)?.try_reserve().ok()
    }
}

async fn run(node: Weak<Node>, mut jobs: mpsc::Receiver<Job>) {
    let mut waiting = Vec::with_capacity(BATCH_MAX_APPENDS);
    while jobs.recv_many(&mut waiting, BATCH_MAX_APPENDS).await > 0 {
        let Some(node) = node.upgrade() else { return };
        write(&node, waiting.drain(..)).await;
    }
}

async fn write(node: &Arc<Node>, jobs: impl ExactSizeIterator<Item = Job>) {
    let mut parts = Vec::with_capacity(jobs.len());
    let mut batch = Vec::with_capacity(jobs.len());
    for job in jobs {
        if job.cell.lock().generation != job.generation {
            let head = 0;
            hand_back(node, job, Ok(Appended::Conflict { head }));
        } else {
            let expected = job.append.expected;
            parts.push((job.cell, job.pending, job.entries, job.moved, expected));
            batch.push(job.append);
        }
    }
    if batch.is_empty() {
        return;
    }
    metrics::histogram!("callbox_append_batch_appends").record(batch.len() as f64);
    let outcomes = node.backbone.append(batch).await;
    debug_assert_eq!(outcomes.len(), parts.len(), "one outcome for each append");
    for ((cell, pending, entries, moved, expected), outcome) in parts.into_iter().zip(outcomes) {
        node.finish(&cell, pending, &entries, moved, expected, outcome);
    }
}

fn hand_back(node: &Arc<Node>, job: Job, outcome: Outcome) {
    let expected = job.append.expected;
    node.finish(
        &job.cell,
        job.pending,
        &job.entries,
        job.moved,
        expected,
        outcome,
    );
}

/// The outcome of one append.
pub type Outcome = Result<Appended, BackboneError>;
