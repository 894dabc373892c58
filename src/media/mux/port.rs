//! What an engine holds of the mux: a virtual socket per address family, reached by one or two user fragments.
//!
//! Owns: the peer's names and the ends of its sockets. Must not: read datagrams. Called by: the plane, which takes one per peer; the engine.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use tokio::sync::mpsc;
use webrtc::runtime::Transmit;

use super::placeholder;
use super::route::{Datagram, QUEUE_DATAGRAMS, Route};
use super::socket::Socket;
use crate::media::lock::lock;

/// User fragments kept per peer: the one in use and, after an ICE restart, the one before. Requests of the old checks
/// are still under way then.
const MAX_NAMES: usize = 2;

/// One peer's place in the mux. It ends with [`Port::close`] or when the last handle is dropped.
#[derive(Debug)]
pub(crate) struct Port {
    sides: Mutex<Vec<(Arc<Socket>, Arc<Route>)>>,
    names: Mutex<VecDeque<String>>,
    placeholders: Vec<SocketAddr>,
    ends: Mutex<Vec<PortEnd>>,
}

impl Port {
    pub(super) fn new(sockets: &[Arc<Socket>]) -> Arc<Port> {
        let (mut sides, mut ends) = (Vec::new(), Vec::new());
        for socket in sockets {
            let (queue, datagrams) = mpsc::channel(QUEUE_DATAGRAMS);
            sides.push((Arc::clone(socket), Arc::new(Route::new(queue))));
            ends.push(PortEnd {
                socket: Arc::clone(socket),
                datagrams: Mutex::new(datagrams),
            });
        }
        Arc::new(Port {
            sides: Mutex::new(sides),
            names: Mutex::default(),
            placeholders: sockets
                .iter()
                .map(|s| placeholder(s.local().is_ipv4()))
                .collect(),
            ends: Mutex::new(ends),
        })
    }

    /// Makes the port reachable by `ufrag`, and forgets the one before the last. A new name means that the peer begins
    /// its connectivity checks anew.
    pub(crate) fn name(&self, ufrag: &str) {
        let mut names = lock(&self.names);
        if names.iter().any(|n| n == ufrag) {
            return;
        }
        for (socket, route) in lock(&self.sides).iter() {
            socket.restart(route);
            socket.add(ufrag, Arc::clone(route));
        }
        names.push_back(ufrag.to_owned());
        while names.len() > MAX_NAMES {
            self.forget(&names.pop_front().unwrap_or_default());
        }
    }

    fn forget(&self, ufrag: &str) {
        for (socket, _) in lock(&self.sides).iter() {
            socket.remove(ufrag);
        }
    }

    /// Addresses to let an engine bind in place of the real sockets, one per family.
    pub(crate) fn placeholders(&self) -> &[SocketAddr] {
        &self.placeholders
    }

    /// Takes the virtual socket of a family. Each can be taken once.
    pub(crate) fn take_end(&self, v4: bool) -> Option<PortEnd> {
        let mut ends = lock(&self.ends);
        let at = ends.iter().position(|e| e.socket.local().is_ipv4() == v4)?;
        Some(ends.swap_remove(at))
    }

    /// Ends the port; who reads from it is told. Doing it twice is doing it once.
    pub(crate) fn close(&self) {
        for name in lock(&self.names).drain(..) {
            self.forget(&name);
        }
        for (socket, route) in lock(&self.sides).drain(..) {
            socket.forget_route(&route);
        }
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        self.close();
    }
}

/// The virtual socket of one family.
#[derive(Debug)]
pub(crate) struct PortEnd {
    socket: Arc<Socket>,
    datagrams: Mutex<mpsc::Receiver<Datagram>>,
}

impl PortEnd {
    /// The next datagram; `None` when the port is closed.
    pub(crate) fn poll_recv(&self, cx: &mut Context<'_>) -> Poll<Option<Datagram>> {
        lock(&self.datagrams).poll_recv(cx)
    }

    /// Sends now or not at all.
    pub(crate) fn send(&self, transmit: &Transmit<'_>) {
        self.socket.send(transmit);
    }

    pub(crate) fn max_gso_segments(&self) -> usize {
        self.socket.max_gso_segments()
    }
}
