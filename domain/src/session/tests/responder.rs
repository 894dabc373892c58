//! Links for responders: made, opened, revoked, and when they count no more.

use callbox_proto::command::StaffCommand;
use callbox_proto::error::ErrorCode;
use callbox_proto::event::Event;
use callbox_proto::vocabulary::Role;

use super::desk::{Desk, close, code, fold, id};
use crate::session::{
    RESPONDER_LINK_MAX_MS, RESPONDER_LINK_MIN_MS, RESPONDER_LINKS_MAX, RESPONDER_NAME_MAX_CHARS,
    RESPONDER_OPENINGS_MAX,
};

const HOUR_MS: u64 = 3_600_000;

fn digest(number: u64) -> String {
    format!("{number:064x}")
}

fn makes(number: u64, life_ms: u64) -> StaffCommand {
    StaffCommand::MakeResponderLink {
        digest: digest(number),
        life_ms,
        note: " Engine 4 ".to_owned(),
    }
}

/// Tina's session with one link, an hour long.
fn linked() -> Desk {
    let mut desk = Desk::owned();
    desk.by_tina(makes(1, HOUR_MS)).unwrap();
    desk
}

#[test]
fn a_link_is_made_opened_by_name_and_revoked_and_the_log_alone_says_so() {
    let mut desk = Desk::owned();
    let made = desk.by_tina(makes(1, HOUR_MS)).unwrap();
    let link = desk.last_id();
    let wanted = Event::ResponderLinkMade {
        link,
        digest: digest(1),
        ends_ms: desk.now_ms + HOUR_MS,
        note: "Engine 4".to_owned(),
    };
    assert_eq!(made, [wanted]);
    let name = "Engine 4".to_owned();
    let opened = desk.opens_link(&digest(1), " Engine 4\n").unwrap();
    assert_eq!(opened, [Event::ResponderLinkOpened { link, name }]);
    let revokes = StaffCommand::RevokeResponderLink { link };
    assert_eq!(
        desk.by_sue(revokes.clone()).unwrap(),
        [Event::ResponderLinkRevoked { link }]
    );
    assert_eq!(desk.by_tina(revokes).unwrap(), [], "once is enough");
    assert_eq!(fold(&desk.log), desk.session);
}

#[test]
fn nobody_opens_a_link_by_another_digest_or_after_its_end_or_without_a_name() {
    let mut desk = linked();
    assert_eq!(
        code(desk.opens_link(&digest(2), "Engine 4")),
        ErrorCode::NoSuchLink
    );
    assert_eq!(code(desk.opens_link(&digest(1), " ")), ErrorCode::TextEmpty);
    let long = "x".repeat(RESPONDER_NAME_MAX_CHARS + 1);
    assert_eq!(
        code(desk.opens_link(&digest(1), &long)),
        ErrorCode::TextTooLong
    );
    desk.later(HOUR_MS - 1);
    assert!(desk.opens_link(&digest(1), "Engine 4").is_ok());
    desk.later(1);
    assert_eq!(
        code(desk.opens_link(&digest(1), "Engine 4")),
        ErrorCode::LinkExpired
    );
}

#[test]
fn a_revoked_link_and_one_of_a_closed_session_open_no_more_and_say_why() {
    let mut desk = linked();
    let (link, now_ms) = (desk.last_id(), desk.now_ms);
    assert!(desk.session.responder_link(link, now_ms).is_ok());
    let mut closed = desk.clone();
    closed.by_tina(close()).unwrap();
    desk.by_tina(StaffCommand::RevokeResponderLink { link })
        .unwrap();
    for (desk, why) in [
        (&mut desk, ErrorCode::LinkRevoked),
        (&mut closed, ErrorCode::SessionClosed),
    ] {
        assert_eq!(code(desk.opens_link(&digest(1), "Engine 4")), why);
        assert_eq!(desk.session.responder_link(link, now_ms), Err(why));
    }
}

#[test]
fn a_link_stays_when_the_session_is_given_back_or_left() {
    let mut desk = linked();
    let link = desk.last_id();
    desk.by_tina(StaffCommand::Release {}).unwrap();
    desk.by_resident(callbox_proto::command::ResidentCommand::Leave { quick_exit: true })
        .unwrap();
    assert!(desk.session.responder_link(link, desk.now_ms).is_ok());
}

#[test]
fn lives_digests_links_and_openings_have_bounds() {
    let mut desk = Desk::owned();
    for life_ms in [0, RESPONDER_LINK_MIN_MS - 1, RESPONDER_LINK_MAX_MS + 1] {
        assert_eq!(code(desk.by_tina(makes(1, life_ms))), ErrorCode::OutOfRange);
    }
    for bad in ["", &"0".repeat(63), &"A".repeat(64), &"é".repeat(32)] {
        let command = StaffCommand::MakeResponderLink {
            digest: bad.to_owned(),
            life_ms: HOUR_MS,
            note: String::new(),
        };
        assert_eq!(code(desk.by_tina(command)), ErrorCode::OutOfRange, "{bad}");
    }
    for number in 1..=RESPONDER_LINKS_MAX as u64 {
        desk.by_tina(makes(number, RESPONDER_LINK_MAX_MS)).unwrap();
    }
    assert_eq!(
        code(desk.by_tina(makes(99, HOUR_MS))),
        ErrorCode::TooManyLinks
    );
    assert_eq!(code(desk.by_tina(makes(1, HOUR_MS))), ErrorCode::IdReused);
    for _ in 0..RESPONDER_OPENINGS_MAX {
        desk.opens_link(&digest(1), "Engine 4").unwrap();
    }
    assert_eq!(
        code(desk.opens_link(&digest(1), "Engine 4")),
        ErrorCode::TooManyOpenings
    );
    assert!(desk.opens_link(&digest(2), "Engine 4").is_ok());
}

#[test]
fn what_is_revoked_has_to_be_a_link_of_this_session() {
    let mut desk = linked();
    let command = StaffCommand::RevokeResponderLink { link: id(999) };
    let decided = desk.by("sue", Role::Supervisor, command);
    assert_eq!(code(decided), ErrorCode::NoSuchLink);
}
