//! Faults: which, when, for how long; doing and undoing them.
//!
//! Owns: the choice, from a seed. Must not: judge. Called by: `mod`.
//!
//! Faults of nodes and of clients' links overlap freely. A fault of the tier (a Redis server, the links between the three
//! hosts) begins only when the tier is whole: losing two parts of it at once is beyond what `safe` promises.

use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Result;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};

use super::cluster::{Cluster, NODES};

/// Longest and shortest fault.
const LASTS_MS: std::ops::Range<u64> = 800..6_000;
/// Pause between the beginnings of two faults.
const PAUSE_MS: std::ops::Range<u64> = 500..2_500;
/// Seconds of a clock step: two hours.
const CLOCK_STEP_S: i64 = 7_200;
/// Left free on a disk that is filled: less than any write needs.
const CHUNK: usize = 1 << 20;

/// One kind of fault, with where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// `kill -9` of a gateway.
    KillNode(usize),
    /// SIGSTOP of a gateway.
    FreezeNode(usize),
    /// The wall clock of a gateway jumps.
    StepClock(usize, i64),
    /// Syncs of a gateway take a second.
    SlowSync(usize),
    /// A host's disk is full: for its gateway and its Redis server.
    FullDisk(usize),
    /// A link between clients and a host is cut.
    CutClients(usize, usize),
    /// `kill -9` of a Redis server.
    KillRedis(usize),
    /// SIGSTOP of a Redis server.
    FreezeRedis(usize),
    /// Syncs of a Redis server take half a second.
    SlowRedisSync(usize),
    /// Syncs of a Redis server fail.
    FailRedisSync(usize),
    /// A link between two hosts is cut.
    CutHosts(usize, usize),
    /// A host is cut from the two others; clients still reach it.
    Isolate(usize),
    /// Everything on a host is killed.
    KillHost(usize),
}

impl Fault {
    /// Whether it touches the tier.
    #[must_use]
    pub const fn is_of_tier(self) -> bool {
        matches!(
            self,
            Self::KillRedis(_)
                | Self::FreezeRedis(_)
                | Self::SlowRedisSync(_)
                | Self::FailRedisSync(_)
                | Self::FullDisk(_)
                | Self::CutHosts(..)
                | Self::Isolate(_)
                | Self::KillHost(_)
        )
    }

    fn any(random: &mut StdRng, clients: usize) -> Self {
        let host = random.random_range(0..NODES);
        let other = (host + random.random_range(1..NODES)) % NODES;
        let client = NODES + random.random_range(0..clients);
        let step = if random.random() {
            CLOCK_STEP_S
        } else {
            -CLOCK_STEP_S
        };
        let all = [
            Self::KillNode(host),
            Self::KillNode(host),
            Self::FreezeNode(host),
            Self::StepClock(host, step),
            Self::SlowSync(host),
            Self::CutClients(client, host),
            Self::KillRedis(host),
            Self::FreezeRedis(host),
            Self::SlowRedisSync(host),
            Self::FailRedisSync(host),
            Self::FullDisk(host),
            Self::CutHosts(host, other),
            Self::Isolate(host),
            Self::KillHost(host),
        ];
        all.choose(random).copied().unwrap_or(Self::KillNode(host))
    }
}

/// A fault that lasts.
#[derive(Debug)]
struct Active {
    fault: Fault,
    until: Instant,
    tracer: Option<Child>,
}

/// Makes faults from a seed.
#[derive(Debug)]
pub struct Storm {
    random: StdRng,
    clients: usize,
    active: Vec<Active>,
    /// Faults so far.
    pub done: Vec<Fault>,
    next: Instant,
}

impl Storm {
    /// A storm over hosts and so many hosts of clients.
    #[must_use]
    pub fn new(seed: u64, clients: usize) -> Self {
        Self {
            random: StdRng::seed_from_u64(seed),
            clients,
            active: Vec::new(),
            done: Vec::new(),
            next: Instant::now(),
        }
    }

    /// Undoes what is over, and begins the next one if it is time.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn blow(&mut self, cluster: &mut Cluster) -> Result<()> {
        let now = Instant::now();
        let over: Vec<Active> = self.active.extract_if(.., |a| a.until <= now).collect();
        for active in over {
            undo(active, cluster)?;
        }
        if now < self.next {
            return Ok(());
        }
        let fault = Fault::any(&mut self.random, self.clients);
        let lasts = Duration::from_millis(self.random.random_range(LASTS_MS));
        self.next = now + Duration::from_millis(self.random.random_range(PAUSE_MS));
        let tier_hurts = self.active.iter().any(|active| active.fault.is_of_tier());
        if fault.is_of_tier() && (tier_hurts || cluster.primary_if_whole().is_none()) {
            return Ok(());
        }
        if self.active.iter().any(|active| active.fault == fault) {
            return Ok(());
        }
        eprintln!(
            "  {:>3}. {fault:?} for {:.1} s",
            self.done.len() + 1,
            lasts.as_secs_f64()
        );
        let tracer = make(fault, cluster)?;
        self.done.push(fault);
        self.active.push(Active {
            fault,
            until: now + lasts,
            tracer,
        });
        Ok(())
    }

    /// Ends every fault.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn calm(&mut self, cluster: &mut Cluster) -> Result<()> {
        for active in std::mem::take(&mut self.active) {
            undo(active, cluster)?;
        }
        cluster.start_what_is_down()
    }
}

/// Makes a fault.
///
/// # Errors
/// When the system refuses.
pub fn make(fault: Fault, cluster: &mut Cluster) -> Result<Option<Child>> {
    match fault {
        Fault::KillNode(host) => cluster.sites[host].node = None,
        Fault::FreezeNode(host) => freeze(cluster.sites[host].node.as_ref(), true),
        Fault::StepClock(host, seconds) => cluster.set_clock(host, seconds)?,
        Fault::SlowSync(host) => {
            let pid = cluster.sites[host].node.as_ref().map(|p| p.pid());
            return pid.map(|pid| trace(pid, "delay_enter=1000000")).transpose();
        }
        Fault::SlowRedisSync(host) => {
            let pid = cluster.sites[host].redis.as_ref().map(|p| p.pid());
            return pid.map(|pid| trace(pid, "delay_enter=500000")).transpose();
        }
        Fault::FailRedisSync(host) => {
            let pid = cluster.sites[host].redis.as_ref().map(|p| p.pid());
            return pid.map(|pid| trace(pid, "error=EIO")).transpose();
        }
        Fault::FullDisk(host) => fill(cluster, host)?,
        Fault::CutClients(a, b) | Fault::CutHosts(a, b) => cluster.network().cut(a, b)?,
        Fault::KillRedis(host) => cluster.sites[host].redis = None,
        Fault::FreezeRedis(host) => freeze(cluster.sites[host].redis.as_ref(), true),
        Fault::Isolate(host) => {
            for other in (0..NODES).filter(|other| *other != host) {
                cluster.network().cut(host, other)?;
            }
        }
        Fault::KillHost(host) => cluster.sites[host] = super::cluster::Site::default(),
    }
    Ok(None)
}

fn undo(active: Active, cluster: &mut Cluster) -> Result<()> {
    if let Some(mut tracer) = active.tracer {
        // It lets go of what it traces when it is asked to end; one that has ended is fine.
        if let Some(pid) = rustix::process::Pid::from_raw(tracer.id().cast_signed()) {
            rustix::process::kill_process(pid, rustix::process::Signal::INT).ok();
        }
        tracer.wait().ok();
    }
    match active.fault {
        Fault::FreezeNode(host) => freeze(cluster.sites[host].node.as_ref(), false),
        Fault::FreezeRedis(host) => freeze(cluster.sites[host].redis.as_ref(), false),
        Fault::StepClock(host, _) => cluster.set_clock(host, 0)?,
        Fault::FullDisk(host) => match fs::remove_file(cluster.host(host).disk.join("full")) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        },
        Fault::CutClients(a, b) | Fault::CutHosts(a, b) => cluster.network().mend(a, b)?,
        Fault::Isolate(host) => {
            for other in (0..NODES).filter(|other| *other != host) {
                cluster.network().mend(host, other)?;
            }
        }
        _ => {}
    }
    cluster.start_what_is_down()
}

/// One that has ended meanwhile cannot be frozen, and needs not be.
fn freeze(process: Option<&super::hosts::Process>, frozen: bool) {
    if let Some(process) = process {
        process.freeze(frozen).ok();
    }
}

/// Has the syncs of a process fail or take long.
fn trace(pid: u32, what: &str) -> Result<Child> {
    let child = Command::new("strace")
        .args(["-f", "-qq", "-o", "/dev/null", "-p", &pid.to_string()])
        .args(["-e", "trace=fsync,fdatasync"])
        .args(["-e", &format!("inject=fsync,fdatasync:{what}")])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    Ok(child)
}

/// Fills a host's disk.
fn fill(cluster: &Cluster, host: usize) -> Result<()> {
    let mut file = match File::create(cluster.host(host).disk.join("full")) {
        // What the servers wrote has filled it already.
        Err(error) if error.kind() == ErrorKind::StorageFull => return Ok(()),
        file => file?,
    };
    let mut chunk = vec![0u8; CHUNK];
    while !chunk.is_empty() {
        if file.write_all(&chunk).is_err() {
            chunk.truncate(chunk.len() / 2);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_chooses_the_same_faults() {
        let faults = |seed| {
            let mut random = StdRng::seed_from_u64(seed);
            (0..50)
                .map(|_| Fault::any(&mut random, 2))
                .collect::<Vec<_>>()
        };
        assert_eq!(faults(1), faults(1));
        assert_ne!(faults(1), faults(2));
    }

    #[test]
    fn every_kind_of_fault_comes() {
        let mut random = StdRng::seed_from_u64(3);
        let kinds: std::collections::HashSet<_> = (0..500)
            .map(|_| std::mem::discriminant(&Fault::any(&mut random, 2)))
            .collect();
        assert_eq!(kinds.len(), 13);
    }
}
