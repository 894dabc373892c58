//! The public port: bound with its certificate first, then served with whatever router it is given.
//!
//! Owns: the order of binding: nothing is answered before everything is there. Must not: know routes. Called by: `app`.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use rustls::ServerConfig;
use thiserror::Error;
use tokio::net::TcpListener;

use super::certificates::{CertificateError, Certificates};
use super::gate::Gate;
use super::serve::{Service, Tls};
use super::tickets::Tickets;
use super::{Origins, SecurityHeaders, accept, watch};
use crate::config::{self, ServerLimits, TlsMode, WebOrigin};
use crate::shutdown::Lifecycle;

/// Why the public port cannot be served.
#[derive(Debug, Error)]
pub enum BindError {
    /// Plain HTTP was asked for where others could listen in.
    #[error(
        "{0} is not a loopback address and TLS is off: reports would travel in the clear. Set server.tls.mode, or \
         listen on 127.0.0.1"
    )]
    PlainBeyondLoopback(SocketAddr),
    /// There is no usable certificate.
    #[error("TLS cannot start: {0}")]
    Certificate(#[from] CertificateError),
    /// The address cannot be bound.
    #[error("cannot listen on {address}: {source}")]
    Address {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
}

/// The bound public port. Nothing is answered until [`Server::spawn`].
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    limits: ServerLimits,
    certificates: Option<Arc<Certificates>>,
    tls: Option<ServerConfig>,
    gate: Arc<Gate>,
    origins: Arc<Origins>,
    headers: Arc<SecurityHeaders>,
}

impl Server {
    /// Reads the certificate and opens the port.
    ///
    /// # Errors
    /// As [`BindError`] says; nothing is left open.
    pub fn bind(server: &config::Server) -> Result<Self, BindError> {
        Self::bind_also_as(server, &[], &[])
    }

    /// The same for a gateway that has further names, from where pages are its own, and whose maps fetch tiles from elsewhere.
    ///
    /// # Errors
    /// As [`BindError`] says; nothing is left open.
    pub fn bind_also_as(
        server: &config::Server,
        names: &[WebOrigin],
        tiles: &[WebOrigin],
    ) -> Result<Self, BindError> {
        if server.tls.mode == TlsMode::Off && !server.listen.ip().is_loopback() {
            return Err(BindError::PlainBeyondLoopback(server.listen));
        }
        let certificates = match server.tls.mode {
            TlsMode::Off => None,
            TlsMode::Files | TlsMode::SelfSigned => Some(Certificates::open(&server.tls)?),
        };
        let tls = certificates
            .as_ref()
            .map(|certificates| certificates.server_config(server.tls.profile))
            .transpose()?;
        let fault = |source| BindError::Address {
            address: server.listen,
            source,
        };
        let listener = accept::listen(server.listen, server.limits.backlog).map_err(fault)?;
        let address = listener.local_addr().map_err(fault)?;
        let origins = Origins::new(server, address).and(names);
        let headers = SecurityHeaders::new(server, &origins, tiles);
        Ok(Self {
            listener,
            address,
            gate: Gate::new("public", &server.limits),
            limits: server.limits.clone(),
            certificates,
            tls,
            origins: Arc::new(origins),
            headers: Arc::new(headers),
        })
    }

    /// The address that was bound; with port 0 the system has chosen one.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whose pages may act here, for routes that check by themselves.
    #[must_use]
    pub fn origins(&self) -> Arc<Origins> {
        Arc::clone(&self.origins)
    }

    /// The headers of each class of answer.
    #[must_use]
    pub fn headers(&self) -> Arc<SecurityHeaders> {
        Arc::clone(&self.headers)
    }

    /// The bounds in use, for gauges and the node view.
    #[must_use]
    pub fn gate(&self) -> Arc<Gate> {
        Arc::clone(&self.gate)
    }

    /// The certificate in use, if the port is encrypted.
    #[must_use]
    pub fn certificates(&self) -> Option<Arc<Certificates>> {
        self.certificates.clone()
    }

    /// Serves `router` until the lifecycle drains. New connections are refused from that moment on; requests that run
    /// are finished within the drain's deadline. Upgraded sockets belong to whoever took them. Clients of an encrypted port
    /// resume their TLS sessions with `tickets`.
    pub fn spawn(self, router: Router, tickets: Arc<Tickets>, lifecycle: &Lifecycle) {
        let (soft, hard) = (lifecycle.soft().clone(), lifecycle.hard().clone());
        if let Some(certificates) = self.certificates {
            tokio::spawn(watch::follow(
                certificates,
                lifecycle.reloads(),
                hard.clone(),
            ));
        }
        let tls = self
            .tls
            .map(|config| Tls::new(config, tickets, &self.limits));
        if let Some(tls) = &tls {
            tokio::spawn(tls.budget().keep_pace(hard.clone()));
        }
        let service = Arc::new(Service::new(router, &self.limits, tls, soft.clone(), hard));
        let tasks = lifecycle.tasks();
        tasks.spawn(accept::accept_until(
            soft,
            self.listener,
            self.gate,
            service,
            tasks.clone(),
        ));
    }
}
