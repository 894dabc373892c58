//! Destruction: what is left, what stays as it was, and that nothing else is there any more.

use std::sync::Arc;

use bytes::Bytes;
use callbox::backbone::{
    Append, Appended, Backbone, BackboneError, Destroy, Destroyed, Record, Remains, Ring,
    SUMMARY_MAX_BYTES, Seq, Standing, StandingKind,
};

use crate::backbone::Place;
use crate::backbone::make::{
    agency, append, claim, command, first, next, ring, row, session, store, text, waiting,
};

/// Leaves the first record as it is, and of the others their numbers.
pub struct OnlyNumbers;

impl Remains for OnlyNumbers {
    fn of(&self, record: &Record) -> Option<Bytes> {
        let left = text(&format!("was {}", record.seq));
        (record.seq > 1 && record.payload != left).then_some(left)
    }
}

/// A destruction of a session that ends there.
pub fn destruction(number: u128, expected: Seq) -> Destroy {
    Destroy {
        agency: agency(),
        session: session(number),
        expected,
        summary: text("blank"),
    }
}

pub async fn destroy(
    backbone: &dyn Backbone,
    destroy: Destroy,
) -> Result<Destroyed, BackboneError> {
    backbone.destroy(destroy, Arc::new(OnlyNumbers)).await
}

/// A closed session with three records.
async fn closed(backbone: &dyn Backbone, number: u128) {
    store(backbone, first(number, waiting("main", 1))).await;
    let closing = Append {
        records: vec![text("somebody fell"), text("closed")],
        index: Some(row("main", Standing::Closed { rank: -7 })),
        ..next(number, 1, 50)
    };
    store(backbone, closing).await;
}

async fn payloads(backbone: &dyn Backbone, number: u128) -> Vec<Bytes> {
    let records = backbone.read(session(number), 0, 1_000).await.unwrap();
    records.into_iter().map(|record| record.payload).collect()
}

pub async fn a_destroyed_session_keeps_numbers_commands_head_and_standing_and_only_what_is_left(
    place: &dyn Place,
) {
    let backbone = place.open().await;
    closed(&*backbone, 1).await;
    closed(&*backbone, 2).await;
    let version = async || {
        let kind = StandingKind::Closed;
        let listed = backbone.list(&agency(), kind, None, 10).await.unwrap();
        assert_eq!(listed.rows.len(), 2);
        (listed.version, listed.rows[0].row.clone())
    };
    let (before, _) = version().await;
    assert_eq!(
        destroy(&*backbone, destruction(1, 3)).await,
        Ok(Destroyed::Done)
    );
    let records = backbone.read(session(1), 0, 10).await.unwrap();
    let left: Vec<_> = records
        .into_iter()
        .map(|record| (record.seq, record.command, record.payload))
        .collect();
    let expected = [
        (1, command(1), text("opened")),
        (2, command(50), text("was 2")),
        (3, command(50), text("was 3")),
    ];
    assert_eq!(left, expected);
    let found = backbone.find_session(session(1)).await.unwrap().unwrap();
    assert_eq!((found.head, found.agency), (3, agency()));
    let (after, listed) = version().await;
    assert!(after > before);
    assert_eq!(listed, found.row);
    assert_eq!(found.row.standing, Standing::Closed { rank: -7 });
    assert_eq!(found.row.summary, text("blank"));
    assert_eq!(
        payloads(&*backbone, 2).await[1],
        text("somebody fell"),
        "another session is left alone"
    );
}

pub async fn a_command_of_a_destroyed_session_is_a_duplicate_and_its_log_goes_on(
    place: &dyn Place,
) {
    let backbone = place.open().await;
    closed(&*backbone, 1).await;
    destroy(&*backbone, destruction(1, 3)).await.unwrap();
    let place_of_it = backbone.find_command(session(1), command(50)).await;
    assert_eq!(place_of_it, Ok(Some((2, 3))));
    assert_eq!(
        append(&*backbone, next(1, 3, 50)).await,
        Ok(Appended::Duplicate { first: 2, last: 3 })
    );
    assert_eq!(store(&*backbone, next(1, 3, 51)).await, 4);
    assert_eq!(
        append(&*backbone, next(1, 3, 52)).await,
        Ok(Appended::Conflict { head: 4 })
    );
    assert_eq!(payloads(&*backbone, 1).await[3], text("record by 51"));
}

pub async fn destroying_twice_is_destroying_once(place: &dyn Place) {
    let backbone = place.open().await;
    closed(&*backbone, 1).await;
    for _ in 0..2 {
        assert_eq!(
            destroy(&*backbone, destruction(1, 3)).await,
            Ok(Destroyed::Done)
        );
        let left = [text("opened"), text("was 2"), text("was 3")];
        assert_eq!(payloads(&*backbone, 1).await, left);
    }
}

pub async fn two_that_destroy_at_once_leave_what_one_would(place: &dyn Place) {
    let (one, other) = (place.open().await, place.open().await);
    closed(&*one, 1).await;
    let (first, second) = tokio::join!(
        destroy(&*one, destruction(1, 3)),
        destroy(&*other, destruction(1, 3))
    );
    assert_eq!((first, second), (Ok(Destroyed::Done), Ok(Destroyed::Done)));
    let left = [text("opened"), text("was 2"), text("was 3")];
    assert_eq!(payloads(&*one, 1).await, left);
    assert_eq!(payloads(&*other, 1).await, left);
}

pub async fn destroying_with_another_head_is_a_conflict_and_leaves_all_as_it_is(place: &dyn Place) {
    let backbone = place.open().await;
    closed(&*backbone, 1).await;
    for expected in [0, 2, 4, u64::MAX] {
        assert_eq!(
            destroy(&*backbone, destruction(1, expected)).await,
            Ok(Destroyed::Conflict { head: 3 }),
            "{expected}"
        );
    }
    let whole = [text("opened"), text("somebody fell"), text("closed")];
    assert_eq!(payloads(&*backbone, 1).await, whole);
    let found = backbone.find_session(session(1)).await.unwrap().unwrap();
    assert_eq!(found.row.summary, text("summary"));
}

pub async fn what_is_not_the_agencys_is_not_destroyed(place: &dyn Place) {
    let backbone = place.open().await;
    closed(&*backbone, 1).await;
    let foreign = Destroy {
        agency: "other.example".parse().unwrap(),
        ..destruction(1, 3)
    };
    let none = Err(BackboneError::NoSuchSession);
    assert_eq!(destroy(&*backbone, foreign).await, none);
    assert_eq!(destroy(&*backbone, destruction(9, 3)).await, none);
    assert_eq!(payloads(&*backbone, 1).await[1], text("somebody fell"));
    let long = Destroy {
        summary: Bytes::from(vec![7; SUMMARY_MAX_BYTES + 1]),
        ..destruction(1, 3)
    };
    let refused = destroy(&*backbone, long).await;
    assert!(matches!(refused, Err(BackboneError::OverBound { .. })));
}

pub async fn a_long_log_is_destroyed_whole(place: &dyn Place) {
    let backbone = place.open().await;
    store(&*backbone, first(1, waiting("main", 1))).await;
    for start in (1..2_501_u64).step_by(500) {
        let batch = (start..start + 500)
            .map(|head| next(1, head, u128::from(head) + 1))
            .collect();
        let outcomes = backbone.append(batch).await;
        assert!(outcomes.iter().all(Result::is_ok));
    }
    assert_eq!(
        destroy(&*backbone, destruction(1, 2_501)).await,
        Ok(Destroyed::Done)
    );
    let mut seq = 0;
    loop {
        let page = backbone.read(session(1), seq, 1_000).await.unwrap();
        if page.is_empty() {
            break;
        }
        for record in page {
            seq += 1;
            assert_eq!(record.seq, seq);
            let left = match seq {
                1 => text("opened"),
                _ => text(&format!("was {seq}")),
            };
            assert_eq!(record.payload, left);
        }
    }
    assert_eq!(seq, 2_501);
    for seq in [2, 1_024, 1_025, 2_501] {
        let found = backbone.find_command(session(1), command(u128::from(seq)));
        assert_eq!(found.await, Ok(Some((seq, seq))));
    }
}

pub async fn what_one_handle_destroyed_another_does_not_read_and_nothing_rings(place: &dyn Place) {
    let (one, other) = (place.open().await, place.open().await);
    closed(&*one, 1).await;
    assert_eq!(payloads(&*other, 1).await[1], text("somebody fell"));
    let mut bell = other.subscribe(&agency()).await.unwrap();
    destroy(&*one, destruction(1, 3)).await.unwrap();
    assert_eq!(payloads(&*other, 1).await[1], text("was 2"));
    let found = other.find_session(session(1)).await.unwrap().unwrap();
    assert_eq!(found.row.summary, text("blank"));
    store(&*one, next(1, 3, 60)).await;
    match ring(&mut *bell).await {
        Some(Ring::Appended {
            session: of, head, ..
        }) => assert_eq!((of, head), (session(1), 4)),
        other => panic!("{other:?}"),
    }
}

pub async fn destroying_leaves_a_claim_as_it_is(place: &dyn Place) {
    let backbone = place.open().await;
    store(&*backbone, first(1, waiting("main", 1))).await;
    store(&*backbone, next(1, 1, 2)).await;
    let claimed = backbone.claim(claim(&["main"])).await.unwrap().unwrap();
    destroy(&*backbone, destruction(1, 2)).await.unwrap();
    assert_eq!(backbone.claim(claim(&["main"])).await, Ok(None));
    let owned = Append {
        index: Some(row("main", Standing::Owned)),
        claim_epoch: Some(claimed.epoch),
        ..next(1, 2, 3)
    };
    assert_eq!(store(&*backbone, owned).await, 3);
}
