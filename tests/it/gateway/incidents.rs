//! Sessions that report the same event: a person links them, moves them, and takes the link back; residents see nothing of it.

use callbox_proto::command::StaffCommand;
use callbox_proto::event::{Actor, Event};
use callbox_proto::ids::{IncidentId, SessionId};
use callbox_proto::message::{FromStaff, ToStaff};
use callbox_proto::vocabulary::{Disposition, Role};

use super::harness::{Console, Topology, everywhere, fresh};

everywhere!(
    two_sessions_that_a_person_links_are_one_incident_in_every_list_and_residents_see_nothing,
    two_people_who_link_across_each_other_at_once_are_joined_by_one_more_link,
    a_link_sent_again_is_one_link_and_one_taken_back_leaves_the_others,
    a_link_outlives_the_closing_and_a_restart,
);

async fn links(who: &Console, session: SessionId, incident: IncidentId) {
    who.does(session, StaffCommand::Link { incident }).await;
}

/// Waits until the list says that the session belongs to this incident, or to none.
async fn belongs(who: &Console, session: SessionId, incident: Option<IncidentId>) {
    who.row(session, |row| row.incident == incident).await;
}

async fn two_sessions_that_a_person_links_are_one_incident_in_every_list_and_residents_see_nothing(
    on: Topology,
) {
    let gateway = on.start().await;
    let (ann, ben) = (gateway.resident().await, gateway.resident().await);
    let (first, second) = (
        ann.open("Smoke at the mill").await,
        ben.open("The mill burns").await,
    );
    let (tina, tom) = (gateway.console("tina").await, gateway.console("tom").await);
    let olga = gateway.staff("olga").await;
    // One waits, the other is somebody else's: neither is hers.
    tom.takes(second).await;
    tom.follows(second, 0).await;
    let incident = IncidentId::from(first);
    for session in [first, second] {
        links(&tina, session, incident).await;
    }
    for who in [&tina, &tom, &olga] {
        belongs(who, first, Some(incident)).await;
        belongs(who, second, Some(incident)).await;
    }
    let linked = Event::Linked {
        incident,
        moved_from: None,
    };
    let entry = tom.entry(second, |event| *event == linked).await;
    let tinas = Actor::staff(Role::Telecommunicator, "tina".parse().unwrap());
    assert_eq!(entry.by, tinas);
    // What comes behind the link follows for the residents on what came before it, without a hole.
    tom.says(second, "Help is on the way").await;
    ben.reads("Help is on the way").await;
    for resident in [&ann, &ben] {
        resident.quiet().await;
        let of_links = |event: &Event| matches!(event, Event::Linked { .. });
        assert!(!resident.entries().iter().any(|e| of_links(&e.event)));
    }
}

async fn two_people_who_link_across_each_other_at_once_are_joined_by_one_more_link(on: Topology) {
    let gateway = on.start().await;
    let residents = [
        gateway.resident().await,
        gateway.resident().await,
        gateway.resident().await,
    ];
    let mut sessions = Vec::new();
    for resident in &residents {
        sessions.push(resident.open("Smoke at the mill").await);
    }
    let (tina, tom) = (gateway.console("tina").await, gateway.console("tom").await);
    let (ours, theirs) = (IncidentId::from(sessions[0]), IncidentId::from(sessions[1]));
    let tinas = async {
        links(&tina, sessions[0], ours).await;
        links(&tina, sessions[1], ours).await;
    };
    let toms = async {
        links(&tom, sessions[1], theirs).await;
        links(&tom, sessions[2], theirs).await;
    };
    tokio::join!(tinas, toms);
    belongs(&tina, sessions[0], Some(ours)).await;
    belongs(&tina, sessions[2], Some(theirs)).await;
    // The one in the middle is in exactly one of both, the same for everybody, and its log says that it moved.
    let sue = gateway.staff("sue").await;
    sue.does(sessions[1], StaffCommand::Watch {}).await;
    sue.follows(sessions[1], 0).await;
    let moved = |event: &Event| {
        matches!(
            event,
            Event::Linked {
                moved_from: Some(_),
                ..
            }
        )
    };
    sue.entry(sessions[1], moved).await;

    for session in &sessions[1..] {
        links(&tom, *session, ours).await;
    }
    for who in [&tina, &tom] {
        for session in &sessions {
            belongs(who, *session, Some(ours)).await;
        }
    }
}

async fn a_link_sent_again_is_one_link_and_one_taken_back_leaves_the_others(on: Topology) {
    let gateway = on.start().await;
    let (ann, ben) = (gateway.resident().await, gateway.resident().await);
    let (first, second) = (ann.open("Smoke").await, ben.open("More smoke").await);
    let tina = gateway.console("tina").await;
    tina.takes(first).await;
    tina.follows(first, 0).await;
    let incident = IncidentId::from(first);
    let id = fresh();
    tina.submit(id, first, StaffCommand::Link { incident });
    let (_, before) = tina.answer(id).await.unwrap();
    links(&tina, second, incident).await;
    let undo = StaffCommand::Unlink { incident };
    tina.does(first, undo.clone()).await;
    belongs(&tina, first, None).await;
    belongs(&tina, second, Some(incident)).await;
    // A link that was taken back does not come again with its frame.
    tina.submit(id, first, StaffCommand::Link { incident });
    assert_eq!(tina.answer(id).await.unwrap().1, before);
    tina.does(first, undo).await;
    tina.quiet().await;
    let of_links = |event: &Event| matches!(event, Event::Linked { .. } | Event::Unlinked { .. });
    let entries = tina.entries(first);
    assert_eq!(entries.iter().filter(|e| of_links(&e.event)).count(), 2);
}

async fn a_link_outlives_the_closing_and_a_restart(on: Topology) {
    let mut gateway = on.start().await;
    let ann = gateway.resident().await;
    let session = ann.open("Smoke").await;
    let incident = IncidentId::from(session);
    {
        let sue = gateway.console("sue").await;
        sue.takes(session).await;
        links(&sue, session, incident).await;
        let close = StaffCommand::Close {
            disposition: Disposition::Duplicate,
            note: String::new(),
        };
        sue.does(session, close).await;
        assert_eq!(finished(&sue, session).await, Some(incident));
    }
    gateway.restart().await;
    let sue = gateway.console("sue").await;
    assert_eq!(finished(&sue, session).await, Some(incident));
    sue.does(session, StaffCommand::Unlink { incident }).await;
    assert_eq!(finished(&sue, session).await, None);
}

/// The incident of a finished session, as the history tells it.
async fn finished(sue: &Console, session: SessionId) -> Option<IncidentId> {
    let id = fresh();
    sue.wire.send(&FromStaff::ListClosed { id, after: None });
    sue.wire
        .wait(|m| match m {
            ToStaff::History { id: of, rows, .. } if *of == id => {
                let row = rows.iter().find(|row| row.session == session);
                Some(row.expect("it is finished").incident)
            }
            _ => None,
        })
        .await
}
