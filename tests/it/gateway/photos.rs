//! Photos from the announcement to the console, through cuts and a power cut.

use callbox_proto::command::StaffCommand;
use callbox_proto::error::ErrorCode;
use callbox_proto::event::{Actor, Event};
use callbox_proto::ids::{CommandId, SessionId};
use callbox_proto::vocabulary::Role;
use sha2::{Digest as _, Sha256};

use super::harness::responder::{makes, opens};
use super::harness::{Console, Gateway, Resident, Topology, everywhere};
use super::photo_client::{Uploader, announce, announce_as, problem};
use crate::pictures;

everywhere!(
    a_preview_is_re_encoded_and_shown_to_the_owner_only,
    a_preview_that_is_no_picture_does_not_cost_the_photo,
    an_upload_that_is_cut_goes_on_where_it_stopped,
    a_power_cut_in_the_middle_of_an_upload_seals_the_photo_once,
    every_format_that_can_be_shown_is_kept_as_it_is_and_shown_as_a_copy,
    a_heic_photo_is_kept_and_not_shown,
    scripts_and_pages_in_place_of_photos_are_refused_and_the_resident_told,
    what_hides_behind_a_picture_is_not_in_its_copy,
    a_damaged_picture_is_refused,
    a_bomb_is_refused_as_a_photo_and_as_a_preview_and_harms_nobody,
    nobody_else_can_touch_a_residents_upload,
    a_photo_is_read_by_its_owner_a_supervisor_and_nobody_else,
    whoever_reads_a_photo_that_is_not_theirs_stands_in_the_log_once,
    looking_at_a_photo_is_an_event,
    a_supervisor_looks_at_a_photo_that_is_somebody_elses_and_the_log_names_them,
);

/// A resident with a session that Tina owns and follows.
async fn scene(gateway: &Gateway) -> (Resident, Console, SessionId) {
    let (ann, tina) = (gateway.resident().await, gateway.console("tina").await);
    let session = ann.open("There is smoke").await;
    tina.takes(session).await;
    tina.follows(session, 0).await;
    (ann, tina, session)
}

/// A phone's photo: with a position and a camera's name in its metadata.
fn phone_photo(side: u32) -> Vec<u8> {
    pictures::with_exif(&pictures::noisy_jpeg(side), &pictures::exif(6))
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

fn holds_a_canary(bytes: &[u8]) -> bool {
    let seconds: Vec<u8> = pictures::CANARY_SECONDS
        .into_iter()
        .flat_map(u32::to_be_bytes)
        .collect();
    holds(bytes, pictures::CANARY_TEXT) || holds(bytes, &seconds)
}

/// As the log writes it.
pub fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Waits for the resident's `photo_stored`: hash and whether a copy can be shown.
pub async fn stored(ann: &Resident, wanted: CommandId) -> (String, bool) {
    let entry = ann
        .entry(|event| matches!(event, Event::PhotoStored { photo, .. } if *photo == wanted))
        .await;
    match entry.event {
        Event::PhotoStored { sha256, copy, .. } => (sha256, copy),
        _ => unreachable!("as waited for"),
    }
}

async fn refused(ann: &Resident, wanted: CommandId) -> ErrorCode {
    let entry = ann
        .entry(|event| matches!(event, Event::PhotoRefused { photo, .. } if *photo == wanted))
        .await;
    match entry.event {
        Event::PhotoRefused { code, .. } => code,
        _ => unreachable!("as waited for"),
    }
}

async fn a_preview_is_re_encoded_and_shown_to_the_owner_only(on: Topology) {
    let gateway = on.start().await;
    let (ann, tina, session) = scene(&gateway).await;
    let preview = pictures::with_exif(&pictures::jpeg(320, 240), &pictures::exif(1));
    assert!(holds_a_canary(&preview));
    let photo = announce(&ann, 100_000, Some(preview.clone())).await;
    tina.entry(session, |e| *e == Event::PhotoPreviewed { photo })
        .await;
    let shown = Uploader::new(&gateway, &tina.who.token)
        .sees(session, photo, "preview")
        .await;
    assert!(shown.starts_with(&[0xff, 0xd8]) && shown != preview);
    assert!(!holds_a_canary(&shown));
    let tom = gateway.sign_in("tom").await;
    let tom = Uploader::new(&gateway, &tom.token);
    let answer = tom.is_refused(session, photo, "preview").await;
    assert_eq!(answer, (403, "not_owner".to_owned()));
    let ann = Uploader::new(&gateway, &ann.token);
    let answer = ann.is_refused(session, photo, "preview").await;
    assert_eq!(answer, (401, "token_invalid".to_owned()));
}

async fn a_preview_that_is_no_picture_does_not_cost_the_photo(on: Topology) {
    let gateway = on.start().await;
    let (ann, tina, session) = scene(&gateway).await;
    let script = b"<script>alert(1)</script>".to_vec();
    let photo = announce(&ann, 100_000, Some(script)).await;
    // Both sides are told, and the photo is waited for all the same.
    let code = ErrorCode::PreviewRefused;
    let refused = Event::PhotoPreviewRefused { photo, code };
    ann.entry(|event| *event == refused).await;
    tina.entry(session, |event| *event == refused).await;
    let tinas = Uploader::new(&gateway, &tina.who.token);
    let bytes = pictures::jpeg(200, 100);
    let second = announce(&ann, bytes.len(), None).await;
    let anns = Uploader::new(&gateway, &ann.token);
    assert_eq!(anns.brings(session, second, &bytes).await.status(), 204);
    stored(&ann, second).await;
    let answer = tinas.is_refused(session, photo, "preview").await;
    assert_eq!(answer, (404, "no_such_photo".to_owned()));
    let original = vec![b'x'; 100_000];
    let brought = anns.brings(session, photo, &original).await;
    assert_ne!(brought.status(), 404, "the original still goes on");
}

async fn an_upload_that_is_cut_goes_on_where_it_stopped(on: Topology) {
    let gateway = on.start().await;
    let (ann, tina, session) = scene(&gateway).await;
    let bytes = phone_photo(700);
    let photo = announce(&ann, bytes.len(), None).await;
    let anns = Uploader::new(&gateway, &ann.token);
    let path = anns.created(session, photo, bytes.len()).await;
    let half = bytes.len() / 2;
    drop(anns.begins(&path, 0, bytes.len(), &bytes[..half]).await);
    assert!(anns.offset(&path).await <= half);
    assert_eq!(anns.goes_on(&path, &bytes).await.status(), 204);
    assert_eq!(stored(&ann, photo).await, (sha256(&bytes), true));
    tina.entry(session, |e| matches!(e, Event::PhotoStored { .. }))
        .await;
    let tinas = Uploader::new(&gateway, &tina.who.token);
    let copy = tinas.sees(session, photo, "copy").await;
    assert!(copy.starts_with(&[0xff, 0xd8]) && !holds_a_canary(&copy));
    let original = tinas.reads(session, photo, "original").await;
    let header = |name: &str| original.headers()[name].to_str().unwrap().to_owned();
    assert!(header("content-disposition").starts_with("attachment"));
    assert_eq!(header("content-type"), "application/octet-stream");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert!(header("content-security-policy").contains("sandbox"));
    assert_eq!(original.bytes().await.unwrap(), bytes);
}

async fn a_power_cut_in_the_middle_of_an_upload_seals_the_photo_once(on: Topology) {
    let mut gateway = on.start().await;
    let (ann, _tina, session) = scene(&gateway).await;
    let bytes = phone_photo(900);
    let photo = announce(&ann, bytes.len(), None).await;
    let anns = Uploader::new(&gateway, &ann.token);
    let path = anns.created(session, photo, bytes.len()).await;
    let third = bytes.len() / 3;
    let first = anns.patch(&path, 0, &bytes[..third]).await;
    assert_eq!(first.status(), 204);
    let rest = &bytes[third..];
    let _open = anns.begins(&path, third, rest.len(), &rest[..third]).await;
    gateway.restart().await;
    let ann = gateway.resident_again(&ann.device).await;
    ann.resume(session, 0).await;
    let offset = anns.offset(&path).await;
    assert!(offset >= third, "what was acknowledged is kept");
    let last = anns.patch(&path, offset, &bytes[offset..]).await;
    assert_eq!(last.status(), 204);
    assert_eq!(stored(&ann, photo).await.0, sha256(&bytes));
    let again = anns.created(session, photo, bytes.len()).await;
    assert_eq!(again, path, "the same photo, the same upload");
    ann.quiet().await;
    let entries = ann.entries();
    let sealed = entries
        .iter()
        .filter(|e| matches!(e.event, Event::PhotoStored { .. }));
    assert_eq!(sealed.count(), 1);
}

async fn every_format_that_can_be_shown_is_kept_as_it_is_and_shown_as_a_copy(on: Topology) {
    let gateway = on.start().await;
    let (ann, tina, session) = scene(&gateway).await;
    let anns = Uploader::new(&gateway, &ann.token);
    let tinas = Uploader::new(&gateway, &tina.who.token);
    for (media_type, bytes) in [
        ("image/jpeg", pictures::jpeg(200, 100)),
        ("image/png", pictures::png(200, 100)),
        ("image/webp", pictures::webp(200, 100)),
    ] {
        let photo = announce_as(&ann, media_type, bytes.len(), None).await;
        let announced = |event: &Event| matches!(event, Event::PhotoAnnounced { photo: of, media_type: told, .. } if *of == photo && told == media_type);
        tina.entry(session, announced).await;
        let brought = anns.brings(session, photo, &bytes).await;
        assert_eq!(brought.status(), 204, "{media_type}");
        assert_eq!(stored(&ann, photo).await, (sha256(&bytes), true));
        assert_eq!(tinas.sees(session, photo, "original").await, bytes);
        let copy = tinas.sees(session, photo, "copy").await;
        assert_ne!(copy, bytes, "{media_type} is shown as a copy only");
        let copy = image::load_from_memory_with_format(&copy, image::ImageFormat::Jpeg).unwrap();
        assert_eq!((copy.width(), copy.height()), (200, 100), "{media_type}");
        // Red where the scene is, blue where it is not: the right picture, the right way round.
        let pixel = |x, y| copy.to_rgb8().get_pixel(x, y).0;
        assert!(pixel(20, 10)[0] > 200 && pixel(20, 10)[2] < 60);
        assert!(pixel(180, 90)[0] < 80 && pixel(180, 90)[2] > 140);
    }
}

async fn a_heic_photo_is_kept_and_not_shown(on: Topology) {
    let gateway = on.start().await;
    let (ann, tina, session) = scene(&gateway).await;
    let bytes = pictures::heic();
    let photo = announce(&ann, bytes.len(), None).await;
    let anns = Uploader::new(&gateway, &ann.token);
    assert_eq!(anns.brings(session, photo, &bytes).await.status(), 204);
    assert_eq!(stored(&ann, photo).await, (sha256(&bytes), false));
    let tinas = Uploader::new(&gateway, &tina.who.token);
    let answer = tinas.is_refused(session, photo, "copy").await;
    assert_eq!(answer, (404, "no_such_photo".to_owned()));
    assert_eq!(tinas.sees(session, photo, "original").await, bytes);
}

async fn scripts_and_pages_in_place_of_photos_are_refused_and_the_resident_told(on: Topology) {
    let gateway = on.start().await;
    let (ann, _tina, session) = scene(&gateway).await;
    let anns = Uploader::new(&gateway, &ann.token);
    let svg = r#"<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>"#;
    let page = "<!DOCTYPE html><html><body><script>alert(1)</script></body></html>";
    let gif = "GIF89a/*\u{1}\u{1}*/=1;alert(1)//";
    for bytes in [svg, page, gif, "alert(document.cookie)", "%PDF-1.7 /JS"] {
        let photo = announce(&ann, bytes.len(), None).await;
        let answer = anns.brings(session, photo, bytes.as_bytes()).await;
        let told = (415, "photo_type_refused".to_owned());
        assert_eq!(problem(answer).await, told, "{bytes}");
        assert_eq!(refused(&ann, photo).await, ErrorCode::PhotoTypeRefused);
        let again = anns.create(session, photo, bytes.len()).await;
        assert_eq!(problem(again).await, told, "asked again: {bytes}");
    }
    ann.says("Still here").await;
}

async fn what_hides_behind_a_picture_is_not_in_its_copy(on: Topology) {
    let gateway = on.start().await;
    let (ann, tina, session) = scene(&gateway).await;
    let script = b"<script>alert('canary')</script>";
    let anns = Uploader::new(&gateway, &ann.token);
    let tinas = Uploader::new(&gateway, &tina.who.token);
    for picture in [
        pictures::jpeg(200, 100),
        pictures::png(200, 100),
        pictures::webp(200, 100),
    ] {
        let bytes = [&picture[..], script].concat();
        let photo = announce(&ann, bytes.len(), None).await;
        let answer = anns.brings(session, photo, &bytes).await;
        assert_eq!(answer.status(), 204);
        // The evidence is what was sent, to the last byte; nobody is shown more than the picture.
        assert_eq!(stored(&ann, photo).await, (sha256(&bytes), true));
        assert!(!holds(&tinas.sees(session, photo, "copy").await, script));
    }
}

async fn a_damaged_picture_is_refused(on: Topology) {
    let gateway = on.start().await;
    let (ann, _tina, session) = scene(&gateway).await;
    let bytes = pictures::png(200, 100)[..60].to_vec();
    let photo = announce(&ann, bytes.len(), None).await;
    let anns = Uploader::new(&gateway, &ann.token);
    let answer = problem(anns.brings(session, photo, &bytes).await).await;
    assert_eq!(answer, (422, "photo_unreadable".to_owned()));
    assert_eq!(refused(&ann, photo).await, ErrorCode::PhotoUnreadable);
}

async fn a_bomb_is_refused_as_a_photo_and_as_a_preview_and_harms_nobody(on: Topology) {
    let gateway = on.start().await;
    let (ann, tina, session) = scene(&gateway).await;
    let bob = gateway.resident().await;
    let bobs_session = bob.open("Somebody else").await;
    let process = gateway.pid();
    let anns = Uploader::new(&gateway, &ann.token);
    for bomb in [pictures::huge_header_jpeg(), pictures::huge_header_png()] {
        let photo = announce(&ann, bomb.len(), Some(bomb.clone())).await;
        let code = ErrorCode::PreviewRefused;
        let refused_preview = Event::PhotoPreviewRefused { photo, code };
        ann.entry(|event| *event == refused_preview).await;
        tina.entry(session, |event| *event == refused_preview).await;
        let told = (422, "photo_too_large".to_owned());
        assert_eq!(
            problem(anns.brings(session, photo, &bomb).await).await,
            told
        );
        assert_eq!(refused(&ann, photo).await, ErrorCode::PhotoTooLarge);
        let code = ErrorCode::PhotoTooLarge;
        tina.entry(session, |event| {
            *event == Event::PhotoRefused { photo, code }
        })
        .await;
        let again = anns.create(session, photo, bomb.len()).await;
        assert_eq!(problem(again).await, told, "asked again");
    }
    let bytes = pictures::jpeg(200, 100);
    for (who, session) in [(&bob, bobs_session), (&ann, session)] {
        let photo = announce(who, bytes.len(), Some(bytes.clone())).await;
        who.entry(|event| *event == Event::PhotoPreviewed { photo })
            .await;
        let brings = Uploader::new(&gateway, &who.token);
        assert_eq!(brings.brings(session, photo, &bytes).await.status(), 204);
        assert_eq!(stored(who, photo).await, (sha256(&bytes), true));
    }
    assert_eq!(gateway.pid(), process);
    tina.says(session, "Got it").await;
    ann.reads("Got it").await;
}

async fn nobody_else_can_touch_a_residents_upload(on: Topology) {
    let gateway = on.start().await;
    let (ann, tina, session) = scene(&gateway).await;
    let bytes = pictures::jpeg(200, 100);
    let photo = announce(&ann, bytes.len(), None).await;
    let anns = Uploader::new(&gateway, &ann.token);
    let path = anns.created(session, photo, bytes.len()).await;
    let bob = gateway.resident().await;
    let bobs_session = bob.open("Something else").await;
    let bobs = Uploader::new(&gateway, &bob.token);
    for session in [session, bobs_session] {
        let answer = bobs.create(session, photo, bytes.len()).await;
        assert_eq!(answer.status(), 403);
    }
    assert_eq!(bobs.patch(&path, 0, &bytes).await.status(), 404);
    for method in [reqwest::Method::HEAD, reqwest::Method::DELETE] {
        let answer = bobs.request(method, &path).send().await.unwrap();
        assert_eq!(answer.status(), 404);
    }
    let tinas = Uploader::new(&gateway, &tina.who.token);
    assert_eq!(tinas.patch(&path, 0, &bytes).await.status(), 401);
    assert_eq!(anns.patch(&path, 0, &bytes).await.status(), 204);
    assert_eq!(stored(&ann, photo).await.0, sha256(&bytes));
}

async fn a_photo_is_read_by_its_owner_a_supervisor_and_nobody_else(on: Topology) {
    let gateway = on.start().await;
    let (ann, tina, session) = scene(&gateway).await;
    let bytes = pictures::jpeg(200, 100);
    let photo = announce(&ann, bytes.len(), None).await;
    let anns = Uploader::new(&gateway, &ann.token);
    anns.brings(session, photo, &bytes).await;
    stored(&ann, photo).await;
    for (name, forms) in [("tom", 403), ("ada", 403), ("sue", 200), ("tina", 200)] {
        let who = gateway.sign_in(name).await;
        let reader = Uploader::new(&gateway, &who.token);
        for form in ["copy", "original"] {
            let status = reader.reads(session, photo, form).await.status();
            assert_eq!(status, forms, "{name} {form}");
        }
    }
    tina.does(session, StaffCommand::Release {}).await;
    let tinas = Uploader::new(&gateway, &tina.who.token);
    let answer = tinas.is_refused(session, photo, "copy").await;
    assert_eq!(answer, (403, "not_owner".to_owned()), "no longer hers");
}

async fn whoever_reads_a_photo_that_is_not_theirs_stands_in_the_log_once(on: Topology) {
    let gateway = on.start().await;
    let (ann, tina, session) = scene(&gateway).await;
    let bytes = pictures::jpeg(200, 100);
    let photo = announce(&ann, bytes.len(), Some(bytes.clone())).await;
    let previewed = Event::PhotoPreviewed { photo };
    ann.entry(|event| *event == previewed).await;
    let anns = Uploader::new(&gateway, &ann.token);
    anns.brings(session, photo, &bytes).await;
    stored(&ann, photo).await;
    let (olga, sue) = (gateway.sign_in("olga").await, gateway.sign_in("sue").await);
    let link = makes(&tina, session, 3_600_000).await;
    let unit = opens(&gateway, &link).await.expect("opened");
    // The owner's looks are reveals. A page asks for the same picture again and again.
    for (token, form) in [
        (&tina.who.token, "preview"),
        (&tina.who.token, "copy"),
        (&olga.token, "preview"),
        (&olga.token, "copy"),
        (&olga.token, "copy"),
        (&sue.token, "copy"),
        (&olga.token, "original"),
        (&olga.token, "original"),
        (&unit, "copy"),
        (&unit, "preview"),
        (&tina.who.token, "original"),
    ] {
        let reader = Uploader::new(&gateway, token);
        let answer = reader.reads(session, photo, form).await;
        assert_eq!(answer.status(), 200, "{form}");
    }
    let tinas = Uploader::new(&gateway, &tina.who.token);
    let unknown = super::harness::fresh();
    tinas.is_refused(session, unknown, "original").await;
    tina.says(session, "Thank you").await;
    tina.reads(session, "Thank you").await;
    let fetched: Vec<_> = tina
        .entries(session)
        .into_iter()
        .filter_map(|entry| match entry.event {
            Event::PhotoFetched {
                photo: of,
                original,
                link,
            } => {
                assert_eq!(of, photo);
                Some((entry.by, original, link))
            }
            _ => None,
        })
        .collect();
    let by = |role, name: &str| Actor::staff(role, name.parse().unwrap());
    assert_eq!(
        fetched,
        [
            (by(Role::Auditor, "olga"), false, None),
            (by(Role::Supervisor, "sue"), false, None),
            (by(Role::Auditor, "olga"), true, None),
            (Actor::responder(), false, Some(link.id)),
            (by(Role::Telecommunicator, "tina"), true, None),
        ]
    );
    ann.reads("Thank you").await;
    assert!(
        !ann.entries()
            .iter()
            .any(|entry| matches!(entry.event, Event::PhotoFetched { .. })),
        "it stays among staff"
    );
}

async fn looking_at_a_photo_is_an_event(on: Topology) {
    let gateway = on.start().await;
    let (ann, tina, session) = scene(&gateway).await;
    let photo = announce(&ann, 1_000, None).await;
    tina.does(session, StaffCommand::Reveal { photo }).await;
    ann.entry(|e| *e == Event::PhotoRevealed { photo }).await;
    let unknown = super::harness::fresh();
    let refused = tina
        .is_refused(session, StaffCommand::Reveal { photo: unknown })
        .await;
    assert_eq!(refused.code, ErrorCode::NoSuchPhoto);
}

async fn a_supervisor_looks_at_a_photo_that_is_somebody_elses_and_the_log_names_them(on: Topology) {
    let gateway = on.start().await;
    let (ann, _tina, session) = scene(&gateway).await;
    let photo = announce(&ann, 1_000, None).await;
    let sue = gateway.console("sue").await;
    sue.does(session, StaffCommand::Reveal { photo }).await;
    ann.entry(|e| *e == Event::PhotoRevealed { photo }).await;
    let tom = gateway.console("tom").await;
    let refused = tom
        .is_refused(session, StaffCommand::Reveal { photo })
        .await;
    assert_eq!(refused.code, ErrorCode::NotOwner);
}
