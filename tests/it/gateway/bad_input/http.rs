//! Hostile requests on every route.

use callbox_domain::access::Route;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::super::harness::{Gateway, soon};
use crate::http_client::{Answer, exchange, get, read_to_close, request};

const METHODS: [&str; 8] = [
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE",
];

/// What stands in for the parts of a path.
const SEGMENTS: [&str; 7] = [
    "x",
    "00000000000000000000000000000000",
    "7b2f0a51c9d84e3fa6b15c02d97e8f06",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "%00",
    "%ff%fe",
    "'%20or%201=1--",
];

async fn ask(gateway: &Gateway, method: &str, path: &str, lines: &[&str], body: &str) -> Answer {
    let stream = soon(TcpStream::connect(gateway.address())).await.unwrap();
    let length = format!("content-length: {}", body.len());
    let lines: Vec<_> = lines.iter().copied().chain([length.as_str()]).collect();
    exchange(stream, &format!("{}{body}", request(method, path, &lines))).await
}

fn paths(route: Route) -> Vec<String> {
    let fill = |segment: &str| {
        let parts = route.path().split('/');
        let parts = parts.map(|part| match part.starts_with('{') {
            true => segment,
            false => part,
        });
        parts.collect::<Vec<_>>().join("/")
    };
    let mut paths: Vec<_> = SEGMENTS.iter().map(|segment| fill(segment)).collect();
    paths.dedup();
    paths
}

/// Where no agency answers stands a page for people.
fn is_page(path: &str, answer: &Answer) -> bool {
    let html = answer.header("content-type") == Some("text/html; charset=utf-8");
    answer.status == 404 && path.starts_with("/a/") && html
}

/// A refusal has the one shape of all refusals; `HEAD` has no body.
fn is_told_in_our_shape(method: &str, answer: &Answer) -> bool {
    if answer.status < 400 || method == "HEAD" {
        return true;
    }
    let told: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    answer.header("content-type") == Some("application/problem+json")
        && told["status"] == answer.status
        && told["code"].is_string()
        && matches!(
            told["retry"].as_str(),
            Some("never" | "after_change" | "later")
        )
        && told["message"].is_string()
}

#[tokio::test]
async fn no_request_on_any_route_breaks_anything() {
    let gateway = Gateway::start().await;
    let ann = gateway.resident().await;
    ann.open("hello").await;
    let headers = [
        "authorization: Bearer x",
        "tus-resumable: 1.0.0",
        "upload-length: 99999999999999999999",
        "upload-offset: -1",
        "upload-metadata: photo !!!,session ==",
        "content-type: application/json",
        "range: bytes=0-18446744073709551615",
    ];
    let mut shapeless = Vec::new();
    for route in Route::ALL {
        for path in paths(*route) {
            for method in METHODS {
                let answer = ask(&gateway, method, &path, &headers, "{\"a\":[[[[").await;
                assert!(answer.status < 500, "{method} {path}: {}", answer.head);
                if !is_told_in_our_shape(method, &answer) && !is_page(&path, &answer) {
                    shapeless.push(format!("{method} {path}: {}", answer.status));
                }
            }
        }
    }
    assert!(shapeless.is_empty(), "{shapeless:#?}");
    ann.says("nothing happened").await;
}

#[tokio::test]
async fn a_sign_in_that_is_none_is_refused_with_a_code() {
    let gateway = Gateway::start().await;
    let deep = "[".repeat(50_000);
    let long = format!(
        r#"{{"agency":"demo.example","name":"tina","passphrase":"{}"}}"#,
        "x".repeat(200_000)
    );
    let bodies = [
        ("", "malformed_message"),
        ("null", "malformed_message"),
        ("{}", "malformed_message"),
        (deep.as_str(), "malformed_message"),
        (
            r#"{"agency":"../..","name":"tina","passphrase":"x"}"#,
            "malformed_message",
        ),
        (
            r#"{"agency":"demo.example","name":"tina","passphrase":"x"}"#,
            "sign_in_refused",
        ),
        (
            r#"{"agency":"other.example","name":"tina","passphrase":"x"}"#,
            "no_such_agency",
        ),
        (
            r#"{"agency":"demo.example","name":"nobody","passphrase":"x"}"#,
            "sign_in_refused",
        ),
        (long.as_str(), "sign_in_refused"),
    ];
    for (body, code) in bodies {
        let json = ["content-type: application/json"];
        let answer = ask(&gateway, "POST", "/api/v1/sign-in", &json, body).await;
        assert!(is_told_in_our_shape("POST", &answer), "{}", answer.text());
        let told: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(told["code"], code, "{:.80}", body);
        assert!(told["number"].is_number());
    }
}

#[tokio::test]
async fn somebody_who_guesses_is_told_to_wait_and_nobody_else_is_kept_out() {
    let gateway = Gateway::start().await;
    let json = ["content-type: application/json"];
    let mut codes = Vec::new();
    // Each wrong try over five waits longer than the last: with the tenth the pause is longer than the tries take.
    while codes.last().is_none_or(|code| code != "sign_in_slowed") && codes.len() < 20 {
        let body = r#"{"agency":"demo.example","name":"tina","passphrase":"x"}"#;
        let answer = ask(&gateway, "POST", "/api/v1/sign-in", &json, body).await;
        assert!(is_told_in_our_shape("POST", &answer), "{}", answer.text());
        let told: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        let code = told["code"].as_str().unwrap().to_owned();
        if code == "sign_in_slowed" {
            assert_eq!((answer.status, &told["retry"]), (429, &"later".into()));
            assert!(told["after_ms"].is_number());
        }
        codes.push(code);
    }
    let (last, before) = codes.split_last().unwrap();
    assert_eq!(last, "sign_in_slowed");
    assert!(before.len() >= 5, "{before:?}");
    assert!(before.iter().all(|code| code == "sign_in_refused"));
    let tom = gateway.sign_in("tom").await;
    assert_eq!(tom.name, "tom");
}

#[tokio::test]
async fn a_body_over_its_bound_is_not_read() {
    let gateway = Gateway::start().await;
    let body = "x".repeat(300_000);
    let json = ["content-type: application/json"];
    let answer = ask(&gateway, "POST", "/api/v1/sign-in", &json, &body).await;
    assert!((400..500).contains(&answer.status), "{}", answer.head);
    assert!(is_told_in_our_shape("POST", &answer), "{}", answer.text());
    assert_eq!(
        get(gateway.address(), "/api/v1/agency", &[]).await.status,
        200
    );
}

#[tokio::test]
async fn sockets_are_for_clients_of_the_protocol_on_pages_of_ours() {
    let gateway = Gateway::start().await;
    let upgrade = [
        "upgrade: websocket",
        "sec-websocket-version: 13",
        "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==",
    ];
    for path in ["/ws/resident", "/ws/staff"] {
        for protocol in ["", "chat", "callbox.v2.json", "callbox.v1.jso"] {
            let line = format!("sec-websocket-protocol: {protocol}");
            let lines: Vec<_> = upgrade.iter().copied().chain([line.as_str()]).collect();
            let stream = soon(TcpStream::connect(gateway.address())).await.unwrap();
            let ask = request("GET", path, &lines)
                .replace("connection: close", "connection: upgrade, close");
            let answer = exchange(stream, &ask).await;
            assert_eq!(answer.status, 400, "{protocol:?}");
            assert!(is_told_in_our_shape("GET", &answer), "{}", answer.text());
        }
        let ours = "sec-websocket-protocol: callbox.v1.json";
        for origin in [
            "https://evil.example",
            "null",
            "http://127.0.0.1.evil.example",
        ] {
            let line = format!("origin: {origin}");
            let lines: Vec<_> = upgrade
                .iter()
                .copied()
                .chain([ours, line.as_str()])
                .collect();
            let stream = soon(TcpStream::connect(gateway.address())).await.unwrap();
            let ask = request("GET", path, &lines)
                .replace("connection: close", "connection: upgrade, close");
            let answer = exchange(stream, &ask).await;
            assert_eq!(answer.status, 403, "{origin}");
            assert!(is_told_in_our_shape("GET", &answer), "{}", answer.text());
        }
    }
}

#[tokio::test]
async fn what_is_no_http_ends_its_own_connection_only() {
    let gateway = Gateway::start().await;
    let ann = gateway.resident().await;
    ann.open("hello").await;
    let long = format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(100_000));
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(500));
    let texts: [&[u8]; 8] = [
        b"\r\n\r\n\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost\r\n\r\n",
        b"POST /api/v1/sign-in HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello",
        b"POST /api/v1/sign-in HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        long.as_bytes(),
        many.as_bytes(),
    ];
    for text in texts {
        let mut stream = soon(TcpStream::connect(gateway.address())).await.unwrap();
        // The other side may be gone before all of it is sent.
        let _sent = stream.write_all(text).await;
        let _sent = stream.shutdown().await;
        let answer = read_to_close(&mut stream).await;
        assert!(!answer.starts_with(b"HTTP/1.1 5") && !answer.starts_with(b"HTTP/1.1 2"));
    }
    ann.says("nothing happened").await;
}
