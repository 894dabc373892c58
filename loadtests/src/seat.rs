//! The two sides of a scene: a resident who sends texts with several in flight, and a console that receives them.
//!
//! Owns: one link each, what it still waits for and the checks on what comes. Must not: decide when a phase ends. Called
//! by: `scene`.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use anyhow::{Context as _, Result};
use callbox_proto::ids::SessionId;
use callbox_proto::message::{FromResident, FromStaff};
use callbox_proto::vocabulary::Seq;
use futures_util::FutureExt as _;
use tokio::sync::watch;
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::client::Link;
use crate::glance::{Glance, glance, hex128};
use crate::scene::Seat;
use crate::tally::{Tally, text_id};
use crate::texts::{TextFrames, sent_us};

/// Entries are told delivered together this often, as the pages do.
const DELIVERED_EVERY: Duration = Duration::from_millis(250);
/// Frames handled before the answers to them are written: one system call for many.
const FRAMES_AT_ONCE: usize = 256;

/// What one resident does in a phase.
#[derive(Debug, Clone, Copy)]
pub struct Sending {
    /// Texts in flight at the same time; 0 keeps the link alive only.
    pub window: usize,
    /// Texts in all; until told to stop where `None`.
    pub texts: Option<u64>,
}

/// A resident with an open session.
#[derive(Debug)]
pub struct ResidentSeat {
    link: Link,
    index: usize,
    heartbeat: Duration,
    frames: TextFrames,
    number: u32,
    in_flight: VecDeque<(u32, u64)>,
    /// Texts of this phase that were sent and came back.
    sent: u64,
    echoed: u64,
    refused: u64,
    last: Seq,
    told: Seq,
    counted_out: bool,
}

impl ResidentSeat {
    /// A resident whose session is open; `last` is the last entry that came.
    #[must_use]
    pub fn new(
        link: Link,
        index: usize,
        heartbeat: Duration,
        frames: TextFrames,
        last: Seq,
    ) -> Self {
        Self {
            link,
            index,
            heartbeat,
            frames,
            number: 0,
            in_flight: VecDeque::new(),
            sent: 0,
            echoed: 0,
            refused: 0,
            last,
            told: last,
            counted_out: false,
        }
    }

    async fn act(
        mut self,
        sending: Sending,
        tally: Arc<Tally>,
        mut over: watch::Receiver<bool>,
    ) -> Result<Self> {
        (self.sent, self.echoed, self.refused) = (0, 0, 0);
        self.counted_out = sending.window == 0;
        let mut beat = ticks(self.heartbeat.min(DELIVERED_EVERY * 4));
        self.send(sending, &tally).await?;
        loop {
            tokio::select! {
                frame = self.link.frame() => {
                    self.take(&frame?, &tally)?;
                    for _ in 0..FRAMES_AT_ONCE {
                        let Some(frame) = self.link.frame().now_or_never() else { break };
                        self.take(&frame?, &tally)?;
                    }
                    self.send(sending, &tally).await?;
                }
                _ = beat.tick() => self.tell().await?,
                _ = over.changed() => return Ok(self),
            }
        }
    }

    async fn send(&mut self, sending: Sending, tally: &Tally) -> Result<()> {
        let mut fed = false;
        let open = |sent| !tally.stop.load(Relaxed) && sending.texts.is_none_or(|all| sent < all);
        while self.in_flight.len() < sending.window && open(self.sent) {
            self.number += 1;
            self.sent += 1;
            let now = tally.now_us();
            self.in_flight.push_back((self.number, now));
            let id = text_id(tally.tag, self.index, self.number);
            self.link.feed(self.frames.frame(id, now)).await?;
            tally.sent.fetch_add(1, Relaxed);
            fed = true;
        }
        if fed {
            self.link.flush().await?;
        }
        let all_back = self.in_flight.is_empty() && self.echoed + self.refused == self.sent;
        if !self.counted_out && all_back && !open(self.sent) {
            self.counted_out = true;
            tally.sending.fetch_sub(1, Relaxed);
        }
        Ok(())
    }

    fn take(&mut self, frame: &[u8], tally: &Tally) -> Result<()> {
        let seen = glance(frame).context("a frame that is not a message")?;
        match seen.kind {
            b"receipt" => {
                if let Some(sent) = self.answered(&seen, tally) {
                    tally.is_safe(sent);
                }
            }
            b"error" if self.answered(&seen, tally).is_some() => {
                self.refused += 1;
                tally.refused.fetch_add(1, Relaxed);
            }
            b"entry" => {
                if seen.prev != self.last {
                    tally.holes.fetch_add(1, Relaxed);
                }
                self.last = seen.seq;
                if hex128(seen.command)
                    .and_then(|id| tally.text_of(id))
                    .is_some()
                {
                    self.echoed += 1;
                    tally.echoed.fetch_add(1, Relaxed);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Takes the text that a receipt or an error answers out of those in flight; answers when it was sent.
    fn answered(&mut self, seen: &Glance<'_>, tally: &Tally) -> Option<u64> {
        let (_, number) = tally.text_of(hex128(seen.id)?)?;
        let place = self.in_flight.iter().position(|(n, _)| *n == number)?;
        self.in_flight.remove(place).map(|(_, sent)| sent)
    }

    async fn tell(&mut self) -> Result<()> {
        let up_to = self.last;
        if self.told == up_to {
            return self.link.send(&FromResident::Ping { n: 0 }).await;
        }
        self.told = up_to;
        self.link.send(&FromResident::Delivered { up_to }).await
    }
}

/// What a console knows of a followed session.
#[derive(Debug, Default, Clone, Copy)]
struct Followed {
    last: Seq,
    told: Seq,
}

/// A console that owns and follows sessions.
#[derive(Debug)]
pub struct ConsoleSeat {
    link: Link,
    index: usize,
    heartbeat: Duration,
    sessions: HashMap<u128, Followed>,
    /// Number of the last text of each resident.
    numbers: HashMap<usize, u32>,
}

impl ConsoleSeat {
    /// A console that follows nothing yet.
    #[must_use]
    pub fn new(link: Link, index: usize, heartbeat: Duration) -> Self {
        Self {
            link,
            index,
            heartbeat,
            sessions: HashMap::new(),
            numbers: HashMap::new(),
        }
    }

    /// The console's link, for what comes before the first phase.
    pub fn link(&mut self) -> &mut Link {
        &mut self.link
    }

    /// The sessions it follows.
    pub fn sessions(&self) -> impl Iterator<Item = SessionId> {
        let numbers = self.sessions.keys().copied();
        numbers.filter_map(SessionId::from_u128)
    }

    /// Follows a session from its beginning.
    ///
    /// # Errors
    /// When the link breaks.
    pub async fn follow(&mut self, session: SessionId) -> Result<()> {
        self.sessions.insert(session.as_u128(), Followed::default());
        self.link
            .send(&FromStaff::Follow { session, after: 0 })
            .await
    }

    async fn act(mut self, tally: Arc<Tally>, mut over: watch::Receiver<bool>) -> Result<Self> {
        let mut tell = ticks(DELIVERED_EVERY);
        let mut beat = ticks(self.heartbeat);
        loop {
            tokio::select! {
                frame = self.link.frame() => {
                    self.take(&frame?, &tally)?;
                    for _ in 0..FRAMES_AT_ONCE {
                        let Some(frame) = self.link.frame().now_or_never() else { break };
                        self.take(&frame?, &tally)?;
                    }
                }
                _ = tell.tick() => self.tell().await?,
                _ = beat.tick() => self.link.send(&FromStaff::Ping { n: 0 }).await?,
                _ = over.changed() => return Ok(self),
            }
        }
    }

    fn take(&mut self, frame: &[u8], tally: &Tally) -> Result<()> {
        let seen = glance(frame).context("a frame that is not a message")?;
        if seen.kind != b"entry" {
            return Ok(());
        }
        let session = hex128(seen.session).context("an entry without its session")?;
        let followed = self.sessions.entry(session).or_default();
        if seen.seq != followed.last + 1 {
            tally.holes.fetch_add(1, Relaxed);
        }
        followed.last = seen.seq;
        let text = hex128(seen.command).and_then(|id| tally.text_of(id));
        if let (Some((resident, number)), Some(sent)) = (text, sent_us(seen.text)) {
            let last = self.numbers.insert(resident, number).unwrap_or(0);
            if number <= last {
                tally.disordered.fetch_add(1, Relaxed);
            }
            tally.is_shown(sent);
        }
        Ok(())
    }

    async fn tell(&mut self) -> Result<()> {
        let mut fed = false;
        for (session, followed) in &mut self.sessions {
            if followed.told == followed.last {
                continue;
            }
            followed.told = followed.last;
            let session = SessionId::from_u128(*session).context("sessions have ids")?;
            let message = FromStaff::Delivered {
                session,
                up_to: followed.last,
            };
            self.link.feed_message(&message).await?;
            fed = true;
        }
        if fed { self.link.flush().await } else { Ok(()) }
    }
}

impl Seat for ResidentSeat {
    fn index(&self) -> usize {
        self.index
    }

    async fn play(
        self,
        sending: Sending,
        tally: Arc<Tally>,
        over: watch::Receiver<bool>,
    ) -> Result<Self> {
        self.act(sending, tally, over).await
    }
}

impl Seat for ConsoleSeat {
    fn index(&self) -> usize {
        self.index
    }

    async fn play(
        self,
        _: Sending,
        tally: Arc<Tally>,
        over: watch::Receiver<bool>,
    ) -> Result<Self> {
        self.act(tally, over).await
    }
}

fn ticks(period: Duration) -> Interval {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}
