//! Offers and datagrams that want to do harm.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::*;

/// Mutated offers per run. Each that gets past the limits costs the engine about 5 ms.
const MUTATIONS: usize = 400;

#[tokio::test]
async fn oversized_and_overcrowded_offers_are_refused_before_any_parser() {
    let plane = plane();
    let offer = Client::resident().await.offer;
    let many = |line: &str, n: usize| offer.clone() + &line.repeat(n);
    let hostile = [
        many("a=candidate:1 1 udp 1 10.0.0.1 9 typ host\r\n", 20_000),
        many("a=candidate:1 1 udp 1 10.0.0.1 9 typ host\r\n", 41),
        many("a=rtpmap:99 VP9/90000\r\n", 65),
        many("a=ssrc:1 cname:x\r\n", 65),
        many("m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:x\r\n", 5),
        many("a=x\r\n", 20_000),
        offer.clone() + "a=" + &"y".repeat(1_100),
        "x".repeat(10_000_000),
        String::new(),
        "v=0\r\n".to_owned(),
        "\0\u{1}\u{ffff}".repeat(100),
    ];
    for text in &hostile {
        let refused = plane.publish(ROOM, text, Kinds::BOTH).await;
        let error = refused.expect_err("refused");
        assert!(matches!(error, MediaError::Offer(_)), "{error:?}");
        assert_eq!(error.advice(), Advice::ChangeOffer);
    }
    let now = plane.snapshot();
    assert_eq!((now.rooms, now.peers, now.registered), (0, 0, 0));
    assert_eq!(now.totals.offers_refused, hostile.len() as u64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_mutation_of_a_real_offer_makes_the_plane_fail() {
    let seed: u64 = rand::random();
    eprintln!("seed {seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    let plane = plane();
    let offer = Client::resident().await.offer;
    for n in 0..MUTATIONS {
        let text = mutate(&offer, &mut rng);
        let outcome = tokio::time::timeout(SOON, async {
            if n % 2 == 0 {
                plane.publish(ROOM, &text, Kinds::BOTH).await
            } else {
                plane.watch(ROOM, &text, ViewerRole::Talk).await
            }
        });
        if let Ok(answer) = outcome.await.expect("answered or refused in time") {
            plane.close_peer(answer.peer).await.expect("closed");
        }
    }
    let now = plane.snapshot();
    assert_eq!(now.totals.faults, 0, "{now:?}");
    eventually("nothing is left", || plane.snapshot().registered == 0).await;
}

fn mutate(offer: &str, rng: &mut StdRng) -> String {
    let mut lines: Vec<String> = offer.lines().map(str::to_owned).collect();
    for _ in 0..rng.random_range(1..4) {
        let at = rng.random_range(0..lines.len());
        match rng.random_range(0..5) {
            0 => drop(lines.remove(at)),
            1 => lines.insert(at, lines[at].clone()),
            2 => {
                let other = rng.random_range(0..lines.len());
                lines.swap(at, other);
            }
            3 => lines[at].truncate(rng.random_range(0..8)),
            _ => {
                let mut bytes = lines[at].clone().into_bytes();
                if let Some(byte) = bytes.get_mut(rng.random_range(0..64)) {
                    *byte = rng.random_range(32..127);
                }
                lines[at] = String::from_utf8_lossy(&bytes).into_owned();
            }
        }
    }
    lines.join("\r\n") + "\r\n"
}

#[tokio::test]
async fn strangers_datagrams_do_not_disturb_those_who_talk() {
    let plane = plane();
    let (_resident, _) = publish(&plane, 1).await;
    let (viewer, _) = watch(&plane, ViewerRole::Listen).await;
    viewer.more_video(10).await;
    let seed: u64 = rand::random();
    eprintln!("seed {seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    let stranger = tokio::net::UdpSocket::bind("127.0.0.1:0")
        .await
        .expect("bind");
    let at = plane.candidates()[0];
    let request = super::super::mux::stun::tests::binding_request("nobody:x", true);
    for _ in 0..500 {
        let mut junk = vec![0; rng.random_range(1..1_400)];
        rng.fill(&mut junk[..]);
        stranger.send_to(&junk, at).await.expect("send");
        stranger.send_to(&request, at).await.expect("send");
    }
    eventually("all are counted", || {
        let totals = plane.snapshot().totals;
        totals.unknown_ufrag >= 500 && totals.unknown_ufrag + totals.unknown_source >= 1_000
    })
    .await;
    assert_eq!(viewer.more_video(20).await.gaps, 0);
}

#[tokio::test]
async fn a_peer_that_never_connects_is_closed() {
    tokio::time::timeout(Duration::from_secs(30), async {
        let plane = plane();
        let mut events = plane.events();
        let silent = Client::viewer(false).await;
        let answer = plane
            .watch(ROOM, &silent.offer, ViewerRole::Listen)
            .await
            .expect("watching");
        let reason = CloseReason::NeverConnected;
        heard(&mut events, answer.peer, MediaWhat::Closed { reason }).await;
        eventually("nothing is left", || plane.snapshot().rooms == 0).await;
    })
    .await
    .expect("in time");
}
