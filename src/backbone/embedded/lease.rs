//! Leases and epochs, in memory: on one node they end with the process, and so do those who hold them.
//!
//! Owns: named leases and the numbers that fence claims and leases. Must not: touch the disk or a clock. Called by: the
//! handle of the embedded backbone.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::backbone::{BackboneError, Lease};

/// Leases known at once, overdue ones included. A node has a few per console: thousands of consoles fit.
pub(super) const LEASES_MAX: usize = 65_536;

#[derive(Debug, Clone)]
struct Held {
    holder: Arc<str>,
    epoch: u64,
    deadline_ms: u64,
}

/// All leases by name and by deadline.
#[derive(Debug, Default)]
pub(super) struct Leases {
    by_name: HashMap<Arc<str>, Held>,
    deadlines: BTreeSet<(u64, Arc<str>)>,
}

impl Leases {
    /// Takes or prolongs a lease; a new holder, or a lease taken after its deadline, gets `epoch`.
    pub(super) fn take(
        &mut self,
        name: &str,
        holder: &str,
        deadline_ms: u64,
        epoch: u64,
        now_ms: u64,
    ) -> Result<Option<Lease>, BackboneError> {
        let live = self
            .by_name
            .get(name)
            .filter(|held| held.deadline_ms > now_ms);
        let epoch = match live {
            Some(held) if *held.holder != *holder => return Ok(None),
            Some(held) => held.epoch,
            None => epoch,
        };
        if self.by_name.len() >= LEASES_MAX && !self.by_name.contains_key(name) {
            return Err(BackboneError::OverBound { what: "leases" });
        }
        let lease = Lease {
            name: name.into(),
            holder: holder.into(),
            epoch,
        };
        self.forget(name);
        self.keep(&lease, deadline_ms);
        Ok(Some(lease))
    }

    /// Prolongs a lease that is held with this epoch.
    pub(super) fn renew(&mut self, lease: &Lease, deadline_ms: u64, now_ms: u64) -> bool {
        let held = self.holds(lease, now_ms);
        if held {
            self.forget(&lease.name);
            self.keep(lease, deadline_ms);
        }
        held
    }

    /// Ends a lease that is held with this epoch.
    pub(super) fn end(&mut self, lease: &Lease, now_ms: u64) -> bool {
        let held = self.holds(lease, now_ms);
        if held {
            self.forget(&lease.name);
        }
        held
    }

    /// The leases longest past their deadline.
    pub(super) fn overdue(&self, limit: usize, now_ms: u64) -> Vec<Lease> {
        let past = self
            .deadlines
            .iter()
            .take_while(|(deadline_ms, _)| *deadline_ms <= now_ms);
        let leases = past.filter_map(|(_, name)| {
            let held = self.by_name.get(name)?;
            Some(Lease {
                name: Arc::clone(name),
                holder: Arc::clone(&held.holder),
                epoch: held.epoch,
            })
        });
        leases.take(limit).collect()
    }

    fn holds(&self, lease: &Lease, now_ms: u64) -> bool {
        let held = self.by_name.get(&lease.name);
        held.is_some_and(|held| held.epoch == lease.epoch && held.deadline_ms > now_ms)
    }

    fn keep(&mut self, lease: &Lease, deadline_ms: u64) {
        let held = Held {
            holder: Arc::clone(&lease.holder),
            epoch: lease.epoch,
            deadline_ms,
        };
        self.by_name.insert(Arc::clone(&lease.name), held);
        self.deadlines
            .insert((deadline_ms, Arc::clone(&lease.name)));
    }

    fn forget(&mut self, name: &str) {
        if let Some((name, held)) = self.by_name.remove_entry(name) {
            self.deadlines.remove(&(held.deadline_ms, name));
        }
    }
}

/// Numbers that only grow, over restarts too: the store keeps a ceiling, and numbers below it are free to hand out.
#[derive(Debug)]
pub(super) struct Epochs {
    next: u64,
    ceiling: u64,
}

impl Epochs {
    /// Numbers from `next` up to, not including, `ceiling`.
    pub(super) const fn new(next: u64, ceiling: u64) -> Self {
        Self { next, ceiling }
    }

    /// The next number; `None` when a new ceiling must be stored first.
    pub(super) fn next(&mut self) -> Option<u64> {
        let epoch = self.next;
        (epoch < self.ceiling).then(|| {
            self.next += 1;
            epoch
        })
    }

    /// A new ceiling has been stored.
    pub(super) fn raise(&mut self, ceiling: u64) {
        self.ceiling = self.ceiling.max(ceiling);
    }
}
