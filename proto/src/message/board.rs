//! The supervisors' screen on the wire.
//!
//! Owns: its figures. Must not: count. Used through [`crate::message`].

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::ids::{QueueId, StaffId};
use crate::vocabulary::{AgentReason, AgentState, Millis, Role};

/// The supervisors' screen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
pub struct Board {
    /// The gateway's clock.
    pub now_ms: Millis,
    /// Every queue.
    pub queues: Vec<QueueFigures>,
    /// Everybody who is signed in.
    pub people: Vec<PersonFigures>,
    /// What `safe` is worth here, in a word: `local_disk`, `shared_disk`, `replicated`, `island`, `weaker` (only `stored` is said), `none`.
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
