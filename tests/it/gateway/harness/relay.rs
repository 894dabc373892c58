//! A relay between clients and the gateway that cuts links in the middle of frames, or freezes them.

use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::Seed;

/// A relay; its links break when it is dropped.
#[derive(Debug)]
pub struct Relay {
    address: SocketAddr,
    state: Arc<State>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct State {
    /// How many bytes each new link carries in one direction before it is cut; `None` carries everything.
    plan: Mutex<Option<(Seed, Range<u64>)>>,
    frozen: watch::Sender<bool>,
    /// Counts up at each cut of everything.
    generation: watch::Sender<u64>,
    cuts: AtomicU64,
}

impl Relay {
    /// Listens before `target` and carries everything.
    pub async fn start(target: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("bound");
        let address = listener.local_addr().expect("an address");
        let state = Arc::new(State {
            plan: Mutex::new(None),
            frozen: watch::channel(false).0,
            generation: watch::channel(0).0,
            cuts: AtomicU64::new(0),
        });
        let task = tokio::spawn(accept(listener, target, Arc::clone(&state)));
        Self {
            address,
            state,
            task,
        }
    }

    /// Where clients connect.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on each new link is cut after a number of bytes in this range, drawn anew for each direction.
    pub fn cut_at_random(&self, seed: Seed, bytes: Range<u64>) {
        *self
            .state
            .plan
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some((seed, bytes));
    }

    /// From now on new links are left alone.
    pub fn calm(&self) {
        *self
            .state
            .plan
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Cuts every link now.
    pub fn cut(&self) {
        self.state
            .generation
            .send_modify(|generation| *generation += 1);
    }

    /// Holds everything back, without a word to either side; `false` lets it go on.
    pub fn freeze(&self, on: bool) {
        self.state.frozen.send_replace(on);
    }

    /// How many links were cut.
    pub fn cuts(&self) -> u64 {
        self.state.cuts.load(Ordering::Relaxed)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
        self.cut();
    }
}

async fn accept(listener: TcpListener, target: SocketAddr, state: Arc<State>) {
    while let Ok((client, _)) = listener.accept().await {
        tokio::spawn(carry(client, target, Arc::clone(&state)));
    }
}

async fn carry(client: TcpStream, target: SocketAddr, state: Arc<State>) {
    let Ok(server) = TcpStream::connect(target).await else {
        return;
    };
    let (up, down) = {
        let mut plan = state.plan.lock().unwrap_or_else(PoisonError::into_inner);
        match plan.as_mut() {
            Some((seed, bytes)) => (
                seed.between(bytes.start, bytes.end),
                seed.between(bytes.start, bytes.end),
            ),
            None => (u64::MAX, u64::MAX),
        }
    };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let mut generation = state.generation.subscribe();
    let ((from_client, to_client), (from_server, to_server)) =
        (client.into_split(), server.into_split());
    let cut = tokio::select! {
        cut = copy(from_client, to_server, up, &state) => cut,
        cut = copy(from_server, to_client, down, &state) => cut,
        _ = generation.changed() => true,
    };
    if cut {
        state.cuts.fetch_add(1, Ordering::Relaxed);
    }
}

/// Copies up to `left` bytes; answers whether that was the end.
async fn copy(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut left: u64,
    state: &State,
) -> bool {
    let mut frozen = state.frozen.subscribe();
    let mut buffer = [0; 4096];
    loop {
        let Ok(read) = from.read(&mut buffer).await else {
            return false;
        };
        if frozen.wait_for(|frozen| !frozen).await.is_err() || read == 0 {
            return false;
        }
        let carried = read.min(usize::try_from(left).unwrap_or(usize::MAX));
        if to.write_all(&buffer[..carried]).await.is_err() {
            return false;
        }
        left -= carried as u64;
        if left == 0 {
            return true;
        }
    }
}
