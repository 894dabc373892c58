//! The rules **owners** and **unlisted**: where each session stands by its log, and where each node says that it stands.
//!
//! Owns: how entries move a session. Must not: know of receipts. Called by: `check`, and by whoever reads lists, to wait until they agree.

use std::collections::{BTreeMap, HashMap};

use callbox_proto::ids::{SessionId, StaffId};
use callbox_proto::vocabulary::Standing;
use serde::{Deserialize, Serialize};

use super::{Kind, Logged, Logs, Verdict};

/// Where a session stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stand {
    /// In a queue, owned, abandoned or finished.
    pub standing: Standing,
    /// Whose it is, while it is owned.
    pub owner: Option<StaffId>,
}

impl Default for Stand {
    /// As a session begins.
    fn default() -> Self {
        Self {
            standing: Standing::Waiting,
            owner: None,
        }
    }
}

impl Stand {
    /// Whether this person owns it.
    #[must_use]
    pub fn is_of(&self, staff: &StaffId) -> bool {
        self.owner.as_ref() == Some(staff)
    }

    pub(super) fn change(&mut self, kind: &Kind) {
        let (standing, owner) = match kind {
            Kind::Taken(by) => (Standing::Owned, by.clone()),
            Kind::Freed => (Standing::Waiting, None),
            Kind::Returned if self.standing == Standing::Abandoned => (Standing::Waiting, None),
            Kind::Abandoned => (Standing::Abandoned, None),
            Kind::Closed => (Standing::Closed, None),
            Kind::Returned | Kind::Text(_) | Kind::TakenInVain | Kind::Other => return,
        };
        *self = Self { standing, owner };
    }
}

/// One row of a list of sessions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Which session.
    pub session: SessionId,
    /// Where it stands by that list.
    pub stand: Stand,
}

/// Where a session stands by its log.
#[must_use]
pub fn stand(log: &[Logged]) -> Stand {
    let mut stand = Stand::default();
    log.iter().for_each(|entry| stand.change(&entry.kind));
    stand
}

/// Sessions that are not listed once, as their logs say.
#[must_use]
pub fn differing(logs: &Logs, rows: &[Row]) -> BTreeMap<SessionId, String> {
    let mut listed: HashMap<SessionId, Vec<&Stand>> = HashMap::new();
    for row in rows {
        listed.entry(row.session).or_default().push(&row.stand);
    }
    let mut differing = BTreeMap::new();
    for (session, log) in logs {
        let by_log = stand(log);
        match listed.remove(session).as_deref() {
            Some([one]) if **one == by_log => {}
            Some(rows) => {
                let found = format!("is {by_log:?} by its log, and listed as {rows:?}");
                differing.insert(*session, found);
            }
            None => {
                let found = format!("is {by_log:?} by its log, and in no list");
                differing.insert(*session, found);
            }
        }
    }
    for (session, rows) in listed {
        differing.insert(session, format!("has no log, and is listed as {rows:?}"));
    }
    differing
}

impl Verdict {
    /// Compares what a node lists with what the logs say.
    pub fn compare(&mut self, node: &str, logs: &Logs, rows: &[Row]) {
        for (session, found) in differing(logs, rows) {
            self.unlisted.push(format!("{session} {found}, by {node}"));
        }
    }
}

pub(super) fn owners(logs: &Logs, verdict: &mut Verdict) {
    for (session, log) in logs {
        let mut now = Stand::default();
        for entry in log {
            // What its owner took once more, at a node that was cut off, has one owner.
            if let Kind::Taken(by) = &entry.kind
                && now.standing == Standing::Owned
                && now.owner != *by
            {
                let place = format!("{session} is taken from its owner, at {}", entry.seq);
                verdict.owners.push(place);
            }
            now.change(&entry.kind);
        }
    }
}
