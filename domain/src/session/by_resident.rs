//! What follows from the wishes of the session's resident.
//!
//! Owns: the rules of every [`ResidentCommand`], and what new words do to the priority. Must not: ask who is allowed to, or change the state.
//! Called by: [`super::decide`].

use callbox_proto::command::ResidentCommand;
use callbox_proto::error::ErrorCode;
use callbox_proto::event::{Event, MediaEnd};
use callbox_proto::ids::CommandId;
use callbox_proto::vocabulary::{Category, Medium, RuleFired, Standing};

use super::field::Answer;
use super::{
    CATEGORY_CHANGES_MAX, CONTACT_MAX_CHARS, Context, PHOTO_MAX_BYTES, PHOTOS_MAX,
    PREVIEW_MAX_BYTES, Refusal, Session, check, field,
};
use crate::triage::{self, DURESS_RULE, FIRED_MAX, Facts};

/// The events that follow.
///
/// # Errors
/// The public code of why not.
pub(super) fn decide(
    session: &Session,
    context: Context<'_>,
    command: &ResidentCommand,
) -> Result<Vec<Event>, Refusal> {
    if session.standing == Standing::Closed {
        return Err(ErrorCode::SessionClosed.into());
    }
    match command {
        ResidentCommand::Text { text, age_ms } => {
            check::message(text)?;
            check::age(*age_ms)?;
            let said = Event::Text {
                text: text.clone(),
                age_ms: *age_ms,
            };
            Ok(with_triage(session, context, said, &facts(session, text)))
        }
        ResidentCommand::Locate { location } => {
            check::location(location)?;
            Ok(vec![Event::Located {
                location: location.clone(),
            }])
        }
        ResidentCommand::AnnouncePhoto {
            media_type,
            size_bytes,
            preview,
            age_ms,
        } => {
            check::media_type(media_type)?;
            check::age(*age_ms)?;
            if !(1..=PHOTO_MAX_BYTES).contains(size_bytes) {
                return Err(ErrorCode::PhotoTooLarge.into());
            }
            if session.photos.len() >= PHOTOS_MAX {
                return Err(ErrorCode::TooManyPhotos.into());
            }
            // A preview over its bound does not cost the photo: the announcement stands without it.
            let fits = |bytes: &callbox_proto::bytes::Bytes| bytes.0.len() <= PREVIEW_MAX_BYTES;
            Ok(vec![Event::PhotoAnnounced {
                photo: context.id,
                media_type: media_type.clone(),
                size_bytes: *size_bytes,
                preview: preview.as_ref().is_some_and(fits),
                age_ms: *age_ms,
            }])
        }
        ResidentCommand::Consent {
            medium,
            granted,
            ask,
        } => Ok(consent(session, *medium, *granted, *ask)),
        ResidentCommand::GiveContact { contact } => {
            check::text(contact, CONTACT_MAX_CHARS)?;
            Ok(vec![Event::ContactGiven {
                contact: contact.clone(),
            }])
        }
        ResidentCommand::AnswerField {
            field,
            value,
            language,
        } => {
            let answer = Answer {
                field,
                value,
                language: language.as_deref(),
            };
            let answered = field::answered(session, context, answer)?;
            // What somebody writes is read, wherever it is written.
            let Some(text) = field::written(&answered).map(str::to_owned) else {
                return Ok(vec![answered]);
            };
            Ok(with_triage(
                session,
                context,
                answered,
                &facts(session, &text),
            ))
        }
        ResidentCommand::SetCategory { category } => set_category(session, context, *category),
        ResidentCommand::Leave { quick_exit } => Ok(leave(session, *quick_exit)),
    }
}

/// What was said before counts already, so another category is judged without words. Like new words, it only raises.
fn set_category(
    session: &Session,
    context: Context<'_>,
    category: Category,
) -> Result<Vec<Event>, Refusal> {
    let from = session.category;
    if category == from {
        return Ok(Vec::new());
    }
    if session.category_changes >= CATEGORY_CHANGES_MAX {
        return Err(ErrorCode::TooManyChanges.into());
    }
    let found = facts_after(session, category);
    let changed = Event::CategoryChanged { from, category };
    Ok(with_triage(session, context, changed, &found))
}

/// What rules look at when the category is another one.
pub(super) fn facts_after(session: &Session, category: Category) -> Facts<'_> {
    Facts {
        category,
        ..facts(session, "")
    }
}

/// What rules look at when a session has new words.
pub(super) fn facts<'a>(session: &'a Session, text: &'a str) -> Facts<'a> {
    Facts {
        category: session.category,
        language: &session.language,
        silent: session.silent,
        located: session.located,
        text,
    }
}

/// What is new may make a session more urgent, never less, and never against a person's decision. The word for duress is read as long as the
/// session is open, whoever has it, and changes nothing but the mark.
fn with_triage(
    session: &Session,
    context: Context<'_>,
    said: Event,
    now: &Facts<'_>,
) -> Vec<Event> {
    let mut events = vec![said];
    let rules = context.policy.rules();
    let marks = !session.duress && rules.knows_duress();
    if !session.is_judged_again() && !marks {
        return events;
    }
    let found = triage::triage(rules, now);
    if session.is_judged_again() && triage::raises(session.priority, found.priority) {
        let entered_ms = session.entered_ms;
        let deadline_ms = context
            .policy
            .deadline(&session.queue, entered_ms, found.priority);
        events.push(Event::Triaged {
            priority: found.priority,
            rules: found.fired,
            version: found.version,
            deadline_ms,
        });
    } else if marks && let Some(duress) = found.fired.into_iter().find(is_duress) {
        let earlier = session.rules.iter().take(FIRED_MAX - 1).cloned();
        events.push(Event::Triaged {
            priority: session.priority,
            rules: std::iter::once(duress).chain(earlier).collect(),
            version: found.version,
            deadline_ms: session.deadline_ms,
        });
    }
    events
}

fn is_duress(fired: &RuleFired) -> bool {
    fired.rule == DURESS_RULE
}

fn consent(session: &Session, medium: Medium, granted: bool, ask: Option<CommandId>) -> Vec<Event> {
    let mut events = vec![Event::Consented {
        medium,
        granted,
        ask,
    }];
    if !granted && session.live.has(medium) {
        events.push(Event::MediaEnded {
            medium,
            reason: MediaEnd::Stopped,
        });
    }
    events
}

fn leave(session: &Session, quick_exit: bool) -> Vec<Event> {
    if session.left {
        return Vec::new();
    }
    let mut events = session.live.ended(MediaEnd::Stopped);
    events.push(Event::Left { quick_exit });
    if session.standing == Standing::Waiting {
        events.push(Event::Abandoned);
    }
    events
}
