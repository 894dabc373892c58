//! The contract of the backbone as plainly as it can be written: maps behind one lock. It runs the conformance suite like
//! every backbone, and simulations trust it for that reason.
//!
//! Must not: fail or take time; that is `handle`, which stands between a node and this.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use callbox::backbone::{
    Append, Appended, BATCH_MAX_APPENDS, BackboneError, CLAIM_MAX_QUEUES, Claim, Claimed, Destroy,
    Destroyed, IndexCursor, IndexRow, IndexSnapshot, IndexedSession, LEASE_TEXT_MAX_BYTES, Lane,
    Lease, PUBLISH_MAX_BYTES, READ_MAX_BYTES, READ_MAX_ROWS, Record, Remains, Ring, Seq, Standing,
    StandingKind, Tally,
};
use callbox_proto::ids::{AgencyId, CommandId, SessionId};
use tokio::sync::broadcast;

/// Rings that wait for a subscriber before it is told that it missed some.
const RINGS_MAX: usize = 1_024;

/// One session.
#[derive(Debug)]
struct Kept {
    agency: AgencyId,
    records: Vec<Record>,
    commands: HashMap<CommandId, (Seq, Seq)>,
    row: IndexRow,
    epoch: u64,
    claimed_until: Option<u64>,
}

#[derive(Debug)]
struct Held {
    holder: String,
    epoch: u64,
    until: u64,
}

/// Everything.
#[derive(Debug, Default)]
pub struct Model {
    sessions: BTreeMap<SessionId, Kept>,
    leases: BTreeMap<String, Held>,
    versions: HashMap<AgencyId, u64>,
    bells: HashMap<AgencyId, broadcast::Sender<Ring>>,
    epochs: u64,
}

impl Model {
    pub fn append(&mut self, batch: &[Append], now: u64) -> Vec<Result<Appended, BackboneError>> {
        if batch.len() > BATCH_MAX_APPENDS {
            let what = "appends in a batch";
            return vec![Err(BackboneError::OverBound { what }); batch.len()];
        }
        let mut astray = HashMap::new();
        let mut append = |one: &Append| {
            let end = one.expected.saturating_add(one.records.len() as Seq);
            let led = astray.get(&one.session) == Some(&one.expected);
            let outcome = self.append_one(one, led, now);
            let place = (one.expected.saturating_add(1), end);
            match outcome {
                Ok(Appended::Stored { .. }) => astray.remove(&one.session),
                Ok(Appended::Duplicate { first, last }) if (first, last) == place => {
                    astray.remove(&one.session)
                }
                _ if one.records.is_empty() => None,
                _ => astray.insert(one.session, end),
            };
            outcome
        };
        batch.iter().map(&mut append).collect()
    }

    /// `led`: it goes on from one that did not come out as decided.
    fn append_one(&mut self, one: &Append, led: bool, now: u64) -> Result<Appended, BackboneError> {
        one.check_bounds()?;
        let known = self.sessions.get_mut(&one.session);
        let kept = match (known, &one.index) {
            (Some(kept), _) => kept,
            (None, Some(row)) if one.expected == 0 => {
                if one.claim_epoch.is_some() {
                    return Ok(Appended::Conflict { head: 0 });
                }
                self.sessions.entry(one.session).or_insert(Kept {
                    agency: one.agency.clone(),
                    records: Vec::new(),
                    commands: HashMap::new(),
                    row: row.clone(),
                    epoch: 0,
                    claimed_until: None,
                })
            }
            _ => return Err(BackboneError::NoSuchSession),
        };
        if kept.agency != one.agency {
            return Err(BackboneError::NoSuchSession);
        }
        if let Some((first, last)) = kept.commands.get(&one.command).copied() {
            return Ok(Appended::Duplicate { first, last });
        }
        let head = kept.records.len() as Seq;
        let claimed = kept.claimed_until.is_some_and(|until| until > now);
        let outdated = |epoch| !claimed || kept.epoch != epoch;
        if led || head != one.expected || one.claim_epoch.is_some_and(outdated) {
            return Ok(Appended::Conflict { head });
        }
        for payload in &one.records {
            kept.records.push(Record {
                seq: kept.records.len() as Seq + 1,
                command: one.command,
                payload: payload.clone(),
            });
        }
        let (first, last) = (head + 1, kept.records.len() as Seq);
        // As a shared tier does it: those that are short.
        let short = one.records.iter().all(|record| record.len() < 200);
        let new = kept.records.get(kept.records.len() - one.records.len()..);
        let came_along = new.filter(|_| short).unwrap_or_default().into();
        kept.commands.insert(one.command, (first, last));
        if let Some(row) = &one.index {
            kept.row = row.clone();
            if row.standing.kind() != StandingKind::Waiting {
                kept.claimed_until = None;
            }
            *self.versions.entry(one.agency.clone()).or_default() += 1;
        }
        self.ring(
            &one.agency,
            &Ring::Appended {
                session: one.session,
                head: last,
                records: came_along,
            },
        );
        Ok(Appended::Stored { first, last })
    }

    pub fn destroy(
        &mut self,
        destroy: &Destroy,
        remains: &dyn Remains,
    ) -> Result<Destroyed, BackboneError> {
        destroy.check_bounds()?;
        let kept = self.sessions.get_mut(&destroy.session);
        let kept = kept.filter(|kept| kept.agency == destroy.agency);
        let kept = kept.ok_or(BackboneError::NoSuchSession)?;
        let head = kept.records.len() as Seq;
        if head != destroy.expected {
            return Ok(Destroyed::Conflict { head });
        }
        for record in &mut kept.records {
            if let Some(left) = remains.of(record) {
                record.payload = left;
            }
        }
        kept.row.summary = destroy.summary.clone();
        *self.versions.entry(destroy.agency.clone()).or_default() += 1;
        Ok(Destroyed::Done)
    }

    pub fn read(&self, session: SessionId, after: Seq, limit: usize) -> Vec<Record> {
        let Some(kept) = self.sessions.get(&session) else {
            return Vec::new();
        };
        let mut bytes = 0;
        let after = usize::try_from(after).unwrap_or(usize::MAX);
        let records = kept.records.iter().skip(after);
        records
            .take(limit.min(READ_MAX_ROWS))
            .take_while(|record| {
                let first = bytes == 0;
                bytes += record.payload.len();
                first || bytes <= READ_MAX_BYTES
            })
            .cloned()
            .collect()
    }

    pub fn find_command(&self, session: SessionId, command: CommandId) -> Option<(Seq, Seq)> {
        self.sessions.get(&session)?.commands.get(&command).copied()
    }

    pub fn find_session(&self, session: SessionId) -> Option<IndexedSession> {
        let kept = self.sessions.get(&session)?;
        Some(indexed(session, kept))
    }

    pub fn list(
        &self,
        agency: &AgencyId,
        wanted: StandingKind,
        after: Option<IndexCursor>,
        limit: usize,
    ) -> IndexSnapshot {
        let mut found: Vec<_> = self
            .sessions
            .iter()
            .filter(|(_, kept)| kept.agency == *agency && kept.row.standing.kind() == wanted)
            .map(|(session, kept)| (kept.row.standing.rank(), *session))
            .filter(|place| after.is_none_or(|after| *place > (after.rank, after.session)))
            .collect();
        found.sort_unstable();
        let limit = limit.min(READ_MAX_ROWS);
        let next = (found.len() > limit)
            .then(|| found.get(limit.wrapping_sub(1)))
            .flatten()
            .map(|(rank, session)| IndexCursor {
                rank: *rank,
                session: *session,
            });
        found.truncate(limit);
        IndexSnapshot {
            version: self.versions.get(agency).copied().unwrap_or(0),
            rows: found
                .iter()
                .filter_map(|(_, session)| self.find_session(*session))
                .collect(),
            next,
        }
    }

    pub fn sessions(&self) -> Vec<SessionId> {
        self.sessions.keys().copied().collect()
    }

    pub fn tally(&self, agency: &AgencyId) -> Vec<Tally> {
        let mut counts: BTreeMap<_, u64> = BTreeMap::new();
        for kept in self.sessions.values().filter(|k| k.agency == *agency) {
            let place = match kept.row.standing.kind() {
                StandingKind::Waiting => 0,
                StandingKind::Owned => 1,
                StandingKind::Abandoned => 2,
                StandingKind::Closed => continue,
            };
            *counts.entry((kept.row.queue.clone(), place)).or_default() += 1;
        }
        let kinds = [
            StandingKind::Waiting,
            StandingKind::Owned,
            StandingKind::Abandoned,
        ];
        let tally = |((queue, place), count): ((_, usize), _)| Tally {
            queue,
            kind: kinds[place],
            count,
        };
        counts.into_iter().map(tally).collect()
    }

    pub fn claim(&mut self, claim: &Claim, now: u64) -> Result<Option<Claimed>, BackboneError> {
        if claim.queues.len() > CLAIM_MAX_QUEUES || claim.lease_ms == 0 {
            let what = "a claim";
            return Err(BackboneError::OverBound { what });
        }
        Ok(self.claim_next(claim, now))
    }

    fn claim_next(&mut self, claim: &Claim, now: u64) -> Option<Claimed> {
        let free = |urgent_too: bool| {
            self.sessions
                .iter()
                .filter(|(_, kept)| {
                    kept.agency == claim.agency
                        && claim.queues.contains(&kept.row.queue)
                        && kept.claimed_until.is_none_or(|until| until <= now)
                })
                .filter_map(|(session, kept)| match kept.row.standing {
                    Standing::Waiting { rank, urgent } if urgent_too || !urgent => {
                        Some((rank, *session))
                    }
                    _ => None,
                })
                .min()
        };
        let (_, session) = match claim.lane {
            Lane::First => free(true),
            Lane::FirstNotUrgent => free(false).or_else(|| free(true)),
        }?;
        self.epochs += 1;
        let epoch = self.epochs;
        let kept = self.sessions.get_mut(&session)?;
        kept.epoch = epoch;
        kept.claimed_until = Some(now + claim.lease_ms);
        Some(Claimed {
            session,
            epoch,
            head: kept.records.len() as Seq,
        })
    }

    pub fn release(&mut self, session: SessionId, epoch: u64, now: u64) -> bool {
        let Some(kept) = self.sessions.get_mut(&session) else {
            return false;
        };
        let held = kept.epoch == epoch && kept.claimed_until.is_some_and(|until| until > now);
        if held {
            kept.claimed_until = None;
        }
        held
    }

    pub fn take_lease(
        &mut self,
        name: &str,
        holder: &str,
        ttl: u64,
        now: u64,
    ) -> Result<Option<Lease>, BackboneError> {
        if name.len() > LEASE_TEXT_MAX_BYTES || holder.len() > LEASE_TEXT_MAX_BYTES {
            let what = "bytes in a lease";
            return Err(BackboneError::OverBound { what });
        }
        let live = self.leases.get_mut(name).filter(|held| held.until > now);
        if let Some(held) = live {
            if held.holder != holder {
                return Ok(None);
            }
            held.until = now + ttl;
            return Ok(Some(lease(name, held)));
        }
        self.epochs += 1;
        let held = Held {
            holder: holder.to_owned(),
            epoch: self.epochs,
            until: now + ttl,
        };
        let taken = lease(name, &held);
        self.leases.insert(name.to_owned(), held);
        Ok(Some(taken))
    }

    pub fn renew_lease(&mut self, lease: &Lease, ttl: u64, now: u64) -> bool {
        let held = self.leases.get_mut(&*lease.name);
        let held = held.filter(|held| held.epoch == lease.epoch && held.until > now);
        let Some(held) = held else { return false };
        held.until = now + ttl;
        true
    }

    pub fn drop_lease(&mut self, lease: &Lease, now: u64) -> bool {
        let held = self.leases.get(&*lease.name);
        let holds = held.is_some_and(|held| held.epoch == lease.epoch && held.until > now);
        if holds {
            self.leases.remove(&*lease.name);
        }
        holds
    }

    pub fn overdue_leases(&self, limit: usize, now: u64) -> Vec<Lease> {
        let overdue = self.leases.iter().filter(|(_, held)| held.until <= now);
        overdue
            .take(limit)
            .map(|(name, held)| lease(name, held))
            .collect()
    }

    /// Rings from now on; a receiver that lags behind has missed the oldest.
    pub fn subscribe(&mut self, agency: &AgencyId) -> broadcast::Receiver<Ring> {
        let bell = self.bells.entry(agency.clone());
        bell.or_insert_with(|| broadcast::channel(RINGS_MAX).0)
            .subscribe()
    }

    pub fn publish(&mut self, agency: &AgencyId, payload: Bytes) -> Result<(), BackboneError> {
        if payload.len() > PUBLISH_MAX_BYTES {
            let what = "bytes in a publication";
            return Err(BackboneError::OverBound { what });
        }
        self.ring(agency, &Ring::Published(payload));
        Ok(())
    }

    fn ring(&self, agency: &AgencyId, ring: &Ring) {
        if let Some(bell) = self.bells.get(agency) {
            // Nobody may listen.
            let _heard_by = bell.send(ring.clone());
        }
    }
}

fn lease(name: &str, held: &Held) -> Lease {
    Lease {
        name: name.into(),
        holder: held.holder.as_str().into(),
        epoch: held.epoch,
    }
}

fn indexed(session: SessionId, kept: &Kept) -> IndexedSession {
    IndexedSession {
        session,
        agency: kept.agency.clone(),
        head: kept.records.len() as Seq,
        row: kept.row.clone(),
    }
}
