//! Datagrams at one port: by which name or address each finds its peer, and what a stranger costs.
//!
//! Owns: the mux on a real socket of this machine, with requests made by hand. Must not: start the engine: whole connections are in
//! `media/tests`. Called by: `cargo test`.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::time::timeout;

use super::stun::tests::binding_request;
use super::*;

const SOON: Duration = Duration::from_secs(5);

struct Bench {
    mux: Mux,
    counters: Arc<Counters>,
    at: SocketAddr,
    _stop: tokio_util::sync::DropGuard,
}

impl Bench {
    fn port(&self, ufrag: &str) -> Arc<Port> {
        let port = self.mux.port();
        port.name(ufrag);
        port
    }
}

fn bench() -> Bench {
    let config = MediaConfig::on("127.0.0.1:0".parse().expect("address"));
    let (counters, stop) = (Arc::new(Counters::default()), CancellationToken::new());
    let mux = Mux::open(&config, &counters, &stop, &TaskTracker::new()).expect("open");
    let at = mux.candidates()[0];
    Bench {
        mux,
        counters,
        at,
        _stop: stop.drop_guard(),
    }
}

async fn client(at: SocketAddr) -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("bind");
    socket.connect(at).await.expect("connect");
    socket
}

async fn next(end: &PortEnd) -> Vec<u8> {
    let datagram = timeout(SOON, poll_fn(|cx| end.poll_recv(cx))).await;
    datagram.expect("in time").expect("open").1.to_vec()
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let all = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(SOON, all).await.expect(what);
}

#[tokio::test]
async fn the_first_request_finds_its_peer_by_name_and_the_rest_by_address() {
    let bench = bench();
    let (one, two) = (bench.port("one"), bench.port("two"));
    let (one, two) = (
        one.take_end(true).map(|e| (one, e)).expect("end"),
        two.take_end(true).map(|e| (two, e)).expect("end"),
    );
    let (a, b) = (client(bench.at).await, client(bench.at).await);
    a.send(&binding_request("one:x", false))
        .await
        .expect("send");
    b.send(&binding_request("two:x", false))
        .await
        .expect("send");
    next(&one.1).await;
    next(&two.1).await;
    a.send(&[0x80, 1, 1]).await.expect("send");
    b.send(&[0x80, 2, 2]).await.expect("send");
    assert_eq!(next(&one.1).await, [0x80, 1, 1]);
    assert_eq!(next(&two.1).await, [0x80, 2, 2]);
}

#[tokio::test]
async fn unknown_names_and_random_datagrams_are_ignored_and_counted() {
    let bench = bench();
    let stranger = client(bench.at).await;
    for n in 0..50u8 {
        stranger
            .send(&binding_request("nobody:x", true))
            .await
            .expect("send");
        stranger.send(&[n; 64]).await.expect("send");
    }
    until("all counted", || bench.counters.datagrams_in.get() == 100).await;
    assert_eq!(bench.counters.unknown_ufrag.get(), 50);
    assert_eq!(bench.counters.unknown_source.get(), 50);
    assert_eq!(bench.mux.flows(), 0, "a stranger costs no memory");
}

#[tokio::test]
async fn a_live_address_is_not_taken_over_by_another_peers_name() {
    let bench = bench();
    let (one, two) = (bench.port("one"), bench.port("two"));
    let end = one.take_end(true).expect("end");
    let a = client(bench.at).await;
    a.send(&binding_request("one:x", false))
        .await
        .expect("send");
    next(&end).await;
    a.send(&binding_request("two:x", false))
        .await
        .expect("send");
    a.send(&[0x80, 7]).await.expect("send");
    assert_eq!(next(&end).await, [0x80, 7]);
    drop(two);
}

#[tokio::test]
async fn the_addresses_of_one_peer_are_bounded() {
    let bench = bench();
    let port = bench.port("one");
    let end = port.take_end(true).expect("end");
    for _ in 0..3 * route::MAX_ADDRESSES {
        let roaming = client(bench.at).await;
        roaming
            .send(&binding_request("one:x", false))
            .await
            .expect("send");
        next(&end).await;
    }
    assert!(bench.mux.flows() <= route::MAX_ADDRESSES);
}

#[tokio::test]
async fn a_closed_port_leaves_nothing_behind() {
    let bench = bench();
    let port = bench.port("one");
    let end = port.take_end(true).expect("end");
    let a = client(bench.at).await;
    a.send(&binding_request("one:x", false))
        .await
        .expect("send");
    next(&end).await;
    port.close();
    assert_eq!((bench.mux.registered(), bench.mux.flows()), (0, 0));
    assert!(
        timeout(SOON, poll_fn(|cx| end.poll_recv(cx)))
            .await
            .expect("in time")
            .is_none()
    );
}

#[tokio::test]
async fn after_a_restart_the_old_name_still_works_and_the_one_before_does_not() {
    let bench = bench();
    let port = bench.port("one");
    let end = port.take_end(true).expect("end");
    let a = client(bench.at).await;
    for (name, known) in [("two", 2), ("three", 2)] {
        port.name(name);
        assert_eq!(bench.mux.registered(), known);
    }
    for name in ["three:x", "two:x"] {
        a.send(&binding_request(name, false)).await.expect("send");
        next(&end).await;
    }
    a.send(&binding_request("one:x", false))
        .await
        .expect("send");
    until("counted", || bench.counters.unknown_ufrag.get() == 1).await;
}
