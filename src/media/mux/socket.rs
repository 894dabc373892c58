//! One UDP socket: receives, finds the peer, hands over; sends without ever waiting.
//!
//! Owns: the socket's tasks and the two maps, of names and of addresses. Must not: answer a datagram, or make room for a stranger. Called by:
//! `mux`.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::net::UdpSocket;
use tokio_util::sync::CancellationToken;
use webrtc::runtime::{Transmit, UdpSockRef, UdpSocketState};

use super::route::{Flow, MAX_ADDRESSES, Route};
use super::stun::Shape;
use crate::media::counters::Counters;
use crate::media::lock::{read, write};

/// Longest datagram that is read. Nothing on a media path exceeds an Ethernet frame; what is cut fails its integrity.
const MAX_DATAGRAM_BYTES: usize = 2_048;
/// Datagrams read before other tasks get their turn.
const BURST: usize = 64;
/// An address that another peer used within this time is not taken over by a request alone: a forged source address
/// must not cut a live peer off.
const TAKEOVER_SILENCE_MS: u64 = 5_000;
/// Pause after an error of the socket itself, so that a broken socket does not burn a core.
const ERROR_PAUSE: Duration = Duration::from_millis(10);

pub(crate) struct Socket {
    udp: UdpSocket,
    state: UdpSocketState,
    local: SocketAddr,
    born: Instant,
    routes: RwLock<HashMap<String, Arc<Route>>>,
    flows: RwLock<HashMap<SocketAddr, Arc<Flow>>>,
    counters: Arc<Counters>,
}

impl std::fmt::Debug for Socket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Socket({})", self.local)
    }
}

impl Socket {
    /// Opens a socket with this much room each way, or what the kernel grants.
    pub(super) fn bind(
        address: SocketAddr,
        buffer_bytes: usize,
        counters: Arc<Counters>,
    ) -> io::Result<Arc<Socket>> {
        let raw = socket2::Socket::new(
            socket2::Domain::for_address(address),
            socket2::Type::DGRAM,
            Some(socket2::Protocol::UDP),
        )?;
        if address.is_ipv6() {
            raw.set_only_v6(true)?;
        }
        widen(&raw, buffer_bytes);
        raw.set_nonblocking(true)?;
        raw.bind(&address.into())?;
        let state = UdpSocketState::new(UdpSockRef::from(&raw))?;
        let udp = UdpSocket::from_std(raw.into())?;
        Ok(Arc::new(Socket {
            local: udp.local_addr()?,
            udp,
            state,
            born: Instant::now(),
            routes: RwLock::default(),
            flows: RwLock::default(),
            counters,
        }))
    }

    pub(super) fn local(&self) -> SocketAddr {
        self.local
    }

    pub(super) fn registered(&self) -> usize {
        read(&self.routes).len()
    }

    #[cfg(test)]
    pub(super) fn flows(&self) -> usize {
        read(&self.flows).len()
    }

    pub(super) fn add(&self, ufrag: &str, route: Arc<Route>) {
        write(&self.routes).insert(ufrag.to_owned(), route);
    }

    /// Forgets one name of a peer.
    pub(super) fn remove(&self, ufrag: &str) {
        write(&self.routes).remove(ufrag);
    }

    /// Forgets every address a peer sent from.
    pub(super) fn forget_route(&self, route: &Arc<Route>) {
        write(&self.flows).retain(|_, f| !Arc::ptr_eq(&f.route, route));
    }

    /// The peer begins its checks anew.
    pub(super) fn restart(&self, route: &Arc<Route>) {
        for flow in read(&self.flows).values() {
            if Arc::ptr_eq(&flow.route, route) {
                flow.restart();
            }
        }
    }

    /// Sends now or not at all; what the kernel does not take is lost, as on any network.
    pub(super) fn send(&self, transmit: &Transmit<'_>) {
        let sent = self.state.try_send(UdpSockRef::from(&self.udp), transmit);
        if sent.is_err() {
            self.counters.datagrams_not_sent.one();
        }
    }

    pub(super) fn max_gso_segments(&self) -> usize {
        self.state.max_gso_segments()
    }

    /// Receives until `stop`.
    pub(super) async fn receive(self: Arc<Self>, stop: CancellationToken) {
        let mut buffer = vec![0; MAX_DATAGRAM_BYTES];
        loop {
            let ready = tokio::select! {
                () = stop.cancelled() => return,
                ready = self.udp.readable() => ready,
            };
            if ready.is_err() || self.drain(&mut buffer).is_err() {
                tokio::time::sleep(ERROR_PAUSE).await;
            }
            tokio::task::yield_now().await;
        }
    }

    fn drain(&self, buffer: &mut [u8]) -> io::Result<()> {
        for _ in 0..BURST {
            match self.udp.try_recv_from(buffer) {
                Ok((n, from)) => self.take(&buffer[..n], from, Instant::now()),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    fn take(&self, datagram: &[u8], from: SocketAddr, now: Instant) {
        self.counters.datagrams_in.one();
        let shape = Shape::of(datagram);
        match shape {
            Shape::Request {
                ufrag: Some(ufrag), ..
            } => match read(&self.routes).get(ufrag).cloned() {
                Some(route) => self.request(route, datagram, shape, from, now),
                None => self.counters.unknown_ufrag.one(),
            },
            Shape::Request { ufrag: None, .. } => self.counters.unknown_ufrag.one(),
            Shape::Junk => self.counters.unknown_source.one(),
            _ => match read(&self.flows).get(&from).cloned() {
                Some(flow) if flow.route.admits(datagram.len(), now) => {
                    self.hand_over(&flow, datagram, shape, from, now);
                }
                Some(_) => self.counters.datagrams_over_limit.one(),
                None => self.counters.unknown_source.one(),
            },
        }
    }

    fn request(
        &self,
        route: Arc<Route>,
        datagram: &[u8],
        shape: Shape<'_>,
        from: SocketAddr,
        now: Instant,
    ) {
        // The rate comes first: making room for a new address costs more than dropping a datagram.
        let flow = route
            .admits(datagram.len(), now)
            .then(|| self.flow_for(route, from, self.ms(now)))
            .flatten();
        match flow {
            Some(flow) => self.hand_over(&flow, datagram, shape, from, now),
            None => self.counters.datagrams_over_limit.one(),
        }
    }

    fn hand_over(
        &self,
        flow: &Flow,
        datagram: &[u8],
        shape: Shape<'_>,
        from: SocketAddr,
        now: Instant,
    ) {
        flow.heard(self.ms(now));
        let refused = flow.deliver(from, shape, Bytes::copy_from_slice(datagram), now);
        self.counters.datagrams_over_limit.add(refused);
    }

    /// The flow of `from` to `route`, made where the address is new to that peer. `None`: the address is another's.
    fn flow_for(&self, route: Arc<Route>, from: SocketAddr, now_ms: u64) -> Option<Arc<Flow>> {
        let known = read(&self.flows).get(&from).cloned();
        if let Some(flow) = &known {
            if Arc::ptr_eq(&flow.route, &route) {
                return known;
            }
            if flow.silent_for_ms(now_ms) < TAKEOVER_SILENCE_MS {
                return None;
            }
        }
        if route.addresses.fetch_add(1, Ordering::Relaxed) >= MAX_ADDRESSES {
            self.forget_silent(&route, now_ms);
        }
        let flow = Arc::new(Flow::new(route, now_ms));
        let before = write(&self.flows).insert(from, Arc::clone(&flow));
        if let Some(before) = before {
            before.route.addresses.fetch_sub(1, Ordering::Relaxed);
        }
        Some(flow)
    }

    /// Keeps the addresses of a peer bounded: those that are silent longest go, at least one.
    fn forget_silent(&self, route: &Arc<Route>, now_ms: u64) {
        let mut flows = write(&self.flows);
        let oldest = flows
            .iter()
            .filter(|(_, f)| Arc::ptr_eq(&f.route, route))
            .max_by_key(|(_, f)| f.silent_for_ms(now_ms))
            .map(|(a, _)| *a);
        if let Some(address) = oldest {
            flows.remove(&address);
            route.addresses.fetch_sub(1, Ordering::Relaxed);
        }
    }

    fn ms(&self, now: Instant) -> u64 {
        u64::try_from(now.saturating_duration_since(self.born).as_millis()).unwrap_or(u64::MAX)
    }
}

/// The kernel may grant less (`net.core.rmem_max`); then the log says so once.
fn widen(socket: &socket2::Socket, wanted_bytes: usize) {
    let _ = socket.set_recv_buffer_size(wanted_bytes);
    let _ = socket.set_send_buffer_size(wanted_bytes);
    let granted = socket.recv_buffer_size().unwrap_or(0);
    if granted < wanted_bytes {
        tracing::info!(
            granted_bytes = granted,
            wanted_bytes,
            "the kernel grants a smaller media socket buffer; raise net.core.rmem_max and wmem_max"
        );
    }
}
