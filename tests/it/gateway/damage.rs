//! Bits that flipped in the store while the gateway stood still: what is damaged is told, everything else works.

use std::path::PathBuf;
use std::process::Command;

use callbox_proto::error::ErrorCode;
use callbox_proto::message::{FromResident, FromStaff, ToResident, ToStaff};

use super::harness::{Console, Gateway, fresh, soon, text};

fn database(gateway: &Gateway) -> PathBuf {
    gateway.data().join("backbone/backbone.sqlite")
}

/// Flips one bit of each place in the database file where these words stand.
fn flip_words(gateway: &Gateway, words: &str) {
    let file = database(gateway);
    let mut bytes = std::fs::read(&file).expect("read");
    let places: Vec<_> = bytes
        .windows(words.len())
        .enumerate()
        .filter(|(_, part)| *part == words.as_bytes())
        .map(|(place, _)| place)
        .collect();
    assert!(!places.is_empty(), "the words stand in the file");
    for place in places {
        bytes[place] ^= 1;
    }
    std::fs::write(&file, bytes).expect("written");
}

/// Lets the gateway finish, so that everything is in the database file.
async fn stop(gateway: &mut Gateway) {
    gateway.terminate();
    assert!(gateway.gone().await);
}

async fn error(console: &Console) -> ErrorCode {
    console
        .wire
        .wait(|message| match message {
            ToStaff::Error(error) => Some(error.code),
            _ => None,
        })
        .await
}

#[tokio::test]
async fn a_damaged_record_costs_its_session_and_no_other() {
    let mut gateway = Gateway::start().await;
    let (ann, bob) = (gateway.resident().await, gateway.resident().await);
    let (hers, his) = (ann.open("hello").await, bob.open("hello").await);
    ann.says("canary in the coal mine").await;
    bob.says("all is well").await;
    let (anns, bobs) = (ann.device.clone(), bob.device.clone());
    drop((ann, bob));
    stop(&mut gateway).await;
    flip_words(&gateway, "canary in the coal mine");
    gateway.start_again().await;

    let tina = gateway.console("tina").await;
    // Both wait, and are taken in their order as if nothing were.
    let bob = gateway.resident_again(&bobs).await;
    bob.resume(his, 0).await;
    tina.takes(his).await;
    tina.follows(his, 0).await;
    tina.reads(his, "all is well").await;
    tina.wire.send(&FromStaff::Follow {
        session: hers,
        after: 0,
    });
    assert_eq!(error(&tina).await, ErrorCode::Internal);
    // The same link serves the other session.
    bob.says("still here").await;
    tina.reads(his, "still here").await;
    tina.says(his, "I read you").await;
    // Its resident is told, and can report anew on the same link.
    let ann = gateway.resident_again(&anns).await;
    ann.wire.send(&FromResident::Resume {
        session: hers,
        after: 0,
    });
    let told = ann
        .wire
        .wait(|message| match message {
            ToResident::Error(error) => Some(error.code),
            _ => None,
        })
        .await;
    assert_eq!(told, ErrorCode::Internal);
    let anew = ann.open("once more").await;
    ann.submit(fresh(), text("and this is read"));
    tina.takes(anew).await;
    tina.follows(anew, 0).await;
    tina.reads(anew, "and this is read").await;
}

#[tokio::test]
async fn a_damaged_index_row_is_named_and_after_it_is_accepted_everybody_else_goes_on() {
    let mut gateway = Gateway::start().await;
    let mut sessions = Vec::new();
    for _ in 0..3 {
        let ann = gateway.resident().await;
        sessions.push((ann.open("hello").await, ann.device.clone()));
    }
    stop(&mut gateway).await;
    let connection = rusqlite::Connection::open(database(&gateway)).expect("opened");
    let flipped = connection.execute("UPDATE session_index SET rank = rank + 1 WHERE no = 2", []);
    assert_eq!(flipped.expect("changed"), 1);
    drop(connection);

    let damaged = sessions[1].0;
    let refused = gateway.does_not_start().await;
    assert!(refused.contains(&damaged.to_string()), "{refused}");
    let accepted = Command::new(env!("CARGO_BIN_EXE_callbox"))
        .args(["store", "accept-damage", "--data-dir"])
        .arg(gateway.data())
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&accepted.stdout).into_owned();
    assert!(
        accepted.status.success() && said.contains(&damaged.to_string()),
        "{said}"
    );
    gateway.start_again().await;

    let tina = gateway.console("tina").await;
    assert_eq!(
        tina.take_next().await,
        sessions[0].0,
        "in the order they came"
    );
    assert_eq!(tina.take_next().await, sessions[2].0);
    let lost = gateway.resident_again(&sessions[1].1).await;
    lost.wire.send(&FromResident::Resume {
        session: damaged,
        after: 0,
    });
    let told = soon(lost.wire.wait(|message| match message {
        ToResident::Error(error) => Some(error.code),
        _ => None,
    }))
    .await;
    assert_eq!(told, ErrorCode::NoSuchSession);
    let anew = lost.open("I was here before").await;
    assert_eq!(tina.take_next().await, anew);
}
