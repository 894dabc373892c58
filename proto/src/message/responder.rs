//! What travels between a responder's page, opened through a link, and the gateway.
//!
//! Owns: the responders' two enums. Must not: carry names of staff, contacts, notes, rules, incidents or anything of another
//! session: a responder follows one, and changes nothing. Used through [`crate::message`].

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::event::{Actor, Event};
use crate::ids::{CommandId, ConnectionId, PeerId, SessionId};
use crate::message::{AgencyInfo, ErrorMessage, is_zero};
use crate::redacted::debug_kind_only;
use crate::vocabulary::{Category, Millis, Seq};

/// What a responder's page sends.
#[derive(Clone, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FromResponder {
    /// First message: follows the session of the link from after a place.
    Hello {
        /// Name and version of the client, at most 100 characters.
        client: String,
        /// The token that the link was traded for.
        token: String,
        /// Last sequence number received; 0 for all.
        after: Seq,
    },
    /// Offers to receive live media. Nothing is ever taken from a responder.
    MediaOffer {
        /// Names the request.
        id: CommandId,
        /// The offer.
        sdp: String,
    },
    /// Stops receiving.
    MediaStop {},
    /// Is the link alive?
    Ping {
        /// Comes back as it is.
        n: u64,
    },
}

impl FromResponder {
    /// The id its answer or error names.
    #[must_use]
    pub const fn id(&self) -> Option<CommandId> {
        match self {
            Self::MediaOffer { id, .. } => Some(*id),
            _ => None,
        }
    }
}

/// What a responder's page receives.
#[derive(Clone, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ToResponder {
    /// The hello was good; entries follow.
    Welcome {
        /// Names this connection.
        connection: ConnectionId,
        /// The gateway's clock.
        now_ms: Millis,
        /// Send a `ping` when nothing was sent for this long.
        heartbeat_ms: u64,
        /// The agency.
        agency: AgencyInfo,
        /// Which session.
        session: SessionId,
        /// What the resident says is happening.
        category: Category,
        /// Language tag of the resident.
        language: String,
        /// When the session was opened.
        opened_ms: Millis,
        /// The resident cannot talk and must not be heard.
        silent: bool,
        /// Somebody tries the line out.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        #[ts(as = "Option<bool>", optional)]
        test: bool,
        /// When the link ends.
        ends_ms: Millis,
    },
    /// What the agency says of itself has changed while the connection was open: it stands instead of that of `welcome`.
    AgencyChanged {
        /// The agency.
        agency: AgencyInfo,
    },
    /// An entry of the session.
    Entry {
        /// Its sequence number.
        seq: Seq,
        /// The entry before it that responders see, or what `hello` named: another one than the last received means a hole.
        prev: Seq,
        /// When.
        at_ms: Millis,
        /// Who, by role.
        by: Actor,
        /// What.
        event: Event,
        /// It is on disk at one gateway only, and its number may change: `safe` or `rewound` follows.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        #[ts(as = "Option<bool>", optional)]
        kept: bool,
    },
    /// Entries up to here are safe now with the numbers they have.
    Safe {
        /// Last sequence number.
        up_to: Seq,
    },
    /// Entries after this one got other numbers: drop them, they follow again.
    Rewound {
        /// Last sequence number that stays.
        after: Seq,
    },
    /// What flows live.
    Live {
        /// Camera.
        video: bool,
        /// Microphone.
        audio: bool,
    },
    /// Answer to a media offer.
    MediaAnswer {
        /// The offer's id.
        id: CommandId,
        /// The answer.
        sdp: String,
        /// Names the connection.
        peer: PeerId,
    },
    /// Please connect again; the close follows.
    Reconnect {
        /// Wait a random time between half of this and this, in ms.
        after_ms: u64,
    },
    /// Something was refused. `link_expired`, `link_revoked` and `session_closed` without an `id` end the link; the close follows.
    Error(ErrorMessage),
    /// Answer to `ping`.
    Pong {
        /// As it came.
        n: u64,
        /// How far clients spread who lose this gateway together, in ms.
        #[serde(default, skip_serializing_if = "is_zero")]
        #[ts(as = "Option<u64>", optional)]
        spread_ms: u64,
    },
}

debug_kind_only!(FromResponder {
    Hello,
    MediaOffer,
    MediaStop,
    Ping
});

debug_kind_only!(ToResponder {
    Welcome,
    AgencyChanged,
    Entry,
    Safe,
    Rewound,
    Live,
    MediaAnswer,
    Reconnect,
    Error,
    Pong
});
