//! Children that run for long: started in groups of their own, watched, and ended with everything they started.
//!
//! Owns: the children's groups and their end. Must not: know what they do. Called by: every command that starts or
//! builds a gateway.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use crate::command::{cargo, quiet, run};
use crate::signals::Stops;

/// Time between two looks at the children: short for a person, nothing for the processor.
const LOOK: Duration = Duration::from_millis(100);

/// The longest wait for a started gateway: it opens its store and reads its log in that time.
const READY_DEADLINE: Duration = Duration::from_secs(30);

/// The longest wait for a child to end by itself after it was asked: the gateway's own drain takes up to 20 s.
const END_DEADLINE: Duration = Duration::from_secs(25);

/// A running child. It is ended when this is dropped.
pub struct Running {
    name: &'static str,
    child: Child,
    ended: Option<ExitStatus>,
}

impl Running {
    /// Starts a program in a process group of its own, so that Ctrl-C reaches this program only.
    pub fn start(name: &'static str, command: &mut Command) -> anyhow::Result<Self> {
        let child = command
            .stdin(Stdio::null())
            .process_group(0)
            .spawn()
            .with_context(|| format!("{name} cannot be started"))?;
        Ok(Self {
            name,
            child,
            ended: None,
        })
    }

    /// The name given at the start.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// How it ended, if it did.
    pub fn ended(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        if self.ended.is_none() {
            self.ended = self.child.try_wait()?;
        }
        Ok(self.ended)
    }

    fn signal_group(&self, signal: &str) {
        // The standard library can only kill; the shell knows the other signals.
        let script = format!("kill -{signal} -{} 2>/dev/null", self.child.id());
        let _ = Command::new("sh").args(["-c", &script]).status();
    }

    /// Asks it to end and waits; a further Ctrl-C or the deadline ends it at once.
    pub fn end(&mut self, stops: Option<&Stops>) {
        self.signal_group("TERM");
        let deadline = Instant::now() + END_DEADLINE;
        while matches!(self.ended(), Ok(None)) {
            if Instant::now() > deadline || stops.is_some_and(Stops::take) {
                break;
            }
            sleep(LOOK);
        }
        // Also what it has started and left behind.
        self.signal_group("KILL");
        if self.ended.is_none() {
            self.ended = self.child.wait().ok();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.ended.is_none() {
            self.end(None);
        }
    }
}

/// Builds every program and says where the gateway's is. Always all of them, with the features that the tests have: whoever runs the
/// gateway, then the demo, then the tests, compiles the dependencies once. The gateway alone would have fewer features, and each way
/// from the one to the other costs some minutes.
pub fn build() -> anyhow::Result<PathBuf> {
    // Cargo counts the features that only tests ask for (of tokio, to begin with) when it builds examples, and not for
    // programs alone.
    run(&mut cargo(&[
        "build",
        "--workspace",
        "--bins",
        "--examples",
    ]))?;
    built("callbox")
}

/// Where cargo has put a program of the development profile.
pub fn built(name: &str) -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe().context("the path of this program")?;
    let folder = own.parent().context("the folder of this program")?;
    let program = folder.join(name);
    if !program.exists() {
        bail!("{} does not exist after the build", program.display());
    }
    Ok(program)
}

/// The gateway's own words about its pages, or why its configuration is refused.
pub fn welcome(program: &Path, flags: &[String]) -> anyhow::Result<String> {
    let mut check = Command::new(program);
    run(check.arg("check-config").args(flags).stdout(Stdio::null()))
        .context("the configuration is refused")?;
    let mut welcome = Command::new(program);
    quiet(welcome.args(["config", "welcome"]).args(flags))
        .context("the gateway does not say its addresses")
}

/// The address of the admin port.
pub fn admin_address(program: &Path, flags: &[String]) -> anyhow::Result<SocketAddr> {
    let mut print = Command::new(program);
    let text = quiet(print.args(["config", "print", "--redacted"]).args(flags))
        .context("the configuration")?;
    text.split("[admin]")
        .nth(1)
        .and_then(|section| {
            section
                .lines()
                .find_map(|line| line.strip_prefix("listen = "))
        })
        .and_then(|value| value.trim_matches('"').parse().ok())
        .context("admin.listen is not printed")
}

/// Waits until the gateway takes work. Fails when it ends, when somebody stops it, or after the deadline.
pub fn wait_until_ready(
    gateway: &mut Running,
    admin: SocketAddr,
    stops: &Stops,
) -> anyhow::Result<()> {
    let deadline = Instant::now() + READY_DEADLINE;
    let mut words = "no answer yet".to_owned();
    while Instant::now() < deadline {
        if let Some(status) = gateway.ended()? {
            bail!("the gateway ended before it was ready: {status}");
        }
        if stops.asked() {
            bail!("stopped before the gateway was ready");
        }
        match ask_readiness(admin) {
            Some((true, _)) => return still_there(gateway, admin),
            Some((false, answer)) => words = answer,
            None => {}
        }
        sleep(LOOK);
    }
    bail!(
        "the gateway is not ready after {} s: {words}",
        READY_DEADLINE.as_secs()
    )
}

/// The answer may come from another gateway on the same port; then this one has just ended.
fn still_there(gateway: &mut Running, admin: SocketAddr) -> anyhow::Result<()> {
    sleep(LOOK);
    match gateway.ended()? {
        None => Ok(()),
        Some(status) => {
            bail!(
                "the gateway ended ({status}), and another one answers on {admin}: stop that one first"
            )
        }
    }
}

/// Whether `/readyz` says yes, and its words.
fn ask_readiness(admin: SocketAddr) -> Option<(bool, String)> {
    let mut stream = TcpStream::connect_timeout(&admin, Duration::from_secs(1)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(1))).ok()?;
    stream
        .write_all(b"GET /readyz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        .ok()?;
    let mut answer = String::new();
    stream.take(64 * 1024).read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    Some((head.starts_with("HTTP/1.1 200"), body.trim().to_owned()))
}

/// Watches until one child ends or a person stops; then ends all, in the order given.
pub fn watch(mut children: Vec<Running>, stops: &Stops) -> anyhow::Result<()> {
    let outcome = loop {
        if stops.take() {
            eprintln!("xtask: stopping; Ctrl-C again stops at once");
            break Ok(());
        }
        let mut gone = None;
        for child in &mut children {
            if let Some(status) = child.ended()? {
                gone = Some((child.name(), status));
                break;
            }
        }
        if let Some((name, status)) = gone {
            break Err(anyhow::anyhow!(
                "{name} is gone: {status}; stopping everything else"
            ));
        }
        sleep(LOOK);
    };
    for child in &mut children {
        child.end(Some(stops));
    }
    outcome
}
