//! A Redis server of a run's own, and what it can do at most.
//!
//! Owns: the server process, the few words of its protocol that measuring needs, and the limit that gateways are compared with.
//! Must not: know keys or scripts: the limit repeats what a gateway was seen to send. Called by: `nodes`, `peers`, `route`,
//! `lost`.

mod limit;
mod seen;
mod watched;
mod wire;

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use clap::ValueEnum;
use rustix::process::{Pid, Signal};

pub use self::limit::{Calls, Limit, by_benchmark, by_repeating};
pub use self::seen::{Appends, Watch};
pub use self::watched::{WatchedRedis, primary_of_whole};
use self::wire::Wire;

/// Longest start: nothing is loaded.
const START: Duration = Duration::from_secs(10);
/// Pause between two tries.
const LOOK: Duration = Duration::from_millis(20);

/// When Redis brings its log to the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Fsync {
    /// Once a second
    Everysec,
    /// Before each answer
    Always,
}

impl Fsync {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Everysec, Self::Always];

    /// As in Redis' own configuration.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Everysec => "everysec",
            Self::Always => "always",
        }
    }
}

/// A server on a free port of loopback, with an append-only log and nothing else on disk.
#[derive(Debug)]
pub struct RedisServer {
    child: Child,
    folder: tempfile::TempDir,
    port: u16,
    arguments: Vec<String>,
}

impl RedisServer {
    /// Starts one with an empty store. Its log is never rewritten, so that no run pays for it by chance.
    ///
    /// # Errors
    /// When `redis-server` is not installed or does not answer.
    pub async fn start(fsync: Fsync) -> Result<Self> {
        let port = free_port()?;
        let settings = [
            ("--port", port.to_string()),
            ("--bind", "127.0.0.1".to_owned()),
            ("--appendonly", "yes".to_owned()),
            ("--appendfsync", fsync.word().to_owned()),
            ("--auto-aof-rewrite-percentage", "0".to_owned()),
            // As in deploy/redis-server.conf.
            ("--stream-node-max-bytes", "2048".to_owned()),
            ("--save", String::new()),
        ];
        let settings = settings.iter();
        let arguments: Vec<String> = settings
            .flat_map(|(name, value)| [(*name).to_owned(), value.clone()])
            .collect();
        let folder = tempfile::tempdir().context("no folder for Redis")?;
        Self::run(folder, port, arguments).await
    }

    /// Starts the program in this folder, and waits until it answers.
    async fn run(folder: tempfile::TempDir, port: u16, arguments: Vec<String>) -> Result<Self> {
        let mut server = Self {
            child: spawn(folder.path(), &arguments)?,
            folder,
            port,
            arguments,
        };
        server.ready().await?;
        Ok(server)
    }

    /// Ends it without a word. It can be started [`RedisServer::again`].
    ///
    /// # Errors
    /// When the system refuses.
    fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Starts it once more with what it had.
    ///
    /// # Errors
    /// As [`RedisServer::start`].
    async fn again(&mut self) -> Result<()> {
        self.child = spawn(self.folder.path(), &self.arguments)?;
        self.ready().await
    }

    /// What it says of its replication.
    ///
    /// # Errors
    /// When it does not answer.
    async fn replication(&self) -> Result<String> {
        let mut wire = Wire::open(self.port).await?;
        let told = wire.ask(&[b"INFO", b"replication"]).await?;
        Ok(String::from_utf8_lossy(&told).into_owned())
    }

    async fn ready(&mut self) -> Result<()> {
        let begun = Instant::now();
        while begun.elapsed() < START {
            if let Some(status) = self.child.try_wait()? {
                let said = fs::read_to_string(self.folder.path().join("redis.log"));
                bail!(
                    "redis-server ended ({status}):\n{}",
                    said.unwrap_or_default()
                );
            }
            if let Ok(mut wire) = Wire::open(self.port).await
                && wire.ask(&[b"PING"]).await.is_ok()
            {
                return Ok(());
            }
            tokio::time::sleep(LOOK).await;
        }
        bail!("redis-server is not ready after {START:?}")
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Stops the process where it is: it answers nobody, and its connections stay.
    ///
    /// # Errors
    /// When it is gone.
    pub fn freeze(&self) -> Result<()> {
        self.signal(Signal::STOP)
    }

    /// Lets it go on.
    ///
    /// # Errors
    /// When it is gone.
    pub fn go_on(&self) -> Result<()> {
        self.signal(Signal::CONT)
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        let pid = Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).context("Redis is gone")
    }

    /// Removes every key; functions stay.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn empty(&self) -> Result<()> {
        let mut wire = Wire::open(self.port).await?;
        wire.ask(&[b"FLUSHALL"]).await?;
        Ok(())
    }
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("no free port")?;
    Ok(listener.local_addr()?.port())
}

fn spawn(folder: &Path, arguments: &[String]) -> Result<Child> {
    let log = File::options()
        .append(true)
        .create(true)
        .open(folder.join("redis.log"))?;
    Command::new("redis-server")
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .context("redis-server cannot be started: apt-get install redis-server")
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        // A process that has ended by itself cannot be ended again.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
