//! The shared tier as a whole: which shard has which key, what its answers are worth, and what time it is there.
//!
//! Owns: the map of shards, followed where it changes. Must not: open connections itself. Called by: `handle`, `shard`.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::connect::Dialer;
use super::epoch::Epoch;
use super::fault::OpenError;
use super::keys::{Keys, slot};
use super::options::{Address, Options, Target};
use super::shard::{Shard, Source};
use super::topology::{self, Owner};
use super::witnesses::Witnesses;
use crate::backbone::Guarantee;
use crate::backbone::bell::Bell;
use crate::clock::Clock;

/// How often a cluster is asked who has which slots, while nothing is wrong.
const MAP_EVERY: Duration = Duration::from_secs(2);
/// The least pause between two such questions.
const MAP_PAUSE: Duration = Duration::from_millis(200);
/// A clock that differs by more is told to the operator.
const OFFSET_TOLD_MS: i64 = 1_000;
/// Corrections smaller than this are left out: they are mostly the network's.
const OFFSET_STEP_MS: i64 = 20;

/// How far the shared tier's clock is ahead of this node's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeOffset {
    /// Milliseconds to add to this node's clock.
    pub ms: i64,
    /// Half the time the question took: the offset is right up to this.
    pub uncertainty_ms: u64,
}

/// Which shard has which slots.
#[derive(Default)]
struct Map {
    owners: Vec<Owner>,
    shards: Vec<(Address, Shard)>,
}

/// What all shards of one tier share.
pub(super) struct Shared {
    pub(super) options: Options,
    pub(super) dialer: Dialer,
    pub(super) keys: Keys,
    pub(super) bell: Arc<Bell>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) epoch: Epoch,
    pub(super) closed: CancellationToken,
    /// Something may be elsewhere now.
    pub(super) look_again: Arc<Notify>,
    map: ArcSwap<Map>,
    wires: AtomicU64,
    offset: Mutex<Option<TimeOffset>>,
    correction_ms: AtomicI64,
    told_offset_ms: AtomicI64,
}

/// The shared tier.
pub(super) struct Tier {
    pub(super) shared: Arc<Shared>,
}

impl Shared {
    fn new(options: Options, bell: Arc<Bell>, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        Ok(Self {
            dialer: Dialer::new(options.clone())?,
            keys: Keys::new(&options.prefix),
            epoch: Epoch::new(options.epoch_file.clone()),
            options,
            bell,
            clock,
            closed: CancellationToken::new(),
            look_again: Arc::default(),
            map: ArcSwap::default(),
            wires: AtomicU64::new(0),
            offset: Mutex::new(None),
            correction_ms: AtomicI64::new(0),
            told_offset_ms: AtomicI64::new(0),
        })
    }

    pub(super) fn next_wire(&self) -> u64 {
        self.wires.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// How far the tier's clock is ahead, as measured last.
    pub(super) fn offset(&self) -> Option<TimeOffset> {
        *self.offset.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.is_cancelled()
    }

    /// Who has which slots of the cluster, as is known now.
    pub(super) fn owners(&self) -> Vec<Owner> {
        self.map.load().owners.clone()
    }

    /// Whether the map of the cluster has a slot at this address.
    pub(super) fn is_here(&self, slot: u16, address: &Address) -> bool {
        let map = self.map.load();
        map.owner(slot)
            .is_some_and(|owner| owner.address == *address)
    }

    pub(super) fn note_offset(&self, offset: TimeOffset) {
        *self.offset.lock().unwrap_or_else(PoisonError::into_inner) = Some(offset);
        let corrected = self.correction_ms.load(Ordering::Relaxed);
        let step = OFFSET_STEP_MS.saturating_add_unsigned(offset.uncertainty_ms);
        if (offset.ms - corrected).abs() > step {
            self.correction_ms.store(offset.ms, Ordering::Relaxed);
        }
        let told = self.told_offset_ms.load(Ordering::Relaxed);
        if offset.ms.abs() > OFFSET_TOLD_MS && (offset.ms - told).abs() > OFFSET_TOLD_MS {
            self.told_offset_ms.store(offset.ms, Ordering::Relaxed);
            tracing::warn!(
                ahead_ms = offset.ms,
                "the clocks of this node and of the shared tier differ; the tier's counts. Set this node's clock"
            );
        } else if offset.ms.abs() <= OFFSET_TOLD_MS && told != 0 {
            self.told_offset_ms.store(0, Ordering::Relaxed);
            tracing::info!("the clocks of this node and of the shared tier agree again");
        }
    }
}

impl Map {
    fn owner(&self, slot: u16) -> Option<&Owner> {
        self.owners
            .iter()
            .find(|owner| (owner.first..=owner.last).contains(&slot))
    }

    fn shard(&self, key: &str) -> Option<Shard> {
        // Without a cluster there is one shard, and nothing to compute.
        if self.owners.is_empty() {
            return self.shards.first().map(|(_, shard)| shard.clone());
        }
        let owner = self.owner(slot(key))?;
        self.at(&owner.address).cloned()
    }

    fn at(&self, address: &Address) -> Option<&Shard> {
        let found = self.shards.iter().find(|(known, _)| known == address);
        found.map(|(_, shard)| shard)
    }
}

impl Tier {
    /// Connects for the first time and keeps connected from then on.
    pub(super) async fn start(
        options: Options,
        bell: Arc<Bell>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OpenError> {
        let shared = Arc::new(Shared::new(options, bell, clock)?);
        if let Target::Cluster(nodes) = &shared.options.url.target {
            match topology::owners(&shared.dialer, shared.options.call, nodes.clone()).await {
                Ok(owners) => follow(&shared, owners).await?,
                Err(error) if !error.may_pass() => return Err(error),
                Err(error) => tracing::error!(%error, "no shared tier"),
            }
            if let Some(witnesses) = Witnesses::of(&shared)
                && shared.options.wait_replicas > 0
            {
                witnesses.may_be_asked().await?;
            }
            tokio::spawn(keep_map(Arc::clone(&shared), nodes.clone()));
        } else {
            let shard = Shard::start(&shared, Source::Configured).await?;
            let somewhere = Address {
                host: String::new(),
                port: 0,
            };
            shared.map.store(Arc::new(Map {
                owners: Vec::new(),
                shards: vec![(somewhere, shard)],
            }));
        }
        Ok(Self { shared })
    }

    /// The shard that has a key; `None` when no server of the cluster has its slot.
    pub(super) fn shard(&self, key: &str) -> Option<Shard> {
        self.shared.map.load().shard(key)
    }

    /// The slot of a key in a cluster; elsewhere all keys are in one.
    pub(super) fn slot(&self, key: &str) -> u16 {
        match self.shared.options.url.target {
            Target::Cluster(_) => slot(key),
            Target::Server(_) | Target::Sentinel { .. } => 0,
        }
    }

    /// What a confirmed append is worth now: as much as in the weakest shard.
    pub(super) fn guarantee(&self) -> Guarantee {
        if self.shared.is_closed() {
            return Guarantee::None;
        }
        let map = self.shared.map.load();
        let of = |shard: &Shard| shard.link.standing().guarantee.clone();
        let mut all = map.shards.iter().map(|(_, shard)| of(shard));
        let Some(first) = all.next() else {
            return Guarantee::None;
        };
        all.fold(first, |weakest, next| match (&weakest, &next) {
            (Guarantee::None, _) => weakest,
            (_, Guarantee::None) => next,
            (Guarantee::Weaker { .. }, _) => weakest,
            (_, Guarantee::Weaker { .. }) => next,
            _ => weakest,
        })
    }

    pub(super) fn close(&self) {
        self.shared.closed.cancel();
        self.shared.bell.close();
    }
}

impl Drop for Tier {
    fn drop(&mut self) {
        self.close();
    }
}

/// Follows a cluster whose slots move from server to server.
async fn keep_map(shared: Arc<Shared>, seeds: Vec<Address>) {
    loop {
        tokio::select! {
            () = shared.closed.cancelled() => return,
            () = shared.look_again.notified() => {}
            () = tokio::time::sleep(MAP_EVERY) => {}
        }
        let known = shared.map.load_full();
        let mut nodes: Vec<Address> = Vec::new();
        nodes.extend(known.shards.iter().map(|(address, _)| address.clone()));
        nodes.extend_from_slice(&seeds);
        let found = topology::owners(&shared.dialer, shared.options.call, nodes).await;
        let followed = match found {
            Ok(owners) if owners == known.owners => Ok(()),
            Ok(owners) => follow(&shared, owners).await,
            Err(error) => Err(error),
        };
        if let Err(error) = followed {
            tracing::warn!(%error, "the cluster does not say who has which slots");
        }
        tokio::time::sleep(MAP_PAUSE).await;
    }
}

/// Has a shard for every primary, keeps those that stay, ends those that are gone.
async fn follow(shared: &Arc<Shared>, owners: Vec<Owner>) -> Result<(), OpenError> {
    let before = shared.map.load_full();
    let mut addresses: Vec<_> = owners.iter().map(|owner| owner.address.clone()).collect();
    addresses.sort();
    addresses.dedup();
    // The map first: a new shard asks it which bells to listen to.
    shared.map.store(Arc::new(Map {
        owners: owners.clone(),
        shards: before.shards.clone(),
    }));
    let mut shards = Vec::with_capacity(addresses.len());
    for address in addresses {
        let shard = match before.at(&address) {
            Some(shard) => shard.clone(),
            None => Shard::start(shared, Source::At(address.clone())).await?,
        };
        shards.push((address, shard));
    }
    for (address, shard) in &before.shards {
        if !shards.iter().any(|(stays, _)| stays == address) {
            shard.ended.cancel();
        }
    }
    shared.map.store(Arc::new(Map { owners, shards }));
    Ok(())
}

/// This node's clock, set right by the shared tier's: ranks of two nodes with different clocks stay comparable.
pub(super) struct TierClock(pub(super) Arc<Shared>);

impl Clock for TierClock {
    fn now_ms(&self) -> u64 {
        let correction_ms = self.0.correction_ms.load(Ordering::Relaxed);
        self.0.clock.now_ms().saturating_add_signed(correction_ms)
    }

    fn monotonic_ms(&self) -> u64 {
        self.0.clock.monotonic_ms()
    }
}
