//! Nodes as people see them: how each is, which is gone, which is configured otherwise, and an administrator's word for a drain.

use std::sync::Arc;

use callbox::node::Node;
use callbox::node::agency::Settings;
use callbox::node::cluster::Wanted;
use callbox_domain::policy::Policy;
use callbox_domain::triage::Rules;
use callbox_proto::error::ErrorCode;
use callbox_proto::message::{Board, NodeFigures, ToStaff};
use callbox_proto::vocabulary::{NodeState, Role};

use super::desk::{AtConsole, Cluster, Resident, agency_id};

const SLOWLY: Wanted = Wanted::Drain {
    within_s: 3_600,
    per_s: Some(1),
};

/// Waits until the board shows a node so.
async fn shows(who: &mut AtConsole, name: &str, wanted: impl Fn(&NodeFigures) -> bool) -> Board {
    who.line
        .wait(|m| match m {
            ToStaff::Board(board) => {
                let mut nodes = board.nodes.iter();
                let found = nodes.any(|node| node.name == name && wanted(node));
                found.then(|| board.clone())
            }
            _ => None,
        })
        .await
}

fn ada(node: &Arc<Node>) -> AtConsole {
    AtConsole::signs_in(node, "ada", Role::Administrator)
}

#[tokio::test]
async fn each_node_tells_the_others_how_it_is() {
    let cluster = Cluster::new();
    let (east, west) = cluster.two().await;
    let mut sue = AtConsole::sue(&west);
    let _ann = Resident::opens(&east, "A dog barks").await;
    let board = shows(&mut sue, "east", |node| node.sessions == Some(1)).await;
    let names: Vec<_> = board.nodes.iter().map(|node| node.name.as_str()).collect();
    assert_eq!(names, ["east", "west"]);
    let [east, west] = &board.nodes[..] else {
        panic!("two nodes");
    };
    assert_eq!((east.here, west.here), (false, true));
    for node in [east, west] {
        assert_eq!(node.state, NodeState::Ready);
        assert_eq!(node.version, env!("CARGO_PKG_VERSION"));
        assert_eq!(
            (node.guarantee.as_str(), &node.because),
            ("local_disk", &None)
        );
        assert_eq!(node.differs, [] as [&str; 0]);
        assert!(board.now_ms - node.heard_ms < 5_000);
    }
}

#[tokio::test]
async fn a_node_that_went_is_shown_as_gone_until_it_is_back() {
    let cluster = Cluster::new();
    let (east, west) = cluster.two().await;
    let mut sue = AtConsole::sue(&west);
    shows(&mut sue, "east", |node| node.state == NodeState::Ready).await;
    east.leave().await;
    east.stop();
    let board = shows(&mut sue, "east", |node| node.state == NodeState::Gone).await;
    assert_eq!(board.nodes.len(), 2);
    let _again = cluster.node("east").await;
    let board = shows(&mut sue, "east", |node| node.state == NodeState::Ready).await;
    assert_eq!(board.nodes.len(), 2, "once");
}

#[tokio::test]
async fn a_node_that_configures_an_agency_otherwise_is_named_with_what() {
    let cluster = Cluster::new();
    let (east, west) = cluster.two().await;
    let mut sue = AtConsole::sue(&west);
    let here = east.agency(&agency_id()).unwrap();
    let before = here.policy();
    let mut queues = before.queues().to_vec();
    queues[0].targets_ms[0] = 9_000;
    let rules: Rules = toml::from_str("version = \"another\"").unwrap();
    let settings = Settings::clone(&here.settings());
    let other = Policy::clone(&before).with_queues(queues, before.queue_for(None));
    here.set_settings(settings.clone(), other.unwrap());
    here.set_rules(rules);
    shows(&mut sue, "east", |node| {
        node.differs == ["queues", "triage"]
    })
    .await;
    here.set_settings(settings, Policy::clone(&before));
    here.set_rules(before.rules().clone());
    shows(&mut sue, "east", |node| node.differs.is_empty()).await;
}

#[tokio::test]
async fn an_administrator_has_another_node_drain_and_takes_it_back() {
    let cluster = Cluster::new();
    let (east, west) = cluster.two().await;
    let mut ada = ada(&west);
    shows(&mut ada, "east", |node| node.state == NodeState::Ready).await;
    west.order(&ada.person, "east", SLOWLY).await.unwrap();
    assert!(east.is_draining() && !west.is_draining());
    let draining = |node: &NodeFigures| {
        node.state == NodeState::Draining && node.drain.is_some_and(|drain| drain.per_s == 1)
    };
    let board = shows(&mut ada, "east", draining).await;
    assert_eq!(
        board.people,
        [],
        "an administrator is told of nodes, not of people"
    );
    west.order(&ada.person, "east", Wanted::Undrain)
        .await
        .unwrap();
    assert!(!east.is_draining());
    shows(&mut ada, "east", |node| node.state == NodeState::Ready).await;
    west.order(&ada.person, "west", SLOWLY).await.unwrap();
    assert!(west.is_draining(), "its own node as well");
}

#[tokio::test]
async fn an_order_that_cannot_be_carried_out_says_why() {
    let cluster = Cluster::new();
    let (east, west) = cluster.two().await;
    let mut ada = ada(&west);
    shows(&mut ada, "east", |node| node.state == NodeState::Ready).await;
    let nowhere = west.order(&ada.person, "north", SLOWLY).await;
    assert_eq!(nowhere, Err(ErrorCode::NoSuchNode));
    let never = Wanted::Drain {
        within_s: 0,
        per_s: None,
    };
    for node in ["east", "west"] {
        let refused = west.order(&ada.person, node, never).await;
        assert_eq!(refused, Err(ErrorCode::OutOfRange), "{node}");
    }
    east.leave().await;
    east.stop();
    shows(&mut ada, "east", |node| node.state == NodeState::Gone).await;
    let gone = west.order(&ada.person, "east", SLOWLY).await;
    assert_eq!(gone, Err(ErrorCode::NoSuchNode));
    let alone = west.order(&ada.person, "west", SLOWLY).await;
    assert_eq!(alone, Err(ErrorCode::NowhereToGo));
}

#[tokio::test]
async fn an_agency_that_does_not_run_the_nodes_orders_nothing_and_is_told_no_figures() {
    let mut cluster = Cluster::new();
    cluster.further.push("guest.example".parse().unwrap());
    let (east, west) = cluster.two().await;
    let mut guest = ada(&west);
    guest.hangs_up();
    guest.person.agency = west.agency(&"guest.example".parse().unwrap()).unwrap();
    west.sign_in(&guest.person, &guest.line.outbox);
    let board = shows(&mut guest, "east", |node| node.state == NodeState::Ready).await;
    assert!(
        board
            .nodes
            .iter()
            .all(|node| (node.connections, node.sessions) == (None, None))
    );
    for node in ["east", "west"] {
        let refused = west.order(&guest.person, node, SLOWLY).await;
        assert_eq!(refused, Err(ErrorCode::NotAllowed), "{node}");
    }
    assert!(!east.is_draining() && !west.is_draining());
}
