//! Much at once, from whoever likes: texts far too long, connections that never finish their first line, pictures made to burst,
//! scripts in place of photos, tokens that nobody gave. Memory stays.

use callbox_proto::codec::Encoding;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::super::harness::{Device, Gateway, Resident, fresh, soon, text};
use super::super::photo_client::{Uploader, announce, problem};
use super::resident_kib;
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
