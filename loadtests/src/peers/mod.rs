//! What somebody would take instead, under the same load: 500 residents, 20 consoles on another server process, texts
//! acknowledged once they are stored.
//!
//! Owns: which others there are and how their servers are started and measured; `loadtests/peers/README.md` says what each does
//! and does not do. Must not: shape the load: `scene` runs the same phases as for Callbox. Called by: `route`, `main`.

mod nats;
mod process;
mod seat;
mod socketio;
mod ws;

use anyhow::{Context as _, Result};
use clap::ValueEnum;
use tokio_tungstenite::tungstenite::Message;

use self::process::{Process, Site};
use self::seat::{Console, Resident};
use crate::process::raise_open_files;
use crate::redis::{Fsync, RedisServer};
use crate::scene::Scene;

/// One of the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Peer {
    /// NATS JetStream over WebSocket, two servers in a cluster
    Nats,
    /// Socket.IO 4 with the Redis streams adapter and connection state recovery
    Socketio,
    /// ws and ioredis with XADD
    Ws,
}

impl Peer {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Nats, Self::Socketio, Self::Ws];

    /// Its word in figures, and its folder.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Nats => "nats",
            Self::Socketio => "socketio",
            Self::Ws => "ws",
        }
    }

    /// Whether it stores in Redis, so that Redis' way of writing matters.
    #[must_use]
    pub fn on_redis(self) -> bool {
        self != Self::Nats
    }

    /// Starts its servers and opens all links.
    ///
    /// # Errors
    /// When a server does not start or refuses a link.
    pub async fn enter(
        self,
        fsync: Fsync,
        residents: usize,
        consoles: usize,
        text_bytes: usize,
    ) -> Result<Entered> {
        raise_open_files((residents + consoles + 64) as u64)?;
        let mut servers = self.servers(fsync).await?;
        let (there, here) = (servers.ports.0, servers.ports.1);
        let mut seats = Vec::with_capacity(consoles);
        for index in 0..consoles {
            seats.push(Console::new(index, self.console(here, index).await?));
        }
        let mut senders = Vec::with_capacity(residents);
        for index in 0..residents {
            let speech = self.resident(there, index, index % consoles).await?;
            senders.push(Resident::new(index, text_bytes, speech));
        }
        let pids = servers.pids();
        servers.alive()?;
        Ok(Entered {
            scene: Scene::new(senders, seats, pids),
            servers,
        })
    }

    async fn servers(self, fsync: Fsync) -> Result<Servers> {
        if self == Self::Nats {
            let (processes, ports) = nats::start().await?;
            return Ok(Servers {
                processes,
                redis: None,
                ports,
            });
        }
        let redis = RedisServer::start(fsync).await?;
        let mut processes = Vec::new();
        for _ in 0..2 {
            let site = Site::of(self.name())?;
            let url = redis.url();
            processes.push(Process::start(site, &[("REDIS_URL", url)]).await?);
        }
        let ports = (processes[0].port, processes[1].port);
        Ok(Servers {
            processes,
            redis: Some(redis),
            ports,
        })
    }

    async fn resident(self, port: u16, index: usize, console: usize) -> Result<seat::Speech> {
        let opened = match self {
            Self::Nats => nats::resident(port, index, console).await,
            Self::Socketio => socketio::resident(port, console).await,
            Self::Ws => ws::resident(port, index, console).await,
        };
        opened.with_context(|| format!("{}: resident {index}", self.name()))
    }

    async fn console(self, port: u16, index: usize) -> Result<seat::Speech> {
        let opened = match self {
            Self::Nats => nats::console(port, index).await,
            Self::Socketio => socketio::console(port, index).await,
            Self::Ws => ws::console(port, index).await,
        };
        opened.with_context(|| format!("{}: console {index}", self.name()))
    }
}

/// Residents and consoles of another, ready, and its servers.
#[derive(Debug)]
pub struct Entered {
    /// The same phases as for Callbox run here.
    pub scene: Scene<Resident, Console>,
    /// Ended when dropped.
    pub servers: Servers,
}

/// The servers of another.
#[derive(Debug)]
pub struct Servers {
    processes: Vec<Process>,
    redis: Option<RedisServer>,
    /// Of residents and of consoles.
    ports: (u16, u16),
}

impl Servers {
    /// All processes whose time counts.
    fn pids(&self) -> Vec<u32> {
        let own = self.processes.iter().map(Process::pid);
        own.chain(self.redis.iter().map(RedisServer::pid)).collect()
    }

    /// Fails with what a server said when it has ended.
    ///
    /// # Errors
    /// When one has ended.
    pub fn alive(&mut self) -> Result<()> {
        self.processes.iter_mut().try_for_each(Process::alive)
    }
}

/// What a text of this scene says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Said {
    sent_us: u64,
    resident: usize,
    number: u32,
}

/// What was understood of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// This text of the resident is stored.
    Taken(u32),
    /// It is not.
    Refused(u32),
    /// A text for the console.
    Text(Said),
}

/// How one side of another is spoken.
pub trait Dialect: Send + 'static {
    /// The frame of a text; only residents are asked.
    fn say(&mut self, number: u32, text: &str) -> Message;

    /// Understands a frame; a frame to be sent back, if the protocol wants one.
    ///
    /// # Errors
    /// When it cannot be understood or tells of a failure.
    fn hear(&mut self, frame: &Message, heard: &mut Vec<Heard>) -> Result<Option<Message>>;
}

/// What the rest of a text says; no character of it needs an escape in JSON.
const WORDS: &str =
    " we are standing beside the blue gate next to the bakery and can see the road from here,";
/// Digits of what a text says about itself.
const HEAD_DIGITS: usize = 12 + 4 + 8;

/// A text of so many bytes.
fn write(said: Said, bytes: usize) -> String {
    let Said {
        sent_us,
        resident,
        number,
    } = said;
    let head = format!("{sent_us:012x}{resident:04x}{number:08x}");
    let words = WORDS.chars().cycle();
    let rest = words.take(bytes.saturating_sub(HEAD_DIGITS));
    head.chars().chain(rest).collect()
}

/// Reads the head of a text.
fn read(text: &[u8]) -> Option<Said> {
    let head = std::str::from_utf8(text.get(..HEAD_DIGITS)?).ok()?;
    Some(Said {
        sent_us: u64::from_str_radix(&head[..12], 16).ok()?,
        resident: usize::from_str_radix(&head[12..16], 16).ok()?,
        number: u32::from_str_radix(&head[16..], 16).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_tells_who_sent_it_and_when_and_has_its_bytes() {
        let said = Said {
            sent_us: 77,
            resident: 499,
            number: 123_456,
        };
        let text = write(said, 200);
        assert_eq!(text.len(), 200);
        assert_eq!(read(text.as_bytes()), Some(said));
        assert_eq!(read(b"short"), None);
    }
}
