//! A shared tier whose mood a test sets.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use callbox::backbone::embedded::{Embedded, Options};
use callbox::backbone::{
    Append, Appended, Backbone, BackboneError, Claim, Claimed, Destroy, Destroyed, Guarantee,
    IndexCursor, IndexSnapshot, IndexedSession, Lease, Record, Remains, Seq, StandingKind,
    Subscription, Tally,
};
use callbox::clock::Clock;
use callbox_proto::ids::{AgencyId, CommandId, SessionId};
use tempfile::TempDir;

/// How it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// At once.
    Well,
    /// Never.
    Hangs,
    /// With an error.
    Fails,
    /// With an error to appends; everything else at once.
    Refuses,
    /// It has no room.
    Full,
    /// Does what it is asked, and never says so.
    Swallows,
    /// Appends take this long.
    Slow(Duration),
}

/// A tier over a store of its own.
pub struct Tier {
    pub store: Arc<Embedded>,
    mood: Mutex<Mood>,
    /// Sizes of the batches it was given, and how many appends of one session were in one at most.
    pub batches: Mutex<Vec<Vec<SessionId>>>,
    _folder: TempDir,
}

impl Tier {
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Embedded::open(folder.path(), &Options::default(), clock).unwrap();
        Self {
            store: Arc::new(store),
            mood: Mutex::new(Mood::Well),
            batches: Mutex::default(),
            _folder: folder,
        }
    }

    pub fn is(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    fn mood(&self) -> Mood {
        *self.mood.lock().unwrap()
    }

    async fn answer<T>(
        &self,
        call: impl Future<Output = Result<T, BackboneError>>,
    ) -> Result<T, BackboneError> {
        match self.mood() {
            Mood::Well | Mood::Refuses | Mood::Slow(_) => call.await,
            Mood::Hangs | Mood::Swallows => std::future::pending().await,
            Mood::Fails => Err(failed()),
            Mood::Full => Err(BackboneError::Full),
        }
    }
}

fn failed() -> BackboneError {
    BackboneError::Failed {
        reason: "so the test wants".into(),
    }
}

#[async_trait]
impl Backbone for Tier {
    async fn append(&self, batch: Vec<Append>) -> Vec<Result<Appended, BackboneError>> {
        let count = batch.len();
        let sessions = batch.iter().map(|append| append.session).collect();
        self.batches.lock().unwrap().push(sessions);
        match self.mood() {
            Mood::Well => self.store.append(batch).await,
            Mood::Hangs => std::future::pending().await,
            Mood::Fails | Mood::Refuses => vec![Err(failed()); count],
            Mood::Full => vec![Err(BackboneError::Full); count],
            Mood::Swallows => {
                self.store.append(batch).await;
                std::future::pending().await
            }
            Mood::Slow(pause) => {
                tokio::time::sleep(pause).await;
                self.store.append(batch).await
            }
        }
    }

    async fn read(
        &self,
        session: SessionId,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<Record>, BackboneError> {
        self.answer(self.store.read(session, after, limit)).await
    }

    async fn find_command(
        &self,
        session: SessionId,
        command: CommandId,
    ) -> Result<Option<(Seq, Seq)>, BackboneError> {
        self.answer(self.store.find_command(session, command)).await
    }

    async fn find_session(
        &self,
        session: SessionId,
    ) -> Result<Option<IndexedSession>, BackboneError> {
        self.answer(self.store.find_session(session)).await
    }

    async fn list(
        &self,
        agency: &AgencyId,
        kind: StandingKind,
        after: Option<IndexCursor>,
        limit: usize,
    ) -> Result<IndexSnapshot, BackboneError> {
        self.answer(self.store.list(agency, kind, after, limit))
            .await
    }

    async fn claim(&self, claim: Claim) -> Result<Option<Claimed>, BackboneError> {
        self.answer(self.store.claim(claim)).await
    }

    async fn release(&self, session: SessionId, epoch: u64) -> Result<bool, BackboneError> {
        self.answer(self.store.release(session, epoch)).await
    }

    async fn take_lease(
        &self,
        name: &str,
        holder: &str,
        ttl_ms: u64,
    ) -> Result<Option<Lease>, BackboneError> {
        self.answer(self.store.take_lease(name, holder, ttl_ms))
            .await
    }

    async fn renew_lease(&self, lease: &Lease, ttl_ms: u64) -> Result<bool, BackboneError> {
        self.answer(self.store.renew_lease(lease, ttl_ms)).await
    }

    async fn drop_lease(&self, lease: &Lease) -> Result<bool, BackboneError> {
        self.answer(self.store.drop_lease(lease)).await
    }

    async fn overdue_leases(&self, limit: usize) -> Result<Vec<Lease>, BackboneError> {
        self.answer(self.store.overdue_leases(limit)).await
    }

    async fn subscribe(&self, agency: &AgencyId) -> Result<Box<dyn Subscription>, BackboneError> {
        self.answer(self.store.subscribe(agency)).await
    }

    async fn publish(&self, agency: &AgencyId, payload: Bytes) -> Result<(), BackboneError> {
        self.answer(self.store.publish(agency, payload)).await
    }

    async fn tally(&self, agency: &AgencyId) -> Result<Vec<Tally>, BackboneError> {
        self.answer(self.store.tally(agency)).await
    }

    async fn destroy(
        &self,
        destroy: Destroy,
        remains: Arc<dyn Remains>,
    ) -> Result<Destroyed, BackboneError> {
        self.answer(self.store.destroy(destroy, remains)).await
    }

    fn guarantee(&self) -> Guarantee {
        Guarantee::Replicated {
            replicas: 1,
            fsynced: true,
        }
    }
}
