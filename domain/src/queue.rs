//! Queue order: who is answered next.
//!
//! Owns: deadlines, the one number a queue index is sorted by, whose turn it is, and service-level arithmetic. Must not:
//! hold the queue itself: that is the backbone's index. Called by: `session` (deadlines), the node (turns), the boards.
//!
//! Order is earliest deadline first; priority 1 stands before all others, except that every n-th take goes to the most
//! overdue other session. What follows, and is tested over random histories:
//!
//! - within one lane (priority 1; all others) nobody is ever passed by a later deadline, whatever arrives, and a session
//!   that is given back keeps its first rank;
//! - a session outside priority 1 that heads its lane is taken at the latest by the n-th take of one [`TurnTaker`]; with
//!   `k` earlier ones before it in its lane, by the `(k + 1) * n`-th;
//! - of any n takes in a row, at most one passes a waiting session of priority 1.
//!
//! The share is kept by each taker of turns: several nodes with one taker each keep it together as well, because each
//! keeps it for its own takes.

use std::num::NonZeroU32;

use callbox_proto::vocabulary::{Millis, Priority};

/// Every how many takes one goes to the most overdue session outside priority 1. Lower gives ordinary sessions more of a
/// long disaster's takes, higher keeps more for lives at risk.
pub const TURN_EVERY_TAKES: NonZeroU32 = match NonZeroU32::new(10) {
    Some(every) => every,
    None => NonZeroU32::MAX,
};

/// What priority 1 is moved forward by in the order: 2^42 ms are 139 years, more than any two deadlines lie apart.
const URGENT_AHEAD_MS: u64 = 1 << 42;

/// Deadlines later than this (in the year 2109) are ranked as this one, so that the two lanes can never mix.
const RANKED_DEADLINE_MAX_MS: Millis = URGENT_AHEAD_MS - 1;

/// When an answer is due: time of entry and the target wait of the priority. `targets_ms` is for priorities 1 to 5.
#[must_use]
pub const fn deadline(entered_ms: Millis, priority: Priority, targets_ms: &[u64; 5]) -> Millis {
    entered_ms.saturating_add(targets_ms[priority.index()])
}

/// The number a queue index is sorted by, lowest first. It never has to be computed again as time passes. Exact in a
/// double: its size stays below 2^53. Below 0 for priority 1, from 0 for all others.
#[must_use]
pub const fn rank(deadline_ms: Millis, priority: Priority) -> i64 {
    let ranked = if deadline_ms > RANKED_DEADLINE_MAX_MS {
        RANKED_DEADLINE_MAX_MS
    } else {
        deadline_ms
    };
    let rank = ranked as i64;
    if urgent(priority) {
        rank - URGENT_AHEAD_MS as i64
    } else {
        rank
    }
}

/// Whether this priority stands before all others.
#[must_use]
pub const fn urgent(priority: Priority) -> bool {
    priority.number() == Priority::LIFE_AT_RISK.number()
}

/// Whether a rank is one of priority 1: a queue index need not keep the priority to find the first other session.
#[must_use]
pub const fn urgent_rank(rank: i64) -> bool {
    rank < 0
}

/// Where the next session is taken from. Whoever finds a lane empty takes the first of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lane {
    /// The lowest rank of all.
    First,
    /// The lowest rank outside priority 1 (a rank of 0 or more).
    FirstNotUrgent,
}

/// Counts takes and says which lane the next one is from. Ask once for each session that is really taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TurnTaker {
    every: NonZeroU32,
    since_turn: u32,
}

impl TurnTaker {
    /// A taker whose every `every`-th take goes to the sessions outside priority 1. With 1 it never serves priority 1
    /// first; the configuration asks for 2 or more.
    #[must_use]
    pub const fn new(every: NonZeroU32) -> Self {
        Self {
            every,
            since_turn: 0,
        }
    }

    /// The lane of the next take; counts it.
    pub const fn next_lane(&mut self) -> Lane {
        let lane = self.peek();
        self.since_turn = match lane {
            Lane::First => self.since_turn + 1,
            Lane::FirstNotUrgent => 0,
        };
        lane
    }

    /// A take that was counted for this lane found nothing: the lane is the next one's again.
    pub const fn give_back(&mut self, lane: Lane) {
        self.since_turn = match lane {
            Lane::First => self.since_turn.saturating_sub(1),
            Lane::FirstNotUrgent => self.every.get() - 1,
        };
    }

    /// The lane of the next take, not counted: for a look that may find nothing.
    #[must_use]
    pub const fn peek(&self) -> Lane {
        if self.since_turn + 1 >= self.every.get() {
            Lane::FirstNotUrgent
        } else {
            Lane::First
        }
    }
}

impl Default for TurnTaker {
    fn default() -> Self {
        Self::new(TURN_EVERY_TAKES)
    }
}

/// Whether an answer came within its target wait. An answer on the very millisecond counts.
#[must_use]
pub const fn answered_in_target(entered_ms: Millis, answered_ms: Millis, target_ms: u64) -> bool {
    answered_ms.saturating_sub(entered_ms) <= target_ms
}

/// How much of its target wait a session has used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Warning {
    /// Less than half.
    Calm,
    /// Half of it.
    Half,
    /// Three quarters of it.
    ThreeQuarters,
    /// Nine tenths of it.
    NineTenths,
    /// It is past: overdue.
    Overdue,
}

/// The warning level of a session that still waits. A clock that went back reads as no wait.
#[must_use]
pub const fn warning(entered_ms: Millis, now_ms: Millis, target_ms: u64) -> Warning {
    let waited_ms = now_ms.saturating_sub(entered_ms);
    if waited_ms > target_ms {
        return Warning::Overdue;
    }
    let waited = waited_ms as u128 * 100;
    let target = target_ms as u128;
    if target == 0 || waited >= target * 90 {
        Warning::NineTenths
    } else if waited >= target * 75 {
        Warning::ThreeQuarters
    } else if waited >= target * 50 {
        Warning::Half
    } else {
        Warning::Calm
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    const TARGETS_MS: [u64; 5] = [15_000, 20_000, 60_000, 300_000, 600_000];

    fn priority() -> impl Strategy<Value = Priority> {
        (1..=5u8).prop_map(|number| Priority::new(number).unwrap())
    }

    #[test]
    fn a_deadline_is_the_entry_and_the_target_of_the_priority() {
        let four = Priority::new(4).unwrap();
        assert_eq!(deadline(1_000, four, &TARGETS_MS), 301_000);
        assert_eq!(deadline(u64::MAX, four, &TARGETS_MS), u64::MAX);
    }

    #[test]
    fn a_take_that_found_nothing_gives_its_turn_back() {
        let mut turns = TurnTaker::default();
        for _ in 0..25 {
            let lane = turns.next_lane();
            assert_eq!(lane, Lane::First);
            turns.give_back(lane);
        }
        let takes: Vec<_> = (0..9).map(|_| turns.next_lane()).collect();
        assert_eq!(takes, [Lane::First; 9]);
        for _ in 0..3 {
            let lane = turns.next_lane();
            assert_eq!(lane, Lane::FirstNotUrgent);
            turns.give_back(lane);
        }
    }

    #[test]
    fn an_answer_on_the_last_millisecond_is_in_target() {
        assert!(answered_in_target(5_000, 20_000, 15_000));
        assert!(!answered_in_target(5_000, 20_001, 15_000));
        assert!(
            answered_in_target(5_000, 4_000, 15_000),
            "a clock went back"
        );
    }

    #[test]
    fn the_warning_rises_at_half_three_quarters_nine_tenths_and_past_the_target() {
        let levels: Vec<_> = [0, 499, 500, 749, 750, 899, 900, 1_000, 1_001]
            .map(|waited| warning(7, 7 + waited, 1_000))
            .to_vec();
        use Warning::{Calm, Half, NineTenths, Overdue, ThreeQuarters};
        assert_eq!(
            levels,
            [
                Calm,
                Calm,
                Half,
                Half,
                ThreeQuarters,
                ThreeQuarters,
                NineTenths,
                NineTenths,
                Overdue
            ]
        );
        assert_eq!(warning(7, 0, 1_000), Calm, "a clock went back");
        assert_eq!(warning(0, u64::MAX, u64::MAX), NineTenths);
    }

    #[test]
    fn the_nth_take_goes_to_the_others() {
        let mut turns = TurnTaker::new(NonZeroU32::new(3).unwrap());
        let lanes: Vec<_> = (0..6).map(|_| turns.next_lane()).collect();
        use Lane::{First, FirstNotUrgent};
        assert_eq!(
            lanes,
            [First, First, FirstNotUrgent, First, First, FirstNotUrgent]
        );
    }

    /// A queue as the backbone keeps it: sessions by rank, then by name.
    #[derive(Default)]
    struct Model {
        waiting: BTreeMap<(i64, u32), Waiting>,
    }

    #[derive(Clone, Copy)]
    struct Waiting {
        deadline_ms: Millis,
        urgent: bool,
        /// Takes seen while waiting, and how many earlier ones of its lane were before it when it came.
        takes: u32,
        earlier: u32,
        /// Takes in a row that passed it, for priority 1.
        passed_in_last: u32,
    }

    impl Model {
        fn enter(&mut self, name: u32, deadline_ms: Millis, priority: Priority) {
            let key = (rank(deadline_ms, priority), name);
            let urgent = urgent(priority);
            let earlier = self
                .waiting
                .range(..key)
                .filter(|(_, w)| w.urgent == urgent);
            let earlier = earlier.count() as u32;
            for (_, later) in self.waiting.range_mut(key..) {
                // A newcomer with an earlier deadline goes before: no overtaking, so the later one's account grows.
                later.earlier += u32::from(later.urgent == urgent);
            }
            let session = Waiting {
                deadline_ms,
                urgent,
                takes: 0,
                earlier,
                passed_in_last: u32::MAX,
            };
            self.waiting.insert(key, session);
        }

        fn take(&mut self, turns: &mut TurnTaker) -> Option<((i64, u32), Waiting)> {
            if self.waiting.is_empty() {
                return None;
            }
            let first = self.waiting.keys().next().copied();
            let other = self.waiting.range((0, 0)..).next().map(|(key, _)| *key);
            let key = match turns.next_lane() {
                Lane::First => first,
                Lane::FirstNotUrgent => other.or(first),
            };
            let session = self.waiting.remove(&key?)?;
            Some((key?, session))
        }
    }

    #[derive(Debug, Clone)]
    enum Step {
        Enter(u64, Priority),
        Take,
        GiveBack(usize),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => (0..60_000u64, priority()).prop_map(|(wait, p)| Step::Enter(wait, p)),
            2 => (0..2_000u64).prop_map(|wait| Step::Enter(wait, Priority::LIFE_AT_RISK)),
            5 => Just(Step::Take),
            1 => any::<usize>().prop_map(Step::GiveBack),
        ]
    }

    proptest! {
        #[test]
        fn priority_one_ranks_before_all_others_and_each_lane_by_deadline(
            a in any::<u64>(), b in any::<u64>(), p in priority(), q in priority()
        ) {
            let (first, second) = (rank(a, p), rank(b, q));
            prop_assert!(first.unsigned_abs() < 1 << 53);
            prop_assert_eq!(first as f64 as i64, first);
            prop_assert_eq!(urgent_rank(first), urgent(p));
            if urgent(p) && !urgent(q) {
                prop_assert!(first < second);
            } else if urgent(p) == urgent(q) && a.max(b) <= RANKED_DEADLINE_MAX_MS {
                prop_assert_eq!(first.cmp(&second), a.cmp(&b));
            }
        }

        #[test]
        fn nobody_is_passed_by_a_later_deadline_beyond_the_stated_share(
            steps in prop::collection::vec(step(), 1..300), every in 2..12u32
        ) {
            let mut turns = TurnTaker::new(NonZeroU32::new(every).unwrap());
            let mut queue = Model::default();
            let mut held: Vec<((i64, u32), Waiting)> = Vec::new();
            let mut now_ms = 1_700_000_000_000u64;
            for (name, step) in (0u32..).zip(steps) {
                now_ms += 250;
                match step {
                    Step::Enter(wait_ms, priority) => queue.enter(name, now_ms + wait_ms, priority),
                    Step::GiveBack(which) if !held.is_empty() => {
                        let ((rank, name), session) = held.swap_remove(which % held.len());
                        let priority = if session.urgent { 1 } else { 3 };
                        queue.enter(name, session.deadline_ms, Priority::new(priority).unwrap());
                        prop_assert!(queue.waiting.contains_key(&(rank, name)), "first rank kept");
                    }
                    Step::GiveBack(_) => {}
                    Step::Take => {
                        let Some((key, taken)) = queue.take(&mut turns) else { continue };
                        for (other, waiting) in &mut queue.waiting {
                            waiting.takes += 1;
                            if waiting.urgent == taken.urgent {
                                prop_assert!(*other > key, "passed within its lane");
                            }
                            if waiting.urgent && !taken.urgent {
                                prop_assert!(waiting.passed_in_last >= every - 1, "passed too often");
                                waiting.passed_in_last = 0;
                            } else {
                                waiting.passed_in_last = waiting.passed_in_last.saturating_add(1);
                            }
                            if !waiting.urgent {
                                let bound = (waiting.earlier + 1) * every;
                                prop_assert!(waiting.takes < bound, "waited beyond its share");
                            }
                        }
                        held.push((key, taken));
                    }
                }
            }
        }
    }
}
