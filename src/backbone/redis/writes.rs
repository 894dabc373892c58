//! How appends go out: as calls of the function that appends, shard by shard, and counted where replicas are waited for.
//!
//! Owns: which appends go together, the names of new sessions, when replicas count, when a ring is the node's own to send. Must
//! not: write anything beside the groups of `writer`, or read. Called by: `handle`.

use std::collections::HashMap;
use std::sync::Arc;

use callbox_proto::ids::{AgencyId, SessionId};
use redis::{Cmd, Value};
use tokio::sync::oneshot;

use super::answer;
use super::appends;
use super::handle::Redis;
use super::keys::AgencyKeys;
use super::link::failed;
use super::shard::Shard;
use super::writer::Job;
use crate::backbone::astray::Astray;
use crate::backbone::{Append, Appended, BackboneError};

/// What became of an append.
pub(super) type Outcome = Result<Appended, BackboneError>;

impl Redis {
    /// Writes commands in order, shard by shard; one answer for each, or why there is none.
    pub(super) async fn write(&self, writes: Vec<Write>) -> Vec<Result<Value, BackboneError>> {
        let mut answers = vec![Err(failed("the shared tier answered less")); writes.len()];
        let mut parts: Vec<Part> = Vec::new();
        for (at, write) in writes.into_iter().enumerate() {
            match self.shard(&write.key) {
                Ok(shard) => {
                    let slot = self.tier.slot(&write.key);
                    Part::of(&mut parts, shard).add(at, slot, write);
                }
                Err(error) => answers[at] = Err(error),
            }
        }
        let jobs = parts.into_iter().map(|part| async move {
            let sent = self.send(&part.shard, part.job, part.answered);
            (part.places, sent.await)
        });
        for (places, sent) in futures_util::future::join_all(jobs).await {
            match sent {
                Ok(values) => {
                    for (at, value) in places.into_iter().zip(values) {
                        answers[at] = Ok(value);
                    }
                }
                Err(error) => {
                    for at in places {
                        answers[at] = Err(error.clone());
                    }
                }
            }
        }
        answers
    }

    async fn send(
        &self,
        shard: &Shard,
        job: Job,
        answered: oneshot::Receiver<Result<Vec<Value>, BackboneError>>,
    ) -> Result<Vec<Value>, BackboneError> {
        let done = async {
            let sent = shard.jobs.send(job).await;
            sent.map_err(|_| BackboneError::Closed)?;
            answered.await.map_err(|_| BackboneError::Closed)?
        };
        // Waiting behind others counts, too: the answer is due, whatever holds it up.
        tokio::time::timeout(self.tier.shared.options.call, done)
            .await
            .unwrap_or_else(|_| Err(shard.link.late()))
    }

    /// Which of these sessions are not this agency's. New ones become it, so that they are found by their id alone.
    async fn claim_names(
        &self,
        batch: &[Append],
    ) -> HashMap<SessionId, Result<AgencyId, BackboneError>> {
        let mut names: HashMap<SessionId, Result<AgencyId, BackboneError>> = HashMap::new();
        let mut asked = Vec::new();
        let mut writes = Vec::new();
        for append in batch {
            if names.contains_key(&append.session) {
                continue;
            }
            if let Some(known) = self.agencies.get(append.session) {
                names.insert(append.session, Ok(known));
            } else if append.expected == 0 && append.index.is_some() {
                let key = self.tier.shared.keys.agency_of(append.session);
                let mut command = redis::cmd("SET");
                command
                    .arg(&key)
                    .arg(append.agency.as_str())
                    .arg("NX")
                    .arg("GET");
                names.insert(append.session, Ok(append.agency.clone()));
                asked.push((append.session, append.agency.clone()));
                writes.push(Write {
                    steps: 1,
                    bytes: key.len() + append.agency.as_str().len(),
                    key,
                    command,
                    beat: None,
                });
            }
        }
        if writes.is_empty() {
            return names;
        }
        for ((session, agency), answer) in asked.into_iter().zip(self.write(writes).await) {
            let found = answer.and_then(|value| answer::agency(&value));
            let owner = found.map(|found| found.unwrap_or(agency));
            if let Ok(owner) = &owner {
                self.agencies.learn(session, owner);
            }
            names.insert(session, owner);
        }
        names
    }

    pub(super) async fn append_all(&self, batch: Vec<Append>) -> Vec<Outcome> {
        let names = self.claim_names(&batch).await;
        let mut outcomes = vec![Err(BackboneError::NoSuchSession); batch.len()];
        let mut groups: Vec<(&AgencyId, Vec<usize>)> = Vec::new();
        let mut astray = Astray::default();
        for (at, append) in batch.iter().enumerate() {
            let belongs = match names.get(&append.session) {
                Some(Ok(agency)) if *agency != append.agency => Err(BackboneError::NoSuchSession),
                Some(Err(error)) => Err(error.clone()),
                Some(Ok(_)) | None => Ok(()),
            };
            let refused = if astray.leads_to(append) {
                Some(Ok(Appended::Conflict { head: 0 }))
            } else {
                append.check_bounds().and(belongs).err().map(Err)
            };
            match refused {
                Some(outcome) => {
                    astray.note(append, &outcome);
                    outcomes[at] = outcome;
                }
                None => match groups.iter_mut().find(|(of, _)| **of == append.agency) {
                    Some((_, places)) => places.push(at),
                    None => groups.push((&append.agency, vec![at])),
                },
            }
        }
        let mut writes = Vec::with_capacity(groups.len());
        for (agency, places) in &mut groups {
            let runs = appends::runs(&batch, places);
            let keys = self.keys(agency);
            writes.push(Write {
                key: keys.bell(),
                command: appends::command(&keys, &batch, &runs, !self.counts_replicas()),
                steps: places.len(),
                bytes: places.iter().map(|at| appends::bytes(&batch[*at])).sum(),
                beat: Some(keys.beat()),
            });
            // The answers come in the order of the runs.
            *places = runs.concat();
        }
        let answers = self.write(writes).await;
        for ((agency, places), answer) in groups.into_iter().zip(answers) {
            match answer {
                Ok(answer) => {
                    let each = answer::each(answer, places.len());
                    for (at, answer) in places.iter().zip(each) {
                        outcomes[*at] = answer::appended(&answer, &batch[*at]);
                    }
                    let done = places.iter().filter_map(|at| {
                        let outcome = outcomes[*at].as_ref().ok()?;
                        Some((&batch[*at], outcome))
                    });
                    self.ring_counted(agency, done);
                }
                Err(error) => {
                    for at in places {
                        outcomes[at] = Err(error.clone());
                    }
                }
            }
        }
        outcomes
    }

    /// Whether replicas are waited for: nothing is shown then before they were counted.
    fn counts_replicas(&self) -> bool {
        self.tier.shared.options.wait_replicas > 0
    }

    /// Rings for appends whose replicas were counted; without such a count the function has rung.
    fn ring_counted<'a>(
        &self,
        agency: &AgencyId,
        done: impl Iterator<Item = (&'a Append, &'a Appended)>,
    ) {
        if !self.counts_replicas() {
            return;
        }
        let channel = self.keys(agency).bell();
        let Some(shard) = self.tier.shard(&channel) else {
            return;
        };
        if let Some(ringer) = shard.ringer {
            for message in appends::rings(done) {
                ringer.ring(&channel, message);
            }
        }
    }

    /// Waits until what was read over these connections is with enough replicas: what is not may be gone after a failover, and
    /// is shown to nobody. Rides with the next group of writes; costs nothing where no replicas are waited for.
    pub(super) async fn settle(
        &self,
        keys: &AgencyKeys,
        read_over: u64,
    ) -> Result<(), BackboneError> {
        if !self.counts_replicas() {
            return Ok(());
        }
        let beat = keys.beat();
        let shard = self.shard(&beat)?;
        let (answer, answered) = oneshot::channel();
        let job = Job {
            beat: Some(beat),
            only_over: Some(read_over),
            ..Job::new(answer)
        };
        self.send(&shard, job, answered).await.map(drop)
    }
}

/// One command that writes.
pub(super) struct Write {
    /// A key of it: which shard.
    pub(super) key: String,
    pub(super) command: Cmd,
    /// How much it makes a server do: as many appends as it has.
    pub(super) steps: usize,
    pub(super) bytes: usize,
    /// A key that is written before replicas are counted.
    pub(super) beat: Option<String>,
}

/// What goes to one shard.
struct Part {
    shard: Shard,
    /// Which of the answers.
    places: Vec<usize>,
    job: Job,
    answered: oneshot::Receiver<Result<Vec<Value>, BackboneError>>,
}

impl Part {
    fn of(parts: &mut Vec<Self>, shard: Shard) -> &mut Self {
        let known = parts
            .iter()
            .position(|part| Arc::ptr_eq(&part.shard.link, &shard.link));
        let at = known.unwrap_or_else(|| {
            let (answer, answered) = oneshot::channel();
            parts.push(Self {
                shard,
                places: Vec::new(),
                job: Job::new(answer),
                answered,
            });
            parts.len() - 1
        });
        &mut parts[at]
    }

    fn add(&mut self, at: usize, slot: u16, write: Write) {
        self.places.push(at);
        let job = &mut self.job;
        job.commands.push((slot, write.command));
        job.steps += write.steps;
        job.bytes += write.bytes;
        job.beat = job.beat.take().or(write.beat);
    }
}
