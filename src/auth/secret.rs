//! Secrets of links: what stands behind the `#` of an address and opens one session.
//!
//! Owns: the form of a secret, and its digest, which is all that the gateway keeps and compares. Must not: keep, print or log a secret.
//! Called by: `http::api` (links for responders), `transport` (links with which somebody reports).

use std::fmt::Write as _;

use callbox_proto::error::ErrorCode;
use ring::digest::{SHA256, digest};

/// Characters of a secret: 32 bytes in base64url without padding. Another length is no secret of ours.
const SECRET_CHARS: usize = 43;

/// SHA-256 of a secret's text, hexadecimal.
///
/// # Errors
/// [`ErrorCode::NoSuchLink`] for what cannot be a secret.
pub fn digest_of(secret: &str) -> Result<String, ErrorCode> {
    if secret.len() != SECRET_CHARS {
        return Err(ErrorCode::NoSuchLink);
    }
    let bytes = digest(&SHA256, secret.as_bytes());
    Ok(
        (bytes.as_ref().iter()).fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}"); // writing to a String cannot fail
            text
        }),
    )
}
