//! How sessions begin.

use callbox_proto::error::ErrorCode;
use callbox_proto::event::Event;
use callbox_proto::vocabulary::{Category, Priority, Standing};

use super::desk::{Desk, FIRE_TARGETS_MS, MAIN_TARGETS_MS, OPENED_MS, opening, place, policy};
use crate::session::{CONTACT_MAX_CHARS, LANGUAGE_MAX_CHARS, TEXT_MAX_CHARS};

fn refused(opening: &callbox_proto::command::Opening) -> ErrorCode {
    let opened = Desk::open_with(policy(), opening);
    opened.map(|_| ()).unwrap_err().code
}

#[test]
fn a_session_opens_with_what_was_said_where_and_how_urgent_it_is() {
    let mut begins = opening("he is not breathing");
    begins.location = Some(place());
    let desk = Desk::open_with(policy(), &begins).unwrap();
    let kinds: Vec<_> = desk.log.iter().map(|e| &e.event).collect();
    assert!(matches!(
        kinds[..],
        [
            Event::Opened { .. },
            Event::Text { .. },
            Event::Located { .. },
            Event::Triaged { .. }
        ]
    ));
    assert_eq!(desk.session.priority, Priority::LIFE_AT_RISK);
    assert_eq!(desk.session.standing, Standing::Waiting);
    assert_eq!(desk.session.entered_ms, OPENED_MS);
    assert_eq!(desk.session.deadline_ms, OPENED_MS + MAIN_TARGETS_MS[0]);
    assert!(desk.session.located);
    assert_eq!(desk.session.messages, 1);
}

#[test]
fn triage_chooses_queue_and_deadline() {
    let desk = Desk::open("I see smoke");
    assert_eq!(desk.session.queue.as_str(), "fire");
    assert_eq!(desk.session.deadline_ms, OPENED_MS + FIRE_TARGETS_MS[1]);
}

#[test]
fn a_session_without_words_or_place_gets_its_category_default() {
    let mut begins = opening("");
    begins.category = Category::Fire;
    begins.text = None;
    let desk = Desk::open_with(policy(), &begins).unwrap();
    assert_eq!(desk.session.priority, Priority::new(2).unwrap());
    assert_eq!(desk.log.len(), 2);
}

#[test]
fn blank_first_words_are_no_message() {
    for blank in ["", "  ", "\n\t"] {
        let desk = Desk::open(blank);
        assert_eq!(desk.log.len(), 2, "opened and triaged");
        assert_eq!(desk.session.messages, 0);
    }
}

#[test]
fn a_language_is_a_plain_tag_within_its_bound() {
    for wrong in [
        "",
        "en us",
        "en_US",
        "<b>",
        "é",
        &"x".repeat(LANGUAGE_MAX_CHARS + 1),
    ] {
        let mut begins = opening("hello");
        begins.language = wrong.to_owned();
        assert_eq!(refused(&begins), ErrorCode::OutOfRange, "{wrong:?}");
    }
}

#[test]
fn contact_and_text_keep_their_bounds_counted_in_characters() {
    let mut begins = opening(&"ß".repeat(TEXT_MAX_CHARS));
    begins.contact = Some("ü".repeat(CONTACT_MAX_CHARS));
    assert!(Desk::open_with(policy(), &begins).is_ok());
    begins.contact = Some("ü".repeat(CONTACT_MAX_CHARS + 1));
    assert_eq!(refused(&begins), ErrorCode::TextTooLong);
    assert_eq!(
        refused(&opening(&"x".repeat(TEXT_MAX_CHARS + 1))),
        ErrorCode::TextTooLong
    );
}

#[test]
fn an_impossible_place_refuses_the_opening() {
    let mut begins = opening("hello");
    let mut nowhere = place();
    nowhere.latitude = 91.0;
    begins.location = Some(nowhere);
    assert_eq!(refused(&begins), ErrorCode::LocationImpossible);
}

#[test]
fn a_log_that_does_not_begin_with_an_opening_has_no_state() {
    let desk = Desk::open("hello");
    assert!(crate::session::Session::begin(&desk.log[1]).is_none());
}
