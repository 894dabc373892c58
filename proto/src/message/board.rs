//! The supervisors' screen on the wire.
//!
//! Owns: its figures. Must not: count. Used through [`crate::message`].

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::ids::{QueueId, StaffId};
use crate::message::is_zero;
use crate::vocabulary::{AgentReason, AgentState, ConfigFault, Millis, NodeState, Priority, Role};

/// The supervisors' screen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
pub struct Board {
    /// The gateway's clock.
    pub now_ms: Millis,
    /// Every queue.
    pub queues: Vec<QueueFigures>,
    /// Everybody who is signed in; a wallboard is told of nobody.
    pub people: Vec<PersonFigures>,
    /// Telecommunicators by state; those who can take sessions come first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(as = "Option<Vec<StateFigures>>", optional)]
    pub states: Vec<StateFigures>,
    /// What `safe` is worth here, in a word: `local_disk`, `shared_disk`, `replicated`, `island`, `weaker` (only `stored` is said), `none`.
    pub guarantee: String,
    /// Every node that serves the agency, and those that are gone since a while; a wallboard is told of none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(as = "Option<Vec<NodeFigures>>", optional)]
    pub nodes: Vec<NodeFigures>,
}

/// A node as it tells itself, or as it was last heard.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct NodeFigures {
    /// Its configured name; empty for a node alone.
    pub name: String,
    /// Version of its program.
    pub version: String,
    /// Whether it takes clients.
    pub state: NodeState,
    /// It is the one that tells this.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[ts(as = "Option<bool>", optional)]
    pub here: bool,
    /// When it was last heard.
    pub heard_ms: Millis,
    /// Its open connections; told to the agency that runs the nodes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub connections: Option<u64>,
    /// Sessions it holds in memory; told to the agency that runs the nodes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub sessions: Option<u64>,
    /// What `safe` is worth there, in a word of `Board::guarantee`.
    pub guarantee: String,
    /// Why nothing is safe there, in English for whoever runs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub because: Option<String>,
    /// Records that are only kept there: stored, and not yet safe.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[ts(as = "Option<u64>", optional)]
    pub kept: u64,
    /// When the oldest of them was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub kept_since_ms: Option<Millis>,
    /// Bytes that are free on the disk of its data folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub disk_free_bytes: Option<u64>,
    /// How far its drain is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub drain: Option<DrainFigures>,
    /// What of this agency it is configured with otherwise than the node that tells: `agency`, `queues`, `triage`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(as = "Option<Vec<String>>", optional)]
    pub differs: Vec<String>,
    /// The configuration that it runs with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub config: Option<ConfigFigures>,
}

/// The configuration that a node runs with, and what its file says otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct ConfigFigures {
    /// Short fingerprint of the agencies' settings in use: the same on nodes whose agencies are set alike.
    pub version: String,
    /// Since when they are in use.
    pub since_ms: Millis,
    /// Settings that the file has otherwise and that need a restart, by name; the first 16. Told to the agency that runs the nodes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(as = "Option<Vec<String>>", optional)]
    pub needs_restart: Vec<String>,
    /// How many more there are.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[ts(as = "Option<u64>", optional)]
    pub more_need_restart: u64,
    /// The file as it is now is refused, and what was in use before stays. Told to the agency that runs the nodes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub refused: Option<ConfigRefusal>,
}

/// Why a configuration is refused. Whoever runs the node reads the whole reason in its log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct ConfigRefusal {
    /// When.
    pub at_ms: Millis,
    /// The file's name and the line, `callbox.toml:12`, or what else set the value.
    pub place: String,
    /// The setting, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub key: Option<String>,
    /// What is wrong with it.
    pub fault: ConfigFault,
}

/// How far a drain is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct DrainFigures {
    /// Connections when it began.
    pub began_with: u64,
    /// Clients told per second.
    pub per_s: u32,
    /// Until everybody has been told, in ms; 0 when that has passed.
    pub left_ms: u64,
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
    /// The one that waits longest, of each priority of which one waits, from 1 on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(as = "Option<Vec<LongestWait>>", optional)]
    pub longest: Vec<LongestWait>,
    /// Answered.
    pub answered: u64,
    /// Answered within the target of their priority.
    pub answered_in_target: u64,
    /// Abandoned.
    pub abandoned: u64,
    /// People available for it.
    pub staffed: u32,
}

/// The session of a priority that waits longest in its queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct LongestWait {
    /// Its priority.
    pub priority: Priority,
    /// When it entered.
    pub since_ms: Millis,
}

/// How many telecommunicators are in one state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct StateFigures {
    /// Why they cannot take sessions; those who can have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub reason: Option<AgentReason>,
    /// How many.
    pub people: u32,
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
    /// Alarms that sounded for them in the last ten minutes, as their pages tell.
    #[serde(default)]
    pub alarms: u32,
    /// Time of this shift in which a revealed photo or a live picture was in their view, in ms, as their pages tell.
    #[serde(default)]
    pub exposed_ms: u64,
}
