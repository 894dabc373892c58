//! Which facts follow from a wish. Pure: the same state, context and command give the same events.
//!
//! Owns: the wishes there are, the opening, and the rules of every command of a resident; those of staff, of the gateway, of links and of custody
//! have rooms of their own. Must not: ask who is allowed to (that is [`crate::access`]), or change the state: [`Session::apply`] does that
//! with the events. Called by: `node`, for every command.

use callbox_proto::command::{Opening, ResidentCommand, StaffCommand};
use callbox_proto::error::ErrorCode;
use callbox_proto::event::{Event, MediaEnd};
use callbox_proto::ids::{AgencyId, CommandId, QueueId, ResidentId, StaffId};
use callbox_proto::vocabulary::{Category, Location, Medium, Millis, Role, RuleFired, Standing};

use super::field::Answer;
use super::{
    CATEGORY_CHANGES_MAX, CONTACT_MAX_CHARS, GatewayCommand, LANGUAGE_MAX_CHARS, PHOTO_MAX_BYTES,
    PHOTOS_MAX, PREVIEW_MAX_BYTES, Refusal, Session, TEXT_MAX_CHARS, by_gateway, by_staff, check,
    custody, field, report_link, responder,
};
use crate::policy::Policy;
use crate::triage::{self, DURESS_RULE, FIRED_MAX, Facts, Triage};

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

/// A wish to change a session; who may wish it was asked before.
#[derive(Debug, Clone, Copy)]
pub enum Command<'a> {
    /// By the session's resident.
    Resident(&'a ResidentCommand),
    /// By a person of the agency.
    Staff {
        /// Who.
        staff: &'a StaffId,
        /// In which role.
        role: Role,
        /// What.
        command: &'a StaffCommand,
    },
    /// By a device that opens the session with the link that a person made.
    OpenByLink {
        /// The device.
        resident: ResidentId,
        /// SHA-256 of the link's secret, hexadecimal.
        digest: &'a str,
        /// How it begins.
        opening: &'a Opening,
    },
    /// By somebody with a link for responders.
    OpenLink {
        /// SHA-256 of the link's secret, hexadecimal.
        digest: &'a str,
        /// The name or unit that was typed.
        name: &'a str,
    },
    /// By a person of the agency, over HTTP: fetches an export.
    FetchExport {
        /// Who.
        staff: &'a StaffId,
        /// By which request.
        request: CommandId,
    },
    /// By whoever is about to be sent a photo, over HTTP.
    FetchPhoto(&'a PhotoFetch),
    /// By the gateway, on what it has seen.
    Gateway(&'a GatewayCommand),
}

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
        events.push(located(location));
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

/// The events that follow from a command; none where nothing changes.
///
/// # Errors
/// The public code of why not, with the owner where somebody else has the session.
pub fn decide(
    session: &Session,
    context: Context<'_>,
    command: Command<'_>,
) -> Result<Vec<Event>, Refusal> {
    match command {
        Command::Resident(command) => resident(session, context, command),
        Command::Staff {
            staff,
            role,
            command,
        } => by_staff::decide(session, context, staff, role, command),
        Command::OpenByLink {
            resident,
            digest,
            opening,
        } => report_link::open(session, context, resident, digest, opening),
        Command::OpenLink { digest, name } => {
            responder::open(session, context, digest, name).map_err(Refusal::from)
        }
        Command::FetchExport { staff, request } => {
            Ok(custody::fetch_export(session, context, staff, request)?)
        }
        Command::FetchPhoto(fetch) => Ok(vec![by_staff::fetch_photo(session, fetch)?]),
        Command::Gateway(command) => Ok(by_gateway::decide(session, context, command)),
    }
}

fn resident(
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
            Ok(vec![located(location)])
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

fn located(location: &Location) -> Event {
    Event::Located {
        location: location.clone(),
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
    let mut events = end_media(session, MediaEnd::Stopped);
    events.push(Event::Left { quick_exit });
    if session.standing == Standing::Waiting {
        events.push(Event::Abandoned);
    }
    events
}

pub(super) fn end_media(session: &Session, reason: MediaEnd) -> Vec<Event> {
    session
        .live
        .iter()
        .map(|medium| Event::MediaEnded { medium, reason })
        .collect()
}
