//! Whose the sealed originals are, and their end.
//!
//! Owns: the marks, and the order in which files go. Must not: say what is to be destroyed: the session log does. Called by: the folder
//! store's handles when they seal; whoever destroys, through the contract of the store.
//!
//! Several processes may share the folder and nothing locks it. A photo's mark is durable before its bytes move in. Whoever takes the last
//! mark away moves the files aside first, under names of its own, and looks for marks once more: a mark that is there by then means that
//! somebody sealed the same content meanwhile, and what was moved aside goes back unless newer bytes have come. A mark that comes later
//! still is followed by bytes of its own.

use std::fs::OpenOptions;
use std::path::Path;
use std::sync::{Arc, PoisonError};

use async_trait::async_trait;

use super::disk;
use super::ticket::{Step, Ticket};
use super::{FolderStore, Inner, TAKE_OVER_WAIT};
use crate::evidence::names::{AgencyName, ContentHash, UploadId};
use crate::evidence::store::{Destruction, Released, StoreError};

/// Ends of the names of all files that one content has.
const PARTS: [&str; 3] = ["", ".copy", ".copy.json"];
/// Between the name of a content and an upload's id.
const OF: &str = ".of.";
/// Between the name of a file and a random number, while it is about to go.
const ASIDE: &str = ".aside.";
/// Says that every original of an agency has its marks.
const KNOWN: &str = "owners.known";

/// What stands on the shelf of one content.
#[derive(Default)]
struct Standing {
    /// Some photo has it.
    is_owned: bool,
    /// Files that were moved aside, by their whole names.
    aside: Vec<String>,
    /// Copies that were being written when the program stopped, or are now.
    half: Vec<String>,
}

impl Inner {
    /// Notes that an upload's photo has this content; durable when it returns.
    pub(super) fn own(
        &self,
        agency: &AgencyName,
        hash: &ContentHash,
        owner: &UploadId,
    ) -> Result<(), StoreError> {
        let folder = self.make_folder_of(agency, hash)?;
        let mark = folder.join(format!("{hash}{OF}{owner}"));
        if mark.exists() {
            return Ok(());
        }
        disk::open(&mark, OpenOptions::new().write(true).create(true))?;
        self.disk.sync_folder(&folder)
    }

    fn release(
        &self,
        agency: &AgencyName,
        hash: &ContentHash,
        owner: &UploadId,
    ) -> Result<Released, StoreError> {
        let folder = self.folder_of(agency, hash);
        if !folder.exists() {
            return Ok(Released::Destroyed);
        }
        let _shelves = self.shelves.write().unwrap_or_else(PoisonError::into_inner);
        disk::remove_if_there(&folder.join(format!("{hash}{OF}{owner}")))?;
        self.disk.sync_folder(&folder)?;
        let content = hash.to_string();
        if !standing(&folder, &content)?.is_owned {
            for part in PARTS {
                put_aside(&folder, &format!("{content}{part}"))?;
            }
        }
        // What an attempt that was cut short has left is settled here, too.
        let now = standing(&folder, &content)?;
        for name in &now.aside {
            if now.is_owned {
                put_back(&folder, name)?;
            }
            disk::remove_if_there(&folder.join(name))?;
        }
        for name in now.half.iter().filter(|_| !now.is_owned) {
            disk::remove_if_there(&folder.join(name))?;
        }
        self.disk.sync_folder(&folder)?;
        Ok(match now.is_owned {
            true => Released::Shared,
            false => Released::Destroyed,
        })
    }

    /// Destroys an upload: what it was sealed as, then its bytes, and its ticket last, so that a stop in between loses no trace of it.
    fn forget_files(&self, id: &UploadId, ticket: Option<&Ticket>) -> Result<(), StoreError> {
        if let Some(ticket) = ticket
            && let Step::Sealing(hash) | Step::Sealed(hash) | Step::Told(hash) = ticket.step
        {
            self.release(&ticket.owner.agency, &hash, id)?;
        }
        self.paths(id).remove()?;
        Ticket::remove(&self.incoming, id)?;
        self.disk.sync_folder(&self.incoming)
    }

    fn destroy_copy(&self, agency: &AgencyName, hash: &ContentHash) -> Result<(), StoreError> {
        let folder = self.folder_of(agency, hash);
        if !folder.exists() {
            return Ok(());
        }
        for part in PARTS.into_iter().filter(|part| !part.is_empty()) {
            disk::remove_if_there(&folder.join(format!("{hash}{part}")))?;
        }
        for name in standing(&folder, &hash.to_string())?.half {
            disk::remove_if_there(&folder.join(name))?;
        }
        self.disk.sync_folder(&folder)
    }
}

/// Reads what stands of one content. A shelf has a 256th of an agency's originals.
fn standing(folder: &Path, content: &str) -> Result<Standing, StoreError> {
    let mut found = Standing::default();
    for entry in std::fs::read_dir(folder)? {
        let name = entry?.file_name();
        let Some((name, rest)) = name
            .to_str()
            .and_then(|name| Some((name, name.strip_prefix(content)?)))
        else {
            continue;
        };
        if rest.starts_with(OF) {
            found.is_owned = true;
        } else if rest.contains(ASIDE) {
            found.aside.push(name.to_owned());
        } else if rest.ends_with(disk::TEMPORARY) {
            found.half.push(name.to_owned());
        }
    }
    Ok(found)
}

fn put_aside(folder: &Path, name: &str) -> Result<(), StoreError> {
    let aside = folder.join(format!("{name}{ASIDE}{:032x}", rand::random::<u128>()));
    match std::fs::rename(folder.join(name), aside) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

/// Gives a file its name back, unless newer bytes have it.
fn put_back(folder: &Path, aside: &str) -> Result<(), StoreError> {
    let Some((name, _)) = aside.split_once(ASIDE) else {
        return Ok(());
    };
    match std::fs::hard_link(folder.join(aside), folder.join(name)) {
        Err(error)
            if !matches!(
                error.kind(),
                std::io::ErrorKind::AlreadyExists | std::io::ErrorKind::NotFound
            ) =>
        {
            Err(error.into())
        }
        _ => Ok(()),
    }
}

#[async_trait]
impl Destruction for FolderStore {
    async fn own(
        &self,
        agency: &AgencyName,
        original: &ContentHash,
        owner: &UploadId,
    ) -> Result<(), StoreError> {
        let (agency, original, owner) = (agency.clone(), *original, owner.clone());
        self.blocking(move |inner| inner.own(&agency, &original, &owner))
            .await
    }

    async fn owners_are_known(&self, agency: &AgencyName) -> Result<bool, StoreError> {
        let agency = agency.clone();
        self.blocking(move |inner| {
            let mark = inner.sealed.join(agency.as_str()).join(KNOWN);
            Ok(mark.try_exists()?)
        })
        .await
    }

    async fn note_owners_known(&self, agency: &AgencyName) -> Result<(), StoreError> {
        let agency = agency.clone();
        self.blocking(move |inner| {
            let folder = inner.sealed.join(agency.as_str());
            inner.disk.make_folder(&folder)?;
            inner.disk.write_whole(&folder, KNOWN, b"")
        })
        .await
    }

    async fn release(
        &self,
        agency: &AgencyName,
        original: &ContentHash,
        owner: &UploadId,
    ) -> Result<Released, StoreError> {
        let (agency, original, owner) = (agency.clone(), *original, owner.clone());
        self.blocking(move |inner| inner.release(&agency, &original, &owner))
            .await
    }

    async fn destroy_copy(
        &self,
        agency: &AgencyName,
        original: &ContentHash,
    ) -> Result<(), StoreError> {
        let (agency, original) = (agency.clone(), *original);
        self.blocking(move |inner| inner.destroy_copy(&agency, &original))
            .await
    }

    async fn forget(&self, id: &UploadId) -> Result<(), StoreError> {
        let id = id.clone();
        let Ok(slot) = self.inner.slot(&id) else {
            // Another process may have begun it.
            return self
                .blocking(move |inner| match Ticket::read(&inner.incoming, &id) {
                    Ok(ticket) => inner.forget_files(&id, Some(&ticket)),
                    Err(StoreError::NotFound | StoreError::Damaged) => {
                        inner.forget_files(&id, None)
                    }
                    Err(error) => Err(error),
                })
                .await;
        };
        slot.holder
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .cancel();
        let work = tokio::time::timeout(TAKE_OVER_WAIT, Arc::clone(&slot.work).lock_owned());
        let mut work = work.await.map_err(|_| StoreError::Busy)?;
        self.blocking(move |inner| {
            inner.forget_files(&id, Some(&work.ticket))?;
            inner.forget(&id, &mut work);
            Ok(())
        })
        .await
    }
}
