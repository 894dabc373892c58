//! The handle of a shared tier: the contract's calls as commands.
//!
//! Owns: which keys and arguments each call has. Must not: hold rows, or repeat a call whose outcome is unknown. How appends go out
//! stands in `writes`. Called by: `app` (open, close), `node` (the trait).

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use callbox_proto::ids::{AgencyId, CommandId, SessionId};
use redis::{Cmd, Value};

use super::agencies::Agencies;
use super::answer::{self, ROW_FIELDS};
use super::ears;
use super::fault::OpenError;
use super::keys::{AgencyKeys, CommandField};
use super::library::LIBRARY;
use super::link::{Lane, failed};
use super::options::Options;
use super::row;
use super::shard::Shard;
use super::tier::{Tier, TierClock, TimeOffset};
use super::writes::Outcome;
use crate::backbone::bell::Bell;
use crate::backbone::{
    Append, BATCH_MAX_APPENDS, Backbone, BackboneError, CLAIM_MAX_QUEUES, Claim, Claimed, Destroy,
    Destroyed, Guarantee, IndexCursor, IndexSnapshot, IndexedSession, LEASE_TEXT_MAX_BYTES,
    Lane as Which, Lease, PUBLISH_MAX_BYTES, READ_MAX_BYTES, READ_MAX_ROWS, Record, Remains, Seq,
    StandingKind, Subscription, Tally,
};
use crate::clock::Clock;

/// The longest lease or claim in ms, 139 years: deadlines stay exact in a server's floating-point scores.
const LEASE_MAX_MS: u64 = 1 << 42;

/// A connection to the shared tier that looks after itself.
pub struct Redis {
    pub(super) tier: Tier,
    pub(super) agencies: Agencies,
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

    pub(super) fn shard(&self, key: &str) -> Result<Shard, BackboneError> {
        let shard = self.tier.shard(key);
        shard.ok_or_else(|| failed("no server of the cluster has the keys of this agency"))
    }

    pub(super) fn check_open(&self) -> Result<(), BackboneError> {
        if self.tier.shared.is_closed() {
            return Err(BackboneError::Closed);
        }
        Ok(())
    }

    pub(super) fn keys(&self, agency: &AgencyId) -> AgencyKeys {
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

    /// One question about what is kept, and which connections answered it.
    async fn look(&self, key: &str, command: &Cmd) -> Result<(u64, Value), BackboneError> {
        self.check_open()?;
        self.shard(key)?.link.ask_where(Lane::Reads, command).await
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
        get.arg(&key).arg(CommandField(command).to_string());
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

    async fn destroy(
        &self,
        destroy: Destroy,
        remains: Arc<dyn Remains>,
    ) -> Result<Destroyed, BackboneError> {
        self.destroy_all(destroy, remains).await
    }

    fn guarantee(&self) -> Guarantee {
        self.tier.guarantee()
    }
}
