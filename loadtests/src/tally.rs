//! What happened in one phase of a scene, counted by everybody in it.
//!
//! Owns: the counters and the command ids that tell whose message it was. Must not: read sockets. Called by: `scene` and
//! its seats.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::latency::Latency;

/// Counters of one phase.
#[derive(Debug)]
pub struct Tally {
    /// Times are told in µs since then.
    pub epoch: Instant,
    /// First half of every command id of this scene.
    pub tag: u64,
    /// Texts sent.
    pub sent: AtomicU64,
    /// Texts refused by an error.
    pub refused: AtomicU64,
    /// Texts that a receipt called safe.
    pub safe: AtomicU64,
    /// Texts that came back to their resident.
    pub echoed: AtomicU64,
    /// Texts that a console received.
    pub shown: AtomicU64,
    /// Texts that a console received again or out of order.
    pub disordered: AtomicU64,
    /// Entries that did not follow the one before.
    pub holes: AtomicU64,
    /// Residents that still send or wait for what they sent.
    pub sending: AtomicUsize,
    /// Whether latencies count now.
    pub recording: AtomicBool,
    /// Whether residents stop sending.
    pub stop: AtomicBool,
    safe_after: Mutex<Latency>,
    shown_after: Mutex<Latency>,
}

impl Tally {
    /// Nothing counted; so many residents will send.
    #[must_use]
    pub fn new(epoch: Instant, tag: u64, sending: usize) -> Self {
        Self {
            epoch,
            tag,
            sent: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            safe: AtomicU64::new(0),
            echoed: AtomicU64::new(0),
            shown: AtomicU64::new(0),
            disordered: AtomicU64::new(0),
            holes: AtomicU64::new(0),
            sending: AtomicUsize::new(sending),
            recording: AtomicBool::new(false),
            stop: AtomicBool::new(false),
            safe_after: Mutex::default(),
            shown_after: Mutex::default(),
        }
    }

    /// µs since the scene began.
    #[must_use]
    pub fn now_us(&self) -> u64 {
        u64::try_from(self.epoch.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// A text sent then is safe.
    pub fn is_safe(&self, sent_us: u64) {
        self.safe.fetch_add(1, Relaxed);
        self.record(&self.safe_after, sent_us);
    }

    /// A text sent then is shown.
    pub fn is_shown(&self, sent_us: u64) {
        self.shown.fetch_add(1, Relaxed);
        self.record(&self.shown_after, sent_us);
    }

    fn record(&self, latency: &Mutex<Latency>, sent_us: u64) {
        if self.recording.load(Relaxed) {
            lock(latency).record_us(self.now_us().saturating_sub(sent_us));
        }
    }

    /// Whether everything sent was answered and shown, and nobody sends any more.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.sending.load(Relaxed) == 0 && self.missing() == 0
    }

    /// Texts sent and not refused that no console has received.
    #[must_use]
    pub fn missing(&self) -> u64 {
        let due = self.sent.load(Relaxed) - self.refused.load(Relaxed);
        due.saturating_sub(self.shown.load(Relaxed))
    }

    /// From sending to the receipt.
    #[must_use]
    pub fn safe_latency(&self) -> Latency {
        lock(&self.safe_after).clone()
    }

    /// From sending to the console.
    #[must_use]
    pub fn shown_latency(&self) -> Latency {
        lock(&self.shown_after).clone()
    }

    /// The resident and the number of a text, by its command id; `None` for commands of others.
    #[must_use]
    pub fn text_of(&self, command: u128) -> Option<(usize, u32)> {
        if (command >> 64) as u64 != self.tag {
            return None;
        }
        let resident = usize::try_from((command >> 32) as u32).ok()?;
        Some((resident, command as u32))
    }
}

/// The command id of a resident's text: scene, resident, number.
#[must_use]
pub fn text_id(tag: u64, resident: usize, number: u32) -> u128 {
    (u128::from(tag) << 64) | ((resident as u128 & 0xffff_ffff) << 32) | u128::from(number)
}

/// A panic elsewhere ends the run anyway; figures stay readable.
fn lock(latency: &Mutex<Latency>) -> MutexGuard<'_, Latency> {
    latency.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_id_tells_whose_text_it_was_and_others_are_nobodys() {
        let tally = Tally::new(Instant::now(), 9, 1);
        assert_eq!(tally.text_of(text_id(9, 499, 12)), Some((499, 12)));
        assert_eq!(tally.text_of(text_id(8, 499, 12)), None);
    }

    #[test]
    fn a_phase_is_over_when_all_that_was_taken_is_shown() {
        let tally = Tally::new(Instant::now(), 9, 0);
        tally.sent.store(3, Relaxed);
        tally.refused.store(1, Relaxed);
        tally.is_shown(0);
        assert_eq!((tally.missing(), tally.is_over()), (1, false));
        tally.is_shown(0);
        assert!(tally.is_over());
    }

    #[test]
    fn latencies_count_only_while_recording() {
        let tally = Tally::new(Instant::now(), 9, 0);
        tally.is_safe(0);
        tally.recording.store(true, Relaxed);
        tally.is_safe(0);
        assert_eq!(tally.safe_latency().count(), 1);
    }
}
