//! Messages: everything that travels over a WebSocket, in both directions, for residents, for staff and for
//! responders.
//!
//! Owns: the six message enums and the records only they use. Must not: carry anything a side may not see: residents, staff and
//! responders have different enums so that the compiler keeps them apart. Used by: `transport`, the load generator, and through
//! generated TypeScript and JSON Schema by everybody else.
//!
//! A message is a map with named fields; `kind` says which. Unknown fields are ignored.

mod board;
mod colleague;
mod place;
mod resident;
mod responder;
mod staff;

pub use board::{
    Board, ConfigFigures, ConfigRefusal, DrainFigures, LongestWait, NodeFigures, PersonFigures,
    QueueFigures, StateFigures,
};
pub use colleague::Colleague;
pub use place::RowPlace;
pub use resident::{FromResident, ToResident};
pub use responder::{FromResponder, ToResponder};
pub use staff::{FromStaff, ToStaff};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::error::{ErrorCode, Retry};
use crate::field::{FieldInfo, Labels};
use crate::ids::{AgencyId, CommandId, IncidentId, QueueId, SessionId, StaffId};
use crate::vocabulary::{
    Category, Custodial, Medium, Millis, Priority, RuleFired, Standing, Suspicion,
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
    /// What this reaches, in a sentence: in English, or in whatever language an agency has that says it once.
    pub banner: String,
    /// The same in further languages, by their tags in lower case. A page whose language is not among them shows `banner`.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    #[ts(as = "Option<Labels>", optional)]
    pub banner_in: Labels,
    /// The number to call in an emergency.
    pub emergency_number: String,
    /// Where quick exit goes.
    pub exit_url: String,
    /// What it asks whoever reports, once the session is open. Each may be skipped.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(as = "Option<Vec<FieldInfo>>", optional)]
    pub fields: Vec<FieldInfo>,
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

/// What the pages of an agency's people go by, beyond its queues.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
pub struct DeskInfo {
    /// Pause in ms after which a sound that nobody has acknowledged comes again, for priorities 1 to 5.
    pub sound_repeat_ms: [u64; 5],
    /// The area that the agency answers for: where a map begins that has no place to show, unless `map_view` says where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub area: Option<AreaInfo>,
    /// Where a map begins that has no place to show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub map_view: Option<MapView>,
    /// The pictures behind a map.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub map_tiles: Option<MapTiles>,
    /// Reasons of rules that the agency has put into more languages than English. Rows and events say them in English (`because`), by which
    /// the others are found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(as = "Option<Vec<Labels>>", optional)]
    pub rule_reasons: Vec<Labels>,
}

impl Default for DeskInfo {
    /// What an agency that says nothing goes by: 10 s for priority 1, 30 s for the others, no area, no pictures behind the map.
    fn default() -> Self {
        Self {
            sound_repeat_ms: [10_000, 30_000, 30_000, 30_000, 30_000],
            area: None,
            map_view: None,
            map_tiles: None,
            rule_reasons: Vec::new(),
        }
    }
}

/// Where a map stands.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
pub struct MapView {
    /// Degrees north of its middle, WGS 84.
    pub latitude: f64,
    /// Degrees east of its middle, WGS 84.
    pub longitude: f64,
    /// How close: 0 is the whole earth, each step doubles the scale, up to 19.
    pub zoom: u8,
}

/// The pictures behind a map: squares of 256 pixels in the usual projection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct MapTiles {
    /// Their address, with `{z}`, `{x}` and `{y}` in it.
    pub template: String,
    /// Closest zoom of which there are pictures.
    pub max_zoom: u8,
    /// Whose map it is. Plain text, to be shown whenever its pictures are.
    pub attribution: String,
}

/// The area that an agency answers for, as a circle.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
pub struct AreaInfo {
    /// Degrees north of its middle, WGS 84.
    pub latitude: f64,
    /// Degrees east of its middle, WGS 84.
    pub longitude: f64,
    /// From the middle to the edge, in km.
    pub radius_km: f64,
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
#[derive(Clone, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
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
    /// Somebody tries the line out: it counts in no figure of the day.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[ts(as = "Option<bool>", optional)]
    pub test: bool,
    /// The agency's word for duress was read: whoever writes may be watched. Never told to residents.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[ts(as = "Option<bool>", optional)]
    pub duress: bool,
    /// Where it is, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub place: Option<RowPlace>,
    /// The incident it belongs to: sessions with the same one report the same event, as a person said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub incident: Option<IncidentId>,
    /// How to contact back: told of abandoned sessions, unless the resident left by quick exit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub contact: Option<String>,
    /// It was made with a link that no device has opened yet: when that ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub link_ends_ms: Option<Millis>,
    /// A hold stands: nothing of it is destroyed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[ts(as = "Option<bool>", optional)]
    pub on_hold: bool,
    /// What was asked for and has been neither declined nor fetched to its end; past its time by its own word.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(as = "Option<Vec<RowRequest>>", optional)]
    pub requests: Vec<RowRequest>,
    /// How suspicious it is, and why; left out where nothing speaks against it. It changes no order and hides nothing, and is never told to
    /// residents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub suspicion: Option<Suspicion>,
}

/// A request that takes two persons, in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct RowRequest {
    /// For what.
    pub what: Custodial,
    /// Who asked.
    pub by: StaffId,
    /// Somebody else agreed.
    pub agreed: bool,
    /// When its time is over.
    pub ends_ms: Millis,
}

impl std::fmt::Debug for SessionRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionRow")
            .field("session", &self.session)
            .field("standing", &self.standing)
            .finish_non_exhaustive()
    }
}

/// Whether a number is left out on the wire.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the form that serde asks for"
)]
pub(crate) const fn is_zero(number: &u64) -> bool {
    *number == 0
}
