//! Links for responders: a unit in the field follows one session read only, until the link ends, at whatever node it comes in.

use callbox_proto::codec::Encoding;
use callbox_proto::command::{ResidentCommand, StaffCommand};
use callbox_proto::error::{CloseCode, ErrorCode};
use callbox_proto::event::{Actor, Event};
use callbox_proto::ids::SessionId;
use callbox_proto::message::{FromResident, FromStaff, ToResident, ToResponder, ToStaff};
use callbox_proto::vocabulary::{
    Disposition, Location, LocationMethod, Medium, Priority, Watchers,
};
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::harness::responder::{Link, Responder, makes, making, opens, opens_as, secret};
use super::harness::{Console, Gateway, Resident, Topology, Wire, everywhere, fresh, soon};
use super::media_client::MediaClient;
use super::photo_client::announce;
use super::photos::sha256;
use crate::pictures;

everywhere!(
    a_responder_sees_what_a_responder_may_and_not_a_word_more,
    a_revoked_link_cuts_off_who_follows_at_once_and_opens_no_more,
    a_link_ends_with_its_session,
    a_link_ends_by_its_time,
    a_responder_goes_on_where_a_broken_connection_stopped,
    an_opening_sent_again_is_one_opening_and_another_id_is_none,
    whoever_has_no_right_makes_opens_and_reads_nothing,
    photos_are_read_as_copies_of_this_session_as_long_as_the_link_counts,
    a_responder_receives_the_picture_by_consent_and_the_resident_is_told,
);

/// What must never reach a responder: each stands somewhere in the log of the scene.
const HIDDEN: [&str; 7] = [
    "555 0199",
    "suspect",
    "gut feeling",
    "tina",
    "sue",
    "does not breathe",
    "smoke-inside",
];

/// The close of a link that ended.
const ENDED: Option<u16> = Some(CloseCode::LinkEnded.number());
const HOUR_MS: u64 = 3_600_000;

/// A resident with a session that Tina owns and follows.
async fn scene(gateway: &Gateway) -> (Resident, Console, SessionId) {
    let (ann, tina) = (gateway.resident().await, gateway.console("tina").await);
    let session = ann.open("He does not breathe").await;
    tina.takes(session).await;
    tina.follows(session, 0).await;
    (ann, tina, session)
}

fn place(words: &str) -> Location {
    Location {
        latitude: 40.0,
        longitude: -75.0,
        uncertainty_m: 20.0,
        method: LocationMethod::Manual,
        age_ms: 0,
        words: Some(words.to_owned()),
    }
}

async fn a_responder_sees_what_a_responder_may_and_not_a_word_more(on: Topology) {
    let gateway = on.start().await;
    let (ann, tina, session) = scene(&gateway).await;
    let contact = "+1 555 0199".to_owned();
    ann.does(ResidentCommand::GiveContact { contact }).await;
    let note = "The neighbour is a suspect".to_owned();
    tina.does(session, StaffCommand::Note { text: note }).await;
    let (priority, reason) = (Priority::new(2).unwrap(), "gut feeling".to_owned());
    tina.does(session, StaffCommand::SetPriority { priority, reason })
        .await;
    let location = place("12 Harbour Street");
    tina.does(
        session,
        StaffCommand::SetServiceLocation {
            location,
            from: None,
        },
    )
    .await;
    let link = makes(&tina, session, HOUR_MS).await;
    let token = opens_as(gateway.here(), &link, fresh(), "Engine 4")
        .await
        .expect("opened");
    let unit = Responder::welcomed(&gateway, &token, 0).await;
    tina.says(session, "Help is on the way").await;
    unit.reads("Help is on the way").await;
    ann.says("Please hurry").await;
    unit.reads("Please hurry").await;
    unit.quiet().await;

    let all = unit.wire.record().all();
    let (mut last, mut seen) = (0, Vec::new());
    for message in &all {
        if let ToResponder::Entry {
            seq,
            prev,
            event,
            by,
            ..
        } = message
        {
            assert_eq!(*prev, last, "each entry names the one before it");
            last = *seq;
            seen.push(event.kind());
            assert!(!matches!(by, Actor::Staff { staff: Some(_), .. }));
        }
    }
    for wanted in ["Text", "PriorityChanged", "ServiceLocated"] {
        assert!(seen.contains(&wanted), "{wanted} in {seen:?}");
    }
    let words = serde_json::to_string(&all).unwrap();
    assert!(words.contains("12 Harbour Street"));
    // What the resident wrote is theirs to read; the rule that fired on it is not.
    let words = words.replace("He does not breathe", "");
    for hidden in HIDDEN {
        assert!(!words.contains(hidden), "{hidden}");
    }

    // Who opened it stands in the log with the name, and in nobody's name.
    let opened = Event::ResponderLinkOpened {
        link: link.id,
        name: "Engine 4".to_owned(),
    };
    let entry = tina.entry(session, |event| *event == opened).await;
    assert_eq!(entry.by, Actor::responder());
    ann.quiet().await;
    assert!(
        !ann.entries()
            .iter()
            .any(|e| e.event.kind().starts_with("Responder"))
    );
}

async fn a_revoked_link_cuts_off_who_follows_at_once_and_opens_no_more(on: Topology) {
    let gateway = on.start().await;
    let (_ann, tina, session) = scene(&gateway).await;
    let link = makes(&tina, session, HOUR_MS).await;
    let other = makes(&tina, session, HOUR_MS).await;
    let token = opens(&gateway, &link).await.expect("opened");
    let others = opens(&gateway, &other).await.expect("opened");
    let unit = Responder::welcomed(&gateway, &token, 0).await;
    let spared = Responder::welcomed(&gateway, &others, 0).await;
    let begun = std::time::Instant::now();
    tina.does(session, StaffCommand::RevokeResponderLink { link: link.id })
        .await;
    assert_eq!(unit.ended().await, (ErrorCode::LinkRevoked, ENDED));
    assert!(begun.elapsed().as_secs() < 2, "within a second or so");
    tina.says(session, "Only for those who may").await;
    spared.reads("Only for those who may").await;
    let words = serde_json::to_string(&unit.wire.record().all()).unwrap();
    assert!(!words.contains("Only for those"));
    // The token that is still in a page's hands opens nothing, nor does the link.
    let again = Responder::hello(&gateway, &token, 0).await;
    assert_eq!(again.ended().await, (ErrorCode::LinkRevoked, ENDED));
    let refused = opens(&gateway, &link).await.unwrap_err();
    assert_eq!(refused, (StatusCode::GONE, "link_revoked".to_owned()));
    // Once is enough.
    tina.does(session, StaffCommand::RevokeResponderLink { link: link.id })
        .await;
    let revoked = |e: &Event| matches!(e, Event::ResponderLinkRevoked { .. });
    tina.quiet().await;
    let entries = tina.entries(session);
    assert_eq!(entries.iter().filter(|e| revoked(&e.event)).count(), 1);
}

async fn a_link_ends_with_its_session(on: Topology) {
    let gateway = on.start().await;
    let (_ann, tina, session) = scene(&gateway).await;
    let link = makes(&tina, session, HOUR_MS).await;
    let token = opens(&gateway, &link).await.expect("opened");
    let unit = Responder::welcomed(&gateway, &token, 0).await;
    let (disposition, note) = (Disposition::HelpSent, String::new());
    tina.does(session, StaffCommand::Close { disposition, note })
        .await;
    assert_eq!(unit.ended().await, (ErrorCode::SessionClosed, ENDED));
    let refused = opens(&gateway, &link).await.unwrap_err();
    assert_eq!(refused, (StatusCode::GONE, "session_closed".to_owned()));
}

async fn a_link_ends_by_its_time(on: Topology) {
    let gateway = on.start().await;
    let (_ann, tina, session) = scene(&gateway).await;
    let link = makes(&tina, session, 6_000).await;
    let token = opens(&gateway, &link).await.expect("opened");
    let unit = Responder::welcomed(&gateway, &token, 0).await;
    assert_eq!(unit.ended().await, (ErrorCode::LinkExpired, ENDED));
    let again = Responder::hello(&gateway, &token, 0).await;
    assert_eq!(again.ended().await, (ErrorCode::LinkExpired, ENDED));
    let refused = opens(&gateway, &link).await.unwrap_err();
    assert_eq!(refused, (StatusCode::GONE, "link_expired".to_owned()));
}

async fn a_responder_goes_on_where_a_broken_connection_stopped(on: Topology) {
    let gateway = on.start().await;
    let (ann, tina, session) = scene(&gateway).await;
    let link = makes(&tina, session, HOUR_MS).await;
    let token = opens(&gateway, &link).await.expect("opened");
    let unit = Responder::welcomed(&gateway, &token, 0).await;
    let last = unit.reads("He does not breathe").await;
    drop(unit);
    tina.does(
        session,
        StaffCommand::Note {
            text: "among us".to_owned(),
        },
    )
    .await;
    ann.says("While you were away").await;
    let unit = Responder::welcomed(&gateway, &token, last).await;
    unit.reads("While you were away").await;
    let texts = unit.wire.record().all();
    let again = |m: &&ToResponder| matches!(m, ToResponder::Entry { event: Event::Text { text, .. }, .. } if text == "He does not breathe");
    assert_eq!(texts.iter().filter(again).count(), 0, "nothing comes twice");
    let first = texts.iter().find_map(|m| match m {
        ToResponder::Entry { prev, .. } => Some(*prev),
        _ => None,
    });
    assert_eq!(first, Some(last), "nothing is missing between");
}

async fn an_opening_sent_again_is_one_opening_and_another_id_is_none(on: Topology) {
    let gateway = on.start().await;
    let (_ann, tina, session) = scene(&gateway).await;
    let link = makes(&tina, session, HOUR_MS).await;
    let id = fresh();
    for at in [gateway.here(), gateway.desk(), gateway.here()] {
        opens_as(at, &link, id, "Engine 4").await.expect("opened");
    }
    let openings = |who: &Console| {
        let all = who.entries(session).into_iter();
        all.filter(|e| matches!(e.event, Event::ResponderLinkOpened { .. }))
            .count()
    };
    let opened = |event: &Event| matches!(event, Event::ResponderLinkOpened { .. });
    tina.entry(session, opened).await;
    tina.quiet().await;
    assert_eq!(openings(&tina), 1);
    // An id of the log that was no opening of this link opens nothing, nor does somebody else's opening.
    let refused = opens_as(gateway.here(), &link, link.id, "Engine 4").await;
    assert_eq!(refused.unwrap_err().1, "id_reused");
    let other = makes(&tina, session, HOUR_MS).await;
    let refused = opens_as(gateway.here(), &other, id, "Engine 4").await;
    assert_eq!(refused.unwrap_err().1, "id_reused");
    let wrong = Link {
        secret: secret(),
        ..link
    };
    let refused = opens_as(gateway.here(), &wrong, id, "Engine 4").await;
    assert_eq!(refused.unwrap_err().1, "no_such_link");
}

async fn whoever_has_no_right_makes_opens_and_reads_nothing(on: Topology) {
    let gateway = on.start().await;
    let (ann, tina, session) = scene(&gateway).await;
    let ben = gateway.resident().await;
    let others = ben.open("My bin burns").await;
    let link = makes(&tina, session, HOUR_MS).await;

    // Making and revoking: the owner and supervisors.
    let revoking = StaffCommand::RevokeResponderLink { link: link.id };
    for (name, code) in [
        ("tom", ErrorCode::NotOwner),
        ("olga", ErrorCode::NotAllowed),
        ("ada", ErrorCode::NotAllowed),
    ] {
        let who = gateway.staff(name).await;
        for command in [making(&secret(), HOUR_MS), revoking.clone()] {
            assert_eq!(who.is_refused(session, command).await.code, code, "{name}");
        }
    }
    let sue = gateway.staff("sue").await;
    let sues = makes(&sue, session, HOUR_MS).await;
    opens(&gateway, &sues).await.expect("a supervisor's link");

    // Opening: only with the whole secret, of this session, and a name.
    let no_such_link = (StatusCode::NOT_FOUND, "no_such_link".to_owned());
    for (session, secret) in [
        (session, secret()),
        (session, link.secret[..42].to_owned()),
        (session, sha256(link.secret.as_bytes())),
        (others, link.secret.clone()),
        (SessionId::from_u128(7).unwrap(), link.secret.clone()),
    ] {
        let wrong = Link {
            id: link.id,
            session,
            secret,
        };
        assert_eq!(opens(&gateway, &wrong).await.unwrap_err(), no_such_link);
    }
    for (name, code) in [("", "text_empty"), (&*"x".repeat(81), "text_too_long")] {
        let refused = opens_as(gateway.here(), &link, fresh(), name).await;
        assert_eq!(refused.unwrap_err().1, code);
    }

    // The token: good for one thing. Staff's and residents' tokens are none of it.
    let token = opens(&gateway, &link).await.expect("opened");
    for wrong in [&tina.who.token, &ann.token, "a.b.c"] {
        let unit = Responder::hello(&gateway, wrong, 0).await;
        let sign_in = Some(CloseCode::SignInAgain.number());
        assert_eq!(unit.ended().await, (ErrorCode::TokenInvalid, sign_in));
    }
    let staff: Wire<FromStaff, ToStaff> =
        Wire::connect(gateway.here(), "/ws/staff", Encoding::Json).await;
    let client = String::new();
    staff.send(&FromStaff::Hello {
        client,
        token: token.clone(),
    });
    assert_eq!(staff.closed().await, Some(CloseCode::SignInAgain.number()));
    let resident: Wire<FromResident, ToResident> =
        Wire::connect(gateway.here(), "/ws/resident", Encoding::Json).await;
    resident.send(&FromResident::Resume { session, after: 0 });
    assert_eq!(resident.closed().await, Some(CloseCode::Protocol.number()));
    for (method, path) in [
        ("POST", "/api/v1/sign-in/refresh".to_owned()),
        ("POST", "/api/v1/sign-in/wallboard".to_owned()),
    ] {
        let (status, _) = asks(&gateway, method, &path, &token).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{path}");
    }

    // On the responders' socket there is nothing to say but what a responder may.
    let unit = Responder::welcomed(&gateway, &token, 0).await;
    for kind in [
        "do",
        "follow",
        "list_closed",
        "take_next",
        "real_time_text",
        "open",
        "resume",
    ] {
        let before = unit.wire.record().len();
        let frame = json!({ "kind": kind, "id": fresh(), "session": others, "after": 0 });
        unit.wire
            .send_raw(tokio_tungstenite::tungstenite::Message::text(
                frame.to_string(),
            ));
        unit.quiet().await;
        let all = unit.wire.record().all();
        let code = all[before..].iter().find_map(|m| match m {
            ToResponder::Error(error) => Some(error.code),
            _ => None,
        });
        assert_eq!(code, Some(ErrorCode::UnknownKind), "{kind}");
    }
}

/// Status and code of a request with this token.
async fn asks(gateway: &Gateway, method: &str, path: &str, token: &str) -> (StatusCode, String) {
    let url = format!("http://{}{path}", gateway.here());
    let request = reqwest::Client::new()
        .request(method.parse().unwrap(), url)
        .header("tus-resumable", "1.0.0")
        .header("upload-length", "1000")
        .bearer_auth(token);
    let answer = soon(request.send()).await.expect("answered");
    let status = answer.status();
    let body = soon(answer.bytes()).await.expect("a body");
    let problem: Value = serde_json::from_slice(&body).unwrap_or_default();
    (
        status,
        problem["code"].as_str().unwrap_or_default().to_owned(),
    )
}

async fn photos_are_read_as_copies_of_this_session_as_long_as_the_link_counts(on: Topology) {
    let gateway = on.start().await;
    let (ann, tina, session) = scene(&gateway).await;
    let photo = announce(&ann, 100_000, Some(pictures::jpeg(320, 240))).await;
    tina.entry(session, |e| *e == Event::PhotoPreviewed { photo })
        .await;
    let link = makes(&tina, session, HOUR_MS).await;
    let token = opens(&gateway, &link).await.expect("opened");
    let unit = Responder::welcomed(&gateway, &token, 0).await;
    unit.wire
        .wait(|m| {
            matches!(
                m,
                ToResponder::Entry {
                    event: Event::PhotoPreviewed { .. },
                    ..
                }
            )
            .then_some(())
        })
        .await;
    let path = |session: SessionId, form: &str| {
        format!("/api/v1/sessions/{session}/photos/{photo}/{form}")
    };
    let (status, _) = asks(&gateway, "GET", &path(session, "preview"), &token).await;
    assert_eq!(status, StatusCode::OK);
    let original = asks(&gateway, "GET", &path(session, "original"), &token).await;
    assert_eq!(original, (StatusCode::FORBIDDEN, "not_allowed".to_owned()));
    let ben = gateway.resident().await;
    let others = ben.open("My bin burns").await;
    let elsewhere = asks(&gateway, "GET", &path(others, "preview"), &token).await;
    assert_eq!(
        elsewhere,
        (StatusCode::NOT_FOUND, "no_such_session".to_owned())
    );
    tina.does(session, StaffCommand::RevokeResponderLink { link: link.id })
        .await;
    unit.ended().await;
    let over = asks(&gateway, "GET", &path(session, "preview"), &token).await;
    assert_eq!(over, (StatusCode::GONE, "link_revoked".to_owned()));
}

async fn consents(ann: &Resident, granted: bool) {
    let (medium, ask) = (Medium::Video, None);
    ann.does(ResidentCommand::Consent {
        medium,
        granted,
        ask,
    })
    .await;
}

async fn watched_by(ann: &Resident, responders: u32) {
    let wanted = Watchers {
        telecommunicators: 0,
        supervisors: 0,
        responders,
    };
    ann.wire
        .wait(|m| matches!(m, ToResident::Watching(now) if *now == wanted).then_some(()))
        .await;
}

async fn a_responder_receives_the_picture_by_consent_and_the_resident_is_told(on: Topology) {
    let gateway = on.start().await;
    let (ann, tina, session) = scene(&gateway).await;
    let link = makes(&tina, session, HOUR_MS).await;
    let token = opens(&gateway, &link).await.expect("opened");
    let unit = Responder::welcomed(&gateway, &token, 0).await;
    let viewer = MediaClient::viewer(false).await;
    let early = unit.offers(&viewer.offer).await.unwrap_err();
    assert_eq!(early.code, ErrorCode::NoMedia);

    consents(&ann, true).await;
    let mut camera = MediaClient::resident().await;
    let (id, sdp) = (fresh(), camera.offer.clone());
    ann.wire.send(&FromResident::MediaOffer { id, sdp });
    let answer = ann
        .wire
        .wait(|m| match m {
            ToResident::MediaAnswer { id: of, sdp, .. } if *of == id => Some(sdp.clone()),
            _ => None,
        })
        .await;
    camera.answer(&answer);
    unit.wire
        .wait(|m| matches!(m, ToResponder::Live { video: true, .. }).then_some(()))
        .await;
    let mut viewer = MediaClient::viewer(false).await;
    let answer = unit.offers(&viewer.offer).await.expect("an answer");
    viewer.answer(&answer);
    viewer.until(|heard| heard.video > 5).await;
    watched_by(&ann, 1).await;
    // A further offer of the same connection, as after a change of network, does not end it.
    let further = unit.offers(&viewer.offer).await;
    further.expect("an answer of the same connection");
    unit.quiet().await;
    let seen = std::cell::Cell::new(0);
    viewer
        .until(|heard| {
            seen.set(heard.video);
            true
        })
        .await;
    viewer.until(|heard| heard.video > seen.get() + 20).await;

    // Giving the session back takes the picture from its owner only; ending the link takes it from the responder.
    tina.does(session, StaffCommand::Release {}).await;
    let sue = gateway.staff("sue").await;
    sue.does(session, StaffCommand::RevokeResponderLink { link: link.id })
        .await;
    assert_eq!(unit.ended().await, (ErrorCode::LinkRevoked, ENDED));
    watched_by(&ann, 0).await;
}
