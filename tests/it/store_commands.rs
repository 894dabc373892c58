//! `callbox store`: looking through the stored logs and copying them.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use callbox::backbone::Backbone as _;
use callbox::backbone::embedded::{Embedded, Options};
use callbox::clock::SystemClock;

use crate::backbone::make::{first, session, store as store_one, waiting};

fn store(data_dir: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_callbox"))
        .arg("store")
        .args(arguments)
        .arg("--data-dir")
        .arg(data_dir)
        .env_remove("CALLBOX_CONFIG")
        .output()
        .expect("the program runs")
}

fn words(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

#[tokio::test]
async fn a_store_is_verified_and_copied_while_it_works_and_while_it_stands_still() {
    let folder = tempfile::tempdir().expect("a folder");
    let backbone = folder.path().join("backbone");
    let clock = Arc::new(SystemClock::new());
    let open = Embedded::open(&backbone, &Options::default(), clock).expect("opened");
    for name in ["working.sqlite", "standing.sqlite"] {
        let verified = store(folder.path(), &["verify"]);
        assert!(
            verified.status.success()
                && words(&verified).contains("0 sessions, 0 records, 0 damaged"),
            "{}",
            words(&verified)
        );
        let target = folder.path().join(name);
        let target = target.to_str().expect("a plain path");
        let copied = store(folder.path(), &["copy", target]);
        assert!(copied.status.success(), "{}", words(&copied));
        // The second round finds nobody at work.
        open.close().await;
        let again = store(folder.path(), &["copy", target]);
        assert!(!again.status.success(), "a copy overwrites nothing");
    }
    // A copy is a store of its own.
    let restored = folder.path().join("restored/backbone");
    std::fs::create_dir_all(&restored).expect("a folder");
    std::fs::copy(
        folder.path().join("working.sqlite"),
        restored.join("backbone.sqlite"),
    )
    .expect("copied");
    let clock = Arc::new(SystemClock::new());
    let store = Embedded::open(&restored, &Options::default(), clock).expect("the copy opens");
    assert!(store.verify().await.expect("read").is_sound());
}

#[test]
fn where_no_store_is_none_is_made() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = store(folder.path(), &["verify"]);
    assert!(!output.status.success());
    assert!(words(&output).contains("backbone"), "{}", words(&output));
    assert!(!folder.path().join("backbone").exists());
}

/// A store with three sessions, the row of the second one damaged as a bad sector would.
async fn damaged_store(folder: &Path) -> String {
    let backbone = folder.join("backbone");
    let open = Embedded::open(&backbone, &Options::default(), Arc::new(SystemClock::new()))
        .expect("opened");
    for number in 1..=3 {
        store_one(&open, first(number, waiting("main", 5))).await;
    }
    open.close().await;
    drop(open);
    let database = backbone.join("backbone.sqlite");
    let connection = rusqlite::Connection::open(database).expect("opened");
    let changed = connection
        .execute("UPDATE session_index SET rank = 6 WHERE no = 2", [])
        .expect("damaged");
    assert_eq!(changed, 1);
    session(2).to_string()
}

#[tokio::test]
async fn a_damaged_store_goes_on_when_an_operator_says_so_and_what_was_damaged_is_kept_aside() {
    let folder = tempfile::tempdir().expect("a folder");
    let id = damaged_store(folder.path()).await;
    let backbone = folder.path().join("backbone");
    let clock = || Arc::new(SystemClock::new());
    assert!(Embedded::open(&backbone, &Options::default(), clock()).is_err());
    let verified = store(folder.path(), &["verify"]);
    assert!(!verified.status.success() && words(&verified).contains("accept-damage"));

    let accepted = store(folder.path(), &["accept-damage"]);
    let said = words(&accepted);
    assert!(accepted.status.success(), "{said}");
    assert!(said.contains("taken out") && said.contains(&id), "{said}");
    let kept: Vec<_> = std::fs::read_dir(&backbone)
        .expect("a folder")
        .filter_map(Result::ok)
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("damaged-"))
        .collect();
    assert_eq!(kept.len(), 1);
    let list = std::fs::read_to_string(kept[0].path().join("damage.txt")).expect("a list");
    assert!(list.contains(&id), "{list}");
    assert!(kept[0].path().join("backbone.sqlite").exists());

    let open = Embedded::open(&backbone, &Options::default(), clock()).expect("it opens");
    assert_eq!(open.waiting(), 2);
    for number in [1, 3] {
        assert_eq!(
            open.read(session(number), 0, 10).await.expect("read").len(),
            1
        );
    }
    assert!(
        open.find_session(session(2))
            .await
            .expect("asked")
            .is_none()
    );
    // A resident who comes back opens anew, and nothing old is mixed in.
    store_one(&open, first(2, waiting("main", 7))).await;
    assert_eq!(open.read(session(2), 0, 10).await.expect("read").len(), 1);
    assert!(open.verify().await.expect("read").is_sound());
    let busy = store(folder.path(), &["accept-damage"]);
    assert!(
        !busy.status.success() && words(&busy).contains("in use"),
        "{}",
        words(&busy)
    );
    open.close().await;
    drop(open);
    let again = store(folder.path(), &["accept-damage"]);
    assert!(
        words(&again).contains("nothing is damaged"),
        "{}",
        words(&again)
    );
}

#[tokio::test]
async fn lost_commits_are_named_and_accepted() {
    let folder = tempfile::tempdir().expect("a folder");
    let backbone = folder.path().join("backbone");
    let open = Embedded::open(&backbone, &Options::default(), Arc::new(SystemClock::new()))
        .expect("opened");
    store_one(&open, first(1, waiting("main", 5))).await;
    open.close().await;
    let older = folder.path().join("older.sqlite");
    assert!(
        store(folder.path(), &["copy", older.to_str().expect("plain")])
            .status
            .success()
    );
    drop(open);
    let open = Embedded::open(&backbone, &Options::default(), Arc::new(SystemClock::new()))
        .expect("opened");
    store_one(&open, first(2, waiting("main", 5))).await;
    open.close().await;
    drop(open);
    // An older copy beside a newer mark.
    std::fs::copy(&older, backbone.join("backbone.sqlite")).expect("restored");
    assert!(Embedded::open(&backbone, &Options::default(), Arc::new(SystemClock::new())).is_err());
    let accepted = store(folder.path(), &["accept-damage"]);
    assert!(accepted.status.success(), "{}", words(&accepted));
    assert!(
        words(&accepted).contains("was acknowledged"),
        "{}",
        words(&accepted)
    );
    let open = Embedded::open(&backbone, &Options::default(), Arc::new(SystemClock::new()))
        .expect("it opens");
    assert_eq!(open.waiting(), 1);
}
