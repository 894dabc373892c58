//! Photos: what is taken, and the copy that is shown.
//!
//! Originals come from strangers. No decoder and no metadata parser runs on them in the gateway's own process: a
//! second process of the same program ([`worker_main`], with hard limits) does, and only its answer comes back.
//! [`PhotoPipeline`] is the gateway's side of that. Called by `http::uploads` and, for metadata, by the node.

mod claimed;
mod copy;
mod kind;
mod pipeline;
mod wire;
mod worker;

pub use self::claimed::ClaimedMetadata;
pub use self::copy::{COPY_MAX_SIDE_PX, DECODE_MAX_BYTES, IMAGE_MAX_SIDE_PX};
pub use self::kind::PhotoKind;
pub use self::pipeline::{PhotoCopy, PhotoError, PhotoPipeline, WorkerFailure, WorkerLimits};
pub use self::worker::worker_main;

use serde::{Deserialize, Serialize};

/// The hidden subcommand of the program that runs [`worker_main`].
pub const WORKER_SUBCOMMAND: &str = "photo-worker";

/// Why a photo is not taken. Sending the same file again will not help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum PhotoRefusal {
    /// Not a JPEG, PNG, WebP, HEIC or HEIF file by its content.
    #[error("not a JPEG, PNG, WebP, HEIC or HEIF picture")]
    Type,
    /// It says that it is one of these and cannot be read as one.
    #[error("the picture cannot be read")]
    Unreadable,
    /// More pixels than can be shown safely.
    #[error("the picture has too many pixels")]
    TooLarge,
}

/// Reads claims as the worker does, in this process; for `crate::probes`.
pub(crate) fn probe_claims(original: &[u8]) -> bool {
    claimed::read(original) != ClaimedMetadata::default()
}

/// Makes a copy as the worker does, in this process; for `crate::probes`.
pub(crate) fn probe_copy(original: &[u8], kind: PhotoKind) -> bool {
    copy::make(original, kind).is_ok_and(|copy| {
        assert!(copy.width_px.max(copy.height_px) <= COPY_MAX_SIDE_PX);
        true
    })
}
