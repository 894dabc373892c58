//! The HTTP side of a gateway with a few routes of its own, started for one test.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::Extension;
use axum::extract::ws::{WebSocket, WebSocketUpgrade};
use axum::routing::{any, get as get_route, post};
use callbox::clock::SystemClock;
use callbox::config;
use callbox::http::tickets::Tickets;
use callbox::http::{Peer, Server, layers, pages};
use callbox::shutdown::Lifecycle;
use tokio::net::TcpStream;
use tokio::sync::Notify;

use crate::http_client::soon;

/// The defaults on a port that the system chooses.
pub fn settings() -> config::Server {
    config::Server {
        listen: ([127, 0, 0, 1], 0).into(),
        ..config::Server::default()
    }
}

/// Tickets under a key of no other test.
fn tickets() -> Arc<Tickets> {
    let key: [u8; 32] = rand::random();
    Tickets::new(&key, Arc::new(SystemClock::new()))
}

/// A running gateway's HTTP side with a few routes of its own.
pub struct Gateway {
    pub address: SocketAddr,
    pub lifecycle: Lifecycle,
    pub gate: Arc<callbox::http::gate::Gate>,
    /// Told when a request to `/slow` has arrived.
    pub arrived: Arc<Notify>,
    /// Lets `/slow` answer.
    pub release: Arc<Notify>,
}

impl Gateway {
    /// Serves on a port of its own until dropped.
    #[expect(clippy::disallowed_methods, reason = "routes of tests")]
    pub fn start(settings: &config::Server) -> Self {
        let server = Server::bind(settings).expect("bound");
        let (arrived, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (tell, wait) = (Arc::clone(&arrived), Arc::clone(&release));
        let slow = move || async move {
            tell.notify_one();
            wait.notified().await;
            "done"
        };
        let router = Router::new()
            .route("/slow", get_route(slow))
            .route(
                "/panic",
                get_route(|| async { panic!("planted") as &'static str }),
            )
            .route("/big", get_route(|| async { vec![0_u8; 64 << 20] }))
            .route(
                "/socket",
                any(|upgrade: WebSocketUpgrade| async { upgrade.on_upgrade(echo) }),
            )
            .route("/act", post(|body: String| async move { body }))
            .route(
                "/peer",
                get_route(
                    |Extension(peer): Extension<Peer>| async move { peer.address.to_string() },
                ),
            )
            .merge(pages::router(server.headers(), HashSet::new()));
        let router = layers::bounded(router, &settings.limits);
        let router = layers::outermost(router, server.headers(), server.origins());
        let lifecycle = Lifecycle::new();
        let (address, gate) = (server.address(), server.gate());
        server.spawn(router, tickets(), &lifecycle);
        Self {
            address,
            lifecycle,
            gate,
            arrived,
            release,
        }
    }

    /// A fresh connection.
    pub async fn connect(&self) -> TcpStream {
        soon(TcpStream::connect(self.address))
            .await
            .expect("connected")
    }

    /// Waits until the gate holds so many connections.
    pub async fn until_open(&self, count: u64) {
        soon(async {
            while self.gate.open() != count {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
}

async fn echo(mut socket: WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        if socket.send(message).await.is_err() {
            return;
        }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.lifecycle.stop();
        self.lifecycle.stop();
    }
}
