//! Checks of single values that arrive in commands. Pure; each answers the public code of what is wrong.
//!
//! Owns: the bounds of values, as the wire tells them. Must not: know a session's state. Called by: `decide`.

use callbox_proto::error::ErrorCode;
use callbox_proto::vocabulary::Location;

use super::{
    AGE_MAX_MS, MEDIA_TYPE_MAX_CHARS, REASON_MAX_CHARS, TEXT_MAX_CHARS, UNCERTAINTY_MAX_M,
};

/// Characters of a SHA-256 in hexadecimal.
const DIGEST_CHARS: usize = 64;

/// A text somebody finished: not blank, within its bound.
pub fn text(text: &str, max_chars: usize) -> Result<(), ErrorCode> {
    if text.trim().is_empty() {
        return Err(ErrorCode::TextEmpty);
    }
    at_most(text, max_chars)
}

/// A text that may be empty.
pub fn at_most(text: &str, max_chars: usize) -> Result<(), ErrorCode> {
    // A character has at most 4 bytes: long texts are refused without being counted.
    if text.len() > 4 * max_chars || text.chars().count() > max_chars {
        return Err(ErrorCode::TextTooLong);
    }
    Ok(())
}

/// The digest of a link's secret: a SHA-256 in lower-case hexadecimal.
pub fn digest(digest: &str) -> Result<(), ErrorCode> {
    let hex = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
    if digest.len() == DIGEST_CHARS && digest.bytes().all(hex) {
        Ok(())
    } else {
        Err(ErrorCode::OutOfRange)
    }
}

/// A message or a note.
pub fn message(message: &str) -> Result<(), ErrorCode> {
    text(message, TEXT_MAX_CHARS)
}

/// How long ago something happened on the device.
pub fn age(age_ms: i64) -> Result<(), ErrorCode> {
    match age_ms {
        ..0 => Err(ErrorCode::TimeInFuture),
        0..=AGE_MAX_MS => Ok(()),
        _ => Err(ErrorCode::TooOld),
    }
}

/// A place: on the earth, with an uncertainty that says something.
pub fn location(location: &Location) -> Result<(), ErrorCode> {
    let on_earth = (-90.0..=90.0).contains(&location.latitude)
        && (-180.0..=180.0).contains(&location.longitude)
        && (0.0..=UNCERTAINTY_MAX_M).contains(&location.uncertainty_m);
    if !on_earth {
        return Err(ErrorCode::LocationImpossible);
    }
    if let Some(words) = &location.words {
        at_most(words, REASON_MAX_CHARS)?;
    }
    age(location.age_ms)
}

/// A media type such as `image/jpeg`.
pub fn media_type(media_type: &str) -> Result<(), ErrorCode> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-' | b'+' | b'.');
    let ok =
        (1..=MEDIA_TYPE_MAX_CHARS).contains(&media_type.len()) && media_type.bytes().all(plain);
    if ok {
        Ok(())
    } else {
        Err(ErrorCode::OutOfRange)
    }
}
