//! Photos as staff read them.
//!
//! Owns: reading the path and the token, and asking the role table about the session. Must not: touch files: the [`super::PhotoShelf`] does.
//! Called by: the router, by [`super::handler`].

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use callbox_domain::access::{self, Caller, Route, Target};
use callbox_proto::error::ErrorCode;
use callbox_proto::ids::{CommandId, SessionId};

use super::{Api, PhotoForm, Refused, sign_in};
use crate::node::Person;

type Ids = Path<(String, String)>;

/// The preview.
pub async fn preview(
    State(api): State<Api>,
    ids: Ids,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    read(&api, ids, &headers, Route::PhotoPreview, PhotoForm::Preview).await
}

/// The copy.
pub async fn copy(
    State(api): State<Api>,
    ids: Ids,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    read(&api, ids, &headers, Route::PhotoCopy, PhotoForm::Copy).await
}

/// The original.
pub async fn original(
    State(api): State<Api>,
    ids: Ids,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    read(
        &api,
        ids,
        &headers,
        Route::PhotoOriginal,
        PhotoForm::Original,
    )
    .await
}

async fn read(
    api: &Api,
    Path((session, photo)): Ids,
    headers: &HeaderMap,
    route: Route,
    form: PhotoForm,
) -> Result<Response, Refused> {
    let who = sign_in::bearer(api, headers)?;
    let caller = Caller::Staff {
        role: who.role,
        agency: who.agency.clone(),
        staff: who.staff.clone(),
    };
    access::may_at_all(&caller, route.action()).map_err(access::Refusal::code)?;
    let session: SessionId = session.parse().map_err(|_| ErrorCode::NoSuchSession)?;
    let photo: CommandId = photo.parse().map_err(|_| ErrorCode::NoSuchPhoto)?;
    let node = &api.transport.node;
    let agency = node.agency(&who.agency).ok_or(ErrorCode::TokenInvalid)?;
    let person = Person {
        agency,
        staff: who.staff,
        name: who.name,
        role: who.role,
    };
    let cell = node.agency_session(&person, session).await?;
    let target = {
        let inner = cell.lock();
        let state = inner.session.as_ref().ok_or(ErrorCode::NoSuchSession)?;
        Target {
            agency: state.agency.clone(),
            owner: state.owner.clone(),
            resident: state.resident,
        }
    };
    access::may(&caller, route.action(), &target).map_err(access::Refusal::code)?;
    Ok(api.photos.photo(&who.agency, session, photo, form).await?)
}
