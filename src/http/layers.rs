//! What stands around the routes: panics become answers, bodies and requests have bounds, answers carry headers.
//!
//! Owns: the order of the layers. Must not: know what a route does. Called by: `app`, and `admin` for its port.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::limit::RequestBodyLimitLayer;

use super::problem::MEDIA_TYPE;
use super::{Origins, PageClass, Problem, SecurityHeaders, origins};
use crate::config::ServerLimits;

/// Bounds for ordinary routes: the size of a body and the time of a request. Uploads and sockets go without and set
/// their own.
pub fn bounded(router: Router, limits: &ServerLimits) -> Router {
    let deadline = limits.request();
    router
        .layer(from_fn(move |request, next| {
            within(deadline, request, next)
        }))
        .layer(RequestBodyLimitLayer::new(limits.body_bytes))
}

/// What every route gets, mounted last: every refusal has the one shape, other sites' pages are refused, answers without
/// headers of their own get those of the API class, a panic ends one request only, and pages of listed origins may read it all.
#[expect(
    clippy::disallowed_methods,
    reason = "where there is no route, it says that there is none"
)]
pub fn outermost(router: Router, headers: Arc<SecurityHeaders>, allowed: Arc<Origins>) -> Router {
    let sharing = allowed.sharing();
    let router = router
        .fallback(|| async { Problem::NOT_FOUND })
        .layer(from_fn_with_state(allowed, origins::guard))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn(in_our_shape));
    let router = match sharing {
        Some(sharing) => router.layer(from_fn_with_state(sharing, origins::share)),
        None => router,
    };
    router.layer(from_fn_with_state(headers, default_headers))
}

/// Panics become answers, without the headers of the public port; for the admin port.
#[expect(
    clippy::disallowed_methods,
    reason = "where there is no route, it says that there is none"
)]
pub fn without_panics(router: Router) -> Router {
    router
        .fallback(|| async { Problem::NOT_FOUND })
        .layer(CatchPanicLayer::custom(panicked))
}

async fn within(deadline: Duration, request: Request, next: Next) -> Response {
    match tokio::time::timeout(deadline, next.run(request)).await {
        Ok(answer) => answer,
        Err(_) => {
            metrics::counter!("callbox_http_request_deadline_total").increment(1);
            Problem::DEADLINE.into_response()
        }
    }
}

/// Refusals that the framework makes itself (a wrong method, a body over its bound, a path that is no text) come as plain
/// words; they leave as problems, with the headers they came with.
async fn in_our_shape(request: Request, next: Next) -> Response {
    let answer = next.run(request).await;
    let status = answer.status();
    // A page for people is no framework's plain word either.
    let ours = |kind: &HeaderValue| kind == MEDIA_TYPE || kind.as_bytes().starts_with(b"text/html");
    let told = answer.headers().get(CONTENT_TYPE).is_some_and(ours);
    if told || !(status.is_client_error() || status.is_server_error()) {
        return answer;
    }
    let mut shaped = Problem::of_status(status).into_response();
    for (name, value) in answer.headers() {
        if name != CONTENT_TYPE && name != CONTENT_LENGTH {
            shaped.headers_mut().append(name, value.clone());
        }
    }
    shaped
}

async fn default_headers(
    State(headers): State<Arc<SecurityHeaders>>,
    request: Request,
    next: Next,
) -> Response {
    let mut answer = next.run(request).await;
    // Pages and assets come with a policy of their own.
    if !answer
        .headers()
        .contains_key(axum::http::header::CONTENT_SECURITY_POLICY)
    {
        headers.apply(PageClass::Api, answer.headers_mut());
    }
    answer
}

fn panicked(_payload: Box<dyn Any + Send + 'static>) -> Response {
    // The payload may quote input, so only the fact is told; the hook of the log has named the line already.
    metrics::counter!("callbox_http_panics_total").increment(1);
    tracing::error!("a request's handler panicked; the request is answered with 500");
    Problem::INTERNAL.into_response()
}
