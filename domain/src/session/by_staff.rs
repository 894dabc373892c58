//! What follows from the wishes of the agency's people.
//!
//! Owns: the rules of every [`StaffCommand`] that is not one of custody or of a link, and of photos that are fetched. Must not: ask who is allowed to, or change the state.
//! Called by: [`super::decide`].

use callbox_proto::command::StaffCommand;
use callbox_proto::error::ErrorCode;
use callbox_proto::event::{Event, MediaEnd, ReleaseReason};
use callbox_proto::ids::{CommandId, IncidentId, StaffId};
use callbox_proto::vocabulary::{Priority, Role, Seq, Standing, TransferTarget};

use super::{
    Context, REASON_MAX_CHARS, Refusal, Session, TEXT_MAX_CHARS, check, custody, report_link,
    responder,
};
use crate::policy::Material;

pub(super) fn decide(
    session: &Session,
    context: Context<'_>,
    staff: &StaffId,
    role: Role,
    command: &StaffCommand,
) -> Result<Vec<Event>, Refusal> {
    let after_the_end = matches!(
        command,
        StaffCommand::Note { .. }
            | StaffCommand::Reveal { .. }
            | StaffCommand::Seen { .. }
            | StaffCommand::Watch {}
            | StaffCommand::Link { .. }
            | StaffCommand::Unlink { .. }
            | StaffCommand::PlaceHold { .. }
            | StaffCommand::LiftHold { .. }
            | StaffCommand::RequestCustody { .. }
            | StaffCommand::AgreeCustody { .. }
            | StaffCommand::DeclineCustody { .. }
    );
    if session.standing == Standing::Closed && !after_the_end {
        return Err(ErrorCode::SessionClosed.into());
    }
    // Nobody is there yet to be handed on, or to be written to.
    let for_somebody = matches!(
        command,
        StaffCommand::Release {}
            | StaffCommand::Transfer { .. }
            | StaffCommand::Text { .. }
            | StaffCommand::Ask { .. }
            | StaffCommand::MakeResponderLink { .. }
    );
    if for_somebody && session.awaited_until_ms().is_some() {
        return Err(ErrorCode::WrongOrder.into());
    }
    match command {
        StaffCommand::Take {} => take(session, staff, role),
        StaffCommand::Release {} => release(session, staff, role),
        StaffCommand::Transfer { target, note } => {
            check::at_most(note, TEXT_MAX_CHARS)?;
            transfer(session, context, target, note)
        }
        StaffCommand::Close { disposition, note } => {
            check::at_most(note, TEXT_MAX_CHARS)?;
            let closed = Event::Closed {
                disposition: *disposition,
                note: note.clone(),
            };
            let mut events = session.live.ended(MediaEnd::SessionEnded);
            events.push(closed);
            Ok(events)
        }
        StaffCommand::Text { text } => {
            check::message(text)?;
            Ok(vec![Event::Text {
                text: text.clone(),
                age_ms: 0,
            }])
        }
        StaffCommand::Ask { medium, question } => {
            if let Some(question) = question {
                check::at_most(question, REASON_MAX_CHARS)?;
            }
            Ok(vec![Event::Asked {
                ask: context.id,
                medium: *medium,
                question: question.clone(),
            }])
        }
        StaffCommand::Note { text } => {
            check::message(text)?;
            Ok(vec![Event::Note { text: text.clone() }])
        }
        StaffCommand::SetPriority { priority, reason } => {
            set_priority(session, context, *priority, reason)
        }
        StaffCommand::SetServiceLocation { location, from } => {
            check::location(location)?;
            if from.is_some_and(|seq| seq == 0 || seq > session.head) {
                return Err(ErrorCode::OutOfRange.into());
            }
            Ok(vec![Event::ServiceLocated {
                location: location.clone(),
                from: *from,
            }])
        }
        StaffCommand::Reveal { photo } => reveal(session, *photo),
        StaffCommand::Seen { up_to } => seen(session, *up_to),
        StaffCommand::Watch {} => Ok(vec![Event::Watched {
            staff: staff.clone(),
            role,
        }]),
        StaffCommand::Link { incident } => Ok(link(session, *incident)),
        StaffCommand::Unlink { incident } => Ok(unlink(session, *incident)),
        StaffCommand::MakeResponderLink {
            digest,
            life_ms,
            note,
        } => Ok(responder::make(session, context, digest, *life_ms, note)?),
        StaffCommand::RevokeReportLink {} => Ok(report_link::revoke(session)?),
        StaffCommand::RevokeResponderLink { link } => Ok(responder::revoke(session, *link)?),
        StaffCommand::PlaceHold { reason } => Ok(custody::place_hold(session, context, reason)?),
        StaffCommand::LiftHold { hold, reason } => Ok(custody::lift_hold(session, *hold, reason)?),
        StaffCommand::RequestCustody { what, reason } => {
            Ok(custody::request(session, context, *what, reason)?)
        }
        StaffCommand::AgreeCustody { request } => {
            Ok(custody::agree(session, context, staff, *request)?)
        }
        StaffCommand::DeclineCustody { request, reason } => {
            Ok(custody::decline(session, context, *request, reason)?)
        }
    }
}

fn taken_by(owner: &StaffId) -> Refusal {
    Refusal {
        code: ErrorCode::AlreadyTaken,
        owner: Some(owner.clone()),
    }
}

fn take(session: &Session, staff: &StaffId, role: Role) -> Result<Vec<Event>, Refusal> {
    match (&session.owner, &session.reserved_for) {
        (Some(owner), _) if owner == staff => Ok(Vec::new()),
        (Some(owner), _) => Err(taken_by(owner)),
        (None, Some(person)) if person != staff && role != Role::Supervisor => {
            Err(taken_by(person))
        }
        _ => Ok(vec![Event::Taken]),
    }
}

fn release(session: &Session, staff: &StaffId, role: Role) -> Result<Vec<Event>, Refusal> {
    let reason = match &session.owner {
        Some(owner) if owner == staff => ReleaseReason::GivenBack,
        Some(_) if role == Role::Supervisor => ReleaseReason::TakenAway,
        _ => return Err(ErrorCode::NotOwner.into()),
    };
    let mut events = vec![Event::Released { reason }];
    // Whoever left while somebody was there does not wait again: somebody has to contact back.
    if session.left {
        events.push(Event::Abandoned);
    }
    Ok(events)
}

fn transfer(
    session: &Session,
    context: Context<'_>,
    target: &TransferTarget,
    note: &str,
) -> Result<Vec<Event>, Refusal> {
    let queue = match target {
        TransferTarget::Queue { queue } if context.policy.has_queue(queue) => queue,
        TransferTarget::Queue { .. } => return Err(ErrorCode::NoSuchTarget.into()),
        TransferTarget::Person { .. } => &session.queue,
    };
    Ok(vec![Event::Transferred {
        target: target.clone(),
        queue: queue.clone(),
        note: note.to_owned(),
    }])
}

fn set_priority(
    session: &Session,
    context: Context<'_>,
    priority: Priority,
    reason: &str,
) -> Result<Vec<Event>, Refusal> {
    check::text(reason, REASON_MAX_CHARS)?;
    let deadline_ms = context
        .policy
        .deadline(&session.queue, session.entered_ms, priority);
    Ok(vec![Event::PriorityChanged {
        priority,
        reason: reason.to_owned(),
        deadline_ms,
    }])
}

fn reveal(session: &Session, photo: CommandId) -> Result<Vec<Event>, Refusal> {
    can_be_seen(session, photo)?;
    Ok(vec![Event::PhotoRevealed { photo }])
}

/// A photo that somebody is about to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhotoFetch {
    /// Which photo.
    pub photo: CommandId,
    /// The original, and not what is shown of it.
    pub original: bool,
    /// With which link for responders, where it is one.
    pub link: Option<CommandId>,
}

/// Somebody is about to be sent a photo.
pub(super) fn fetch_photo(session: &Session, fetch: &PhotoFetch) -> Result<Event, ErrorCode> {
    can_be_seen(session, fetch.photo)?;
    Ok(Event::PhotoFetched {
        photo: fetch.photo,
        original: fetch.original,
        link: fetch.link,
    })
}

fn can_be_seen(session: &Session, photo: CommandId) -> Result<(), ErrorCode> {
    if session.photo(photo).is_none() {
        return Err(ErrorCode::NoSuchPhoto);
    }
    if session.custody.is_deleted(Material::Photos) {
        return Err(ErrorCode::PhotoDeleted);
    }
    Ok(())
}

fn seen(session: &Session, up_to: Seq) -> Result<Vec<Event>, Refusal> {
    if up_to > session.head {
        return Err(ErrorCode::OutOfRange.into());
    }
    if up_to <= session.seen {
        return Ok(Vec::new());
    }
    Ok(vec![Event::Seen { up_to }])
}

/// One that belongs to another incident moves, and its log says from where.
fn link(session: &Session, incident: IncidentId) -> Vec<Event> {
    if session.incident == Some(incident) {
        return Vec::new();
    }
    vec![Event::Linked {
        incident,
        moved_from: session.incident,
    }]
}

/// Whoever undoes a link undoes that one, and not what somebody else has said since.
fn unlink(session: &Session, incident: IncidentId) -> Vec<Event> {
    if session.incident != Some(incident) {
        return Vec::new();
    }
    vec![Event::Unlinked { incident }]
}
