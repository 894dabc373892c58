//! Types and trait of the backbone contract; the prose is in the parent module.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use callbox_proto::ids::{AgencyId, CommandId, QueueId, SessionId};

/// Position of a record in its session's log, from 1. 0 stands for "before the first".
pub type Seq = u64;

/// Appends in one batch. One group commit takes as many as wait, up to this; more wait for the next one.
pub const BATCH_MAX_APPENDS: usize = 512;
/// Records in one append: the events of one command. A command of today makes at most 4.
pub const APPEND_MAX_RECORDS: usize = 64;
/// Records in one log: the last number that a record can have. At a thousand a second it is reached after fifty days.
pub const LOG_MAX_RECORDS: Seq = (1 << 32) - 1;
/// Bytes in one record. A message on the wire is at most 256 KiB; a record adds little to it.
pub const RECORD_MAX_BYTES: usize = 320 * 1024;
/// Rows or records answered by one read; callers page.
pub const READ_MAX_ROWS: usize = 1_000;
/// Bytes of payload after which a read ends early: one answer stays small in memory even where records are large.
/// An answer has at least one record if there is one, so paging always moves on.
pub const READ_MAX_BYTES: usize = 4 * 1024 * 1024;
/// Bytes in the summary of an index row. The largest state a session may have takes some 34 KiB: every photo, every rule that
/// fired and a reason, all with the longest words. An everyday one takes half a KiB, and so do the rows of a page.
pub const SUMMARY_MAX_BYTES: usize = 48 * 1024;
/// Bytes in one publication: a frame on the wire is at most as long.
pub const PUBLISH_MAX_BYTES: usize = 64 * 1024;
/// Bytes in the name and in the holder of a lease.
pub const LEASE_TEXT_MAX_BYTES: usize = 200;
/// Queues in one claim. An agency has a few dozen; each costs a look at its first entry.
pub const CLAIM_MAX_QUEUES: usize = 256;

/// The events of one command, to be written at once.
#[derive(Debug, Clone)]
pub struct Append {
    /// The agency the session belongs to; fixed by the session's first append.
    pub agency: AgencyId,
    /// Whose log.
    pub session: SessionId,
    /// Head of the log the decision was based on; 0 for a new session.
    pub expected: Seq,
    /// The command that caused the records; unique within the session's log.
    pub command: CommandId,
    /// One encoded event each, 1 to [`APPEND_MAX_RECORDS`].
    pub records: Vec<Bytes>,
    /// The session's whole index row from now on; `None` leaves it as it is (a first append must bring one).
    pub index: Option<IndexRow>,
    /// The epoch of the claim this append completes, if it completes one; outdated means conflict.
    pub claim_epoch: Option<u64>,
}

impl Append {
    /// Whether it keeps the bounds of the contract; every implementation asks this before anything else.
    ///
    /// # Errors
    /// [`BackboneError::OverBound`], naming the first bound that is broken.
    pub fn check_bounds(&self) -> Result<(), BackboneError> {
        let over = |what| Err(BackboneError::OverBound { what });
        if self.records.is_empty() || self.records.len() > APPEND_MAX_RECORDS {
            return over("records in an append");
        }
        // A log cannot be longer: who expects that conflicts.
        let last = self.expected.saturating_add(self.records.len() as Seq);
        if self.expected <= LOG_MAX_RECORDS && last > LOG_MAX_RECORDS {
            return over("records in a log");
        }
        if self
            .records
            .iter()
            .any(|record| record.len() > RECORD_MAX_BYTES)
        {
            return over("bytes in a record");
        }
        if self
            .index
            .as_ref()
            .is_some_and(|row| row.summary.len() > SUMMARY_MAX_BYTES)
        {
            return over("bytes in a summary");
        }
        Ok(())
    }
}

/// What an append came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// Durable now, as records `first ..= last`.
    Stored {
        /// Sequence number of the first record.
        first: Seq,
        /// Sequence number of the last record, the new head.
        last: Seq,
    },
    /// The command was stored earlier, as records `first ..= last`.
    Duplicate {
        /// Sequence number of its first record.
        first: Seq,
        /// Sequence number of its last record.
        last: Seq,
    },
    /// Durable on this node only, under the command's id; the numbers are provisional. [`Ring::Confirmed`] or
    /// [`Ring::Rewound`] follows. A command that was kept before gets the numbers it was kept with.
    Kept {
        /// Provisional number of the first record.
        first: Seq,
        /// Provisional number of the last record.
        last: Seq,
    },
    /// Not written: the head is another than expected, or the claim's epoch is outdated.
    Conflict {
        /// The head of the log now.
        head: Seq,
    },
}

/// A session whose content is to be destroyed.
#[derive(Debug, Clone)]
pub struct Destroy {
    /// The agency of the session.
    pub agency: AgencyId,
    /// Whose log.
    pub session: SessionId,
    /// Head of the log it was decided on.
    pub expected: Seq,
    /// The summary of its row from now on, at most [`SUMMARY_MAX_BYTES`]. Where it stands is left as it is.
    pub summary: Bytes,
}

impl Destroy {
    /// Whether it keeps the bounds of the contract; every implementation asks this before anything else.
    ///
    /// # Errors
    /// [`BackboneError::OverBound`].
    pub const fn check_bounds(&self) -> Result<(), BackboneError> {
        if self.summary.len() > SUMMARY_MAX_BYTES {
            let what = "bytes in a summary";
            return Err(BackboneError::OverBound { what });
        }
        Ok(())
    }
}

/// What a destruction came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destroyed {
    /// Nothing of it is there any more.
    Done,
    /// The head is another than expected: read, decide again. Perhaps some of it is gone.
    Conflict {
        /// The head of the log now.
        head: Seq,
    },
}

/// Says what is left of records that are destroyed. The backbone does not know what a record means; who does implements this.
pub trait Remains: Send + Sync + 'static {
    /// What is left of a record, at most [`RECORD_MAX_BYTES`]; `None` where it stays as it is. Of what it left before it says `None`.
    fn of(&self, record: &Record) -> Option<Bytes>;
}

/// What is left of a page of records, each by its number; those that stay as they are left out. In order.
pub(super) fn remains_of(
    page: &[Record],
    remains: &dyn Remains,
) -> Result<Vec<(Seq, Bytes)>, BackboneError> {
    let left = page
        .iter()
        .filter_map(|record| Some((record.seq, remains.of(record)?)));
    let left: Vec<_> = left.collect();
    if left.iter().any(|(_, left)| left.len() > RECORD_MAX_BYTES) {
        let what = "bytes in a record";
        return Err(BackboneError::OverBound { what });
    }
    Ok(left)
}

/// One record read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its place in the session's log.
    pub seq: Seq,
    /// The command that caused it.
    pub command: CommandId,
    /// The encoded event, exactly as appended.
    pub payload: Bytes,
}

/// Where a session stands in its agency's index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// In a queue; lower ranks are taken first.
    Waiting {
        /// Deadline in ms since 1970, lowered by a constant for priority 1 (see `domain::queue`).
        rank: i64,
        /// Whether it stands in the lane of priority 1.
        urgent: bool,
    },
    /// A telecommunicator owns it.
    Owned,
    /// The resident left before an answer; someone contacts back.
    Abandoned,
    /// Finished.
    Closed {
        /// Lower ranks are listed first.
        rank: i64,
    },
}

impl Standing {
    /// Which part of the index it stands in.
    #[must_use]
    pub const fn kind(&self) -> StandingKind {
        match self {
            Self::Waiting { .. } => StandingKind::Waiting,
            Self::Owned => StandingKind::Owned,
            Self::Abandoned => StandingKind::Abandoned,
            Self::Closed { .. } => StandingKind::Closed,
        }
    }

    /// Its place in the order of that part; 0 where the order is by id only.
    #[must_use]
    pub const fn rank(&self) -> i64 {
        match self {
            Self::Waiting { rank, .. } | Self::Closed { rank } => *rank,
            Self::Owned | Self::Abandoned => 0,
        }
    }
}

/// The index row of one session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexRow {
    /// The queue it waits in or was taken from.
    pub queue: QueueId,
    /// Where it stands.
    pub standing: Standing,
    /// Small encoded summary for lists, at most [`SUMMARY_MAX_BYTES`]; opaque here.
    pub summary: Bytes,
}

/// An index row together with what the backbone knows about its session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexedSession {
    /// Which session.
    pub session: SessionId,
    /// Whose it is.
    pub agency: AgencyId,
    /// Last sequence number of its log.
    pub head: Seq,
    /// Its row.
    pub row: IndexRow,
}

/// Part of an agency's index at one version.
#[derive(Debug, Clone)]
pub struct IndexSnapshot {
    /// Version of the agency's index; grows with every change.
    pub version: u64,
    /// Rows in order: waiting and finished ones by (rank, id), others by id.
    pub rows: Vec<IndexedSession>,
    /// Where the next page starts; `None` at the end.
    pub next: Option<IndexCursor>,
}

/// Which rows of the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StandingKind {
    /// Waiting in a queue, by (rank, id).
    Waiting,
    /// Owned by a telecommunicator.
    Owned,
    /// Left before an answer.
    Abandoned,
    /// Finished, by (rank, id).
    Closed,
}

impl StandingKind {
    /// As stores write it. Words, not numbers: operators read them, and one flipped bit never makes another of them.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Owned => "owned",
            Self::Abandoned => "abandoned",
            Self::Closed => "closed",
        }
    }

    /// Reads what [`StandingKind::word`] wrote.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        let all = [Self::Waiting, Self::Owned, Self::Abandoned, Self::Closed];
        all.into_iter().find(|kind| kind.word() == word)
    }
}

/// The last row of a page: the next page begins after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexCursor {
    /// Rank of that row; 0 where the order is by id only.
    pub rank: i64,
    /// Session of that row.
    pub session: SessionId,
}

/// How many sessions of one queue stand alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// The queue they wait in or were taken from.
    pub queue: QueueId,
    /// How they stand; never [`StandingKind::Closed`].
    pub kind: StandingKind,
    /// How many, above 0.
    pub count: u64,
}

/// Which of the waiting sessions a claim wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// The lowest rank.
    First,
    /// The lowest rank outside priority 1; the lowest of all if there is none.
    FirstNotUrgent,
}

/// Asks for the next waiting session.
#[derive(Debug, Clone)]
pub struct Claim {
    /// Whose queues.
    pub agency: AgencyId,
    /// Which queues, at most [`CLAIM_MAX_QUEUES`], all equal: the lowest rank over all of them.
    pub queues: Vec<QueueId>,
    /// Which end of them.
    pub lane: Lane,
    /// How long the reservation holds, in ms, at least 1.
    pub lease_ms: u64,
}

/// A reservation of one waiting session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claimed {
    /// Which session.
    pub session: SessionId,
    /// Fencing token: grows with each claim of this session.
    pub epoch: u64,
    /// Head of its log when claimed.
    pub head: Seq,
}

/// A named lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// What is leased, for example `console/<agency>/<person>`. At most [`LEASE_TEXT_MAX_BYTES`].
    pub name: Arc<str>,
    /// Who holds it, for example a node. At most [`LEASE_TEXT_MAX_BYTES`].
    pub holder: Arc<str>,
    /// Grows with each new holder.
    pub epoch: u64,
}

/// What wakes a subscriber up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ring {
    /// Records up to `head` are in this session's log.
    Appended {
        /// Which session.
        session: SessionId,
        /// Head of its log at the time of ringing.
        head: Seq,
        /// The records up to that head, where they came along: a listener that has all before them need not read the log.
        /// None where the implementation does not send them or they are long.
        records: Arc<[Record]>,
    },
    /// What was kept here up to this number is in the shared log now, with these very numbers.
    Confirmed {
        /// Which session.
        session: SessionId,
        /// The last number confirmed.
        up_to: Seq,
    },
    /// What was kept here after this number is in the shared log now, with other numbers: read the log again from there.
    Rewound {
        /// Which session.
        session: SessionId,
        /// The last number that stays.
        after: Seq,
    },
    /// Something that may be lost, from [`Backbone::publish`].
    Published(Bytes),
    /// Rings were missed: read the index and the logs again.
    Missed,
}

/// What a receipt is worth here. `Display` says it in a sentence for operators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Guarantee {
    /// On this node's disk, fsynced: survives kill and power cut, not the loss of the disk.
    LocalDisk,
    /// On the disk of the shared tier, fsynced, without replicas: survives kill and power cut, not the loss of that disk.
    SharedDisk,
    /// Written by the shared tier and counted on at least this many replicas: survives the loss of any one server.
    Replicated {
        /// Replicas that are counted before the answer.
        replicas: u32,
        /// Whether the primary also fsyncs before the answer.
        fsynced: bool,
    },
    /// The shared tier does not answer, or takes nothing: on this node's disk until it does.
    Island {
        /// Why, as the tier said it last.
        reason: Arc<str>,
    },
    /// The shared tier works, but is weaker than configured or keeps nothing for sure: `stored` is all that is said.
    Weaker {
        /// Why, and what to do.
        reason: Arc<str>,
    },
    /// Nothing: the store does not answer or has failed.
    None,
}

impl Guarantee {
    /// Whether an append that was confirmed is `safe`, not only `stored`.
    #[must_use]
    pub const fn is_safe(&self) -> bool {
        match self {
            Self::LocalDisk | Self::SharedDisk | Self::Replicated { .. } => true,
            Self::Island { .. } | Self::Weaker { .. } | Self::None => false,
        }
    }

    /// Whether the node goes on without its shared tier.
    #[must_use]
    pub const fn is_island(&self) -> bool {
        matches!(self, Self::Island { .. })
    }

    /// In a word, for screens.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::LocalDisk => "local_disk",
            Self::SharedDisk => "shared_disk",
            Self::Replicated { .. } => "replicated",
            Self::Island { .. } => "island",
            Self::Weaker { .. } => "weaker",
            Self::None => "none",
        }
    }
}

impl std::fmt::Display for Guarantee {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::LocalDisk => f.write_str("safe means on this node's disk"),
            Self::SharedDisk => {
                f.write_str("safe means on the disk of the shared tier, without a replica")
            }
            Self::Replicated { replicas, fsynced } => {
                let also = if *fsynced { " and on its disk" } else { "" };
                write!(
                    f,
                    "safe means in the shared tier{also} and on {replicas} of its replicas"
                )
            }
            Self::Island { reason } => {
                write!(f, "island: {reason}; stored means on this node's disk")
            }
            Self::Weaker { reason } => write!(f, "nothing is safe yet, only stored: {reason}"),
            Self::None => f.write_str("nothing can be stored"),
        }
    }
}

/// What is kept on this node only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KeptHere {
    /// How many records.
    pub records: u64,
    /// When the oldest session's first one was kept, in ms since 1970; `None` when nothing is.
    pub since_ms: Option<u64>,
}

/// Why the backbone did not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BackboneError {
    /// Over one of the bounds of the contract; sending it again is useless.
    #[error("over the bound of {what}")]
    OverBound {
        /// Which bound.
        what: &'static str,
    },
    /// A first append without an index row, or with an `expected` above 0 for a session that has no log, or an append
    /// under another agency than the session's.
    #[error("no such session")]
    NoSuchSession,
    /// A record's checksum does not match its bytes, or the record is missing where the log says it is.
    #[error("record {seq} of session {session} is damaged")]
    Damaged {
        /// Whose log.
        session: SessionId,
        /// Which record; 0 is the session's index row.
        seq: Seq,
    },
    /// A record that is whole, and tells of something this program does not know. No store answers this: whoever reads records does.
    #[error(
        "record {seq} of session {session} was written by a newer version of the gateway: update this node"
    )]
    Newer {
        /// Whose log.
        session: SessionId,
        /// Which record.
        seq: Seq,
    },
    /// The disk is full; nothing was written. Tell it, take no more, try again when there is room.
    #[error("the store is full")]
    Full,
    /// A write or its fsync failed: what it carried is unknown, and this store takes no more until it is reopened.
    #[error("the store failed: {reason}")]
    Failed {
        /// In the store's words, without personal data.
        reason: Arc<str>,
    },
    /// Closed, or closing.
    #[error("the backbone is closed")]
    Closed,
}

impl BackboneError {
    /// Whether one record cannot be read, and the same will be so next time: somebody has to do something about it.
    #[must_use]
    pub const fn is_of_a_record(&self) -> bool {
        matches!(self, Self::Damaged { .. } | Self::Newer { .. })
    }
}

/// Receives the rings of one agency. Bounded; whoever reads too slowly is told [`Ring::Missed`].
#[async_trait]
pub trait Subscription: Send {
    /// The next ring; `None` when the backbone is closed.
    async fn next(&mut self) -> Option<Ring>;

    /// A ring that is here already, if there is one: cheaper than waiting for each where they come in hundreds.
    fn at_hand(&mut self) -> Option<Ring> {
        None
    }
}

/// The contract of the parent module.
#[async_trait]
pub trait Backbone: Send + Sync + 'static {
    /// Writes a batch; answers each append in order. See the parent module for the outcomes.
    async fn append(&self, batch: Vec<Append>) -> Vec<Result<Appended, BackboneError>>;

    /// At most `limit` (≤ [`READ_MAX_ROWS`]) records after `after`, in order. Fewer where they reach [`READ_MAX_BYTES`]:
    /// only an empty answer means that none are there yet.
    async fn read(
        &self,
        session: SessionId,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<Record>, BackboneError>;

    /// The records a command got, as (first, last), if it is in this session's log.
    async fn find_command(
        &self,
        session: SessionId,
        command: CommandId,
    ) -> Result<Option<(Seq, Seq)>, BackboneError>;

    /// One session's index row.
    async fn find_session(
        &self,
        session: SessionId,
    ) -> Result<Option<IndexedSession>, BackboneError>;

    /// A page of one agency's index.
    async fn list(
        &self,
        agency: &AgencyId,
        kind: StandingKind,
        after: Option<IndexCursor>,
        limit: usize,
    ) -> Result<IndexSnapshot, BackboneError>;

    /// How many sessions wait, are owned and are abandoned, by queue and in no order; what is missing is 0. Cheap: nothing
    /// is scanned.
    async fn tally(&self, agency: &AgencyId) -> Result<Vec<Tally>, BackboneError>;

    /// Reserves the next waiting session; `None` when no unclaimed one waits in these queues.
    async fn claim(&self, claim: Claim) -> Result<Option<Claimed>, BackboneError>;

    /// Gives a reservation back; `false` if that epoch no longer held it.
    async fn release(&self, session: SessionId, epoch: u64) -> Result<bool, BackboneError>;

    /// Takes the lease if it is free, overdue or already held by `holder`; `None` when another holds it.
    async fn take_lease(
        &self,
        name: &str,
        holder: &str,
        ttl_ms: u64,
    ) -> Result<Option<Lease>, BackboneError>;

    /// Prolongs a lease; `false` if it is no longer held with this epoch.
    async fn renew_lease(&self, lease: &Lease, ttl_ms: u64) -> Result<bool, BackboneError>;

    /// Ends a lease now; `false` if it was no longer held with this epoch.
    async fn drop_lease(&self, lease: &Lease) -> Result<bool, BackboneError>;

    /// At most `limit` leases that are past their deadline and not taken over.
    async fn overdue_leases(&self, limit: usize) -> Result<Vec<Lease>, BackboneError>;

    /// Listens to an agency's bell from now on.
    async fn subscribe(&self, agency: &AgencyId) -> Result<Box<dyn Subscription>, BackboneError>;

    /// Rings the agency's bell with something that may be lost (at most [`PUBLISH_MAX_BYTES`]).
    async fn publish(&self, agency: &AgencyId, payload: Bytes) -> Result<(), BackboneError>;

    /// Destroys the content of a session; twice is once. See the parent module.
    async fn destroy(
        &self,
        destroy: Destroy,
        remains: Arc<dyn Remains>,
    ) -> Result<Destroyed, BackboneError>;

    /// Lets go of what is only held in memory of this session, for example because another node destroyed its content.
    fn forget(&self, _session: SessionId) {}

    /// What `stored` and `safe` are worth now.
    fn guarantee(&self) -> Guarantee;

    /// Whether records of this session up to this number, which are in its log, are safe.
    fn is_safe(&self, _session: SessionId, _up_to: Seq) -> bool {
        self.guarantee().is_safe()
    }

    /// Records of this session after this number are only kept here; `None` when none are. Asks memory, never the disk.
    fn kept_after(&self, _session: SessionId) -> Option<Seq> {
        None
    }

    /// What is kept on this node only.
    fn kept_here(&self) -> KeptHere {
        KeptHere::default()
    }
}

/// Gives what was kept its place in a log that others went on with. The backbone does not know what a record means; who
/// does implements this.
#[async_trait]
pub trait Rebase: Send + Sync + 'static {
    /// The kept commands of one session, in the order they were kept, as appends to the log as it is in `shared` now: each
    /// under its own id, each built on the one before it, each with its row. Commands that are in that log already are left out.
    ///
    /// # Errors
    /// The shared tier's, when it cannot be read.
    async fn rebase(
        &self,
        shared: &dyn Backbone,
        kept: Vec<Append>,
    ) -> Result<Vec<Append>, BackboneError>;
}
