//! The built pages: found in the binary (a debug build reads the folder), sent in the form the browser takes.
//!
//! Owns: the rows of the role table that are pages and files. Called by: `app`, which mounts [`router`].
//!
//! Must not build anything. Without built pages the gateway runs, and each page says how to build them. The pages of every agency
//! are the same files; which agency is meant they read in their own address.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, RawQuery, State};
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, LINK, VARY,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use callbox_domain::access::Route;
use callbox_proto::error::ErrorCode;
use callbox_proto::ids::AgencyId;
use rust_embed::{EmbeddedFile, RustEmbed};

use super::api::Refused;
use super::encoding::{Encoding, acceptable};
use super::spoken::{self, LANGUAGES};
use super::{PageClass, Problem, SecurityHeaders};

/// File names under `/assets/` carry a hash of their content, so they never change: a year.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// Everything else is asked for again each time, and answered with 304 when it is the same.
const REVALIDATE: &str = "no-cache";

/// The page in silent mode: the browser keeps no copy of it.
const NOT_KEPT: &str = "no-store";

/// The query by which the resident page begins in silent mode.
const SILENT: &str = "silent";

#[derive(RustEmbed)]
#[folder = "web/dist"]
#[allow_missing = true]
struct BuiltPages;

/// Where built files are found: by path, in the binary or on disk.
type Source = fn(&str) -> Option<EmbeddedFile>;

#[derive(Clone)]
struct Pages {
    headers: Arc<SecurityHeaders>,
    agencies: Arc<HashSet<AgencyId>>,
    source: Source,
}

/// The four pages and their files, for these agencies.
pub fn router(headers: Arc<SecurityHeaders>, agencies: HashSet<AgencyId>) -> Router {
    router_over(headers, agencies, BuiltPages::get)
}

#[expect(
    clippy::disallowed_methods,
    reason = "mounts rows of the table of rights, and nothing else"
)]
fn router_over(
    headers: Arc<SecurityHeaders>,
    agencies: HashSet<AgencyId>,
    source: Source,
) -> Router {
    let mut router = Router::new();
    for route in Route::ALL {
        if let Some(handler) = handler(*route) {
            router = router.route(route.path(), handler);
        }
    }
    router.with_state(Pages {
        headers,
        agencies: Arc::new(agencies),
        source,
    })
}

/// The handler of a row of the role table; `None` for rows of other rooms.
fn handler(route: Route) -> Option<MethodRouter<Pages>> {
    use PageClass::{Console, Resident, Responder, Supervisor};
    let (class, file) = match route {
        Route::ResidentPage | Route::AgencyResidentPage | Route::AgencyResidentBare => {
            (Resident, "index.html")
        }
        Route::ConsolePage
        | Route::ConsoleBare
        | Route::ConsoleView
        | Route::AgencyConsolePage
        | Route::AgencyConsoleBare
        | Route::AgencyConsoleView => (Console, "console/index.html"),
        Route::SupervisorPage
        | Route::SupervisorBare
        | Route::SupervisorView
        | Route::AgencySupervisorPage
        | Route::AgencySupervisorBare
        | Route::AgencySupervisorView => (Supervisor, "supervisor/index.html"),
        Route::ResponderPage
        | Route::ResponderBare
        | Route::AgencyResponderPage
        | Route::AgencyResponderBare => (Responder, "responder/index.html"),
        Route::Asset => return Some(get(asset)),
        Route::RootFile => return Some(get(root_file)),
        Route::AgencyManifest => return Some(get(manifest)),
        _ => return None,
    };
    Some(get(move |state, names, query, request| {
        page(state, names, query, request, class, file)
    }))
}

/// What the path names; nothing on most paths.
type Names = Path<HashMap<String, String>>;

async fn page(
    State(pages): State<Pages>,
    Path(names): Names,
    RawQuery(query): RawQuery,
    request: HeaderMap,
    class: PageClass,
    file: &'static str,
) -> Response {
    let mut answer = if !pages.serves(&names) {
        plain_page(StatusCode::NOT_FOUND, NO_SUCH_AGENCY)
    } else {
        match pages.find(file, &request) {
            Some(found) if asks_for(query.as_deref(), SILENT) => found.into_answer_not_kept(),
            Some(found) => found.into_answer(&request, REVALIDATE),
            None => plain_page(StatusCode::OK, NOT_BUILT),
        }
    };
    if class == PageClass::Resident {
        pages.send_words_ahead(query.as_deref(), &request, &mut answer);
    }
    pages.headers.apply(class, answer.headers_mut());
    answer
}

/// Whether a query names this word, with or without a value.
fn asks_for(query: Option<&str>, word: &str) -> bool {
    query
        .unwrap_or_default()
        .split('&')
        .any(|part| part.split('=').next() == Some(word))
}

async fn asset(
    State(pages): State<Pages>,
    Path(file): Path<String>,
    request: HeaderMap,
) -> Response {
    pages.send(&format!("assets/{file}"), &request, IMMUTABLE)
}

/// The addresses in it are relative to its own, so the same file puts each agency's page on the screen.
async fn manifest(State(pages): State<Pages>, Path(names): Names, request: HeaderMap) -> Response {
    if pages.serves(&names) {
        pages.send("manifest.webmanifest", &request, REVALIDATE)
    } else {
        let mut answer = Refused(ErrorCode::NoSuchAgency).into_response();
        pages.headers.apply(PageClass::Api, answer.headers_mut());
        answer
    }
}

/// Files beside the pages: icon, manifest, service worker.
async fn root_file(
    State(pages): State<Pages>,
    Path(file): Path<String>,
    request: HeaderMap,
) -> Response {
    pages.send(&file, &request, REVALIDATE)
}

impl Pages {
    /// Whether the agency that a path names is served; where none is named, the default one is.
    fn serves(&self, names: &HashMap<String, String>) -> bool {
        names.get("agency").is_none_or(|named| {
            named
                .parse::<AgencyId>()
                .is_ok_and(|agency| self.agencies.contains(&agency))
        })
    }

    /// Only a page that is found has words.
    fn send_words_ahead(&self, query: Option<&str>, request: &HeaderMap, answer: &mut Response) {
        let headers = answer.headers_mut();
        if !headers.contains_key(VARY) {
            return;
        }
        headers.append(VARY, HeaderValue::from_static("accept-language"));
        let listed = (self.source)(LANGUAGES);
        if let Some(line) = listed.and_then(|file| spoken::words_ahead(&file.data, query, request))
        {
            headers.insert(LINK, line);
        }
    }

    /// An unknown file is 404, never a page: a script tag must not receive HTML.
    fn send(&self, file: &str, request: &HeaderMap, caching: &'static str) -> Response {
        // Pages have routes and headers of their own, so no HTML is sent as a mere file.
        let found = self
            .find(file, request)
            .filter(|_| !file.ends_with(".html"));
        let (class, mut answer) = match found {
            Some(found) => (PageClass::Asset, found.into_answer(request, caching)),
            None => (PageClass::Api, Problem::NOT_FOUND.into_response()),
        };
        self.headers.apply(class, answer.headers_mut());
        answer
    }

    fn find(&self, path: &str, request: &HeaderMap) -> Option<Found> {
        if path
            .split('/')
            .any(|step| step.is_empty() || step.starts_with('.'))
        {
            return None;
        }
        let plain = (self.source)(path)?;
        let content_type = content_type(path, &plain);
        let accept = request
            .get(ACCEPT_ENCODING)
            .and_then(|value| value.to_str().ok());
        let compressed = acceptable(accept.unwrap_or_default()).find_map(|encoding| {
            Some((
                (self.source)(&format!("{path}{}", encoding.suffix()))?,
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
}

/// A file in the form chosen for one request.
struct Found {
    file: EmbeddedFile,
    content_type: HeaderValue,
    encoding: Option<Encoding>,
}

impl Found {
    /// Whole, whatever the browser has: no copy may stay, and no tag to ask about one.
    fn into_answer_not_kept(self) -> Response {
        let mut answer = self.into_answer(&HeaderMap::new(), NOT_KEPT);
        answer.headers_mut().remove(ETAG);
        answer
    }

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

/// A page that stands alone: plain HTML, no style and no script, so no exception to the security headers.
fn plain_page(status: StatusCode, html: &'static str) -> Response {
    let mut answer = Response::new(Body::from(html));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=utf-8"),
    );
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

/// Stands at the address of an agency that is not served here. Somebody in need may read it: it says what works.
const NO_SUCH_AGENCY: &str = "<!doctype html>
<html lang=\"en\">
<head>
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">
<meta name=\"format-detection\" content=\"telephone=no\">
<title>No agency at this address</title>
</head>
<body>
<h1>No agency answers at this address</h1>
<p>If you need help, call <a href=\"tel:911\">911</a> or <a href=\"tel:112\">112</a>. Llame. Appelez. \u{627}\u{62a}\u{635}\u{644}.</p>
<p>The address may be mistyped, or the agency may have moved (no_such_agency).</p>
</body>
</html>
";

/// Stands where the pages are not built.
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
    use axum::body::to_bytes;
    use axum::http::Request;
    use tower::ServiceExt as _;

    use super::*;
    use crate::config::Server;
    use crate::http::Origins;

    #[derive(RustEmbed)]
    #[folder = "src/http/testdata/pages"]
    struct SomePages;

    /// Compiled as the program is before the pages are built: there is no such folder.
    #[derive(RustEmbed)]
    #[folder = "src/http/testdata/not_built"]
    #[allow_missing = true]
    struct NoPages;

    fn headers() -> Arc<SecurityHeaders> {
        let server = Server::default();
        Arc::new(SecurityHeaders::new(
            &server,
            &Origins::new(&server, server.listen),
            &[],
        ))
    }

    fn agencies() -> HashSet<AgencyId> {
        HashSet::from(["hill.example".parse().expect("an agency")])
    }

    async fn get(path: &str, lines: &[(&str, &str)]) -> Response {
        let mut request = Request::builder().uri(path);
        for (name, value) in lines {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::empty()).expect("a request");
        router_over(headers(), agencies(), SomePages::get)
            .oneshot(request)
            .await
            .expect("an answer")
    }

    fn header<'a>(answer: &'a Response, name: &str) -> &'a str {
        answer
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    async fn text(answer: Response) -> String {
        let bytes = to_bytes(answer.into_body(), 1 << 20).await.expect("a body");
        String::from_utf8_lossy(&bytes).into_owned()
    }

    #[tokio::test]
    async fn each_path_leads_to_its_page_and_views_within_it() {
        for (path, page) in [
            ("/", "resident page"),
            ("/console", "console page"),
            ("/console/", "console page"),
            ("/console/session/7", "console page"),
            ("/supervisor", "supervisor page"),
            ("/supervisor/queues", "supervisor page"),
            ("/a/hill.example", "resident page"),
            ("/a/hill.example/", "resident page"),
            ("/a/hill.example/console", "console page"),
            ("/a/hill.example/console/session/7", "console page"),
            ("/a/hill.example/supervisor/", "supervisor page"),
        ] {
            let answer = get(path, &[]).await;
            assert_eq!(header(&answer, "cache-control"), "no-cache", "{path}");
            assert!(text(answer).await.contains(page), "{path}");
        }
    }

    #[tokio::test]
    async fn in_silent_mode_the_browser_keeps_no_copy_of_the_page() {
        let kept = header(&get("/", &[]).await, "etag").to_owned();
        for path in ["/?silent", "/?silent=1", "/?lang=fr&silent"] {
            let answer = get(path, &[("if-none-match", kept.as_str())]).await;
            assert_eq!(answer.status(), StatusCode::OK, "{path}");
            assert_eq!(header(&answer, "cache-control"), "no-store", "{path}");
            assert_eq!(header(&answer, "etag"), "", "{path}");
            assert!(text(answer).await.contains("resident page"), "{path}");
        }
        let other = get("/?silently", &[]).await;
        assert_eq!(header(&other, "cache-control"), "no-cache");
    }

    #[tokio::test]
    async fn the_words_of_the_browsers_language_are_asked_for_with_the_resident_page() {
        let french = [("accept-language", "fr-FR,fr;q=0.9,en;q=0.8")];
        for path in ["/", "/a/hill.example/", "/?silent"] {
            let answer = get(path, &french).await;
            let line = header(&answer, "link");
            assert_eq!(line, "</assets/words-fr.js>; rel=modulepreload", "{path}");
            let vary = answer.headers().get_all("vary");
            assert!(vary.iter().any(|name| name == "accept-language"), "{path}");
        }
        assert_eq!(header(&get("/", &[]).await, "link"), "");
        for path in ["/console", "/supervisor", "/a/dale.example/"] {
            assert_eq!(header(&get(path, &french).await, "link"), "", "{path}");
        }
        let kept = header(&get("/", &french).await, "etag").to_owned();
        let again = [french[0], ("if-none-match", kept.as_str())];
        assert_ne!(header(&get("/", &again).await, "link"), "", "unchanged");
    }

    #[tokio::test]
    async fn where_no_agency_answers_the_page_says_so_and_whom_to_call() {
        for path in [
            "/a/dale.example/",
            "/a/dale.example/console",
            "/a/Hill.Example/supervisor/x",
            "/a/%2e%2e/",
        ] {
            let answer = get(path, &[]).await;
            assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
            assert!(answer.headers().contains_key("content-security-policy"));
            let words = text(answer).await;
            assert!(
                words.contains("tel:911") && words.contains("tel:112"),
                "{path}"
            );
        }
        let answer = get("/a/dale.example/manifest.webmanifest", &[]).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND);
        assert!(text(answer).await.contains("no_such_agency"));
    }

    #[tokio::test]
    async fn the_browser_gets_the_smallest_form_that_it_takes() {
        for (accept, encoding, body) in [
            ("gzip, br", "br", "as brotli"),
            ("gzip", "gzip", "as gzip"),
            ("", "", "plain script"),
        ] {
            let answer = get("/assets/app-1.js", &[("accept-encoding", accept)]).await;
            assert_eq!(header(&answer, "content-encoding"), encoding);
            assert_eq!(
                header(&answer, "content-type"),
                "text/javascript; charset=utf-8"
            );
            assert_eq!(header(&answer, "vary"), "accept-encoding");
            assert_eq!(header(&answer, "cache-control"), IMMUTABLE);
            assert!(text(answer).await.contains(body), "{accept}");
        }
    }

    #[tokio::test]
    async fn what_the_browser_has_is_not_sent_again() {
        let first = get("/assets/app-1.js", &[("accept-encoding", "br")]).await;
        let tag = header(&first, "etag").to_owned();
        let lines = [("accept-encoding", "br"), ("if-none-match", tag.as_str())];
        let again = get("/assets/app-1.js", &lines).await;
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(header(&again, "etag"), tag);
        assert!(text(again).await.is_empty());
        let other = get("/assets/app-1.js", &[("if-none-match", tag.as_str())]).await;
        assert_eq!(
            other.status(),
            StatusCode::OK,
            "another form has another tag"
        );
    }

    #[tokio::test]
    async fn unknown_hidden_and_climbing_paths_are_404() {
        for path in [
            "/assets/unknown.js",
            "/assets/..%2findex.html",
            "/assets/%2e%2e%2fmod.rs",
            "/index.html",
            "/.env",
            "/unknown.txt",
        ] {
            let answer = get(path, &[]).await;
            assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
            assert_eq!(
                header(&answer, "content-type"),
                "application/problem+json",
                "{path}"
            );
        }
    }

    #[tokio::test]
    async fn files_beside_the_pages_are_asked_for_again_each_time() {
        let answer = get("/theme.js", &[]).await;
        assert_eq!(header(&answer, "cache-control"), "no-cache");
        assert!(header(&answer, "content-security-policy").starts_with("default-src 'self'"));
    }

    #[tokio::test]
    async fn without_built_pages_each_page_says_how_to_build_them() {
        let router = router_over(headers(), agencies(), NoPages::get);
        for path in ["/", "/console", "/supervisor"] {
            let request = Request::get(path).body(Body::empty()).expect("a request");
            let answer = router.clone().oneshot(request).await.expect("an answer");
            assert_eq!(answer.status(), StatusCode::OK);
            assert!(answer.headers().contains_key("content-security-policy"));
            assert!(text(answer).await.contains("cargo xtask web"), "{path}");
        }
    }

    #[tokio::test]
    async fn every_page_of_the_role_table_is_served() {
        for route in Route::ALL.iter().filter(|route| handler(**route).is_some()) {
            let path = route
                .path()
                .replace("{agency}", "hill.example")
                .replace("{*view}", "a/b")
                .replace("{*file}", "a.js")
                .replace("{file}", "a");
            assert!(
                !text(get(&path, &[]).await).await.is_empty(),
                "{path} has no route"
            );
        }
        assert!(text(get("/not/listed", &[]).await).await.is_empty());
    }

    #[test]
    fn a_tag_is_recognised_in_every_form_that_caches_send() {
        let is = |text: &'static str| names_tag(&HeaderValue::from_static(text), "\"ab\"");
        assert!(is("\"ab\"") && is("W/\"ab\"") && is("\"x\", \"ab\"") && is("*"));
        assert!(!is("\"abc\"") && !is("ab"));
    }
}
