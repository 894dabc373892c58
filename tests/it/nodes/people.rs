//! People at several nodes: who is there, who takes what.

use callbox_proto::bounds::COLLEAGUES_MAX;
use callbox_proto::command::StaffCommand;
use callbox_proto::error::ErrorCode;
use callbox_proto::message::{Board, ToResident, ToStaff};
use callbox_proto::vocabulary::{AgentState, Role, Standing};

use super::desk::{AtConsole, Cluster, Resident};
use crate::gateway::harness::fresh;

#[tokio::test]
async fn of_two_nodes_that_take_the_same_session_one_owns() {
    let cluster = Cluster::new();
    let (east, west) = cluster.two().await;
    let (tina, tom) = (AtConsole::tina(&east), AtConsole::tom(&west));
    for _ in 0..10 {
        let ann = Resident::opens(&east, "A dog barks").await;
        let take = || StaffCommand::Take {};
        let (one, two) = tokio::join!(
            tina.tries(fresh(), ann.session(), take()),
            tom.tries(fresh(), ann.session(), take())
        );
        let refused = match (one, two) {
            (Ok(_), Err(code)) | (Err(code), Ok(_)) => code,
            other => panic!("one of them: {other:?}"),
        };
        assert_eq!(refused, ErrorCode::AlreadyTaken);
    }
}

#[tokio::test]
async fn a_take_next_sent_again_to_another_node_takes_no_second_session() {
    let cluster = Cluster::new();
    let (east, west) = cluster.two().await;
    let ann = Resident::opens(&east, "A dog barks").await;
    let _ben = Resident::opens(&east, "A cat as well").await;
    let (mut here, mut there) = (AtConsole::tina(&east), AtConsole::tina(&west));
    let id = fresh();
    let taken = here.take_next(id).await.unwrap();
    assert_eq!(taken.0, ann.session());
    assert_eq!(there.take_next(id).await.unwrap(), taken);
    assert_ne!(there.take_next(fresh()).await.unwrap().0, ann.session());
}

async fn board(sue: &mut AtConsole, wanted: impl Fn(&Board) -> bool) {
    sue.line
        .wait(|m| match m {
            ToStaff::Board(board) => wanted(board).then_some(()),
            _ => None,
        })
        .await;
}

#[tokio::test]
async fn the_board_counts_sessions_and_people_of_all_nodes() {
    let cluster = Cluster::new();
    let (east, west) = cluster.two().await;
    let (mut sue, tina) = (AtConsole::sue(&west), AtConsole::tina(&east));
    tina.is_available();
    let ann = Resident::opens(&east, "A dog barks").await;
    board(&mut sue, |b| {
        b.queues[0].waiting == 1 && b.queues[0].staffed == 1
    })
    .await;
    tina.takes(ann.session()).await;
    board(&mut sue, |b| {
        let tina = b.people.iter().find(|p| p.staff.as_str() == "tina");
        let owns = tina.is_some_and(|p| p.sessions == 1 && p.state == AgentState::Available);
        owns && b.queues[0].waiting == 0 && b.queues[0].answered == 1
    })
    .await;
    // Somebody who comes later is told the day so far.
    let north = cluster.node("north").await;
    let mut sue = AtConsole::sue(&north);
    board(&mut sue, |b| b.queues[0].answered == 1).await;
}

#[tokio::test]
async fn what_alarms_and_pictures_ask_of_a_person_is_counted_over_all_nodes_and_never_of_others() {
    let cluster = Cluster::new();
    let (east, west) = cluster.two().await;
    let mut sue = AtConsole::sue(&west);
    let (here, there) = (AtConsole::tina(&east), AtConsole::tina(&west));
    let _tom = AtConsole::tom(&east);
    east.tally(&here.person, 2, 4_000);
    west.tally(&there.person, 1, 1_000);
    board(&mut sue, |b| {
        let asked = |name: &str| {
            let person = b.people.iter().find(|p| p.staff.as_str() == name);
            person.map(|p| (p.alarms, p.exposed_ms))
        };
        asked("tina") == Some((3, 5_000)) && asked("tom") == Some((0, 0))
    })
    .await;
}

#[tokio::test]
async fn a_person_at_two_nodes_is_shown_once_with_the_latest_state() {
    let cluster = Cluster::new();
    let (east, west) = cluster.two().await;
    let mut sue = AtConsole::sue(&west);
    let here = AtConsole::tina(&east);
    here.is_available();
    let state = |b: &Board| {
        let mut tinas = b.people.iter().filter(|p| p.staff.as_str() == "tina");
        let state = tinas.next().map(|p| p.state);
        assert!(tinas.next().is_none(), "once");
        state
    };
    board(&mut sue, |b| state(b) == Some(AgentState::Available)).await;
    let there = AtConsole::tina(&west);
    board(&mut sue, |b| state(b) == Some(AgentState::Available)).await;
    west.set_agent_state(&there.person, AgentState::NotAvailable, None);
    board(&mut sue, |b| {
        state(b) == Some(AgentState::NotAvailable) && b.queues[0].staffed == 0
    })
    .await;
    there.hangs_up();
    board(&mut sue, |b| state(b) == Some(AgentState::NotAvailable)).await;
}

#[tokio::test]
async fn consoles_know_their_colleagues_at_all_nodes_by_name_and_state_until_they_go() {
    let cluster = Cluster::new();
    let (east, west) = cluster.two().await;
    let mut tina = AtConsole::tina(&east);
    let tom = AtConsole::tom(&west);
    tom.is_available();
    let mut colleagues = async |wanted: &[(&str, AgentState)]| {
        tina.line
            .wait(|m| match m {
                ToStaff::Colleagues { people, more: 0 } => {
                    let known = people.iter().map(|p| (p.name.as_str(), p.state));
                    known.eq(wanted.iter().copied()).then_some(())
                }
                _ => None,
            })
            .await;
    };
    let (available, away) = (AgentState::Available, AgentState::NotAvailable);
    colleagues(&[("tom", available), ("tina", away)]).await;
    west.set_agent_state(&tom.person, away, None);
    colleagues(&[("tina", away), ("tom", away)]).await;
    tom.hangs_up();
    colleagues(&[("tina", away)]).await;
}

#[tokio::test]
async fn of_more_colleagues_than_fit_those_available_are_named_and_the_rest_is_counted() {
    let cluster = Cluster::new();
    let (east, _west) = cluster.two().await;
    let others: Vec<_> = (0..COLLEAGUES_MAX)
        .map(|n| AtConsole::signs_in(&east, &format!("p{n}"), Role::Telecommunicator))
        .collect();
    // By sign-in name she would be the last of all.
    let mut zoe = AtConsole::signs_in(&east, "zoe", Role::Supervisor);
    zoe.is_available();
    zoe.line
        .wait(|m| match m {
            ToStaff::Colleagues { people, more: 1 } => {
                assert_eq!(people.len(), COLLEAGUES_MAX);
                (people[0].staff.as_str() == "zoe").then_some(())
            }
            _ => None,
        })
        .await;
    drop(others);
}

#[tokio::test]
async fn a_console_that_moves_to_another_node_keeps_its_sessions() {
    let cluster = Cluster::new();
    let (east, west) = cluster.two().await;
    let mut ann = Resident::opens(&west, "A dog barks").await;
    let (here, mut tom) = (AtConsole::tina(&east), AtConsole::tom(&east));
    here.takes(ann.session()).await;
    here.hangs_up();
    let there = AtConsole::tina(&west);
    // A session of somebody who really goes is offered again later than this one would have been.
    let ben = Resident::opens(&west, "A cat as well").await;
    let gone = AtConsole::signs_in(&east, "tim", Role::Telecommunicator);
    gone.takes(ben.session()).await;
    gone.hangs_up();
    tom.row(ben.session(), |row| row.standing == Standing::Owned)
        .await;
    tom.row(ben.session(), |row| row.standing == Standing::Waiting)
        .await;
    there.says(ann.session(), "Still here").await;
    ann.reads("Still here").await;
}

#[tokio::test]
async fn a_resident_is_told_that_somebody_at_another_node_serves_the_queue() {
    let cluster = Cluster::new();
    let (east, west) = cluster.two().await;
    let mut ann = Resident::opens(&east, "A dog barks").await;
    let tina = AtConsole::tina(&west);
    tina.is_available();
    ann.line
        .wait(|m| match m {
            ToResident::QueuePlace { place, staffed, .. } => {
                (*place == 1 && *staffed).then_some(())
            }
            _ => None,
        })
        .await;
}

#[tokio::test]
async fn figures_that_have_drifted_are_counted_anew() {
    let cluster = Cluster::new();
    let (east, west) = cluster.two().await;
    let mut sue = AtConsole::sue(&west);
    let _ann = Resident::opens(&east, "A dog barks").await;
    board(&mut sue, |b| b.queues[0].waiting == 1).await;
    // A move that was never made, as if the one back had been lost.
    let stray = serde_json::json!({
        "v": 1, "n": 1, "from": {"name": "north", "instance": 77},
        "body": {"kind": "moved", "moves": [{
            "session": "000000000000000000000000000000aa",
            "after": {"queue": "emergency", "standing": "waiting", "priority": 3,
                "entered_ms": 1, "deadline_ms": 2, "answered_ms": null},
        }]},
    });
    let stray = rmp_serde::to_vec_named(&stray).unwrap();
    let agency = super::desk::agency_id();
    callbox::backbone::Backbone::publish(cluster.backbone.as_ref(), &agency, stray.into())
        .await
        .unwrap();
    board(&mut sue, |b| b.queues[0].waiting == 2).await;
    board(&mut sue, |b| b.queues[0].waiting == 1).await;
}
