//! Fetching the export of a session.
//!
//! Owns: reading the path and the token, and asking the role table about the session. Must not: read a log or a file: the
//! [`super::ExportDesk`] does. Called by: the router, by [`super::handler`].

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use callbox_domain::access::{Caller, Route};
use callbox_proto::error::ErrorCode;
use callbox_proto::ids::CommandId;

use super::{Api, Fetch, Refused, photos};

/// The pack, as a download. The log has it before the first byte.
pub async fn fetch(
    State(api): State<Api>,
    Path((session, request)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let route = Route::FetchExport;
    let (caller, cell) = photos::by_sign_in(&api, &headers, route, session.parse().ok()).await?;
    let agency = photos::may(&caller, &cell, route)?.agency;
    let Caller::Staff { role, staff, .. } = caller else {
        return Err(ErrorCode::NotAllowed.into());
    };
    let request = request.parse::<CommandId>();
    let request = request.map_err(|_| ErrorCode::NoSuchRequest)?;
    let fetch = Fetch {
        agency,
        cell,
        staff,
        role,
        request,
    };
    Ok(api.exports.fetch(fetch).await?)
}
