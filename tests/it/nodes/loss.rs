//! A node is gone: its people's sessions, its residents.

use callbox::backbone::Backbone as _;
use callbox_proto::event::{Event, ReleaseReason};
use callbox_proto::vocabulary::Standing;

use super::desk::{AtConsole, Cluster, Resident};
use crate::gateway::harness::soon;

#[tokio::test]
async fn sessions_of_a_node_that_falls_silent_are_offered_again() {
    let cluster = Cluster::new();
    let (east, west) = cluster.two().await;
    let mut ann = Resident::opens(&west, "A dog barks").await;
    let (tina, mut tom) = (AtConsole::tina(&east), AtConsole::tom(&west));
    tina.takes(ann.session()).await;
    tom.row(ann.session(), |row| row.standing == Standing::Owned)
        .await;
    // No good-bye: its tasks end as if the process had been killed.
    east.stop();
    let given_back = Event::Released {
        reason: ReleaseReason::ConsoleLost,
    };
    ann.entry(|event| *event == given_back).await;
    tom.row(ann.session(), |row| row.standing == Standing::Waiting)
        .await;
    tom.takes(ann.session()).await;
}

#[tokio::test]
async fn residents_of_a_node_that_falls_silent_are_away_and_waited_for() {
    let mut cluster = Cluster::new();
    cluster.limits.resume_grace_ms = 1_000;
    let (east, west) = cluster.two().await;
    let mut tom = AtConsole::tom(&west);
    let ann = Resident::opens(&east, "A dog barks").await;
    tom.row(ann.session(), |row| row.connected).await;
    east.stop();
    tom.row(ann.session(), |row| !row.connected).await;
    tom.row(ann.session(), |row| row.standing == Standing::Abandoned)
        .await;
    let mut back = ann.comes_back(&west, 0).await;
    back.entry(|event| *event == Event::Returned).await;
}

#[tokio::test]
async fn a_resident_taken_for_gone_by_mistake_is_back_at_once() {
    let cluster = Cluster::new();
    let (east, west) = cluster.two().await;
    let mut ann = Resident::opens(&east, "A dog barks").await;
    let cell = west.session(ann.session()).await.unwrap();
    let gone = callbox_domain::session::GatewayCommand::ResidentGone;
    west.note(&cell, gone);
    ann.entry(|event| *event == Event::Abandoned).await;
    ann.entry(|event| *event == Event::Returned).await;
}

#[tokio::test]
async fn a_node_that_says_good_bye_is_not_waited_for() {
    let mut cluster = Cluster::new();
    cluster.limits.resume_grace_ms = 1_000;
    let (east, west) = cluster.two().await;
    let mut tom = AtConsole::tom(&west);
    let ann = Resident::opens(&east, "A dog barks").await;
    tom.row(ann.session(), |row| row.connected).await;
    east.leave().await;
    east.stop();
    tom.row(ann.session(), |row| !row.connected).await;
    // The name is free at once.
    cluster.node("east").await;
}

#[tokio::test]
async fn people_of_an_agency_that_no_node_serves_do_not_stand_before_one_s_own() {
    let mut cluster = Cluster::new();
    cluster.limits.restart_grace_ms = 0;
    // More than one look takes in, all of them lost before ours.
    let strangers = (0..150).map(|number| format!("console/harbour.example/p{number}"));
    let ours = "console/demo.example/ghost".to_owned();
    for name in strangers.chain([ours.clone()]) {
        let lease = cluster.backbone.take_lease(&name, "lost/1", 1).await;
        assert!(lease.unwrap().is_some());
    }
    let _node = cluster.node("east").await;
    soon(async {
        loop {
            let overdue = cluster.backbone.overdue_leases(500).await.unwrap();
            if overdue.iter().all(|lease| *lease.name != *ours) {
                // The others are left to whoever serves them.
                assert_eq!(overdue.len(), 150);
                return;
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
}
