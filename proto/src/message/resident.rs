//! What travels between a resident's client and the gateway.
//!
//! Owns: the residents' two enums. Must not: carry anything a resident may not see. Used through [`crate::message`].

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::bytes::Bytes;
use crate::command::{Opening, ResidentCommand};
use crate::event::{Actor, Event};
use crate::ids::{AgencyId, CommandId, ConnectionId, PeerId, SessionId};
use crate::message::{AgencyInfo, ErrorMessage, Limits, RealTimeText, is_zero};
use crate::redacted::debug_kind_only;
use crate::vocabulary::{Millis, Rung, Seq, Standing, Watchers};

/// What a resident's client sends.
#[derive(Clone, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
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
    /// Opens the session that a person has made a link to. The link opens once: it is this device's then.
    OpenByLink {
        /// Command id.
        id: CommandId,
        /// The session that the link names.
        session: SessionId,
        /// The link's secret: 43 characters of base64url.
        secret: String,
        /// How it begins. A test there is none.
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
            Self::Open { id, .. }
            | Self::OpenByLink { id, .. }
            | Self::Do { id, .. }
            | Self::MediaOffer { id, .. } => Some(*id),
            _ => None,
        }
    }
}

/// What a resident's client receives.
#[derive(Clone, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
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
    /// What the agency says of itself has changed while the connection was open: it stands instead of that of `welcome`.
    AgencyChanged {
        /// Whom this reaches.
        agency: AgencyInfo,
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
        /// It is on disk at one gateway only, and its number may change: `safe` or `rewound` follows.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        #[ts(as = "Option<bool>", optional)]
        kept: bool,
    },
    /// Entries up to here, and commands whose receipts ended there, are safe now with the numbers they have.
    Safe {
        /// Last sequence number.
        up_to: Seq,
    },
    /// Entries after this one got other numbers: drop them, they follow again. Commands that are not safe yet are sent again.
    Rewound {
        /// Last sequence number that stays.
        after: Seq,
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
        /// How far clients spread who lose this gateway together, in ms: after a lost link and a first try that failed, wait a
        /// random time between a quarter of this and all of it. Left out: pauses as usual.
        #[serde(default, skip_serializing_if = "is_zero")]
        #[ts(as = "Option<u64>", optional)]
        spread_ms: u64,
    },
}

debug_kind_only!(FromResident {
    Hello,
    Open,
    OpenByLink,
    Resume,
    Do,
    RealTimeText,
    MediaOffer,
    Delivered,
    Seen,
    RefreshToken,
    Ping
});

debug_kind_only!(ToResident {
    Challenge,
    Welcome,
    AgencyChanged,
    Session,
    Receipt,
    Attention,
    Entry,
    Safe,
    Rewound,
    RealTimeText,
    QueuePlace,
    Watching,
    MediaAnswer,
    Token,
    Reconnect,
    Error,
    Pong
});
