//! The headers of tus 1.0.0, read strictly.
//!
//! Owns: names and values of the headers. Must not: answer: a header that is wrong is a [`Problem`] for the caller. Called by: `handlers`,
//! `receive`; `crate::probes` with strangers' bytes.

use std::time::SystemTime;

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest;

use super::problem::Problem;
use crate::evidence::names::{PhotoId, SessionRef};

pub(super) const TUS_RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
pub(super) const TUS_VERSION: HeaderName = HeaderName::from_static("tus-version");
pub(super) const TUS_EXTENSION: HeaderName = HeaderName::from_static("tus-extension");
pub(super) const TUS_MAX_SIZE: HeaderName = HeaderName::from_static("tus-max-size");
pub(super) const TUS_CHECKSUM_ALGORITHM: HeaderName =
    HeaderName::from_static("tus-checksum-algorithm");
pub(super) const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");
pub(super) const UPLOAD_LENGTH: HeaderName = HeaderName::from_static("upload-length");
pub(super) const UPLOAD_DEFER_LENGTH: HeaderName = HeaderName::from_static("upload-defer-length");
pub(super) const UPLOAD_METADATA: HeaderName = HeaderName::from_static("upload-metadata");
pub(super) const UPLOAD_EXPIRES: HeaderName = HeaderName::from_static("upload-expires");
pub(super) const UPLOAD_CHECKSUM: HeaderName = HeaderName::from_static("upload-checksum");

/// What a client sends, and what it reads: a page of another origin may both only if it is told so by name.
pub const SENT: [HeaderName; 5] = [
    TUS_RESUMABLE,
    UPLOAD_OFFSET,
    UPLOAD_LENGTH,
    UPLOAD_METADATA,
    UPLOAD_CHECKSUM,
];
pub const READ: [HeaderName; 8] = [
    TUS_RESUMABLE,
    TUS_VERSION,
    TUS_EXTENSION,
    TUS_MAX_SIZE,
    TUS_CHECKSUM_ALGORITHM,
    UPLOAD_OFFSET,
    UPLOAD_LENGTH,
    UPLOAD_EXPIRES,
];

/// Extensions that are spoken.
pub(super) const EXTENSIONS: &str = "creation,creation-with-upload,termination,expiration,checksum";
/// Checksums that are understood; the specification asks for sha1.
pub(super) const CHECKSUM_ALGORITHMS: &str = "sha1,sha256";
/// The content type of bytes at an offset.
const OFFSET_OCTET_STREAM: &str = "application/offset+octet-stream";
/// Longest metadata header: the photo id and a file name.
const METADATA_MAX_BYTES: usize = 1_024;
/// Longest bearer token.
const BEARER_MAX_BYTES: usize = 4_096;
/// The metadata key that names the photo.
const PHOTO_KEY: &str = "photo";
/// Key of the session id in `Upload-Metadata`.
const SESSION_KEY: &str = "session";

/// The token of `Authorization: Bearer`.
pub(super) fn bearer(headers: &HeaderMap) -> Result<&str, Problem> {
    let value = text(headers, &header::AUTHORIZATION).ok_or(Problem::NotSignedIn)?;
    let (scheme, token) = value.split_once(' ').ok_or(Problem::NotSignedIn)?;
    let token = token.trim();
    if scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() && token.len() <= BEARER_MAX_BYTES
    {
        Ok(token)
    } else {
        Err(Problem::NotSignedIn)
    }
}

/// A number of bytes: digits only, below 2^53 like all integers on the wire.
pub(super) fn bytes(
    headers: &HeaderMap,
    name: &HeaderName,
    told: &'static str,
) -> Result<u64, Problem> {
    const MAX: u64 = 1 << 53;
    text(headers, name)
        .filter(|value| value.bytes().all(|byte| byte.is_ascii_digit()))
        .and_then(|value| value.parse().ok())
        .filter(|value| *value < MAX)
        .ok_or(Problem::BadHeader(told))
}

/// The length of the body, if it was told.
pub(super) fn content_length(headers: &HeaderMap) -> Option<u64> {
    text(headers, &header::CONTENT_LENGTH)?.parse().ok()
}

/// Whether the body is bytes at an offset.
pub(super) fn is_offset_octet_stream(headers: &HeaderMap) -> bool {
    text(headers, &header::CONTENT_TYPE).is_some_and(|value| {
        let kind = value.split(';').next().unwrap_or_default();
        kind.trim().eq_ignore_ascii_case(OFFSET_OCTET_STREAM)
    })
}

/// What `Upload-Metadata` names.
pub(super) struct Named {
    /// The header as sent; answered by `HEAD`.
    pub(super) as_sent: String,
    /// The photo.
    pub(super) photo: PhotoId,
    /// The session it was announced in.
    pub(super) session: SessionRef,
}

/// Reads `Upload-Metadata`: `photo` and `session`, each once; other keys are kept and not read.
pub(super) fn metadata(headers: &HeaderMap) -> Result<Named, Problem> {
    let value = text(headers, &UPLOAD_METADATA)
        .filter(|value| value.len() <= METADATA_MAX_BYTES)
        .ok_or(BAD_METADATA)?;
    let photo = PhotoId::parse(&metadata_value(value, PHOTO_KEY)?).map_err(|_| BAD_METADATA)?;
    let session =
        SessionRef::parse(&metadata_value(value, SESSION_KEY)?).map_err(|_| BAD_METADATA)?;
    Ok(Named {
        as_sent: value.to_owned(),
        photo,
        session,
    })
}

const BAD_METADATA: Problem = Problem::BadHeader("Upload-Metadata");

fn metadata_value(value: &str, key: &str) -> Result<String, Problem> {
    let mut found = value.split(',').filter_map(|pair| {
        let (name, encoded) = pair.trim().split_once(' ')?;
        (name == key).then_some(encoded.trim())
    });
    let (Some(encoded), None) = (found.next(), found.next()) else {
        return Err(BAD_METADATA);
    };
    let decoded = STANDARD.decode(encoded).map_err(|_| BAD_METADATA)?;
    String::from_utf8(decoded).map_err(|_| BAD_METADATA)
}

/// A date as HTTP writes it.
pub(super) fn date(time: SystemTime) -> HeaderValue {
    HeaderValue::try_from(httpdate::fmt_http_date(time))
        .unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// What the body's bytes must hash to.
pub(super) struct Checksum {
    context: digest::Context,
    expected: Vec<u8>,
}

impl Checksum {
    /// Reads `Upload-Checksum`, if it is there.
    pub(super) fn read(headers: &HeaderMap) -> Result<Option<Self>, Problem> {
        const BAD: Problem = Problem::BadHeader("Upload-Checksum");
        if !headers.contains_key(UPLOAD_CHECKSUM) {
            return Ok(None);
        }
        let (name, encoded) = text(headers, &UPLOAD_CHECKSUM)
            .and_then(|value| value.split_once(' '))
            .ok_or(BAD)?;
        let algorithm = match name {
            "sha1" => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            "sha256" => &digest::SHA256,
            _ => return Err(BAD),
        };
        let expected = STANDARD.decode(encoded.trim()).map_err(|_| BAD)?;
        Ok(Some(Self {
            context: digest::Context::new(algorithm),
            expected,
        }))
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.context.update(bytes);
    }

    pub(super) fn matches(self) -> bool {
        self.context.finish().as_ref() == self.expected
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}
