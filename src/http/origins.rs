//! Which origins' pages may open sockets and change state here. The comparison is exact, byte by byte.
//!
//! Owns: the list and the verdict. Must not: let anything but the comparison decide: no patterns, no suffixes. Called by: `server`, which makes
//! it; `layers`, which guards every route with it.
//!
//! A request without an `Origin` does not come from a browser page: it may open a socket, because the token in the
//! first frame or a header decides there, never a cookie.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{ORIGIN, UPGRADE};
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Problem;
use crate::config::{Server, TlsMode, WebOrigin};

/// The origins of this gateway and those allowed beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origins {
    own: BTreeSet<WebOrigin>,
    allowed: BTreeSet<WebOrigin>,
}

/// What an `Origin` header means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OriginVerdict {
    /// No header: not a browser page.
    Absent,
    /// A page of ours.
    Allowed,
    /// A page of somebody else, or a header that no browser sends.
    Refused,
}

impl Origins {
    /// From the configuration and the address that was bound (its port may have been chosen by the system).
    #[must_use]
    pub fn new(server: &Server, bound: SocketAddr) -> Self {
        let scheme = if server.tls.mode == TlsMode::Off {
            "http"
        } else {
            "https"
        };
        let names: Vec<String> = if bound.ip().is_loopback() {
            vec![
                "localhost".to_owned(),
                "127.0.0.1".to_owned(),
                "[::1]".to_owned(),
            ]
        } else if bound.ip().is_unspecified() {
            Vec::new()
        } else {
            vec![host_of(bound)]
        };
        let self_signed = server
            .tls
            .self_signed_names
            .iter()
            .filter(|_| server.tls.mode == TlsMode::SelfSigned);
        let own = names
            .into_iter()
            .chain(self_signed.map(|name| bracketed(name)))
            .filter_map(|name| format!("{scheme}://{name}:{}", bound.port()).parse().ok())
            .chain(server.public_origin.clone())
            .collect();
        Self {
            own,
            allowed: server.allowed_origins.iter().cloned().collect(),
        }
    }

    /// The same, with further names that this gateway is reached by.
    #[must_use]
    pub fn and(mut self, further: &[WebOrigin]) -> Self {
        self.own.extend(further.iter().cloned());
        self
    }

    /// The origins that this gateway itself is reached by.
    pub fn own(&self) -> impl Iterator<Item = &WebOrigin> {
        self.own.iter()
    }

    /// The own origin that a page of a request is at; `None` for another one's, and for what is no page.
    #[must_use]
    pub fn own_of(&self, headers: &HeaderMap) -> Option<&WebOrigin> {
        let said = headers.get(ORIGIN)?.to_str().ok()?;
        self.own.iter().find(|origin| origin.as_str() == said)
    }

    /// Judges the `Origin` of a request.
    #[must_use]
    pub fn judge(&self, headers: &HeaderMap) -> OriginVerdict {
        let mut values = headers.get_all(ORIGIN).iter();
        match (values.next(), values.next()) {
            (None, _) => OriginVerdict::Absent,
            (Some(value), None) if value.to_str().is_ok_and(|text| self.contains(text)) => {
                OriginVerdict::Allowed
            }
            _ => OriginVerdict::Refused,
        }
    }

    fn contains(&self, text: &str) -> bool {
        self.own
            .iter()
            .chain(&self.allowed)
            .any(|origin| origin.as_str() == text)
    }
}

fn host_of(address: SocketAddr) -> String {
    bracketed(&address.ip().to_string())
}

fn bracketed(name: &str) -> String {
    if name.contains(':') {
        format!("[{name}]")
    } else {
        name.to_owned()
    }
}

/// Middleware for every route: refuses upgrades and state changes that come from pages of other origins.
/// Use with `axum::middleware::from_fn_with_state(origins, guard)`.
pub async fn guard(State(origins): State<Arc<Origins>>, request: Request, next: Next) -> Response {
    let reads_only = matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    );
    let upgrades = request.headers().contains_key(UPGRADE);
    if (upgrades || !reads_only) && origins.judge(request.headers()) == OriginVerdict::Refused {
        metrics::counter!("callbox_http_origin_refused_total").increment(1);
        return Problem::ORIGIN_REFUSED.into_response();
    }
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use OriginVerdict::{Absent, Allowed, Refused};

    fn origins() -> Origins {
        let server = Server {
            public_origin: "https://report.example".parse().ok(),
            allowed_origins: "https://partner.example:8443".parse().into_iter().collect(),
            ..Server::default()
        };
        Origins::new(&server, server.listen)
    }

    fn judge(values: &[&str]) -> OriginVerdict {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(ORIGIN, value.parse().expect("a header value"));
        }
        origins().judge(&headers)
    }

    #[test]
    fn own_and_listed_origins_are_allowed() {
        for origin in [
            "https://report.example",
            "https://partner.example:8443",
            "http://127.0.0.1:8911",
            "http://localhost:8911",
            "http://[::1]:8911",
        ] {
            assert_eq!(judge(&[origin]), Allowed, "{origin}");
        }
    }

    #[test]
    fn a_client_that_is_no_browser_sends_none() {
        assert_eq!(judge(&[]), Absent);
    }

    #[test]
    fn every_other_origin_is_refused() {
        for origin in [
            "null",
            "",
            "http://report.example",
            "https://report.example:8443",
            "https://partner.example",
            "https://www.report.example",
            "https://report.example.attacker.example",
            "https://attackerreport.example",
            "https://report.example@attacker.example",
            "https://attacker.example/https://report.example",
            "https://report.example/",
            "https://REPORT.example",
            "https://report.example.",
            "http://127.0.0.1:8912",
            "https://127.0.0.1:8911",
            "https://report.example https://attacker.example",
            "file://",
        ] {
            assert_eq!(judge(&[origin]), Refused, "{origin:?}");
        }
    }

    #[test]
    fn two_origins_in_one_request_are_refused() {
        assert_eq!(
            judge(&["https://report.example", "https://report.example"]),
            Refused
        );
    }
}
