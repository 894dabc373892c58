//! Signing in at an agency's provider, over HTTP.
//!
//! Owns: the three requests. Must not: know how a provider is asked: [`crate::auth::provider`] does. Called
//! by: the router, by [`super::handler`].

use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Redirect;
use callbox_proto::error::ErrorCode;
use callbox_proto::http::{ProviderAddress, ProviderBegin, ProviderEnd, ProviderReturn, SignedIn};
use callbox_proto::ids::AgencyId;

use super::sign_in::welcome;
use super::{Api, Refused};
use crate::auth::provider::Begin;

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
    query: Result<Query<ProviderReturn>, QueryRejection>,
) -> Result<Redirect, Refused> {
    let agency: AgencyId = agency.parse().map_err(|_| ErrorCode::NoSuchAgency)?;
    if api.transport.node.agency(&agency).is_none() {
        return Err(ErrorCode::NoSuchAgency.into());
    }
    let came = query.map(|Query(came)| came).unwrap_or_default();
    Ok(Redirect::to(&api.providers.way_back(&agency, &came)))
}

/// The page that began ends it: its secret and what the provider sent for a token.
pub async fn end(
    State(api): State<Api>,
    body: Result<Json<ProviderEnd>, JsonRejection>,
) -> Result<Json<SignedIn>, Refused> {
    let Json(asked) = body.map_err(|_| ErrorCode::MalformedMessage)?;
    let ProviderEnd { secret, came } = asked;
    let who = api.providers.end(&secret, came).await?;
    Ok(welcome(&api, who)?)
}
