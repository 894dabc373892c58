//! What triage would have made of a session under other rules.
//!
//! Owns: the judgement of one log, entry by entry, beside what stands in it. Must not: read logs. Called by: `callbox triage try`.
//!
//! It judges where the gateway judges: what was known at the opening, and each text and each other category of the resident while the session waits and no person
//! has set the priority. What would have followed from another priority (somebody else takes it, sooner) is not played out.

use callbox_proto::event::{Actor, Event, Stored};
use callbox_proto::vocabulary::{Priority, RuleFired, Seq};

use super::by_resident::{facts, facts_after};
use super::{Session, field};
use crate::triage::{self, Facts, Rules};

/// A judgement: the priority and the rule that gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// How urgent.
    pub priority: Priority,
    /// The id of the most urgent rule that fired.
    pub rule: String,
}

impl Judged {
    fn new(priority: Priority, fired: &[RuleFired]) -> Self {
        Self {
            priority,
            rule: fired
                .first()
                .map_or_else(String::new, |one| one.rule.clone()),
        }
    }
}

/// What triage came to, and what it would have come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The last judgement in the log.
    pub before: Judged,
    /// The last judgement of the rules that are tried.
    pub after: Judged,
    /// A person set the priority: this is what it was then on, under any rules.
    pub by_person: Option<Priority>,
}

impl Outcome {
    /// Whether the session would have had another priority. Another rule for the same priority is no change.
    #[must_use]
    pub fn differs(&self) -> bool {
        self.before.priority != self.after.priority
    }
}

/// One session's log, judged by other rules.
pub struct DryRun<'a> {
    rules: &'a Rules,
    session: Option<Session>,
    opening: String,
    before: Option<Judged>,
    after: Option<Judged>,
    by_person: Option<Priority>,
}

impl<'a> DryRun<'a> {
    /// Begins with a log's first entry.
    #[must_use]
    pub const fn new(rules: &'a Rules) -> Self {
        Self {
            rules,
            session: None,
            opening: String::new(),
            before: None,
            after: None,
            by_person: None,
        }
    }

    /// The next entry of the log.
    pub fn entry(&mut self, seq: Seq, entry: &Stored) {
        let Some(session) = &mut self.session else {
            self.session = Session::begin(entry);
            return;
        };
        match &entry.event {
            Event::Triaged {
                priority, rules, ..
            } => {
                self.before = Some(Judged::new(*priority, rules));
                if self.after.is_none() {
                    self.after = Some(judge(self.rules, &facts(session, &self.opening)));
                }
            }
            Event::PriorityChanged { priority, .. } => self.by_person = Some(*priority),
            event if entry.by == Actor::Resident => {
                let said = match event {
                    Event::Text { text, .. } => Some(facts(session, text)),
                    Event::CategoryChanged { category, .. } => {
                        Some(facts_after(session, *category))
                    }
                    event => field::written(event).map(|text| facts(session, text)),
                };
                match (said, &mut self.after) {
                    (Some(said), None) => said.text.clone_into(&mut self.opening),
                    (Some(said), Some(after)) if session.is_judged_again() => {
                        let found = judge(self.rules, &said);
                        if triage::raises(after.priority, found.priority) {
                            *after = found;
                        }
                    }
                    _ => {}
                }
            }
            _ => {}
        }
        session.apply(seq, entry);
    }

    /// What it came to; `None` for a log that holds no judgement.
    #[must_use]
    pub fn outcome(self) -> Option<Outcome> {
        Some(Outcome {
            before: self.before?,
            after: self.after?,
            by_person: self.by_person,
        })
    }
}

fn judge(rules: &Rules, facts: &Facts<'_>) -> Judged {
    let found = triage::triage(rules, facts);
    Judged::new(found.priority, &found.fired)
}
