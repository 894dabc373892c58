//! Who decides: the seam between the upload protocol and the sessions.
//!
//! Owns: the questions and answers. Must not: name a session's state: to the protocol it is a yes or a refusal. Called by: the handlers and
//! `finish`; `app` answers.

use async_trait::async_trait;

use crate::evidence::names::{ContentHash, Owner, PhotoId, SessionRef};
use crate::evidence::photo::{PhotoKind, PhotoRefusal};
use crate::evidence::store::CopyLink;

/// The photo a client speaks of. It was announced on the WebSocket with the same id and size, or it is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhotoRef {
    /// The id of the command that announced it.
    pub photo: PhotoId,
    /// The session it was announced in, as the client says or as the upload was created with. Decides nothing by itself:
    /// the session must be the token's.
    pub session: SessionRef,
    /// The size the upload has or shall have.
    pub length_bytes: u64,
}

/// The right to bring one photo, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadGrant {
    /// Whose photo it is; agency and session come from the token, never from the request.
    pub owner: Owner,
}

/// Why the authority says no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// No valid token: sign in again, then go on.
    NotSignedIn,
    /// The token was good once: ask for a fresh one, then go on.
    TokenExpired,
    /// No such photo was announced in the session of this token.
    NotAnnounced,
    /// It was announced with another size.
    Differs,
    /// The session takes no more photos.
    SessionOver,
    /// The session's photos were deleted while this one was on its way: its bytes have to go, too. To the client the session is over.
    Deleted,
    /// The photo was refused before.
    Photo(PhotoRefusal),
    /// It cannot be decided now, or not be written down: try again.
    Unavailable,
}

/// The copy of a photo that is complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CopyState {
    /// It can be shown.
    Made(CopyLink),
    /// Only the original is kept.
    Missing(NoCopy),
}

/// Why a complete photo has no copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoCopy {
    /// HEIC and HEIF are kept and not decoded.
    KindNotShown,
    /// The photo worker failed or took too long, or the copy could not be written; it may be made later.
    Failed,
}

/// A photo whose original is durable and sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedPhoto {
    /// Hash and name of the original.
    pub original: ContentHash,
    /// Size of the original.
    pub bytes: u64,
    /// Its kind by content.
    pub kind: PhotoKind,
    /// What can be shown of it.
    pub copy: CopyState,
}

/// Decides about uploads and is told their end. Implemented over the sessions by the node.
#[async_trait]
pub trait UploadAuthority: Send + Sync {
    /// Whether the bearer of this token may bring this photo. Asked at every request, also for photos that are
    /// complete already (a client that missed the last answer asks again): then the grant is the same as before.
    async fn may_upload(&self, bearer: &str, photo: &PhotoRef) -> Result<UploadGrant, Refusal>;

    /// The photo is durable. Called at least once for each, again after a failure or a restart: the second time
    /// must do nothing. The client's last answer waits for it. After [`Refusal::Deleted`] the caller destroys what it has brought.
    async fn completed(&self, grant: &UploadGrant, photo: SealedPhoto) -> Result<(), Refusal>;

    /// The photo is refused and its bytes are about to be removed. May be called again, like `completed`.
    async fn failed(&self, grant: &UploadGrant, reason: PhotoRefusal) -> Result<(), Refusal>;
}
