//! The security headers of each class of answer. They are made once at start and copied into every answer.
//!
//! Owns: which headers belong to which class, and the content policy. Must not: know routes. Called by: `server`, which makes them; `pages` and
//! `layers`, which put them on.

use std::collections::BTreeSet;

use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue};

use super::Origins;
use crate::config::{Server, TlsMode, WebOrigin};

/// Two years, as browsers' preload lists ask for.
const HSTS: &str = "max-age=63072000";

const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

/// Which rules an answer lives under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageClass {
    /// The resident page and sign-in: Trusted Types, own camera, microphone and place.
    Resident,
    /// The dispatch console: a microphone to talk, no camera. It has a map, which does not work under Trusted Types.
    Console,
    /// The supervisor dashboard: watches only.
    Supervisor,
    /// The page of a responder: watches only, under Trusted Types, because it has no map.
    Responder,
    /// Scripts, styles, fonts and pictures.
    Asset,
    /// Answers to programs: nothing in them may run or be framed, and nothing is kept.
    Api,
}

/// The headers of all classes.
#[derive(Debug, Clone)]
pub struct SecurityHeaders {
    resident: HeaderMap,
    console: HeaderMap,
    supervisor: HeaderMap,
    responder: HeaderMap,
    asset: HeaderMap,
    api: HeaderMap,
}

impl SecurityHeaders {
    /// From the configuration, the origins of this gateway and those that the maps of its people fetch tiles from. Pages without a map
    /// may fetch from none of these.
    #[must_use]
    pub fn new(server: &Server, origins: &Origins, tiles: &[WebOrigin]) -> Self {
        let base = content_policy(origins, &[]);
        let with_map = content_policy(origins, tiles);
        let trusted_types = format!(
            "{base}; require-trusted-types-for 'script'; trusted-types svelte-trusted-html callbox-worker"
        );
        let everywhere = on_every_answer(server);
        let with = |policy: &str, permissions: Option<&'static str>| {
            let mut headers = everywhere.clone();
            insert(&mut headers, CONTENT_SECURITY_POLICY, policy);
            if let Some(permissions) = permissions {
                headers.insert(PERMISSIONS_POLICY, HeaderValue::from_static(permissions));
            }
            headers
        };
        let mut api = with("default-src 'none'; frame-ancestors 'none'; sandbox", None);
        api.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Self {
            resident: with(
                &trusted_types,
                Some("camera=(self), microphone=(self), geolocation=(self)"),
            ),
            console: with(&with_map, Some("camera=(), microphone=(self)")),
            supervisor: with(&with_map, Some("camera=(), microphone=()")),
            responder: with(
                &trusted_types,
                Some("camera=(), microphone=(), geolocation=()"),
            ),
            asset: with(&base, None),
            api,
        }
    }

    /// The headers of a class.
    #[must_use]
    pub fn of(&self, class: PageClass) -> &HeaderMap {
        match class {
            PageClass::Resident => &self.resident,
            PageClass::Console => &self.console,
            PageClass::Supervisor => &self.supervisor,
            PageClass::Responder => &self.responder,
            PageClass::Asset => &self.asset,
            PageClass::Api => &self.api,
        }
    }

    /// Puts the headers of a class into an answer; those that are there already stay.
    pub fn apply(&self, class: PageClass, answer: &mut HeaderMap) {
        for (name, value) in self.of(class) {
            if !answer.contains_key(name) {
                answer.insert(name.clone(), value.clone());
            }
        }
    }
}

fn on_every_answer(server: &Server) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // Not with a self-signed certificate: the browser would no longer let anyone past its warning.
    if server.tls.mode == TlsMode::Files {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(HSTS));
    }
    headers
}

fn content_policy(origins: &Origins, tiles: &[WebOrigin]) -> String {
    let tiles: BTreeSet<&WebOrigin> = tiles.iter().collect();
    let tiles: String = tiles.iter().map(|origin| format!(" {origin}")).collect();
    // Older browsers do not count the socket of the own origin as 'self', so it is named. A content policy has no form for
    // IPv6 addresses: those are left to 'self'.
    let sockets: String = origins
        .own()
        .map(|origin| format!(" {}", origin.socket_origin()))
        .filter(|origin| !origin.contains('['))
        .collect();
    format!(
        "default-src 'self'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' blob: data:; \
         media-src 'self' blob:; connect-src 'self'{sockets}{tiles}; worker-src 'self' blob:; object-src 'none'; \
         base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
}

fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    // Origins are checked when the configuration is read: letters, digits and a few signs only.
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(server: &Server) -> SecurityHeaders {
        SecurityHeaders::new(server, &Origins::new(server, server.listen), &[])
    }

    #[test]
    fn a_content_policy_names_no_ipv6_address_because_browsers_refuse_it() {
        let headers = headers(&Server::default());
        let policy = text(&headers, PageClass::Console, "content-security-policy").unwrap();
        assert!(policy.contains("ws://127.0.0.1:8911"), "{policy}");
        assert!(!policy.contains('['), "{policy}");
    }

    fn text<'h>(headers: &'h SecurityHeaders, class: PageClass, name: &str) -> Option<&'h str> {
        headers
            .of(class)
            .get(name)
            .and_then(|value| value.to_str().ok())
    }

    const PAGES: [PageClass; 4] = [
        PageClass::Resident,
        PageClass::Console,
        PageClass::Supervisor,
        PageClass::Responder,
    ];

    #[test]
    fn every_page_runs_only_what_it_was_shipped_with() {
        let headers = headers(&Server::default());
        for class in PAGES {
            let policy = text(&headers, class, "content-security-policy").expect("a policy");
            assert!(policy.starts_with(
                "default-src 'self'; script-src 'self'; style-src 'self'; font-src 'self'; \
                 img-src 'self' blob: data:; media-src 'self' blob:; connect-src 'self' ws://"
            ));
            assert!(policy.contains(
                "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
            ));
            assert!(policy.contains("worker-src 'self' blob:") && !policy.contains("unsafe"));
            assert_eq!(
                text(&headers, class, "referrer-policy"),
                Some("no-referrer")
            );
            assert_eq!(
                text(&headers, class, "x-content-type-options"),
                Some("nosniff")
            );
        }
    }

    #[test]
    fn trusted_types_are_asked_for_where_there_is_no_map() {
        let headers = headers(&Server::default());
        for class in PAGES {
            let policy = text(&headers, class, "content-security-policy").expect("a policy");
            let asked = policy.ends_with(
                "; require-trusted-types-for 'script'; trusted-types svelte-trusted-html callbox-worker",
            );
            let mapless = matches!(class, PageClass::Resident | PageClass::Responder);
            assert_eq!(asked, mapless, "{class:?}");
        }
    }

    #[test]
    fn each_page_may_use_only_the_devices_it_needs() {
        let headers = headers(&Server::default());
        let permissions = PAGES.map(|class| text(&headers, class, "permissions-policy"));
        assert_eq!(
            permissions,
            [
                Some("camera=(self), microphone=(self), geolocation=(self)"),
                Some("camera=(), microphone=(self)"),
                Some("camera=(), microphone=()"),
                Some("camera=(), microphone=(), geolocation=()"),
            ]
        );
    }

    #[test]
    fn browsers_are_held_to_tls_only_by_a_real_certificate() {
        let mut server = Server {
            public_origin: "https://report.example".parse().ok(),
            ..Server::default()
        };
        assert_eq!(
            text(
                &headers(&server),
                PageClass::Resident,
                "strict-transport-security"
            ),
            None
        );
        server.tls.mode = TlsMode::SelfSigned;
        assert_eq!(
            text(
                &headers(&server),
                PageClass::Resident,
                "strict-transport-security"
            ),
            None
        );
        server.tls.mode = TlsMode::Files;
        assert_eq!(
            text(
                &headers(&server),
                PageClass::Resident,
                "strict-transport-security"
            ),
            Some(HSTS)
        );
        let secure = headers(&server);
        let policy =
            text(&secure, PageClass::Resident, "content-security-policy").expect("a policy");
        assert!(
            policy.contains(" wss://report.example") && !policy.contains("ws://report"),
            "{policy}"
        );
    }

    #[test]
    fn origins_of_tiles_join_what_pages_with_a_map_may_fetch_and_nothing_else() {
        let server = Server::default();
        let origins = Origins::new(&server, server.listen);
        let tiles = [
            "https://tiles.example",
            "https://maps.example:8443",
            "https://tiles.example",
        ];
        let tiles = tiles.map(|origin| origin.parse().expect("an origin"));
        let headers = SecurityHeaders::new(&server, &origins, &tiles);
        for class in PAGES {
            let policy = text(&headers, class, "content-security-policy").expect("a policy");
            let with_tiles: Vec<_> = policy
                .split("; ")
                .filter(|rule| rule.contains("tiles.example"))
                .collect();
            if matches!(class, PageClass::Console | PageClass::Supervisor) {
                let [fetches] = with_tiles[..] else {
                    panic!("{class:?}: {policy}");
                };
                assert!(fetches.starts_with("connect-src 'self' ws://"), "{fetches}");
                let both = " https://maps.example:8443 https://tiles.example";
                assert!(fetches.ends_with(both), "{fetches}");
            } else {
                assert_eq!(with_tiles, [] as [&str; 0], "{class:?}");
            }
        }
    }
}
