//! Group commit: whatever waits goes as one pipeline, with one WAIT behind it.
//!
//! Owns: the order of writes to one primary and the count of its replicas. Must not: know what the writes are, or repeat
//! one. Called by: `handle`, through a bounded channel.
//!
//! [`GROUPS_ON_WAY`] groups are on their way at a time; while they are, the next one gathers. So a group costs one fsync and one
//! WAIT however many take part, and nobody waits for a timer. The second one lies before the server while it works on the first,
//! which would otherwise wait as long as an answer takes to be read and the next group to be put together.
//!
//! The commands of a group stand in a transaction, not for its atomicity: a server reads 16 KiB at a time and with
//! `appendfsync always` fsyncs after each; the commands of a transaction wait for its end, and for one fsync.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use redis::{Cmd, Pipeline, Value};
use tokio::sync::{mpsc, oneshot};

use super::answer;
use super::link::{Lane, Link, Wire, failed};
use super::rivals::{Rivals, Verdict};
use crate::backbone::{BackboneError, Guarantee};

/// Jobs that may wait. Who comes later waits in the call, under its deadline.
pub(super) const JOBS_MAX: usize = 256;
/// Groups that the server has before it. Whose order matters waits for the answer to the first before it hands in the second.
const GROUPS_ON_WAY: usize = 2;
/// Appends in one group: at 15 µs each a group takes the server 8 ms, and so long a claim may have to wait for it.
const GROUP_MAX_STEPS: usize = 512;
/// Bytes in one group, for the same reason; a single job may exceed it and is then a group of its own.
const GROUP_MAX_BYTES: usize = 4 * 1024 * 1024;

/// Commands to be written together.
pub(super) struct Job {
    /// Each with its slot, in a cluster; there a transaction has one slot.
    pub(super) commands: Vec<(u16, Cmd)>,
    /// How many appends they make, and how many other things they do.
    pub(super) steps: usize,
    /// About how long they are.
    pub(super) bytes: usize,
    /// A key in the slot of these commands; see [`Waiting`].
    pub(super) beat: Option<String>,
    /// It counts only if it goes over the connections with this number: what was read over others is another server's.
    pub(super) only_over: Option<u64>,
    /// One answer for each command, refusals included.
    pub(super) answer: oneshot::Sender<Result<Vec<Value>, BackboneError>>,
}

impl Job {
    /// Nothing yet.
    pub(super) const fn new(answer: oneshot::Sender<Result<Vec<Value>, BackboneError>>) -> Self {
        Self {
            commands: Vec::new(),
            steps: 0,
            bytes: 0,
            beat: None,
            only_over: None,
            answer,
        }
    }
}

/// How many replicas are waited for, and how long.
#[derive(Debug, Clone, Copy)]
pub(super) struct Waiting {
    pub(super) replicas: u32,
    pub(super) within: Duration,
}

/// Works until every sender is gone.
pub(super) async fn run(
    link: Arc<Link>,
    rivals: Arc<Rivals>,
    mut jobs: mpsc::Receiver<Job>,
    waiting: Waiting,
) {
    let mut on_way = FuturesUnordered::new();
    let mut next = None;
    loop {
        let first = match next.take() {
            Some(job) => Some(job),
            None => tokio::select! {
                Some(()) = on_way.next() => continue,
                job = jobs.recv() => job,
            },
        };
        let Some(first) = first else { break };
        let group;
        (group, next) = collect(first, &mut jobs);
        on_way.push(write(&link, &rivals, group, waiting));
        while on_way.len() >= GROUPS_ON_WAY {
            on_way.next().await;
        }
    }
    while on_way.next().await.is_some() {}
}

/// Jobs that wait, up to the bounds of a group, and the one that did not fit.
fn collect(first: Job, jobs: &mut mpsc::Receiver<Job>) -> (Vec<Job>, Option<Job>) {
    let (mut steps, mut bytes) = (first.steps, first.bytes);
    let mut group = vec![first];
    while let Ok(job) = jobs.try_recv() {
        if steps + job.steps > GROUP_MAX_STEPS || bytes + job.bytes > GROUP_MAX_BYTES {
            return (group, Some(job));
        }
        steps += job.steps;
        bytes += job.bytes;
        group.push(job);
    }
    (group, None)
}

async fn write(link: &Link, rivals: &Rivals, mut group: Vec<Job>, waiting: Waiting) {
    // Who stopped waiting was told "unknown"; what was never sent stays unsent.
    group.retain(|job| !job.answer.is_closed());
    let counts: Vec<_> = group.iter().map(|job| job.commands.len()).collect();
    let commands: Vec<_> = group
        .iter_mut()
        .flat_map(|job| job.commands.drain(..))
        .collect();
    let waits = waiting.replicas > 0;
    if group.is_empty() || (commands.is_empty() && !waits) {
        return;
    }
    let (mut pipeline, blocks) = blocks(commands);
    if waits {
        let beat = group.iter_mut().find_map(|job| job.beat.take());
        wait_command(&mut pipeline, beat, waiting);
    }
    let started = std::time::Instant::now();
    let answers = link.ask_all(Lane::Writes, &pipeline).await;
    metrics::histogram!("callbox_backbone_group_seconds").record(started.elapsed().as_secs_f64());
    let answers = match answers {
        Ok((wire, answers)) if waits => {
            let counted = counted(link, rivals, &wire, answers.last(), waiting.replicas);
            counted.await.map(|()| (wire, outcomes(answers, &blocks)))
        }
        answers => answers.map(|(wire, answers)| (wire, outcomes(answers, &blocks))),
    };
    match answers {
        Ok((wire, answers)) => {
            let mut answers = answers.into_iter();
            for (job, count) in group.into_iter().zip(counts) {
                let mine: Vec<_> = answers.by_ref().take(count).collect();
                for refusal in mine.iter().flat_map(answer::refusals) {
                    link.refused(&wire, refusal);
                }
                let elsewhere = job.only_over.is_some_and(|number| number != wire.number);
                let answer = if elsewhere {
                    Err(failed("the shared tier was connected anew in between"))
                } else {
                    Ok(mine)
                };
                // Nobody waits any more: what is written stays written.
                let _ = job.answer.send(answer);
            }
        }
        Err(error) => {
            for job in group {
                let _ = job.answer.send(Err(error.clone()));
            }
        }
    }
}

/// Whether enough replicas have what was written, and will keep it: what another primary does not have is gone with the next failover.
async fn counted(
    link: &Link,
    rivals: &Rivals,
    wire: &Wire,
    said: Option<&Value>,
    wanted: u32,
) -> Result<(), BackboneError> {
    let weaker = |error: &BackboneError| {
        link.standing().guarantee = Guarantee::Weaker {
            reason: error.to_string().into(),
        };
    };
    enough(said, wanted).inspect_err(|error| {
        weaker(error);
        link.trouble.notify_one();
    })?;
    match rivals.verdict(wire).await {
        Verdict::Stands => Ok(()),
        Verdict::Replaced(error) => {
            weaker(&error);
            metrics::counter!("callbox_tier_outdated_total").increment(1);
            link.condemn(wire.number);
            Err(error)
        }
        Verdict::Unknown(error) => {
            weaker(&error);
            link.trouble.notify_one();
            Err(error)
        }
    }
}

/// The commands as transactions of one slot each, and how many are in each. One alone needs none.
fn blocks(commands: Vec<(u16, Cmd)>) -> (Pipeline, Vec<usize>) {
    let mut pipeline = Pipeline::with_capacity(commands.len() + 4);
    let sizes: Vec<usize> = commands
        .chunk_by(|(one, _), (next, _)| one == next)
        .map(<[_]>::len)
        .collect();
    let mut commands = commands.into_iter().map(|(_, command)| command);
    for size in &sizes {
        if *size > 1 {
            pipeline.cmd("MULTI");
        }
        for command in commands.by_ref().take(*size) {
            pipeline.add_command(command);
        }
        if *size > 1 {
            pipeline.cmd("EXEC");
        }
    }
    (pipeline, sizes)
}

/// One answer for each command of these transactions.
fn outcomes(answers: Vec<Value>, blocks: &[usize]) -> Vec<Value> {
    let mut answers = answers.into_iter();
    let mut outcomes = Vec::with_capacity(answers.len());
    for size in blocks {
        if *size == 1 {
            outcomes.extend(answers.next());
            continue;
        }
        let begun = answers.next();
        let queued: Vec<_> = answers.by_ref().take(*size).collect();
        match answers.next() {
            Some(Value::Array(done)) if done.len() == *size => outcomes.extend(done),
            // Refused as a whole: the first refusal is the reason.
            ended => {
                let mut all = begun.into_iter().chain(queued).chain(ended);
                let refused = all.find(|answer| answer::refusal(answer).is_some());
                let reason = refused.unwrap_or(Value::Nil);
                outcomes.extend(std::iter::repeat_n(reason, *size));
            }
        }
    }
    outcomes
}

/// WAIT counts replicas up to the last write of its own connection. A duplicate writes nothing, and what it repeats may
/// have been written over another connection: so there is always a write before it.
fn wait_command(pipeline: &mut Pipeline, beat: Option<String>, waiting: Waiting) {
    if let Some(beat) = beat {
        pipeline.cmd("SET").arg(beat).arg(1);
    }
    let within_ms = u64::try_from(waiting.within.as_millis()).unwrap_or(u64::MAX);
    pipeline
        .cmd("WAIT")
        .arg(waiting.replicas)
        .arg(within_ms.max(1));
}

fn enough(counted: Option<&Value>, wanted: u32) -> Result<(), BackboneError> {
    match counted {
        Some(Value::Int(counted)) if *counted >= i64::from(wanted) => Ok(()),
        Some(Value::Int(counted)) => Err(failed(&format!(
            "{counted} of {wanted} replicas have the write"
        ))),
        _ => Err(failed(
            "the shared tier cannot say which replicas have the write",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_of_one_slot_are_one_transaction_and_answers_find_their_commands() {
        let command = |slot| (slot, redis::cmd("FCALL"));
        let (pipeline, sizes) = blocks(vec![command(1), command(1), command(2), command(1)]);
        assert_eq!((pipeline.len(), sizes.as_slice()), (6, &[2, 1, 1][..]));
        let int = Value::Int;
        let queued = || Value::SimpleString("QUEUED".to_owned());
        let done = Value::Array(vec![int(1), int(2)]);
        let answers = vec![
            Value::Okay,
            queued(),
            queued(),
            done,
            int(3),
            int(4),
            int(9),
        ];
        assert_eq!(outcomes(answers, &sizes), [int(1), int(2), int(3), int(4)]);
        let aborted = vec![Value::Okay, queued(), queued(), Value::Nil, int(3), int(4)];
        assert_eq!(
            outcomes(aborted, &sizes),
            [Value::Nil, Value::Nil, int(3), int(4)]
        );
    }
}
