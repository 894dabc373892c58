//! What a client is told when something is not done: RFC 9457 with a code and whether to try again.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::authority::Refusal;
use super::headers;
use crate::evidence::photo::PhotoRefusal;
use crate::evidence::store::StoreError;

/// Everything that can be answered instead of success. The documentation of each names its status and code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// 412 `tus_version`: the request does not speak tus 1.0.0.
    WrongVersion,
    /// 400 `bad_header`: a header is missing or wrong; its name is told.
    BadHeader(&'static str),
    /// 401 `not_signed_in`: no valid token.
    NotSignedIn,
    /// 403 `photo_not_announced`: announce the photo on the WebSocket first.
    NotAnnounced,
    /// 403 `session_over`: the session takes no more photos.
    SessionOver,
    /// 403 `upload_sealed`: a complete upload cannot be withdrawn.
    Sealed,
    /// 404 `upload_not_found`: no such upload, expired, or not yours.
    NotFound,
    /// 408 `upload_idle`: no bytes for too long; resume.
    Idle,
    /// 409 `offset_mismatch`: ask for the offset and go on from there.
    OffsetMismatch(u64),
    /// 409 `upload_differs`: the photo exists or was announced with another size.
    Differs,
    /// 413 `upload_too_large`: more bytes than are taken.
    TooLarge(u64),
    /// 413 `beyond_length`: more bytes than announced.
    BeyondLength,
    /// 415 `wrong_content_type`: the body is not `application/offset+octet-stream`.
    WrongContentType,
    /// 415 `photo_type_refused`: not a JPEG, PNG, WebP, HEIC or HEIF picture by its content.
    PhotoType,
    /// 422 `photo_unreadable`: the picture is damaged.
    PhotoUnreadable,
    /// 422 `photo_too_many_pixels`: the picture is too large to be shown safely.
    PhotoTooManyPixels,
    /// 423 `upload_in_use`: another request is writing; try again in a moment.
    InUse,
    /// 429 `too_many_uploads`: finish the session's other uploads first.
    TooManyOpen,
    /// 460 `checksum_mismatch`: the bytes were damaged on the way and are not kept.
    Checksum,
    /// 503 `try_again`: it cannot be decided or written down now.
    Unavailable,
    /// 507 `storage_full`: the evidence disk is full; the rest of the gateway works on.
    StorageFull,
    /// 507 `upload_lost`: the disk failed while writing; create the upload again.
    Lost,
    /// 500 `storage_failed`: the disk failed; what was acknowledged is kept.
    StorageFailed,
}

#[derive(Serialize)]
struct Body {
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    status: u16,
    code: &'static str,
    retry: bool,
    message: String,
}

impl Problem {
    /// Status, code and whether to try again.
    fn row(self) -> (u16, &'static str, bool) {
        match self {
            Self::WrongVersion => (412, "tus_version", false),
            Self::BadHeader(_) => (400, "bad_header", false),
            Self::NotSignedIn => (401, "not_signed_in", true),
            Self::NotAnnounced => (403, "photo_not_announced", false),
            Self::SessionOver => (403, "session_over", false),
            Self::Sealed => (403, "upload_sealed", false),
            Self::NotFound => (404, "upload_not_found", false),
            Self::Idle => (408, "upload_idle", true),
            Self::OffsetMismatch(_) => (409, "offset_mismatch", true),
            Self::Differs => (409, "upload_differs", false),
            Self::TooLarge(_) => (413, "upload_too_large", false),
            Self::BeyondLength => (413, "beyond_length", false),
            Self::WrongContentType => (415, "wrong_content_type", false),
            Self::PhotoType => (415, "photo_type_refused", false),
            Self::PhotoUnreadable => (422, "photo_unreadable", false),
            Self::PhotoTooManyPixels => (422, "photo_too_many_pixels", false),
            Self::InUse => (423, "upload_in_use", true),
            Self::TooManyOpen => (429, "too_many_uploads", true),
            Self::Checksum => (460, "checksum_mismatch", true),
            Self::Unavailable => (503, "try_again", true),
            Self::StorageFull => (507, "storage_full", true),
            Self::Lost => (507, "upload_lost", true),
            Self::StorageFailed => (500, "storage_failed", true),
        }
    }

    fn message(self) -> String {
        let text = match self {
            Self::WrongVersion => "This server speaks tus 1.0.0.",
            Self::BadHeader(name) => return format!("The header {name} is missing or wrong."),
            Self::NotSignedIn => "The token is missing, wrong or too old.",
            Self::NotAnnounced => "Announce the photo in the session first.",
            Self::SessionOver => "The session is over and takes no more photos.",
            Self::Sealed => "The photo has arrived and cannot be withdrawn.",
            Self::NotFound => "There is no such upload.",
            Self::Idle => "No bytes came for too long. What has arrived is kept.",
            Self::OffsetMismatch(bytes) => return format!("The upload stands at {bytes} bytes."),
            Self::Differs => "The photo was announced with another size.",
            Self::TooLarge(bytes) => return format!("A photo has 1 to {bytes} bytes."),
            Self::BeyondLength => "More bytes than announced.",
            Self::WrongContentType => "The body must be application/offset+octet-stream.",
            Self::PhotoType => "This file is not a JPEG, PNG, WebP or HEIC photo.",
            Self::PhotoUnreadable => "This photo is damaged and cannot be read.",
            Self::PhotoTooManyPixels => "This photo has too many pixels. Send a smaller one.",
            Self::InUse => "Another request is writing this upload.",
            Self::TooManyOpen => "Too many photos at once. Finish the others first.",
            Self::Checksum => "The bytes were damaged on the way and are not kept.",
            Self::Unavailable => "This cannot be done now.",
            Self::StorageFull => "The server has no room for this photo now.",
            Self::Lost => "The server could not keep this photo. Start it again.",
            Self::StorageFailed => "The server's disk failed. What has arrived is kept.",
        };
        text.to_owned()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, code, retry) = self.row();
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
        let title = status.canonical_reason().unwrap_or("Checksum Mismatch");
        let body = Body {
            kind: "about:blank",
            title,
            status: status.as_u16(),
            code,
            retry,
            message: self.message(),
        };
        let mut response = (status, Json(body)).into_response();
        let answer = response.headers_mut();
        answer.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        match self {
            Self::NotSignedIn => {
                answer.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            Self::OffsetMismatch(bytes) => {
                answer.insert(headers::UPLOAD_OFFSET, HeaderValue::from(bytes));
            }
            _ => {}
        }
        response
    }
}

impl From<PhotoRefusal> for Problem {
    fn from(refusal: PhotoRefusal) -> Self {
        match refusal {
            PhotoRefusal::Type => Self::PhotoType,
            PhotoRefusal::Unreadable => Self::PhotoUnreadable,
            PhotoRefusal::TooLarge => Self::PhotoTooManyPixels,
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotSignedIn => Self::NotSignedIn,
            Refusal::NotAnnounced => Self::NotAnnounced,
            Refusal::Differs => Self::Differs,
            Refusal::SessionOver => Self::SessionOver,
            Refusal::Photo(refusal) => refusal.into(),
            Refusal::Unavailable => Self::Unavailable,
        }
    }
}

/// The one place where failures of the store are logged and become codes.
impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound => Self::NotFound,
            StoreError::Busy => Self::InUse,
            StoreError::OffsetMismatch { expected_bytes } => Self::OffsetMismatch(expected_bytes),
            StoreError::BeyondLength => Self::BeyondLength,
            StoreError::Differs => Self::Differs,
            StoreError::Size { max_bytes } => Self::TooLarge(max_bytes),
            StoreError::TooManyOpen { .. } => Self::TooManyOpen,
            StoreError::NoRoom | StoreError::DiskFull => {
                tracing::error!(%error, "an upload found no room");
                Self::StorageFull
            }
            StoreError::Broken => {
                tracing::error!(%error, "an upload was lost");
                Self::Lost
            }
            StoreError::Incomplete | StoreError::Damaged | StoreError::Io(_) => {
                tracing::error!(%error, "the evidence store failed");
                Self::StorageFailed
            }
        }
    }
}
