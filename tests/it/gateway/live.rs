//! Live pictures and sound, from the grant to the end, over real sockets.

use callbox_proto::command::{ResidentCommand, StaffCommand};
use callbox_proto::error::ErrorCode;
use callbox_proto::event::{Event, MediaEnd};
use callbox_proto::ids::SessionId;
use callbox_proto::message::{ErrorMessage, FromResident, FromStaff, ToResident, ToStaff};
use callbox_proto::vocabulary::{Disposition, Medium, Watchers};

use super::harness::{Console, Gateway, Resident, Topology, everywhere, fresh, text};
use super::media_client::MediaClient;

everywhere!(
    the_owner_and_a_supervisor_see_the_picture_and_the_resident_sees_them,
    an_offer_needs_consent_and_a_viewer_needs_something_to_see,
    an_offer_that_cannot_be_used_is_refused_and_text_goes_on,
    stopping_ends_the_picture_at_once_and_is_in_the_log,
    the_owner_talks_and_the_resident_hears,
    a_supervisor_who_does_not_own_the_session_cannot_talk,
    a_former_owner_sees_nothing_more_and_a_supervisor_goes_on,
    closing_a_session_ends_all_its_media,
);

async fn consents(ann: &Resident, medium: Medium, granted: bool) {
    ann.does(ResidentCommand::Consent {
        medium,
        granted,
        ask: None,
    })
    .await;
}

/// The resident offers; the answer, or why not.
async fn publish(ann: &Resident, offer: &str) -> Result<String, ErrorMessage> {
    let wanted = fresh();
    let sdp = offer.to_owned();
    ann.wire.send(&FromResident::MediaOffer { id: wanted, sdp });
    ann.wire
        .wait(|m| match m {
            ToResident::MediaAnswer { id, sdp, .. } if *id == wanted => Some(Ok(sdp.clone())),
            ToResident::Error(error) if error.id == Some(wanted) => Some(Err(error.clone())),
            _ => None,
        })
        .await
}

/// Staff offer to receive; the answer, or why not.
async fn watch(
    who: &Console,
    session: SessionId,
    offer: &str,
    talk: bool,
) -> Result<String, ErrorMessage> {
    let wanted = fresh();
    who.wire.send(&FromStaff::MediaOffer {
        id: wanted,
        session,
        sdp: offer.to_owned(),
        talk,
    });
    who.wire
        .wait(|m| match m {
            ToStaff::MediaAnswer { id, sdp, .. } if *id == wanted => Some(Ok(sdp.clone())),
            ToStaff::Error(error) if error.id == Some(wanted) => Some(Err(error.clone())),
            _ => None,
        })
        .await
}

/// A viewer that receives.
async fn viewer(who: &Console, session: SessionId, talk: bool) -> MediaClient {
    let mut client = MediaClient::viewer(talk).await;
    let answer = watch(who, session, &client.offer, talk).await;
    client.answer(&answer.expect("an answer"));
    client
}

/// Waits until the resident is told who watches.
async fn watched_by(ann: &Resident, telecommunicators: u32, supervisors: u32) {
    let wanted = Watchers {
        telecommunicators,
        supervisors,
        responders: 0,
    };
    ann.wire
        .wait(|m| matches!(m, ToResident::Watching(now) if *now == wanted).then_some(()))
        .await;
}

/// Sue watches and follows.
async fn sue(gateway: &Gateway, session: SessionId) -> Console {
    let sue = gateway.staff("sue").await;
    sue.does(session, StaffCommand::Watch {}).await;
    sue.follows(session, 0).await;
    sue
}

struct Scene {
    ann: Resident,
    camera: MediaClient,
    tina: Console,
    session: SessionId,
}

/// Ann's session is Tina's, and Ann sends both kinds.
async fn scene(gateway: &Gateway) -> Scene {
    let (ann, tina) = (gateway.resident().await, gateway.console("tina").await);
    let session = ann.open("I can show it").await;
    tina.takes(session).await;
    tina.follows(session, 0).await;
    consents(&ann, Medium::Video, true).await;
    consents(&ann, Medium::Audio, true).await;
    let mut camera = MediaClient::resident().await;
    let answer = publish(&ann, &camera.offer).await;
    camera.answer(&answer.expect("an answer"));
    for medium in [Medium::Video, Medium::Audio] {
        tina.entry(session, |e| *e == Event::MediaStarted { medium })
            .await;
    }
    Scene {
        ann,
        camera,
        tina,
        session,
    }
}

async fn the_owner_and_a_supervisor_see_the_picture_and_the_resident_sees_them(on: Topology) {
    let gateway = on.start().await;
    let Scene {
        ann,
        camera: _camera,
        tina,
        session,
    } = scene(&gateway).await;
    let tinas = viewer(&tina, session, false).await;
    tinas.sees_more().await;
    watched_by(&ann, 1, 0).await;
    let sue = sue(&gateway, session).await;
    let sues = viewer(&sue, session, false).await;
    sues.sees_more().await;
    watched_by(&ann, 1, 1).await;
    drop(sues);
    sue.wire.send(&FromStaff::MediaStop { session });
    watched_by(&ann, 1, 0).await;
    tinas.sees_more().await;
}

async fn an_offer_needs_consent_and_a_viewer_needs_something_to_see(on: Topology) {
    let gateway = on.start().await;
    let (ann, tina) = (gateway.resident().await, gateway.console("tina").await);
    let session = ann.open("hello").await;
    tina.takes(session).await;
    tina.follows(session, 0).await;
    let camera = MediaClient::resident().await;
    let refused = publish(&ann, &camera.offer).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::NoConsent);
    let screen = MediaClient::viewer(false).await;
    let refused = watch(&tina, session, &screen.offer, false)
        .await
        .unwrap_err();
    assert_eq!(refused.code, ErrorCode::NoMedia);
    consents(&ann, Medium::Video, true).await;
    consents(&ann, Medium::Video, false).await;
    let refused = publish(&ann, &camera.offer).await.unwrap_err();
    assert_eq!(
        refused.code,
        ErrorCode::NoConsent,
        "each stop needs a new grant"
    );
}

async fn an_offer_that_cannot_be_used_is_refused_and_text_goes_on(on: Topology) {
    let gateway = on.start().await;
    let ann = gateway.resident().await;
    ann.open("hello").await;
    consents(&ann, Medium::Video, true).await;
    let long = format!("v=0\r\n{}", "a=x\r\n".repeat(8_000));
    for offer in ["", "v=0", "not an offer", "v=0\r\nm=video 9 X 0\r\n", &long] {
        let refused = publish(&ann, offer).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::MediaRefused);
    }
    ann.says("Text goes on").await;
}

async fn stopping_ends_the_picture_at_once_and_is_in_the_log(on: Topology) {
    let gateway = on.start().await;
    let Scene {
        ann,
        camera: _camera,
        tina,
        session,
    } = scene(&gateway).await;
    let screen = viewer(&tina, session, false).await;
    screen.sees_more().await;
    consents(&ann, Medium::Video, false).await;
    let ended = Event::MediaEnded {
        medium: Medium::Video,
        reason: MediaEnd::Stopped,
    };
    tina.entry(session, |e| *e == ended).await;
    // Whatever was under way has arrived by the time that further sound has; then no picture comes any more.
    let sound = screen.heard().audio;
    screen.until(|now| now.audio > sound + 10).await;
    let at_stop = screen.heard();
    let later = screen.until(|now| now.audio > at_stop.audio + 20).await;
    assert_eq!(later.video, at_stop.video);
}

#[tokio::test]
async fn a_stop_followed_at_once_by_a_new_grant_ends_as_the_resident_wished() {
    let gateway = Gateway::start().await;
    let Scene {
        ann,
        camera: _camera,
        tina,
        session,
    } = scene(&gateway).await;
    let screen = viewer(&tina, session, false).await;
    screen.sees_more().await;
    let send = |granted| {
        let medium = Medium::Video;
        let command = ResidentCommand::Consent {
            medium,
            granted,
            ask: None,
        };
        ann.wire.send(&FromResident::Do {
            id: fresh(),
            command,
        });
    };
    for _ in 0..40 {
        send(false);
        send(true);
    }
    // Nothing is waited for: what was said last counts, and the log says that it flows again.
    ann.says("still here").await;
    screen.sees_more().await;
    let (wanted, medium) = (fresh(), Medium::Video);
    ann.submit(wanted, text("the last word"));
    tina.reads(session, "the last word").await;
    tina.wire
        .record()
        .wait_all(|all| {
            let flows = all.iter().rev().find_map(|message| match message {
                ToStaff::Entry {
                    event: Event::MediaStarted { medium: m },
                    ..
                } if *m == medium => Some(true),
                ToStaff::Entry {
                    event: Event::MediaEnded { medium: m, .. },
                    ..
                } if *m == medium => Some(false),
                _ => None,
            });
            (flows == Some(true)).then_some(())
        })
        .await;
}

async fn the_owner_talks_and_the_resident_hears(on: Topology) {
    let gateway = on.start().await;
    let Scene {
        camera,
        tina,
        session,
        ..
    } = scene(&gateway).await;
    let _headset = viewer(&tina, session, true).await;
    camera.until(|heard| heard.audio > 10).await;
}

async fn a_supervisor_who_does_not_own_the_session_cannot_talk(on: Topology) {
    let gateway = on.start().await;
    let Scene {
        camera, session, ..
    } = scene(&gateway).await;
    let sue = sue(&gateway, session).await;
    let headset = MediaClient::viewer(true).await;
    let refused = watch(&sue, session, &headset.offer, true)
        .await
        .unwrap_err();
    assert_eq!(refused.code, ErrorCode::NotOwner);
    // Even with a microphone in the offer: what is not asked for as talking is not forwarded.
    let mut headset = MediaClient::viewer(true).await;
    if let Ok(answer) = watch(&sue, session, &headset.offer, false).await {
        headset.answer(&answer);
        headset.until(|heard| heard.video > 20).await;
        assert_eq!(camera.heard().audio, 0);
    }
}

async fn a_former_owner_sees_nothing_more_and_a_supervisor_goes_on(on: Topology) {
    let gateway = on.start().await;
    let Scene {
        ann,
        camera: _camera,
        tina,
        session,
    } = scene(&gateway).await;
    let tinas = viewer(&tina, session, false).await;
    tinas.sees_more().await;
    let sue = sue(&gateway, session).await;
    let sues = viewer(&sue, session, false).await;
    sues.sees_more().await;
    tina.does(session, StaffCommand::Release {}).await;
    watched_by(&ann, 0, 1).await;
    sues.sees_more().await;
    let at_end = tinas.heard();
    sues.sees_more().await;
    assert_eq!(tinas.heard().video, at_end.video);
    let again = MediaClient::viewer(false).await;
    let refused = watch(&tina, session, &again.offer, false)
        .await
        .unwrap_err();
    assert!(matches!(
        refused.code,
        ErrorCode::NotOwner | ErrorCode::WrongOrder
    ));
}

async fn closing_a_session_ends_all_its_media(on: Topology) {
    let gateway = on.start().await;
    let Scene {
        ann,
        camera,
        tina,
        session,
    } = scene(&gateway).await;
    let screen = viewer(&tina, session, false).await;
    screen.sees_more().await;
    tina.does(
        session,
        StaffCommand::Close {
            disposition: Disposition::AdviceGiven,
            note: String::new(),
        },
    )
    .await;
    for medium in [Medium::Video, Medium::Audio] {
        let ended = Event::MediaEnded {
            medium,
            reason: MediaEnd::SessionEnded,
        };
        ann.entry(|event| *event == ended).await;
    }
    screen.until(|heard| heard.over).await;
    camera.until(|heard| heard.over).await;
}
