//! The operator's word for a drain, on the admin port: `GET`, `POST` and `DELETE /drain`.
//!
//! Owns: who may say it. Must not: drain: the node does. Called by: `app`, which mounts it beside [`super::admin`], and through it
//! by the commands `callbox drain` and `callbox undrain`.
//!
//! The admin port has no sign-in, so only this machine is heard, and only with a JSON body or `DELETE`: a browser sends neither for a page of
//! another site before the port has agreed, and it agrees to nothing.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use callbox_proto::error::Retry;

use super::{Peer, Problem};
use crate::node::Node;
use crate::node::drain::{DrainOrder, DrainProgress, DrainRefused};

/// Where it is said.
pub const PATH: &str = "/drain";

/// Only this machine.
const NOT_HERE: Problem = Problem::http(
    StatusCode::FORBIDDEN,
    "not_from_here",
    Retry::Never,
    "A drain can only be ordered on the machine of the node.",
);

/// The routes.
#[expect(
    clippy::disallowed_methods,
    reason = "on the admin port, which has no rows: only this machine is heard"
)]
pub fn router(node: Arc<Node>) -> Router {
    Router::new()
        .route(PATH, get(progress).post(begin).delete(end))
        .layer(from_fn(only_from_here))
        .with_state(node)
}

async fn only_from_here(request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<Peer>();
    if peer.is_some_and(|peer| peer.address.ip().to_canonical().is_loopback()) {
        next.run(request).await
    } else {
        NOT_HERE.into_response()
    }
}

async fn progress(State(node): State<Arc<Node>>) -> Json<DrainProgress> {
    Json(node.drain_progress())
}

async fn begin(State(node): State<Arc<Node>>, Json(order): Json<DrainOrder>) -> Response {
    match node.drain(&order) {
        Ok(progress) => {
            tracing::info!(
                connections = progress.connections,
                seconds = order.within_s,
                per_s = progress.per_s,
                "draining: clients are sent to other nodes"
            );
            Json(progress).into_response()
        }
        Err(refused) => refusal(refused).into_response(),
    }
}

async fn end(State(node): State<Arc<Node>>) -> Json<DrainProgress> {
    if node.undrain() {
        tracing::info!("no longer draining: clients are kept and taken");
    }
    Json(node.drain_progress())
}

fn refusal(refused: DrainRefused) -> Problem {
    match refused {
        DrainRefused::NowhereToGo => Problem::http(
            StatusCode::CONFLICT,
            "nowhere_to_go",
            Retry::Never,
            "There is no other node that residents could go to, or none that serves each of their agencies. Say even_alone to send them away all the same.",
        ),
        DrainRefused::OutOfRange => Problem::http(
            StatusCode::BAD_REQUEST,
            "out_of_range",
            Retry::Never,
            "A drain takes 1 s to a day, and tells at least 1 client a second.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use tower::ServiceExt as _;

    use super::*;

    #[tokio::test]
    #[expect(clippy::disallowed_methods, reason = "a route of this test")]
    async fn only_this_machine_is_heard() {
        for (address, status) in [
            (Some("127.0.0.1:9"), StatusCode::OK),
            (Some("[::1]:9"), StatusCode::OK),
            (Some("[::ffff:127.0.0.1]:9"), StatusCode::OK),
            (Some("192.0.2.1:9"), StatusCode::FORBIDDEN),
            (Some("[2001:db8::1]:9"), StatusCode::FORBIDDEN),
            (None, StatusCode::FORBIDDEN),
        ] {
            let router = Router::new()
                .route(PATH, get(async || "heard"))
                .layer(from_fn(only_from_here));
            let mut request = Request::get(PATH).body(Body::empty()).expect("a request");
            if let Some(address) = address {
                let address = address.parse().expect("an address");
                request.extensions_mut().insert(Peer {
                    address,
                    encrypted: false,
                });
            }
            let answer = router.oneshot(request).await.expect("an answer");
            assert_eq!(answer.status(), status, "{address:?}");
        }
    }
}
