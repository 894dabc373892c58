//! `chaos`: a cluster of three hosts under random faults, with real clients on both sides of every cut, and a checker that
//! proves that nothing promised was lost, doubled, reordered or invented.
//!
//! Owns: the order of a run: start, play, break, heal, settle, read, judge; and the negative control, a run against a tier
//! that is known to lose, which the same checker must catch. Must not: look inside the product: it speaks the public
//! protocol only. Called by: `cargo xtask chaos`, as root.

mod cluster;
pub mod console;
mod evidence;
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
use self::reader::Told;
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
/// Residents on each side of the short form, and of the long one.
const SHORT_RESIDENTS: u64 = 10;
const LONG_RESIDENTS: u64 = 64;
/// Faults and safe records of the long form: what the result in `docs/reliability.md` stands for.
const LONG_FAULTS: usize = 1_000;
const LONG_SAFE: usize = 1_000_000;
/// A list shows so many sessions of a standing at most.
const SESSIONS_MAX: u64 = 500;
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
    #[arg(long, default_value_t = LONG_FAULTS)]
    faults: usize,
    /// Seed of faults and of clients' choices; by default a new one, which is printed
    #[arg(long)]
    seed: Option<u64>,
    /// Residents on each side; by default 10 in the short form, else as many as it takes for a million safe records
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=SESSIONS_MAX / 2))]
    residents: Option<u64>,
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
        let mut judged = self.storm(&folder.join("storm"), seed, faults).await?;
        if let Some(short_of) = too_small(faults, judged.verdict.safe) {
            judged.unsettled.push(short_of);
        }
        for finding in judged.findings() {
            println!("  {finding}");
        }
        let control = self.control(&folder.join("control"), seed).await?;
        let (verdict, control) = (&judged.verdict, &control.verdict);
        if verdict.taken_twice > 0 {
            println!(
                "  {} requests for the next session got two",
                verdict.taken_twice
            );
        }
        let caught = !control.lost.is_empty();
        if !judged.is_clean() || !caught {
            let kept = if self.keep.is_some() {
                folder
            } else {
                temporary.keep()
            };
            println!("records and logs: {}", kept.display());
        }
        let rules = verdict.rules();
        let other: usize = rules[2..].iter().map(|(_, found)| found.len()).sum();
        let other = other + judged.unsettled.len();
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
            judged
                .findings()
                .into_iter()
                .for_each(|finding| outcome.fail(finding));
            if !caught {
                outcome.fail("the negative control was not caught");
            }
            let report = Report::new("chaos", begun.elapsed().as_secs_f64(), &[outcome]);
            println!("{}", report.to_json());
        }
        Ok(judged.is_clean() && caught)
    }

    async fn storm(&self, folder: &Path, seed: u64, faults: usize) -> Result<Judged> {
        fs::create_dir_all(folder)?;
        let gateway = fs::canonicalize(binary(self.gateway.as_deref())?)?;
        let mut cluster = Cluster::start(folder, &gateway, Promise::Counted, &CLIENTS).await?;
        let mut crews = self.crews(&cluster, seed)?;
        sleep(CALM).await;
        let mut storm = Storm::new(seed, CLIENTS.len());
        let (begun, mut told) = (Instant::now(), 0);
        while storm.done.len() < faults {
            storm.blow(&mut cluster).await?;
            sleep(LOOK).await;
            if storm.done.len() >= told + TOLD_EVERY {
                told = storm.done.len();
                println!(
                    "chaos: {told} of {faults} faults after {} s",
                    begun.elapsed().as_secs()
                );
            }
        }
        storm.calm(&mut cluster).await?;
        cluster.wait_until_whole().await?;
        sleep(CALM).await;
        judged(&cluster, &mut crews)
    }

    /// The primary is cut off together with the gateway beside it and the clients of one side, who go on writing to it,
    /// while the others have a new primary. Without counting replicas, what they were promised is gone afterwards.
    async fn control(&self, folder: &Path, seed: u64) -> Result<Judged> {
        println!("negative control: replicas are not counted, and the primary is cut off");
        fs::create_dir_all(folder)?;
        let gateway = fs::canonicalize(binary(self.gateway.as_deref())?)?;
        let mut cluster = Cluster::start(folder, &gateway, Promise::Hoped, &CLIENTS).await?;
        let mut crews = self.crews(&cluster, seed)?;
        sleep(CALM).await;
        let primary = cluster.wait_until_whole().await?;
        let sides = sides_of_control(primary);
        faults::make(Fault::Isolate(primary), &mut cluster).await?;
        for (client, host) in &sides {
            faults::make(Fault::CutClients(*client, *host), &mut cluster).await?;
        }
        sleep(CONTROL_CUT).await;
        for (client, host) in sides {
            faults::mend(Fault::CutClients(client, host), &mut cluster)?;
        }
        faults::mend(Fault::Isolate(primary), &mut cluster)?;
        cluster.wait_until_whole().await?;
        sleep(CALM).await;
        judged(&cluster, &mut crews)
    }

    fn crews(&self, cluster: &Cluster, seed: u64) -> Result<Vec<Crew>> {
        let residents = self.residents.unwrap_or(if self.short {
            SHORT_RESIDENTS
        } else {
            LONG_RESIDENTS
        });
        let share = STAFF.len() / CLIENTS.len();
        let sides = CLIENTS.iter().zip(STAFF.chunks(share)).enumerate();
        let mut crews = Vec::new();
        for (side, (name, staff)) in sides {
            let nodes: Vec<String> = (0..NODES).map(|host| cluster.url(host)).collect();
            let mut child = inside(cluster, Cluster::client(side))?
                .arg("chaos-players")
                .args(["--nodes", &nodes.join(",")])
                .arg("--record")
                .arg(record_file(cluster, name))
                .args(["--prefix", name])
                .args(["--seed", &(seed ^ side as u64).to_string()])
                .args(["--residents", &residents.to_string()])
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
fn sides_of_control(primary: usize) -> Vec<(usize, usize)> {
    let others = (0..NODES).filter(|host| *host != primary);
    let mut sides: Vec<_> = others.map(|host| (Cluster::client(0), host)).collect();
    sides.push((Cluster::client(1), primary));
    sides
}

/// What came out of a run.
struct Judged {
    verdict: Verdict,
    /// What keeps it from counting: clients that do not have everything safe, or were not shown the last entries; too few records.
    unsettled: Vec<String>,
}

impl Judged {
    fn is_clean(&self) -> bool {
        self.verdict.is_clean() && self.unsettled.is_empty()
    }

    fn findings(&self) -> Vec<String> {
        [self.unsettled.clone(), self.verdict.findings()].concat()
    }
}

/// One side's clients.
struct Crew {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Crew {
    /// Waits for a word, and answers the number behind it: how many clients are not so far.
    fn expect(&mut self, word: &str) -> Result<usize> {
        let mut line = String::new();
        self.stdout.read_line(&mut line)?;
        let mut said = line.split_whitespace();
        match (said.next(), said.next()) {
            (Some(first), left) if first == word => {
                left.map_or(Ok(0), |left| left.parse().context("a number of clients"))
            }
            (None, _) => bail!("the players ended: {:?}", self.child.wait()?),
            _ => bail!("the players said: {line}"),
        }
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Says something to every side, and answers how many clients are not as far as they should be, by their own word.
fn tell(crews: &mut [Crew], words: &str, answer: &str) -> Result<usize> {
    for crew in crews.iter_mut() {
        writeln!(crew.stdin, "{words}")?;
    }
    let left = crews.iter_mut().map(|crew| crew.expect(answer));
    left.sum()
}

/// Has the clients get everything safe, reads the logs and lists while they stay, has them wait for the last entries, and judges.
fn judged(cluster: &Cluster, crews: &mut [Crew]) -> Result<Judged> {
    let begun = Instant::now();
    let mut unsettled = Vec::new();
    match tell(crews, "settle", "settled")? {
        0 => eprintln!(
            "  everything was safe {:.1} s after healing",
            begun.elapsed().as_secs_f64()
        ),
        left => unsettled.push(format!("{left} clients do not have everything safe")),
    }
    let told = read(cluster)?;
    let logs = &told.last().context("a node")?.logs;
    let file = cluster.folder().join("logs.json");
    fs::write(&file, serde_json::to_vec(logs)?)?;
    let left = tell(crews, &file.display().to_string(), "ended")?;
    if left > 0 {
        unsettled.push(format!("{left} clients were not shown the last entries"));
    }
    let mut verdict = judge(&lines(cluster)?, logs);
    for (number, told) in (1..).zip(&told) {
        verdict.compare(&format!("node {number}"), logs, &told.rows);
    }
    Ok(Judged { verdict, unsettled })
}

/// What every node tells, from the first to the last.
fn read(cluster: &Cluster) -> Result<Vec<Told>> {
    let list = cluster.folder().join("sessions");
    let sessions = record::sessions(&lines(cluster)?);
    let all: Vec<_> = sessions.iter().map(ToString::to_string).collect();
    fs::write(&list, all.join("\n"))?;
    let mut all: Vec<Told> = Vec::new();
    for host in 0..NODES {
        let out = cluster.folder().join(format!("told-{}.json", host + 1));
        let status = inside(cluster, Cluster::client(0))?
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
        let told: Told = serde_json::from_slice(&fs::read(&out)?)?;
        // Every node tells the same.
        if let Some(before) = all.last()
            && !is_continued_by(&before.logs, &told.logs)
        {
            bail!("nodes {host} and {} tell different logs", host + 1);
        }
        all.push(told);
    }
    Ok(all)
}

fn lines(cluster: &Cluster) -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    for name in CLIENTS {
        lines.extend(record::read(&record_file(cluster, name))?);
    }
    Ok(lines)
}

/// Whether later logs begin with all of the earlier ones: reading leaves a trace itself, as each look of a supervisor does.
fn is_continued_by(earlier: &Logs, later: &Logs) -> bool {
    earlier.len() == later.len()
        && earlier
            .iter()
            .all(|(session, log)| later.get(session).is_some_and(|now| now.starts_with(log)))
}

/// Why a run of the long form does not count as one.
fn too_small(faults: usize, safe: usize) -> Option<String> {
    let small = faults >= LONG_FAULTS && safe < LONG_SAFE;
    small.then(|| {
        format!("{safe} safe records are too few for {faults} faults: {LONG_SAFE} with more --residents, or a lower --text-every-ms")
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_run_with_too_few_records_is_told_and_a_short_one_is_not() {
        assert!(too_small(LONG_FAULTS, LONG_SAFE - 1).is_some());
        assert_eq!(too_small(LONG_FAULTS, LONG_SAFE), None);
        assert_eq!(too_small(SHORT_FAULTS, 1), None);
    }
}
