//! Real nodes over a real shared tier, as the people who run them see them: the board's nodes and an administrator's drain.

use callbox_proto::error::{CloseCode, ErrorCode};
use callbox_proto::ids::CommandId;
use callbox_proto::message::{FromStaff, NodeFigures, ToResident, ToStaff};
use callbox_proto::vocabulary::NodeState;

use super::harness::{Console, Gateway, Topology, fresh};

/// Waits until the board shows a node so.
pub(super) async fn shows(
    who: &Console,
    name: &str,
    wanted: impl Fn(&NodeFigures) -> bool,
) -> NodeFigures {
    who.wire
        .wait(|m| match m {
            ToStaff::Board(board) => {
                let mut nodes = board.nodes.iter();
                nodes
                    .find(|node| node.name == name && wanted(node))
                    .cloned()
            }
            _ => None,
        })
        .await
}

async fn answer(who: &Console, id: CommandId) -> Result<(), ErrorCode> {
    who.wire
        .wait(|m| match m {
            ToStaff::Done { id: of } if *of == id => Some(Ok(())),
            ToStaff::Error(error) if error.id == Some(id) => Some(Err(error.code)),
            _ => None,
        })
        .await
}

async fn drains(who: &Console, node: &str) -> Result<(), ErrorCode> {
    let id = fresh();
    who.wire.send(&FromStaff::Drain {
        id,
        node: node.to_owned(),
        within_s: 3_600,
        per_s: Some(1),
    });
    answer(who, id).await
}

async fn undrains(who: &Console, node: &str) -> Result<(), ErrorCode> {
    let (id, node) = (fresh(), node.to_owned());
    who.wire.send(&FromStaff::Undrain { id, node });
    answer(who, id).await
}

#[tokio::test]
async fn an_administrator_drains_another_node_over_the_staff_link_and_it_is_on_record() {
    let mut gateway = Topology::TwoNodes.start().await;
    let ada = gateway.staff("ada").await;
    let ann = gateway.resident().await;
    ann.open("A dog barks").await;
    let first = shows(&ada, "node-0", |node| node.sessions == Some(1)).await;
    assert_eq!(
        (first.state, first.connections),
        (NodeState::Ready, Some(1))
    );
    assert_eq!(first.guarantee, "shared_disk");
    assert!(first.disk_free_bytes.is_some());

    assert_eq!(drains(&ada, "node-0").await, Ok(()));
    let told = |m: &ToResident| matches!(m, ToResident::Reconnect { .. }).then_some(());
    ann.wire.wait(told).await;
    assert_eq!(ann.wire.closed().await, Some(CloseCode::GoingDown.number()));
    let draining = shows(&ada, "node-0", |node| node.state == NodeState::Draining).await;
    assert_eq!(draining.drain.map(|drain| drain.per_s), Some(1));
    assert_eq!(undrains(&ada, "node-0").await, Ok(()));
    shows(&ada, "node-0", |node| node.state == NodeState::Ready).await;
    gateway.resident().await.open("I am new here").await;

    let log = gateway.log();
    let line = |words: &str| {
        log.lines()
            .any(|line| line.contains(words) && line.contains("ada"))
    };
    assert!(
        line("draining: clients are sent") && line("no longer draining"),
        "{log}"
    );
    gateway.kill().await;
    let gone = shows(&ada, "node-0", |node| node.state == NodeState::Gone).await;
    assert_eq!(gone.version, first.version, "as it was last heard");
    assert_eq!(drains(&ada, "node-0").await, Err(ErrorCode::NoSuchNode));
}

#[tokio::test]
async fn a_node_that_is_configured_otherwise_is_told_on_the_board_and_in_the_log() {
    let other = "agency.banner = \"Another sentence\"";
    let gateway = Gateway::cluster_of(&["", other]).await;
    let sue = gateway.staff("sue").await;
    shows(&sue, "node-0", |node| node.differs == ["agency"]).await;
    // Both say it; the first hears the second as soon as the second hears the first, or a hello later.
    while !gateway.log().contains("configures this agency differently") {
        sue.wire
            .wait(|m| matches!(m, ToStaff::Board(_)).then_some(()))
            .await;
    }
}

#[tokio::test]
async fn the_only_node_has_no_name_and_cannot_be_drained_from_a_page() {
    let gateway = Gateway::start().await;
    let ada = gateway.staff("ada").await;
    let node = shows(&ada, "", |node| node.here).await;
    assert_eq!(
        (node.state, node.guarantee.as_str()),
        (NodeState::Ready, "local_disk")
    );
    assert_eq!(drains(&ada, "").await, Err(ErrorCode::NowhereToGo));
    assert_eq!(undrains(&ada, "").await, Ok(()));
}
