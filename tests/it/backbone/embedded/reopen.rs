//! Closing, reopening, sharing and copying a folder.

use callbox::backbone::embedded::OpenError;
use callbox::backbone::{
    Append, Appended, Backbone, BackboneError, Guarantee, Standing, StandingKind,
};

use super::open;
use crate::backbone::make::*;

async fn with_three_sessions(backbone: &dyn Backbone) {
    store(backbone, first(1, waiting("main", 5))).await;
    store(backbone, first(2, urgent("main", 3))).await;
    store(
        backbone,
        first(3, row("main", Standing::Closed { rank: 0 })),
    )
    .await;
    store(backbone, next(1, 1, 10)).await;
}

async fn has_three_sessions(backbone: &dyn Backbone) {
    assert_eq!(backbone.read(session(1), 0, 10).await.unwrap().len(), 2);
    assert_eq!(
        append(backbone, next(1, 0, 10)).await,
        Ok(Appended::Duplicate { first: 2, last: 2 })
    );
    assert_eq!(
        backbone
            .list(&agency(), StandingKind::Closed, None, 9)
            .await
            .unwrap()
            .rows
            .len(),
        1
    );
    let claimed = backbone.claim(claim(&["main"])).await.unwrap().unwrap();
    assert_eq!((claimed.session, claimed.head), (session(2), 1));
    let claimed = backbone.claim(claim(&["main"])).await.unwrap().unwrap();
    assert_eq!((claimed.session, claimed.head), (session(1), 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_store_has_everything_when_it_is_reopened() {
    let folder = tempfile::tempdir().unwrap();
    let backbone = open(folder.path()).unwrap();
    with_three_sessions(&backbone).await;
    backbone.close().await;
    has_three_sessions(&open(folder.path()).unwrap()).await;
    assert_eq!(
        append(&backbone, next(1, 2, 11)).await,
        Err(BackboneError::Closed)
    );
    assert_eq!(backbone.guarantee(), Guarantee::None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_store_has_everything_when_it_is_reopened() {
    let folder = tempfile::tempdir().unwrap();
    let backbone = open(folder.path()).unwrap();
    with_three_sessions(&backbone).await;
    drop(backbone);
    has_three_sessions(&open(folder.path()).unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_answers_what_waits_and_ends_subscriptions() {
    let folder = tempfile::tempdir().unwrap();
    let backbone = std::sync::Arc::new(open(folder.path()).unwrap());
    let mut bell = backbone.subscribe(&agency()).await.unwrap();
    let appends: Vec<_> = (1..=50)
        .map(|number| {
            let backbone = backbone.clone();
            tokio::spawn(async move { append(&*backbone, first(number, waiting("main", 1))).await })
        })
        .collect();
    backbone.close().await;
    let mut stored = 0;
    for outcome in appends {
        match outcome.await.unwrap() {
            Ok(Appended::Stored { .. }) => stored += 1,
            Err(BackboneError::Closed) => {}
            other => panic!("{other:?}"),
        }
    }
    while ring(&mut *bell).await.is_some() {}
    assert_eq!(open(folder.path()).unwrap().waiting(), stored);
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_and_epochs_grow_over_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let backbone = open(folder.path()).unwrap();
    with_three_sessions(&backbone).await;
    let version = backbone
        .list(&agency(), StandingKind::Waiting, None, 9)
        .await
        .unwrap()
        .version;
    let claimed = backbone.claim(claim(&["main"])).await.unwrap().unwrap();
    backbone.close().await;
    let backbone = open(folder.path()).unwrap();
    assert_eq!(
        backbone
            .list(&agency(), StandingKind::Waiting, None, 9)
            .await
            .unwrap()
            .version,
        version
    );
    let again = backbone.claim(claim(&["main"])).await.unwrap().unwrap();
    assert_eq!(again.session, claimed.session);
    assert!(again.epoch > claimed.epoch);
    let old = Append {
        claim_epoch: Some(claimed.epoch),
        ..next(2, 1, 20)
    };
    assert_eq!(
        append(&backbone, old).await,
        Ok(Appended::Conflict { head: 1 })
    );
    store(
        &backbone,
        Append {
            index: Some(waiting("main", 9)),
            ..next(2, 1, 21)
        },
    )
    .await;
    assert!(
        backbone
            .list(&agency(), StandingKind::Waiting, None, 9)
            .await
            .unwrap()
            .version
            > version
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_held_by_one_handle_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let held = open(folder.path()).unwrap();
    let refused = open(folder.path()).err().unwrap();
    assert!(matches!(refused, OpenError::InUse { .. }), "{refused}");
    held.close().await;
    open(folder.path()).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_the_log_stays_safe_when_the_store_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let backbone = open(folder.path()).unwrap();
    store(&backbone, first(1, waiting("main", 5))).await;
    backbone.close().await;
    assert!(backbone.is_safe(session(1), 1));
    assert_eq!(
        backbone.guarantee(),
        Guarantee::None,
        "nothing more is taken"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_schema_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path()).unwrap().close().await;
    let file = folder.path().join("backbone.sqlite");
    let newer = rusqlite::Connection::open(&file).unwrap();
    newer.pragma_update(None, "user_version", 99).unwrap();
    drop(newer);
    let before = std::fs::read(&file).unwrap();
    let refused = open(folder.path()).err().unwrap();
    assert!(
        matches!(refused, OpenError::NewerSchema { found: 99, .. }),
        "{refused}"
    );
    assert!(refused.to_string().contains("schema 99"));
    assert_eq!(std::fs::read(&file).unwrap(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_made_under_way_is_a_whole_store() {
    let folder = tempfile::tempdir().unwrap();
    let backbone = open(folder.path()).unwrap();
    with_three_sessions(&backbone).await;
    let copy = tempfile::tempdir().unwrap();
    let target = copy.path().join("backbone.sqlite");
    backbone.copy_to(&target).await.unwrap();
    store(&backbone, next(1, 2, 11)).await;
    assert!(
        backbone.copy_to(&target).await.is_err(),
        "a copy never writes over a file"
    );
    let restored = open(copy.path()).unwrap();
    has_three_sessions(&restored).await;
    assert!(restored.verify().await.unwrap().is_sound());
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_can_query_the_store_while_it_works() {
    let folder = tempfile::tempdir().unwrap();
    let backbone = open(folder.path()).unwrap();
    with_three_sessions(&backbone).await;
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let query = rusqlite::Connection::open_with_flags(folder.path().join("backbone.sqlite"), flags)
        .unwrap();
    let text = "SELECT count(*) FROM log WHERE session = lower(hex(zeroblob(15))) || '01'";
    assert_eq!(
        query
            .query_row(text, [], |row| row.get::<_, i64>(0))
            .unwrap(),
        2
    );
    let text = "SELECT session FROM session WHERE standing = 'waiting' ORDER BY rank LIMIT 1";
    let first: String = query.query_row(text, [], |row| row.get(0)).unwrap();
    assert_eq!(first, session(2).to_string());
    store(&backbone, next(1, 2, 11)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_on_the_machine_may_read_the_folder() {
    use std::os::unix::fs::PermissionsExt;
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("data").join("backbone");
    let backbone = open(&folder).unwrap();
    store(&backbone, first(1, waiting("main", 1))).await;
    let rights = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(rights(&folder) & 0o077, 0);
    let files: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    assert_eq!(files.len(), 5);
    for file in files {
        assert_eq!(rights(&file) & 0o077, 0, "{}", file.display());
    }
}
