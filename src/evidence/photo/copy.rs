//! The copy of a picture: decoded within limits, turned upright, made smaller, encoded anew without metadata.
//!
//! Owns: the limits of decoding and the form of a copy. Must not: carry over a byte of the original. Called by: `worker`; `crate::probes` with
//! strangers' bytes.
//!
//! Runs in the worker process only.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::{
    DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, Rgb, RgbImage,
};

use super::PhotoRefusal;
use super::kind::PhotoKind;

/// Longest side of a copy: sharp on a console's screen, a few hundred kB.
pub const COPY_MAX_SIDE_PX: u32 = 2_048;
/// Longest side of a picture that is decoded.
pub const IMAGE_MAX_SIDE_PX: u32 = 12_000;
/// Largest decoded picture: 67 megapixels of 3 bytes, so that phones' photos of 48 and 50 megapixels are shown. Larger ones need a
/// larger memory limit of the worker as well.
pub const DECODE_MAX_BYTES: u64 = 192 * 1024 * 1024;
/// JPEG quality of a copy: no visible loss at a third of the size of 95.
const COPY_QUALITY: u8 = 85;

/// An encoded copy.
pub(super) struct Encoded {
    pub(super) width_px: u32,
    pub(super) height_px: u32,
    pub(super) jpeg: Vec<u8>,
}

/// Makes the copy of `original`, which is of a kind that can be shown.
pub(super) fn make(original: &[u8], kind: PhotoKind) -> Result<Encoded, PhotoRefusal> {
    let format = match kind {
        PhotoKind::Jpeg => ImageFormat::Jpeg,
        PhotoKind::Png => ImageFormat::Png,
        PhotoKind::Webp => ImageFormat::WebP,
        PhotoKind::Heif => return Err(PhotoRefusal::Type),
    };
    let mut reader = ImageReader::with_format(Cursor::new(original), format);
    reader.limits(limits());
    let mut decoder = reader.into_decoder().map_err(refusal)?;
    if decoder.total_bytes() > DECODE_MAX_BYTES {
        return Err(PhotoRefusal::TooLarge);
    }
    // A broken note about the orientation does not spoil the picture.
    let orientation = decoder.orientation().ok();
    let decoded = DynamicImage::from_decoder(decoder).map_err(refusal)?;
    let mut small = DynamicImage::ImageRgb8(shrink(decoded));
    if let Some(orientation) = orientation {
        small.apply_orientation(orientation);
    }
    encode(&small)
}

fn limits() -> Limits {
    let mut limits = Limits::no_limits();
    limits.max_image_width = Some(IMAGE_MAX_SIDE_PX);
    limits.max_image_height = Some(IMAGE_MAX_SIDE_PX);
    limits.max_alloc = Some(DECODE_MAX_BYTES);
    limits
}

fn refusal(error: ImageError) -> PhotoRefusal {
    match error {
        ImageError::Limits(_) => PhotoRefusal::TooLarge,
        _ => PhotoRefusal::Unreadable,
    }
}

fn shrink(decoded: DynamicImage) -> RgbImage {
    let opaque = if decoded.color().has_alpha() {
        on_white(decoded)
    } else {
        decoded.into_rgb8()
    };
    if opaque.width().max(opaque.height()) <= COPY_MAX_SIDE_PX {
        return opaque;
    }
    DynamicImage::ImageRgb8(opaque)
        .thumbnail(COPY_MAX_SIDE_PX, COPY_MAX_SIDE_PX)
        .into_rgb8()
}

/// What shines through becomes white, as on paper.
fn on_white(decoded: DynamicImage) -> RgbImage {
    let transparent = decoded.into_rgba8();
    let mut opaque = RgbImage::new(transparent.width(), transparent.height());
    for (to, from) in opaque.pixels_mut().zip(transparent.pixels()) {
        let [red, green, blue, alpha] = from.0;
        *to = Rgb([red, green, blue].map(|colour| over_white(colour, alpha)));
    }
    opaque
}

fn over_white(colour: u8, alpha: u8) -> u8 {
    let (colour, alpha) = (u32::from(colour), u32::from(alpha));
    let mixed = (colour * alpha + 255 * (255 - alpha) + 127) / 255;
    u8::try_from(mixed).unwrap_or(u8::MAX)
}

fn encode(picture: &DynamicImage) -> Result<Encoded, PhotoRefusal> {
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, COPY_QUALITY)
        .encode_image(picture)
        .map_err(|_| PhotoRefusal::Unreadable)?;
    Ok(Encoded {
        width_px: picture.width(),
        height_px: picture.height(),
        jpeg,
    })
}
