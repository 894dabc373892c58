//! Signing in at an agency's provider, over HTTP.
//!
//! Owns: the three requests and the form of their bodies. Must not: know how a provider is asked: [`crate::auth::provider`] does. Called
//! by: the router, by [`super::handler`].

use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Redirect;
use callbox_proto::error::ErrorCode;
use callbox_proto::ids::AgencyId;
use serde::{Deserialize, Serialize};

use super::sign_in::{SignedIn, welcome};
use super::{Api, Refused};
use crate::auth::provider::{Begin, Return};

/// What a page says that begins.
#[derive(Deserialize)]
pub struct BeginRequest {
    agency: AgencyId,
    /// Where it stands, as path and query: it is led back there.
    back: String,
    /// SHA-256 of a secret that it keeps, in base64url.
    proof: String,
    /// Whether the provider shall ask who is there even if it knows.
    #[serde(default)]
    afresh: bool,
}

/// Where the page goes.
#[derive(Serialize)]
pub struct Go {
    url: String,
}

/// What the provider sends with the browser, as query; others' words in it are left out. Never printed: it has no `Debug`.
#[derive(Deserialize)]
pub struct ReturnQuery {
    #[serde(default)]
    state: String,
    code: Option<String>,
    iss: Option<String>,
    error: Option<String>,
}

/// The same, with the page's secret.
#[derive(Deserialize)]
pub struct EndRequest {
    secret: String,
    #[serde(flatten)]
    came: ReturnQuery,
}

impl From<ReturnQuery> for Return {
    fn from(came: ReturnQuery) -> Self {
        Self {
            state: came.state,
            code: came.code,
            iss: came.iss,
            error: came.error,
        }
    }
}

/// A page begins. Only one of this gateway's own can: the provider sends the browser back to where it is.
pub async fn begin(
    State(api): State<Api>,
    headers: HeaderMap,
    body: Result<Json<BeginRequest>, JsonRejection>,
) -> Result<Json<Go>, Refused> {
    let Json(asked) = body.map_err(|_| ErrorCode::MalformedMessage)?;
    let origin = api.origins.own_of(&headers);
    let origin = origin.ok_or(ErrorCode::OriginRefused)?.clone();
    if api.transport.node.agency(&asked.agency).is_none() {
        return Err(ErrorCode::NoSuchAgency.into());
    }
    let begin = Begin {
        agency: asked.agency,
        origin,
        back: asked.back,
        proof: asked.proof,
        afresh: asked.afresh,
    };
    let url = api.providers.begin(begin).await?;
    Ok(Json(Go { url }))
}

/// The provider sent the browser back: on to the page that began, which alone can end it.
pub async fn came_back(
    State(api): State<Api>,
    Path(agency): Path<String>,
    query: Result<Query<ReturnQuery>, QueryRejection>,
) -> Result<Redirect, Refused> {
    let agency: AgencyId = agency.parse().map_err(|_| ErrorCode::NoSuchAgency)?;
    if api.transport.node.agency(&agency).is_none() {
        return Err(ErrorCode::NoSuchAgency.into());
    }
    let came = query.map(|Query(came)| came.into()).unwrap_or_default();
    Ok(Redirect::to(&api.providers.way_back(&agency, &came)))
}

/// The page that began ends it: its secret and what the provider sent for a token.
pub async fn end(
    State(api): State<Api>,
    body: Result<Json<EndRequest>, JsonRejection>,
) -> Result<Json<SignedIn>, Refused> {
    let Json(asked) = body.map_err(|_| ErrorCode::MalformedMessage)?;
    let who = api.providers.end(&asked.secret, asked.came.into()).await?;
    Ok(welcome(&api, who)?)
}
