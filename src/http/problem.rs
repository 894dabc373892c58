//! The body of every refused request (RFC 9457): a code for programs, a sentence for people, and whether to try again.
//!
//! Owns: the one shape, `application/problem+json` with `type`, `title`, `status`, `code`, `number`, `retry`, `after_ms` and
//! `message`. Must not: decide anything. Used by: every room of `http`, each with its own list of what can go wrong.

use std::borrow::Cow;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use callbox_proto::error::{ErrorCode, Retry};
use callbox_proto::http;

/// Pause that is told with [`Retry::Later`], in ms: long enough that a herd spreads, short enough for somebody in need.
const AFTER_MS: u64 = 1_000;

/// Content type of every refusal.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// A code: one of the protocol's, or a word that only HTTP has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// As in the sockets; it has a number.
    Protocol(ErrorCode),
    /// About the request itself.
    Http(&'static str),
}

/// A refused request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The HTTP status.
    pub status: StatusCode,
    /// Stable code.
    pub code: Code,
    /// What the client should do.
    pub retry: Retry,
    /// One sentence.
    pub message: Cow<'static, str>,
}

impl Problem {
    /// The page or route does not exist.
    pub const NOT_FOUND: Self = Self::http(
        StatusCode::NOT_FOUND,
        "not_found",
        Retry::Never,
        "There is nothing here.",
    );
    /// A handler panicked; its connection lives on.
    pub const INTERNAL: Self =
        Self::protocol(StatusCode::INTERNAL_SERVER_ERROR, ErrorCode::Internal);
    /// A page of another site tried to act here.
    pub const ORIGIN_REFUSED: Self =
        Self::protocol(StatusCode::FORBIDDEN, ErrorCode::OriginRefused);
    /// The request took longer than it may.
    pub const DEADLINE: Self = Self::http(
        StatusCode::SERVICE_UNAVAILABLE,
        "deadline",
        Retry::Later,
        "The request took too long. Try again.",
    );

    /// What a status without a body of ours says: refusals of the framework before a handler of ours was asked.
    #[must_use]
    pub fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::NOT_FOUND,
            StatusCode::METHOD_NOT_ALLOWED => Self::http(
                status,
                "method_not_allowed",
                Retry::Never,
                "This cannot be done here.",
            ),
            StatusCode::PAYLOAD_TOO_LARGE => Self::protocol(status, ErrorCode::TooLong),
            _ if status.is_server_error() => Self::protocol(status, ErrorCode::Internal),
            _ => Self::protocol(status, ErrorCode::MalformedMessage),
        }
    }

    /// A code of the protocol with its own advice and sentence.
    #[must_use]
    pub const fn protocol(status: StatusCode, code: ErrorCode) -> Self {
        Self {
            status,
            code: Code::Protocol(code),
            retry: code.retry(),
            message: Cow::Borrowed(code.sentence()),
        }
    }

    /// A word that only HTTP has.
    #[must_use]
    pub const fn http(
        status: StatusCode,
        code: &'static str,
        retry: Retry,
        message: &'static str,
    ) -> Self {
        Self {
            status,
            code: Code::Http(code),
            retry,
            message: Cow::Borrowed(message),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (code, number) = match self.code {
            Code::Protocol(code) => (code.word(), Some(code.number())),
            Code::Http(word) => (word.to_owned(), None),
        };
        let body = http::Problem {
            r#type: "about:blank".to_owned(),
            // 460 is of tus, not of HTTP.
            title: self
                .status
                .canonical_reason()
                .unwrap_or("Checksum Mismatch")
                .to_owned(),
            status: self.status.as_u16(),
            code,
            number,
            retry: self.retry,
            after_ms: (self.retry == Retry::Later).then_some(AFTER_MS),
            message: self.message.into_owned(),
        };
        let mut answer = (self.status, Json(body)).into_response();
        let kind = HeaderValue::from_static(MEDIA_TYPE);
        answer.headers_mut().insert(header::CONTENT_TYPE, kind);
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn body(problem: Problem) -> serde_json::Value {
        let answer = problem.into_response();
        assert_eq!(
            answer.headers()[header::CONTENT_TYPE],
            "application/problem+json"
        );
        let bytes = axum::body::to_bytes(answer.into_body(), 10_000).await;
        serde_json::from_slice(&bytes.unwrap()).unwrap()
    }

    #[tokio::test]
    async fn a_code_of_the_protocol_comes_with_number_advice_and_pause() {
        let refused =
            Problem::protocol(StatusCode::SERVICE_UNAVAILABLE, ErrorCode::StoreUnavailable);
        let told = body(refused).await;
        assert_eq!(told["code"], "store_unavailable");
        assert_eq!(told["number"], 4_001);
        assert_eq!(told["retry"], "later");
        assert_eq!(told["after_ms"], AFTER_MS);
        assert_eq!(told["status"], 503);
        assert_eq!(told["type"], "about:blank");
    }

    #[tokio::test]
    async fn a_word_that_only_http_has_comes_without_a_number() {
        let told = body(Problem::NOT_FOUND).await;
        assert_eq!(told["code"], "not_found");
        assert_eq!(told["retry"], "never");
        assert!(told.get("number").is_none() && told.get("after_ms").is_none());
        assert_eq!(told["title"], "Not Found");
    }
}
