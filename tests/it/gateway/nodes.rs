//! Several real nodes over a real shared tier: what follows when one is killed, frozen, or started twice.

use callbox_proto::codec::Encoding;
use callbox_proto::event::{Event, ReleaseReason};
use callbox_proto::ids::SessionId;
use callbox_proto::message::Board;
use callbox_proto::vocabulary::{Category, NodeState, Standing};

use super::cluster::shows;
use super::harness::{Console, Gateway, Resident, SteadyResident, Topology, among_nodes, opening};

among_nodes!(
    sessions_of_a_killed_node_s_people_are_offered_again_and_the_supervisor_is_told,
    residents_of_a_killed_node_go_on_at_another,
);

/// Somebody at the node where residents are, while staff in general are at the last.
async fn beside_residents(gateway: &Gateway, name: &str) -> Console {
    let who = gateway.sign_in(name).await;
    let console = Console::connect(gateway.here(), &who, Encoding::MessagePack).await;
    console.ready_for_everything();
    console
}

/// Ann's session is Tina's at the last node; Tom sees it at the first.
async fn scene(gateway: &Gateway) -> (Resident, Console, Console, SessionId) {
    let ann = gateway.resident().await;
    let tina = gateway.console("tina").await;
    let tom = beside_residents(gateway, "tom").await;
    let session = ann.open("A dog barks").await;
    tina.takes(session).await;
    tom.stands(session, Standing::Owned).await;
    (ann, tina, tom, session)
}

async fn is_offered_again(ann: &Resident, tom: &Console, session: SessionId) {
    let reason = ReleaseReason::ConsoleLost;
    ann.entry(|event| *event == Event::Released { reason })
        .await;
    tom.stands(session, Standing::Waiting).await;
}

async fn is_given_back(ann: &Resident, tom: &Console, session: SessionId) {
    is_offered_again(ann, tom, session).await;
    assert_eq!(tom.take_next().await, session);
}

async fn sessions_of_a_killed_node_s_people_are_offered_again_and_the_supervisor_is_told(
    on: Topology,
) {
    let mut gateway = on.start().await;
    let (ann, _tina, tom, session) = scene(&gateway).await;
    // Where Tina is not: of three nodes at the one in the middle.
    let (sue, killed) = match on {
        Topology::ThreeNodes => (gateway.staff("sue").await, "node-2"),
        _ => (beside_residents(&gateway, "sue").await, "node-1"),
    };
    let is_there = |board: &Board| {
        let mut people = board.people.iter();
        people.any(|person| person.staff.as_str() == "tina")
    };
    sue.board(is_there).await;
    sue.stands(session, Standing::Owned).await;
    gateway.last().kill().await;
    is_offered_again(&ann, &tom, session).await;
    // Somebody answered and nobody owns: that is what her page warns of.
    let row = sue.stands(session, Standing::Waiting).await;
    assert!(row.answered_ms.is_some(), "{row:?}");
    shows(&sue, killed, |node| node.state == NodeState::Gone).await;
    sue.board(|board| !is_there(board)).await;
    assert_eq!(tom.take_next().await, session);
    let row = sue.stands(session, Standing::Owned).await;
    assert_eq!(row.owner, Some("tom".parse().unwrap()));
}

#[tokio::test]
async fn sessions_of_a_frozen_node_s_people_are_offered_again_and_it_goes_on_when_it_thaws() {
    let mut gateway = Topology::TwoNodes.start().await;
    let (ann, tina, tom, session) = scene(&gateway).await;
    gateway.last().freeze();
    is_given_back(&ann, &tom, session).await;
    gateway.last().thaw();
    let row = tina
        .row(session, |row| {
            row.owner
                .as_ref()
                .is_some_and(|owner| owner.as_str() == "tom")
        })
        .await;
    assert_eq!(row.standing, Standing::Owned);
    tom.says(session, "Still here").await;
    ann.reads("Still here").await;
}

async fn residents_of_a_killed_node_go_on_at_another(on: Topology) {
    let mut gateway = on.start().await;
    let report = opening(Category::Other, "opening");
    let mut ann = SteadyResident::new(gateway.address(), report, Encoding::MessagePack);
    ann.until(|ann| ann.session.is_some()).await;
    let session = ann.session.expect("opened");
    let tina = gateway.console("tina").await;
    tina.takes(session).await;
    tina.follows(session, 0).await;
    for line in 0..200 {
        ann.says(&line.to_string());
    }
    ann.until(|ann| ann.receipts().len() > 50).await;
    let safe = ann.receipts().clone();
    gateway.kill().await;
    ann.moves_to(gateway.desk());
    ann.until(SteadyResident::all_safe).await;
    for (id, receipt) in &safe {
        assert_eq!(
            ann.receipts()[id],
            *receipt,
            "what was safe stays where it was"
        );
    }
    ann.until(|ann| ann.texts().len() > 200).await;
    let written: Vec<_> = (0..200).map(|line| line.to_string()).collect();
    assert_eq!(ann.texts()[1..], written, "each once and in order");
    tina.reads(session, "199").await;
    let seqs: Vec<_> = tina
        .entries(session)
        .iter()
        .map(|entry| entry.seq)
        .collect();
    assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>(), "no hole");
}

#[tokio::test]
async fn a_second_node_of_the_same_name_is_refused_with_clear_words() {
    let gateway = Topology::TwoNodes.start().await;
    let said = gateway.refused("").await;
    assert!(
        said.contains("another node named node-0 is running"),
        "{said}"
    );
}
