//! Section `admin`: the port for probes and metrics.
//!
//! Owns: its keys and defaults. Must not: open the port. Read by: `app`, for [`crate::http::admin`].

use std::net::{Ipv4Addr, SocketAddr};

use serde::{Deserialize, Serialize};

/// The port for probes and metrics. It has no sign-in and no TLS.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Admin {
    /// Address and TCP port. Default `127.0.0.1:8912`.
    pub listen: SocketAddr,
    /// Whether an address other than loopback is accepted. Default false: whoever reaches the port reads the load of
    /// the node. Set it where a network rule stands before the port.
    pub allow_remote: bool,
}

impl Default for Admin {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8912)),
            allow_remote: false,
        }
    }
}
