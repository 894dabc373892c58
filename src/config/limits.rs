//! Section `server.limits`: bounds of the accept loop. Reaching one is told in the log and in the metrics.
//!
//! Owns: the bounds and their defaults. Must not: enforce them. Read by: [`crate::http`].

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Bounds of the accept loop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerLimits {
    /// Connections at the same time, sockets included. Default 18,500: a process often has a hard limit of 20,000
    /// descriptors, and 1,500 stay for files, media and probes. Over it a connection is answered `503` and closed.
    pub connections: u64,
    /// Connections that have not sent their first whole request yet. Default 4,096: about a second of a reconnect
    /// storm. Over it the oldest such connection is closed, so that newcomers get in during an attack.
    pub half_open: u64,
    /// Connections of one /24 (IPv4) or /64 (IPv6) that are counted as usual. Default 4,096: sized for carriers that
    /// hide a town behind one address. Over it a source is only told of, and it is refused first once the node is
    /// `pressure_percent` full. Loopback addresses are exempt: a proxy may stand there.
    pub per_source: u64,
    /// Share of `connections` in percent above which sources over `per_source` are refused, and from which the fill
    /// level is told. Default 80: leaves a fifth of the node to everybody else.
    pub pressure_percent: u8,
    /// TLS handshakes started per second, at most. Default 2,000: about 40 % of one core. Where the machine falls behind with
    /// them, fewer are started until it keeps up. Those over it wait for half a second and are then closed unheard, so that
    /// nothing is spent on clients that have given up; they come again with a pause.
    pub tls_handshakes_per_s: u32,
    /// Handshakes that may start at once before the rate counts. Default 200: a tenth of a second's worth.
    pub tls_handshake_burst: u32,
    /// Seconds for a TLS handshake, its wait included. Default 5: the slowest phones take 2.
    pub handshake_s: u64,
    /// Seconds for the head of a request, and how long an idle connection is kept. Default 5. Longer lets slow
    /// clients hold places; shorter cuts radio links with long gaps.
    pub header_s: u64,
    /// Bytes of one request's head. Default 16 KiB: tokens and cookies of other software on the same name fit.
    pub header_bytes: usize,
    /// Header fields of one request. Default 64.
    pub headers: usize,
    /// Bytes read from a connection at once. Default 64 KiB: photo uploads need it; an idle socket does not keep it.
    /// At least 8 KiB.
    pub read_buffer_bytes: usize,
    /// Seconds a write may make no progress before the connection is closed. Default 30: the last line behind every
    /// other rule for slow readers.
    pub write_stall_s: u64,
    /// Seconds for a request from its head to its answer, uploads and sockets apart. Default 30.
    pub request_s: u64,
    /// Bytes of a request's body, uploads apart. Default 256 KiB: the size of the largest message.
    pub body_bytes: usize,
    /// Connections that the kernel keeps before they are accepted. Default 4,096; the system may allow less.
    pub backlog: u32,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            connections: 18_500,
            half_open: 4_096,
            per_source: 4_096,
            pressure_percent: 80,
            tls_handshakes_per_s: 2_000,
            tls_handshake_burst: 200,
            handshake_s: 5,
            header_s: 5,
            header_bytes: 16 * 1024,
            headers: 64,
            read_buffer_bytes: 64 * 1024,
            write_stall_s: 30,
            request_s: 30,
            body_bytes: 256 * 1024,
            backlog: 4_096,
        }
    }
}

impl ServerLimits {
    /// Deadline of a TLS handshake.
    #[must_use]
    pub fn handshake(&self) -> Duration {
        Duration::from_secs(self.handshake_s)
    }

    /// Deadline of a request's head.
    #[must_use]
    pub fn header(&self) -> Duration {
        Duration::from_secs(self.header_s)
    }

    /// How long a write may make no progress.
    #[must_use]
    pub fn write_stall(&self) -> Duration {
        Duration::from_secs(self.write_stall_s)
    }

    /// Deadline of a request.
    #[must_use]
    pub fn request(&self) -> Duration {
        Duration::from_secs(self.request_s)
    }

    /// Number of connections from which the node counts as under pressure.
    #[must_use]
    pub fn pressure_connections(&self) -> u64 {
        self.connections
            .saturating_mul(u64::from(self.pressure_percent))
            / 100
    }
}
