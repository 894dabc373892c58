//! `rolling`: nodes are restarted one after the other, with a drain before each, under residents who go on writing, and consoles that
//! follow some of them.
//!
//! Owns: the order of the run and what it cost each client. Must not: judge what was lost (that is `check`), or tell clients
//! anything. Called by: `main`.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use callbox_loadtests::check::judge;
use callbox_loadtests::record::{self, Fact, Line, Recorder, now_ms};
use clap::Args;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::chaos::players::Crew;
use crate::chaos::{console, reader, resident};
use crate::client;
use crate::gateway::{Gateway, GatewayChoice, Wishes};
use crate::nodes::Nodes;
use crate::process;
use crate::redis::Fsync;
use crate::report::Outcome;

/// Between two residents who come at the beginning.
const ONE_COMES: Duration = Duration::from_millis(2);
/// Longest time until all have come.
const ALL_COME: Duration = Duration::from_secs(120);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(200);
/// Calm before the first restart and after each.
const CALM: Duration = Duration::from_secs(3);
/// Open files besides the clients' sockets, of which each may have an old and a new one.
const SPARE_FILES: u64 = 256;
/// Who takes sessions, follows them and answers: four each.
const STAFF: [&str; 2] = ["tina", "tom"];
/// Who reads the logs in the end.
const SUPERVISOR: &str = "sue";

/// Nodes are restarted one after the other
#[derive(Debug, Clone, Args)]
#[group(skip)]
pub struct Rolling {
    /// Nodes on one Redis (`appendfsync always`)
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(2..=9))]
    nodes: u8,
    /// Residents, each with a session, spread over the nodes
    #[arg(long, default_value_t = 3_000)]
    sessions: u64,
    /// A resident writes about this often, in ms
    #[arg(long, default_value_t = 5_000)]
    text_every_ms: u64,
    /// Time that each drain may take, in s
    #[arg(long, default_value_t = 30)]
    within: u64,
}

impl Rolling {
    /// Runs it once.
    ///
    /// # Errors
    /// When a node does not stop or start. Whatever was lost is a failure of the outcome.
    pub async fn run(&self, choice: &GatewayChoice) -> Result<Outcome> {
        process::raise_open_files(2 * self.clients() + SPARE_FILES)?;
        let wishes = Wishes::default();
        let mut nodes =
            Nodes::begin(choice, Fsync::Always, usize::from(self.nodes), &wishes).await?;
        let done = self.roll(&mut nodes).await;
        done.map_err(|error| nodes.explain(error))
    }

    async fn roll(&self, nodes: &mut Nodes) -> Result<Outcome> {
        let mut outcome = Outcome::default();
        let folder = tempfile::tempdir().context("no folder for the record")?;
        let file = folder.path().join("record.jsonl");
        let targets = nodes.gateways.iter().map(|node| node.target.clone());
        let text_every = Duration::from_millis(self.text_every_ms);
        let recorder = Recorder::create(&file)?;
        let crew = Arc::new(Crew::new(
            recorder,
            "",
            rand::random(),
            text_every,
            targets.collect(),
        ));
        let mut clients = JoinSet::new();
        for number in 0..self.sessions {
            clients.spawn(resident::live(Arc::clone(&crew), number));
            sleep(ONE_COMES).await;
        }
        let first = &nodes.gateways.first().context("a node")?.target;
        for (number, name) in (0..).zip(STAFF) {
            let token = client::sign_in(first, name).await?;
            let crew = Arc::clone(&crew);
            clients.spawn(console::live(crew, number, name.to_owned(), token));
        }
        self.all_are_here(&nodes.gateways).await?;
        sleep(CALM).await;
        let mut restarts = Vec::new();
        let (mut longest_drain, mut longest_restart) = (0.0_f64, 0.0_f64);
        for number in 0..nodes.gateways.len() {
            let (from_ms, begun) = (now_ms(), Instant::now());
            let node = &mut nodes.gateways[number];
            node.order(&["drain", "--within", &self.within.to_string()])
                .await?;
            longest_drain = longest_drain.max(begun.elapsed().as_secs_f64());
            let begun = Instant::now();
            node.stop().await?;
            node.again().await?;
            longest_restart = longest_restart.max(begun.elapsed().as_secs_f64());
            self.all_are_here(&nodes.gateways).await?;
            sleep(CALM).await;
            restarts.push((from_ms, now_ms()));
        }
        outcome.set("longest_drain_s", longest_drain);
        outcome.set("longest_restart_s", longest_restart);
        let unsettled = crew.settle(&mut clients).await?;
        clients.shutdown().await;
        if unsettled > 0 {
            outcome.fail(format!("{unsettled} clients do not have everything safe"));
        }
        let lines = record::read(&file)?;
        let last = nodes.gateways.last().context("a node")?;
        let sessions = record::sessions(&lines).into_iter().collect();
        let logs = reader::read_logs(&last.target, SUPERVISOR, sessions).await?;
        let verdict = judge(&lines, &logs);
        outcome.set_verdict(&verdict);
        outcome.set("sessions", logs.len() as f64);
        outcome.set("shown_to_consoles", shown_to_consoles(&lines) as f64);
        reconnects(&lines, &restarts, &mut outcome);
        Ok(outcome)
    }

    const fn clients(&self) -> u64 {
        self.sessions + STAFF.len() as u64
    }

    async fn all_are_here(&self, gateways: &[Gateway]) -> Result<()> {
        let begun = Instant::now();
        loop {
            let mut here = 0;
            for gateway in gateways {
                here += gateway.connections().await?;
            }
            if here >= self.clients() {
                return Ok(());
            }
            ensure!(
                begun.elapsed() < ALL_COME,
                "{here} of {} clients are connected after {ALL_COME:?}",
                self.clients()
            );
            sleep(LOOK).await;
        }
    }
}

/// Entries that consoles were shown.
fn shown_to_consoles(lines: &[Line]) -> usize {
    let consoles = lines.iter().filter(|line| line.who.starts_with('c'));
    let shown = consoles.filter(|line| matches!(line.fact, Fact::Shown { .. }));
    shown.count()
}

/// How often a client came back during one restart and over all of them.
fn reconnects(lines: &[Line], restarts: &[(u64, u64)], outcome: &mut Outcome) {
    let mut all: HashMap<&str, u64> = HashMap::new();
    let (mut most, mut more_than_one) = (0, 0);
    for (from_ms, to_ms) in restarts {
        let mut during: HashMap<&str, u64> = HashMap::new();
        let mut links = HashSet::new();
        for line in lines {
            // A session can begin again on the same link.
            let Fact::Begun { link, .. } = line.fact else {
                continue;
            };
            let fresh = links.insert((&line.who, link));
            if fresh && (*from_ms..*to_ms).contains(&line.at_ms) {
                *during.entry(&line.who).or_default() += 1;
                *all.entry(&line.who).or_default() += 1;
            }
        }
        most = most.max(during.values().copied().max().unwrap_or(0));
        more_than_one += during.values().filter(|count| **count > 1).count();
    }
    outcome.set("reconnects_of_a_client_per_restart_max", most as f64);
    outcome.set("clients_with_more_than_one", more_than_one as f64);
    let in_all: u64 = all.values().sum();
    outcome.set("reconnects", in_all as f64);
    let most_in_all = all.values().copied().max().unwrap_or(0);
    outcome.set("reconnects_of_a_client_in_all_max", most_in_all as f64);
    if more_than_one > 0 {
        outcome.fail(format!(
            "{more_than_one} times a client had to come back more than once in a restart"
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_comes_back_twice_in_one_restart_is_told() {
        let session = callbox_proto::ids::SessionId::from_u128(7).unwrap();
        let line = |who: &str, at_ms| Line {
            who: who.to_owned(),
            at_ms,
            fact: Fact::Begun {
                link: at_ms,
                session,
                after: 0,
            },
        };
        let lines = [
            line("a", 1),
            line("a", 12),
            line("b", 13),
            line("b", 14),
            line("a", 22),
        ];
        let mut outcome = Outcome::default();
        reconnects(&lines, &[(10, 20), (20, 30)], &mut outcome);
        assert_eq!(outcome.get("clients_with_more_than_one"), Some(1.0));
        assert_eq!(
            outcome.get("reconnects_of_a_client_per_restart_max"),
            Some(2.0)
        );
        assert_eq!(outcome.get("reconnects"), Some(4.0));
        assert_eq!(outcome.get("reconnects_of_a_client_in_all_max"), Some(2.0));
    }
}
