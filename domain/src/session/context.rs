//! What every decision is made from besides the session.
//!
//! Owns: [`Context`]. Must not: decide. Called by: the rooms that do.

use callbox_proto::ids::CommandId;
use callbox_proto::vocabulary::Millis;

use crate::policy::Policy;

/// What a decision depends on besides state and wish.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The command's id.
    pub id: CommandId,
    /// The time.
    pub now_ms: Millis,
    /// The agency's queues and rules.
    pub policy: &'a Policy,
}
