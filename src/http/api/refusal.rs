//! A public code as an HTTP answer.
//!
//! Owns: which status belongs to which code. Must not: decide to refuse. Called by: the handlers beside it.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use callbox_proto::error::ErrorCode;

use crate::http::problem::Problem;

/// A refused request, with a code of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused(pub ErrorCode);

impl From<ErrorCode> for Refused {
    fn from(code: ErrorCode) -> Self {
        Self(code)
    }
}

impl Refused {
    const fn status(self) -> StatusCode {
        match self.0.number() {
            3_000..=3_002 => StatusCode::UNAUTHORIZED,
            3_014 => StatusCode::NOT_FOUND,
            3_003 => StatusCode::TOO_MANY_REQUESTS,
            3_004..=3_999 => StatusCode::FORBIDDEN,
            2_006 | 2_010 | 2_017 | 2_026 | 2_033 | 4_005 => StatusCode::NOT_FOUND,
            // The session is there and of this agency; it is somebody else's.
            2_008 => StatusCode::FORBIDDEN,
            2_005 | 2_027 | 2_028 | 2_038 => StatusCode::GONE,
            2_030 | 4_000 => StatusCode::TOO_MANY_REQUESTS,
            4_004 => StatusCode::INTERNAL_SERVER_ERROR,
            4_001..=4_999 => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        Problem::protocol(self.status(), self.0).into_response()
    }
}
