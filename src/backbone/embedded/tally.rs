//! How many sessions stand where, in memory.
//!
//! Owns: one entry for each session that is not closed, and the counts. Must not: touch the disk; it is loaded at open and
//! follows what has been committed. Called by: the writer (after each commit), `tally`.

use std::collections::HashMap;

use callbox_proto::ids::{AgencyId, QueueId, SessionId};

use crate::backbone::{IndexRow, Standing, StandingKind, Tally};

type Place = (QueueId, StandingKind);

/// The counts of all agencies.
#[derive(Debug, Default)]
pub(super) struct Tallies {
    places: HashMap<SessionId, Place>,
    counts: HashMap<AgencyId, HashMap<Place, u64>>,
}

impl Tallies {
    /// Follows a committed index row.
    pub(super) fn follow(&mut self, session: SessionId, agency: &AgencyId, row: &IndexRow) {
        let now = kind(&row.standing).map(|kind| (row.queue.clone(), kind));
        self.change(session, agency, now);
    }

    /// Forgets a session that is no longer here.
    pub(super) fn forget(&mut self, session: SessionId, agency: &AgencyId) {
        self.change(session, agency, None);
    }

    fn change(&mut self, session: SessionId, agency: &AgencyId, now: Option<Place>) {
        let before = match &now {
            Some(place) => self.places.insert(session, place.clone()),
            None => self.places.remove(&session),
        };
        if before == now {
            return;
        }
        let counts = self.counts.entry(agency.clone()).or_default();
        if let Some(before) = before
            && let Some(count) = counts.get_mut(&before)
        {
            *count = count.saturating_sub(1);
            if *count == 0 {
                counts.remove(&before);
            }
        }
        if let Some(now) = now {
            *counts.entry(now).or_default() += 1;
        }
    }

    /// The counts of one agency.
    pub(super) fn of(&self, agency: &AgencyId) -> Vec<Tally> {
        let counts = self.counts.get(agency).into_iter().flatten();
        counts
            .map(|((queue, kind), count)| Tally {
                queue: queue.clone(),
                kind: *kind,
                count: *count,
            })
            .collect()
    }
}

/// Finished sessions are not counted.
fn kind(standing: &Standing) -> Option<StandingKind> {
    Some(standing.kind()).filter(|kind| *kind != StandingKind::Closed)
}
