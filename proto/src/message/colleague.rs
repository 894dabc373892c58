//! Somebody whom a session can be handed to, on the wire.
//!
//! Owns: what people may know of each other. Must not: hold what only a supervisor may know of a person. Used through
//! [`crate::message`].

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::ids::StaffId;
use crate::vocabulary::{AgentReason, AgentState};

/// A signed-in person who can be handed a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct Colleague {
    /// Who.
    pub staff: StaffId,
    /// Name on the screen.
    pub name: String,
    /// Can take sessions, or not.
    pub state: AgentState,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub reason: Option<AgentReason>,
}
