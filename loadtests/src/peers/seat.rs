//! The two sides of a scene with another: the same behaviour as `seat`, over whatever the other speaks.
//!
//! Owns: links, texts in flight and the checks on what comes. Must not: know a protocol: a `Dialect` does. Called by: `scene`.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use anyhow::{Context as _, Result, bail};
use futures_util::{FutureExt as _, SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::{Dialect, Heard, Said, write};
use crate::client::STEP;
use crate::scene::Seat;
use crate::seat::Sending;
use crate::tally::Tally;

/// Frames handled before what they call for is written: one system call for many.
const FRAMES_AT_ONCE: usize = 256;

/// A WebSocket and how it is spoken on.
pub struct Speech {
    socket: WebSocketStream<TcpStream>,
    dialect: Box<dyn Dialect>,
    heard: Vec<Heard>,
}

impl std::fmt::Debug for Speech {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Speech")
    }
}

impl Speech {
    /// Opens a WebSocket on loopback.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn open(port: u16, path: &str, dialect: impl Dialect) -> Result<Self> {
        let request = format!("ws://127.0.0.1:{port}{path}").into_client_request()?;
        let steps = async {
            let stream = TcpStream::connect(("127.0.0.1", port)).await?;
            stream.set_nodelay(true)?;
            let opened = tokio_tungstenite::client_async(request, stream).await;
            Ok::<_, anyhow::Error>(opened.context("the WebSocket was refused")?.0)
        };
        Ok(Self {
            socket: timeout(STEP, steps)
                .await
                .context("no WebSocket in time")??,
            dialect: Box::new(dialect),
            heard: Vec::new(),
        })
    }

    /// Sends a frame at once.
    ///
    /// # Errors
    /// When the link is broken.
    pub async fn send(&mut self, frame: Message) -> Result<()> {
        Ok(self.socket.send(frame).await?)
    }

    /// The next frame as it came, for what comes before the first phase.
    ///
    /// # Errors
    /// When the link breaks or nothing comes in time.
    pub async fn frame(&mut self) -> Result<Message> {
        let next = timeout(STEP, self.socket.next());
        match next.await.context("no answer in time")? {
            Some(frame) => Ok(frame?),
            None => bail!("the link was cut"),
        }
    }

    /// Waits for frames and understands what is there. Safe to drop while it waits.
    async fn hear(&mut self) -> Result<()> {
        let first = self.socket.next().await;
        self.understand(first).await?;
        for _ in 1..FRAMES_AT_ONCE {
            match self.socket.next().now_or_never() {
                Some(frame) => self.understand(frame).await?,
                None => break,
            }
        }
        Ok(())
    }

    async fn understand(&mut self, frame: Option<Result<Message, Error>>) -> Result<()> {
        let frame = match frame {
            Some(Ok(Message::Close(_))) | None => bail!("the other side closed the link"),
            Some(frame) => frame?,
        };
        if let Some(answer) = self.dialect.hear(&frame, &mut self.heard)? {
            self.socket.feed(answer).await?;
        }
        Ok(())
    }
}

/// A resident of another.
#[derive(Debug)]
pub struct Resident {
    index: usize,
    text_bytes: usize,
    speech: Speech,
    number: u32,
    in_flight: VecDeque<(u32, u64)>,
    sent: u64,
    counted_out: bool,
}

impl Resident {
    /// A resident whose link is open.
    #[must_use]
    pub fn new(index: usize, text_bytes: usize, speech: Speech) -> Self {
        Self {
            index,
            text_bytes,
            speech,
            number: 0,
            in_flight: VecDeque::new(),
            sent: 0,
            counted_out: false,
        }
    }

    async fn say(&mut self, sending: Sending, tally: &Tally) -> Result<()> {
        let open = |sent| !tally.stop.load(Relaxed) && sending.texts.is_none_or(|all| sent < all);
        while self.in_flight.len() < sending.window && open(self.sent) {
            self.number += 1;
            self.sent += 1;
            let said = Said {
                sent_us: tally.now_us(),
                resident: self.index,
                number: self.number,
            };
            self.in_flight.push_back((self.number, said.sent_us));
            let text = write(said, self.text_bytes);
            let frame = self.speech.dialect.say(self.number, &text);
            self.speech.socket.feed(frame).await?;
            tally.sent.fetch_add(1, Relaxed);
        }
        self.speech.socket.flush().await?;
        if !self.counted_out && self.in_flight.is_empty() && !open(self.sent) {
            self.counted_out = true;
            tally.sending.fetch_sub(1, Relaxed);
        }
        Ok(())
    }

    fn take(&mut self, tally: &Tally) {
        for heard in self.speech.heard.drain(..) {
            let (number, stored) = match heard {
                Heard::Taken(number) => (number, true),
                Heard::Refused(number) => (number, false),
                Heard::Text(_) => continue,
            };
            let place = self.in_flight.iter().position(|(n, _)| *n == number);
            let Some((_, sent_us)) = place.and_then(|place| self.in_flight.remove(place)) else {
                continue;
            };
            if stored {
                tally.is_safe(sent_us);
            } else {
                tally.refused.fetch_add(1, Relaxed);
            }
        }
    }
}

impl Seat for Resident {
    fn index(&self) -> usize {
        self.index
    }

    async fn play(
        mut self,
        sending: Sending,
        tally: Arc<Tally>,
        mut over: watch::Receiver<bool>,
    ) -> Result<Self> {
        self.sent = 0;
        self.counted_out = sending.window == 0;
        self.say(sending, &tally).await?;
        loop {
            tokio::select! {
                heard = self.speech.hear() => {
                    heard?;
                    self.take(&tally);
                    self.say(sending, &tally).await?;
                }
                _ = over.changed() => return Ok(self),
            }
        }
    }
}

/// A console of another.
#[derive(Debug)]
pub struct Console {
    index: usize,
    speech: Speech,
    /// Number of the last text of each resident.
    numbers: HashMap<usize, u32>,
}

impl Console {
    /// A console whose link is open.
    #[must_use]
    pub fn new(index: usize, speech: Speech) -> Self {
        Self {
            index,
            speech,
            numbers: HashMap::new(),
        }
    }
}

impl Seat for Console {
    fn index(&self) -> usize {
        self.index
    }

    async fn play(
        mut self,
        _: Sending,
        tally: Arc<Tally>,
        mut over: watch::Receiver<bool>,
    ) -> Result<Self> {
        loop {
            tokio::select! {
                heard = self.speech.hear() => heard?,
                _ = over.changed() => return Ok(self),
            }
            for heard in self.speech.heard.drain(..) {
                let Heard::Text(said) = heard else { continue };
                let last = self.numbers.insert(said.resident, said.number);
                if last.is_some_and(|last| said.number <= last) {
                    tally.disordered.fetch_add(1, Relaxed);
                }
                tally.is_shown(said.sent_us);
            }
            self.speech.socket.flush().await?;
        }
    }
}
