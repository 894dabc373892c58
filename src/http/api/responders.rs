//! Opening a link for responders.
//!
//! Owns: the request that trades a link's secret, with a name, for a token. Must not: keep the secret: only its digest goes on from here.
//! Called by: the router, by [`super::handler`].

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use callbox_proto::error::ErrorCode;
use callbox_proto::ids::{CommandId, SessionId};
use callbox_proto::vocabulary::Millis;
use serde::{Deserialize, Serialize};

use super::{Api, Refused};
use crate::auth::secret::digest_of;

/// Body of an opening. Never printed: it has no `Debug`.
#[derive(Deserialize)]
pub struct OpenRequest {
    /// Made by the client: sent again it is the same opening.
    id: CommandId,
    session: SessionId,
    secret: String,
    name: String,
}

/// Answer to an opening.
#[derive(Serialize)]
pub struct LinkOpened {
    token: String,
    ends_ms: Millis,
}

/// A link's secret, and who opens it, for a token.
pub async fn open(
    State(api): State<Api>,
    body: Result<Json<OpenRequest>, JsonRejection>,
) -> Result<Json<LinkOpened>, Refused> {
    let Json(asked) = body.map_err(|_| ErrorCode::MalformedMessage)?;
    let digest = digest_of(&asked.secret)?;
    let node = &api.transport.node;
    let opened = node.open_link(asked.id, asked.session, digest, asked.name);
    let opened = opened.await?;
    let pass = &opened.pass;
    tracing::info!(agency = %pass.agency, session = %pass.session, link = %pass.link, "a link for responders was opened");
    let now_ms = node.clock().now_ms();
    let issued = api.tokens.responder(pass, now_ms, opened.ends_ms)?;
    Ok(Json(LinkOpened {
        token: issued.token,
        ends_ms: opened.ends_ms,
    }))
}
