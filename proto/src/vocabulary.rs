//! The words of the field as types: priorities, categories, places, media, states.
//!
//! Owns: the closed lists and small records that messages and events share. Must not: decide or validate beyond what a
//! single value can know about itself. Used by: messages, events, `domain`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::ids::{QueueId, StaffId};

/// Milliseconds since 1970-01-01T00:00:00Z by the gateway's clock, unless a field says otherwise.
pub type Millis = u64;

/// Position in a session's log, from 1; 0 stands for "before the first".
pub type Seq = u64;

/// A closed list of words on the wire.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS, JsonSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            /// Every word of the list, in order.
            pub const ALL: &[Self] = &[$(Self::$variant),+];
        }
    };
}

/// How urgent a session is: 1 (life at risk now) to 5 (for information).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Priority(u8);

// By hand: the derive would describe the `u8` it is read through, without the range.
impl JsonSchema for Priority {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Priority".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "How urgent a session is: 1 (life at risk now) to 5 (for information).",
            "type": "integer",
            "minimum": 1,
            "maximum": 5
        })
    }
}

impl TS for Priority {
    type WithoutGenerics = Self;
    type OptionInnerType = Self;

    fn name(_: &ts_rs::Config) -> String {
        "Priority".to_owned()
    }

    fn inline(cfg: &ts_rs::Config) -> String {
        Self::name(cfg)
    }
}

impl Priority {
    /// Life at risk now.
    pub const LIFE_AT_RISK: Self = Self(1);
    /// The default where nothing is known: prompt.
    pub const PROMPT: Self = Self(3);
    /// All five, most urgent first.
    pub const ALL: [Self; 5] = [Self(1), Self(2), Self(3), Self(4), Self(5)];

    /// The priority with this number, if there is one.
    #[must_use]
    pub const fn new(number: u8) -> Option<Self> {
        if matches!(number, 1..=5) {
            Some(Self(number))
        } else {
            None
        }
    }

    /// 1 to 5.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }

    /// 0 to 4, for tables.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize - 1
    }
}

impl TryFrom<u8> for Priority {
    type Error = &'static str;

    fn try_from(number: u8) -> Result<Self, Self::Error> {
        Self::new(number).ok_or("a priority is 1 to 5")
    }
}

impl From<Priority> for u8 {
    fn from(priority: Priority) -> Self {
        priority.0
    }
}

words! {
    /// What takes two persons: one asks, another one agrees.
    Custodial {
        /// The session's log and sealed originals leave the agency's store as a pack.
        Export,
        /// The session's photos are destroyed: originals, copies and previews. Its log stays.
        DeletePhotos,
    }
}

words! {
    /// Why photos or words were deleted.
    DeletionCause {
        /// Two persons agreed.
        Agreed,
        /// The time that the agency keeps them is over.
        Retention,
    }
}

words! {
    /// What an entry was whose content is destroyed, where nothing but content was in it.
    Content {
        /// A finished message.
        Text,
        /// Where the device was.
        Located,
        /// Where help should go.
        ServiceLocated,
        /// How the resident can be reached.
        ContactGiven,
        /// A note among staff.
        Note,
        /// An answer to a question of the agency's own.
        FieldAnswered,
    }
}

words! {
    /// What the resident says is happening. The agency's own incident types are chosen later, by a person.
    Category {
        /// Injury, illness, somebody does not breathe.
        Medical,
        /// Fire, smoke, explosion, smell of gas.
        Fire,
        /// Somebody is attacked or threatened.
        Violence,
        /// Burglary, theft, damage.
        PropertyCrime,
        /// A crash, a blocked or dangerous road.
        Traffic,
        /// Water, storm, wires down, dangerous goods.
        Hazard,
        /// Somebody is missing or lost.
        MissingPerson,
        /// Worry about somebody's well-being.
        Welfare,
        /// Anything else.
        Other,
    }
}

words! {
    /// Who somebody is to the gateway.
    Role {
        /// The person who reports.
        Resident,
        /// The person at a dispatch console.
        Telecommunicator,
        /// Sees queues, people and sessions; may watch, take over, reassign.
        Supervisor,
        /// Reads what happened, changes nothing.
        Auditor,
        /// Runs the agency's set-up, sees no sessions.
        Administrator,
        /// A screen for a room, opened by a supervisor: reads the board without anybody's name, and nothing else.
        Wallboard,
        /// A unit in the field that opened a link: reads one session, as far as the link lets it, and changes nothing.
        Responder,
    }
}

words! {
    /// Whether a node takes clients.
    #[derive(Default)]
    NodeState {
        /// It does.
        #[default]
        Ready,
        /// It sends its clients to other nodes, and refuses who comes.
        Draining,
        /// It said good-bye, or nothing has been heard of it for a while.
        Gone,
    }
}

words! {
    /// What is wrong with a configuration.
    ConfigFault {
        /// The file cannot be read.
        Unreadable,
        /// It is not TOML.
        Syntax,
        /// There is no such setting.
        UnknownKey,
        /// The value has a wrong type or form.
        WrongValue,
        /// The value is outside its bounds, or does not go together with another one.
        OutOfBounds,
    }
}

words! {
    /// A kind of thing a resident may be asked for and may grant or stop.
    Medium {
        /// The place of the device.
        Place,
        /// Still pictures.
        Photo,
        /// The camera, live.
        Video,
        /// The microphone, live; hearing the telecommunicator needs no grant.
        Audio,
    }
}

words! {
    /// How a place was found.
    LocationMethod {
        /// Satellites.
        Gnss,
        /// The device does not say how (browsers).
        Device,
        /// Typed, or moved by hand.
        Manual,
        /// Radio cell.
        Cell,
        /// Wireless networks nearby.
        Wifi,
        /// Read from a photo's metadata: claimed, not measured.
        Claimed,
    }
}

words! {
    /// Where a session stands.
    Standing {
        /// In a queue.
        Waiting,
        /// A telecommunicator owns it.
        Owned,
        /// The resident left before an answer; someone contacts back.
        Abandoned,
        /// Finished.
        Closed,
    }
}

words! {
    /// Whether a telecommunicator can take sessions (i3 AgentStateChange).
    AgentState {
        /// Can take sessions.
        Available,
        /// Cannot; a reason says why.
        NotAvailable,
    }
}

words! {
    /// Why somebody is not available.
    AgentReason {
        /// A pause.
        Break,
        /// Finishing the last session's notes.
        WrapUp,
        /// Learning.
        Training,
        /// Signed in, not yet at work.
        JustSignedIn,
        /// Another reason.
        Other,
    }
}

words! {
    /// What a session came to (agencies may narrow the list).
    Disposition {
        /// Help was sent.
        HelpSent,
        /// Answered by advice; nothing was sent.
        AdviceGiven,
        /// Handed to another agency.
        HandedOver,
        /// About something already known.
        Duplicate,
        /// Nobody could be reached.
        NoContact,
        /// Nothing to do.
        NoActionNeeded,
        /// A trial.
        Test,
    }
}

words! {
    /// Durability rung of a receipt.
    Rung {
        /// On disk at one node.
        Stored,
        /// Confirmed by the shared tier; on one node, fsynced.
        Safe,
    }
}

/// A point on the earth with what is known about its truth. Never a bare point (PIDF-LO: a Circle with method).
#[derive(Clone, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
pub struct Location {
    /// Degrees north, WGS 84, -90 to 90.
    pub latitude: f64,
    /// Degrees east, WGS 84, -180 to 180.
    pub longitude: f64,
    /// Radius in metres of the circle that holds the device with 95 % confidence; 0 to 100,000.
    pub uncertainty_m: f64,
    /// How it was found.
    pub method: LocationMethod,
    /// How old the fix was when it was sent, in ms; 0 to 604,800,000 (7 days). Ages, not times: devices' clocks are wrong.
    pub age_ms: i64,
    /// The place in words, if somebody typed it; at most 500 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub words: Option<String>,
}

impl std::fmt::Debug for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Location")
    }
}

/// One rule of triage that fired.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct RuleFired {
    /// The rule's name in the rules file.
    pub rule: String,
    /// The priority it asks for.
    pub priority: Priority,
    /// Why, in words for a telecommunicator.
    pub because: String,
}

/// One reason for suspicion: a rule that holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct SuspicionReason {
    /// The rule's name in the rules file.
    pub rule: String,
    /// What it adds to the number, 1 to 100.
    pub points: u8,
    /// Why, in words for a telecommunicator.
    pub because: String,
    /// How far beyond the edge of the agency's area the place is at least, in km, where that is the reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub outside_km: Option<u32>,
    /// How many sessions were found, at least, where that is the reason: others that say the same, or all that the device opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub sessions: Option<u32>,
}

/// How much speaks against a session being what it says, with what speaks (i3 CallSuspicion). It is told to staff and changes nothing:
/// neither the order of a queue nor what is shown.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS, JsonSchema)]
pub struct Suspicion {
    /// 0 to 100: the points of the reasons together, at most 100.
    #[schemars(range(max = 100))]
    pub number: u8,
    /// The reasons, the heaviest first; at most 4. None with 0.
    pub reasons: Vec<SuspicionReason>,
}

/// What the device can do, said by the device first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS, JsonSchema)]
pub struct DeviceCan {
    /// It has a camera that may be used.
    #[serde(default)]
    pub video: bool,
    /// It has a microphone that may be used.
    #[serde(default)]
    pub audio: bool,
    /// It can tell its place.
    #[serde(default)]
    pub place: bool,
}

/// Where a session goes when it is handed on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(tag = "to", rename_all = "snake_case")]
pub enum TransferTarget {
    /// Back into a queue of this agency, with its first deadline.
    Queue {
        /// Which one.
        queue: QueueId,
    },
    /// To one person; it waits in its queue until that person takes it.
    Person {
        /// Who.
        staff: StaffId,
    },
}

/// Share of viewers by role, so that the resident sees who watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS, JsonSchema)]
pub struct Watchers {
    /// Telecommunicators receiving live media.
    pub telecommunicators: u32,
    /// Supervisors receiving live media.
    pub supervisors: u32,
    /// Responders in the field receiving live media, through a link; left out where there are none.
    #[serde(default, skip_serializing_if = "no_responders")]
    #[ts(as = "Option<u32>", optional)]
    pub responders: u32,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the form that serde asks for"
)]
const fn no_responders(responders: &u32) -> bool {
    *responders == 0
}
