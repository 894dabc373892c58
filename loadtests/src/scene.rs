//! A scene: residents with open sessions, each owned and followed by a console, and phases of texts between them.
//!
//! Owns: setting it up over the public protocol, running a phase and checking that nothing was lost, doubled or out of
//! order. Must not: print. Called by: `route`, `growth`.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use callbox_proto::vocabulary::Category;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::client::{self, command_id, opening, source};
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
    /// Processor time of the gateway in it.
    pub gateway_cpu: Duration,
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

    /// Processor time of the gateway per message, in µs.
    #[must_use]
    pub fn gateway_us(&self) -> f64 {
        self.gateway_cpu.as_secs_f64() * 1e6 / self.messages.max(1) as f64
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
    pid: u32,
}

impl Scene {
    /// Opens the sessions, lets the consoles take all of them and follow each.
    ///
    /// # Errors
    /// When any step is refused or takes too long.
    pub async fn set(gateway: &Gateway, cast: Cast) -> Result<Self> {
        let most = TELECOMMUNICATORS.len() * CONSOLES_PER_PERSON_MAX;
        ensure!(
            (1..=most).contains(&cast.consoles),
            "1 to {most} consoles are possible"
        );
        ensure!(cast.residents > 0, "a scene needs a resident");
        process::raise_open_files((cast.residents + cast.consoles + 64) as u64)?;
        let target = &gateway.target;
        let frames = TextFrames::new(target.encoding, cast.text_bytes)?;
        let mut tokens = Vec::new();
        for name in TELECOMMUNICATORS {
            tokens.push(client::sign_in(target, name).await?);
        }
        let mut residents = Vec::with_capacity(cast.residents);
        for index in 0..cast.residents {
            let mut link = target.resident(Some(source(index))).await?;
            let welcome = client::greet_as_resident(&mut link, &Device::new()?).await?;
            let last = client::open(&mut link, command_id(), opening(Category::Other)).await?;
            let (beat, frames) = (welcome.heartbeat, frames.clone());
            residents.push(ResidentSeat::new(link, index, beat, frames, last));
        }
        let mut consoles = Vec::with_capacity(cast.consoles);
        for index in 0..cast.consoles {
            let mut link = target.staff().await?;
            let welcome = client::greet_as_staff(&mut link, &tokens[index % tokens.len()]).await?;
            consoles.push(ConsoleSeat::new(link, welcome.heartbeat));
        }
        take_all(&mut consoles, cast.residents).await?;
        let mut scene = Self {
            residents,
            consoles,
            epoch: Instant::now(),
            tag: rand::random(),
            pid: gateway.pid,
        };
        // What the consoles were sent while they took sessions is read here.
        scene
            .phase(0, 0, Span::Time(Duration::ZERO, Duration::from_millis(300)))
            .await?;
        Ok(scene)
    }

    /// Runs a phase in which the first `senders` residents send with `window` texts in flight each.
    ///
    /// # Errors
    /// When a link breaks. What is lost, doubled or out of order is for [`Phase::check`].
    pub async fn phase(&mut self, senders: usize, window: usize, span: Span) -> Result<Phase> {
        let senders = senders.min(self.residents.len());
        let tally = Arc::new(Tally::new(self.epoch, self.tag, senders));
        let (tell_over, over) = watch::channel(false);
        let texts = match span {
            Span::Texts(texts) => Some(texts),
            Span::Time(..) => None,
        };
        let mut consoles = JoinSet::new();
        for seat in self.consoles.drain(..) {
            consoles.spawn(seat.play(Arc::clone(&tally), over.clone()));
        }
        let mut measure = Measure::begin(self.pid, &tally)?;
        tally.recording.store(texts.is_some(), Relaxed);
        let mut residents = JoinSet::new();
        for (index, seat) in self.residents.drain(..).enumerate() {
            let window = if index < senders { window } else { 0 };
            let sending = Sending { window, texts };
            residents.spawn(seat.play(sending, Arc::clone(&tally), over.clone()));
        }
        if let Span::Time(warm_up, measured) = span {
            wait(warm_up, &mut residents, &mut consoles).await?;
            measure = Measure::begin(self.pid, &tally)?;
            tally.recording.store(true, Relaxed);
            wait(measured, &mut residents, &mut consoles).await?;
            tally.recording.store(false, Relaxed);
        }
        let timed = match texts {
            None => Some(measure.end(&tally)?),
            Some(_) => None,
        };
        tally.stop.store(texts.is_none(), Relaxed);
        self.settle(&tally, &mut residents, &mut consoles).await?;
        let measured = match timed {
            Some(measured) => measured,
            None => measure.end(&tally)?,
        };
        tell_over.send_replace(true);
        while let Some(seat) = residents.join_next().await {
            self.residents.push(seat??);
        }
        while let Some(seat) = consoles.join_next().await {
            self.consoles.push(seat??);
        }
        self.residents.sort_by_key(ResidentSeat::index);
        Ok(measured)
    }

    /// Waits until everything sent has arrived; gives up when nothing arrives any more.
    async fn settle(
        &self,
        tally: &Tally,
        residents: &mut JoinSet<Result<ResidentSeat>>,
        consoles: &mut JoinSet<Result<ConsoleSeat>>,
    ) -> Result<()> {
        let mut moved = (Instant::now(), tally.shown.load(Relaxed));
        while !tally.is_over() {
            wait(LOOK, residents, consoles).await?;
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
}

/// The beginning of what is measured.
struct Measure {
    pid: u32,
    begun: Instant,
    shown: u64,
    gateway: RunTimes,
    own: Duration,
    tally: Arc<Tally>,
}

impl Measure {
    fn begin(pid: u32, tally: &Arc<Tally>) -> Result<Self> {
        Ok(Self {
            pid,
            begun: Instant::now(),
            shown: tally.shown.load(Relaxed),
            gateway: RunTimes::of(pid)?,
            own: process::cpu(std::process::id())?,
            tally: Arc::clone(tally),
        })
    }

    fn end(&self, tally: &Tally) -> Result<Phase> {
        Ok(Phase {
            safe: tally.safe_latency(),
            shown: tally.shown_latency(),
            messages: tally.shown.load(Relaxed) - self.shown,
            seconds: self.begun.elapsed().as_secs_f64(),
            gateway_cpu: RunTimes::of(self.pid)?.since(&self.gateway),
            own_cpu: process::cpu(std::process::id())?.saturating_sub(self.own),
            tally: Arc::clone(&self.tally),
        })
    }
}

/// Waits, and ends early with the reason when a link breaks.
async fn wait(
    span: Duration,
    residents: &mut JoinSet<Result<ResidentSeat>>,
    consoles: &mut JoinSet<Result<ConsoleSeat>>,
) -> Result<()> {
    let early = |who: &str, seat: Result<anyhow::Error, tokio::task::JoinError>| match seat {
        Ok(error) => error.context(format!("a {who}'s link broke")),
        Err(error) => anyhow!(error),
    };
    tokio::select! {
        () = tokio::time::sleep(span) => Ok(()),
        Some(seat) = residents.join_next() => Err(early("resident", seat.map(ended))),
        Some(seat) = consoles.join_next() => Err(early("console", seat.map(ended))),
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
