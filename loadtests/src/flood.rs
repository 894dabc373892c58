//! `flood`: strangers open links by the thousand and never ask for anything; what a resident who is there, and newcomers, feel of it.
//!
//! Owns: the strangers, on a thread of their own so that the one who measures waits for the gateway and not for them. Must not: know how
//! the gateway defends itself. Called by: `main`.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use callbox_proto::command::ResidentCommand;
use callbox_proto::message::FromResident;
use callbox_proto::vocabulary::Category;
use clap::Args;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpSocket;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use crate::client::{self, Link, Target, command_id, opening};
use crate::device::Device;
use crate::gateway::{Gateway, GatewayChoice, Wishes};
use crate::glance::glance;
use crate::latency::Latency;
use crate::process;
use crate::report::Outcome;

/// The resident who is there writes this often.
const WRITES: Duration = Duration::from_millis(20);
/// A newcomer arrives this often.
const ARRIVES: Duration = Duration::from_millis(250);
/// Calm before the flood, for comparison.
const CALM: Duration = Duration::from_secs(10);
/// A stranger whose link was closed opens the next one after this.
const AGAIN: Duration = Duration::from_secs(1);
/// Whoever is not closed this long after the flood has ended never is.
const GIVE_UP: Duration = Duration::from_secs(60);
/// Pause between two looks at the gateway's own figures.
const LOOK: Duration = Duration::from_millis(500);
/// Strangers of one network of 256 addresses.
const PER_NETWORK: usize = 40;
/// Open files besides the strangers' sockets.
const SPARE_FILES: u64 = 256;
/// What every second stranger sends: the beginning of a request that never ends. The others send nothing.
const BEGINNING: &[u8] = b"GET /ws/resident HTTP/1.1\r\nhost: ";

/// Strangers who open links and never ask for anything
#[derive(Debug, Clone, Args)]
#[group(skip)]
pub struct Flood {
    /// Links that strangers want to hold at the same time
    #[arg(long, default_value_t = 10_000)]
    links: usize,
    /// How long, in s
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Over TLS: strangers do not even begin a handshake
    #[arg(long)]
    tls: bool,
}

impl Flood {
    /// Runs it once.
    ///
    /// # Errors
    /// When the gateway does not live through it, or a link that was open before breaks.
    pub async fn run(&self, choice: &GatewayChoice) -> Result<Outcome> {
        ensure!(choice.url.is_none(), "a flood meets a gateway of its own");
        process::raise_open_files(self.links as u64 + SPARE_FILES)?;
        let wishes = Wishes {
            tls: self.tls,
            ..Wishes::default()
        };
        let gateway = Gateway::begin(choice, wishes).await?;
        let done = self.flood(&gateway).await;
        done.map_err(|error| gateway.explain(error))
    }

    async fn flood(&self, gateway: &Gateway) -> Result<Outcome> {
        let mut outcome = Outcome::default();
        let mut there = There::begin(&gateway.target).await?;
        // What the very first of everything sets up is no part of the calm.
        there.feel(&gateway.target, AGAIN).await?;
        let calm = there.feel(&gateway.target, CALM).await?;
        calm.note("calm_", &mut outcome);
        let before = process::memory(gateway.pid)?.resident_kib;

        let strangers = Strangers::come(gateway.target.address(), self.links)?;
        let length = Duration::from_secs(self.seconds);
        let (felt, most) = tokio::join!(
            there.feel(&gateway.target, length),
            most_half_open(gateway, length)
        );
        let (felt, (half_open, resident)) = (felt?, most?);
        felt.note("", &mut outcome);
        let opened = strangers.told.opened.load(Relaxed);
        outcome.set(
            "strangers_opened_per_s",
            opened as f64 / length.as_secs_f64(),
        );
        outcome.set(
            "strangers_refused",
            strangers.told.refused.load(Relaxed) as f64,
        );
        outcome.set("half_open_most", half_open);
        outcome.set("memory_grown_kib", (resident - before as f64).max(0.0));
        outcome.set("all_closed_s", strangers.leave().await?.as_secs_f64());
        let ratio = felt.receipts.percentile_ms(99.0) / calm.receipts.percentile_ms(99.0);
        outcome.set("p99_flood_to_calm", ratio);
        if felt.missing > 0 {
            outcome.fail(format!("{} newcomers were not let in", felt.missing));
        }
        Ok(outcome)
    }
}

/// The most half-open connections that the gateway has counted, and its largest memory in KiB.
async fn most_half_open(gateway: &Gateway, length: Duration) -> Result<(f64, f64)> {
    let begun = Instant::now();
    let (mut most, mut resident) = (0.0_f64, 0.0_f64);
    while begun.elapsed() < length {
        sleep(LOOK).await;
        let name = "callbox_http_half_open{listener=\"public\"}";
        most = most.max(gateway.metric(name).await?);
        resident = resident.max(process::memory(gateway.pid)?.resident_kib as f64);
    }
    Ok((most, resident))
}

/// A resident who is connected all the time.
struct There {
    link: Link,
    number: u64,
}

/// What was felt for a while.
struct Felt {
    /// From a text to its receipt, for the resident who is there.
    receipts: Latency,
    /// From the first packet to the welcome, for newcomers.
    welcomes: Latency,
    /// Newcomers who were not let in.
    missing: u64,
}

impl Felt {
    fn note(&self, prefix: &str, outcome: &mut Outcome) {
        outcome.set_latency(prefix, &self.receipts);
        outcome.set_latency(&format!("{prefix}newcomer_"), &self.welcomes);
        outcome.set(format!("{prefix}newcomers"), self.welcomes.count() as f64);
        outcome.set(format!("{prefix}newcomers_missing"), self.missing as f64);
    }
}

impl There {
    async fn begin(target: &Target) -> Result<Self> {
        let mut link = target.resident(None).await?;
        client::greet_as_resident(&mut link, &Device::new()?).await?;
        client::open(&mut link, command_id(), opening(Category::Other)).await?;
        Ok(Self { link, number: 0 })
    }

    /// Writes, while newcomers arrive.
    async fn feel(&mut self, target: &Target, length: Duration) -> Result<Felt> {
        let (receipts, newcomers) = tokio::join!(self.write(length), arrive(target, length));
        let (welcomes, missing) = newcomers?;
        Ok(Felt {
            receipts: receipts?,
            welcomes,
            missing,
        })
    }

    async fn write(&mut self, length: Duration) -> Result<Latency> {
        let begun = Instant::now();
        let mut receipts = Latency::default();
        let mut pace = interval(WRITES);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while begun.elapsed() < length {
            pace.tick().await;
            self.number += 1;
            let id = command_id();
            let text = format!("{} people are here now", self.number);
            let command = ResidentCommand::Text { text, age_ms: 0 };
            let sent = Instant::now();
            self.link.send(&FromResident::Do { id, command }).await?;
            let id = id.to_string();
            loop {
                let frame = self
                    .link
                    .frame()
                    .await
                    .context("the link of the resident who was there")?;
                let seen = glance(&frame).context("a frame that is not a message")?;
                if seen.kind == b"receipt" && seen.id == id.as_bytes() {
                    break;
                }
            }
            receipts.record_us(sent.elapsed().as_micros() as u64);
        }
        Ok(receipts)
    }
}

async fn arrive(target: &Target, length: Duration) -> Result<(Latency, u64)> {
    let begun = Instant::now();
    let (mut welcomes, mut missing) = (Latency::default(), 0);
    let mut pace = interval(ARRIVES);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while begun.elapsed() < length {
        pace.tick().await;
        let device = Device::new()?;
        let first = Instant::now();
        let welcomed = async {
            let mut link = target.resident(None).await?;
            client::greet_as_resident(&mut link, &device).await?;
            Ok::<_, anyhow::Error>(link)
        };
        match welcomed.await {
            Ok(link) => {
                welcomes.record_us(first.elapsed().as_micros() as u64);
                link.close().await;
            }
            Err(_) => missing += 1,
        }
    }
    Ok((welcomes, missing))
}

/// Strangers at work.
struct Strangers {
    told: Arc<Told>,
    thread: thread::JoinHandle<Result<()>>,
}

/// What they count.
#[derive(Debug, Default)]
struct Told {
    over: AtomicBool,
    opened: AtomicU64,
    refused: AtomicU64,
}

impl Strangers {
    fn come(address: SocketAddr, links: usize) -> Result<Self> {
        let told = Arc::new(Told::default());
        let theirs = Arc::clone(&told);
        let thread = thread::Builder::new()
            .name("strangers".into())
            .spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()?;
                runtime.block_on(async {
                    let mut all: JoinSet<()> = (0..links)
                        .map(|number| stranger(number, address, Arc::clone(&theirs)))
                        .collect();
                    while all.join_next().await.is_some() {}
                });
                Ok(())
            })?;
        Ok(Self { told, thread })
    }

    /// No new links; how long until the gateway has closed the last one.
    async fn leave(self) -> Result<Duration> {
        self.told.over.store(true, Relaxed);
        let begun = Instant::now();
        while !self.thread.is_finished() {
            ensure!(
                begun.elapsed() < GIVE_UP,
                "links that say nothing are open for ever"
            );
            sleep(LOOK / 10).await;
        }
        let took = begun.elapsed();
        match self.thread.join() {
            Ok(done) => done.map(|()| took),
            Err(_) => anyhow::bail!("the strangers' thread panicked"),
        }
    }
}

/// Opens a link, says nothing or half a request, waits until it is closed, and opens the next.
async fn stranger(number: usize, address: SocketAddr, told: Arc<Told>) {
    // They come one after the other within a second, not in one instant.
    sleep(AGAIN.mul_f64(rand::random())).await;
    while !told.over.load(Relaxed) {
        if hold(number, address, &told).await.is_err() {
            told.refused.fetch_add(1, Relaxed);
        }
        // In steps, so that the end of the flood is seen.
        let _ = timeout(AGAIN, over(&told)).await;
    }
}

async fn over(told: &Told) {
    while !told.over.load(Relaxed) {
        sleep(AGAIN / 4).await;
    }
}

async fn hold(number: usize, address: SocketAddr, told: &Told) -> Result<()> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((network(number), 0)))?;
    let mut stream = socket.connect(address).await?;
    told.opened.fetch_add(1, Relaxed);
    if number.is_multiple_of(2) {
        stream.write_all(BEGINNING).await?;
    }
    // Whatever comes back, and however it ends: the stranger does not care.
    let mut answer = [0; 256];
    while matches!(stream.read(&mut answer).await, Ok(1..)) {}
    Ok(())
}

/// A loopback address of another network than the residents'.
fn network(number: usize) -> Ipv4Addr {
    let network = number / PER_NETWORK;
    let byte = |value: usize| u8::try_from(value % 256).unwrap_or_default();
    Ipv4Addr::new(
        127,
        1 + byte(network / 256) % 100,
        byte(network),
        2 + byte(number % PER_NETWORK),
    )
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ten_thousand_strangers_come_from_250_networks_and_none_is_the_residents() {
        let addresses: HashSet<_> = (0..10_000).map(network).collect();
        assert_eq!(addresses.len(), 10_000);
        let networks: HashSet<_> = addresses
            .iter()
            .map(|address| address.octets()[..3] == [127, 0, 0])
            .collect();
        assert_eq!(networks, HashSet::from([false]));
        let networks: HashSet<_> = addresses
            .iter()
            .map(|a| [a.octets()[1], a.octets()[2]])
            .collect();
        assert_eq!(networks.len(), 250);
    }
}
