//! Outboxes: what waits to be written to one connection.
//!
//! Owns: the bounded queue of encoded frames between whoever has something to say and the one task that writes the socket,
//! and the word to close. Must not: encode, know sessions, or wait for anybody. Called by: `fanout`, `commands`, the
//! connection's own task.
//!
//! The bound is in bytes. What does not fit is refused, never dropped in silence: log entries are then fed from the log,
//! receipts and errors close the connection (the client resumes and gets them again).

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bytes::Bytes;
use callbox_proto::codec::Encoding;
use callbox_proto::error::CloseCode;
use callbox_proto::ids::ConnectionId;
use tokio::sync::Notify;

use super::lock;

/// No room: the reader is too slow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overfull;

/// The outbox of one connection.
#[derive(Debug)]
pub struct Outbox {
    connection: ConnectionId,
    encoding: Encoding,
    limit_bytes: usize,
    queue: Mutex<Queue>,
    wake: Notify,
    heard_ms: AtomicU64,
    behind: AtomicBool,
}

#[derive(Debug, Default)]
struct Queue {
    frames: VecDeque<Bytes>,
    bytes: usize,
    /// Since when frames wait, by the monotonic clock; `None` when none do.
    stalled_since_ms: Option<u64>,
    close: Option<CloseCode>,
}

/// What the writing task takes out at once.
#[derive(Debug, Default)]
pub struct Batch {
    /// Frames, in order.
    pub frames: VecDeque<Bytes>,
    /// Close after these.
    pub close: Option<CloseCode>,
}

impl Outbox {
    /// An empty outbox. `now_ms` is the monotonic clock.
    #[must_use]
    pub fn new(
        connection: ConnectionId,
        encoding: Encoding,
        limit_bytes: usize,
        now_ms: u64,
    ) -> Self {
        Self {
            connection,
            encoding,
            limit_bytes,
            queue: Mutex::default(),
            wake: Notify::new(),
            heard_ms: AtomicU64::new(now_ms),
            behind: AtomicBool::new(false),
        }
    }

    /// Which connection this is.
    #[must_use]
    pub const fn connection(&self) -> ConnectionId {
        self.connection
    }

    /// How its frames are encoded.
    #[must_use]
    pub const fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Queues a frame.
    ///
    /// # Errors
    /// [`Overfull`] when it does not fit; nothing was queued.
    pub fn push(&self, frame: Bytes) -> Result<(), Overfull> {
        let mut queue = lock(&self.queue);
        if queue.close.is_some() {
            return Ok(());
        }
        if queue.bytes.saturating_add(frame.len()) > self.limit_bytes && queue.bytes > 0 {
            return Err(Overfull);
        }
        queue.bytes += frame.len();
        queue.frames.push_back(frame);
        let first = queue.frames.len() == 1;
        drop(queue);
        if first {
            self.wake.notify_one();
        }
        Ok(())
    }

    /// Queues a frame that must not be missed; a reader too slow for it is closed and resumes.
    pub fn push_or_close(&self, frame: Bytes) {
        if self.push(frame).is_err() {
            self.close(CloseCode::TooSlow);
        }
    }

    /// Closes the connection once what waits is written (at once for a reader that is too slow). The first word counts.
    pub fn close(&self, code: CloseCode) {
        let mut queue = lock(&self.queue);
        if queue.close.is_none() {
            queue.close = Some(code);
            if code == CloseCode::TooSlow {
                queue.frames.clear();
                queue.bytes = 0;
            }
        }
        drop(queue);
        self.wake.notify_one();
    }

    /// Whether a close was asked for.
    #[must_use]
    pub fn closing(&self) -> Option<CloseCode> {
        lock(&self.queue).close
    }

    /// Wakes the writing task again if anything waits.
    pub fn rewake(&self) {
        let queue = lock(&self.queue);
        let waits = !queue.frames.is_empty() || queue.close.is_some();
        drop(queue);
        if waits || self.behind.load(Ordering::Acquire) {
            self.wake.notify_one();
        }
    }

    /// Waits until there is something to write.
    pub async fn ready(&self) {
        self.wake.notified().await;
    }

    /// Takes what waits. `now_ms` is the monotonic clock: from now on the frames count as stalled until [`Self::written`].
    pub fn take(&self, now_ms: u64) -> Batch {
        let mut queue = lock(&self.queue);
        queue.bytes = 0;
        let frames = std::mem::take(&mut queue.frames);
        if !frames.is_empty() {
            queue.stalled_since_ms = Some(now_ms);
        }
        Batch {
            frames,
            close: queue.close,
        }
    }

    /// What was taken is on its way.
    pub fn written(&self) {
        lock(&self.queue).stalled_since_ms = None;
    }

    /// Since when a write makes no progress, by the monotonic clock.
    #[must_use]
    pub fn stalled_since_ms(&self) -> Option<u64> {
        lock(&self.queue).stalled_since_ms
    }

    /// Whether there is room for feeding entries from the log: less than half of the bound waits.
    #[must_use]
    pub fn has_room(&self) -> bool {
        let queue = lock(&self.queue);
        queue.close.is_none() && queue.bytes < self.limit_bytes / 2
    }

    /// Some log this connection follows has to be fed from the store.
    pub fn mark_behind(&self) {
        self.behind.store(true, Ordering::Release);
        self.wake.notify_one();
    }

    /// Whether some log has to be fed; asks once.
    pub fn take_behind(&self) -> bool {
        self.behind.swap(false, Ordering::AcqRel)
    }

    /// Something was heard from the peer.
    pub fn heard(&self, now_ms: u64) {
        self.heard_ms.store(now_ms, Ordering::Relaxed);
    }

    /// When something was last heard, by the monotonic clock.
    #[must_use]
    pub fn heard_ms(&self) -> u64 {
        self.heard_ms.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outbox(limit: usize) -> Outbox {
        let id = ConnectionId::from_u128(7).unwrap();
        Outbox::new(id, Encoding::Json, limit, 0)
    }

    #[test]
    fn what_does_not_fit_is_refused_and_what_was_taken_makes_room() {
        let outbox = outbox(10);
        assert_eq!(outbox.push(Bytes::from_static(b"12345678")), Ok(()));
        assert_eq!(outbox.push(Bytes::from_static(b"123")), Err(Overfull));
        assert_eq!(outbox.take(1).frames.len(), 1);
        assert_eq!(outbox.push(Bytes::from_static(b"123")), Ok(()));
    }

    #[test]
    fn one_frame_larger_than_the_bound_still_passes_an_empty_outbox() {
        assert_eq!(outbox(2).push(Bytes::from_static(b"123")), Ok(()));
    }

    #[test]
    fn a_receipt_that_does_not_fit_closes_the_connection() {
        let outbox = outbox(4);
        outbox.push_or_close(Bytes::from_static(b"1234"));
        outbox.push_or_close(Bytes::from_static(b"5"));
        let batch = outbox.take(1);
        assert!(batch.frames.is_empty());
        assert_eq!(batch.close, Some(CloseCode::TooSlow));
    }

    #[test]
    fn the_first_close_counts() {
        let outbox = outbox(4);
        outbox.close(CloseCode::Replaced);
        outbox.close(CloseCode::GoingDown);
        assert_eq!(outbox.take(1).close, Some(CloseCode::Replaced));
    }
}
