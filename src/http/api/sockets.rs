//! The three WebSocket routes: from an HTTP request to a connection.
//!
//! Owns: choosing the subprotocol, and the bounds of a socket's buffers. Must not: read a message: [`crate::transport`] does from here on. Called
//! by: the router, by [`super::handler`].

use std::sync::Arc;

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{Extension, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use callbox_proto::codec::Encoding;
use callbox_proto::error::ErrorCode;

use super::{Api, Refused};
use crate::transport::{Arrived, Link, serve_resident, serve_responder, serve_staff};

/// Frames are written as they come; this only has to hold what one write-out collects.
const WRITE_BUFFER_BYTES: usize = 16 * 1024;
/// Bytes tungstenite may hold unsent before it errs: our outbox's bound, one message and its buffer always fit.
const WRITE_BUFFER_MAX_BYTES: usize = 1024 * 1024;

/// `/ws/resident`
pub async fn resident(
    State(api): State<Api>,
    Extension(arrived): Extension<Arrived>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let buffer = api.sockets.resident_read_buffer_bytes;
    let transport = Arc::clone(&api.transport);
    let agency = api.agency_meant(&headers).clone();
    accept(&api, arrived, upgrade, buffer, move |link| {
        serve_resident(transport, link, agency)
    })
}

/// `/ws/staff`
pub async fn staff(
    State(api): State<Api>,
    Extension(arrived): Extension<Arrived>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let buffer = api.sockets.staff_read_buffer_bytes;
    let transport = Arc::clone(&api.transport);
    accept(&api, arrived, upgrade, buffer, move |link| {
        serve_staff(transport, link)
    })
}

/// `/ws/responder`
pub async fn responder(
    State(api): State<Api>,
    Extension(arrived): Extension<Arrived>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let buffer = api.sockets.resident_read_buffer_bytes;
    let transport = Arc::clone(&api.transport);
    accept(&api, arrived, upgrade, buffer, move |link| {
        serve_responder(transport, link)
    })
}

fn accept<F, S>(
    api: &Api,
    arrived: Arrived,
    upgrade: WebSocketUpgrade,
    read_buffer: usize,
    serve: F,
) -> Response
where
    F: FnOnce(Box<Link>) -> S + Send + 'static,
    S: Future<Output = ()> + Send + 'static,
{
    // Before the upgrade: a balancer that sees it tries the next node.
    if api.transport.node.is_draining() {
        return Refused(ErrorCode::GoingDown).into_response();
    }
    let upgrade = upgrade.protocols(Encoding::ALL.map(Encoding::subprotocol));
    let chosen = upgrade
        .selected_protocol()
        .and_then(|value| Encoding::ALL.into_iter().find(|e| e.subprotocol() == value));
    // Without a subprotocol of ours there is no common language to refuse in.
    let Some(encoding) = chosen else {
        return Refused(ErrorCode::WrongFrame).into_response();
    };
    let open = api.open_sockets.clone();
    let message_bytes = api.sockets.message_bytes;
    upgrade
        .read_buffer_size(read_buffer)
        .write_buffer_size(WRITE_BUFFER_BYTES)
        .max_write_buffer_size(WRITE_BUFFER_MAX_BYTES)
        .max_message_size(message_bytes)
        .max_frame_size(message_bytes)
        .on_upgrade(move |socket| {
            let link = Link::new(socket, encoding, arrived, message_bytes);
            open.track_future(serve(link))
        })
}
