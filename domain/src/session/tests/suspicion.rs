//! Suspicion in a session: it is told to staff, and nothing else follows from it.

use callbox_proto::event::Event;
use callbox_proto::ids::SessionId;
use callbox_proto::vocabulary::{Suspicion, SuspicionReason};

use super::desk::{Desk, opening, says};
use crate::session::{GatewayCommand, Session};
use crate::suspicion::sketch;

const CALL: &str = "smoke comes out of the window of the old mill by the river";

fn judged(number: u8) -> GatewayCommand {
    let reason = SuspicionReason {
        rule: "far".to_owned(),
        points: number,
        because: "far outside".to_owned(),
        outside_km: Some(900),
        sessions: None,
    };
    GatewayCommand::Judged {
        suspicion: Suspicion {
            number,
            reasons: Some(reason).into_iter().filter(|_| number > 0).collect(),
        },
        version: "test".to_owned(),
    }
}

fn told(session: &Session) -> Option<u8> {
    let row = session.row(SessionId::from_u128(1).unwrap(), true);
    row.suspicion.map(|suspicion| suspicion.number)
}

#[test]
fn it_changes_neither_priority_nor_order_nor_where_the_session_stands() {
    let mut desk = Desk::open(CALL);
    let before = desk.session.clone();
    desk.by_gateway(judged(100));
    assert_eq!(told(&desk.session), Some(100));
    let but_for_it = Session {
        suspicion: None,
        head: before.head,
        ..desk.session.clone()
    };
    assert_eq!(but_for_it, before);
    assert_eq!(desk.session.rank(), before.rank());
}

#[test]
fn it_is_said_once_and_taken_back_when_nothing_speaks_against_the_session() {
    let mut desk = Desk::open(CALL);
    assert!(desk.by_gateway(judged(0)).is_empty(), "nothing new");
    desk.by_gateway(judged(30));
    assert!(desk.by_gateway(judged(30)).is_empty());
    let events = desk.by_gateway(judged(0));
    assert!(matches!(&events[..], [Event::Suspected { .. }]));
    assert_eq!(told(&desk.session), None);
}

#[test]
fn a_finished_session_is_not_judged() {
    let mut desk = Desk::closed();
    assert!(desk.by_gateway(judged(30)).is_empty());
}

#[test]
fn the_first_words_that_say_enough_are_kept_as_a_sketch() {
    let mut desk = Desk::open("help");
    assert!(desk.session.words.is_empty());
    desk.by_resident(says(CALL)).unwrap();
    assert_eq!(desk.session.words, sketch(CALL));
    desk.by_resident(says("and now something else that is quite as long as that"))
        .unwrap();
    assert_eq!(desk.session.words, sketch(CALL));
    let opened = Desk::open_with(super::desk::policy(), &opening(CALL)).unwrap();
    assert_eq!(opened.session.words, sketch(CALL));
}
