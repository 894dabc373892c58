//! Samples of events, in an order a session could have, each with who did it.

use callbox_proto::error::ErrorCode;
use callbox_proto::event::{Actor, Event, MediaEnd, ReleaseReason};
use callbox_proto::field::FieldAnswer;
use callbox_proto::vocabulary::{
    Category, Content, Custodial, DeletionCause, DeviceCan, Disposition, Medium, Priority, Role,
    RuleFired, Suspicion, SuspicionReason, TransferTarget,
};

use super::{Failure, NOW_MS, Named, Told, id, name, place, samples, tina};

pub(super) const SHA256: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

pub fn all() -> Result<Vec<Told>, Failure> {
    let mut told = Vec::new();
    for (name, event) in values()? {
        let by = actor(&event)?;
        told.push((name, by, event));
    }
    Ok(told)
}

fn actor(event: &Event) -> Result<Actor, Failure> {
    Ok(match event {
        Event::Opened { .. }
        | Event::Destroyed { was: Content::Text }
        | Event::Text { .. }
        | Event::Located { .. }
        | Event::PhotoAnnounced { .. }
        | Event::Consented { .. }
        | Event::ContactGiven { .. }
        | Event::FieldAnswered { .. }
        | Event::CategoryChanged { .. }
        | Event::ReportLinkOpened { .. }
        | Event::Left { .. } => Actor::Resident,
        Event::Triaged { .. }
        | Event::PhotoPreviewed { .. }
        | Event::PhotoPreviewRefused { .. }
        | Event::PhotoStored { .. }
        | Event::PhotoRefused { .. }
        | Event::MediaStarted { .. }
        | Event::MediaEnded { .. }
        | Event::Abandoned
        | Event::Returned
        | Event::PhotosDestroyed { .. }
        | Event::WordsDeleted { .. }
        | Event::WordsDestroyed { .. }
        | Event::PhotosDeleted { request: None, .. }
        | Event::Suspected { .. } => Actor::Gateway,
        Event::ResponderLinkOpened { .. } | Event::PhotoFetched { link: Some(_), .. } => {
            Actor::responder()
        }
        Event::PhotoFetched { .. } => Actor::staff(Role::Auditor, name("olga")?),
        Event::Watched { .. }
        | Event::HoldPlaced { .. }
        | Event::HoldLifted { .. }
        | Event::CustodyRequested { .. }
        | Event::CustodyDeclined { .. }
        | Event::Exported { .. } => Actor::staff(Role::Supervisor, name("sue")?),
        Event::CustodyAgreed { .. } | Event::PhotosDeleted { .. } => {
            Actor::staff(Role::Supervisor, name("sam")?)
        }
        _ => tina()?,
    })
}

fn opened(contact: Option<String>) -> Result<Event, Failure> {
    Ok(Event::Opened {
        agency: name("demo.example")?,
        queue: name("main")?,
        category: Category::Fire,
        language: "en".into(),
        silent: false,
        device: DeviceCan {
            video: true,
            audio: true,
            place: true,
        },
        resident: id(0x4e)?,
        contact,
        test: false,
    })
}

pub(super) fn suspicion() -> Suspicion {
    let reason = |rule: &str, points, because: &str, outside_km, sessions| SuspicionReason {
        rule: rule.into(),
        points,
        because: because.into(),
        outside_km,
        sessions,
    };
    Suspicion {
        number: 70,
        reasons: vec![
            reason(
                "same-words-far-apart",
                40,
                "The same words came from places far apart",
                None,
                Some(3),
            ),
            reason(
                "far-outside",
                30,
                "The place is far outside the agency's area",
                Some(1_870),
                None,
            ),
        ],
    }
}

fn opened_test() -> Result<Event, Failure> {
    let mut event = opened(None)?;
    if let Event::Opened { test, .. } = &mut event {
        *test = true;
    }
    Ok(event)
}

fn values() -> Result<Vec<Named<Event>>, Failure> {
    let (photo, ask) = (id(0xf0)?, id(0xa5)?);
    let rule = RuleFired {
        rule: "smoke-inside".into(),
        priority: Priority::LIFE_AT_RISK,
        because: "smoke inside a building".into(),
    };
    let deadline_ms = NOW_MS + 10_000;
    let queue = TransferTarget::Queue {
        queue: name("fire")?,
    };
    let mut values = samples!(Event {
        Opened => [
            "opened" = opened(Some("+1 555 0100".into()))?,
            "opened_without_contact" = opened(None)?,
        ],
        Triaged => ["triaged" = Event::Triaged {
            priority: Priority::LIFE_AT_RISK,
            rules: vec![rule],
            version: "2026-11-01".into(),
            deadline_ms,
        }],
        PriorityChanged => ["priority_changed" = Event::PriorityChanged {
            priority: Priority::PROMPT,
            reason: "Barbecue, confirmed on video".into(),
            deadline_ms: deadline_ms + 50_000,
        }],
        Text => ["text" = Event::Text { text: "There is smoke in the stairwell".into(), age_ms: 900 }],
        Located => ["located" = Event::Located { location: place(None) }],
        ServiceLocated => [
            "service_located" = Event::ServiceLocated { location: place(None), from: Some(5) },
            "service_located_by_hand" = Event::ServiceLocated {
                location: place(Some("12 Harbour Street, back entrance")),
                from: None,
            },
        ],
        PhotoAnnounced => ["photo_announced" = Event::PhotoAnnounced {
            photo,
            media_type: "image/jpeg".into(),
            size_bytes: 2_345_678,
            preview: true,
            age_ms: 4_000,
        }],
        PhotoPreviewed => ["photo_previewed" = Event::PhotoPreviewed { photo }],
        PhotoStored => ["photo_stored" = Event::PhotoStored {
            photo,
            sha256: SHA256.into(),
            size_bytes: 2_345_678,
            media_type: "image/jpeg".into(),
            copy: true,
        }],
        PhotoRefused => ["photo_refused" = Event::PhotoRefused { photo, code: ErrorCode::PhotoTypeRefused }],
        PhotoRevealed => ["photo_revealed" = Event::PhotoRevealed { photo }],
        Asked => [
            "asked" = Event::Asked { ask, medium: Medium::Video, question: Some("Can you show me the door?".into()) },
            "asked_without_question" = Event::Asked { ask, medium: Medium::Place, question: None },
        ],
        Consented => [
            "consented" = Event::Consented { medium: Medium::Video, granted: true, ask: Some(ask) },
            "consented_unasked" = Event::Consented { medium: Medium::Audio, granted: false, ask: None },
        ],
        MediaStarted => ["media_started" = Event::MediaStarted { medium: Medium::Video }],
        MediaEnded => ["media_ended" = Event::MediaEnded { medium: Medium::Video, reason: MediaEnd::Stopped }],
        Taken => ["taken" = Event::Taken],
        Released => ["released" = Event::Released { reason: ReleaseReason::GivenBack }],
        Transferred => ["transferred" = Event::Transferred {
            target: queue,
            queue: name("fire")?,
            note: "Speaks Spanish, on the roof".into(),
        }],
        Left => ["left" = Event::Left { quick_exit: true }],
        Abandoned => ["abandoned" = Event::Abandoned],
        Returned => ["returned" = Event::Returned],
        Closed => ["closed" = Event::Closed { disposition: Disposition::HelpSent, note: "Two engines".into() }],
        Note => ["note" = Event::Note { text: "Neighbour confirms".into() }],
        Watched => ["watched" = Event::Watched { staff: name("sue")?, role: Role::Supervisor }],
        Seen => ["seen" = Event::Seen { up_to: 7 }],
        Overruled => ["overruled" = Event::Overruled { event: Box::new(Event::Taken) }],
        PhotoPreviewRefused => ["photo_preview_refused" = Event::PhotoPreviewRefused { photo, code: ErrorCode::PreviewRefused }],
        Linked => ["linked" = Event::Linked { incident: id(0x5e)?, moved_from: None }],
        Unlinked => ["unlinked" = Event::Unlinked { incident: id(0x5e)? }],
        ContactGiven => ["contact_given" = Event::ContactGiven { contact: "+1 555 0100".into() }],
        ResponderLinkMade => ["responder_link_made" = Event::ResponderLinkMade {
            link: id(0x11)?,
            digest: SHA256.into(),
            ends_ms: NOW_MS + 3_600_000,
            note: "Engine 4".into(),
        }],
        ResponderLinkOpened => ["responder_link_opened" = Event::ResponderLinkOpened {
            link: id(0x11)?,
            name: "Engine 4, second seat".into(),
        }],
        ResponderLinkRevoked => ["responder_link_revoked" = Event::ResponderLinkRevoked { link: id(0x11)? }],
        HoldPlaced => ["hold_placed" = Event::HoldPlaced { hold: id(0x12)?, reason: "Asked for by the district court".into() }],
        HoldLifted => ["hold_lifted" = Event::HoldLifted { hold: id(0x12)?, reason: "The case is closed".into() }],
        CustodyRequested => ["custody_requested" = Event::CustodyRequested {
            request: id(0x13)?,
            what: Custodial::Export,
            reason: "Asked for by the district court".into(),
            ends_ms: NOW_MS + 3_600_000,
        }],
        CustodyAgreed => ["custody_agreed" = Event::CustodyAgreed { request: id(0x13)?, ends_ms: NOW_MS + 3_600_000 }],
        CustodyDeclined => ["custody_declined" = Event::CustodyDeclined {
            request: id(0x13)?,
            reason: "The court asked for another one".into(),
        }],
        Exported => ["exported" = Event::Exported { request: id(0x13)? }],
        PhotosDeleted => [
            "photos_deleted" = Event::PhotosDeleted {
                cause: DeletionCause::Agreed,
                request: Some(id(0x13)?),
                days: None,
                photos: 2,
            },
            "photos_deleted_by_retention" = Event::PhotosDeleted {
                cause: DeletionCause::Retention,
                request: None,
                days: Some(180),
                photos: 2,
            },
        ],
        PhotosDestroyed => ["photos_destroyed" = Event::PhotosDestroyed { shared: 0 }],
        Suspected => [
            "suspected" = Event::Suspected { suspicion: suspicion(), version: "2026-11-01".into() },
            "suspected_no_more" = Event::Suspected { suspicion: Suspicion::default(), version: "2026-11-01".into() },
        ],
        ReportLinkMade => ["report_link_made" = Event::ReportLinkMade {
            agency: name("demo.example")?,
            queue: name("main")?,
            digest: SHA256.into(),
            ends_ms: NOW_MS + 1_800_000,
        }],
        ReportLinkOpened => ["report_link_opened" = Event::ReportLinkOpened {
            category: Category::Other,
            language: "en".into(),
            silent: false,
            device: DeviceCan { video: true, audio: true, place: true },
            resident: id(0x4e)?,
            contact: None,
        }],
        ReportLinkRevoked => ["report_link_revoked" = Event::ReportLinkRevoked],
        WordsDeleted => ["words_deleted" = Event::WordsDeleted { cause: DeletionCause::Retention, days: Some(730), up_to: 9, sha256: "ab".repeat(32) }],
        WordsDestroyed => ["words_destroyed" = Event::WordsDestroyed { entries: 12 }],
        Destroyed => [
            "destroyed" = Event::Destroyed { was: Content::Text },
            "destroyed_note" = Event::Destroyed { was: Content::Note },
        ],
        FieldAnswered => [
            "field_answered" = Event::FieldAnswered {
                field: name("building")?,
                label: "Which building is it?".into(),
                asked: Some("De quel bâtiment s'agit-il ?".into()),
                answer: FieldAnswer::Text { text: "le moulin".into() },
            },
            "field_answered_by_choice" = Event::FieldAnswered {
                field: name("floor")?,
                label: "On which floor?".into(),
                asked: Some("À quel étage ?".into()),
                answer: FieldAnswer::Choice {
                    option: name("ground")?,
                    label: "Ground floor".into(),
                    asked: Some("Rez-de-chaussée".into()),
                },
            },
            "field_answered_with_no" = Event::FieldAnswered {
                field: name("gas")?,
                label: "Do you smell gas?".into(),
                asked: None,
                answer: FieldAnswer::YesNo { yes: false },
            },
        ],
        CategoryChanged => ["category_changed" = Event::CategoryChanged { from: Category::Fire, category: Category::Medical }],
        PhotoFetched => [
            "photo_fetched" = Event::PhotoFetched { photo, original: false, link: None },
            "photo_fetched_as_original" = Event::PhotoFetched { photo, original: true, link: None },
            "photo_fetched_with_a_link" = Event::PhotoFetched { photo, original: false, link: Some(id(0x6a)?) },
        ],
    });
    // What came later stands behind the others: ids and times of the fixtures before it count on.
    let mut later = values.split_off(values.len() - 28);
    values.push(("opened_test".to_owned(), opened_test()?));
    let moved = Event::Linked {
        incident: id(0x5e)?,
        moved_from: Some(id(0x5f)?),
    };
    later.insert(1, ("linked_moved".to_owned(), moved));
    values.append(&mut later);
    Ok(values)
}
