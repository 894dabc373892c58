//! Which facts follow from a wish. Pure: the same state, context and command give the same events.
//!
//! Owns: the rules of every command. Must not: ask who is allowed to (that is [`crate::access`]), or change the state: [`Session::apply`] does that
//! with the events. Called by: `node`, for every command.

use callbox_proto::command::{Opening, ResidentCommand, StaffCommand};
use callbox_proto::error::ErrorCode;
use callbox_proto::event::{Event, MediaEnd, ReleaseReason};
use callbox_proto::ids::{AgencyId, CommandId, IncidentId, QueueId, ResidentId, StaffId};
use callbox_proto::vocabulary::{
    Location, Medium, Millis, Priority, Role, RuleFired, Seq, Standing, Suspicion, TransferTarget,
};

use super::{
    CONTACT_MAX_CHARS, LANGUAGE_MAX_CHARS, PHOTO_MAX_BYTES, PHOTOS_MAX, PREVIEW_MAX_BYTES,
    PhotoState, REASON_MAX_CHARS, Refusal, Session, TEXT_MAX_CHARS, check, custody, report_link,
    responder,
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
    /// By the gateway, on what it has seen.
    Gateway(&'a GatewayCommand),
}

/// What the gateway itself adds to a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GatewayCommand {
    /// A preview was re-encoded and kept.
    PreviewKept {
        /// Which photo.
        photo: CommandId,
    },
    /// A preview cannot be shown.
    PreviewRefused {
        /// Which photo.
        photo: CommandId,
    },
    /// An original is sealed.
    PhotoSealed {
        /// Which photo.
        photo: CommandId,
        /// SHA-256, hexadecimal.
        sha256: String,
        /// Bytes.
        size_bytes: u64,
        /// Type by content.
        media_type: String,
        /// Whether a copy can be shown.
        copy: bool,
    },
    /// An original was refused.
    PhotoRefused {
        /// Which photo.
        photo: CommandId,
        /// Why.
        code: ErrorCode,
    },
    /// First packet of live media.
    MediaStarted(Medium),
    /// Live media ended.
    MediaEnded(Medium, MediaEnd),
    /// The owner's console is lost. Names the owner: by the time it is decided somebody else may have the session.
    ConsoleLost {
        /// Who owned it.
        owner: StaffId,
    },
    /// The resident's link has been away too long.
    ResidentGone,
    /// The resident came back after leaving.
    ResidentBack,
    /// The agency's time for photos may be over.
    PhotosExpired {
        /// When the session was closed, as its log says.
        closed_ms: Millis,
    },
    /// The bytes of deleted photos are gone.
    PhotosDestroyed {
        /// Originals whose content other sessions have too.
        shared: u32,
    },
    /// It was held against the rules of suspicion.
    Judged {
        /// What came of it.
        suspicion: Suspicion,
        /// The version of the rules.
        version: String,
    },
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
        } => by_staff(session, context, staff, role, command),
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
        Command::Gateway(command) => Ok(gateway(session, context, command)),
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
            Ok(with_triage(session, context, said, text))
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
        ResidentCommand::Leave { quick_exit } => Ok(leave(session, *quick_exit)),
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

/// New words may make a session more urgent, never less, and never against a person's decision. The word for duress is read as long as the
/// session is open, whoever has it, and changes nothing but the mark.
fn with_triage(session: &Session, context: Context<'_>, said: Event, text: &str) -> Vec<Event> {
    let mut events = vec![said];
    let rules = context.policy.rules();
    let marks = !session.duress && rules.knows_duress();
    if !session.is_judged_again() && !marks {
        return events;
    }
    let found = triage::triage(rules, &facts(session, text));
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

fn by_staff(
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
            let mut events = end_media(session, MediaEnd::SessionEnded);
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
    if session.photo(photo).is_none() {
        return Err(ErrorCode::NoSuchPhoto.into());
    }
    if session.custody.photos_are_deleted() {
        return Err(ErrorCode::PhotoDeleted.into());
    }
    Ok(vec![Event::PhotoRevealed { photo }])
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

fn end_media(session: &Session, reason: MediaEnd) -> Vec<Event> {
    session
        .live
        .iter()
        .map(|medium| Event::MediaEnded { medium, reason })
        .collect()
}

/// What the gateway saw is a fact, unless it no longer matters.
fn gateway(session: &Session, context: Context<'_>, command: &GatewayCommand) -> Vec<Event> {
    let waits_for_original =
        |photo| session.photo(photo).map(|p| p.state) == Some(PhotoState::Announced);
    match command {
        // What arrives late of deleted photos is destroyed by whoever brought it.
        GatewayCommand::PreviewKept { .. }
        | GatewayCommand::PreviewRefused { .. }
        | GatewayCommand::PhotoSealed { .. }
        | GatewayCommand::PhotoRefused { .. }
            if session.custody.photos_are_deleted() =>
        {
            Vec::new()
        }
        GatewayCommand::PhotosExpired { closed_ms } => {
            custody::expire_photos(session, context, *closed_ms)
        }
        GatewayCommand::PhotosDestroyed { shared } if session.custody.has_photos_to_destroy() => {
            vec![Event::PhotosDestroyed { shared: *shared }]
        }
        GatewayCommand::PreviewKept { photo } => match session.photo(*photo) {
            Some(known) if !known.preview => vec![Event::PhotoPreviewed { photo: *photo }],
            _ => Vec::new(),
        },
        GatewayCommand::PreviewRefused { photo } => match session.photo(*photo) {
            Some(known) if !known.preview && !known.preview_refused => {
                vec![Event::PhotoPreviewRefused {
                    photo: *photo,
                    code: ErrorCode::PreviewRefused,
                }]
            }
            _ => Vec::new(),
        },
        GatewayCommand::PhotoSealed {
            photo,
            sha256,
            size_bytes,
            media_type,
            copy,
        } if waits_for_original(*photo) => vec![Event::PhotoStored {
            photo: *photo,
            sha256: sha256.clone(),
            size_bytes: *size_bytes,
            media_type: media_type.clone(),
            copy: *copy,
        }],
        GatewayCommand::PhotoRefused { photo, code } if waits_for_original(*photo) => {
            vec![Event::PhotoRefused {
                photo: *photo,
                code: *code,
            }]
        }
        GatewayCommand::MediaStarted(medium) if may_start(session, *medium) => {
            vec![Event::MediaStarted { medium: *medium }]
        }
        GatewayCommand::MediaEnded(medium, reason) if session.live.has(*medium) => {
            vec![Event::MediaEnded {
                medium: *medium,
                reason: *reason,
            }]
        }
        // A link that was sent stays its maker's: there is nobody to be offered to others.
        GatewayCommand::ConsoleLost { .. } if session.awaited_until_ms().is_some() => Vec::new(),
        GatewayCommand::ConsoleLost { owner }
            if session.standing == Standing::Owned && session.is_owned_by(owner) =>
        {
            let mut events = vec![Event::Released {
                reason: ReleaseReason::ConsoleLost,
            }];
            if session.left {
                events.push(Event::Abandoned);
            }
            events
        }
        GatewayCommand::ResidentGone if session.standing == Standing::Waiting => {
            vec![Event::Abandoned]
        }
        GatewayCommand::Judged { suspicion, version }
            if session.standing != Standing::Closed
                && *suspicion != session.suspicion.clone().unwrap_or_default() =>
        {
            vec![Event::Suspected {
                suspicion: suspicion.clone(),
                version: version.clone(),
            }]
        }
        GatewayCommand::ResidentBack if session.left || session.standing == Standing::Abandoned => {
            if session.standing == Standing::Closed {
                Vec::new()
            } else {
                vec![Event::Returned]
            }
        }
        _ => Vec::new(),
    }
}

fn may_start(session: &Session, medium: Medium) -> bool {
    session.granted.has(medium) && !session.live.has(medium) && session.standing != Standing::Closed
}
