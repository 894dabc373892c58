//! `queue --minutes`: taking for long, at one depth, so that a collapse would show in a minute of its own.
//!
//! Owns: consoles that take and close, newcomers that keep as many waiting, and one histogram per minute. Called by: `queue`.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use tokio::task::JoinSet;

use crate::cast::Stage;
use crate::client::{self, Link, Target};
use crate::latency::Latency;
use crate::process::{self, RunTimes};
use crate::queue::{consoles, open_one};
use crate::report::Outcome;

/// Connections that open sessions at the same time while others are taken.
const OPENING_AT_ONCE: usize = 32;
/// Pause of a newcomer while enough wait.
const ENOUGH: Duration = Duration::from_millis(10);
/// Pause between two looks at the clock.
const LOOK: Duration = Duration::from_millis(200);
const MINUTE: Duration = Duration::from_secs(60);

/// A long time of taking.
#[derive(Debug, Clone, Copy)]
pub struct Soak {
    /// Sessions that wait, at the beginning and as well as possible all the time.
    pub waiting: usize,
    /// Consoles that take.
    pub consoles: usize,
    /// How long.
    pub minutes: u64,
}

impl Soak {
    /// Runs it; as many sessions wait already.
    ///
    /// # Errors
    /// When a step is refused.
    pub async fn run(self, stage: &Stage, outcome: &mut Outcome) -> Result<()> {
        let pool = Arc::new(Pool {
            waiting: AtomicUsize::new(self.waiting),
            wanted: self.waiting,
            next: AtomicUsize::new(self.waiting),
            over: AtomicBool::new(false),
            taken: Mutex::default(),
        });
        let mut running = JoinSet::new();
        for link in consoles(stage, self.consoles).await? {
            running.spawn(take_and_close(link, Arc::clone(&pool)));
        }
        for _ in 0..OPENING_AT_ONCE {
            running.spawn(newcomers(stage.residents.clone(), Arc::clone(&pool)));
        }
        let mut minutes = Minutes::default();
        for minute in 1..=self.minutes {
            let found = one_minute(stage, &pool, &mut running).await?;
            eprintln!(
                "queue: minute {minute}: {:.0} taken/s, p99 {:.1} ms, {} wait",
                found.per_s, found.p99_ms, found.waiting
            );
            found.note(&format!("minute_{minute:02}_"), outcome);
            minutes.0.push(found);
        }
        pool.over.store(true, Relaxed);
        while let Some(ended) = running.join_next().await {
            ended??;
        }
        minutes.note(outcome);
        Ok(())
    }
}

/// What everybody shares.
#[derive(Debug)]
struct Pool {
    waiting: AtomicUsize,
    wanted: usize,
    /// Number of the next newcomer.
    next: AtomicUsize,
    over: AtomicBool,
    /// Of this minute.
    taken: Mutex<Latency>,
}

impl Pool {
    fn took(&self, begun: Instant) {
        let us = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.record_us(us);
        // Newcomers count before the gateway has them, so this cannot be less than nothing.
        self.waiting.fetch_sub(1, Relaxed);
    }

    fn end_minute(&self) -> Latency {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut taken)
    }
}

async fn one_minute(
    stage: &Stage,
    pool: &Pool,
    running: &mut JoinSet<Result<()>>,
) -> Result<Minute> {
    let begun = Instant::now();
    let first = pool.next.load(Relaxed);
    let ran = stage.pids.iter().map(|pid| RunTimes::of(*pid));
    let ran = ran.collect::<Result<Vec<_>>>()?;
    while begun.elapsed() < MINUTE {
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            Some(ended) = running.join_next() => match ended? {
                Ok(()) => bail!("a client ended before the time"),
                Err(error) => return Err(error),
            },
        }
    }
    let seconds = begun.elapsed().as_secs_f64();
    let taken = pool.end_minute();
    let mut cpu = Duration::ZERO;
    let mut resident_kib = 0;
    for (pid, earlier) in stage.pids.iter().zip(&ran) {
        cpu += RunTimes::of(*pid)?.since(earlier);
        resident_kib += process::memory(*pid)?.resident_kib;
    }
    Ok(Minute {
        per_s: taken.count() as f64 / seconds,
        opened_per_s: (pool.next.load(Relaxed) - first) as f64 / seconds,
        p50_ms: taken.percentile_ms(50.0),
        p99_ms: taken.percentile_ms(99.0),
        longest_ms: taken.percentile_ms(100.0),
        waiting: pool.waiting.load(Relaxed),
        cpu_percent: 100.0 * cpu.as_secs_f64() / seconds,
        resident_mib: resident_kib as f64 / 1_024.0,
    })
}

/// What one minute found.
#[derive(Debug, Clone, Copy)]
struct Minute {
    per_s: f64,
    opened_per_s: f64,
    p50_ms: f64,
    p99_ms: f64,
    longest_ms: f64,
    waiting: usize,
    cpu_percent: f64,
    resident_mib: f64,
}

impl Minute {
    fn note(&self, prefix: &str, outcome: &mut Outcome) {
        let mut set = |name: &str, value: f64| outcome.set(format!("{prefix}{name}"), value);
        set("takes_per_s", self.per_s);
        set("opened_per_s", self.opened_per_s);
        set("p50_ms", self.p50_ms);
        set("p99_ms", self.p99_ms);
        set("longest_ms", self.longest_ms);
        set("waiting", self.waiting as f64);
        set("cpu_percent", self.cpu_percent);
        set("resident_mib", self.resident_mib);
    }
}

/// All minutes.
#[derive(Debug, Default)]
struct Minutes(Vec<Minute>);

impl Minutes {
    fn note(&self, outcome: &mut Outcome) {
        let samples = |figure: fn(&Minute) -> f64| self.0.iter().map(figure).collect::<Vec<_>>();
        outcome.set_samples("takes_per_s", samples(|minute| minute.per_s));
        outcome.set_samples("take_p99_ms", samples(|minute| minute.p99_ms));
        for (plain, name) in [("messages_per_s", "takes_per_s"), ("p99_ms", "take_p99_ms")] {
            if let Some(value) = outcome.get(name) {
                outcome.set(plain, value);
            }
        }
        let (low, middle) = ("takes_per_s_lowest", "takes_per_s");
        if let (Some(low), Some(middle)) = (outcome.get(low), outcome.get(middle)) {
            // A collapse is a minute far below the others.
            outcome.set("slowest_minute_ratio", low / middle);
        }
    }
}

/// Takes the next session and closes it, until it is over.
async fn take_and_close(mut link: Link, pool: Arc<Pool>) -> Result<()> {
    while !pool.over.load(Relaxed) {
        let begun = Instant::now();
        match client::take_next(&mut link).await? {
            Some(session) => {
                pool.took(begun);
                client::end(&mut link, session).await?;
            }
            None => tokio::time::sleep(ENOUGH).await,
        }
    }
    link.close().await;
    Ok(())
}

/// Opens sessions while fewer wait than wanted.
async fn newcomers(target: Target, pool: Arc<Pool>) -> Result<()> {
    while !pool.over.load(Relaxed) {
        if pool.waiting.fetch_add(1, Relaxed) >= pool.wanted {
            pool.waiting.fetch_sub(1, Relaxed);
            tokio::time::sleep(ENOUGH).await;
            continue;
        }
        open_one(&target, pool.next.fetch_add(1, Relaxed)).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_collapse_shows_as_the_slowest_minute() {
        let minute = |per_s: f64| Minute {
            per_s,
            opened_per_s: 0.0,
            p50_ms: 1.0,
            p99_ms: 10.0,
            longest_ms: 20.0,
            waiting: 1,
            cpu_percent: 1.0,
            resident_mib: 1.0,
        };
        let mut outcome = Outcome::default();
        Minutes(vec![minute(3_000.0), minute(300.0), minute(3_000.0)]).note(&mut outcome);
        assert_eq!(outcome.get("slowest_minute_ratio"), Some(0.1));
        assert_eq!(outcome.get("messages_per_s"), Some(3_000.0));
    }
}
