//! Whether a fault took hold: what did nothing proves nothing, and ends the run.
//!
//! Owns: tracers of syncs, and looks at clocks. Must not: choose faults. Called by: `faults`.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};

use super::cluster::{Cluster, Part};

/// Longest time until a tracer holds a process that goes on running.
const HELD_MAX: Duration = Duration::from_secs(10);
/// Pause between two looks at it.
const LOOK: Duration = Duration::from_millis(10);
/// A clock that is off by two hours is so to within this, in s.
const CLOCK_SLACK_S: i64 = 60;

/// Has the syncs of a process fail or take long.
#[derive(Debug)]
pub struct Tracer {
    child: Child,
    of: u32,
    told: PathBuf,
    part: Part,
}

impl Tracer {
    /// Begins, and waits until the process is held; nothing where it does not run.
    ///
    /// # Errors
    /// When it is not held in time.
    pub async fn begin(
        cluster: &mut Cluster,
        host: usize,
        part: Part,
        what: &str,
    ) -> Result<Option<Self>> {
        let Some(pid) = cluster.sites[host].running(part).map(|p| p.pid()) else {
            return Ok(None);
        };
        let told = cluster.folder().join(format!("syncs-{pid}.log"));
        let child = Command::new("strace")
            .args(["-f", "-qq", "-p", &pid.to_string()])
            .arg("-o")
            .arg(&told)
            .args(["-e", "trace=fsync,fdatasync"])
            .args(["-e", &format!("inject=fsync,fdatasync:{what}")])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("strace cannot be started: apt-get install strace")?;
        let mut tracer = Self {
            child,
            of: pid,
            told,
            part,
        };
        let begun = Instant::now();
        while !tracer.holds() {
            if is_gone(pid) {
                break;
            }
            ensure!(
                tracer.child.try_wait()?.is_none() && begun.elapsed() < HELD_MAX,
                "strace does not hold process {pid}"
            );
            tokio::time::sleep(LOOK).await;
        }
        Ok(Some(tracer))
    }

    fn holds(&self) -> bool {
        let status = fs::read_to_string(format!("/proc/{}/status", self.of));
        let by = format!("TracerPid:\t{}", self.child.id());
        status.is_ok_and(|status| status.lines().any(|line| line == by))
    }

    /// Lets go.
    ///
    /// # Errors
    /// When it did not hold a process that still runs, or a Redis server that still runs had no sync of it fail or wait.
    pub fn end(mut self) -> Result<()> {
        let (gone, held) = (is_gone(self.of), self.holds());
        if let Some(pid) = Pid::from_raw(self.child.id().cast_signed()) {
            // One that has ended with its process is fine.
            kill_process(pid, Signal::INT).ok();
        }
        self.child.wait().ok();
        let told = fs::read_to_string(&self.told).unwrap_or_default();
        let hurt = told.lines().filter(|line| line.contains("sync(")).count();
        eprintln!("       {hurt} syncs of {:?} {}", self.part, self.of);
        ensure!(gone || held, "process {} was not held to the end", self.of);
        // A gateway syncs only what clients happen to send it.
        ensure!(
            gone || hurt > 0 || self.part != Part::Redis,
            "no sync of process {} was hurt",
            self.of
        );
        Ok(())
    }
}

/// Whether a process has ended, waited for or not.
fn is_gone(pid: u32) -> bool {
    let state = fs::read_to_string(format!("/proc/{pid}/stat"));
    state.map_or(true, |state| {
        let after_name = state.rsplit_once(") ").map(|(_, rest)| rest);
        after_name.is_none_or(|rest| rest.starts_with(['Z', 'X']))
    })
}

/// A clock that was moved: whoever still runs reads it. A gateway's is known by its library alone, since it goes by the tier's.
///
/// # Errors
/// When it is not off.
pub fn clock_was_off(cluster: &mut Cluster, host: usize, part: Part, by: i64) -> Result<()> {
    let Some(pid) = cluster.sites[host].running(part).map(|p| p.pid()) else {
        return Ok(());
    };
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap_or_default();
    if !maps.contains("libfaketime") && !is_gone(pid) {
        bail!("process {pid} does not read its clock from the run");
    }
    if part != Part::Redis {
        return Ok(());
    }
    // One that loads its file, or is on a full or slow disk, does not answer.
    let Ok(now) = cluster.redis_time(host) else {
        return Ok(());
    };
    let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let off = now - i64::try_from(since.as_secs())?;
    ensure!(
        (off - by).abs() < CLOCK_SLACK_S,
        "the clock of Redis is off by {off} s, not by {by} s"
    );
    Ok(())
}
