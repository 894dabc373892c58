//! The cluster of a chaos run: on each of three hosts a Redis server, a Sentinel and a gateway.
//!
//! Owns: their configuration, starting them again after a fault, and asking whether the tier is whole. Must not: choose
//! faults. Called by: `faults`, `mod`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::redis::{LAG_MAX_S, primary_of_whole};

use super::hosts::{Host, Network, Process, run};

/// Hosts that carry the cluster; clients' hosts follow after them.
pub const NODES: usize = 3;
/// People of the agency who take sessions.
pub const STAFF: [&str; 6] = ["t1", "t2", "t3", "t4", "t5", "t6"];
/// Who reads the logs in the end.
pub const SUPERVISOR: &str = "sue";
const REDIS_PORT: u16 = 6379;
const SENTINEL_PORT: u16 = 26379;
const PUBLIC_PORT: u16 = 8911;
/// Longest wait until a tier is whole again.
const WHOLE_MAX: Duration = Duration::from_secs(60);

/// How much the tier promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Promise {
    /// The recommended deployment: every write is counted on a replica before it is called safe.
    Counted,
    /// The negative control: replicas follow when they can.
    Hoped,
}

/// What runs on one host.
#[derive(Debug, Default)]
pub struct Site {
    /// The gateway.
    pub node: Option<Process>,
    /// The Redis server.
    pub redis: Option<Process>,
    sentinel: Option<Process>,
}

/// The cluster.
#[derive(Debug)]
pub struct Cluster {
    network: Network,
    folder: PathBuf,
    gateway: PathBuf,
    promise: Promise,
    /// What runs on each host.
    pub sites: Vec<Site>,
}

impl Cluster {
    /// Starts everything; the first host has the primary.
    ///
    /// # Errors
    /// When something cannot be started.
    pub async fn start(
        folder: &Path,
        gateway: &Path,
        promise: Promise,
        clients: &[&str],
    ) -> Result<Self> {
        let names: Vec<&str> = ["h1", "h2", "h3"].iter().chain(clients).copied().collect();
        let mut cluster = Self {
            network: Network::create(folder, &names)?,
            folder: folder.to_owned(),
            gateway: gateway.to_owned(),
            promise,
            sites: (0..NODES).map(|_| Site::default()).collect(),
        };
        let key: [u8; 32] = rand::random();
        fs::write(folder.join("identity.key"), key)?;
        for host in 0..NODES {
            cluster.start_redis(host)?;
        }
        cluster.wait_until_whole().await?;
        for host in 0..NODES {
            cluster.write_sentinel(host)?;
            cluster.start_sentinel(host)?;
        }
        for host in 0..NODES {
            cluster.start_node(host)?;
        }
        Ok(cluster)
    }

    /// The network.
    #[must_use]
    pub const fn network(&self) -> &Network {
        &self.network
    }

    /// A host of the cluster or of clients.
    #[must_use]
    pub fn host(&self, host: usize) -> &Host {
        &self.network.hosts()[host]
    }

    /// Where logs of processes and records of clients go.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where a gateway listens.
    #[must_use]
    pub fn url(&self, host: usize) -> String {
        format!("https://{}:{PUBLIC_PORT}", self.host(host).address)
    }

    /// Starts what does not run, after a fault.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start_what_is_down(&mut self) -> Result<()> {
        for host in 0..NODES {
            let site = &mut self.sites[host];
            let gone =
                |process: &mut Option<Process>| process.as_mut().is_none_or(Process::has_ended);
            let down = [
                gone(&mut site.redis),
                gone(&mut site.sentinel),
                gone(&mut site.node),
            ];
            if down[0] {
                unless_full(self.start_redis(host))?;
            }
            if down[1] {
                unless_full(self.start_sentinel(host))?;
            }
            if down[2] {
                unless_full(self.start_node(host))?;
            }
        }
        Ok(())
    }

    /// Starts a Redis server; one that has data follows whom Sentinel tells it to.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start_redis(&mut self, host: usize) -> Result<()> {
        let place = self.host(host).clone();
        let file = place.disk.join("redis.conf");
        if !file.exists() {
            let first = self.host(0).address;
            let (replicas, sync) = match self.promise {
                Promise::Counted => (1, "always"),
                Promise::Hoped => (0, "always"),
            };
            let mut text = format!(
                "bind {}\nport {REDIS_PORT}\nprotected-mode no\nappendonly yes\nappendfsync {sync}\n\
                 min-replicas-to-write {replicas}\nmin-replicas-max-lag {LAG_MAX_S}\n\
                 repl-ping-replica-period 1\nrepl-timeout 5\nrepl-diskless-sync yes\n\
                 repl-diskless-sync-delay 0\nsave \"\"\nmaxmemory-policy noeviction\n",
                place.address
            );
            if host != 0 {
                text.push_str(&format!("replicaof {first} {REDIS_PORT}\n"));
            }
            fs::write(&file, text)?;
        }
        let process = self.process(
            host,
            "redis",
            Path::new("redis-server"),
            &["redis.conf"],
            &[],
        )?;
        self.sites[host].redis = Some(process);
        Ok(())
    }

    fn write_sentinel(&self, host: usize) -> Result<()> {
        let place = self.host(host);
        let text = format!(
            "bind {}\nport {SENTINEL_PORT}\nprotected-mode no\n\
             sentinel monitor callbox {} {REDIS_PORT} 2\n\
             sentinel down-after-milliseconds callbox 1000\n\
             sentinel failover-timeout callbox 5000\nsentinel parallel-syncs callbox 1\n",
            place.address,
            self.host(0).address
        );
        Ok(fs::write(place.disk.join("sentinel.conf"), text)?)
    }

    fn start_sentinel(&mut self, host: usize) -> Result<()> {
        let program = Path::new("redis-server");
        let arguments = ["sentinel.conf", "--sentinel"];
        let process = self.process(host, "sentinel", program, &arguments, &[])?;
        self.sites[host].sentinel = Some(process);
        Ok(())
    }

    /// Starts a gateway; its clock follows a file.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start_node(&mut self, host: usize) -> Result<()> {
        let place = self.host(host).clone();
        let file = place.disk.join("callbox.toml");
        if !file.exists() {
            fs::write(&file, self.node_configuration(host))?;
            self.set_clock(host, 0)?;
        }
        let clock = self.clock(host).display().to_string();
        let environment = [
            ("LD_PRELOAD", faketime()?.display().to_string()),
            ("FAKETIME_TIMESTAMP_FILE", clock),
            ("FAKETIME_NO_CACHE", "1".to_owned()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value));
        let gateway = self.gateway.clone();
        let arguments = ["serve", "--config", "callbox.toml"];
        let process = self.process(host, "node", &gateway, &arguments, &environment)?;
        self.sites[host].node = Some(process);
        Ok(())
    }

    /// Sets a node's wall clock off by some seconds.
    ///
    /// # Errors
    /// When the run's own disk refuses.
    pub fn set_clock(&self, host: usize, seconds: i64) -> Result<()> {
        let file = self.clock(host);
        let next = file.with_extension("next");
        fs::write(&next, format!("{seconds:+}\n"))?;
        Ok(fs::rename(next, file)?)
    }

    /// Where a node reads its clock: outside of its host's disk, which may be full when the clock moves.
    fn clock(&self, host: usize) -> PathBuf {
        self.folder.join(format!("clock-{}", host + 1))
    }

    fn node_configuration(&self, host: usize) -> String {
        let place = self.host(host);
        let address = place.address;
        let key = self.folder.join("identity.key");
        let sentinels: Vec<String> = (0..NODES)
            .map(|host| format!("{}:{SENTINEL_PORT}", self.host(host).address))
            .collect();
        let wait = match self.promise {
            Promise::Counted => 1,
            Promise::Hoped => 0,
        };
        let person = |name: &str, role: &str| {
            format!("{{ name = \"{name}\", role = \"{role}\", passphrase = \"demo-{name}-911\" }}")
        };
        let mut users: Vec<String> = STAFF.map(|name| person(name, "telecommunicator")).into();
        users.push(person(SUPERVISOR, "supervisor"));
        format!(
            "[server]\nlisten = \"{address}:{PUBLIC_PORT}\"\ndrain_s = 2\n\
             [server.tls]\nmode = \"self-signed\"\nself_signed_names = [\"{address}\"]\n\
             [media]\nlisten = \"{address}:8913\"\n\
             [storage]\ndata_dir = \"{disk}/data\"\nevidence_dir = \"{evidence}\"\n\
             [identity]\nkey_file = \"{key}\"\n\
             [node]\nname = \"h{number}\"\n\
             [backbone]\nurl = \"redis+sentinel://{sentinels}/callbox\"\nwait_replicas = {wait}\n\
             [agency.demo]\nenabled = true\nallow_remote = true\nusers = [{users}]\n\
             [session]\nresume_grace_s = 600\n\
             [log]\nformat = \"json\"\nfilter = \"info\"\n",
            disk = place.disk.display(),
            evidence = self.folder.join("evidence").display(),
            key = key.display(),
            number = host + 1,
            sentinels = sentinels.join(","),
            users = users.join(", "),
        )
    }

    fn process(
        &self,
        host: usize,
        what: &str,
        program: &Path,
        arguments: &[&str],
        environment: &[(String, String)],
    ) -> Result<Process> {
        let name = format!("{what}-{}", host + 1);
        let arguments: Vec<String> = arguments.iter().map(|a| (*a).to_owned()).collect();
        let place = self.host(host);
        Process::start(place, &name, &self.folder, program, &arguments, environment)
    }

    /// The host that has the primary, if the tier is whole: one primary, and both replicas follow it closely.
    #[must_use]
    pub fn primary_if_whole(&self) -> Option<usize> {
        let told = (0..NODES).map(|host| self.replication(host));
        primary_of_whole(&told.collect::<Result<Vec<_>>>().ok()?)
    }

    /// Waits until the tier is whole.
    ///
    /// # Errors
    /// When it takes too long.
    pub async fn wait_until_whole(&self) -> Result<usize> {
        let begun = Instant::now();
        loop {
            if let Some(primary) = self.primary_if_whole() {
                return Ok(primary);
            }
            if begun.elapsed() > WHOLE_MAX {
                let told: Vec<_> = (0..NODES).map(|host| self.replication(host)).collect();
                bail!("the tier is not whole after {WHOLE_MAX:?}: {told:?}");
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    fn replication(&self, host: usize) -> Result<String> {
        let place = self.host(host);
        let address = place.address.to_string();
        let port = REDIS_PORT.to_string();
        run(Command::new("timeout").args([
            "2",
            "ip",
            "netns",
            "exec",
            &place.namespace,
            "redis-cli",
            "-h",
            &address,
            "-p",
            &port,
            "info",
            "replication",
        ]))
    }
}

/// The library that moves a process's wall clock (Debian: libfaketime).
fn faketime() -> Result<PathBuf> {
    let places = fs::read_dir("/usr/lib")?
        .flatten()
        .map(|entry| entry.path());
    places
        .map(|place| place.join("faketime/libfaketimeMT.so.1"))
        .find(|library| library.is_file())
        .context("libfaketime is missing: apt-get install libfaketime")
}

/// What cannot be started because its disk is full is started when that fault ends.
fn unless_full(started: Result<()>) -> Result<()> {
    match started {
        Err(error)
            if error
                .downcast_ref::<std::io::Error>()
                .is_some_and(|error| error.kind() == std::io::ErrorKind::StorageFull) =>
        {
            Ok(())
        }
        started => started,
    }
}
