//! Bytes of a connection against what they brought.
//!
//! Owns: the count of bytes that came over a connection, and the verdict whether they were worth reading. Must not: read, or know
//! what messages mean. Called by: `http`, which counts where it reads, and `link` for each frame that comes out.
//!
//! A message may come in fragments, and a fragment may be empty: a client could send nothing but heads of frames for as long as it
//! likes, and no message would ever come of it that could be counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The longest head of a frame (RFC 6455, section 5.2).
const HEAD_MAX_BYTES: u64 = 14;
/// What a connection may hold back besides a message that is under way: all read buffers on the way, and room for the heads of
/// a client that likes small fragments.
const SLACK_BYTES: u64 = 128 * 1024;

/// Bytes that have come over one connection.
#[derive(Debug, Clone, Default)]
pub struct Arrived(Arc<AtomicU64>);

impl Arrived {
    /// So many more.
    pub fn add(&self, bytes: usize) {
        self.0.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What they brought so far.
#[derive(Debug)]
pub(super) struct Brought {
    arrived: Arrived,
    /// Of the bytes that arrived, those that are accounted for.
    bytes: u64,
    surplus_max_bytes: u64,
}

impl Brought {
    /// Nothing yet, of messages that have at most so many bytes.
    pub(super) fn new(arrived: Arrived, message_max_bytes: usize) -> Self {
        Self {
            bytes: arrived.bytes(),
            arrived,
            surplus_max_bytes: (message_max_bytes as u64).saturating_mul(2) + SLACK_BYTES,
        }
    }

    /// A message or frame of so many bytes came out. Each pays for a head, and for fragments with heads as long as what they
    /// hold; answers whether what came besides stays within its bound.
    pub(super) fn take(&mut self, content_bytes: usize) -> bool {
        let arrived = self.arrived.bytes();
        let paid = HEAD_MAX_BYTES + (content_bytes as u64).saturating_mul(2);
        self.bytes = self.bytes.saturating_add(paid).min(arrived);
        arrived - self.bytes <= self.surplus_max_bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE_MAX_BYTES: usize = 256 * 1024;

    fn link() -> (Arrived, Brought) {
        let arrived = Arrived::default();
        (arrived.clone(), Brought::new(arrived, MESSAGE_MAX_BYTES))
    }

    #[test]
    fn whole_messages_of_any_length_are_worth_their_bytes() {
        let (arrived, mut brought) = link();
        for content in [0, 1, 125, 126, 70_000, MESSAGE_MAX_BYTES] {
            for _ in 0..10_000 {
                arrived.add(content + 14);
                assert!(brought.take(content));
            }
        }
    }

    #[test]
    fn fragments_that_hold_as_much_as_their_heads_are_too() {
        let (arrived, mut brought) = link();
        for _ in 0..10_000 {
            for _ in 0..1_000 {
                arrived.add(14 + 14);
            }
            assert!(brought.take(14_000));
        }
    }

    #[test]
    fn a_ping_in_the_middle_of_the_longest_message_finds_nothing_wrong() {
        let (arrived, mut brought) = link();
        arrived.add(MESSAGE_MAX_BYTES + 10_000);
        assert!(brought.take(0));
    }

    #[test]
    fn heads_that_hold_nothing_are_noticed_with_the_next_frame_that_comes_out() {
        let (arrived, mut brought) = link();
        let mut heads = 0_u64;
        while brought.take(0) {
            arrived.add(1_000 * 6 + 6);
            heads += 1_000;
        }
        assert!((50_000..200_000).contains(&heads), "{heads}");
    }
}
