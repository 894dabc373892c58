//! Telling: what this node says to the others, and when.
//!
//! Owns: the tick of the bus. Must not: listen. Called by: `Node::join` (the tick), and whoever changes something that other
//! nodes show.

use std::sync::{Arc, Weak};
use std::time::Duration;

use callbox_proto::event::Actor;
use callbox_proto::ids::SessionId;
use callbox_proto::message::RealTimeText;
use callbox_proto::vocabulary::Seq;

use super::message::{Body, Here, Moved, PEOPLE_MAX, SESSIONS_MAX};
use crate::node::agency::Agency;
use crate::node::cell::Cell;
use crate::node::figures::Move;
use crate::node::{Node, lock};

/// What changed is told this often at the latest.
const TICK: Duration = Duration::from_millis(200);
/// Ticks between two hellos: 2 s.
const HELLO_EVERY: u64 = 10;
/// Ticks between two looks at who fell silent, and at leases: 1 s.
const LOOK_EVERY: u64 = 5;
/// Ticks between two tellings of people and the day's counts: 5 s.
const PEOPLE_EVERY: u64 = 25;
/// Ticks between two comparisons of figures with the backbone's: 3 s.
const TALLY_EVERY: u64 = 15;
/// Ticks between two tellings of everything: 20 s. What was lost is known by the holes in the numbers long before.
const ALL_EVERY: u64 = 100;

/// Tells until the node goes.
pub(in crate::node) async fn tick(node: Weak<Node>) {
    let mut interval = tokio::time::interval(TICK);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let (mut ticks, mut looked) = (0_u64, 0_u64);
    let Some((wake, stop)) = node.upgrade().and_then(|node| {
        let wake = node.together.as_ref()?.wake();
        Some((wake, node.stop.clone()))
    }) else {
        return;
    };
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = interval.tick() => ticks += 1,
            () = wake.notified() => {}
        }
        let Some(held) = node.upgrade() else { return };
        for agency in held.agencies.values() {
            held.tell_changes(agency);
        }
        if !ticks.is_multiple_of(LOOK_EVERY) || ticks == looked {
            continue;
        }
        looked = ticks;
        for agency in held.agencies.values() {
            held.tell_by_the_clock(agency, ticks);
            held.look_for_silence(agency);
        }
        held.look_after_leases(ticks.is_multiple_of(HELLO_EVERY))
            .await;
        if ticks.is_multiple_of(TALLY_EVERY) {
            held.check_figures();
        }
    }
}

/// A message that may be too long for one publication, in parts that are not.
pub(super) fn pieces(body: Body) -> Vec<Body> {
    match body {
        Body::Roster {
            round,
            last,
            people,
        } if people.len() > 1 => {
            let queues: usize = people.iter().map(|p| p.queues.len()).sum();
            if queues <= PEOPLE_MAX * 12 {
                return vec![Body::Roster {
                    round,
                    last,
                    people,
                }];
            }
            let (some, rest) = people.split_at(people.len() / 2);
            let part = |people: &[_], last| Body::Roster {
                round,
                last,
                people: people.to_vec(),
            };
            let mut parts = pieces(part(some, false));
            parts.extend(pieces(part(rest, last)));
            parts
        }
        body => vec![body],
    }
}

impl Node {
    /// Says that this node is here.
    pub(in crate::node) fn tell_hello(&self, agency: &Arc<Agency>) {
        if let Some(together) = &self.together {
            let hello = Body::Hello {
                same: together.same.clone(),
                here: Some(Box::new(self.node_here(agency))),
            };
            self.post(agency, hello);
        }
    }

    /// A session moved here: figures and lists of other nodes follow.
    pub(in crate::node) fn tell_moved(&self, agency: &Agency, session: SessionId, moved: &Move) {
        if agency.around.is_accompanied() {
            agency.around.waiting().moves.push(Moved {
                session,
                before: moved.before.clone(),
                after: moved.after.clone(),
            });
        }
    }

    /// Something of a session changed here; `fresh` when its resident has just connected, which is told at once.
    pub(in crate::node) fn tell_presence(&self, cell: &Cell, fresh: bool) {
        let Some(together) = &self.together else {
            return;
        };
        let Some(agency) = self.agency_of(cell) else {
            return;
        };
        if !agency.around.is_accompanied() {
            return;
        }
        let mut waiting = agency.around.waiting();
        *waiting.presence.entry(cell.id).or_default() |= fresh;
        drop(waiting);
        if fresh {
            together.hurry();
        }
    }

    /// The same for what others must know before the log tells them more.
    pub(in crate::node) fn tell_presence_now(&self, cell: &Cell) {
        self.tell_presence(cell, false);
        if let Some(together) = &self.together {
            together.hurry();
        }
    }

    /// Entries arrived at a console here.
    pub(in crate::node) fn tell_delivered(&self, agency: &Agency, session: SessionId, up_to: Seq) {
        if agency.around.is_accompanied() {
            let mut waiting = agency.around.waiting();
            let known = waiting.delivered.entry(session).or_default();
            *known = up_to.max(*known);
        }
    }

    /// Who is signed in here has changed.
    pub(in crate::node) fn tell_people(&self, agency: &Agency) {
        if let Some(together) = &self.together {
            agency.around.waiting().people = true;
            together.hurry();
        }
    }

    /// Somebody types here.
    pub(in crate::node) fn tell_typed(&self, cell: &Cell, by: &Actor, typed: &RealTimeText) {
        if self.together.is_none() {
            return;
        }
        let Some(agency) = self.agency_of(cell) else {
            return;
        };
        let around = &agency.around;
        let somebody = around.is_accompanied()
            && (around.elsewhere().has_people() || around.has_resident(cell.id));
        if somebody {
            let body = Body::Typed {
                session: cell.id,
                by: by.clone(),
                typed: typed.clone(),
            };
            self.post(&agency, body);
        }
    }

    fn tell_changes(&self, agency: &Arc<Agency>) {
        let around = &agency.around;
        if !around.is_accompanied() {
            // Nobody hears it; whoever comes is told everything.
            *around.waiting() = super::around::Waiting::default();
            around.take_tell_all();
            return;
        }
        if around.take_tell_all() {
            return self.tell_all(agency);
        }
        let waiting = std::mem::take(&mut *around.waiting());
        for moves in waiting.moves.chunks(SESSIONS_MAX / 2) {
            let moves = moves.to_vec();
            self.post(agency, Body::Moved { moves });
        }
        let items: Vec<_> = waiting.delivered.into_iter().collect();
        for items in items.chunks(SESSIONS_MAX) {
            let items = items.to_vec();
            self.post(agency, Body::Delivered { items });
        }
        let here = |(session, fresh)| self.here(session, fresh);
        let items: Vec<_> = waiting.presence.into_iter().map(here).collect();
        let round = around.round();
        for items in items.chunks(SESSIONS_MAX) {
            self.post(
                agency,
                Body::Presence {
                    round,
                    last: false,
                    items: items.to_vec(),
                },
            );
        }
        if waiting.people {
            self.tell_roster(agency);
        }
    }

    fn tell_by_the_clock(&self, agency: &Arc<Agency>, ticks: u64) {
        if ticks.is_multiple_of(HELLO_EVERY) {
            self.tell_hello(agency);
        }
        if !agency.around.is_accompanied() {
            return;
        }
        if ticks.is_multiple_of(ALL_EVERY) {
            agency.around.tell_everything();
        } else if ticks.is_multiple_of(PEOPLE_EVERY) {
            self.tell_roster(agency);
            self.tell_today(agency);
        }
    }

    /// Tells everything, for who has just come or has missed something.
    fn tell_all(&self, agency: &Arc<Agency>) {
        let around = &agency.around;
        let changes = std::mem::take(&mut *around.waiting());
        self.tell_hello(agency);
        let round = around.next_round();
        let (mut items, mut delivered) = (Vec::new(), Vec::new());
        self.cells.for_each(|cell| {
            let inner = cell.lock();
            let ours = inner.session.as_ref().map(|s| &s.agency) == Some(agency.id());
            let (here, has) = (
                inner.resident.is_some() || inner.publishing,
                inner.delivered,
            );
            drop(inner);
            if ours && here {
                let fresh = changes.presence.get(&cell.id).copied().unwrap_or(false);
                items.push(self.here(cell.id, fresh));
            } else if ours && has > 0 {
                delivered.push((cell.id, has));
            }
        });
        let mut rest = items.as_slice();
        loop {
            let (some, more) = rest.split_at(rest.len().min(SESSIONS_MAX));
            rest = more;
            let (items, last) = (some.to_vec(), rest.is_empty());
            self.post(agency, Body::Presence { round, last, items });
            if last {
                break;
            }
        }
        for items in delivered.chunks(SESSIONS_MAX) {
            let items = items.to_vec();
            self.post(agency, Body::Delivered { items });
        }
        for moves in changes.moves.chunks(SESSIONS_MAX / 2) {
            let moves = moves.to_vec();
            self.post(agency, Body::Moved { moves });
        }
        self.tell_roster(agency);
        self.tell_today(agency);
    }

    fn tell_roster(&self, agency: &Arc<Agency>) {
        let people = lock(&agency.roster).here(self.clock.now_ms());
        let round = agency.around.next_round();
        let mut rest = people.as_slice();
        loop {
            let (some, more) = rest.split_at(rest.len().min(PEOPLE_MAX));
            rest = more;
            let (people, last) = (some.to_vec(), rest.is_empty());
            self.post(
                agency,
                Body::Roster {
                    round,
                    last,
                    people,
                },
            );
            if last {
                return;
            }
        }
    }

    fn tell_today(&self, agency: &Arc<Agency>) {
        let (day, queues) = lock(&agency.figures).today();
        if !queues.is_empty() {
            self.post(agency, Body::Today { day, queues });
        }
    }

    /// What this node has of a session now.
    fn here(&self, session: SessionId, fresh: bool) -> Here {
        let mut here = Here {
            session,
            turn: 0,
            connected: false,
            fresh,
            delivered: 0,
            seen: 0,
            messages: 0,
            media: false,
            watchers: callbox_proto::vocabulary::Watchers::default(),
        };
        if let Some(cell) = self.cells.get(session) {
            let inner = cell.lock();
            here.turn = inner.turn;
            here.connected = inner.resident.is_some();
            here.fresh &= here.connected;
            here.delivered = inner.resident_delivered;
            here.seen = inner.resident_seen;
            here.messages = inner.session.as_ref().map_or(0, |s| s.messages);
            here.media = inner.publishing;
        }
        if here.media {
            here.watchers = self.watchers_here(session);
        }
        here
    }

    /// The agency of a session in memory.
    pub(in crate::node) fn agency_of(&self, cell: &Cell) -> Option<Arc<Agency>> {
        let inner = cell.lock();
        let agency = inner.session.as_ref().map(|s| s.agency.clone());
        drop(inner);
        self.agency(&agency?)
    }
}
