//! A cluster of three primaries.

use super::server::free_port;
use super::{RedisServer, ServerOptions};

/// The slots of the three primaries.
const SLOTS: [(&str, &str); 3] = [("0", "5460"), ("5461", "10922"), ("10923", "16383")];

/// Three primaries that have all slots.
pub struct Cluster {
    pub servers: Vec<RedisServer>,
}

impl Cluster {
    pub fn start(options: &ServerOptions) -> Self {
        let started = SLOTS.iter().map(|_| {
            let bus = free_port();
            let options = options
                .clone()
                .with("cluster-enabled yes")
                .with("cluster-node-timeout 2000")
                .with(&format!("cluster-port {bus}"));
            (RedisServer::start(options), bus)
        });
        let (servers, buses): (Vec<_>, Vec<_>) = started.unzip();
        for (number, (server, (first, last))) in (1..).zip(servers.iter().zip(SLOTS)) {
            server.command(&["CLUSTER", "SET-CONFIG-EPOCH", &number.to_string()]);
            server.command(&["CLUSTER", "ADDSLOTSRANGE", first, last]);
        }
        for (other, bus) in servers.iter().zip(&buses).skip(1) {
            let (port, bus) = (other.port().to_string(), bus.to_string());
            servers[0].command(&["CLUSTER", "MEET", "127.0.0.1", &port, &bus]);
        }
        for server in &servers {
            server.await_answer(&["CLUSTER", "INFO"], "cluster_state:ok");
            server.await_answer(&["CLUSTER", "INFO"], "cluster_known_nodes:3");
        }
        Self { servers }
    }

    /// As `backbone.url`: one of its nodes tells of the others.
    pub fn url(&self) -> String {
        format!("redis+cluster://{}", self.servers[0].address())
    }
}
