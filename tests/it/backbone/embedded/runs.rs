//! The commands of older records: known after thousands of others, after a restart, an update, and never forgotten in silence.

use std::path::Path;

use callbox::backbone::embedded::Embedded;
use callbox::backbone::{Append, Appended, Backbone as _};

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

/// Makes a closed store one of schema 3.
fn with_the_records_of_a_session_together(folder: &Path) -> rusqlite::Connection {
    let older = rusqlite::Connection::open(folder.join("backbone.sqlite")).unwrap();
    let tables = "BEGIN;
        DROP VIEW log;
        CREATE TABLE of_session (no INTEGER NOT NULL, seq INTEGER NOT NULL, command BLOB NOT NULL, crc INTEGER NOT NULL,
            payload BLOB NOT NULL, PRIMARY KEY (no, seq)) STRICT, WITHOUT ROWID;
        INSERT INTO of_session SELECT no, seq, command, crc, payload FROM record;
        DROP TABLE record;
        DROP TABLE step;
        ALTER TABLE of_session RENAME TO record;
        CREATE VIEW log AS
            SELECT lower(hex(i.session)) AS session, i.agency, r.seq, lower(hex(r.command)) AS command, r.crc, r.payload
            FROM session_index i CROSS JOIN record r ON r.no = i.no;
        ALTER TABLE log_head DROP COLUMN last;
        PRAGMA user_version = 3;
        COMMIT;";
    older.execute_batch(tables).unwrap();
    let heads = {
        let mut all = older
            .prepare("SELECT no, head, chain, sealed FROM log_head")
            .unwrap();
        let row = |row: &rusqlite::Row<'_>| -> rusqlite::Result<(i64, u64, u32, u64)> {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        };
        let rows = all.query_map([], row).unwrap();
        rows.collect::<Result<Vec<_>, _>>().unwrap()
    };
    for (no, head, chain, sealed) in heads {
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&no.to_be_bytes());
        hasher.update(&head.to_be_bytes());
        hasher.update(&chain.to_be_bytes());
        hasher.update(&sealed.to_be_bytes());
        let crc = i64::from(hasher.finalize());
        let text = "UPDATE log_head SET crc = ?2 WHERE no = ?1";
        older.execute(text, [no, crc]).unwrap();
    }
    older
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_whose_records_lay_by_session_is_brought_up_to_date_with_all_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let backbone = open(folder.path()).unwrap();
    store(&backbone, first(2, waiting("main", 8))).await;
    with_a_long_log(&backbone).await;
    store(&backbone, next(2, 1, 9)).await;
    let all = backbone.read(session(1), 0, 1_000).await;
    backbone.close().await;
    drop(with_the_records_of_a_session_together(folder.path()));
    let backbone = open(folder.path()).unwrap();
    assert_eq!(backbone.read(session(1), 0, 1_000).await, all);
    knows_the_commands_of_the_long_log(&backbone).await;
    assert!(backbone.verify().await.unwrap().is_sound());
    store(&backbone, next(2, 2, 10)).await;
    store(&backbone, next(1, LONG + 1, 10)).await;
    backbone.close().await;
    // The view is the operators'.
    let tool = rusqlite::Connection::open(folder.path().join("backbone.sqlite")).unwrap();
    let lines = |of| {
        let text = "SELECT count(*), min(seq), max(seq) FROM log WHERE session = ?1";
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        tool.query_row(text, [of], row).unwrap()
    };
    let (long, short) = (session(1).to_string(), session(2).to_string());
    assert_eq!(lines(long), (LONG + 2, 1, LONG + 2));
    assert_eq!(lines(short), (3, 1, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_of_before_commands_stood_in_runs_is_brought_up_to_date_with_all_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let backbone = open(folder.path()).unwrap();
    with_a_long_log(&backbone).await;
    backbone.close().await;
    // What that program wrote: a row for each command.
    let older = with_the_records_of_a_session_together(folder.path());
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
