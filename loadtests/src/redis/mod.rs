//! A Redis server of a run's own, and what it can do at most.
//!
//! Owns: the server process, the few words of its protocol that measuring needs, and the limit that gateways are compared with.
//! Must not: know keys or scripts: the limit repeats what a gateway was seen to send. Called by: `nodes`, `peers`, `route`.

mod limit;
mod seen;
mod wire;

use std::fs::{self, File};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use clap::ValueEnum;
use rustix::process::{Pid, Signal};

pub use self::limit::{Calls, Limit, by_benchmark, by_repeating};
pub use self::seen::{Appends, Watch};
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
}

impl RedisServer {
    /// Starts one with an empty store. Its log is never rewritten, so that no run pays for it by chance.
    ///
    /// # Errors
    /// When `redis-server` is not installed or does not answer.
    pub async fn start(fsync: Fsync) -> Result<Self> {
        let folder = tempfile::tempdir().context("no folder for Redis")?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).context("no free port")?;
        let port = listener.local_addr()?.port();
        drop(listener);
        let log = File::create(folder.path().join("redis.log"))?;
        let settings = [
            ("--port", port.to_string()),
            ("--bind", "127.0.0.1".to_owned()),
            ("--dir", folder.path().display().to_string()),
            ("--appendonly", "yes".to_owned()),
            ("--appendfsync", fsync.word().to_owned()),
            ("--auto-aof-rewrite-percentage", "0".to_owned()),
            // As in deploy/redis-server.conf.
            ("--stream-node-max-bytes", "2048".to_owned()),
            ("--save", String::new()),
        ];
        let child = Command::new("redis-server")
            .args(settings.iter().flat_map(|(name, value)| [*name, value]))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("redis-server cannot be started: apt-get install redis-server")?;
        let mut server = Self {
            child,
            folder,
            port,
        };
        server.ready().await?;
        Ok(server)
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

impl Drop for RedisServer {
    fn drop(&mut self) {
        // A process that has ended by itself cannot be ended again.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
