//! Work on one upload: the exclusive handle of the folder store.
//!
//! Owns: one upload while somebody works on it. Must not: decide what a photo is. Called by: `http::uploads`, through the contract of the store.
//!
//! All disk steps run on the blocking pool and take the lock with them, so a caller that is dropped in the middle
//! leaves a whole step behind, never half of one.

use std::fs::OpenOptions;
use std::sync::{Arc, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::OwnedMutexGuard;
use tokio_util::sync::CancellationToken;

use super::Inner;
use super::disk;
use super::ledger::Work;
use super::part::Part;
use super::ticket::Step;
use crate::evidence::names::{ContentHash, UploadId};
use crate::evidence::store::{Phase, Reader, StoreError, UploadHandle, UploadState};

pub(super) struct FolderHandle {
    inner: Arc<Inner>,
    id: UploadId,
    work: Option<OwnedMutexGuard<Work>>,
    interrupted: CancellationToken,
    state: UploadState,
}

impl FolderHandle {
    pub(super) fn new(
        inner: Arc<Inner>,
        id: UploadId,
        work: OwnedMutexGuard<Work>,
        interrupted: CancellationToken,
    ) -> Self {
        let state = state_of(&id, &work);
        Self {
            inner,
            id,
            work: Some(work),
            interrupted,
            state,
        }
    }

    /// Checks that the upload still exists and brings its state up to date.
    pub(super) async fn prepare(&mut self) -> Result<(), StoreError> {
        self.step(|inner, id, work| {
            // A broken upload looks like none, so that every client starts it again.
            if work.gone || work.broken || work.ticket.is_expired((inner.clock)()) {
                return Err(StoreError::NotFound);
            }
            inner.settle_interrupted_seal(id, work)?;
            if work.ticket.step == Step::Receiving {
                inner.opened(id, work)?;
            }
            Ok(())
        })
        .await
    }

    async fn step<T: Send + 'static>(
        &mut self,
        step: impl FnOnce(&Inner, &UploadId, &mut Work) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let mut work = self.work.take().ok_or(StoreError::Broken)?;
        let (inner, id) = (Arc::clone(&self.inner), self.id.clone());
        let done = tokio::task::spawn_blocking(move || {
            let result = step(&inner, &id, &mut work);
            inner.after(&id, &mut work, result.as_ref().err());
            (work, result)
        });
        let (work, result) = done.await.map_err(|_| StoreError::Broken)?;
        self.state = state_of(&self.id, &work);
        self.work = Some(work);
        result
    }
}

fn state_of(id: &UploadId, work: &Work) -> UploadState {
    let ticket = &work.ticket;
    let (phase, received_bytes) = match ticket.step {
        Step::Receiving | Step::Sealing(_) => (
            Phase::Receiving,
            work.part.as_ref().map_or(0, Part::durable_bytes),
        ),
        Step::Sealed(hash) => (Phase::Sealed(hash), ticket.length_bytes),
        Step::Told(hash) => (Phase::Told(hash), ticket.length_bytes),
    };
    UploadState {
        id: id.clone(),
        owner: ticket.owner.clone(),
        length_bytes: ticket.length_bytes,
        received_bytes,
        metadata: ticket.metadata.clone(),
        expires_at: ticket.expires_at(),
        phase,
    }
}

impl Inner {
    /// The open file of an upload, read again if it was closed.
    fn opened<'w>(&self, id: &UploadId, work: &'w mut Work) -> Result<&'w mut Part, StoreError> {
        if work.broken {
            return Err(StoreError::Broken);
        }
        if work.ticket.step != Step::Receiving {
            return Err(StoreError::BeyondLength);
        }
        if work.part.is_none() {
            work.part = Some(Part::resume(self.disk, self.paths(id))?);
        }
        work.part.as_mut().ok_or(StoreError::Broken)
    }

    /// Closes the file after a failure of the disk, so that the next one reads what is really there; after a failed
    /// sync the bytes are given up, because nothing the system says about them can be believed.
    fn after(&self, id: &UploadId, work: &mut Work, failure: Option<&StoreError>) {
        match failure {
            Some(StoreError::Broken) if !work.broken => {
                work.part = None;
                work.broken = true;
                tracing::error!(upload = %id, "a sync of the evidence disk failed; the upload has to start again");
                if self.remove_files(id).is_err() {
                    tracing::error!(upload = %id, "the files of the broken upload could not be removed");
                }
            }
            Some(StoreError::DiskFull | StoreError::Io(_) | StoreError::Damaged) => {
                work.part = None
            }
            _ => {}
        }
    }

    fn append(
        &self,
        id: &UploadId,
        work: &mut Work,
        offset_bytes: u64,
        bytes: &[u8],
    ) -> Result<u64, StoreError> {
        let length_bytes = work.ticket.length_bytes;
        let part = self.opened(id, work)?;
        if part.written_bytes() != offset_bytes {
            return Err(StoreError::OffsetMismatch {
                expected_bytes: part.written_bytes(),
            });
        }
        if offset_bytes.saturating_add(bytes.len() as u64) > length_bytes {
            return Err(StoreError::BeyondLength);
        }
        part.append(bytes)?;
        Ok(part.written_bytes())
    }

    fn seal(&self, id: &UploadId, work: &mut Work) -> Result<ContentHash, StoreError> {
        if let Step::Sealed(hash) | Step::Told(hash) = work.ticket.step {
            return Ok(hash);
        }
        let length_bytes = work.ticket.length_bytes;
        let part = self.opened(id, work)?;
        if part.sync()? != length_bytes {
            return Err(StoreError::Incomplete);
        }
        let hash = part.hash();
        part.freeze()?;
        self.note(id, work, Step::Sealing(hash))?;
        work.part = None;
        let shelves = self.shelves.read().unwrap_or_else(PoisonError::into_inner);
        self.own(&work.ticket.owner.agency, &hash, id)?;
        self.move_to_sealed(&self.paths(id).bytes, &work.ticket.owner.agency, &hash)?;
        drop(shelves);
        self.sealed(id, work, hash)?;
        Ok(hash)
    }

    fn sealed(&self, id: &UploadId, work: &mut Work, hash: ContentHash) -> Result<(), StoreError> {
        self.note(id, work, Step::Sealed(hash))?;
        self.ledger().count_out(&work.ticket);
        self.paths(id).remove_marks()
    }

    /// After a restart in the middle of sealing: on, if the file has moved; back, if it has not.
    fn settle_interrupted_seal(&self, id: &UploadId, work: &mut Work) -> Result<(), StoreError> {
        let Step::Sealing(hash) = work.ticket.step else {
            return Ok(());
        };
        if self.paths(id).bytes.exists() {
            return self.note(id, work, Step::Receiving);
        }
        if self.has_original(&work.ticket.owner.agency, &hash, work.ticket.length_bytes) {
            return self.sealed(id, work, hash);
        }
        self.remove(id, work)?;
        Err(StoreError::NotFound)
    }

    fn note(&self, id: &UploadId, work: &mut Work, step: Step) -> Result<(), StoreError> {
        let mut ticket = work.ticket.clone();
        ticket.step = step;
        ticket.write(self.disk, &self.incoming, id)?;
        work.ticket = ticket;
        Ok(())
    }

    fn told(&self, id: &UploadId, work: &mut Work) -> Result<(), StoreError> {
        match work.ticket.step {
            Step::Sealed(hash) => {
                // It was sealed without one by an older version.
                self.own(&work.ticket.owner.agency, &hash, id)?;
                self.note(id, work, Step::Told(hash))
            }
            Step::Told(_) => Ok(()),
            Step::Receiving | Step::Sealing(_) => Err(StoreError::Incomplete),
        }
    }
}

#[async_trait]
impl UploadHandle for FolderHandle {
    fn state(&self) -> UploadState {
        self.state.clone()
    }

    fn interrupted(&self) -> CancellationToken {
        self.interrupted.clone()
    }

    async fn append(&mut self, offset_bytes: u64, bytes: Bytes) -> Result<u64, StoreError> {
        self.step(move |inner, id, work| inner.append(id, work, offset_bytes, &bytes))
            .await
    }

    async fn sync(&mut self) -> Result<u64, StoreError> {
        self.step(|inner, id, work| inner.opened(id, work)?.sync())
            .await
    }

    async fn rollback(&mut self) -> Result<u64, StoreError> {
        self.step(|inner, id, work| {
            work.part = None;
            Ok(inner.opened(id, work)?.durable_bytes())
        })
        .await
    }

    async fn reader(&mut self) -> Result<Reader, StoreError> {
        self.step(|inner, id, work| {
            let file = match work.ticket.step {
                Step::Sealed(hash) | Step::Told(hash) => {
                    inner.open_original(&work.ticket.owner.agency, &hash)?
                }
                Step::Receiving | Step::Sealing(_) => {
                    disk::open(&inner.paths(id).bytes, OpenOptions::new().read(true))?
                }
            };
            let reader: Reader = Box::pin(tokio::fs::File::from_std(file));
            Ok(reader)
        })
        .await
    }

    async fn seal(&mut self) -> Result<ContentHash, StoreError> {
        self.step(|inner, id, work| inner.seal(id, work)).await
    }

    async fn told(&mut self) -> Result<(), StoreError> {
        self.step(|inner, id, work| inner.told(id, work)).await
    }

    async fn discard(mut self: Box<Self>) -> Result<(), StoreError> {
        self.step(|inner, id, work| inner.remove(id, work)).await
    }
}
