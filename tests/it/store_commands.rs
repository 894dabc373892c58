//! `callbox store`: looking through the stored logs and copying them.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use callbox::backbone::embedded::{Embedded, Options};
use callbox::clock::SystemClock;

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
