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
        Event::CategoryChanged {
            from: Category::Other,
            category: Category::Fire,
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
        Event::PhotoFetched {
            photo,
            original: true,
            link: Some(id(5)),
        },
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

/// Number of a kind, 0 to 50. A new kind does not compile here until it has one, and then has to be in the list above.
const fn place_in_list(event: &Event) -> usize {
    match event {
        Event::Opened { .. } => 0,
        Event::Triaged { .. } => 1,
        Event::PriorityChanged { .. } => 2,
        Event::CategoryChanged { .. } => 3,
        Event::Text { .. } => 4,
        Event::Located { .. } => 5,
        Event::ServiceLocated { .. } => 6,
        Event::PhotoAnnounced { .. } => 7,
        Event::PhotoPreviewed { .. } => 8,
        Event::PhotoPreviewRefused { .. } => 9,
        Event::PhotoStored { .. } => 10,
        Event::PhotoRefused { .. } => 11,
        Event::PhotoRevealed { .. } => 12,
        Event::PhotoFetched { .. } => 13,
        Event::Asked { .. } => 14,
        Event::Consented { .. } => 15,
        Event::ContactGiven { .. } => 16,
        Event::FieldAnswered { .. } => 17,
        Event::MediaStarted { .. } => 18,
        Event::MediaEnded { .. } => 19,
        Event::Taken => 20,
        Event::Released { .. } => 21,
        Event::Transferred { .. } => 22,
        Event::Left { .. } => 23,
        Event::Abandoned => 24,
        Event::Returned => 25,
        Event::Closed { .. } => 26,
        Event::Note { .. } => 27,
        Event::Watched { .. } => 28,
        Event::Seen { .. } => 29,
        Event::Overruled { .. } => 30,
        Event::Linked { .. } => 31,
        Event::Unlinked { .. } => 32,
        Event::ResponderLinkMade { .. } => 33,
        Event::ResponderLinkOpened { .. } => 34,
        Event::ResponderLinkRevoked { .. } => 35,
        Event::HoldPlaced { .. } => 36,
        Event::HoldLifted { .. } => 37,
        Event::CustodyRequested { .. } => 38,
        Event::CustodyAgreed { .. } => 39,
        Event::CustodyDeclined { .. } => 40,
        Event::Exported { .. } => 41,
        Event::Suspected { .. } => 42,
        Event::ReportLinkMade { .. } => 43,
        Event::ReportLinkOpened { .. } => 44,
        Event::ReportLinkRevoked => 45,
        Event::PhotosDeleted { .. } => 46,
        Event::PhotosDestroyed { .. } => 47,
        Event::WordsDeleted { .. } => 48,
        Event::WordsDestroyed { .. } => 49,
        Event::Destroyed { .. } => 50,
    }
}

#[test]
fn the_list_holds_every_kind() {
    let mut places: Vec<_> = every_event().iter().map(place_in_list).collect();
    places.dedup();
    assert_eq!(places, (0..=50).collect::<Vec<_>>());
}
