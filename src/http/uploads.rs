//! Intake of photos by resumable HTTP (tus 1.0.0) and the answers with which consoles read them.
//!
//! Owns the protocol: headers, offsets, answers. Who may upload what, and what happens when a photo is complete, is
//! decided by the [`UploadAuthority`]; the bytes belong to the evidence store. `app` builds [`Uploads`] and mounts
//! [`router`].
//!
//! Routes: `POST /api/v1/uploads`; `HEAD`, `PATCH`, `DELETE /api/v1/uploads/{id}`; `OPTIONS` on both. Extensions:
//! creation, creation-with-upload, termination, expiration, checksum (sha1, sha256). A client announces the photo on
//! its WebSocket first and names it here in `Upload-Metadata: photo <base64 of the photo id>,session <base64 of the
//! session id>`. Creating the upload of
//! a photo twice gives the same upload. When the last byte is answered with 204, the original is durable and sealed
//! and the authority knows. Errors are `application/problem+json`; [`Problem`] lists the codes.

mod authority;
mod finish;
mod handlers;
mod headers;
mod problem;
mod receive;
mod serve;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, Method, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{self, MethodRouter};
use callbox_domain::access::Route;

pub use self::authority::{
    CopyState, NoCopy, PhotoRef, Refusal, SealedPhoto, UploadAuthority, UploadGrant,
};
pub(super) use self::headers::{READ as HEADERS_READ, SENT as HEADERS_SENT};
pub use self::problem::Problem;
pub use self::serve::{serve_copy, serve_original, serve_pack};

use crate::evidence::photo::PhotoPipeline;
use crate::evidence::store::EvidenceStore;

/// Where uploads are created; an upload is `<this>/<upload id>`.
pub const UPLOADS_PATH: &str = Route::UploadCreate.path();
/// The protocol version spoken.
const TUS_VERSION: &str = "1.0.0";

/// Bounds of the upload handlers.
#[derive(Debug, Clone)]
pub struct UploadLimits {
    /// Longest silence inside a request's body; what has arrived is kept and the client may resume.
    pub idle_timeout: Duration,
}

impl Default for UploadLimits {
    fn default() -> Self {
        Self {
            idle_timeout: Duration::from_secs(30),
        }
    }
}

/// Everything the upload handlers need; cheap to clone.
#[derive(Clone)]
pub struct Uploads {
    store: Arc<dyn EvidenceStore>,
    photos: Arc<PhotoPipeline>,
    authority: Arc<dyn UploadAuthority>,
    limits: UploadLimits,
}

impl Uploads {
    /// Joins the evidence store, the photo pipeline and whoever decides.
    pub fn new(
        store: Arc<dyn EvidenceStore>,
        photos: Arc<PhotoPipeline>,
        authority: Arc<dyn UploadAuthority>,
        limits: UploadLimits,
    ) -> Self {
        Self {
            store,
            photos,
            authority,
            limits,
        }
    }
}

/// The upload routes.
#[expect(
    clippy::disallowed_methods,
    reason = "mounts rows of the table of rights, and nothing else"
)]
pub fn router(uploads: Uploads) -> Router {
    let mut router = Router::new();
    for route in Route::ALL {
        if let Some(handler) = handler(*route) {
            router = router.route(route.path(), handler);
        }
    }
    router
        .layer(middleware::from_fn(speak_tus))
        .with_state(uploads)
}

/// The handler of a row of the role table; `None` for rows of other rooms.
fn handler(route: Route) -> Option<MethodRouter<Uploads>> {
    Some(match route {
        Route::UploadOptions | Route::UploadOptionsOfOne => routing::options(handlers::options),
        Route::UploadCreate => routing::post(handlers::create),
        Route::UploadHead => routing::head(handlers::head),
        Route::UploadPatch => routing::patch(handlers::patch),
        Route::UploadDelete => routing::delete(handlers::delete),
        _ => return None,
    })
}

/// Refuses other versions of the protocol and marks all answers with ours.
async fn speak_tus(request: Request, next: Next) -> Response {
    let speaks = request.method() == Method::OPTIONS
        || request
            .headers()
            .get(headers::TUS_RESUMABLE)
            .is_some_and(|version| version == TUS_VERSION);
    let mut response = if speaks {
        next.run(request).await
    } else {
        let mut refused = Problem::WrongVersion.into_response();
        refused
            .headers_mut()
            .insert(headers::TUS_VERSION, HeaderValue::from_static(TUS_VERSION));
        refused
    };
    let answer = response.headers_mut();
    answer.insert(
        headers::TUS_RESUMABLE,
        HeaderValue::from_static(TUS_VERSION),
    );
    answer.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Reads a request's head as the handlers do; for `crate::probes`. Taken: it says who, what and how much.
pub(crate) fn probe_headers(head: &axum::http::HeaderMap) -> bool {
    let _length = headers::content_length(head);
    let _kind = headers::is_offset_octet_stream(head);
    let checksum = headers::Checksum::read(head).map(|checksum| {
        checksum.is_none_or(|mut checksum| {
            checksum.update(b"x");
            checksum.matches()
        })
    });
    let _matches = checksum;
    let length = headers::bytes(head, &headers::UPLOAD_LENGTH, "Upload-Length");
    headers::bearer(head).is_ok() && headers::metadata(head).is_ok() && length.is_ok()
}
