//! A disk that is full, and one that fails.

use std::sync::Arc;

use bytes::Bytes;
use callbox::backbone::embedded::{Embedded, Options};
use callbox::backbone::{Append, Appended, Backbone, BackboneError, Guarantee};
use callbox::clock::ManualClock;

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
