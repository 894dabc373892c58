//! The roster: who of an agency is signed in, on which connections, for which queues, in which state.
//!
//! Owns: people and their consoles on this node. Must not: touch sessions or write to the log. Called by: `staff`, `lists`,
//! `board`.

use std::collections::HashMap;
use std::sync::Arc;

use callbox_proto::ids::{ConnectionId, QueueId, StaffId};
use callbox_proto::message::PersonFigures;
use callbox_proto::vocabulary::{AgentReason, AgentState, Millis, Role};

use super::outbox::Outbox;

/// Consoles of one person at once: several windows on several monitors. The oldest is closed when one more comes.
pub const CONSOLES_PER_PERSON_MAX: usize = 16;

/// Who is signed in.
#[derive(Debug, Default)]
pub struct Roster {
    people: HashMap<StaffId, Person>,
}

/// A person.
#[derive(Debug)]
pub struct Person {
    /// Name on the screen.
    pub name: String,
    /// Role.
    pub role: Role,
    /// Can take sessions, or not.
    pub state: AgentState,
    /// Why not.
    pub reason: Option<AgentReason>,
    /// Since when.
    pub since_ms: Millis,
    /// Sessions owned.
    pub sessions: u32,
    /// Open consoles.
    pub consoles: Vec<Console>,
}

/// One console.
#[derive(Debug)]
pub struct Console {
    /// Where to.
    pub outbox: Arc<Outbox>,
    /// The queues it takes from.
    pub queues: Vec<QueueId>,
}

impl Roster {
    /// A console signs in. Answers the console that has to go when the person has too many.
    pub fn sign_in(
        &mut self,
        staff: &StaffId,
        name: &str,
        role: Role,
        outbox: Arc<Outbox>,
        now_ms: Millis,
    ) -> Option<Arc<Outbox>> {
        let person = self.people.entry(staff.clone()).or_insert_with(|| Person {
            name: name.to_owned(),
            role,
            state: AgentState::NotAvailable,
            reason: Some(AgentReason::JustSignedIn),
            since_ms: now_ms,
            sessions: 0,
            consoles: Vec::new(),
        });
        person.consoles.push(Console {
            outbox,
            queues: Vec::new(),
        });
        let too_many = person.consoles.len() > CONSOLES_PER_PERSON_MAX;
        too_many.then(|| person.consoles.remove(0).outbox)
    }

    /// A console is gone. Answers whether it was the person's last one.
    pub fn sign_out(&mut self, staff: &StaffId, connection: ConnectionId) -> bool {
        let Some(person) = self.people.get_mut(staff) else {
            return false;
        };
        person
            .consoles
            .retain(|console| console.outbox.connection() != connection);
        let last = person.consoles.is_empty();
        if last {
            self.people.remove(staff);
        }
        last
    }

    /// Registers a console for queues.
    pub fn register(&mut self, staff: &StaffId, connection: ConnectionId, queues: Vec<QueueId>) {
        let consoles = self.people.get_mut(staff).map(|p| &mut p.consoles);
        let console = consoles
            .into_iter()
            .flatten()
            .find(|c| c.outbox.connection() == connection);
        if let Some(console) = console {
            console.queues = queues;
        }
    }

    /// The queues a console takes from.
    #[must_use]
    pub fn queues_of(&self, staff: &StaffId, connection: ConnectionId) -> Vec<QueueId> {
        let consoles = self.people.get(staff).map(|p| &p.consoles);
        consoles
            .into_iter()
            .flatten()
            .find(|c| c.outbox.connection() == connection)
            .map(|c| c.queues.clone())
            .unwrap_or_default()
    }

    /// Sets a person's state.
    pub fn set_state(
        &mut self,
        staff: &StaffId,
        state: AgentState,
        reason: Option<AgentReason>,
        now_ms: Millis,
    ) {
        if let Some(person) = self.people.get_mut(staff) {
            person.state = state;
            person.reason =
                (state == AgentState::NotAvailable).then_some(reason.unwrap_or(AgentReason::Other));
            person.since_ms = now_ms;
        }
    }

    /// Counts of owned sessions, made anew.
    pub fn set_owned(&mut self, owned: &HashMap<StaffId, u32>) {
        for (staff, person) in &mut self.people {
            person.sessions = owned.get(staff).copied().unwrap_or(0);
        }
    }

    /// How many people are available for a queue.
    #[must_use]
    pub fn staffed(&self, queue: &QueueId) -> u32 {
        let serves = |p: &&Person| {
            p.state == AgentState::Available && p.consoles.iter().any(|c| c.queues.contains(queue))
        };
        u32::try_from(self.people.values().filter(serves).count()).unwrap_or(u32::MAX)
    }

    /// Every console of people in these roles.
    pub fn consoles<'a>(&'a self, roles: &'a [Role]) -> impl Iterator<Item = &'a Arc<Outbox>> {
        self.people
            .values()
            .filter(|person| roles.contains(&person.role))
            .flat_map(|person| &person.consoles)
            .map(|console| &console.outbox)
    }

    /// Everybody, by name of sign-in.
    #[must_use]
    pub fn figures(&self) -> Vec<PersonFigures> {
        let mut people: Vec<_> = self
            .people
            .iter()
            .map(|(staff, person)| PersonFigures {
                staff: staff.clone(),
                name: person.name.clone(),
                role: person.role,
                state: person.state,
                reason: person.reason,
                since_ms: person.since_ms,
                sessions: person.sessions,
            })
            .collect();
        people.sort_by(|a, b| a.staff.cmp(&b.staff));
        people
    }
}
