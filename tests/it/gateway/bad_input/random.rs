//! Random bytes and damaged messages by the thousand: memory stays, others go on.

use std::path::Path;

use callbox_proto::codec::Encoding;
use callbox_proto::message::{FromResident, FromStaff, ToResident, ToStaff};
use tokio_tungstenite::tungstenite::Message;

use super::super::harness::{Console, Device, Gateway, Resident, Seed, SignedIn, Wire, text};
use super::{frame, resident_kib};

/// Frames of each kind.
const FRAMES: usize = 2_000;
/// On one connection: below the number after which it is closed.
const FRAMES_PER_LINK: usize = 50;
/// What memory may grow by: allocators keep some, a leak of 6 KiB a frame would be more.
const GROWTH_MAX_KIB: u64 = 24 * 1_024;

/// Real messages of one side, from the protocol's own examples.
fn examples(side: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("proto/fixtures")
        .join(side);
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    files
        .iter()
        .map(|file| std::fs::read(file).unwrap())
        .collect()
}

fn encoded(example: &[u8], encoding: Encoding) -> Vec<u8> {
    let example: serde_json::Value = serde_json::from_slice(example).unwrap();
    let value = &example["json"];
    assert!(value["kind"].is_string(), "an example holds a message");
    match encoding {
        Encoding::Json => serde_json::to_vec(value).unwrap(),
        Encoding::MessagePack => rmp_serde::to_vec_named(value).unwrap(),
    }
}

/// Some bytes flipped, cut, doubled or put in.
fn damaged(mut bytes: Vec<u8>, seed: &mut Seed) -> Vec<u8> {
    for _ in 0..seed.between(1, 6) {
        let at = seed.between(0, bytes.len().max(1) as u64) as usize;
        match seed.between(0, 4) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at.min(bytes.len()), seed.next() as u8),
            2 => bytes.extend_from_within(at.min(bytes.len())..),
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << seed.between(0, 8);
                }
            }
        }
    }
    bytes
}

fn random(seed: &mut Seed) -> Vec<u8> {
    let length = seed.between(0, 300);
    (0..length).map(|_| seed.next() as u8).collect()
}

/// The n-th hostile frame.
fn hostile(n: usize, real: &[Vec<u8>], encoding: Encoding, seed: &mut Seed) -> Message {
    let bytes = if n.is_multiple_of(3) {
        random(seed)
    } else {
        let at = seed.between(0, real.len() as u64) as usize;
        damaged(encoded(&real[at], encoding), seed)
    };
    frame(encoding, &bytes)
}

async fn resident_link(gateway: &Gateway, encoding: Encoding) -> Wire<FromResident, ToResident> {
    let ann = Resident::connect(gateway.address(), Device::new(), encoding).await;
    ann.open("hello").await;
    ann.wire
}

async fn staff_link(
    gateway: &Gateway,
    who: &SignedIn,
    encoding: Encoding,
) -> Wire<FromStaff, ToStaff> {
    Console::connect(gateway.address(), who, encoding)
        .await
        .wire
}

/// Waits until a link has worked off all that was sent, or is closed.
async fn worked_off_by_resident(wire: &Wire<FromResident, ToResident>) {
    wire.send(&FromResident::Ping { n: u64::MAX >> 11 });
    let _closed = wire
        .wait_or_close(|m| {
            matches!(m, ToResident::Pong { n, .. } if *n == u64::MAX >> 11).then_some(())
        })
        .await;
}

async fn worked_off_by_staff(wire: &Wire<FromStaff, ToStaff>) {
    wire.send(&FromStaff::Ping { n: u64::MAX >> 11 });
    let _closed = wire
        .wait_or_close(|m| {
            matches!(m, ToStaff::Pong { n, .. } if *n == u64::MAX >> 11).then_some(())
        })
        .await;
}

/// Sends so many hostile frames to both sockets.
async fn attack(gateway: &Gateway, who: &SignedIn, frames: usize, seed: &mut Seed) {
    let (residents, staffs) = (examples("from_resident"), examples("from_staff"));
    let mut sent = 0;
    while sent < frames {
        let encoding = Encoding::ALL[(sent / FRAMES_PER_LINK) % 2];
        let resident = resident_link(gateway, encoding).await;
        let staff = staff_link(gateway, who, encoding).await;
        for _ in 0..FRAMES_PER_LINK.min(frames - sent) {
            resident.send_raw(hostile(sent, &residents, encoding, seed));
            staff.send_raw(hostile(sent, &staffs, encoding, seed));
            sent += 1;
        }
        worked_off_by_resident(&resident).await;
        worked_off_by_staff(&staff).await;
    }
}

#[tokio::test]
async fn thousands_of_hostile_frames_cost_no_memory_and_nobody_else_notices() {
    let mut seed = Seed::printed("hostile frames");
    let gateway = Gateway::start().await;
    let (ann, tina) = (gateway.resident().await, gateway.console("tina").await);
    let session = ann.open("I am real").await;
    tina.takes(session).await;
    tina.follows(session, 0).await;
    let tom = gateway.sign_in("tom").await;
    // Once to fill what allocators and caches keep.
    attack(&gateway, &tom, FRAMES / 4, &mut seed).await;
    let before = resident_kib(&gateway);
    attack(&gateway, &tom, FRAMES, &mut seed).await;
    let after = resident_kib(&gateway);
    assert!(
        after < before + GROWTH_MAX_KIB,
        "{before} KiB, then {after} KiB"
    );
    ann.does(text("still served")).await;
    tina.reads(session, "still served").await;
    assert!(ann.wire.record().closed().is_none() && tina.wire.record().closed().is_none());
    assert!(!gateway.log().contains("panicked"), "{}", gateway.log());
}
