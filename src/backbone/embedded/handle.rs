//! The handle of an open store: the contract's calls, handed to whoever does them.
//!
//! Owns: opening and closing, and the leases. Must not: hold rows. Called by: `app` (open, close), `node` (the trait).

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use async_trait::async_trait;
use bytes::Bytes;
use callbox_proto::ids::{AgencyId, CommandId, SessionId};
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::check::{self, INDEXED_COLUMNS, Indexed};
use super::fault::{Fault, OpenError};
use super::folder::{self, DATABASE_FILE, Lock, Mark};
use super::kept::{self, KeptPage};
use super::lease::{Epochs, Leases};
use super::ledger::{self, Ledger, Outcome};
use super::queue::Queues;
use super::readers::{self, Readers};
use super::remains::{Page, Replaced};
use super::schema;
use super::shared::Shared;
use super::tally::Tallies;
use super::upkeep::{self, Verification};
use super::writer::{JOBS_MAX, Job, Pending, Writer};
use crate::backbone::{
    Append, BATCH_MAX_APPENDS, Backbone, BackboneError, CLAIM_MAX_QUEUES, Claim, Claimed, Destroy,
    Destroyed, Guarantee, IndexCursor, IndexSnapshot, IndexedSession, LEASE_TEXT_MAX_BYTES, Lease,
    PUBLISH_MAX_BYTES, READ_MAX_ROWS, Record, Remains, Seq, StandingKind, Subscription, Tally,
    contract,
};
use crate::clock::Clock;

/// Epochs reserved by one durable write: one fsync per million claims, and 2^33 starts before a number reaches 2^53.
const EPOCH_BLOCK: u64 = 1 << 20;

/// Records that are replaced in one transaction when a session is destroyed: a few ms in which appends wait.
const DESTROY_PAGE_RECORDS: usize = 200;

/// How to open a store.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Opens a store although acknowledged commits or index rows are missing; what can be read is kept. An operator's
    /// decision, never a default.
    pub accept_damage: bool,
    /// Size in pages of 4 KiB the database may grow to; over it appends answer [`BackboneError::Full`]. `None`: the disk.
    pub max_pages: Option<u32>,
}

/// An open embedded backbone. [`Embedded::close`] it; dropping it does the same but blocks the thread meanwhile.
pub struct Embedded {
    shared: Arc<Shared>,
    leases: Mutex<Leases>,
    epochs: Mutex<Epochs>,
    ways: Mutex<Option<Ways>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    database: PathBuf,
}

#[derive(Clone)]
struct Ways {
    jobs: mpsc::Sender<Job>,
    readers: Readers,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Embedded {
    /// Opens the store in `folder`, making both if they are missing. Blocks: reads the index, and copies what an
    /// interrupted process left in the write-ahead log.
    ///
    /// # Errors
    /// See [`OpenError`]; above all when the folder is in use, newer than this program, or has lost what was acknowledged.
    pub fn open(
        folder: &Path,
        options: &Options,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OpenError> {
        folder::prepare(folder)?;
        let held = Lock::take(folder)?;
        let database = folder.join(DATABASE_FILE);
        folder::make_database(&database)?;
        let connection = schema::open_writer(&database)?;
        if let Some(pages) = options.max_pages {
            connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?;
        }
        folder::sync(folder)?;
        // What a handle left behind whose fsync failed is in the system's cache at best: write and fsync all of it anew.
        match schema::checkpoint_all(&connection) {
            Ok(_) | Err(Fault::Busy | Fault::Full) => {}
            Err(fault) => return Err(fault.into()),
        }
        let commits = ledger::stored_commits(&connection)?;
        let mark = check_mark(folder, commits, options)?;
        let (queues, tallies) = load_queues(&connection, options)?;
        mend_indexes(&connection)?;
        let epoch = connection.query_row("SELECT epochs FROM store", [], |row| row.get(0))?;
        let shared = Arc::new(Shared::new(clock, queues, tallies));
        let (readers, mut threads) = Readers::start(&database)?;
        let writer = Writer::new(
            Ledger::new(connection, commits)?,
            Arc::clone(&shared),
            mark,
            held,
        );
        let (jobs, waiting) = mpsc::channel(JOBS_MAX);
        let thread = std::thread::Builder::new().name("backbone-writer".to_owned());
        let spawned = thread.spawn(move || writer.run(waiting));
        threads.push(spawned.map_err(|source| OpenError::Io {
            path: folder.to_owned(),
            source,
        })?);
        Ok(Self {
            shared,
            leases: Mutex::default(),
            epochs: Mutex::new(Epochs::new(epoch, epoch)),
            ways: Mutex::new(Some(Ways { jobs, readers })),
            threads: Mutex::new(threads),
            database,
        })
    }

    /// Writes what waits, puts everything into the database file and lets the folder go. Later calls answer
    /// [`BackboneError::Closed`]; subscriptions end.
    pub async fn close(&self) {
        let Some(ways) = lock(&self.ways).take() else {
            return;
        };
        self.shared.close();
        let (answer, answered) = oneshot::channel();
        if ways.jobs.send(Job::Close { answer }).await.is_ok() {
            let _ = answered.await;
        }
        drop(ways);
        let threads = std::mem::take(&mut *lock(&self.threads));
        let _ = tokio::task::spawn_blocking(move || join(threads)).await;
    }

    /// Writes a whole, consistent copy of the database to `target`, which must not exist. Appends go on meanwhile; the
    /// write-ahead log grows until the copy is done.
    ///
    /// # Errors
    /// [`OpenError::Io`] when the target exists or cannot be written, [`OpenError::Damaged`] when the store is.
    pub async fn copy_to(&self, target: &Path) -> Result<(), OpenError> {
        let (database, target) = (self.database.clone(), target.to_owned());
        upkeep_task(move || upkeep::copy(&database, &target)).await
    }

    /// Computes every checksum of the store, beside the work. Takes about a second per million records.
    ///
    /// # Errors
    /// [`OpenError`] when the file cannot be read at all; damage of rows is in the answer.
    pub async fn verify(&self) -> Result<Verification, OpenError> {
        let database = self.database.clone();
        upkeep_task(move || upkeep::verify(&database)).await
    }

    /// How many sessions wait in queues, claimed ones included.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.shared.queues().len()
    }

    fn ways(&self) -> Result<Ways, BackboneError> {
        lock(&self.ways).clone().ok_or(BackboneError::Closed)
    }

    /// As [`Backbone::append`], but a session this store does not know begins with the expected head, as a log that goes on
    /// from there; its first append must bring the row. What is adopted counts as kept until it is dropped.
    pub async fn adopt(&self, batch: Vec<Append>) -> Vec<Outcome> {
        self.write(batch, true).await
    }

    /// A page of the logs that were adopted and not yet dropped.
    ///
    /// # Errors
    /// As [`Backbone::read`].
    pub async fn kept_logs(&self, after: i64, limit: usize) -> Result<KeptPage, BackboneError> {
        self.ask(move |connection| kept::logs(connection, after, limit))
            .await
    }

    /// The kept commands of a session after a place, as appends to the log they were kept for, at most about `limit` and
    /// never part of one. The last command of the log brings the row as it is now, the opening one its own.
    ///
    /// # Errors
    /// As [`Backbone::read`].
    pub async fn kept_appends(
        &self,
        session: SessionId,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<Append>, BackboneError> {
        self.ask(move |connection| kept::appends(connection, session, after, limit))
            .await
    }

    /// Lets kept logs go, whole, where they still end at these heads; says of each whether it went.
    ///
    /// # Errors
    /// As [`Backbone::append`]; then none went.
    pub async fn drop_kept(&self, logs: Vec<(SessionId, Seq)>) -> Result<Vec<bool>, BackboneError> {
        self.shared.check_open()?;
        self.written(|answer| Job::DropKept { logs, answer })
            .await?
    }

    /// What the writer answers to a job.
    async fn written<T>(
        &self,
        job: impl FnOnce(oneshot::Sender<T>) -> Job,
    ) -> Result<T, BackboneError> {
        let (answer, answered) = oneshot::channel();
        let sent = self.ways()?.jobs.send(job(answer)).await;
        sent.map_err(|_| BackboneError::Closed)?;
        answered.await.map_err(|_| BackboneError::Closed)
    }

    async fn replace(&self, page: Page, last: bool) -> Result<Replaced, BackboneError> {
        self.shared.check_open()?;
        self.written(|answer| Job::Replace { page, last, answer })
            .await?
    }

    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Connection) -> Result<T, BackboneError> + Send + 'static,
    ) -> Result<T, BackboneError> {
        self.ways()?.readers.ask(question).await
    }

    async fn write(&self, batch: Vec<Append>, adopt: bool) -> Vec<Outcome> {
        let count = batch.len();
        if count == 0 {
            return Vec::new();
        }
        let sent = match bound(count <= BATCH_MAX_APPENDS, "appends in a batch") {
            Ok(()) => self.send(batch, adopt).await,
            Err(error) => Err(error),
        };
        sent.unwrap_or_else(|error| vec![Err(error); count])
    }

    async fn send(&self, batch: Vec<Append>, adopt: bool) -> Result<Vec<Outcome>, BackboneError> {
        self.shared.check_open()?;
        self.written(|answer| {
            Job::Append(Pending {
                batch,
                adopt,
                answer,
            })
        })
        .await
    }

    /// A number never handed out before, over restarts too.
    async fn next_epoch(&self) -> Result<u64, BackboneError> {
        loop {
            self.shared.check_open()?;
            if let Some(epoch) = lock(&self.epochs).next() {
                return Ok(epoch);
            }
            let more = EPOCH_BLOCK;
            let raised = self.written(|answer| Job::RaiseEpochs { more, answer });
            let ceiling = raised.await??;
            lock(&self.epochs).raise(ceiling);
        }
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        lock(&self.ways).take();
        join(std::mem::take(&mut *lock(&self.threads)));
    }
}

fn join(threads: Vec<JoinHandle<()>>) {
    for thread in threads {
        if thread.join().is_err() {
            tracing::error!("a thread of the backbone panicked");
        }
    }
}

async fn upkeep_task<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, OpenError> + Send + 'static,
) -> Result<T, OpenError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|_| {
        Err(OpenError::Sqlite {
            reason: "interrupted".into(),
        })
    })
}

/// Compares the database with the last commit that was acknowledged.
fn check_mark(folder: &Path, found: u64, options: &Options) -> Result<Mark, OpenError> {
    let (mut mark, acknowledged) = Mark::open(folder)?;
    if found < acknowledged {
        if !options.accept_damage {
            return Err(OpenError::LostCommits {
                found,
                acknowledged,
            });
        }
        tracing::error!(
            found,
            acknowledged,
            "acknowledged commits are missing; opened by an operator's decision"
        );
        mark.set_synced(found)?;
    }
    Ok(mark)
}

/// Makes the indexes of the index table anew if they contradict its rows, which have been checked by then.
fn mend_indexes(connection: &Connection) -> Result<(), OpenError> {
    if schema::index_is_consistent(connection)? {
        return Ok(());
    }
    tracing::error!(
        "the indexes of the session index are damaged; they are made anew from its rows"
    );
    schema::rebuild_indexes(connection)?;
    if schema::index_is_consistent(connection)? {
        return Ok(());
    }
    Err(OpenError::Damaged {
        reason: "the session index".into(),
    })
}

/// Reads who waits. Looks at every row that is not closed, not only at those an index calls waiting: a flipped bit must
/// not take anybody out of the queue unseen.
fn load_queues(connection: &Connection, options: &Options) -> Result<(Queues, Tallies), OpenError> {
    let text = format!(
        "SELECT {INDEXED_COLUMNS} FROM session_index i NOT INDEXED LEFT JOIN log_head h ON h.no = i.no
         WHERE i.standing <> 'closed'"
    );
    let (mut queues, mut tallies) = (Queues::default(), Tallies::default());
    let mut statement = connection.prepare(&text)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        match check::indexed(row)? {
            Indexed::Sound { session, .. } => {
                queues.follow(
                    session.session,
                    &session.agency,
                    Some(&session.row),
                    session.head,
                );
                tallies.follow(session.session, &session.agency, &session.row);
            }
            Indexed::Damaged(session) if options.accept_damage => {
                tracing::error!(session = ?session, "an index row is damaged; opened by an operator's decision");
            }
            Indexed::Damaged(Some(session)) => return Err(OpenError::DamagedSession { session }),
            Indexed::Damaged(None) => {
                return Err(OpenError::Damaged {
                    reason: "an index row has no session".into(),
                });
            }
        }
    }
    Ok((queues, tallies))
}

fn bound(kept: bool, what: &'static str) -> Result<(), BackboneError> {
    if kept {
        Ok(())
    } else {
        Err(BackboneError::OverBound { what })
    }
}

#[async_trait]
impl Backbone for Embedded {
    async fn append(&self, batch: Vec<Append>) -> Vec<Outcome> {
        self.write(batch, false).await
    }

    async fn read(
        &self,
        session: SessionId,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<Record>, BackboneError> {
        bound(limit <= READ_MAX_ROWS, "rows in a read")?;
        self.ask(move |connection| readers::records(connection, session, after, limit))
            .await
    }

    async fn find_command(
        &self,
        session: SessionId,
        command: CommandId,
    ) -> Result<Option<(Seq, Seq)>, BackboneError> {
        self.ask(move |connection| readers::find_command(connection, session, command))
            .await
    }

    async fn find_session(
        &self,
        session: SessionId,
    ) -> Result<Option<IndexedSession>, BackboneError> {
        self.ask(move |connection| readers::find_session(connection, session))
            .await
    }

    async fn list(
        &self,
        agency: &AgencyId,
        kind: StandingKind,
        after: Option<IndexCursor>,
        limit: usize,
    ) -> Result<IndexSnapshot, BackboneError> {
        bound(limit <= READ_MAX_ROWS, "rows in a read")?;
        let agency = agency.clone();
        self.ask(move |connection| readers::list(connection, &agency, kind, after, limit))
            .await
    }

    async fn tally(&self, agency: &AgencyId) -> Result<Vec<Tally>, BackboneError> {
        self.shared.check_open()?;
        Ok(self.shared.tallies().of(agency))
    }

    async fn claim(&self, claim: Claim) -> Result<Option<Claimed>, BackboneError> {
        bound(claim.queues.len() <= CLAIM_MAX_QUEUES, "queues in a claim")?;
        bound(claim.lease_ms >= 1, "lease of a claim")?;
        let epoch = self.next_epoch().await?;
        Ok(self
            .shared
            .queues()
            .claim(&claim, epoch, self.shared.clock.monotonic_ms()))
    }

    async fn release(&self, session: SessionId, epoch: u64) -> Result<bool, BackboneError> {
        self.shared.check_open()?;
        Ok(self
            .shared
            .queues()
            .release(session, epoch, self.shared.clock.monotonic_ms()))
    }

    async fn take_lease(
        &self,
        name: &str,
        holder: &str,
        ttl_ms: u64,
    ) -> Result<Option<Lease>, BackboneError> {
        let short = name.len() <= LEASE_TEXT_MAX_BYTES && holder.len() <= LEASE_TEXT_MAX_BYTES;
        bound(short, "bytes in a lease's name or holder")?;
        let epoch = self.next_epoch().await?;
        let now_ms = self.shared.clock.monotonic_ms();
        lock(&self.leases).take(name, holder, now_ms.saturating_add(ttl_ms), epoch, now_ms)
    }

    async fn renew_lease(&self, lease: &Lease, ttl_ms: u64) -> Result<bool, BackboneError> {
        self.shared.check_open()?;
        let now_ms = self.shared.clock.monotonic_ms();
        Ok(lock(&self.leases).renew(lease, now_ms.saturating_add(ttl_ms), now_ms))
    }

    async fn drop_lease(&self, lease: &Lease) -> Result<bool, BackboneError> {
        self.shared.check_open()?;
        Ok(lock(&self.leases).end(lease, self.shared.clock.monotonic_ms()))
    }

    async fn overdue_leases(&self, limit: usize) -> Result<Vec<Lease>, BackboneError> {
        bound(limit <= READ_MAX_ROWS, "rows in a read")?;
        self.shared.check_open()?;
        Ok(lock(&self.leases).overdue(limit, self.shared.clock.monotonic_ms()))
    }

    async fn destroy(
        &self,
        destroy: Destroy,
        remains: Arc<dyn Remains>,
    ) -> Result<Destroyed, BackboneError> {
        destroy.check_bounds()?;
        let Destroy {
            agency,
            session,
            expected,
            summary,
        } = destroy;
        let mut after = 0;
        loop {
            let records = self.read(session, after, DESTROY_PAGE_RECORDS).await?;
            let last = records.last().map(|record| record.seq);
            let page = Page {
                agency: agency.clone(),
                session,
                expected,
                left: contract::remains_of(&records, &*remains)?,
                summary: last.is_none().then(|| summary.clone()),
            };
            if (last.is_none() || !page.left.is_empty())
                && let Replaced::Conflict(head) = self.replace(page, last.is_none()).await?
            {
                return Ok(Destroyed::Conflict { head });
            }
            match last {
                Some(last) => after = last,
                None => return Ok(Destroyed::Done),
            }
        }
    }

    async fn subscribe(&self, agency: &AgencyId) -> Result<Box<dyn Subscription>, BackboneError> {
        Ok(Box::new(self.shared.bell.subscribe(agency)?))
    }

    async fn publish(&self, agency: &AgencyId, payload: Bytes) -> Result<(), BackboneError> {
        bound(payload.len() <= PUBLISH_MAX_BYTES, "bytes in a publication")?;
        self.shared.bell.publish(agency, payload)
    }

    fn guarantee(&self) -> Guarantee {
        match self.shared.check_open() {
            Ok(()) => Guarantee::LocalDisk,
            Err(_) => Guarantee::None,
        }
    }

    /// What can be read was fsynced before. A store that is closed takes nothing more, and keeps what it has.
    fn is_safe(&self, _session: SessionId, _up_to: Seq) -> bool {
        self.shared.check_failed().is_ok()
    }
}
