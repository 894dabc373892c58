//! The judgement on a run under faults: what clients wrote down against what the logs say in the end.
//!
//! Owns: the rules. Must not: know how faults are made, or how the gateway works. Called by: whoever made a run, after it has healed.
//!
//! The rules, each with the promise behind it:
//! - **lost**: a command that was called `safe` (or `stored`, once every node is back) stands in the log of its session.
//! - **doubled**: no command stands in the logs twice. One exception is counted apart: a take-next sent again on another node
//!   while the first node is still about to take may take two sessions; both are the person's, and both are shown.
//! - **invented**: every text in a log was sent, with these very words.
//! - **disordered**: a text that was sent after an earlier one of the same client was called safe stands after it.
//! - **gaps**: whoever is shown a session is shown every entry, in order, from where it began.
//! - **moved**: what was called `safe` at a place, or was shown as more than kept, stands at that place.
//! - **owners**: a session is taken only while nobody else owns it.

use std::collections::{BTreeMap, HashMap, HashSet};

use callbox_proto::event::{Actor, Event};
use callbox_proto::ids::{CommandId, SessionId, StaffId};
use callbox_proto::vocabulary::{Rung, Seq};
use serde::{Deserialize, Serialize};

use crate::record::{Fact, Line};

/// Findings of one rule that are told by name; the rest is counted.
const NAMED_MAX: usize = 5;

/// One entry of a log, as read in the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logged {
    /// Its place.
    pub seq: Seq,
    /// The command behind it.
    pub command: CommandId,
    /// What it is, for the rules.
    pub kind: Kind,
}

/// What an entry is, as far as the rules care.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Words of a person.
    Text(String),
    /// This person took the session.
    Taken(Option<StaffId>),
    /// Somebody took the session at a node that was cut off, and others had gone on with it: nobody owns it by that.
    TakenInVain,
    /// Nobody owns it from now on.
    Freed,
    /// Anything else.
    Other,
}

impl Kind {
    /// What an entry by somebody is.
    #[must_use]
    pub fn of(event: Event, by: &Actor) -> Self {
        match event {
            Event::Text { text, .. } => Self::Text(text),
            Event::Taken => match by {
                Actor::Staff { staff, .. } => Self::Taken(staff.clone()),
                _ => Self::Taken(None),
            },
            Event::Overruled { event } if *event == Event::Taken => Self::TakenInVain,
            Event::Released { .. }
            | Event::Transferred { .. }
            | Event::Closed { .. }
            | Event::Abandoned => Self::Freed,
            _ => Self::Other,
        }
    }
}

/// Every log, as read in the end.
pub type Logs = BTreeMap<SessionId, Vec<Logged>>;

/// What came out.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Commands that were called safe.
    pub safe: usize,
    /// Commands that were called stored and, as far as the client knows, never safe.
    pub stored_only: usize,
    /// Entries shown to somebody.
    pub shown: usize,
    /// Entries in the logs.
    pub logged: usize,
    /// Requests for the next session that got two.
    pub taken_twice: usize,
    /// Safe or stored, and nowhere.
    pub lost: Vec<String>,
    /// There twice.
    pub doubled: Vec<String>,
    /// There, and never sent.
    pub invented: Vec<String>,
    /// Before what it came after.
    pub disordered: Vec<String>,
    /// Holes nobody was told of.
    pub gaps: Vec<String>,
    /// Elsewhere than promised.
    pub moved: Vec<String>,
    /// Two owners at a time.
    pub owners: Vec<String>,
}

impl Verdict {
    /// Whether every rule held.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.rules().iter().all(|(_, found)| found.is_empty())
    }

    /// Each rule with what broke it.
    #[must_use]
    pub fn rules(&self) -> [(&'static str, &Vec<String>); 7] {
        [
            ("lost", &self.lost),
            ("doubled", &self.doubled),
            ("invented", &self.invented),
            ("disordered", &self.disordered),
            ("gaps", &self.gaps),
            ("moved", &self.moved),
            ("owners", &self.owners),
        ]
    }

    /// The findings in words, a few of each rule.
    #[must_use]
    pub fn findings(&self) -> Vec<String> {
        let mut words = Vec::new();
        for (rule, found) in self.rules() {
            words.extend(
                found
                    .iter()
                    .take(NAMED_MAX)
                    .map(|what| format!("{rule}: {what}")),
            );
            if found.len() > NAMED_MAX {
                words.push(format!("{rule}: … {} in all", found.len()));
            }
        }
        words
    }
}

/// Judges a run.
#[must_use]
pub fn judge(lines: &[Line], logs: &Logs) -> Verdict {
    let mut verdict = Verdict {
        logged: logs.values().map(Vec::len).sum(),
        ..Verdict::default()
    };
    let places = places(logs, &mut verdict);
    promises(lines, &places, &mut verdict);
    origins(lines, logs, &mut verdict);
    order(lines, &places, &mut verdict);
    shown(lines, logs, &mut verdict);
    owners(logs, &mut verdict);
    verdict
}

type Places = HashMap<CommandId, Vec<(SessionId, Seq)>>;

/// Where each command's first entry stands. The entries of one command are neighbours; the same command anywhere else was
/// done twice.
fn places(logs: &Logs, verdict: &mut Verdict) -> Places {
    let mut places = Places::new();
    let mut takes = HashSet::new();
    for (session, log) in logs {
        let mut before = None;
        for (place, entry) in (1..).zip(log) {
            if entry.seq != place {
                let hole = format!("the log of {session} has {} at place {place}", entry.seq);
                verdict.gaps.push(hole);
                break;
            }
            if before != Some(entry.command) {
                let known = places.entry(entry.command).or_default();
                known.push((*session, entry.seq));
                if matches!(entry.kind, Kind::Taken(_) | Kind::TakenInVain) {
                    takes.insert(entry.command);
                }
            }
            before = Some(entry.command);
        }
    }
    for (command, found) in places.iter().filter(|(_, found)| found.len() > 1) {
        let sessions: HashSet<_> = found.iter().map(|(session, _)| session).collect();
        if takes.contains(command) && sessions.len() == found.len() {
            verdict.taken_twice += 1;
        } else {
            verdict.doubled.push(format!("{command} at {found:?}"));
        }
    }
    places
}

fn promises(lines: &[Line], places: &Places, verdict: &mut Verdict) {
    let mut best: HashMap<CommandId, (Rung, &str)> = HashMap::new();
    for line in lines {
        let Fact::Receipt {
            id, rung, first, ..
        } = &line.fact
        else {
            continue;
        };
        let known = best.entry(*id).or_insert((*rung, &line.who));
        if *rung == Rung::Safe {
            known.0 = Rung::Safe;
            if let Some(found) = places.get(id)
                && !found.iter().any(|(_, seq)| seq == first)
            {
                verdict.moved.push(format!(
                    "{id} was called safe at {first} and stands at {found:?}"
                ));
            }
        }
    }
    let looked_for: HashSet<_> = lines
        .iter()
        .filter_map(|line| match &line.fact {
            // Only commands that leave an entry in any case are looked for: openings, takes and texts.
            Fact::Sent { id, .. } => Some(*id),
            _ => None,
        })
        .collect();
    for (id, (rung, who)) in best {
        match rung {
            Rung::Safe => verdict.safe += 1,
            _ => verdict.stored_only += 1,
        }
        if looked_for.contains(&id) && !places.contains_key(&id) {
            verdict.lost.push(format!("{id} of {who}, called {rung:?}"));
        }
    }
}

fn origins(lines: &[Line], logs: &Logs, verdict: &mut Verdict) {
    let mut sent = HashMap::new();
    for line in lines {
        if let Fact::Sent {
            id,
            text: Some(text),
            session,
        } = &line.fact
        {
            sent.insert(*id, (text, *session));
        }
    }
    for (session, log) in logs {
        for entry in log {
            let Kind::Text(text) = &entry.kind else {
                continue;
            };
            let known = sent.get(&entry.command);
            let same = known
                .is_some_and(|(words, of)| *words == text && of.is_none_or(|of| of == *session));
            if !same {
                let place = format!("{} at {} of {session}", entry.command, entry.seq);
                verdict.invented.push(place);
            }
        }
    }
}

/// What a client sent after it knew an earlier text of the same session to be safe stands after it.
fn order(lines: &[Line], places: &Places, verdict: &mut Verdict) {
    let mut safe_up_to: HashMap<(&str, SessionId), Seq> = HashMap::new();
    let mut floor: HashMap<CommandId, (SessionId, Seq)> = HashMap::new();
    let mut session_of: HashMap<CommandId, SessionId> = HashMap::new();
    for line in lines {
        match &line.fact {
            Fact::Sent {
                id,
                session: Some(session),
                ..
            } => {
                session_of.insert(*id, *session);
                if let Some(seq) = safe_up_to.get(&(line.who.as_str(), *session)) {
                    floor.insert(*id, (*session, *seq));
                }
            }
            Fact::Receipt {
                id,
                rung: Rung::Safe,
                ..
            } => {
                if let Some(session) = session_of.get(id)
                    && let Some((_, seq)) = places.get(id).and_then(|found| found.first())
                {
                    let known = safe_up_to.entry((&line.who, *session)).or_default();
                    *known = (*known).max(*seq);
                }
            }
            _ => {}
        }
    }
    for (id, (session, after)) in floor {
        if let Some((_, seq)) = places.get(&id).and_then(|found| found.first())
            && *seq <= after
        {
            verdict.disordered.push(format!(
                "{id} stands at {seq} of {session}, after it was known that {after} is taken"
            ));
        }
    }
}

/// Everybody was shown every entry from where they began, and what was shown for good stands there.
fn shown(lines: &[Line], logs: &Logs, verdict: &mut Verdict) {
    let mut last: HashMap<(&str, u64, SessionId), Seq> = HashMap::new();
    for line in lines {
        match &line.fact {
            Fact::Begun {
                link,
                session,
                after,
            } => {
                last.insert((&line.who, *link, *session), *after);
            }
            // Whoever was not shown as much yet has nothing to drop.
            Fact::Rewound {
                link,
                session,
                after,
            } => {
                let place = last.entry((&line.who, *link, *session));
                place.and_modify(|seq| *seq = (*seq).min(*after));
            }
            Fact::Shown {
                link,
                session,
                seq,
                prev,
                command,
                kept,
            } => {
                verdict.shown += 1;
                let key = (line.who.as_str(), *link, *session);
                let before = last.insert(key, *seq);
                // A resident's first entry of a link may hang on one that is not for residents.
                let whole = before.is_some_and(|before| before >= *prev && before < *seq);
                if !whole {
                    verdict.gaps.push(format!(
                        "{} was shown {seq} of {session} after {before:?}, not after {prev}",
                        line.who
                    ));
                }
                let stands = logs
                    .get(session)
                    .and_then(|log| log.get(usize::try_from(*seq).unwrap_or(usize::MAX) - 1));
                if !kept && stands.is_none_or(|entry| entry.command != *command) {
                    verdict.moved.push(format!(
                        "{} was shown {command} at {seq} of {session}, which is not there",
                        line.who
                    ));
                }
            }
            _ => {}
        }
    }
}

fn owners(logs: &Logs, verdict: &mut Verdict) {
    for (session, log) in logs {
        let mut owner = None;
        for entry in log {
            match &entry.kind {
                // What its owner took once more, at a node that was cut off, has one owner.
                Kind::Taken(by) if owner.is_some_and(|owner| owner != by) => verdict.owners.push(
                    format!("{session} is taken from its owner, at {}", entry.seq),
                ),
                Kind::Taken(by) => owner = Some(by),
                Kind::Freed => owner = None,
                Kind::Text(_) | Kind::TakenInVain | Kind::Other => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session() -> SessionId {
        SessionId::from_u128(7).unwrap()
    }

    fn id(n: u128) -> CommandId {
        CommandId::from_u128(n).unwrap()
    }

    fn line(fact: Fact) -> Line {
        Line {
            who: "r1".to_owned(),
            at_ms: 0,
            fact,
        }
    }

    fn sent(n: u128) -> Line {
        line(Fact::Sent {
            id: id(n),
            session: Some(session()),
            text: Some(format!("text {n}")),
        })
    }

    fn receipt(n: u128, rung: Rung, first: Seq) -> Line {
        line(Fact::Receipt {
            id: id(n),
            session: Some(session()),
            rung,
            first,
        })
    }

    fn shown_at(seq: Seq, n: u128, kept: bool) -> Line {
        line(Fact::Shown {
            link: 1,
            session: session(),
            seq,
            prev: seq - 1,
            command: id(n),
            kept,
        })
    }

    fn begun(after: Seq) -> Line {
        line(Fact::Begun {
            link: 1,
            session: session(),
            after,
        })
    }

    fn log(entries: &[u128]) -> Logs {
        let entries = (1..).zip(entries).map(|(seq, n)| Logged {
            seq,
            command: id(*n),
            kind: Kind::Text(format!("text {n}")),
        });
        Logs::from([(session(), entries.collect())])
    }

    #[test]
    fn a_run_in_which_every_promise_was_kept_is_clean() {
        let lines = [
            begun(0),
            sent(1),
            receipt(1, Rung::Safe, 1),
            shown_at(1, 1, false),
            sent(2),
            receipt(2, Rung::Stored, 2),
            shown_at(2, 2, true),
            receipt(2, Rung::Safe, 2),
        ];
        let verdict = judge(&lines, &log(&[1, 2]));
        assert!(verdict.is_clean(), "{:?}", verdict.findings());
        assert_eq!(
            (verdict.safe, verdict.stored_only, verdict.shown),
            (2, 0, 2)
        );
    }

    #[test]
    fn a_safe_command_that_is_nowhere_is_lost_and_so_is_a_stored_one() {
        for rung in [Rung::Safe, Rung::Stored] {
            let verdict = judge(&[sent(1), receipt(1, rung, 1)], &Logs::new());
            assert_eq!(verdict.lost.len(), 1, "{rung:?}");
        }
        assert!(
            judge(&[sent(1)], &Logs::new()).is_clean(),
            "promised nothing"
        );
    }

    #[test]
    fn a_command_that_stands_twice_is_doubled() {
        let lines = [sent(1), sent(2)];
        assert_eq!(judge(&lines, &log(&[1, 2, 1])).doubled.len(), 1);
        assert_eq!(
            judge(&lines, &log(&[1, 1, 2])).doubled.len(),
            0,
            "one command, two entries"
        );
    }

    #[test]
    fn a_take_next_that_got_two_sessions_is_counted_apart() {
        for kind in [Kind::Taken(None), Kind::TakenInVain] {
            let taken = vec![Logged {
                seq: 1,
                command: id(1),
                kind,
            }];
            let other = SessionId::from_u128(8).unwrap();
            let logs = Logs::from([(session(), taken.clone()), (other, taken)]);
            let verdict = judge(&[], &logs);
            assert!(verdict.is_clean(), "{:?}", verdict.findings());
            assert_eq!(verdict.taken_twice, 1);
        }
    }

    #[test]
    fn a_rewind_takes_away_what_was_shown_and_nothing_else() {
        let rewound = |after| {
            line(Fact::Rewound {
                link: 1,
                session: session(),
                after,
            })
        };
        let lines = [begun(0), sent(1), sent(2), shown_at(1, 1, false)];
        let further = [&lines[..], &[rewound(5), shown_at(2, 2, false)]].concat();
        assert!(judge(&further, &log(&[1, 2])).gaps.is_empty());
        let back = [&lines[..], &[rewound(0), shown_at(1, 1, false)]].concat();
        assert!(judge(&back, &log(&[1, 2])).gaps.is_empty());
    }

    #[test]
    fn what_nobody_sent_or_said_otherwise_is_invented() {
        assert_eq!(judge(&[], &log(&[1])).invented.len(), 1);
        let mut other = sent(1);
        if let Fact::Sent { text, .. } = &mut other.fact {
            *text = Some("something else".to_owned());
        }
        assert_eq!(judge(&[other], &log(&[1])).invented.len(), 1);
    }

    #[test]
    fn a_text_sent_after_a_safe_one_stands_after_it() {
        let lines = [sent(1), receipt(1, Rung::Safe, 2), sent(2)];
        assert_eq!(judge(&lines, &log(&[2, 1])).disordered.len(), 1);
        let unknown = [sent(1), sent(2)];
        assert!(judge(&unknown, &log(&[2, 1])).disordered.is_empty());
    }

    #[test]
    fn a_hole_in_what_is_shown_is_a_gap_unless_it_was_told() {
        let lines = [begun(0), sent(1), sent(2), sent(3), shown_at(1, 1, false)];
        let hole = [&lines[..], &[shown_at(3, 3, false)]].concat();
        assert_eq!(judge(&hole, &log(&[1, 2, 3])).gaps.len(), 1);
        let told = [&lines[..], &[begun(2), shown_at(3, 3, false)]].concat();
        assert!(judge(&told, &log(&[1, 2, 3])).gaps.is_empty());
        let again = [&lines[..], &[shown_at(1, 1, false)]].concat();
        assert_eq!(judge(&again, &log(&[1, 2, 3])).gaps.len(), 1, "shown twice");
    }

    #[test]
    fn only_what_is_kept_may_move() {
        let lines = [begun(0), sent(1), sent(2)];
        let kept = [&lines[..], &[shown_at(1, 2, true)]].concat();
        assert!(judge(&kept, &log(&[1, 2])).moved.is_empty());
        let for_good = [&lines[..], &[shown_at(1, 2, false)]].concat();
        assert_eq!(judge(&for_good, &log(&[1, 2])).moved.len(), 1);
        let promised = [&lines[..], &[receipt(2, Rung::Safe, 1)]].concat();
        assert_eq!(judge(&promised, &log(&[1, 2])).moved.len(), 1);
    }

    #[test]
    fn a_session_is_taken_only_while_nobody_else_owns_it() {
        let entry = |seq, kind| Logged {
            seq,
            command: id(u128::from(seq)),
            kind,
        };
        let taken = |by: &str| Kind::Taken(Some(by.parse().unwrap()));
        let judged = |kinds: Vec<Kind>| {
            let log = (1..).zip(kinds).map(|(seq, kind)| entry(seq, kind));
            judge(&[], &Logs::from([(session(), log.collect())]))
        };
        assert_eq!(judged(vec![taken("tina"), taken("tom")]).owners.len(), 1);
        assert!(judged(vec![taken("tina"), Kind::Freed, taken("tom")]).is_clean());
        assert!(
            judged(vec![taken("tina"), taken("tina")]).is_clean(),
            "it has one owner"
        );
    }
}
