//! Log: numbers, duplicates, conflicts, reading.

use bytes::Bytes;
use callbox::backbone::{
    Append, Appended, BackboneError, READ_MAX_BYTES, READ_MAX_ROWS, RECORD_MAX_BYTES, Standing,
    StandingKind,
};

use crate::backbone::Place;
use crate::backbone::make::{
    agency, append, appended, claim, command, first, next, row, session, store, text, waiting,
};

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

pub async fn a_command_that_stands_twice_in_a_batch_is_written_once(place: &dyn Place) {
    let backbone = place.open().await;
    store(&*backbone, first(1, waiting("main", 1))).await;
    let batch = vec![next(1, 1, 50), next(1, 2, 50), next(1, 2, 51)];
    let outcomes = backbone.append(batch).await;
    assert_eq!(outcomes[0], Ok(Appended::Stored { first: 2, last: 2 }));
    assert_eq!(outcomes[1], Ok(Appended::Duplicate { first: 2, last: 2 }));
    assert_eq!(outcomes[2], Ok(Appended::Stored { first: 3, last: 3 }));
    assert_eq!(backbone.read(session(1), 0, 10).await.unwrap().len(), 3);
}

pub async fn what_was_written_together_is_read_from_any_place_to_any_other(place: &dyn Place) {
    let backbone = place.open().await;
    store(&*backbone, first(1, waiting("main", 1))).await;
    let of = |head: u64| Append {
        records: vec![
            Bytes::from(format!("{head} a")),
            Bytes::from(format!("{head} b")),
        ],
        ..next(1, head, u128::from(head) + 10)
    };
    // Two at a time, so that four records lie together.
    for head in (1..100).step_by(4) {
        let outcomes = backbone.append(vec![of(head), of(head + 2)]).await;
        assert!(
            outcomes
                .iter()
                .all(|outcome| matches!(outcome, Ok(Appended::Stored { .. })))
        );
    }
    let whole = backbone.read(session(1), 0, READ_MAX_ROWS).await.unwrap();
    assert_eq!(whole.len(), 101);
    for after in 0..101 {
        for limit in [1, 2, 15, 16, 17, 64, 65, 66, 100] {
            let page = backbone.read(session(1), after, limit).await.unwrap();
            let from = after as usize;
            assert_eq!(page[..], whole[from..whole.len().min(from + limit)]);
        }
    }
    let found = backbone.find_command(session(1), command(15)).await;
    assert_eq!(found, Ok(Some((6, 7))));
}

pub async fn what_goes_on_from_an_append_that_was_not_stored_is_a_conflict(place: &dyn Place) {
    let backbone = place.open().await;
    store(&*backbone, first(1, waiting("main", 1))).await;
    store(&*backbone, next(1, 1, 2)).await;
    let batch = vec![
        next(1, 1, 50),
        next(1, 2, 51),
        next(1, 3, 52),
        next(1, 2, 53),
        next(1, 3, 54),
    ];
    let outcomes = backbone.append(batch).await;
    let conflict = Ok(Appended::Conflict { head: 2 });
    assert_eq!(
        outcomes[..3],
        [conflict.clone(), conflict.clone(), conflict],
        "the head that it expects is another's record"
    );
    assert_eq!(outcomes[3], Ok(Appended::Stored { first: 3, last: 3 }));
    assert_eq!(outcomes[4], Ok(Appended::Stored { first: 4, last: 4 }));

    let known = vec![next(1, 3, 54), next(1, 4, 55)];
    let outcomes = backbone.append(known).await;
    assert_eq!(outcomes[0], Ok(Appended::Duplicate { first: 4, last: 4 }));
    assert_eq!(
        outcomes[1],
        Ok(Appended::Stored { first: 5, last: 5 }),
        "what was there before at its very place is as it was decided"
    );
    let elsewhere = vec![next(1, 4, 53), next(1, 5, 56)];
    let outcomes = backbone.append(elsewhere).await;
    assert_eq!(outcomes[0], Ok(Appended::Duplicate { first: 3, last: 3 }));
    assert_eq!(outcomes[1], Ok(Appended::Conflict { head: 5 }));
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
    assert_eq!(appended(&mut *bell).await, (session(1), 1));
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
