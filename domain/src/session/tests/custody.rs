//! Custody: holds, each by itself, on sessions that go on and on those that have ended.

use callbox_proto::command::StaffCommand;
use callbox_proto::error::ErrorCode;
use callbox_proto::event::Event;

use super::desk::{Desk, code, fold, id};
use crate::session::{HOLDS_MAX, REASON_MAX_CHARS};

fn holds(reason: &str) -> StaffCommand {
    StaffCommand::PlaceHold {
        reason: reason.to_owned(),
    }
}

fn lifts(hold: callbox_proto::ids::CommandId) -> StaffCommand {
    StaffCommand::LiftHold {
        hold,
        reason: "done".to_owned(),
    }
}

#[test]
fn a_session_is_on_hold_until_the_last_hold_is_lifted_open_or_closed() {
    for mut desk in [Desk::owned(), Desk::closed()] {
        assert!(!desk.session.custody.is_held());
        let placed = desk.by_sue(holds(" a court ")).unwrap();
        let first = desk.last_id();
        let reason = "a court".to_owned();
        assert_eq!(
            placed,
            [Event::HoldPlaced {
                hold: first,
                reason
            }]
        );
        desk.by_sue(holds("another court")).unwrap();
        let second = desk.last_id();
        desk.by_sue(lifts(first)).unwrap();
        assert!(desk.session.custody.is_held(), "the other one stands");
        desk.by_sue(lifts(second)).unwrap();
        assert!(!desk.session.custody.is_held());
        assert_eq!(fold(&desk.log), desk.session);
    }
}

#[test]
fn a_hold_needs_a_reason_and_lifting_one_that_stands() {
    let mut desk = Desk::closed();
    assert_eq!(code(desk.by_sue(holds(" "))), ErrorCode::TextEmpty);
    let long = "x".repeat(REASON_MAX_CHARS + 1);
    assert_eq!(code(desk.by_sue(holds(&long))), ErrorCode::TextTooLong);
    assert_eq!(code(desk.by_sue(lifts(id(99)))), ErrorCode::NoSuchHold);
    desk.by_sue(holds("a court")).unwrap();
    let hold = desk.last_id();
    let reason = String::new();
    let bare = StaffCommand::LiftHold { hold, reason };
    assert_eq!(code(desk.by_sue(bare)), ErrorCode::TextEmpty);
    desk.by_sue(lifts(hold)).unwrap();
    assert_eq!(code(desk.by_sue(lifts(hold))), ErrorCode::NoSuchHold);
}

#[test]
fn holds_are_bounded_and_one_that_was_lifted_makes_room() {
    let mut desk = Desk::closed();
    for _ in 0..HOLDS_MAX {
        desk.by_sue(holds("a court")).unwrap();
    }
    let last = desk.last_id();
    assert_eq!(
        code(desk.by_sue(holds("one more"))),
        ErrorCode::TooManyHolds
    );
    desk.by_sue(lifts(last)).unwrap();
    desk.by_sue(holds("one more")).unwrap();
}
