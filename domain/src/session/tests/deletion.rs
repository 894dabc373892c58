//! The deletion of a session's photos: two persons or the agency's time, never while a hold stands, and what is left of it.

use callbox_proto::command::StaffCommand;
use callbox_proto::error::ErrorCode;
use callbox_proto::event::{Actor, Event, Stored};
use callbox_proto::ids::{CommandId, SessionId};
use callbox_proto::vocabulary::{Custodial, DeletionCause, Role};

use super::desk::{Decided, Desk, announces, close, code, fold};
use crate::policy::Material;
use crate::session::{GatewayCommand, REQUEST_LIFE_MS, Rebasing, Session};

/// A closed session with a photo that was sealed.
fn closed() -> (Desk, CommandId) {
    let mut desk = Desk::owned();
    desk.by_resident(announces(1)).unwrap();
    let photo = desk.last_id();
    desk.by_gateway(sealed(photo));
    desk.by_tina(close()).unwrap();
    (desk, photo)
}

fn sealed(photo: CommandId) -> GatewayCommand {
    GatewayCommand::PhotoSealed {
        photo,
        sha256: "00".repeat(32),
        size_bytes: 1,
        media_type: "image/png".to_owned(),
        copy: true,
    }
}

fn asks() -> StaffCommand {
    StaffCommand::RequestCustody {
        what: Custodial::DeletePhotos,
        reason: "the resident asked for it".to_owned(),
    }
}

fn holds() -> StaffCommand {
    StaffCommand::PlaceHold {
        reason: "a court".to_owned(),
    }
}

fn sam_agrees(desk: &mut Desk, request: CommandId) -> Decided {
    let agrees = StaffCommand::AgreeCustody { request };
    desk.by("sam", Role::Supervisor, agrees)
}

fn asked() -> (Desk, CommandId, CommandId) {
    let (mut desk, photo) = closed();
    desk.by_sue(asks()).unwrap();
    let request = desk.last_id();
    (desk, photo, request)
}

fn by_two(request: CommandId) -> Event {
    Event::PhotosDeleted {
        cause: DeletionCause::Agreed,
        request: Some(request),
        days: None,
        photos: 1,
    }
}

fn rows(desk: &Desk) -> usize {
    let session = SessionId::from_u128(1).unwrap();
    desk.session.row(session, false).requests.len()
}

#[test]
fn photos_are_deleted_with_the_word_of_a_second_person_and_not_before() {
    let (mut desk, photo, request) = asked();
    assert!(!desk.session.custody.is_deleted(Material::Photos));
    assert_eq!(rows(&desk), 1);
    let own = StaffCommand::AgreeCustody { request };
    assert_eq!(code(desk.by_sue(own)), ErrorCode::OwnRequest);
    let ends_ms = desk.now_ms;
    let decided = sam_agrees(&mut desk, request).unwrap();
    let agreed = Event::CustodyAgreed { request, ends_ms };
    assert_eq!(decided, [agreed, by_two(request)], "in one append");
    assert!(desk.session.custody.has_to_destroy(Material::Photos));
    assert_eq!(rows(&desk), 0, "nothing waits for anybody");
    let reveal = StaffCommand::Reveal { photo };
    assert_eq!(code(desk.by_sue(reveal)), ErrorCode::PhotoDeleted);
    assert_eq!(code(desk.by_sue(asks())), ErrorCode::PhotoDeleted);
    let again = sam_agrees(&mut desk, request);
    assert_eq!(code(again), ErrorCode::NoSuchRequest);
    assert_eq!(fold(&desk.log), desk.session);
}

#[test]
fn a_request_to_delete_is_over_after_three_days_or_when_it_was_taken_back() {
    let (mut desk, _, request) = asked();
    desk.later(REQUEST_LIFE_MS);
    assert_eq!(
        code(sam_agrees(&mut desk, request)),
        ErrorCode::NoSuchRequest
    );
    let (mut desk, _, request) = asked();
    let reason = "a mistake".to_owned();
    desk.by_sue(StaffCommand::DeclineCustody { request, reason })
        .unwrap();
    assert_eq!(
        code(sam_agrees(&mut desk, request)),
        ErrorCode::NoSuchRequest
    );
}

#[test]
fn a_hold_refuses_the_request_and_one_that_came_since_refuses_the_agreement() {
    let (mut desk, _) = closed();
    desk.by_sue(holds()).unwrap();
    assert_eq!(code(desk.by_sue(asks())), ErrorCode::OnHold);

    let (mut desk, _, request) = asked();
    desk.by_sue(holds()).unwrap();
    let hold = desk.last_id();
    assert_eq!(code(sam_agrees(&mut desk, request)), ErrorCode::OnHold);
    let reason = "over".to_owned();
    desk.by_sue(StaffCommand::LiftHold { hold, reason })
        .unwrap();
    assert_eq!(sam_agrees(&mut desk, request).unwrap().len(), 2);
}

#[test]
fn an_open_session_and_one_without_photos_have_none_to_delete() {
    let mut desk = Desk::owned();
    desk.by_resident(announces(1)).unwrap();
    assert_eq!(code(desk.by_sue(asks())), ErrorCode::SessionOpen);
    let mut bare = Desk::closed();
    assert_eq!(code(bare.by_sue(asks())), ErrorCode::NoSuchPhoto);
}

#[test]
fn an_export_and_a_deletion_are_asked_for_side_by_side() {
    let (mut desk, _, request) = asked();
    let reason = "a court".to_owned();
    let what = Custodial::Export;
    desk.by_sue(StaffCommand::RequestCustody { what, reason })
        .unwrap();
    let export = desk.last_id();
    assert_eq!(code(desk.by_sue(asks())), ErrorCode::RequestOpen);
    sam_agrees(&mut desk, request).unwrap();
    assert_eq!(rows(&desk), 1, "the export is still asked for");
    sam_agrees(&mut desk, export).unwrap();
    desk.fetches_export("sue", export).unwrap();
}

const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

/// The desk of an agency that keeps photos for 30 days.
fn keeps_30_days(desk: &mut Desk) {
    desk.policy = desk.policy.clone().with_days(Material::Photos, Some(30));
}

#[test]
fn the_agencys_time_deletes_what_was_closed_before_and_is_not_held() {
    let by_time = Event::PhotosDeleted {
        cause: DeletionCause::Retention,
        request: None,
        days: Some(30),
        photos: 1,
    };
    let (mut desk, _) = closed();
    let closed_ms = desk.now_ms;
    let over = || GatewayCommand::PhotosExpired { closed_ms };
    desk.later(30 * DAY_MS + 1);
    assert_eq!(desk.by_gateway(over()), [], "kept for ever");
    keeps_30_days(&mut desk);
    desk.now_ms -= 1;
    assert_eq!(desk.by_gateway(over()), [], "not before the last moment");
    desk.later(1);
    desk.by_sue(holds()).unwrap();
    let hold = desk.last_id();
    assert_eq!(desk.by_gateway(over()), [], "in spite of a hold");
    let reason = "over".to_owned();
    desk.by_sue(StaffCommand::LiftHold { hold, reason })
        .unwrap();
    assert_eq!(desk.by_gateway(over()), [by_time]);
    assert_eq!(desk.by_gateway(over()), [], "once");

    let mut open = Desk::owned();
    keeps_30_days(&mut open);
    open.by_resident(announces(1)).unwrap();
    open.later(31 * DAY_MS);
    assert_eq!(open.by_gateway(over()), [], "an open session");
}

#[test]
fn destroyed_is_said_once_and_what_comes_late_is_no_photo_any_more() {
    let mut desk = Desk::owned();
    desk.by_resident(announces(1)).unwrap();
    let photo = desk.last_id();
    desk.by_tina(close()).unwrap();
    let destroyed = || GatewayCommand::PhotosDestroyed { shared: 2 };
    assert_eq!(desk.by_gateway(destroyed()), [], "nothing is deleted");
    desk.by_sue(asks()).unwrap();
    let request = desk.last_id();
    sam_agrees(&mut desk, request).unwrap();
    assert_eq!(
        desk.by_gateway(destroyed()),
        [Event::PhotosDestroyed { shared: 2 }]
    );
    assert_eq!(desk.by_gateway(destroyed()), []);
    assert_eq!(desk.by_gateway(sealed(photo)), []);
    assert_eq!(desk.by_gateway(GatewayCommand::PreviewKept { photo }), []);
    assert!(!desk.session.custody.has_to_destroy(Material::Photos));
    assert_eq!(fold(&desk.log), desk.session);
}

/// What one side did after the fork, rebased onto what the other did.
fn rebased(fork: &Desk, ours: &Desk, theirs: &Desk) -> (Vec<Stored>, Session) {
    let mut rebasing = Rebasing::new(Some(fork.session.clone()), theirs.session.clone(), false);
    let placed = rebasing.place(&ours.log[fork.log.len()..]);
    (placed, rebasing.session().clone())
}

#[test]
fn a_deletion_on_an_island_is_overruled_by_a_hold_and_by_a_request_that_was_taken_back() {
    let (fork, _, request) = asked();
    let mut ours = fork.clone();
    sam_agrees(&mut ours, request).unwrap();
    let (placed, session) = rebased(&fork, &ours, &fork);
    assert_eq!(placed[1].event, by_two(request), "nothing happened there");
    assert!(session.custody.has_to_destroy(Material::Photos));

    let mut held = fork.clone();
    held.by_sue(holds()).unwrap();
    let mut taken_back = fork.clone();
    let reason = "a mistake".to_owned();
    let declines = StaffCommand::DeclineCustody { request, reason };
    taken_back.by_sue(declines).unwrap();
    for theirs in [held, taken_back] {
        let (placed, session) = rebased(&fork, &ours, &theirs);
        assert!(matches!(placed[1].event, Event::Overruled { .. }));
        assert!(!session.custody.is_deleted(Material::Photos));
    }
}

#[test]
fn a_photo_that_an_island_brings_after_the_deletion_is_destroyed_too() {
    let mut fork = Desk::owned();
    fork.by_resident(announces(1)).unwrap();
    let mut theirs = fork.clone();
    theirs.by_tina(close()).unwrap();
    theirs.by_sue(asks()).unwrap();
    let request = theirs.last_id();
    sam_agrees(&mut theirs, request).unwrap();
    theirs.by_gateway(GatewayCommand::PhotosDestroyed { shared: 0 });
    let mut ours = fork.clone();
    ours.by_resident(announces(2)).unwrap();
    let late = ours.last_id();
    ours.by_gateway(sealed(late));
    let (placed, session) = rebased(&fork, &ours, &theirs);
    assert!(placed.iter().any(|entry| entry.by == Actor::Gateway));
    assert!(session.custody.is_deleted(Material::Photos));
    assert!(session.custody.has_to_destroy(Material::Photos));
}
