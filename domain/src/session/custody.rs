//! Custody: what keeps a session's evidence from being destroyed.
//!
//! Owns: holds, and what follows from placing and lifting one. Must not: destroy anything, or keep the words of a reason: the log has
//! them. Called by: `decide`, `apply`, `row`.

use callbox_proto::error::ErrorCode;
use callbox_proto::event::{Event, Stored};
use callbox_proto::ids::CommandId;
use serde::{Deserialize, Serialize};

use super::decide::Context;
use super::{HOLDS_MAX, REASON_MAX_CHARS, Session, check};

/// How a session's evidence is kept.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Custody {
    /// Holds that stand, each by the command that placed it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    holds: Vec<CommandId>,
}

impl Custody {
    /// Whether a hold stands: nothing is destroyed then.
    #[must_use]
    pub const fn is_held(&self) -> bool {
        !self.holds.is_empty()
    }

    /// Folds a fact about custody in; the others are left alone.
    pub(super) fn change(&mut self, entry: &Stored) {
        match &entry.event {
            // More than the bound come only from two nodes that went on without each other. Every one of them holds.
            Event::HoldPlaced { hold, .. } if !self.holds.contains(hold) => self.holds.push(*hold),
            Event::HoldLifted { hold, .. } => self.holds.retain(|held| held != hold),
            _ => {}
        }
    }
}

/// A person puts the session on hold. Each hold is by itself: lifting one leaves the others.
pub(super) fn place_hold(
    session: &Session,
    context: Context<'_>,
    reason: &str,
) -> Result<Vec<Event>, ErrorCode> {
    check::text(reason, REASON_MAX_CHARS)?;
    if session.custody.holds.len() >= HOLDS_MAX {
        return Err(ErrorCode::TooManyHolds);
    }
    Ok(vec![Event::HoldPlaced {
        hold: context.id,
        reason: reason.trim().to_owned(),
    }])
}

/// A person lifts a hold.
pub(super) fn lift_hold(
    session: &Session,
    hold: CommandId,
    reason: &str,
) -> Result<Vec<Event>, ErrorCode> {
    check::text(reason, REASON_MAX_CHARS)?;
    if !session.custody.holds.contains(&hold) {
        return Err(ErrorCode::NoSuchHold);
    }
    Ok(vec![Event::HoldLifted {
        hold,
        reason: reason.trim().to_owned(),
    }])
}
