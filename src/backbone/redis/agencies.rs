//! Which agency a session belongs to, remembered.
//!
//! Owns: a bounded memory of what never changes. Must not: ask a server. Called by: `handle`.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use callbox_proto::ids::{AgencyId, SessionId};

/// Sessions in one generation; two are kept. About 5 MiB in all: more than a node has open.
const GENERATION: usize = 32_768;

/// Two generations: what is asked for moves to the newer one, and the older one is forgotten as a whole.
#[derive(Debug, Default)]
pub(super) struct Agencies {
    generations: Mutex<[HashMap<SessionId, AgencyId>; 2]>,
}

impl Agencies {
    pub(super) fn get(&self, session: SessionId) -> Option<AgencyId> {
        let mut guard = self
            .generations
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = guard[0].get(&session) {
            return Some(known.clone());
        }
        let agency = guard[1].get(&session).cloned()?;
        keep(&mut guard, session, agency.clone());
        Some(agency)
    }

    pub(super) fn learn(&self, session: SessionId, agency: &AgencyId) {
        let mut guard = self
            .generations
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        keep(&mut guard, session, agency.clone());
    }
}

fn keep(generations: &mut [HashMap<SessionId, AgencyId>; 2], session: SessionId, agency: AgencyId) {
    if generations[0].len() >= GENERATION {
        generations[1] = std::mem::take(&mut generations[0]);
    }
    generations[0].insert(session, agency);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_kept_and_the_rest_is_bounded() {
        let agency: AgencyId = "demo.example".parse().unwrap();
        let id = |number: usize| SessionId::from_u128(number as u128).unwrap();
        let agencies = Agencies::default();
        for number in 1..=5 * GENERATION {
            agencies.learn(id(number), &agency);
            assert!(agencies.get(id(1)).is_some());
        }
        assert_eq!(agencies.get(id(2)), None);
        let guard = agencies.generations.lock().unwrap();
        assert!(guard.iter().map(HashMap::len).sum::<usize>() <= 2 * GENERATION);
    }
}
