//! Random histories of two or three nodes, three residents and two consoles: whatever happens, what was promised holds.
//!
//! `CALLBOX_TEST_SEED` repeats one history; `CALLBOX_TEST_HISTORIES` says how many are tried (10,000 by default).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::RangeInclusive;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use callbox::clock::Clock;
use callbox::node::agency::Agency;
use callbox::node::{Membership, Node, NodeLimits, Random};
use callbox_domain::policy::Policy;
use callbox_domain::triage::Rules;
use callbox_loadtests::check::{Logged, Logs, Verdict, judge};
use callbox_proto::event::Stored;
use callbox_proto::ids::{AgencyId, CommandId};
use callbox_proto::message::{AgencyInfo, QueueInfo};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};
use tokio::time::{Instant, sleep};

use super::clients::{Console, Diary, Resident};
use super::handle::{Handle, Shared, Weather, World};
use crate::backbone::make::agency;

/// Histories in one run of the tests.
const HISTORIES: u64 = 10_000;
/// Steps of one history before it settles.
const STEPS: usize = 50;
/// Rounds in which everything has to become safe once the weather is calm.
const SETTLE_ROUNDS: usize = 400;
/// Rounds until everybody was shown the last entries: a ring that was missed is made up for within seconds.
const SHOWN_ROUNDS: usize = 100;
/// Each pair of nodes hears all that both say: a third one doubles what a history costs, so that not every history has one.
const NODES: RangeInclusive<usize> = 2..=3;
const RESIDENTS: u128 = 3;

/// Virtual time as a node reads it; each node's wall clock is off by its own amount.
struct SimClock {
    start: Instant,
    off_ms: u64,
}

impl Clock for SimClock {
    fn now_ms(&self) -> u64 {
        1_700_000_000_000 + self.off_ms + self.monotonic_ms()
    }

    fn monotonic_ms(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap()
    }
}

struct Running {
    node: Arc<Node>,
    handle: Arc<Handle>,
}

struct History {
    random: StdRng,
    world: Arc<World>,
    start: Instant,
    agency: AgencyId,
    nodes: Vec<Option<Running>>,
    residents: Vec<Resident>,
    consoles: Vec<Console>,
    diary: Diary,
    commands: u128,
    bad: Weather,
}

impl History {
    async fn new(seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let bad = Weather {
            lost: random.random_range(1..60),
            unanswered: random.random_range(0..60),
            slow: random.random_range(0..50),
            deaf: random.random_range(0..100),
        };
        let nodes = random.random_range(NODES);
        let mut diary = Diary::default();
        let residents = (1..=RESIDENTS).map(|n| Resident::new(n, &mut diary));
        let residents = residents.collect();
        let mut history = Self {
            random,
            world: World::new(),
            start: Instant::now(),
            agency: agency(),
            nodes: (0..nodes).map(|_| None).collect(),
            residents,
            consoles: vec![Console::new("tina"), Console::new("tom")],
            diary,
            commands: 1_000_000,
            bad,
        };
        for place in 0..nodes {
            history.start(place, Weather::default()).await;
        }
        history
    }

    async fn start(&mut self, place: usize, weather: Weather) {
        let handle = Handle::new(&self.world, self.random.random(), Weather::default());
        let clock = SimClock {
            start: self.start,
            off_ms: self.random.random_range(0..2_000),
        };
        let started = Node::join(
            Arc::new(Shared(Arc::clone(&handle))),
            Arc::new(clock),
            Random::from_seed(self.random.random()),
            NodeLimits::default(),
            vec![the_agency(&self.agency)],
            Membership {
                name: format!("node-{place}"),
                same: BTreeMap::new(),
            },
        );
        let node = started.await.expect("the tier answers while a node starts");
        handle.set_weather(weather);
        self.nodes[place] = Some(Running { node, handle });
    }

    fn crash(&mut self, place: usize) {
        let Some(running) = self.nodes[place].take() else {
            return;
        };
        running.handle.kill();
        running.node.stop();
        for resident in &mut self.residents {
            resident.forget_node(&running.node);
        }
        for console in &mut self.consoles {
            console.forget_node(&running.node);
        }
    }

    fn any_node(&mut self) -> Option<Arc<Node>> {
        let alive: Vec<_> = self.nodes.iter().flatten().collect();
        let chosen = alive.choose(&mut self.random)?;
        Some(Arc::clone(&chosen.node))
    }

    fn command(&mut self) -> CommandId {
        self.commands += 1;
        CommandId::from_u128(self.commands).unwrap()
    }

    async fn step(&mut self) {
        match self.random.random_range(0..100) {
            0..45 => self.resident_acts().await,
            45..75 => self.console_acts().await,
            75..92 => {
                let ms = self.random.random_range(1..300);
                sleep(Duration::from_millis(ms)).await;
            }
            92 => {
                // From two seconds to over sixteen, short ones as likely as long ones: idle nodes are most of what a history
                // costs, and thousands of these are among all.
                let ms = self.random.random_range(2_000..4_100) << self.random.random_range(0..3);
                sleep(Duration::from_millis(ms)).await;
            }
            _ => {
                let place = self.random.random_range(0..self.nodes.len());
                if self.nodes[place].is_some() {
                    self.crash(place);
                } else {
                    self.start(place, self.bad).await;
                }
            }
        }
        self.listen().await;
    }

    async fn resident_acts(&mut self) {
        let who = self.random.random_range(0..self.residents.len());
        let node = self.any_node();
        let id = self.command();
        let act = self.random.random_range(0..20);
        let choice = self.random.random_range(0..1_000);
        let resident = &mut self.residents[who];
        match (resident.is_connected(), act) {
            (true, 0..3) => resident.disconnect(),
            (true, 3..5) => resident.repeat(choice),
            (true, 5..7) => resident.insist(),
            (true, _) => resident.write(id, &mut self.diary),
            (false, _) => {
                if let Some(node) = node {
                    resident.connect(&node, &self.agency, &mut self.diary).await;
                }
            }
        }
    }

    async fn console_acts(&mut self) {
        let who = self.random.random_range(0..self.consoles.len());
        let node = self.any_node();
        let id = self.command();
        let act = self.random.random_range(0..20);
        let owned = self.consoles[who].owns();
        let session = owned.choose(&mut self.random).copied();
        let all: Vec<_> = self.consoles.iter().flat_map(Console::owns).collect();
        let two = [0; 2].map(|_| all.choose(&mut self.random).copied());
        let on = self.random.random();
        let console = &mut self.consoles[who];
        match (console.is_connected(), act, session) {
            (true, 0..2, _) => console.disconnect(),
            (true, 2..4, _) => console.insist(),
            (true, 4..6, Some(session)) => console.release(id, session),
            (true, 6..14, Some(session)) => console.write(id, session, &mut self.diary),
            (true, 14..16, Some(_)) => {
                if let [Some(one), Some(other)] = two {
                    console.link(id, one, other.into(), on);
                }
            }
            (true, _, _) if console.wants() == 0 => console.take_next(id, &mut self.diary),
            (true, _, _) => {}
            (false, _, _) => {
                if let Some(node) = node {
                    console.connect(&node, &self.agency, &mut self.diary).await;
                }
            }
        }
    }

    async fn listen(&mut self) {
        for resident in &mut self.residents {
            resident.listen(&mut self.diary).await;
        }
        for console in &mut self.consoles {
            console.listen(&mut self.diary).await;
        }
    }

    /// The weather becomes calm, everybody is back, and everything becomes safe.
    async fn settle(&mut self) {
        for place in 0..self.nodes.len() {
            match &self.nodes[place] {
                Some(running) => running.handle.set_weather(Weather::default()),
                None => self.start(place, Weather::default()).await,
            }
        }
        for _ in 0..SETTLE_ROUNDS {
            self.listen().await;
            if self.residents.iter().all(Resident::is_settled)
                && self.consoles.iter().all(Console::is_settled)
            {
                return;
            }
            for who in 0..self.residents.len() {
                let node = self.any_node().expect("all nodes run");
                let resident = &mut self.residents[who];
                if resident.is_connected() {
                    resident.insist();
                } else {
                    resident.connect(&node, &self.agency, &mut self.diary).await;
                }
            }
            for who in 0..self.consoles.len() {
                let node = self.any_node().expect("all nodes run");
                let console = &mut self.consoles[who];
                if console.is_connected() {
                    console.insist();
                } else {
                    console.connect(&node, &self.agency, &mut self.diary).await;
                }
            }
            sleep(Duration::from_millis(200)).await;
        }
        panic!("not everything became safe");
    }

    /// The judgement, once everybody who follows was shown the last entries, or is not shown them in time.
    async fn judged(&mut self) -> Verdict {
        let mut rounds = SHOWN_ROUNDS;
        loop {
            self.listen().await;
            let before = self.diary.lines.len();
            for resident in &self.residents {
                resident.stays(&mut self.diary);
            }
            for console in &self.consoles {
                console.stays(&mut self.diary);
            }
            let verdict = judge(&self.diary.lines, &self.logs());
            rounds -= 1;
            if verdict.is_clean() || rounds == 0 {
                return verdict;
            }
            self.diary.lines.truncate(before);
            sleep(Duration::from_millis(200)).await;
        }
    }

    fn logs(&self) -> Logs {
        let sessions = self.world.with(|model, _| model.sessions());
        let log = |session| {
            let records = self
                .world
                .with(|model, _| model.read(session, 0, callbox::backbone::READ_MAX_ROWS));
            let logged = records.into_iter().map(|record| {
                let entry: Stored = rmp_serde::from_slice(&record.payload).unwrap();
                Logged::of(record.seq, record.command, &entry.by, entry.event)
            });
            logged.collect()
        };
        sessions
            .into_iter()
            .map(|session| (session, log(session)))
            .collect()
    }
}

fn the_agency(id: &AgencyId) -> Agency {
    let queue: callbox_proto::ids::QueueId = "main".parse().unwrap();
    let queues = vec![QueueInfo {
        queue: queue.clone(),
        name: "Main".to_owned(),
        targets_ms: [10_000, 15_000, 30_000, 120_000, 300_000],
        target_share_percent: 90,
    }];
    let info = AgencyInfo {
        agency: id.clone(),
        name: "Demo".to_owned(),
        banner: String::new(),
        banner_in: BTreeMap::new(),
        emergency_number: "911".to_owned(),
        exit_url: "https://example.org/".to_owned(),
        fields: Vec::new(),
    };
    Agency::new(info, Policy::new(queues, queue, Rules::default()).unwrap())
}

/// Plays one history; what is wrong with it, if anything.
fn play(seed: u64) -> Result<(usize, usize), String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let played = catch_unwind(AssertUnwindSafe(|| {
        runtime.block_on(async {
            let mut history = History::new(seed).await;
            for running in history.nodes.iter().flatten() {
                running.handle.set_weather(history.bad);
            }
            for _ in 0..STEPS {
                history.step().await;
            }
            history.settle().await;
            let verdict = history.judged().await;
            if verdict.is_clean() {
                Ok((verdict.safe, verdict.shown))
            } else {
                Err(verdict.findings().join("\n  "))
            }
        })
    }));
    played.unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<String>().map(String::as_str);
        let said = said.or_else(|| panic.downcast_ref::<&str>().copied());
        Err(format!("panicked: {}", said.unwrap_or("?")))
    })
}

#[test]
fn whatever_happens_to_a_few_nodes_what_was_promised_holds() {
    let wanted = |name: &str| std::env::var(name).ok().and_then(|v| v.parse::<u64>().ok());
    let histories = wanted("CALLBOX_TEST_HISTORIES").unwrap_or(HISTORIES);
    let base: u64 = rand::random();
    let seeds: Vec<u64> = match wanted("CALLBOX_TEST_SEED") {
        Some(seed) => vec![seed],
        None => (0..histories).map(|n| base.wrapping_add(n)).collect(),
    };
    let (next, safe, shown) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let failed = std::sync::Mutex::new(Vec::new());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                while let Ok(place) = usize::try_from(next.fetch_add(1, Ordering::Relaxed))
                    && let Some(seed) = seeds.get(place)
                {
                    match play(*seed) {
                        Ok((promised, seen)) => {
                            safe.fetch_add(promised as u64, Ordering::Relaxed);
                            shown.fetch_add(seen as u64, Ordering::Relaxed);
                        }
                        Err(why) => failed.lock().unwrap().push((*seed, why)),
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    let mut words = String::new();
    for (seed, why) in failed.iter().take(5) {
        let _ = write!(words, "\nCALLBOX_TEST_SEED={seed}\n  {why}");
    }
    assert!(
        failed.is_empty(),
        "{} histories failed:{words}",
        failed.len()
    );
    println!(
        "{} histories, {safe:?} safe commands, {shown:?} entries shown",
        seeds.len()
    );
}

#[test]
fn a_history_is_long_enough_to_mean_something() {
    let played: Vec<_> = (1..=20).filter_map(|seed| play(seed).ok()).collect();
    let safe: usize = played.iter().map(|(safe, _)| safe).sum();
    let shown: usize = played.iter().map(|(_, shown)| shown).sum();
    assert!(
        safe > 20 * 10 && shown > 20 * 20,
        "{safe} safe, {shown} shown"
    );
}
