//! The roster: who of an agency is signed in, on which connections, for which queues, in which state.
//!
//! Owns: people and their consoles on this node, and putting them together with those of other nodes. Must not: touch sessions
//! or write to the log. Called by: `staff`, `lists`, `board`, `bus`.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use callbox_proto::bounds::CONSOLES_MAX;
use callbox_proto::ids::{ConnectionId, QueueId, StaffId};
use callbox_proto::message::{PersonFigures, StateFigures};
use callbox_proto::vocabulary::{AgentReason, AgentState, Millis, Role};

use super::bus::message::PersonHere;
use super::elsewhere::Elsewhere;
use super::outbox::Outbox;
use super::strain::Strain;

/// Wallboards of an agency at one node, far more than a building has rooms; when one more comes, the oldest is closed. Each
/// costs a board a second.
const WALLBOARDS_MAX: usize = 64;

/// Who is signed in.
#[derive(Debug, Default)]
pub struct Roster {
    people: HashMap<StaffId, Person>,
    /// Wallboards open here, oldest first: nobody sits at them, so nobody is signed in by them.
    walls: VecDeque<Arc<Outbox>>,
    /// Sessions owned, by everybody of the agency.
    owned: HashMap<StaffId, u32>,
    /// What alarms and pictures ask of people at this node.
    strain: Strain,
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
            consoles: Vec::new(),
        });
        person.consoles.push(Console {
            outbox,
            queues: Vec::new(),
        });
        let too_many = person.consoles.len() > CONSOLES_MAX;
        too_many.then(|| person.consoles.remove(0).outbox)
    }

    /// A wallboard opens. Answers the one that has to go when there are too many.
    pub fn open_wall(&mut self, outbox: Arc<Outbox>) -> Option<Arc<Outbox>> {
        self.walls.push_back(outbox);
        let too_many = self.walls.len() > WALLBOARDS_MAX;
        too_many.then(|| self.walls.pop_front()).flatten()
    }

    /// A wallboard is gone.
    pub fn close_wall(&mut self, connection: ConnectionId) {
        self.walls
            .retain(|outbox| outbox.connection() != connection);
    }

    /// Every wallboard here.
    pub fn walls(&self) -> impl Iterator<Item = &Arc<Outbox>> {
        self.walls.iter()
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

    /// In which role a person is signed in here.
    #[must_use]
    pub fn role(&self, staff: &StaffId) -> Option<Role> {
        self.people.get(staff).map(|person| person.role)
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

    /// Somebody who is signed in here and at another node has a new state there: the later word counts everywhere.
    pub fn adopt(&mut self, there: &PersonHere) {
        if let Some(person) = self.people.get_mut(&there.staff)
            && there.since_ms > person.since_ms
        {
            person.take_state(there);
        }
    }

    /// Somebody who has just signed in here has the state they have at another node.
    pub fn keep(&mut self, there: &PersonHere) {
        if let Some(person) = self.people.get_mut(&there.staff)
            && person.reason == Some(AgentReason::JustSignedIn)
        {
            person.take_state(there);
        }
    }

    /// Counts of owned sessions, made anew.
    pub fn set_owned(&mut self, owned: HashMap<StaffId, u32>) {
        self.owned = owned;
    }

    /// Whether a person is signed in here.
    #[must_use]
    pub fn has(&self, staff: &StaffId) -> bool {
        self.people.contains_key(staff)
    }

    /// Everybody who is signed in here.
    #[must_use]
    pub fn names(&self) -> Vec<StaffId> {
        self.people.keys().cloned().collect()
    }

    /// Everybody who is signed in here, as other nodes are told.
    #[must_use]
    pub fn here(&self, now_ms: Millis) -> Vec<PersonHere> {
        let here = |(staff, person): (&StaffId, &Person)| {
            let queues: BTreeSet<_> = person.consoles.iter().flat_map(|c| &c.queues).collect();
            let asked = self.strain.of(staff, now_ms);
            PersonHere {
                alarms: asked.alarms,
                exposed_ms: asked.exposed_ms,
                staff: staff.clone(),
                name: person.name.clone(),
                role: person.role,
                state: person.state,
                reason: person.reason,
                since_ms: person.since_ms,
                queues: queues.into_iter().cloned().collect(),
            }
        };
        self.people.iter().map(here).collect()
    }

    /// How many people are available for a queue, anywhere.
    #[must_use]
    pub fn staffed(&self, queue: &QueueId, elsewhere: &Elsewhere) -> u32 {
        let available = |_: &StaffId, state: AgentState| state == AgentState::Available;
        let people: HashSet<_> = self.at(queue, elsewhere, &available).collect();
        u32::try_from(people.len()).unwrap_or(u32::MAX)
    }

    /// Whether somebody serves a queue, anywhere: is available, or at work on a session and takes the next one after it.
    #[must_use]
    pub fn is_served(&self, queue: &QueueId, elsewhere: &Elsewhere) -> bool {
        let at_work = |staff: &StaffId, state: AgentState| {
            state == AgentState::Available || self.owned.contains_key(staff)
        };
        self.at(queue, elsewhere, &at_work).next().is_some()
    }

    /// Those at a queue, here and elsewhere, of whom this is true; who is signed in at several nodes comes once for each.
    fn at<'a>(
        &'a self,
        queue: &'a QueueId,
        elsewhere: &'a Elsewhere,
        is_so: &'a impl Fn(&StaffId, AgentState) -> bool,
    ) -> impl Iterator<Item = &'a StaffId> {
        let here = self
            .people
            .iter()
            .filter(|(_, p)| p.consoles.iter().any(|c| c.queues.contains(queue)))
            .map(|(staff, p)| (staff, p.state));
        let there = elsewhere
            .people()
            .filter(|p| p.queues.contains(queue))
            .map(|p| (&p.staff, p.state));
        here.chain(there)
            .filter(|(staff, state)| is_so(staff, *state))
            .map(|(staff, _)| staff)
    }

    /// Every console of people in these roles.
    pub fn consoles<'a>(&'a self, roles: &'a [Role]) -> impl Iterator<Item = &'a Arc<Outbox>> {
        self.people
            .values()
            .filter(|person| roles.contains(&person.role))
            .flat_map(|person| &person.consoles)
            .map(|console| &console.outbox)
    }

    /// What a page asked of its person since it told so last.
    pub fn tally(&mut self, staff: &StaffId, alarms: u32, exposed_ms: u64, now_ms: Millis) {
        self.strain.tell(staff, alarms, exposed_ms, now_ms);
    }

    /// Everybody anywhere, by name of sign-in. Who is signed in at several nodes is shown once, with the latest state.
    #[must_use]
    pub fn figures(&self, elsewhere: &Elsewhere, now_ms: Millis) -> Vec<PersonFigures> {
        let mut people: HashMap<StaffId, PersonHere> = HashMap::new();
        let here = self.here(now_ms).into_iter();
        for mut person in here.chain(elsewhere.people().cloned()) {
            if let Some(known) = people.get_mut(&person.staff) {
                // Each node counts what its own consoles tell.
                known.alarms = known.alarms.saturating_add(person.alarms);
                known.exposed_ms = known.exposed_ms.saturating_add(person.exposed_ms);
                if known.since_ms >= person.since_ms {
                    continue;
                }
                (person.alarms, person.exposed_ms) = (known.alarms, known.exposed_ms);
            }
            people.insert(person.staff.clone(), person);
        }
        let mut people: Vec<_> = people
            .into_values()
            .map(|person| PersonFigures {
                sessions: self.owned.get(&person.staff).copied().unwrap_or(0),
                staff: person.staff,
                name: person.name,
                role: person.role,
                state: person.state,
                reason: person.reason,
                since_ms: person.since_ms,
                alarms: person.alarms,
                exposed_ms: person.exposed_ms,
            })
            .collect();
        people.sort_by(|a, b| a.staff.cmp(&b.staff));
        people
    }
}

/// Telecommunicators by state with its reason; those who can take sessions come first, and are told when there is none.
#[must_use]
pub fn states(people: &[PersonFigures]) -> Vec<StateFigures> {
    let mut counts: BTreeMap<Option<AgentReason>, u32> = BTreeMap::from([(None, 0)]);
    for person in people {
        if person.role == Role::Telecommunicator {
            let away = person.state == AgentState::NotAvailable;
            let reason = away.then(|| person.reason.unwrap_or(AgentReason::Other));
            *counts.entry(reason).or_default() += 1;
        }
    }
    counts
        .into_iter()
        .map(|(reason, people)| StateFigures { reason, people })
        .collect()
}

impl Person {
    fn take_state(&mut self, there: &PersonHere) {
        self.state = there.state;
        self.reason = there.reason;
        self.since_ms = there.since_ms;
    }
}
