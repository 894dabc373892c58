//! Rings for appends that replicas were waited for: told only once enough of them have the write.
//!
//! Owns: the order of these rings, and that none is missed in silence. Must not: ring for what was not counted. Called by: `handle`.
//!
//! Without replicas the function that appends rings by itself, at once. With them it must not: whoever heard it would show what a
//! failover may take back. So the node that counted rings afterwards. Its rings go one group at a time, in order; those that
//! cannot be sent, or are too many to wait, are owed, and whoever listens is told that rings were missed. Should this node die
//! in between, the others compare their sessions with the logs because it is gone (`node::bus`).

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redis::Pipeline;
use tokio::sync::mpsc;

use super::answer::{self, MISSED};
use super::link::{Lane, Link};

/// Rings that may wait for the link; at 64 KiB each, 16 MiB. What is over is owed.
const RINGS_MAX: usize = 256;
/// Rings sent together.
const GROUP_MAX_RINGS: usize = 64;
/// Pause before what is owed is tried again.
const AGAIN_AFTER: Duration = Duration::from_millis(100);

/// A message for those who listen to a channel.
struct Said {
    channel: String,
    message: Vec<u8>,
}

/// Where rings are handed over.
#[derive(Clone)]
pub(super) struct Ringer {
    rings: mpsc::Sender<Said>,
    owed: Arc<Owed>,
}

/// Channels whose listeners do not know yet that they missed something.
#[derive(Default)]
struct Owed(Mutex<HashSet<String>>);

impl Ringer {
    /// Rings over this link until every handle is gone.
    pub(super) fn start(link: Arc<Link>) -> Self {
        let (rings, waiting) = mpsc::channel(RINGS_MAX);
        let owed = Arc::new(Owed::default());
        tokio::spawn(run(link, waiting, Arc::clone(&owed)));
        Self { rings, owed }
    }

    /// Rings as soon as those before have rung.
    pub(super) fn ring(&self, channel: &str, message: Vec<u8>) {
        let channel = channel.to_owned();
        if let Err(full) = self.rings.try_send(Said { channel, message }) {
            self.owed.add(full.into_inner().channel);
        }
    }
}

impl Owed {
    fn add(&self, channel: String) {
        metrics::counter!("callbox_rings_owed_total").increment(1);
        self.lock().insert(channel);
    }

    fn take(&self) -> HashSet<String> {
        std::mem::take(&mut *self.lock())
    }

    fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn run(link: Arc<Link>, mut rings: mpsc::Receiver<Said>, owed: Arc<Owed>) {
    loop {
        let mut group = Vec::new();
        let owes = !owed.is_empty();
        tokio::select! {
            count = rings.recv_many(&mut group, GROUP_MAX_RINGS) => if count == 0 {
                return;
            },
            () = tokio::time::sleep(AGAIN_AFTER), if owes => {}
        }
        tell(&link, group, &owed).await;
    }
}

async fn tell(link: &Link, group: Vec<Said>, owed: &Owed) {
    let missed = owed.take().into_iter().map(|channel| Said {
        channel,
        message: MISSED.to_vec(),
    });
    let said: Vec<Said> = missed.chain(group).collect();
    let mut pipeline = Pipeline::with_capacity(said.len());
    for Said { channel, message } in &said {
        pipeline.cmd("SPUBLISH").arg(channel).arg(&message[..]);
    }
    match link.ask_all(Lane::Calls, &pipeline).await {
        Ok((wire, answers)) => {
            for (said, answer) in said.into_iter().zip(answers) {
                if let Some(refusal) = answer::refusal(&answer) {
                    link.refused(&wire, refusal);
                    owed.add(said.channel);
                }
            }
        }
        Err(_) => said.into_iter().for_each(|said| owed.add(said.channel)),
    }
}
