//! The recommended tier on one machine: a primary with two replicas that three Sentinels watch.
//!
//! Owns: the six processes, losing the primary, and the rule by which a tier is whole. Must not: know who uses it. Called by: `lost`; the rule
//! by `chaos`, too.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use super::{RedisServer, free_port};
use crate::shipped;

/// Replicas, and Sentinels less one.
const REPLICAS: usize = 2;
/// Name under which the Sentinels know the primary.
const NAME: &str = "callbox";
/// Longest wait for a promotion, or until a server that was lost follows again.
const TURN: Duration = Duration::from_secs(60);
/// Seconds after which a replica that says nothing does not count.
const LAG_MAX_S: u64 = 2;
/// Pause between two looks.
const LOOK: Duration = Duration::from_millis(10);

/// Servers and their Sentinels.
#[derive(Debug)]
pub struct WatchedRedis {
    servers: Vec<RedisServer>,
    sentinels: Vec<RedisServer>,
}

impl WatchedRedis {
    /// Starts all of them, with what `deploy/` says, and waits until the replicas follow.
    ///
    /// # Errors
    /// When one does not start.
    pub async fn start() -> Result<Self> {
        let primary = server("").await?;
        let port = primary.port();
        let mut servers = vec![primary];
        for _ in 0..REPLICAS {
            servers.push(server(&format!("replicaof 127.0.0.1 {port}\n")).await?);
        }
        let mut tier = Self {
            servers,
            sentinels: Vec::new(),
        };
        tier.wait_until_whole().await?;
        for _ in 0..=REPLICAS {
            tier.sentinels.push(sentinel(port).await?);
        }
        Ok(tier)
    }

    /// Where nodes find it.
    #[must_use]
    pub fn url(&self) -> String {
        let ports = self.sentinels.iter().map(RedisServer::port);
        let hosts: Vec<_> = ports.map(|port| format!("127.0.0.1:{port}")).collect();
        format!("redis+sentinel://{}/{NAME}", hosts.join(","))
    }

    /// Kills the primary, and waits until another server is it; answers when the kill was, and when the promotion was seen.
    ///
    /// # Errors
    /// When nobody is promoted.
    pub async fn lose_the_primary(&mut self) -> Result<(Instant, Instant)> {
        let lost = self.wait_until_whole().await?;
        self.servers[lost].kill()?;
        let begun = Instant::now();
        while begun.elapsed() < TURN {
            for (at, server) in self.servers.iter().enumerate() {
                // Sentinels end all connections of a server in the moment in which they promote it.
                if at != lost
                    && server
                        .replication()
                        .await
                        .is_ok_and(|told| is_primary(&told))
                {
                    return Ok((begun, Instant::now()));
                }
            }
            tokio::time::sleep(LOOK).await;
        }
        bail!("nobody was promoted after {TURN:?}")
    }

    /// Starts whatever was lost, and waits until it follows.
    ///
    /// # Errors
    /// When it does not.
    pub async fn mend(&mut self) -> Result<()> {
        for server in &mut self.servers {
            if server.child.try_wait()?.is_some() {
                server.again().await?;
            }
        }
        self.wait_until_whole().await.map(drop)
    }

    /// Which one is the primary, once both replicas follow it.
    async fn wait_until_whole(&self) -> Result<usize> {
        let begun = Instant::now();
        loop {
            let mut told = Vec::new();
            for server in &self.servers {
                told.push(server.replication().await?);
            }
            if let Some(primary) = primary_of_whole(&told) {
                return Ok(primary);
            }
            if begun.elapsed() > TURN {
                bail!("the tier is not whole after {TURN:?}: {told:?}");
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// As shipped, on a port of its own.
async fn server(own: &str) -> Result<RedisServer> {
    let (folder, port) = (tempfile::tempdir()?, free_port()?);
    let text = shipped::server(&format!(
        "bind 127.0.0.1\nport {port}\n\
         # Else a replica that comes back waits five seconds for others to copy together with it.\n\
         repl-diskless-sync-delay 0\n\
         # No run pays for a rewrite by chance.\n\
         auto-aof-rewrite-percentage 0\n{own}"
    ));
    fs::write(folder.path().join("redis.conf"), text)?;
    RedisServer::run(folder, port, vec!["redis.conf".to_owned()]).await
}

/// As shipped, on a port of its own.
async fn sentinel(primary: u16) -> Result<RedisServer> {
    let (folder, port) = (tempfile::tempdir()?, free_port()?);
    let own = format!("bind 127.0.0.1\nport {port}\n");
    let text = shipped::sentinel("127.0.0.1", primary, &own)?;
    fs::write(folder.path().join("sentinel.conf"), text)?;
    let arguments = ["sentinel.conf", "--sentinel"].map(str::to_owned).to_vec();
    RedisServer::run(folder, port, arguments).await
}

fn is_primary(told: &str) -> bool {
    told.contains("role:master")
}

/// The place of the one primary that all others follow closely, if it is so, by what each server says of its replication.
#[must_use]
pub fn primary_of_whole(told: &[String]) -> Option<usize> {
    let primary = told.iter().position(|told| is_primary(told))?;
    let following = told[primary]
        .lines()
        .filter(|line| line.starts_with("slave") && line.contains("state=online"))
        .filter(|line| lag_of(line).is_some_and(|lag| lag < LAG_MAX_S))
        .count();
    let others = told.iter().enumerate().filter(|(at, _)| *at != primary);
    let mut others = others.map(|(_, told)| told.contains("master_link_status:up"));
    (others.all(|follows| follows) && following == told.len() - 1).then_some(primary)
}

/// `slave0:ip=…,state=online,offset=…,lag=0`
fn lag_of(line: &str) -> Option<u64> {
    line.trim().rsplit_once("lag=")?.1.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tier_is_whole_when_everybody_follows_one() {
        let told = |words: &str| words.to_owned();
        let primary =
            told("role:master\r\nslave0:state=online,lag=0\r\nslave1:state=online,lag=1\r\n");
        let follows = told("role:slave\r\nmaster_link_status:up\r\n");
        let whole = [follows.clone(), primary.clone(), follows.clone()];
        assert_eq!(primary_of_whole(&whole), Some(1));
        let alone = told("role:slave\r\nmaster_link_status:down\r\n");
        assert_eq!(
            primary_of_whole(&[follows.clone(), primary.clone(), alone]),
            None
        );
        let behind = told(&primary.replace("lag=1", "lag=2"));
        assert_eq!(
            primary_of_whole(&[behind, follows.clone(), follows.clone()]),
            None
        );
        let two = [follows, primary.clone(), primary];
        assert_eq!(primary_of_whole(&two), None);
    }

    #[test]
    fn how_far_a_replica_is_behind_is_read() {
        let line = "slave0:ip=10.77.0.12,port=6379,state=online,offset=42,lag=1\r";
        assert_eq!(lag_of(line), Some(1));
        assert_eq!(lag_of("role:master"), None);
    }
}
