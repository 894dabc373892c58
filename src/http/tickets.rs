//! Tickets with which clients resume a TLS session: on whichever node they come back to, and after a restart.
//!
//! Owns: how tickets are sealed. Must not: remember one. Called by: rustls, within `serve`.
//!
//! All nodes derive the same keys from the key they share, a new one every [`PERIOD_S`]. Whoever takes that key can resume in
//! a client's name, as they could sign its tokens; what was recorded before stays unreadable, because TLS 1.3 agrees on fresh keys at
//! each resumption. TLS 1.2 does not: those clients get no ticket.

use std::fmt;
use std::sync::Arc;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, Prk, Salt};
use ring::rand::{SecureRandom as _, SystemRandom};
use rustls::ProtocolVersion;
use rustls::server::ProducesTickets;

use crate::clock::Clock;

/// How long one key seals tickets, in seconds.
const PERIOD_S: u64 = 6 * 3_600;
/// Keys that are no longer used open tickets for so many periods more.
const KEPT: u64 = 2;
/// How long a client may keep a ticket, in seconds: the key of one that was sealed in the last second of its period lasts so long.
const LIFETIME_S: u32 = 2 * 6 * 3_600;
/// What keeps these keys apart from all others that are derived from the same one.
const LABEL: &[u8] = b"callbox tls tickets 1";
/// Bytes of a period's number, which is in front of each ticket.
const PERIOD_LEN: usize = 8;

/// Seals and opens tickets. A ticket is the period's number, a nonce, and what rustls wants to know again, sealed by AES-256-GCM.
pub struct Tickets {
    secret: Prk,
    clock: Arc<dyn Clock>,
    random: SystemRandom,
}

impl Tickets {
    /// Tickets under keys derived from `shared`, which every node holds and nobody else.
    #[must_use]
    pub fn new(shared: &[u8], clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self {
            secret: Salt::new(HKDF_SHA256, LABEL).extract(shared),
            clock,
            random: SystemRandom::new(),
        })
    }

    fn period(&self) -> u64 {
        self.clock.now_ms() / 1_000 / PERIOD_S
    }

    fn key(&self, period: &[u8; PERIOD_LEN]) -> Option<LessSafeKey> {
        let info: [&[u8]; 1] = [period];
        let key = self.secret.expand(&info, &AES_256_GCM).ok()?;
        Some(LessSafeKey::new(UnboundKey::from(key)))
    }

    fn seal(&self, plain: &[u8]) -> Option<Vec<u8>> {
        let period = self.period().to_be_bytes();
        let mut nonce = [0; NONCE_LEN];
        self.random.fill(&mut nonce).ok()?;
        let mut sealed = plain.to_vec();
        self.key(&period)?
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(period),
                &mut sealed,
            )
            .ok()?;
        Some([&period[..], &nonce[..], &sealed[..]].concat())
    }

    fn open(&self, ticket: &[u8]) -> Option<Vec<u8>> {
        let (period, rest) = ticket.split_first_chunk::<PERIOD_LEN>()?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE_LEN>()?;
        // One period ahead: the node that sealed it may have a clock that is a little faster.
        let now = self.period();
        let sealed_in = u64::from_be_bytes(*period);
        if sealed_in > now + 1 || sealed_in + KEPT < now {
            return None;
        }
        let mut plain = sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened = self.key(period)?;
        let opened = opened
            .open_in_place(nonce, Aad::from(*period), &mut plain)
            .ok()?;
        Some(opened.to_vec())
    }
}

impl fmt::Debug for Tickets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tickets")
    }
}

impl ProducesTickets for Tickets {
    fn enabled(&self) -> bool {
        true
    }

    fn lifetime(&self) -> u32 {
        LIFETIME_S
    }

    fn encrypt(&self, session: &[u8]) -> Option<Vec<u8>> {
        is_tls_1_3(session).then(|| self.seal(session)).flatten()
    }

    fn decrypt(&self, ticket: &[u8]) -> Option<Vec<u8>> {
        self.open(ticket)
    }
}

/// Whether a session, as rustls writes it, is one of TLS 1.3: after the server's name, if there is one, stands the version. Where
/// rustls came to write it otherwise, nobody would get a ticket; the tests of the encrypted port would tell.
fn is_tls_1_3(session: &[u8]) -> bool {
    let version = match session {
        [0, rest @ ..] => rest,
        [1, length, rest @ ..] => rest.get(usize::from(*length)..).unwrap_or_default(),
        _ => &[],
    };
    version.starts_with(&u16::from(ProtocolVersion::TLSv1_3).to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    const PERIOD_MS: u64 = PERIOD_S * 1_000;
    const SESSION: &[u8] = b"\x01\x02de\x03\x04a session";

    fn node(shared: &[u8], now_ms: u64) -> (Arc<Tickets>, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::at(now_ms));
        (
            Tickets::new(shared, Arc::clone(&clock) as Arc<dyn Clock>),
            clock,
        )
    }

    #[test]
    fn only_sessions_of_tls_1_3_get_one() {
        let (node, _) = node(&[7; 32], 100 * PERIOD_MS);
        assert!(node.encrypt(b"\x00\x03\x04a session").is_some());
        for other in [
            &b"\x00\x03\x03a session"[..],
            b"\x01\x02de\x03\x03a session",
            b"\x01\x09de\x03\x04",
            b"\x02\x03\x04",
            b"\x01",
            b"",
        ] {
            assert_eq!(node.encrypt(other), None, "{other:?}");
        }
    }

    #[test]
    fn every_node_with_the_same_key_opens_it_and_no_other() {
        let (one, _) = node(&[7; 32], 100 * PERIOD_MS);
        let (two, _) = node(&[7; 32], 100 * PERIOD_MS + 5_000);
        let (stranger, _) = node(&[8; 32], 100 * PERIOD_MS);
        let ticket = one.encrypt(SESSION).unwrap();
        assert_eq!(two.decrypt(&ticket).unwrap(), SESSION);
        assert_eq!(stranger.decrypt(&ticket), None);
        assert_ne!(one.encrypt(SESSION).unwrap(), ticket, "sealed anew");
    }

    #[test]
    fn it_lives_as_long_as_its_client_is_told_and_at_most_a_period_more() {
        let last_ms = 101 * PERIOD_MS - 1;
        let (node, clock) = node(&[7; 32], last_ms);
        let ticket = node.encrypt(SESSION).unwrap();
        clock.set_now(last_ms + u64::from(LIFETIME_S) * 1_000);
        assert!(node.decrypt(&ticket).is_some());
        clock.set_now(last_ms + u64::from(LIFETIME_S) * 1_000 + 1);
        assert_eq!(node.decrypt(&ticket), None);
    }

    #[test]
    fn clocks_of_nodes_may_differ_by_less_than_a_period() {
        let (fast, _) = node(&[7; 32], 101 * PERIOD_MS);
        let (slow, _) = node(&[7; 32], 101 * PERIOD_MS - 1);
        let ticket = fast.encrypt(SESSION).unwrap();
        assert!(slow.decrypt(&ticket).is_some());
        let (wrong, _) = node(&[7; 32], 99 * PERIOD_MS);
        assert_eq!(wrong.decrypt(&ticket), None);
    }

    #[test]
    fn what_is_cut_or_changed_anywhere_is_no_ticket() {
        let (node, _) = node(&[7; 32], 100 * PERIOD_MS);
        let ticket = node.encrypt(SESSION).unwrap();
        for cut in 0..ticket.len() {
            assert_eq!(node.decrypt(&ticket[..cut]), None, "cut at {cut}");
            let mut changed = ticket.clone();
            changed[cut] ^= 1;
            assert_eq!(node.decrypt(&changed), None, "changed at {cut}");
        }
        let mut far = ticket;
        far[..PERIOD_LEN].fill(0xff);
        assert_eq!(node.decrypt(&far), None);
    }
}
