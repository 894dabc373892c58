//! The function library that the servers run.
//!
//! Owns: its text and the names that follow from it. Must not: send it. Called by: `connect` (loading), `keys`' callers.

use std::sync::LazyLock;

use sha2::{Digest, Sha256};

/// The library, with a placeholder for the hash of this very text.
const TEXT: &str = include_str!("callbox.lua");

/// The library as it is loaded. Its name and those of its functions hold a hash of its text, so that nodes of two versions
/// work on one tier, each with its own functions.
pub(super) struct Library {
    /// What `FUNCTION LOAD` gets.
    pub(super) text: String,
    /// Its name.
    pub(super) name: String,
    /// Adds session records and moves the index.
    pub(super) append: String,
    /// Adds records to a copy of a log.
    pub(super) copy: String,
    /// Puts a copy in the place of its log.
    pub(super) replace: String,
    /// Reads records.
    pub(super) read: String,
    /// Reads a page of the index.
    pub(super) list: String,
    /// Claims the next session.
    pub(super) claim: String,
    /// Releases a claim.
    pub(super) release: String,
    /// Takes a lease.
    pub(super) lease_take: String,
    /// Prolongs a lease.
    pub(super) lease_renew: String,
    /// Ends a lease.
    pub(super) lease_drop: String,
    /// Reads leases past their deadline.
    pub(super) lease_overdue: String,
}

/// The library of this program.
pub(super) static LIBRARY: LazyLock<Library> = LazyLock::new(|| {
    let digest = Sha256::digest(TEXT.as_bytes());
    let hash: String = digest
        .iter()
        .take(4)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let name = |function: &str| format!("callbox_{function}_{hash}");
    Library {
        text: TEXT.replace("@HASH@", &hash),
        name: format!("callbox_v1_{hash}"),
        append: name("append"),
        copy: name("copy"),
        replace: name("replace"),
        read: name("read"),
        list: name("list"),
        claim: name("claim"),
        release: name("release"),
        lease_take: name("lease_take"),
        lease_renew: name("lease_renew"),
        lease_drop: name("lease_drop"),
        lease_overdue: name("lease_overdue"),
    }
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_is_registered_under_the_hash_of_the_text() {
        let text = &LIBRARY.text;
        assert!(!text.contains("@HASH@"));
        for function in [&LIBRARY.append, &LIBRARY.read, &LIBRARY.lease_overdue] {
            let (start, hash) = function.rsplit_once('_').unwrap();
            let plain = start.strip_prefix("callbox_").unwrap();
            assert!(text.contains(&format!("register('{plain}'")), "{plain}");
            assert!(text.starts_with(&format!("#!lua name=callbox_v1_{hash}\n")));
        }
    }
}
