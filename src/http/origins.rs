//! Which origins' pages may open sockets, change state and read answers here. The comparison is exact, byte by byte.
//!
//! Owns: the list, the verdict, and the headers with which a browser lets a listed page read (CORS). Must not: let anything but the comparison
//! decide: no patterns, no suffixes. Called by: `server`, which makes it; `layers`, which guards every route with it.
//!
//! A request without an `Origin` does not come from a browser page: it may open a socket, because the token in the
//! first frame or a header decides there, never a cookie.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::header::{
    ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, CONTENT_DISPOSITION, CONTENT_TYPE, LOCATION,
    ORIGIN, UPGRADE, VARY,
};
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tower::{Layer as _, ServiceExt as _};
use tower_http::cors::CorsLayer;

use super::{Problem, uploads};
use crate::config::{Server, TlsMode, WebOrigin};

/// How long a browser need not ask again whether a listed page may: long enough for a photo's pieces, short enough that a changed list counts
/// soon.
const PREFLIGHT_AGE: Duration = Duration::from_secs(600);

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

    /// What lets the pages of listed origins read answers; `None` where none is listed. No cookie goes along: a token in a header says who asks.
    pub(super) fn sharing(&self) -> Option<Sharing> {
        let origins: Vec<HeaderValue> = self
            .allowed
            .iter()
            .filter_map(|origin| origin.as_str().parse().ok())
            .collect();
        let (sent, read) = (
            [AUTHORIZATION, CONTENT_TYPE],
            [LOCATION, CONTENT_DISPOSITION],
        );
        let layer = CorsLayer::new()
            .allow_origin(origins.clone())
            .allow_methods([Method::GET, Method::POST, Method::PATCH, Method::DELETE])
            .allow_headers([&sent[..], &uploads::HEADERS_SENT].concat())
            .expose_headers([&read[..], &uploads::HEADERS_READ].concat())
            .max_age(PREFLIGHT_AGE);
        (!origins.is_empty()).then(|| Sharing(Arc::new((origins, layer))))
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

/// The listed origins, and what their pages may read.
#[derive(Clone)]
pub(super) struct Sharing(Arc<(Vec<HeaderValue>, CorsLayer)>);

/// Middleware for every route: a listed origin's page is told that it may ask, and read the answer. Everybody else's request goes on as it is;
/// its answer says that another origin would get another one.
pub(super) async fn share(
    State(Sharing(sharing)): State<Sharing>,
    request: Request,
    next: Next,
) -> Response {
    let (listed, layer) = &*sharing;
    let headers = request.headers();
    let is_listed = headers.get(ORIGIN).is_some_and(|own| listed.contains(own));
    // The layer answers every OPTIONS itself, and what an upload endpoint can do is asked that way, too.
    let discovers = *request.method() == Method::OPTIONS
        && !headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    if is_listed && !discovers {
        let Ok(answer) = layer.layer(next).oneshot(request).await;
        return answer;
    }
    let mut answer = next.run(request).await;
    let origin = HeaderValue::from_static("origin");
    answer.headers_mut().append(VARY, origin);
    answer
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
