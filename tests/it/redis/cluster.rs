//! A cluster of three primaries, with or without replicas.

use super::server::free_port;
use super::{RedisServer, ServerOptions};

/// The slots of the three primaries.
const SLOTS: [(&str, &str); 3] = [("0", "5460"), ("5461", "10922"), ("10923", "16383")];

/// Three primaries that have all slots, and replicas of theirs.
pub struct Cluster {
    pub servers: Vec<RedisServer>,
    /// So many for each primary, in the order of the primaries.
    pub replicas: Vec<Vec<RedisServer>>,
}

impl Cluster {
    pub fn start(options: &ServerOptions) -> Self {
        Self::with_replicas(options, 0)
    }

    /// Primaries with so many replicas each, all in step.
    pub fn with_replicas(options: &ServerOptions, each: usize) -> Self {
        let (servers, buses): (Vec<_>, Vec<_>) = SLOTS.iter().map(|_| node(options)).unzip();
        for (number, (server, (first, last))) in (1..).zip(servers.iter().zip(SLOTS)) {
            server.command(&["CLUSTER", "SET-CONFIG-EPOCH", &number.to_string()]);
            server.command(&["CLUSTER", "ADDSLOTSRANGE", first, last]);
        }
        for (other, bus) in servers.iter().zip(&buses).skip(1) {
            meet(&servers[0], other, *bus);
        }
        for server in &servers {
            server.await_answer(&["CLUSTER", "INFO"], "cluster_state:ok");
            server.await_answer(&["CLUSTER", "INFO"], "cluster_known_nodes:3");
        }
        let replicas = servers.iter().map(|primary| {
            let follow = |_| {
                let (replica, bus) = node(options);
                meet(primary, &replica, bus);
                let id = id(primary);
                replica.await_answer(&["CLUSTER", "NODES"], &id);
                replica.await_answer(&["CLUSTER", "REPLICATE", &id], "OK");
                replica.await_info("master_link_status:up");
                replica
            };
            (0..each).map(follow).collect()
        });
        let replicas: Vec<Vec<_>> = replicas.collect();
        let known = format!("cluster_known_nodes:{}", servers.len() * (1 + each));
        for server in servers.iter().chain(replicas.iter().flatten()) {
            server.await_answer(&["CLUSTER", "INFO"], &known);
        }
        Self { servers, replicas }
    }

    /// Everybody but this replica forgets it: what it says of itself from now on reaches none of them.
    pub fn forgets(&self, replica: &RedisServer) {
        let id = id(replica);
        for server in self.servers.iter().chain(self.replicas.iter().flatten()) {
            if server.port() != replica.port() {
                server.command(&["CLUSTER", "FORGET", &id]);
            }
        }
    }

    /// As `backbone.url`: one of its nodes tells of the others.
    pub fn url(&self) -> String {
        format!("redis+cluster://{}", self.servers[0].address())
    }
}

/// A node that knows no other one, and the port of its bus.
fn node(options: &ServerOptions) -> (RedisServer, u16) {
    let bus = free_port();
    let options = options
        .clone()
        .with("cluster-enabled yes")
        .with("cluster-node-timeout 2000")
        .with(&format!("cluster-port {bus}"));
    (RedisServer::start(options), bus)
}

fn meet(one: &RedisServer, other: &RedisServer, bus: u16) {
    let (port, bus) = (other.port().to_string(), bus.to_string());
    one.command(&["CLUSTER", "MEET", "127.0.0.1", &port, &bus]);
}

/// What the cluster calls a node.
fn id(server: &RedisServer) -> String {
    let answer = server.command(&["CLUSTER", "MYID"]);
    answer.lines().last().unwrap_or_default().trim().to_owned()
}
