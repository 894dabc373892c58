//! Signing in, and the agencies' public faces.
//!
//! Owns: the requests of signing in, and the check of a bearer's token. Must not: know how passphrases are kept: [`crate::auth`] does. Called
//! by: the router, by [`super::handler`]; `photos`, for the token.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use callbox_proto::error::ErrorCode;
use callbox_proto::http::{AgencyFace, SignInRequest, SignedIn, WaysIn};
use callbox_proto::ids::AgencyId;
use callbox_proto::vocabulary::Millis;

use super::{Api, Refused};
use crate::auth::StaffIdentity;

/// The agency that is meant where none is named, for the page before it connects.
pub async fn agency(
    State(api): State<Api>,
    headers: HeaderMap,
) -> Result<Json<AgencyFace>, Refused> {
    let meant = api.agency_meant(&headers).clone();
    info(&api, &meant)
}

/// An agency by its id.
pub async fn agency_of(
    State(api): State<Api>,
    Path(agency): Path<String>,
) -> Result<Json<AgencyFace>, Refused> {
    let agency = agency.parse().map_err(|_| ErrorCode::NoSuchAgency)?;
    info(&api, &agency)
}

fn info(api: &Api, agency: &AgencyId) -> Result<Json<AgencyFace>, Refused> {
    let known = api.transport.node.agency(agency);
    let known = known.ok_or(ErrorCode::NoSuchAgency)?;
    let provider = api.providers.of(agency);
    Ok(Json(AgencyFace {
        info: known.settings().info.clone(),
        sign_in: WaysIn {
            passphrase: api.by_passphrase.contains(agency),
            provider: provider.map(|provider| provider.words().to_owned()),
        },
    }))
}

/// Name and passphrase for a token.
pub async fn sign_in(
    State(api): State<Api>,
    body: Result<Json<SignInRequest>, JsonRejection>,
) -> Result<Json<SignedIn>, Refused> {
    let Json(asked) = body.map_err(|_| ErrorCode::MalformedMessage)?;
    if api.transport.node.agency(&asked.agency).is_none() {
        return Err(ErrorCode::NoSuchAgency.into());
    }
    let who = api
        .accounts
        .sign_in(&asked.agency, &asked.name, &asked.passphrase)
        .await?;
    Ok(welcome(&api, who)?)
}

/// The first token of a person who has just been proved.
pub(super) fn welcome(api: &Api, who: StaffIdentity) -> Result<Json<SignedIn>, ErrorCode> {
    let method = who.by.word();
    tracing::info!(agency = %who.agency, staff = %who.staff, %method, "signed in");
    issue(api, who)
}

/// A token for a fresh one, as long as the account is there.
pub async fn refresh(
    State(api): State<Api>,
    headers: HeaderMap,
) -> Result<Json<SignedIn>, Refused> {
    let who = bearer(&api, &headers)?;
    Ok(issue(&api, who)?)
}

/// A supervisor's token for a wallboard's: it reads the board of the same agency, is renewed like any other, and nothing else.
pub async fn open_wallboard(
    State(api): State<Api>,
    headers: HeaderMap,
) -> Result<Json<SignedIn>, Refused> {
    let who = bearer(&api, &headers)?;
    let (agency, staff) = (who.agency.clone(), who.staff.clone());
    let wallboard = who.wallboard().ok_or(ErrorCode::NotAllowed)?;
    tracing::info!(%agency, %staff, "opened a wallboard");
    Ok(issue(&api, wallboard)?)
}

fn issue(api: &Api, who: StaffIdentity) -> Result<Json<SignedIn>, ErrorCode> {
    let now_ms = api.transport.node.clock().now_ms();
    let ends_ms = api.accounts.ends_ms(&who).unwrap_or(Millis::MAX);
    let life_ms = api.staff_token_ms.min(ends_ms.saturating_sub(now_ms));
    let issued = api.tokens.staff(&who, now_ms, life_ms)?;
    Ok(Json(SignedIn {
        token: issued.token,
        expires_ms: issued.expires_ms,
        agency: who.agency,
        staff: who.staff,
        name: who.name,
        role: who.role,
        ends_ms: (ends_ms < Millis::MAX).then_some(ends_ms),
    }))
}

/// The person behind `Authorization: Bearer`, as the account is now.
///
/// # Errors
/// [`ErrorCode::TokenInvalid`] or [`ErrorCode::TokenExpired`]; [`ErrorCode::NoSuchAgency`] where it is another node's.
pub fn bearer(api: &Api, headers: &HeaderMap) -> Result<StaffIdentity, ErrorCode> {
    let token = token(headers).ok_or(ErrorCode::TokenInvalid)?;
    let claimed = api.tokens.check_staff(token)?;
    if api.transport.node.agency(&claimed.agency).is_none() {
        return Err(ErrorCode::NoSuchAgency);
    }
    api.accounts
        .stands_for(&claimed)
        .ok_or(ErrorCode::TokenInvalid)
}

/// What stands behind `Authorization: Bearer`.
pub fn token(headers: &HeaderMap) -> Option<&str> {
    headers
        .get(axum::http::header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
}
