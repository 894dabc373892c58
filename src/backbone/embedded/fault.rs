//! What SQLite's errors mean to the backbone, and why a store does not open.
//!
//! Owns: the one translation of `rusqlite` errors. Must not: put anything of a statement's parameters into a text.
//! Called by: the writer, the readers and `open`.

use std::path::PathBuf;
use std::sync::Arc;

use callbox_proto::ids::SessionId;
use rusqlite::ErrorCode;

use crate::backbone::BackboneError;

/// Why a folder cannot be opened as an embedded backbone.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder or a file in it cannot be made, read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which path.
        path: PathBuf,
        /// The system's word.
        source: std::io::Error,
    },
    /// Another process (or another handle in this one) holds the folder.
    #[error("{} is in use by another process", path.display())]
    InUse {
        /// Which folder.
        path: PathBuf,
    },
    /// The folder is on a file system without trustworthy locks and fsync.
    #[error("{} is on a network file system ({kind}); take a local disk", path.display())]
    NetworkFolder {
        /// Which folder.
        path: PathBuf,
        /// As the system names it, for example `nfs4`.
        kind: String,
    },
    /// A newer Callbox wrote this store.
    #[error(
        "the store has schema {found}, this program knows schemas up to {known}: start the newer program"
    )]
    NewerSchema {
        /// Schema of the store.
        found: i64,
        /// Newest schema this program knows.
        known: i64,
    },
    /// The database opens, but commits that were acknowledged are not in it: a damaged or deleted write-ahead log, or an
    /// older copy put in its place.
    #[error(
        "the store ends at commit {found}, but commit {acknowledged} was acknowledged: restore it, or accept the loss"
    )]
    LostCommits {
        /// Last commit in the database.
        found: u64,
        /// Last commit known to have been acknowledged.
        acknowledged: u64,
    },
    /// The index row of a session is damaged.
    #[error(
        "the index row of session {session} is damaged: restore the store, or accept the damage"
    )]
    DamagedSession {
        /// Which session.
        session: SessionId,
    },
    /// The database file is damaged where it cannot be told which session it concerns.
    #[error("the store is damaged: {reason}")]
    Damaged {
        /// In SQLite's words.
        reason: Arc<str>,
    },
    /// SQLite refuses for another reason.
    #[error("the store does not open: {reason}")]
    Sqlite {
        /// In SQLite's words.
        reason: Arc<str>,
    },
}

/// What an SQLite error means for the transaction it happened in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// No room; nothing was written.
    Full,
    /// Another program holds the write lock; nothing was written.
    Busy,
    /// A page or a value is not what was written there.
    Damaged(Arc<str>),
    /// Anything else, above all a failed write or fsync: nothing about this handle can be trusted any more.
    Fatal(Arc<str>),
}

impl Fault {
    /// The error a caller of the backbone sees.
    pub(super) fn for_caller(&self) -> BackboneError {
        match self {
            Self::Full => BackboneError::Full,
            Self::Busy => BackboneError::Failed {
                reason: "locked by another program".into(),
            },
            Self::Damaged(reason) | Self::Fatal(reason) => BackboneError::Failed {
                reason: Arc::clone(reason),
            },
        }
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::Error as E;
        match &error {
            E::SqliteFailure(failure, _) => {
                let reason: Arc<str> =
                    format!("{:?} (SQLite {})", failure.code, failure.extended_code).into();
                match failure.code {
                    ErrorCode::DiskFull => Self::Full,
                    ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Self::Busy,
                    // A constraint breaks only where the database contradicts what it answered before.
                    ErrorCode::DatabaseCorrupt
                    | ErrorCode::NotADatabase
                    | ErrorCode::ConstraintViolation => Self::Damaged(reason),
                    _ => Self::Fatal(reason),
                }
            }
            E::FromSqlConversionFailure(..)
            | E::IntegralValueOutOfRange(..)
            | E::Utf8Error(..)
            | E::InvalidColumnType(..)
            | E::QueryReturnedNoRows => Self::Damaged("a value of the wrong kind".into()),
            // Texts of other errors may carry parameters.
            _ => Self::Fatal("unexpected answer of SQLite".into()),
        }
    }
}

impl From<Fault> for OpenError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Damaged(reason) => Self::Damaged { reason },
            Fault::Fatal(reason) => Self::Sqlite { reason },
            Fault::Full => Self::Sqlite {
                reason: "no room".into(),
            },
            Fault::Busy => Self::Sqlite {
                reason: "locked by another program".into(),
            },
        }
    }
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        Fault::from(error).into()
    }
}
