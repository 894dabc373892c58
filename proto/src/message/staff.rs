//! What travels between a staff client and the gateway.
//!
//! Owns: the staff's two enums. Must not: carry anything of another agency. Used through [`crate::message`].

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::command::StaffCommand;
use crate::event::{Actor, Event};
use crate::ids::{CommandId, ConnectionId, PeerId, QueueId, SessionId, StaffId};
use crate::message::{
    AgencyInfo, Board, Colleague, DeskInfo, ErrorMessage, Limits, QueueInfo, RealTimeText,
    SessionRow, is_zero,
};
use crate::redacted::debug_kind_only;
use crate::vocabulary::{AgentReason, AgentState, Millis, Role, Rung, Seq, Watchers};

/// What a staff client sends.
#[derive(Clone, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FromStaff {
    /// First message.
    Hello {
        /// Name and version of the client, at most 100 characters.
        client: String,
        /// Token of the sign-in.
        token: String,
    },
    /// A fresh token of the same person: the link lives until that one ends. `error` when it is none.
    Renew {
        /// The token.
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
    /// Makes a link with which somebody reports, who called by voice for example: a session that is yours from the start and waits for the device
    /// that opens the link. The receipt names the session. The gateway never has the link's secret: 32 random bytes, made where it is shown.
    MakeReportLink {
        /// Command id.
        id: CommandId,
        /// SHA-256 of the secret, hexadecimal.
        digest: String,
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
    /// Has a node send its clients to other nodes, or go on so with another time and rate. Answered by `done`.
    Drain {
        /// Names the request.
        id: CommandId,
        /// Which node, by its name in `board`.
        node: String,
        /// Everybody has been told when this is over, in s; 1 to 86,400.
        within_s: u64,
        /// Clients told per second, at least 1; as many as it takes to be through after half of the time where left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        per_s: Option<u32>,
    },
    /// Calls a drain off: the clients that are still there stay, and new ones are taken. Answered by `done`.
    Undrain {
        /// Names the request.
        id: CommandId,
        /// Which node.
        node: String,
    },
    /// What this page has asked of its person since it told so last; nothing answers. More than an hour of it at once is not counted.
    Tally {
        /// Alarms that sounded.
        alarms: u32,
        /// Time in which a revealed photo or a live picture was in view, in ms.
        exposed_ms: u64,
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
            | Self::MakeReportLink { id, .. }
            | Self::Do { id, .. }
            | Self::MediaOffer { id, .. }
            | Self::ListClosed { id, .. }
            | Self::Drain { id, .. }
            | Self::Undrain { id, .. } => Some(*id),
            _ => None,
        }
    }
}

/// What a staff client receives.
#[derive(Clone, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
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
        /// What pages go by; a gateway of before this was told says nothing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        desk: Option<DeskInfo>,
        /// Bounds to keep.
        limits: Limits,
    },
    /// The agency's settings have changed while the connection was open: they stand instead of those of `welcome`. The queues are
    /// the same ones.
    AgencyChanged {
        /// The agency.
        agency: AgencyInfo,
        /// The agency's queues.
        queues: Vec<QueueInfo>,
        /// What pages go by.
        desk: DeskInfo,
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
        /// This node is cut off from the others: the list is what it knows by itself, what is written stays on its own disk until they are back.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        #[ts(as = "Option<bool>", optional)]
        island: bool,
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
        /// This node is cut off from the others: the list is what it knows by itself, what is written stays on its own disk until they are back.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        #[ts(as = "Option<bool>", optional)]
        island: bool,
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
    /// A request that is about no session is carried out.
    Done {
        /// The request's id.
        id: CommandId,
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
        /// It is on disk at one gateway only, and its number may change: `safe` or `rewound` follows.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        #[ts(as = "Option<bool>", optional)]
        kept: bool,
    },
    /// Entries up to here, and commands whose receipts ended there, are safe now with the numbers they have.
    Safe {
        /// Which session.
        session: SessionId,
        /// Last sequence number.
        up_to: Seq,
    },
    /// Entries after this one got other numbers: drop them, they follow again if the session is followed. Commands that are not
    /// safe yet are sent again.
    Rewound {
        /// Which session.
        session: SessionId,
        /// Last sequence number that stays.
        after: Seq,
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
    /// Who is signed in and can be handed a session, yourself among them: whole each time, at most once a second, when it changed.
    Colleagues {
        /// Those who can take a session now come first, then by sign-in name.
        people: Vec<Colleague>,
        /// How many more there are than fit.
        #[serde(default, skip_serializing_if = "is_zero")]
        #[ts(as = "Option<u64>", optional)]
        more: u64,
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
        /// How far clients spread who lose this gateway together, in ms, as residents are told it; staff come first.
        #[serde(default, skip_serializing_if = "is_zero")]
        #[ts(as = "Option<u64>", optional)]
        spread_ms: u64,
    },
}

debug_kind_only!(FromStaff {
    Hello,
    Renew,
    Register,
    SetAgentState,
    TakeNext,
    MakeReportLink,
    Do,
    Follow,
    Unfollow,
    Delivered,
    RealTimeText,
    MediaOffer,
    MediaStop,
    ListClosed,
    Drain,
    Undrain,
    Tally,
    Ping
});

debug_kind_only!(ToStaff {
    Welcome,
    AgencyChanged,
    Receipt,
    Sessions,
    SessionsChanged,
    History,
    Done,
    Session,
    Entry,
    Safe,
    Rewound,
    RealTimeText,
    Presence,
    Live,
    MediaAnswer,
    Colleagues,
    Board,
    Reconnect,
    Error,
    Pong
});
