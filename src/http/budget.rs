//! The rate at which TLS handshakes may start, so that a storm of them leaves the processor to those connected.
//!
//! Owns: who may start, and a rate that gives way when the machine falls behind. Must not: do handshakes. Called by: `serve`
//! for each connection, `server` for the pace.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

/// How often the rate is looked at.
const PACE: Duration = Duration::from_millis(100);
/// A task that is woken this late says that there is more work than processors: fewer may start.
const BEHIND: Duration = Duration::from_millis(60);
/// A task that is woken this soon says that there is room for more.
const IN_TIME: Duration = Duration::from_millis(15);
/// The slowest rate, per second: somebody always gets in.
const SLOWEST: u32 = 50;
/// The rate grows by this part of the highest at each look: from nothing to all in four seconds.
const GROWTH: u32 = 40;

/// A rate with a burst: each handshake takes the next free slot and waits for it (a leaky bucket).
#[derive(Debug)]
pub struct HandshakeBudget {
    highest: u32,
    burst: u32,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    per_second: u32,
    next: Option<Instant>,
}

/// No slot is free before the deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooBusy;

impl HandshakeBudget {
    /// `per_second` handshakes at most, of which `burst` may start at once.
    #[must_use]
    pub fn new(per_second: u32, burst: u32) -> Self {
        let highest = per_second.max(1);
        Self {
            highest,
            burst: burst.max(1),
            state: Mutex::new(State {
                per_second: highest,
                next: None,
            }),
        }
    }

    /// Takes the next slot and says how long to wait for it.
    ///
    /// # Errors
    /// When that would be longer than `longest`; then no slot is taken.
    pub fn reserve(&self, now: Instant, longest: Duration) -> Result<Duration, TooBusy> {
        let mut state = self.state();
        let interval = Duration::from_secs(1) / state.per_second;
        // At a slower rate the burst is smaller too: it is the same part of a second.
        let burst = self.burst.saturating_mul(state.per_second) / self.highest;
        let at_once = interval * burst.max(1).saturating_sub(1);
        let earliest = now.checked_sub(at_once).unwrap_or(now);
        let slot = state.next.map_or(earliest, |next| next.max(earliest));
        let wait = slot.saturating_duration_since(now);
        if wait > longest {
            return Err(TooBusy);
        }
        state.next = Some(slot + interval);
        Ok(wait)
    }

    /// Looks at how late the machine is, until `stop`.
    pub async fn keep_pace(self: Arc<Self>, stop: CancellationToken) {
        loop {
            let due = Instant::now() + PACE;
            let slept = stop.run_until_cancelled(tokio::time::sleep_until(due.into()));
            if slept.await.is_none() {
                return;
            }
            self.adjust(due.elapsed());
        }
    }

    /// Halves the rate when the machine is behind, lets it grow when it is in time.
    fn adjust(&self, late: Duration) {
        let mut state = self.state();
        if late >= BEHIND {
            let slowest = SLOWEST.min(self.highest);
            state.per_second = (state.per_second / 2).max(slowest);
        } else if late <= IN_TIME {
            let more = (self.highest / GROWTH).max(1);
            state.per_second = (state.per_second + more).min(self.highest);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONGEST: Duration = Duration::from_secs(1);

    #[test]
    fn a_burst_starts_at_once_and_the_next_waits_its_turn() {
        let budget = HandshakeBudget::new(10, 3);
        let now = Instant::now() + Duration::from_secs(3600);
        let waits: Vec<_> = (0..5).map(|_| budget.reserve(now, LONGEST)).collect();
        let ms = |n| Ok(Duration::from_millis(n));
        assert_eq!(waits, [ms(0), ms(0), ms(0), ms(100), ms(200)]);
    }

    #[test]
    fn who_would_wait_past_the_deadline_takes_no_slot() {
        let budget = HandshakeBudget::new(10, 1);
        let now = Instant::now() + Duration::from_secs(3600);
        let taken = (0..100)
            .filter(|_| budget.reserve(now, LONGEST).is_ok())
            .count();
        assert_eq!(taken, 11, "one at once and ten within the second");
        assert!(
            budget.reserve(now + LONGEST, LONGEST).is_ok(),
            "the queue moves on"
        );
    }

    #[test]
    fn a_machine_that_falls_behind_starts_fewer_and_one_in_time_more_again() {
        let budget = HandshakeBudget::new(1_000, 1_000);
        let mut now = Instant::now() + Duration::from_secs(3600);
        let mut taken = |budget: &HandshakeBudget| {
            now += Duration::from_secs(60);
            (0..10_000)
                .filter(|_| budget.reserve(now, Duration::ZERO).is_ok())
                .count()
        };
        assert_eq!(taken(&budget), 1_000);
        budget.adjust(BEHIND);
        assert_eq!(taken(&budget), 500);
        (0..20).for_each(|_| budget.adjust(BEHIND));
        assert_eq!(taken(&budget), SLOWEST as usize, "somebody always gets in");
        budget.adjust((BEHIND + IN_TIME) / 2);
        assert_eq!(taken(&budget), SLOWEST as usize);
        (0..2 * GROWTH).for_each(|_| budget.adjust(IN_TIME));
        assert_eq!(taken(&budget), 1_000);
    }
}
