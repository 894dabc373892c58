//! Bounds: refused over them, taken at them; and the guarantee.

use bytes::Bytes;
use callbox::backbone::{
    APPEND_MAX_RECORDS, Append, Appended, BATCH_MAX_APPENDS, BackboneError, CLAIM_MAX_QUEUES,
    Claim, Guarantee, IndexRow, LEASE_TEXT_MAX_BYTES, LOG_MAX_RECORDS, PUBLISH_MAX_BYTES,
    READ_MAX_ROWS, RECORD_MAX_BYTES, SUMMARY_MAX_BYTES, StandingKind,
};

use crate::backbone::Place;
use crate::backbone::make::{agency, append, claim, first, next, session, store, text, waiting};

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
    assert!(over(append(&*backbone, next(1, LOG_MAX_RECORDS, 2)).await));
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
