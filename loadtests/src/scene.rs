//! A scene: residents with open sessions, each followed by a console, and phases of texts between them.
//!
//! Owns: running a phase the same way for whatever speaks, and waiting until everything has arrived. Must not: know a
//! protocol, or print. Called by: `route`, `growth`, and what compares with others.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use callbox_proto::ids::SessionId;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::measure::{Measure, Phase};
use crate::seat::{ConsoleSeat, ResidentSeat, Sending};
use crate::tally::Tally;

/// Longest wait for what is still under way after the last text. Beyond it, it is lost.
const SETTLE: Duration = Duration::from_secs(30);
/// Pause between two looks at the counters. Short phases are measured to about this.
const LOOK: Duration = Duration::from_millis(2);

/// Keeps a link alive and sends nothing.
const SILENT: Sending = Sending {
    window: 0,
    texts: None,
};

/// How long a phase lasts.
#[derive(Debug, Clone, Copy)]
pub enum Span {
    /// So many texts by each sender, all measured.
    Texts(u64),
    /// A while to warm up, then a while that is measured.
    Time(Duration, Duration),
}

/// Somebody in a scene.
pub trait Seat: Send + Sized + 'static {
    /// Its place among its kind.
    fn index(&self) -> usize;

    /// Acts until the phase is over, and gives itself back for the next. Consoles do not send.
    ///
    /// # Errors
    /// When its link breaks.
    fn play(
        self,
        sending: Sending,
        tally: Arc<Tally>,
        over: watch::Receiver<bool>,
    ) -> impl Future<Output = Result<Self>> + Send;
}

/// Residents and consoles, ready.
#[derive(Debug)]
pub struct Scene<R = ResidentSeat, C = ConsoleSeat> {
    residents: Vec<R>,
    consoles: Vec<C>,
    epoch: Instant,
    tag: u64,
    pids: Vec<u32>,
}

impl Scene {
    /// The sessions that its consoles follow.
    #[must_use]
    pub fn sessions(&self) -> Vec<SessionId> {
        let consoles = self.consoles.iter();
        consoles.flat_map(ConsoleSeat::sessions).collect()
    }
}

impl<R: Seat, C: Seat> Scene<R, C> {
    /// A scene of seats that are ready; the time of these server processes counts.
    #[must_use]
    pub fn new(residents: Vec<R>, consoles: Vec<C>, pids: Vec<u32>) -> Self {
        Self {
            residents,
            consoles,
            epoch: Instant::now(),
            tag: rand::random(),
            pids,
        }
    }

    /// Runs a phase in which the residents of this range send with `window` texts in flight each.
    ///
    /// # Errors
    /// When a link breaks. What is lost, doubled or out of order is for [`Phase::check`].
    pub async fn phase(
        &mut self,
        senders: Range<usize>,
        window: usize,
        span: Span,
    ) -> Result<Phase> {
        let senders = senders.start..senders.end.min(self.residents.len());
        let tally = Arc::new(Tally::new(self.epoch, self.tag, senders.len()));
        let texts = match span {
            Span::Texts(texts) => Some(texts),
            Span::Time(..) => None,
        };
        let mut measure = Measure::begin(&self.pids, &tally)?;
        tally.recording.store(texts.is_some(), Relaxed);
        let mut playing = self.start(&tally, |index| Sending {
            window: if senders.contains(&index) { window } else { 0 },
            texts,
        });
        if let Span::Time(warm_up, measured) = span {
            playing.wait(warm_up).await?;
            measure = Measure::begin(&self.pids, &tally)?;
            tally.recording.store(true, Relaxed);
            playing.wait(measured).await?;
            tally.recording.store(false, Relaxed);
        }
        let timed = match texts {
            None => Some(measure.end(&tally)?),
            Some(_) => None,
        };
        tally.stop.store(texts.is_none(), Relaxed);
        playing.settle(&tally).await?;
        let measured = match timed {
            Some(measured) => measured,
            None => measure.end(&tally)?,
        };
        self.finish(playing).await?;
        Ok(measured)
    }

    /// Keeps the links alive while something else is done.
    ///
    /// # Errors
    /// When a link breaks meanwhile.
    pub async fn rest_while<T>(&mut self, other: impl Future<Output = Result<T>>) -> Result<T> {
        let tally = Arc::new(Tally::new(self.epoch, self.tag, 0));
        let playing = self.start(&tally, |_| SILENT);
        let done = other.await;
        self.finish(playing).await?;
        done
    }

    fn start(&mut self, tally: &Arc<Tally>, sending: impl Fn(usize) -> Sending) -> Playing<R, C> {
        let (tell_over, over) = watch::channel(false);
        let (mut residents, mut consoles) = (JoinSet::new(), JoinSet::new());
        for seat in self.consoles.drain(..) {
            consoles.spawn(seat.play(SILENT, Arc::clone(tally), over.clone()));
        }
        for (index, seat) in self.residents.drain(..).enumerate() {
            residents.spawn(seat.play(sending(index), Arc::clone(tally), over.clone()));
        }
        Playing {
            residents,
            consoles,
            tell_over,
        }
    }

    async fn finish(&mut self, mut playing: Playing<R, C>) -> Result<()> {
        playing.tell_over.send_replace(true);
        while let Some(seat) = playing.residents.join_next().await {
            self.residents.push(seat??);
        }
        while let Some(seat) = playing.consoles.join_next().await {
            self.consoles.push(seat??);
        }
        self.residents.sort_by_key(Seat::index);
        self.consoles.sort_by_key(Seat::index);
        Ok(())
    }
}

/// Everybody of a scene while they act.
struct Playing<R, C> {
    residents: JoinSet<Result<R>>,
    consoles: JoinSet<Result<C>>,
    tell_over: watch::Sender<bool>,
}

impl<R: Seat, C: Seat> Playing<R, C> {
    /// Waits until everything sent has arrived; gives up when nothing arrives any more.
    async fn settle(&mut self, tally: &Tally) -> Result<()> {
        let mut moved = (Instant::now(), tally.shown.load(Relaxed));
        while !tally.is_over() {
            self.wait(LOOK).await?;
            let shown = tally.shown.load(Relaxed);
            if shown != moved.1 {
                moved = (Instant::now(), shown);
            }
            if moved.0.elapsed() > SETTLE {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Waits, and ends early with the reason when a link breaks.
    async fn wait(&mut self, span: Duration) -> Result<()> {
        let early = |who: &str, seat: Result<anyhow::Error, tokio::task::JoinError>| match seat {
            Ok(error) => error.context(format!("a {who}'s link broke")),
            Err(error) => anyhow!(error),
        };
        tokio::select! {
            () = tokio::time::sleep(span) => Ok(()),
            Some(seat) = self.residents.join_next() => Err(early("resident", seat.map(ended))),
            Some(seat) = self.consoles.join_next() => Err(early("console", seat.map(ended))),
        }
    }
}

fn ended<T>(seat: Result<T>) -> anyhow::Error {
    seat.err()
        .unwrap_or_else(|| anyhow!("it ended before the phase"))
}
