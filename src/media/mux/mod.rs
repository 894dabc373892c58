//! All media of a node over one UDP socket per address family.
//!
//! Owns the sockets and who gets which datagram: the first by the STUN USERNAME, all others by their source address.
//! Must not know rooms, SDP or the engine. The plane opens it and takes a [`Port`] per peer; the engine names the port,
//! reads and writes through it.

mod early;
mod port;
mod route;
mod socket;
pub(crate) mod stun;
#[cfg(test)]
mod tests;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub(crate) use port::{Port, PortEnd};

use super::config::MediaConfig;
use super::counters::Counters;
use super::error::MediaError;
use socket::Socket;

/// The sockets of one node.
pub(crate) struct Mux {
    sockets: Vec<Arc<Socket>>,
    candidates: Vec<SocketAddr>,
}

impl Mux {
    /// Binds the sockets and starts one receiving task for each.
    pub(crate) fn open(
        config: &MediaConfig,
        counters: &Arc<Counters>,
        stop: &CancellationToken,
        tasks: &TaskTracker,
    ) -> Result<Mux, MediaError> {
        let mut sockets = Vec::new();
        for bind in [config.bind_v4, config.bind_v6].into_iter().flatten() {
            let socket = Socket::bind(bind, config.socket_buffer_bytes, Arc::clone(counters))
                .map_err(MediaError::Socket)?;
            tasks.spawn(Arc::clone(&socket).receive(stop.clone()));
            sockets.push(socket);
        }
        let candidates = sockets
            .iter()
            .flat_map(|s| advertised(config, s.local()))
            .collect();
        Ok(Mux {
            sockets,
            candidates,
        })
    }

    /// Where clients may send to, best first.
    pub(crate) fn candidates(&self) -> &[SocketAddr] {
        &self.candidates
    }

    /// A place for one peer, reached once it has a name.
    pub(crate) fn port(&self) -> Arc<Port> {
        Port::new(&self.sockets)
    }

    /// How many user fragments are registered.
    pub(crate) fn registered(&self) -> usize {
        self.sockets
            .iter()
            .map(|s| s.registered())
            .max()
            .unwrap_or(0)
    }

    /// How many source addresses are known.
    #[cfg(test)]
    pub(crate) fn flows(&self) -> usize {
        self.sockets.iter().map(|s| s.flows()).sum()
    }
}

/// What to tell clients about the socket bound to `local`.
fn advertised(config: &MediaConfig, local: SocketAddr) -> Vec<SocketAddr> {
    let told: Vec<SocketAddr> = config
        .advertised
        .iter()
        .filter(|a| a.ip.is_ipv4() == local.is_ipv4())
        .map(|a| SocketAddr::new(a.ip, a.port.unwrap_or(local.port())))
        .collect();
    if told.is_empty() { vec![local] } else { told }
}

/// The address an engine believes to be bound to for a family; it never leaves this process.
fn placeholder(v4: bool) -> SocketAddr {
    let ip: IpAddr = if v4 {
        Ipv4Addr::LOCALHOST.into()
    } else {
        Ipv6Addr::LOCALHOST.into()
    };
    SocketAddr::new(ip, 0)
}
