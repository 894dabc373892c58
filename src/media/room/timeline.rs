//! The one stream that a viewer sees, whatever happens behind it: publishers reconnect, packets are left out, and the
//! viewer's sequence and clock go on without a break.
//!
//! Owns: the mapping of numbers and clocks. Must not: know why a packet was left out. Called by: `member`.

use std::time::Instant;

/// First sequence numbers stay below this, so that a stream does not wrap within its first packets: some stacks lose
/// SRTP's rollover count when it does.
const MAX_FIRST_SEQUENCE: u64 = 0x4000;

/// One kind of media towards one viewer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timeline {
    clock_hz: u32,
    /// Number of the publisher's stream that is mapped now.
    stream: Option<u64>,
    /// Place in that stream of the first packet passed on.
    from_place: u64,
    /// Our sequence for it, in a count that does not wrap.
    from_sequence: u64,
    clock_offset: u32,
    highest: u64,
    last_timestamp: u32,
    last_at: Option<Instant>,
    rebase: bool,
}

impl Timeline {
    pub(super) fn new(clock_hz: u32, random: u64) -> Timeline {
        let first = random % MAX_FIRST_SEQUENCE;
        Timeline {
            clock_hz,
            stream: None,
            from_place: 0,
            from_sequence: first,
            clock_offset: 0,
            highest: first,
            last_timestamp: u32::try_from(random >> 40).unwrap_or(0),
            last_at: None,
            rebase: true,
        }
    }

    /// Packets were left out on purpose: the next one follows the last without a gap.
    pub(super) fn skip(&mut self) {
        self.rebase = true;
    }

    /// Sequence number and timestamp for a packet, or `None` if it lies before the first one passed on.
    pub(super) fn map(
        &mut self,
        stream: u64,
        place: u64,
        timestamp: u32,
        now: Instant,
    ) -> Option<(u16, u32)> {
        if self.stream != Some(stream) {
            self.stream = Some(stream);
            let expected = self.last_timestamp.wrapping_add(self.ticks_since(now));
            self.clock_offset = expected.wrapping_sub(timestamp);
            self.rebase = true;
        }
        if self.rebase {
            self.rebase = false;
            self.from_place = place;
            self.from_sequence = self.highest + 1;
        }
        let sequence = self.from_sequence + place.checked_sub(self.from_place)?;
        let out = timestamp.wrapping_add(self.clock_offset);
        if sequence > self.highest {
            self.highest = sequence;
            self.last_timestamp = out;
            self.last_at = Some(now);
        }
        Some((u16::try_from(sequence & 0xffff).unwrap_or(0), out))
    }

    /// Ticks of the media clock since the last packet, at least one.
    fn ticks_since(&self, now: Instant) -> u32 {
        let Some(last) = self.last_at else {
            return 1;
        };
        let micros = now.saturating_duration_since(last).as_micros();
        let ticks = micros * u128::from(self.clock_hz) / 1_000_000;
        u32::try_from(ticks % (1 << 32)).unwrap_or(1).max(1)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn gaps_of_the_network_stay_gaps_and_gaps_of_ours_close() {
        let (mut line, now) = (Timeline::new(90_000, 7), Instant::now());
        let (first, _) = line.map(1, 100, 0, now).expect("first");
        assert_eq!(line.map(1, 103, 0, now).expect("gap").0, first + 3);
        assert_eq!(line.map(1, 101, 0, now).expect("late").0, first + 1);
        line.skip();
        assert_eq!(line.map(1, 200, 0, now).expect("resumed").0, first + 4);
        assert_eq!(line.map(1, 150, 0, now), None, "before the resume");
    }

    #[test]
    fn a_new_publisher_goes_on_where_the_old_one_ended() {
        let (mut line, now) = (Timeline::new(90_000, 7), Instant::now());
        let (first, t0) = line.map(1, 60_000, 4_000_000_000, now).expect("old");
        let later = now + Duration::from_secs(2);
        let (next, t1) = line.map(2, 5, 17, later).expect("new");
        assert_eq!(next, first + 1);
        assert_eq!(t1.wrapping_sub(t0), 180_000);
        let (_, t2) = line.map(2, 6, 17 + 3_000, later).expect("next frame");
        assert_eq!(t2.wrapping_sub(t1), 3_000);
    }

    #[test]
    fn a_random_start_is_never_near_the_wrap() {
        for _ in 0..1_000 {
            let (mut line, now) = (Timeline::new(48_000, rand::random()), Instant::now());
            let (first, _) = line.map(1, 0, 0, now).expect("first");
            assert!(u64::from(first) <= MAX_FIRST_SEQUENCE);
        }
    }
}
