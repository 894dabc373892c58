//! What was destroyed is in no key, and a copy that is cut is nobody's.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use callbox::backbone::{Append, Backbone, Destroyed, Record, Remains, Standing};

use super::{open, options};
use crate::backbone::conformance::{OnlyNumbers, destroy, destruction};
use crate::backbone::make::*;
use crate::redis::{RedisServer, ServerOptions};

/// Stands in what the session holds.
const MARKER: &str = "under-the-old-bridge";

/// Every key of a server.
fn keys(server: &RedisServer) -> Vec<String> {
    let reply = server.command(&["KEYS", "*"]);
    let keys = reply.lines().filter(|line| line.starts_with("callbox"));
    keys.map(|key| key.trim_end().to_owned()).collect()
}

/// The keys that hold the marker, as they would be written to a disk. Short texts are not compressed there.
fn keys_with_the_marker(server: &RedisServer) -> Vec<String> {
    server.command(&["CONFIG", "SET", "rdbcompression", "no"]);
    let mut keys = keys(server);
    keys.retain(|key| server.command(&["DUMP", key]).contains(MARKER));
    keys
}

async fn fill(backbone: &dyn Backbone) {
    let opening = Append {
        records: vec![text("opened")],
        ..first(1, waiting("main", 1))
    };
    store(backbone, opening).await;
    for head in 1..500 {
        let mut index = row("main", Standing::Closed { rank: 1 });
        index.summary = text(MARKER);
        let one = Append {
            records: vec![text(&format!("{MARKER} {head}"))],
            index: Some(index),
            ..next(1, head, u128::from(head) + 1)
        };
        store(backbone, one).await;
    }
}

#[tokio::test]
async fn what_was_destroyed_is_in_no_key() {
    let server = RedisServer::start(ServerOptions::in_memory());
    let backbone = open(&options(&server)).await;
    fill(&backbone).await;
    assert_eq!(
        keys_with_the_marker(&server).len(),
        2,
        "the log and the row"
    );
    let before = keys(&server).len();
    let done = destroy(&backbone, destruction(1, 500)).await;
    assert_eq!(done, Ok(Destroyed::Done));
    assert_eq!(keys_with_the_marker(&server), Vec::<String>::new());
    assert_eq!(
        keys(&server).len(),
        before,
        "nothing is left beside the log"
    );
    let log = keys(&server).into_iter().find(|key| key.contains(":log:"));
    let life = server.command(&["PTTL", &log.unwrap()]);
    assert!(life.contains("-1"), "the log ends never: {life}");
    assert_eq!(store(&backbone, next(1, 500, 900)).await, 501);
}

/// Is cut in the middle, once.
struct Cut(AtomicBool);

impl Remains for Cut {
    fn of(&self, record: &Record) -> Option<Bytes> {
        let cut = record.seq == 450 && !self.0.swap(true, Ordering::Relaxed);
        assert!(!cut, "cut, as the test wants");
        OnlyNumbers.of(record)
    }
}

#[tokio::test]
async fn a_copy_that_is_cut_is_nobodys_and_ends_by_itself() {
    let server = RedisServer::start(ServerOptions::in_memory());
    let backbone = Arc::new(open(&options(&server)).await);
    fill(&*backbone).await;
    let (cut, cutting) = (Arc::new(Cut(AtomicBool::new(false))), Arc::clone(&backbone));
    let destroying = tokio::spawn(async move { cutting.destroy(destruction(1, 500), cut).await });
    assert!(destroying.await.is_err_and(|error| error.is_panic()));
    let records = backbone.read(session(1), 0, 1_000).await.unwrap();
    assert_eq!(records.len(), 500);
    assert_eq!(
        records[9].payload,
        text(&format!("{MARKER} 9")),
        "all is as it was"
    );
    let copies = || {
        keys(&server)
            .into_iter()
            .filter(|key| key.contains(":copy:"))
    };
    let cut: Vec<_> = copies().collect();
    assert_eq!(cut.len(), 1);
    let life = server.command(&["PTTL", &cut[0]]);
    let life: i64 = life.trim().trim_start_matches(':').parse().unwrap();
    assert!((1..=600_000).contains(&life), "{life}");

    let done = destroy(&*backbone, destruction(1, 500)).await;
    assert_eq!(done, Ok(Destroyed::Done));
    assert_eq!(copies().collect::<Vec<_>>(), cut);
    let records = backbone.read(session(1), 0, 1_000).await.unwrap();
    assert_eq!(records[9].payload, text("was 10"));
}

#[tokio::test]
async fn an_append_in_between_makes_a_destruction_a_conflict() {
    struct Appends(tokio::sync::mpsc::UnboundedSender<()>, Arc<AtomicBool>);
    impl Remains for Appends {
        fn of(&self, record: &Record) -> Option<Bytes> {
            if record.seq == 499 {
                self.0.send(()).unwrap();
                while !self.1.load(Ordering::Acquire) {
                    std::thread::yield_now();
                }
            }
            OnlyNumbers.of(record)
        }
    }
    let server = RedisServer::start(ServerOptions::in_memory());
    let backbone = Arc::new(open(&options(&server)).await);
    fill(&*backbone).await;
    let (told, mut tells) = tokio::sync::mpsc::unbounded_channel();
    let done = Arc::new(AtomicBool::new(false));
    let appends = Appends(told, Arc::clone(&done));
    let (url, writer) = (options(&server), Arc::clone(&backbone));
    // A runtime of its own: what says what is left waits for the append.
    let appending = std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let other = open(&url).await;
            tells.recv().await.unwrap();
            store(&other, next(1, 500, 900)).await;
            done.store(true, Ordering::Release);
        });
    });
    let destroyed = writer.destroy(destruction(1, 500), Arc::new(appends)).await;
    appending.join().unwrap();
    assert_eq!(destroyed, Ok(Destroyed::Conflict { head: 501 }));
    let records = backbone.read(session(1), 0, 1_000).await.unwrap();
    assert_eq!(records.len(), 501);
    assert_eq!(records[9].payload, text(&format!("{MARKER} 9")));
}
