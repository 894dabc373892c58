//! De-duplicates what one stream sends and gives every packet its place in a count that does not wrap.
//!
//! Owns: the window of what was seen. Must not: hold packets back to sort them. Called by: `member`, `actor`.
//!
//! Browsers probe the network by sending old packets again; repaired packets come late. A late packet that is new is
//! passed on, since viewers' own buffers put it in place; one that was seen, or is older than the window, is not.

use std::time::{Duration, Instant};

/// How long a missing packet may still be repaired by the publisher: three round trips of a slow mobile network. After
/// that viewers would freeze for seconds before they ask, so the room asks for a key frame in their place.
const REPAIR_WITHIN: Duration = Duration::from_millis(500);
/// Packets the window looks back: two seconds of video at 4 Mbit/s. What is older no viewer can use.
const WINDOW: u64 = 1_024;
const WORDS: usize = 16;

/// One stream of one publisher.
#[derive(Debug)]
pub(super) struct Ingress {
    ssrc: u32,
    highest: u64,
    seen: [u64; WORDS],
    missing: u64,
    missing_since: Option<Instant>,
}

impl Ingress {
    /// Begins with the stream's first packet, which counts as new.
    pub(super) fn start(ssrc: u32, sequence: u16) -> Ingress {
        // One cycle up, so that packets before the first one have a place too.
        let highest = (1 << 16) + u64::from(sequence);
        let mut ingress = Ingress {
            ssrc,
            highest,
            seen: [0; WORDS],
            missing: 0,
            missing_since: None,
        };
        ingress.mark(highest);
        ingress
    }

    pub(super) fn ssrc(&self) -> u32 {
        self.ssrc
    }

    pub(super) fn first(&self) -> u64 {
        self.highest
    }

    /// The packet's place, or `None` when it was seen before or is too old.
    pub(super) fn admit(&mut self, sequence: u16, now: Instant) -> Option<u64> {
        let place = self.extend(sequence);
        if place > self.highest {
            // Places skipped may come later: they are new until seen.
            let steps = (place - self.highest).min(WINDOW);
            for n in 0..steps {
                self.clear(place - n);
            }
            if steps > 1 {
                self.missing += steps - 1;
                self.missing_since.get_or_insert(now);
            }
            self.highest = place;
        } else if self.highest - place >= WINDOW || self.is_marked(place) {
            return None;
        } else {
            self.missing = self.missing.saturating_sub(1);
        }
        if self.missing == 0 {
            self.missing_since = None;
        }
        self.mark(place);
        Some(place)
    }

    /// Packets are missing that will not come any more. Says so once.
    pub(super) fn gave_up(&mut self, now: Instant) -> bool {
        let late = |since: Instant| now.saturating_duration_since(since) >= REPAIR_WITHIN;
        let gave_up = self.missing_since.is_some_and(late);
        if gave_up {
            self.missing = 0;
            self.missing_since = None;
        }
        gave_up
    }

    /// RFC 3550, appendix A.1: the place nearest to the highest one so far.
    fn extend(&self, sequence: u16) -> u64 {
        let highest = u16::try_from(self.highest & 0xffff).unwrap_or(0);
        let step = sequence.wrapping_sub(highest).cast_signed();
        self.highest.saturating_add_signed(i64::from(step))
    }

    fn slot(place: u64) -> (usize, u64) {
        let at = usize::try_from(place % WINDOW).unwrap_or(0);
        (at / 64, 1 << (at % 64))
    }

    fn mark(&mut self, place: u64) {
        let (word, bit) = Self::slot(place);
        self.seen[word] |= bit;
    }

    fn clear(&mut self, place: u64) {
        let (word, bit) = Self::slot(place);
        self.seen[word] &= !bit;
    }

    fn is_marked(&self, place: u64) -> bool {
        let (word, bit) = Self::slot(place);
        self.seen[word] & bit != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_packet_is_admitted_once_and_late_ones_keep_their_place() {
        let (mut ingress, now) = (Ingress::start(1, 10), Instant::now());
        let first = ingress.first();
        assert_eq!(ingress.admit(10, now), None);
        assert_eq!(ingress.admit(13, now), Some(first + 3));
        assert_eq!(ingress.admit(11, now), Some(first + 1));
        assert_eq!(ingress.admit(11, now), None);
        assert_eq!(ingress.admit(12, now), Some(first + 2));
        assert_eq!(ingress.admit(13, now), None);
    }

    #[test]
    fn the_count_goes_on_when_the_sequence_wraps() {
        let (mut ingress, now) = (Ingress::start(1, 65_535), Instant::now());
        let first = ingress.first();
        assert_eq!(ingress.admit(0, now), Some(first + 1));
        assert_eq!(ingress.admit(65_534, now), Some(first - 1));
        assert_eq!(ingress.admit(65_535, now), None);
    }

    #[test]
    fn what_is_older_than_the_window_is_not_passed_on() {
        let (mut ingress, now) = (Ingress::start(1, 0), Instant::now());
        assert!(ingress.admit(2_000, now).is_some());
        assert_eq!(ingress.admit(900, now), None);
        assert!(ingress.admit(1_100, now).is_some());
    }

    #[test]
    fn a_hole_that_is_not_repaired_in_time_is_given_up_once() {
        let (mut ingress, now) = (Ingress::start(1, 0), Instant::now());
        let late = now + REPAIR_WITHIN;
        ingress.admit(2, now);
        ingress.admit(1, now);
        assert!(!ingress.gave_up(late), "repaired");
        ingress.admit(5, now);
        ingress.admit(4, now);
        assert!(!ingress.gave_up(now), "there is still time");
        assert!(ingress.gave_up(late));
        assert!(!ingress.gave_up(late));
    }

    proptest::proptest! {
        #[test]
        fn no_order_of_packets_lets_one_through_twice(order in proptest::collection::vec(0u16..600, 1..2_000)) {
            let (mut ingress, now) = (Ingress::start(1, order[0]), Instant::now());
            let mut seen = std::collections::HashSet::from([ingress.first()]);
            for sequence in &order[1..] {
                if let Some(place) = ingress.admit(*sequence, now) {
                    proptest::prop_assert!(seen.insert(place));
                }
            }
            let distinct: std::collections::HashSet<_> = order.iter().collect();
            proptest::prop_assert_eq!(seen.len(), distinct.len());
        }
    }
}
