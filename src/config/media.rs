//! Section `media`: the one UDP port that all live video and audio of a node uses.
//!
//! Owns: its keys and defaults. Must not: open the port. Read by: `app`, for the media plane.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use serde::{Deserialize, Serialize};

/// The UDP port for live video and audio.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Media {
    /// Address and UDP port. Default `127.0.0.1:8913`: only browsers on this machine. Set it to an address that
    /// phones can reach before the first of them sends video.
    pub listen: SocketAddr,
    /// Addresses offered to clients instead of `listen`, when the node stands behind address translation.
    /// Default none.
    pub public_addresses: Vec<IpAddr>,
    /// Socket buffer in MiB, each way. Default 8: half a second of 100 pictures at 1.5 Mbit/s. Smaller drops
    /// packets in bursts; the system may allow less than asked, which is logged.
    pub socket_buffer_mib: usize,
}

impl Default for Media {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8913)),
            public_addresses: Vec::new(),
            socket_buffer_mib: 8,
        }
    }
}
