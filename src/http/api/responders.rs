//! Opening a link for responders.
//!
//! Owns: the request that trades a link's secret, with a name, for a token. Must not: keep the secret: only its digest goes on from here.
//! Called by: the router, by [`super::handler`].

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use callbox_proto::error::ErrorCode;
use callbox_proto::http::{OpenResponderLink, ResponderLinkOpened};

use super::{Api, Refused};
use crate::auth::secret::digest_of;

/// A link's secret, and who opens it, for a token.
pub async fn open(
    State(api): State<Api>,
    body: Result<Json<OpenResponderLink>, JsonRejection>,
) -> Result<Json<ResponderLinkOpened>, Refused> {
    let Json(asked) = body.map_err(|_| ErrorCode::MalformedMessage)?;
    let digest = digest_of(&asked.secret)?;
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
