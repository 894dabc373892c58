//! Messages: everything that travels over a WebSocket, in both directions, for residents and for staff.
//!
//! Owns: the four message enums and the records only they use. Must not: carry anything a side may not see: residents and
//! staff have different enums so that the compiler keeps them apart. Used by: `transport`, the load generator, and through
//! generated TypeScript and JSON Schema by everybody else.
//!
//! A message is a map with named fields; `kind` says which. Unknown fields are ignored.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::bytes::Bytes;
use crate::command::{Opening, ResidentCommand, StaffCommand};
use crate::error::{ErrorCode, Retry};
use crate::event::{Actor, Event};
use crate::ids::{AgencyId, CommandId, ConnectionId, PeerId, QueueId, SessionId, StaffId};
use crate::vocabulary::{
    AgentReason, AgentState, Category, Medium, Millis, Priority, Role, RuleFired, Rung, Seq,
    Standing, Watchers,
};

/// Real-time text (T.140): what is being typed, replaced from a place on. May be lost; losses are seen by `part`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct RealTimeText {
    /// The message being written; its final `text` command has this id.
    pub message: CommandId,
    /// 0, 1, 2 … without holes; a receiver that misses one marks U+FFFD until a packet with `from` 0 comes.
    pub part: u64,
    /// Keep this many characters (Unicode scalar values) of what is there, drop the rest …
    pub from: u32,
    /// … and append this; at most 2,000 characters.
    pub text: String,
}

impl std::fmt::Debug for RealTimeText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RealTimeText(part {})", self.part)
    }
}

/// What a resident's client sends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FromResident {
    /// First message: proves the device's key. The signature (ECDSA P-256, SHA-256, r ‖ s, 64 bytes) covers the ASCII
    /// text `callbox-hello-v1` followed by the 32 bytes of the challenge's nonce.
    Hello {
        /// Name and version of the client, at most 100 characters.
        client: String,
        /// Public key: uncompressed point, 65 bytes, first byte 4.
        key: Bytes,
        /// The signature.
        signature: Bytes,
        /// Agency to reach; the gateway's default where left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        agency: Option<AgencyId>,
    },
    /// Opens a session; the id is remembered as every command's.
    Open {
        /// Command id.
        id: CommandId,
        /// How it begins.
        opening: Opening,
    },
    /// Goes on with a session after a break: the entries after `after` follow.
    Resume {
        /// Which session.
        session: SessionId,
        /// Last sequence number received; 0 for all.
        after: Seq,
    },
    /// A command in the open session.
    Do {
        /// Command id.
        id: CommandId,
        /// What to do.
        command: ResidentCommand,
    },
    /// Text as it is typed.
    RealTimeText(RealTimeText),
    /// Offers live media (SDP); answered by `media_answer` or `error` with the same id.
    MediaOffer {
        /// Names the request.
        id: CommandId,
        /// The offer, at most 32 KiB; candidates are not needed.
        sdp: String,
    },
    /// Entries up to here arrived.
    Delivered {
        /// Last sequence number received.
        up_to: Seq,
    },
    /// Entries up to here were read by the resident.
    Seen {
        /// Last sequence number read.
        up_to: Seq,
    },
    /// Asks for a fresh upload token.
    RefreshToken {},
    /// Is the link alive? Answered by `pong`.
    Ping {
        /// Comes back as it is.
        n: u64,
    },
}

impl FromResident {
    /// The id its receipt, answer or error names.
    #[must_use]
    pub const fn id(&self) -> Option<CommandId> {
        match self {
            Self::Open { id, .. } | Self::Do { id, .. } | Self::MediaOffer { id, .. } => Some(*id),
            _ => None,
        }
    }
}

/// What a resident's client receives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ToResident {
    /// First message: sign this with the device's key.
    Challenge {
        /// 32 random bytes, valid on this connection only.
        nonce: Bytes,
        /// The gateway's clock.
        now_ms: Millis,
    },
    /// The hello was good.
    Welcome {
        /// Names this connection.
        connection: ConnectionId,
        /// The gateway's clock.
        now_ms: Millis,
        /// Send a `ping` when nothing was sent for this long.
        heartbeat_ms: u64,
        /// Whom this reaches.
        agency: AgencyInfo,
        /// Token for uploads over HTTP.
        token: String,
        /// When it expires.
        token_expires_ms: Millis,
        /// Bounds to keep.
        limits: Limits,
    },
    /// The session of `open` or `resume`; entries after the asked place follow.
    Session {
        /// Which session.
        session: SessionId,
        /// Head of its log now.
        head: Seq,
        /// Where it stands.
        standing: Standing,
        /// Entries follow from after this.
        after: Seq,
    },
    /// A command is on disk.
    Receipt {
        /// Which command.
        id: CommandId,
        /// How safe it is.
        rung: Rung,
        /// Its first entry.
        first: Seq,
        /// Its last entry.
        last: Seq,
    },
    /// Entries up to these were delivered to a console, and seen by a person.
    Attention {
        /// Delivered up to.
        delivered: Seq,
        /// Seen up to.
        seen: Seq,
    },
    /// A fact of the session's log that residents may see.
    Entry {
        /// Its sequence number.
        seq: Seq,
        /// The visible entry before it: another number than the last one received means a hole; resume.
        prev: Seq,
        /// When.
        at_ms: Millis,
        /// Who.
        by: Actor,
        /// The command behind it: a client knows its own by this.
        command: CommandId,
        /// What.
        event: Event,
    },
    /// What a telecommunicator is typing.
    RealTimeText(RealTimeText),
    /// Place in the queue.
    QueuePlace {
        /// From 1; 0 when it is beyond what is counted (see `counted`).
        place: u32,
        /// How many wait in the queue.
        waiting: u32,
        /// Places are counted up to this one.
        counted: u32,
        /// Whether somebody serves this queue now.
        staffed: bool,
        /// When an answer is due.
        deadline_ms: Millis,
    },
    /// Who receives live media now.
    Watching(Watchers),
    /// Answer to a media offer.
    MediaAnswer {
        /// The offer's id.
        id: CommandId,
        /// The answer.
        sdp: String,
        /// Names the connection.
        peer: PeerId,
    },
    /// A fresh upload token.
    Token {
        /// The token.
        token: String,
        /// When it expires.
        token_expires_ms: Millis,
    },
    /// Please connect again elsewhere or later; the close follows.
    Reconnect {
        /// Wait a random time between half of this and this, in ms.
        after_ms: u64,
    },
    /// Something was refused.
    Error(ErrorMessage),
    /// Answer to `ping`.
    Pong {
        /// As it came.
        n: u64,
    },
}

/// What a staff client sends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FromStaff {
    /// First message.
    Hello {
        /// Name and version of the client, at most 100 characters.
        client: String,
        /// Token of the sign-in.
        token: String,
    },
    /// Registers as a dequeuer (NENA i3 DequeueRegistration).
    Register {
        /// The queues to take from; empty deregisters.
        queues: Vec<QueueId>,
    },
    /// Says whether sessions can be taken.
    SetAgentState {
        /// Can, or cannot.
        state: AgentState,
        /// Why not.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        reason: Option<AgentReason>,
    },
    /// Takes the next session of the registered queues. The receipt names the session.
    TakeNext {
        /// Command id.
        id: CommandId,
    },
    /// A command to one session.
    Do {
        /// Command id.
        id: CommandId,
        /// Which session.
        session: SessionId,
        /// What to do.
        command: StaffCommand,
    },
    /// Follows a session's log from after a place: `session`, then entries. Owner, supervisors (after `watch`) and auditors.
    Follow {
        /// Which session.
        session: SessionId,
        /// Last sequence number received; 0 for all.
        after: Seq,
    },
    /// Stops following.
    Unfollow {
        /// Which session.
        session: SessionId,
    },
    /// Entries up to here arrived.
    Delivered {
        /// Which session.
        session: SessionId,
        /// Last sequence number received.
        up_to: Seq,
    },
    /// Text as it is typed to the resident.
    RealTimeText {
        /// Which session.
        session: SessionId,
        /// What is typed.
        typed: RealTimeText,
    },
    /// Offers to receive (and, as the owner, to talk).
    MediaOffer {
        /// Names the request.
        id: CommandId,
        /// Which session.
        session: SessionId,
        /// The offer.
        sdp: String,
        /// Whether the owner's microphone is offered.
        #[serde(default)]
        talk: bool,
    },
    /// Stops receiving.
    MediaStop {
        /// Which session.
        session: SessionId,
    },
    /// Asks for finished sessions, newest first; answered by `history`.
    ListClosed {
        /// Names the request.
        id: CommandId,
        /// Continue after this session of the last answer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        after: Option<SessionId>,
    },
    /// Is the link alive?
    Ping {
        /// Comes back as it is.
        n: u64,
    },
}

impl FromStaff {
    /// The id its receipt, answer or error names.
    #[must_use]
    pub const fn id(&self) -> Option<CommandId> {
        match self {
            Self::TakeNext { id }
            | Self::Do { id, .. }
            | Self::MediaOffer { id, .. }
            | Self::ListClosed { id, .. } => Some(*id),
            _ => None,
        }
    }
}

/// What a staff client receives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ToStaff {
    /// The hello was good.
    Welcome {
        /// Names this connection.
        connection: ConnectionId,
        /// The gateway's clock.
        now_ms: Millis,
        /// Send a `ping` when nothing was sent for this long.
        heartbeat_ms: u64,
        /// The agency.
        agency: AgencyInfo,
        /// Who you are.
        staff: StaffId,
        /// Your name on the screen.
        name: String,
        /// Your role.
        role: Role,
        /// The agency's queues.
        queues: Vec<QueueInfo>,
        /// Bounds to keep.
        limits: Limits,
    },
    /// A command is on disk.
    Receipt {
        /// Which command.
        id: CommandId,
        /// In which session; after `take_next` this is the one taken.
        session: SessionId,
        /// How safe it is.
        rung: Rung,
        /// Its first entry.
        first: Seq,
        /// Its last entry.
        last: Seq,
    },
    /// The sessions that wait, are owned or were abandoned, as far as they fit: the first 500 of each.
    Sessions {
        /// Version of the list.
        version: u64,
        /// The rows, waiting ones first, in the order they would be taken.
        rows: Vec<SessionRow>,
        /// How many wait in all.
        waiting: u64,
        /// How many are owned in all.
        owned: u64,
        /// How many are abandoned in all.
        abandoned: u64,
    },
    /// What changed in the list since the version before.
    SessionsChanged {
        /// The version this builds on: another one than yours means a hole; a whole list follows.
        prev: u64,
        /// The version reached.
        version: u64,
        /// New or changed rows; their order is by `rank`.
        changed: Vec<SessionRow>,
        /// Rows that left the list.
        gone: Vec<SessionId>,
        /// How many wait in all.
        waiting: u64,
        /// How many are owned in all.
        owned: u64,
        /// How many are abandoned in all.
        abandoned: u64,
    },
    /// Finished sessions.
    History {
        /// The request's id.
        id: CommandId,
        /// The rows, newest first; at most 100.
        rows: Vec<SessionRow>,
        /// Whether there are more.
        more: bool,
    },
    /// A followed session; its entries after the asked place follow.
    Session {
        /// The row.
        row: SessionRow,
        /// Head of its log now.
        head: Seq,
        /// Entries follow from after this.
        after: Seq,
    },
    /// An entry of a followed session.
    Entry {
        /// Which session.
        session: SessionId,
        /// Its sequence number; numbers of a session have no holes for staff.
        seq: Seq,
        /// When.
        at_ms: Millis,
        /// Who.
        by: Actor,
        /// The command behind it.
        command: CommandId,
        /// What.
        event: Event,
    },
    /// What the resident (or, for a watcher, the telecommunicator) is typing.
    RealTimeText {
        /// Which session.
        session: SessionId,
        /// Who types.
        by: Actor,
        /// What is typed.
        typed: RealTimeText,
    },
    /// A followed session's resident: link and what they received and read.
    Presence {
        /// Which session.
        session: SessionId,
        /// Whether the resident is connected.
        connected: bool,
        /// Entries delivered to the resident.
        delivered: Seq,
        /// Entries read by the resident.
        seen: Seq,
    },
    /// What flows live in a followed session.
    Live {
        /// Which session.
        session: SessionId,
        /// Camera.
        video: bool,
        /// Microphone.
        audio: bool,
        /// Who receives it.
        watching: Watchers,
    },
    /// Answer to a media offer.
    MediaAnswer {
        /// The offer's id.
        id: CommandId,
        /// Which session.
        session: SessionId,
        /// The answer.
        sdp: String,
        /// Names the connection.
        peer: PeerId,
    },
    /// The supervisors' screen, at most once a second, when something changed.
    Board(Board),
    /// Please connect again; the close follows.
    Reconnect {
        /// Wait a random time between half of this and this, in ms.
        after_ms: u64,
    },
    /// Something was refused.
    Error(ErrorMessage),
    /// Answer to `ping`.
    Pong {
        /// As it came.
        n: u64,
    },
}

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct ErrorMessage {
    /// The command or request it answers; left out when it answers a frame without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub id: Option<CommandId>,
    /// Why.
    pub code: ErrorCode,
    /// The code's number.
    pub number: u16,
    /// Whether to try again.
    pub retry: Retry,
    /// Pause before trying again, in ms, with `retry: later`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub after_ms: Option<u64>,
    /// The code's plain sentence.
    pub message: String,
    /// Who owns the session, with `already_taken`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub owner: Option<StaffId>,
}

impl ErrorMessage {
    /// The message for a code.
    #[must_use]
    pub fn new(id: Option<CommandId>, code: ErrorCode) -> Self {
        let after_ms = (code.retry() == Retry::Later).then_some(1_000);
        Self {
            id,
            code,
            number: code.number(),
            retry: code.retry(),
            after_ms,
            message: code.sentence().to_owned(),
            owner: None,
        }
    }
}

/// An agency as its residents and staff see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct AgencyInfo {
    /// Its id.
    pub agency: AgencyId,
    /// Its name.
    pub name: String,
    /// What this reaches, in a sentence.
    pub banner: String,
    /// The number to call in an emergency.
    pub emergency_number: String,
    /// Where quick exit goes.
    pub exit_url: String,
}

/// A queue and what it should reach.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct QueueInfo {
    /// Its id.
    pub queue: QueueId,
    /// Its name on the screen.
    pub name: String,
    /// Target wait in ms for priorities 1 to 5.
    pub targets_ms: [u64; 5],
    /// Share to be answered within the target, in percent.
    pub target_share_percent: u8,
}

/// Bounds a client should keep; the gateway enforces them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct Limits {
    /// Bytes in one message to the gateway.
    pub message_bytes: u32,
    /// Characters in one text.
    pub text_chars: u32,
    /// Bytes in a photo's preview.
    pub preview_bytes: u32,
    /// Bytes in a photo's original.
    pub photo_bytes: u64,
    /// Photos in one session.
    pub photos: u32,
}

/// A session in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct SessionRow {
    /// Which session.
    pub session: SessionId,
    /// The queue it waits in or was taken from.
    pub queue: QueueId,
    /// Where it stands.
    pub standing: Standing,
    /// Its priority.
    pub priority: Priority,
    /// Why it has it.
    pub rules: Vec<RuleFired>,
    /// A person set the priority, and said why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub priority_reason: Option<String>,
    /// What the resident says is happening.
    pub category: Category,
    /// Language tag.
    pub language: String,
    /// The resident cannot talk and must not be heard.
    pub silent: bool,
    /// When it entered its queue.
    pub entered_ms: Millis,
    /// When an answer is due.
    pub deadline_ms: Millis,
    /// Order within its queue, lowest first.
    pub rank: i64,
    /// Who owns it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub owner: Option<StaffId>,
    /// Whom it waits for, after a transfer to a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub reserved_for: Option<StaffId>,
    /// When it was first answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub answered_ms: Option<Millis>,
    /// Whether a place is known.
    pub located: bool,
    /// Photos announced.
    pub photos: u32,
    /// Messages by the resident.
    pub messages: u32,
    /// What flows live, by the log.
    pub live: Vec<Medium>,
    /// Whether the resident is connected (by this node).
    pub connected: bool,
    /// The resident left by quick exit: do not contact back unasked.
    pub quick_exit: bool,
}

/// The supervisors' screen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
pub struct Board {
    /// The gateway's clock.
    pub now_ms: Millis,
    /// Every queue.
    pub queues: Vec<QueueFigures>,
    /// Everybody who is signed in.
    pub people: Vec<PersonFigures>,
    /// What `safe` is worth here, in a word: `local_disk`, `replicated`, `none`.
    pub guarantee: String,
}

/// Figures of one queue, since midnight (gateway's clock, UTC) where a span is needed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
pub struct QueueFigures {
    /// Which queue.
    pub queue: QueueId,
    /// How many wait now.
    pub waiting: u64,
    /// How many wait by priority, 1 to 5.
    pub waiting_by_priority: [u64; 5],
    /// When the one that waits longest entered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub longest_since_ms: Option<Millis>,
    /// Answered.
    pub answered: u64,
    /// Answered within the target of their priority.
    pub answered_in_target: u64,
    /// Abandoned.
    pub abandoned: u64,
    /// People available for it.
    pub staffed: u32,
}

/// A signed-in person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct PersonFigures {
    /// Who.
    pub staff: StaffId,
    /// Name on the screen.
    pub name: String,
    /// Role.
    pub role: Role,
    /// Can take sessions, or not.
    pub state: AgentState,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub reason: Option<AgentReason>,
    /// Since when.
    pub since_ms: Millis,
    /// Sessions owned.
    pub sessions: u32,
}
