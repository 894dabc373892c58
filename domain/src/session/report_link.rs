//! Links with which somebody reports: a person makes one, and it opens one session, once, on one device, until it ends.
//!
//! Owns: what follows from making, opening and revoking one, and whether it still opens. Must not: know the secret of a link (its digest
//! is all that ever gets here), or let a second device in. Called by: `decide`, `apply`, the node for a link that is made.
//!
//! The session begins with the link: its log says who made it, when it was opened and by which device, or who revoked it.

use callbox_proto::command::Opening;
use callbox_proto::error::ErrorCode;
use callbox_proto::event::Event;
use callbox_proto::ids::{AgencyId, ResidentId};
use callbox_proto::vocabulary::{Disposition, Millis, Standing};
use serde::{Deserialize, Serialize};

use super::opening::{checked_opening, facts_of, first_words};
use super::{Context, Refusal, Session, check};
use crate::triage;

/// Stands for the device of a link that none has opened. No key has this hash but by a chance of one in 2^128.
pub(super) const NOBODY: u128 = callbox_proto::remains::NO_DEVICE;

/// The link that a session began with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportLink {
    /// SHA-256 of its secret, hexadecimal.
    pub digest: Box<str>,
    /// When it ends, unless it was opened before.
    pub ends_ms: Millis,
    /// A device opened it.
    #[serde(default)]
    pub opened: bool,
    /// A person ended it.
    #[serde(default)]
    pub revoked: bool,
}

impl Session {
    /// When its link ends, while no device has opened it.
    #[must_use]
    pub fn awaited_until_ms(&self) -> Option<Millis> {
        let link = self.report_link.as_ref()?;
        let awaited = !link.opened && self.standing != Standing::Closed;
        awaited.then_some(link.ends_ms)
    }
}

/// The first events of a session that a person makes a link to. It is the maker's from the start.
///
/// # Errors
/// [`ErrorCode::OutOfRange`] for what is no digest.
pub fn make_link(
    context: Context<'_>,
    agency: &AgencyId,
    digest: &str,
) -> Result<Vec<Event>, Refusal> {
    check::digest(digest)?;
    let made = Event::ReportLinkMade {
        agency: agency.clone(),
        queue: context.policy.queue_for(None),
        digest: digest.to_owned(),
        ends_ms: context
            .now_ms
            .saturating_add(context.policy.report_link_ms()),
    };
    Ok(vec![made, Event::Taken])
}

/// A device opens the session with the secret of this digest.
pub(super) fn open(
    session: &Session,
    context: Context<'_>,
    resident: ResidentId,
    digest: &str,
    opening: &Opening,
) -> Result<Vec<Event>, Refusal> {
    let link = session.report_link.as_ref();
    let known = link.filter(|link| &*link.digest == digest);
    let link = known.ok_or(ErrorCode::NoSuchLink)?;
    if link.opened {
        // The device whose session it is has come back the way it came.
        let same = session.resident == resident;
        return if same {
            Ok(Vec::new())
        } else {
            Err(ErrorCode::LinkUsed.into())
        };
    }
    if link.revoked {
        return Err(ErrorCode::LinkRevoked.into());
    }
    if session.standing == Standing::Closed {
        return Err(ErrorCode::SessionClosed.into());
    }
    if context.now_ms >= link.ends_ms {
        return Err(ErrorCode::LinkExpired.into());
    }
    checked_opening(opening)?;
    let mut events = vec![Event::ReportLinkOpened {
        category: opening.category,
        language: opening.language.clone(),
        silent: opening.silent,
        device: opening.device,
        resident,
        contact: opening.contact.clone(),
    }];
    let found = triage::triage(context.policy.rules(), &facts_of(opening));
    let since = (&session.queue, session.entered_ms);
    first_words(context, opening, found, since, &mut events);
    Ok(events)
}

/// A person ends a link that no device has opened, and the session with it.
pub(super) fn revoke(session: &Session) -> Result<Vec<Event>, ErrorCode> {
    match &session.report_link {
        None => Err(ErrorCode::NoSuchLink),
        Some(link) if link.opened => Err(ErrorCode::LinkUsed),
        Some(_) => Ok(vec![
            Event::ReportLinkRevoked,
            Event::Closed {
                disposition: Disposition::NoContact,
                note: String::new(),
            },
        ]),
    }
}
