//! Much at once, from whoever likes: texts far too long, connections that never finish their first line, pictures made to burst,
//! scripts in place of photos, tokens that nobody gave or whose time is over, sessions of others, places and times that cannot be. Memory stays.

use callbox_proto::codec::Encoding;
use callbox_proto::command::ResidentCommand;
use callbox_proto::error::ErrorCode;
use callbox_proto::ids::ResidentId;
use callbox_proto::message::{FromResident, ToResident};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::super::harness::{Device, Gateway, Resident, fresh, soon, text};
use super::super::photo_client::{Uploader, announce, problem};
use super::identity::{HOUR_MS, now_ms, own_tokens, tina};
use super::resident_kib;
use super::values::{aged, places};
use crate::pictures;

/// What memory may grow by: far less than one of the texts, or a buffer of 16 KiB for each connection.
const GROWTH_MAX_KIB: u64 = 8 * 1_024;

/// Ten megabytes as one text, each on a link of its own, which is closed for it.
async fn long_texts(gateway: &Gateway, links: usize) {
    let long = "x".repeat(10_000_000);
    for encoding in Encoding::ALL.into_iter().cycle().take(links) {
        let ann = Resident::connect(gateway.address(), Device::new(), encoding).await;
        ann.open("hello").await;
        ann.submit(fresh(), text(&long));
        ann.wire.closed().await;
    }
}

/// So many connections at once that stay in the middle of their first line, and then go.
async fn half_open(gateway: &Gateway, connections: usize) {
    let mut open = Vec::new();
    for _ in 0..connections {
        let mut stream = soon(TcpStream::connect(gateway.address())).await.unwrap();
        let line = format!("GET /{}", "a".repeat(4_000));
        stream.write_all(line.as_bytes()).await.unwrap();
        open.push(stream);
    }
    drop(open);
    // Whoever comes afterwards is served after all of them were looked at.
    let answer = soon(reqwest::get(gateway.url("/api/v1/agency"))).await;
    assert_eq!(answer.unwrap().status(), 200);
}

#[tokio::test]
async fn texts_of_ten_megabytes_and_connections_without_an_end_cost_no_memory() {
    let gateway = Gateway::start().await;
    let bob = gateway.resident().await;
    bob.open("somebody else").await;
    // Once to fill what allocators and caches keep.
    long_texts(&gateway, 4).await;
    half_open(&gateway, 200).await;
    let before = resident_kib(&gateway);
    for _ in 0..4 {
        long_texts(&gateway, 6).await;
        half_open(&gateway, 200).await;
    }
    let after = resident_kib(&gateway);
    assert!(
        after < before + GROWTH_MAX_KIB,
        "{before} KiB, then {after} KiB"
    );
    bob.says("not affected").await;
}

/// What is brought in place of photos, so many, in a session of its own, and how each is refused.
async fn no_photos(gateway: &Gateway, kinds: &[Vec<u8>], number: usize, refusal: (u16, &str)) {
    let ann = gateway.resident().await;
    let session = ann.open("hello").await;
    let anns = Uploader::new(gateway, &ann.token);
    for bytes in kinds.iter().cycle().take(number) {
        let photo = announce(&ann, bytes.len(), None).await;
        let (status, code) = problem(anns.brings(session, photo, bytes).await).await;
        assert_eq!((status, code.as_str()), refusal);
    }
}

/// Where a token is traded for a fresh one.
const TRADE: &str = "/api/v1/sign-in/refresh";

/// Tokens of nobody, each another one, on routes that ask for a resident's, for a person's, and that trade one for another.
async fn bad_tokens(gateway: &Gateway, number: usize) {
    let id = fresh();
    let session = gateway.resident().await.open("hello").await;
    let client = Uploader::new(gateway, "");
    for turn in 0..number {
        let token = format!(
            "eyJhbGciOiJIUzI1NiJ9.{turn}.{}",
            "x".repeat(turn * 80 % 4_000)
        );
        let nobody = client.showing(&token);
        let answer = match turn % 3 {
            0 => nobody.create(session, id, 1_000).await,
            1 => nobody.reads(session, id, "copy").await,
            _ => {
                let asking = nobody.request(reqwest::Method::POST, TRADE).send();
                soon(asking).await.unwrap()
            }
        };
        assert_eq!(problem(answer).await, (401, "token_invalid".to_owned()));
    }
}

/// Tokens of real people whose time is over, each another one, on the same routes.
async fn expired_tokens(gateway: &Gateway, number: u64) {
    let (own, id) = (own_tokens(gateway), fresh());
    let session = gateway.resident().await.open("hello").await;
    let client = Uploader::new(gateway, "");
    for turn in 0..number {
        let given_ms = now_ms() - 3 * HOUR_MS - turn;
        let resident = ResidentId::from_u128(u128::from(turn) + 1).unwrap();
        let answer = match turn % 3 {
            0 => {
                let token = own.upload(resident, given_ms, HOUR_MS).unwrap().token;
                client.showing(&token).create(session, id, 1_000).await
            }
            1 => {
                let token = own.staff(&tina(), given_ms, HOUR_MS).unwrap().token;
                client.showing(&token).reads(session, id, "copy").await
            }
            _ => {
                let token = own.staff(&tina(), given_ms, HOUR_MS).unwrap().token;
                let asking = client.showing(&token).request(reqwest::Method::POST, TRADE);
                soon(asking.send()).await.unwrap()
            }
        };
        assert_eq!(problem(answer).await, (401, "token_expired".to_owned()));
    }
}

/// Whoever asks for another's session, so often: over a link, and with a photo for it.
async fn sessions_of_others(gateway: &Gateway, number: usize) {
    let session = gateway.resident().await.open("hello").await;
    let ben = gateway.resident().await;
    let bens = Uploader::new(gateway, &ben.token);
    for turn in 0..number {
        if turn % 2 == 0 {
            let answer = bens.create(session, fresh(), 1_000).await;
            let refused = (403, "photo_not_announced".to_owned());
            assert_eq!(problem(answer).await, refused);
            continue;
        }
        ben.wire.send(&FromResident::Resume { session, after: 0 });
        let refused = ben.wire.wait(|m| match m {
            ToResident::Error(error) => Some(error.code),
            _ => None,
        });
        assert_eq!(refused.await, ErrorCode::NoSuchSession);
    }
}

/// Places that are nowhere and texts from the future and from long ago, so many, in a session of its own.
async fn what_cannot_be(gateway: &Gateway, number: usize) {
    let ann = gateway.resident().await;
    ann.open("hello").await;
    let located = |(location, code)| (ResidentCommand::Locate { location }, code);
    let mut wishes: Vec<_> = places().into_iter().map(located).collect();
    wishes.push((aged(-1), ErrorCode::TimeInFuture));
    wishes.push((aged(i64::MIN), ErrorCode::TimeInFuture));
    wishes.push((aged(i64::MAX), ErrorCode::TooOld));
    for (wish, code) in wishes.iter().cycle().take(number) {
        assert_eq!(ann.is_refused(wish.clone()).await, *code);
    }
}

#[tokio::test]
async fn bombs_scripts_and_tokens_of_nobody_cost_no_memory() {
    let gateway = Gateway::start().await;
    let bob = gateway.resident().await;
    bob.open("somebody else").await;
    let bombs = [
        pictures::huge_header_png(),
        pictures::huge_header_jpeg(),
        pictures::compressed_bomb_png(12_000, 12_000),
    ];
    let scripts = [
        "<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>",
        "<!DOCTYPE html><script>alert(1)</script>",
        "alert(document.cookie)",
    ];
    let scripts = scripts.map(|script| script.as_bytes().to_vec());
    let (burst, other) = ((422, "photo_too_large"), (415, "photo_type_refused"));
    // Once to fill what allocators and caches keep.
    no_photos(&gateway, &bombs, 3, burst).await;
    no_photos(&gateway, &scripts, 3, other).await;
    bad_tokens(&gateway, 30).await;
    bob.says("not affected").await;
    let before = resident_kib(&gateway);
    for _ in 0..5 {
        no_photos(&gateway, &bombs, 10, burst).await;
        no_photos(&gateway, &scripts, 10, other).await;
        bad_tokens(&gateway, 100).await;
        bob.says("not affected").await;
    }
    let after = resident_kib(&gateway);
    assert!(
        after < before + GROWTH_MAX_KIB,
        "{before} KiB, then {after} KiB"
    );
}

#[tokio::test]
async fn expired_tokens_sessions_of_others_and_what_cannot_be_cost_no_memory() {
    let gateway = Gateway::start().await;
    let bob = gateway.resident().await;
    bob.open("somebody else").await;
    // Once to fill what allocators and caches keep.
    expired_tokens(&gateway, 30).await;
    sessions_of_others(&gateway, 30).await;
    what_cannot_be(&gateway, 30).await;
    let before = resident_kib(&gateway);
    for _ in 0..5 {
        expired_tokens(&gateway, 100).await;
        sessions_of_others(&gateway, 200).await;
        what_cannot_be(&gateway, 300).await;
        bob.says("not affected").await;
    }
    let after = resident_kib(&gateway);
    assert!(
        after < before + GROWTH_MAX_KIB,
        "{before} KiB, then {after} KiB"
    );
}
