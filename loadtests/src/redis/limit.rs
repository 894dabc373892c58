//! What Redis alone can append: the limit of any gateway in front of it.
//!
//! Two ways, because `redis-benchmark` cannot count: it opens a new session with each call, while a gateway appends to logs that
//! exist. So the same function is also driven by a plain pipelining client with the right numbers.

use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use tokio::process::Command;
use tokio::task::JoinSet;

use super::RedisServer;
use super::seen::{Appends, Call};
use super::wire::{Wire, encode};
use crate::process::RunTimes;

/// Connections that append at the same time.
const CONNECTIONS: usize = 4;
/// Appends of one connection in flight: more do not make Redis faster.
const BATCH: usize = 128;
/// Calls that `redis-benchmark` makes, each into a new session.
const BENCHMARK_CALLS: u32 = 200_000;
/// Connections and pipeline of `redis-benchmark`.
const BENCHMARK_CLIENTS: [&str; 4] = ["-c", "8", "-P", "64"];
/// Numbers that `redis-benchmark` draws from; it takes no more.
const BENCHMARK_NUMBERS: &str = "2000000000";
/// Twelve digits of its choice.
const BENCHMARK_NUMBER: &[u8] = b"__rand_int__";

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
    sessions: usize,
    span: Duration,
) -> Result<Limit> {
    let mut writers = Vec::new();
    for number in 0..CONNECTIONS {
        let own = (number..sessions).step_by(CONNECTIONS);
        writers.push(Writer::begin(redis.port(), appends, own.collect()).await?);
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
    sessions: Vec<Session>,
    next: usize,
    commands: u64,
}

struct Session {
    text: Call,
    head: u64,
}

impl Writer {
    async fn begin(port: u16, appends: &Appends, numbers: Vec<usize>) -> Result<Self> {
        let mut wire = Wire::open(port).await?;
        let mut sessions = Vec::new();
        for number in numbers {
            let id = format!("{:032x}", number + 1);
            let opening = of_session(&appends.opening, id.as_bytes())?;
            let stored = wire.ask(&as_slices(&opening)).await?;
            sessions.push(Session {
                text: of_session(&appends.text, id.as_bytes())?,
                head: stored_up_to(&stored)?,
            });
        }
        Ok(Self {
            wire,
            sessions,
            next: 0,
            commands: 0,
        })
    }

    /// Appends in batches until then.
    async fn run(mut self, until: Instant) -> Result<(Self, u64)> {
        let mut done = 0;
        let mut batch = Vec::new();
        while Instant::now() < until {
            batch.clear();
            let each = BATCH.min(self.sessions.len());
            for turn in 0..each {
                let at = (self.next + turn) % self.sessions.len();
                self.commands += 1;
                let session = &mut self.sessions[at];
                renew(&mut session.text, session.head, self.commands, at)?;
                session.head += 1;
                encode(&session.text.0, &mut batch);
            }
            self.wire.write(&batch).await?;
            for turn in 0..each {
                let at = (self.next + turn) % self.sessions.len();
                let stored = stored_up_to(&self.wire.answer().await?)?;
                ensure!(stored == self.sessions[at].head, "a text is one record");
            }
            self.next = (self.next + each) % self.sessions.len();
            done += each as u64;
        }
        Ok((self, done))
    }
}

/// The same call for another session.
fn of_session(call: &Call, id: &[u8]) -> Result<Call> {
    let old = call.session().context("a call without a session")?.to_vec();
    let mut call = call.clone();
    for argument in &mut call.0 {
        while let Some(at) = argument.windows(old.len()).position(|part| part == old)
            && old != id
        {
            argument[at..at + old.len()].copy_from_slice(id);
        }
    }
    let expected_at = call.expected_at().context("a call without arguments")?;
    // No claim of the watched gateway holds here.
    if let Some(epoch) = call.0.get_mut(expected_at + 2) {
        epoch.clear();
    }
    Ok(call)
}

/// The next command of this session: another id, and the number that the log has by now.
fn renew(call: &mut Call, head: u64, command: u64, session: usize) -> Result<()> {
    let expected_at = call.expected_at().context("a call without arguments")?;
    call.0[expected_at] = head.to_string().into_bytes();
    let id = call.0.get_mut(expected_at + 1).context("no command id")?;
    *id = format!("{session:016x}{command:016x}").into_bytes();
    Ok(())
}

/// The last record of `stored <first>-<last>`.
fn stored_up_to(answer: &[u8]) -> Result<u64> {
    let text = std::str::from_utf8(answer).context("an answer that is no text")?;
    let place = text.strip_prefix("stored ");
    let last = place.and_then(|place| place.rsplit_once('-'));
    let last = last.with_context(|| format!("the append was not stored: {text}"))?;
    Ok(last.1.parse()?)
}

fn as_slices(call: &Call) -> Vec<&[u8]> {
    call.0.iter().map(Vec::as_slice).collect()
}

/// Lets `redis-benchmark` call the same function, with a new session each time and a text as its first record.
///
/// # Errors
/// When it is not installed, or its report cannot be read.
pub async fn by_benchmark(redis: &RedisServer, appends: &Appends) -> Result<Limit> {
    let call = for_benchmark(appends)?;
    let (ran, port) = (RunTimes::of(redis.pid())?, redis.port().to_string());
    let calls = BENCHMARK_CALLS.to_string();
    let mut command = Command::new("redis-benchmark");
    command
        .args(["-p", &port, "-n", &calls, "-r", BENCHMARK_NUMBERS, "--csv"])
        .args(BENCHMARK_CLIENTS)
        .stdin(Stdio::null());
    for argument in &call.0 {
        command.arg(std::str::from_utf8(argument).context("an argument that is no text")?);
    }
    let output = command.output().await;
    let output =
        output.context("redis-benchmark cannot be started: apt-get install redis-tools")?;
    let cpu = RunTimes::of(redis.pid())?.since(&ran);
    let report = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    Ok(Limit {
        per_s: requests_per_s(&report)
            .with_context(|| format!("redis-benchmark reports no figure: {report}{complaint}"))?,
        cpu_us: cpu.as_secs_f64() * 1e6 / f64::from(BENCHMARK_CALLS),
    })
}

/// An opening whose record is a text, for a session that `redis-benchmark` chooses. What cannot be an argument of a
/// program is replaced by as many letters.
fn for_benchmark(appends: &Appends) -> Result<Call> {
    // Two numbers in each name: with one, some names come twice, and an append to half a session is an error.
    let mut id = vec![b'0'; 32 - 2 * BENCHMARK_NUMBER.len()];
    id.extend_from_slice(&BENCHMARK_NUMBER.repeat(2));
    let mut call = of_session(&appends.opening, &id)?;
    let text = of_session(&appends.text, &id)?;
    let records = |call: &Call| call.expected_at().map(|at| at + 10);
    let (Some(own), Some(others)) = (records(&call), records(&text)) else {
        anyhow::bail!("a call without records");
    };
    call.0.truncate(own);
    call.0
        .extend_from_slice(text.0.get(others..).unwrap_or_default());
    for argument in &mut call.0 {
        if !argument.iter().all(|byte| (b' '..=b'~').contains(byte)) {
            argument.fill(b'x');
        }
    }
    Ok(call)
}

/// The second of the eight columns of the last line; the first one holds the whole command.
fn requests_per_s(csv: &str) -> Option<f64> {
    let line = csv.lines().rfind(|line| !line.trim().is_empty())?;
    let columns: Vec<&str> = line.rsplitn(8, "\",\"").collect();
    columns.get(6)?.trim_matches('"').parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef";

    fn call(expected: &str, records: &[&str]) -> Call {
        let session = format!("callbox:{{a}}:session:{ID}");
        let mut words = vec![
            "FCALL",
            "callbox_append_1",
            "1",
            &session,
            expected,
            "command",
            "7",
        ];
        words.extend([ID, "bell", "index", "open", "tally", "summary", "crc"]);
        words.extend(records);
        Call(words.iter().map(|word| word.as_bytes().to_vec()).collect())
    }

    #[test]
    fn a_call_is_repeated_for_another_session_without_the_claim_it_was_made_under() {
        let id = format!("{:032x}", 5);
        let other = of_session(&call("3", &["payload", "crc"]), id.as_bytes()).unwrap();
        assert_eq!(other.session(), Some(id.as_bytes()));
        assert_eq!(other.0[7], id.as_bytes());
        assert_eq!(other.0[6], b"");
    }

    #[test]
    fn the_next_command_has_another_id_and_the_number_of_the_log() {
        let mut text = call("3", &["payload", "crc"]);
        renew(&mut text, 41, 2, 1).unwrap();
        assert_eq!(text.expected(), Some(41));
        assert_eq!(text.0[5].len(), 32);
        assert_eq!(stored_up_to(b"stored 42-42").unwrap(), 42);
        assert!(stored_up_to(b"conflict 9").is_err());
    }

    #[test]
    fn redis_benchmark_gets_an_opening_with_the_texts_record() {
        let appends = Appends {
            opening: call("0", &["opened", "1", "place", "2"]),
            text: call("3", &["a\0text", "crc"]),
        };
        let call = for_benchmark(&appends).unwrap();
        let words: Vec<&[u8]> = as_slices(&call);
        assert_eq!(words[14..], [&b"xxxxxx"[..], b"crc"]);
        assert!(words[3].ends_with(b"__rand_int__"));
    }

    #[test]
    fn its_report_is_read_from_the_last_line() {
        let report = "\"test\",\"rps\",\"avg_latency_ms\",\"min\",\"p50\",\"p95\",\"p99\",\"max\"\n\
                      \"FCALL a \"\"b\"\",c\",\"54321.00\",\"1\",\"1\",\"1\",\"1\",\"1\",\"1\"\n";
        assert_eq!(requests_per_s(report), Some(54_321.0));
        assert_eq!(requests_per_s(""), None);
    }
}
