//! The agency's word for duress: a mark for staff, whenever it is read.

use callbox_proto::command::StaffCommand;
use callbox_proto::event::Event;
use callbox_proto::ids::SessionId;
use callbox_proto::vocabulary::{Priority, Role};

use super::desk::{Desk, opening, policy, says};
use crate::policy::Policy;
use crate::triage::Rules;

const WORD: &str = r#"
version = "test-3"
[[rule]]
id = "duress"
because = "The word for duress"
priority = 1
words.en = ["aunt rosalind called"]
[[rule]]
id = "smoke"
because = "smoke"
priority = 1
words.en = ["smoke"]
"#;

fn with_a_word() -> Policy {
    let rules: Rules = toml::from_str(WORD).unwrap();
    let before = policy();
    Policy::new(before.queues().to_vec(), "main".parse().unwrap(), rules).unwrap()
}

fn desk(words: &str) -> Desk {
    Desk::open_with(with_a_word(), &opening(words)).unwrap()
}

fn is_marked(desk: &Desk) -> bool {
    let row = desk.session.row(SessionId::from_u128(1).unwrap(), true);
    assert_eq!(row.duress, desk.session.duress);
    row.duress
}

#[test]
fn the_word_marks_a_session_from_its_opening_on() {
    assert!(is_marked(&desk("Aunt Rosalind called, about the dog")));
    assert!(!is_marked(&desk("My aunt called")));
    assert!(
        !is_marked(&Desk::open("Aunt Rosalind called")),
        "nobody agreed on one"
    );
}

#[test]
fn the_mark_stays_whatever_fires_later() {
    let mut desk = desk("aunt rosalind called");
    desk.by_resident(says("there is smoke")).unwrap();
    assert!(is_marked(&desk));
}

#[test]
fn the_word_marks_a_session_that_cannot_become_more_urgent_and_changes_nothing_else() {
    let mut desk = desk("there is smoke");
    let before = desk.session.clone();
    let events = desk.by_resident(says("aunt rosalind called")).unwrap();
    let [
        Event::Text { .. },
        Event::Triaged {
            priority,
            deadline_ms,
            rules,
            ..
        },
    ] = &events[..]
    else {
        panic!("the text and its mark: {} events", events.len());
    };
    assert_eq!(
        (*priority, *deadline_ms),
        (before.priority, before.deadline_ms)
    );
    let fired: Vec<_> = rules.iter().map(|fired| fired.rule.as_str()).collect();
    assert_eq!(fired, ["duress", "smoke"]);
    assert!(is_marked(&desk));
    let again = desk.by_resident(says("aunt rosalind called")).unwrap();
    assert_eq!(again.len(), 1, "once");
}

#[test]
fn the_word_is_read_when_somebody_has_the_session_and_a_persons_priority_stands() {
    let mut desk = desk("hello");
    let lower = StaffCommand::SetPriority {
        priority: Priority::new(4).unwrap(),
        reason: "A barbecue".to_owned(),
    };
    for command in [StaffCommand::Take {}, lower] {
        desk.by("tina", Role::Telecommunicator, command).unwrap();
    }
    desk.by_resident(says("there is smoke")).unwrap();
    assert!(!is_marked(&desk));
    desk.by_resident(says("aunt rosalind called")).unwrap();
    assert!(is_marked(&desk));
    assert_eq!(desk.session.priority, Priority::new(4).unwrap());
    assert_eq!(desk.session.priority_reason.as_deref(), Some("A barbecue"));
}
