//! The public port over plain HTTP: bounds, deadlines, sockets, drain.

use std::time::Duration;

use callbox::config;
use callbox::http::{BindError, Server};
use callbox::shutdown::Drained;
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio_tungstenite::client_async;

use crate::http_client::{PATIENCE, exchange, get, read_to_close, request, soon};
use crate::http_gateway::{Gateway, settings};

#[tokio::test]
async fn a_client_that_sends_its_head_slowly_is_closed_at_the_deadline() {
    let mut settings = settings();
    settings.limits.header_s = 1;
    let gateway = Gateway::start(&settings);
    let mut slow = gateway.connect().await;
    slow.write_all(b"GET / HTTP/1.1\r\nhost: te")
        .await
        .expect("sent");
    read_to_close(&mut slow).await;
    let mut silent = gateway.connect().await;
    assert!(
        read_to_close(&mut silent).await.is_empty(),
        "who says nothing hears nothing"
    );
    gateway.until_open(0).await;
}

#[tokio::test]
async fn a_request_that_comes_in_pieces_is_answered_with_its_body() {
    let gateway = Gateway::start(&settings());
    let mut stream = gateway.connect().await;
    let request =
        "POST /act HTTP/1.1\r\nhost: test\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello";
    stream.set_nodelay(true).expect("no delay");
    for piece in request.as_bytes().chunks(3) {
        stream.write_all(piece).await.expect("sent");
        tokio::task::yield_now().await;
    }
    let answer = read_to_close(&mut stream).await;
    assert!(answer.starts_with(b"HTTP/1.1 200 ") && answer.ends_with(b"hello"));
}

#[tokio::test]
async fn what_is_no_http_is_answered_at_once() {
    let mut settings = settings();
    settings.limits.header_s = 3600;
    let gateway = Gateway::start(&settings);
    let mut stream = gateway.connect().await;
    stream.write_all(b"\x16\x03\x01").await.expect("sent");
    let answer = read_to_close(&mut stream).await;
    assert!(answer.starts_with(b"HTTP/1.1 400 "));
}

#[tokio::test]
async fn a_drain_lets_go_of_who_has_said_nothing_and_waits_for_a_request_that_was_begun() {
    let mut settings = settings();
    settings.limits.header_s = 3600;
    let gateway = Gateway::start(&settings);
    let (mut silent, mut begun) = (gateway.connect().await, gateway.connect().await);
    begun
        .write_all(b"GET /peer HTTP/1.1\r\n")
        .await
        .expect("sent");
    gateway.until_open(2).await;
    // What was sent before this connection was answered has been read by now.
    assert_eq!(get(gateway.address, "/peer", &[]).await.status, 200);
    gateway.lifecycle.stop();
    assert!(read_to_close(&mut silent).await.is_empty());
    begun.write_all(b"host: test\r\n\r\n").await.expect("sent");
    let answer = read_to_close(&mut begun).await;
    assert!(answer.starts_with(b"HTTP/1.1 200 "));
}

#[tokio::test]
async fn over_the_half_open_bound_the_oldest_is_closed_and_a_newcomer_is_served() {
    let mut settings = settings();
    settings.limits.half_open = 3;
    settings.limits.header_s = 3600;
    let gateway = Gateway::start(&settings);
    let mut oldest = gateway.connect().await;
    gateway.until_open(1).await;
    let _others = [gateway.connect().await, gateway.connect().await];
    gateway.until_open(3).await;
    let answer = get(gateway.address, "/peer", &[]).await;
    assert_eq!(answer.status, 200);
    assert!(read_to_close(&mut oldest).await.is_empty());
}

#[tokio::test]
async fn a_full_node_says_so_and_when_to_come_again() {
    let mut settings = settings();
    settings.limits.connections = 1;
    settings.limits.half_open = 1;
    let gateway = Gateway::start(&settings);
    let first = gateway.connect().await;
    gateway.until_open(1).await;
    let mut second = gateway.connect().await;
    let text = String::from_utf8(read_to_close(&mut second).await).expect("text");
    assert!(
        text.starts_with("HTTP/1.1 503 ") && text.contains("retry-after: 5"),
        "{text}"
    );
    let (head, body) = text.split_once("\r\n\r\n").expect("a body");
    assert!(head.contains(&format!("content-length: {}", body.len())));
    let told: serde_json::Value = serde_json::from_str(body).expect("JSON");
    assert_eq!(
        (&told["code"], &told["retry"]),
        (&"node_full".into(), &"later".into())
    );
    drop(first);
    gateway.until_open(0).await;
    assert_eq!(get(gateway.address, "/peer", &[]).await.status, 200);
}

#[tokio::test]
async fn a_head_over_its_bound_is_answered_431() {
    let gateway = Gateway::start(&settings());
    let long = format!("x-long: {}", "a".repeat(settings().limits.header_bytes));
    assert_eq!(get(gateway.address, "/peer", &[&long]).await.status, 431);
    let many: Vec<_> = (0..=settings().limits.headers)
        .map(|n| format!("x-{n}: 1"))
        .collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    assert_eq!(get(gateway.address, "/peer", &many).await.status, 431);
}

#[tokio::test]
async fn a_body_over_its_bound_is_refused() {
    let gateway = Gateway::start(&settings());
    let line = format!("content-length: {}", settings().limits.body_bytes + 1);
    let answer = exchange(gateway.connect().await, &request("POST", "/act", &[&line])).await;
    assert_eq!(answer.status, 413);
}

#[tokio::test]
async fn a_request_over_its_deadline_is_answered_with_a_code_to_retry() {
    let mut settings = settings();
    settings.limits.request_s = 1;
    let gateway = Gateway::start(&settings);
    let answer = get(gateway.address, "/slow", &[]).await;
    assert_eq!(answer.status, 503);
    assert!(
        answer.text().contains("\"code\":\"deadline\"")
            && answer.text().contains("\"retry\":\"later\"")
    );
}

#[tokio::test]
async fn a_panic_ends_one_request_with_a_code_and_nothing_else() {
    let gateway = Gateway::start(&settings());
    let mut stream = gateway.connect().await;
    let two = format!(
        "GET /panic HTTP/1.1\r\nhost: test\r\n\r\n{}",
        request("GET", "/peer", &[])
    );
    stream.write_all(two.as_bytes()).await.expect("sent");
    let answers = String::from_utf8(read_to_close(&mut stream).await).expect("text");
    assert!(
        answers.starts_with("HTTP/1.1 500") && answers.contains("\"code\":\"internal\""),
        "{answers}"
    );
    let peer = stream.local_addr().map(|own| own.to_string());
    assert!(
        peer.is_ok_and(|own| answers.ends_with(&own)),
        "the same connection goes on: {answers}"
    );
}

#[tokio::test]
async fn a_client_that_does_not_read_its_answer_is_closed() {
    let mut settings = settings();
    settings.limits.write_stall_s = 1;
    let gateway = Gateway::start(&settings);
    let mut deaf = gateway.connect().await;
    deaf.write_all(request("GET", "/big", &[]).as_bytes())
        .await
        .expect("sent");
    gateway.until_open(1).await;
    gateway.until_open(0).await;
}

#[tokio::test]
async fn an_upgraded_socket_keeps_its_place_until_it_ends() {
    let gateway = Gateway::start(&settings());
    let url = format!("ws://{}/socket", gateway.address);
    let (mut socket, _) = soon(client_async(url, gateway.connect().await))
        .await
        .expect("upgraded");
    socket.send("one".into()).await.expect("sent");
    let back = soon(socket.next())
        .await
        .expect("a message")
        .expect("whole");
    assert_eq!(back.into_text().expect("text").as_str(), "one");
    assert_eq!((gateway.gate.open(), gateway.gate.half_open()), (1, 0));
    drop(socket);
    gateway.until_open(0).await;
}

#[tokio::test]
async fn a_drain_leaves_sockets_to_those_who_took_them() {
    let gateway = Gateway::start(&settings());
    let url = format!("ws://{}/socket", gateway.address);
    let (mut socket, _) = soon(client_async(url, gateway.connect().await))
        .await
        .expect("upgraded");
    gateway.lifecycle.stop();
    assert_eq!(
        soon(gateway.lifecycle.drained(PATIENCE)).await,
        Drained::Completely
    );
    socket.send("still here".into()).await.expect("sent");
    assert!(
        soon(socket.next())
            .await
            .is_some_and(|message| message.is_ok())
    );
}

#[tokio::test]
async fn handlers_see_who_is_on_the_other_end() {
    let gateway = Gateway::start(&settings());
    let stream = gateway.connect().await;
    let own = stream.local_addr().expect("an address").to_string();
    assert_eq!(
        exchange(stream, &request("GET", "/peer", &[])).await.text(),
        own
    );
}

#[tokio::test]
async fn a_drain_finishes_the_running_request_and_takes_no_new_connection() {
    let gateway = Gateway::start(&settings());
    let address = gateway.address;
    let running = tokio::spawn(async move { get(address, "/slow", &[]).await });
    soon(gateway.arrived.notified()).await;
    let mut idle = gateway.connect().await;
    gateway.until_open(2).await;
    gateway.lifecycle.stop();
    read_to_close(&mut idle).await;
    gateway.until_open(1).await;
    soon(async { while TcpStream::connect(address).await.is_ok() {} }).await;
    gateway.release.notify_one();
    let answer = soon(running).await.expect("joined");
    assert_eq!((answer.status, answer.text().as_str()), (200, "done"));
    assert_eq!(
        soon(gateway.lifecycle.drained(PATIENCE)).await,
        Drained::Completely
    );
}

#[tokio::test]
async fn a_drain_that_takes_too_long_cuts_what_is_open() {
    let gateway = Gateway::start(&settings());
    let mut stuck = gateway.connect().await;
    stuck
        .write_all(request("GET", "/slow", &[]).as_bytes())
        .await
        .expect("sent");
    soon(gateway.arrived.notified()).await;
    gateway.lifecycle.stop();
    let outcome = gateway.lifecycle.drained(Duration::from_millis(10)).await;
    assert_eq!(outcome, Drained::AtDeadline);
    assert!(read_to_close(&mut stuck).await.is_empty());
}

#[tokio::test]
async fn plain_http_beyond_loopback_does_not_start() {
    let settings = config::Server {
        listen: ([0, 0, 0, 0], 0).into(),
        ..config::Server::default()
    };
    assert!(matches!(
        Server::bind(&settings),
        Err(BindError::PlainBeyondLoopback(_))
    ));
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let address = taken.local_addr().expect("an address");
    let settings = config::Server {
        listen: address,
        ..config::Server::default()
    };
    let error = Server::bind(&settings).err().expect("refused").to_string();
    assert!(
        error.contains(&format!("cannot listen on {address}")),
        "{error}"
    );
}
