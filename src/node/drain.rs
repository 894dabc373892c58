//! A drain: this node's clients are moved to other nodes, so many a second, until a deadline; and may be kept after all.
//!
//! Owns: whether clients are sent away, how fast, and how far that is. Must not: end the process, or say whether the node is
//! ready. Called by: `http::drain` (an operator's word), `app` (at the end), `http::api` (who comes is sent on), `staff`
//! (graces), `tasks` (the clock).
//!
//! A client that is told to go connects again within a quarter of a second, at another node, and resumes: that is its one
//! reconnect. Nothing is handed over: what it has is in the log.

use std::sync::Mutex;
use std::time::Duration;

use callbox_proto::error::CloseCode;
use callbox_proto::message::ToResident;
use serde::{Deserialize, Serialize};

use super::frame::Shared;
use super::{Node, lock};

/// Longest time a drain may take, in s: a day that begins with a drain and ends with one has a mistake in between.
pub const WITHIN_MAX_S: u64 = 24 * 3_600;
/// Time a drain may take where nothing is said, in s.
pub const WITHIN_DEFAULT_S: u64 = 60;
/// Clients told in a second at least where no rate is said.
const RATE_MIN_PER_S: u32 = 50;

/// Told where another node is there: half of this to all of it, in ms. The rate already spreads them.
const MOVE_AFTER_MS: u64 = 250;
/// Told where there is none, in ms: they come back here, after the restart, which takes about 2 s.
const RESTART_AFTER_MS: u64 = 4_000;

/// What an operator asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DrainOrder {
    /// Everybody has been told when this is over, in s.
    pub within_s: u64,
    /// Clients told per second; by default as many as it takes to be through after half of the time.
    pub per_s: Option<u32>,
    /// Also when there is no other node to go to.
    pub even_alone: bool,
}

impl Default for DrainOrder {
    fn default() -> Self {
        Self {
            within_s: WITHIN_DEFAULT_S,
            per_s: None,
            even_alone: false,
        }
    }
}

/// How far a drain is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrainProgress {
    /// Whether clients are sent away and who comes is refused.
    pub draining: bool,
    /// Open connections of residents and staff.
    pub connections: usize,
    /// Those when it began; 0 without a drain.
    pub began_with: usize,
    /// Clients told per second; 0 without a drain.
    pub per_s: u32,
    /// Until the deadline, in ms; 0 when it has passed, and without a drain.
    pub left_ms: u64,
}

/// Why a drain does not begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DrainRefused {
    /// Residents would be turned away, all of them or those of one agency.
    #[error("there is no other node that residents could go to, or none for one of the agencies")]
    NowhereToGo,
    /// The time or the rate makes no sense.
    #[error("a drain takes 1 s to {WITHIN_MAX_S} s, and tells at least 1 client a second")]
    OutOfRange,
}

/// Whether a node drains.
#[derive(Debug, Default)]
pub struct Drain {
    current: Mutex<Option<Current>>,
}

#[derive(Debug, Clone, Copy)]
struct Current {
    began_with: usize,
    /// By the monotonic clock; the rate counts from here.
    since_ms: u64,
    until_ms: u64,
    per_s: u32,
    told: u64,
    /// The process ends with it: there is no way back.
    ends: bool,
}

impl Current {
    /// How many more may be told now.
    fn allowed(&self, now_ms: u64) -> u64 {
        if now_ms >= self.until_ms {
            return u64::MAX;
        }
        let so_far = now_ms.saturating_sub(self.since_ms) * u64::from(self.per_s) / 1_000;
        so_far.saturating_sub(self.told)
    }
}

impl Drain {
    /// Whether clients are sent away.
    #[must_use]
    pub fn is_on(&self) -> bool {
        lock(&self.current).is_some()
    }

    fn begin(&self, order: &DrainOrder, connections: usize, now_ms: u64, ends: bool) {
        // Through after half of the time: the other half is for those who come back late.
        let half_s = usize::try_from(order.within_s)
            .unwrap_or(usize::MAX)
            .div_ceil(2)
            .max(1);
        let enough = u32::try_from(connections.div_ceil(half_s)).unwrap_or(u32::MAX);
        let mut current = lock(&self.current);
        *current = Some(Current {
            began_with: current.map_or(connections, |running| running.began_with),
            since_ms: now_ms,
            until_ms: now_ms.saturating_add(order.within_s.saturating_mul(1_000)),
            per_s: order.per_s.unwrap_or(enough.max(RATE_MIN_PER_S)),
            told: 0,
            ends: ends || current.is_some_and(|running| running.ends),
        });
    }

    fn call_off(&self) -> bool {
        let mut current = lock(&self.current);
        current.take_if(|running| !running.ends).is_some()
    }

    fn progress(&self, connections: usize, now_ms: u64) -> DrainProgress {
        let current = *lock(&self.current);
        DrainProgress {
            draining: current.is_some(),
            connections,
            began_with: current.map_or(0, |current| current.began_with),
            per_s: current.map_or(0, |current| current.per_s),
            left_ms: current.map_or(0, |current| current.until_ms.saturating_sub(now_ms)),
        }
    }
}

impl Node {
    /// Begins to send clients to other nodes, or goes on with another deadline and rate. Who comes from now on is refused.
    ///
    /// # Errors
    /// [`DrainRefused`]; nothing has changed then.
    pub fn drain(&self, order: &DrainOrder) -> Result<DrainProgress, DrainRefused> {
        if !(1..=WITHIN_MAX_S).contains(&order.within_s) || order.per_s == Some(0) {
            return Err(DrainRefused::OutOfRange);
        }
        if !order.even_alone && !self.all_have_company() {
            return Err(DrainRefused::NowhereToGo);
        }
        self.begin_drain(order, false);
        Ok(self.drain_progress())
    }

    /// Keeps the clients that are still here, and takes new ones. Answers whether there was a drain that could be called off:
    /// not the one with which the process ends.
    pub fn undrain(&self) -> bool {
        self.drain.call_off()
    }

    /// Whether clients are sent away.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.drain.is_on()
    }

    /// How far the drain is.
    #[must_use]
    pub fn drain_progress(&self) -> DrainProgress {
        let now_ms = self.clock.monotonic_ms();
        self.drain.progress(self.connections.count(), now_ms)
    }

    /// The process ends within `time`: clients are moved at a rate where there is another node, and sent away at once where
    /// there is none, to come back after the restart.
    pub fn send_everybody_away(&self, time: Duration) {
        let order = DrainOrder {
            // The other half is for their good-byes.
            within_s: (time.as_secs() / 2).clamp(1, WITHIN_MAX_S),
            per_s: None,
            even_alone: true,
        };
        self.begin_drain(&order, true);
        if !self.has_company() {
            self.send_away(u64::MAX);
        }
    }

    fn begin_drain(&self, order: &DrainOrder, ends: bool) {
        let now_ms = self.clock.monotonic_ms();
        let connections = self.connections.count();
        self.drain.begin(order, connections, now_ms, ends);
    }

    /// Tells those whose turn it is.
    pub(super) fn drain_tick(&self) {
        let now_ms = self.clock.monotonic_ms();
        let Some(allowed) = lock(&self.drain.current).map(|current| current.allowed(now_ms)) else {
            return;
        };
        let told = self.send_away(allowed);
        if let Some(current) = &mut *lock(&self.drain.current) {
            current.told += told;
        }
    }

    /// Asks so many clients to go. Answers how many there were.
    fn send_away(&self, count: u64) -> u64 {
        let after_ms = if self.has_company() {
            MOVE_AFTER_MS
        } else {
            RESTART_AFTER_MS
        };
        // The same on the wire for residents and staff.
        let mut hint = Shared::new(ToResident::Reconnect { after_ms });
        let mut told = 0;
        self.connections.for_each(|open| {
            let outbox = &open.outbox;
            if told < count && outbox.closing().is_none() {
                told += 1;
                // The close code says the same to whoever is too slow for the hint.
                let _missed = hint.send(outbox);
                outbox.close(CloseCode::GoingDown);
            }
        });
        told
    }

    /// Whether the residents of every agency have another node to go to.
    fn all_have_company(&self) -> bool {
        self.agencies
            .values()
            .all(|agency| agency.around.is_accompanied())
    }

    /// Whether there is another node.
    fn has_company(&self) -> bool {
        self.agencies
            .values()
            .any(|agency| agency.around.is_accompanied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drain(within_s: u64, per_s: Option<u32>, connections: usize) -> Drain {
        let drain = Drain::default();
        let order = DrainOrder {
            within_s,
            per_s,
            even_alone: true,
        };
        drain.begin(&order, connections, 1_000, false);
        drain
    }

    fn allowed(drain: &Drain, now_ms: u64) -> u64 {
        lock(&drain.current).expect("draining").allowed(now_ms)
    }

    #[test]
    fn as_many_are_told_as_the_rate_allows_and_all_at_the_deadline() {
        let drain = drain(10, Some(20), 1_000);
        assert_eq!(allowed(&drain, 1_000), 0);
        assert_eq!(allowed(&drain, 1_500), 10);
        lock(&drain.current).as_mut().expect("draining").told = 8;
        assert_eq!(allowed(&drain, 1_500), 2);
        assert_eq!(allowed(&drain, 11_000), u64::MAX);
    }

    #[test]
    fn without_a_rate_everybody_is_told_in_half_of_the_time() {
        assert_eq!(drain(60, None, 3_000).progress(3_000, 1_000).per_s, 100);
        assert_eq!(
            drain(60, None, 10).progress(10, 1_000).per_s,
            RATE_MIN_PER_S
        );
    }

    #[test]
    fn a_drain_can_be_called_off_but_not_the_one_that_ends_the_process() {
        let drain = drain(60, None, 10);
        assert!(drain.call_off() && !drain.is_on());
        assert!(!drain.call_off());
        drain.begin(&DrainOrder::default(), 10, 2_000, true);
        drain.begin(&DrainOrder::default(), 10, 3_000, false);
        assert!(!drain.call_off() && drain.is_on());
    }

    #[test]
    fn another_order_changes_the_rate_and_keeps_what_it_began_with() {
        let drain = drain(60, None, 3_000);
        let order = DrainOrder {
            within_s: 5,
            per_s: Some(7),
            even_alone: false,
        };
        drain.begin(&order, 900, 31_000, false);
        let progress = drain.progress(900, 32_000);
        assert_eq!((progress.began_with, progress.per_s), (3_000, 7));
        assert_eq!(progress.left_ms, 4_000);
    }
}
