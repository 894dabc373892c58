//! Flipped bits and lost files: found, never returned as if nothing were.

use std::fs;
use std::path::Path;

use callbox::backbone::embedded::{Embedded, OpenError};
use callbox::backbone::{Append, Backbone, BackboneError, StandingKind};
use rand::{Rng, SeedableRng, rngs::StdRng};

use super::kill::Child;
use super::{open, open_accepting_damage};
use crate::backbone::make::*;

/// Sessions and records of each in the store that is damaged.
const SESSIONS: u128 = 12;
const RECORDS: u64 = 20;
/// Bits flipped, one at a time.
const FLIPS: usize = 150;

fn seed() -> u64 {
    let seed = std::env::var("CALLBOX_TEST_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or_else(rand::random);
    println!("CALLBOX_TEST_SEED={seed}");
    seed
}

fn payload(number: u128, seq: u64) -> String {
    format!(
        "record {seq} of session {number}, {}",
        "and more ".repeat(9)
    )
}

async fn fill(backbone: &dyn Backbone) {
    for number in 1..=SESSIONS {
        let records = vec![text(&payload(number, 1))];
        store(
            backbone,
            Append {
                records,
                ..first(number, waiting("main", number as i64))
            },
        )
        .await;
        for head in 1..RECORDS {
            let records = vec![text(&payload(number, head + 1))];
            store(
                backbone,
                Append {
                    records,
                    ..next(number, head, u128::from(head) << 32 | number)
                },
            )
            .await;
        }
    }
}

pub(super) fn copy_folder(from: &Path, to: &Path) {
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

fn flip(file: &Path, bit: usize) {
    let mut bytes = fs::read(file).unwrap();
    bytes[bit / 8] ^= 1 << (bit % 8);
    fs::write(file, bytes).unwrap();
}

/// What is answered at all is what was written; says whether anything was refused.
async fn is_true_or_refused(backbone: &Embedded) -> bool {
    let mut refused = false;
    for number in 1..=SESSIONS {
        match backbone.find_session(session(number)).await {
            Ok(found) => {
                let found = found.unwrap_or_else(|| panic!("session {number} is not found"));
                assert_eq!(
                    (found.head, found.row),
                    (RECORDS, waiting("main", number as i64))
                );
            }
            Err(_) => refused = true,
        }
        match backbone.read(session(number), 0, 100).await {
            Ok(records) => {
                assert_eq!(records.len() as u64, RECORDS, "session {number}");
                for (seq, record) in (1..).zip(records) {
                    assert_eq!(
                        (record.seq, record.payload),
                        (seq, text(&payload(number, seq)))
                    );
                }
            }
            Err(_) => refused = true,
        }
    }
    match backbone
        .list(&agency(), StandingKind::Waiting, None, 100)
        .await
    {
        Ok(listed) => assert_eq!(listed.rows.len() as u128, SESSIONS),
        Err(_) => refused = true,
    }
    refused
}

#[tokio::test(flavor = "multi_thread")]
async fn no_flipped_bit_of_the_database_is_returned_as_a_record() {
    let sound = tempfile::tempdir().unwrap();
    let backbone = open(sound.path()).unwrap();
    fill(&backbone).await;
    backbone.close().await;
    let mut random = StdRng::seed_from_u64(seed());
    let bits = fs::metadata(sound.path().join("backbone.sqlite"))
        .unwrap()
        .len() as usize
        * 8;
    let mut found = 0;
    for _ in 0..FLIPS {
        let folder = tempfile::tempdir().unwrap();
        copy_folder(sound.path(), folder.path());
        let bit = random.random_range(0..bits);
        println!("bit {bit}");
        flip(&folder.path().join("backbone.sqlite"), bit);
        found += match open(folder.path()) {
            Ok(backbone) => usize::from(is_true_or_refused(&backbone).await),
            Err(_) => 1,
        };
    }
    println!("{found} of {FLIPS} flips were found, the others changed nothing that is read");
    assert!(found > FLIPS / 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flipped_payload_damages_its_record_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let backbone = open(folder.path()).unwrap();
    fill(&backbone).await;
    backbone.close().await;
    let file = folder.path().join("backbone.sqlite");
    let bytes = fs::read(&file).unwrap();
    let wanted = b"record 15 of session 4,";
    let at = bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
        .unwrap();
    flip(&file, at * 8 + 3);
    let backbone = open(folder.path()).unwrap();
    let damaged = BackboneError::Damaged {
        session: session(4),
        seq: 15,
    };
    assert_eq!(
        backbone.read(session(4), 0, 100).await,
        Err(damaged.clone())
    );
    assert_eq!(backbone.read(session(4), 14, 1).await, Err(damaged));
    assert_eq!(backbone.read(session(4), 0, 14).await.unwrap().len(), 14);
    assert_eq!(backbone.read(session(4), 15, 100).await.unwrap().len(), 5);
    assert_eq!(backbone.read(session(5), 0, 100).await.unwrap().len(), 20);
    let verified = backbone.verify().await.unwrap();
    assert_eq!(
        (verified.damaged, verified.places),
        (1, vec![(session(4), 15)])
    );
    store(&backbone, next(5, RECORDS, 77)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_whose_last_record_is_missing_is_damaged_not_shorter() {
    let folder = tempfile::tempdir().unwrap();
    let backbone = open(folder.path()).unwrap();
    fill(&backbone).await;
    backbone.close().await;
    let tool = rusqlite::Connection::open(folder.path().join("backbone.sqlite")).unwrap();
    tool.execute("DELETE FROM record WHERE no = 3 AND seq = ?1", [RECORDS])
        .unwrap();
    drop(tool);
    let backbone = open(folder.path()).unwrap();
    let damaged = Err(BackboneError::Damaged {
        session: session(3),
        seq: RECORDS,
    });
    assert_eq!(backbone.read(session(3), 0, 100).await.map(|_| ()), damaged);
    let refused = append(&backbone, next(3, RECORDS, 77)).await;
    assert_eq!(refused.map(|_| ()), damaged);
    store(&backbone, next(4, RECORDS, 78)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_index_row_is_refused_at_open_unless_an_operator_accepts_it() {
    let folder = tempfile::tempdir().unwrap();
    let backbone = open(folder.path()).unwrap();
    fill(&backbone).await;
    backbone.close().await;
    let tool = rusqlite::Connection::open(folder.path().join("backbone.sqlite")).unwrap();
    tool.execute("UPDATE session_index SET rank = 1 WHERE no = 3", [])
        .unwrap();
    drop(tool);
    let refused = open(folder.path()).err().unwrap();
    assert!(
        matches!(refused, OpenError::DamagedSession { session: damaged } if damaged == session(3)),
        "{refused}"
    );
    let backbone = open_accepting_damage(folder.path()).unwrap();
    assert_eq!(backbone.waiting() as u128, SESSIONS - 1);
    let damaged = BackboneError::Damaged {
        session: session(3),
        seq: 0,
    };
    assert_eq!(backbone.find_session(session(3)).await, Err(damaged));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_write_ahead_log_is_noticed_at_open() {
    let folder = tempfile::tempdir().unwrap();
    Child::start("abort after 30", folder.path()).acknowledged_until_end();
    fs::remove_file(folder.path().join("backbone.sqlite-wal")).unwrap();
    let refused = open(folder.path()).err().unwrap();
    assert!(
        matches!(
            refused,
            OpenError::LostCommits {
                found: 0,
                acknowledged: 30
            }
        ),
        "{refused}"
    );
    let backbone = open_accepting_damage(folder.path()).unwrap();
    store(&backbone, first(1, waiting("main", 1))).await;
    backbone.close().await;
    open(folder.path()).expect("accepted once, it is the store from now on");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_flipped_bit_of_the_write_ahead_log_loses_what_was_acknowledged_unnoticed() {
    let sound = tempfile::tempdir().unwrap();
    let acknowledged = Child::start("abort after 30", sound.path()).acknowledged_until_end();
    let mut random = StdRng::seed_from_u64(seed());
    let bits = fs::metadata(sound.path().join("backbone.sqlite-wal"))
        .unwrap()
        .len() as usize
        * 8;
    let mut found = 0;
    for _ in 0..FLIPS {
        let folder = tempfile::tempdir().unwrap();
        copy_folder(sound.path(), folder.path());
        let bit = random.random_range(0..bits);
        println!("bit {bit}");
        flip(&folder.path().join("backbone.sqlite-wal"), bit);
        match open(folder.path()) {
            Ok(backbone) => acknowledged.are_all_in(&backbone).await,
            Err(_) => found += 1,
        }
    }
    println!("{found} of {FLIPS} flips were found, the others changed nothing that is read");
    assert!(found > FLIPS / 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_index_of_the_session_index_is_made_anew_from_its_rows() {
    let sound = tempfile::tempdir().unwrap();
    let backbone = open(sound.path()).unwrap();
    fill(&backbone).await;
    let rare = 0x0123_4567_89ab_cdef_0123_4567_89ab_cdef_u128;
    let opening = Append {
        command: command(1),
        ..first(rare, waiting("main", 100))
    };
    store(&backbone, opening).await;
    backbone.close().await;
    let bytes = fs::read(sound.path().join("backbone.sqlite")).unwrap();
    let places: Vec<_> = bytes
        .windows(16)
        .enumerate()
        .filter_map(|(at, window)| (window == rare.to_be_bytes()).then_some(at))
        .collect();
    assert_eq!(places.len(), 3, "the row and two indexes");
    let mut mended = 0;
    for at in places {
        let folder = tempfile::tempdir().unwrap();
        copy_folder(sound.path(), folder.path());
        flip(&folder.path().join("backbone.sqlite"), at * 8 + 64);
        let Ok(backbone) = open(folder.path()) else {
            continue;
        };
        mended += 1;
        assert_eq!(
            backbone
                .find_session(session(rare))
                .await
                .unwrap()
                .unwrap()
                .head,
            1
        );
        let listed = backbone
            .list(&agency(), StandingKind::Waiting, None, 100)
            .await
            .unwrap();
        assert_eq!(listed.rows.last().unwrap().session, session(rare));
        assert!(backbone.verify().await.unwrap().is_sound());
    }
    assert_eq!(mended, 2, "a damaged row itself is refused");
}
