//! De-duplicates what one stream sends and gives every packet its place in a count that does not wrap.
//!
//! Browsers probe the network by sending old packets again; repaired packets come late. A late packet that is new is
//! passed on, since viewers' own buffers put it in place; one that was seen, or is older than the window, is not.

/// Packets the window looks back: two seconds of video at 4 Mbit/s. What is older no viewer can use.
const WINDOW: u64 = 1_024;
const WORDS: usize = 16;

/// One stream of one publisher.
#[derive(Debug)]
pub(super) struct Ingress {
    ssrc: u32,
    highest: u64,
    seen: [u64; WORDS],
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
    pub(super) fn admit(&mut self, sequence: u16) -> Option<u64> {
        let place = self.extend(sequence);
        if place > self.highest {
            // Places skipped may come later: they are new until seen.
            let steps = (place - self.highest).min(WINDOW);
            for n in 0..steps {
                self.clear(place - n);
            }
            self.highest = place;
        } else if self.highest - place >= WINDOW || self.is_marked(place) {
            return None;
        }
        self.mark(place);
        Some(place)
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
        let mut ingress = Ingress::start(1, 10);
        let first = ingress.first();
        assert_eq!(ingress.admit(10), None);
        assert_eq!(ingress.admit(13), Some(first + 3));
        assert_eq!(ingress.admit(11), Some(first + 1));
        assert_eq!(ingress.admit(11), None);
        assert_eq!(ingress.admit(12), Some(first + 2));
        assert_eq!(ingress.admit(13), None);
    }

    #[test]
    fn the_count_goes_on_when_the_sequence_wraps() {
        let mut ingress = Ingress::start(1, 65_535);
        let first = ingress.first();
        assert_eq!(ingress.admit(0), Some(first + 1));
        assert_eq!(ingress.admit(65_534), Some(first - 1));
        assert_eq!(ingress.admit(65_535), None);
    }

    #[test]
    fn what_is_older_than_the_window_is_not_passed_on() {
        let mut ingress = Ingress::start(1, 0);
        assert!(ingress.admit(2_000).is_some());
        assert_eq!(ingress.admit(900), None);
        assert!(ingress.admit(1_100).is_some());
    }

    proptest::proptest! {
        #[test]
        fn no_order_of_packets_lets_one_through_twice(order in proptest::collection::vec(0u16..600, 1..2_000)) {
            let mut ingress = Ingress::start(1, order[0]);
            let mut seen = std::collections::HashSet::from([ingress.first()]);
            for sequence in &order[1..] {
                if let Some(place) = ingress.admit(*sequence) {
                    proptest::prop_assert!(seen.insert(place));
                }
            }
            let distinct: std::collections::HashSet<_> = order.iter().collect();
            proptest::prop_assert_eq!(seen.len(), distinct.len());
        }
    }
}
