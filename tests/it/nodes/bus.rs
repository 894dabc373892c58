//! What nodes say to each other, and that a node alone says nothing.

use std::time::Duration;

use callbox::backbone::{Backbone, Ring};
use callbox::node::StartError;
use callbox_proto::ids::AgencyId;
use callbox_proto::message::ToStaff;
use callbox_proto::vocabulary::Standing;

use super::desk::{AtConsole, Cluster, Resident, agency_id};
use crate::gateway::harness::soon;

/// Kinds of messages on the bus until nothing more has come for a while.
async fn kinds(bell: &mut dyn callbox::backbone::Subscription, wait: Duration) -> Vec<String> {
    let mut kinds = Vec::new();
    while let Ok(Some(ring)) = tokio::time::timeout(wait, bell.next()).await {
        if let Ring::Published(bytes) = ring {
            let message: serde_json::Value = rmp_serde::from_slice(&bytes).unwrap();
            kinds.push(message["body"]["kind"].as_str().unwrap().to_owned());
        }
    }
    kinds
}

#[tokio::test]
async fn a_node_alone_says_nothing() {
    let cluster = Cluster::new();
    let node = cluster.alone().await;
    let mut bell = cluster.backbone.subscribe(&agency_id()).await.unwrap();
    let ann = Resident::opens(&node, "A dog barks").await;
    let (tina, mut tom) = (AtConsole::tina(&node), AtConsole::tom(&node));
    tina.is_available();
    tom.row(ann.session(), |row| row.connected).await;
    tina.takes(ann.session()).await;
    tina.hangs_up();
    tom.row(ann.session(), |row| row.standing == Standing::Owned)
        .await;
    tom.row(ann.session(), |row| row.standing == Standing::Waiting)
        .await;
    let said = kinds(bell.as_mut(), Duration::from_millis(300)).await;
    assert_eq!(said, [] as [&str; 0]);
    let leases = cluster.backbone.overdue_leases(10).await.unwrap();
    assert_eq!(leases, []);
}

#[tokio::test]
async fn a_node_that_knows_no_other_only_says_that_it_is_there() {
    let cluster = Cluster::new();
    let mut bell = cluster.backbone.subscribe(&agency_id()).await.unwrap();
    let node = cluster.node("east").await;
    let ann = Resident::opens(&node, "A dog barks").await;
    let mut tina = AtConsole::tina(&node);
    tina.row(ann.session(), |row| row.connected).await;
    tina.takes(ann.session()).await;
    let said = kinds(bell.as_mut(), Duration::from_millis(300)).await;
    assert!(
        said.iter()
            .all(|kind| ["hello", "who_is_there"].contains(&kind.as_str())),
        "{said:?}"
    );
}

#[tokio::test]
async fn two_nodes_of_one_name_are_one_too_many() {
    let cluster = Cluster::new();
    let _east = cluster.node("east").await;
    let second = cluster.try_node("east", &[]).await;
    assert!(matches!(second, Err(StartError::NameTaken { name }) if name == "east"));
}

#[tokio::test]
async fn a_node_that_does_not_share_what_must_be_shared_is_refused() {
    let cluster = Cluster::new();
    let _east = cluster
        .try_node("east", &[("signing key", "1"), ("song", "a")])
        .await
        .unwrap();
    let west = cluster.try_node("west", &[("signing key", "2")]).await;
    assert!(matches!(west, Err(StartError::Differs { what }) if what == "signing key"));
    cluster
        .try_node("north", &[("signing key", "1")])
        .await
        .unwrap();
}

#[tokio::test]
async fn messages_of_newer_nodes_and_nonsense_are_passed_over() {
    let cluster = Cluster::new();
    let (east, west) = cluster.two().await;
    let newer = serde_json::json!({
        "v": 1, "n": 1, "from": {"name": "future", "instance": 99},
        "body": {"kind": "sings", "song": ["la"]},
    });
    let publications = [
        rmp_serde::to_vec_named(&newer).unwrap(),
        b"nonsense".to_vec(),
        Vec::new(),
    ];
    for publication in publications {
        let agency = agency_id();
        let published = cluster.backbone.publish(&agency, publication.into());
        published.await.unwrap();
    }
    let mut ann = Resident::opens(&east, "A dog barks").await;
    let tina = AtConsole::tina(&west);
    tina.takes(ann.session()).await;
    soon(async {
        tina.says(ann.session(), "Which dog?").await;
        ann.reads("Which dog?").await;
    })
    .await;
}

/// Says something on an agency's bus as another node would.
async fn say(cluster: &Cluster, agency: &AgencyId, instance: u64, body: serde_json::Value) {
    let from = serde_json::json!({ "name": format!("node-{instance}"), "instance": instance });
    let message = serde_json::json!({ "v": 1, "from": from, "n": 1, "body": body });
    let bytes = rmp_serde::to_vec_named(&message).unwrap();
    cluster
        .backbone
        .publish(agency, bytes.into())
        .await
        .unwrap();
}

#[tokio::test]
async fn what_is_said_on_another_agency_s_bus_reaches_no_session() {
    let mut cluster = Cluster::new();
    let harbour: AgencyId = "harbour.example".parse().unwrap();
    cluster.further = vec![harbour.clone()];
    let mut bell = cluster.backbone.subscribe(&harbour).await.unwrap();
    let node = cluster.node("east").await;
    let ann = Resident::opens(&node, "A dog barks").await;
    let mut tina = AtConsole::tina(&node);
    tina.takes(ann.session()).await;
    tina.follows(ann.session()).await;
    let typed = |words: &str| {
        let text =
            serde_json::json!({ "message": "7".repeat(32), "part": 0, "from": 0, "text": words });
        serde_json::json!({
            "kind": "typed", "session": ann.session().to_string(), "by": { "role": "resident" }, "typed": text,
        })
    };
    say(&cluster, &harbour, 9, typed("from the harbour")).await;
    // A node that was not known is asked to tell everything: by then the word before it has been heard.
    say(&cluster, &harbour, 10, serde_json::json!({ "kind": "bye" })).await;
    soon(async {
        loop {
            let Some(Ring::Published(bytes)) = bell.next().await else {
                continue;
            };
            let message: serde_json::Value = rmp_serde::from_slice(&bytes).unwrap();
            if message["body"]["only"] == 10 {
                return;
            }
        }
    })
    .await;
    say(&cluster, &super::desk::agency_id(), 9, typed("from here")).await;
    let shown = |message: &ToStaff| match message {
        ToStaff::RealTimeText { typed, .. } => Some(typed.text.clone()),
        _ => None,
    };
    assert_eq!(tina.line.wait(shown).await, "from here");
}
