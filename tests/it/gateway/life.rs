//! One session from its opening to its end.

use callbox_proto::command::StaffCommand;
use callbox_proto::event::Event;
use callbox_proto::message::{FromStaff, ToResident};
use callbox_proto::vocabulary::{Category, Disposition, Priority, Rung, Standing};

use super::harness::{Gateway, fresh, opening};

#[tokio::test]
async fn a_report_is_queued_by_its_words_answered_and_closed() {
    let gateway = Gateway::start().await;
    let (ann, tina) = (gateway.resident().await, gateway.console("tina").await);
    let report = opening(Category::Medical, "My father is not breathing");
    let (session, receipt) = ann.open_with(fresh(), &report).await;
    assert_eq!((receipt.rung, receipt.first), (Rung::Safe, 1));
    let row = tina.stands(session, Standing::Waiting).await;
    assert_eq!(row.priority, Priority::LIFE_AT_RISK);
    assert_eq!(row.queue.as_str(), "fire-medical");
    assert_eq!(row.rules[0].rule, "not-breathing");

    assert_eq!(tina.take_next().await, session);
    let head = tina.follows(session, 0).await.head;
    tina.reads(session, "My father is not breathing").await;
    ann.entry(|event| matches!(event, Event::Taken)).await;
    let asked = tina.says(session, "Is he awake?").await;
    ann.reads("Is he awake?").await;
    let said = ann.says("No. He is cold").await;
    tina.reads(session, "No. He is cold").await;
    assert!(head < asked.first && asked.last < said.first);

    tina.wire.send(&FromStaff::Delivered {
        session,
        up_to: said.last,
    });
    attention(&ann, said.last, 0).await;
    let seen = StaffCommand::Seen { up_to: said.last };
    tina.does(session, seen).await;
    attention(&ann, said.last, said.last).await;

    let close = StaffCommand::Close {
        disposition: Disposition::HelpSent,
        note: "medic 7".to_owned(),
    };
    tina.does(session, close).await;
    let closed = ann
        .entry(|event| matches!(event, Event::Closed { .. }))
        .await;
    let Event::Closed { disposition, note } = closed.event else {
        unreachable!("as waited for")
    };
    assert_eq!((disposition, note.as_str()), (Disposition::HelpSent, ""));
    tina.gone(session).await;
}

/// Waits until the resident is told so.
async fn attention(ann: &super::harness::Resident, delivered: u64, seen: u64) {
    let told = (delivered, seen);
    ann.wire
        .wait(|m| match m {
            ToResident::Attention { delivered, seen } if (*delivered, *seen) == told => Some(()),
            _ => None,
        })
        .await;
}
