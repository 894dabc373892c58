//! A disk that is full, one that fails, and many who write at once.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use callbox::backbone::embedded::{Embedded, Options};
use callbox::backbone::{Append, Appended, Backbone, BackboneError, Guarantee};
use callbox::clock::ManualClock;
use rusqlite::{Connection, OpenFlags};
use tokio::task::JoinSet;

use super::{kill::Child, open};
use crate::backbone::make::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_full_store_says_so_keeps_what_it_has_and_goes_on_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        max_pages: Some(100),
        ..Options::default()
    };
    let backbone = Embedded::open(folder.path(), &options, Arc::new(ManualClock::at(0))).unwrap();
    store(&backbone, first(1, waiting("main", 1))).await;
    let mut head = 1;
    let large = |head| Append {
        records: vec![Bytes::from(vec![3; 50_000])],
        ..next(1, head, u128::from(head) + 1)
    };
    let refusal = loop {
        match append(&backbone, large(head)).await {
            Ok(Appended::Stored { last, .. }) => head = last,
            other => break other,
        }
    };
    assert_eq!(refusal, Err(BackboneError::Full));
    assert!(head > 2);
    let group = backbone
        .append(vec![large(head), first(2, waiting("main", 2))])
        .await;
    assert_eq!(
        group,
        [Err(BackboneError::Full), Err(BackboneError::Full)],
        "all of a group or none"
    );
    assert_eq!(backbone.find_session(session(2)).await, Ok(None));
    assert_eq!(
        store(&backbone, next(1, head, 900)).await,
        head + 1,
        "what fits is still taken"
    );
    assert_eq!(backbone.guarantee(), Guarantee::LocalDisk);
    assert!(backbone.verify().await.unwrap().is_sound());
    backbone.close().await;
    let backbone = open(folder.path()).unwrap();
    assert_eq!(store(&backbone, large(head + 1)).await, head + 2);
    assert_eq!(store(&backbone, first(2, waiting("main", 2))).await, 1);
}

/// The system refuses to let a file grow over a limit with an error that is not "disk full": a failed write.
#[tokio::test(flavor = "multi_thread")]
async fn after_a_failed_write_nothing_is_taken_until_the_store_is_reopened() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = Child::start_with_file_limit("fail", folder.path(), 2_000);
    let acknowledged = child.acknowledged_until_end();
    assert_eq!(
        child.said("after: "),
        ["failed", "failed", "none", "readable"]
    );
    let backbone = open(folder.path()).unwrap();
    acknowledged.are_all_in(&backbone).await;
    assert_eq!(backbone.guarantee(), Guarantee::LocalDisk);
    assert!(backbone.verify().await.unwrap().is_sound());
}

/// Commits that are on the disk, as the store counts them itself.
fn commits(folder: &Path) -> u64 {
    let file = folder.join("backbone.sqlite");
    let store = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let counted = store.query_row("SELECT commits FROM store", [], |row| row.get(0));
    counted.unwrap()
}

/// Group commit: each is on the disk when it is answered, and hundreds get there by one sync.
#[tokio::test(flavor = "multi_thread")]
async fn two_thousand_appends_at_once_are_written_in_few_groups_and_one_alone_in_one() {
    const AT_ONCE: u128 = 2_000;
    let folder = tempfile::tempdir().unwrap();
    let backbone = Arc::new(open(folder.path()).unwrap());
    let begun = commits(folder.path());
    store(&*backbone, first(1, waiting("main", 1))).await;
    let alone = commits(folder.path());
    assert_eq!(alone, begun + 1, "nobody waits for company");
    let mut writers = JoinSet::new();
    for number in 2..2 + AT_ONCE {
        let backbone = Arc::clone(&backbone);
        writers.spawn(async move { store(&*backbone, first(number, waiting("main", 1))).await });
    }
    assert!(writers.join_all().await.into_iter().all(|head| head == 1));
    let groups = commits(folder.path()) - alone;
    println!("{AT_ONCE} appends in {groups} groups");
    assert!((1..=200).contains(&groups), "{groups} groups");
    assert_eq!(backbone.waiting() as u128, AT_ONCE + 1);
    backbone.close().await;
    let backbone = open(folder.path()).unwrap();
    assert_eq!(backbone.waiting() as u128, AT_ONCE + 1);
    assert!(backbone.verify().await.unwrap().is_sound());
}
