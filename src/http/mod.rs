//! The HTTP server: accept loop, TLS, bounds, security headers, origins, pages and the admin port.
//!
//! Owns every TCP connection from its first byte to its answer or its upgrade. Must not know what a session is: it
//! serves whatever `axum::Router` it is given, and tells it the [`Peer`] as a request extension. Called by `app`,
//! which mounts the routes of the other rooms between [`pages::router`] and [`layers::outermost`].

pub mod accept;
pub mod admin;
pub mod api;
pub mod budget;
pub mod certificates;
pub mod descriptors;
pub mod drain;
mod encoding;
pub mod gate;
mod head;
pub mod headers;
pub mod layers;
mod link;
pub mod metrics;
mod notice;
pub mod origins;
pub mod pages;
pub mod problem;
mod serve;
pub mod server;
mod spoken;
pub mod tickets;
pub mod uploads;
mod watch;

pub(crate) use head::probe_head;
pub use headers::{PageClass, SecurityHeaders};
pub use origins::{OriginVerdict, Origins};
pub use problem::Problem;
pub use server::{BindError, Server};

use std::net::SocketAddr;

/// Who is on the other end, put into every request's extensions. Behind a proxy it is the proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// Address and port of the connection.
    pub address: SocketAddr,
    /// Whether the connection is encrypted by this node.
    pub encrypted: bool,
}
