//! Much at once, from whoever likes: texts far too long, and connections that never finish their first line. Memory stays.

use callbox_proto::codec::Encoding;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::super::harness::{Device, Gateway, Resident, fresh, soon, text};
use super::resident_kib;

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
