//! One peer's side of a socket: its queue, its rate, and the addresses it sends from.
//!
//! Owns: what is bounded for each peer: queue, rate, addresses. Must not: find the peer: `socket` does. Called by: `socket`, `port`.

use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::mpsc;

use super::early::Early;
use super::stun::Shape;
use crate::media::lock::lock;

/// Datagrams waiting for one peer's connection. A key frame at 8 Mbit/s is about 100; 1,024 is a third of a second at
/// the highest rate allowed. When it is full the datagram is dropped and counted, as a network would.
pub(crate) const QUEUE_DATAGRAMS: usize = 1_024;
/// Datagrams per second that one peer may send. 1080p at 8 Mbit/s with sound and repair is about 1,000.
pub(crate) const MAX_DATAGRAMS_PER_S: u64 = 3_000;
/// Bytes per second that one peer may send: 8 Mbit/s, more than a phone's camera in full HD.
pub(crate) const MAX_BYTES_PER_S: u64 = 1_000_000;
/// Addresses one peer may send from at a time. A phone that changes networks uses two or three.
pub(crate) const MAX_ADDRESSES: usize = 16;

/// One datagram and where it came from.
pub(crate) type Datagram = (SocketAddr, Bytes);

/// Where datagrams for one user fragment go.
#[derive(Debug)]
pub(crate) struct Route {
    pub(super) queue: mpsc::Sender<Datagram>,
    rate: Mutex<Rate>,
    pub(super) addresses: AtomicUsize,
}

impl Route {
    pub(super) fn new(queue: mpsc::Sender<Datagram>) -> Route {
        Route {
            queue,
            rate: Mutex::new(Rate::default()),
            addresses: AtomicUsize::new(0),
        }
    }

    /// Whether the peer is within its rate with `bytes` more.
    pub(super) fn admits(&self, bytes: usize, now: Instant) -> bool {
        lock(&self.rate).admits(bytes, now)
    }

    /// Puts one datagram into the queue; `false` when it is full or nobody reads it any more.
    pub(super) fn push(&self, from: SocketAddr, datagram: Bytes) -> bool {
        self.queue.try_send((from, datagram)).is_ok()
    }
}

/// Counts within windows of one second.
#[derive(Debug, Default)]
struct Rate {
    window: Option<Instant>,
    datagrams: u64,
    bytes: u64,
}

impl Rate {
    fn admits(&mut self, bytes: usize, now: Instant) -> bool {
        let fresh = self
            .window
            .is_none_or(|w| now.saturating_duration_since(w) >= Duration::from_secs(1));
        if fresh {
            *self = Rate {
                window: Some(now),
                ..Rate::default()
            };
        }
        self.datagrams += 1;
        self.bytes += bytes as u64;
        self.datagrams <= MAX_DATAGRAMS_PER_S && self.bytes <= MAX_BYTES_PER_S
    }
}

/// One source address of one peer.
#[derive(Debug)]
pub(crate) struct Flow {
    pub(super) route: std::sync::Arc<Route>,
    early: Mutex<Early>,
    /// Milliseconds of the socket's own clock when something came last.
    heard_ms: AtomicU64,
}

impl Flow {
    pub(super) fn new(route: std::sync::Arc<Route>, now_ms: u64) -> Flow {
        Flow {
            route,
            early: Mutex::new(Early::default()),
            heard_ms: AtomicU64::new(now_ms),
        }
    }

    pub(super) fn heard(&self, now_ms: u64) {
        self.heard_ms.store(now_ms, Ordering::Relaxed);
    }

    pub(super) fn silent_for_ms(&self, now_ms: u64) -> u64 {
        now_ms.saturating_sub(self.heard_ms.load(Ordering::Relaxed))
    }

    pub(super) fn restart(&self) {
        lock(&self.early).restart();
    }

    /// Hands the datagram, and what waited for it, to the peer. Returns how many the queue did not take.
    pub(super) fn deliver(
        &self,
        from: SocketAddr,
        shape: Shape<'_>,
        datagram: Bytes,
        now: Instant,
    ) -> u64 {
        let mut refused = 0;
        lock(&self.early).take(shape, datagram, now, |d| {
            if !self.route.push(from, d) {
                refused += 1;
            }
        });
        refused
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_over_its_rate_is_cut_until_the_next_second() {
        let (mut rate, now) = (Rate::default(), Instant::now());
        let admitted = (0..10_000).filter(|_| rate.admits(100, now)).count() as u64;
        assert_eq!(admitted, MAX_DATAGRAMS_PER_S);
        assert!(rate.admits(100, now + Duration::from_secs(1)));
        let mut rate = Rate::default();
        let admitted = (0..2_000).filter(|_| rate.admits(1_200, now)).count() as u64;
        assert_eq!(admitted, MAX_BYTES_PER_S / 1_200);
    }
}
