//! Opening a link for responders.
//!
//! Owns: the request that trades a link's secret, with a name, for a token. Must not: keep the secret: only its digest goes on from here.
//! Called by: the router, by [`super::handler`].

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use callbox_proto::error::ErrorCode;
use callbox_proto::http::{OpenResponderLink, ResponderLinkOpened};
use ring::digest::{SHA256, digest};

use super::{Api, Refused};

/// Characters of a secret: 32 bytes in base64 without padding. Another length is no secret of ours.
const SECRET_CHARS: usize = 43;

/// A link's secret, and who opens it, for a token.
pub async fn open(
    State(api): State<Api>,
    body: Result<Json<OpenResponderLink>, JsonRejection>,
) -> Result<Json<ResponderLinkOpened>, Refused> {
    let Json(asked) = body.map_err(|_| ErrorCode::MalformedMessage)?;
    if asked.secret.len() != SECRET_CHARS {
        return Err(ErrorCode::NoSuchLink.into());
    }
    let digest = hex(digest(&SHA256, asked.secret.as_bytes()).as_ref());
    let node = &api.transport.node;
    let opened = node.open_link(asked.id, asked.session, digest, asked.name);
    let opened = opened.await?;
    let pass = &opened.pass;
    tracing::info!(agency = %pass.agency, session = %pass.session, link = %pass.link, "a link for responders was opened");
    let now_ms = node.clock().now_ms();
    let issued = api.tokens.responder(pass, now_ms, opened.ends_ms)?;
    Ok(Json(ResponderLinkOpened {
        token: issued.token,
        ends_ms: opened.ends_ms,
    }))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}"); // writing to a String cannot fail
        text
    })
}
