//! What kind of picture a file is, by its first bytes. Names and announced types are not asked.
//!
//! Owns: the list of kinds that are taken. Must not: decode. Called by: `worker`, `http::uploads`, `app`.

use serde::{Deserialize, Serialize};

/// A kind of picture that is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PhotoKind {
    /// JPEG: a copy is made.
    Jpeg,
    /// PNG: a copy is made.
    Png,
    /// WebP: a copy is made.
    Webp,
    /// HEIC or HEIF: the original is kept and no copy is made.
    Heif,
}

impl PhotoKind {
    /// How many bytes of a file [`PhotoKind::of`] wants to see.
    pub const HEAD_BYTES: usize = 4 * 1024;

    /// The kind of a file by its first bytes, if it is one that is taken.
    pub fn of(head: &[u8]) -> Option<Self> {
        match infer::get(head)?.mime_type() {
            "image/jpeg" => Some(Self::Jpeg),
            "image/png" => Some(Self::Png),
            // The type finder looks at bytes 8 to 11 only; a WebP file is a RIFF file besides.
            "image/webp" => head.starts_with(b"RIFF").then_some(Self::Webp),
            "image/heif" => Some(Self::Heif),
            _ => None,
        }
    }

    /// Whether a copy can be made for the consoles.
    pub fn can_be_shown(self) -> bool {
        self != Self::Heif
    }

    /// Content type of the original.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
            Self::Heif => "image/heif",
        }
    }

    /// The kind of a content type that [`Self::media_type`] gave.
    pub fn of_media_type(media_type: &str) -> Option<Self> {
        [Self::Jpeg, Self::Png, Self::Webp, Self::Heif]
            .into_iter()
            .find(|kind| kind.media_type() == media_type)
    }

    /// File name extension for a downloaded original.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Webp => "webp",
            Self::Heif => "heic",
        }
    }
}
