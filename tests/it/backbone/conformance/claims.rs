//! Claims: order, deadlines, epochs.

use std::collections::HashSet;

use callbox::backbone::{Append, Appended, Claim, Lane, Standing, StandingKind};

use crate::backbone::Place;
use crate::backbone::make::{
    CLAIM_MS, agency, append, claim, first, next, row, session, store, urgent, waiting,
};

pub async fn a_claim_takes_the_lowest_rank_over_all_its_queues(place: &dyn Place) {
    let backbone = place.open().await;
    store(&*backbone, first(1, waiting("a", 30))).await;
    store(&*backbone, first(3, waiting("b", 20))).await;
    store(&*backbone, first(2, waiting("b", 20))).await;
    store(&*backbone, first(4, urgent("c", 1))).await;
    let taken = async |queues: &[&str]| {
        backbone
            .claim(claim(queues))
            .await
            .unwrap()
            .map(|claimed| claimed.session.as_u128())
    };
    assert_eq!(taken(&["a", "b", "unknown"]).await, Some(2));
    assert_eq!(taken(&["a", "b", "c"]).await, Some(4));
    assert_eq!(taken(&["a", "b"]).await, Some(3));
    assert_eq!(taken(&["b"]).await, None);
    assert_eq!(taken(&["a", "b"]).await, Some(1));
}

pub async fn a_claim_outside_priority_one_falls_back_to_the_lowest_of_all(place: &dyn Place) {
    let backbone = place.open().await;
    store(&*backbone, first(1, urgent("a", 1))).await;
    store(&*backbone, first(2, urgent("a", 2))).await;
    store(&*backbone, first(3, waiting("a", 50))).await;
    let not_urgent = Claim {
        lane: Lane::FirstNotUrgent,
        ..claim(&["a"])
    };
    let mut order = Vec::new();
    while let Some(claimed) = backbone.claim(not_urgent.clone()).await.unwrap() {
        order.push(claimed.session.as_u128());
    }
    assert_eq!(order, [3, 1, 2]);
}

pub async fn two_claims_never_hold_one_session(place: &dyn Place) {
    let backbone = place.open().await;
    for number in 1..=40 {
        store(&*backbone, first(number, waiting("main", 1))).await;
    }
    let claims = (0..8).map(|_| {
        let backbone = backbone.clone();
        tokio::spawn(async move {
            let mut mine = Vec::new();
            while let Some(claimed) = backbone.claim(claim(&["main"])).await.unwrap() {
                mine.push(claimed.session);
            }
            mine
        })
    });
    let mut all = Vec::new();
    for task in claims.collect::<Vec<_>>() {
        all.extend(task.await.unwrap());
    }
    assert_eq!(all.len(), 40);
    assert_eq!(all.iter().collect::<HashSet<_>>().len(), 40);
}

pub async fn a_claim_names_the_head_of_the_log(place: &dyn Place) {
    let backbone = place.open().await;
    store(&*backbone, first(1, waiting("main", 1))).await;
    store(&*backbone, next(1, 1, 2)).await;
    assert_eq!(
        backbone
            .claim(claim(&["main"]))
            .await
            .unwrap()
            .unwrap()
            .head,
        2
    );
}

pub async fn the_epoch_of_a_session_grows_with_each_claim(place: &dyn Place) {
    let backbone = place.open().await;
    store(&*backbone, first(1, waiting("main", 1))).await;
    let mut before = 0;
    for _ in 0..3 {
        let epoch = backbone
            .claim(claim(&["main"]))
            .await
            .unwrap()
            .unwrap()
            .epoch;
        assert!(epoch > before);
        before = epoch;
        assert_eq!(backbone.release(session(1), epoch).await, Ok(true));
    }
}

pub async fn a_released_claim_leaves_the_session_where_it_stood(place: &dyn Place) {
    let backbone = place.open().await;
    store(&*backbone, first(1, waiting("main", 1))).await;
    store(&*backbone, first(2, waiting("main", 2))).await;
    let claimed = backbone.claim(claim(&["main"])).await.unwrap().unwrap();
    assert_eq!(
        backbone
            .list(&agency(), StandingKind::Waiting, None, 10)
            .await
            .unwrap()
            .rows
            .len(),
        2
    );
    assert_eq!(
        backbone.release(session(1), claimed.epoch + 1).await,
        Ok(false)
    );
    assert_eq!(backbone.release(session(1), claimed.epoch).await, Ok(true));
    assert_eq!(backbone.release(session(1), claimed.epoch).await, Ok(false));
    assert_eq!(
        backbone
            .claim(claim(&["main"]))
            .await
            .unwrap()
            .unwrap()
            .session,
        session(1)
    );
}

pub async fn an_overdue_claim_leaves_the_session_where_it_stood(place: &dyn Place) {
    let backbone = place.open().await;
    store(&*backbone, first(1, waiting("main", 1))).await;
    store(&*backbone, first(2, waiting("main", 2))).await;
    let overdue = backbone.claim(claim(&["main"])).await.unwrap().unwrap();
    place.pass_time(CLAIM_MS + 1).await;
    assert_eq!(backbone.release(session(1), overdue.epoch).await, Ok(false));
    let again = backbone.claim(claim(&["main"])).await.unwrap().unwrap();
    assert_eq!(again.session, session(1));
    assert!(again.epoch > overdue.epoch);
}

fn own(number: u128, expected: u64, by: u128, epoch: u64) -> Append {
    Append {
        index: Some(row("main", Standing::Owned)),
        claim_epoch: Some(epoch),
        ..next(number, expected, by)
    }
}

pub async fn an_append_with_a_live_epoch_completes_the_claim(place: &dyn Place) {
    let backbone = place.open().await;
    store(&*backbone, first(1, waiting("main", 1))).await;
    let claimed = backbone.claim(claim(&["main"])).await.unwrap().unwrap();
    assert_eq!(store(&*backbone, own(1, 1, 2, claimed.epoch)).await, 2);
    place.pass_time(CLAIM_MS + 1).await;
    assert_eq!(backbone.claim(claim(&["main"])).await, Ok(None));
    assert_eq!(
        backbone
            .list(&agency(), StandingKind::Owned, None, 10)
            .await
            .unwrap()
            .rows
            .len(),
        1
    );
}

pub async fn an_append_with_an_outdated_epoch_is_a_conflict(place: &dyn Place) {
    let backbone = place.open().await;
    store(&*backbone, first(1, waiting("main", 1))).await;
    let overdue = backbone.claim(claim(&["main"])).await.unwrap().unwrap();
    place.pass_time(CLAIM_MS + 1).await;
    assert_eq!(
        append(&*backbone, own(1, 1, 2, overdue.epoch)).await,
        Ok(Appended::Conflict { head: 1 })
    );
    let live = backbone.claim(claim(&["main"])).await.unwrap().unwrap();
    assert_eq!(
        append(&*backbone, own(1, 1, 2, overdue.epoch)).await,
        Ok(Appended::Conflict { head: 1 })
    );
    let batch = vec![
        own(1, 1, 3, live.epoch),
        own(1, 2, 4, live.epoch),
        own(1, 0, 3, 0),
    ];
    let outcomes = backbone.append(batch).await;
    assert_eq!(outcomes[0], Ok(Appended::Stored { first: 2, last: 2 }));
    assert_eq!(
        outcomes[1],
        Ok(Appended::Conflict { head: 2 }),
        "the claim has ended with the append before"
    );
    assert_eq!(
        outcomes[2],
        Ok(Appended::Duplicate { first: 2, last: 2 }),
        "a duplicate whatever the epoch"
    );
}

pub async fn an_append_after_which_the_session_no_longer_waits_ends_the_claim(place: &dyn Place) {
    let backbone = place.open().await;
    store(&*backbone, first(1, waiting("main", 1))).await;
    let claimed = backbone.claim(claim(&["main"])).await.unwrap().unwrap();
    store(
        &*backbone,
        Append {
            index: Some(row("main", Standing::Abandoned)),
            ..next(1, 1, 2)
        },
    )
    .await;
    assert_eq!(backbone.release(session(1), claimed.epoch).await, Ok(false));
    assert_eq!(
        append(&*backbone, own(1, 2, 3, claimed.epoch)).await,
        Ok(Appended::Conflict { head: 2 })
    );
}

pub async fn a_claim_ends_even_if_the_session_waits_again_in_the_same_batch(place: &dyn Place) {
    let backbone = place.open().await;
    store(&*backbone, first(1, waiting("main", 1))).await;
    let claimed = backbone.claim(claim(&["main"])).await.unwrap().unwrap();
    let again = Append {
        index: Some(waiting("main", 2)),
        ..next(1, 2, 3)
    };
    let late = Append {
        claim_epoch: Some(claimed.epoch),
        ..next(1, 3, 4)
    };
    let outcomes = backbone
        .append(vec![own(1, 1, 2, claimed.epoch), again, late])
        .await;
    assert_eq!(outcomes[1], Ok(Appended::Stored { first: 3, last: 3 }));
    assert_eq!(outcomes[2], Ok(Appended::Conflict { head: 3 }));
    assert_eq!(backbone.release(session(1), claimed.epoch).await, Ok(false));
    assert_eq!(
        backbone
            .claim(claim(&["main"]))
            .await
            .unwrap()
            .unwrap()
            .session,
        session(1)
    );
}

pub async fn a_new_rank_does_not_end_the_claim(place: &dyn Place) {
    let backbone = place.open().await;
    store(&*backbone, first(1, waiting("main", 1))).await;
    let claimed = backbone.claim(claim(&["main"])).await.unwrap().unwrap();
    store(
        &*backbone,
        Append {
            index: Some(urgent("main", -5)),
            ..next(1, 1, 2)
        },
    )
    .await;
    assert_eq!(backbone.claim(claim(&["main"])).await, Ok(None));
    assert_eq!(store(&*backbone, own(1, 2, 3, claimed.epoch)).await, 3);
}

pub async fn a_session_that_waits_again_is_claimed_again(place: &dyn Place) {
    let backbone = place.open().await;
    store(&*backbone, first(1, waiting("main", 1))).await;
    let claimed = backbone.claim(claim(&["main"])).await.unwrap().unwrap();
    store(&*backbone, own(1, 1, 2, claimed.epoch)).await;
    store(
        &*backbone,
        Append {
            index: Some(waiting("other", 9)),
            ..next(1, 2, 3)
        },
    )
    .await;
    assert_eq!(backbone.claim(claim(&["main"])).await, Ok(None));
    let again = backbone.claim(claim(&["other"])).await.unwrap().unwrap();
    assert_eq!((again.session, again.head), (session(1), 3));
    assert!(again.epoch > claimed.epoch);
}
