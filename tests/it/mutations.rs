//! Damaged bytes at every door of the gateway, by the thousand: none of them fails. The same doors are fuzzed for longer (`fuzz/`).
//!
//! What is sent over sockets is in `gateway::bad_input`; pictures in the worker process are in `photos::mutations`.

use std::path::Path;

use callbox::probes::{ALL, good_tokens};
use callbox_domain::session::Session;
use callbox_proto::codec::Encoding;
use callbox_proto::event::Stored;
use callbox_proto::message::{FromResident, FromResponder, FromStaff};
use image::ImageFormat;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::gateway::harness::Seed;
use crate::gateway::media_client::MediaClient;
use crate::pictures;

/// Damaged inputs of each door; pictures are dearer.
const INPUTS: usize = 4_000;
const PICTURES: usize = 400;
/// Most places damaged in one input.
const DAMAGES_MAX: u64 = 6;

/// The examples of a folder, in the order of their names.
fn folder<T: DeserializeOwned>(path: &str) -> Vec<T> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("a folder")
        .map(|file| file.expect("a file").path())
        .collect();
    files.sort();
    let read = |file: &std::path::PathBuf| {
        let text = std::fs::read(file).expect("read");
        let mut example: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
        serde_json::from_value(example["json"].take()).expect("an example")
    };
    files.iter().map(read).collect()
}

/// The protocol's own examples in both encodings.
fn frames<T: Serialize + DeserializeOwned>(side: &str) -> Vec<Vec<u8>> {
    let messages: Vec<T> = folder(&format!("proto/fixtures/{side}"));
    let encoded = |encoding: Encoding| {
        let encode = move |message: &T| encoding.encode(message).expect("encoded");
        messages.iter().map(encode).collect::<Vec<_>>()
    };
    Encoding::ALL.into_iter().flat_map(encoded).collect()
}

/// Entries as they stand in the log, and a state as it stands in the index.
fn stored() -> Vec<Vec<u8>> {
    let entries: Vec<Stored> = folder("proto/fixtures/stored");
    let mut state = entries.iter().find_map(Session::begin).expect("an opening");
    for (seq, entry) in (2..).zip(&entries) {
        state.apply(seq, entry);
    }
    let encode = |entry| rmp_serde::to_vec_named(entry).expect("encoded");
    let mut stored: Vec<_> = entries.iter().map(encode).collect();
    stored.push(rmp_serde::to_vec_named(&state).expect("encoded"));
    stored
}

fn stun() -> Vec<Vec<u8>> {
    let name = b"ours:theirs!";
    let mut request = vec![0x00, 0x01, 0x00, 20, 0x21, 0x12, 0xa4, 0x42];
    request.extend([7; 12]);
    request.extend([0x00, 0x06, 0x00, name.len() as u8]);
    request.extend(name);
    request.extend([0x00, 0x25, 0x00, 0x00]);
    vec![request]
}

fn tokens() -> Vec<Vec<u8>> {
    let now = std::time::SystemTime::now();
    let now_ms = now
        .duration_since(std::time::UNIX_EPOCH)
        .expect("after 1970")
        .as_millis() as u64;
    let who = callbox::auth::StaffIdentity {
        agency: "demo.example".parse().expect("a name"),
        staff: "tina".parse().expect("a name"),
        name: "Tina".to_owned(),
        role: callbox_proto::vocabulary::Role::Telecommunicator,
        by: callbox::auth::SignedInBy::Passphrase,
    };
    let resident = callbox_proto::ids::ResidentId::from_u128(5).expect("an id");
    let hour_ms = 3_600_000;
    let tokens = good_tokens();
    let staff = tokens.staff(&who, now_ms, hour_ms).expect("a token");
    let upload = tokens.upload(resident, now_ms, hour_ms).expect("a token");
    vec![staff.token.into_bytes(), upload.token.into_bytes()]
}

fn headers() -> Vec<Vec<u8>> {
    let head = "authorization: Bearer abc.def.ghi\nupload-length: 2345678\nupload-offset: 0\ncontent-length: 100\n\
        content-type: application/offset+octet-stream\ntus-resumable: 1.0.0\nupload-checksum: sha256 3q2+7w==\n\
        upload-metadata: photo N2IyZjBhNTFjOWQ4NGUzZmE2YjE1YzAyZDk3ZThmMDI=,\
        session NWUxZDdhOTBiM2MyNDZmOGExZTA1ZDdjOWI4MmYzNDY=,filename eC5qcGc=\n";
    vec![head.as_bytes().to_vec()]
}

fn picture_files() -> Vec<Vec<u8>> {
    let scene = pictures::scene(96, 64);
    vec![
        pictures::jpeg(96, 64),
        pictures::png(96, 64),
        pictures::webp(96, 64),
        pictures::encoded(
            image::DynamicImage::from(scene).to_rgb16(),
            ImageFormat::Png,
        ),
    ]
}

async fn examples(door: &str) -> Vec<Vec<u8>> {
    match door {
        "resident_frame" => frames::<FromResident>("from_resident"),
        "staff_frame" => frames::<FromStaff>("from_staff"),
        "responder_frame" => frames::<FromResponder>("from_responder"),
        "offer" => vec![
            MediaClient::resident().await.offer.into_bytes(),
            MediaClient::viewer(true).await.offer.into_bytes(),
        ],
        "stun" => stun(),
        "token" => tokens(),
        "request_head" => vec![
            b"GET /ws/resident HTTP/1.1\r\nhost: report.example\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\r\n".to_vec(),
            b"\r\nPOST /api/v1/sign-in HTTP/1.1\nhost: report.example\ncontent-length: 2\n\n{}".to_vec(),
        ],
        "upload_headers" => headers(),
        "claimed_place" => vec![pictures::with_exif(
            &pictures::jpeg(32, 32),
            &pictures::exif(6),
        )],
        "picture" => picture_files(),
        "stored" => stored(),
        "rules" => vec![std::fs::read("config/triage.toml").expect("rules")],
        "config" => vec![std::fs::read("config/callbox.toml").expect("a configuration")],
        other => panic!("no examples for {other}"),
    }
}

/// Some bytes flipped, set, cut, doubled, put in, or taken from another example.
fn damaged(mut bytes: Vec<u8>, other: &[u8], seed: &mut Seed) -> Vec<u8> {
    for _ in 0..seed.between(1, DAMAGES_MAX + 1) {
        let at = seed.between(0, bytes.len().max(1) as u64) as usize;
        match seed.between(0, 7) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at.min(bytes.len()), seed.next() as u8),
            2 => bytes.extend_from_within(at.min(bytes.len())..),
            3 => {
                let from = seed.between(0, other.len().max(1) as u64) as usize;
                bytes.truncate(at);
                bytes.extend_from_slice(other.get(from..).unwrap_or_default());
            }
            4 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = [0, 1, 0x7f, 0x80, 0xff][seed.between(0, 5) as usize];
                }
            }
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << seed.between(0, 8);
                }
            }
        }
    }
    bytes
}

#[tokio::test]
async fn no_damaged_input_makes_any_door_fail() {
    let mut seed = Seed::printed("no_damaged_input_makes_any_door_fail");
    for door in ALL {
        let examples = examples(door.name).await;
        for example in &examples {
            assert!((door.read)(example), "{} takes its examples", door.name);
        }
        let inputs = if door.name == "picture" {
            PICTURES
        } else {
            INPUTS
        };
        let mut seed = seed.split();
        for input in 0..inputs {
            let pick = |seed: &mut Seed| seed.between(0, examples.len() as u64) as usize;
            let (one, other) = (pick(&mut seed), pick(&mut seed));
            let bytes = damaged(examples[one].clone(), &examples[other], &mut seed);
            let read = std::panic::catch_unwind(|| (door.read)(&bytes));
            // Decoders of pictures may give up in their own way: the worker process is there for that.
            let may_fail = door.name == "picture";
            assert!(may_fail || read.is_ok(), "{}, input {input}", door.name);
        }
    }
}
