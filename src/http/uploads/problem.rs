//! What a client is told when something is not done: a code and whether to try again.
//!
//! Owns: the list of what can go wrong with an upload, and its status. Must not: log: whoever fails does. Called by: every file of this room.

use std::borrow::Cow;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use callbox_proto::error::{ErrorCode, Retry};

use super::authority::Refusal;
use super::headers;
use crate::evidence::photo::PhotoRefusal;
use crate::evidence::store::StoreError;
use crate::http::problem::{self, Code};

/// Everything that can be answered instead of success. The documentation of each names its status and code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// 412 `tus_version`: the request does not speak tus 1.0.0.
    WrongVersion,
    /// 400 `bad_header`: a header is missing or wrong; its name is told.
    BadHeader(&'static str),
    /// 401 `token_invalid`: no token, or not one of ours.
    NotSignedIn,
    /// 401 `token_expired`: ask for a fresh one on the socket.
    Expired,
    /// 403 `photo_not_announced`: announce the photo on the WebSocket first.
    NotAnnounced,
    /// 403 `session_closed`: the session takes no more photos.
    SessionOver,
    /// 403 `upload_sealed`: a complete upload cannot be withdrawn.
    Sealed,
    /// 404 `no_such_upload`: no such upload, expired, or not yours.
    NotFound,
    /// 408 `upload_idle`: no bytes for too long; resume.
    Idle,
    /// 409 `upload_offset`: ask for the offset and go on from there.
    OffsetMismatch(u64),
    /// 409 `upload_differs`: the photo exists or was announced with another size.
    Differs,
    /// 413 `photo_too_large`: more bytes than are taken.
    TooLarge(u64),
    /// 413 `beyond_length`: more bytes than announced.
    BeyondLength,
    /// 415 `wrong_content_type`: the body is not `application/offset+octet-stream`.
    WrongContentType,
    /// 415 `photo_type_refused`: not a JPEG, PNG, WebP, HEIC or HEIF picture by its content.
    PhotoType,
    /// 422 `photo_unreadable`: the picture is damaged.
    PhotoUnreadable,
    /// 422 `photo_too_large`: the picture is too large to be shown safely.
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

impl Problem {
    /// Status, code and what to do.
    fn row(self) -> (u16, Code, Retry) {
        use ErrorCode as E;
        use Retry::{AfterChange, Later, Never};
        let protocol = |status, code: ErrorCode| (status, Code::Protocol(code), code.retry());
        let http = |status, code, retry| (status, Code::Http(code), retry);
        match self {
            Self::WrongVersion => http(412, "tus_version", Never),
            Self::BadHeader(_) => http(400, "bad_header", Never),
            Self::NotSignedIn => protocol(401, E::TokenInvalid),
            Self::Expired => protocol(401, E::TokenExpired),
            Self::NotAnnounced => http(403, "photo_not_announced", Never),
            Self::SessionOver => protocol(403, E::SessionClosed),
            Self::Sealed => http(403, "upload_sealed", Never),
            Self::NotFound => protocol(404, E::NoSuchUpload),
            Self::Idle => http(408, "upload_idle", Later),
            Self::OffsetMismatch(_) => protocol(409, E::UploadOffset),
            Self::Differs => http(409, "upload_differs", Never),
            Self::TooLarge(_) => protocol(413, E::PhotoTooLarge),
            Self::BeyondLength => http(413, "beyond_length", Never),
            Self::WrongContentType => http(415, "wrong_content_type", Never),
            Self::PhotoType => protocol(415, E::PhotoTypeRefused),
            Self::PhotoUnreadable => protocol(422, E::PhotoUnreadable),
            Self::PhotoTooManyPixels => protocol(422, E::PhotoTooLarge),
            Self::InUse => http(423, "upload_in_use", Later),
            Self::TooManyOpen => http(429, "too_many_uploads", Later),
            Self::Checksum => http(460, "checksum_mismatch", AfterChange),
            Self::Unavailable => http(503, "try_again", Later),
            Self::StorageFull => http(507, "storage_full", Later),
            Self::Lost => http(507, "upload_lost", AfterChange),
            Self::StorageFailed => http(500, "storage_failed", Later),
        }
    }

    fn message(self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::WrongVersion => "This server speaks tus 1.0.0.",
            Self::BadHeader(name) => {
                return format!("The header {name} is missing or wrong.").into();
            }
            Self::NotSignedIn => "The token is missing or wrong.",
            Self::Expired => "The token has expired.",
            Self::NotAnnounced => "Announce the photo in the session first.",
            Self::SessionOver => "The session is over and takes no more photos.",
            Self::Sealed => "The photo has arrived and cannot be withdrawn.",
            Self::NotFound => "There is no such upload.",
            Self::Idle => "No bytes came for too long. What has arrived is kept.",
            Self::OffsetMismatch(bytes) => {
                return format!("The upload stands at {bytes} bytes.").into();
            }
            Self::Differs => "The photo was announced with another size.",
            Self::TooLarge(bytes) => return format!("A photo has 1 to {bytes} bytes.").into(),
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
        })
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, code, retry) = self.row();
        let problem = problem::Problem {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST),
            code,
            retry,
            message: self.message(),
        };
        let mut response = problem.into_response();
        let answer = response.headers_mut();
        match self {
            Self::NotSignedIn | Self::Expired => {
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
            Refusal::TokenExpired => Self::Expired,
            Refusal::NotAnnounced => Self::NotAnnounced,
            Refusal::Differs => Self::Differs,
            Refusal::SessionOver | Refusal::Deleted => Self::SessionOver,
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

#[cfg(test)]
mod tests {
    use super::*;

    /// One of each.
    const ALL: [Problem; 24] = {
        use Problem as P;
        [
            P::WrongVersion,
            P::BadHeader("x"),
            P::NotSignedIn,
            P::Expired,
            P::NotAnnounced,
            P::SessionOver,
            P::Sealed,
            P::NotFound,
            P::Idle,
            P::OffsetMismatch(1),
            P::Differs,
            P::TooLarge(1),
            P::BeyondLength,
            P::WrongContentType,
            P::PhotoType,
            P::PhotoUnreadable,
            P::PhotoTooManyPixels,
            P::InUse,
            P::TooManyOpen,
            P::Checksum,
            P::Unavailable,
            P::StorageFull,
            P::Lost,
            P::StorageFailed,
        ]
    };

    #[test]
    fn the_protocol_names_every_word_of_uploads_with_its_status_and_advice() {
        let page = include_str!("../../../docs/protocol.md").replace('\n', " ");
        for problem in ALL {
            let (status, code, retry) = problem.row();
            let Code::Http(word) = code else { continue };
            let retry = serde_json::to_value(retry).expect("a word");
            let retry = retry.as_str().expect("a word");
            let told = format!("`{word}` ({status}, {retry}");
            assert!(page.contains(&told), "{told} is not in docs/protocol.md");
        }
    }
}
