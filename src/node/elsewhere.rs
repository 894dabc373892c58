//! What other nodes have told: which of them live, what they have of sessions, who is signed in there.
//!
//! Owns: one agency's picture of its other nodes. Must not: send, or touch sessions of this node. Called by: `bus` with every
//! message, and by whoever asks whether somebody is connected anywhere.
//!
//! It is hearsay, and late by the time a message takes. What must be right is in the log and in leases; this is what people see
//! of links, and what keeps one node from waiting for somebody who is at another.

use std::collections::{BTreeMap, HashMap, VecDeque};

use callbox_proto::ids::{SessionId, StaffId};
use callbox_proto::message::NodeFigures;
use callbox_proto::vocabulary::{NodeState, Seq, Watchers};

use super::bus::message::{Here, NodeRef, PersonHere};

/// Other nodes of one agency. Over it a node is not listened to, and an error is logged.
const NODES_MAX: usize = 64;
/// Sessions remembered of all other nodes: twice what a large agency has open. About 100 bytes each.
const SESSIONS_MAX: usize = 200_000;
/// How long the people of a node that fell silent are remembered.
const GONE_KEPT_MS: u64 = 60_000;
/// How long a node that is gone is shown as gone: long enough that whoever comes to look finds it.
pub const GONE_SHOWN_MS: u64 = 600_000;

/// What other nodes have told.
#[derive(Debug, Default)]
pub struct Elsewhere {
    nodes: BTreeMap<u64, Peer>,
    sessions: HashMap<SessionId, Vec<Held>>,
    gone: HashMap<StaffId, u64>,
    /// Nodes that are gone, oldest first, with when they were last heard.
    departed: VecDeque<(NodeFigures, u64)>,
}

#[derive(Debug)]
struct Peer {
    name: Box<str>,
    heard_ms: u64,
    n: u64,
    people: HashMap<StaffId, (u64, PersonHere)>,
    /// As it tells itself.
    figures: NodeFigures,
    /// What it has just told to configure otherwise: it differs when it tells so again.
    told_otherwise: Vec<String>,
}

#[derive(Debug, Clone, Copy)]
struct Held {
    at: u64,
    round: u64,
    here: Here,
}

/// How a message stands to those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hearing {
    /// It follows the last one.
    InOrder,
    /// Something before it was lost.
    AfterLoss,
    /// This node was not known: it came, or came back.
    New,
    /// There are too many nodes already.
    OneTooMany,
}

/// What a node leaves behind.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct LeftBehind {
    /// Sessions of which it had something.
    pub sessions: Vec<SessionId>,
    /// People who are signed in nowhere else.
    pub people: Vec<StaffId>,
}

/// What all other nodes together have of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct There {
    /// Where the resident is connected.
    pub resident_at: Option<u64>,
    /// The highest number of a connection of the resident.
    pub turn: u64,
    /// Entries delivered to the resident.
    pub delivered: Seq,
    /// Entries read by the resident.
    pub seen: Seq,
    /// Messages of the resident.
    pub messages: u32,
    /// Where its live media comes in.
    pub media_at: Option<u64>,
    /// Who receives it there.
    pub watchers: Watchers,
}

impl Elsewhere {
    /// A message of this node has come.
    pub fn hear(&mut self, from: &NodeRef, n: u64, now_ms: u64) -> Hearing {
        if let Some(peer) = self.nodes.get_mut(&from.instance) {
            peer.heard_ms = now_ms;
            let in_order = n == peer.n + 1;
            peer.n = n;
            return if in_order {
                Hearing::InOrder
            } else {
                Hearing::AfterLoss
            };
        }
        if self.nodes.len() >= NODES_MAX {
            return Hearing::OneTooMany;
        }
        let peer = Peer {
            name: from.name.clone(),
            heard_ms: now_ms,
            n,
            people: HashMap::new(),
            figures: NodeFigures {
                name: from.name.to_string(),
                ..NodeFigures::default()
            },
            told_otherwise: Vec::new(),
        };
        self.departed.retain(|(gone, _)| *gone.name != *from.name);
        self.nodes.insert(from.instance, peer);
        Hearing::New
    }

    /// Earlier runs of a node that was started again.
    #[must_use]
    pub fn earlier_runs(&self, of: &NodeRef) -> Vec<u64> {
        let same = self
            .nodes
            .iter()
            .filter(|(at, peer)| peer.name == of.name && **at != of.instance);
        same.map(|(at, _)| *at).collect()
    }

    /// Nodes that said nothing for longer than `limit_ms`.
    #[must_use]
    pub fn silent(&self, now_ms: u64, limit_ms: u64) -> Vec<u64> {
        let silent = |peer: &Peer| now_ms.saturating_sub(peer.heard_ms) > limit_ms;
        let nodes = self.nodes.iter().filter(|(_, peer)| silent(peer));
        nodes.map(|(at, _)| *at).collect()
    }

    /// We could not hear for a while: nobody's silence before now counts.
    pub fn pardon(&mut self, now_ms: u64) {
        for peer in self.nodes.values_mut() {
            peer.heard_ms = now_ms;
        }
    }

    /// A node is gone; all it told is forgotten.
    pub fn forget(&mut self, at: u64, now_ms: u64) -> LeftBehind {
        let Some(peer) = self.nodes.remove(&at) else {
            return LeftBehind::default();
        };
        if self.departed.len() >= NODES_MAX {
            self.departed.pop_front();
        }
        self.departed.push_back((peer.figures, peer.heard_ms));
        let mut left = LeftBehind::default();
        self.sessions.retain(|session, held| {
            let before = held.len();
            held.retain(|held| held.at != at);
            if held.len() < before {
                left.sessions.push(*session);
            }
            !held.is_empty()
        });
        self.gone
            .retain(|_, since| now_ms.saturating_sub(*since) < GONE_KEPT_MS);
        for staff in peer.people.into_keys() {
            if !self.has_signed_in(&staff) {
                self.gone.insert(staff.clone(), now_ms);
                left.people.push(staff);
            }
        }
        left
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.nodes.len()
    }

    /// The node of a run.
    #[must_use]
    pub fn name(&self, at: u64) -> Option<&str> {
        self.nodes.get(&at).map(|peer| peer.name.as_ref())
    }

    /// A node tells itself, and `otherwise` is what it configures differently. Answers what differs from now on: what it has told
    /// twice, so that files which are replaced one after the other are no difference.
    pub fn tells_itself(
        &mut self,
        at: u64,
        figures: NodeFigures,
        otherwise: Vec<String>,
    ) -> Vec<String> {
        let Some(peer) = self.nodes.get_mut(&at) else {
            return Vec::new();
        };
        let known = std::mem::take(&mut peer.figures.differs);
        let lasts = |what: &&String| peer.told_otherwise.contains(*what);
        let differs: Vec<_> = otherwise.iter().filter(lasts).cloned().collect();
        let news = differs
            .iter()
            .filter(|what| !known.contains(*what))
            .cloned()
            .collect();
        peer.told_otherwise = otherwise;
        peer.figures = NodeFigures {
            // Whose word it is is known by the envelope.
            name: peer.name.to_string(),
            here: false,
            differs,
            ..figures
        };
        news
    }

    /// Every other node as it told itself, and those that are gone since a while, each with when it was last heard (monotonic).
    pub fn nodes(&self, now_ms: u64) -> impl Iterator<Item = (NodeFigures, u64)> {
        let here = self
            .nodes
            .values()
            .map(|peer| (peer.figures.clone(), peer.heard_ms));
        let recent = move |(_, heard_ms): &&(NodeFigures, u64)| {
            now_ms.saturating_sub(*heard_ms) < GONE_SHOWN_MS
        };
        let gone = self
            .departed
            .iter()
            .filter(recent)
            .map(|(figures, heard_ms)| {
                let gone = NodeFigures {
                    state: NodeState::Gone,
                    drain: None,
                    ..figures.clone()
                };
                (gone, *heard_ms)
            });
        here.chain(gone)
    }

    /// The run of a node that lives.
    #[must_use]
    pub fn run_of(&self, name: &str) -> Option<u64> {
        let mut nodes = self.nodes.iter();
        nodes
            .find(|(_, peer)| *peer.name == *name)
            .map(|(at, _)| *at)
    }

    /// A node tells what it has of a session.
    pub fn tells_session(&mut self, at: u64, round: u64, here: Here) {
        if !self.nodes.contains_key(&at) {
            return;
        }
        if !here.connected && !here.media {
            if let Some(held) = self.sessions.get_mut(&here.session) {
                held.retain(|held| held.at != at);
                if held.is_empty() {
                    self.sessions.remove(&here.session);
                }
            }
            return;
        }
        let known = self.sessions.len() < SESSIONS_MAX || self.sessions.contains_key(&here.session);
        if !known {
            return;
        }
        let held = self.sessions.entry(here.session).or_default();
        held.retain(|held| held.at != at);
        held.push(Held { at, round, here });
        held.shrink_to_fit();
    }

    /// A node has told all it has of sessions: what it did not name in this round is not there. Answers those.
    pub fn told_all_sessions(&mut self, at: u64, round: u64) -> Vec<SessionId> {
        let mut lapsed = Vec::new();
        self.sessions.retain(|session, held| {
            let before = held.len();
            held.retain(|held| held.at != at || held.round >= round);
            if held.len() < before {
                lapsed.push(*session);
            }
            !held.is_empty()
        });
        lapsed
    }

    /// A node tells some of its people; with `last`, whoever was not named in this round is not there.
    pub fn tells_people(&mut self, at: u64, round: u64, last: bool, people: Vec<PersonHere>) {
        let Some(peer) = self.nodes.get_mut(&at) else {
            return;
        };
        for person in people {
            self.gone.remove(&person.staff);
            peer.people.insert(person.staff.clone(), (round, person));
        }
        if last {
            peer.people.retain(|_, (told, _)| *told >= round);
        }
    }

    /// What other nodes have of a session.
    #[must_use]
    pub fn of(&self, session: SessionId) -> There {
        let mut there = There::default();
        for held in self.sessions.get(&session).into_iter().flatten() {
            let here = &held.here;
            if here.connected && here.turn >= there.turn {
                there.resident_at = Some(held.at);
            }
            if here.media {
                there.media_at = Some(held.at);
                there.watchers = here.watchers;
            }
            there.turn = there.turn.max(here.turn);
            there.delivered = there.delivered.max(here.delivered);
            there.seen = there.seen.max(here.seen);
            there.messages = there.messages.max(here.messages);
        }
        there
    }

    /// Whether the resident is connected at another node.
    #[must_use]
    pub fn has_resident(&self, session: SessionId) -> bool {
        let held = self.sessions.get(&session);
        held.is_some_and(|held| held.iter().any(|held| held.here.connected))
    }

    /// Everybody who is signed in at another node, once for each node.
    pub fn people(&self) -> impl Iterator<Item = &PersonHere> {
        self.nodes
            .values()
            .flat_map(|peer| peer.people.values().map(|(_, person)| person))
    }

    /// Whether a person is signed in at another node.
    #[must_use]
    pub fn has_signed_in(&self, staff: &StaffId) -> bool {
        self.nodes.values().any(|p| p.people.contains_key(staff))
    }

    /// Whether a person was signed in at a node that fell silent lately.
    #[must_use]
    pub fn has_lost(&self, staff: &StaffId) -> bool {
        self.gone.contains_key(staff)
    }

    /// The latest word on a person's state at other nodes.
    #[must_use]
    pub fn person(&self, staff: &StaffId) -> Option<&PersonHere> {
        self.people()
            .filter(|person| person.staff == *staff)
            .max_by_key(|person| person.since_ms)
    }

    /// Whether anybody is signed in at another node.
    #[must_use]
    pub fn has_people(&self) -> bool {
        self.nodes.values().any(|peer| !peer.people.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(instance: u64) -> NodeRef {
        NodeRef {
            name: format!("node-{instance}").into(),
            instance,
        }
    }

    fn session(number: u128) -> SessionId {
        SessionId::from_u128(number).unwrap()
    }

    fn here(number: u128, turn: u64, connected: bool) -> Here {
        Here {
            session: session(number),
            turn,
            connected,
            fresh: false,
            delivered: 0,
            seen: 0,
            messages: 0,
            media: false,
            watchers: Watchers::default(),
        }
    }

    #[test]
    fn a_hole_in_a_node_s_numbers_is_noticed() {
        let mut there = Elsewhere::default();
        let heard: Vec<_> = [5, 6, 8, 9]
            .iter()
            .map(|n| there.hear(&node(1), *n, 0))
            .collect();
        use Hearing::{AfterLoss, InOrder, New};
        assert_eq!(heard, [New, InOrder, AfterLoss, InOrder]);
    }

    #[test]
    fn what_a_node_no_longer_names_is_no_longer_there() {
        let mut there = Elsewhere::default();
        there.hear(&node(1), 1, 0);
        there.tells_session(1, 1, here(10, 1, true));
        there.tells_session(1, 2, here(11, 1, true));
        assert_eq!(there.told_all_sessions(1, 2), [session(10)]);
        assert!(!there.has_resident(session(10)));
        assert!(there.has_resident(session(11)));
        there.tells_session(1, 2, here(11, 1, false));
        assert!(!there.has_resident(session(11)));
    }

    #[test]
    fn a_resident_is_where_the_newest_connection_is() {
        let mut there = Elsewhere::default();
        there.hear(&node(1), 1, 0);
        there.hear(&node(2), 1, 0);
        there.tells_session(1, 1, here(10, 1, true));
        there.tells_session(2, 1, here(10, 2, true));
        assert_eq!(there.of(session(10)).resident_at, Some(2));
        there.tells_session(2, 1, here(10, 2, false));
        assert_eq!(there.of(session(10)).resident_at, Some(1));
    }

    #[test]
    fn a_node_that_is_gone_is_shown_as_gone_for_a_while_or_until_it_is_back() {
        let mut there = Elsewhere::default();
        there.hear(&node(1), 1, 1_000);
        let figures = NodeFigures {
            connections: Some(7),
            ..NodeFigures::default()
        };
        there.tells_itself(1, figures, Vec::new());
        there.forget(1, 8_000);
        let shown = |there: &Elsewhere, now_ms| there.nodes(now_ms).collect::<Vec<_>>();
        let [(gone, heard_ms)] = &shown(&there, 9_000)[..] else {
            panic!("it is shown");
        };
        assert_eq!((gone.state, *heard_ms), (NodeState::Gone, 1_000));
        assert_eq!((gone.name.as_str(), gone.connections), ("node-1", Some(7)));
        assert_eq!(shown(&there, 1_000 + GONE_SHOWN_MS).len(), 0);
        there.hear(
            &NodeRef {
                instance: 2,
                ..node(1)
            },
            1,
            9_000,
        );
        let [(back, _)] = &shown(&there, 9_000)[..] else {
            panic!("once only");
        };
        assert_eq!(back.state, NodeState::Ready);
        assert_eq!(there.run_of("node-1"), Some(2));
    }

    #[test]
    fn what_a_node_configures_otherwise_counts_when_it_tells_so_twice() {
        let mut there = Elsewhere::default();
        there.hear(&node(1), 1, 0);
        let mut tells = |otherwise: &[&str]| {
            let otherwise = otherwise.iter().map(|what| (*what).to_owned()).collect();
            there.tells_itself(1, NodeFigures::default(), otherwise)
        };
        assert_eq!(tells(&["triage"]), [] as [&str; 0]);
        assert_eq!(tells(&["triage", "queues"]), ["triage"]);
        assert_eq!(
            tells(&["triage", "queues"]),
            ["queues"],
            "each is said once"
        );
        assert_eq!(tells(&[]), [] as [&str; 0]);
        assert_eq!(tells(&["triage"]), [] as [&str; 0]);
    }

    #[test]
    fn a_node_that_falls_silent_leaves_its_sessions_and_people_behind() {
        let mut there = Elsewhere::default();
        there.hear(&node(1), 1, 0);
        there.hear(&node(2), 1, 5_000);
        there.tells_session(1, 1, here(10, 1, true));
        assert_eq!(there.silent(7_000, 6_000), [1]);
        let left = there.forget(1, 7_000);
        assert_eq!(left.sessions, [session(10)]);
        assert_eq!(there.count(), 1);
        there.pardon(100_000);
        assert_eq!(there.silent(101_000, 6_000), [] as [u64; 0]);
    }
}
