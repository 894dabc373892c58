//! What an operator can set about media on one node.
//!
//! Owns: bounds and defaults of the plane. Must not: read files: `app` fills it from the configuration. Called by: `plane`, `mux`.

use std::net::{IpAddr, SocketAddr};

use super::error::MediaError;

/// Where media is received and how much of it one node takes.
#[derive(Clone, Debug)]
pub struct MediaConfig {
    /// Address of the IPv4 socket. Port 0 takes a free one.
    pub bind_v4: Option<SocketAddr>,
    /// Address of the IPv6 socket. Port 0 takes a free one.
    pub bind_v6: Option<SocketAddr>,
    /// Addresses that clients are told to send to, for a node behind address translation. The port is the socket's own
    /// unless one is given here. Empty: the address each socket is bound to.
    pub advertised: Vec<Advertised>,
    /// Peers on this node, publishers and viewers together. A peer costs 0.3 to 1.3 MB.
    pub max_peers: usize,
    /// Viewers in one room. Fan-out to fifty takes about 1 ms of one core per frame; more want a second node.
    pub max_viewers_per_room: usize,
    /// Bytes of each socket's buffers, each way. The kernel may grant less.
    pub socket_buffer_bytes: usize,
}

/// An address as clients outside see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Advertised {
    /// The address in the candidate line.
    pub ip: IpAddr,
    /// The port in the candidate line, where it differs from the socket's own.
    pub port: Option<u16>,
}

impl MediaConfig {
    /// Peers on one node unless configured: 1.3 GB at the very worst, and more than two cores can serve.
    pub const DEFAULT_MAX_PEERS: usize = 1_000;
    /// Viewers in one room unless configured.
    pub const DEFAULT_MAX_VIEWERS_PER_ROOM: usize = 50;
    /// Socket buffers unless configured: a second of 64 Mbit/s while the process is not scheduled.
    pub const DEFAULT_SOCKET_BUFFER_BYTES: usize = 8 << 20;

    /// One socket on `bind`, default bounds.
    #[must_use]
    pub fn on(bind: SocketAddr) -> Self {
        let (bind_v4, bind_v6) = if bind.is_ipv4() {
            (Some(bind), None)
        } else {
            (None, Some(bind))
        };
        Self {
            bind_v4,
            bind_v6,
            advertised: Vec::new(),
            max_peers: Self::DEFAULT_MAX_PEERS,
            max_viewers_per_room: Self::DEFAULT_MAX_VIEWERS_PER_ROOM,
            socket_buffer_bytes: Self::DEFAULT_SOCKET_BUFFER_BYTES,
        }
    }

    /// Refuses what cannot work: no socket, families mixed up, a wildcard address with nothing advertised.
    pub(crate) fn check(&self) -> Result<(), MediaError> {
        let binds = [self.bind_v4, self.bind_v6];
        if binds.iter().all(Option::is_none) {
            return Err(MediaError::Config("no address to bind"));
        }
        if self.bind_v4.is_some_and(|a| !a.is_ipv4()) || self.bind_v6.is_some_and(|a| !a.is_ipv6())
        {
            return Err(MediaError::Config("bind address of the wrong family"));
        }
        let wildcard_alone = |bind: SocketAddr| {
            bind.ip().is_unspecified()
                && !self
                    .advertised
                    .iter()
                    .any(|a| a.ip.is_ipv4() == bind.is_ipv4())
        };
        if binds.into_iter().flatten().any(wildcard_alone) {
            return Err(MediaError::Config(
                "a wildcard bind address needs an advertised address of its family",
            ));
        }
        if self.advertised.iter().any(|a| a.ip.is_unspecified()) {
            return Err(MediaError::Config("an advertised address is a wildcard"));
        }
        Ok(())
    }
}
