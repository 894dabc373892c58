//! The contract of the evidence store: what it promises to whoever brings or reads evidence.
//!
//! Must not: say how bytes are kept, or who may do what.
//!
//! - An upload belongs to one [`Owner`]; creating it twice gives the same upload.
//! - Bytes are appended in order. What [`UploadHandle::sync`] has returned survives kill and power cut;
//!   what was appended and not synced may be gone, and is then not counted.
//! - [`UploadHandle::seal`] returns when the whole file is durable under the name of its content, never before.
//!   A sealed file is never written again.
//! - One caller works on an upload at a time. Another one gets [`StoreError::Busy`], or takes it over.
//! - A sealed original goes when the last photo that has its content is released, and never before: each photo's mark is durable before its
//!   bytes are sealed. What [`Destruction`] does can be done again after it was cut in the middle, and by two at once.
//! - After a failed sync nothing more is promised for that upload: it has to be brought again from the start.
//!
//! Implementations: [`super::folder::FolderStore`]. Callers: `http::uploads`, the node.

use std::io;
use std::pin::Pin;
use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::io::AsyncRead;
use tokio_util::sync::CancellationToken;

use super::names::{AgencyName, ContentHash, Owner, UploadId};

/// Bytes of a file, read in order.
pub type Reader = Pin<Box<dyn AsyncRead + Send>>;

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No such upload or file, or it has expired.
    #[error("not found")]
    NotFound,
    /// Somebody else is working on this upload.
    #[error("the upload is in use")]
    Busy,
    /// The bytes do not start where the upload stands.
    #[error("the upload stands at {expected_bytes} bytes")]
    OffsetMismatch {
        /// Where the upload stands.
        expected_bytes: u64,
    },
    /// More bytes than the upload was created for.
    #[error("more bytes than announced")]
    BeyondLength,
    /// Sealing asked for before all bytes are there.
    #[error("the upload is not complete")]
    Incomplete,
    /// The upload exists with another length.
    #[error("the upload exists with another length")]
    Differs,
    /// An upload larger than the store takes, or empty.
    #[error("an upload has 1 to {max_bytes} bytes")]
    Size {
        /// The largest upload taken.
        max_bytes: u64,
    },
    /// The session has too many incomplete uploads.
    #[error("at most {max} incomplete uploads per session")]
    TooManyOpen {
        /// How many one session may have.
        max: u32,
    },
    /// All incomplete uploads together would be larger than the store allows.
    #[error("no room for another incomplete upload")]
    NoRoom,
    /// The disk is full, or fuller than the reserve for more important things allows.
    #[error("the evidence disk is full")]
    DiskFull,
    /// A sync failed; this upload has to be brought again from the start.
    #[error("the evidence disk failed while writing this upload")]
    Broken,
    /// What is on disk is not what was written.
    #[error("the stored file is damaged")]
    Damaged,
    /// Another failure of the disk.
    #[error("the evidence disk failed: {}", .0.kind())]
    Io(io::Error),
}

impl From<io::Error> for StoreError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull,
            io::ErrorKind::NotFound => Self::NotFound,
            _ => Self::Io(error),
        }
    }
}

/// An upload that is asked for. Not printable: clients put file names into the metadata.
#[derive(Clone)]
pub struct NewUpload {
    /// Whose it is.
    pub owner: Owner,
    /// How many bytes it will have.
    pub length_bytes: u64,
    /// What the client said about it, kept as sent to be told back; at most 1 KiB by the caller's check.
    pub metadata: String,
}

/// How far an upload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Bytes are still expected, or all are there and nobody sealed it.
    Receiving,
    /// The original is sealed under this hash; whoever keeps the log has not confirmed it yet.
    Sealed(ContentHash),
    /// Sealed, and the log knows.
    Told(ContentHash),
}

/// Where an upload stands. Not printable: clients put file names into the metadata.
#[derive(Clone)]
pub struct UploadState {
    /// Its id.
    pub id: UploadId,
    /// Whose it is.
    pub owner: Owner,
    /// How many bytes it will have.
    pub length_bytes: u64,
    /// How many bytes are durable.
    pub received_bytes: u64,
    /// As given at creation.
    pub metadata: String,
    /// When it is removed if it is not complete by then.
    pub expires_at: SystemTime,
    /// How far it is.
    pub phase: Phase,
}

/// Creation, which may have happened before.
#[derive(Debug, Clone)]
pub struct Created {
    /// The upload.
    pub id: UploadId,
    /// When it is removed if it is not complete by then.
    pub expires_at: SystemTime,
}

/// What is fixed of an upload that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// Whose it is.
    pub owner: Owner,
    /// How many bytes it will have.
    pub length_bytes: u64,
}

/// What is known of a copy: its own hash and the original it was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyLink {
    /// The sealed original it was made from.
    pub original: ContentHash,
    /// SHA-256 of the copy.
    pub copy: ContentHash,
    /// Size of the copy.
    pub bytes: u64,
    /// Width in pixels, as shown.
    pub width_px: u32,
    /// Height in pixels, as shown.
    pub height_px: u32,
    /// Content type of the copy.
    pub media_type: String,
}

/// A copy to keep beside its original.
#[derive(Debug, Clone)]
pub struct NewCopy {
    /// The encoded picture.
    pub bytes: Bytes,
    /// Width in pixels.
    pub width_px: u32,
    /// Height in pixels.
    pub height_px: u32,
    /// Content type.
    pub media_type: &'static str,
}

/// A copy read back; its bytes match `link.copy`.
#[derive(Debug, Clone)]
pub struct StoredCopy {
    /// What is known of it.
    pub link: CopyLink,
    /// The encoded picture.
    pub bytes: Bytes,
}

/// A sealed original, opened.
pub struct StoredOriginal {
    /// Its hash, which is its name.
    pub hash: ContentHash,
    /// Its size.
    pub bytes: u64,
    /// Its bytes. Not verified while they are read: [`EvidenceStore::verify`] does that.
    pub reader: Reader,
}

/// What releasing a photo's original came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Released {
    /// Nothing of it is there any more.
    Destroyed,
    /// Another photo has the same content: it stays for that one.
    Shared,
}

/// How evidence is destroyed. Doing each step twice is doing it once.
#[async_trait]
pub trait Destruction: Send + Sync {
    /// Notes that this upload's photo has the content of a sealed original. Sealing does it by itself; this is for originals that were sealed
    /// before there were such marks.
    async fn own(
        &self,
        agency: &AgencyName,
        original: &ContentHash,
        owner: &UploadId,
    ) -> Result<(), StoreError>;

    /// Whether every sealed original of the agency has its marks. Before that none may be released.
    async fn owners_are_known(&self, agency: &AgencyName) -> Result<bool, StoreError>;

    /// Notes that it is so.
    async fn note_owners_known(&self, agency: &AgencyName) -> Result<(), StoreError>;

    /// Takes the mark of this upload's photo away, and destroys the original and its copy when it was the last one.
    async fn release(
        &self,
        agency: &AgencyName,
        original: &ContentHash,
        owner: &UploadId,
    ) -> Result<Released, StoreError>;

    /// Destroys a copy that has no original, such as a preview's.
    async fn destroy_copy(
        &self,
        agency: &AgencyName,
        original: &ContentHash,
    ) -> Result<(), StoreError>;

    /// Destroys an upload with its ticket, wherever it stands, also one that another process has begun; [`StoreError::Busy`] while
    /// somebody does not let go of it. An original that it was sealed as is released.
    async fn forget(&self, id: &UploadId) -> Result<(), StoreError>;
}

/// A store of evidence. See the module for what it promises.
#[async_trait]
pub trait EvidenceStore: Destruction {
    /// The largest upload taken.
    fn max_upload_bytes(&self) -> u64;

    /// Creates the upload of an owner, or finds the one that exists.
    async fn create(&self, new: NewUpload) -> Result<Created, StoreError>;

    /// Whose upload it is and how long it will be, without reading its bytes. Expired uploads are not found.
    async fn find(&self, id: &UploadId) -> Result<Registered, StoreError>;

    /// Takes the upload to work on it; [`StoreError::Busy`] while another one has it.
    async fn claim(&self, id: &UploadId) -> Result<Box<dyn UploadHandle>, StoreError>;

    /// Asks whoever has the upload to let go and takes it; [`StoreError::Busy`] when that takes too long.
    async fn take_over(&self, id: &UploadId) -> Result<Box<dyn UploadHandle>, StoreError>;

    /// Uploads whose bytes are all there and of which the log was not told: to be finished after a restart.
    async fn unfinished(&self) -> Vec<UploadId>;

    /// Removes what has expired; returns how many uploads that were. To be called every few minutes.
    async fn sweep(&self) -> Result<u64, StoreError>;

    /// Keeps a copy beside its sealed original, durable when it returns. A second one replaces the first.
    async fn keep_copy(
        &self,
        agency: &AgencyName,
        original: &ContentHash,
        copy: NewCopy,
    ) -> Result<CopyLink, StoreError>;

    /// What is known of the copy of an original, if one was made.
    async fn copy_link(
        &self,
        agency: &AgencyName,
        original: &ContentHash,
    ) -> Result<Option<CopyLink>, StoreError>;

    /// The copy of an original, checked against its hash.
    async fn copy(
        &self,
        agency: &AgencyName,
        original: &ContentHash,
    ) -> Result<StoredCopy, StoreError>;

    /// A sealed original.
    async fn original(
        &self,
        agency: &AgencyName,
        hash: &ContentHash,
    ) -> Result<StoredOriginal, StoreError>;

    /// Reads a sealed original whole and compares it with its name; [`StoreError::Damaged`] if they differ.
    async fn verify(&self, agency: &AgencyName, hash: &ContentHash) -> Result<(), StoreError>;
}

/// The exclusive right to work on one upload; ends when it is dropped.
#[async_trait]
pub trait UploadHandle: Send {
    /// Where the upload stands. `received_bytes` counts durable bytes only.
    fn state(&self) -> UploadState;

    /// Cancelled when somebody else wants the upload: sync and drop the handle soon.
    fn interrupted(&self) -> CancellationToken;

    /// Appends bytes at an offset, which must be where the upload stands. They are durable after the next sync.
    async fn append(&mut self, offset_bytes: u64, bytes: Bytes) -> Result<u64, StoreError>;

    /// Makes everything appended durable; returns how much that is.
    async fn sync(&mut self) -> Result<u64, StoreError>;

    /// Forgets what was appended since the last sync.
    async fn rollback(&mut self) -> Result<u64, StoreError>;

    /// Reads the bytes from the start, before or after sealing.
    async fn reader(&mut self) -> Result<Reader, StoreError>;

    /// Seals the complete upload under the hash of its content; doing it twice is doing it once.
    async fn seal(&mut self) -> Result<ContentHash, StoreError>;

    /// Notes that the log knows of the sealed original.
    async fn told(&mut self) -> Result<(), StoreError>;

    /// Removes the upload. A sealed original stays.
    async fn discard(self: Box<Self>) -> Result<(), StoreError>;
}
