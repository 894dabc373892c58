//! The gateway under test: started for one run, or running already.
//!
//! Owns: the process, its configuration file, its folder and its end. Must not: speak the protocol. Called by: every
//! command that measures.

use std::fs::{self, File};
use std::net::{TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;
use rustix::process::{Pid, Signal};

use crate::client::Target;

/// Longest start: keys are made and an empty store is created.
const START: Duration = Duration::from_secs(20);
/// Pause between two looks at a starting gateway.
const LOOK: Duration = Duration::from_millis(20);

/// Which gateway is measured.
#[derive(Debug, Clone, Args)]
pub struct GatewayChoice {
    /// The gateway's binary; by default the one beside this program, else target/{ci,release,debug}/callbox
    #[arg(long, value_name = "PATH")]
    pub gateway: Option<PathBuf>,
    /// Measure a running gateway instead of starting one, for example http://127.0.0.1:8911
    #[arg(long, requires = "pid")]
    pub url: Option<String>,
    /// Process id of the running gateway
    #[arg(long, requires = "url")]
    pub pid: Option<u32>,
    /// Folder in which the started gateway's data lie for the time of the run: chooses the disk
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
}

/// What a run wants to be different from the defaults.
#[derive(Debug, Clone, Default)]
pub struct Wishes {
    /// Serve TLS with a certificate made at start.
    pub tls: bool,
    /// Seconds that sessions wait for their residents; the default where `None`.
    pub resume_grace_s: Option<u64>,
    /// One of several nodes on a shared tier; alone where `None`.
    pub node: Option<NodeOf>,
}

/// A node of a shared tier.
#[derive(Debug, Clone)]
pub struct NodeOf {
    /// Where the tier is, for example `redis://127.0.0.1:6379`.
    pub tier: String,
    /// Replicas that are counted before something is called safe.
    pub wait_replicas: u32,
    /// Its name among the nodes.
    pub name: String,
    /// Folder that all nodes share: their photos, and the key they sign tokens with ([`NodeOf::key_file`]).
    pub shared: PathBuf,
}

impl NodeOf {
    /// File of the key that all nodes sign tokens with.
    #[must_use]
    pub fn key_file(shared: &Path) -> PathBuf {
        shared.join("identity.key")
    }
}

/// A gateway that answers.
#[derive(Debug)]
pub struct Gateway {
    /// Where it listens.
    pub target: Target,
    /// Its process.
    pub pid: u32,
    started: Option<Started>,
}

#[derive(Debug)]
struct Started {
    binary: PathBuf,
    admin: u16,
    child: Child,
    folder: tempfile::TempDir,
}

impl Started {
    fn spawn(binary: &Path, folder: &Path) -> Result<Child> {
        let log = File::options()
            .append(true)
            .create(true)
            .open(folder.join("gateway.log"))?;
        Command::new(binary)
            .arg("serve")
            .arg("--config")
            .arg(folder.join("callbox.toml"))
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("{} cannot be started", binary.display()))
    }
}

impl Gateway {
    /// Starts a gateway with an empty store, or takes the running one that was named.
    ///
    /// # Errors
    /// When there is none, or it does not answer in time; what it logged last is told.
    pub async fn begin(choice: &GatewayChoice, wishes: Wishes) -> Result<Self> {
        if let (Some(url), Some(pid)) = (&choice.url, choice.pid) {
            let target = Target::parse(url)?;
            return Ok(Self {
                target,
                pid,
                started: None,
            });
        }
        // The gateway runs in a folder of its own.
        let binary = std::path::absolute(binary(choice.gateway.as_deref())?)?;
        let folder = match &choice.data {
            Some(parent) => tempfile::tempdir_in(parent),
            None => tempfile::tempdir(),
        }
        .context("no folder for the gateway's data")?;
        let ports = Ports::free()?;
        let config = folder.path().join("callbox.toml");
        fs::write(&config, configuration(folder.path(), ports, &wishes))?;
        let child = Started::spawn(&binary, folder.path())?;
        let scheme = if wishes.tls { "https" } else { "http" };
        let mut gateway = Self {
            target: Target::parse(&format!("{scheme}://127.0.0.1:{}", ports.public))?,
            pid: child.id(),
            started: Some(Started {
                binary,
                admin: ports.admin,
                child,
                folder,
            }),
        };
        gateway.ready(ports.admin).await?;
        Ok(gateway)
    }

    /// Ends it without a word, as a crash does. It can be started [`Gateway::again`].
    ///
    /// # Errors
    /// When it was not started here.
    pub fn kill(&mut self) -> Result<()> {
        let started = self.started.as_mut();
        let started = started.context("only a gateway that was started here can be ended")?;
        started.child.kill()?;
        started.child.wait()?;
        Ok(())
    }

    /// Ends it in good order, and waits until it is gone. It can be started [`Gateway::again`].
    ///
    /// # Errors
    /// When it was not started here, or ends badly.
    pub async fn stop(&mut self) -> Result<()> {
        let started = self.started.as_mut();
        let started = started.context("only a gateway that was started here can be ended")?;
        let pid = Pid::from_child(&started.child);
        rustix::process::kill_process(pid, Signal::TERM)?;
        loop {
            if let Some(status) = started.child.try_wait()? {
                ensure!(status.success(), "the gateway ended with {status}");
                return Ok(());
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Types a command of an operator for this gateway, such as `drain`, and waits for its end.
    ///
    /// # Errors
    /// When it was not started here, or the command fails.
    pub async fn order(&self, words: &[&str]) -> Result<()> {
        let started = self.started.as_ref();
        let started = started.context("only a gateway that was started here takes orders")?;
        let status = tokio::process::Command::new(&started.binary)
            .args(words)
            .arg("--config")
            .arg(started.folder.path().join("callbox.toml"))
            .stdin(Stdio::null())
            .stdout(std::io::stderr())
            .status()
            .await?;
        ensure!(status.success(), "callbox {}: {status}", words.join(" "));
        Ok(())
    }

    /// Connections of residents and staff that it has, by its own count.
    ///
    /// # Errors
    /// When it was not started here, or does not answer.
    pub async fn connections(&self) -> Result<u64> {
        let progress: serde_json::Value = serde_json::from_slice(&self.ask_admin("drain").await?)?;
        progress["connections"]
            .as_u64()
            .context("a number of connections")
    }

    /// One of its own figures (`/metrics`); 0 while it has none of that name.
    ///
    /// # Errors
    /// When it was not started here, or does not answer.
    pub async fn metric(&self, name: &str) -> Result<f64> {
        let answer = self.ask_admin("metrics").await?;
        let mut lines = std::str::from_utf8(&answer)?.lines();
        let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        Ok(value.unwrap_or("0").parse()?)
    }

    /// What its admin port answers at a path.
    async fn ask_admin(&self, path: &str) -> Result<Vec<u8>> {
        let started = self.started.as_ref();
        let admin = started
            .context("only a gateway that was started here is asked")?
            .admin;
        let answer = reqwest::get(format!("http://127.0.0.1:{admin}/{path}")).await?;
        Ok(answer.bytes().await?.to_vec())
    }

    /// Starts it once more, with the same store and on the same ports, and waits until it is ready.
    ///
    /// # Errors
    /// As [`Gateway::begin`].
    pub async fn again(&mut self) -> Result<()> {
        let started = self.started.as_mut();
        let started = started.context("only a gateway that was started here can be restarted")?;
        started.child = Started::spawn(&started.binary, started.folder.path())?;
        self.pid = started.child.id();
        let admin = started.admin;
        self.ready(admin).await
    }

    async fn ready(&mut self, admin: u16) -> Result<()> {
        let url = format!("http://127.0.0.1:{admin}/readyz");
        let begun = Instant::now();
        let client = reqwest::Client::new();
        while begun.elapsed() < START {
            if let Some(Ok(Some(status))) = self.started.as_mut().map(|s| s.child.try_wait()) {
                bail!("the gateway ended ({status}):\n{}", self.last_words());
            }
            if let Ok(answer) = client.get(&url).send().await
                && answer.status().is_success()
            {
                return Ok(());
            }
            tokio::time::sleep(LOOK).await;
        }
        bail!(
            "the gateway is not ready after {START:?}:\n{}",
            self.last_words()
        )
    }

    /// An error with the last lines that the gateway logged, if there are any.
    #[must_use]
    pub fn explain(&self, error: anyhow::Error) -> anyhow::Error {
        match self.last_words() {
            words if words.is_empty() => error,
            words => error.context(format!("the gateway said:\n{words}\n")),
        }
    }

    /// The last lines that the gateway logged; empty when it was not started here.
    fn last_words(&self) -> String {
        let Some(started) = &self.started else {
            return String::new();
        };
        let log = fs::read(started.folder.path().join("gateway.log")).unwrap_or_default();
        let log = String::from_utf8_lossy(&log).into_owned();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    /// Bytes that the gateway's folder takes on disk; 0 when it was not started here.
    #[must_use]
    pub fn disk_bytes(&self) -> u64 {
        self.started
            .as_ref()
            .map_or(0, |started| folder_bytes(started.folder.path()))
    }
}

impl Drop for Gateway {
    /// Ends a gateway that was started here. Not kindly: its folder goes with it.
    fn drop(&mut self) {
        if let Some(started) = &mut self.started {
            // A process that has ended by itself cannot be ended again.
            let _ = started.child.kill();
            let _ = started.child.wait();
        }
    }
}

fn folder_bytes(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else {
        return 0;
    };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(known) if known.is_dir() => folder_bytes(&entry.path()),
            Ok(known) => known.len(),
            Err(_) => 0,
        })
        .sum()
}

/// The binary to start.
///
/// # Errors
/// When there is none.
pub fn binary(named: Option<&Path>) -> Result<PathBuf> {
    if let Some(path) = named {
        return Ok(path.to_owned());
    }
    let beside = std::env::current_exe()
        .ok()
        .and_then(|own| Some(own.parent()?.join("callbox")));
    let built = ["ci", "release", "debug"].map(|profile| {
        let mut path = PathBuf::from("target");
        path.extend([profile, "callbox"]);
        Some(path)
    });
    let mut candidates = std::iter::once(beside).chain(built).flatten();
    candidates
        .find(|path| path.is_file())
        .context("no callbox binary: build it, or name it with --gateway")
}

/// Ports of one gateway.
#[derive(Debug, Clone, Copy)]
struct Ports {
    public: u16,
    admin: u16,
    media: u16,
}

impl Ports {
    /// Ports that nobody uses; all three are held until all are known, so that they differ.
    fn free() -> Result<Self> {
        let public = TcpListener::bind(("127.0.0.1", 0)).context("no free port")?;
        let admin = TcpListener::bind(("127.0.0.1", 0)).context("no free port")?;
        let media = UdpSocket::bind(("127.0.0.1", 0)).context("no free port")?;
        Ok(Self {
            public: public.local_addr()?.port(),
            admin: admin.local_addr()?.port(),
            media: media.local_addr()?.port(),
        })
    }
}

/// The configuration of a run: everything not named here keeps its default, so that defaults are what is measured.
fn configuration(folder: &Path, ports: Ports, wishes: &Wishes) -> String {
    let data = quoted_path(&folder.join("data"));
    let Ports {
        public,
        admin,
        media,
    } = ports;
    let mut text = format!(
        "[server]\nlisten = \"127.0.0.1:{public}\"\n\
         [admin]\nlisten = \"127.0.0.1:{admin}\"\n\
         [media]\nlisten = \"127.0.0.1:{media}\"\n\
         [log]\nformat = \"json\"\nfilter = \"warn\"\n"
    );
    if wishes.tls {
        text.push_str(
            "[server.tls]\nmode = \"self-signed\"\nself_signed_names = [\"127.0.0.1\"]\n",
        );
    }
    // A few links stand for thousands of people here: one of them may send more than a person's share.
    text.push_str("[session]\nresident_messages_per_s = 0\nconsole_messages_per_s = 0\n");
    if let Some(grace) = wishes.resume_grace_s {
        text.push_str(&format!("resume_grace_s = {grace}\n"));
    }
    text.push_str(&format!("[storage]\ndata_dir = {data}\n"));
    if let Some(NodeOf {
        tier,
        wait_replicas,
        name,
        shared,
    }) = &wishes.node
    {
        let (key_file, evidence) = (
            quoted_path(&NodeOf::key_file(shared)),
            quoted_path(&shared.join("evidence")),
        );
        let (tier, name) = (quoted(tier), quoted(name));
        text.push_str(&format!(
            "evidence_dir = {evidence}\n[backbone]\nurl = {tier}\nwait_replicas = {wait_replicas}\n[node]\nname = {name}\n[identity]\nkey_file = {key_file}\n"
        ));
    }
    text
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn quoted_path(path: &Path) -> String {
    quoted(&path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_of_a_run_is_readable_and_says_what_was_wished() {
        let wishes = Wishes {
            tls: true,
            resume_grace_s: Some(7_200),
            node: Some(NodeOf {
                tier: "redis://127.0.0.1:1".to_owned(),
                wait_replicas: 1,
                name: "a".to_owned(),
                shared: PathBuf::from("/tmp/shared"),
            }),
        };
        let ports = Ports {
            public: 1,
            admin: 2,
            media: 3,
        };
        let text = configuration(Path::new("/tmp/a \"b\""), ports, &wishes);
        let read: toml::Value = toml::from_str(&text).unwrap();
        assert_eq!(read["server"]["tls"]["mode"].as_str(), Some("self-signed"));
        assert_eq!(read["session"]["resume_grace_s"].as_integer(), Some(7_200));
        assert_eq!(
            read["backbone"]["url"].as_str(),
            Some("redis://127.0.0.1:1")
        );
        assert_eq!(read["node"]["name"].as_str(), Some("a"));
        assert_eq!(
            read["storage"]["evidence_dir"].as_str(),
            Some("/tmp/shared/evidence")
        );
        assert_eq!(
            read["storage"]["data_dir"].as_str(),
            Some("/tmp/a \"b\"/data")
        );
    }
}
