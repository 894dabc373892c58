//! What a file says about itself: position and time. Claims of the sender, shown as such, trusted never.
//!
//! Owns: which claims are read and within which limits. Must not: be believed, or run beside sockets and keys. Called by: `worker`; `crate::probes`
//! with strangers' bytes.
//!
//! Reading runs in the worker process only.

use std::fmt;
use std::io::Cursor;

use exif::{Exif, In, Tag, Value};
use serde::{Deserialize, Serialize};

/// Position and time claimed by the metadata of an original. Does not print its content: it is personal.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ClaimedMetadata {
    /// Latitude in degrees, north positive, -90 to 90.
    pub latitude_deg: Option<f64>,
    /// Longitude in degrees, east positive, -180 to 180.
    pub longitude_deg: Option<f64>,
    /// Time of taking as the camera's clock had it, `YYYY-MM-DDTHH:MM:SS`, with an offset when the file has one.
    pub taken_at: Option<String>,
}

impl fmt::Debug for ClaimedMetadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClaimedMetadata")
    }
}

/// Reads the claims of `original`; a file without metadata, or with broken ones, claims nothing.
pub(super) fn read(original: &[u8]) -> ClaimedMetadata {
    let read = exif::Reader::new()
        .continue_on_error(true)
        .read_from_container(&mut Cursor::new(original))
        .or_else(|error| error.distill_partial_result(|_| ()));
    match read {
        Ok(exif) => claims(&exif),
        Err(_) => ClaimedMetadata::default(),
    }
}

fn claims(exif: &Exif) -> ClaimedMetadata {
    let latitude_deg = degrees(exif, Tag::GPSLatitude, Tag::GPSLatitudeRef, 'S', 90.0);
    let longitude_deg = degrees(exif, Tag::GPSLongitude, Tag::GPSLongitudeRef, 'W', 180.0);
    let both = latitude_deg.is_some() && longitude_deg.is_some();
    ClaimedMetadata {
        latitude_deg: latitude_deg.filter(|_| both),
        longitude_deg: longitude_deg.filter(|_| both),
        taken_at: taken_at(exif),
    }
}

/// Degrees, minutes and seconds as one number, if they are one within the limit.
fn degrees(exif: &Exif, tag: Tag, side: Tag, negative: char, limit_deg: f64) -> Option<f64> {
    let Value::Rational(parts) = &exif.get_field(tag, In::PRIMARY)?.value else {
        return None;
    };
    let [degrees, minutes, seconds] = parts.as_slice() else {
        return None;
    };
    let size = degrees.to_f64() + minutes.to_f64() / 60.0 + seconds.to_f64() / 3_600.0;
    let side = ascii(exif, side)?;
    let value = if side.starts_with(negative) {
        -size
    } else {
        size
    };
    (value.is_finite() && value.abs() <= limit_deg).then_some(value)
}

fn taken_at(exif: &Exif) -> Option<String> {
    let text = ascii(exif, Tag::DateTimeOriginal).or_else(|| ascii(exif, Tag::DateTime))?;
    let time = exif::DateTime::from_ascii(text.as_bytes()).ok()?;
    let in_range = (1..=12).contains(&time.month)
        && (1..=31).contains(&time.day)
        && time.hour < 24
        && time.minute < 60
        && time.second <= 60
        && time.year > 0;
    let offset = ascii(exif, Tag::OffsetTimeOriginal)
        .filter(|offset| is_offset(offset))
        .unwrap_or_default();
    in_range.then(|| {
        format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{offset}",
            time.year, time.month, time.day, time.hour, time.minute, time.second
        )
    })
}

/// `+hh:mm` or `-hh:mm`.
fn is_offset(text: &str) -> bool {
    matches!(text.as_bytes(), [b'+' | b'-', a, b, b':', c, d] if [a, b, c, d].into_iter().all(u8::is_ascii_digit))
}

fn ascii(exif: &Exif, tag: Tag) -> Option<String> {
    match &exif.get_field(tag, In::PRIMARY)?.value {
        Value::Ascii(lines) => String::from_utf8(lines.first()?.clone()).ok(),
        _ => None,
    }
}
