//! What was destroyed lies nowhere in the files, and a destruction that is cut leaves a sound store.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use callbox::backbone::embedded::Embedded;
use callbox::backbone::{
    Append, Backbone, BackboneError, Destroyed, IndexRow, Record, Remains, Seq, Standing,
};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};

use super::open;
use crate::backbone::conformance::{OnlyNumbers, destroy, destruction};
use crate::backbone::make::*;

/// Stands in everything that session 1 holds, and nowhere else.
const MARKER: &str = "under-the-old-bridge";

/// How often the marker stands in the files of a store.
fn markers(folder: &Path) -> usize {
    let files = fs::read_dir(folder).unwrap();
    let bytes = files.map(|file| fs::read(file.unwrap().path()).unwrap_or_default());
    bytes
        .map(|bytes| {
            let windows = bytes.windows(MARKER.len());
            windows.filter(|part| *part == MARKER.as_bytes()).count()
        })
        .sum()
}

fn holding(what: &str, standing: Standing) -> IndexRow {
    IndexRow {
        summary: text(what),
        ..row("main", standing)
    }
}

/// Many sessions whose records come in turn, as they do; answers the head of each.
async fn fill(backbone: &Embedded, sessions: u128, rounds: u64) -> Seq {
    for number in 1..=sessions {
        let what = if number == 1 { MARKER } else { "elsewhere" };
        let opening = Append {
            records: vec![text(&format!("{what} opened"))],
            ..first(number, holding(what, Standing::Owned))
        };
        store(backbone, opening).await;
    }
    for head in 1..=rounds {
        for number in 1..=sessions {
            let what = if number == 1 { MARKER } else { "elsewhere" };
            // Some of a few bytes, some that need pages of their own, in the log as in the row.
            let long = what.repeat(if head % 7 == 0 {
                300
            } else {
                head as usize % 5 + 1
            });
            let closed = Standing::Closed { rank: head as i64 };
            let one = Append {
                records: vec![text(&format!("{head} {long}"))],
                index: Some(holding(&long, closed)),
                ..next(number, head, u128::from(head) << 32 | number)
            };
            store(backbone, one).await;
        }
    }
    rounds + 1
}

/// All of it, the first record too.
struct Nothing;

impl Remains for Nothing {
    fn of(&self, record: &Record) -> Option<Bytes> {
        (record.payload != text("-")).then(|| text("-"))
    }
}

async fn destroy_all(backbone: &Embedded, expected: Seq) -> Result<Destroyed, BackboneError> {
    let destroy = destruction(1, expected);
    backbone.destroy(destroy, Arc::new(Nothing)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_destroyed_lies_in_no_file_of_the_store() {
    for (sessions, rounds) in [(1, 40), (3, 60), (40, 30)] {
        let folder = tempfile::tempdir().unwrap();
        let backbone = open(folder.path()).unwrap();
        let head = fill(&backbone, sessions, rounds).await;
        assert!(markers(folder.path()) > 0);
        assert_eq!(destroy_all(&backbone, head).await, Ok(Destroyed::Done));
        assert_eq!(markers(folder.path()), 0, "{sessions} sessions");
        let found = backbone.verify().await.unwrap();
        assert!(found.is_sound(), "{found:?}");
        backbone.close().await;
        assert_eq!(markers(folder.path()), 0);
        let backbone = open(folder.path()).unwrap();
        assert!(backbone.verify().await.unwrap().is_sound());
        assert_eq!(
            store(&backbone, next(1, head, 77)).await,
            head + 1,
            "the log goes on"
        );
        assert!(backbone.verify().await.unwrap().is_sound());
    }
}

/// Says what is left until its time has come, and then is cut.
struct Cut {
    after: usize,
    asked: AtomicUsize,
}

impl Remains for Cut {
    fn of(&self, record: &Record) -> Option<Bytes> {
        let asked = self.asked.fetch_add(1, Ordering::Relaxed);
        assert!(asked < self.after, "cut, as the test wants");
        OnlyNumbers.of(record)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_destruction_that_is_cut_leaves_a_sound_store_and_is_done_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut backbone = Arc::new(open(folder.path()).unwrap());
    store(&*backbone, first(1, waiting("main", 1))).await;
    let more = (1..1_200_u64).map(|head| next(1, head, u128::from(head) + 1));
    for batch in more.collect::<Vec<_>>().chunks(500) {
        let outcomes = backbone.append(batch.to_vec()).await;
        assert!(outcomes.iter().all(Result::is_ok));
    }
    for after in [100, 450, 1_000] {
        let asked = AtomicUsize::default();
        let cut = Arc::new(Cut { after, asked });
        let cutting = Arc::clone(&backbone);
        let destroying =
            tokio::spawn(async move { cutting.destroy(destruction(1, 1_200), cut).await });
        assert!(destroying.await.is_err_and(|error| error.is_panic()));
        assert!(backbone.verify().await.unwrap().is_sound(), "{after}");
        backbone.close().await;
        backbone = Arc::new(open(folder.path()).unwrap());
        assert!(backbone.verify().await.unwrap().is_sound(), "{after}");
        let found = backbone.find_session(session(1)).await.unwrap().unwrap();
        assert_eq!((found.head, found.row), (1_200, waiting("main", 1)));
    }
    let done = destroy(&*backbone, destruction(1, 1_200)).await;
    assert_eq!(done, Ok(Destroyed::Done));
    assert!(backbone.verify().await.unwrap().is_sound());
    let records = backbone.read(session(1), 300, 500).await.unwrap();
    assert!(
        records
            .iter()
            .all(|record| record.payload.starts_with(b"was "))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_append_in_between_makes_a_destruction_a_conflict() {
    struct Appends {
        backbone: Arc<Embedded>,
        runtime: tokio::runtime::Handle,
    }
    impl Remains for Appends {
        fn of(&self, record: &Record) -> Option<Bytes> {
            if record.seq == 250 {
                let appended = self.backbone.append(vec![next(1, 600, 9_999)]);
                tokio::task::block_in_place(|| self.runtime.block_on(appended));
            }
            OnlyNumbers.of(record)
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let backbone = Arc::new(open(folder.path()).unwrap());
    store(&*backbone, first(1, waiting("main", 1))).await;
    let more = (1..600_u64).map(|head| next(1, head, u128::from(head) + 1));
    for batch in more.collect::<Vec<_>>().chunks(500) {
        backbone.append(batch.to_vec()).await;
    }
    let runtime = tokio::runtime::Handle::current();
    let appends = Arc::new(Appends {
        backbone: Arc::clone(&backbone),
        runtime,
    });
    let done = backbone.destroy(destruction(1, 600), appends).await;
    assert_eq!(done, Ok(Destroyed::Conflict { head: 601 }));
    assert!(backbone.verify().await.unwrap().is_sound());
    assert_eq!(
        destroy_all(&backbone, 601).await,
        Ok(Destroyed::Done),
        "decided again it is done"
    );
}

/// Pages of the file that were split again and again: with these seeds remains of the rows lay in their unused parts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_it_lies_in_unused_parts_of_pages_either() {
    for seed in [2, 6, 7] {
        println!("seed {seed}");
        let mut random = StdRng::seed_from_u64(seed);
        let folder = tempfile::tempdir().unwrap();
        let backbone = open(folder.path()).unwrap();
        let mut heads = vec![0_u64; 80];
        for round in 0..3_000_u64 {
            let number = random.random_range(0..80_usize);
            let what = if number == 0 { MARKER } else { "elsewhere" };
            let payload = what.repeat(random.random_range(1..40));
            let summary = what.repeat(random.random_range(1..200));
            let one = Append {
                records: vec![text(&payload)],
                index: Some(holding(&summary, Standing::Owned)),
                expected: heads[number],
                command: command(u128::from(round) + 1_000),
                ..first(number as u128 + 1, waiting("main", 1))
            };
            heads[number] = store(&backbone, one).await;
        }
        let done = destroy_all(&backbone, heads[0]).await;
        assert_eq!(done, Ok(Destroyed::Done));
        assert_eq!(markers(folder.path()), 0);
        assert!(backbone.verify().await.unwrap().is_sound());
    }
}
