//! The one thread that writes: group commit.
//!
//! Owns: the ledger, the folder's lock and the mark of the last acknowledged commit. Must not: wait for a timer or for
//! readers. Called by: the handle, through a channel.
//!
//! It takes whatever batches wait, up to a bound, writes them in one transaction with one fsync, and answers all. While
//! it writes, the next group gathers by itself: under load groups grow, without load nobody waits for company.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

use callbox_proto::ids::SessionId;
use tokio::sync::{mpsc, oneshot};

use super::fault::Fault;
use super::folder::{Lock, Mark};
use super::ledger::{Committed, Ledger, Outcome, Stop};
use super::remains::{Page, Replaced};
use super::schema;
use super::shared::Shared;
use crate::backbone::astray::Astray;
use crate::backbone::{Append, BackboneError, Seq};

/// Jobs that may wait for the writer. Who comes later waits in `append`, so that pressure reaches the callers.
pub(super) const JOBS_MAX: usize = 256;
/// Appends in one group: at 5 µs each a group is written in about 20 ms, which bounds what the last one of it waits.
const GROUP_MAX_APPENDS: usize = 4_096;
/// Bytes of payload in one group, for the same reason; a single batch may exceed it and is then a group of its own.
const GROUP_MAX_BYTES: usize = 8 * 1024 * 1024;
/// Pages of the write-ahead log not yet in the database after which they are copied there: 16 MiB. More means longer
/// pauses (about 20 ms at this size) and a longer recovery, less means copying the same page more often.
const CHECKPOINT_PAGES: i64 = 4_096;
/// Sessions whose damaged rows may stop a group before the whole store counts as damaged.
const DAMAGED_MAX: usize = 8;

/// What the writer is asked for.
pub(super) enum Job {
    /// Write a batch.
    Append(Pending),
    /// Let kept logs go that end at these heads; says of each whether it went.
    DropKept {
        logs: Vec<(SessionId, Seq)>,
        answer: oneshot::Sender<Result<Vec<bool>, BackboneError>>,
    },
    /// Write what is left of some records. With `last` nothing of what was there before lies in the store's files afterwards.
    Replace {
        page: Page,
        last: bool,
        answer: oneshot::Sender<Result<Replaced, BackboneError>>,
    },
    /// Raise the ceiling of epochs by so many, durably, and answer it.
    RaiseEpochs {
        more: u64,
        answer: oneshot::Sender<Result<u64, BackboneError>>,
    },
    /// Write what waits, put everything into the database file, let the folder go.
    Close { answer: oneshot::Sender<()> },
}

/// A batch that waits.
pub(super) struct Pending {
    pub(super) batch: Vec<Append>,
    /// Sessions that are not known start at the expected head.
    pub(super) adopt: bool,
    pub(super) answer: oneshot::Sender<Vec<Outcome>>,
}

/// The state of the writer thread.
pub(super) struct Writer {
    ledger: Ledger,
    shared: Arc<Shared>,
    mark: Mark,
    lock: Lock,
}

impl Writer {
    pub(super) fn new(ledger: Ledger, shared: Arc<Shared>, mark: Mark, lock: Lock) -> Self {
        Self {
            ledger,
            shared,
            mark,
            lock,
        }
    }

    /// Works until closed, or until every handle is gone.
    pub(super) fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        let mut closing = None;
        while closing.is_none() {
            let Some(first) = jobs.blocking_recv() else {
                break;
            };
            let (group, other) = collect(first, &mut jobs);
            if !group.is_empty() {
                self.write(group);
            }
            match other {
                Some(Job::RaiseEpochs { more, answer }) => {
                    let _ = answer.send(self.raise_epochs(more));
                }
                Some(Job::Close { answer }) => closing = Some(answer),
                Some(Job::DropKept { logs, answer }) => {
                    let _ = answer.send(self.drop_kept(&logs));
                }
                Some(Job::Replace { page, last, answer }) => {
                    let _ = answer.send(self.replace(&page, last));
                }
                Some(Job::Append(_)) | None => {}
            }
            self.checkpoint();
        }
        self.finish();
        if let Some(answer) = closing {
            let _ = answer.send(());
        }
    }

    fn write(&mut self, group: Vec<Pending>) {
        if let Err(error) = self.shared.check_failed() {
            return answer_all(group, &error);
        }
        let started = Instant::now();
        let mut damaged = HashSet::new();
        let stop = loop {
            match self.try_group(&group, &damaged) {
                Ok((outcomes, committed)) => {
                    metrics::histogram!("callbox_backbone_group_seconds")
                        .record(started.elapsed().as_secs_f64());
                    self.acknowledge(group, outcomes, &committed);
                    return;
                }
                Err(Stop {
                    fault: Fault::Damaged(_),
                    session: Some(session),
                }) if damaged.len() < DAMAGED_MAX && damaged.insert(session) => {}
                Err(stop) => break stop,
            }
        };
        self.admit(&stop.fault);
        answer_all(group, &stop.fault.for_caller());
    }

    /// Writes the group in one transaction; after an error nothing of it is in the database or in memory.
    fn try_group(
        &mut self,
        group: &[Pending],
        damaged: &HashSet<SessionId>,
    ) -> Result<(Vec<Vec<Outcome>>, Vec<Committed>), Stop> {
        self.ledger.begin()?;
        let written = self.append_all(group, damaged).and_then(|outcomes| {
            if self.ledger.is_changed() {
                return Ok((outcomes, self.ledger.commit()?));
            }
            self.ledger.roll_back()?;
            Ok((outcomes, Vec::new()))
        });
        written.inspect_err(|stop| {
            if let Some(session) = stop.session {
                self.ledger.forget(session);
            }
            if let Err(fault) = self.ledger.roll_back() {
                self.shared.fail(&format!("no way back: {fault:?}").into());
            }
        })
    }

    fn append_all(
        &mut self,
        group: &[Pending],
        damaged: &HashSet<SessionId>,
    ) -> Result<Vec<Vec<Outcome>>, Stop> {
        let mut append =
            |append: &Append, adopt: bool, astray: &mut Astray| -> Result<Outcome, Stop> {
                if damaged.contains(&append.session) {
                    return Ok(Err(BackboneError::Damaged {
                        session: append.session,
                        seq: 0,
                    }));
                }
                let outcome = self.ledger.append(append, adopt, astray, &self.shared)?;
                astray.note(append, &outcome);
                Ok(outcome)
            };
        let mut outcomes = Vec::with_capacity(group.len());
        for Pending { batch, adopt, .. } in group {
            let mut astray = Astray::default();
            let each = batch.iter().map(|a| append(a, *adopt, &mut astray));
            let of_batch: Result<Vec<_>, _> = each.collect();
            outcomes.push(of_batch?);
        }
        Ok(outcomes)
    }

    /// Only now is it true: mark, memory, bell, answers, in this order.
    fn acknowledge(
        &mut self,
        group: Vec<Pending>,
        outcomes: Vec<Vec<Outcome>>,
        committed: &[Committed],
    ) {
        if !committed.is_empty() {
            self.note_commit();
            self.shared.follow(committed);
        }
        for (Pending { answer, .. }, outcomes) in group.into_iter().zip(outcomes) {
            // Nobody waits any more: what is written stays written.
            let _ = answer.send(outcomes);
        }
    }

    /// Says what a fault means for what comes next.
    fn admit(&mut self, fault: &Fault) {
        match fault {
            Fault::Full => {
                tracing::warn!("the backbone's store is full");
                // What is in the database already needs no room in the write-ahead log.
                let _ = schema::checkpoint_passive(self.ledger.connection());
            }
            Fault::Busy => tracing::warn!("another program holds the backbone's store locked"),
            Fault::Damaged(reason) | Fault::Fatal(reason) => self.shared.fail(reason),
        }
    }

    fn drop_kept(&mut self, logs: &[(SessionId, Seq)]) -> Result<Vec<bool>, BackboneError> {
        self.shared.check_failed()?;
        let dropped = match self.ledger.begin() {
            Ok(()) => self.ledger.drop_kept(logs),
            Err(fault) => Err(fault.into()),
        };
        match dropped {
            Ok(gone) => {
                self.note_commit();
                let mut queues = self.shared.queues();
                let mut tallies = self.shared.tallies();
                for ((session, _), agency) in logs.iter().zip(&gone) {
                    if let Some(agency) = agency {
                        queues.leave(*session);
                        tallies.forget(*session, agency);
                    }
                }
                drop((queues, tallies));
                Ok(gone.iter().map(Option::is_some).collect())
            }
            Err(stop) => {
                if let Err(fault) = self.ledger.roll_back() {
                    self.shared.fail(&format!("no way back: {fault:?}").into());
                }
                self.admit(&stop.fault);
                Err(stop.fault.for_caller())
            }
        }
    }

    fn replace(&mut self, page: &Page, last: bool) -> Result<Replaced, BackboneError> {
        self.shared.check_failed()?;
        let begun = self.ledger.begin();
        let replaced = begun.and_then(|()| self.ledger.replace(page));
        let replaced = replaced.map_err(|fault| {
            if let Err(fault) = self.ledger.roll_back() {
                self.shared.fail(&format!("no way back: {fault:?}").into());
            }
            if matches!(fault, Fault::Damaged(_)) {
                // One unreadable session is its own problem.
                let session = page.session;
                return BackboneError::Damaged { session, seq: 0 };
            }
            self.admit(&fault);
            fault.for_caller()
        })??;
        if replaced != Replaced::Done {
            return Ok(replaced);
        }
        self.note_commit();
        if last {
            let emptied = schema::empty_wal(self.ledger.connection()).map_err(|fault| {
                self.admit(&fault);
                fault.for_caller()
            })?;
            if !emptied {
                let reason = "somebody reads in the store: what was overwritten is still in its write-ahead log";
                return Err(BackboneError::Failed {
                    reason: reason.into(),
                });
            }
        }
        Ok(replaced)
    }

    /// Writes the number of the last commit beside the database.
    fn note_commit(&mut self) {
        if let Err(error) = self.mark.set(self.ledger.commits()) {
            tracing::warn!(%error, "the mark of the last commit is not written; a lost tail would go unnoticed");
        }
    }

    fn raise_epochs(&mut self, more: u64) -> Result<u64, BackboneError> {
        self.shared.check_failed()?;
        self.ledger.raise_epochs(more).map_err(|fault| {
            self.admit(&fault);
            fault.for_caller()
        })
    }

    fn checkpoint(&mut self) {
        if self.shared.check_failed().is_err() {
            return;
        }
        let connection = self.ledger.connection();
        let due = schema::wal_pages(connection)
            .map(|pages| pages.written - pages.copied >= CHECKPOINT_PAGES);
        let done = due.and_then(|due| {
            if due {
                schema::checkpoint_passive(connection).map(drop)
            } else {
                Ok(())
            }
        });
        match done {
            Ok(()) | Err(Fault::Busy | Fault::Full) => {}
            Err(fault) => self.admit(&fault),
        }
    }

    fn finish(self) {
        let Self {
            ledger,
            shared,
            lock,
            mark,
        } = self;
        shared.close();
        if shared.check_failed().is_ok()
            && let Err(fault) = schema::checkpoint_all(ledger.connection())
        {
            tracing::warn!(
                ?fault,
                "the write-ahead log stays; it is read at the next start"
            );
        }
        shared.bell.close();
        drop((ledger, mark));
        drop(lock);
    }
}

/// The batches that wait, up to the bounds of a group, and the first job of another kind behind them.
fn collect(first: Job, jobs: &mut mpsc::Receiver<Job>) -> (Vec<Pending>, Option<Job>) {
    let mut group = Vec::new();
    let (mut appends, mut bytes) = (0, 0);
    let mut next = Some(first);
    while let Some(job) = next {
        let Job::Append(pending) = job else {
            return (group, Some(job));
        };
        appends += pending.batch.len();
        bytes += pending
            .batch
            .iter()
            .flat_map(|append| &append.records)
            .map(bytes::Bytes::len)
            .sum::<usize>();
        group.push(pending);
        let has_room = appends < GROUP_MAX_APPENDS && bytes < GROUP_MAX_BYTES;
        next = if has_room { jobs.try_recv().ok() } else { None };
    }
    (group, None)
}

fn answer_all(group: Vec<Pending>, error: &BackboneError) {
    for Pending { batch, answer, .. } in group {
        let _ = answer.send(batch.iter().map(|_| Err(error.clone())).collect());
    }
}
