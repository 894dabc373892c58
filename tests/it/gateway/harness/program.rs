//! The program as an operator starts it: a configuration file, ports and a data folder of its own.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use callbox::backbone::Backbone;
use callbox::backbone::embedded::{self, Embedded};
use callbox::clock::SystemClock;
use callbox_proto::codec::Encoding;
use callbox_proto::vocabulary::Role;
use futures_util::future::join_all;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::topology::Tier;
use super::{Console, Device, Relay, Resident, SignedIn, install_tls, soon};

/// Ports are drawn from below the range that systems give to outgoing connections, so that a restart finds its own free.
const PORTS: std::ops::Range<u16> = 12_000..30_000;
/// Tries with other ports when another program was quicker.
const START_TRIES: usize = 5;

/// A running gateway with ports and data of its own; killed when dropped. With further nodes it is the one that residents
/// connect to, supervisors are at the second and other staff at the last one.
pub struct Gateway {
    /// Further nodes over the same tier; gone before it.
    others: Vec<Gateway>,
    tier: Option<Tier>,
    folder: TempDir,
    settings: String,
    public: SocketAddr,
    admin: SocketAddr,
    media: SocketAddr,
    child: Option<Child>,
    log: Arc<Mutex<String>>,
    /// Reads the log until the program has ended.
    reader: Option<JoinHandle<()>>,
}

impl Gateway {
    /// Starts one with everyday settings.
    pub async fn start() -> Self {
        Self::with("").await
    }

    /// Starts one with further settings: lines of TOML such as `session.resume_grace_s = 1`.
    pub async fn with(settings: &str) -> Self {
        for _ in 0..START_TRIES {
            let mut gateway = Self::new(settings);
            if gateway.run().await {
                return gateway;
            }
            eprintln!("{}", gateway.log());
        }
        panic!("the gateway did not start");
    }

    /// One with these settings does not start; what it says.
    pub async fn not_with(settings: &str) -> String {
        let mut gateway = Self::new(settings);
        assert!(!gateway.run().await, "it started");
        gateway.log()
    }

    /// Starts several nodes over a tier they share, each with these settings.
    pub async fn cluster(nodes: usize, settings: &str) -> Self {
        Self::cluster_of(&vec![settings; nodes]).await
    }

    /// The same with settings of its own for each node.
    pub async fn cluster_of(settings: &[&str]) -> Self {
        let tier = Tier::start();
        // A node that starts listens for others of its name for a while: all of them at once.
        let starting = settings.iter().enumerate().map(async |(number, settings)| {
            Self::with(&format!("{}{settings}", tier.settings(number))).await
        });
        let mut nodes = join_all(starting).await;
        let mut first = nodes.remove(0);
        first.others = nodes;
        first.tier = Some(tier);
        first
    }

    /// The node where staff are.
    pub fn last(&mut self) -> &mut Self {
        self.others.last_mut().expect("a cluster")
    }

    /// Where staff connect: at another node than residents, where there are several.
    pub fn desk(&self) -> SocketAddr {
        self.others.last().map_or(self.public, |node| node.public)
    }

    /// Where somebody of this role connects: supervisors at the second node, which of three is neither the residents' nor the others'.
    fn place_of(&self, role: Role) -> SocketAddr {
        match role {
            Role::Supervisor | Role::Wallboard => self.others.first(),
            _ => self.others.last(),
        }
        .map_or(self.public, |node| node.public)
    }

    /// Starts a further node that cannot be one of them; what it says.
    pub async fn refused(&self, settings: &str) -> String {
        let tier = self.tier.as_ref().expect("a cluster");
        let mut node = Self::new(&format!("{}{settings}", tier.settings(0)));
        assert!(!node.run().await, "it started");
        node.log()
    }

    /// Where people connect to this very node.
    pub const fn here(&self) -> SocketAddr {
        self.public
    }

    /// Probes and metrics of the node where staff are.
    pub fn desk_admin(&self) -> SocketAddr {
        self.others.last().map_or(self.admin, |node| node.admin)
    }

    fn new(settings: &str) -> Self {
        install_tls();
        Self {
            others: Vec::new(),
            tier: None,
            folder: tempfile::tempdir().expect("a folder"),
            settings: settings.to_owned(),
            public: free_tcp(),
            admin: free_tcp(),
            media: free_udp(),
            child: None,
            log: Arc::default(),
            reader: None,
        }
    }

    /// Starts the program; answers whether it became ready.
    async fn run(&mut self) -> bool {
        let file = self.write_configuration();
        let mut child = Command::new(env!("CARGO_BIN_EXE_callbox"))
            .arg("--config")
            .arg(&file)
            .arg("serve")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the program starts");
        let (tell, listens) = oneshot::channel();
        let stderr = child.stderr.take().expect("piped");
        let reader = tokio::spawn(keep_log(stderr, Arc::clone(&self.log), tell));
        self.reader = Some(reader);
        self.child = Some(child);
        if soon(listens).await.is_err() {
            return false;
        }
        let ready = soon(reqwest::get(format!("http://{}/readyz", self.admin))).await;
        ready.is_ok_and(|answer| answer.status().is_success())
    }

    /// Replaces its further settings while it runs, as an editor does: a new file takes the old one's name.
    pub fn configure(&mut self, settings: &str) {
        settings.clone_into(&mut self.settings);
        self.write_configuration();
    }

    fn write_configuration(&self) -> std::path::PathBuf {
        let file = self.folder.path().join("callbox.toml");
        let new = file.with_extension("new");
        std::fs::write(&new, self.configuration()).expect("written");
        std::fs::rename(&new, &file).expect("renamed");
        file
    }

    /// Its further settings.
    pub fn settings(&self) -> &str {
        &self.settings
    }

    /// The line of its configuration that begins so, counted from 1.
    pub fn line_of(&self, beginning: &str) -> usize {
        let text = self.configuration();
        let line = text.lines().position(|line| line.starts_with(beginning));
        1 + line.expect("a line")
    }

    /// Heartbeats are slow and limits wide, so that tests say what they need tight.
    fn configuration(&self) -> String {
        let data = self.folder.path().join("data");
        format!(
            "server.listen = \"{}\"\nadmin.listen = \"{}\"\nmedia.listen = \"{}\"\nstorage.data_dir = \"{}\"\n\
{}\n{}",
            self.public,
            self.admin,
            self.media,
            data.display(),
            self.unless_set(&[
                ("session.heartbeat_s", "300"),
                ("session.console_grace_ms", "10000"),
                ("log.filter", "\"info\""),
            ]),
            self.settings,
        )
    }

    /// Lines for keys that the test does not set.
    fn unless_set(&self, defaults: &[(&str, &str)]) -> String {
        let unset = defaults
            .iter()
            .filter(|(key, _)| !self.settings.contains(key));
        unset
            .map(|(key, value)| format!("{key} = {value}\n"))
            .collect()
    }

    /// Where residents and staff connect.
    pub const fn address(&self) -> SocketAddr {
        self.public
    }

    /// Where probes and metrics are.
    pub const fn admin(&self) -> SocketAddr {
        self.admin
    }

    /// A URL of the public port.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.public)
    }

    /// What the metrics say of this name and these labels, as they are written.
    pub async fn metric(&self, name: &str) -> Option<String> {
        let asking = reqwest::get(format!("http://{}/metrics", self.admin));
        let text = soon(soon(asking).await.expect("answered").text()).await;
        let text = text.expect("text");
        let mut lines = text.lines();
        lines.find_map(|line| Some(line.strip_prefix(name)?.trim().to_owned()))
    }

    /// The data folder.
    pub fn data(&self) -> std::path::PathBuf {
        Path::new(self.folder.path()).join("data")
    }

    /// What it logged so far.
    pub fn log(&self) -> String {
        self.log
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// All that all of it logged, to the last line; it has ended.
    pub async fn whole_log(&mut self) -> String {
        let mut whole = String::new();
        for node in std::iter::once(&mut self.reader)
            .chain(self.others.iter_mut().map(|node| &mut node.reader))
        {
            let reader = node.take().expect("started");
            soon(reader).await.expect("read to the end");
        }
        for node in self.others.iter().chain([&*self]) {
            whole.push_str(&node.log());
        }
        whole
    }

    /// The process, while it runs.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().and_then(Child::id).expect("running")
    }

    /// Kills it like a power cut: nothing is finished. Other nodes go on.
    pub async fn kill(&mut self) {
        let mut child = self.child.take().expect("running");
        soon(child.kill()).await.expect("killed");
    }

    /// Stops the process in its tracks: links stay, nothing is answered.
    pub fn freeze(&self) {
        self.signal(rustix::process::Signal::STOP);
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        self.signal(rustix::process::Signal::CONT);
    }

    /// Asks for files to be read again.
    pub fn hang_up(&self) {
        self.signal(rustix::process::Signal::HUP);
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_raw(self.pid() as i32).expect("a pid");
        rustix::process::kill_process(pid, signal).expect("told");
    }

    /// Asks all of it to go, as a service manager does; it still runs.
    pub fn terminate(&self) {
        self.signal(rustix::process::Signal::TERM);
        for other in &self.others {
            other.terminate();
        }
    }

    /// Waits until all of it has gone by itself, and says whether it was content.
    pub async fn gone(&mut self) -> bool {
        let mut content = true;
        for child in self.children() {
            let mut child = child.take().expect("running");
            content &= soon(child.wait()).await.expect("waited").success();
        }
        content
    }

    /// Starts it again on the same ports and data, with all its nodes.
    pub async fn start_again(&mut self) {
        assert!(self.run().await, "it did not start again:\n{}", self.log());
        for other in &mut self.others {
            assert!(other.run().await, "another did not:\n{}", other.log());
        }
    }

    /// Starts it on data it does not take; what it says.
    pub async fn does_not_start(&mut self) -> String {
        assert!(!self.run().await, "it started");
        soon(self.child.take().expect("started").wait())
            .await
            .expect("ended");
        self.log()
    }

    fn children(&mut self) -> Vec<&mut Option<Child>> {
        let others = self.others.iter_mut().map(|other| &mut other.child);
        std::iter::once(&mut self.child).chain(others).collect()
    }

    /// A power cut of all nodes.
    pub async fn power_cut(&mut self) {
        for child in self.children() {
            let mut child = child.take().expect("running");
            soon(child.kill()).await.expect("killed");
        }
    }

    /// A power cut of all nodes and a start on the same data.
    pub async fn restart(&mut self) {
        self.power_cut().await;
        self.start_again().await;
    }

    /// Adds settings to every node's, for the next start.
    pub fn also_configure(&mut self, settings: &str) {
        self.settings.push_str(settings);
        for other in &mut self.others {
            other.also_configure(settings);
        }
    }

    /// The folder with photos.
    pub fn evidence(&self) -> std::path::PathBuf {
        let own = || self.data().join("evidence");
        self.tier.as_ref().map_or_else(own, Tier::evidence)
    }

    /// Opens the store that the nodes work on; they have ended.
    pub async fn opens_store(&self) -> Box<dyn Backbone> {
        match &self.tier {
            Some(tier) => Box::new(tier.opens_store().await),
            None => {
                let folder = self.data().join("backbone");
                let clock = Arc::new(SystemClock::new());
                let opened = Embedded::open(&folder, &embedded::Options::default(), clock);
                Box::new(opened.expect("opened"))
            }
        }
    }

    /// A relay before the public port, for cutting links.
    pub async fn relay(&self) -> Relay {
        Relay::start(self.public).await
    }

    /// A new resident, welcomed.
    pub async fn resident(&self) -> Resident {
        Resident::connect(self.public, Device::new(), Encoding::MessagePack).await
    }

    /// The same resident on a further connection.
    pub async fn resident_again(&self, device: &Device) -> Resident {
        Resident::connect(self.public, device.clone(), Encoding::MessagePack).await
    }

    /// A person of the demo, signed in over HTTP.
    pub async fn sign_in(&self, name: &str) -> SignedIn {
        SignedIn::sign_in(self.desk(), name).await
    }

    /// A person at a console, welcomed and with nothing registered.
    pub async fn staff(&self, name: &str) -> Console {
        let signed_in = self.sign_in(name).await;
        let address = self.place_of(signed_in.role);
        Console::connect(address, &signed_in, Encoding::MessagePack).await
    }

    /// A wallboard that this person has opened, welcomed.
    pub async fn wallboard(&self, name: &str) -> Console {
        let signed_in = self.sign_in(name).await;
        let wallboard = signed_in.opens_wallboard(self.desk()).await;
        let wallboard = wallboard.expect("opened");
        let address = self.place_of(wallboard.role);
        Console::connect(address, &wallboard, Encoding::MessagePack).await
    }

    /// A person at a console, registered for every queue and available.
    pub async fn console(&self, name: &str) -> Console {
        let console = self.staff(name).await;
        console.ready_for_everything();
        console
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<_> = log.lines().rev().take(40).collect();
            for line in lines.iter().rev() {
                eprintln!("gateway: {line}");
            }
        }
    }
}

/// Keeps the log of the program, and tells when it listens. Ends with the program.
async fn keep_log(
    stderr: impl AsyncRead + Unpin,
    log: Arc<Mutex<String>>,
    tell: oneshot::Sender<()>,
) {
    let mut tell = Some(tell);
    let mut lines = BufReader::new(stderr).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if line.contains("listening")
            && let Some(tell) = tell.take()
        {
            let _gone = tell.send(());
        }
        let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
        log.push_str(&line);
        log.push('\n');
    }
}

/// The next port nobody has; other tests of this run get other ones.
fn next_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let span = PORTS.end - PORTS.start;
    let begin = (std::process::id().wrapping_mul(7_919) % u32::from(span)) as u16;
    let offset = NEXT.fetch_add(1, Ordering::Relaxed) % span;
    PORTS.start + (u32::from(begin) + u32::from(offset)).rem_euclid(u32::from(span)) as u16
}

fn free(is_free: impl Fn(SocketAddr) -> bool) -> SocketAddr {
    (0..1_000)
        .map(|_| SocketAddr::from((Ipv4Addr::LOCALHOST, next_port())))
        .find(|address| is_free(*address))
        .expect("a free port")
}

/// A TCP address of this machine that nobody has.
pub fn free_tcp() -> SocketAddr {
    free(|address| TcpListener::bind(address).is_ok())
}

/// A UDP address of this machine that nobody has.
pub fn free_udp() -> SocketAddr {
    free(|address| UdpSocket::bind(address).is_ok())
}
