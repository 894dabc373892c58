//! One handler per method of the protocol.
//!
//! Owns: which checks come in which order. Must not: decide who may: the [`UploadAuthority`] does; or hold more than a buffer of a body. Called by:
//! the router.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::authority::{PhotoRef, Refusal, UploadGrant};
use super::headers::{self, Checksum};
use super::problem::Problem;
use super::receive::{Piece, drain};
use super::{UPLOADS_PATH, Uploads};
use crate::evidence::names::UploadId;
use crate::evidence::store::{NewUpload, Phase, UploadHandle, UploadState};

/// What the server can do. Needs no version and no token.
pub(super) async fn options(State(uploads): State<Uploads>) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let answer = response.headers_mut();
    answer.insert(
        headers::TUS_VERSION,
        HeaderValue::from_static(super::TUS_VERSION),
    );
    answer.insert(
        headers::TUS_EXTENSION,
        HeaderValue::from_static(headers::EXTENSIONS),
    );
    answer.insert(
        headers::TUS_MAX_SIZE,
        HeaderValue::from(uploads.store.max_upload_bytes()),
    );
    answer.insert(
        headers::TUS_CHECKSUM_ALGORITHM,
        HeaderValue::from_static(headers::CHECKSUM_ALGORITHMS),
    );
    response
}

/// Creates an upload, or finds the one of the same photo; takes its first bytes if the body has some.
pub(super) async fn create(
    State(uploads): State<Uploads>,
    head: HeaderMap,
    body: Body,
) -> Response {
    match uploads.create(&head, body).await {
        Ok(response) => response,
        Err((problem, body)) => refuse(problem, body).await,
    }
}

/// Where an upload stands.
pub(super) async fn head(
    State(uploads): State<Uploads>,
    Path(id): Path<String>,
    head: HeaderMap,
) -> Response {
    match uploads.look(&id, &head).await {
        Ok(state) => {
            let mut response = StatusCode::OK.into_response();
            tell_state(&mut response, &state);
            let answer = response.headers_mut();
            answer.insert(
                headers::UPLOAD_LENGTH,
                HeaderValue::from(state.length_bytes),
            );
            if let Ok(metadata) = HeaderValue::from_str(&state.metadata) {
                answer.insert(headers::UPLOAD_METADATA, metadata);
            }
            response
        }
        Err(problem) => problem.into_response(),
    }
}

/// Takes bytes at an offset.
pub(super) async fn patch(
    State(uploads): State<Uploads>,
    Path(id): Path<String>,
    head: HeaderMap,
    body: Body,
) -> Response {
    let (handle, grant, piece) = match uploads.ready_to_patch(&id, &head).await {
        Ok(ready) => ready,
        Err(problem) => return refuse(problem, body).await,
    };
    match uploads.receive_apart(handle, grant, piece, body).await {
        Ok(state) => {
            let mut response = StatusCode::NO_CONTENT.into_response();
            tell_state(&mut response, &state);
            response
        }
        Err((problem, Some(body))) => refuse(problem, body).await,
        Err((problem, None)) => problem.into_response(),
    }
}

/// Withdraws an upload that is not complete.
pub(super) async fn delete(
    State(uploads): State<Uploads>,
    Path(id): Path<String>,
    head: HeaderMap,
) -> Response {
    match uploads.withdraw(&id, &head).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(problem) => problem.into_response(),
    }
}

impl Uploads {
    async fn create(&self, head: &HeaderMap, body: Body) -> Result<Response, (Problem, Body)> {
        let (new, grant, piece) = match self.ready_to_create(head).await {
            Ok(ready) => ready,
            Err(problem) => return Err((problem, body)),
        };
        let created = match self.store.create(new).await {
            Ok(created) => created,
            Err(error) => return Err((error.into(), body)),
        };
        let handle = match self.store.take_over(&created.id).await {
            Ok(handle) => handle,
            Err(error) => return Err((error.into(), body)),
        };
        let mut state = handle.state();
        match piece {
            Some(piece) if state.received_bytes == 0 => {
                match self.receive_apart(handle, grant, piece, body).await {
                    Ok(after) => state = after,
                    Err((problem, body)) => return Err((problem, body.unwrap_or_default())),
                }
            }
            // Created before: the client goes on from the offset it is told, and what a restart interrupted is
            // finished, because a client that sees all its bytes there will not send them again.
            _ => match self.finish_apart(handle, grant).await {
                Ok(after) => {
                    state = after;
                    drain(body).await;
                }
                Err(problem) => return Err((problem, body)),
            },
        }
        let mut response = StatusCode::CREATED.into_response();
        tell_state(&mut response, &state);
        if let Ok(location) = HeaderValue::try_from(format!("{UPLOADS_PATH}/{}", created.id)) {
            response.headers_mut().insert(header::LOCATION, location);
        }
        Ok(response)
    }

    async fn ready_to_create(
        &self,
        head: &HeaderMap,
    ) -> Result<(NewUpload, UploadGrant, Option<Piece>), Problem> {
        let bearer = headers::bearer(head)?;
        if head.contains_key(headers::UPLOAD_DEFER_LENGTH) {
            return Err(Problem::BadHeader("Upload-Defer-Length"));
        }
        let length_bytes = headers::bytes(head, &headers::UPLOAD_LENGTH, "Upload-Length")?;
        let max_bytes = self.store.max_upload_bytes();
        if length_bytes == 0 || length_bytes > max_bytes {
            return Err(Problem::TooLarge(max_bytes));
        }
        let named = headers::metadata(head)?;
        let piece = first_piece(head)?;
        let photo = PhotoRef {
            photo: named.photo,
            session: named.session,
            length_bytes,
        };
        let grant = self.authority.may_upload(bearer, &photo).await?;
        if grant.owner.photo != photo.photo {
            return Err(Problem::NotAnnounced);
        }
        let new = NewUpload {
            owner: grant.owner.clone(),
            length_bytes,
            metadata: named.as_sent,
        };
        Ok((new, grant, piece))
    }

    async fn ready_to_patch(
        &self,
        id: &str,
        head: &HeaderMap,
    ) -> Result<(Box<dyn UploadHandle>, UploadGrant, Piece), Problem> {
        let (id, grant) = self.access(id, head).await?;
        if !headers::is_offset_octet_stream(head) {
            return Err(Problem::WrongContentType);
        }
        let piece = Piece {
            offset_bytes: headers::bytes(head, &headers::UPLOAD_OFFSET, "Upload-Offset")?,
            announced_bytes: headers::content_length(head),
            checksum: Checksum::read(head)?,
        };
        let handle = self.store.claim(&id).await?;
        Ok((handle, grant, piece))
    }

    async fn look(&self, id: &str, head: &HeaderMap) -> Result<UploadState, Problem> {
        let (id, grant) = self.access(id, head).await?;
        let handle = self.store.take_over(&id).await?;
        // A client that sees all its bytes there will not send them again: finish what a restart interrupted.
        self.finish_apart(handle, grant).await
    }

    async fn withdraw(&self, id: &str, head: &HeaderMap) -> Result<(), Problem> {
        let (id, _) = self.access(id, head).await?;
        let handle = self.store.take_over(&id).await?;
        if handle.state().phase != Phase::Receiving {
            return Err(Problem::Sealed);
        }
        Ok(handle.discard().await?)
    }

    /// Whether the upload exists and belongs to the bearer. Another's upload looks like none.
    async fn access(&self, id: &str, head: &HeaderMap) -> Result<(UploadId, UploadGrant), Problem> {
        let bearer = headers::bearer(head)?;
        let id = UploadId::parse(id).map_err(|_| Problem::NotFound)?;
        let registered = self.store.find(&id).await?;
        let photo = PhotoRef {
            photo: registered.owner.photo.clone(),
            session: registered.owner.session.clone(),
            length_bytes: registered.length_bytes,
        };
        match self.authority.may_upload(bearer, &photo).await {
            Ok(grant) if grant.owner == registered.owner => Ok((id, grant)),
            Ok(_) | Err(Refusal::NotAnnounced | Refusal::Differs) => Err(Problem::NotFound),
            Err(refusal) => Err(refusal.into()),
        }
    }
}

/// The bytes that come with a creation, if there are any.
fn first_piece(head: &HeaderMap) -> Result<Option<Piece>, Problem> {
    let announced_bytes = headers::content_length(head);
    let chunked = head.contains_key(header::TRANSFER_ENCODING);
    if !chunked && announced_bytes.unwrap_or(0) == 0 {
        return Ok(None);
    }
    if !headers::is_offset_octet_stream(head) {
        return Err(Problem::WrongContentType);
    }
    Ok(Some(Piece {
        offset_bytes: 0,
        announced_bytes,
        checksum: Checksum::read(head)?,
    }))
}

fn tell_state(response: &mut Response, state: &UploadState) {
    let answer = response.headers_mut();
    answer.insert(
        headers::UPLOAD_OFFSET,
        HeaderValue::from(state.received_bytes),
    );
    if state.received_bytes < state.length_bytes {
        answer.insert(headers::UPLOAD_EXPIRES, headers::date(state.expires_at));
    }
}

/// Answers a request whose body was not read. A little of it is read and thrown away, because a client that is
/// still writing when the connection closes never sees the answer.
async fn refuse(problem: Problem, body: Body) -> Response {
    drain(body).await;
    problem.into_response()
}
