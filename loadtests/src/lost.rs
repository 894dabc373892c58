//! `lost`: a console, a node and the primary of the tier are lost, again and again: how long until others go on.
//!
//! Owns: what is lost and when, and the times. Must not: help anybody, or judge what was lost with it (that is `check`). Called by: `main`.
//!
//! Two nodes on the recommended tier. A telecommunicator at the one takes a session and is lost; a colleague at the other asks for the next
//! one until it is that session. Then residents at the one write to consoles at the other while the tier loses its primary.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use callbox_loadtests::check::judge;
use callbox_loadtests::record::{self, Fact, Line, Recorder, now_ms};
use callbox_proto::ids::SessionId;
use callbox_proto::vocabulary::Category;
use clap::Args;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::chaos::players::Crew;
use crate::chaos::{console, reader, resident};
use crate::client::{self, Link, Opened, Target, command_id, opening};
use crate::device::Device;
use crate::gateway::{GatewayChoice, Wishes};
use crate::nodes::Nodes;
use crate::redis::WatchedRedis;
use crate::report::Outcome;

/// Who is lost, who goes on, and who reads the logs in the end.
const LOST: &str = "tom";
const COLLEAGUE: &str = "tina";
const SUPERVISOR: &str = "sue";
/// Pause between two questions of the colleague.
const ASK: Duration = Duration::from_millis(20);
/// Longest wait for what was lost to be offered again.
const OFFERED: Duration = Duration::from_secs(60);
/// Calm before the primary is lost, in which sessions are taken and followed.
const CALM: Duration = Duration::from_secs(6);
/// After a promotion, until who goes on is looked up.
const AFTER: Duration = Duration::from_secs(20);
/// A resident writes about this often.
const TEXT_EVERY: Duration = Duration::from_millis(100);
/// A session counts as followed at a loss when something of it was shown within so many ms before.
const FOLLOWED_MS: u64 = 1_000;

/// A console, a node and the tier's primary are lost: how long until others go on
#[derive(Debug, Clone, Args)]
#[group(skip)]
pub struct Lost {
    /// How often a console is lost, in each of two ways
    #[arg(long, default_value_t = 10)]
    consoles: usize,
    /// How often a node is lost with its console
    #[arg(long, default_value_t = 5)]
    nodes: usize,
    /// How often the primary is lost
    #[arg(long, default_value_t = 5)]
    primaries: usize,
    /// Residents who write meanwhile; two consoles take up to four of them each
    #[arg(long, default_value_t = 8)]
    residents: u64,
    /// Folder in which the record of residents and consoles stays
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

/// A way to lose a console.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Its connection ends.
    Closed,
    /// It says and reads nothing any more; the connection stays.
    Frozen,
    /// Its node is killed.
    WithItsNode,
}

impl Lost {
    /// Runs it once.
    ///
    /// # Errors
    /// When a step is refused or nobody goes on. What was lost for good is a failure of the outcome.
    pub async fn run(&self, choice: &GatewayChoice) -> Result<Outcome> {
        ensure!(choice.url.is_none(), "what is lost here was started here");
        let tier = WatchedRedis::start().await?;
        let url = tier.url();
        let mut nodes = Nodes::on(tier, (&url, 1), choice, 2, &Wishes::default()).await?;
        let mut outcome = Outcome::default();
        let done = self.lose(&mut nodes, &mut outcome).await;
        done.map_err(|error| nodes.explain(error))?;
        Ok(outcome)
    }

    async fn lose(&self, nodes: &mut Nodes<WatchedRedis>, outcome: &mut Outcome) -> Result<()> {
        for (name, way, times) in [
            ("closed_console_s", Way::Closed, self.consoles),
            ("frozen_console_s", Way::Frozen, self.consoles),
            ("console_of_a_lost_node_s", Way::WithItsNode, self.nodes),
        ] {
            let mut took = Vec::new();
            for number in 1..=times {
                eprintln!("lost: {name}, {number} of {times}");
                took.push(lose_console(nodes, way).await?.as_secs_f64());
            }
            outcome.set_samples(name, took);
        }
        self.lose_primaries(nodes, outcome).await
    }

    async fn lose_primaries(
        &self,
        nodes: &mut Nodes<WatchedRedis>,
        outcome: &mut Outcome,
    ) -> Result<()> {
        let [here, there] = nodes.gateways.as_slice() else {
            bail!("two nodes");
        };
        let folder = tempfile::tempdir().context("no folder for the record")?;
        let file = self.keep.as_deref().unwrap_or(folder.path());
        let file = file.join("record.jsonl");
        let recorder = Recorder::create(&file)?;
        let crew = |at: &Target| {
            let nodes = vec![at.clone()];
            Arc::new(Crew::new(
                recorder.clone(),
                "",
                rand::random(),
                TEXT_EVERY,
                nodes,
            ))
        };
        let (writing, reading) = (crew(&here.target), crew(&there.target));
        let (mut writers, mut readers) = (JoinSet::new(), JoinSet::new());
        for number in 0..self.residents {
            writers.spawn(resident::live(Arc::clone(&writing), number));
        }
        for (number, name) in (0..).zip([LOST, COLLEAGUE]) {
            let token = client::sign_in(&there.target, name).await?;
            readers.spawn(console::live(
                Arc::clone(&reading),
                number,
                name.to_owned(),
                token,
            ));
        }
        let (mut promoted, mut gone_on) = (Vec::new(), Vec::new());
        for number in 1..=self.primaries {
            eprintln!("lost: the primary, {number} of {}", self.primaries);
            sleep(CALM).await;
            let at_ms = now_ms();
            let (lost, found) = nodes.redis.lose_the_primary().await?;
            promoted.push((found - lost).as_secs_f64());
            let promoted_ms = now_ms();
            sleep(AFTER).await;
            recorder.flush();
            let after = gone_on_after(&record::read(&file)?, at_ms, promoted_ms);
            ensure!(!after.is_empty(), "no session was followed");
            let still = after.iter().filter(|session| session.is_none()).count();
            if still > 0 {
                outcome.fail(format!(
                    "{still} sessions do not go on within {AFTER:?} of a promotion"
                ));
            }
            gone_on.extend(after.into_iter().flatten());
            nodes.redis.mend().await?;
        }
        outcome.set_samples("promotion_s", promoted);
        outcome.set_samples("goes_on_after_promotion_s", gone_on);
        let mut unsettled = writing.settle(&mut writers).await?;
        unsettled += reading.settle(&mut readers).await?;
        if unsettled > 0 {
            outcome.fail(format!("{unsettled} clients do not have everything safe"));
        }
        let lines = record::read(&file)?;
        let sessions = record::sessions(&lines).into_iter().collect();
        let logs = reader::read_logs(&there.target, SUPERVISOR, sessions).await?;
        outcome.set_verdict(&judge(&lines, &logs));
        Ok(())
    }
}

/// Loses a console that has taken a session, once; how long until a colleague at the other node has it.
async fn lose_console(nodes: &mut Nodes<WatchedRedis>, way: Way) -> Result<Duration> {
    let [here, there] = nodes.gateways.as_mut_slice() else {
        bail!("two nodes");
    };
    let mut resident = there.target.resident(None).await?;
    client::greet_as_resident(&mut resident, &Device::new()?).await?;
    let opened = client::open(&mut resident, command_id(), opening(Category::Other)).await?;
    let Opened { session, .. } = opened;
    let console = take(&here.target, LOST, session).await?;
    let lost = Instant::now();
    // A frozen one lives as long as this function, and nobody reads it.
    let _kept = match way {
        Way::Closed => {
            drop(console);
            None
        }
        Way::Frozen => Some(console),
        Way::WithItsNode => {
            here.kill()?;
            None
        }
    };
    let mut colleague = take(&there.target, COLLEAGUE, session).await?;
    let took = lost.elapsed();
    client::end(&mut colleague, session).await?;
    colleague.close().await;
    if way == Way::WithItsNode {
        here.again().await?;
    }
    Ok(took)
}

/// Signs in and asks for the next session until it is this one.
async fn take(node: &Target, name: &str, session: SessionId) -> Result<Link> {
    let token = client::sign_in(node, name).await?;
    let mut link = node.staff().await?;
    client::greet_as_staff(&mut link, &token).await?;
    let begun = Instant::now();
    loop {
        match client::take_next(&mut link).await? {
            Some(taken) if taken == session => return Ok(link),
            Some(taken) => bail!("{taken} waits, too"),
            None => sleep(ASK).await,
        }
        ensure!(
            begun.elapsed() < OFFERED,
            "nobody is offered the session after {OFFERED:?}"
        );
    }
}

/// For each session that a console followed at that time: seconds from the promotion until it was shown something there that was sent after the loss.
fn gone_on_after(lines: &[Line], lost_ms: u64, promoted_ms: u64) -> Vec<Option<f64>> {
    let sent: HashMap<_, _> = lines
        .iter()
        .filter_map(|line| match line.fact {
            Fact::Sent { id, .. } => Some((id, line.at_ms)),
            _ => None,
        })
        .collect();
    let shown_at_consoles = |line: &Line| match line.fact {
        Fact::Shown {
            session, command, ..
        } if line.who.starts_with('c') => Some((session, command, line.at_ms)),
        _ => None,
    };
    let shown: Vec<_> = lines.iter().filter_map(shown_at_consoles).collect();
    let mut followed: HashMap<SessionId, Option<f64>> = HashMap::new();
    for (session, command, at_ms) in shown {
        if (lost_ms.saturating_sub(FOLLOWED_MS)..lost_ms).contains(&at_ms) {
            followed.insert(session, None);
        }
        let is_after = at_ms >= promoted_ms && sent.get(&command).is_some_and(|at| *at >= lost_ms);
        if is_after && let Some(first @ None) = followed.get_mut(&session) {
            *first = Some((at_ms - promoted_ms) as f64 / 1e3);
        }
    }
    followed.into_values().collect()
}

#[cfg(test)]
mod tests {
    use callbox_proto::ids::CommandId;

    use super::*;

    fn line(who: &str, at_ms: u64, fact: Fact) -> Line {
        let who = who.to_owned();
        Line { who, at_ms, fact }
    }

    fn sent(at_ms: u64, id: u128) -> Line {
        let fact = Fact::Sent {
            id: CommandId::from_u128(id).unwrap(),
            session: None,
            text: None,
        };
        line("r0", at_ms, fact)
    }

    fn shown(who: &str, at_ms: u64, session: u128, command: u128) -> Line {
        let fact = Fact::Shown {
            link: 1,
            session: SessionId::from_u128(session).unwrap(),
            seq: 1,
            prev: 0,
            command: CommandId::from_u128(command).unwrap(),
            kept: false,
        };
        line(who, at_ms, fact)
    }

    #[test]
    fn a_session_goes_on_with_the_first_thing_a_console_is_shown_that_was_sent_after_the_loss() {
        let lines = [
            sent(4_000, 1),
            shown("c0", 4_500, 7, 1),
            sent(4_900, 2),
            sent(5_100, 3),
            // From before the loss, and to the resident.
            shown("c0", 6_200, 7, 2),
            shown("r0", 6_200, 7, 3),
            shown("c0", 6_700, 7, 3),
            shown("c0", 6_900, 7, 3),
        ];
        assert_eq!(gone_on_after(&lines, 5_000, 6_000), [Some(0.7)]);
        assert_eq!(gone_on_after(&lines[..6], 5_000, 6_000), [None]);
        assert!(gone_on_after(&lines, 9_000, 9_100).is_empty());
    }
}
