//! The bell: wakes whoever listens to an agency.
//!
//! Owns: the channels of each agency inside one process. Must not: ring for what is not committed. Called by: the
//! implementations, for what they committed or heard from elsewhere, `publish` and `subscribe`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use callbox_proto::ids::{AgencyId, SessionId};
use tokio::sync::broadcast::{
    self,
    error::{RecvError, TryRecvError},
};

use crate::backbone::{BackboneError, Record, Ring, Seq, Subscription};

/// Rings kept for a slow subscriber: several group commits. Who is further behind reads the logs, which is cheaper by then.
/// With the records that may come along with each (4 KiB on the shared tier), at most 16 MiB per agency.
const APPENDED_KEPT: usize = 4_096;
/// Publications kept: at [`crate::backbone::PUBLISH_MAX_BYTES`] each, at most 16 MiB per agency.
const PUBLISHED_KEPT: usize = 256;

/// An append that is in the log.
#[derive(Debug, Clone)]
pub(super) struct Rung {
    pub(super) session: SessionId,
    pub(super) head: Seq,
    /// Up to `head`, where they came along.
    pub(super) records: Arc<[Record]>,
}

#[derive(Debug)]
struct Channels {
    /// `None`: rings were missed.
    appended: broadcast::Sender<Option<Rung>>,
    published: broadcast::Sender<Bytes>,
}

/// The bells of all agencies somebody listens to; `None` inside when closed.
#[derive(Debug)]
pub(super) struct Bell {
    agencies: Mutex<Option<HashMap<AgencyId, Channels>>>,
}

impl Bell {
    pub(super) fn new() -> Self {
        Self {
            agencies: Mutex::new(Some(HashMap::new())),
        }
    }

    /// Rings for appends of one commit, in their order.
    pub(super) fn ring<'a>(&self, appended: impl Iterator<Item = (&'a AgencyId, Rung)>) {
        let mut guard = self.lock();
        let Some(agencies) = guard.as_mut() else {
            return;
        };
        for (agency, rung) in appended {
            if let Some(channels) = agencies.get(agency) {
                // Fails only when nobody listens any more.
                let _ = channels.appended.send(Some(rung));
            }
        }
    }

    /// Sends a publication to whoever listens now.
    pub(super) fn publish(&self, agency: &AgencyId, payload: Bytes) -> Result<(), BackboneError> {
        let mut guard = self.lock();
        let agencies = guard.as_mut().ok_or(BackboneError::Closed)?;
        if let Some(channels) = agencies.get(agency) {
            let _ = channels.published.send(payload);
        }
        Ok(())
    }

    /// Listens from now on. Agencies nobody listens to any more are let go here.
    pub(super) fn subscribe(&self, agency: &AgencyId) -> Result<Listener, BackboneError> {
        let mut guard = self.lock();
        let agencies = guard.as_mut().ok_or(BackboneError::Closed)?;
        agencies.retain(|_, channels| channels.appended.receiver_count() > 0);
        let channels = agencies.entry(agency.clone()).or_insert_with(|| Channels {
            appended: broadcast::Sender::new(APPENDED_KEPT),
            published: broadcast::Sender::new(PUBLISHED_KEPT),
        });
        Ok(Listener {
            appended: channels.appended.subscribe(),
            published: channels.published.subscribe(),
        })
    }

    /// Agencies somebody listens to.
    pub(super) fn agencies(&self) -> Vec<AgencyId> {
        let mut guard = self.lock();
        let Some(agencies) = guard.as_mut() else {
            return Vec::new();
        };
        agencies.retain(|_, channels| channels.appended.receiver_count() > 0);
        agencies.keys().cloned().collect()
    }

    /// Tells whoever listens to an agency that rings were missed.
    pub(super) fn missed(&self, agency: &AgencyId) {
        let mut guard = self.lock();
        if let Some(channels) = guard.as_mut().and_then(|agencies| agencies.get(agency)) {
            // Fails only when nobody listens any more.
            let _ = channels.appended.send(None);
        }
    }

    /// Ends every subscription once it has read what was rung.
    pub(super) fn close(&self) {
        *self.lock() = None;
    }

    fn lock(&self) -> MutexGuard<'_, Option<HashMap<AgencyId, Channels>>> {
        self.agencies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One subscriber's end of a bell.
#[derive(Debug)]
pub(super) struct Listener {
    appended: broadcast::Receiver<Option<Rung>>,
    published: broadcast::Receiver<Bytes>,
}

#[async_trait]
impl Subscription for Listener {
    async fn next(&mut self) -> Option<Ring> {
        loop {
            tokio::select! {
                rung = self.appended.recv() => return heard(rung),
                published = self.published.recv() => match published {
                    Ok(payload) => return Some(Ring::Published(payload)),
                    // Lost publications are not told.
                    Err(RecvError::Lagged(_)) => {}
                    // Both channels close together: what was rung before is still heard.
                    Err(RecvError::Closed) => return heard(self.appended.recv().await),
                },
            }
        }
    }

    fn at_hand(&mut self) -> Option<Ring> {
        match self.appended.try_recv() {
            Ok(rung) => Some(told(rung)),
            Err(TryRecvError::Lagged(_)) => Some(Ring::Missed),
            Err(TryRecvError::Empty | TryRecvError::Closed) => None,
        }
    }
}

fn heard(rung: Result<Option<Rung>, RecvError>) -> Option<Ring> {
    match rung {
        Ok(rung) => Some(told(rung)),
        Err(RecvError::Lagged(_)) => Some(Ring::Missed),
        Err(RecvError::Closed) => None,
    }
}

fn told(rung: Option<Rung>) -> Ring {
    rung.map_or(Ring::Missed, |rung| Ring::Appended {
        session: rung.session,
        head: rung.head,
        records: rung.records,
    })
}
