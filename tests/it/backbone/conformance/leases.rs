//! Leases: holders, deadlines, epochs.

use callbox::backbone::Lease;

use crate::backbone::Place;
use crate::backbone::make::LEASE_MS;

pub async fn a_lease_has_one_holder_until_its_deadline(place: &dyn Place) {
    let backbone = place.open().await;
    let lease = backbone
        .take_lease("console/1", "node-a", LEASE_MS)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((&*lease.name, &*lease.holder), ("console/1", "node-a"));
    assert_eq!(
        backbone.take_lease("console/1", "node-b", LEASE_MS).await,
        Ok(None)
    );
    place.pass_time(LEASE_MS + 1).await;
    let taken = backbone
        .take_lease("console/1", "node-b", LEASE_MS)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(&*taken.holder, "node-b");
    assert_eq!(
        backbone.take_lease("console/1", "node-a", LEASE_MS).await,
        Ok(None)
    );
}

pub async fn the_epoch_of_a_lease_grows_with_each_new_holder(place: &dyn Place) {
    let backbone = place.open().await;
    let first = backbone
        .take_lease("l", "a", LEASE_MS)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        backbone.take_lease("l", "a", LEASE_MS).await,
        Ok(Some(first.clone())),
        "the same holder keeps its epoch"
    );
    assert_eq!(backbone.drop_lease(&first).await, Ok(true));
    let second = backbone
        .take_lease("l", "b", LEASE_MS)
        .await
        .unwrap()
        .unwrap();
    assert!(second.epoch > first.epoch);
    place.pass_time(LEASE_MS + 1).await;
    let third = backbone
        .take_lease("l", "b", LEASE_MS)
        .await
        .unwrap()
        .unwrap();
    assert!(
        third.epoch > second.epoch,
        "it was held by nobody in between"
    );
}

pub async fn a_lease_is_prolonged_only_by_who_holds_it(place: &dyn Place) {
    let backbone = place.open().await;
    let lease = backbone
        .take_lease("l", "a", LEASE_MS)
        .await
        .unwrap()
        .unwrap();
    place.pass_time(LEASE_MS * 6 / 10).await;
    assert_eq!(backbone.renew_lease(&lease, LEASE_MS).await, Ok(true));
    place.pass_time(LEASE_MS * 6 / 10).await;
    assert_eq!(backbone.take_lease("l", "b", LEASE_MS).await, Ok(None));
    let forged = Lease {
        epoch: lease.epoch + 1,
        ..lease.clone()
    };
    assert_eq!(backbone.renew_lease(&forged, LEASE_MS).await, Ok(false));
    assert_eq!(backbone.drop_lease(&forged).await, Ok(false));
    assert_eq!(backbone.drop_lease(&lease).await, Ok(true));
    assert_eq!(backbone.drop_lease(&lease).await, Ok(false));
}

pub async fn a_lease_past_its_deadline_has_no_holder(place: &dyn Place) {
    let backbone = place.open().await;
    let lease = backbone
        .take_lease("l", "a", LEASE_MS)
        .await
        .unwrap()
        .unwrap();
    place.pass_time(LEASE_MS + 1).await;
    assert_eq!(backbone.renew_lease(&lease, LEASE_MS).await, Ok(false));
    assert_eq!(backbone.drop_lease(&lease).await, Ok(false));
}

pub async fn overdue_leases_are_told_until_taken_over(place: &dyn Place) {
    let backbone = place.open().await;
    let lease = backbone
        .take_lease("l", "a", LEASE_MS)
        .await
        .unwrap()
        .unwrap();
    backbone
        .take_lease("longer", "a", 100 * LEASE_MS)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(backbone.overdue_leases(10).await, Ok(vec![]));
    place.pass_time(LEASE_MS + 1).await;
    assert_eq!(backbone.overdue_leases(10).await, Ok(vec![lease.clone()]));
    assert_eq!(backbone.overdue_leases(0).await, Ok(vec![]));
    let taken = backbone
        .take_lease("l", "reaper", LEASE_MS)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(backbone.overdue_leases(10).await, Ok(vec![]));
    assert_eq!(backbone.drop_lease(&taken).await, Ok(true));
}
