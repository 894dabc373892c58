//! Every open connection, so that the one clock of the node can look after all of them.
//!
//! Owns: the registry of outboxes with how long each may be silent. Must not: write. Called by: `transport` (in and out),
//! `tasks` (heartbeats), `drain`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use callbox_proto::ids::ConnectionId;

use super::lock;
use super::outbox::Outbox;

/// The registry.
#[derive(Debug, Default)]
pub struct Connections {
    open: Mutex<HashMap<ConnectionId, (Arc<Outbox>, u64)>>,
}

impl Connections {
    /// A connection opened; it is closed when nothing was heard for `silence_ms`.
    pub fn add(&self, outbox: &Arc<Outbox>, silence_ms: u64) {
        lock(&self.open).insert(outbox.connection(), (Arc::clone(outbox), silence_ms));
    }

    /// A connection is gone.
    pub fn remove(&self, connection: ConnectionId) {
        lock(&self.open).remove(&connection);
    }

    /// Looks at every connection. The action must be quick: the lock is held.
    pub fn for_each(&self, mut act: impl FnMut(&Outbox, u64)) {
        for (outbox, silence_ms) in lock(&self.open).values() {
            act(outbox, *silence_ms);
        }
    }

    /// How many are open.
    #[must_use]
    pub fn count(&self) -> usize {
        lock(&self.open).len()
    }
}
