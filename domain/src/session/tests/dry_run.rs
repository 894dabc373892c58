//! What other rules would have made of a log.

use callbox_proto::command::{Opening, ResidentCommand, StaffCommand};
use callbox_proto::vocabulary::{Category, Priority, Role};
use proptest::prelude::*;

use super::desk::{Desk, opening, place, policy, says};
use crate::session::{DryRun, Outcome};
use crate::triage::Rules;

const OTHER: &str = r#"
version = "test-2"
[[rule]]
id = "smoke-at-once"
because = "smoke is fire"
priority = 1
words.en = ["smoke"]
[[rule]]
id = "unplaced"
because = "nobody knows where"
priority = 2
has_location = false
category = ["other"]
"#;

fn tried(desk: &Desk, rules: &Rules) -> Outcome {
    let mut run = DryRun::new(rules);
    for (before, entry) in desk.log.iter().enumerate() {
        run.entry(before as u64 + 1, entry);
    }
    run.outcome().unwrap()
}

#[test]
fn what_was_written_as_an_answer_is_judged_as_a_text_is() {
    let mut desk = Desk::open("hello");
    desk.by_resident(ResidentCommand::AnswerField {
        field: "building".parse().unwrap(),
        value: "full of smoke".to_owned(),
        language: None,
    })
    .unwrap();
    assert_eq!(
        told(&tried(&desk, &other())),
        [(2, "smoke"), (1, "smoke-at-once")]
    );
}

fn other() -> Rules {
    toml::from_str(OTHER).unwrap()
}

fn told(outcome: &Outcome) -> [(u8, &str); 2] {
    [&outcome.before, &outcome.after].map(|judged| (judged.priority.number(), judged.rule.as_str()))
}

#[test]
fn the_opening_is_judged_with_what_was_known_then() {
    let report = Opening {
        location: Some(place()),
        ..opening("there is smoke")
    };
    let desk = Desk::open_with(policy(), &report).unwrap();
    let outcome = tried(&desk, &other());
    assert_eq!(told(&outcome), [(2, "smoke"), (1, "smoke-at-once")]);
    assert!(outcome.differs());
    let quiet = Desk::open_with(
        policy(),
        &Opening {
            text: None,
            ..report
        },
    )
    .unwrap();
    let outcome = tried(&quiet, &other());
    assert_eq!(told(&outcome), [(3, "default"), (3, "default")]);
    assert!(!outcome.differs(), "its place was known");
}

#[test]
fn later_words_only_raise_and_only_while_it_waits() {
    let mut desk = Desk::open("hello");
    desk.by_resident(says("a question")).unwrap();
    let before = tried(&desk, &other());
    assert_eq!(told(&before)[1], (2, "unplaced"));
    let mut waiting = desk.clone();
    waiting.by_resident(says("now there is smoke")).unwrap();
    assert_eq!(
        told(&tried(&waiting, &other())),
        [(2, "smoke"), (1, "smoke-at-once")]
    );
    desk.by("tina", Role::Telecommunicator, StaffCommand::Take {})
        .unwrap();
    desk.by_resident(says("now there is smoke")).unwrap();
    assert_eq!(tried(&desk, &other()), before, "somebody listens");
}

#[test]
fn what_a_person_decides_stands_under_any_rules_and_is_told() {
    let mut desk = Desk::open("hello");
    let lower = StaffCommand::SetPriority {
        priority: Priority::new(5).unwrap(),
        reason: "A barbecue".to_owned(),
    };
    desk.by("tina", Role::Telecommunicator, lower).unwrap();
    desk.by_resident(says("now there is smoke")).unwrap();
    let outcome = tried(&desk, &other());
    assert_eq!(outcome.by_person, Priority::new(5));
    assert_eq!(told(&outcome), [(3, "default"), (2, "unplaced")]);
}

proptest! {
    #[test]
    fn the_rules_that_judged_it_judge_it_the_same(
        category in prop::sample::select(Category::ALL),
        texts in prop::collection::vec(prop::sample::select(&["hello", "smoke", "not breathing", "opening hours", "where"][..]), 1..6),
        located: bool,
        taken_after in 0..6usize,
    ) {
        let report = Opening {
            category,
            location: located.then(place),
            ..opening(texts[0])
        };
        let mut desk = Desk::open_with(policy(), &report).unwrap();
        for (place, text) in texts.iter().enumerate().skip(1) {
            if place == taken_after {
                desk.by("tina", Role::Telecommunicator, StaffCommand::Take {}).unwrap();
            }
            desk.by_resident(says(text)).unwrap();
        }
        let outcome = tried(&desk, policy().rules());
        prop_assert_eq!(&outcome.before, &outcome.after);
        prop_assert_eq!(outcome.after.priority, desk.session.priority);
    }
}
