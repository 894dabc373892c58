//! What is kept, and what becomes of it.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use callbox::backbone::embedded::Options as StoreOptions;
use callbox::backbone::{Append, Appended, Backbone, BackboneError, Ring, Seq, Standing};
use callbox::clock::SystemClock;

use super::tier::Mood;
use super::{Node, all, fate, put, quick, until};
use crate::backbone::make::*;

const KEPT_FIRST: Appended = Appended::Kept { first: 1, last: 1 };

async fn keep(node: &Node, one: Append) -> Seq {
    match append(&*node.island, one).await {
        Ok(Appended::Kept { last, .. }) => last,
        other => panic!("not kept: {other:?}"),
    }
}

async fn commands_there(node: &Node, number: u128) -> Vec<u128> {
    let records = node.there(number).await;
    for (seq, record) in (1..).zip(&records) {
        assert_eq!(record.seq, seq, "a hole");
    }
    records.iter().map(|r| r.command.as_u128()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_tier_does_not_take_in_time_is_kept_and_confirmed_when_it_answers() {
    for mood in [Mood::Hangs, Mood::Fails] {
        let node = Node::start().await;
        let mut bell = node.bell().await;
        node.tier.is(mood);
        assert_eq!(
            append(&*node.island, first(1, waiting("main", 5))).await,
            Ok(KEPT_FIRST)
        );
        assert_eq!(keep(&node, next(1, 1, 2)).await, 2);
        assert_eq!(node.island.kept_after(session(1)), Some(0));
        assert_eq!(node.island.kept_here().records, 2);
        assert!(!node.island.is_safe(session(1), 1));
        node.tier.is(Mood::Well);
        let confirmed = Ring::Confirmed {
            session: session(1),
            up_to: 2,
        };
        assert_eq!(fate(&mut *bell).await, confirmed);
        node.is_drained().await;
        assert!(node.island.is_safe(session(1), 2));
        assert_eq!(commands_there(&node, 1).await, [1, 2]);
        until(|| node.island.guarantee().is_safe()).await;
        assert_eq!(put(&node, next(1, 2, 3)).await, 3);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_text_behind_a_take_in_the_same_batch_leaves_the_session_taken() {
    let node = Node::start().await;
    put(&node, first(1, waiting("main", 5))).await;
    node.tier.is(Mood::Fails);
    let taken = Append {
        index: Some(row("main", Standing::Owned)),
        ..next(1, 1, 2)
    };
    let outcomes = node.island.append(vec![taken, next(1, 2, 3)]).await;
    let kept = |seq| {
        Ok(Appended::Kept {
            first: seq,
            last: seq,
        })
    };
    assert_eq!(outcomes, [kept(2), kept(3)]);
    let known = node.island.find_session(session(1)).await.unwrap().unwrap();
    assert_eq!((known.head, known.row.standing), (3, Standing::Owned));
    node.tier.is(Mood::Well);
    node.is_drained().await;
    assert_eq!(commands_there(&node, 1).await, [1, 2, 3]);
    let there = node.tier.store.find_session(session(1)).await.unwrap();
    assert_eq!(there.unwrap().row.standing, Standing::Owned);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_goes_on_from_a_command_that_is_known_elsewhere_is_not_kept() {
    let node = Node::start().await;
    put(&node, first(1, waiting("main", 5))).await;
    put(&node, next(1, 1, 2)).await;
    node.tier.is(Mood::Fails);
    let outcomes = node.island.append(vec![next(1, 2, 2), next(1, 3, 3)]).await;
    assert_eq!(outcomes[0], Ok(Appended::Duplicate { first: 2, last: 2 }));
    assert!(matches!(outcomes[1], Ok(Appended::Conflict { .. })));
    assert_eq!(node.island.kept_after(session(1)), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_arrived_after_all_is_there_once_and_has_its_numbers() {
    let node = Node::start().await;
    let mut bell = node.bell().await;
    put(&node, first(1, waiting("main", 5))).await;
    node.tier.is(Mood::Swallows);
    keep(&node, next(1, 1, 2)).await;
    keep(&node, next(1, 2, 3)).await;
    node.tier.is(Mood::Well);
    assert!(matches!(
        fate(&mut *bell).await,
        Ring::Confirmed { up_to: 3, .. }
    ));
    node.is_drained().await;
    assert_eq!(commands_there(&node, 1).await, [1, 2, 3]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_tier_costs_no_more_than_the_patience_for_it_and_doubles_nothing() {
    let node = Node::start().await;
    put(&node, first(1, waiting("main", 5))).await;
    node.tier.is(Mood::Slow(Duration::from_millis(200)));
    for by in 2..12 {
        let known = node.island.find_session(session(1)).await.unwrap().unwrap();
        let outcome = append(&*node.island, next(1, known.head, by)).await;
        assert!(
            matches!(outcome, Ok(Appended::Kept { .. } | Appended::Stored { .. })),
            "{outcome:?}"
        );
    }
    node.tier.is(Mood::Well);
    node.is_drained().await;
    assert_eq!(commands_there(&node, 1).await, (1..12).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_sent_again_while_it_is_kept_gets_the_same_numbers() {
    let node = Node::start().await;
    node.tier.is(Mood::Fails);
    keep(&node, first(1, waiting("main", 5))).await;
    keep(&node, next(1, 1, 2)).await;
    assert_eq!(
        append(&*node.island, first(1, waiting("main", 5))).await,
        Ok(KEPT_FIRST)
    );
    assert_eq!(
        append(&*node.island, next(1, 7, 3)).await,
        Ok(Appended::Conflict { head: 2 })
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_others_wrote_meanwhile_stays_and_the_kept_commands_stand_behind_it() {
    let node = Node::start().await;
    let mut bell = node.bell().await;
    put(&node, first(1, waiting("main", 5))).await;
    node.tier.is(Mood::Fails);
    keep(&node, next(1, 1, 2)).await;
    keep(&node, next(1, 2, 3)).await;
    store(&*node.tier.store, next(1, 1, 77)).await;
    // A page of the log is never a mixture of both.
    let read: Vec<_> = all(&*node.island, session(1)).await;
    assert_eq!(
        read.iter().map(|r| r.command.as_u128()).collect::<Vec<_>>(),
        [1, 2, 3]
    );
    node.tier.is(Mood::Well);
    let rewound = Ring::Rewound {
        session: session(1),
        after: 1,
    };
    assert_eq!(fate(&mut *bell).await, rewound);
    node.is_drained().await;
    assert_eq!(commands_there(&node, 1).await, [1, 77, 2, 3]);
    assert_eq!(all(&*node.island, session(1)).await, node.there(1).await);
    assert_eq!(
        append(&*node.island, next(1, 3, 4)).await,
        Ok(Appended::Conflict { head: 4 })
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_that_reached_the_tier_by_another_node_is_not_there_twice() {
    let node = Node::start().await;
    let mut bell = node.bell().await;
    put(&node, first(1, waiting("main", 5))).await;
    node.tier.is(Mood::Fails);
    keep(&node, next(1, 1, 2)).await;
    keep(&node, next(1, 2, 3)).await;
    store(&*node.tier.store, next(1, 1, 77)).await;
    store(&*node.tier.store, next(1, 2, 2)).await;
    node.tier.is(Mood::Well);
    assert!(matches!(
        fate(&mut *bell).await,
        Ring::Rewound { after: 1, .. }
    ));
    node.is_drained().await;
    assert_eq!(commands_there(&node, 1).await, [1, 77, 2, 3]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_earlier_run_kept_is_brought_to_the_tier_by_the_next_one() {
    let node = Node::start().await;
    put(&node, first(1, waiting("main", 5))).await;
    node.tier.is(Mood::Hangs);
    keep(&node, next(1, 1, 2)).await;
    keep(&node, first(9, urgent("main", 1))).await;
    let node = node.restart().await;
    assert_eq!(node.island.kept_here().records, 2);
    assert_eq!(node.island.kept_after(session(1)), Some(1));
    keep(&node, next(1, 2, 3)).await;
    node.tier.is(Mood::Well);
    node.is_drained().await;
    assert_eq!(commands_there(&node, 1).await, [1, 2, 3]);
    assert_eq!(commands_there(&node, 9).await, [9]);
    // What is safe is gone from here, over a restart too.
    until_dropped(&node).await;
    let node = node.restart().await;
    assert_eq!(node.island.kept_here().records, 0);
}

async fn until_dropped(node: &Node) {
    let gone = async {
        while !node.local.kept_logs(0, 10).await.unwrap().logs.is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(super::DEADLINE, gone).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_told_and_what_was_kept_before_is_not_lost() {
    let store_of = StoreOptions {
        max_pages: Some(60),
        ..StoreOptions::default()
    };
    let node = Node::with(Arc::new(SystemClock::new()), quick(), store_of).await;
    node.tier.is(Mood::Fails);
    keep(&node, first(1, waiting("main", 5))).await;
    let mut by = 2;
    let refused = loop {
        let mut large = next(1, by - 1, u128::from(by));
        large.records = vec![vec![7; 4_000].into()];
        match append(&*node.island, large).await {
            Ok(Appended::Kept { .. }) => by += 1,
            other => break other,
        }
    };
    assert_eq!(refused, Err(BackboneError::Full));
    assert!(by > 5, "nothing was kept");
    node.tier.is(Mood::Well);
    node.is_drained().await;
    let expected: Vec<_> = (1..u128::from(by)).collect();
    assert_eq!(commands_there(&node, 1).await, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_most_urgent_go_first_and_no_batch_has_two_of_one_session() {
    let node = Node::start().await;
    node.tier.is(Mood::Fails);
    for number in 1..=600 {
        keep(&node, first(number, waiting("main", 10))).await;
        keep(&node, next(number, 1, 10_000 + number)).await;
    }
    keep(&node, first(700, urgent("main", 99))).await;
    node.tier.batches.lock().unwrap().clear();
    node.tier.is(Mood::Well);
    node.is_drained().await;
    let batches = node.tier.batches.lock().unwrap();
    let first_batch = batches.first().unwrap();
    assert!(first_batch.contains(&session(700)));
    for batch in batches.iter() {
        let different: HashSet<_> = batch.iter().collect();
        assert_eq!(different.len(), batch.len());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_goes_on_while_the_drain_works_keeps_order_and_loses_nothing() {
    let node = Node::start().await;
    node.tier.is(Mood::Fails);
    let (sessions, before, during) = (20u128, 30u128, 60u128);
    for number in 1..=sessions {
        keep(&node, first(number, waiting("main", 10))).await;
        for by in 2..=before {
            keep(&node, next(number, by as Seq - 1, number << 64 | by)).await;
        }
    }
    node.tier.is(Mood::Well);
    let writers = (1..=sessions).map(|number| {
        let island = Arc::clone(&node.island);
        tokio::spawn(async move {
            for by in before + 1..=before + during {
                let outcome =
                    append(&*island, next(number, by as Seq - 1, number << 64 | by)).await;
                let (Appended::Kept { last, .. } | Appended::Stored { last, .. }) =
                    outcome.clone().unwrap()
                else {
                    panic!("session {number}, command {by}: {outcome:?}");
                };
                assert_eq!(last, by as Seq);
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    node.is_drained().await;
    for number in 1..=sessions {
        let expected = (2..=before + during).map(|by| number << 64 | by);
        let expected: Vec<_> = std::iter::once(number).chain(expected).collect();
        assert_eq!(commands_there(&node, number).await, expected);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tier_that_dies_again_in_the_drain_gets_each_record_once() {
    let node = Node::start().await;
    node.tier.is(Mood::Fails);
    for number in 1..=50 {
        keep(&node, first(number, waiting("main", 10))).await;
        for by in 2..=20u128 {
            keep(&node, next(number, by as Seq - 1, number << 64 | by)).await;
        }
    }
    for mood in [Mood::Swallows, Mood::Fails, Mood::Swallows, Mood::Hangs] {
        node.tier.is(Mood::Well);
        let left = node.island.kept_here().records;
        until(|| node.island.kept_here().records < left).await;
        node.tier.is(mood);
        until(|| node.island.guarantee().is_island()).await;
    }
    node.tier.is(Mood::Well);
    node.is_drained().await;
    for number in 1..=50 {
        assert_eq!(commands_there(&node, number).await.len(), 20);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_row_in_the_tier_is_the_one_last_kept() {
    let node = Node::start().await;
    put(&node, first(1, waiting("main", 5))).await;
    node.tier.is(Mood::Fails);
    let mut taken = next(1, 1, 2);
    taken.index = Some(row("main", Standing::Owned));
    keep(&node, taken).await;
    keep(&node, next(1, 2, 3)).await;
    node.tier.is(Mood::Well);
    node.is_drained().await;
    let found = node
        .tier
        .store
        .find_session(session(1))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((found.head, found.row.standing), (3, Standing::Owned));
}
