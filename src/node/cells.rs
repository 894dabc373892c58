//! The sessions held in memory.
//!
//! Owns: the map from id to [`Cell`]. Must not: read or decide. Called by: everything in `node`.
//!
//! A cell stays as long as somebody is connected to it or something of it is on its way; all else is read back from the log
//! when needed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use callbox_proto::ids::SessionId;

use super::cell::Cell;
use super::lock;

/// Parts of the map, each with its own lock; session ids are random, so they fill evenly.
const SHARDS: usize = 64;

/// The map.
#[derive(Debug)]
pub struct Cells {
    shards: Vec<Mutex<HashMap<SessionId, Arc<Cell>>>>,
}

impl Default for Cells {
    fn default() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
        }
    }
}

impl Cells {
    fn shard(&self, id: SessionId) -> &Mutex<HashMap<SessionId, Arc<Cell>>> {
        &self.shards[(id.as_u128() % SHARDS as u128) as usize]
    }

    /// The cell of a session, if it is in memory.
    #[must_use]
    pub fn get(&self, id: SessionId) -> Option<Arc<Cell>> {
        lock(self.shard(id)).get(&id).cloned()
    }

    /// The cell of a session; a new one has to be read from the log.
    pub fn get_or_insert(&self, id: SessionId) -> Arc<Cell> {
        let mut shard = lock(self.shard(id));
        Arc::clone(shard.entry(id).or_insert_with(|| Arc::new(Cell::new(id))))
    }

    /// Lets a session go that nobody is connected to and nothing is on its way of. Whoever still holds the cell keeps a
    /// working one: it is only no longer found.
    pub fn forget_if_idle(&self, id: SessionId) {
        let mut shard = lock(self.shard(id));
        let idle = shard
            .get(&id)
            .is_some_and(|cell| Arc::strong_count(cell) == 1 && cell.lock().is_idle());
        if idle {
            shard.remove(&id);
        }
    }

    /// Lets every idle session go. Called now and then: a session may become idle while somebody holds its cell.
    pub fn sweep(&self) {
        for shard in &self.shards {
            let mut shard = lock(shard);
            shard.retain(|_, cell| Arc::strong_count(cell) > 1 || !cell.lock().is_idle());
            if shard.capacity() > 4 * shard.len() + 64 {
                shard.shrink_to_fit();
            }
        }
    }

    /// Looks at every session in memory. The map is free meanwhile.
    pub fn for_each(&self, mut act: impl FnMut(&Cell)) {
        for shard in &self.shards {
            let cells: Vec<_> = lock(shard).values().cloned().collect();
            for cell in cells {
                act(&cell);
            }
        }
    }

    /// How many are in memory.
    #[must_use]
    pub fn count(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).len()).sum()
    }
}
