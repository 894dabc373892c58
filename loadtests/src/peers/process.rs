//! Server processes of others.
//!
//! Owns: starting their scripts on free ports and ending them. Must not: install anything but what a script does itself.
//! Called by: `peers`.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use tokio::net::TcpStream;

/// Longest start: the first one installs packages.
const START: Duration = Duration::from_secs(180);
/// Pause between two looks.
const LOOK: Duration = Duration::from_millis(50);

/// A script and a folder for what its server writes.
#[derive(Debug)]
pub struct Site {
    script: PathBuf,
    /// The folder; removed at the end.
    pub folder: tempfile::TempDir,
}

impl Site {
    /// The place of another by its name.
    ///
    /// # Errors
    /// When its script is missing.
    pub fn of(name: &str) -> Result<Self> {
        let beside_sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers");
        let script = beside_sources.join(name).join("start.sh");
        ensure!(script.is_file(), "{} is missing", script.display());
        let folder = tempfile::tempdir().context("no folder for a peer's data")?;
        Ok(Self { script, folder })
    }
}

/// A running server.
#[derive(Debug)]
pub struct Process {
    child: Child,
    site: Site,
    /// Where its WebSockets are.
    pub port: u16,
}

impl Process {
    /// Starts a script on a free port and waits until the port answers.
    ///
    /// # Errors
    /// When it ends, or does not answer in time; what it said is told.
    pub async fn start(site: Site, variables: &[(&str, String)]) -> Result<Self> {
        let port = free_port()?;
        let log = File::create(site.folder.path().join("peer.log"))?;
        let mut command = Command::new(&site.script);
        command
            .env("PORT", port.to_string())
            .env("DATA", site.folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        for (name, value) in variables {
            command.env(name, value);
        }
        let child = command
            .spawn()
            .with_context(|| format!("{} cannot be started", site.script.display()))?;
        let mut process = Self { child, site, port };
        let begun = Instant::now();
        while begun.elapsed() < START {
            process.alive()?;
            if TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
                return Ok(process);
            }
            tokio::time::sleep(LOOK).await;
        }
        bail!("a peer is not ready after {START:?}:\n{}", process.said())
    }

    /// Its process id: the scripts end in `exec`.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Fails with what it said when it has ended.
    ///
    /// # Errors
    /// When it has ended.
    pub fn alive(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            Some(status) => bail!("a peer ended ({status}):\n{}", self.said()),
            None => Ok(()),
        }
    }

    fn said(&self) -> String {
        fs::read_to_string(self.site.folder.path().join("peer.log")).unwrap_or_default()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // A process that has ended by itself cannot be ended again.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that nobody uses now.
///
/// # Errors
/// When there is none.
pub fn free_port() -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("no free port")?;
    Ok(listener.local_addr()?.port())
}
