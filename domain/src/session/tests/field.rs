//! Answers to an agency's own questions.

use callbox_proto::command::{Opening, ResidentCommand};
use callbox_proto::error::ErrorCode;
use callbox_proto::event::Event;
use callbox_proto::field::FieldAnswer;
use callbox_proto::vocabulary::{Category, Priority};

use super::desk::{Desk, code, opening, policy};
use crate::policy::Policy;

fn answers(field: &str, value: &str, language: Option<&str>) -> ResidentCommand {
    ResidentCommand::AnswerField {
        field: field.parse().unwrap(),
        value: value.to_owned(),
        language: language.map(str::to_owned),
    }
}

fn fire(language: &str) -> Desk {
    let opening = Opening {
        category: Category::Fire,
        language: language.to_owned(),
        ..opening("hello")
    };
    Desk::open_with(policy(), &opening).unwrap()
}

#[test]
fn an_answer_keeps_the_words_in_which_it_was_asked_and_those_that_staff_read() {
    let mut desk = fire("fr");
    let decided = desk.by_resident(answers("floor", "ground", None)).unwrap();
    let choice = FieldAnswer::Choice {
        option: "ground".parse().unwrap(),
        label: "Ground".to_owned(),
        asked: Some("Rez-de-chaussée".to_owned()),
    };
    let expected = Event::FieldAnswered {
        field: "floor".parse().unwrap(),
        label: "Which floor?".to_owned(),
        asked: Some("Quel étage ?".to_owned()),
        answer: choice,
    };
    assert!(decided == [expected]);
    // The language of the screen counts where it was changed since.
    let decided = desk.by_resident(answers("gas", "no", Some("en-GB")));
    let expected = Event::FieldAnswered {
        field: "gas".parse().unwrap(),
        label: "Do you smell gas?".to_owned(),
        asked: None,
        answer: FieldAnswer::YesNo { yes: false },
    };
    assert!(decided.unwrap() == [expected]);
    // Another setting does not change what was said.
    let before = desk.log.clone();
    desk.policy = Policy::clone(&desk.policy).with_fields(Vec::new());
    assert!(desk.log == before);
}

#[test]
fn an_answer_that_does_not_fit_is_refused_and_a_question_that_is_gone_is_named_as_that() {
    let mut desk = fire("en");
    for (field, value, language, wanted) in [
        ("building", "", None, ErrorCode::TextEmpty),
        ("building", &"ü".repeat(21), None, ErrorCode::TextTooLong),
        (
            "building",
            &"x".repeat(10_000),
            None,
            ErrorCode::TextTooLong,
        ),
        ("building", "mill", Some("<b>"), ErrorCode::OutOfRange),
        ("floor", "cellar", None, ErrorCode::NoSuchChoice),
        ("gas", "YES", None, ErrorCode::NoSuchChoice),
        ("nothing", "x", None, ErrorCode::NoSuchField),
    ] {
        let decided = desk.by_resident(answers(field, value, language));
        assert_eq!(code(decided), wanted, "{field}");
    }
    assert!(
        desk.by_resident(answers("building", &"ü".repeat(20), None))
            .is_ok()
    );
    desk.policy = Policy::clone(&desk.policy).with_fields(Vec::new());
    let gone = desk.by_resident(answers("building", "mill", None));
    assert_eq!(code(gone), ErrorCode::NoSuchField);
    // Not asked of this report.
    let mut other = Desk::open("hello");
    let decided = other.by_resident(answers("gas", "yes", None));
    assert_eq!(code(decided), ErrorCode::NoSuchField);
    let closed = Desk::closed().by_resident(answers("building", "mill", None));
    assert_eq!(code(closed), ErrorCode::SessionClosed);
}

#[test]
fn what_is_written_as_an_answer_is_read_by_triage_and_the_agencys_own_words_are_not() {
    let mut desk = Desk::open("hello");
    let before = desk.session.messages;
    let decided = desk.by_resident(answers("building", "not breathing", None));
    assert!(matches!(
        decided.unwrap()[..],
        [Event::FieldAnswered { .. }, Event::Triaged { .. }]
    ));
    assert_eq!(desk.session.priority, Priority::LIFE_AT_RISK);
    assert_eq!(desk.session.messages, before + 1);
    let decided = desk.by_resident(answers("floor", "ground", None));
    assert_eq!(decided.unwrap().len(), 1);
}
