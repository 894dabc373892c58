//! What a process costs, read from `/proc`.
//!
//! Owns: memory and processor time of a process id, and this program's own limit of open files. Must not: start or stop
//! anything. Called by: the commands, before and after what they measure.

use std::collections::HashMap;
use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Memory of a process, in KiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// Resident set.
    pub resident_kib: u64,
    /// Its part that is not backed by a file.
    pub anonymous_kib: u64,
}

/// Memory of a process now.
///
/// # Errors
/// When the process is gone.
pub fn memory(pid: u32) -> Result<Memory> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))
        .with_context(|| format!("process {pid} is gone"))?;
    let field = |name: &str| status_kib(&status, name).with_context(|| format!("no {name}"));
    Ok(Memory {
        resident_kib: field("VmRSS:")?,
        anonymous_kib: field("RssAnon:")?,
    })
}

fn status_kib(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Processor time that a process took so far, in user and kernel mode. The kernel tells it in ticks of 10 ms.
///
/// # Errors
/// When the process is gone.
pub fn cpu(pid: u32) -> Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))
        .with_context(|| format!("process {pid} is gone"))?;
    let ticks = stat_ticks(&stat).context("unknown form of /proc/PID/stat")?;
    Ok(Duration::from_millis(
        ticks * 1_000 / rustix::param::clock_ticks_per_second(),
    ))
}

/// `utime + stime`; the name of the process stands in brackets and may hold spaces.
fn stat_ticks(stat: &str) -> Option<u64> {
    let after_name = &stat[stat.rfind(')')? + 1..];
    let mut fields = after_name.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let kernel: u64 = fields.next()?.parse().ok()?;
    Some(user + kernel)
}

/// Run time of every thread of a process so far. Finer than [`cpu`], and blind to threads that have ended.
#[derive(Debug, Clone, Default)]
pub struct RunTimes(HashMap<String, u64>);

impl RunTimes {
    /// The threads' run times now.
    ///
    /// # Errors
    /// When the process is gone.
    pub fn of(pid: u32) -> Result<Self> {
        let tasks = fs::read_dir(format!("/proc/{pid}/task"))
            .with_context(|| format!("process {pid} is gone"))?;
        let mut times = HashMap::new();
        for task in tasks.flatten() {
            // A thread may end between the two looks.
            let Ok(text) = fs::read_to_string(task.path().join("schedstat")) else {
                continue;
            };
            let run_ns = text
                .split_whitespace()
                .next()
                .and_then(|ns| ns.parse().ok());
            times.insert(
                task.file_name().to_string_lossy().into_owned(),
                run_ns.context("unknown form of schedstat")?,
            );
        }
        Ok(Self(times))
    }

    /// What was run since an earlier look.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Duration {
        let run = |(task, ns): (&String, &u64)| {
            ns.saturating_sub(earlier.0.get(task).copied().unwrap_or(0))
        };
        Duration::from_nanos(self.0.iter().map(run).sum())
    }
}

/// Raises this process's limit of open files as far as it may go, and says how far that is.
///
/// # Errors
/// When fewer than `needed` files can be open.
pub fn raise_open_files(needed: u64) -> Result<()> {
    let before = getrlimit(Resource::Nofile);
    let wanted = Rlimit {
        current: before.maximum,
        maximum: before.maximum,
    };
    setrlimit(Resource::Nofile, wanted).context("the limit of open files cannot be raised")?;
    match before.maximum {
        Some(most) if most < needed => {
            anyhow::bail!("{needed} open files are needed, the hard limit is {most}")
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_found_behind_a_name_with_spaces_and_brackets() {
        let stat = "12 (a b) c) S 1 2 3 4 5 6 7 8 9 10 700 42 0 0 20";
        assert_eq!(stat_ticks(stat), Some(742));
        assert_eq!(stat_ticks("12 (a"), None);
    }

    #[test]
    fn memory_is_read_from_the_named_line() {
        let status = "Name:\tcallbox\nVmRSS:\t   12345 kB\nRssAnon:\t  99 kB\n";
        assert_eq!(status_kib(status, "VmRSS:"), Some(12_345));
        assert_eq!(status_kib(status, "RssAnon:"), Some(99));
        assert_eq!(status_kib(status, "VmSwap:"), None);
    }

    #[test]
    fn run_times_count_new_threads_and_forget_ended_ones() {
        let times = |pairs: &[(&str, u64)]| {
            RunTimes(
                pairs
                    .iter()
                    .map(|(task, ns)| ((*task).to_owned(), *ns))
                    .collect(),
            )
        };
        let earlier = times(&[("1", 100), ("2", 900)]);
        let later = times(&[("1", 150), ("3", 7)]);
        assert_eq!(later.since(&earlier), Duration::from_nanos(57));
    }

    #[test]
    fn this_very_process_has_memory_and_processor_time() {
        let own = memory(std::process::id()).unwrap();
        assert!(own.resident_kib >= own.anonymous_kib && own.anonymous_kib > 0);
        assert!(cpu(std::process::id()).is_ok());
        assert!(memory(u32::MAX).is_err());
    }
}
