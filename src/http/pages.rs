//! The built pages: found in the binary (a debug build reads the folder), sent in the form the browser takes.
//!
//! Must not build anything. Without built pages the gateway runs, and each page says how to build them.

use std::borrow::Cow;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use rust_embed::{EmbeddedFile, RustEmbed};

use super::encoding::{Encoding, acceptable};
use super::{PageClass, Problem, SecurityHeaders};

/// File names under `/assets/` carry a hash of their content, so they never change: a year.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// Everything else is asked for again each time, and answered with 304 when it is the same.
const REVALIDATE: &str = "no-cache";

#[derive(RustEmbed)]
#[folder = "web/dist"]
#[allow_missing = true]
struct BuiltPages;

/// Every path pattern that [`router`] serves, for the table of roles: all of them are open to everybody.
pub const PATHS: [&str; 9] = [
    "/",
    "/console",
    "/console/",
    "/console/{*view}",
    "/supervisor",
    "/supervisor/",
    "/supervisor/{*view}",
    "/assets/{*file}",
    "/{file}",
];

/// The three pages and their files.
pub fn router(headers: Arc<SecurityHeaders>) -> Router {
    let console =
        || get(|state, request| page(state, request, PageClass::Console, "console/index.html"));
    let supervisor = || {
        get(|state, request| {
            page(
                state,
                request,
                PageClass::Supervisor,
                "supervisor/index.html",
            )
        })
    };
    Router::new()
        .route(
            "/",
            get(|state, request| page(state, request, PageClass::Resident, "index.html")),
        )
        .route("/console", console())
        .route("/console/", console())
        .route("/console/{*view}", console())
        .route("/supervisor", supervisor())
        .route("/supervisor/", supervisor())
        .route("/supervisor/{*view}", supervisor())
        .route("/assets/{*file}", get(asset))
        .route("/{file}", get(root_file))
        .with_state(headers)
}

async fn page(
    State(headers): State<Arc<SecurityHeaders>>,
    request: HeaderMap,
    class: PageClass,
    file: &'static str,
) -> Response {
    let mut answer = match find(file, &request) {
        Some(found) => found.into_answer(&request, REVALIDATE),
        None => not_built(),
    };
    headers.apply(class, answer.headers_mut());
    answer
}

async fn asset(
    State(headers): State<Arc<SecurityHeaders>>,
    Path(file): Path<String>,
    request: HeaderMap,
) -> Response {
    send(&headers, &format!("assets/{file}"), &request, IMMUTABLE)
}

/// Files beside the pages: icon, manifest, service worker.
async fn root_file(
    State(headers): State<Arc<SecurityHeaders>>,
    Path(file): Path<String>,
    request: HeaderMap,
) -> Response {
    send(&headers, &file, &request, REVALIDATE)
}

/// An unknown file is 404, never a page: a script tag must not receive HTML.
fn send(
    headers: &SecurityHeaders,
    file: &str,
    request: &HeaderMap,
    caching: &'static str,
) -> Response {
    let (class, mut answer) = match find(file, request) {
        Some(found) => (PageClass::Asset, found.into_answer(request, caching)),
        None => (PageClass::Api, Problem::NOT_FOUND.into_response()),
    };
    headers.apply(class, answer.headers_mut());
    answer
}

/// A file in the form chosen for one request.
struct Found {
    file: EmbeddedFile,
    content_type: HeaderValue,
    encoding: Option<Encoding>,
}

fn find(path: &str, request: &HeaderMap) -> Option<Found> {
    if path
        .split('/')
        .any(|step| step.is_empty() || step.starts_with('.'))
    {
        return None;
    }
    let plain = BuiltPages::get(path)?;
    let content_type = content_type(path, &plain);
    let accept = request
        .get(ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let compressed = acceptable(accept).find_map(|encoding| {
        Some((
            BuiltPages::get(&format!("{path}{}", encoding.suffix()))?,
            encoding,
        ))
    });
    Some(match compressed {
        Some((file, encoding)) => Found {
            file,
            content_type,
            encoding: Some(encoding),
        },
        None => Found {
            file: plain,
            content_type,
            encoding: None,
        },
    })
}

impl Found {
    fn into_answer(self, request: &HeaderMap, caching: &'static str) -> Response {
        let tag = entity_tag(&self.file);
        let unchanged = request
            .get_all(IF_NONE_MATCH)
            .iter()
            .any(|value| names_tag(value, &tag));
        let mut answer = if unchanged {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            Response::new(Body::from(bytes_of(self.file.data)))
        };
        let headers = answer.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(caching));
        headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
        if let Ok(tag) = HeaderValue::from_str(&tag) {
            headers.insert(ETAG, tag);
        }
        if !unchanged {
            headers.insert(CONTENT_TYPE, self.content_type);
            if let Some(encoding) = self.encoding {
                headers.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding.token()));
            }
        }
        answer
    }
}

/// The hash of exactly the bytes sent, so each form has its own tag.
fn entity_tag(file: &EmbeddedFile) -> String {
    use std::fmt::Write as _;
    let hash = file.metadata.sha256_hash();
    hash.iter()
        .take(16)
        .fold(String::from("\""), |mut tag, byte| {
            let _ = write!(tag, "{byte:02x}");
            tag
        })
        + "\""
}

fn names_tag(value: &HeaderValue, tag: &str) -> bool {
    value.to_str().is_ok_and(|text| {
        text.split(',')
            .map(str::trim)
            .any(|item| item == "*" || item.strip_prefix("W/").unwrap_or(item) == tag)
    })
}

fn bytes_of(data: Cow<'static, [u8]>) -> Bytes {
    match data {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => Bytes::from(bytes),
    }
}

fn content_type(path: &str, file: &EmbeddedFile) -> HeaderValue {
    let known = match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("ftl") => "text/plain",
        Some("webmanifest") => "application/manifest+json",
        _ => file.metadata.mimetype(),
    };
    let text = if known.starts_with("text/") {
        format!("{known}; charset=utf-8")
    } else {
        known.to_owned()
    };
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("application/octet-stream"))
}

/// The page that stands where the pages are not built: plain HTML, no style and no script, so no exception to the
/// security headers.
fn not_built() -> Response {
    let mut answer = Response::new(Body::from(NOT_BUILT));
    let headers = answer.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=utf-8"),
    );
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

const NOT_BUILT: &str = "<!doctype html>
<html lang=\"en\">
<head>
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">
<title>Callbox: pages not built</title>
</head>
<body>
<h1>The pages are not built</h1>
<p>The gateway runs. Its pages are missing because they have not been built yet.</p>
<p>In the folder of the source code, type <code>cargo xtask web</code> and load this page again,
or start everything with <code>cargo xtask run</code>. Both need Node 20.19 or newer.</p>
</body>
</html>
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_and_climbing_paths_name_no_file() {
        for path in [
            "../Cargo.toml",
            "assets/../../Cargo.toml",
            ".git",
            "assets//x",
            "assets/.env",
            "",
        ] {
            assert!(find(path, &HeaderMap::new()).is_none(), "{path}");
        }
    }

    #[test]
    fn a_tag_is_recognised_in_every_form_that_caches_send() {
        let is = |text: &'static str| names_tag(&HeaderValue::from_static(text), "\"ab\"");
        assert!(is("\"ab\"") && is("W/\"ab\"") && is("\"x\", \"ab\"") && is("*"));
        assert!(!is("\"abc\"") && !is("ab"));
    }
}
