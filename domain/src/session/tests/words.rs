//! The deletion of what was written: by the agency's time, never while a hold stands, and what is left of a log.

use callbox_proto::codec::Encoding;
use callbox_proto::command::{ResidentCommand, StaffCommand};
use callbox_proto::event::{Actor, Event, Stored};
use callbox_proto::ids::{ResidentId, SessionId};
use callbox_proto::vocabulary::{Content, Custodial, DeletionCause};

use super::desk::{Desk, close, fold};
use super::every_event::{NAME_MARK, NOTE_MARK, every_event};
use crate::policy::Material;
use crate::session::{GatewayCommand, Rebasing, Session};

const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

/// A closed session of an agency that keeps words for 30 days; answers when it was closed.
fn closed() -> (Desk, u64) {
    let mut desk = Desk::owned();
    desk.by_resident(ResidentCommand::Text {
        text: "under the old bridge".to_owned(),
        age_ms: 0,
    })
    .unwrap();
    let text = "among us".to_owned();
    desk.by_tina(StaffCommand::Note { text }).unwrap();
    desk.by_tina(close()).unwrap();
    desk.policy = desk.policy.clone().with_days(Material::Words, Some(30));
    let closed_ms = desk.now_ms;
    (desk, closed_ms)
}

fn over(closed_ms: u64) -> GatewayCommand {
    GatewayCommand::WordsExpired {
        closed_ms,
        up_to: 5,
        sha256: "ab".repeat(32),
    }
}

fn by_time() -> Event {
    Event::WordsDeleted {
        cause: DeletionCause::Retention,
        days: Some(30),
        up_to: 5,
        sha256: "ab".repeat(32),
    }
}

fn deleted() -> Desk {
    let (mut desk, closed_ms) = closed();
    desk.later(30 * DAY_MS + 1);
    assert_eq!(desk.by_gateway(over(closed_ms)), [by_time()]);
    desk
}

/// The log as it is left once it is destroyed.
fn destroyed(desk: &Desk) -> Vec<Stored> {
    let up_to = desk.session.custody.words_deleted_up_to();
    let left = (1..).zip(&desk.log).map(|(seq, entry)| {
        let left = entry.without_words();
        left.filter(|_| seq <= up_to)
            .unwrap_or_else(|| entry.clone())
    });
    left.collect()
}

fn json(value: &impl serde::Serialize) -> String {
    String::from_utf8(Encoding::Json.encode(value).unwrap()).unwrap()
}

#[test]
fn words_are_deleted_once_when_their_time_is_over_and_no_hold_stands() {
    let (mut desk, closed_ms) = closed();
    desk.later(30 * DAY_MS);
    assert_eq!(
        desk.by_gateway(over(closed_ms)),
        [],
        "not before the last moment"
    );
    desk.later(1);
    let reason = "a court".to_owned();
    desk.by_sue(StaffCommand::PlaceHold { reason }).unwrap();
    let hold = desk.last_id();
    assert_eq!(desk.by_gateway(over(closed_ms)), [], "in spite of a hold");
    let reason = "over".to_owned();
    desk.by_sue(StaffCommand::LiftHold { hold, reason })
        .unwrap();
    assert_eq!(desk.by_gateway(over(closed_ms)), [by_time()]);
    assert!(desk.session.custody.has_to_destroy(Material::Words));
    assert!(
        !desk.session.custody.is_deleted(Material::Photos),
        "photos have their own time"
    );
    assert_eq!(desk.by_gateway(over(closed_ms)), [], "once");
    let gone = || GatewayCommand::WordsDestroyed { entries: 4 };
    assert_eq!(
        desk.by_gateway(gone()),
        [Event::WordsDestroyed { entries: 4 }]
    );
    assert_eq!(desk.by_gateway(gone()), []);
    assert!(!desk.session.custody.has_to_destroy(Material::Words));
    assert_eq!(fold(&desk.log), desk.session);
}

#[test]
fn words_of_an_open_session_and_of_an_agency_that_keeps_them_are_not_deleted() {
    let (mut desk, closed_ms) = closed();
    desk.later(100 * DAY_MS);
    desk.policy = desk.policy.clone().with_days(Material::Words, None);
    assert_eq!(desk.by_gateway(over(closed_ms)), []);
    let mut open = Desk::owned();
    open.policy = open.policy.clone().with_days(Material::Words, Some(30));
    open.later(31 * DAY_MS);
    assert_eq!(open.by_gateway(over(0)), []);
}

#[test]
fn a_deletion_of_words_ends_the_request_for_an_export_of_them() {
    let (mut desk, closed_ms) = closed();
    let (what, reason) = (Custodial::Export, "a court".to_owned());
    desk.by_sue(StaffCommand::RequestCustody { what, reason })
        .unwrap();
    let rows = |desk: &Desk| {
        let session = SessionId::from_u128(1).unwrap();
        desk.session.row(session, false).requests.len()
    };
    assert_eq!(rows(&desk), 1);
    desk.later(30 * DAY_MS + 1);
    desk.by_gateway(over(closed_ms));
    assert_eq!(rows(&desk), 0);
}

#[test]
fn nothing_of_what_people_wrote_is_left_of_any_kind_of_event() {
    for event in every_event() {
        let left = event.without_words().unwrap_or_else(|| event.clone());
        let text = json(&left);
        let person = matches!(event, Event::Transferred { .. } | Event::Watched { .. });
        let rules = matches!(event, Event::Triaged { .. } | Event::Suspected { .. });
        assert!(person || !text.contains(NAME_MARK), "{text}");
        assert!(!text.contains(&format!("about {NOTE_MARK}")), "{text}");
        assert!(rules || !text.contains(NOTE_MARK), "{text}");
        for gone in ["555 0100", "hello", "may I see", "latitude", "outside_km"] {
            assert!(!text.contains(gone), "{text}");
        }
        if let Event::Opened { resident, .. } | Event::ReportLinkOpened { resident, .. } = left {
            assert_ne!(resident, ResidentId::from_u128(7).unwrap());
        }
        assert_eq!(left.without_words(), None, "twice is once: {text}");
        let shown = event.visible_to_resident();
        assert_eq!(left.visible_to_resident(), shown, "its place stays: {text}");
    }
}

#[test]
fn what_stays_of_an_entry_is_when_by_whom_and_which_kind() {
    let desk = deleted();
    let left = destroyed(&desk);
    assert_eq!(left.len(), desk.log.len());
    for (left, was) in left.iter().zip(&desk.log) {
        assert_eq!((left.at_ms, &left.by), (was.at_ms, &was.by));
        assert_eq!(left.resident_prev, was.resident_prev);
        assert_eq!(left.destroyed, left.event != was.event);
    }
    let was: Vec<_> = left
        .iter()
        .filter_map(|entry| match entry.event {
            Event::Destroyed { was } => Some(was),
            _ => None,
        })
        .collect();
    assert!(was.contains(&Content::Text) && was.contains(&Content::Note));
    assert!(left.iter().any(|entry| entry.event == Event::Taken));
    assert!(!json(&left).contains("old bridge"));
}

#[test]
fn a_destroyed_log_folds_to_the_state_that_the_deletion_left() {
    let desk = deleted();
    assert_eq!(fold(&destroyed(&desk)), desk.session);
    let state = json(&desk.session);
    assert!(!state.contains("old bridge"), "{state}");
    assert!(desk.session.words.is_empty() && desk.session.place.is_none());
    assert!(desk.session.messages > 0, "that there were some stays");
    let session = SessionId::from_u128(1).unwrap();
    assert!(
        desk.session.report(session).is_none(),
        "it is compared with no other"
    );
}

#[test]
fn what_is_written_after_the_deletion_stays() {
    let mut desk = deleted();
    let reason = "a court asks what there was".to_owned();
    desk.by_sue(StaffCommand::PlaceHold { reason }).unwrap();
    assert!(json(&destroyed(&desk)).contains("a court asks"));
    assert_eq!(fold(&destroyed(&desk)), desk.session);
}

#[test]
fn words_that_an_island_brings_after_the_deletion_are_destroyed_too() {
    let mut fork = Desk::owned();
    fork.policy = fork.policy.clone().with_days(Material::Words, Some(30));
    let mut theirs = fork.clone();
    theirs.by_tina(close()).unwrap();
    let closed_ms = theirs.now_ms;
    theirs.later(30 * DAY_MS + 1);
    theirs.by_gateway(over(closed_ms));
    theirs.by_gateway(GatewayCommand::WordsDestroyed { entries: 1 });
    assert!(!theirs.session.custody.has_to_destroy(Material::Words));
    let mut ours = fork.clone();
    ours.by_resident(ResidentCommand::Text {
        text: "late".to_owned(),
        age_ms: 0,
    })
    .unwrap();
    let mut rebasing = Rebasing::new(Some(fork.session.clone()), theirs.session.clone(), false);
    rebasing.place(&ours.log[fork.log.len()..]);
    let state: &Session = rebasing.session();
    assert!(state.custody.has_to_destroy(Material::Words));
    assert_eq!(state.custody.words_deleted_up_to(), state.head);
    assert!(state.words.is_empty());
}

#[test]
fn a_deletion_of_words_on_an_island_is_overruled_by_a_hold() {
    let (fork, closed_ms) = closed();
    let mut ours = fork.clone();
    ours.later(30 * DAY_MS + 1);
    ours.by_gateway(over(closed_ms));
    let mut held = fork.clone();
    let reason = "a court".to_owned();
    held.by_sue(StaffCommand::PlaceHold { reason }).unwrap();
    let mut rebasing = Rebasing::new(Some(fork.session.clone()), held.session.clone(), false);
    let placed = rebasing.place(&ours.log[fork.log.len()..]);
    assert!(matches!(placed[0].event, Event::Overruled { .. }));
    assert_eq!(placed[0].by, Actor::Gateway);
    assert!(!rebasing.session().custody.is_deleted(Material::Words));
}
