//! Entries cross from node to node by the log.

use callbox_proto::command::StaffCommand;
use callbox_proto::event::Event;
use callbox_proto::ids::IncidentId;
use callbox_proto::message::{RealTimeText, ToResident, ToStaff};
use callbox_proto::vocabulary::Standing;

use super::desk::{AtConsole, Cluster, Resident};
use crate::gateway::harness::fresh;

#[tokio::test]
async fn a_text_crosses_both_ways_once_and_in_order() {
    let cluster = Cluster::new();
    let (east, west) = cluster.two().await;
    let mut ann = Resident::opens(&east, "A dog barks").await;
    let mut tina = AtConsole::tina(&west);
    tina.takes(ann.session()).await;
    tina.follows(ann.session()).await;
    ann.entry(|event| *event == Event::Taken).await;
    for round in 0..50 {
        let (question, answer) = (format!("question {round}"), format!("answer {round}"));
        tina.says(ann.session(), &question).await;
        ann.reads(&question).await;
        ann.says(&answer).await;
        tina.reads(&answer).await;
    }
    let seqs = tina.seqs();
    let whole: Vec<_> = (1..=seqs.len() as u64).collect();
    assert_eq!(seqs, whole, "no hole, nothing twice");
}

#[tokio::test]
async fn what_is_linked_at_one_node_is_one_incident_in_the_list_of_the_other() {
    let cluster = Cluster::new();
    let (east, west) = cluster.two().await;
    let ann = Resident::opens(&east, "Smoke at the mill").await;
    let ben = Resident::opens(&east, "The mill burns").await;
    let tina = AtConsole::tina(&east);
    let incident = IncidentId::from(ann.session());
    for session in [ann.session(), ben.session()] {
        tina.does(session, StaffCommand::Link { incident }).await;
    }
    // Two people, so that either row may come first.
    for (mut who, session) in [
        (AtConsole::tom(&west), ann.session()),
        (AtConsole::sue(&west), ben.session()),
    ] {
        who.row(session, |row| row.incident == Some(incident)).await;
    }
}

#[tokio::test]
async fn both_sides_at_once_leave_no_hole() {
    let cluster = Cluster::new();
    let (east, west) = cluster.two().await;
    let mut ann = Resident::opens(&east, "A dog barks").await;
    let mut tina = AtConsole::tina(&west);
    tina.takes(ann.session()).await;
    tina.follows(ann.session()).await;
    for round in 0..20 {
        let (from_ann, from_tina) = (format!("ann {round}"), format!("tina {round}"));
        let says = tina.says(ann.session(), &from_tina);
        tokio::join!(ann.says(&from_ann), says);
        ann.reads(&from_tina).await;
        tina.reads(&from_ann).await;
    }
    let seqs = tina.seqs();
    assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_arrived_and_what_was_opened_is_told_to_the_resident_elsewhere() {
    let cluster = Cluster::new();
    let (east, west) = cluster.two().await;
    let mut ann = Resident::opens(&east, "A dog barks").await;
    let mut tina = AtConsole::tina(&west);
    tina.takes(ann.session()).await;
    tina.follows(ann.session()).await;
    let said = ann.says("It bites").await;
    tina.reads("It bites").await;
    let cell = tina.cell(ann.session()).await;
    west.console_has(&cell, said.last);
    attention(&mut ann, said.last, 0).await;
    tina.does(ann.session(), StaffCommand::Seen { up_to: said.last })
        .await;
    attention(&mut ann, said.last, said.last).await;
    east.resident_has(&ann.cell, said.last, said.last);
    let last = said.last;
    tina.line
        .wait(|m| match m {
            ToStaff::Presence {
                delivered, seen, ..
            } => (*delivered == last && *seen == last).then_some(()),
            _ => None,
        })
        .await;
}

async fn attention(ann: &mut Resident, delivered: u64, seen: u64) {
    let wanted = (delivered, seen);
    ann.line
        .wait(|m| match m {
            ToResident::Attention { delivered, seen } => {
                ((*delivered, *seen) == wanted).then_some(())
            }
            _ => None,
        })
        .await;
}

#[tokio::test]
async fn typing_crosses_both_ways() {
    let cluster = Cluster::new();
    let (east, west) = cluster.two().await;
    let mut ann = Resident::opens(&east, "A dog barks").await;
    let mut tina = AtConsole::tina(&west);
    tina.takes(ann.session()).await;
    tina.follows(ann.session()).await;
    ann.entry(|event| *event == Event::Taken).await;
    tina.connected(ann.session(), true).await;
    let typing = |words: &str| RealTimeText {
        message: fresh(),
        part: 0,
        from: 0,
        text: words.to_owned(),
    };
    east.resident_types(&ann.cell, &typing("He is"));
    tina.line
        .wait(|m| match m {
            ToStaff::RealTimeText { typed, .. } => (typed.text == "He is").then_some(()),
            _ => None,
        })
        .await;
    let cell = tina.cell(ann.session()).await;
    west.staff_types(&tina.person, &cell, typing("Where"));
    ann.line
        .wait(|m| match m {
            ToResident::RealTimeText(typed) => (typed.text == "Where").then_some(()),
            _ => None,
        })
        .await;
}

#[tokio::test]
async fn a_resident_who_connects_elsewhere_has_one_connection() {
    let cluster = Cluster::new();
    let (east, west) = cluster.two().await;
    let mut ann = Resident::opens(&east, "A dog barks").await;
    let mut tina = AtConsole::tina(&east);
    tina.row(ann.session(), |row| row.connected).await;
    let mut there = ann.comes_back(&west, 0).await;
    there.reads("A dog barks").await;
    let closed = ann.line.closed().await;
    assert_eq!(closed, callbox_proto::error::CloseCode::Replaced);
    ann.hangs_up();
    tina.takes(ann.session()).await;
    tina.follows(ann.session()).await;
    tina.connected(ann.session(), true).await;
    tina.says(ann.session(), "Which dog?").await;
    there.reads("Which dog?").await;
    let mut again = there.comes_back(&east, 0).await;
    assert_eq!(
        there.line.closed().await,
        callbox_proto::error::CloseCode::Replaced
    );
    again.reads("Which dog?").await;
}

#[tokio::test]
async fn an_opening_sent_again_to_another_node_is_the_same_session() {
    let cluster = Cluster::new();
    let (east, west) = cluster.two().await;
    let (resident, command) = (fresh(), fresh());
    let resident = callbox_proto::ids::ResidentId::from_u128(resident.as_u128()).unwrap();
    let report = || {
        crate::gateway::harness::opening(callbox_proto::vocabulary::Category::Other, "A dog barks")
    };
    let open = |node: std::sync::Arc<callbox::node::Node>| async move {
        let opened = node.open(super::desk::agency_id(), resident, command, report());
        let (cell, done) = opened.await.unwrap();
        (cell.id, done)
    };
    let (one, two) = tokio::join!(open(east.clone()), open(west.clone()));
    assert_eq!(one, two);
    let mut tina = AtConsole::tina(&west);
    tina.row(one.0, |row| row.standing == Standing::Waiting)
        .await;
}
