//! Colleagues: who can be handed a session, as their consoles are told.
//!
//! Owns: making that list from the roster and telling it when it has changed. Must not: say what only supervisors may know of a person
//! (that is `board`). Called by: `tasks`, once a second.

use callbox_proto::bounds::COLLEAGUES_MAX;
use callbox_proto::message::{Colleague, ToStaff};
use callbox_proto::vocabulary::{AgentState, Role};

use super::Node;
use super::agency::Agency;
use super::lock;
use super::told::Told;

/// Who can be handed a session, and is told of the others.
const ROLES: &[Role] = &[Role::Telecommunicator, Role::Supervisor];

/// The list as last told.
#[derive(Debug, Default)]
pub struct Colleagues {
    people: Vec<Colleague>,
    more: u64,
    told: Told,
}

impl Node {
    /// Tells the consoles of an agency who can be handed a session, where they do not know it.
    pub(super) fn tell_colleagues(&self, agency: &Agency) {
        let roster = lock(&agency.roster);
        let consoles: Vec<_> = roster.consoles(ROLES).cloned().collect();
        if consoles.is_empty() {
            return;
        }
        let people = roster.figures(&agency.around.elsewhere(), self.clock.now_ms());
        drop(roster);
        let mut people: Vec<_> = people
            .into_iter()
            .filter(|person| ROLES.contains(&person.role))
            .map(|person| Colleague {
                staff: person.staff,
                name: person.name,
                state: person.state,
                reason: person.reason,
            })
            .collect();
        // They are sorted by sign-in name.
        people.sort_by_key(|person| person.state != AgentState::Available);
        let more = people.len().saturating_sub(COLLEAGUES_MAX) as u64;
        people.truncate(COLLEAGUES_MAX);
        let mut guard = lock(&agency.colleagues);
        let known = &mut *guard;
        if (&known.people, known.more) != (&people, more) {
            (known.people, known.more) = (people, more);
            known.told.forget_all();
        }
        known.told.tell(&consoles, || ToStaff::Colleagues {
            people: known.people.clone(),
            more: known.more,
        });
    }
}
