//! `chaos`: a cluster of three hosts under random faults, with real clients on both sides of every cut, and a checker that
//! proves that nothing promised was lost, doubled, reordered or invented.
//!
//! Owns: the order of a run: start, play, break, heal, settle, read, judge; and the negative control, a run against a tier
//! that is known to lose, which the same checker must catch. Must not: look inside the product: it speaks the public
//! protocol only. Called by: `cargo xtask chaos`, as root.

mod cluster;
pub mod console;
mod faults;
mod hosts;
pub mod players;
pub mod reader;
pub mod resident;

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use tokio::time::sleep;

use self::cluster::{Cluster, NODES, Promise, STAFF, SUPERVISOR};
use self::faults::{Fault, Storm};
use crate::gateway::binary;
use crate::report::{Outcome, Report};
use callbox_loadtests::check::{Logs, Verdict, judge};
use callbox_loadtests::record::{self, Line};

pub use self::players::Players;
pub use self::reader::Reader;

/// Hosts of clients: one on each side of a cut.
const CLIENTS: [&str; 2] = ["c1", "c2"];
/// Faults of the short form.
const SHORT_FAULTS: usize = 25;
/// How long clients play before the first fault and after the last one.
const CALM: Duration = Duration::from_secs(3);
/// How often faults are looked after.
const LOOK: Duration = Duration::from_millis(100);
/// Faults between two words of how far it is.
const TOLD_EVERY: usize = 25;
/// How long the negative control cuts the primary off: several times what a failover takes.
const CONTROL_CUT: Duration = Duration::from_secs(9);

/// A cluster under random faults, and a checker of every promise; takes root
#[derive(Debug, Clone, Args)]
pub struct Chaos {
    /// The gateway's binary; by default the one beside this program, else target/{ci,release,debug}/callbox
    #[arg(long, value_name = "PATH")]
    gateway: Option<PathBuf>,
    /// Twenty-five faults: a few minutes
    #[arg(long, conflicts_with = "faults")]
    short: bool,
    /// Faults
    #[arg(long, default_value_t = 1_000)]
    faults: usize,
    /// Seed of faults and of clients' choices; by default a new one, which is printed
    #[arg(long)]
    seed: Option<u64>,
    /// Residents on each side
    #[arg(long, default_value_t = 10)]
    residents: u64,
    /// A resident writes about this often, in ms
    #[arg(long, default_value_t = 150)]
    text_every_ms: u64,
    /// Folder for records and logs, kept after the run; by default one that is kept only when something is found
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Print one JSON object as the last line
    #[arg(long)]
    json: bool,
}

impl Chaos {
    /// Runs it. Answers whether every promise held and the negative control was caught.
    ///
    /// # Errors
    /// When the run itself cannot be made.
    pub async fn run(&self) -> Result<bool> {
        let begun = Instant::now();
        let seed = self.seed.unwrap_or_else(rand::random);
        let faults = if self.short {
            SHORT_FAULTS
        } else {
            self.faults
        };
        let temporary = tempfile::tempdir()?;
        let folder = self.keep.as_deref().unwrap_or(temporary.path()).to_owned();
        println!("chaos: {faults} faults, seed {seed} (repeat with --seed {seed})");
        let verdict = self.storm(&folder.join("storm"), seed, faults).await?;
        for finding in verdict.findings() {
            println!("  {finding}");
        }
        let control = self.control(&folder.join("control"), seed).await?;
        if verdict.taken_twice > 0 {
            println!(
                "  {} requests for the next session got two",
                verdict.taken_twice
            );
        }
        let caught = !control.lost.is_empty();
        if !verdict.is_clean() || !caught {
            let kept = if self.keep.is_some() {
                folder
            } else {
                temporary.keep()
            };
            println!("records and logs: {}", kept.display());
        }
        let rules = verdict.rules();
        let other: usize = rules[2..].iter().map(|(_, found)| found.len()).sum();
        println!(
            "chaos: {faults} faults, {} safe, {} entries shown, {other} other findings: {} lost, {} doubled",
            verdict.safe,
            verdict.shown,
            verdict.lost.len(),
            verdict.doubled.len(),
        );
        println!(
            "negative control: {} ({} of {} safe records lost)",
            if caught { "caught" } else { "NOT caught" },
            control.lost.len(),
            control.safe,
        );
        if self.json {
            let mut outcome = Outcome::default();
            let found = [
                ("faults", faults),
                ("safe", verdict.safe),
                ("shown", verdict.shown),
                ("lost", verdict.lost.len()),
                ("doubled", verdict.doubled.len()),
                ("other_findings", other),
                ("control_safe", control.safe),
                ("control_lost", control.lost.len()),
            ];
            for (name, count) in found {
                outcome.set(name, count as f64);
            }
            verdict
                .findings()
                .into_iter()
                .for_each(|finding| outcome.fail(finding));
            if !caught {
                outcome.fail("the negative control was not caught");
            }
            let report = Report::new("chaos", begun.elapsed().as_secs_f64(), &[outcome]);
            println!("{}", report.to_json());
        }
        Ok(verdict.is_clean() && caught)
    }

    async fn storm(&self, folder: &Path, seed: u64, faults: usize) -> Result<Verdict> {
        fs::create_dir_all(folder)?;
        let gateway = fs::canonicalize(binary(self.gateway.as_deref())?)?;
        let mut cluster = Cluster::start(folder, &gateway, Promise::Counted, &CLIENTS).await?;
        let mut crews = self.crews(&cluster, seed)?;
        sleep(CALM).await;
        let mut storm = Storm::new(seed, CLIENTS.len());
        let (begun, mut told) = (Instant::now(), 0);
        while storm.done.len() < faults {
            storm.blow(&mut cluster)?;
            sleep(LOOK).await;
            if storm.done.len() >= told + TOLD_EVERY {
                told = storm.done.len();
                println!(
                    "chaos: {told} of {faults} faults after {} s",
                    begun.elapsed().as_secs()
                );
            }
        }
        storm.calm(&mut cluster)?;
        cluster.wait_until_whole().await?;
        sleep(CALM).await;
        settle(&mut crews)?;
        collect(&cluster)
    }

    /// The primary is cut off together with the gateway beside it and the clients of one side, who go on writing to it,
    /// while the others have a new primary. Without counting replicas, what they were promised is gone afterwards.
    async fn control(&self, folder: &Path, seed: u64) -> Result<Verdict> {
        println!("negative control: replicas are not counted, and the primary is cut off");
        fs::create_dir_all(folder)?;
        let gateway = fs::canonicalize(binary(self.gateway.as_deref())?)?;
        let mut cluster = Cluster::start(folder, &gateway, Promise::Hoped, &CLIENTS).await?;
        let mut crews = self.crews(&cluster, seed)?;
        sleep(CALM).await;
        let primary = cluster.wait_until_whole().await?;
        faults::make(Fault::Isolate(primary), &mut cluster)?;
        for (cut, from) in pairs_of_control(primary) {
            cluster.network().cut(cut, from)?;
        }
        sleep(CONTROL_CUT).await;
        for (cut, from) in pairs_of_control(primary) {
            cluster.network().mend(cut, from)?;
        }
        for other in (0..NODES).filter(|other| *other != primary) {
            cluster.network().mend(primary, other)?;
        }
        cluster.wait_until_whole().await?;
        sleep(CALM).await;
        settle(&mut crews)?;
        collect(&cluster)
    }

    fn crews(&self, cluster: &Cluster, seed: u64) -> Result<Vec<Crew>> {
        let share = STAFF.len() / CLIENTS.len();
        let sides = CLIENTS.iter().zip(STAFF.chunks(share)).enumerate();
        let mut crews = Vec::new();
        for (side, (name, staff)) in sides {
            let nodes: Vec<String> = (0..NODES).map(|host| cluster.url(host)).collect();
            let mut child = inside(cluster, NODES + side)?
                .arg("chaos-players")
                .args(["--nodes", &nodes.join(",")])
                .arg("--record")
                .arg(record_file(cluster, name))
                .args(["--prefix", name])
                .args(["--seed", &(seed ^ side as u64).to_string()])
                .args(["--residents", &self.residents.to_string()])
                .args(["--staff", &staff.join(",")])
                .args(["--text-every-ms", &self.text_every_ms.to_string()])
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()?;
            let stdin = child.stdin.take().context("a pipe to the players")?;
            let stdout = child.stdout.take().context("a pipe from the players")?;
            crews.push(Crew {
                child,
                stdin,
                stdout: BufReader::new(stdout),
            });
        }
        for crew in &mut crews {
            crew.expect("ready")?;
        }
        Ok(crews)
    }
}

/// Links cut in the negative control besides those between hosts: the first side's clients stay with the primary, the
/// second side's with the others.
fn pairs_of_control(primary: usize) -> Vec<(usize, usize)> {
    let others = (0..NODES).filter(|host| *host != primary);
    let mut pairs: Vec<_> = others.map(|host| (NODES, host)).collect();
    pairs.push((NODES + 1, primary));
    pairs
}

/// One side's clients.
struct Crew {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Crew {
    fn expect(&mut self, word: &str) -> Result<()> {
        let mut line = String::new();
        self.stdout.read_line(&mut line)?;
        match line.trim() {
            said if said == word => Ok(()),
            "" => bail!("the players ended: {:?}", self.child.wait()?),
            said => {
                // What was promised is judged all the same; this is told beside it.
                println!("  a side's clients are {said} clients after healing");
                Ok(())
            }
        }
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn settle(crews: &mut [Crew]) -> Result<()> {
    let begun = Instant::now();
    for crew in crews.iter_mut() {
        crew.stdin.write_all(b"settle\n")?;
    }
    for crew in crews.iter_mut() {
        crew.expect("settled")?;
    }
    eprintln!(
        "  everything was safe {:.1} s after healing",
        begun.elapsed().as_secs_f64()
    );
    Ok(())
}

/// Reads records and logs, and judges.
fn collect(cluster: &Cluster) -> Result<Verdict> {
    let mut lines: Vec<Line> = Vec::new();
    for name in CLIENTS {
        lines.extend(record::read(&record_file(cluster, name))?);
    }
    let list = cluster.folder().join("sessions");
    let sessions = record::sessions(&lines);
    let all: Vec<_> = sessions.iter().map(ToString::to_string).collect();
    fs::write(&list, all.join("\n"))?;
    let mut first: Option<Logs> = None;
    // Every node tells the same.
    for host in 0..NODES {
        let out = cluster.folder().join(format!("logs-{}.json", host + 1));
        let status = inside(cluster, NODES)?
            .arg("chaos-reader")
            .args(["--node", &cluster.url(host), "--staff", SUPERVISOR])
            .arg("--sessions")
            .arg(&list)
            .arg("--out")
            .arg(&out)
            .status()?;
        if !status.success() {
            bail!("the logs cannot be read from node {}", host + 1);
        }
        let logs: Logs = serde_json::from_slice(&fs::read(&out)?)?;
        match &first {
            None => first = Some(logs),
            Some(first) if is_continued_by(first, &logs) => {}
            Some(_) => bail!("nodes 1 and {} tell different logs", host + 1),
        }
    }
    Ok(judge(&lines, &first.unwrap_or_default()))
}

/// Whether later logs begin with all of the earlier ones: reading leaves a trace itself, as each look of a supervisor does.
fn is_continued_by(earlier: &Logs, later: &Logs) -> bool {
    earlier.len() == later.len()
        && earlier
            .iter()
            .all(|(session, log)| later.get(session).is_some_and(|now| now.starts_with(log)))
}

fn record_file(cluster: &Cluster, side: &str) -> PathBuf {
    cluster.folder().join(format!("{side}.jsonl"))
}

/// This very program, on a host.
fn inside(cluster: &Cluster, host: usize) -> Result<Command> {
    let mut command = Command::new("ip");
    command
        .args(["netns", "exec", &cluster.host(host).namespace])
        .arg(std::env::current_exe()?);
    Ok(command)
}
