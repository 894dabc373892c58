//! A resident corrects what is happening: once for each command, judged again, and shown where the session is.

use callbox_proto::command::ResidentCommand;
use callbox_proto::error::ErrorCode;
use callbox_proto::event::Event;
use callbox_proto::vocabulary::{Category, Priority};

use super::harness::{Topology, everywhere, fresh};

everywhere!(
    a_correction_is_in_the_log_once_raises_the_priority_and_stands_in_lists,
    corrections_have_a_bound_that_says_what_to_do,
);

fn corrects(category: Category) -> ResidentCommand {
    ResidentCommand::SetCategory { category }
}

async fn a_correction_is_in_the_log_once_raises_the_priority_and_stands_in_lists(on: Topology) {
    let gateway = on.start().await;
    let (ann, tina) = (gateway.resident().await, gateway.console("tina").await);
    let session = ann.open("Please come").await;
    tina.row(session, |row| row.category == Category::Other)
        .await;
    let id = fresh();
    ann.submit(id, corrects(Category::Violence));
    let receipt = ann.answer(id).await.unwrap();
    ann.submit(id, corrects(Category::Violence));
    assert_eq!(ann.answer(id).await.unwrap(), receipt, "twice is once");
    let row = tina
        .row(session, |row| row.category == Category::Violence)
        .await;
    assert!(row.priority < Priority::PROMPT, "{:?}", row.priority);
    let higher = row.priority;
    ann.does(corrects(Category::Other)).await;
    let row = tina
        .row(session, |row| row.category == Category::Other)
        .await;
    assert_eq!(row.priority, higher, "a person lowers it, and nobody else");
    tina.takes(session).await;
    tina.follows(session, 0).await;
    ann.does(corrects(Category::Medical)).await;
    let changed = |from, category| Event::CategoryChanged { from, category };
    let last = changed(Category::Other, Category::Medical);
    tina.entry(session, |event| *event == last).await;
    let told: Vec<_> = tina
        .entries(session)
        .into_iter()
        .filter(|entry| matches!(entry.event, Event::CategoryChanged { .. }))
        .map(|entry| entry.event)
        .collect();
    assert_eq!(
        told,
        [
            changed(Category::Other, Category::Violence),
            changed(Category::Violence, Category::Other),
            last.clone(),
        ]
    );
    ann.entry(|event| *event == last).await;
}

async fn corrections_have_a_bound_that_says_what_to_do(on: Topology) {
    let gateway = on.start().await;
    let ann = gateway.resident().await;
    ann.open("Please come").await;
    for _ in 0..5 {
        ann.does(corrects(Category::Fire)).await;
        ann.does(corrects(Category::Traffic)).await;
    }
    let refused = ann.is_refused(corrects(Category::Hazard)).await;
    assert_eq!(refused, ErrorCode::TooManyChanges);
    ann.says("It is a flood").await;
}
