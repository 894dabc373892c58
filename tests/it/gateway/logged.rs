//! What the gateway writes while people report: never what they say, where they are, who they are, or what opens doors.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use callbox_proto::bytes::Bytes;
use callbox_proto::codec::Encoding;
use callbox_proto::command::{Opening, ResidentCommand, StaffCommand};
use callbox_proto::event::Event;
use callbox_proto::ids::SessionId;
use callbox_proto::message::{FromResident, FromStaff, RealTimeText, ToResident, ToStaff};
use callbox_proto::vocabulary::{
    Category, Disposition, Location, LocationMethod, Medium, Priority, TransferTarget,
};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use super::harness::{
    Console, Device, Gateway, Resident, SignedIn, Topology, everywhere, fresh, opening, soon,
};
use super::media_client::MediaClient;
use super::photo_client::{Uploader, announce};
use crate::http_client::read_to_close;
use crate::pictures;

everywhere!(
    the_usual_log_holds_nothing_of_what_people_said,
    the_most_talkative_log_holds_nothing_of_what_people_said,
);

/// All there is, of the media libraries too: these are held back unless they are named.
const TALKATIVE: &str = "log.filter = \"trace,webrtc=trace,rtc=trace,rtc_datachannel=trace,rtc_dtls=trace,rtc_ice=trace,\
    rtc_interceptor=trace,rtc_mdns=trace,rtc_rtcp=trace,rtc_rtp=trace,rtc_sctp=trace,rtc_sdp=trace,rtc_shared=trace,\
    rtc_srtp=trace,rtc_stun=trace\"\n";

async fn the_usual_log_holds_nothing_of_what_people_said(on: Topology) {
    let log = everything_said(on, "").await;
    assert!(log.contains("signed in"), "it tells what it is for: {log}");
}

async fn the_most_talkative_log_holds_nothing_of_what_people_said(on: Topology) {
    let log = everything_said(on, TALKATIVE).await;
    for level in ["DEBUG", "INFO"] {
        let told = format!("\"level\":\"{level}\"");
        assert!(log.contains(&told), "nothing is told at {level}");
    }
}

/// What must not be found, with its name.
#[derive(Debug, Default)]
struct Canaries(Vec<(String, String)>);

impl Canaries {
    /// Words that nobody else uses.
    fn words(&mut self, name: &str) -> String {
        let words = format!("canary {name} {:016x}", fresh().as_u128() as u64);
        self.is(name, &words);
        words
    }

    /// A text as it is.
    fn is(&mut self, name: &str, text: &str) {
        assert!(text.len() >= 6, "{name} is too short to be looked for");
        self.0.push((name.to_owned(), text.to_owned()));
    }

    /// Bytes in every form in which they may be written.
    fn bytes(&mut self, name: &str, bytes: &[u8]) {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let list: Vec<_> = bytes.iter().map(ToString::to_string).collect();
        // The last characters of base64 hang on what follows, the rest does not.
        let whole = bytes.len() - bytes.len() % 3;
        for form in [
            STANDARD.encode(&bytes[..whole]),
            URL_SAFE_NO_PAD.encode(&bytes[..whole]),
            hex.to_uppercase(),
            hex,
            list.join(", "),
            list.join(","),
        ] {
            self.is(name, &form);
        }
    }

    /// A token as it is, its parts, and what these say.
    fn token(&mut self, name: &str, token: &str) {
        self.bytes(name, token.as_bytes());
        for part in token.split('.').skip(1) {
            self.is(name, part);
            self.bytes(name, &URL_SAFE_NO_PAD.decode(part).expect("base64"));
        }
    }

    /// Passwords and fingerprints of a session description.
    fn description(&mut self, name: &str, sdp: &str) {
        let secret = |line: &&str| {
            ["a=ice-pwd:", "a=ice-ufrag:", "a=fingerprint:"]
                .iter()
                .any(|key| line.starts_with(key))
        };
        let mut found = 0;
        for line in sdp.lines().filter(secret) {
            self.is(name, line.trim_end());
            if let Some(password) = line.trim_end().strip_prefix("a=ice-pwd:") {
                self.is(name, password);
            }
            found += 1;
        }
        assert!(found >= 3, "{name}: {sdp}");
    }

    fn found_in(&self, log: &str) -> Vec<String> {
        let found = |text: &str| log.lines().find(|line| line.contains(text));
        self.0
            .iter()
            .filter_map(|(name, text)| {
                // As JSON writes it, too.
                let escaped = serde_json::to_string(text).expect("JSON");
                let line = found(text).or_else(|| found(escaped.trim_matches('"')))?;
                let begin: String = line.chars().take(200).collect();
                Some(format!("{name}: {begin}"))
            })
            .collect()
    }
}

/// Degrees that nobody else has, and both their forms.
fn place(canaries: &mut Canaries, name: &str, latitude: f64, longitude: f64) -> Location {
    for degrees in [latitude, longitude] {
        canaries.is(name, &degrees.abs().to_string());
    }
    Location {
        latitude,
        longitude,
        uncertainty_m: 12.0,
        method: LocationMethod::Device,
        age_ms: 0,
        words: Some(canaries.words(name)),
    }
}

/// Sends everything through a gateway, ends it, and looks for it in all that was written.
async fn everything_said(on: Topology, settings: &str) -> String {
    let mut canaries = Canaries::default();
    let question =
        "agency.fields = [{ id = \"building\", label = { en = \"Which?\" }, kind = \"text\" }]\n";
    let mut gateway = on.with(&format!("{question}{settings}")).await;
    for encoding in Encoding::ALL {
        let (ann, session) = begins(&gateway, encoding, &mut canaries).await;
        let tina = signs_in(&gateway, encoding, &mut canaries).await;
        talk(&ann, &tina, session, &mut canaries).await;
        shows(&gateway, &ann, &tina, session, &mut canaries).await;
        films(&ann, &tina, session, &mut canaries).await;
        goes_wrong(&gateway, &ann, &tina, (session, encoding), &mut canaries).await;
        ends(&tina, session, &mut canaries).await;
    }
    gateway.terminate();
    assert!(gateway.gone().await);
    let log = gateway.whole_log().await;
    let found = canaries.found_in(&log);
    assert!(canaries.0.len() > 100, "{} canaries", canaries.0.len());
    assert!(found.is_empty(), "{found:#?}");
    log
}

async fn begins(
    gateway: &Gateway,
    encoding: Encoding,
    canaries: &mut Canaries,
) -> (Resident, SessionId) {
    let device = Device::new();
    if let FromResident::Hello { key, signature, .. } = device.hello(&[7; 32]) {
        canaries.bytes("device key", &key.0);
        canaries.bytes("signature", &signature.0);
    }
    let ann = Resident::connect(gateway.address(), device, encoding).await;
    canaries.token("upload token", &ann.token);
    let first = Opening {
        contact: Some(canaries.words("contact")),
        text: Some(canaries.words("first words")),
        location: Some(place(canaries, "first place", 40.731_742_9, -73.918_425_3)),
        ..opening(Category::MissingPerson, "")
    };
    let (session, _) = ann.open_with(fresh(), &first).await;
    (ann, session)
}

async fn signs_in(gateway: &Gateway, encoding: Encoding, canaries: &mut Canaries) -> Console {
    canaries.is("passphrase", "demo-tina-911");
    let wrong = canaries.words("wrong passphrase");
    let body = serde_json::json!({"agency": "demo.example", "name": "tina", "passphrase": wrong});
    let url = format!("http://{}/api/v1/sign-in", gateway.desk());
    let ask = reqwest::Client::new().post(&url).json(&body).send();
    assert_eq!(soon(ask).await.unwrap().status(), 401);
    let garbled = format!("{{\"passphrase\": \"{}\"", canaries.words("cut sign-in"));
    let ask = reqwest::Client::new()
        .post(&url)
        .header("content-type", "application/json")
        .body(garbled)
        .send();
    assert_eq!(soon(ask).await.unwrap().status(), 400);
    let who = SignedIn::sign_in(gateway.desk(), "tina").await;
    canaries.token("staff token", &who.token);
    let tina = Console::connect(gateway.desk(), &who, encoding).await;
    tina.ready_for_everything();
    tina
}

fn typing(text: String) -> RealTimeText {
    RealTimeText {
        message: fresh(),
        part: 0,
        from: 0,
        text,
    }
}

/// Both sides write, are somewhere, ask and answer.
async fn talk(ann: &Resident, tina: &Console, session: SessionId, canaries: &mut Canaries) {
    tina.stands(session, callbox_proto::vocabulary::Standing::Waiting)
        .await;
    tina.takes(session).await;
    tina.follows(session, 0).await;
    let typed = canaries.words("typing");
    ann.wire
        .send(&FromResident::RealTimeText(typing(typed.clone())));
    tina.wire
        .wait(|m| {
            matches!(m, ToStaff::RealTimeText { typed: t, .. } if t.text == typed).then_some(())
        })
        .await;
    let typed = canaries.words("staff typing");
    tina.wire.send(&FromStaff::RealTimeText {
        session,
        typed: typing(typed.clone()),
    });
    ann.wire
        .wait(|m| matches!(m, ToResident::RealTimeText(t) if t.text == typed).then_some(()))
        .await;
    let said = canaries.words("text");
    ann.says(&said).await;
    tina.reads(session, &said).await;
    let location = place(canaries, "place", 40.748_817_3, -73.985_428_1);
    ann.does(ResidentCommand::Locate { location }).await;
    let contact = canaries.words("given contact");
    ann.does(ResidentCommand::GiveContact { contact }).await;
    let answer = ResidentCommand::AnswerField {
        field: "building".parse().unwrap(),
        value: canaries.words("answer"),
        language: None,
    };
    ann.does(answer).await;
    tina.entry(session, |event| matches!(event, Event::Located { .. }))
        .await;
    let told = canaries.words("staff text");
    tina.says(session, &told).await;
    ann.reads(&told).await;
    let text = canaries.words("note");
    tina.does(session, StaffCommand::Note { text }).await;
    let question = Some(canaries.words("question"));
    let medium = Medium::Photo;
    tina.does(session, StaffCommand::Ask { medium, question })
        .await;
    let set = StaffCommand::SetPriority {
        priority: Priority::LIFE_AT_RISK,
        reason: canaries.words("reason"),
    };
    tina.does(session, set).await;
    let location = place(canaries, "service place", 40.689_249_7, -74.044_500_4);
    let set = StaffCommand::SetServiceLocation {
        location,
        from: None,
    };
    tina.does(session, set).await;
}

/// A photo with a name, a preview, a position inside and a camera.
async fn shows(
    gateway: &Gateway,
    ann: &Resident,
    tina: &Console,
    session: SessionId,
    canaries: &mut Canaries,
) {
    let camera = std::str::from_utf8(pictures::CANARY_TEXT).unwrap();
    canaries.is("camera", camera);
    let bytes = pictures::with_exif(&pictures::jpeg(320, 240), &pictures::exif(6));
    canaries.bytes("photo", &bytes[..48]);
    let photo = announce(ann, bytes.len(), Some(bytes.clone())).await;
    tina.entry(session, |e| *e == Event::PhotoPreviewed { photo })
        .await;
    let uploader = Uploader::new(gateway, &ann.token);
    let name = canaries.words("file name");
    canaries.bytes("file name", name.as_bytes());
    let answer = uploader
        .creates_named(session, photo, bytes.len(), &name)
        .await;
    assert_eq!(answer.status(), 201);
    let path = answer.headers()["location"].to_str().unwrap().to_owned();
    let half = bytes.len() / 2;
    let first = uploader.patch(&path, 0, &bytes[..half]).await;
    assert_eq!(first.status(), 204);
    assert_eq!(uploader.offset(&path).await, half);
    let last = uploader.patch(&path, half, &bytes[half..]).await;
    assert_eq!(last.status(), 204);
    tina.entry(session, |e| matches!(e, Event::PhotoStored { .. }))
        .await;
    tina.does(session, StaffCommand::Reveal { photo }).await;
    let tinas = Uploader::new(gateway, &tina.who.token);
    assert_eq!(tinas.sees(session, photo, "original").await, bytes);
    // One that is none: why is told, what it holds is not.
    let script = canaries.words("no photo");
    let photo = announce(ann, script.len(), None).await;
    let refused = uploader.brings(session, photo, script.as_bytes()).await;
    assert_eq!(refused.status(), 415);
}

/// Live pictures, and an offer that is none.
async fn films(ann: &Resident, tina: &Console, session: SessionId, canaries: &mut Canaries) {
    for medium in [Medium::Video, Medium::Audio] {
        let (granted, ask) = (true, None);
        let consent = ResidentCommand::Consent {
            medium,
            granted,
            ask,
        };
        ann.does(consent).await;
    }
    let id = fresh();
    let sdp = format!("v=0\r\ns={}\r\n", canaries.words("broken offer"));
    ann.wire.send(&FromResident::MediaOffer { id, sdp });
    ann.answer(id).await.expect_err("no offer");
    let mut camera = MediaClient::resident().await;
    canaries.description("offer", &camera.offer);
    let (id, sdp) = (fresh(), camera.offer.clone());
    ann.wire.send(&FromResident::MediaOffer { id, sdp });
    let answer = ann
        .wire
        .wait(|m| match m {
            ToResident::MediaAnswer { id: of, sdp, .. } if *of == id => Some(sdp.clone()),
            _ => None,
        })
        .await;
    canaries.description("answer", &answer);
    camera.answer(&answer);
    let medium = Medium::Video;
    tina.entry(session, |e| *e == Event::MediaStarted { medium })
        .await;
}

/// Frames and requests that cannot be read, each with something inside that a reader may quote.
async fn goes_wrong(
    gateway: &Gateway,
    ann: &Resident,
    tina: &Console,
    (session, encoding): (SessionId, Encoding),
    canaries: &mut Canaries,
) {
    let unreadable = |words: &str| {
        let value = serde_json::json!({"kind": "do", "id": words, "command": words});
        match encoding {
            Encoding::Json => Message::text(value.to_string()),
            Encoding::MessagePack => {
                Message::binary(rmp_serde::to_vec_named(&value).expect("packed"))
            }
        }
    };
    ann.wire
        .send_raw(unreadable(&canaries.words("broken frame")));
    ann.wire
        .wait(|m| matches!(m, ToResident::Error(_)).then_some(()))
        .await;
    tina.wire
        .send_raw(unreadable(&canaries.words("broken staff frame")));
    tina.complaint().await;
    let preview = Some(Bytes(canaries.words("no preview").into_bytes()));
    let command = ResidentCommand::AnnouncePhoto {
        media_type: "image/jpeg".to_owned(),
        size_bytes: 1_000,
        preview,
        age_ms: 0,
    };
    ann.does(command).await;
    ann.entry(|e| matches!(e, Event::PhotoPreviewRefused { .. }))
        .await;
    let token = canaries.words("stolen token").replace(' ', "-");
    canaries.is("stolen token", &token);
    let thief = Uploader::new(gateway, &token);
    assert_eq!(thief.create(session, fresh(), 10).await.status(), 401);
    let wire =
        super::harness::Wire::<FromStaff, ToStaff>::connect(gateway.desk(), "/ws/staff", encoding)
            .await;
    let client = canaries.words("client");
    wire.send(&FromStaff::Hello { client, token });
    wire.closed().await;
    // What is no HTTP ends with a line of its own.
    let mut stream = soon(TcpStream::connect(gateway.address())).await.unwrap();
    let words = format!("{} / HTTP/1.1\r\n\r\n", canaries.words("request"));
    stream.write_all(words.as_bytes()).await.unwrap();
    read_to_close(&mut stream).await;
    // A goodbye has room for words, too.
    let leaving = Resident::connect(gateway.address(), Device::new(), encoding).await;
    leaving.wire.send_raw(Message::Close(Some(CloseFrame {
        code: 1000.into(),
        reason: canaries.words("goodbye").into(),
    })));
    leaving.wire.closed().await;
}

async fn ends(tina: &Console, session: SessionId, canaries: &mut Canaries) {
    let hand_over = StaffCommand::Transfer {
        target: TransferTarget::Queue {
            queue: tina.queues[0].clone(),
        },
        note: canaries.words("transfer note"),
    };
    tina.does(session, hand_over).await;
    tina.takes(session).await;
    let close = StaffCommand::Close {
        disposition: Disposition::HelpSent,
        note: canaries.words("closing note"),
    };
    tina.does(session, close).await;
}
