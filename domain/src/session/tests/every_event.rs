//! One of each event, filled with marks that are easy to find again.

use callbox_proto::error::ErrorCode;
use callbox_proto::event::{Event, MediaEnd, ReleaseReason};
use callbox_proto::field::FieldAnswer;
use callbox_proto::ids::ResidentId;
use callbox_proto::vocabulary::{
    Category, Content, Custodial, DeletionCause, Disposition, Medium, Priority, Role, RuleFired,
    Suspicion, SuspicionReason, TransferTarget,
};

use super::desk::{id, incident, place, staff};

/// In every name of staff.
pub const NAME_MARK: &str = "canary-name";
/// In everything staff write among themselves.
pub const NOTE_MARK: &str = "canary-note";

fn note() -> String {
    format!("about {NOTE_MARK}")
}

/// What begins a session.
pub fn opened() -> Event {
    Event::Opened {
        agency: "demo.example".parse().unwrap(),
        queue: "main".parse().unwrap(),
        category: Category::Medical,
        language: "en".to_owned(),
        silent: true,
        device: Default::default(),
        resident: ResidentId::from_u128(7).unwrap(),
        contact: Some("+1 555 0100".to_owned()),
        test: true,
    }
}

fn triaged() -> Event {
    Event::Triaged {
        priority: Priority::PROMPT,
        rules: vec![RuleFired {
            rule: NOTE_MARK.to_owned(),
            priority: Priority::PROMPT,
            because: note(),
        }],
        version: "1".to_owned(),
        deadline_ms: 5,
    }
}

fn transferred(target: TransferTarget) -> Event {
    Event::Transferred {
        target,
        queue: "fire".parse().unwrap(),
        note: note(),
    }
}

fn stored_photo() -> Event {
    Event::PhotoStored {
        photo: id(3),
        sha256: "00".repeat(32),
        size_bytes: 10,
        media_type: "image/jpeg".to_owned(),
        copy: true,
    }
}

fn announced_photo() -> Event {
    Event::PhotoAnnounced {
        photo: id(3),
        media_type: "image/jpeg".to_owned(),
        size_bytes: 10,
        preview: true,
        age_ms: 0,
    }
}

/// At least one of each kind; [`place_in_list`] keeps it whole.
pub fn every_event() -> Vec<Event> {
    let photo = id(3);
    let medium = Medium::Video;
    let location = place();
    let queue = "fire".parse().unwrap();
    vec![
        opened(),
        triaged(),
        Event::PriorityChanged {
            priority: Priority::LIFE_AT_RISK,
            reason: note(),
            deadline_ms: 6,
        },
        Event::Text {
            text: "hello".to_owned(),
            age_ms: 0,
        },
        Event::Located {
            location: location.clone(),
        },
        Event::ServiceLocated {
            location,
            from: Some(1),
        },
        announced_photo(),
        Event::PhotoPreviewed { photo },
        Event::PhotoPreviewRefused {
            photo,
            code: ErrorCode::PreviewRefused,
        },
        stored_photo(),
        Event::PhotoRefused {
            photo,
            code: ErrorCode::PhotoUnreadable,
        },
        Event::PhotoRevealed { photo },
        Event::Asked {
            ask: id(4),
            medium,
            question: Some("may I see it?".to_owned()),
        },
        Event::Consented {
            medium,
            granted: true,
            ask: Some(id(4)),
        },
        Event::ContactGiven {
            contact: "+1 555 0100".to_owned(),
        },
        Event::FieldAnswered {
            field: "building".parse().unwrap(),
            label: "Which building?".to_owned(),
            asked: Some("Quel bâtiment ?".to_owned()),
            answer: FieldAnswer::Text {
                text: "the mill".to_owned(),
            },
        },
        Event::MediaStarted { medium },
        Event::MediaEnded {
            medium,
            reason: MediaEnd::Lost,
        },
        Event::Taken,
        Event::Released {
            reason: ReleaseReason::TakenAway,
        },
        transferred(TransferTarget::Person {
            staff: staff(NAME_MARK),
        }),
        transferred(TransferTarget::Queue { queue }),
        Event::Left { quick_exit: true },
        Event::Abandoned,
        Event::Returned,
        Event::Closed {
            disposition: Disposition::HelpSent,
            note: note(),
        },
        Event::Note { text: note() },
        Event::Watched {
            staff: staff(NAME_MARK),
            role: Role::Supervisor,
        },
        Event::Seen { up_to: 2 },
        Event::Overruled {
            event: Box::new(Event::Note { text: note() }),
        },
        Event::Linked {
            incident: incident(8),
            moved_from: Some(incident(9)),
        },
        Event::Unlinked {
            incident: incident(8),
        },
        Event::ResponderLinkMade {
            link: id(5),
            digest: "00".repeat(32),
            ends_ms: 9,
            note: note(),
        },
        Event::ResponderLinkOpened {
            link: id(5),
            name: NAME_MARK.to_owned(),
        },
        Event::ResponderLinkRevoked { link: id(5) },
        Event::HoldPlaced {
            hold: id(6),
            reason: note(),
        },
        Event::HoldLifted {
            hold: id(6),
            reason: note(),
        },
        Event::CustodyRequested {
            request: id(7),
            what: Custodial::Export,
            reason: note(),
            ends_ms: 9,
        },
        Event::CustodyAgreed {
            request: id(7),
            ends_ms: 9,
        },
        Event::CustodyDeclined {
            request: id(7),
            reason: note(),
        },
        Event::Exported { request: id(7) },
        Event::Suspected {
            suspicion: Suspicion {
                number: 30,
                reasons: vec![SuspicionReason {
                    rule: NOTE_MARK.to_owned(),
                    points: 30,
                    because: note(),
                    outside_km: Some(900),
                    sessions: None,
                }],
            },
            version: "1".to_owned(),
        },
        Event::ReportLinkMade {
            agency: "demo.example".parse().unwrap(),
            queue: "main".parse().unwrap(),
            digest: "00".repeat(32),
            ends_ms: 9,
        },
        Event::ReportLinkOpened {
            category: Category::Other,
            language: "en".to_owned(),
            silent: false,
            device: Default::default(),
            resident: ResidentId::from_u128(7).unwrap(),
            contact: Some("+1 555 0100".to_owned()),
        },
        Event::ReportLinkRevoked,
        Event::PhotosDeleted {
            cause: DeletionCause::Agreed,
            request: Some(id(7)),
            days: None,
            photos: 1,
        },
        Event::PhotosDestroyed { shared: 0 },
        Event::WordsDeleted {
            cause: DeletionCause::Retention,
            days: Some(30),
            up_to: 9,
            sha256: "ab".repeat(32),
        },
        Event::WordsDestroyed { entries: 3 },
        Event::Destroyed { was: Content::Text },
    ]
}

/// Number of a kind, 0 to 48. A new kind does not compile here until it has one, and then has to be in the list above.
const fn place_in_list(event: &Event) -> usize {
    match event {
        Event::Opened { .. } => 0,
        Event::Triaged { .. } => 1,
        Event::PriorityChanged { .. } => 2,
        Event::Text { .. } => 3,
        Event::Located { .. } => 4,
        Event::ServiceLocated { .. } => 5,
        Event::PhotoAnnounced { .. } => 6,
        Event::PhotoPreviewed { .. } => 7,
        Event::PhotoPreviewRefused { .. } => 8,
        Event::PhotoStored { .. } => 9,
        Event::PhotoRefused { .. } => 10,
        Event::PhotoRevealed { .. } => 11,
        Event::Asked { .. } => 12,
        Event::Consented { .. } => 13,
        Event::ContactGiven { .. } => 14,
        Event::FieldAnswered { .. } => 15,
        Event::MediaStarted { .. } => 16,
        Event::MediaEnded { .. } => 17,
        Event::Taken => 18,
        Event::Released { .. } => 19,
        Event::Transferred { .. } => 20,
        Event::Left { .. } => 21,
        Event::Abandoned => 22,
        Event::Returned => 23,
        Event::Closed { .. } => 24,
        Event::Note { .. } => 25,
        Event::Watched { .. } => 26,
        Event::Seen { .. } => 27,
        Event::Overruled { .. } => 28,
        Event::Linked { .. } => 29,
        Event::Unlinked { .. } => 30,
        Event::ResponderLinkMade { .. } => 31,
        Event::ResponderLinkOpened { .. } => 32,
        Event::ResponderLinkRevoked { .. } => 33,
        Event::HoldPlaced { .. } => 34,
        Event::HoldLifted { .. } => 35,
        Event::CustodyRequested { .. } => 36,
        Event::CustodyAgreed { .. } => 37,
        Event::CustodyDeclined { .. } => 38,
        Event::Exported { .. } => 39,
        Event::Suspected { .. } => 40,
        Event::ReportLinkMade { .. } => 41,
        Event::ReportLinkOpened { .. } => 42,
        Event::ReportLinkRevoked => 43,
        Event::PhotosDeleted { .. } => 44,
        Event::PhotosDestroyed { .. } => 45,
        Event::WordsDeleted { .. } => 46,
        Event::WordsDestroyed { .. } => 47,
        Event::Destroyed { .. } => 48,
    }
}

#[test]
fn the_list_holds_every_kind() {
    let mut places: Vec<_> = every_event().iter().map(place_in_list).collect();
    places.dedup();
    assert_eq!(places, (0..=48).collect::<Vec<_>>());
}
