//! How a session begins: on its resident's own page, or by a link that was made for them.
//!
//! Owns: the bounds of an opening, its first events and how urgent its words are. Must not: know whether somebody may open one. Called by:
//! `node` for the first, [`super::report_link`] for the second.

use callbox_proto::command::Opening;
use callbox_proto::error::ErrorCode;
use callbox_proto::event::Event;
use callbox_proto::ids::{AgencyId, QueueId, ResidentId};
use callbox_proto::vocabulary::Millis;

use super::{CONTACT_MAX_CHARS, Context, LANGUAGE_MAX_CHARS, Refusal, TEXT_MAX_CHARS, check};
use crate::triage::{self, Facts, Triage};

/// The first events of a session.
///
/// # Errors
/// The public code of what is wrong with the opening.
pub fn open(
    context: Context<'_>,
    agency: &AgencyId,
    resident: ResidentId,
    opening: &Opening,
) -> Result<Vec<Event>, Refusal> {
    checked_opening(opening)?;
    let found = triage::triage(context.policy.rules(), &facts_of(opening));
    let queue = context.policy.queue_for(found.queue.as_ref());
    let mut events = vec![Event::Opened {
        agency: agency.clone(),
        queue: queue.clone(),
        category: opening.category,
        language: opening.language.clone(),
        silent: opening.silent,
        device: opening.device,
        resident,
        contact: opening.contact.clone(),
        test: opening.test,
    }];
    let since = (&queue, context.now_ms);
    first_words(context, opening, found, since, &mut events);
    Ok(events)
}

pub(super) fn facts_of(opening: &Opening) -> Facts<'_> {
    Facts {
        category: opening.category,
        language: &opening.language,
        silent: opening.silent,
        located: opening.location.is_some(),
        text: opening.text.as_deref().unwrap_or_default(),
    }
}

/// What an opening says, and how urgent that was found, in a queue that it entered then.
pub(super) fn first_words(
    context: Context<'_>,
    opening: &Opening,
    found: Triage,
    (queue, entered_ms): (&QueueId, Millis),
    events: &mut Vec<Event>,
) {
    let deadline_ms = context.policy.deadline(queue, entered_ms, found.priority);
    let text = opening.text.as_deref().unwrap_or_default();
    if !text.trim().is_empty() {
        events.push(Event::Text {
            text: text.to_owned(),
            age_ms: 0,
        });
    }
    if let Some(location) = &opening.location {
        events.push(Event::Located {
            location: location.clone(),
        });
    }
    events.push(Event::Triaged {
        priority: found.priority,
        rules: found.fired,
        version: found.version,
        deadline_ms,
    });
}

pub(super) fn checked_opening(opening: &Opening) -> Result<(), ErrorCode> {
    let tag = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    let language = &opening.language;
    if !(1..=LANGUAGE_MAX_CHARS).contains(&language.len()) || !language.bytes().all(tag) {
        return Err(ErrorCode::OutOfRange);
    }
    if let Some(contact) = &opening.contact {
        check::at_most(contact, CONTACT_MAX_CHARS)?;
    }
    if let Some(text) = &opening.text {
        check::at_most(text, TEXT_MAX_CHARS)?;
    }
    opening.location.as_ref().map_or(Ok(()), check::location)
}
