//! The rate at which TLS handshakes may start, so that a storm of them leaves the processor to those connected.

use std::sync::Mutex;
use std::time::{Duration, Instant};

/// A steady rate with a burst: each handshake takes the next free slot and waits for it (a leaky bucket).
#[derive(Debug)]
pub struct HandshakeBudget {
    interval: Duration,
    burst: Duration,
    next: Mutex<Option<Instant>>,
}

/// No slot is free before the deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooBusy;

impl HandshakeBudget {
    /// `per_second` handshakes, of which `burst` may start at once.
    #[must_use]
    pub fn new(per_second: u32, burst: u32) -> Self {
        let interval = Duration::from_secs(1) / per_second.max(1);
        Self {
            interval,
            burst: interval * burst.max(1).saturating_sub(1),
            next: Mutex::new(None),
        }
    }

    /// Takes the next slot and says how long to wait for it.
    ///
    /// # Errors
    /// When that would be longer than `longest`; then no slot is taken.
    pub fn reserve(&self, now: Instant, longest: Duration) -> Result<Duration, TooBusy> {
        let mut next = self
            .next
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let earliest = now.checked_sub(self.burst).unwrap_or(now);
        let slot = next.map_or(earliest, |next| next.max(earliest));
        let wait = slot.saturating_duration_since(now);
        if wait > longest {
            return Err(TooBusy);
        }
        *next = Some(slot + self.interval);
        Ok(wait)
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
}
