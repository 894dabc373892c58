//! What nodes tell each other, and its form on the bus.
//!
//! Owns: the messages, their bounds and their codec. Must not: send or act. Called by: the rest of `bus`.
//!
//! A message is a MessagePack map with named fields: who speaks, the number of the message, and a body with its kind. Old and
//! new nodes live together: fields that are not known are ignored, fields that may be missing have a default, a kind that is not
//! known is [`Body::Unknown`]. What cannot be read at all is left out. Every message but [`Body::Moved`], [`Body::Typed`] and the
//! media questions is a state that is told again, so that a lost one is only late.

use std::collections::BTreeMap;

use bytes::Bytes;
use callbox_proto::error::ErrorCode;
use callbox_proto::event::Actor;
use callbox_proto::ids::{QueueId, SessionId, StaffId};
use callbox_proto::message::{NodeFigures, RealTimeText};
use callbox_proto::vocabulary::{AgentReason, AgentState, Millis, Role, Seq, Watchers};
use serde::{Deserialize, Serialize};

use crate::backbone::PUBLISH_MAX_BYTES;
use crate::node::figures::Stand;
use crate::node::live::Viewer;

/// Version of the envelope. Another one is another program: not read.
const VERSION: u8 = 1;
/// Sessions in one message: at about 150 bytes each, well under [`PUBLISH_MAX_BYTES`].
pub const SESSIONS_MAX: usize = 256;
/// People in one message: at about 400 bytes each with some queues.
pub const PEOPLE_MAX: usize = 64;
/// Bytes of a session description that travels: an envelope around it still fits into a publication.
pub const OFFER_MAX_BYTES: usize = PUBLISH_MAX_BYTES - 1_024;

/// One run of one node. A restarted node has the old name and a new number.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NodeRef {
    /// Its configured name.
    pub name: Box<str>,
    /// Drawn at its start.
    pub instance: u64,
}

/// One message as it travels.
#[derive(Serialize)]
pub struct Envelope {
    v: u8,
    from: NodeRef,
    n: u64,
    body: Body,
}

/// Who speaks. Read before what is said: a node's own messages come back to it too, and a newer node's may have a form that is not known.
#[derive(Deserialize)]
pub struct Head {
    v: u8,
    /// Who speaks.
    pub from: NodeRef,
    /// 1, 2, 3 … for each agency's bus: a hole tells that something was lost.
    pub n: u64,
}

/// The rest of the same message.
#[derive(Deserialize)]
struct Rest {
    body: Body,
}

/// What is said.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Body {
    /// I am here; said every 2 s.
    Hello {
        /// What must be the same on all nodes, each as a fingerprint: the signing key, the evidence folder.
        #[serde(default)]
        same: BTreeMap<String, String>,
        /// How I am; a node of before this was told says nothing.
        #[serde(default)]
        here: Option<Box<NodeHere>>,
    },
    /// Everybody, or one node, tells everything.
    WhoIsThere {
        /// Only this run.
        #[serde(default)]
        only: Option<u64>,
    },
    /// I go, in good order.
    Bye {},
    /// Sessions moved: figures and lists change.
    Moved {
        /// Which, in order.
        moves: Vec<Moved>,
    },
    /// Somebody types; may be lost.
    Typed {
        /// Where.
        session: SessionId,
        /// Who.
        by: Actor,
        /// What.
        typed: RealTimeText,
    },
    /// Up to where entries arrived at a console.
    Delivered {
        /// Session and last entry.
        items: Vec<(SessionId, Seq)>,
    },
    /// What this node has of sessions: the resident's link, live media.
    Presence {
        /// Grows each time everything is told.
        #[serde(default)]
        round: u64,
        /// Everything has been told in this round: what was not named in it is not here.
        #[serde(default)]
        last: bool,
        /// Each the whole truth of this node about that session.
        items: Vec<Here>,
    },
    /// Who is signed in at this node.
    Roster {
        /// Grows with each telling.
        round: u64,
        /// With the last part of a round, whoever was not named in it is not signed in here.
        last: bool,
        /// Some of them.
        people: Vec<PersonHere>,
    },
    /// The day's counts so far: a node that came later, or missed something, takes the higher ones.
    Today {
        /// Which day, since 1970.
        day: u64,
        /// By queue: answered, answered in target, abandoned.
        queues: Vec<(QueueId, [u64; 3])>,
    },
    /// Somebody at another node wants to receive what this run has.
    MediaRequest {
        /// The run that has it.
        to: u64,
        /// Names the question.
        question: u64,
        /// Which session.
        session: SessionId,
        /// The offer.
        sdp: String,
        /// How.
        viewer: Viewer,
    },
    /// The answer to a question of this run.
    MediaAnswer {
        /// The run that asked.
        to: u64,
        /// Which question.
        question: u64,
        /// What came of it.
        answer: MediaAnswer,
    },
    /// A connection made by [`Body::MediaRequest`] ends.
    MediaClose {
        /// The run that has it.
        to: u64,
        /// Which session.
        session: SessionId,
        /// Which connection, by that run's number.
        peer: u64,
    },
    /// An administrator at another node wants this run to drain, or to take that back.
    DrainRequest {
        /// The run that is meant.
        to: u64,
        /// Names the question.
        question: u64,
        /// Who wants it.
        by: StaffId,
        /// Everybody has been told after this time, in s; `None` takes it back.
        #[serde(default)]
        within_s: Option<u64>,
        /// Clients told per second.
        #[serde(default)]
        per_s: Option<u32>,
    },
    /// What came of it.
    DrainAnswer {
        /// The run that asked.
        to: u64,
        /// Which question.
        question: u64,
        /// Why not; `None` when it is done.
        #[serde(default)]
        refused: Option<ErrorCode>,
    },
    /// Something a newer node says.
    #[serde(other)]
    Unknown,
}

/// A node as it tells itself.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct NodeHere {
    /// Its figures. When it was heard, and what of it differs, is for who hears it.
    pub figures: NodeFigures,
    /// What this agency is configured with there, as fingerprints by what it is.
    #[serde(default)]
    pub configured: BTreeMap<String, String>,
}

/// A session that moved.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Moved {
    /// Which.
    pub session: SessionId,
    /// Where it stood; `None` for a new one, or when nothing that counts changed.
    #[serde(default)]
    pub before: Option<Stand>,
    /// Where it stands.
    #[serde(default)]
    pub after: Option<Stand>,
}

/// What a node has of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Here {
    /// Which.
    pub session: SessionId,
    /// Number of the resident's connection: a higher one is newer.
    pub turn: u64,
    /// The resident is connected here.
    pub connected: bool,
    /// Connected just now: whoever has an older connection lets it go.
    #[serde(default)]
    pub fresh: bool,
    /// Entries delivered to the resident.
    #[serde(default)]
    pub delivered: Seq,
    /// Entries read by the resident.
    #[serde(default)]
    pub seen: Seq,
    /// Messages of the resident, where the index does not say it yet.
    #[serde(default)]
    pub messages: u32,
    /// The resident's live media comes in here.
    #[serde(default)]
    pub media: bool,
    /// Who receives it.
    #[serde(default)]
    pub watchers: Watchers,
}

/// A person signed in at a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonHere {
    /// Who.
    pub staff: StaffId,
    /// Name on the screen.
    pub name: String,
    /// Role.
    pub role: Role,
    /// Can take sessions, or not.
    pub state: AgentState,
    /// Why not.
    #[serde(default)]
    pub reason: Option<AgentReason>,
    /// Since when.
    pub since_ms: Millis,
    /// The queues all their consoles here take from.
    #[serde(default)]
    pub queues: Vec<QueueId>,
    /// Alarms that sounded at their consoles here in the last ten minutes.
    #[serde(default)]
    pub alarms: u32,
    /// Time of this shift with pictures in view at their consoles here, in ms.
    #[serde(default)]
    pub exposed_ms: u64,
}

/// What came of an offer.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum MediaAnswer {
    /// It was taken.
    Taken {
        /// The session description.
        sdp: String,
        /// The connection, by the answering run's number.
        peer: u64,
    },
    /// It was not.
    Refused {
        /// Why.
        code: ErrorCode,
    },
}

impl Envelope {
    /// Puts a message together.
    pub const fn new(from: NodeRef, n: u64, body: Body) -> Self {
        Self {
            v: VERSION,
            from,
            n,
            body,
        }
    }

    /// Its form on the bus; `None` when it is too long for it.
    pub fn encode(&self) -> Option<Bytes> {
        let bytes = rmp_serde::to_vec_named(self).ok()?;
        (bytes.len() <= PUBLISH_MAX_BYTES).then(|| bytes.into())
    }
}

impl Head {
    /// Reads who speaks; `None` when it is not a message of this protocol.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > PUBLISH_MAX_BYTES {
            return None;
        }
        let head = rmp_serde::from_slice::<Self>(bytes).ok()?;
        (head.v == VERSION).then_some(head)
    }
}

impl Body {
    /// Reads what is said in a message whose [`Head`] was read.
    pub fn of(bytes: &[u8]) -> Self {
        rmp_serde::from_slice::<Rest>(bytes).map_or(Self::Unknown, |rest| rest.body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from() -> NodeRef {
        NodeRef {
            name: "east".into(),
            instance: 7,
        }
    }

    fn read(value: &serde_json::Value) -> Option<(u64, Body)> {
        heard(&rmp_serde::to_vec_named(value).unwrap())
    }

    fn heard(bytes: &[u8]) -> Option<(u64, Body)> {
        Head::of(bytes).map(|head| (head.n, Body::of(bytes)))
    }

    #[test]
    fn what_is_told_is_heard() {
        let session = SessionId::from_u128(5).unwrap();
        let here = Here {
            session,
            turn: 3,
            connected: true,
            fresh: true,
            delivered: 9,
            seen: 8,
            messages: 2,
            media: true,
            watchers: Watchers {
                telecommunicators: 1,
                supervisors: 2,
                responders: 1,
            },
        };
        let body = Body::Presence {
            round: 1,
            last: false,
            items: vec![here],
        };
        let bytes = Envelope::new(from(), 4, body).encode().unwrap();
        let head = Head::of(&bytes).expect("a message");
        assert_eq!((head.from, head.n), (from(), 4));
        assert!(matches!(Body::of(&bytes), Body::Presence { items, .. } if items == [here]));
    }

    #[test]
    fn a_newer_node_s_messages_and_fields_are_passed_over() {
        let head = serde_json::json!({"name": "west", "instance": 9});
        let newer = serde_json::json!({"v": 1, "from": head, "n": 2, "body": {"kind": "sings", "song": [1, 2]}});
        assert!(matches!(read(&newer), Some((2, Body::Unknown))));
        let more = serde_json::json!({"v": 1, "from": head, "n": 3, "mood": "good",
            "body": {"kind": "who_is_there", "why": "so"}});
        assert!(matches!(
            read(&more),
            Some((3, Body::WhoIsThere { only: None }))
        ));
        let changed =
            serde_json::json!({"v": 1, "from": head, "n": 4, "body": {"kind": "delivered"}});
        assert!(matches!(read(&changed), Some((4, Body::Unknown))));
        let other = serde_json::json!({"v": 2, "from": head, "n": 5, "body": {"kind": "bye"}});
        assert!(read(&other).is_none());
        assert!(heard(b"\xc1nonsense").is_none());
    }

    #[test]
    fn full_messages_fit_into_a_publication() {
        let session = SessionId::from_u128(u128::MAX).unwrap();
        let here = Here {
            session,
            turn: u64::MAX,
            connected: true,
            fresh: true,
            delivered: u64::MAX,
            seen: u64::MAX,
            messages: u32::MAX,
            media: true,
            watchers: Watchers::default(),
        };
        let person = PersonHere {
            staff: "s".repeat(64).parse().unwrap(),
            name: "n".repeat(100),
            role: Role::Telecommunicator,
            state: AgentState::NotAvailable,
            reason: Some(AgentReason::JustSignedIn),
            since_ms: u64::MAX,
            queues: vec!["q".repeat(20).parse().unwrap(); 12],
            alarms: u32::MAX,
            exposed_ms: u64::MAX,
        };
        let stand = Stand::example();
        let moved = Moved {
            session,
            before: Some(stand.clone()),
            after: Some(stand),
        };
        let bodies = [
            Body::Presence {
                round: u64::MAX,
                last: true,
                items: vec![here; SESSIONS_MAX],
            },
            Body::Roster {
                round: u64::MAX,
                last: false,
                people: vec![person; PEOPLE_MAX],
            },
            Body::Moved {
                moves: vec![moved; SESSIONS_MAX / 2],
            },
            Body::MediaRequest {
                to: u64::MAX,
                question: u64::MAX,
                session,
                sdp: "x".repeat(OFFER_MAX_BYTES),
                viewer: Viewer::Supervise,
            },
        ];
        for body in bodies {
            assert!(Envelope::new(from(), 1, body).encode().is_some());
        }
    }
}
