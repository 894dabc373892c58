//! When to ask the publisher for a key frame. Key frames are ten times the size of others: too many choke a phone's
//! uplink, too few leave viewers in the dark.
//!
//! Owns: the pace of the requests. Must not: send one: the room does. Called by: `actor`.

use std::time::{Duration, Instant};

/// Least time between two requests. Long enough for a request and the key frame on a mobile network.
const SPACING: Duration = Duration::from_millis(300);
/// A request without a key frame is repeated after this; either may have been lost.
const REPEAT: Duration = Duration::from_secs(1);

/// One gate per publisher.
#[derive(Debug, Default)]
pub(super) struct Gate {
    wanted: bool,
    unanswered: bool,
    asked: Option<Instant>,
}

impl Gate {
    /// Someone needs a key frame: a viewer joined, lost its picture, or resumes after a drop.
    pub(super) fn want(&mut self) {
        self.wanted = true;
    }

    /// A key frame came: whoever waited is served.
    pub(super) fn served(&mut self) {
        self.wanted = false;
        self.unanswered = false;
    }

    /// The publisher changed: what was asked was asked of another.
    pub(super) fn reset(&mut self) {
        *self = Gate {
            wanted: true,
            ..Gate::default()
        };
    }

    /// When to ask next, if at all.
    pub(super) fn due(&self, now: Instant) -> Option<Instant> {
        match (self.wanted, self.unanswered, self.asked) {
            (true, _, None) => Some(now),
            (true, _, Some(asked)) => Some(asked + SPACING),
            (false, true, Some(asked)) => Some(asked + REPEAT),
            (false, _, _) => None,
        }
    }

    /// It is time to ask.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.due(now).is_some_and(|d| d <= now)
    }

    /// The request was sent, or could not be sent now. Either way the spacing is kept.
    pub(super) fn asked(&mut self, now: Instant, sent: bool) {
        self.wanted = !sent;
        self.unanswered |= sent;
        self.asked = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requests(gate: &mut Gate, from: Instant, ms: u64, each_ms: impl Fn(&mut Gate)) -> u64 {
        (0..ms)
            .filter(|ms| {
                each_ms(gate);
                let now = from + Duration::from_millis(*ms);
                let due = gate.is_due(now);
                if due {
                    gate.asked(now, true);
                }
                due
            })
            .count() as u64
    }

    #[test]
    fn a_hundred_wishes_at_once_make_one_request() {
        let mut gate = Gate::default();
        (0..100).for_each(|_| gate.want());
        assert_eq!(requests(&mut gate, Instant::now(), 900, |_| ()), 1);
    }

    #[test]
    fn a_viewer_that_asks_all_the_time_gets_one_request_per_300_ms() {
        let mut gate = Gate::default();
        assert_eq!(requests(&mut gate, Instant::now(), 3_000, Gate::want), 10);
    }

    #[test]
    fn a_request_is_repeated_after_a_second_until_a_key_frame_comes() {
        let mut gate = Gate::default();
        gate.want();
        let start = Instant::now();
        assert_eq!(requests(&mut gate, start, 2_500, |_| ()), 3);
        gate.served();
        let later = start + Duration::from_secs(10);
        assert_eq!(requests(&mut gate, later, 2_500, |_| ()), 0);
    }

    #[test]
    fn a_request_that_could_not_be_sent_is_tried_again() {
        let (mut gate, now) = (Gate::default(), Instant::now());
        gate.want();
        gate.asked(now, false);
        assert!(!gate.is_due(now + Duration::from_millis(299)));
        assert!(gate.is_due(now + Duration::from_millis(300)));
    }

    #[test]
    fn a_new_publisher_is_asked_at_once() {
        let (mut gate, now) = (Gate::default(), Instant::now());
        gate.want();
        gate.asked(now, true);
        gate.reset();
        assert!(gate.is_due(now));
    }
}
