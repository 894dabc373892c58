//! Bell: rings, publications, missed rings.

use bytes::Bytes;
use callbox::backbone::{BATCH_MAX_APPENDS, Ring};

use crate::backbone::Place;
use crate::backbone::make::{agency, appended, first, next, ring, session, store, text, waiting};

pub async fn every_stored_append_rings_its_agency(place: &dyn Place) {
    let backbone = place.open().await;
    let mut bell = backbone.subscribe(&agency()).await.unwrap();
    store(&*backbone, first(1, waiting("main", 1))).await;
    assert_eq!(appended(&mut *bell).await, (session(1), 1));
    backbone.append(vec![next(1, 1, 2), next(1, 2, 3)]).await;
    let mut head = 1;
    while head < 3 {
        (_, head) = appended(&mut *bell).await;
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
        let (session, head) = appended(&mut *bell).await;
        assert!(backbone.read(session, head - 1, 1).await.unwrap().len() == 1);
        assert!(backbone.find_session(session).await.unwrap().unwrap().head >= head);
    }
    writing.await.unwrap();
}

pub async fn rings_at_hand_are_the_next_ones_and_none_comes_twice(place: &dyn Place) {
    let backbone = place.open().await;
    let mut bell = backbone.subscribe(&agency()).await.unwrap();
    store(&*backbone, first(1, waiting("main", 1))).await;
    for head in 1..=9 {
        store(&*backbone, next(1, head, u128::from(head) + 1)).await;
    }
    let mut heads = Vec::new();
    while heads.last() != Some(&10) {
        heads.push(appended(&mut *bell).await.1);
        while let Some(at_hand) = bell.at_hand() {
            let Ring::Appended { head, .. } = at_hand else {
                panic!("{at_hand:?}")
            };
            heads.push(head);
        }
    }
    assert!(heads.is_sorted_by(|one, next| one < next), "{heads:?}");
    assert_eq!(heads.len(), 10);
    assert_eq!(bell.at_hand(), None);
}

pub async fn what_is_not_stored_does_not_ring(place: &dyn Place) {
    let backbone = place.open().await;
    store(&*backbone, first(1, waiting("main", 1))).await;
    let mut bell = backbone.subscribe(&agency()).await.unwrap();
    backbone
        .append(vec![next(1, 0, 1), next(1, 7, 2), next(2, 7, 3)])
        .await;
    store(&*backbone, first(3, waiting("main", 1))).await;
    assert_eq!(appended(&mut *bell).await, (session(3), 1));
}

pub async fn records_that_come_with_a_ring_are_those_of_the_log(place: &dyn Place) {
    let backbone = place.open().await;
    let mut bell = backbone.subscribe(&agency()).await.unwrap();
    store(&*backbone, first(1, waiting("main", 1))).await;
    let mut two = next(1, 1, 2);
    two.records = vec![text("one"), Bytes::from_static(b"\0 \xff 9 ")];
    let mut long = next(1, 4, 4);
    long.records = vec![Bytes::from(vec![b'x'; 100_000])];
    backbone.append(vec![two, next(1, 3, 3), long]).await;
    let mut head = 0;
    while head < 5 {
        let Some(Ring::Appended {
            session,
            head: now,
            records,
        }) = ring(&mut *bell).await
        else {
            panic!("missed")
        };
        head = now;
        if let Some(came) = records.first() {
            let log = backbone.read(session, came.seq - 1, records.len()).await;
            assert_eq!(log.unwrap(), records.to_vec());
            assert_eq!(records.last().map(|record| record.seq), Some(head));
        }
    }
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
