//! Fingerprints: by which nodes see whether they have the same.
//!
//! Owns: the hash. Must not: say anything a stranger could use: it is a hash, and a short one. Called by: `app` (what a cluster must
//! share), `agency` (what it should be configured with alike).

use sha2::{Digest as _, Sha256};

/// Bytes of a hash that are compared: enough to tell two clusters apart.
const FINGERPRINT_BYTES: usize = 12;

/// The fingerprint of these bytes, in hex.
#[must_use]
pub fn fingerprint(bytes: &[u8]) -> String {
    let mut hash = Sha256::new();
    hash.update(b"callbox-fingerprint-v1");
    hash.update(bytes);
    let digest = hash.finalize();
    let hex = |byte: &u8| format!("{byte:02x}");
    digest.iter().take(FINGERPRINT_BYTES).map(hex).collect()
}
