//! One side's clients of a chaos run, as a process of their own: it is started inside a network namespace.
//!
//! Owns: the process's life: play until told to settle, settle until everything is safe, stay while the logs are read, end once
//! everybody was shown what is in them. Must not: make faults. Started by: `mod`, which talks to it over its standard input.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use callbox_proto::ids::{SessionId, StaffId};
use callbox_proto::vocabulary::Seq;
use clap::Args;
use rand::Rng as _;
use rand::rngs::StdRng;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::task::JoinSet;

use super::{console, resident};
use crate::client::{self, Target};
use callbox_loadtests::check::{Logs, due};
use callbox_loadtests::record::Recorder;

/// Longest wait for one step of a link before another node is tried.
pub const LINK_STEP: Duration = Duration::from_secs(3);
/// A link over which nothing was heard for this long, though pings were sent, is given up.
pub const QUIET_MAX: Duration = Duration::from_secs(4);
/// Longest time for settling: everything has healed before, and clients come back within seconds.
const SETTLE_MAX: Duration = Duration::from_secs(90);
/// Longest time until everybody was shown the last entries, once nothing new comes.
const SHOWN_MAX: Duration = Duration::from_secs(30);
/// Pause between two looks at how many clients are settled.
const LOOK: Duration = Duration::from_millis(50);
/// Tries to sign in before the faults begin.
const SIGN_IN_TRIES: u32 = 100;

/// Clients of one side of a chaos run (started by `chaos`)
#[derive(Debug, Clone, Args)]
pub struct Players {
    /// Nodes, for example https://10.77.0.11:8911
    #[arg(long, value_delimiter = ',', required = true)]
    nodes: Vec<String>,
    /// File of the record
    #[arg(long)]
    record: PathBuf,
    /// Beginning of the clients' names
    #[arg(long)]
    prefix: String,
    /// Seed of their choices
    #[arg(long)]
    seed: u64,
    /// Residents
    #[arg(long)]
    residents: u64,
    /// People who sign in
    #[arg(long, value_delimiter = ',')]
    staff: Vec<String>,
    /// A resident writes about this often, in ms
    #[arg(long, default_value_t = 150)]
    text_every_ms: u64,
}

/// What all clients of a side share.
#[derive(Debug)]
pub struct Crew {
    /// Where facts go.
    pub recorder: Recorder,
    /// Beginning of names.
    pub prefix: String,
    /// Seed of choices.
    pub seed: u64,
    /// Pause between texts.
    pub text_every: Duration,
    nodes: Vec<Target>,
    settling: AtomicBool,
    /// Clients that have everything safe.
    safe: AtomicUsize,
    /// The logs as they are in the end; nothing is waited for before they are known.
    logs: OnceLock<Logs>,
    over: AtomicBool,
}

impl Crew {
    /// Clients that write this often, on these nodes.
    #[must_use]
    pub fn new(
        recorder: Recorder,
        prefix: &str,
        seed: u64,
        text_every: Duration,
        nodes: Vec<Target>,
    ) -> Self {
        Self {
            recorder,
            prefix: prefix.to_owned(),
            seed,
            // Half of it to one and a half, in whole milliseconds.
            text_every: text_every.max(Duration::from_millis(2)),
            nodes,
            settling: AtomicBool::new(false),
            safe: AtomicUsize::new(0),
            logs: OnceLock::new(),
            over: AtomicBool::new(false),
        }
    }

    /// Nothing new is written from now on; waits until the clients have everything safe, and ends them. Answers how many do not in time.
    ///
    /// # Errors
    /// A client's own.
    pub async fn settle(&self, clients: &mut JoinSet<Result<()>>) -> Result<usize> {
        self.settling.store(true, Ordering::Release);
        self.end(clients, Logs::new(), SETTLE_MAX).await
    }

    /// The same, but the clients stay. Answers how many do not have everything safe in time.
    async fn settle_and_stay(&self, clients: &JoinSet<Result<()>>) -> usize {
        self.settling.store(true, Ordering::Release);
        let begun = Instant::now();
        loop {
            let left = clients.len() - self.safe.load(Ordering::Acquire);
            if left == 0 || begun.elapsed() > SETTLE_MAX {
                return left;
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Ends the clients once each was shown what is due to it of these logs. Answers how many were not in time.
    async fn end(
        &self,
        clients: &mut JoinSet<Result<()>>,
        logs: Logs,
        within: Duration,
    ) -> Result<usize> {
        ensure!(self.logs.set(logs).is_ok(), "they end once");
        let everybody = async {
            while let Some(ended) = clients.join_next().await {
                ended??;
            }
            Ok::<(), anyhow::Error>(())
        };
        let ended = tokio::time::timeout(within, everybody).await;
        let left = clients.len();
        if let Ok(done) = ended {
            done?;
        } else {
            self.over.store(true, Ordering::Release);
            // What they have open is noted before they go.
            while let Some(ended) = clients.join_next().await {
                ended??;
            }
        }
        self.recorder.flush();
        Ok(left)
    }

    /// One more client has everything safe.
    pub fn has_everything_safe(&self) {
        self.safe.fetch_add(1, Ordering::AcqRel);
    }

    /// Whether the logs of the end are known: they are what everybody has to be shown.
    pub fn knows_the_end(&self) -> bool {
        self.logs.get().is_some()
    }

    /// Whether there are logs to be shown to the end: where clients just end, entries may come after them.
    pub fn waits_for_the_end(&self) -> bool {
        self.logs.get().is_some_and(|logs| !logs.is_empty())
    }

    /// Whether a client that was shown a session up to here was shown what is due to it; not known while the logs are not.
    pub fn was_shown(&self, session: SessionId, staff: Option<&StaffId>, last: Seq) -> bool {
        let Some(logs) = self.logs.get() else {
            return false;
        };
        logs.get(&session).is_none_or(|log| last >= due(log, staff))
    }

    /// A node to try next.
    pub fn any_node(&self, random: &mut StdRng) -> Target {
        self.nodes[random.random_range(0..self.nodes.len())].clone()
    }

    /// Nothing new is written any more.
    pub fn is_settling(&self) -> bool {
        self.settling.load(Ordering::Acquire)
    }

    /// Whatever is left is left.
    pub fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }
}

impl Players {
    /// Plays until told to settle; says `ready` before, and `settled` and `ended` after, each with the number of clients that are not.
    ///
    /// # Errors
    /// When nobody can sign in before the faults begin, or something is not safe in time.
    pub async fn run(&self) -> Result<()> {
        let nodes = self.nodes.iter().map(|url| Target::parse(url));
        let crew = Arc::new(Crew::new(
            Recorder::create(&self.record)?,
            &self.prefix,
            self.seed,
            Duration::from_millis(self.text_every_ms),
            nodes.collect::<Result<_>>()?,
        ));
        let mut clients = JoinSet::new();
        for (number, staff) in (0..).zip(self.staff.clone()) {
            let token = self.token(&crew, &staff).await?;
            let crew = Arc::clone(&crew);
            clients.spawn(console::live(crew, number, staff, token));
        }
        for number in 0..self.residents {
            clients.spawn(resident::live(Arc::clone(&crew), number));
        }
        println!("ready");
        let mut input = BufReader::new(tokio::io::stdin()).lines();
        let _settle = input.next_line().await?;
        let left = crew.settle_and_stay(&clients).await;
        println!("settled {left}");
        let file = input.next_line().await?.context("the logs of the end")?;
        let logs = serde_json::from_slice(&fs::read(Path::new(&file))?)?;
        let left = crew.end(&mut clients, logs, SHOWN_MAX).await?;
        println!("ended {left}");
        Ok(())
    }

    async fn token(&self, crew: &Crew, staff: &str) -> Result<String> {
        let node = crew.nodes.first().context("at least one node")?;
        for _ in 0..SIGN_IN_TRIES {
            if let Ok(token) = client::sign_in(node, staff).await {
                return Ok(token);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        bail!("{staff} cannot sign in")
    }
}
