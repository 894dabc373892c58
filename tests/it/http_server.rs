//! The public port over plain HTTP, and the admin port: bounds, deadlines, headers, drain, readiness.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::Extension;
use axum::extract::ws::{WebSocket, WebSocketUpgrade};
use axum::routing::{any, get as get_route, post};
use callbox::config;
use callbox::http::admin::{self, AdminServer, Readiness};
use callbox::http::{BindError, Peer, Server, layers, metrics, pages};
use callbox::shutdown::{Drained, Lifecycle};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio_tungstenite::client_async;

use crate::http_client::{PATIENCE, exchange, get, read_to_close, request, soon};

fn settings() -> config::Server {
    config::Server {
        listen: ([127, 0, 0, 1], 0).into(),
        ..config::Server::default()
    }
}

/// A running gateway's HTTP side with a few routes of its own.
struct Gateway {
    address: SocketAddr,
    lifecycle: Lifecycle,
    gate: Arc<callbox::http::gate::Gate>,
    /// Told when a request to `/slow` has arrived.
    arrived: Arc<Notify>,
    /// Lets `/slow` answer.
    release: Arc<Notify>,
}

impl Gateway {
    fn start(settings: &config::Server) -> Self {
        let server = Server::bind(settings).expect("bound");
        let (arrived, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (tell, wait) = (Arc::clone(&arrived), Arc::clone(&release));
        let slow = move || async move {
            tell.notify_one();
            wait.notified().await;
            "done"
        };
        let router = Router::new()
            .route("/slow", get_route(slow))
            .route(
                "/panic",
                get_route(|| async { panic!("planted") as &'static str }),
            )
            .route("/big", get_route(|| async { vec![0_u8; 64 << 20] }))
            .route(
                "/socket",
                any(|upgrade: WebSocketUpgrade| async { upgrade.on_upgrade(echo) }),
            )
            .route("/act", post(|body: String| async move { body }))
            .route(
                "/peer",
                get_route(
                    |Extension(peer): Extension<Peer>| async move { peer.address.to_string() },
                ),
            )
            .merge(pages::router(server.headers()));
        let router = layers::bounded(router, &settings.limits);
        let router = layers::outermost(router, server.headers(), server.origins());
        let lifecycle = Lifecycle::new();
        let (address, gate) = (server.address(), server.gate());
        server.spawn(router, &lifecycle);
        Self {
            address,
            lifecycle,
            gate,
            arrived,
            release,
        }
    }

    async fn connect(&self) -> TcpStream {
        soon(TcpStream::connect(self.address))
            .await
            .expect("connected")
    }

    /// Waits until the gate holds so many connections.
    async fn until_open(&self, count: u64) {
        soon(async {
            while self.gate.open() != count {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
}

async fn echo(mut socket: WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        if socket.send(message).await.is_err() {
            return;
        }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.lifecycle.stop();
        self.lifecycle.stop();
    }
}

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
    assert!(text.ends_with("\"retry\":true}"), "{text}");
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
        answer.text().contains("\"code\":\"deadline\"") && answer.text().contains("\"retry\":true")
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
async fn each_page_comes_with_the_headers_of_its_class() {
    let gateway = Gateway::start(&settings());
    for (path, permissions, trusted_types) in [
        (
            "/",
            "camera=(self), microphone=(self), geolocation=(self)",
            true,
        ),
        ("/console", "camera=(), microphone=(self)", false),
        ("/console/session/1", "camera=(), microphone=(self)", false),
        ("/supervisor", "camera=(), microphone=()", false),
    ] {
        let answer = get(gateway.address, path, &[]).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(
            answer.header("permissions-policy"),
            Some(permissions),
            "{path}"
        );
        let policy = answer.header("content-security-policy").expect("a policy");
        assert_eq!(
            policy.contains("require-trusted-types-for"),
            trusted_types,
            "{path}"
        );
        let socket = format!(" ws://127.0.0.1:{}", gateway.address.port());
        assert!(policy.contains(&socket), "{path}: {policy}");
        assert_eq!(
            answer.header("content-type"),
            Some("text/html; charset=utf-8"),
            "{path}"
        );
        assert!(
            answer.text().contains("cargo xtask web") || answer.header("etag").is_some(),
            "{path}"
        );
    }
}

#[tokio::test]
async fn answers_to_programs_may_not_run_and_are_not_kept() {
    let gateway = Gateway::start(&settings());
    for path in [
        "/peer",
        "/nothing/here",
        "/panic",
        "/assets/unknown.js",
        "/unknown.txt",
    ] {
        let answer = get(gateway.address, path, &[]).await;
        let policy = answer.header("content-security-policy").expect("a policy");
        assert!(policy.starts_with("default-src 'none'"), "{path}: {policy}");
        assert_eq!(
            answer.header("x-content-type-options"),
            Some("nosniff"),
            "{path}"
        );
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
    }
}

#[tokio::test]
async fn an_unknown_asset_is_404_and_never_a_page() {
    let gateway = Gateway::start(&settings());
    for path in [
        "/assets/unknown.js",
        "/assets/..%2f..%2fCargo.toml",
        "/unknown.txt",
        "/a/b/c",
    ] {
        let answer = get(gateway.address, path, &[]).await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(
            answer.text().contains("\"code\":\"not_found\""),
            "{path}: {}",
            answer.text()
        );
    }
}

#[tokio::test]
async fn pages_of_other_origins_can_neither_act_nor_upgrade() {
    let gateway = Gateway::start(&settings());
    let own = format!("origin: http://localhost:{}", gateway.address.port());
    let upgrade = ["upgrade: websocket", "connection: upgrade"];
    let act = async |origin: &[&str]| {
        let lines = [origin, &["content-length: 0"]].concat();
        exchange(gateway.connect().await, &request("POST", "/act", &lines))
            .await
            .status
    };
    assert_eq!(act(&[&own]).await, 200);
    assert_eq!(act(&[]).await, 200, "no browser page: the token decides");
    for other in [
        "origin: null",
        "origin: https://attacker.example",
        "origin: http://localhost",
    ] {
        assert_eq!(act(&[other]).await, 403, "{other}");
        let answer = get(gateway.address, "/peer", &[other, upgrade[0], upgrade[1]]).await;
        assert_eq!(answer.status, 403, "{other}");
        assert!(answer.text().contains("origin_refused"));
        assert_eq!(
            get(gateway.address, "/peer", &[other]).await.status,
            200,
            "reading is the browser's own matter"
        );
    }
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

#[tokio::test]
async fn readiness_is_told_in_words_and_liveness_asks_nobody() {
    let state = Arc::new(Mutex::new(Readiness::Starting(
        "opening the store".to_owned(),
    )));
    let asked = Arc::clone(&state);
    let readiness = Arc::new(move || asked.lock().expect("state").clone());
    let admin = AdminServer::bind(&config::Admin {
        listen: ([127, 0, 0, 1], 0).into(),
        ..config::Admin::default()
    })
    .expect("bound");
    let address = admin.address();
    let lifecycle = Lifecycle::new();
    admin.spawn(
        admin::router(readiness, metrics::install().expect("metrics")),
        lifecycle.hard().clone(),
    );
    for (now, status, words) in [
        (
            Readiness::Starting("opening the store".to_owned()),
            503,
            "starting: opening the store\n",
        ),
        (Readiness::Ready("island".to_owned()), 200, "island\n"),
        (
            Readiness::Draining("3 sessions".to_owned()),
            503,
            "draining: 3 sessions\n",
        ),
        (
            Readiness::Unable("the store cannot be written".to_owned()),
            503,
            "unable: the store cannot be written\n",
        ),
    ] {
        *state.lock().expect("state") = now;
        let answer = get(address, "/readyz", &[]).await;
        assert_eq!((answer.status, answer.text().as_str()), (status, words));
        assert_eq!(get(address, "/livez", &[]).await.status, 200);
    }
    lifecycle.stop();
    let scrape = get(address, "/metrics", &[]).await;
    assert_eq!(scrape.status, 200, "metrics stay through a drain");
    assert!(
        scrape.text().contains("callbox_http_connections_total"),
        "{}",
        scrape.text()
    );
    assert_eq!(get(address, "/", &[]).await.status, 404);
    assert_eq!(
        soon(lifecycle.drained(PATIENCE)).await,
        Drained::Completely,
        "a scrape holds no drain open"
    );
}
