//! Which uploads exist and how much they have reserved. In memory, rebuilt from the tickets at start.
//!
//! Owns: the counts and who works on what. Must not: touch the disk. Called by: the folder store.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio_util::sync::CancellationToken;

use super::FolderLimits;
use super::part::Part;
use super::ticket::Ticket;
use crate::evidence::names::{SessionRef, UploadId};
use crate::evidence::store::StoreError;

/// What one upload is while somebody works on it.
pub(super) struct Work {
    pub(super) ticket: Ticket,
    /// The open file; opened when first needed, closed after a failure.
    pub(super) part: Option<Part>,
    /// A sync failed.
    pub(super) broken: bool,
    /// Removed from the ledger.
    pub(super) gone: bool,
}

/// One upload.
pub(super) struct Slot {
    /// The ticket as it was first; owner, length and expiry never change.
    pub(super) first: Ticket,
    pub(super) work: Arc<tokio::sync::Mutex<Work>>,
    /// The token of whoever has `work` now.
    pub(super) holder: Mutex<CancellationToken>,
}

impl Slot {
    pub(super) fn new(ticket: Ticket, part: Option<Part>) -> Arc<Self> {
        let first = ticket.clone();
        let work = Work {
            ticket,
            part,
            broken: false,
            gone: false,
        };
        Arc::new(Self {
            first,
            work: Arc::new(tokio::sync::Mutex::new(work)),
            holder: Mutex::new(CancellationToken::new()),
        })
    }
}

/// All uploads.
#[derive(Default)]
pub(super) struct Ledger {
    pub(super) slots: HashMap<UploadId, Arc<Slot>>,
    open_of_session: HashMap<SessionRef, u32>,
    open_bytes: u64,
}

impl Ledger {
    /// Counts an incomplete upload in, if the limits allow it.
    pub(super) fn reserve(
        &mut self,
        ticket: &Ticket,
        limits: &FolderLimits,
    ) -> Result<(), StoreError> {
        let session = &ticket.owner.session;
        if self.open_of_session.get(session).copied().unwrap_or(0) >= limits.max_open_per_session {
            return Err(StoreError::TooManyOpen {
                max: limits.max_open_per_session,
            });
        }
        if self.open_bytes.saturating_add(ticket.length_bytes) > limits.max_incomplete_total_bytes {
            return Err(StoreError::NoRoom);
        }
        self.count_in(ticket);
        Ok(())
    }

    /// Counts an incomplete upload in without asking: it exists.
    pub(super) fn count_in(&mut self, ticket: &Ticket) {
        let count = self
            .open_of_session
            .entry(ticket.owner.session.clone())
            .or_insert(0);
        *count = count.saturating_add(1);
        self.open_bytes = self.open_bytes.saturating_add(ticket.length_bytes);
    }

    /// Counts an upload out: complete or removed.
    pub(super) fn count_out(&mut self, ticket: &Ticket) {
        let session = &ticket.owner.session;
        if let Some(count) = self.open_of_session.get_mut(session) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.open_of_session.remove(session);
            }
        }
        self.open_bytes = self.open_bytes.saturating_sub(ticket.length_bytes);
    }

    /// Incomplete uploads.
    pub(super) fn open_uploads(&self) -> u64 {
        self.open_of_session
            .values()
            .map(|count| u64::from(*count))
            .sum()
    }

    /// Their announced bytes.
    pub(super) fn open_bytes(&self) -> u64 {
        self.open_bytes
    }
}
