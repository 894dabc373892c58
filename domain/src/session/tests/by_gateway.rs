//! What the gateway itself writes down, and what no longer matters.

use callbox_proto::command::{ResidentCommand, StaffCommand};
use callbox_proto::error::ErrorCode;
use callbox_proto::event::{Event, MediaEnd, ReleaseReason};
use callbox_proto::ids::CommandId;
use callbox_proto::vocabulary::{Medium, Standing};

use super::desk::{Desk, OPENED_MS, announces, close, id, staff};
use crate::session::{GatewayCommand, PhotoState};

fn with_photo() -> (Desk, CommandId) {
    let mut desk = Desk::owned();
    desk.by_resident(announces(10)).unwrap();
    let photo = desk.last_id();
    (desk, photo)
}

fn sealed(photo: CommandId, copy: bool) -> GatewayCommand {
    GatewayCommand::PhotoSealed {
        photo,
        sha256: "00".repeat(32),
        size_bytes: 10,
        media_type: "image/jpeg".to_owned(),
        copy,
    }
}

fn refused(photo: CommandId) -> GatewayCommand {
    let code = ErrorCode::PhotoTypeRefused;
    GatewayCommand::PhotoRefused { photo, code }
}

fn leaves() -> ResidentCommand {
    ResidentCommand::Leave { quick_exit: false }
}

#[test]
fn a_kept_preview_is_told_once() {
    let (mut desk, photo) = with_photo();
    let kept = || GatewayCommand::PreviewKept { photo };
    assert_eq!(desk.by_gateway(kept()), [Event::PhotoPreviewed { photo }]);
    assert_eq!(desk.by_gateway(kept()), []);
    let unknown = GatewayCommand::PreviewKept { photo: id(99) };
    assert_eq!(desk.by_gateway(unknown), []);
}

#[test]
fn a_refused_preview_is_told_once_and_the_original_may_still_come() {
    let (mut desk, photo) = with_photo();
    let refused = || GatewayCommand::PreviewRefused { photo };
    let code = ErrorCode::PreviewRefused;
    let told = [Event::PhotoPreviewRefused { photo, code }];
    assert_eq!(desk.by_gateway(refused()), told);
    assert_eq!(desk.by_gateway(refused()), []);
    assert_eq!(desk.by_gateway(sealed(photo, true)).len(), 1);
    let (mut desk, photo) = with_photo();
    desk.by_gateway(GatewayCommand::PreviewKept { photo });
    assert_eq!(
        desk.by_gateway(GatewayCommand::PreviewRefused { photo }),
        [],
        "what is shown was not refused"
    );
}

#[test]
fn a_photo_is_sealed_once_and_not_refused_after() {
    for (copy, state) in [(true, PhotoState::Copied), (false, PhotoState::Kept)] {
        let (mut desk, photo) = with_photo();
        assert_eq!(desk.by_gateway(sealed(photo, copy)).len(), 1);
        assert_eq!(desk.session.photo(photo).unwrap().state, state);
        assert_eq!(desk.by_gateway(sealed(photo, copy)), []);
        assert_eq!(desk.by_gateway(refused(photo)), []);
    }
}

#[test]
fn a_refused_photo_stays_refused() {
    let (mut desk, photo) = with_photo();
    assert_eq!(desk.by_gateway(refused(photo)).len(), 1);
    assert_eq!(desk.by_gateway(sealed(photo, true)), []);
    assert_eq!(
        desk.session.photo(photo).unwrap().state,
        PhotoState::Refused
    );
}

#[test]
fn a_photo_on_its_way_is_still_sealed_after_the_end() {
    let (mut desk, photo) = with_photo();
    desk.by_tina(close()).unwrap();
    assert_eq!(desk.by_gateway(sealed(photo, true)).len(), 1);
}

#[test]
fn media_starts_only_where_the_resident_agrees() {
    let mut desk = Desk::owned();
    let starts = || GatewayCommand::MediaStarted(Medium::Video);
    assert_eq!(desk.by_gateway(starts()), []);
    desk.by_resident(ResidentCommand::Consent {
        medium: Medium::Video,
        granted: true,
        ask: None,
    })
    .unwrap();
    assert_eq!(desk.by_gateway(starts()).len(), 1);
    assert_eq!(desk.by_gateway(starts()), [], "it flows already");
    let ends = || GatewayCommand::MediaEnded(Medium::Video, MediaEnd::Lost);
    assert_eq!(desk.by_gateway(ends()).len(), 1);
    assert_eq!(desk.by_gateway(ends()), [], "it has ended");
}

#[test]
fn a_lost_console_gives_its_session_back() {
    let mut desk = Desk::owned();
    let reason = ReleaseReason::ConsoleLost;
    assert_eq!(desk.by_gateway(console_lost("tom")), [], "tina has it");
    let events = desk.by_gateway(console_lost("tina"));
    assert_eq!(events, [Event::Released { reason }]);
    assert_eq!(desk.session.standing, Standing::Waiting);
    assert_eq!(desk.by_gateway(console_lost("tina")), []);
}

fn console_lost(owner: &str) -> GatewayCommand {
    GatewayCommand::ConsoleLost {
        owner: staff(owner),
    }
}

#[test]
fn a_lost_console_abandons_a_session_whose_resident_left() {
    let mut desk = Desk::owned();
    desk.by_resident(leaves()).unwrap();
    desk.by_gateway(console_lost("tina"));
    assert_eq!(desk.session.standing, Standing::Abandoned);
}

#[test]
fn a_resident_who_is_gone_too_long_abandons_only_a_waiting_session() {
    let mut desk = Desk::open("hello");
    assert_eq!(
        desk.by_gateway(GatewayCommand::ResidentGone),
        [Event::Abandoned]
    );
    assert_eq!(desk.by_gateway(GatewayCommand::ResidentGone), []);
    assert_eq!(Desk::owned().by_gateway(GatewayCommand::ResidentGone), []);
}

#[test]
fn a_resident_who_comes_back_waits_with_the_first_deadline() {
    let mut desk = Desk::open("hello");
    let deadline_ms = desk.session.deadline_ms;
    desk.by_resident(leaves()).unwrap();
    let events = desk.later(90_000).by_gateway(GatewayCommand::ResidentBack);
    assert_eq!(events, [Event::Returned]);
    assert_eq!(desk.session.standing, Standing::Waiting);
    assert_eq!(desk.session.entered_ms, OPENED_MS);
    assert_eq!(desk.session.deadline_ms, deadline_ms);
    assert!(!desk.session.left);
    assert_eq!(desk.by_gateway(GatewayCommand::ResidentBack), []);
}

#[test]
fn a_resident_who_comes_back_finds_the_owner_still_there() {
    let mut desk = Desk::owned();
    desk.by_resident(leaves()).unwrap();
    desk.by_gateway(GatewayCommand::ResidentBack);
    assert_eq!(desk.session.standing, Standing::Owned);
}

#[test]
fn nothing_brings_a_closed_session_back() {
    let mut desk = Desk::owned();
    desk.by_resident(leaves()).unwrap();
    desk.by_tina(close()).unwrap();
    for command in [
        GatewayCommand::ResidentBack,
        GatewayCommand::ResidentGone,
        console_lost("tina"),
        GatewayCommand::MediaStarted(Medium::Video),
    ] {
        assert_eq!(desk.by_gateway(command), []);
    }
    assert!(desk.by_tina(StaffCommand::Take {}).is_err());
}
