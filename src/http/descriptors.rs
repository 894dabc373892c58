//! The limit of open files: raised at start as far as the system allows, because each connection needs one.
//!
//! Owns: one system limit. Must not: fail a start: a limit that is too low is told and lived with. Called by: `app`, once.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Descriptors that are not connections: store, evidence, media, probes, standard streams.
const RESERVED: u64 = 1_000;

/// Raises the soft limit to the hard one and says so when it is still too low for `connections`.
pub fn raise(connections: u64) {
    let before = getrlimit(Resource::Nofile);
    let wanted = Rlimit {
        current: before.maximum,
        maximum: before.maximum,
    };
    if before.current != before.maximum
        && let Err(error) = setrlimit(Resource::Nofile, wanted)
    {
        tracing::warn!(%error, "the limit of open files could not be raised");
    }
    let now = getrlimit(Resource::Nofile).current;
    let needed = connections.saturating_add(RESERVED);
    if now.is_some_and(|now| now < needed) {
        tracing::warn!(
            open_files = now,
            needed,
            "fewer files may be open than server.limits.connections needs: raise the limit (LimitNOFILE) or lower it"
        );
    }
}
