//! Index: order, pages, agencies, versions.

use callbox::backbone::{Append, Claim, IndexCursor, IndexRow, Standing, StandingKind, Tally};

use crate::backbone::Place;
use crate::backbone::make::{agency, claim, first, next, row, store, waiting};

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

pub async fn finished_ones_are_listed_by_rank_then_id(place: &dyn Place) {
    let backbone = place.open().await;
    for (number, rank) in [(1, 5), (2, -9), (3, 5), (4, i64::MIN), (5, 0)] {
        store(
            &*backbone,
            first(number, row("main", Standing::Closed { rank })),
        )
        .await;
    }
    let page = async |after| {
        let page = backbone
            .list(&agency(), StandingKind::Closed, after, 3)
            .await;
        let page = page.unwrap();
        let ids: Vec<_> = page
            .rows
            .iter()
            .map(|found| found.session.as_u128())
            .collect();
        let first = page.rows[0].row.standing.clone();
        (ids, first, page.next)
    };
    let (ids, standing, next) = page(None).await;
    assert_eq!(
        (ids, standing),
        (vec![4, 2, 5], Standing::Closed { rank: i64::MIN })
    );
    let (ids, _, next) = page(next).await;
    assert_eq!((ids, next), (vec![1, 3], None));
    // From a place where nothing stands.
    let session = callbox_proto::ids::SessionId::from_u128(2).unwrap();
    let (ids, ..) = page(Some(IndexCursor { rank: 5, session })).await;
    assert_eq!(ids, [3]);
}

pub async fn other_standings_are_listed_by_id(place: &dyn Place) {
    let backbone = place.open().await;
    let kinds = [
        (Standing::Owned, StandingKind::Owned),
        (Standing::Abandoned, StandingKind::Abandoned),
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

pub async fn a_tally_counts_who_stands_where(place: &dyn Place) {
    let backbone = place.open().await;
    let counted = async || {
        let mut counts = backbone.tally(&agency()).await.unwrap();
        counts.sort_by_key(|tally| (tally.queue.clone(), tally.count));
        let said = |tally: Tally| (tally.queue.to_string(), tally.kind, tally.count);
        counts.into_iter().map(said).collect::<Vec<_>>()
    };
    assert_eq!(counted().await, []);
    for number in 1..=3 {
        store(&*backbone, first(number, waiting("a", 1))).await;
    }
    store(&*backbone, first(4, row("b", Standing::Abandoned))).await;
    store(&*backbone, first(5, row("b", Standing::Closed { rank: 0 }))).await;
    store(&*backbone, next(1, 1, 10)).await;
    let waits = ("a".to_owned(), StandingKind::Waiting, 3);
    let left = ("b".to_owned(), StandingKind::Abandoned, 1);
    assert_eq!(counted().await, [waits, left.clone()]);
    let taken = Append {
        index: Some(row("a", Standing::Owned)),
        ..next(2, 1, 11)
    };
    store(&*backbone, taken).await;
    let owned = ("a".to_owned(), StandingKind::Owned, 1);
    let waits = ("a".to_owned(), StandingKind::Waiting, 2);
    assert_eq!(counted().await, [owned, waits, left]);
    assert_eq!(place.open().await.tally(&agency()).await.unwrap().len(), 3);
    let other = "other.example".parse().unwrap();
    assert_eq!(backbone.tally(&other).await, Ok(vec![]));
}
