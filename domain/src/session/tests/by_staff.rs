//! What people of an agency may do to a session, and what is refused. Who has the right at all is `access`'s to say.

use callbox_proto::command::{ResidentCommand, StaffCommand};
use callbox_proto::error::ErrorCode;
use callbox_proto::event::{Event, MediaEnd, ReleaseReason};
use callbox_proto::ids::SessionId;
use callbox_proto::vocabulary::{Medium, Priority, Role, Standing, TransferTarget};

use super::desk::{
    Desk, MAIN_TARGETS_MS, OPENED_MS, announces, close, code, id, incident, place, staff,
};
use crate::session::{GatewayCommand, PhotoFetch, REASON_MAX_CHARS, Session, TEXT_MAX_CHARS};

fn text(text: &str) -> StaffCommand {
    StaffCommand::Text {
        text: text.to_owned(),
    }
}

fn note(text: &str) -> StaffCommand {
    StaffCommand::Note {
        text: text.to_owned(),
    }
}

fn asks(question: Option<String>) -> StaffCommand {
    StaffCommand::Ask {
        medium: Medium::Video,
        question,
    }
}

fn hands_to_queue(queue: &str) -> StaffCommand {
    StaffCommand::Transfer {
        target: TransferTarget::Queue {
            queue: queue.parse().unwrap(),
        },
        note: "please".to_owned(),
    }
}

fn hands_to_person(name: &str) -> StaffCommand {
    StaffCommand::Transfer {
        target: TransferTarget::Person { staff: staff(name) },
        note: String::new(),
    }
}

fn sets(priority: u8, reason: &str) -> StaffCommand {
    StaffCommand::SetPriority {
        priority: Priority::new(priority).unwrap(),
        reason: reason.to_owned(),
    }
}

#[test]
fn the_first_to_take_a_session_owns_it() {
    let mut desk = Desk::open("hello");
    desk.later(9_000).by_tina(StaffCommand::Take {}).unwrap();
    assert!(desk.session.is_owned_by(&staff("tina")));
    assert_eq!(desk.session.answered_ms, Some(OPENED_MS + 9_000));
    let refusal = desk
        .by("tom", Role::Telecommunicator, StaffCommand::Take {})
        .unwrap_err();
    assert_eq!(refusal.code, ErrorCode::AlreadyTaken);
    assert_eq!(refusal.owner, Some(staff("tina")));
}

#[test]
fn taking_twice_is_taking_once() {
    let mut desk = Desk::owned();
    assert_eq!(desk.by_tina(StaffCommand::Take {}).unwrap(), []);
}

#[test]
fn a_session_given_back_waits_with_its_first_deadline() {
    let mut desk = Desk::owned();
    let deadline_ms = desk.session.deadline_ms;
    let events = desk.later(60_000).by_tina(StaffCommand::Release {});
    let reason = ReleaseReason::GivenBack;
    assert_eq!(events.unwrap(), [Event::Released { reason }]);
    assert_eq!(desk.session.standing, Standing::Waiting);
    assert_eq!(desk.session.owner, None);
    assert_eq!(desk.session.entered_ms, OPENED_MS);
    assert_eq!(desk.session.deadline_ms, deadline_ms);
}

#[test]
fn only_a_supervisor_takes_a_session_away_from_its_owner() {
    let mut desk = Desk::owned();
    let decided = desk.by("tom", Role::Telecommunicator, StaffCommand::Release {});
    assert_eq!(code(decided), ErrorCode::NotOwner);
    let reason = ReleaseReason::TakenAway;
    let events = desk.by_sue(StaffCommand::Release {}).unwrap();
    assert_eq!(events, [Event::Released { reason }]);
}

#[test]
fn a_session_that_nobody_owns_cannot_be_given_back() {
    let mut desk = Desk::open("hello");
    let decided = desk.by_sue(StaffCommand::Release {});
    assert_eq!(code(decided), ErrorCode::NotOwner);
}

#[test]
fn giving_back_a_session_whose_resident_left_abandons_it() {
    let mut desk = Desk::owned();
    desk.by_resident(ResidentCommand::Leave { quick_exit: false })
        .unwrap();
    desk.by_tina(StaffCommand::Release {}).unwrap();
    assert_eq!(desk.session.standing, Standing::Abandoned);
    desk.by_tina(StaffCommand::Take {}).unwrap();
    assert_eq!(desk.session.standing, Standing::Owned, "to contact back");
}

#[test]
fn a_session_handed_to_a_queue_waits_there_with_its_first_deadline() {
    let mut desk = Desk::owned();
    let deadline_ms = desk.session.deadline_ms;
    desk.later(60_000).by_tina(hands_to_queue("fire")).unwrap();
    assert_eq!(desk.session.queue.as_str(), "fire");
    assert_eq!(desk.session.standing, Standing::Waiting);
    assert_eq!(desk.session.entered_ms, OPENED_MS);
    assert_eq!(desk.session.deadline_ms, deadline_ms);
}

#[test]
fn a_supervisor_hands_a_session_to_a_person_wherever_it_stands() {
    let mut abandoned = Desk::open("hello");
    abandoned
        .by_resident(ResidentCommand::Leave { quick_exit: false })
        .unwrap();
    for mut desk in [Desk::open("hello"), Desk::owned(), abandoned] {
        let entered_ms = desk.session.entered_ms;
        desk.by_sue(hands_to_person("tom")).unwrap();
        assert_eq!(desk.session.standing, Standing::Waiting);
        assert_eq!(desk.session.owner, None);
        assert_eq!(desk.session.reserved_for, Some(staff("tom")));
        assert_eq!(desk.session.entered_ms, entered_ms);
        let decided = desk.by_tina(StaffCommand::Take {});
        assert_eq!(code(decided), ErrorCode::AlreadyTaken);
    }
}

#[test]
fn a_queue_the_agency_does_not_have_is_no_target() {
    let decided = Desk::owned().by_tina(hands_to_queue("moon"));
    assert_eq!(code(decided), ErrorCode::NoSuchTarget);
}

#[test]
fn a_session_handed_to_a_person_waits_for_that_person_or_a_supervisor() {
    let mut desk = Desk::owned();
    desk.by_tina(hands_to_person("tom")).unwrap();
    assert_eq!(desk.session.reserved_for, Some(staff("tom")));
    let refusal = desk.by_tina(StaffCommand::Take {}).unwrap_err();
    assert_eq!(refusal.code, ErrorCode::AlreadyTaken);
    assert_eq!(refusal.owner, Some(staff("tom")));
    desk.by("tom", Role::Telecommunicator, StaffCommand::Take {})
        .unwrap();
    assert!(desk.session.is_owned_by(&staff("tom")));
    assert_eq!(desk.session.reserved_for, None);
    desk.by("tom", Role::Telecommunicator, hands_to_person("tina"))
        .unwrap();
    desk.by_sue(StaffCommand::Take {}).unwrap();
    assert!(desk.session.is_owned_by(&staff("sue")));
}

#[test]
fn the_first_answer_counts_however_often_it_is_taken_again() {
    let mut desk = Desk::owned();
    desk.by_tina(StaffCommand::Release {}).unwrap();
    desk.later(500_000).by_sue(StaffCommand::Take {}).unwrap();
    assert_eq!(desk.session.answered_ms, Some(OPENED_MS));
}

#[test]
fn closing_ends_what_flows_first() {
    let mut desk = Desk::owned();
    desk.by_resident(ResidentCommand::Consent {
        medium: Medium::Video,
        granted: true,
        ask: None,
    })
    .unwrap();
    desk.by_gateway(GatewayCommand::MediaStarted(Medium::Video));
    let events = desk.by_tina(close()).unwrap();
    let ended = Event::MediaEnded {
        medium: Medium::Video,
        reason: MediaEnd::SessionEnded,
    };
    assert_eq!(events[0], ended);
    assert!(matches!(events[1], Event::Closed { .. }));
    assert_eq!(desk.session.standing, Standing::Closed);
    assert!(!desk.session.granted.has(Medium::Video));
}

#[test]
fn texts_and_notes_are_neither_blank_nor_too_long() {
    let long = "x".repeat(TEXT_MAX_CHARS + 1);
    for write in [text, note] {
        let mut desk = Desk::owned();
        assert!(desk.by_tina(write(&"x".repeat(TEXT_MAX_CHARS))).is_ok());
        assert_eq!(code(desk.by_tina(write(" \n"))), ErrorCode::TextEmpty);
        assert_eq!(code(desk.by_tina(write(&long))), ErrorCode::TextTooLong);
    }
}

#[test]
fn notes_with_a_transfer_or_a_closing_may_be_empty_but_not_too_long() {
    let long = "x".repeat(TEXT_MAX_CHARS + 1);
    let mut transfer = hands_to_queue("fire");
    if let StaffCommand::Transfer { note, .. } = &mut transfer {
        note.clone_from(&long);
    }
    let mut closing = close();
    if let StaffCommand::Close { note, .. } = &mut closing {
        note.clone_from(&long);
    }
    for command in [transfer, closing] {
        let decided = Desk::owned().by_tina(command);
        assert_eq!(code(decided), ErrorCode::TextTooLong);
    }
}

#[test]
fn a_staff_text_is_no_message_of_the_resident() {
    let mut desk = Desk::owned();
    desk.by_tina(text("where are you?")).unwrap();
    assert_eq!(desk.session.messages, 1);
}

#[test]
fn an_ask_is_named_by_its_command_however_many_are_open() {
    let mut desk = Desk::owned();
    let mut first = None;
    for _ in 0..100 {
        let asked = desk.by_tina(asks(None)).unwrap();
        let ask = desk.last_id();
        let (medium, question) = (Medium::Video, None);
        let event = Event::Asked {
            ask,
            medium,
            question,
        };
        assert_eq!(asked, [event]);
        first.get_or_insert(ask);
    }
    let answered = desk.by_resident(ResidentCommand::Consent {
        medium: Medium::Video,
        granted: true,
        ask: first,
    });
    assert!(answered.is_ok(), "the oldest is not forgotten");
    assert!(desk.session.granted.has(Medium::Video));
}

#[test]
fn a_question_beside_an_ask_keeps_its_bound() {
    let mut desk = Desk::owned();
    assert!(desk.by_tina(asks(Some(String::new()))).is_ok());
    let long = Some("x".repeat(REASON_MAX_CHARS + 1));
    assert_eq!(code(desk.by_tina(asks(long))), ErrorCode::TextTooLong);
}

#[test]
fn a_priority_is_set_with_a_reason_and_counts_from_the_first_entry() {
    let mut desk = Desk::open("hello");
    desk.later(40_000).by_sue(sets(2, "a child")).unwrap();
    assert_eq!(desk.session.priority.number(), 2);
    assert_eq!(desk.session.priority_reason.as_deref(), Some("a child"));
    assert_eq!(desk.session.deadline_ms, OPENED_MS + MAIN_TARGETS_MS[1]);
    assert_eq!(code(desk.by_sue(sets(1, " "))), ErrorCode::TextEmpty);
    let long = "x".repeat(REASON_MAX_CHARS + 1);
    assert_eq!(code(desk.by_sue(sets(1, &long))), ErrorCode::TextTooLong);
}

#[test]
fn a_service_location_is_a_place_taken_from_an_entry_that_exists() {
    let sets = |from| StaffCommand::SetServiceLocation {
        location: place(),
        from,
    };
    let mut desk = Desk::owned();
    let head = desk.session.head;
    assert!(desk.by_tina(sets(None)).is_ok());
    assert!(desk.by_tina(sets(Some(head))).is_ok());
    for from in [0, head + 100, u64::MAX] {
        assert_eq!(code(desk.by_tina(sets(Some(from)))), ErrorCode::OutOfRange);
    }
    let mut nowhere = place();
    nowhere.longitude = 181.0;
    let decided = desk.by_tina(StaffCommand::SetServiceLocation {
        location: nowhere,
        from: None,
    });
    assert_eq!(code(decided), ErrorCode::LocationImpossible);
}

#[test]
fn only_a_photo_of_the_session_can_be_revealed() {
    let mut desk = Desk::owned();
    let decided = desk.by_tina(StaffCommand::Reveal { photo: id(99) });
    assert_eq!(code(decided), ErrorCode::NoSuchPhoto);
    desk.by_resident(announces(1)).unwrap();
    let photo = desk.last_id();
    let events = desk.by_tina(StaffCommand::Reveal { photo }).unwrap();
    assert_eq!(events, [Event::PhotoRevealed { photo }]);
}

#[test]
fn a_photo_that_is_fetched_is_written_down_and_changes_nothing() {
    let mut desk = Desk::owned();
    desk.by_resident(announces(1)).unwrap();
    let photo = desk.last_id();
    let fetch = |photo| PhotoFetch {
        photo,
        original: true,
        link: None,
    };
    let before = desk.session.clone();
    let fetched = Event::PhotoFetched {
        photo,
        original: true,
        link: None,
    };
    assert_eq!(
        desk.fetches_photo("olga", &fetch(photo)).unwrap(),
        [fetched]
    );
    let head = desk.session.head;
    assert_eq!(desk.session, Session { head, ..before });
    let other = desk.fetches_photo("olga", &fetch(id(99)));
    assert_eq!(code(other), ErrorCode::NoSuchPhoto);
}

#[test]
fn seen_goes_forward_and_not_beyond_the_head() {
    let mut desk = Desk::owned();
    let head = desk.session.head;
    let seen = |up_to| StaffCommand::Seen { up_to };
    assert_eq!(code(desk.by_tina(seen(head + 1))), ErrorCode::OutOfRange);
    assert_eq!(desk.by_tina(seen(2)).unwrap(), [Event::Seen { up_to: 2 }]);
    assert_eq!(desk.by_tina(seen(2)).unwrap(), []);
    assert_eq!(desk.by_tina(seen(0)).unwrap(), []);
    assert_eq!(desk.session.seen, 2);
}

#[test]
fn watching_is_written_down_and_owns_nothing() {
    let mut desk = Desk::open("hello");
    let events = desk.by_sue(StaffCommand::Watch {}).unwrap();
    let role = Role::Supervisor;
    let staff = staff("sue");
    assert_eq!(events, [Event::Watched { staff, role }]);
    assert_eq!(desk.session.owner, None);
}

fn links(number: u128) -> StaffCommand {
    let incident = incident(number);
    StaffCommand::Link { incident }
}

fn unlinks(number: u128) -> StaffCommand {
    let incident = incident(number);
    StaffCommand::Unlink { incident }
}

#[test]
fn whoever_is_of_the_agency_links_a_session_wherever_it_stands_and_it_stays_there() {
    for mut desk in [Desk::open("hello"), Desk::owned(), Desk::closed()] {
        let (standing, owner) = (desk.session.standing, desk.session.owner.clone());
        let events = desk.by("tom", Role::Telecommunicator, links(5)).unwrap();
        let linked = Event::Linked {
            incident: incident(5),
            moved_from: None,
        };
        assert_eq!(events, [linked]);
        assert_eq!(desk.session.incident, Some(incident(5)));
        assert_eq!(desk.session.standing, standing);
        assert_eq!(desk.session.owner, owner);
    }
}

#[test]
fn linking_to_the_same_incident_twice_is_linking_once() {
    let mut desk = Desk::owned();
    desk.by_tina(links(5)).unwrap();
    assert_eq!(desk.by_sue(links(5)).unwrap(), []);
}

#[test]
fn a_session_of_another_incident_moves_and_its_log_says_from_where() {
    let mut desk = Desk::owned();
    desk.by_tina(links(5)).unwrap();
    let moved = Event::Linked {
        incident: incident(6),
        moved_from: Some(incident(5)),
    };
    assert_eq!(desk.by_sue(links(6)).unwrap(), [moved]);
    assert_eq!(desk.session.incident, Some(incident(6)));
}

#[test]
fn a_link_is_undone_and_not_what_somebody_else_has_linked_since() {
    let mut desk = Desk::owned();
    desk.by_tina(links(5)).unwrap();
    let undone = Event::Unlinked {
        incident: incident(5),
    };
    assert_eq!(desk.by_tina(unlinks(5)).unwrap(), [undone]);
    assert_eq!(desk.session.incident, None);
    assert_eq!(desk.by_tina(unlinks(5)).unwrap(), []);
    desk.by_sue(links(6)).unwrap();
    assert_eq!(desk.by_tina(unlinks(5)).unwrap(), []);
    assert_eq!(desk.session.incident, Some(incident(6)));
}

#[test]
fn a_link_stays_readable_after_the_end_and_is_undone_then_too() {
    let mut desk = Desk::owned();
    desk.by_tina(links(5)).unwrap();
    desk.by_tina(close()).unwrap();
    let row = desk.session.row(SessionId::from_u128(1).unwrap(), false);
    assert_eq!(row.incident, Some(incident(5)));
    assert_eq!(desk.by_sue(unlinks(5)).unwrap().len(), 1);
    assert_eq!(desk.session.standing, Standing::Closed);
}

#[test]
fn a_closed_session_takes_notes_looks_links_and_nothing_else() {
    let refused = [
        StaffCommand::Take {},
        StaffCommand::Release {},
        hands_to_queue("fire"),
        hands_to_person("tom"),
        close(),
        text("hello?"),
        asks(None),
        sets(1, "late"),
        StaffCommand::MakeResponderLink {
            digest: "0".repeat(64),
            life_ms: 3_600_000,
            note: String::new(),
        },
        StaffCommand::SetServiceLocation {
            location: place(),
            from: None,
        },
    ];
    for command in refused {
        assert_eq!(
            code(Desk::closed().by_tina(command)),
            ErrorCode::SessionClosed
        );
    }
    let mut desk = Desk::closed();
    let taken = [
        note("after the end"),
        StaffCommand::Seen { up_to: 1 },
        StaffCommand::Watch {},
        links(5),
    ];
    for command in taken {
        assert_eq!(desk.by_sue(command).unwrap().len(), 1);
    }
    let decided = desk.by_sue(StaffCommand::Reveal { photo: id(99) });
    assert_eq!(code(decided), ErrorCode::NoSuchPhoto, "asked, not refused");
}
