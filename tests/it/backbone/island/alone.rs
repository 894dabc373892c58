//! A node without its tier: reading, lists, claims, leases, the bell.

use bytes::Bytes;
use callbox::backbone::{
    Append, Appended, Backbone, BackboneError, Destroyed, Ring, Standing, StandingKind,
};

use super::tier::Mood;
use super::{Node, all, put, until};
use crate::backbone::conformance::{destroy, destruction};
use crate::backbone::make::*;

async fn alone() -> Node {
    let node = Node::start().await;
    put(&node, first(1, waiting("main", 10))).await;
    put(&node, first(2, urgent("main", 20))).await;
    put(&node, first(3, waiting("other", 1))).await;
    for by in 10..15 {
        put(&node, next(1, by - 9, u128::from(by))).await;
    }
    node.tier.is(Mood::Hangs);
    until(|| node.island.guarantee().is_island()).await;
    node
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_this_node_wrote_is_read_without_the_tier() {
    let node = alone().await;
    let found = node.island.find_session(session(1)).await.unwrap().unwrap();
    assert_eq!(found.head, 6);
    assert_eq!(all(&*node.island, session(1)).await, node.there(1).await);
    assert_eq!(
        node.island.find_command(session(1), command(12)).await,
        Ok(Some((4, 4)))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_here_knows_is_unknown_and_not_absent() {
    let node = Node::start().await;
    store(&*node.tier.store, first(5, waiting("main", 10))).await;
    node.tier.is(Mood::Hangs);
    until(|| node.island.guarantee().is_island()).await;
    let unknown = |error: BackboneError| matches!(error, BackboneError::Failed { .. });
    assert!(
        node.island
            .find_session(session(5))
            .await
            .is_err_and(unknown)
    );
    assert!(node.island.read(session(5), 0, 9).await.is_err_and(unknown));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_have_what_was_known_and_what_is_kept_in_one_order_and_in_pages() {
    let node = alone().await;
    let opened = append(&*node.island, first(4, waiting("main", 15))).await;
    assert_eq!(opened, Ok(Appended::Kept { first: 1, last: 1 }));
    let mut taken = next(2, 1, 50);
    taken.index = Some(row("main", Standing::Owned));
    append(&*node.island, taken).await.unwrap();
    let mut waiting = Vec::new();
    let mut after = None;
    loop {
        let of = agency();
        let page = node
            .island
            .list(&of, StandingKind::Waiting, after, 2)
            .await
            .unwrap();
        waiting.extend(page.rows.iter().map(|row| row.session.as_u128()));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(waiting, [3, 1, 4]);
    let owned = node
        .island
        .list(&agency(), StandingKind::Owned, None, 9)
        .await;
    assert_eq!(owned.unwrap().rows[0].session, session(2));
    // The same when the tier is back and the drain has not begun, or has ended.
    node.tier.is(Mood::Well);
    node.is_drained().await;
    let list = node
        .island
        .list(&agency(), StandingKind::Waiting, None, 9)
        .await;
    let rows = list.unwrap().rows;
    assert_eq!(
        rows.iter().map(|r| r.session.as_u128()).collect::<Vec<_>>(),
        [3, 1, 4]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn claims_go_on_lowest_rank_first_and_nobody_gets_one_twice() {
    let node = alone().await;
    append(&*node.island, first(4, waiting("main", 5)))
        .await
        .unwrap();
    let mut order = Vec::new();
    let mut claims = Vec::new();
    while let Some(claimed) = node.island.claim(claim(&["main"])).await.unwrap() {
        order.push(claimed.session.as_u128());
        claims.push(claimed);
    }
    assert_eq!(order, [4, 1, 2]);
    let mut taken = next(1, 6, 60);
    taken.index = Some(row("main", Standing::Owned));
    taken.claim_epoch = Some(claims[1].epoch);
    let again = Append {
        command: command(61),
        ..taken.clone()
    };
    assert_eq!(
        append(&*node.island, taken).await,
        Ok(Appended::Kept { first: 7, last: 7 })
    );
    assert!(matches!(
        append(&*node.island, again).await,
        Ok(Appended::Conflict { .. })
    ));
    assert_eq!(
        node.island.release(session(2), claims[2].epoch).await,
        Ok(true)
    );
    assert_eq!(
        node.island.release(session(2), claims[2].epoch).await,
        Ok(false)
    );
    let next = node.island.claim(claim(&["main"])).await.unwrap();
    assert_eq!(next.unwrap().session, session(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_made_alone_is_completed_when_the_tier_is_back() {
    let node = alone().await;
    let claimed = node.island.claim(claim(&["main"])).await.unwrap().unwrap();
    assert_eq!(claimed.session, session(1));
    node.tier.is(Mood::Well);
    until(|| !node.island.guarantee().is_island()).await;
    let mut taken = next(1, 6, 60);
    taken.index = Some(row("main", Standing::Owned));
    taken.claim_epoch = Some(claimed.epoch);
    assert_eq!(put(&node, taken).await, 7);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_bell_and_publications_reach_this_node_alone_too() {
    let node = alone().await;
    let mut bell = node.bell().await;
    append(&*node.island, next(1, 6, 60)).await.unwrap();
    node.island
        .publish(&agency(), Bytes::from_static(b"moved"))
        .await
        .unwrap();
    assert_eq!(appended(&mut *bell).await, (session(1), 7));
    let published = Ring::Published(Bytes::from_static(b"moved"));
    assert_eq!(ring(&mut *bell).await, Some(published));
    // Whoever began to listen alone hears the others once the tier is back.
    node.tier.is(Mood::Well);
    node.is_drained().await;
    let mut heard = false;
    for by in 100..200u64 {
        store(&*node.tier.store, first(u128::from(by), waiting("main", 1))).await;
        let wait = std::time::Duration::from_millis(300);
        while let Ok(Some(rung)) = tokio::time::timeout(wait, bell.next()).await {
            heard |=
                matches!(rung, Ring::Appended { session: of, .. } if of == session(u128::from(by)));
        }
        if heard {
            return;
        }
    }
    panic!("the tier's bell is not heard");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_is_held_on_while_the_tier_cannot_be_asked() {
    let node = Node::start().await;
    let lease = node.island.take_lease("console", "one", 60_000).await;
    let lease = lease.unwrap().unwrap();
    node.tier.is(Mood::Hangs);
    until(|| node.island.guarantee().is_island()).await;
    assert_eq!(node.island.renew_lease(&lease, 60_000).await, Ok(true));
    assert_eq!(node.island.overdue_leases(9).await, Ok(Vec::new()));
    assert!(
        node.island
            .take_lease("another", "one", 1_000)
            .await
            .unwrap()
            .is_some()
    );
    node.tier.is(Mood::Well);
    until(|| !node.island.guarantee().is_island()).await;
    assert_eq!(node.island.renew_lease(&lease, 60_000).await, Ok(true));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_destroyed_without_the_tier() {
    let node = alone().await;
    let refused = destroy(&*node.island, destruction(1, 6)).await;
    assert!(matches!(refused, Err(BackboneError::Failed { .. })));
    let read = all(&*node.island, session(1)).await;
    assert_eq!(read[1].payload, text("record by 10"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_what_is_kept_here_is_destroyed_until_it_is_in_the_tier() {
    let node = alone().await;
    let kept = append(&*node.island, next(1, 6, 20)).await;
    assert_eq!(kept, Ok(Appended::Kept { first: 7, last: 7 }));
    node.tier.is(Mood::Well);
    until(|| node.island.kept_after(session(1)).is_none()).await;
    let done = destroy(&*node.island, destruction(1, 7)).await;
    assert_eq!(done, Ok(Destroyed::Done));
    assert_eq!(node.there(1).await[6].payload, text("was 7"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_destroyed_is_not_read_from_memory_once_the_tier_is_gone() {
    let node = Node::start().await;
    for number in [1, 2] {
        put(&node, first(number, waiting("main", 10))).await;
        put(&node, next(number, 1, 10)).await;
    }
    destroy(&*node.island, destruction(1, 2)).await.unwrap();
    // Another node destroyed it: this one is told by whoever reads the log.
    destroy(&*node.tier.store, destruction(2, 2)).await.unwrap();
    node.island.forget(session(2));
    node.tier.is(Mood::Hangs);
    until(|| node.island.guarantee().is_island()).await;
    for number in [1, 2] {
        let read = node.island.read(session(number), 0, 9).await;
        assert!(matches!(read, Err(BackboneError::Failed { .. })));
    }
}
