//! The contract of `callbox::backbone`, sentence by sentence. Every implementation runs all of it.

use std::collections::HashSet;

use bytes::Bytes;
use callbox::backbone::{
    APPEND_MAX_RECORDS, Append, Appended, BATCH_MAX_APPENDS, BackboneError, CLAIM_MAX_QUEUES,
    Claim, Guarantee, IndexRow, LEASE_TEXT_MAX_BYTES, Lane, PUBLISH_MAX_BYTES, READ_MAX_BYTES,
    READ_MAX_ROWS, RECORD_MAX_BYTES, Ring, SUMMARY_MAX_BYTES, Standing, StandingKind,
};

use super::Place;
use super::make::*;

/// Makes a test of each sentence for one place.
macro_rules! conformance_suite {
    ($place:expr) => {
        $crate::backbone::conformance::conformance_suite! { $place;
            records_are_numbered_from_one_without_holes
            every_append_of_a_batch_is_answered_by_itself_in_order
            appends_to_one_session_in_one_batch_see_the_ones_before_them
            records_and_index_row_are_written_both_or_neither
            an_append_without_a_row_leaves_the_row_as_it_is
            a_command_sent_twice_is_a_duplicate_with_its_first_numbers_whatever_is_expected
            a_command_is_remembered_however_long_the_log_grows
            the_same_command_in_another_session_is_another_command
            another_head_than_expected_is_a_conflict_and_writes_nothing
            a_first_append_needs_a_row_and_no_log_to_expect
            a_session_belongs_to_the_agency_of_its_first_append
            what_one_handle_stored_another_reads
            a_log_is_read_in_pages_and_an_empty_page_is_its_end
            a_page_of_large_records_ends_early_and_paging_goes_on
            what_nobody_wrote_is_not_found
            waiting_sessions_are_listed_by_rank_then_id_and_in_pages
            other_standings_are_listed_by_id
            one_agency_never_sees_the_index_of_another
            every_change_of_the_index_raises_its_version
            a_claim_takes_the_lowest_rank_over_all_its_queues
            a_claim_outside_priority_one_falls_back_to_the_lowest_of_all
            two_claims_never_hold_one_session
            a_claim_names_the_head_of_the_log
            the_epoch_of_a_session_grows_with_each_claim
            a_released_claim_leaves_the_session_where_it_stood
            an_overdue_claim_leaves_the_session_where_it_stood
            an_append_with_a_live_epoch_completes_the_claim
            an_append_with_an_outdated_epoch_is_a_conflict
            an_append_after_which_the_session_no_longer_waits_ends_the_claim
            a_claim_ends_even_if_the_session_waits_again_in_the_same_batch
            a_new_rank_does_not_end_the_claim
            a_session_that_waits_again_is_claimed_again
            a_lease_has_one_holder_until_its_deadline
            the_epoch_of_a_lease_grows_with_each_new_holder
            a_lease_is_prolonged_only_by_who_holds_it
            a_lease_past_its_deadline_has_no_holder
            overdue_leases_are_told_until_taken_over
            every_stored_append_rings_its_agency
            what_is_rung_is_in_the_log
            what_is_not_stored_does_not_ring
            a_publication_reaches_every_subscriber_of_its_agency_only
            a_slow_subscriber_is_told_that_it_missed_rings
            what_is_over_a_bound_is_refused_and_never_cut
            at_the_bounds_everything_is_taken
            something_is_guaranteed
        }
    };
    ($place:expr; $($sentence:ident)*) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $sentence() {
            $crate::backbone::conformance::$sentence(&$place).await;
        })*
    };
}
pub(crate) use conformance_suite;

const STORED_FIRST: Appended = Appended::Stored { first: 1, last: 1 };

pub async fn records_are_numbered_from_one_without_holes(place: &dyn Place) {
    let backbone = place.open().await;
    let mut opening = first(1, waiting("main", 5));
    opening.records = vec![text("a"), text("b"), text("c")];
    assert_eq!(
        append(&*backbone, opening).await,
        Ok(Appended::Stored { first: 1, last: 3 })
    );
    assert_eq!(
        append(&*backbone, next(1, 3, 2)).await,
        Ok(Appended::Stored { first: 4, last: 4 })
    );
    let records = backbone.read(session(1), 0, 10).await.unwrap();
    assert_eq!(
        records.iter().map(|record| record.seq).collect::<Vec<_>>(),
        [1, 2, 3, 4]
    );
    assert_eq!(records[1].payload, text("b"));
    assert_eq!(
        (records[2].command, records[3].command),
        (command(1), command(2))
    );
}

pub async fn every_append_of_a_batch_is_answered_by_itself_in_order(place: &dyn Place) {
    let backbone = place.open().await;
    let batch = vec![
        first(1, waiting("main", 1)),
        next(2, 7, 50),
        next(1, 5, 51),
        first(3, waiting("main", 1)),
        first(1, waiting("main", 9)),
        Append {
            records: vec![],
            ..next(1, 1, 52)
        },
    ];
    let outcomes = backbone.append(batch).await;
    assert_eq!(outcomes[0], Ok(STORED_FIRST));
    assert_eq!(outcomes[1], Err(BackboneError::NoSuchSession));
    assert_eq!(outcomes[2], Ok(Appended::Conflict { head: 1 }));
    assert_eq!(outcomes[3], Ok(STORED_FIRST));
    assert_eq!(outcomes[4], Ok(Appended::Duplicate { first: 1, last: 1 }));
    assert!(matches!(outcomes[5], Err(BackboneError::OverBound { .. })));
    assert_eq!(outcomes.len(), 6);
    assert_eq!(backbone.append(vec![]).await, []);
}

pub async fn appends_to_one_session_in_one_batch_see_the_ones_before_them(place: &dyn Place) {
    let backbone = place.open().await;
    let batch = vec![
        first(1, waiting("main", 1)),
        next(1, 1, 2),
        next(1, 2, 3),
        next(1, 2, 4),
        next(1, 0, 3),
    ];
    let outcomes = backbone.append(batch).await;
    assert_eq!(outcomes[2], Ok(Appended::Stored { first: 3, last: 3 }));
    assert_eq!(outcomes[3], Ok(Appended::Conflict { head: 3 }));
    assert_eq!(outcomes[4], Ok(Appended::Duplicate { first: 3, last: 3 }));
    assert_eq!(
        backbone
            .find_session(session(1))
            .await
            .unwrap()
            .unwrap()
            .head,
        3
    );
}

pub async fn records_and_index_row_are_written_both_or_neither(place: &dyn Place) {
    let backbone = place.open().await;
    store(&*backbone, first(1, waiting("main", 1))).await;
    let owned = Append {
        index: Some(row("other", Standing::Owned)),
        ..next(1, 1, 2)
    };
    let refused = Append {
        expected: 9,
        command: command(3),
        ..owned.clone()
    };
    append(&*backbone, refused).await.unwrap();
    assert_eq!(
        backbone
            .find_session(session(1))
            .await
            .unwrap()
            .unwrap()
            .row,
        waiting("main", 1)
    );
    store(&*backbone, owned).await;
    let found = backbone.find_session(session(1)).await.unwrap().unwrap();
    assert_eq!((found.head, found.row), (2, row("other", Standing::Owned)));
    assert_eq!((found.session, found.agency), (session(1), agency()));
    assert_eq!(backbone.read(session(1), 1, 10).await.unwrap().len(), 1);
}

pub async fn an_append_without_a_row_leaves_the_row_as_it_is(place: &dyn Place) {
    let backbone = place.open().await;
    store(&*backbone, first(1, waiting("main", -4))).await;
    store(&*backbone, next(1, 1, 2)).await;
    let listed = backbone
        .list(&agency(), StandingKind::Waiting, None, 10)
        .await
        .unwrap();
    assert_eq!(listed.rows[0].row, waiting("main", -4));
    assert_eq!(listed.rows[0].head, 2);
}

pub async fn a_command_sent_twice_is_a_duplicate_with_its_first_numbers_whatever_is_expected(
    place: &dyn Place,
) {
    let backbone = place.open().await;
    store(&*backbone, first(1, waiting("main", 1))).await;
    let twice = Append {
        records: vec![text("x"), text("y")],
        ..next(1, 1, 2)
    };
    store(&*backbone, twice.clone()).await;
    store(&*backbone, next(1, 3, 3)).await;
    for expected in [0, 1, 3, 4, 1_000] {
        let again = Append {
            expected,
            ..twice.clone()
        };
        assert_eq!(
            append(&*backbone, again).await,
            Ok(Appended::Duplicate { first: 2, last: 3 }),
            "{expected}"
        );
    }
    assert_eq!(
        backbone.find_command(session(1), command(2)).await,
        Ok(Some((2, 3)))
    );
    assert_eq!(backbone.read(session(1), 0, 10).await.unwrap().len(), 4);
}

pub async fn a_command_is_remembered_however_long_the_log_grows(place: &dyn Place) {
    let backbone = place.open().await;
    store(&*backbone, first(1, waiting("main", 1))).await;
    for start in (1..5_000_u64).step_by(500) {
        let batch = (start..start + 500)
            .map(|head| next(1, head, u128::from(head) + 1))
            .collect();
        assert!(
            backbone
                .append(batch)
                .await
                .iter()
                .all(|outcome| matches!(outcome, Ok(Appended::Stored { .. })))
        );
    }
    for seq in [1, 2, 1_023, 1_024, 1_025, 2_048, 3_000, 5_001] {
        let again = next(1, 5_001, u128::from(seq));
        assert_eq!(
            append(&*backbone, again).await,
            Ok(Appended::Duplicate {
                first: seq,
                last: seq
            })
        );
        assert_eq!(
            backbone
                .find_command(session(1), command(u128::from(seq)))
                .await,
            Ok(Some((seq, seq)))
        );
    }
    assert_eq!(
        backbone.find_command(session(1), command(9_999)).await,
        Ok(None)
    );
}

pub async fn the_same_command_in_another_session_is_another_command(place: &dyn Place) {
    let backbone = place.open().await;
    store(&*backbone, first(1, waiting("main", 1))).await;
    let same = Append {
        command: command(1),
        ..first(2, waiting("main", 1))
    };
    assert_eq!(append(&*backbone, same).await, Ok(STORED_FIRST));
}

pub async fn another_head_than_expected_is_a_conflict_and_writes_nothing(place: &dyn Place) {
    let backbone = place.open().await;
    store(&*backbone, first(1, waiting("main", 1))).await;
    store(&*backbone, next(1, 1, 2)).await;
    for expected in [0, 1, 3, u64::MAX] {
        assert_eq!(
            append(&*backbone, next(1, expected, 3)).await,
            Ok(Appended::Conflict { head: 2 })
        );
    }
    assert_eq!(
        backbone.find_command(session(1), command(3)).await,
        Ok(None)
    );
    assert_eq!(
        append(&*backbone, next(1, 2, 3)).await,
        Ok(Appended::Stored { first: 3, last: 3 })
    );
}

pub async fn a_first_append_needs_a_row_and_no_log_to_expect(place: &dyn Place) {
    let backbone = place.open().await;
    let without_row = Append {
        index: None,
        ..first(1, waiting("main", 1))
    };
    assert_eq!(
        append(&*backbone, without_row).await,
        Err(BackboneError::NoSuchSession)
    );
    let expecting = Append {
        expected: 1,
        ..first(1, waiting("main", 1))
    };
    assert_eq!(
        append(&*backbone, expecting).await,
        Err(BackboneError::NoSuchSession)
    );
    assert_eq!(
        append(&*backbone, first(1, waiting("main", 1))).await,
        Ok(STORED_FIRST)
    );
}

pub async fn a_session_belongs_to_the_agency_of_its_first_append(place: &dyn Place) {
    let backbone = place.open().await;
    store(&*backbone, first(1, waiting("main", 1))).await;
    let foreign = Append {
        agency: "other.example".parse().unwrap(),
        ..next(1, 1, 2)
    };
    assert_eq!(
        append(&*backbone, foreign).await,
        Err(BackboneError::NoSuchSession)
    );
    assert_eq!(
        backbone
            .find_session(session(1))
            .await
            .unwrap()
            .unwrap()
            .head,
        1
    );
}

pub async fn what_one_handle_stored_another_reads(place: &dyn Place) {
    let (one, other) = (place.open().await, place.open().await);
    let mut bell = other.subscribe(&agency()).await.unwrap();
    store(&*one, first(1, waiting("main", 1))).await;
    assert_eq!(
        ring(&mut *bell).await,
        Some(Ring::Appended {
            session: session(1),
            head: 1
        })
    );
    assert_eq!(other.read(session(1), 0, 10).await.unwrap().len(), 1);
    assert_eq!(
        append(&*other, next(1, 0, 1)).await,
        Ok(Appended::Duplicate { first: 1, last: 1 })
    );
    let claimed = other.claim(claim(&["main"])).await.unwrap().unwrap();
    assert_eq!(one.claim(claim(&["main"])).await, Ok(None));
    assert_eq!(one.release(session(1), claimed.epoch).await, Ok(true));
}

pub async fn a_log_is_read_in_pages_and_an_empty_page_is_its_end(place: &dyn Place) {
    let backbone = place.open().await;
    store(&*backbone, first(1, waiting("main", 1))).await;
    backbone
        .append(
            (1..25)
                .map(|head| next(1, head, u128::from(head) + 1))
                .collect(),
        )
        .await;
    let mut seen = Vec::new();
    loop {
        let page = backbone
            .read(session(1), seen.len() as u64, 10)
            .await
            .unwrap();
        if page.is_empty() {
            break;
        }
        seen.extend(page.into_iter().map(|record| record.seq));
    }
    assert_eq!(seen, (1..=25).collect::<Vec<_>>());
    assert_eq!(backbone.read(session(1), u64::MAX, 10).await, Ok(vec![]));
}

pub async fn a_page_of_large_records_ends_early_and_paging_goes_on(place: &dyn Place) {
    let backbone = place.open().await;
    let large = Bytes::from(vec![7; RECORD_MAX_BYTES]);
    let count = READ_MAX_BYTES / RECORD_MAX_BYTES + 5;
    let opening = Append {
        records: vec![large.clone(); count],
        ..first(1, waiting("main", 1))
    };
    store(&*backbone, opening).await;
    let page = backbone.read(session(1), 0, READ_MAX_ROWS).await.unwrap();
    assert!(!page.is_empty() && page.len() < count);
    let rest = backbone
        .read(session(1), page.len() as u64, READ_MAX_ROWS)
        .await
        .unwrap();
    assert_eq!(page.len() + rest.len(), count);
    assert!(
        page.iter()
            .chain(&rest)
            .all(|record| record.payload == large)
    );
}

pub async fn what_nobody_wrote_is_not_found(place: &dyn Place) {
    let backbone = place.open().await;
    assert_eq!(backbone.read(session(1), 0, 10).await, Ok(vec![]));
    assert_eq!(backbone.find_session(session(1)).await, Ok(None));
    assert_eq!(
        backbone.find_command(session(1), command(1)).await,
        Ok(None)
    );
    let listed = backbone
        .list(&agency(), StandingKind::Closed, None, 10)
        .await
        .unwrap();
    assert!(listed.rows.is_empty() && listed.next.is_none());
    assert_eq!(backbone.claim(claim(&["main"])).await, Ok(None));
    assert_eq!(backbone.release(session(1), 1).await, Ok(false));
}

pub async fn waiting_sessions_are_listed_by_rank_then_id_and_in_pages(place: &dyn Place) {
    let backbone = place.open().await;
    for (number, queue, rank) in [
        (5, "a", 30),
        (1, "b", 30),
        (9, "a", -7),
        (2, "b", 40),
        (3, "a", i64::MIN),
    ] {
        store(&*backbone, first(number, waiting(queue, rank))).await;
    }
    store(&*backbone, first(4, row("a", Standing::Owned))).await;
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = backbone
            .list(&agency(), StandingKind::Waiting, after, 2)
            .await
            .unwrap();
        seen.extend(page.rows.iter().map(|found| found.session.as_u128()));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, [3, 9, 1, 5, 2]);
}

pub async fn other_standings_are_listed_by_id(place: &dyn Place) {
    let backbone = place.open().await;
    let kinds = [
        (Standing::Owned, StandingKind::Owned),
        (Standing::Abandoned, StandingKind::Abandoned),
        (Standing::Closed, StandingKind::Closed),
    ];
    for (place, (standing, _)) in kinds.iter().enumerate() {
        for number in [3, 1, 2] {
            store(
                &*backbone,
                first(
                    number + 10 * (place as u128 + 1),
                    row("main", standing.clone()),
                ),
            )
            .await;
        }
    }
    for (place, (standing, kind)) in kinds.iter().enumerate() {
        let page = backbone.list(&agency(), *kind, None, 2).await.unwrap();
        let rest = backbone.list(&agency(), *kind, page.next, 2).await.unwrap();
        let ids: Vec<_> = page
            .rows
            .iter()
            .chain(&rest.rows)
            .map(|found| found.session.as_u128())
            .collect();
        let base = 10 * (place as u128 + 1);
        assert_eq!(ids, [base + 1, base + 2, base + 3]);
        assert_eq!(page.rows[0].row.standing, *standing);
        assert_eq!(rest.next, None);
    }
}

pub async fn one_agency_never_sees_the_index_of_another(place: &dyn Place) {
    let backbone = place.open().await;
    let other = "other.example".parse().unwrap();
    store(&*backbone, first(1, waiting("main", 1))).await;
    assert!(
        backbone
            .list(&other, StandingKind::Waiting, None, 10)
            .await
            .unwrap()
            .rows
            .is_empty()
    );
    let foreign = Claim {
        agency: other,
        ..claim(&["main"])
    };
    assert_eq!(backbone.claim(foreign).await, Ok(None));
}

pub async fn every_change_of_the_index_raises_its_version(place: &dyn Place) {
    let backbone = place.open().await;
    let version = async || {
        backbone
            .list(&agency(), StandingKind::Waiting, None, 1)
            .await
            .unwrap()
            .version
    };
    let mut before = version().await;
    store(&*backbone, first(1, waiting("main", 1))).await;
    let changes: [IndexRow; 3] = [
        waiting("main", 2),
        waiting("other", 2),
        row("other", Standing::Owned),
    ];
    for (head, change) in (1..).zip(changes) {
        let now = version().await;
        assert!(now > before, "{now} after {before}");
        before = now;
        store(
            &*backbone,
            Append {
                index: Some(change),
                ..next(1, head, u128::from(head) + 10)
            },
        )
        .await;
    }
    assert!(version().await > before);
}

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
    place.pass_time(1_001).await;
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
    place.pass_time(1_001).await;
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
    place.pass_time(1_001).await;
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

pub async fn a_lease_has_one_holder_until_its_deadline(place: &dyn Place) {
    let backbone = place.open().await;
    let lease = backbone
        .take_lease("console/1", "node-a", 100)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((&*lease.name, &*lease.holder), ("console/1", "node-a"));
    assert_eq!(
        backbone.take_lease("console/1", "node-b", 100).await,
        Ok(None)
    );
    place.pass_time(101).await;
    let taken = backbone
        .take_lease("console/1", "node-b", 100)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(&*taken.holder, "node-b");
    assert_eq!(
        backbone.take_lease("console/1", "node-a", 100).await,
        Ok(None)
    );
}

pub async fn the_epoch_of_a_lease_grows_with_each_new_holder(place: &dyn Place) {
    let backbone = place.open().await;
    let first = backbone.take_lease("l", "a", 100).await.unwrap().unwrap();
    assert_eq!(
        backbone.take_lease("l", "a", 100).await,
        Ok(Some(first.clone())),
        "the same holder keeps its epoch"
    );
    assert_eq!(backbone.drop_lease(&first).await, Ok(true));
    let second = backbone.take_lease("l", "b", 100).await.unwrap().unwrap();
    assert!(second.epoch > first.epoch);
    place.pass_time(101).await;
    let third = backbone.take_lease("l", "b", 100).await.unwrap().unwrap();
    assert!(
        third.epoch > second.epoch,
        "it was held by nobody in between"
    );
}

pub async fn a_lease_is_prolonged_only_by_who_holds_it(place: &dyn Place) {
    let backbone = place.open().await;
    let lease = backbone.take_lease("l", "a", 100).await.unwrap().unwrap();
    place.pass_time(60).await;
    assert_eq!(backbone.renew_lease(&lease, 100).await, Ok(true));
    place.pass_time(60).await;
    assert_eq!(backbone.take_lease("l", "b", 100).await, Ok(None));
    let forged = callbox::backbone::Lease {
        epoch: lease.epoch + 1,
        ..lease.clone()
    };
    assert_eq!(backbone.renew_lease(&forged, 100).await, Ok(false));
    assert_eq!(backbone.drop_lease(&forged).await, Ok(false));
    assert_eq!(backbone.drop_lease(&lease).await, Ok(true));
    assert_eq!(backbone.drop_lease(&lease).await, Ok(false));
}

pub async fn a_lease_past_its_deadline_has_no_holder(place: &dyn Place) {
    let backbone = place.open().await;
    let lease = backbone.take_lease("l", "a", 100).await.unwrap().unwrap();
    place.pass_time(101).await;
    assert_eq!(backbone.renew_lease(&lease, 100).await, Ok(false));
    assert_eq!(backbone.drop_lease(&lease).await, Ok(false));
}

pub async fn overdue_leases_are_told_until_taken_over(place: &dyn Place) {
    let backbone = place.open().await;
    let lease = backbone.take_lease("l", "a", 100).await.unwrap().unwrap();
    backbone
        .take_lease("longer", "a", 10_000)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(backbone.overdue_leases(10).await, Ok(vec![]));
    place.pass_time(101).await;
    assert_eq!(backbone.overdue_leases(10).await, Ok(vec![lease.clone()]));
    assert_eq!(backbone.overdue_leases(0).await, Ok(vec![]));
    let taken = backbone
        .take_lease("l", "reaper", 100)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(backbone.overdue_leases(10).await, Ok(vec![]));
    assert_eq!(backbone.drop_lease(&taken).await, Ok(true));
}

pub async fn every_stored_append_rings_its_agency(place: &dyn Place) {
    let backbone = place.open().await;
    let mut bell = backbone.subscribe(&agency()).await.unwrap();
    store(&*backbone, first(1, waiting("main", 1))).await;
    assert_eq!(
        ring(&mut *bell).await,
        Some(Ring::Appended {
            session: session(1),
            head: 1
        })
    );
    backbone.append(vec![next(1, 1, 2), next(1, 2, 3)]).await;
    let mut head = 1;
    while head < 3 {
        match ring(&mut *bell).await {
            Some(Ring::Appended { head: now, .. }) => head = now,
            other => panic!("{other:?}"),
        }
    }
}

pub async fn what_is_rung_is_in_the_log(place: &dyn Place) {
    let backbone = place.open().await;
    let mut bell = backbone.subscribe(&agency()).await.unwrap();
    let writer = backbone.clone();
    let writing = tokio::spawn(async move {
        for number in 1..=50 {
            store(&*writer, first(number, waiting("main", 1))).await;
        }
    });
    for _ in 0..50 {
        let Some(Ring::Appended { session, head }) = ring(&mut *bell).await else {
            panic!("missed")
        };
        assert!(backbone.read(session, head - 1, 1).await.unwrap().len() == 1);
        assert!(backbone.find_session(session).await.unwrap().unwrap().head >= head);
    }
    writing.await.unwrap();
}

pub async fn what_is_not_stored_does_not_ring(place: &dyn Place) {
    let backbone = place.open().await;
    store(&*backbone, first(1, waiting("main", 1))).await;
    let mut bell = backbone.subscribe(&agency()).await.unwrap();
    backbone
        .append(vec![next(1, 0, 1), next(1, 7, 2), next(2, 7, 3)])
        .await;
    store(&*backbone, first(3, waiting("main", 1))).await;
    assert_eq!(
        ring(&mut *bell).await,
        Some(Ring::Appended {
            session: session(3),
            head: 1
        })
    );
}

pub async fn a_publication_reaches_every_subscriber_of_its_agency_only(place: &dyn Place) {
    let backbone = place.open().await;
    let other = "other.example".parse().unwrap();
    let mut bells = [
        backbone.subscribe(&agency()).await.unwrap(),
        backbone.subscribe(&agency()).await.unwrap(),
    ];
    let mut foreign = backbone.subscribe(&other).await.unwrap();
    backbone.publish(&agency(), text("typing")).await.unwrap();
    backbone.publish(&other, text("theirs")).await.unwrap();
    for bell in &mut bells {
        assert_eq!(
            ring(&mut **bell).await,
            Some(Ring::Published(text("typing")))
        );
    }
    assert_eq!(
        ring(&mut *foreign).await,
        Some(Ring::Published(text("theirs")))
    );
}

pub async fn a_slow_subscriber_is_told_that_it_missed_rings(place: &dyn Place) {
    let backbone = place.open().await;
    let mut bell = backbone.subscribe(&agency()).await.unwrap();
    let mut number = 0;
    for _ in 0..20 {
        let mut batch = Vec::new();
        while batch.len() < BATCH_MAX_APPENDS {
            number += 1;
            batch.push(first(number, waiting("main", 1)));
        }
        backbone.append(batch).await;
    }
    let mut missed = false;
    let last = loop {
        match ring(&mut *bell).await {
            Some(Ring::Missed) => missed = true,
            Some(Ring::Appended { session, .. }) if session.as_u128() == number => break session,
            Some(_) => {}
            None => panic!("closed"),
        }
    };
    assert!(missed);
    assert_eq!(last, session(number));
}

pub async fn what_is_over_a_bound_is_refused_and_never_cut(place: &dyn Place) {
    let backbone = place.open().await;
    let over = |error: Result<Appended, BackboneError>| {
        matches!(error, Err(BackboneError::OverBound { .. }))
    };
    let start = || first(1, waiting("main", 1));
    let many = Append {
        records: vec![text("x"); APPEND_MAX_RECORDS + 1],
        ..start()
    };
    assert!(over(append(&*backbone, many).await));
    let long = Append {
        records: vec![Bytes::from(vec![0; RECORD_MAX_BYTES + 1])],
        ..start()
    };
    assert!(over(append(&*backbone, long).await));
    let wordy = IndexRow {
        summary: Bytes::from(vec![0; SUMMARY_MAX_BYTES + 1]),
        ..waiting("main", 1)
    };
    assert!(over(append(&*backbone, first(1, wordy)).await));
    let batch = backbone.append(vec![start(); BATCH_MAX_APPENDS + 1]).await;
    assert_eq!(batch.len(), BATCH_MAX_APPENDS + 1);
    assert!(batch.into_iter().all(over));
    assert_eq!(backbone.find_session(session(1)).await, Ok(None));
    let refused = [
        backbone.read(session(1), 0, READ_MAX_ROWS + 1).await.err(),
        backbone
            .list(&agency(), StandingKind::Owned, None, READ_MAX_ROWS + 1)
            .await
            .err(),
        backbone
            .publish(&agency(), Bytes::from(vec![0; PUBLISH_MAX_BYTES + 1]))
            .await
            .err(),
        backbone
            .take_lease(&"x".repeat(LEASE_TEXT_MAX_BYTES + 1), "a", 1)
            .await
            .err(),
        backbone
            .take_lease("a", &"x".repeat(LEASE_TEXT_MAX_BYTES + 1), 1)
            .await
            .err(),
        backbone
            .claim(claim(&vec!["a"; CLAIM_MAX_QUEUES + 1]))
            .await
            .err(),
        backbone
            .claim(Claim {
                lease_ms: 0,
                ..claim(&["a"])
            })
            .await
            .err(),
    ];
    for error in refused {
        assert!(
            matches!(error, Some(BackboneError::OverBound { .. })),
            "{error:?}"
        );
    }
}

pub async fn at_the_bounds_everything_is_taken(place: &dyn Place) {
    let backbone = place.open().await;
    let full = IndexRow {
        summary: Bytes::from(vec![1; SUMMARY_MAX_BYTES]),
        ..waiting("main", i64::MAX)
    };
    let records = vec![text("x"); APPEND_MAX_RECORDS - 1]
        .into_iter()
        .chain([Bytes::from(vec![2; RECORD_MAX_BYTES])]);
    let opening = Append {
        records: records.collect(),
        ..first(1, full.clone())
    };
    store(&*backbone, opening).await;
    assert_eq!(
        backbone
            .find_session(session(1))
            .await
            .unwrap()
            .unwrap()
            .row,
        full
    );
    let batch = (0..BATCH_MAX_APPENDS as u64)
        .map(|step| next(1, 64 + step, u128::from(step) + 100))
        .collect();
    assert!(backbone.append(batch).await.iter().all(Result::is_ok));
    let records = backbone.read(session(1), 0, READ_MAX_ROWS).await.unwrap();
    assert_eq!(records.len(), APPEND_MAX_RECORDS + BATCH_MAX_APPENDS);
    assert_eq!(records[63].payload.len(), RECORD_MAX_BYTES);
    backbone
        .publish(&agency(), Bytes::from(vec![0; PUBLISH_MAX_BYTES]))
        .await
        .unwrap();
}

pub async fn something_is_guaranteed(place: &dyn Place) {
    assert_ne!(place.open().await.guarantee(), Guarantee::None);
}
