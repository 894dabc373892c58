//! Figures: what the supervisors' screen counts, kept as sessions move.
//!
//! Owns: counts of one agency's queues. Must not: read the log or the clock. Called by: `sessions` with every confirmed move,
//! `bus` with those of other nodes, `recovery` at start and when counts have drifted, `board`.
//!
//! Sessions are counted as members of sets, so that a move told twice counts once.

use std::collections::{BTreeSet, HashMap, HashSet};

use callbox_domain::session::Session;
use callbox_proto::ids::{QueueId, SessionId};
use callbox_proto::message::{LongestWait, QueueFigures};
use callbox_proto::vocabulary::{Millis, Priority, Standing};
use serde::{Deserialize, Serialize};

/// Where a session stands, as far as figures care.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stand {
    /// Its queue.
    pub queue: QueueId,
    /// Where it stands.
    pub standing: Standing,
    /// How urgent.
    pub priority: Priority,
    /// When it entered.
    pub entered_ms: Millis,
    /// When an answer is due.
    pub deadline_ms: Millis,
    /// When it was first answered.
    pub answered_ms: Option<Millis>,
    /// Somebody tries the line out: it stands in lists, and is left out of what the day was like.
    #[serde(default)]
    pub test: bool,
}

impl From<&Session> for Stand {
    fn from(session: &Session) -> Self {
        Self {
            queue: session.queue.clone(),
            standing: session.standing,
            priority: session.priority,
            entered_ms: session.entered_ms,
            deadline_ms: session.deadline_ms,
            answered_ms: session.answered_ms,
            test: session.test,
        }
    }
}

/// What an append changes for figures and lists.
#[derive(Debug, Clone, Default)]
pub struct Move {
    /// Lists show something of it.
    pub listed: bool,
    /// Before; `None` for a new session, or one counted at start.
    pub before: Option<Stand>,
    /// After; `None` when nothing that counts changed.
    pub after: Option<Stand>,
}

/// Counts of one agency.
#[derive(Debug, Default)]
pub struct Figures {
    day: u64,
    queues: HashMap<QueueId, Counts>,
    /// Moves counted so far.
    moves: u64,
    /// Moves while sessions are counted anew: the index was read before some of them and after others.
    meanwhile: Option<Vec<(SessionId, Move)>>,
}

#[derive(Debug, Default)]
struct Counts {
    /// Those that wait, by priority, in the order they entered.
    waiting: [BTreeSet<(Millis, SessionId)>; 5],
    answered: u64,
    answered_in_target: u64,
    abandoned: u64,
    owned_now: HashSet<SessionId>,
    abandoned_now: HashSet<SessionId>,
}

impl Counts {
    fn waiting(&self) -> u64 {
        self.waiting.iter().map(|these| these.len() as u64).sum()
    }

    /// No longer waits, whichever priority it had.
    fn left(&mut self, entered_ms: Millis, session: SessionId) {
        for these in &mut self.waiting {
            these.remove(&(entered_ms, session));
        }
    }

    fn longest(&self) -> impl Iterator<Item = LongestWait> {
        let waiting = Priority::ALL.into_iter().zip(&self.waiting);
        waiting.filter_map(|(priority, these)| {
            let (since_ms, _) = *these.first()?;
            Some(LongestWait { priority, since_ms })
        })
    }

    /// Those that stand there now, where it is not the waiting ones.
    const fn standing(&mut self, standing: Standing) -> Option<&mut HashSet<SessionId>> {
        match standing {
            Standing::Owned => Some(&mut self.owned_now),
            Standing::Abandoned => Some(&mut self.abandoned_now),
            Standing::Waiting | Standing::Closed => None,
        }
    }
}

const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

impl Figures {
    /// Counts a confirmed move, one decided here (`ours`) or on another node. `now_ms` decides to which day (UTC) it belongs.
    pub fn moved(&mut self, session: SessionId, moved: &Move, now_ms: Millis, ours: bool) {
        self.roll_over(now_ms);
        self.moves += 1;
        if let Some(meanwhile) = &mut self.meanwhile {
            meanwhile.push((session, moved.clone()));
        }
        if let Some(before) = &moved.before {
            let counts = self.queues.entry(before.queue.clone()).or_default();
            if let Some(standing) = counts.standing(before.standing) {
                standing.remove(&session);
            }
            counts.left(before.entered_ms, session);
        }
        let Some(after) = &moved.after else { return };
        let counts = self.queues.entry(after.queue.clone()).or_default();
        if let Some(standing) = counts.standing(after.standing) {
            standing.insert(session);
        }
        match after.standing {
            Standing::Waiting => {
                counts.left(after.entered_ms, session);
                counts.waiting[after.priority.index()].insert((after.entered_ms, session));
            }
            Standing::Abandoned if moved.before.is_some() && !after.test => counts.abandoned += 1,
            Standing::Abandoned | Standing::Owned | Standing::Closed => {}
        }
        // A session counted at start (`before` is none) was answered before this process began.
        let first_answer = moved
            .before
            .as_ref()
            .is_some_and(|b| b.answered_ms.is_none() && !b.test);
        if let Some(answered_ms) = after.answered_ms
            && first_answer
        {
            counts.answered += 1;
            if answered_ms <= after.deadline_ms {
                counts.answered_in_target += 1;
            }
            if ours {
                let waited_s = answered_ms.saturating_sub(after.entered_ms) as f64 / 1_000.0;
                metrics::histogram!("callbox_time_to_answer_seconds").record(waited_s);
            }
        }
    }

    /// How many moves were counted, here or on other nodes.
    #[must_use]
    pub const fn moves(&self) -> u64 {
        self.moves
    }

    /// How many wait in all.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        self.queues.values().map(Counts::waiting).sum()
    }

    /// How many are owned, and how many stand abandoned, in all.
    #[must_use]
    pub fn owned_and_abandoned(&self) -> (u64, u64) {
        self.queues.values().fold((0, 0), |(owned, abandoned), c| {
            (
                owned + c.owned_now.len() as u64,
                abandoned + c.abandoned_now.len() as u64,
            )
        })
    }

    /// How many wait in one queue.
    #[must_use]
    pub fn waiting_in(&self, queue: &QueueId) -> u64 {
        self.queues.get(queue).map_or(0, Counts::waiting)
    }

    /// One queue's figures; `staffed` is who is available for it.
    #[must_use]
    pub fn of(&self, queue: &QueueId, staffed: u32) -> QueueFigures {
        let none = Counts::default();
        let counts = self.queues.get(queue).unwrap_or(&none);
        let longest: Vec<_> = counts.longest().collect();
        QueueFigures {
            queue: queue.clone(),
            waiting: counts.waiting(),
            waiting_by_priority: counts.waiting.each_ref().map(|these| these.len() as u64),
            longest_since_ms: longest.iter().map(|wait| wait.since_ms).min(),
            longest,
            answered: counts.answered,
            answered_in_target: counts.answered_in_target,
            abandoned: counts.abandoned,
            staffed,
        }
    }

    /// Counts a session that stands there already.
    pub fn count(&mut self, id: SessionId, session: &Session) {
        let stands = Move {
            listed: true,
            before: None,
            after: Some(Stand::from(session)),
        };
        self.moved(id, &stands, self.day.saturating_mul(DAY_MS), false);
    }

    /// How many wait, are owned and stand abandoned, by queue.
    pub fn now(&self) -> impl Iterator<Item = (&QueueId, [u64; 3])> {
        self.queues.iter().map(|(queue, counts)| {
            let now = [
                counts.waiting(),
                counts.owned_now.len() as u64,
                counts.abandoned_now.len() as u64,
            ];
            (queue, now)
        })
    }

    /// Sessions are counted anew from now on: moves until then are remembered.
    pub fn begin_recount(&mut self) {
        self.meanwhile = Some(Vec::new());
    }

    /// Takes over where sessions stand from a count made anew, and what moved meanwhile; the day's counts stay.
    pub fn replace_now(&mut self, mut anew: Self) {
        for (session, moved) in self.meanwhile.take().into_iter().flatten() {
            let now_ms = anew.day.saturating_mul(DAY_MS);
            anew.moved(session, &moved, now_ms, false);
        }
        for counts in self.queues.values_mut() {
            counts.waiting = Default::default();
            counts.owned_now.clear();
            counts.abandoned_now.clear();
        }
        for (queue, from) in anew.queues {
            let counts = self.queues.entry(queue).or_default();
            counts.waiting = from.waiting;
            counts.owned_now = from.owned_now;
            counts.abandoned_now = from.abandoned_now;
        }
    }

    /// The day (since 1970) and its counts by queue: answered, answered in target, abandoned.
    #[must_use]
    pub fn today(&self) -> (u64, Vec<(QueueId, [u64; 3])>) {
        let of_day = |(queue, counts): (&QueueId, &Counts)| {
            let counts = [counts.answered, counts.answered_in_target, counts.abandoned];
            counts
                .iter()
                .any(|c| *c > 0)
                .then(|| (queue.clone(), counts))
        };
        (self.day, self.queues.iter().filter_map(of_day).collect())
    }

    /// Another node's counts of a day: they only grow, so the higher one has missed less.
    pub fn merge_today(&mut self, day: u64, queues: &[(QueueId, [u64; 3])], now_ms: Millis) {
        self.roll_over(now_ms);
        if day != self.day {
            return;
        }
        for (queue, [answered, in_target, abandoned]) in queues {
            let counts = self.queues.entry(queue.clone()).or_default();
            counts.answered = counts.answered.max(*answered);
            counts.answered_in_target = counts.answered_in_target.max(*in_target);
            counts.abandoned = counts.abandoned.max(*abandoned);
        }
    }

    fn roll_over(&mut self, now_ms: Millis) {
        let day = now_ms / DAY_MS;
        if day == self.day {
            return;
        }
        self.day = day;
        for counts in self.queues.values_mut() {
            counts.answered = 0;
            counts.answered_in_target = 0;
            counts.abandoned = 0;
        }
    }
}

#[cfg(test)]
impl Stand {
    /// The longest there is.
    pub fn example() -> Self {
        Self {
            queue: "q".repeat(64).parse().expect("a name"),
            standing: Standing::Abandoned,
            priority: Priority::LIFE_AT_RISK,
            entered_ms: Millis::MAX,
            deadline_ms: Millis::MAX,
            answered_ms: Some(Millis::MAX),
            test: true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_move_told_twice_counts_once_and_a_recount_keeps_the_day() {
        let id = SessionId::from_u128(1).unwrap();
        let queue: QueueId = "emergency".parse().unwrap();
        let mut figures = Figures::default();
        let owned = Move {
            listed: true,
            before: Some(stand(Standing::Waiting, None)),
            after: Some(stand(Standing::Owned, Some(9_000))),
        };
        figures.moved(id, &owned, 20_000, false);
        figures.moved(id, &owned, 20_000, false);
        assert_eq!(figures.owned_and_abandoned(), (1, 0));
        figures.merge_today(0, &[(queue.clone(), [5, 4, 3])], 20_000);
        figures.merge_today(0, &[(queue.clone(), [2, 2, 2])], 20_000);
        figures.begin_recount();
        let other = SessionId::from_u128(2).unwrap();
        figures.moved(other, &owned, 20_000, false);
        figures.replace_now(Figures::default());
        assert_eq!(
            figures.owned_and_abandoned(),
            (1, 0),
            "what moved meanwhile"
        );
        let shown = figures.of(&queue, 0);
        assert_eq!(
            (shown.answered, shown.answered_in_target, shown.abandoned),
            (6, 5, 3)
        );
    }

    fn stand(standing: Standing, answered_ms: Option<u64>) -> Stand {
        Stand {
            queue: "emergency".parse().unwrap(),
            standing,
            priority: Priority::LIFE_AT_RISK,
            entered_ms: 1_000,
            deadline_ms: 16_000,
            answered_ms,
            test: false,
        }
    }

    #[test]
    fn a_test_stands_in_the_queue_and_counts_in_no_figure_of_the_day() {
        let id = SessionId::from_u128(1).unwrap();
        let queue = "emergency".parse().unwrap();
        let mut figures = Figures::default();
        let test = |standing, answered_ms| Stand {
            test: true,
            ..stand(standing, answered_ms)
        };
        let waiting = test(Standing::Waiting, None);
        let mut go = |before: Option<&Stand>, after: &Stand| {
            let moved = Move {
                listed: true,
                before: before.cloned(),
                after: Some(after.clone()),
            };
            figures.moved(id, &moved, 20_000, true);
            let shown = figures.of(&queue, 0);
            assert_eq!(
                (shown.answered, shown.answered_in_target, shown.abandoned),
                (0, 0, 0)
            );
            shown.waiting
        };
        assert_eq!(go(None, &waiting), 1);
        let abandoned = test(Standing::Abandoned, None);
        assert_eq!(go(Some(&waiting), &abandoned), 0);
        assert_eq!(go(Some(&abandoned), &test(Standing::Owned, Some(9_000))), 0);
    }

    #[test]
    fn a_session_is_counted_where_it_stands_and_answered_once() {
        let id = SessionId::from_u128(1).unwrap();
        let queue = "emergency".parse().unwrap();
        let mut figures = Figures::default();
        let waiting = stand(Standing::Waiting, None);
        let owned = stand(Standing::Owned, Some(9_000));
        let again = stand(Standing::Waiting, Some(9_000));
        let moves = [
            (None, &waiting),
            (Some(&waiting), &owned),
            (Some(&owned), &again),
            (Some(&again), &owned),
        ];
        for (before, after) in moves {
            let moved = Move {
                listed: true,
                before: before.cloned(),
                after: Some(after.clone()),
            };
            figures.moved(id, &moved, 20_000, true);
        }
        let shown = figures.of(&queue, 0);
        assert_eq!(
            (shown.waiting, shown.answered, shown.answered_in_target),
            (0, 1, 1)
        );
    }

    #[test]
    fn the_longest_wait_of_each_priority_is_told_and_follows_a_change_of_priority() {
        let queue = "emergency".parse().unwrap();
        let mut figures = Figures::default();
        let mut go = |number, before: Option<(u8, u64)>, after: (u8, u64)| {
            let stand = |(priority, entered_ms)| Stand {
                priority: Priority::new(priority).unwrap(),
                entered_ms,
                ..stand(Standing::Waiting, None)
            };
            let moved = Move {
                listed: true,
                before: before.map(stand),
                after: Some(stand(after)),
            };
            figures.moved(SessionId::from_u128(number).unwrap(), &moved, 9_000, true);
            let shown = figures.of(&queue, 0);
            let longest = shown
                .longest
                .iter()
                .map(|w| (w.priority.number(), w.since_ms));
            (shown.waiting_by_priority, longest.collect::<Vec<_>>())
        };
        go(1, None, (3, 1_000));
        let told = go(2, None, (3, 2_000));
        assert_eq!(told, ([0, 0, 2, 0, 0], vec![(3, 1_000)]));
        let told = go(1, Some((3, 1_000)), (1, 1_000));
        assert_eq!(told, ([1, 0, 1, 0, 0], vec![(1, 1_000), (3, 2_000)]));
    }

    #[test]
    fn midnight_starts_the_counts_again_but_not_the_waiting() {
        let id = SessionId::from_u128(1).unwrap();
        let mut figures = Figures::default();
        let moved = Move {
            listed: true,
            before: None,
            after: Some(stand(Standing::Waiting, None)),
        };
        figures.moved(id, &moved, 1_000, true);
        figures.moved(id, &Move::default(), DAY_MS + 1, true);
        assert_eq!(figures.waiting(), 1);
    }
}
