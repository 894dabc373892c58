//! What answers carry and what they refuse: security headers, caching, origins, unknown paths.

use callbox::config::Server;

use crate::http_client::{Answer, exchange, get, request};
use crate::http_gateway::{Gateway, settings};

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

/// What came back to a page of this origin.
async fn asked(gateway: &Gateway, method: &str, origin: &str, lines: &[&str]) -> Answer {
    let origin = format!("origin: {origin}");
    let lines = [lines, &[origin.as_str(), "content-length: 0"]].concat();
    exchange(gateway.connect().await, &request(method, "/act", &lines)).await
}

#[tokio::test]
async fn a_listed_origins_page_may_ask_and_read_and_no_other() {
    let partner = "https://partner.example:8443";
    let gateway = Gateway::start(&Server {
        allowed_origins: vec![partner.parse().unwrap()],
        ..settings()
    });
    let preflight = [
        "access-control-request-method: PATCH",
        "access-control-request-headers: authorization,tus-resumable,upload-offset",
    ];
    let may = asked(&gateway, "OPTIONS", partner, &preflight).await;
    assert_eq!(may.status, 200);
    assert_eq!(may.header("access-control-allow-origin"), Some(partner));
    let told = |name| may.header(name).unwrap_or_default().to_lowercase();
    assert!(told("access-control-allow-methods").contains("patch"));
    for header in [
        "authorization",
        "content-type",
        "tus-resumable",
        "upload-offset",
    ] {
        assert!(
            told("access-control-allow-headers").contains(header),
            "{header}"
        );
    }
    assert_eq!(may.header("access-control-allow-credentials"), None);
    assert_eq!(may.header("x-content-type-options"), Some("nosniff"));
    for method in ["POST", "PUT"] {
        let answer = asked(&gateway, method, partner, &[]).await;
        assert_eq!(
            answer.header("access-control-allow-origin"),
            Some(partner),
            "{method}: refusals are read, too"
        );
        let read = answer.header("access-control-expose-headers");
        assert!(read.unwrap_or_default().contains("upload-offset"));
        assert!(answer.head.to_lowercase().contains("vary: origin"));
    }
    let own = format!("http://localhost:{}", gateway.address.port());
    for other in [
        "https://partner.example",
        "https://attacker.example",
        "null",
        &own,
    ] {
        for method in ["OPTIONS", "GET", "POST"] {
            let answer = asked(&gateway, method, other, &preflight).await;
            assert!(
                !answer.head.to_lowercase().contains("access-control"),
                "{other} {method}: {}",
                answer.head
            );
            assert!(answer.head.to_lowercase().contains("vary: origin"));
        }
    }
    // What an endpoint can do is asked with the same method, by clients of any kind.
    let discovered = asked(&gateway, "OPTIONS", partner, &[]).await;
    assert_eq!(discovered.status, 405, "it reached the route");
}

#[tokio::test]
async fn where_no_origin_is_listed_no_answer_speaks_of_origins() {
    let gateway = Gateway::start(&settings());
    let answer = asked(&gateway, "POST", "https://partner.example", &[]).await;
    assert_eq!((answer.status, answer.header("vary")), (403, None));
}
