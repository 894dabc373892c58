//! Hosts of a chaos run: network namespaces on one bridge, and processes inside them.
//!
//! Owns: namespaces, links between every pair, disks of limited size, and processes that end with the run. Must not: know
//! what runs. Called by: `cluster`, `faults`.
//!
//! A cut is silent, as a broken network is: the neighbour's hardware address is replaced by one that nobody has, on one side or on
//! both. Nothing is refused, nothing is told; whatever was sent is gone. A link that was cut twice is whole once both cuts are mended.

use std::collections::HashMap;
use std::fs::{self, File};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

/// A hardware address that nobody has.
const NOBODY: &str = "02:00:00:00:00:ff";
/// Size of a host's disk: the log of a million commands and the next one that it is rewritten to, and filling it up must be quick.
const DISK: &str = "size=2g";

/// Namespaces on one bridge.
#[derive(Debug)]
pub struct Network {
    prefix: String,
    hosts: Vec<Host>,
    /// How many faults hold each way from a host to another one cut.
    cuts: HashMap<(usize, usize), usize>,
}

/// One host.
#[derive(Debug, Clone)]
pub struct Host {
    /// Its namespace.
    pub namespace: String,
    /// Its address.
    pub address: Ipv4Addr,
    /// Its disk.
    pub disk: PathBuf,
}

impl Network {
    /// Makes the bridge, the hosts and their disks; each host is named with the one whose disk it has.
    ///
    /// # Errors
    /// When the system does not allow it: it takes the rights of root.
    pub fn create(folder: &Path, names: &[(&str, &str)]) -> Result<Self> {
        let prefix = format!("cb{}", std::process::id());
        let mut network = Self {
            prefix,
            hosts: Vec::new(),
            cuts: HashMap::new(),
        };
        let bridge = network.bridge();
        ip(&["netns", "add", &bridge])
            .context("a chaos run makes network namespaces: run it as root")?;
        ip(&["-n", &bridge, "link", "add", "br0", "type", "bridge"])?;
        ip(&["-n", &bridge, "link", "set", "br0", "up"])?;
        for (number, (name, disk_of)) in (11u8..).zip(names) {
            let host = Host {
                namespace: format!("{}{name}", network.prefix),
                address: Ipv4Addr::new(10, 77, 0, number),
                disk: folder.join(disk_of),
            };
            network.hosts.push(host.clone());
            network.plug(&host, name)?;
            if name != disk_of {
                continue;
            }
            fs::create_dir_all(&host.disk)?;
            let disk = host.disk.display().to_string();
            run(Command::new("mount").args(["-t", "tmpfs", "-o", DISK, "tmpfs", &disk]))?;
        }
        Ok(network)
    }

    fn bridge(&self) -> String {
        format!("{}net", self.prefix)
    }

    fn plug(&self, host: &Host, name: &str) -> Result<()> {
        let bridge = self.bridge();
        let inside = &host.namespace;
        let port = format!("v{name}");
        ip(&["netns", "add", inside])?;
        ip(&[
            "link", "add", &port, "netns", &bridge, "type", "veth", "peer", "name", "eth0",
            "netns", inside,
        ])?;
        ip(&["-n", &bridge, "link", "set", &port, "master", "br0", "up"])?;
        let address = format!("{}/24", host.address);
        ip(&["-n", inside, "addr", "add", &address, "dev", "eth0"])?;
        ip(&["-n", inside, "link", "set", "eth0", "up"])?;
        ip(&["-n", inside, "link", "set", "lo", "up"])
    }

    /// All hosts.
    #[must_use]
    pub fn hosts(&self) -> &[Host] {
        &self.hosts
    }

    /// Cuts the link between two hosts, both ways.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn cut(&mut self, a: usize, b: usize) -> Result<()> {
        self.cut_way(a, b)?;
        self.cut_way(b, a)
    }

    /// Mends it.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn mend(&mut self, a: usize, b: usize) -> Result<()> {
        self.mend_way(a, b)?;
        self.mend_way(b, a)
    }

    /// Whatever the one sends to the other is gone from now on.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn cut_way(&mut self, from: usize, to: usize) -> Result<()> {
        let held = self.cuts.entry((from, to)).or_default();
        *held += 1;
        if *held > 1 {
            return Ok(());
        }
        let to = self.hosts[to].address.to_string();
        let inside = &self.hosts[from].namespace;
        let nobody = ["lladdr", NOBODY, "dev", "eth0", "nud", "permanent"];
        ip(&[&["-n", inside, "neigh", "replace", &to], &nobody[..]].concat())
    }

    /// It arrives again.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn mend_way(&mut self, from: usize, to: usize) -> Result<()> {
        let held = self
            .cuts
            .get_mut(&(from, to))
            .context("a way that is cut")?;
        *held -= 1;
        if *held > 0 {
            return Ok(());
        }
        self.cuts.remove(&(from, to));
        let to = self.hosts[to].address.to_string();
        let inside = &self.hosts[from].namespace;
        ip(&["-n", inside, "neigh", "del", &to, "dev", "eth0"])
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // What is gone already needs no removing.
        for host in &self.hosts {
            ip(&["netns", "del", &host.namespace]).ok();
            run(Command::new("umount").arg("--lazy").arg(&host.disk)).ok();
        }
        ip(&["netns", "del", &self.bridge()]).ok();
    }
}

/// A process on a host.
#[derive(Debug)]
pub struct Process {
    child: Child,
    name: String,
}

impl Process {
    /// Starts a program inside a namespace; what it says goes to a file of its name, outside the host's disk.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(
        host: &Host,
        name: &str,
        logs: &Path,
        program: &Path,
        arguments: &[String],
        environment: &[(String, String)],
    ) -> Result<Self> {
        let log = File::options()
            .create(true)
            .append(true)
            .open(logs.join(format!("{name}.log")))?;
        let child = Command::new("ip")
            .args(["netns", "exec", &host.namespace])
            .arg(program)
            .args(arguments)
            .envs(environment.iter().cloned())
            .current_dir(&host.disk)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("{} cannot be started", program.display()))?;
        Ok(Self {
            child,
            name: name.to_owned(),
        })
    }

    /// Its id (`ip netns exec` becomes the program itself).
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Ends it at once.
    pub fn kill(&mut self) {
        // One that has ended already cannot be ended again.
        self.child.kill().ok();
        self.child.wait().ok();
    }

    /// Freezes it, or lets it go on.
    ///
    /// # Errors
    /// When it has ended.
    pub fn freeze(&self, frozen: bool) -> Result<()> {
        let signal = if frozen { Signal::STOP } else { Signal::CONT };
        let pid = i32::try_from(self.pid()).ok().and_then(Pid::from_raw);
        let pid = pid.context("a process id")?;
        kill_process(pid, signal).with_context(|| format!("{} has ended", self.name))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Runs a program to its end.
///
/// # Errors
/// When it fails; what it said is told.
pub fn run(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{command:?} failed: {}", said.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn ip(arguments: &[&str]) -> Result<()> {
    run(Command::new("ip").args(arguments)).map(drop)
}
