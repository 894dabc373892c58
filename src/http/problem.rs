//! The body of every refused request: a code for programs, a sentence for people, and whether to try again.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// A refused request, as JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The HTTP status; it stands in the status line only.
    #[serde(skip)]
    pub status: StatusCode,
    /// Stable code.
    pub code: &'static str,
    /// One sentence.
    pub message: &'static str,
    /// Whether the same request may succeed later.
    pub retry: bool,
}

impl Problem {
    /// The page or route does not exist.
    pub const NOT_FOUND: Self = Self {
        status: StatusCode::NOT_FOUND,
        code: "not_found",
        message: "There is nothing here.",
        retry: false,
    };
    /// A handler panicked; its connection lives on.
    pub const INTERNAL: Self = Self {
        status: StatusCode::INTERNAL_SERVER_ERROR,
        code: "internal",
        message: "Something broke on our side. Try again.",
        retry: true,
    };
    /// A page of another site tried to act here.
    pub const ORIGIN_REFUSED: Self = Self {
        status: StatusCode::FORBIDDEN,
        code: "origin_refused",
        message: "Pages of this origin may not connect here.",
        retry: false,
    };
    /// The request took longer than it may.
    pub const DEADLINE: Self = Self {
        status: StatusCode::SERVICE_UNAVAILABLE,
        code: "deadline",
        message: "The request took too long. Try again.",
        retry: true,
    };
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        (self.status, Json(self)).into_response()
    }
}
