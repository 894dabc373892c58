//! A link with which somebody reports: one session, once, on one device, until it ends.

use callbox_proto::command::{Opening, StaffCommand};
use callbox_proto::error::ErrorCode;
use callbox_proto::event::Event;
use callbox_proto::ids::{ResidentId, SessionId, StaffId};
use callbox_proto::vocabulary::{Category, Disposition, Medium, Priority, Standing};

use super::desk::{Desk, close, code, fold, opening};
use crate::policy::REPORT_LINK_MS;
use crate::session::GatewayCommand;

fn digest() -> String {
    "ab".repeat(32)
}

fn made() -> Desk {
    Desk::with_link(&digest())
}

fn phone(number: u128) -> ResidentId {
    ResidentId::from_u128(number).unwrap()
}

/// As the page opens it: one tap, nothing said yet.
fn tap() -> Opening {
    Opening {
        text: None,
        ..opening("")
    }
}

fn lost(owner: &str) -> GatewayCommand {
    let owner: StaffId = owner.parse().unwrap();
    GatewayCommand::ConsoleLost { owner }
}

#[test]
fn a_link_that_is_made_is_a_session_of_its_maker_with_nobody_in_it_yet() {
    let desk = made();
    let row = desk.session.row(SessionId::from_u128(1).unwrap(), false);
    assert_eq!(row.standing, Standing::Owned);
    assert_eq!(row.owner.unwrap().as_str(), "tina");
    assert_eq!(row.link_ends_ms, Some(desk.now_ms + REPORT_LINK_MS));
    assert!(
        desk.session
            .report(SessionId::from_u128(1).unwrap())
            .is_none()
    );
    assert_eq!(fold(&desk.log), desk.session);
}

#[test]
fn the_device_that_opens_it_has_the_session_and_keeps_it() {
    let mut desk = made();
    desk.later(60_000);
    let smoke = Opening {
        category: Category::Fire,
        ..opening("there is smoke")
    };
    let events = desk.opens_by_link(phone(8), &digest(), &smoke).unwrap();
    assert!(matches!(
        &events[..],
        [
            Event::ReportLinkOpened { .. },
            Event::Text { .. },
            Event::Triaged { .. }
        ]
    ));
    let session = &desk.session;
    assert_eq!(session.resident, phone(8));
    assert_eq!(session.category, Category::Fire);
    assert_eq!(session.priority, Priority::new(2).unwrap());
    assert_eq!(session.standing, Standing::Owned, "it stays its maker's");
    assert_eq!(session.awaited_until_ms(), None);
    // The same device comes back the way it came: nothing new happens.
    desk.later(REPORT_LINK_MS);
    let again = desk.opens_by_link(phone(8), &digest(), &tap()).unwrap();
    assert!(again.is_empty());
    assert_eq!(
        code(desk.opens_by_link(phone(9), &digest(), &tap())),
        ErrorCode::LinkUsed
    );
    assert_eq!(fold(&desk.log), desk.session);
}

#[test]
fn a_link_that_is_wrong_late_or_revoked_or_whose_session_is_closed_opens_nothing() {
    let mut desk = made();
    let wrong = "cd".repeat(32);
    assert_eq!(
        code(desk.opens_by_link(phone(8), &wrong, &tap())),
        ErrorCode::NoSuchLink
    );
    let mut late = desk.clone();
    late.later(REPORT_LINK_MS - 1);
    let mut just = late.clone();
    assert!(just.opens_by_link(phone(8), &digest(), &tap()).is_ok());
    late.later(1);
    assert_eq!(
        code(late.opens_by_link(phone(8), &digest(), &tap())),
        ErrorCode::LinkExpired
    );
    let mut closed = desk.clone();
    closed.by_tina(close()).unwrap();
    assert_eq!(
        code(closed.opens_by_link(phone(8), &digest(), &tap())),
        ErrorCode::SessionClosed
    );
    let events = desk.by_tina(StaffCommand::RevokeReportLink {}).unwrap();
    assert!(matches!(
        &events[..],
        [
            Event::ReportLinkRevoked,
            Event::Closed {
                disposition: Disposition::NoContact,
                ..
            }
        ]
    ));
    assert_eq!(
        code(desk.opens_by_link(phone(8), &digest(), &tap())),
        ErrorCode::LinkRevoked
    );
    assert_eq!(
        code(Desk::owned().opens_by_link(phone(8), &digest(), &tap())),
        ErrorCode::NoSuchLink,
        "a session of its own has no link"
    );
}

#[test]
fn while_nobody_is_there_the_session_is_not_handed_on_and_nobody_is_written_to() {
    let mut desk = made();
    let commands = [
        StaffCommand::Release {},
        StaffCommand::Text {
            text: "hello?".to_owned(),
        },
        StaffCommand::Ask {
            medium: Medium::Place,
            question: None,
        },
    ];
    for command in &commands {
        let refused = code(desk.by_tina(command.clone()));
        assert_eq!(refused, ErrorCode::WrongOrder, "{command:?}");
    }
    let note = StaffCommand::Note {
        text: "on the phone".to_owned(),
    };
    desk.by_tina(note).unwrap();
    assert!(desk.by_gateway(lost("tina")).is_empty(), "nobody to offer");
    desk.opens_by_link(phone(8), &digest(), &tap()).unwrap();
    assert_eq!(
        code(desk.by_tina(StaffCommand::RevokeReportLink {})),
        ErrorCode::LinkUsed
    );
    for command in commands.into_iter().skip(1) {
        desk.by_tina(command).unwrap();
    }
    assert_eq!(desk.by_gateway(lost("tina")).len(), 1, "now there is");
}

#[test]
fn the_resident_reads_who_made_it_and_nothing_to_recognize_the_link_by() {
    let desk = made();
    let shown = desk.log[0].event.for_resident().unwrap();
    let Event::ReportLinkMade { digest, .. } = shown else {
        panic!("the making");
    };
    assert_eq!(digest, "");
    assert!(desk.log[0].event.for_responder().is_none());
}

#[test]
fn what_is_no_digest_makes_no_link() {
    for bad in ["", "ab", &"AB".repeat(32), &"ab".repeat(33)] {
        assert_eq!(
            code(Desk::try_with_link(bad).map(|_| Vec::new())),
            ErrorCode::OutOfRange
        );
    }
}
