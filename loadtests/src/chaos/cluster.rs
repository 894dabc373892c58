//! The cluster of a chaos run: on each of three hosts a Redis server, a Sentinel and a gateway, set up as they are shipped.
//!
//! Owns: what differs from what is shipped, starting them again after a fault, and asking whether the tier is whole. Must not: choose
//! faults. Called by: `faults`, `mod`.
//!
//! The gateway of a host has an address of its own, so that it can be cut off from a server beside it; the disk is the host's.

use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::redis::primary_of_whole;
use crate::shipped;

use super::hosts::{Host, Network, Process, run};

/// Hosts that carry the cluster; the addresses of their gateways follow after them, then clients' hosts.
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

/// A program of a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The gateway.
    Node,
    /// The Redis server.
    Redis,
    /// The Sentinel beside it.
    Sentinel,
}

/// What runs on one host.
#[derive(Debug, Default)]
pub struct Site {
    /// The gateway.
    pub node: Option<Process>,
    /// The Redis server.
    pub redis: Option<Process>,
    /// The Sentinel beside it.
    pub sentinel: Option<Process>,
}

impl Site {
    /// The process of a part, if it was started.
    pub fn part(&mut self, part: Part) -> &mut Option<Process> {
        match part {
            Part::Node => &mut self.node,
            Part::Redis => &mut self.redis,
            Part::Sentinel => &mut self.sentinel,
        }
    }

    /// The process of a part while it runs.
    pub fn running(&mut self, part: Part) -> Option<&mut Process> {
        let process = self.part(part).as_mut()?;
        (!process.has_ended()).then_some(process)
    }
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
        let hosts = [("h1", "h1"), ("h2", "h2"), ("h3", "h3")];
        let gateways = [("g1", "h1"), ("g2", "h2"), ("g3", "h3")];
        let clients = clients.iter().map(|name| (*name, *name));
        let names: Vec<_> = hosts.into_iter().chain(gateways).chain(clients).collect();
        let mut cluster = Self {
            network: Network::create(folder, &names)?,
            folder: folder.to_owned(),
            gateway: gateway.to_owned(),
            promise,
            sites: (0..NODES).map(|_| Site::default()).collect(),
        };
        for host in 0..NODES {
            cluster.set_clock(host, Part::Node, 0)?;
            cluster.set_clock(host, Part::Redis, 0)?;
        }
        let key: [u8; 32] = rand::random();
        fs::write(folder.join("identity.key"), key)?;
        fs::write(cluster.guard(), shipped::MAY_START)?;
        let first = cluster.host(0).address;
        for host in 0..NODES {
            cluster.write_redis(host, (host != 0).then_some(first))?;
            if host == 0 {
                // As an operator does it, once.
                fs::write(cluster.redis_data(host).join(shipped::FIRST_START), "")?;
            }
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
    pub const fn network(&mut self) -> &mut Network {
        &mut self.network
    }

    /// The address of a host's gateway, as a host of the network.
    #[must_use]
    pub const fn gateway_of(host: usize) -> usize {
        NODES + host
    }

    /// A host of clients.
    #[must_use]
    pub const fn client(side: usize) -> usize {
        2 * NODES + side
    }

    /// Cuts whatever goes from one host to another, both ways, or mends it.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn cut_hosts(&mut self, a: usize, b: usize, cut: bool) -> Result<()> {
        let (gateway_a, gateway_b) = (Self::gateway_of(a), Self::gateway_of(b));
        for (one, other) in [
            (a, b),
            (gateway_a, b),
            (a, gateway_b),
            (gateway_a, gateway_b),
        ] {
            if cut {
                self.network.cut(one, other)?;
            } else {
                self.network.mend(one, other)?;
            }
        }
        Ok(())
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
        let address = self.host(Self::gateway_of(host)).address;
        format!("https://{address}:{PUBLIC_PORT}")
    }

    /// Starts what does not run, after a fault, except for what other faults hold down.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start_what_is_down(&mut self, held: impl Fn(usize, Part) -> bool) -> Result<()> {
        for host in 0..NODES {
            for part in [Part::Redis, Part::Sentinel, Part::Node] {
                if held(host, part) || self.sites[host].running(part).is_some() {
                    continue;
                }
                unless_full(match part {
                    Part::Redis => self.start_redis(host),
                    Part::Sentinel => self.start_sentinel(host),
                    Part::Node => self.start_node(host),
                })?;
            }
        }
        Ok(())
    }

    /// Starts a Redis server, if the guard lets it; one that has data follows whom Sentinel tells it to.
    ///
    /// # Errors
    /// When it cannot be started.
    fn start_redis(&mut self, host: usize) -> Result<()> {
        if !self.may_start_redis(host)? {
            return Ok(());
        }
        // The allocator of Debian's server asks for the time before the clock's library is ready: with libc in front it is not used.
        let preload = format!("{} libc.so.6", faketime()?.display());
        let mut environment = self.clock_of(host, Part::Redis, preload);
        environment.push(("FAKETIME_CACHE_DURATION".to_owned(), "1".to_owned()));
        let program = Path::new("redis-server");
        let process = self.process(host, Part::Redis, program, &["redis.conf"], &environment)?;
        self.sites[host].redis = Some(process);
        Ok(())
    }

    /// What `deploy/redis-may-start` answers, which is asked before each start.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub fn may_start_redis(&self, host: usize) -> Result<bool> {
        let mut guard = Command::new("sh");
        guard.arg(self.guard()).arg("redis.conf");
        guard.current_dir(&self.host(host).disk);
        Ok(guard.output()?.status.success())
    }

    fn guard(&self) -> PathBuf {
        self.folder.join("redis-may-start")
    }

    fn redis_data(&self, host: usize) -> PathBuf {
        self.host(host).disk.join("redis")
    }

    /// Loses what a host's Redis server has on disk. Its file lies elsewhere, with the system.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn lose_redis_data(&self, host: usize) -> Result<()> {
        let data = self.redis_data(host);
        fs::remove_dir_all(&data)?;
        Ok(fs::create_dir(&data)?)
    }

    /// Sets a host's Redis server up, as a copy of this one or as the first one.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn write_redis(&self, host: usize, primary: Option<Ipv4Addr>) -> Result<()> {
        let place = self.host(host);
        fs::create_dir_all(self.redis_data(host))?;
        let mut own = format!(
            "bind {}\nport {REDIS_PORT}\ndir ./redis\n\
             # Nobody else is in this network, and users have a test of their own.\nprotected-mode no\n\
             # Else a replica that comes back waits five seconds for others to copy together with it.\n\
             repl-diskless-sync-delay 0\n",
            place.address
        );
        if self.promise == Promise::Hoped {
            own.push_str("min-replicas-to-write 0\n");
        }
        if let Some(primary) = primary {
            own.push_str(&format!("replicaof {primary} {REDIS_PORT}\n"));
        }
        Ok(fs::write(
            place.disk.join("redis.conf"),
            shipped::server(&own),
        )?)
    }

    fn write_sentinel(&self, host: usize) -> Result<()> {
        let place = self.host(host);
        let primary = self.host(0).address.to_string();
        let own = format!("bind {}\nprotected-mode no\n", place.address);
        let text = shipped::sentinel(&primary, REDIS_PORT, &own)?;
        Ok(fs::write(place.disk.join("sentinel.conf"), text)?)
    }

    fn start_sentinel(&mut self, host: usize) -> Result<()> {
        let program = Path::new("redis-server");
        let arguments = ["sentinel.conf", "--sentinel"];
        let process = self.process(host, Part::Sentinel, program, &arguments, &[])?;
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
            fs::write(&file, shipped::node(&self.node_configuration(host))?)?;
        }
        let preload = faketime()?.display().to_string();
        let mut environment = self.clock_of(host, Part::Node, preload);
        environment.push(("FAKETIME_NO_CACHE".to_owned(), "1".to_owned()));
        let gateway = self.gateway.clone();
        let arguments = ["serve", "--config", "callbox.toml"];
        let process = self.process(host, Part::Node, &gateway, &arguments, &environment)?;
        self.sites[host].node = Some(process);
        Ok(())
    }

    /// Sets a program's wall clock off by some seconds.
    ///
    /// # Errors
    /// When the run's own disk refuses.
    pub fn set_clock(&self, host: usize, part: Part, seconds: i64) -> Result<()> {
        let file = self.clock(host, part);
        let next = file.with_extension("next");
        fs::write(&next, format!("{seconds:+}\n"))?;
        Ok(fs::rename(next, file)?)
    }

    /// Where a program reads its clock: outside of its host's disk, which may be full when the clock moves.
    fn clock(&self, host: usize, part: Part) -> PathBuf {
        self.folder.join(format!("clock-{part:?}-{}", host + 1))
    }

    fn clock_of(&self, host: usize, part: Part, preload: String) -> Vec<(String, String)> {
        let clock = self.clock(host, part);
        [
            ("LD_PRELOAD", preload),
            ("FAKETIME_TIMESTAMP_FILE", clock.display().to_string()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }

    fn node_configuration(&self, host: usize) -> String {
        let place = self.host(Self::gateway_of(host));
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
        part: Part,
        program: &Path,
        arguments: &[&str],
        environment: &[(String, String)],
    ) -> Result<Process> {
        let name = format!("{part:?}-{}", host + 1).to_lowercase();
        let arguments: Vec<String> = arguments.iter().map(|a| (*a).to_owned()).collect();
        let place = match part {
            Part::Node => Self::gateway_of(host),
            Part::Redis | Part::Sentinel => host,
        };
        let place = self.host(place);
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

    /// A primary on another host than this one, by its own word.
    #[must_use]
    pub fn primary_besides(&self, host: usize) -> Option<usize> {
        let mut others = (0..NODES).filter(|other| *other != host);
        others.find(|other| {
            let told = self.replication(*other);
            told.is_ok_and(|told| told.contains("role:master"))
        })
    }

    /// Seconds since 1970 by a Redis server's clock.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn redis_time(&self, host: usize) -> Result<i64> {
        let told = self.ask_redis(host, &["time"])?;
        let seconds = told.lines().next().context("an answer to TIME")?;
        Ok(seconds.trim().parse()?)
    }

    fn replication(&self, host: usize) -> Result<String> {
        self.ask_redis(host, &["info", "replication"])
    }

    fn ask_redis(&self, host: usize, words: &[&str]) -> Result<String> {
        let place = self.host(host);
        let (address, port) = (place.address.to_string(), REDIS_PORT.to_string());
        let inside = ["2", "ip", "netns", "exec", &place.namespace];
        let client = ["redis-cli", "-h", &address, "-p", &port];
        run(Command::new("timeout")
            .args(inside)
            .args(client)
            .args(words))
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
