//! Answers with which evidence is read. The caller has checked who asks, and written down that it was asked.
//!
//! Owns: the headers of the answers. Must not: decide who may read. Called by: `app`, for the shelf behind the photo routes.
//!
//! Nothing here can run in a browser: a copy is a picture that was encoded by us, an original is a download.

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use callbox_proto::ids::SessionId;
use tokio_util::io::ReaderStream;

use crate::evidence::photo::PhotoKind;
use crate::evidence::store::{StoredCopy, StoredOriginal};

/// The copy, to be shown.
pub fn serve_copy(copy: StoredCopy) -> Response {
    let disposition = format!("inline; filename=\"{}.jpg\"", copy.link.copy);
    let length_bytes = copy.bytes.len() as u64;
    // The content type is ours, whatever the note beside the copy says.
    answer(
        Body::from(copy.bytes),
        "image/jpeg",
        length_bytes,
        &disposition,
    )
}

/// The sealed original, as a download only.
pub fn serve_original(original: StoredOriginal, kind: PhotoKind) -> Response {
    let disposition = format!(
        "attachment; filename=\"{}.{}\"",
        original.hash,
        kind.extension()
    );
    let body = Body::from_stream(ReaderStream::new(original.reader));
    answer(
        body,
        "application/octet-stream",
        original.bytes,
        &disposition,
    )
}

/// An export of a session, as a download. How long it is, is not known before its end.
pub fn serve_pack(pack: Body, session: SessionId) -> Response {
    headed(
        pack,
        "application/zip",
        &format!("attachment; filename=\"{session}.zip\""),
    )
}

fn answer(body: Body, media_type: &'static str, length_bytes: u64, disposition: &str) -> Response {
    let mut response = headed(body, media_type, disposition);
    let length = HeaderValue::from(length_bytes);
    response
        .headers_mut()
        .insert(header::CONTENT_LENGTH, length);
    response
}

fn headed(body: Body, media_type: &'static str, disposition: &str) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, media_type),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (
            header::CONTENT_SECURITY_POLICY,
            "sandbox; default-src 'none'",
        ),
        (header::CACHE_CONTROL, "no-store"),
        (
            header::HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let attachment =
        HeaderValue::from_str(disposition).unwrap_or(HeaderValue::from_static("attachment"));
    headers.insert(header::CONTENT_DISPOSITION, attachment);
    response
}
