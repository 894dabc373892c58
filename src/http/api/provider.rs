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
use callbox_proto::http::{ProviderAddress, ProviderBegin, ProviderEnd, SignedIn};
use callbox_proto::ids::AgencyId;
use serde::Deserialize;

use super::sign_in::welcome;
use super::{Api, Refused};
use crate::auth::provider::{Begin, Return};

/// What the provider sends with the browser, as query; others' words in it are left out. Never printed: it has no `Debug`.
#[derive(Deserialize)]
pub struct ReturnQuery {
    #[serde(default)]
    state: String,
    code: Option<String>,
    iss: Option<String>,
    error: Option<String>,
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
    body: Result<Json<ProviderBegin>, JsonRejection>,
) -> Result<Json<ProviderAddress>, Refused> {
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
    Ok(Json(ProviderAddress { url }))
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
    body: Result<Json<ProviderEnd>, JsonRejection>,
) -> Result<Json<SignedIn>, Refused> {
    let Json(asked) = body.map_err(|_| ErrorCode::MalformedMessage)?;
    let came = Return {
        state: asked.state,
        code: asked.code,
        iss: asked.iss,
        error: asked.error,
    };
    let who = api.providers.end(&asked.secret, came).await?;
    Ok(welcome(&api, who)?)
}
