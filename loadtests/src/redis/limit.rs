//! What Redis alone can append: the limit of any gateway in front of it.
//!
//! The very function of the gateways is called, with their arguments: by a plain pipelining client with the right numbers, with
//! one append in a call, with as many as a busy gateway sends together, and with those in runs of one session; and by `redis-benchmark`, which cannot count and opens a
//! new session with each append.

use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use tokio::process::Command;
use tokio::task::JoinSet;

use super::RedisServer;
use super::seen::{Append, Appends};
use super::wire::{Wire, encode};
use crate::process::RunTimes;

/// Connections that append at the same time.
const CONNECTIONS: usize = 4;
/// Appends of one connection in flight: more do not make Redis faster.
const BATCH: usize = 128;
/// Appends of a session that make a run: as many texts as a resident of the load has on the way.
const RUN: usize = 8;
/// Appends that `redis-benchmark` makes, each into a new session.
const BENCHMARK_APPENDS: usize = 200_000;
/// Connections of `redis-benchmark`.
const BENCHMARK_CLIENTS: usize = 8;
/// Appends of each of them in flight.
const BENCHMARK_BATCH: usize = 64;
/// Numbers that `redis-benchmark` draws from; it takes no more.
const BENCHMARK_NUMBERS: &str = "2000000000";
/// Twelve digits of its choice.
const BENCHMARK_NUMBER: &[u8] = b"__rand_int__";

/// How appends are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Calls {
    /// One in each call.
    Single,
    /// All that are in flight on a connection in one call, each of another session.
    Joined,
    /// All that are in flight in one call, eight of a session in a run.
    Runs,
}

impl Calls {
    /// Runs in a call, of so many.
    const fn runs_of(self, runs: usize) -> usize {
        match self {
            Self::Single => 1,
            Self::Joined | Self::Runs => runs,
        }
    }

    /// Appends in a run.
    const fn of_session(self) -> usize {
        match self {
            Self::Single | Self::Joined => 1,
            Self::Runs => RUN,
        }
    }
}

/// What Redis did.
#[derive(Debug, Clone, Copy)]
pub struct Limit {
    /// Appends per second.
    pub per_s: f64,
    /// Processor time of Redis per append, in µs.
    pub cpu_us: f64,
}

/// Appends texts to so many sessions for a while.
///
/// # Errors
/// When Redis refuses an append.
pub async fn by_repeating(
    redis: &RedisServer,
    appends: &Appends,
    calls: Calls,
    sessions: usize,
    span: Duration,
) -> Result<Limit> {
    let mut writers = Vec::new();
    for number in 0..CONNECTIONS {
        let own = (number..sessions).step_by(CONNECTIONS);
        writers.push(Writer::begin(redis.port(), appends, calls, own.collect()).await?);
    }
    // A tenth to warm up, then what counts.
    run_all(&mut writers, span / 10).await?;
    let (ran, begun) = (RunTimes::of(redis.pid())?, Instant::now());
    let done = run_all(&mut writers, span).await?;
    let seconds = begun.elapsed().as_secs_f64();
    let cpu = RunTimes::of(redis.pid())?.since(&ran);
    Ok(Limit {
        per_s: done as f64 / seconds,
        cpu_us: cpu.as_secs_f64() * 1e6 / done.max(1) as f64,
    })
}

async fn run_all(writers: &mut Vec<Writer>, span: Duration) -> Result<u64> {
    let until = Instant::now() + span;
    let mut running = JoinSet::new();
    for writer in writers.drain(..) {
        running.spawn(writer.run(until));
    }
    let mut all = 0;
    while let Some(ended) = running.join_next().await {
        let (writer, done) = ended??;
        all += done;
        writers.push(writer);
    }
    Ok(all)
}

/// One connection with sessions of its own.
struct Writer {
    wire: Wire,
    calls: Calls,
    sessions: Vec<Session>,
    next: usize,
    commands: u64,
}

struct Session {
    text: Append,
    head: u64,
}

impl Writer {
    async fn begin(
        port: u16,
        appends: &Appends,
        calls: Calls,
        numbers: Vec<usize>,
    ) -> Result<Self> {
        let mut wire = Wire::open(port).await?;
        let mut sessions = Vec::new();
        for number in numbers {
            let id = format!("{:032x}", number + 1);
            let opening = appends.opening.of_session(id.as_bytes());
            let words = Append::call(&[&opening]);
            let slices: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
            check_stored(&wire.ask(&slices).await?)?;
            sessions.push(Session {
                text: appends.text.of_session(id.as_bytes()),
                head: opening.last().context("an opening without a number")?,
            });
        }
        Ok(Self {
            wire,
            calls,
            sessions,
            next: 0,
            commands: 0,
        })
    }

    /// Appends in batches until then.
    async fn run(mut self, until: Instant) -> Result<(Self, u64)> {
        let mut done = 0;
        let mut batch = Vec::new();
        let count = self.sessions.len();
        let each = (BATCH / self.calls.of_session()).min(count);
        while Instant::now() < until {
            batch.clear();
            let turns = (0..each).map(|turn| (self.next + turn) % count);
            let turns: Vec<usize> = turns.collect();
            let runs: Vec<Append> = turns.into_iter().map(|at| self.next_run(at)).collect();
            for together in runs.chunks(self.calls.runs_of(each)) {
                let together: Vec<&Append> = together.iter().collect();
                encode(&Append::call(&together), &mut batch);
            }
            self.wire.write(&batch).await?;
            let appends = each * self.calls.of_session();
            for _ in 0..appends {
                check_stored(&self.wire.answer().await?)?;
            }
            self.next = (self.next + each) % count;
            done += appends as u64;
        }
        Ok((self, done))
    }

    /// The next run of a session.
    fn next_run(&mut self, at: usize) -> Append {
        let mut run = self.next_text(at);
        for count in 2..=self.calls.of_session() {
            let next = self.next_text(at);
            run.join(&next, count);
        }
        run
    }

    fn next_text(&mut self, at: usize) -> Append {
        self.commands += 1;
        let session = &mut self.sessions[at];
        let command = format!("{at:016x}{:016x}", self.commands);
        session.text.renew(session.head, &command);
        session.head += 1;
        session.text.clone()
    }
}

/// Whether an append was written as it was to be.
fn check_stored(answer: &[u8]) -> Result<()> {
    let words = String::from_utf8_lossy(answer);
    ensure!(answer == b"1", "the append was not stored: {words}");
    Ok(())
}

/// Lets `redis-benchmark` call the same function, with a new session for each append and a text as its first record.
///
/// # Errors
/// When it is not installed, or its report cannot be read.
pub async fn by_benchmark(redis: &RedisServer, appends: &Appends, calls: Calls) -> Result<Limit> {
    let together = calls.runs_of(BENCHMARK_BATCH);
    let one = for_benchmark(appends);
    let (ran, port) = (RunTimes::of(redis.pid())?, redis.port().to_string());
    let count = BENCHMARK_APPENDS / together;
    let mut command = Command::new("redis-benchmark");
    command
        .args(["-p", &port, "-r", BENCHMARK_NUMBERS, "--csv"])
        .args(["-n", &count.to_string()])
        .args(["-c", &BENCHMARK_CLIENTS.to_string()])
        .args(["-P", &(BENCHMARK_BATCH / together).to_string()])
        .stdin(Stdio::null());
    for argument in Append::call(&vec![&one; together]) {
        command.arg(std::str::from_utf8(&argument).context("an argument that is no text")?);
    }
    let output = command.output().await;
    let output =
        output.context("redis-benchmark cannot be started: apt-get install redis-tools")?;
    let cpu = RunTimes::of(redis.pid())?.since(&ran);
    let report = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    let calls_per_s = requests_per_s(&report)
        .with_context(|| format!("redis-benchmark reports no figure: {report}{complaint}"))?;
    Ok(Limit {
        per_s: calls_per_s * together as f64,
        cpu_us: cpu.as_secs_f64() * 1e6 / (count * together) as f64,
    })
}

/// An opening whose record is a text, for a session that `redis-benchmark` chooses. What cannot be an argument of a
/// program is replaced by as many letters.
fn for_benchmark(appends: &Appends) -> Append {
    // Two numbers in each name: with one, some names come twice, and an append to half a session is an error.
    let mut id = vec![b'0'; 32 - 2 * BENCHMARK_NUMBER.len()];
    id.extend_from_slice(&BENCHMARK_NUMBER.repeat(2));
    let opening = appends.opening.with_record_of(&appends.text);
    let mut append = opening.of_session(&id);
    append.print_only();
    append
}

/// The second of the eight columns of the last line; the first one holds the whole command.
fn requests_per_s(csv: &str) -> Option<f64> {
    let line = csv.lines().rfind(|line| !line.trim().is_empty())?;
    let columns: Vec<&str> = line.rsplitn(8, "\",\"").collect();
    columns.get(6)?.trim_matches('"').parse().ok()
}

#[cfg(test)]
mod tests {
    use super::super::seen::tests::append;
    use super::*;

    #[test]
    fn whatever_is_not_stored_ends_the_measurement() {
        assert!(check_stored(b"1").is_ok());
        assert!(check_stored(b"conflict 9").is_err());
    }

    #[test]
    fn redis_benchmark_gets_an_opening_with_the_texts_record() {
        let appends = Appends {
            opening: append("0", b"opened"),
            text: append("3", b"a\0longer text"),
        };
        let one = for_benchmark(&appends);
        let words = Append::call(&[&one, &one]);
        assert!(words[7].ends_with(b"__rand_int__"));
        let run = vec![b'x'; 56 + b"a\0longer text".len()];
        assert_eq!(words.iter().filter(|word| **word == run).count(), 2);
        assert_eq!(words[words.len() - 14], b"0");
    }

    #[test]
    fn its_report_is_read_from_the_last_line() {
        let report = "\"test\",\"rps\",\"avg_latency_ms\",\"min\",\"p50\",\"p95\",\"p99\",\"max\"\n\
                      \"FCALL a \"\"b\"\",c\",\"54321.00\",\"1\",\"1\",\"1\",\"1\",\"1\",\"1\"\n";
        assert_eq!(requests_per_s(report), Some(54_321.0));
        assert_eq!(requests_per_s(""), None);
    }
}
