//! Readers that stop, of every kind: what waits for them is bounded, who reads on is fed from the log, and who stalls is closed with a code that
//! says to come back. Nobody misses an entry or has one twice.

use std::net::SocketAddr;

use callbox_proto::codec::Encoding;
use callbox_proto::error::CloseCode;
use callbox_proto::ids::SessionId;
use callbox_proto::message::ToResponder;
use callbox_proto::vocabulary::{Category, Seq};

use super::harness::responder::{self, Responder};
use super::harness::{
    Console, Gateway, Resident, SteadyResident, Topology, everywhere, opening, soon,
};

everywhere!(
    a_slow_console_is_bounded_and_fed_from_the_log_when_it_reads_on,
    a_console_that_stalls_is_closed_and_resumes_without_a_gap,
    a_slow_resident_is_bounded_and_fed_from_the_log_when_they_read_on,
    a_resident_who_stalls_is_closed_and_resumes_without_a_gap,
    a_slow_responder_is_bounded_and_fed_from_the_log_when_they_read_on,
    a_responder_who_stalls_is_closed_and_resumes_without_a_gap,
);

/// Long enough that a few hundred of them fill every buffer on the way.
const LONG_TEXT_CHARS: usize = 8_000;
/// More than all buffers on the way hold, many times over: who has not fallen behind by then never does.
const LINES_MAX: usize = 10_000;
/// How many followers fell behind.
const BEHIND: &str = "callbox_followers_behind_total";
/// How many links were closed because their reader stalled.
const TOO_SLOW: &str = "callbox_connections_closed_total{why=\"too slow\"}";
/// An hour.
const HOUR_MS: u64 = 3_600_000;

async fn a_slow_console_is_bounded_and_fed_from_the_log_when_it_reads_on(on: Topology) {
    let gateway = on.with("session.slow_reader_s = 60").await;
    let tina = gateway.console("tina").await;
    let (mut ann, session) = talkative(&gateway, &tina).await;
    tina.wire.reads(false);
    let lines = talks_until(gateway.desk_admin(), BEHIND, async |lines| {
        talk(&mut ann, lines).await;
    })
    .await;
    tina.wire.reads(true);
    let end = ann.says("the end");
    ann.until(SteadyResident::all_safe).await;
    tina.reads(session, "the end").await;
    let entries = tina.entries(session);
    assert_eq!(entries.last().unwrap().command, end);
    let seqs: Vec<_> = entries.iter().map(|entry| entry.seq).collect();
    has_every_number(&seqs);
    assert!(seqs.len() > lines);
}

async fn a_console_that_stalls_is_closed_and_resumes_without_a_gap(on: Topology) {
    let gateway = on.with("session.slow_reader_s = 1").await;
    let tina = gateway.console("tina").await;
    let (mut ann, session) = talkative(&gateway, &tina).await;
    tina.wire.reads(false);
    talks_until(gateway.desk_admin(), TOO_SLOW, async |lines| {
        talk(&mut ann, lines).await;
    })
    .await;
    tina.wire.reads(true);
    assert_eq!(tina.wire.closed().await, Some(CloseCode::TooSlow.number()));
    let had = tina.entries(session);
    let again = Console::connect(gateway.desk(), &tina.who, Encoding::MessagePack).await;
    let last = had.last().map_or(0, |entry| entry.seq);
    again.follows(session, last).await;
    ann.says("the end");
    ann.until(SteadyResident::all_safe).await;
    again.reads(session, "the end").await;
    let all = had.into_iter().chain(again.entries(session));
    let seqs: Vec<_> = all.map(|entry| entry.seq).collect();
    has_every_number(&seqs);
}

async fn a_slow_resident_is_bounded_and_fed_from_the_log_when_they_read_on(on: Topology) {
    is_fed_from_the_log::<Reporting>(on).await;
}

async fn a_resident_who_stalls_is_closed_and_resumes_without_a_gap(on: Topology) {
    is_closed_and_resumes::<Reporting>(on).await;
}

async fn a_slow_responder_is_bounded_and_fed_from_the_log_when_they_read_on(on: Topology) {
    is_fed_from_the_log::<OnTheWay>(on).await;
}

async fn a_responder_who_stalls_is_closed_and_resumes_without_a_gap(on: Topology) {
    is_closed_and_resumes::<OnTheWay>(on).await;
}

async fn is_fed_from_the_log<R: Reader>(on: Topology) {
    let gateway = on.with("session.slow_reader_s = 60").await;
    let tina = gateway.console("tina").await;
    let (session, reader) = R::of(&gateway, &tina).await;
    reader.reads(false);
    let lines = talks_until(gateway.admin(), BEHIND, async |lines| {
        tells(&tina, session, lines).await;
    })
    .await;
    reader.reads(true);
    tina.says(session, "the end").await;
    reader.hears("the end").await;
    let entries = reader.entries();
    has_no_hole(&entries);
    assert!(entries.len() > lines);
}

async fn is_closed_and_resumes<R: Reader>(on: Topology) {
    let gateway = on.with("session.slow_reader_s = 1").await;
    let tina = gateway.console("tina").await;
    let (session, reader) = R::of(&gateway, &tina).await;
    reader.reads(false);
    talks_until(gateway.admin(), TOO_SLOW, async |lines| {
        tells(&tina, session, lines).await;
    })
    .await;
    reader.reads(true);
    assert_eq!(reader.closed().await, Some(CloseCode::TooSlow.number()));
    let mut all = reader.entries();
    let last = all.last().map_or(0, |entry| entry.seq);
    let again = reader.again(&gateway, session, last).await;
    tina.says(session, "the end").await;
    again.hears("the end").await;
    all.extend(again.entries());
    has_no_hole(&all);
}

/// Somebody outside the centre who reads a session.
trait Reader: Sized {
    /// Reads a session that tina owns.
    async fn of(gateway: &Gateway, tina: &Console) -> (SessionId, Self);
    /// Comes back and goes on after this entry.
    async fn again(&self, gateway: &Gateway, session: SessionId, after: Seq) -> Self;
    /// Stops or goes on reading.
    fn reads(&self, on: bool);
    async fn closed(&self) -> Option<u16>;
    async fn hears(&self, words: &str);
    /// What came, in that order.
    fn entries(&self) -> Vec<Place>;
}

/// Where an entry stands, and behind which other one it says it does.
#[derive(Debug)]
struct Place {
    prev: Seq,
    seq: Seq,
}

/// Each names the one before it.
fn has_no_hole(entries: &[Place]) {
    let mut last = 0;
    for entry in entries {
        assert!(entry.prev == last && entry.seq > last, "{entry:?}, {last}");
        last = entry.seq;
    }
}

/// A console has all there is: no hole, nothing twice.
fn has_every_number(seqs: &[Seq]) {
    assert_eq!(
        seqs,
        (1..=seqs.len() as u64).collect::<Vec<_>>(),
        "no hole, nothing twice"
    );
}

/// The resident.
struct Reporting(Resident);

impl Reader for Reporting {
    async fn of(gateway: &Gateway, tina: &Console) -> (SessionId, Self) {
        let ann = gateway.resident().await;
        let session = ann.open("A dog barks").await;
        tina.takes(session).await;
        (session, Self(ann))
    }

    async fn again(&self, gateway: &Gateway, session: SessionId, after: Seq) -> Self {
        let ann = gateway.resident_again(&self.0.device).await;
        ann.resume(session, after).await;
        Self(ann)
    }

    fn reads(&self, on: bool) {
        self.0.wire.reads(on);
    }

    async fn closed(&self) -> Option<u16> {
        self.0.wire.closed().await
    }

    async fn hears(&self, words: &str) {
        self.0.reads(words).await;
    }

    fn entries(&self) -> Vec<Place> {
        let entries = self.0.entries().into_iter();
        entries
            .map(|entry| Place {
                prev: entry.prev,
                seq: entry.seq,
            })
            .collect()
    }
}

/// A unit in the field, through a link.
struct OnTheWay {
    token: String,
    unit: Responder,
}

impl Reader for OnTheWay {
    async fn of(gateway: &Gateway, tina: &Console) -> (SessionId, Self) {
        let session = gateway.resident().await.open("A dog barks").await;
        tina.takes(session).await;
        let link = responder::makes(tina, session, HOUR_MS).await;
        let token = responder::opens(gateway, &link).await.expect("opened");
        let unit = Responder::welcomed(gateway, &token, 0).await;
        (session, Self { token, unit })
    }

    async fn again(&self, gateway: &Gateway, _: SessionId, after: Seq) -> Self {
        let token = self.token.clone();
        let unit = Responder::welcomed(gateway, &token, after).await;
        Self { token, unit }
    }

    fn reads(&self, on: bool) {
        self.unit.wire.reads(on);
    }

    async fn closed(&self) -> Option<u16> {
        self.unit.wire.closed().await
    }

    async fn hears(&self, words: &str) {
        self.unit.reads(words).await;
    }

    fn entries(&self) -> Vec<Place> {
        let place = |message: &ToResponder| match message {
            ToResponder::Entry { seq, prev, .. } => Some(Place {
                prev: *prev,
                seq: *seq,
            }),
            _ => None,
        };
        let all = self.unit.wire.record().all();
        all.iter().filter_map(place).collect()
    }
}

/// Lets somebody write long lines until this was counted at a node, which it has to be; answers how many lines that took.
async fn talks_until(node: SocketAddr, counter: &str, mut talks: impl AsyncFnMut(usize)) -> usize {
    let mut lines = 0;
    while counted(node, counter).await == 0.0 {
        lines += 100;
        assert!(lines < LINES_MAX, "{counter} is never counted");
        talks(100).await;
    }
    lines
}

/// The console writes so many long lines, each when the one before is safe.
async fn tells(tina: &Console, session: SessionId, lines: usize) {
    let line = "x".repeat(LONG_TEXT_CHARS);
    for _ in 0..lines {
        tina.says(session, &line).await;
    }
}

/// A resident with much to say, whose session this console has taken and follows.
async fn talkative(gateway: &Gateway, tina: &Console) -> (SteadyResident, SessionId) {
    let report = opening(Category::Other, "opening");
    let mut ann = SteadyResident::new(gateway.address(), report, Encoding::MessagePack);
    ann.until(|ann| ann.session.is_some()).await;
    let session = ann.session.unwrap();
    tina.takes(session).await;
    tina.follows(session, 0).await;
    tina.reads(session, "opening").await;
    (ann, session)
}

async fn talk(ann: &mut SteadyResident, lines: usize) {
    for _ in 0..lines {
        ann.says(&"x".repeat(LONG_TEXT_CHARS));
    }
    ann.until(SteadyResident::all_safe).await;
}

/// The value of a counter of a node, by its admin port; 0 while it was never counted.
async fn counted(node: SocketAddr, name: &str) -> f64 {
    let url = format!("http://{node}/metrics");
    let answer = soon(reqwest::get(url)).await.unwrap();
    let page = soon(answer.text()).await.unwrap();
    let line = page.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|rest| rest.trim().parse().ok())
        .unwrap_or(0.0)
}
