//! Custody of a session: holds, on whichever node people are, and over a restart.

use callbox_proto::command::StaffCommand;
use callbox_proto::error::ErrorCode;
use callbox_proto::event::{Actor, Event};
use callbox_proto::ids::SessionId;
use callbox_proto::message::{FromStaff, SessionRow, ToStaff};
use callbox_proto::vocabulary::{Disposition, Role};

use super::harness::{Console, Gateway, Topology, everywhere, fresh};

everywhere!(
    a_hold_is_seen_by_everybody_outlives_closing_and_a_restart_and_is_lifted_by_itself,
    a_telecommunicator_and_an_auditor_place_no_hold,
);

fn holds(reason: &str) -> StaffCommand {
    StaffCommand::PlaceHold {
        reason: reason.to_owned(),
    }
}

/// Ann's session, that Tina has taken and closed.
async fn closed(gateway: &Gateway) -> SessionId {
    let ann = gateway.resident().await;
    let session = ann.open("A dog barks").await;
    let tina = gateway.console("tina").await;
    tina.takes(session).await;
    let close = StaffCommand::Close {
        disposition: Disposition::HelpSent,
        note: "the dog is well".to_owned(),
    };
    tina.does(session, close).await;
    session
}

/// The session as the list of finished ones has it.
async fn in_history(who: &Console, session: SessionId) -> SessionRow {
    let id = fresh();
    who.wire.send(&FromStaff::ListClosed { id, after: None });
    let listed = |m: &ToStaff| match m {
        ToStaff::History { id: of, rows, .. } if *of == id => Some(rows.clone()),
        _ => None,
    };
    let rows = who.wire.wait(listed).await;
    let mut of_it = rows.into_iter().filter(|row| row.session == session);
    of_it.next().expect("in the list of finished sessions")
}

async fn a_hold_is_seen_by_everybody_outlives_closing_and_a_restart_and_is_lifted_by_itself(
    on: Topology,
) {
    let mut gateway = on.start().await;
    let ann = gateway.resident().await;
    let session = ann.open("A dog barks").await;
    let tina = gateway.console("tina").await;
    tina.takes(session).await;
    tina.follows(session, 0).await;
    let sue = gateway.staff("sue").await;
    let (court, union) = (fresh(), fresh());
    sue.submit(court, session, holds("asked for by a court"));
    sue.answer(court).await.unwrap();
    let placed = tina
        .entry(session, |event| matches!(event, Event::HoldPlaced { .. }))
        .await;
    assert_eq!(
        placed.by,
        Actor::staff(Role::Supervisor, "sue".parse().unwrap())
    );
    tina.row(session, |row| row.on_hold).await;
    let close = StaffCommand::Close {
        disposition: Disposition::HelpSent,
        note: String::new(),
    };
    tina.does(session, close).await;
    sue.submit(union, session, holds("asked for by the union"));
    sue.answer(union).await.unwrap();
    assert!(in_history(&sue, session).await.on_hold);
    // Residents learn nothing of it.
    ann.quiet().await;
    let of_holds = |event: &Event| matches!(event, Event::HoldPlaced { .. });
    assert!(!ann.entries().iter().any(|entry| of_holds(&entry.event)));

    gateway.restart().await;
    let sue = gateway.staff("sue").await;
    for (hold, others) in [(court, true), (union, false)] {
        let reason = "over".to_owned();
        sue.does(session, StaffCommand::LiftHold { hold, reason })
            .await;
        assert_eq!(in_history(&sue, session).await.on_hold, others);
    }
    let reason = "over".to_owned();
    let again = StaffCommand::LiftHold {
        hold: court,
        reason,
    };
    let refused = sue.is_refused(session, again).await;
    assert_eq!(refused.code, ErrorCode::NoSuchHold);
}

async fn a_telecommunicator_and_an_auditor_place_no_hold(on: Topology) {
    let gateway = on.start().await;
    let session = closed(&gateway).await;
    for name in ["tina", "olga", "ada"] {
        let who = gateway.staff(name).await;
        let refused = who.is_refused(session, holds("mine")).await;
        assert_eq!(refused.code, ErrorCode::NotAllowed, "{name}");
    }
    let sue = gateway.staff("sue").await;
    assert!(!in_history(&sue, session).await.on_hold);
}
