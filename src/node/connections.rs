//! Every open connection, so that the one clock of the node can look after all of them.
//!
//! Owns: the registry of outboxes with how long each may be silent and when its leave to be here ends. Must not: write. Called
//! by: `transport` (in and out), `tasks` (heartbeats, tokens that ended), `settings` (what changed), `drain`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use callbox_proto::ids::ConnectionId;
use callbox_proto::vocabulary::Millis;

use super::agency::Agency;
use super::lock;
use super::outbox::Outbox;

/// Which side a connection is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whom {
    /// A resident's client.
    Resident,
    /// A link for responders.
    Responder,
    /// A person of the agency, or a wallboard.
    Staff,
}

/// One connection, as it is looked at.
#[derive(Debug, Clone)]
pub struct Open {
    /// What waits for it.
    pub outbox: Arc<Outbox>,
    /// Which side it is on; what ends a responder's is the link, and not a sign-in that can be renewed.
    pub whom: Whom,
    /// Whose settings it goes by.
    pub agency: Arc<Agency>,
    /// The edition of them that it was told; `None` before its welcome.
    pub edition: Option<u64>,
    /// It is closed when nothing was heard for this long, in ms.
    pub silence_ms: u64,
    /// When the token that opened it ends, by the wall clock; residents have none.
    pub ends_ms: Option<Millis>,
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

    /// A connection was welcomed with this edition of its agency's settings.
    pub fn welcomed(&self, connection: ConnectionId, edition: u64) {
        if let Some(open) = lock(&self.open).get_mut(&connection) {
            open.edition = Some(edition);
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

    /// Looks at every connection, and may write down what it was told. As quick as [`Self::for_each`].
    pub fn for_each_mut(&self, act: impl FnMut(&mut Open)) {
        lock(&self.open).values_mut().for_each(act);
    }

    /// How many are open.
    #[must_use]
    pub fn count(&self) -> usize {
        lock(&self.open).len()
    }
}
