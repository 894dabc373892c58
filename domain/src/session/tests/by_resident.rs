//! What a resident may do in a session, and what is refused.

use callbox_proto::bytes::Bytes;
use callbox_proto::command::{ResidentCommand, StaffCommand};
use callbox_proto::error::ErrorCode;
use callbox_proto::event::{Event, MediaEnd};
use callbox_proto::ids::SessionId;
use callbox_proto::vocabulary::{Category, Location, Medium, Priority, Standing};

use super::desk::{Desk, MAIN_TARGETS_MS, OPENED_MS, announces, code, fold, place, says};
use crate::session::{
    AGE_MAX_MS, CATEGORY_CHANGES_MAX, CONTACT_MAX_CHARS, GatewayCommand, MEDIA_TYPE_MAX_CHARS,
    PHOTO_MAX_BYTES, PHOTOS_MAX, PREVIEW_MAX_BYTES, REASON_MAX_CHARS, TEXT_MAX_CHARS,
};

fn consents(medium: Medium, granted: bool) -> ResidentCommand {
    ResidentCommand::Consent {
        medium,
        granted,
        ask: None,
    }
}

fn at(location: Location) -> ResidentCommand {
    ResidentCommand::Locate { location }
}

fn reached_at(contact: &str) -> ResidentCommand {
    ResidentCommand::GiveContact {
        contact: contact.to_owned(),
    }
}

fn session() -> SessionId {
    SessionId::from_u128(9).unwrap()
}

fn leaves() -> ResidentCommand {
    ResidentCommand::Leave { quick_exit: false }
}

#[test]
fn a_text_is_kept_as_written() {
    let mut desk = Desk::open("hello");
    let events = desk.by_resident(says(" a <b>text</b> ")).unwrap();
    let kept = Event::Text {
        text: " a <b>text</b> ".to_owned(),
        age_ms: 0,
    };
    assert_eq!(events, [kept]);
    assert_eq!(desk.session.messages, 2);
}

#[test]
fn an_empty_or_blank_text_is_refused() {
    for blank in ["", " ", "\n \t"] {
        let decided = Desk::open("hello").by_resident(says(blank));
        assert_eq!(code(decided), ErrorCode::TextEmpty);
    }
}

#[test]
fn a_text_of_8000_characters_is_taken_and_one_more_is_not() {
    let mut desk = Desk::open("hello");
    assert!(desk.by_resident(says(&"€".repeat(TEXT_MAX_CHARS))).is_ok());
    for long in ["x".repeat(TEXT_MAX_CHARS + 1), "€".repeat(10_000_000 / 3)] {
        assert_eq!(code(desk.by_resident(says(&long))), ErrorCode::TextTooLong);
    }
}

#[test]
fn an_age_below_zero_is_the_future_and_one_over_a_week_is_too_old() {
    let mut desk = Desk::open("hello");
    let mut aged = |age_ms| {
        let text = "x".to_owned();
        desk.by_resident(ResidentCommand::Text { text, age_ms })
    };
    assert!(aged(AGE_MAX_MS).is_ok());
    assert_eq!(code(aged(-1)), ErrorCode::TimeInFuture);
    assert_eq!(code(aged(i64::MIN)), ErrorCode::TimeInFuture);
    assert_eq!(code(aged(AGE_MAX_MS + 1)), ErrorCode::TooOld);
    assert_eq!(code(aged(i64::MAX)), ErrorCode::TooOld);
}

#[test]
fn urgent_words_raise_the_priority_and_keep_the_first_entry() {
    let mut desk = Desk::open("hello");
    let events = desk
        .later(30_000)
        .by_resident(says("she is not breathing"))
        .unwrap();
    assert!(matches!(
        events[..],
        [Event::Text { .. }, Event::Triaged { .. }]
    ));
    assert_eq!(desk.session.priority, Priority::LIFE_AT_RISK);
    assert_eq!(desk.session.entered_ms, OPENED_MS);
    assert_eq!(desk.session.deadline_ms, OPENED_MS + MAIN_TARGETS_MS[0]);
}

#[test]
fn calm_words_never_lower_the_priority() {
    let mut desk = Desk::open("she is not breathing");
    let events = desk
        .by_resident(says("what are your opening hours"))
        .unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!(desk.session.priority, Priority::LIFE_AT_RISK);
}

#[test]
fn a_persons_priority_is_not_touched_by_words() {
    let mut desk = Desk::open("hello");
    let lowers = StaffCommand::SetPriority {
        priority: Priority::new(5).unwrap(),
        reason: "a known trial".to_owned(),
    };
    desk.by_tina(lowers).unwrap();
    desk.by_resident(says("not breathing")).unwrap();
    assert_eq!(desk.session.priority.number(), 5);
}

#[test]
fn words_to_the_owner_are_not_triaged() {
    let mut desk = Desk::owned();
    assert_eq!(desk.by_resident(says("not breathing")).unwrap().len(), 1);
}

#[test]
fn places_beyond_the_earth_are_refused() {
    type Spoil = fn(&mut Location);
    let spoils: [Spoil; 11] = [
        |l| l.latitude = 90.000_1,
        |l| l.latitude = -91.0,
        |l| l.latitude = f64::NAN,
        |l| l.longitude = 180.1,
        |l| l.longitude = f64::NEG_INFINITY,
        |l| l.longitude = f64::NAN,
        |l| l.uncertainty_m = -0.1,
        |l| l.uncertainty_m = 100_000.1,
        |l| l.uncertainty_m = f64::INFINITY,
        |l| l.uncertainty_m = f64::NAN,
        |l| l.latitude = f64::MAX,
    ];
    for spoil in spoils {
        let mut nowhere = place();
        spoil(&mut nowhere);
        let decided = Desk::open("hello").by_resident(at(nowhere));
        assert_eq!(code(decided), ErrorCode::LocationImpossible);
    }
}

#[test]
fn the_poles_and_the_date_line_are_places() {
    let mut desk = Desk::open("hello");
    for (latitude, longitude) in [(90.0, 180.0), (-90.0, -180.0), (0.0, 0.0)] {
        let mut edge = place();
        (edge.latitude, edge.longitude) = (latitude, longitude);
        assert!(desk.by_resident(at(edge)).is_ok());
    }
    assert!(desk.session.located);
}

#[test]
fn a_place_has_an_age_and_words_within_bounds() {
    let mut desk = Desk::open("hello");
    let with = |age_ms, words: usize| {
        let mut place = place();
        (place.age_ms, place.words) = (age_ms, Some("x".repeat(words)));
        at(place)
    };
    assert!(desk.by_resident(with(0, REASON_MAX_CHARS)).is_ok());
    let decided = desk.by_resident(with(0, REASON_MAX_CHARS + 1));
    assert_eq!(code(decided), ErrorCode::TextTooLong);
    assert_eq!(code(desk.by_resident(with(-1, 1))), ErrorCode::TimeInFuture);
    let decided = desk.by_resident(with(AGE_MAX_MS + 1, 1));
    assert_eq!(code(decided), ErrorCode::TooOld);
}

#[test]
fn an_announced_photo_is_named_by_its_command() {
    let mut desk = Desk::open("hello");
    desk.by_resident(announces(PHOTO_MAX_BYTES)).unwrap();
    let photo = desk.session.photo(desk.last_id()).unwrap();
    assert_eq!(photo.size_bytes, PHOTO_MAX_BYTES);
}

#[test]
fn a_photo_of_no_bytes_or_too_many_is_refused() {
    for size in [0, PHOTO_MAX_BYTES + 1, u64::MAX] {
        let decided = Desk::open("hello").by_resident(announces(size));
        assert_eq!(code(decided), ErrorCode::PhotoTooLarge);
    }
}

#[test]
fn photos_beyond_the_bound_are_refused() {
    let mut desk = Desk::open("hello");
    for _ in 0..PHOTOS_MAX {
        desk.by_resident(announces(1)).unwrap();
    }
    assert_eq!(
        code(desk.by_resident(announces(1))),
        ErrorCode::TooManyPhotos
    );
}

fn corrects(category: Category) -> ResidentCommand {
    ResidentCommand::SetCategory { category }
}

#[test]
fn another_category_is_judged_again_and_only_raises() {
    let mut desk = Desk::open("hello");
    let queue = desk.session.queue.clone();
    assert_eq!(desk.session.priority, Priority::PROMPT);
    let changed = |from, category| Event::CategoryChanged { from, category };
    let events = desk.by_resident(corrects(Category::Fire)).unwrap();
    assert_eq!(events[0], changed(Category::Other, Category::Fire));
    assert!(
        matches!(events[1..], [Event::Triaged { deadline_ms, .. }] if deadline_ms == OPENED_MS + MAIN_TARGETS_MS[1]),
        "{events:?}"
    );
    assert_eq!(desk.session.priority, Priority::new(2).unwrap());
    assert_eq!(desk.by_resident(corrects(Category::Fire)).unwrap(), []);
    let back = desk.by_resident(corrects(Category::Other)).unwrap();
    assert_eq!(back, [changed(Category::Fire, Category::Other)]);
    assert_eq!(desk.session.category, Category::Other);
    assert_eq!(
        desk.session.priority,
        Priority::new(2).unwrap(),
        "what was heard before counts"
    );
    assert_eq!(desk.session.queue, queue);
    assert_eq!(fold(&desk.log), desk.session);
}

#[test]
fn a_correction_leaves_what_a_person_decided() {
    let mut desk = Desk::owned();
    let events = desk.by_resident(corrects(Category::Fire)).unwrap();
    assert_eq!(events.len(), 1, "whoever has it reads it");
    let mut desk = Desk::open("hello");
    desk.by_tina(StaffCommand::SetPriority {
        priority: Priority::new(4).unwrap(),
        reason: "a barbecue".to_owned(),
    })
    .unwrap();
    desk.by_resident(corrects(Category::Fire)).unwrap();
    assert_eq!(desk.session.priority, Priority::new(4).unwrap());
    assert_eq!(desk.session.category, Category::Fire);
}

#[test]
fn a_category_is_corrected_so_many_times_and_not_after_the_end() {
    let mut desk = Desk::open("hello");
    for time in 0..CATEGORY_CHANGES_MAX {
        let other = [Category::Fire, Category::Medical][usize::from(time % 2)];
        desk.by_resident(corrects(other)).unwrap();
    }
    let once_more = desk.by_resident(corrects(Category::Traffic));
    assert_eq!(code(once_more), ErrorCode::TooManyChanges);
    let same = desk.by_resident(corrects(Category::Medical));
    assert_eq!(same.unwrap(), [], "it is so already");
    let ended = Desk::closed().by_resident(corrects(Category::Fire));
    assert_eq!(code(ended), ErrorCode::SessionClosed);
}

#[test]
fn a_media_type_is_plain_and_bounded() {
    let long = "x".repeat(MEDIA_TYPE_MAX_CHARS + 1);
    for wrong in ["", "image/jpeg; a=b", "image/\r\nx", "imäge/jpeg", &long] {
        let decided = Desk::open("hello").by_resident(ResidentCommand::AnnouncePhoto {
            media_type: wrong.to_owned(),
            size_bytes: 1,
            preview: None,
            age_ms: 0,
        });
        assert_eq!(code(decided), ErrorCode::OutOfRange, "{wrong:?}");
    }
}

#[test]
fn a_preview_over_its_bound_does_not_cost_the_photo() {
    for (bytes, told) in [(PREVIEW_MAX_BYTES, true), (PREVIEW_MAX_BYTES + 1, false)] {
        let mut desk = Desk::open("hello");
        let announced = desk.by_resident(ResidentCommand::AnnouncePhoto {
            media_type: "image/jpeg".to_owned(),
            size_bytes: 1,
            preview: Some(Bytes(vec![0; bytes])),
            age_ms: 0,
        });
        assert!(matches!(
            announced.unwrap()[..],
            [Event::PhotoAnnounced { preview, .. }] if preview == told
        ));
    }
}

#[test]
fn a_consent_answers_its_ask() {
    let mut desk = Desk::owned();
    desk.by_tina(StaffCommand::Ask {
        medium: Medium::Video,
        question: None,
    })
    .unwrap();
    let (medium, granted, ask) = (Medium::Video, true, Some(desk.last_id()));
    let answered = desk.by_resident(ResidentCommand::Consent {
        medium,
        granted,
        ask,
    });
    let answer = Event::Consented {
        medium,
        granted,
        ask,
    };
    assert_eq!(answered.unwrap(), [answer]);
    assert!(desk.session.granted.has(Medium::Video));
    assert!(!desk.session.granted.has(Medium::Audio));
}

#[test]
fn stopping_what_flows_ends_it_in_the_log() {
    let mut desk = Desk::open("hello");
    desk.by_resident(consents(Medium::Audio, true)).unwrap();
    desk.by_gateway(GatewayCommand::MediaStarted(Medium::Audio));
    let events = desk.by_resident(consents(Medium::Audio, false)).unwrap();
    let ended = Event::MediaEnded {
        medium: Medium::Audio,
        reason: MediaEnd::Stopped,
    };
    assert_eq!(events.last(), Some(&ended));
    assert!(!desk.session.live.has(Medium::Audio));
}

#[test]
fn leaving_before_an_answer_abandons_the_session() {
    let mut desk = Desk::open("hello");
    let events = desk.by_resident(leaves()).unwrap();
    assert!(matches!(events[..], [Event::Left { .. }, Event::Abandoned]));
    assert_eq!(desk.session.standing, Standing::Abandoned);
    assert_eq!(desk.by_resident(leaves()).unwrap(), [], "twice is once");
}

#[test]
fn how_to_be_reached_is_told_of_an_abandoned_session_and_of_no_other() {
    let listed = |desk: &Desk| desk.session.row(session(), true).contact;
    let mut desk = Desk::open("hello");
    let given = desk.by_resident(reached_at("555 0100")).unwrap();
    let contact = "555 0100".to_owned();
    assert_eq!(given, [Event::ContactGiven { contact }]);
    desk.by_resident(reached_at("555 0199, ask for Ann"))
        .unwrap();
    assert_eq!(listed(&desk), None, "nobody has to contact back");
    desk.by_resident(leaves()).unwrap();
    assert_eq!(
        listed(&desk).as_deref(),
        Some("555 0199, ask for Ann"),
        "the newest"
    );
}

#[test]
fn how_to_be_reached_is_not_told_after_a_quick_exit() {
    let mut desk = Desk::open("hello");
    desk.by_resident(reached_at("555 0100")).unwrap();
    desk.by_resident(ResidentCommand::Leave { quick_exit: true })
        .unwrap();
    assert_eq!(desk.session.standing, Standing::Abandoned);
    assert_eq!(desk.session.row(session(), false).contact, None);
}

#[test]
fn a_contact_is_not_blank_and_keeps_its_bound() {
    let mut desk = Desk::open("hello");
    assert!(
        desk.by_resident(reached_at(&"ü".repeat(CONTACT_MAX_CHARS)))
            .is_ok()
    );
    let long = desk.by_resident(reached_at(&"ü".repeat(CONTACT_MAX_CHARS + 1)));
    assert_eq!(code(long), ErrorCode::TextTooLong);
    assert_eq!(
        code(desk.by_resident(reached_at(" "))),
        ErrorCode::TextEmpty
    );
}

#[test]
fn leaving_an_owner_leaves_the_session_with_them() {
    let mut desk = Desk::owned();
    let left = desk.by_resident(ResidentCommand::Leave { quick_exit: true });
    assert_eq!(left.unwrap(), [Event::Left { quick_exit: true }]);
    assert_eq!(desk.session.standing, Standing::Owned);
    assert!(desk.session.quick_exit);
}

#[test]
fn leaving_ends_what_flows_and_takes_back_every_grant() {
    let mut desk = Desk::owned();
    desk.by_resident(consents(Medium::Video, true)).unwrap();
    desk.by_gateway(GatewayCommand::MediaStarted(Medium::Video));
    let events = desk.by_resident(leaves()).unwrap();
    assert!(matches!(
        events[..],
        [Event::MediaEnded { .. }, Event::Left { .. }]
    ));
    assert!(!desk.session.live.has(Medium::Video));
    assert!(!desk.session.granted.has(Medium::Video));
}

#[test]
fn a_closed_session_takes_nothing_from_its_resident() {
    let commands = [
        says("more"),
        at(place()),
        announces(1),
        consents(Medium::Video, true),
        leaves(),
    ];
    for command in commands {
        let decided = Desk::closed().by_resident(command);
        assert_eq!(code(decided), ErrorCode::SessionClosed);
    }
}
