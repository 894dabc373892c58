//! Telling the newest of something, whole: each connection once, and who has no room for it when there is some.
//!
//! Owns: which connections have it. Must not: know what it is. Called by: `lists`, `colleagues`.

use std::collections::HashSet;
use std::sync::Arc;

use callbox_proto::ids::ConnectionId;
use serde::Serialize;

use super::frame::Shared;
use super::outbox::Outbox;

/// Connections that have the newest.
#[derive(Debug, Default)]
pub struct Told(HashSet<ConnectionId>);

impl Told {
    /// Tells those here who do not have it. Of others nothing is remembered.
    pub fn tell<T: Serialize>(&mut self, here: &[Arc<Outbox>], newest: impl Fn() -> T) {
        let ids: HashSet<_> = here.iter().map(|outbox| outbox.connection()).collect();
        self.0.retain(|id| ids.contains(id));
        let mut message = None;
        for outbox in here {
            if self.has(outbox) {
                continue;
            }
            let message = message.get_or_insert_with(|| Shared::new(newest()));
            if outbox.has_room() && message.send(outbox).is_ok() {
                self.0.insert(outbox.connection());
            }
        }
    }

    /// Whether a connection has it.
    #[must_use]
    pub fn has(&self, outbox: &Outbox) -> bool {
        self.0.contains(&outbox.connection())
    }

    /// This one is told again.
    pub fn forget(&mut self, outbox: &Outbox) {
        self.0.remove(&outbox.connection());
    }

    /// There is a newer one: everybody is told again.
    pub fn forget_all(&mut self) {
        self.0.clear();
    }
}
