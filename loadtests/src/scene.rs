//! A scene: residents with open sessions, each owned and followed by a console, and phases of texts between them.
//!
//! Owns: setting it up over the public protocol, running a phase and checking that nothing was lost, doubled or out of
//! order. Must not: print. Called by: `route`, `growth`.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use callbox_proto::vocabulary::Category;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::client::{self, Target, command_id, opening, source};
use crate::device::Device;
use crate::gateway::Gateway;
use crate::latency::Latency;
use crate::process::{self, RunTimes};
use crate::report::Outcome;
use crate::seat::{ConsoleSeat, ResidentSeat, Sending};
use crate::tally::Tally;
use crate::texts::TextFrames;

/// People of the demo agency who take sessions.
pub const TELECOMMUNICATORS: [&str; 2] = ["tina", "tom"];
/// Consoles that one person may have open.
pub const CONSOLES_PER_PERSON_MAX: usize = 16;
/// Longest wait for what is still under way after the last text. Beyond it, it is lost.
const SETTLE: Duration = Duration::from_secs(30);
/// Pause between two looks at the counters. Short phases are measured to about this.
const LOOK: Duration = Duration::from_millis(2);

/// What is set up.
#[derive(Debug, Clone, Copy)]
pub struct Cast {
    /// Residents, one session each.
    pub residents: usize,
    /// Consoles; the sessions are dealt out evenly.
    pub consoles: usize,
    /// Bytes of each text.
    pub text_bytes: usize,
}

/// Where it is set up: one gateway for everybody, or one for each side.
#[derive(Debug, Clone)]
pub struct Stage {
    /// Where residents connect.
    pub residents: Target,
    /// Where consoles connect.
    pub consoles: Target,
    /// Server processes whose time counts.
    pub pids: Vec<u32>,
}

impl From<&Gateway> for Stage {
    fn from(gateway: &Gateway) -> Self {
        Self {
            residents: gateway.target.clone(),
            consoles: gateway.target.clone(),
            pids: vec![gateway.pid],
        }
    }
}

/// How long a phase lasts.
#[derive(Debug, Clone, Copy)]
pub enum Span {
    /// So many texts by each sender, all measured.
    Texts(u64),
    /// A while to warm up, then a while that is measured.
    Time(Duration, Duration),
}

/// What one phase found.
#[derive(Debug)]
pub struct Phase {
    /// From sending to the receipt.
    pub safe: Latency,
    /// From sending to the console.
    pub shown: Latency,
    /// Texts that consoles received in the measured span.
    pub messages: u64,
    /// The measured span, in seconds.
    pub seconds: f64,
    /// Processor time of each server process in it, in the order of [`Stage::pids`].
    pub server_cpu: Vec<Duration>,
    /// Processor time of this program in it.
    pub own_cpu: Duration,
    /// Counters of the whole phase.
    pub tally: Arc<Tally>,
}

impl Phase {
    /// Messages per second.
    #[must_use]
    pub fn per_second(&self) -> f64 {
        self.messages as f64 / self.seconds.max(f64::MIN_POSITIVE)
    }

    /// Processor time of all servers together per message, in µs.
    #[must_use]
    pub fn servers_us(&self) -> f64 {
        (0..self.server_cpu.len()).map(|n| self.server_us(n)).sum()
    }

    /// Processor time of one server per message, in µs; 0 when there is no such one.
    #[must_use]
    pub fn server_us(&self, number: usize) -> f64 {
        let cpu = self.server_cpu.get(number).copied().unwrap_or_default();
        cpu.as_secs_f64() * 1e6 / self.messages.max(1) as f64
    }

    /// Processor time of this program per message, in µs.
    #[must_use]
    pub fn own_us(&self) -> f64 {
        self.own_cpu.as_secs_f64() * 1e6 / self.messages.max(1) as f64
    }

    /// Notes every broken promise of the phase.
    pub fn check(&self, name: &str, outcome: &mut Outcome) {
        let count = |counter: &std::sync::atomic::AtomicU64| counter.load(Relaxed);
        let tally = &self.tally;
        let due = count(&tally.sent) - count(&tally.refused);
        let mut expect = |what: &str, found: u64, expected: u64| {
            if found != expected {
                outcome.fail(format!("{name}: {found} {what}, expected {expected}"));
            }
        };
        expect("texts were refused", count(&tally.refused), 0);
        expect("texts were called safe", count(&tally.safe), due);
        expect(
            "texts came back to their resident",
            count(&tally.echoed),
            due,
        );
        expect("texts were shown on a console", count(&tally.shown), due);
        expect(
            "texts came twice or out of order",
            count(&tally.disordered),
            0,
        );
        expect("holes in a session's entries", count(&tally.holes), 0);
    }
}

/// Residents and consoles, ready.
#[derive(Debug)]
pub struct Scene {
    residents: Vec<ResidentSeat>,
    consoles: Vec<ConsoleSeat>,
    epoch: Instant,
    tag: u64,
    pids: Vec<u32>,
}

impl Scene {
    /// Opens the sessions, lets the consoles take all of them and follow each.
    ///
    /// # Errors
    /// When any step is refused or takes too long.
    pub async fn set(stage: &Stage, cast: Cast) -> Result<Self> {
        let most = TELECOMMUNICATORS.len() * CONSOLES_PER_PERSON_MAX;
        ensure!(
            (1..=most).contains(&cast.consoles),
            "1 to {most} consoles are possible"
        );
        ensure!(cast.residents > 0, "a scene needs a resident");
        process::raise_open_files((cast.residents + cast.consoles + 64) as u64)?;
        let frames = TextFrames::new(stage.residents.encoding, cast.text_bytes)?;
        let mut tokens = Vec::new();
        for name in TELECOMMUNICATORS {
            tokens.push(client::sign_in(&stage.consoles, name).await?);
        }
        let mut residents = Vec::with_capacity(cast.residents);
        for index in 0..cast.residents {
            let mut link = stage.residents.resident(Some(source(index))).await?;
            let welcome = client::greet_as_resident(&mut link, &Device::new()?).await?;
            let last = client::open(&mut link, command_id(), opening(Category::Other)).await?;
            let (beat, frames) = (welcome.heartbeat, frames.clone());
            residents.push(ResidentSeat::new(link, index, beat, frames, last));
        }
        let mut consoles = Vec::with_capacity(cast.consoles);
        for index in 0..cast.consoles {
            let mut link = stage.consoles.staff().await?;
            let welcome = client::greet_as_staff(&mut link, &tokens[index % tokens.len()]).await?;
            consoles.push(ConsoleSeat::new(link, welcome.heartbeat));
        }
        take_all(&mut consoles, cast.residents).await?;
        let mut scene = Self {
            residents,
            consoles,
            epoch: Instant::now(),
            tag: rand::random(),
            pids: stage.pids.clone(),
        };
        // What the consoles were sent while they took sessions is read here.
        scene
            .phase(
                0..0,
                0,
                Span::Time(Duration::ZERO, Duration::from_millis(300)),
            )
            .await?;
        Ok(scene)
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
        let still = Sending {
            window: 0,
            texts: None,
        };
        let playing = self.start(&tally, |_| still);
        let done = other.await;
        self.finish(playing).await?;
        done
    }

    fn start(&mut self, tally: &Arc<Tally>, sending: impl Fn(usize) -> Sending) -> Playing {
        let (tell_over, over) = watch::channel(false);
        let (mut residents, mut consoles) = (JoinSet::new(), JoinSet::new());
        for seat in self.consoles.drain(..) {
            consoles.spawn(seat.play(Arc::clone(tally), over.clone()));
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

    async fn finish(&mut self, mut playing: Playing) -> Result<()> {
        playing.tell_over.send_replace(true);
        while let Some(seat) = playing.residents.join_next().await {
            self.residents.push(seat??);
        }
        while let Some(seat) = playing.consoles.join_next().await {
            self.consoles.push(seat??);
        }
        self.residents.sort_by_key(ResidentSeat::index);
        Ok(())
    }
}

/// Everybody of a scene while they act.
struct Playing {
    residents: JoinSet<Result<ResidentSeat>>,
    consoles: JoinSet<Result<ConsoleSeat>>,
    tell_over: watch::Sender<bool>,
}

impl Playing {
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

/// The beginning of what is measured.
struct Measure {
    begun: Instant,
    shown: u64,
    servers: Vec<(u32, RunTimes)>,
    own: Duration,
    tally: Arc<Tally>,
}

impl Measure {
    fn begin(pids: &[u32], tally: &Arc<Tally>) -> Result<Self> {
        let servers = pids.iter().map(|pid| Ok((*pid, RunTimes::of(*pid)?)));
        Ok(Self {
            begun: Instant::now(),
            shown: tally.shown.load(Relaxed),
            servers: servers.collect::<Result<_>>()?,
            own: process::cpu(std::process::id())?,
            tally: Arc::clone(tally),
        })
    }

    fn end(&self, tally: &Tally) -> Result<Phase> {
        let ran = |(pid, earlier): &(u32, RunTimes)| Ok(RunTimes::of(*pid)?.since(earlier));
        Ok(Phase {
            safe: tally.safe_latency(),
            shown: tally.shown_latency(),
            messages: tally.shown.load(Relaxed) - self.shown,
            seconds: self.begun.elapsed().as_secs_f64(),
            server_cpu: self.servers.iter().map(ran).collect::<Result<_>>()?,
            own_cpu: process::cpu(std::process::id())?.saturating_sub(self.own),
            tally: Arc::clone(&self.tally),
        })
    }
}

fn ended<T>(seat: Result<T>) -> anyhow::Error {
    seat.err()
        .unwrap_or_else(|| anyhow!("it ended before the phase"))
}

/// Lets the consoles take sessions in turn until all are owned, then follow what they took. Entries begin to come with the
/// first follow, so nothing of them is read before the first phase.
async fn take_all(consoles: &mut [ConsoleSeat], sessions: usize) -> Result<()> {
    let mut taken = Vec::with_capacity(sessions);
    for number in 0..sessions {
        let index = number % consoles.len();
        let Some(session) = client::take_next(consoles[index].link()).await? else {
            bail!("only {number} of {sessions} sessions could be taken");
        };
        taken.push((index, session));
    }
    for (index, session) in taken {
        let followed = consoles[index].follow(session).await;
        followed.context("a session cannot be followed")?;
    }
    Ok(())
}
