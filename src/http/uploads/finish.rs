//! From the last byte to the log: check the picture, make its copy, seal the original, tell the authority.
//!
//! Owns: the order of the steps. Must not: decode a picture (a worker does) or write to a log (the authority does). Called by: `receive` after the
//! last byte, `app` for what a stop has interrupted.
//!
//! Every step can be done again after a restart: the ticket of the upload says how far it got.

use tokio::io::AsyncReadExt;

use super::Uploads;
use super::authority::{CopyState, NoCopy, Refusal, SealedPhoto, UploadGrant};
use super::problem::Problem;
use crate::evidence::names::{AgencyName, ContentHash};
use crate::evidence::photo::{PhotoCopy, PhotoError, PhotoKind, PhotoRefusal};
use crate::evidence::store::{NewCopy, Phase, Reader, StoreError, UploadHandle, UploadState};

/// A picture that was looked at.
struct Looked {
    kind: PhotoKind,
    copy: Result<PhotoCopy, NoCopy>,
    refusal: Option<PhotoRefusal>,
}

impl Looked {
    fn or_refused(self) -> Result<Self, PhotoRefusal> {
        match self.refusal {
            None => Ok(self),
            Some(refusal) => Err(refusal),
        }
    }
}

impl Uploads {
    /// Finishes uploads whose bytes were all there when the process ended. To be called once after start, when the
    /// authority can answer; returns how many were finished.
    pub async fn finish_interrupted(&self) -> u64 {
        let mut finished = 0;
        for id in self.store.unfinished().await {
            let Ok(handle) = self.store.claim(&id).await else {
                continue;
            };
            let grant = UploadGrant {
                owner: handle.state().owner,
            };
            match self.finish(handle, &grant).await {
                Ok(state) if matches!(state.phase, Phase::Told(_)) => finished += 1,
                Ok(_) => {}
                Err(problem) => {
                    tracing::warn!(upload = %id, ?problem, "an interrupted upload was not finished")
                }
            }
        }
        finished
    }

    /// Makes the copy of a sealed original that has none, because the worker failed before ([`NoCopy::Failed`]).
    /// An original that has a copy keeps it.
    pub async fn make_copy_again(
        &self,
        agency: &AgencyName,
        original: &ContentHash,
    ) -> Result<CopyState, StoreError> {
        if let Some(link) = self.store.copy_link(agency, original).await? {
            return Ok(CopyState::Made(link));
        }
        let stored = self.store.original(agency, original).await?;
        let looked = self.look_at(stored.reader, stored.bytes).await?;
        match looked.map(|looked| looked.copy) {
            Ok(Ok(copy)) => Ok(self.keep(agency, original, copy).await),
            Ok(Err(why)) => Ok(CopyState::Missing(why)),
            Err(_) => Ok(CopyState::Missing(NoCopy::Failed)),
        }
    }

    /// Finishes in a task of its own, so that a client that goes away does not stop it.
    pub(super) async fn finish_apart(
        &self,
        handle: Box<dyn UploadHandle>,
        grant: UploadGrant,
    ) -> Result<UploadState, Problem> {
        let uploads = self.clone();
        let task = tokio::spawn(async move { uploads.finish(handle, &grant).await });
        task.await.unwrap_or(Err(Problem::StorageFailed))
    }

    /// Does what is left to do for an upload; nothing for one that is not complete, or finished.
    pub(super) async fn finish(
        &self,
        mut handle: Box<dyn UploadHandle>,
        grant: &UploadGrant,
    ) -> Result<UploadState, Problem> {
        let state = handle.state();
        let photo = match state.phase {
            Phase::Told(_) => return Ok(state),
            Phase::Receiving if state.received_bytes < state.length_bytes => return Ok(state),
            Phase::Receiving => {
                let reader = handle.reader().await?;
                let looked = self.look_at(reader, state.length_bytes).await?;
                match looked.and_then(Looked::or_refused) {
                    Ok(looked) => self.seal(handle.as_mut(), looked).await?,
                    Err(refusal) => return self.turn_down(handle, grant, refusal).await,
                }
            }
            Phase::Sealed(hash) => match self.sealed_before(handle.as_mut(), hash).await {
                // It was destroyed, and only the ticket is left.
                Err(StoreError::NotFound) => {
                    handle.discard().await?;
                    return Err(Problem::NotFound);
                }
                photo => photo?,
            },
        };
        let original = photo.original;
        match self.authority.completed(grant, photo).await {
            Ok(()) => {}
            Err(Refusal::Deleted) => return self.destroy(handle, &original).await,
            Err(refusal) => return Err(refusal.into()),
        }
        handle.told().await?;
        Ok(handle.state())
    }

    /// The session's photos were deleted while this one was on its way. Its ticket goes last: until then a restart comes here again.
    async fn destroy(
        &self,
        handle: Box<dyn UploadHandle>,
        original: &ContentHash,
    ) -> Result<UploadState, Problem> {
        let UploadState { id, owner, .. } = handle.state();
        if !self.store.owners_are_known(&owner.agency).await? {
            // Whoever carries the deletion out sees to that first, and then finds this ticket.
            return Err(Problem::Unavailable);
        }
        self.store.release(&owner.agency, original, &id).await?;
        handle.discard().await?;
        tracing::info!(upload = %id, "a photo came after the deletion of its session's photos, and was destroyed");
        Err(Problem::SessionOver)
    }

    /// Finds the kind of a picture and makes its copy; refused here is only what has no kind.
    async fn look_at(
        &self,
        mut reader: Reader,
        length_bytes: u64,
    ) -> Result<Result<Looked, PhotoRefusal>, StoreError> {
        let mut head = Vec::new();
        (&mut reader)
            .take(PhotoKind::HEAD_BYTES as u64)
            .read_to_end(&mut head)
            .await?;
        let Some(kind) = PhotoKind::of(&head) else {
            return Ok(Err(PhotoRefusal::Type));
        };
        let without = |why, refusal| Looked {
            kind,
            copy: Err(why),
            refusal,
        };
        if !kind.can_be_shown() {
            return Ok(Ok(without(NoCopy::KindNotShown, None)));
        }
        let original = head.as_slice().chain(reader);
        let looked = match self.photos.make_copy(original, length_bytes).await {
            Ok(copy) => Looked {
                kind,
                copy: Ok(copy),
                refusal: None,
            },
            Err(PhotoError::Refused(refusal)) => without(NoCopy::Failed, Some(refusal)),
            // The worker's failure is not the resident's: the original is kept, the copy can be made later.
            Err(PhotoError::Worker(failure)) => {
                tracing::warn!(%failure, "no copy of a photo was made");
                without(NoCopy::Failed, None)
            }
        };
        Ok(Ok(looked))
    }

    async fn seal(
        &self,
        handle: &mut dyn UploadHandle,
        looked: Looked,
    ) -> Result<SealedPhoto, StoreError> {
        let original = handle.seal().await?;
        let copy = match looked.copy {
            Ok(copy) => {
                self.keep(&handle.state().owner.agency, &original, copy)
                    .await
            }
            Err(why) => CopyState::Missing(why),
        };
        Ok(SealedPhoto {
            original,
            bytes: handle.state().length_bytes,
            kind: looked.kind,
            copy,
        })
    }

    async fn keep(
        &self,
        agency: &AgencyName,
        original: &ContentHash,
        copy: PhotoCopy,
    ) -> CopyState {
        let copy = NewCopy {
            bytes: copy.jpeg,
            width_px: copy.width_px,
            height_px: copy.height_px,
            media_type: "image/jpeg",
        };
        match self.store.keep_copy(agency, original, copy).await {
            Ok(link) => CopyState::Made(link),
            Err(error) => {
                tracing::error!(%error, "the copy of a photo could not be kept");
                CopyState::Missing(NoCopy::Failed)
            }
        }
    }

    /// Sealed before, and the log not told: the copy may be there or not.
    async fn sealed_before(
        &self,
        handle: &mut dyn UploadHandle,
        original: ContentHash,
    ) -> Result<SealedPhoto, StoreError> {
        let state = handle.state();
        // What was sealed was looked at before and not refused.
        // What is sealed has a kind. If no worker could be had then and one refuses it now, it stays without a copy.
        let looked = self
            .look_at(handle.reader().await?, state.length_bytes)
            .await?
            .map_err(|_| StoreError::Damaged)?;
        let copy = match (
            self.store.copy_link(&state.owner.agency, &original).await?,
            looked.copy,
        ) {
            (Some(link), _) => CopyState::Made(link),
            (None, Ok(copy)) => self.keep(&state.owner.agency, &original, copy).await,
            (None, Err(why)) => CopyState::Missing(why),
        };
        Ok(SealedPhoto {
            original,
            bytes: state.length_bytes,
            kind: looked.kind,
            copy,
        })
    }

    async fn turn_down(
        &self,
        handle: Box<dyn UploadHandle>,
        grant: &UploadGrant,
        refusal: PhotoRefusal,
    ) -> Result<UploadState, Problem> {
        match self.authority.failed(grant, refusal).await {
            // Its bytes go either way.
            Ok(()) | Err(Refusal::Deleted) => {}
            Err(refusal) => return Err(refusal.into()),
        }
        handle.discard().await?;
        Err(refusal.into())
    }
}
