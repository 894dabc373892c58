//! Section `node`: this node among others.
//!
//! Owns: its keys and defaults. Must not: know other nodes. Read by: `app`.

use serde::{Deserialize, Serialize};

/// This node among others.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Node {
    /// This node's name, unlike that of every other node of the same shared tier. Default empty: the host's name.
    pub name: String,
}

impl Node {
    /// The name, set or the host's, out of `a-z`, `0-9`, `.`, `_` and `-`.
    #[must_use]
    pub fn name(&self) -> String {
        if self.name.is_empty() {
            host_name()
        } else {
            self.name.clone()
        }
    }
}

fn host_name() -> String {
    let uname = rustix::system::uname();
    let plain = |c: char| match c.to_ascii_lowercase() {
        c @ ('a'..='z' | '0'..='9' | '.' | '_' | '-') => c,
        _ => '-',
    };
    let name: String = uname
        .nodename()
        .to_string_lossy()
        .chars()
        .take(64)
        .map(plain)
        .collect();
    if name.is_empty() {
        "node".to_owned()
    } else {
        name
    }
}
