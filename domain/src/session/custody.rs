//! Custody: what keeps a session's evidence from being destroyed, and what takes two persons.
//!
//! Owns: holds and requests, and what follows from placing, lifting, asking, agreeing and declining. Must not: destroy anything, or keep the words of a reason: the log has
//! them. Called by: `decide`, `apply`, `row`.

use callbox_proto::error::ErrorCode;
use callbox_proto::event::{Actor, Event, Stored};
use callbox_proto::ids::{CommandId, StaffId};
use callbox_proto::message::RowRequest;
use callbox_proto::vocabulary::{Custodial, Millis, Standing};
use serde::{Deserialize, Serialize};

use super::decide::Context;
use super::{EXPORT_LIFE_MS, HOLDS_MAX, REASON_MAX_CHARS, REQUEST_LIFE_MS, Session, check};

/// How a session's evidence is kept.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Custody {
    /// Holds that stand, each by the command that placed it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    holds: Vec<CommandId>,
    /// What was asked for, at most one of a kind: the last one. One that was declined is taken out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    requests: Vec<Request>,
}

/// Something that takes two persons.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Request {
    id: CommandId,
    what: Custodial,
    by: StaffId,
    /// Who else agreed.
    #[serde(default)]
    agreed: Option<StaffId>,
    /// Until when somebody can agree; agreed to, until when it can be fetched.
    ends_ms: Millis,
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
            Event::CustodyRequested {
                request,
                what,
                ends_ms,
                ..
            } => {
                if let Some(by) = staff_of(&entry.by) {
                    self.requests.retain(|known| known.what != *what);
                    self.requests.push(Request {
                        id: *request,
                        what: *what,
                        by: by.clone(),
                        agreed: None,
                        ends_ms: *ends_ms,
                    });
                }
            }
            Event::CustodyAgreed { request, ends_ms } => {
                let mut requests = self.requests.iter_mut();
                if let Some(known) = requests.find(|known| known.id == *request) {
                    known.agreed = staff_of(&entry.by).cloned();
                    known.ends_ms = *ends_ms;
                }
            }
            Event::CustodyDeclined { request, .. } => {
                self.requests.retain(|known| known.id != *request);
            }
            _ => {}
        }
    }

    /// What was asked for, as lists tell it.
    pub(super) fn rows(&self) -> Vec<RowRequest> {
        let row = |request: &Request| RowRequest {
            what: request.what,
            by: request.by.clone(),
            agreed: request.agreed.is_some(),
            ends_ms: request.ends_ms,
        };
        self.requests.iter().map(row).collect()
    }

    /// The request with this id, if its time is not over.
    fn request(&self, id: CommandId, now_ms: Millis) -> Result<&Request, ErrorCode> {
        let mut requests = self.requests.iter();
        requests
            .find(|known| known.id == id && now_ms < known.ends_ms)
            .ok_or(ErrorCode::NoSuchRequest)
    }
}

const fn staff_of(by: &Actor) -> Option<&StaffId> {
    match by {
        Actor::Staff { staff, .. } => staff.as_ref(),
        _ => None,
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

/// A person asks for what takes two persons.
pub(super) fn request(
    session: &Session,
    context: Context<'_>,
    what: Custodial,
    reason: &str,
) -> Result<Vec<Event>, ErrorCode> {
    check::text(reason, REASON_MAX_CHARS)?;
    if session.standing != Standing::Closed {
        return Err(ErrorCode::SessionOpen);
    }
    let mut requests = session.custody.requests.iter();
    if requests.any(|known| known.what == what && context.now_ms < known.ends_ms) {
        return Err(ErrorCode::RequestOpen);
    }
    Ok(vec![Event::CustodyRequested {
        request: context.id,
        what,
        reason: reason.trim().to_owned(),
        ends_ms: context.now_ms.saturating_add(REQUEST_LIFE_MS),
    }])
}

/// Somebody else agrees; twice is once.
pub(super) fn agree(
    session: &Session,
    context: Context<'_>,
    staff: &StaffId,
    request: CommandId,
) -> Result<Vec<Event>, ErrorCode> {
    let known = session.custody.request(request, context.now_ms)?;
    if known.by == *staff {
        return Err(ErrorCode::OwnRequest);
    }
    if known.agreed.is_some() {
        return Ok(Vec::new());
    }
    Ok(vec![Event::CustodyAgreed {
        request,
        ends_ms: context.now_ms.saturating_add(EXPORT_LIFE_MS),
    }])
}

/// Somebody declines, or whoever asked takes it back.
pub(super) fn decline(
    session: &Session,
    context: Context<'_>,
    request: CommandId,
    reason: &str,
) -> Result<Vec<Event>, ErrorCode> {
    check::text(reason, REASON_MAX_CHARS)?;
    session.custody.request(request, context.now_ms)?;
    Ok(vec![Event::CustodyDeclined {
        request,
        reason: reason.trim().to_owned(),
    }])
}

/// One of the two fetches the export. Each time is an entry of its own.
pub(super) fn fetch_export(
    session: &Session,
    context: Context<'_>,
    staff: &StaffId,
    request: CommandId,
) -> Result<Vec<Event>, ErrorCode> {
    let known = session.custody.request(request, context.now_ms)?;
    let is_one_of_two = known.by == *staff || known.agreed.as_ref() == Some(staff);
    if known.what != Custodial::Export || known.agreed.is_none() || !is_one_of_two {
        return Err(ErrorCode::NoSuchRequest);
    }
    Ok(vec![Event::Exported { request }])
}
