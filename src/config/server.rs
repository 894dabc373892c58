//! Section `server`: the port that residents and staff connect to.
//!
//! Owns: its keys and defaults. Must not: open the port. Read by: [`crate::http`].

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{ServerLimits, Tls, WebOrigin};

/// Where residents and staff connect.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    /// Address and TCP port. Default `127.0.0.1:8911`: browsers treat loopback as secure, so camera and place work
    /// without TLS. Any other address is refused while `tls.mode` is `off`.
    pub listen: SocketAddr,
    /// The origin that browsers see, when a proxy or a name stands before this node: `https://report.example`.
    /// Unset: made from `listen` and `tls`. It is named in the security headers and always allowed as `Origin`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_origin: Option<WebOrigin>,
    /// Further origins whose pages may open sockets and change state here. Default none. Each one added may act
    /// for whoever is signed in on it: list only what the agency runs.
    pub allowed_origins: Vec<WebOrigin>,
    /// Seconds between the first stop signal and the end of what is still open. Default 20: a photo's last chunk
    /// and every reconnect hint fit, and service managers wait 90. Shorter cuts uploads, longer delays upgrades.
    pub drain_s: u64,
    /// Encryption.
    pub tls: Tls,
    /// Bounds of the accept loop.
    pub limits: ServerLimits,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8911)),
            public_origin: None,
            allowed_origins: Vec::new(),
            drain_s: 20,
            tls: Tls::default(),
            limits: ServerLimits::default(),
        }
    }
}

impl Server {
    /// How long a drain may take.
    #[must_use]
    pub fn drain(&self) -> Duration {
        Duration::from_secs(self.drain_s)
    }
}
