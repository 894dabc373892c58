//! An agency's other nodes, as this node has them.
//!
//! Owns: their picture, and what waits to be told to them. Must not: send. Called by: `bus`, and whoever asks who is elsewhere.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};

use callbox_proto::ids::{SessionId, StaffId};
use callbox_proto::vocabulary::Seq;

use super::message::Moved;
use crate::node::elsewhere::{Elsewhere, There};
use crate::node::lock;

/// How long our own messages may take to come back before the bus counts as broken: then nobody's silence means anything.
const ECHO_MAX_MS: u64 = 5_000;

/// Looks in a row at figures that are off by more than moved meanwhile before they are counted anew: a node that heard nothing
/// for a moment is off by much, once.
const LOOKS_OFF_MAX: u32 = 2;

/// What waits to be told with the next tick.
#[derive(Debug, Default)]
pub struct Waiting {
    /// Sessions that moved, in order.
    pub moves: Vec<Moved>,
    /// Up to where entries arrived at consoles.
    pub delivered: HashMap<SessionId, Seq>,
    /// Sessions of which something changed here, and whether their resident has just connected.
    pub presence: HashMap<SessionId, bool>,
    /// Who is signed in here has changed.
    pub people: bool,
}

/// An agency's other nodes.
#[derive(Debug, Default)]
pub struct Around {
    elsewhere: Mutex<Elsewhere>,
    accompanied: AtomicBool,
    waiting: Mutex<Waiting>,
    tell_all: AtomicBool,
    rung: AtomicBool,
    round: AtomicU64,
    /// When something of our own was last heard, and since when it has been heard without a break; monotonic, 0 for never.
    echo_ms: AtomicU64,
    hears_since_ms: AtomicU64,
    asked_ms: AtomicU64,
    recount: AtomicBool,
    comparison: AtomicBool,
    drift: Mutex<Drift>,
}

/// The last looks at figures.
#[derive(Debug, Default)]
struct Drift {
    /// Moves counted before the last look.
    moves: u64,
    /// Looks in a row that moves under way do not explain.
    looks: u32,
}

impl Around {
    /// What others have told.
    pub fn elsewhere(&self) -> MutexGuard<'_, Elsewhere> {
        lock(&self.elsewhere)
    }

    /// Whether another node is known.
    pub fn is_accompanied(&self) -> bool {
        self.accompanied.load(Ordering::Relaxed)
    }

    /// Another node is known, or none any more.
    pub fn set_accompanied(&self, accompanied: bool) {
        self.accompanied.store(accompanied, Ordering::Relaxed);
    }

    /// What others have of a session; nothing for a node alone.
    pub fn of(&self, session: SessionId) -> There {
        if self.is_accompanied() {
            self.elsewhere().of(session)
        } else {
            There::default()
        }
    }

    /// Whether the resident is connected at another node.
    pub fn has_resident(&self, session: SessionId) -> bool {
        self.is_accompanied() && self.elsewhere().has_resident(session)
    }

    /// Whether a person is signed in at another node.
    pub fn has_signed_in(&self, staff: &StaffId) -> bool {
        self.is_accompanied() && self.elsewhere().has_signed_in(staff)
    }

    /// What waits to be told.
    pub fn waiting(&self) -> MutexGuard<'_, Waiting> {
        lock(&self.waiting)
    }

    /// Everything is told with the next tick.
    pub fn tell_everything(&self) {
        self.tell_all.store(true, Ordering::Relaxed);
    }

    /// Whether everything has to be told; asks once.
    pub fn take_tell_all(&self) -> bool {
        self.tell_all.swap(false, Ordering::Relaxed)
    }

    /// The number of the round that is being told.
    pub fn round(&self) -> u64 {
        self.round.load(Ordering::Relaxed)
    }

    /// A new round begins.
    pub fn next_round(&self) -> u64 {
        self.round.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// A log has grown somewhere: lists may have changed.
    pub fn ring(&self) {
        self.rung.store(true, Ordering::Relaxed);
    }

    /// Whether a log has grown; asks once.
    pub fn take_rung(&self) -> bool {
        self.rung.swap(false, Ordering::Relaxed)
    }

    /// Something of our own came back. Answers whether we had not heard it for long: others could not be heard either.
    pub fn heard_self(&self, now_ms: u64) -> bool {
        let now_ms = now_ms.max(1);
        let before = self.echo_ms.swap(now_ms, Ordering::Relaxed);
        let broken = before == 0 || now_ms.saturating_sub(before) > ECHO_MAX_MS;
        if broken {
            self.hears_since_ms.store(now_ms, Ordering::Relaxed);
        }
        broken
    }

    /// Since when the bus has carried our own messages back without a break; `None` while it does not.
    pub fn hears_since_ms(&self, now_ms: u64) -> Option<u64> {
        let echo = self.echo_ms.load(Ordering::Relaxed);
        let hears = echo > 0 && now_ms.saturating_sub(echo) <= ECHO_MAX_MS;
        hears.then(|| self.hears_since_ms.load(Ordering::Relaxed))
    }

    /// Figures may be wrong: they are counted anew.
    pub fn want_recount(&self) {
        self.recount.store(true, Ordering::Relaxed);
    }

    /// Takes a look at how far figures are off, after so many moves in all; answers whether that is drift. What moved since the last
    /// look may still be under way on one side: in a busy cluster figures are always off a little, and counting anew means
    /// reading every session.
    pub fn has_drifted(&self, off: [i64; 3], moves: u64) -> bool {
        let mut drift = lock(&self.drift);
        let meanwhile = moves.saturating_sub(drift.moves);
        drift.moves = moves;
        let most = off.iter().map(|off| off.unsigned_abs()).max();
        if most.unwrap_or(0) <= meanwhile {
            drift.looks = 0;
            return false;
        }
        drift.looks += 1;
        let drifted = drift.looks >= LOOKS_OFF_MAX;
        if drifted {
            drift.looks = 0;
        }
        drifted
    }

    /// Whether figures will be counted anew.
    pub fn wants_recount(&self) -> bool {
        self.recount.load(Ordering::Relaxed)
    }

    /// Whether figures have to be counted anew; asks once.
    pub fn take_recount(&self) -> bool {
        self.recount.swap(false, Ordering::Relaxed)
    }

    /// Sessions may be behind their logs: they are compared.
    pub fn want_comparison(&self) {
        self.comparison.store(true, Ordering::Relaxed);
    }

    /// Whether sessions have to be compared with their logs; asks once.
    pub fn take_comparison(&self) -> bool {
        self.comparison.swap(false, Ordering::Relaxed)
    }

    /// Whether others may be asked again to tell everything: once a second at most.
    pub fn may_ask(&self, now_ms: u64) -> bool {
        let before = self.asked_ms.load(Ordering::Relaxed);
        let may = before == 0 || now_ms.saturating_sub(before) >= 1_000;
        if may {
            self.asked_ms.store(now_ms.max(1), Ordering::Relaxed);
        }
        may
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_drifted_when_they_stay_off_by_more_than_moved() {
        let around = Around::default();
        assert!(
            !around.has_drifted([40, -40, 0], 1_000),
            "all of it may be under way"
        );
        assert!(!around.has_drifted([40, -40, 0], 1_040));
        assert!(
            !around.has_drifted([2_000, 0, 0], 1_041),
            "once is a late message"
        );
        assert!(!around.has_drifted([30, 0, 0], 3_041));
        assert!(!around.has_drifted([1, 0, 0], 3_041));
        assert!(
            around.has_drifted([1, 0, 0], 3_041),
            "it is quiet, and one is missing"
        );
        assert!(!around.has_drifted([0, 0, 0], 3_041));
    }
}
