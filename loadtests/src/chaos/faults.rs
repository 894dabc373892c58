//! Faults: which, when, for how long; doing and undoing them.
//!
//! Owns: the choice, from a seed. Must not: judge. Called by: `mod`.
//!
//! Faults of nodes, of clients' links and of a single Sentinel overlap freely. A fault of the tier (a Redis server, its links) begins only
//! when the tier is whole: losing two parts of it at once is beyond what `safe` promises.
//!
//! A fault that does not take hold ends the run: it would prove nothing (`evidence`).

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{Rng as _, SeedableRng as _};

use super::cluster::{Cluster, NODES, Part, Site};
use super::evidence::{self, Tracer};

/// Longest and shortest fault.
const LASTS_MS: std::ops::Range<u64> = 800..6_000;
/// Pause between the beginnings of two faults.
const PAUSE_MS: std::ops::Range<u64> = 500..2_500;
/// Seconds of a clock step: two hours.
const CLOCK_STEP_S: i64 = 7_200;
/// Left free on a disk that is filled: less than any write needs.
const CHUNK: usize = 1 << 20;
/// Kinds of faults.
const KINDS: usize = 21;
/// With fewer faults to come, one more of each kind is added: those of the tier, which have to wait, are not left for the end.
const TO_COME_MIN: usize = 10;
/// Longest wait for another primary after a disk was lost.
const PROMOTED_MAX: Duration = Duration::from_secs(90);

/// One kind of fault, with where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// `kill -9` of a gateway.
    KillNode(usize),
    /// SIGSTOP of a gateway.
    FreezeNode(usize),
    /// The wall clock of a gateway jumps.
    StepClock(usize, i64),
    /// A gateway is cut off from the tier, and its syncs take a second: it syncs only what it keeps by itself.
    SlowSync(usize),
    /// The same, and its syncs fail.
    FailSync(usize),
    /// A gateway is cut off from every server and Sentinel; clients still reach it.
    CutNode(usize),
    /// A link between clients and a gateway is cut.
    CutClients(usize, usize),
    /// `kill -9` of a Sentinel.
    KillSentinel(usize),
    /// SIGSTOP of a Sentinel.
    FreezeSentinel(usize),
    /// A gateway is cut off from the server and the Sentinel of one host, which may be its own.
    CutNodeFrom(usize, usize),
    /// A host's disk is full: for its gateway and its Redis server.
    FullDisk(usize),
    /// `kill -9` of a Redis server.
    KillRedis(usize),
    /// SIGSTOP of a Redis server.
    FreezeRedis(usize),
    /// Syncs of a Redis server take half a second.
    SlowRedisSync(usize),
    /// Syncs of a Redis server fail.
    FailRedisSync(usize),
    /// The wall clock of a Redis server jumps.
    StepRedisClock(usize, i64),
    /// A link between two hosts is cut.
    CutHosts(usize, usize),
    /// What a server and a Sentinel send to those of another host is gone; the other way is whole.
    CutOneWay(usize, usize),
    /// A host is cut from the two others; clients still reach it.
    Isolate(usize),
    /// Everything on a host is killed.
    KillHost(usize),
    /// The same, and what its Redis server had on disk is gone. A node's own store is not: what it alone has is `stored`, until it is back.
    LoseDisk(usize),
}

impl Fault {
    /// Whether it touches the tier.
    #[must_use]
    pub const fn is_of_tier(self) -> bool {
        !matches!(
            self,
            Self::KillNode(_)
                | Self::FreezeNode(_)
                | Self::StepClock(..)
                | Self::SlowSync(_)
                | Self::FailSync(_)
                | Self::CutNode(_)
                | Self::CutClients(..)
                | Self::KillSentinel(_)
                | Self::FreezeSentinel(_)
        )
    }

    /// Whether it keeps a part of a host from being started.
    const fn holds(self, host: usize, part: Part) -> bool {
        match self {
            Self::KillNode(of) => of == host && matches!(part, Part::Node),
            Self::KillSentinel(of) => of == host && matches!(part, Part::Sentinel),
            Self::KillRedis(of) => of == host && matches!(part, Part::Redis),
            Self::KillHost(of) | Self::LoseDisk(of) => of == host,
            _ => false,
        }
    }

    /// Whose syncs it takes hold of: a process has one tracer.
    const fn traces(self) -> Option<(usize, Part)> {
        match self {
            Self::SlowSync(host) | Self::FailSync(host) => Some((host, Part::Node)),
            Self::SlowRedisSync(host) | Self::FailRedisSync(host) => Some((host, Part::Redis)),
            _ => None,
        }
    }

    /// Whose clock it moves, and by how much.
    const fn steps(self) -> Option<(usize, Part, i64)> {
        match self {
            Self::StepClock(host, by) => Some((host, Part::Node, by)),
            Self::StepRedisClock(host, by) => Some((host, Part::Redis, by)),
            _ => None,
        }
    }

    /// Whether it cannot be made while the other one lasts.
    fn clashes_with(self, other: Self) -> bool {
        let same_clock = match (self.steps(), other.steps()) {
            (Some((host, part, _)), Some((of, its, _))) => host == of && part == its,
            _ => false,
        };
        let same_syncs = self.traces().is_some() && self.traces() == other.traces();
        self == other || same_clock || same_syncs
    }

    /// One of each kind, each somewhere.
    fn each(random: &mut StdRng, clients: usize) -> Vec<Self> {
        let mut each: Vec<_> = (0..KINDS)
            .map(|kind| Self::any(kind, random, clients))
            .collect();
        each.shuffle(random);
        each
    }

    fn any(kind: usize, random: &mut StdRng, clients: usize) -> Self {
        let host = random.random_range(0..NODES);
        let other = (host + random.random_range(1..NODES)) % NODES;
        let any = random.random_range(0..NODES);
        let client = Cluster::client(random.random_range(0..clients));
        let step = if random.random() {
            CLOCK_STEP_S
        } else {
            -CLOCK_STEP_S
        };
        let all: [Self; KINDS] = [
            Self::KillNode(host),
            Self::FreezeNode(host),
            Self::StepClock(host, step),
            Self::SlowSync(host),
            Self::FailSync(host),
            Self::CutNode(host),
            Self::CutClients(client, host),
            Self::KillSentinel(host),
            Self::FreezeSentinel(host),
            Self::CutNodeFrom(host, any),
            Self::KillRedis(host),
            Self::FreezeRedis(host),
            Self::SlowRedisSync(host),
            Self::FailRedisSync(host),
            Self::StepRedisClock(host, step),
            Self::FullDisk(host),
            Self::CutHosts(host, other),
            Self::CutOneWay(host, other),
            Self::Isolate(host),
            Self::KillHost(host),
            Self::LoseDisk(host),
        ];
        all[kind]
    }

    /// Whether it can be undone, once its time is over. A disk is not replaced in a second: the tier has another primary by then.
    fn may_end(self, cluster: &Cluster) -> bool {
        match self {
            Self::LoseDisk(host) => cluster.primary_besides(host).is_some(),
            _ => true,
        }
    }
}

/// A fault that lasts.
#[derive(Debug)]
struct Active {
    fault: Fault,
    until: Instant,
    tracer: Option<Tracer>,
}

/// Makes faults from a seed.
#[derive(Debug)]
pub struct Storm {
    random: StdRng,
    clients: usize,
    /// In their order; the first one that can be made is.
    to_come: VecDeque<Fault>,
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
            to_come: VecDeque::new(),
            active: Vec::new(),
            done: Vec::new(),
            next: Instant::now(),
        }
    }

    /// Undoes what is over, and begins the next one if it is time.
    ///
    /// # Errors
    /// When the system refuses, or a fault did not take hold.
    pub async fn blow(&mut self, cluster: &mut Cluster) -> Result<()> {
        let now = Instant::now();
        let is_over = |active: &mut Active| active.until <= now && active.fault.may_end(cluster);
        let over: Vec<Active> = self.active.extract_if(.., is_over).collect();
        for active in over {
            self.undo(active, cluster)?;
        }
        if now < self.next {
            return Ok(());
        }
        let Some(fault) = self.next_fault(cluster) else {
            return Ok(());
        };
        let lasts = Duration::from_millis(self.random.random_range(LASTS_MS));
        self.next = now + Duration::from_millis(self.random.random_range(PAUSE_MS));
        eprintln!(
            "  {:>3}. {fault:?} for {:.1} s",
            self.done.len() + 1,
            lasts.as_secs_f64()
        );
        let tracer = make(fault, cluster).await?;
        self.done.push(fault);
        self.active.push(Active {
            fault,
            until: now + lasts,
            tracer,
        });
        Ok(())
    }

    /// The first one to come that does not clash with what lasts.
    fn next_fault(&mut self, cluster: &Cluster) -> Option<Fault> {
        if self.to_come.len() < TO_COME_MIN {
            let each = Fault::each(&mut self.random, self.clients);
            self.to_come.extend(each);
        }
        let active: Vec<Fault> = self.active.iter().map(|active| active.fault).collect();
        let tier = !active.iter().any(|fault| fault.is_of_tier())
            && self.to_come.iter().any(|fault| fault.is_of_tier())
            && cluster.primary_if_whole().is_some();
        let can_be_made = |fault: &Fault| {
            (tier || !fault.is_of_tier()) && !active.iter().any(|other| fault.clashes_with(*other))
        };
        let place = self.to_come.iter().position(can_be_made)?;
        self.to_come.remove(place)
    }

    /// Lets every fault last its time, and ends it.
    ///
    /// # Errors
    /// When the system refuses, or a fault did not take hold.
    pub async fn calm(&mut self, cluster: &mut Cluster) -> Result<()> {
        let begun = Instant::now();
        while let Some(active) = self.active.pop() {
            tokio::time::sleep_until(active.until.into()).await;
            while !active.fault.may_end(cluster) {
                ensure!(begun.elapsed() < PROMOTED_MAX, "nobody was promoted");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            self.undo(active, cluster)?;
        }
        cluster.start_what_is_down(|_, _| false)
    }

    fn undo(&self, active: Active, cluster: &mut Cluster) -> Result<()> {
        let fault = active.fault;
        if let Some(tracer) = active.tracer {
            tracer
                .end()
                .with_context(|| format!("{fault:?} did not take hold"))?;
        }
        mend(fault, cluster).with_context(|| format!("{fault:?}"))?;
        let others: Vec<Fault> = self.active.iter().map(|active| active.fault).collect();
        cluster.start_what_is_down(|host, part| others.iter().any(|f| f.holds(host, part)))
    }
}

/// Makes a fault.
///
/// # Errors
/// When the system refuses.
pub async fn make(fault: Fault, cluster: &mut Cluster) -> Result<Option<Tracer>> {
    match fault {
        Fault::KillNode(host) => cluster.sites[host].node = None,
        Fault::KillSentinel(host) => cluster.sites[host].sentinel = None,
        Fault::KillRedis(host) => cluster.sites[host].redis = None,
        Fault::FreezeNode(host) => freeze(cluster, host, Part::Node, true),
        Fault::FreezeSentinel(host) => freeze(cluster, host, Part::Sentinel, true),
        Fault::FreezeRedis(host) => freeze(cluster, host, Part::Redis, true),
        Fault::StepClock(host, by) => cluster.set_clock(host, Part::Node, by)?,
        Fault::StepRedisClock(host, by) => cluster.set_clock(host, Part::Redis, by)?,
        Fault::SlowSync(host) => {
            cut_off(cluster, host, true)?;
            return Tracer::begin(cluster, host, Part::Node, "delay_enter=1000000").await;
        }
        Fault::FailSync(host) => {
            cut_off(cluster, host, true)?;
            return Tracer::begin(cluster, host, Part::Node, "error=EIO").await;
        }
        Fault::SlowRedisSync(host) => {
            return Tracer::begin(cluster, host, Part::Redis, "delay_enter=500000").await;
        }
        Fault::FailRedisSync(host) => {
            return Tracer::begin(cluster, host, Part::Redis, "error=EIO").await;
        }
        Fault::CutNode(host) => cut_off(cluster, host, true)?,
        Fault::FullDisk(host) => fill(cluster, host)?,
        Fault::CutClients(client, host) => {
            cluster.network().cut(client, Cluster::gateway_of(host))?;
        }
        Fault::CutNodeFrom(host, other) => {
            cluster.network().cut(Cluster::gateway_of(host), other)?;
        }
        Fault::CutHosts(a, b) => cluster.cut_hosts(a, b, true)?,
        Fault::CutOneWay(from, to) => cluster.network().cut_way(from, to)?,
        Fault::Isolate(host) => {
            for other in (0..NODES).filter(|other| *other != host) {
                cluster.cut_hosts(host, other, true)?;
            }
        }
        Fault::KillHost(host) => cluster.sites[host] = Site::default(),
        Fault::LoseDisk(host) => {
            let primary = cluster.primary_if_whole() == Some(host);
            cluster.sites[host] = Site::default();
            cluster.lose_redis_data(host)?;
            // What starts servers by itself tries at once: an empty primary would have its replicas forget everything.
            ensure!(
                !primary || !cluster.may_start_redis(host)?,
                "a primary that lost its disk may start"
            );
        }
    }
    Ok(None)
}

/// Mends what it broke.
///
/// # Errors
/// When the system refuses, or it did not take hold.
pub fn mend(fault: Fault, cluster: &mut Cluster) -> Result<()> {
    match fault {
        Fault::FreezeNode(host) => freeze(cluster, host, Part::Node, false),
        Fault::FreezeSentinel(host) => freeze(cluster, host, Part::Sentinel, false),
        Fault::FreezeRedis(host) => freeze(cluster, host, Part::Redis, false),
        Fault::StepClock(host, by) => {
            evidence::clock_was_off(cluster, host, Part::Node, by)?;
            cluster.set_clock(host, Part::Node, 0)?;
        }
        Fault::StepRedisClock(host, by) => {
            evidence::clock_was_off(cluster, host, Part::Redis, by)?;
            cluster.set_clock(host, Part::Redis, 0)?;
        }
        Fault::FullDisk(host) => match fs::remove_file(cluster.host(host).disk.join("full")) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        },
        Fault::SlowSync(host) | Fault::FailSync(host) | Fault::CutNode(host) => {
            cut_off(cluster, host, false)?;
        }
        Fault::CutClients(client, host) => {
            cluster.network().mend(client, Cluster::gateway_of(host))?;
        }
        Fault::CutNodeFrom(host, other) => {
            cluster.network().mend(Cluster::gateway_of(host), other)?;
        }
        Fault::CutHosts(a, b) => cluster.cut_hosts(a, b, false)?,
        Fault::CutOneWay(from, to) => cluster.network().mend_way(from, to)?,
        Fault::Isolate(host) => {
            for other in (0..NODES).filter(|other| *other != host) {
                cluster.cut_hosts(host, other, false)?;
            }
        }
        Fault::LoseDisk(host) => {
            // As an operator does it: the new disk's server copies whoever is the primary now.
            let primary = cluster.primary_besides(host).context("a primary")?;
            let primary = cluster.host(primary).address;
            cluster.write_redis(host, Some(primary))?;
        }
        Fault::KillNode(_)
        | Fault::KillSentinel(_)
        | Fault::KillRedis(_)
        | Fault::KillHost(_)
        | Fault::SlowRedisSync(_)
        | Fault::FailRedisSync(_) => {}
    }
    Ok(())
}

/// Cuts a gateway off from every server and Sentinel, or mends that.
fn cut_off(cluster: &mut Cluster, host: usize, cut: bool) -> Result<()> {
    let gateway = Cluster::gateway_of(host);
    for server in 0..NODES {
        if cut {
            cluster.network().cut(gateway, server)?;
        } else {
            cluster.network().mend(gateway, server)?;
        }
    }
    Ok(())
}

/// One that has ended meanwhile cannot be frozen, and needs not be.
fn freeze(cluster: &mut Cluster, host: usize, part: Part, frozen: bool) {
    if let Some(process) = cluster.sites[host].part(part) {
        process.freeze(frozen).ok();
    }
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
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn one_clock_and_one_processs_syncs_are_moved_by_one_fault_at_a_time() {
        let (ahead, back) = (CLOCK_STEP_S, -CLOCK_STEP_S);
        assert!(Fault::StepClock(0, ahead).clashes_with(Fault::StepClock(0, back)));
        assert!(!Fault::StepClock(0, ahead).clashes_with(Fault::StepClock(1, ahead)));
        assert!(!Fault::StepClock(0, ahead).clashes_with(Fault::StepRedisClock(0, ahead)));
        assert!(Fault::SlowSync(0).clashes_with(Fault::FailSync(0)));
        assert!(!Fault::SlowSync(0).clashes_with(Fault::FailRedisSync(0)));
        assert!(!Fault::KillNode(0).clashes_with(Fault::KillRedis(0)));
    }

    #[test]
    fn what_a_fault_has_killed_stays_down_while_it_lasts() {
        assert!(Fault::LoseDisk(1).holds(1, Part::Redis));
        assert!(!Fault::LoseDisk(1).holds(0, Part::Redis));
        assert!(!Fault::KillNode(1).holds(1, Part::Redis));
    }

    #[test]
    fn the_same_seed_brings_the_same_faults_and_each_kind_comes() {
        let faults = |seed| Fault::each(&mut StdRng::seed_from_u64(seed), 2);
        assert_eq!(faults(1), faults(1));
        assert_ne!(faults(1), faults(2));
        let each = faults(3);
        let kinds: HashSet<_> = each.iter().map(std::mem::discriminant).collect();
        assert_eq!(kinds.len(), KINDS);
    }
}
