//! Photos as staff, and responders with a link, read them.
//!
//! Owns: reading the path and the token, asking the role table about the session, and whose reading is noted in the log before the first byte.
//! Must not: touch files: the [`super::PhotoShelf`] does.
//! Called by: the router, by [`super::handler`].

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use callbox_domain::access::{self, Caller, Route, Target};
use callbox_domain::session::PhotoFetch;
use callbox_proto::error::ErrorCode;
use callbox_proto::event::Actor;
use callbox_proto::ids::{CommandId, SessionId};

use super::{Api, PhotoForm, Refused, sign_in};
use crate::auth::ResponderPass;
use crate::node::Person;
use crate::node::cell::Cell;

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
    let photo = photo.parse::<CommandId>();
    let session = session.parse::<SessionId>();
    let pass = responder(api, headers).transpose()?;
    let link = pass.as_ref().map(|pass| pass.link);
    let (caller, cell) = match pass {
        Some(pass) => by_link(api, pass, route, session.ok()).await?,
        None => by_sign_in(api, headers, route, session.ok()).await?,
    };
    let photo = photo.map_err(|_| ErrorCode::NoSuchPhoto)?;
    let target = may(&caller, &cell, route)?;
    let answer = api.photos.photo(&target.agency, cell.id, photo, form);
    let answer = answer.await?;
    let original = form == PhotoForm::Original;
    if let Some(by) = noted(caller, &target, original) {
        let fetch = PhotoFetch {
            photo,
            original,
            link,
        };
        api.transport.node.note_photo(&cell, by, fetch).await?;
    }
    Ok(answer)
}

/// Whose reading the log is told of. The owner reads what the resident shows them, and what they look at is `photo_revealed`; originals leave
/// the gateway, whoever takes them.
fn noted(caller: Caller, target: &Target, original: bool) -> Option<Actor> {
    match caller {
        Caller::Staff { role, staff, .. } => {
            let owns = target.owner.as_ref() == Some(&staff);
            (original || !owns).then(|| Actor::staff(role, staff))
        }
        Caller::Responder { .. } => Some(Actor::responder()),
        Caller::Nobody | Caller::Resident { .. } => None,
    }
}

/// Asks the role table about a route and a session; answers whose it is.
pub(super) fn may(caller: &Caller, cell: &Cell, route: Route) -> Result<Target, ErrorCode> {
    let target = cell.target()?;
    access::may(caller, route.action(), &target).map_err(access::Refusal::code)?;
    Ok(target)
}

/// The link behind a responder's token; `None` for every other token.
fn responder(api: &Api, headers: &HeaderMap) -> Option<Result<ResponderPass, ErrorCode>> {
    match api.tokens.check_responder(sign_in::token(headers)?) {
        Err(ErrorCode::TokenInvalid) => None,
        checked => Some(checked),
    }
}

/// A responder reads the session of the link, as long as the link counts; all others look as if there were none.
async fn by_link(
    api: &Api,
    pass: ResponderPass,
    route: Route,
    session: Option<SessionId>,
) -> Result<(Caller, Arc<Cell>), ErrorCode> {
    let caller = Caller::Responder {
        agency: pass.agency.clone(),
        session: pass.session,
    };
    access::may_at_all(&caller, route.action()).map_err(access::Refusal::code)?;
    if session != Some(pass.session) {
        return Err(ErrorCode::NoSuchSession);
    }
    let (cell, _) = api.transport.node.responder_session(&pass).await?;
    Ok((caller, cell))
}

/// A signed-in person, and the session of their agency.
pub(super) async fn by_sign_in(
    api: &Api,
    headers: &HeaderMap,
    route: Route,
    session: Option<SessionId>,
) -> Result<(Caller, Arc<Cell>), ErrorCode> {
    let who = sign_in::bearer(api, headers)?;
    let caller = Caller::Staff {
        role: who.role,
        agency: who.agency.clone(),
        staff: who.staff.clone(),
    };
    access::may_at_all(&caller, route.action()).map_err(access::Refusal::code)?;
    let session = session.ok_or(ErrorCode::NoSuchSession)?;
    let node = &api.transport.node;
    let agency = node.agency(&who.agency).ok_or(ErrorCode::TokenInvalid)?;
    let person = Person {
        agency,
        staff: who.staff,
        name: who.name,
        role: who.role,
    };
    let cell = node.agency_session(&person, session).await?;
    Ok((caller, cell))
}
