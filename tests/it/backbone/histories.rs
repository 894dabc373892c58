//! Random histories against a simple model: several tasks at once, each with an agency and sessions of its own, so that
//! each can say exactly what every answer must be while their appends share batches and commits.
//!
//! `CALLBOX_TEST_SEED` repeats a history; the seed is printed.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use callbox::backbone::{
    Append, Appended, Backbone, BackboneError, Claim, IndexRow, Lane, Record, Seq, Standing,
    StandingKind, Tally,
};
use callbox_proto::ids::{AgencyId, CommandId, SessionId};
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng, rngs::StdRng};

use super::Place;
use super::make::*;

const TASKS: u64 = 4;
const PHASES: u64 = 6;
const STEPS: u64 = 60;
const SESSIONS: u128 = 6;
const QUEUES: [&str; 2] = ["a", "b"];
/// Where time cannot be moved, no claim ends by itself.
const LEASE_MS: u64 = 1_000;
const ENDLESS_MS: u64 = 3_600_000;

struct Log {
    records: Vec<Record>,
    row: IndexRow,
    /// Epoch and deadline of the live claim.
    claim: Option<(u64, u64)>,
}

/// What one task knows to be true.
struct Model {
    agency: AgencyId,
    base: u128,
    logs: BTreeMap<SessionId, Log>,
    commands: u128,
    epochs: Vec<u64>,
    lease_ms: u64,
    now_ms: u64,
}

impl Model {
    fn new(task: u64, lease_ms: u64) -> Self {
        Self {
            agency: format!("agency-{task}").parse().unwrap(),
            base: (u128::from(task) + 1) << 64,
            logs: BTreeMap::new(),
            commands: 0,
            epochs: vec![1],
            lease_ms,
            now_ms: 0,
        }
    }

    fn any_session(&self, random: &mut StdRng) -> SessionId {
        session(self.base + random.random_range(1..=SESSIONS))
    }

    fn any_append(&mut self, random: &mut StdRng) -> Append {
        let session = self.any_session(random);
        let log = self.logs.get(&session);
        let head = log.map_or(0, |log| log.records.len() as Seq);
        let known = log
            .and_then(|log| log.records.choose(random))
            .map(|record| record.command);
        self.commands += 1;
        let fresh = command(self.base + self.commands);
        let count = random.random_range(1..=3);
        let live = log.and_then(|log| log.claim).map(|(epoch, _)| epoch);
        let old = *self.epochs.choose(random).unwrap();
        Append {
            agency: self.agency.clone(),
            session,
            expected: if random.random_bool(0.85) {
                head
            } else {
                random.random_range(0..head + 3)
            },
            command: known.filter(|_| random.random_bool(0.2)).unwrap_or(fresh),
            records: (0..count)
                .map(|part| text(&format!("{fresh} {part}")))
                .collect(),
            index: random.random_bool(0.6).then(|| any_row(random)),
            claim_epoch: live
                .filter(|_| random.random_bool(0.7))
                .or(random.random_bool(0.1).then_some(old)),
        }
    }

    /// What the contract says of a batch, and its effect.
    fn append_all(&mut self, batch: &[Append]) -> Vec<Result<Appended, BackboneError>> {
        let mut astray = HashMap::new();
        let mut outcomes = Vec::new();
        for append in batch {
            let (first, last) = (
                append.expected + 1,
                append.expected + append.records.len() as Seq,
            );
            let goes_astray = astray.get(&append.session) == Some(&append.expected);
            // The log has no such place, so it is a conflict wherever it has no other answer.
            let expected = if goes_astray {
                Seq::MAX
            } else {
                append.expected
            };
            let outcome = self.append(&Append {
                expected,
                ..append.clone()
            });
            match outcome {
                Ok(Appended::Stored { .. }) => astray.remove(&append.session),
                Ok(Appended::Duplicate {
                    first: was,
                    last: to,
                }) if (was, to) == (first, last) => astray.remove(&append.session),
                _ => astray.insert(append.session, last),
            };
            outcomes.push(outcome);
        }
        outcomes
    }

    /// What the contract says of this append, and its effect.
    fn append(&mut self, append: &Append) -> Result<Appended, BackboneError> {
        let Some(log) = self.logs.get_mut(&append.session) else {
            return self.first_append(append);
        };
        if let Some((first, last)) = found(log, append.command) {
            return Ok(Appended::Duplicate { first, last });
        }
        let head = log.records.len() as Seq;
        let live = log.claim.map(|(epoch, _)| epoch);
        if append.expected != head || append.claim_epoch.is_some_and(|epoch| live != Some(epoch)) {
            return Ok(Appended::Conflict { head });
        }
        push(log, append);
        if let Some(row) = &append.index {
            log.row = row.clone();
            if !matches!(row.standing, Standing::Waiting { .. }) {
                log.claim = None;
            }
        }
        Ok(Appended::Stored {
            first: head + 1,
            last: log.records.len() as Seq,
        })
    }

    fn first_append(&mut self, append: &Append) -> Result<Appended, BackboneError> {
        let row = append
            .index
            .clone()
            .filter(|_| append.expected == 0)
            .ok_or(BackboneError::NoSuchSession)?;
        if append.claim_epoch.is_some() {
            return Ok(Appended::Conflict { head: 0 });
        }
        let mut log = Log {
            records: Vec::new(),
            row,
            claim: None,
        };
        push(&mut log, append);
        let last = log.records.len() as Seq;
        self.logs.insert(append.session, log);
        Ok(Appended::Stored { first: 1, last })
    }

    /// Which session a claim must get.
    fn first_waiting(&self, claim: &Claim) -> Option<SessionId> {
        let waiting = self
            .logs
            .iter()
            .filter(|(_, log)| log.claim.is_none() && claim.queues.contains(&log.row.queue));
        let ranked: Vec<_> = waiting
            .filter_map(|(session, log)| match log.row.standing {
                Standing::Waiting { rank, urgent } => Some((rank, *session, urgent)),
                _ => None,
            })
            .collect();
        let others = ranked
            .iter()
            .filter(|(_, _, urgent)| !urgent && claim.lane == Lane::FirstNotUrgent)
            .min();
        others
            .or_else(|| ranked.iter().min())
            .map(|(_, session, _)| *session)
    }

    fn listed(&self, kind: StandingKind) -> Vec<(SessionId, Seq, IndexRow)> {
        let mut listed: Vec<_> = self
            .logs
            .iter()
            .filter_map(|(session, log)| {
                let (of_kind, rank) = kind_and_rank(&log.row.standing);
                (of_kind == kind)
                    .then(|| (rank, (*session, log.records.len() as Seq, log.row.clone())))
            })
            .collect();
        listed.sort_by_key(|(rank, (session, ..))| (*rank, *session));
        listed.into_iter().map(|(_, found)| found).collect()
    }

    fn tally(&self) -> Vec<Tally> {
        let mut counts: Vec<Tally> = Vec::new();
        for log in self.logs.values() {
            let (kind, _) = kind_and_rank(&log.row.standing);
            let known = counts
                .iter_mut()
                .find(|tally| tally.kind == kind && tally.queue == log.row.queue);
            match known {
                Some(tally) => tally.count += 1,
                None if kind == StandingKind::Closed => {}
                None => counts.push(Tally {
                    queue: log.row.queue.clone(),
                    kind,
                    count: 1,
                }),
            }
        }
        counts
    }

    fn pass_time(&mut self, ms: u64) {
        self.now_ms += ms;
        for log in self.logs.values_mut() {
            log.claim = log
                .claim
                .filter(|(_, deadline_ms)| *deadline_ms > self.now_ms);
        }
    }
}

/// In an order of its own, to be compared.
fn tallied(mut counts: Vec<Tally>) -> Vec<Tally> {
    counts.sort_by_key(|tally| (tally.queue.clone(), format!("{:?}", tally.kind)));
    counts
}

fn kind_and_rank(standing: &Standing) -> (StandingKind, i64) {
    match standing {
        Standing::Waiting { rank, .. } => (StandingKind::Waiting, *rank),
        Standing::Owned => (StandingKind::Owned, 0),
        Standing::Abandoned => (StandingKind::Abandoned, 0),
        Standing::Closed { rank } => (StandingKind::Closed, *rank),
    }
}

fn found(log: &Log, command: CommandId) -> Option<(Seq, Seq)> {
    let mut seqs = log
        .records
        .iter()
        .filter(|record| record.command == command)
        .map(|record| record.seq);
    let first = seqs.next()?;
    Some((first, seqs.next_back().unwrap_or(first)))
}

fn push(log: &mut Log, append: &Append) {
    for payload in &append.records {
        let seq = log.records.len() as Seq + 1;
        log.records.push(Record {
            seq,
            command: append.command,
            payload: payload.clone(),
        });
    }
}

fn any_row(random: &mut StdRng) -> IndexRow {
    let standing = match random.random_range(0..6) {
        0 => Standing::Owned,
        1 => Standing::Abandoned,
        2 => Standing::Closed {
            rank: random.random_range(-3..4),
        },
        _ => Standing::Waiting {
            rank: random.random_range(-3..4),
            urgent: random.random_bool(0.3),
        },
    };
    row(QUEUES.choose(random).unwrap(), standing)
}

async fn step(backbone: &dyn Backbone, model: &mut Model, random: &mut StdRng) {
    match random.random_range(0..10) {
        0..5 => {
            let mut batch: Vec<Append> = Vec::new();
            for _ in 0..random.random_range(1..5) {
                let mut append = model.any_append(random);
                if let Some(before) = batch.last().filter(|_| random.random_bool(0.5)) {
                    append.session = before.session;
                    append.expected = before.expected + before.records.len() as Seq;
                    append.claim_epoch = None;
                }
                batch.push(append);
            }
            let expected = model.append_all(&batch);
            assert_eq!(backbone.append(batch.clone()).await, expected, "{batch:?}");
        }
        5 | 6 => claim_step(backbone, model, random).await,
        7 => {
            let session = model.any_session(random);
            let log = model.logs.get_mut(&session);
            let epoch = *model.epochs.choose(random).unwrap();
            let epoch = log
                .as_ref()
                .and_then(|log| log.claim)
                .map_or(epoch, |(live, _)| live);
            let held =
                log.is_some_and(|log| log.claim.take_if(|(live, _)| *live == epoch).is_some());
            assert_eq!(backbone.release(session, epoch).await, Ok(held));
        }
        8 => read_step(backbone, model, random).await,
        _ => {
            use StandingKind::{Abandoned, Closed, Owned, Waiting};
            let kind = *[Waiting, Owned, Abandoned, Closed].choose(random).unwrap();
            let listed = backbone.list(&model.agency, kind, None, 100).await.unwrap();
            let rows: Vec<_> = listed
                .rows
                .into_iter()
                .map(|found| (found.session, found.head, found.row))
                .collect();
            assert_eq!(rows, model.listed(kind));
            let counted = backbone.tally(&model.agency).await.unwrap();
            assert_eq!(tallied(counted), tallied(model.tally()));
        }
    }
}

async fn claim_step(backbone: &dyn Backbone, model: &mut Model, random: &mut StdRng) {
    let lane = if random.random_bool(0.5) {
        Lane::First
    } else {
        Lane::FirstNotUrgent
    };
    let queues: &[&str] = if random.random_bool(0.5) {
        &QUEUES
    } else {
        &QUEUES[..1]
    };
    let claim = Claim {
        agency: model.agency.clone(),
        lane,
        lease_ms: model.lease_ms,
        ..claim(queues)
    };
    let expected = model.first_waiting(&claim);
    let claimed = backbone.claim(claim).await.unwrap();
    assert_eq!(claimed.map(|claimed| claimed.session), expected);
    let Some(claimed) = claimed else { return };
    let log = model.logs.get_mut(&claimed.session).unwrap();
    assert_eq!(claimed.head, log.records.len() as Seq);
    log.claim = Some((claimed.epoch, model.now_ms + model.lease_ms));
    model.epochs.push(claimed.epoch);
}

async fn read_step(backbone: &dyn Backbone, model: &Model, random: &mut StdRng) {
    let session = model.any_session(random);
    let records = model.logs.get(&session).map_or(&[][..], |log| &log.records);
    let (after, limit) = (
        random.random_range(0..records.len() + 2),
        random.random_range(0..20),
    );
    let expected: Vec<_> = records.iter().skip(after).take(limit).cloned().collect();
    assert_eq!(
        backbone.read(session, after as Seq, limit).await,
        Ok(expected)
    );
    let Some(record) = records.choose(random) else {
        return;
    };
    let expected = found(&model.logs[&session], record.command);
    assert_eq!(
        backbone.find_command(session, record.command).await,
        Ok(expected)
    );
}

async fn history(place: &dyn Place, seed: u64) {
    println!("CALLBOX_TEST_SEED={seed}");
    let backbone = place.open().await;
    let lease_ms = if place.moves_time() {
        LEASE_MS
    } else {
        ENDLESS_MS
    };
    let mut models: Vec<Model> = (0..TASKS).map(|task| Model::new(task, lease_ms)).collect();
    for phase in 0..PHASES {
        let tasks: Vec<_> = (0_u64..)
            .zip(models.drain(..))
            .map(|(task, mut model)| {
                let backbone = Arc::clone(&backbone);
                let mut random = StdRng::seed_from_u64(seed ^ (phase << 32) ^ (task << 16));
                tokio::spawn(async move {
                    for _ in 0..STEPS {
                        step(&*backbone, &mut model, &mut random).await;
                    }
                    model
                })
            })
            .collect();
        for task in tasks {
            models.push(task.await.expect("a task of the history failed, see above"));
        }
        if !place.moves_time() {
            continue;
        }
        let ms = StdRng::seed_from_u64(seed ^ phase).random_range(0..2 * LEASE_MS);
        place.pass_time(ms).await;
        models.iter_mut().for_each(|model| model.pass_time(ms));
    }
}

fn seed() -> u64 {
    let seed = std::env::var("CALLBOX_TEST_SEED")
        .ok()
        .and_then(|seed| seed.parse::<u64>().ok());
    seed.unwrap_or_else(rand::random)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_histories_agree_with_the_model() {
    let seed = seed();
    for round in 0..5 {
        history(&super::embedded::Folder::new(), seed.wrapping_add(round)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_histories_on_redis_agree_with_the_model() {
    history(&super::redis::Server::new(), seed()).await;
}
