//! One side's clients of a chaos run, as a process of their own: it is started inside a network namespace.
//!
//! Owns: the process's life: play until told to settle, settle until everything is safe, end. Must not: make faults. Started
//! by: `mod`, which talks to it over its standard input.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use rand::Rng as _;
use rand::rngs::StdRng;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::task::JoinSet;

use super::{console, resident};
use crate::client::{self, Target};
use callbox_loadtests::record::Recorder;

/// Longest wait for one step of a link before another node is tried.
pub const LINK_STEP: Duration = Duration::from_secs(3);
/// A link over which nothing was heard for this long, though pings were sent, is given up.
pub const QUIET_MAX: Duration = Duration::from_secs(4);
/// Longest time for settling: everything has healed before, and clients come back within seconds.
const SETTLE_MAX: Duration = Duration::from_secs(90);
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
            over: AtomicBool::new(false),
        }
    }

    /// Nothing new is written from now on; waits until the clients have everything safe. Answers how many do not in time.
    ///
    /// # Errors
    /// A client's own.
    pub async fn settle(&self, clients: &mut JoinSet<Result<()>>) -> Result<usize> {
        self.settling.store(true, Ordering::Release);
        let everybody = async {
            while let Some(ended) = clients.join_next().await {
                ended??;
            }
            Ok::<(), anyhow::Error>(())
        };
        let settled = tokio::time::timeout(SETTLE_MAX, everybody).await;
        self.recorder.flush();
        if let Ok(done) = settled {
            done?;
        } else {
            self.over.store(true, Ordering::Release);
        }
        Ok(clients.len())
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
    /// Plays until told to settle; says `ready` before and `settled` after.
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
            clients.spawn(async move {
                console::live(crew, number, staff, token).await;
                Ok(())
            });
        }
        for number in 0..self.residents {
            clients.spawn(resident::live(Arc::clone(&crew), number));
        }
        println!("ready");
        let mut input = BufReader::new(tokio::io::stdin()).lines();
        let _settle = input.next_line().await?;
        match crew.settle(&mut clients).await? {
            0 => println!("settled"),
            left => println!("unsettled {left}"),
        }
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
