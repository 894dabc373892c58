//! The commands of older records: known after thousands of others, after a restart, an update, and never forgotten in silence.

use callbox::backbone::embedded::Embedded;
use callbox::backbone::{Append, Appended};

use super::damage::copy_folder;
use super::open;
use crate::backbone::make::*;

/// Records of a log whose older commands are in several runs.
const LONG: u64 = 2_600;

/// A log of `LONG` records, two for each command.
async fn with_a_long_log(backbone: &Embedded) {
    store(backbone, first(1, waiting("main", 7))).await;
    for head in (1..LONG).step_by(2) {
        let records = vec![text("one"), text("two")];
        store(
            backbone,
            Append {
                records,
                ..next(1, head, 100 + u128::from(head))
            },
        )
        .await;
    }
}

/// Each of its commands, sent again, is answered with where its records are.
async fn knows_the_commands_of_the_long_log(backbone: &Embedded) {
    for head in (1..LONG).step_by(2) {
        let again = append(backbone, next(1, LONG + 1, 100 + u128::from(head))).await;
        let known = Appended::Duplicate {
            first: head + 1,
            last: head + 2,
        };
        assert_eq!(again, Ok(known), "the command after record {head}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_is_known_after_thousands_of_others_and_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let backbone = open(folder.path()).unwrap();
    with_a_long_log(&backbone).await;
    knows_the_commands_of_the_long_log(&backbone).await;
    backbone.close().await;
    let backbone = open(folder.path()).unwrap();
    knows_the_commands_of_the_long_log(&backbone).await;
    assert!(backbone.verify().await.unwrap().is_sound());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_of_before_commands_stood_in_runs_is_brought_up_to_date_with_all_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let backbone = open(folder.path()).unwrap();
    with_a_long_log(&backbone).await;
    backbone.close().await;
    // What that program wrote: a row for each command.
    let older = rusqlite::Connection::open(folder.path().join("backbone.sqlite")).unwrap();
    let rows = "BEGIN;
        CREATE TABLE command (no INTEGER NOT NULL, run INTEGER NOT NULL, command BLOB NOT NULL, first INTEGER NOT NULL,
            last INTEGER NOT NULL, PRIMARY KEY (no, run, command)) STRICT, WITHOUT ROWID;
        INSERT INTO command SELECT r.no, u.first, r.command, min(r.seq), max(r.seq) FROM record r
            JOIN run u ON u.no = r.no AND r.seq BETWEEN u.first AND u.last GROUP BY r.no, r.command;
        DROP TABLE run;
        PRAGMA user_version = 2;
        COMMIT;";
    older.execute_batch(rows).unwrap();
    drop(older);
    let backbone = open(folder.path()).unwrap();
    knows_the_commands_of_the_long_log(&backbone).await;
    assert!(backbone.verify().await.unwrap().is_sound());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_or_missing_run_of_commands_is_told_and_makes_no_command_new() {
    let sound = tempfile::tempdir().unwrap();
    let backbone = open(sound.path()).unwrap();
    with_a_long_log(&backbone).await;
    store(&backbone, first(2, waiting("main", 8))).await;
    backbone.close().await;
    let damages = [
        "UPDATE run SET commands = CAST(zeroblob(24) || substr(commands, 25) AS BLOB) WHERE first = (SELECT min(first) FROM run)",
        "DELETE FROM run WHERE first = (SELECT min(first) FROM run)",
        "DELETE FROM run WHERE first = (SELECT max(first) FROM run)",
    ];
    for damage in damages {
        let folder = tempfile::tempdir().unwrap();
        copy_folder(sound.path(), folder.path());
        let tool = rusqlite::Connection::open(folder.path().join("backbone.sqlite")).unwrap();
        assert_eq!(tool.execute(damage, []).unwrap(), 1, "{damage}");
        drop(tool);
        let backbone = open(folder.path()).unwrap();
        let verified = backbone.verify().await.unwrap();
        assert_eq!(
            verified
                .places
                .iter()
                .map(|(of, _)| *of)
                .collect::<Vec<_>>(),
            [session(1)],
            "{damage}"
        );
        for head in (1..LONG).step_by(2) {
            let again = append(&backbone, next(1, LONG + 1, 100 + u128::from(head))).await;
            assert!(
                !matches!(again, Ok(Appended::Stored { .. })),
                "{damage}: {again:?}"
            );
        }
        store(&backbone, next(2, 1, 9_999)).await;
    }
}
