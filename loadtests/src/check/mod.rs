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
//! - **gaps**: whoever is shown a session is shown every entry, in order, from where it began, and in the end up to the last one.
//! - **moved**: what was called `safe` at a place, or was shown as more than kept, stands at that place.
//! - **owners**: a session is taken only while nobody else owns it.
//! - **unlisted**: what each node lists in the end is what the logs say: who owns a session, or that it waits; each once.

mod shown;
mod standing;

use std::collections::{BTreeMap, HashMap, HashSet};

use callbox_proto::event::{Actor, Event};
use callbox_proto::ids::{CommandId, SessionId, StaffId};
use callbox_proto::vocabulary::{Rung, Seq};
use serde::{Deserialize, Serialize};

pub use self::shown::due;
pub use self::standing::{Row, Stand, differing, stand};
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
    /// Residents are shown it, too.
    pub to_resident: bool,
}

impl Logged {
    /// An entry of a log as it was read.
    #[must_use]
    pub fn of(seq: Seq, command: CommandId, by: &Actor, event: Event) -> Self {
        Self {
            seq,
            command,
            to_resident: event.visible_to_resident(),
            kind: Kind::of(event, by),
        }
    }
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
    /// It waits from now on: its owner gave it back, passed it on or was lost.
    Freed,
    /// Its resident left before an answer.
    Abandoned,
    /// Its resident is back: one that was abandoned waits again.
    Returned,
    /// It is finished.
    Closed,
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
            Event::Released { .. } | Event::Transferred { .. } => Self::Freed,
            Event::Abandoned => Self::Abandoned,
            Event::Returned => Self::Returned,
            Event::Closed { .. } => Self::Closed,
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
    /// Listed otherwise than the logs say, or not at all.
    pub unlisted: Vec<String>,
}

impl Verdict {
    /// Whether every rule held.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.rules().iter().all(|(_, found)| found.is_empty())
    }

    /// Each rule with what broke it.
    #[must_use]
    pub fn rules(&self) -> [(&'static str, &Vec<String>); 8] {
        [
            ("lost", &self.lost),
            ("doubled", &self.doubled),
            ("invented", &self.invented),
            ("disordered", &self.disordered),
            ("gaps", &self.gaps),
            ("moved", &self.moved),
            ("owners", &self.owners),
            ("unlisted", &self.unlisted),
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

/// Judges a run by its logs. Lists are compared by [`Verdict::compare`].
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
    shown::every_entry(lines, logs, &mut verdict);
    standing::owners(logs, &mut verdict);
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
    for (id, (rung, who)) in best {
        match rung {
            Rung::Safe => verdict.safe += 1,
            _ => verdict.stored_only += 1,
        }
        // A receipt names entries, whatever was asked for: they are there.
        if !places.contains_key(&id) {
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

#[cfg(test)]
mod tests;
