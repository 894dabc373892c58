//! One connection from its first byte to its last answer or its upgrade.
//!
//! Owns: the TLS handshake and its deadline, the deadline of the first head, the HTTP exchange, and what every request is told about its connection. Must not: know routes, or
//! accept. Called by: `accept`, with services that `server` and `admin` make.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ServerConfig;
use rustls::server::Acceptor;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout_at};
use tokio_rustls::LazyConfigAcceptor;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use super::Peer;
use super::budget::HandshakeBudget;
use super::gate::Slot;
use super::head;
use super::link::{Link, Stream};
use super::notice::Notice;
use super::tickets::Tickets;
use crate::config::ServerLimits;
use crate::transport::Arrived;

/// Tickets for resumption sent after a TLS 1.3 handshake. One: a client that comes back resumes once and gets another.
const TICKETS: usize = 1;

/// What one TLS connection may hold back for its peer in bytes, each way. rustls allows 64 KiB; one record is 16 KiB.
const TLS_BUFFER_BYTES: usize = 16 * 1024;

/// Longest wait for a handshake's turn. A longer queue would be served to clients that have given up by then.
const LONGEST_WAIT: Duration = Duration::from_millis(500);

/// What all connections of one listener share.
pub(super) struct Service {
    router: Router,
    http: http1::Builder,
    head: head::Bounds,
    header: Duration,
    tls: Option<Tls>,
    write_stall: Duration,
    soft: CancellationToken,
    hard: CancellationToken,
}

/// How connections are encrypted.
pub(super) struct Tls {
    config: Arc<ServerConfig>,
    budget: Arc<HandshakeBudget>,
    deadline: Duration,
    delayed: Notice,
    busy: Notice,
}

impl Tls {
    pub(super) fn new(
        mut config: ServerConfig,
        tickets: Arc<Tickets>,
        limits: &ServerLimits,
    ) -> Self {
        config.ticketer = tickets;
        config.send_tls13_tickets = TICKETS;
        Self {
            config: Arc::new(config),
            budget: Arc::new(HandshakeBudget::new(
                limits.tls_handshakes_per_s,
                limits.tls_handshake_burst,
            )),
            deadline: limits.handshake(),
            delayed: Notice::default(),
            busy: Notice::default(),
        }
    }

    /// The budget, for whoever keeps its pace.
    pub(super) fn budget(&self) -> Arc<HandshakeBudget> {
        Arc::clone(&self.budget)
    }

    async fn handshake(&self, tcp: TcpStream) -> Option<Stream> {
        let start = Instant::now();
        let deadline = (start + self.deadline).into();
        // Only a whole first message takes a turn: strangers open links by the thousand and say nothing, or something else. The acceptor
        // makes room for it, so it waits for the first byte.
        let hello = async {
            tcp.peek(&mut [0]).await?;
            Box::pin(LazyConfigAcceptor::new(Acceptor::default(), tcp)).await
        };
        let hello = match timeout_at(deadline, hello).await {
            // Boxed, as the handshake below: it would size every connection's task.
            Ok(Ok(hello)) => Box::new(hello),
            Ok(Err(error)) => {
                tracing::debug!(%error, "no TLS handshake was begun");
                self.failed("protocol");
                return None;
            }
            Err(_) => {
                self.failed("silent");
                return None;
            }
        };
        let turn = self
            .budget
            .reserve(Instant::now(), self.deadline.min(LONGEST_WAIT));
        let Ok(wait) = turn else {
            self.failed("busy");
            self.busy.tell(start, |left_out| {
                tracing::warn!(
                    left_out,
                    "more TLS handshakes than the budget allows: some are turned away"
                );
            });
            return None;
        };
        if !wait.is_zero() {
            metrics::counter!("callbox_tls_handshake_delayed_total").increment(1);
            self.delayed.tell(start, |left_out| {
                tracing::warn!(
                    left_out,
                    "the budget of TLS handshakes is used up: some wait"
                );
            });
            sleep(wait).await;
        }
        let accept = hello.into_stream_with(Arc::clone(&self.config), |connection| {
            connection.set_buffer_limit(Some(TLS_BUFFER_BYTES))
        });
        // Boxed: the handshake is by far the largest state, and would otherwise size every connection's task.
        match timeout_at(deadline, Box::pin(accept)).await {
            Ok(Ok(stream)) => {
                metrics::histogram!("callbox_tls_handshake_seconds").record(start.elapsed());
                Some(Stream::Tls(Box::new(stream)))
            }
            Ok(Err(error)) => {
                tracing::debug!(%error, "TLS handshake failed");
                self.failed("protocol");
                None
            }
            Err(_) => {
                self.failed("deadline");
                None
            }
        }
    }

    fn failed(&self, reason: &'static str) {
        metrics::counter!("callbox_tls_handshake_failed_total", "reason" => reason).increment(1);
    }
}

impl Service {
    pub(super) fn new(
        router: Router,
        limits: &ServerLimits,
        tls: Option<Tls>,
        soft: CancellationToken,
        hard: CancellationToken,
    ) -> Self {
        let mut http = http1::Builder::new();
        // The timer first: without it the header deadline panics, or does nothing.
        http.timer(TokioTimer::new())
            .header_read_timeout(limits.header())
            .max_headers(limits.headers)
            .max_header_size(limits.header_bytes)
            .max_buf_size(limits.read_buffer_bytes);
        Self {
            router,
            http,
            head: head::Bounds::of(limits),
            header: limits.header(),
            tls,
            write_stall: limits.write_stall(),
            soft,
            hard,
        }
    }

    pub(super) fn is_encrypted(&self) -> bool {
        self.tls.is_some()
    }

    /// Serves one connection until it ends, is upgraded, is evicted, or the gateway stops at once.
    pub(super) async fn serve(self: Arc<Self>, tcp: TcpStream, address: SocketAddr, slot: Slot) {
        let evicted = slot.evicted();
        let hard = self.hard.clone();
        tokio::select! {
            biased;
            () = hard.cancelled() => {}
            () = evicted => {}
            () = Box::pin(self.exchange(tcp, address, slot)) => {}
        }
    }

    async fn exchange(self: Arc<Self>, tcp: TcpStream, address: SocketAddr, slot: Slot) {
        let mut stream = match &self.tls {
            None => Stream::Plain(tcp),
            Some(tls) => match tls.handshake(tcp).await {
                Some(stream) => stream,
                None => return,
            },
        };
        if let Some(head) = self.first_head(&mut stream).await {
            // Boxed: whoever never sends a whole head does not pay for what comes after it.
            Box::pin(self.converse(stream, head, address, slot)).await;
        }
    }

    /// The head of the first request, or what else hyper is to judge; `None` when the connection ends here.
    async fn first_head(&self, stream: &mut Stream) -> Option<Vec<u8>> {
        let deadline = (Instant::now() + self.header).into();
        let mut head = Vec::new();
        loop {
            let read = tokio::select! {
                biased;
                read = timeout_at(deadline, head::read(stream, &mut head)) => read,
                // A drain waits for requests that were begun.
                () = self.soft.cancelled(), if head.is_empty() => return None,
            };
            match read {
                Ok(Ok(new)) if new > 0 && self.head.leave_open(&head, new) => {}
                Ok(Ok(_)) => return Some(head),
                Ok(Err(error)) => {
                    ended("protocol", &error);
                    return None;
                }
                Err(late) => {
                    ended("header_deadline", &late);
                    return None;
                }
            }
        }
    }

    async fn converse(&self, stream: Stream, head: Vec<u8>, address: SocketAddr, slot: Slot) {
        let peer = Peer {
            address,
            encrypted: self.is_encrypted(),
        };
        let slot = Arc::new(slot);
        let arrived = Arrived::default();
        let link = Link::new(
            stream,
            head.into(),
            self.write_stall,
            arrived.clone(),
            Arc::clone(&slot),
        );
        let link = TokioIo::new(link);
        let service = service_fn(|mut request: Request<Incoming>| {
            slot.establish();
            request.extensions_mut().insert(peer);
            request.extensions_mut().insert(arrived.clone());
            self.router.clone().oneshot(request.map(Body::new))
        });
        let mut connection =
            std::pin::pin!(self.http.serve_connection(link, service).with_upgrades());
        let outcome = tokio::select! {
            // First: a head that is here already is one that a drain waits for.
            biased;
            outcome = connection.as_mut() => outcome,
            () = self.soft.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = outcome {
            let reason = if error.is_timeout() {
                "header_deadline"
            } else {
                "protocol"
            };
            ended(reason, &error);
        }
    }
}

/// Tells of a connection that ended with an error.
fn ended(reason: &'static str, error: &dyn std::error::Error) {
    metrics::counter!("callbox_http_connection_errors_total", "reason" => reason).increment(1);
    tracing::debug!(%error, "connection ended with an error");
}
