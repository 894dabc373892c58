//! Makes the library run over a [`Port`]: it asks its runtime to wrap every socket it binds, and this runtime hands it
//! the port's virtual socket instead.
//!
//! Owns: the one socket that the library gets. Must not: open a real one, resolve a name or connect anywhere. Called by: `driver`.

use std::future::Future;
use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use webrtc::runtime::{
    AsyncInterval, AsyncTcpListener, AsyncTcpStream, AsyncUdpSocket, JoinHandle, RecvMeta, Runtime,
    TokioRuntime, Transmit,
};

use crate::media::mux::{Port, PortEnd};

type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A tokio runtime whose only socket is the peer's port.
#[derive(Debug)]
pub(super) struct PortRuntime {
    pub(super) port: Arc<Port>,
}

impl Runtime for PortRuntime {
    fn spawn(&self, future: Boxed<'static, ()>) -> Box<dyn JoinHandle> {
        TokioRuntime.spawn(future)
    }

    fn spawn_reactor(&self, threads: usize, future: Boxed<'static, ()>) -> Box<dyn JoinHandle> {
        TokioRuntime.spawn_reactor(threads, future)
    }

    fn wrap_udp_socket(&self, socket: std::net::UdpSocket) -> io::Result<Arc<dyn AsyncUdpSocket>> {
        let local = socket.local_addr()?;
        let end = self
            .port
            .take_end(local.is_ipv4())
            .ok_or_else(|| io::Error::other("this port has no such socket left"))?;
        Ok(Arc::new(VirtualSocket { local, end }))
    }

    fn wrap_tcp_listener(&self, _: std::net::TcpListener) -> io::Result<Arc<dyn AsyncTcpListener>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn connect_tcp<'a>(&'a self, _: SocketAddr) -> Boxed<'a, io::Result<Arc<dyn AsyncTcpStream>>> {
        Box::pin(async { Err(io::ErrorKind::Unsupported.into()) })
    }

    fn resolve_host<'a>(&'a self, _: &'a str) -> Boxed<'a, io::Result<Vec<SocketAddr>>> {
        Box::pin(async { Err(io::ErrorKind::Unsupported.into()) })
    }

    fn sleep(&self, duration: Duration) -> Boxed<'static, ()> {
        TokioRuntime.sleep(duration)
    }

    fn interval(&self, period: Duration) -> Box<dyn AsyncInterval> {
        TokioRuntime.interval(period)
    }

    fn block_on(&self, future: Pin<Box<dyn Future<Output = ()> + '_>>) {
        TokioRuntime.block_on(future);
    }

    fn name(&self) -> &'static str {
        "callbox-port"
    }
}

/// What the library takes for a socket. `local` is its placeholder, by which it finds the socket again.
#[derive(Debug)]
struct VirtualSocket {
    local: SocketAddr,
    end: PortEnd,
}

impl AsyncUdpSocket for VirtualSocket {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.local)
    }

    fn poll_send(&self, _: &mut Context<'_>, transmit: &Transmit<'_>) -> Poll<io::Result<usize>> {
        self.end.send(transmit);
        Poll::Ready(Ok(transmit.contents.len()))
    }

    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        let room = buffers.len().min(meta.len());
        for n in 0..room {
            match self.end.poll_recv(cx) {
                Poll::Ready(Some((from, datagram))) => {
                    let length = datagram.len().min(buffers[n].len());
                    buffers[n][..length].copy_from_slice(&datagram[..length]);
                    meta[n] = RecvMeta::default();
                    meta[n].addr = from;
                    meta[n].len = length;
                    meta[n].stride = length.max(1);
                }
                Poll::Ready(None) if n == 0 => {
                    return Poll::Ready(Err(io::ErrorKind::NotConnected.into()));
                }
                Poll::Pending if n == 0 => return Poll::Pending,
                Poll::Ready(None) | Poll::Pending => return Poll::Ready(Ok(n)),
            }
        }
        Poll::Ready(Ok(room))
    }

    fn max_gso_segments(&self) -> usize {
        self.end.max_gso_segments()
    }
}
