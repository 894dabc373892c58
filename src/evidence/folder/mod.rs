//! Evidence in a folder of the local disk: the store of one node.
//!
//! Must not: know sessions, or who may read. Built by: `app`; everybody else holds an `Arc<dyn EvidenceStore>`.
//!
//! ```text
//! <evidence>/incoming/<upload id>         bytes so far
//! <evidence>/incoming/<upload id>.marks   how far they can be trusted
//! <evidence>/incoming/<upload id>.json    the ticket: whose, how long, until when
//! <evidence>/sealed/<agency>/<hh>/<hash>            an original, read-only
//! <evidence>/sealed/<agency>/<hh>/<hash>.copy       what consoles see of it
//! <evidence>/sealed/<agency>/<hh>/<hash>.copy.json  the copy's own hash and its link to the original
//! <evidence>/sealed/<agency>/<hh>/<hash>.of.<upload id>  one for each photo that has this content; empty
//! <evidence>/sealed/<agency>/owners.known           every original has those
//! ```
//!
//! Owns these files alone: no two processes may open the same folder. No network file systems: their syncs lie.

mod disk;
mod handle;
mod ledger;
mod owners;
mod part;
mod sealed;
#[cfg(test)]
mod tests;
mod ticket;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use self::disk::Disk;
pub use self::disk::free_bytes;
use self::handle::FolderHandle;
use self::ledger::{Ledger, Slot, Work};
use self::part::{Part, PartPaths};
use self::ticket::{Step, TICKET_SUFFIX, Ticket};
use super::names::{AgencyName, ContentHash, UploadId};
use super::store::{
    CopyLink, Created, EvidenceStore, NewCopy, NewUpload, Registered, StoreError, StoredCopy,
    StoredOriginal, UploadHandle,
};

/// Sealed files are readable by the gateway's account and writable by nobody.
const SEALED_MODE: u32 = 0o400;
/// How long a take-over waits for the other one to sync and let go; longer than a sync of 4 MiB on a bad disk.
const TAKE_OVER_WAIT: Duration = Duration::from_secs(5);

/// Bounds of the folder store.
#[derive(Debug, Clone)]
pub struct FolderLimits {
    /// Largest upload: photos of today's phones are under 25 MB, panoramas under 50.
    pub max_upload_bytes: u64,
    /// Incomplete uploads of one session; a resident who sends more waits for one to finish.
    pub max_open_per_session: u32,
    /// Announced bytes of all incomplete uploads together: what a flood can take of the disk.
    pub max_incomplete_total_bytes: u64,
    /// Free space left to what is more important than photos (the session log); below it no upload is created.
    pub min_free_bytes: u64,
    /// How long an upload may take before it is removed; long enough for a night without network.
    pub expiry: Duration,
}

impl Default for FolderLimits {
    fn default() -> Self {
        Self {
            max_upload_bytes: 50 * 1024 * 1024,
            max_open_per_session: 8,
            max_incomplete_total_bytes: 10 * 1024 * 1024 * 1024,
            min_free_bytes: 512 * 1024 * 1024,
            expiry: Duration::from_secs(24 * 60 * 60),
        }
    }
}

/// Says what time it is. The store has no other clock.
pub type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// What incomplete uploads take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Incomplete {
    /// Their number.
    pub uploads: u64,
    /// Their announced bytes.
    pub bytes: u64,
    /// The bound of `bytes`.
    pub max_bytes: u64,
}

/// The evidence store in a folder.
#[derive(Clone)]
pub struct FolderStore {
    inner: Arc<Inner>,
}

struct Inner {
    incoming: PathBuf,
    sealed: PathBuf,
    limits: FolderLimits,
    clock: Clock,
    disk: Disk,
    ledger: Mutex<Ledger>,
    /// Taken whole by who takes a mark away, shared by who puts one: in this process nobody sees files that are aside.
    shelves: RwLock<()>,
}

impl FolderStore {
    /// Opens the store, creating the folder if it is not there, and reads the tickets of incomplete uploads.
    /// Blocking: call it at start.
    pub fn open(folder: &Path, limits: FolderLimits, clock: Clock) -> Result<Self, StoreError> {
        Self::open_on(Disk::real(), folder, limits, clock)
    }

    /// How much of the room for incomplete uploads is taken; for metrics and their alarms.
    pub fn incomplete(&self) -> Incomplete {
        let ledger = self.inner.ledger();
        Incomplete {
            uploads: ledger.open_uploads(),
            bytes: ledger.open_bytes(),
            max_bytes: self.inner.limits.max_incomplete_total_bytes,
        }
    }

    fn open_on(
        disk: Disk,
        folder: &Path,
        limits: FolderLimits,
        clock: Clock,
    ) -> Result<Self, StoreError> {
        let inner = Inner {
            incoming: folder.join("incoming"),
            sealed: folder.join("sealed"),
            limits,
            clock,
            disk,
            ledger: Mutex::default(),
            shelves: RwLock::default(),
        };
        if !folder.exists() {
            std::fs::create_dir_all(folder.parent().unwrap_or(folder))?;
        }
        disk.make_folder(folder)?;
        disk.make_folder(&inner.incoming)?;
        disk.make_folder(&inner.sealed)?;
        inner.load()?;
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    async fn blocking<T: Send + 'static>(
        &self,
        step: impl FnOnce(&Arc<Inner>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let inner = Arc::clone(&self.inner);
        tokio::task::spawn_blocking(move || step(&inner))
            .await
            .map_err(|_| StoreError::Broken)?
    }

    async fn hold(
        &self,
        id: &UploadId,
        slot: &Slot,
        work: tokio::sync::OwnedMutexGuard<Work>,
    ) -> Result<Box<dyn UploadHandle>, StoreError> {
        let token = CancellationToken::new();
        *slot.holder.lock().unwrap_or_else(PoisonError::into_inner) = token.clone();
        let mut handle = FolderHandle::new(Arc::clone(&self.inner), id.clone(), work, token);
        handle.prepare().await?;
        Ok(Box::new(handle))
    }
}

/// An upload looked for when one is created.
enum Found {
    Before(Arc<Slot>),
    New(tokio::sync::OwnedMutexGuard<Work>),
}

impl Inner {
    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn paths(&self, id: &UploadId) -> PartPaths {
        PartPaths::new(&self.incoming, id)
    }

    fn slot(&self, id: &UploadId) -> Result<Arc<Slot>, StoreError> {
        self.ledger()
            .slots
            .get(id)
            .cloned()
            .ok_or(StoreError::NotFound)
    }

    /// Reads all tickets; what is not a ticket of ours, and temporary files, are left or removed.
    fn load(&self) -> Result<(), StoreError> {
        for entry in std::fs::read_dir(&self.incoming)? {
            let name = entry?.file_name();
            let Some(name) = name.to_str() else { continue };
            if name.ends_with(".tmp") {
                disk::remove_if_there(&self.incoming.join(name))?;
            }
            let Some(Ok(id)) = name.strip_suffix(TICKET_SUFFIX).map(UploadId::parse) else {
                continue;
            };
            match Ticket::read(&self.incoming, &id) {
                Ok(ticket) => self.enter(id, ticket, None),
                Err(StoreError::Damaged) => {
                    tracing::error!(upload = %id, "the ticket of an upload is damaged; left as it is")
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn enter(&self, id: UploadId, ticket: Ticket, part: Option<Part>) {
        let mut ledger = self.ledger();
        if ticket.is_open() {
            ledger.count_in(&ticket);
        }
        ledger.slots.insert(id, Slot::new(ticket, part));
    }

    fn create(&self, new: NewUpload) -> Result<Created, StoreError> {
        let max_bytes = self.limits.max_upload_bytes;
        if new.length_bytes == 0 || new.length_bytes > max_bytes {
            return Err(StoreError::Size { max_bytes });
        }
        let id = UploadId::of(&new.owner);
        let now = (self.clock)();
        let ticket = Ticket {
            expires_ms: ticket::millis(now + self.limits.expiry),
            owner: new.owner,
            length_bytes: new.length_bytes,
            metadata: new.metadata,
            step: Step::Receiving,
        };
        match self.find_or_enter(&id, &ticket)? {
            Found::Before(slot) => self.created_before(id, &slot, &ticket, now),
            Found::New(mut work) => match self.start(&id, &ticket) {
                Ok(part) => {
                    work.part = Some(part);
                    Ok(Created {
                        id,
                        expires_at: ticket.expires_at(),
                    })
                }
                Err(error) => {
                    self.forget(&id, &mut work);
                    Err(error)
                }
            },
        }
    }

    fn find_or_enter(&self, id: &UploadId, ticket: &Ticket) -> Result<Found, StoreError> {
        let mut ledger = self.ledger();
        if let Some(slot) = ledger.slots.get(id) {
            return Ok(Found::Before(Arc::clone(slot)));
        }
        ledger.reserve(ticket, &self.limits)?;
        let slot = Slot::new(ticket.clone(), None);
        let work = Arc::clone(&slot.work)
            .try_lock_owned()
            .map_err(|_| StoreError::Busy)?;
        ledger.slots.insert(id.clone(), slot);
        Ok(Found::New(work))
    }

    /// An upload in use exists and is well. One that has expired or is broken is removed: [`StoreError::NotFound`].
    fn created_before(
        &self,
        id: UploadId,
        slot: &Slot,
        asked: &Ticket,
        now: SystemTime,
    ) -> Result<Created, StoreError> {
        if let Ok(mut work) = slot.work.try_lock() {
            if work.gone {
                return Err(StoreError::NotFound);
            }
            if work.broken || work.ticket.is_expired(now) {
                self.remove(&id, &mut work)?;
                return Err(StoreError::NotFound);
            }
        }
        if slot.first.length_bytes != asked.length_bytes {
            return Err(StoreError::Differs);
        }
        Ok(Created {
            id,
            expires_at: slot.first.expires_at(),
        })
    }

    fn start(&self, id: &UploadId, ticket: &Ticket) -> Result<Part, StoreError> {
        let needed = self
            .limits
            .min_free_bytes
            .saturating_add(ticket.length_bytes);
        if self.limits.min_free_bytes > 0 && disk::free_bytes(&self.incoming)? < needed {
            return Err(StoreError::DiskFull);
        }
        let started = Part::create(self.disk, self.paths(id))
            .and_then(|part| ticket.write(self.disk, &self.incoming, id).map(|()| part));
        if started.is_err() {
            self.remove_files(id)?;
        }
        started
    }

    /// Takes the upload out of the ledger; its files are gone or of no use.
    fn forget(&self, id: &UploadId, work: &mut Work) {
        if !work.gone {
            work.gone = true;
            work.part = None;
            let mut ledger = self.ledger();
            if work.ticket.is_open() {
                ledger.count_out(&work.ticket);
            }
            ledger.slots.remove(id);
        }
    }

    fn remove(&self, id: &UploadId, work: &mut Work) -> Result<(), StoreError> {
        self.remove_files(id)?;
        self.forget(id, work);
        Ok(())
    }

    fn remove_files(&self, id: &UploadId) -> Result<(), StoreError> {
        Ticket::remove(&self.incoming, id)?;
        self.paths(id).remove()
    }

    fn sweep(&self) -> Result<u64, StoreError> {
        let now = (self.clock)();
        let slots: Vec<_> = self
            .ledger()
            .slots
            .iter()
            .map(|(id, slot)| (id.clone(), Arc::clone(slot)))
            .collect();
        let mut removed = 0;
        for (id, slot) in slots {
            // An upload somebody works on is looked at next time.
            let Ok(mut work) = slot.work.try_lock() else {
                continue;
            };
            if !work.gone && work.ticket.is_expired(now) {
                self.remove(&id, &mut work)?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    fn is_unfinished(&self, id: &UploadId, slot: &Slot) -> bool {
        let Ok(work) = slot.work.try_lock() else {
            return false;
        };
        match work.ticket.step {
            Step::Told(_) => false,
            Step::Sealing(_) | Step::Sealed(_) => true,
            Step::Receiving => std::fs::metadata(self.paths(id).bytes)
                .is_ok_and(|metadata| metadata.len() >= work.ticket.length_bytes),
        }
    }
}

#[async_trait]
impl EvidenceStore for FolderStore {
    fn max_upload_bytes(&self) -> u64 {
        self.inner.limits.max_upload_bytes
    }

    async fn create(&self, new: NewUpload) -> Result<Created, StoreError> {
        self.blocking(move |inner| {
            // An expired or broken upload of the same photo makes way for a new one.
            match inner.create(new.clone()) {
                Err(StoreError::NotFound) => inner.create(new),
                answer => answer,
            }
        })
        .await
    }

    async fn find(&self, id: &UploadId) -> Result<Registered, StoreError> {
        let slot = self.inner.slot(id)?;
        let now = (self.inner.clock)();
        // An upload somebody works on has not expired.
        if slot
            .work
            .try_lock()
            .is_ok_and(|work| work.gone || work.ticket.is_expired(now))
        {
            return Err(StoreError::NotFound);
        }
        Ok(Registered {
            owner: slot.first.owner.clone(),
            length_bytes: slot.first.length_bytes,
        })
    }

    async fn claim(&self, id: &UploadId) -> Result<Box<dyn UploadHandle>, StoreError> {
        let slot = self.inner.slot(id)?;
        let work = Arc::clone(&slot.work)
            .try_lock_owned()
            .map_err(|_| StoreError::Busy)?;
        self.hold(id, &slot, work).await
    }

    async fn take_over(&self, id: &UploadId) -> Result<Box<dyn UploadHandle>, StoreError> {
        let slot = self.inner.slot(id)?;
        slot.holder
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .cancel();
        let work = tokio::time::timeout(TAKE_OVER_WAIT, Arc::clone(&slot.work).lock_owned())
            .await
            .map_err(|_| StoreError::Busy)?;
        self.hold(id, &slot, work).await
    }

    async fn unfinished(&self) -> Vec<UploadId> {
        let listed = self.blocking(|inner| {
            let slots: Vec<_> = inner
                .ledger()
                .slots
                .iter()
                .map(|(id, slot)| (id.clone(), Arc::clone(slot)))
                .collect();
            Ok(slots
                .into_iter()
                .filter(|(id, slot)| inner.is_unfinished(id, slot))
                .map(|(id, _)| id)
                .collect())
        });
        listed.await.unwrap_or_default()
    }

    async fn sweep(&self) -> Result<u64, StoreError> {
        self.blocking(|inner| inner.sweep()).await
    }

    async fn keep_copy(
        &self,
        agency: &AgencyName,
        original: &ContentHash,
        copy: NewCopy,
    ) -> Result<CopyLink, StoreError> {
        let (agency, original) = (agency.clone(), *original);
        self.blocking(move |inner| inner.keep_copy(&agency, &original, &copy))
            .await
    }

    async fn copy_link(
        &self,
        agency: &AgencyName,
        original: &ContentHash,
    ) -> Result<Option<CopyLink>, StoreError> {
        let (agency, original) = (agency.clone(), *original);
        self.blocking(move |inner| match inner.copy_link(&agency, &original) {
            Err(StoreError::NotFound) => Ok(None),
            link => link.map(Some),
        })
        .await
    }

    async fn copy(
        &self,
        agency: &AgencyName,
        original: &ContentHash,
    ) -> Result<StoredCopy, StoreError> {
        let (agency, original) = (agency.clone(), *original);
        self.blocking(move |inner| inner.copy(&agency, &original))
            .await
    }

    async fn original(
        &self,
        agency: &AgencyName,
        hash: &ContentHash,
    ) -> Result<StoredOriginal, StoreError> {
        let (agency, hash) = (agency.clone(), *hash);
        self.blocking(move |inner| inner.original(&agency, &hash))
            .await
    }

    async fn verify(&self, agency: &AgencyName, hash: &ContentHash) -> Result<(), StoreError> {
        let (agency, hash) = (agency.clone(), *hash);
        self.blocking(move |inner| inner.verify(&agency, &hash))
            .await
    }
}
