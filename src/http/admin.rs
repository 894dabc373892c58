//! The admin port: is the process alive, is it ready, what does it count. It stays up through a drain, and a scrape
//! never holds one open.
//!
//! Owns: the port's three probes and its few connections. Must not: ask the store, touch a session, or answer what only the public port may
//! tell. Called by: `app`, which also hands in what an operator may order ([`super::drain`]).

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::gate::Gate;
use super::serve::Service;
use super::{accept, layers};
use crate::config::{Admin, ServerLimits};

/// Connections of the admin port: a handful of probes and scrapers. More would be somebody else.
const CONNECTIONS: u64 = 64;

/// Content type of the Prometheus text format.
const METRICS_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Whether this node should be given work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readiness {
    /// Not yet: what is still missing.
    Starting(String),
    /// Yes; the text says what is special, such as `island`, or is `ready`.
    Ready(String),
    /// No longer: what is still open.
    Draining(String),
    /// No: what is broken, and another node can take over.
    Unable(String),
}

impl Readiness {
    fn answer(self) -> (StatusCode, String) {
        match self {
            Self::Ready(words) => (StatusCode::OK, words),
            Self::Starting(words) => (
                StatusCode::SERVICE_UNAVAILABLE,
                format!("starting: {words}"),
            ),
            Self::Draining(words) => (
                StatusCode::SERVICE_UNAVAILABLE,
                format!("draining: {words}"),
            ),
            Self::Unable(words) => (StatusCode::SERVICE_UNAVAILABLE, format!("unable: {words}")),
        }
    }
}

/// Asked at each `/readyz`; must answer from memory.
pub type AskReadiness = Arc<dyn Fn() -> Readiness + Send + Sync>;

/// The routes of the admin port: its own, and `orders` of an operator.
#[expect(
    clippy::disallowed_methods,
    reason = "the admin port has no sign-in and no rows: whoever reaches it may ask how the node is"
)]
pub fn router(readiness: AskReadiness, metrics: PrometheusHandle, orders: Router) -> Router {
    let ready = move || {
        let (status, words) = readiness().answer();
        async move { plain(status, format!("{words}\n")) }
    };
    let scrape = move || {
        let text = metrics.render();
        async move { ([(CONTENT_TYPE, METRICS_TYPE)], text) }
    };
    // Asks nothing but the process: a broken store must not restart a node that still talks to residents.
    let live = || async { plain(StatusCode::OK, "alive\n".to_owned()) };
    layers::without_panics(
        Router::new()
            .route("/livez", get(live))
            .route("/readyz", get(ready))
            .route("/metrics", get(scrape))
            .merge(orders),
    )
}

fn plain(status: StatusCode, text: String) -> Response {
    (status, [(CACHE_CONTROL, "no-store")], text).into_response()
}

/// The bound admin port.
#[derive(Debug)]
pub struct AdminServer {
    listener: tokio::net::TcpListener,
    address: std::net::SocketAddr,
}

impl AdminServer {
    /// Opens the port.
    ///
    /// # Errors
    /// What the system says, for instance that the port is taken.
    pub fn bind(admin: &Admin) -> std::io::Result<Self> {
        let listener = accept::listen(admin.listen, CONNECTIONS as u32)?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// The address that was bound.
    #[must_use]
    pub fn address(&self) -> std::net::SocketAddr {
        self.address
    }

    /// Serves until `hard`, in tasks that no drain waits for.
    pub fn spawn(self, router: Router, hard: CancellationToken) {
        let limits = ServerLimits {
            connections: CONNECTIONS,
            half_open: CONNECTIONS,
            ..ServerLimits::default()
        };
        let gate = Gate::new("admin", &limits);
        let service = Arc::new(Service::new(
            router,
            &limits,
            None,
            hard.clone(),
            hard.clone(),
        ));
        tokio::spawn(accept::accept_until(
            hard,
            self.listener,
            gate,
            service,
            TaskTracker::new(),
        ));
    }
}
