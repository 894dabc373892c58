//! What the writer remembers of the sessions it wrote lately, so that an append in the common case asks the database
//! nothing.
//!
//! Owns: the cache and its bound. Must not: touch the database. Called by: the ledger.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};

use callbox_proto::ids::{AgencyId, CommandId, SessionId};

use super::check::{Log, Place};
use crate::backbone::{IndexRow, Seq};

/// Sessions in one of the two generations of the cache: what a node of 9,500 residents hears from fits. A session costs
/// about 300 bytes and 5 to 10 per command, so both generations stay near 6 MiB; a session outside costs a few look-ups.
const GENERATION_SESSIONS: usize = 10_000;
/// Fingerprints in one generation: bounds the cache where logs are very long, at up to 10 bytes each.
const GENERATION_FINGERPRINTS: usize = 1_048_576;
/// Commits between two counts of the fingerprints: counting looks at every session of the generation.
const COMMITS_PER_COUNT: u32 = 64;
/// Up to so many commands a plain list is smaller and as fast as a table.
const LIST_MAX: usize = 64;

/// What is known of a session: as committed, and what the open transaction adds.
#[derive(Debug)]
pub(super) struct Hot {
    pub(super) no: i64,
    pub(super) agency: AgencyId,
    pub(super) place: Place,
    pub(super) head: Seq,
    pub(super) chain: u32,
    /// Records up to here have their commands in runs.
    pub(super) sealed: Seq,
    /// Where its last record lies.
    pub(super) last: i64,
    pub(super) seen: Seen,
    /// Whether the database knows the session.
    pub(super) stored: bool,
    /// What the open transaction changed; `None` if nothing. Boxed, as the next: most sessions rest, and a table keeps room for
    /// everything that stands in its entries, up to twice over.
    pub(super) change: Option<Box<Change>>,
    /// How it was adopted, until that is written.
    pub(super) adopted: Option<Box<Adopted>>,
}

impl Hot {
    /// Where its log stands.
    pub(super) const fn log(&self) -> Log {
        Log {
            head: self.head,
            chain: self.chain,
            sealed: self.sealed,
            last: self.last,
        }
    }
}

/// A log that starts at a given head, as it was adopted.
#[derive(Debug)]
pub(super) struct Adopted {
    pub(super) base: Seq,
    pub(super) since_ms: u64,
    /// The row of the first append, where the log begins with it.
    pub(super) opening: Option<IndexRow>,
}

/// What the open transaction changes of a session besides its records.
#[derive(Debug, Default)]
pub(super) struct Change {
    /// The new index row, if there is one.
    pub(super) row: Option<IndexRow>,
    /// Whether the columns that order the index change with it.
    pub(super) moved: bool,
    /// Whether the session stopped waiting at some point, perhaps to wait again: a claim has ended.
    pub(super) left: bool,
}

/// Fingerprints of all commands in a log. A hit is looked up in the database, a miss is certain. They are short, because in long logs
/// their tables are what no cache of a processor holds: of a million, one new command in four thousand is looked up in vain.
#[derive(Debug)]
pub(super) enum Seen {
    List(Vec<u32>),
    Table(HashSet<u32, BuildHasherDefault<Spread>>),
}

impl Seen {
    pub(super) const fn new() -> Self {
        Self::List(Vec::new())
    }

    pub(super) fn contains(&self, fingerprint: u32) -> bool {
        match self {
            Self::List(list) => list.contains(&fingerprint),
            Self::Table(table) => table.contains(&fingerprint),
        }
    }

    pub(super) fn insert(&mut self, fingerprint: u32) {
        match self {
            Self::List(list) if list.len() < LIST_MAX => list.push(fingerprint),
            Self::List(list) => {
                let all = list.iter().copied().chain([fingerprint]);
                *self = Self::Table(all.collect());
            }
            Self::Table(table) => {
                table.insert(fingerprint);
            }
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::List(list) => list.len(),
            Self::Table(table) => table.len(),
        }
    }
}

/// Fingerprints are hashes already, but short: the table wants both ends of 64 bits.
#[derive(Debug, Default)]
pub(super) struct Spread(u64);

/// The golden ratio as a fraction of 2^64: multiplying by it moves what differs below to the top.
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u32(&mut self, value: u32) {
        self.0 = u64::from(value).wrapping_mul(GOLDEN);
    }
}

/// The cache: two generations. What is used moves to the younger one; when that is full the older one is dropped.
#[derive(Debug, Default)]
pub(super) struct HotSessions {
    young: HashMap<SessionId, Hot>,
    old: HashMap<SessionId, Hot>,
    commits: u32,
    /// Keyed at random per process: senders choose command ids and must not be able to choose fingerprints.
    keys: RandomState,
}

impl HotSessions {
    /// The fingerprint of a command in this process.
    pub(super) fn fingerprint(&self, command: CommandId) -> u32 {
        let [one, two, three, four, ..] = self.keys.hash_one(command.as_u128()).to_le_bytes();
        u32::from_le_bytes([one, two, three, four])
    }

    /// Whether the session is known; after a yes `get_mut` finds it.
    pub(super) fn warm(&mut self, session: SessionId) -> bool {
        if let Some(hot) = self.old.remove(&session) {
            self.young.insert(session, hot);
        }
        self.young.contains_key(&session)
    }

    /// What is known of a session that was warmed or inserted in this transaction.
    pub(super) fn get_mut(&mut self, session: SessionId) -> Option<&mut Hot> {
        self.young.get_mut(&session)
    }

    /// Remembers a session.
    pub(super) fn insert(&mut self, session: SessionId, hot: Hot) {
        self.young.insert(session, hot);
    }

    /// Forgets a session: what is known of it was not committed.
    pub(super) fn forget(&mut self, session: SessionId) {
        self.young.remove(&session);
    }

    /// Forgets a session that is no longer in the database.
    pub(super) fn drop_whole(&mut self, session: SessionId) {
        self.young.remove(&session);
        self.old.remove(&session);
    }

    /// Keeps the bound. Called between transactions only: sessions with a change must stay.
    pub(super) fn turn_over(&mut self) {
        self.commits = self.commits.wrapping_add(1);
        let is_counted = self.commits.is_multiple_of(COMMITS_PER_COUNT);
        let fingerprints = || self.young.values().map(|hot| hot.seen.len()).sum::<usize>();
        if self.young.len() > GENERATION_SESSIONS
            || (is_counted && fingerprints() > GENERATION_FINGERPRINTS)
        {
            self.old = std::mem::take(&mut self.young);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_command_is_forgotten_when_the_list_becomes_a_table() {
        let mut seen = Seen::new();
        for fingerprint in 0..200 {
            assert!(!seen.contains(fingerprint));
            seen.insert(fingerprint);
        }
        assert!((0..200).all(|fingerprint| seen.contains(fingerprint)));
        assert_eq!(seen.len(), 200);
    }
}
