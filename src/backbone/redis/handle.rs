//! The handle of a shared tier: the contract's calls as commands.
//!
//! Owns: which keys and arguments each call has. Must not: hold rows, or repeat a call whose outcome is unknown. Called by:
//! `app` (open, close), `node` (the trait).

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use callbox_proto::ids::{AgencyId, CommandId, SessionId};
use redis::{Cmd, Value};
use tokio::sync::oneshot;

use super::agencies::Agencies;
use super::answer::{self, ROW_FIELDS};
use super::appends;
use super::ears;
use super::fault::OpenError;
use super::keys::{AgencyKeys, command_field};
use super::library::LIBRARY;
use super::link::{Lane, failed};
use super::options::Options;
use super::row;
use super::shard::Shard;
use super::tier::{Tier, TierClock, TimeOffset};
use super::writer::Job;
use crate::backbone::bell::Bell;
use crate::backbone::{
    Append, Appended, BATCH_MAX_APPENDS, Backbone, BackboneError, CLAIM_MAX_QUEUES, Claim, Claimed,
    Guarantee, IndexCursor, IndexSnapshot, IndexedSession, LEASE_TEXT_MAX_BYTES, Lane as Which,
    Lease, PUBLISH_MAX_BYTES, READ_MAX_BYTES, READ_MAX_ROWS, Record, Seq, StandingKind,
    Subscription, Tally,
};
use crate::clock::Clock;

/// The longest lease or claim in ms, 139 years: deadlines stay exact in a server's floating-point scores.
const LEASE_MAX_MS: u64 = 1 << 42;

type Outcome = Result<Appended, BackboneError>;

/// A connection to the shared tier that looks after itself.
pub struct Redis {
    tier: Tier,
    agencies: Agencies,
    bell: Arc<Bell>,
}

impl Redis {
    /// Connects, and keeps connected. A tier that does not answer at all is no error: it may come; until then every call
    /// fails and the guarantee is none.
    ///
    /// # Errors
    /// What an operator has to change: a wrong password, a server that cannot serve as a shared tier.
    pub async fn open(options: Options, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let bell = Arc::new(Bell::new());
        let tier = Tier::start(options, Arc::clone(&bell), clock).await?;
        Ok(Self {
            tier,
            agencies: Agencies::default(),
            bell,
        })
    }

    /// Lets the connections go. Later calls answer [`BackboneError::Closed`]; subscriptions end.
    pub fn close(&self) {
        self.tier.close();
    }

    /// How far the tier's clock is ahead of this node's, as measured within the last seconds; `None` before the first time.
    #[must_use]
    pub fn time_offset(&self) -> Option<TimeOffset> {
        self.tier.shared.offset()
    }

    /// This node's clock, set right by the tier's.
    #[must_use]
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(TierClock(Arc::clone(&self.tier.shared)))
    }

    fn shard(&self, key: &str) -> Result<Shard, BackboneError> {
        let shard = self.tier.shard(key);
        shard.ok_or_else(|| failed("no server of the cluster has the keys of this agency"))
    }

    fn check_open(&self) -> Result<(), BackboneError> {
        if self.tier.shared.is_closed() {
            return Err(BackboneError::Closed);
        }
        Ok(())
    }

    fn keys(&self, agency: &AgencyId) -> AgencyKeys {
        self.tier.shared.keys.agency(agency)
    }

    async fn ask(&self, lane: Lane, key: &str, command: &Cmd) -> Result<Value, BackboneError> {
        self.check_open()?;
        self.shard(key)?.link.ask(lane, command).await
    }

    /// The agency of a session, remembered or asked for.
    async fn agency_of(&self, session: SessionId) -> Result<Option<AgencyId>, BackboneError> {
        self.check_open()?;
        if let Some(known) = self.agencies.get(session) {
            return Ok(Some(known));
        }
        let key = self.tier.shared.keys.agency_of(session);
        let mut get = redis::cmd("GET");
        get.arg(&key);
        let found = answer::agency(&self.ask(Lane::Reads, &key, &get).await?)?;
        if let Some(agency) = &found {
            self.agencies.learn(session, agency);
        }
        Ok(found)
    }

    /// Writes commands in order, shard by shard; one answer for each, or why there is none.
    async fn write(&self, writes: Vec<Write>) -> Vec<Result<Value, BackboneError>> {
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

    async fn append_all(&self, batch: Vec<Append>) -> Vec<Outcome> {
        let names = self.claim_names(&batch).await;
        let mut outcomes = vec![Err(BackboneError::NoSuchSession); batch.len()];
        let mut groups: Vec<(&AgencyId, Vec<usize>)> = Vec::new();
        for (at, append) in batch.iter().enumerate() {
            let refused =
                append
                    .check_bounds()
                    .err()
                    .or_else(|| match names.get(&append.session) {
                        Some(Ok(agency)) if *agency != append.agency => {
                            Some(BackboneError::NoSuchSession)
                        }
                        Some(Err(error)) => Some(error.clone()),
                        Some(Ok(_)) | None => None,
                    });
            match refused {
                Some(error) => outcomes[at] = Err(error),
                None => match groups.iter_mut().find(|(of, _)| **of == append.agency) {
                    Some((_, places)) => places.push(at),
                    None => groups.push((&append.agency, vec![at])),
                },
            }
        }
        let writes = groups.iter().map(|(agency, places)| {
            let appends: Vec<&Append> = places.iter().map(|at| &batch[*at]).collect();
            let keys = self.keys(agency);
            Write {
                key: keys.bell(),
                command: appends::command(&keys, &appends, !self.counts_replicas()),
                steps: appends.len(),
                bytes: appends.iter().map(|append| appends::bytes(append)).sum(),
                beat: Some(keys.beat()),
            }
        });
        let answers = self.write(writes.collect()).await;
        for ((agency, places), answer) in groups.into_iter().zip(answers) {
            match answer {
                Ok(answer) => {
                    let each = answer::each(answer, places.len());
                    for (at, answer) in places.iter().zip(each) {
                        let Append {
                            session, expected, ..
                        } = batch[*at];
                        outcomes[*at] = answer::appended(&answer, session, expected);
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

    /// One question about what is kept, and which connections answered it.
    async fn look(&self, key: &str, command: &Cmd) -> Result<(u64, Value), BackboneError> {
        self.check_open()?;
        self.shard(key)?.link.ask_where(Lane::Reads, command).await
    }

    /// Waits until what was read over these connections is with enough replicas: what is not may be gone after a failover, and
    /// is shown to nobody. Rides with the next group of writes; costs nothing where no replicas are waited for.
    async fn settle(&self, keys: &AgencyKeys, read_over: u64) -> Result<(), BackboneError> {
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

    async fn lease_call(
        &self,
        function: &str,
        keys: usize,
        arguments: &[&str],
    ) -> Result<Value, BackboneError> {
        let names = self.tier.shared.keys.leases();
        let mut command = redis::cmd("FCALL");
        command.arg(function).arg(keys);
        for key in names.iter().take(keys) {
            command.arg(key);
        }
        for argument in arguments {
            command.arg(argument);
        }
        self.ask(Lane::Calls, &names[0], &command).await
    }
}

/// One command that writes.
struct Write {
    /// A key of it: which shard.
    key: String,
    command: Cmd,
    /// How much it makes a server do: as many appends as it has.
    steps: usize,
    bytes: usize,
    beat: Option<String>,
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

fn bound(holds: bool, what: &'static str) -> Result<(), BackboneError> {
    if holds {
        Ok(())
    } else {
        Err(BackboneError::OverBound { what })
    }
}

#[async_trait]
impl Backbone for Redis {
    async fn append(&self, batch: Vec<Append>) -> Vec<Outcome> {
        let count = batch.len();
        let may = bound(count <= BATCH_MAX_APPENDS, "appends in a batch");
        match may.and_then(|()| self.check_open()) {
            Ok(()) => self.append_all(batch).await,
            Err(error) => vec![Err(error); count],
        }
    }

    async fn read(
        &self,
        session: SessionId,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<Record>, BackboneError> {
        bound(limit <= READ_MAX_ROWS, "rows in a read")?;
        if limit == 0 || after == Seq::MAX {
            return Ok(Vec::new());
        }
        let Some(agency) = self.agency_of(session).await? else {
            return Ok(Vec::new());
        };
        let keys = self.keys(&agency);
        let key = keys.session(session);
        let mut command = redis::cmd("FCALL_RO");
        command.arg(LIBRARY.read.as_str()).arg(2);
        command.arg(&key).arg(keys.log(session));
        command.arg(after).arg(limit).arg(READ_MAX_BYTES);
        let (over, value) = self.look(&key, &command).await?;
        let records = answer::records(&value, session, after, limit)?;
        if !records.is_empty() {
            self.settle(&keys, over).await?;
        }
        Ok(records)
    }

    async fn find_command(
        &self,
        session: SessionId,
        command: CommandId,
    ) -> Result<Option<(Seq, Seq)>, BackboneError> {
        let Some(agency) = self.agency_of(session).await? else {
            return Ok(None);
        };
        let keys = self.keys(&agency);
        let key = keys.session(session);
        let mut get = redis::cmd("HGET");
        get.arg(&key).arg(command_field(command));
        let (over, value) = self.look(&key, &get).await?;
        let found = answer::command(&value)?;
        if found.is_some() {
            self.settle(&keys, over).await?;
        }
        Ok(found)
    }

    async fn find_session(
        &self,
        session: SessionId,
    ) -> Result<Option<IndexedSession>, BackboneError> {
        let Some(agency) = self.agency_of(session).await? else {
            return Ok(None);
        };
        let keys = self.keys(&agency);
        let key = keys.session(session);
        let mut get = redis::cmd("HMGET");
        get.arg(&key).arg(&ROW_FIELDS);
        let (over, value) = self.look(&key, &get).await?;
        let found = answer::indexed(&value, session, &agency)?;
        if found.is_some() {
            self.settle(&keys, over).await?;
        }
        Ok(found)
    }

    async fn list(
        &self,
        agency: &AgencyId,
        kind: StandingKind,
        after: Option<IndexCursor>,
        limit: usize,
    ) -> Result<IndexSnapshot, BackboneError> {
        bound(limit <= READ_MAX_ROWS, "rows in a read")?;
        let keys = self.keys(agency);
        let key = keys.index();
        let (from, to) = row::page(kind, after);
        let mut command = redis::cmd("FCALL_RO");
        command.arg(LIBRARY.list.as_str()).arg(2);
        command.arg(&key).arg(keys.figures());
        command.arg(keys.sessions()).arg(from).arg(to);
        command.arg(limit + 1);
        let (over, value) = self.look(&key, &command).await?;
        let (version, mut rows) = answer::listed(&value, agency)?;
        if !rows.is_empty() {
            self.settle(&keys, over).await?;
        }
        let more = rows.len() > limit;
        rows.truncate(limit);
        let last = rows.last().filter(|_| more);
        let next = last.map(|found| row::cursor(found.session, &found.row));
        Ok(IndexSnapshot {
            version,
            rows,
            next,
        })
    }

    async fn tally(&self, agency: &AgencyId) -> Result<Vec<Tally>, BackboneError> {
        let key = self.keys(agency).figures();
        let mut get = redis::cmd("HGETALL");
        get.arg(&key);
        answer::tally(&self.ask(Lane::Calls, &key, &get).await?)
    }

    async fn claim(&self, claim: Claim) -> Result<Option<Claimed>, BackboneError> {
        bound(claim.queues.len() <= CLAIM_MAX_QUEUES, "queues in a claim")?;
        bound(claim.lease_ms >= 1, "lease of a claim")?;
        let keys = self.keys(&claim.agency);
        let key = keys.open();
        let mut command = redis::cmd("FCALL");
        command.arg(LIBRARY.claim.as_str()).arg(2);
        command.arg(&key).arg(keys.claims()).arg(keys.sessions());
        command.arg(match claim.lane {
            Which::First => "first",
            Which::FirstNotUrgent => "first_not_urgent",
        });
        command.arg(claim.lease_ms.min(LEASE_MAX_MS));
        for queue in &claim.queues {
            command.arg(queue.as_str());
        }
        let claimed = answer::claimed(&self.ask(Lane::Calls, &key, &command).await?)?;
        if let Some(claimed) = &claimed {
            self.agencies.learn(claimed.session, &claim.agency);
        }
        Ok(claimed)
    }

    async fn release(&self, session: SessionId, epoch: u64) -> Result<bool, BackboneError> {
        let Some(agency) = self.agency_of(session).await? else {
            return Ok(false);
        };
        let keys = self.keys(&agency);
        let key = keys.session(session);
        let mut command = redis::cmd("FCALL");
        command.arg(LIBRARY.release.as_str()).arg(3);
        command.arg(&key).arg(keys.open()).arg(keys.claims());
        command.arg(epoch).arg(session.to_string());
        answer::yes(&self.ask(Lane::Calls, &key, &command).await?)
    }

    async fn take_lease(
        &self,
        name: &str,
        holder: &str,
        ttl_ms: u64,
    ) -> Result<Option<Lease>, BackboneError> {
        let short = name.len() <= LEASE_TEXT_MAX_BYTES && holder.len() <= LEASE_TEXT_MAX_BYTES;
        bound(short, "bytes in a lease's name or holder")?;
        let ttl = ttl_ms.min(LEASE_MAX_MS).to_string();
        let arguments = [name, holder, &ttl];
        let value = self.lease_call(&LIBRARY.lease_take, 3, &arguments).await?;
        let epoch = answer::epoch(&value)?;
        Ok(epoch.map(|epoch| Lease {
            name: name.into(),
            holder: holder.into(),
            epoch,
        }))
    }

    async fn renew_lease(&self, lease: &Lease, ttl_ms: u64) -> Result<bool, BackboneError> {
        let ttl = ttl_ms.min(LEASE_MAX_MS).to_string();
        let epoch = lease.epoch.to_string();
        let arguments = [&*lease.name, &epoch, &ttl];
        answer::yes(&self.lease_call(&LIBRARY.lease_renew, 2, &arguments).await?)
    }

    async fn drop_lease(&self, lease: &Lease) -> Result<bool, BackboneError> {
        let epoch = lease.epoch.to_string();
        let arguments = [&*lease.name, epoch.as_str()];
        answer::yes(&self.lease_call(&LIBRARY.lease_drop, 2, &arguments).await?)
    }

    async fn overdue_leases(&self, limit: usize) -> Result<Vec<Lease>, BackboneError> {
        bound(limit <= READ_MAX_ROWS, "rows in a read")?;
        let limit = limit.to_string();
        let found = self
            .lease_call(&LIBRARY.lease_overdue, 2, &[&limit])
            .await?;
        answer::leases(&found)
    }

    async fn subscribe(&self, agency: &AgencyId) -> Result<Box<dyn Subscription>, BackboneError> {
        let shared = &self.tier.shared;
        let shard = self.tier.shard(&self.keys(agency).bell());
        let wire = shard.and_then(|shard| shard.link.wire());
        let within = shared.options.call;
        let listener = ears::subscribe(wire, &shared.keys, &self.bell, agency, within).await?;
        Ok(Box::new(listener))
    }

    async fn publish(&self, agency: &AgencyId, payload: Bytes) -> Result<(), BackboneError> {
        bound(payload.len() <= PUBLISH_MAX_BYTES, "bytes in a publication")?;
        let key = self.keys(agency).bell();
        let mut message = Vec::with_capacity(payload.len() + 1);
        message.push(b'p');
        message.extend_from_slice(&payload);
        let mut command = redis::cmd("SPUBLISH");
        command.arg(&key).arg(message);
        self.ask(Lane::Calls, &key, &command).await.map(drop)
    }

    fn guarantee(&self) -> Guarantee {
        self.tier.guarantee()
    }
}
