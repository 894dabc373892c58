//! The rule **gaps**, and of **moved** what concerns entries that were shown.
//!
//! Owns: what has to be shown to whom. Must not: know of receipts. Called by: `check`, and by clients, who wait for what is due to them.

use std::collections::HashMap;

use callbox_proto::ids::{SessionId, StaffId};
use callbox_proto::vocabulary::Seq;

use super::{Logged, Logs, Stand, Verdict};
use crate::record::{Fact, Line};

/// Everybody was shown every entry from where they began, what was shown for good stands there, and whoever stayed was shown the last one.
pub(super) fn every_entry(lines: &[Line], logs: &Logs, verdict: &mut Verdict) {
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
            Fact::Stays {
                link,
                session,
                staff,
            } => {
                let last = last.get(&(line.who.as_str(), *link, *session)).copied();
                let log = logs.get(session).map_or(&[][..], Vec::as_slice);
                let due = due(log, staff.as_ref());
                if last.is_none_or(|last| last < due) {
                    verdict.gaps.push(format!(
                        "{} was shown {session} up to {last:?} in the end, not up to {due}",
                        line.who
                    ));
                }
            }
            _ => {}
        }
    }
}

/// The last entry that whoever follows a session has to be shown in the end: a resident (`None`) whatever is for residents,
/// its owner everything, and who owned it before at least that it is not theirs any more.
#[must_use]
pub fn due(log: &[Logged], staff: Option<&StaffId>) -> Seq {
    let Some(staff) = staff else {
        let mut shown = log.iter().rev().filter(|entry| entry.to_resident);
        return shown.next().map_or(0, |entry| entry.seq);
    };
    let mut stand = Stand::default();
    let mut lost = 0;
    for entry in log {
        let owned = stand.is_of(staff);
        stand.change(&entry.kind);
        if owned && !stand.is_of(staff) {
            lost = entry.seq;
        }
    }
    if stand.is_of(staff) {
        log.last().map_or(0, |entry| entry.seq)
    } else {
        lost
    }
}
