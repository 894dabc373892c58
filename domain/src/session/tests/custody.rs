//! Custody: holds, each by itself, on sessions that go on and on those that have ended; what takes two persons.

use callbox_proto::command::StaffCommand;
use callbox_proto::error::ErrorCode;
use callbox_proto::event::Event;
use callbox_proto::ids::CommandId;
use callbox_proto::vocabulary::{Custodial, Role};

use super::desk::{Decided, Desk, code, fold, id};
use crate::session::{EXPORT_LIFE_MS, HOLDS_MAX, REASON_MAX_CHARS, REQUEST_LIFE_MS};

fn holds(reason: &str) -> StaffCommand {
    StaffCommand::PlaceHold {
        reason: reason.to_owned(),
    }
}

fn lifts(hold: CommandId) -> StaffCommand {
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

fn by_sam(desk: &mut Desk, command: StaffCommand) -> Decided {
    desk.by("sam", Role::Supervisor, command)
}

fn asks() -> StaffCommand {
    StaffCommand::RequestCustody {
        what: Custodial::Export,
        reason: " a court ".to_owned(),
    }
}

fn agrees(request: CommandId) -> StaffCommand {
    StaffCommand::AgreeCustody { request }
}

fn declines(request: CommandId) -> StaffCommand {
    StaffCommand::DeclineCustody {
        request,
        reason: "no".to_owned(),
    }
}

/// A closed session whose export Sue asked for.
fn asked() -> (Desk, CommandId) {
    let mut desk = Desk::closed();
    desk.by_sue(asks()).unwrap();
    let request = desk.last_id();
    (desk, request)
}

#[test]
fn an_export_is_fetched_by_the_two_who_asked_and_agreed_and_by_nobody_else() {
    let mut desk = Desk::closed();
    let ends_ms = desk.now_ms + REQUEST_LIFE_MS;
    let made = desk.by_sue(asks()).unwrap();
    let request = desk.last_id();
    let wanted = Event::CustodyRequested {
        request,
        what: Custodial::Export,
        reason: "a court".to_owned(),
        ends_ms,
    };
    assert_eq!(made, [wanted]);
    assert_eq!(
        code(desk.fetches_export("sue", request)),
        ErrorCode::NoSuchRequest,
        "nobody has agreed"
    );
    let agreed = by_sam(&mut desk, agrees(request)).unwrap();
    let ends_ms = desk.now_ms + EXPORT_LIFE_MS;
    assert_eq!(agreed, [Event::CustodyAgreed { request, ends_ms }]);
    assert_eq!(by_sam(&mut desk, agrees(request)).unwrap(), []);
    for name in ["sue", "sam", "sue"] {
        let fetched = desk.fetches_export(name, request).unwrap();
        assert_eq!(fetched, [Event::Exported { request }]);
    }
    assert_eq!(
        code(desk.fetches_export("rob", request)),
        ErrorCode::NoSuchRequest
    );
    assert_eq!(
        code(desk.fetches_export("sue", id(99))),
        ErrorCode::NoSuchRequest
    );
    assert_eq!(fold(&desk.log), desk.session);
    desk.later(EXPORT_LIFE_MS);
    assert_eq!(
        code(desk.fetches_export("sue", request)),
        ErrorCode::NoSuchRequest,
        "a day later"
    );
}

#[test]
fn whoever_asked_cannot_agree_and_nobody_agrees_after_its_time() {
    let (mut desk, request) = asked();
    assert_eq!(code(desk.by_sue(agrees(request))), ErrorCode::OwnRequest);
    assert_eq!(
        code(by_sam(&mut desk, agrees(id(99)))),
        ErrorCode::NoSuchRequest
    );
    desk.later(REQUEST_LIFE_MS);
    assert_eq!(
        code(by_sam(&mut desk, agrees(request))),
        ErrorCode::NoSuchRequest
    );
    desk.by_sue(asks()).unwrap();
    let again = desk.last_id();
    by_sam(&mut desk, agrees(again)).unwrap();
}

#[test]
fn a_request_is_declined_by_the_other_or_taken_back_and_an_export_ended_early() {
    let (mut desk, request) = asked();
    let bare = StaffCommand::DeclineCustody {
        request,
        reason: String::new(),
    };
    assert_eq!(code(by_sam(&mut desk, bare)), ErrorCode::TextEmpty);
    by_sam(&mut desk, declines(request)).unwrap();
    assert_eq!(
        code(by_sam(&mut desk, agrees(request))),
        ErrorCode::NoSuchRequest
    );

    let (mut desk, request) = asked();
    desk.by_sue(declines(request)).unwrap();
    assert_eq!(
        code(by_sam(&mut desk, agrees(request))),
        ErrorCode::NoSuchRequest
    );

    let (mut desk, request) = asked();
    by_sam(&mut desk, agrees(request)).unwrap();
    by_sam(&mut desk, declines(request)).unwrap();
    assert_eq!(
        code(desk.fetches_export("sue", request)),
        ErrorCode::NoSuchRequest
    );
    assert_eq!(fold(&desk.log), desk.session);
}

#[test]
fn the_same_is_asked_for_once_at_a_time_and_only_of_a_closed_session() {
    let mut open = Desk::owned();
    assert_eq!(code(open.by_sue(asks())), ErrorCode::SessionOpen);
    let (mut desk, request) = asked();
    assert_eq!(code(by_sam(&mut desk, asks())), ErrorCode::RequestOpen);
    by_sam(&mut desk, agrees(request)).unwrap();
    assert_eq!(code(by_sam(&mut desk, asks())), ErrorCode::RequestOpen);
    let rows = desk
        .session
        .row(callbox_proto::ids::SessionId::from_u128(1).unwrap(), false)
        .requests;
    assert_eq!(rows.len(), 1);
    assert!(rows[0].agreed && rows[0].by.as_str() == "sue");
    desk.later(EXPORT_LIFE_MS);
    by_sam(&mut desk, asks()).unwrap();
}
