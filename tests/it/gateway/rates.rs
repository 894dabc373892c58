//! Links that send more than their share: told, and nothing of what they say is lost.

use std::collections::VecDeque;
use std::time::Duration;

use callbox_proto::command::ResidentCommand;
use callbox_proto::error::ErrorCode;
use callbox_proto::event::Event;
use callbox_proto::ids::CommandId;
use callbox_proto::message::{FromResident, RealTimeText, ToResident, ToStaff};

use super::harness::{Gateway, Resident, fresh, soon, text};

/// Twenty a second, and twenty at once.
const SLOW: &str = "session.resident_messages_per_s = 20\nsession.resident_messages_burst = 20";

/// Sends everything again that came too early, as long as it takes and after the pauses that are told. Answers how many refusals there were.
async fn insists(ann: &Resident, mut left: VecDeque<(CommandId, ResidentCommand)>) -> usize {
    let mut refusals = 0;
    while !left.is_empty() {
        for (id, command) in &left {
            ann.submit(*id, command.clone());
        }
        let (mut again, mut pause_ms) = (VecDeque::new(), 0);
        for (id, command) in left {
            if let Err(error) = ann.answer(id).await {
                assert_eq!(error.code, ErrorCode::TooFast);
                pause_ms = error.after_ms.expect("a pause");
                again.push_back((id, command));
            }
        }
        refusals += again.len();
        left = again;
        tokio::time::sleep(Duration::from_millis(pause_ms)).await;
    }
    refusals
}

#[tokio::test]
async fn a_resident_who_sends_too_fast_is_told_and_loses_nothing() {
    let gateway = Gateway::with(SLOW).await;
    let (ann, tina) = (gateway.resident().await, gateway.console("tina").await);
    let session = ann.open("one at a time").await;
    tina.takes(session).await;
    tina.follows(session, 0).await;
    let lines: Vec<_> = (0..60).map(|line| format!("line {line}")).collect();
    let commands = lines.iter().map(|line| (fresh(), text(line))).collect();
    let refusals = soon(insists(&ann, commands)).await;
    assert!(refusals >= 40, "{refusals} refusals");
    tina.reads(session, "line 59").await;
    let said: Vec<_> = tina
        .entries(session)
        .into_iter()
        .filter_map(|entry| match entry.event {
            Event::Text { text, .. } if text.starts_with("line") => Some(text),
            _ => None,
        })
        .collect();
    assert_eq!(said, lines, "each once and in the order they were said");
}

#[tokio::test]
async fn typing_gives_way_before_texts_do() {
    let gateway = Gateway::with(SLOW).await;
    let ann = gateway.resident().await;
    ann.open("typing").await;
    for n in 0..12 {
        ann.wire.send(&FromResident::Ping { n });
    }
    let typed = RealTimeText {
        message: fresh(),
        part: 0,
        from: 0,
        text: "I am ty".to_owned(),
    };
    ann.wire.send(&FromResident::RealTimeText(typed));
    let words = fresh();
    ann.submit(words, text("I am typing"));
    let told = ann
        .wire
        .wait(|message| match message {
            ToResident::Error(error) => Some(error.clone()),
            _ => None,
        })
        .await;
    assert_eq!((told.code, told.id), (ErrorCode::TooFast, None));
    ann.answer(words).await.expect("texts are taken");
}

#[tokio::test]
async fn a_console_has_a_share_of_its_own() {
    let settings = "session.console_messages_per_s = 10\nsession.console_messages_burst = 10";
    let gateway = Gateway::with(settings).await;
    let tina = gateway.staff("tina").await;
    for n in 0..30 {
        tina.wire
            .send(&callbox_proto::message::FromStaff::Ping { n });
    }
    let told = tina
        .wire
        .wait(|message| match message {
            ToStaff::Error(error) => Some(error.clone()),
            _ => None,
        })
        .await;
    assert_eq!(told.code, ErrorCode::TooFast);
    assert!(told.after_ms.is_some_and(|pause| pause > 0));
}
