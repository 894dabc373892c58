//! Every open connection, so that the one clock of the node can look after all of them.
//!
//! Owns: the registry of outboxes with how long each may be silent and when its leave to be here ends. Must not: write. Called
//! by: `transport` (in and out), `tasks` (heartbeats, tokens that ended), `drain`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use callbox_proto::ids::ConnectionId;
use callbox_proto::vocabulary::Millis;

use super::lock;
use super::outbox::Outbox;

/// One connection, as it is looked at.
#[derive(Debug, Clone)]
pub struct Open {
    /// What waits for it.
    pub outbox: Arc<Outbox>,
    /// It is closed when nothing was heard for this long, in ms.
    pub silence_ms: u64,
    /// When the token that opened it ends, by the wall clock; residents have none.
    pub ends_ms: Option<Millis>,
    /// What ends then is a link for responders, and not a sign-in that can be renewed.
    pub by_link: bool,
}

/// The registry.
#[derive(Debug, Default)]
pub struct Connections {
    open: Mutex<HashMap<ConnectionId, Open>>,
}

impl Connections {
    /// A connection opened.
    pub fn add(&self, open: Open) {
        lock(&self.open).insert(open.outbox.connection(), open);
    }

    /// A connection showed a token that ends then.
    pub fn renew(&self, connection: ConnectionId, ends_ms: Millis) {
        if let Some(open) = lock(&self.open).get_mut(&connection) {
            open.ends_ms = Some(ends_ms);
        }
    }

    /// A connection is gone.
    pub fn remove(&self, connection: ConnectionId) {
        lock(&self.open).remove(&connection);
    }

    /// Looks at every connection. The action must be quick: the lock is held.
    pub fn for_each(&self, act: impl FnMut(&Open)) {
        lock(&self.open).values().for_each(act);
    }

    /// How many are open.
    #[must_use]
    pub fn count(&self) -> usize {
        lock(&self.open).len()
    }
}
