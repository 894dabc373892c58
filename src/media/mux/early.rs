//! Works round a slow start of the engine: it ignores a nomination that comes before its own check was answered, and
//! drops DTLS until a pair is chosen. Browsers then wait for their next check, up to a second.
//!
//! Owns: the few datagrams that are kept back. Must not: read more of STUN than a nomination. Called by: `route`.
//!
//! Per connection and address: keep the last nominating request and the first DTLS datagrams; when the peer answers the
//! engine's own check, deliver that answer, then the request again, then the DTLS. To be removed when the engine does it.

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::stun::Shape;

/// DTLS datagrams kept per address. A client's first flight is one to three; with a retransmission six.
const MAX_HELD: usize = 8;
/// How long they are kept. Clients give a pair up after about five seconds.
const HOLD: Duration = Duration::from_secs(5);

/// What one address of one connection still waits for.
#[derive(Debug, Default)]
pub(crate) struct Early {
    done: bool,
    since: Option<Instant>,
    nomination: Option<Bytes>,
    held: Vec<Bytes>,
}

impl Early {
    /// Takes one datagram and hands on what the engine may see now, in order.
    pub(crate) fn take(
        &mut self,
        shape: Shape<'_>,
        datagram: Bytes,
        now: Instant,
        mut deliver: impl FnMut(Bytes),
    ) {
        if self.done {
            return deliver(datagram);
        }
        if self
            .since
            .is_some_and(|s| now.saturating_duration_since(s) > HOLD)
        {
            *self = Early::default();
        }
        match shape {
            Shape::Request {
                nominates: true, ..
            } => {
                self.since.get_or_insert(now);
                self.nomination = Some(datagram.clone());
                deliver(datagram);
            }
            Shape::Success => {
                deliver(datagram);
                self.done = true;
                self.nomination.take().into_iter().for_each(&mut deliver);
                std::mem::take(&mut self.held)
                    .into_iter()
                    .for_each(&mut deliver);
            }
            Shape::Dtls => {
                self.since.get_or_insert(now);
                if self.held.len() < MAX_HELD {
                    self.held.push(datagram);
                }
            }
            _ => deliver(datagram),
        }
    }

    /// The peer begins its checks anew (ICE restart): what was answered before says nothing about the new ones.
    pub(crate) fn restart(&mut self) {
        *self = Early::default();
    }
}

#[cfg(test)]
mod tests {
    use super::super::stun::tests::binding_request;
    use super::*;

    fn feed(early: &mut Early, datagram: &[u8], now: Instant) -> Vec<u8> {
        let mut firsts = Vec::new();
        let bytes = Bytes::copy_from_slice(datagram);
        early.take(Shape::of(datagram), bytes, now, |b| firsts.push(b[0]));
        firsts
    }

    fn success() -> Vec<u8> {
        let mut m = binding_request("a:b", false);
        m[0] = 1;
        m
    }

    #[test]
    fn a_nomination_and_dtls_that_came_too_early_follow_the_first_success() {
        let (mut early, now) = (Early::default(), Instant::now());
        let nomination = binding_request("a:b", true);
        assert_eq!(feed(&mut early, &nomination, now), [0]);
        assert!(feed(&mut early, &[22, 1], now).is_empty());
        assert!(feed(&mut early, &[22, 2], now).is_empty());
        assert_eq!(feed(&mut early, &success(), now), [1, 0, 22, 22]);
        assert_eq!(feed(&mut early, &[22, 3], now), [22], "then nothing waits");
    }

    #[test]
    fn what_is_held_is_bounded_in_number_and_in_time() {
        let (mut early, now) = (Early::default(), Instant::now());
        for _ in 0..100 {
            assert!(feed(&mut early, &[22, 1], now).is_empty());
        }
        assert_eq!(early.held.len(), MAX_HELD);
        let later = now + HOLD + Duration::from_millis(1);
        assert!(feed(&mut early, &[22, 9], later).is_empty());
        assert_eq!(early.held.len(), 1, "the old ones are gone");
    }

    #[test]
    fn after_a_restart_a_nomination_is_kept_again() {
        let (mut early, now) = (Early::default(), Instant::now());
        feed(&mut early, &success(), now);
        early.restart();
        feed(&mut early, &binding_request("a:b", true), now);
        assert_eq!(feed(&mut early, &success(), now), [1, 0]);
    }
}
