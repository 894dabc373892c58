//! Exactly one person owns a session, whatever becomes of their console or of the program.

use callbox_proto::codec::Encoding;
use callbox_proto::command::StaffCommand;
use callbox_proto::error::ErrorCode;
use callbox_proto::event::{Event, ReleaseReason};
use callbox_proto::message::FromStaff;
use callbox_proto::vocabulary::{Priority, Standing, TransferTarget};

use super::harness::{Console, Topology, everywhere, fresh};

everywhere!(
    of_two_consoles_that_race_one_owns_and_the_other_is_told_who,
    two_consoles_that_ask_for_the_next_never_get_the_same,
    sessions_of_a_lost_console_are_offered_again_after_the_grace,
    a_page_loaded_again_within_the_grace_keeps_its_sessions,
    a_restart_keeps_owners_who_come_back_within_the_restart_grace,
    a_console_that_loses_a_session_receives_nothing_more_of_it,
    a_supervisor_watches_before_following_and_can_take_a_session_away,
    a_watch_goes_on_after_a_break_and_stands_in_the_log_once,
    the_id_of_something_else_opens_no_watch,
    one_person_at_two_windows_owns_once_and_reads_at_both,
);

async fn of_two_consoles_that_race_one_owns_and_the_other_is_told_who(on: Topology) {
    let gateway = on.start().await;
    let (tina, tom) = (gateway.console("tina").await, gateway.console("tom").await);
    for _ in 0..10 {
        let ann = gateway.resident().await;
        let session = ann.open("A dog barks").await;
        let (one, two) = (fresh(), fresh());
        tina.submit(one, session, StaffCommand::Take {});
        tom.submit(two, session, StaffCommand::Take {});
        let (one, two) = tokio::join!(tina.answer(one), tom.answer(two));
        let (winner, refused) = match (one, two) {
            (Ok(_), Err(refused)) => ("tina", refused),
            (Err(refused), Ok(_)) => ("tom", refused),
            other => panic!("one of them: {other:?}"),
        };
        assert_eq!(refused.code, ErrorCode::AlreadyTaken);
        assert_eq!(refused.owner, Some(winner.parse().unwrap()));
        let row = tina.stands(session, Standing::Owned).await;
        assert_eq!(row.owner, Some(winner.parse().unwrap()));
        ann.entry(|event| matches!(event, Event::Taken)).await;
        ann.quiet().await;
        let taken = ann
            .entries()
            .into_iter()
            .filter(|e| e.event == Event::Taken);
        assert_eq!(taken.count(), 1);
    }
}

async fn two_consoles_that_ask_for_the_next_never_get_the_same(on: Topology) {
    let gateway = on.start().await;
    let (tina, tom) = (gateway.console("tina").await, gateway.console("tom").await);
    let mut opened = Vec::new();
    for _ in 0..12 {
        let ann = gateway.resident().await;
        opened.push((ann.open("A dog barks").await, ann));
    }
    let mut taken = Vec::new();
    for _ in 0..6 {
        let (one, two) = tokio::join!(tina.take_next(), tom.take_next());
        taken.extend([one, two]);
    }
    taken.sort_unstable();
    let mut opened: Vec<_> = opened.iter().map(|(session, _)| *session).collect();
    opened.sort_unstable();
    assert_eq!(taken, opened);
    let refused = tina.try_take_next(fresh()).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::NothingWaits);
}

async fn sessions_of_a_lost_console_are_offered_again_after_the_grace(on: Topology) {
    let gateway = on.with("session.console_grace_ms = 1000").await;
    let ann = gateway.resident().await;
    let (tina, tom) = (gateway.console("tina").await, gateway.console("tom").await);
    let session = ann.open("A dog barks").await;
    let first = tina.stands(session, Standing::Waiting).await;
    tina.takes(session).await;
    tom.stands(session, Standing::Owned).await;
    drop(tina);
    let told = ann
        .entry(|event| matches!(event, Event::Released { .. }))
        .await;
    let reason = ReleaseReason::ConsoleLost;
    assert_eq!(told.event, Event::Released { reason });
    let waits = tom.stands(session, Standing::Waiting).await;
    assert_eq!(
        waits.deadline_ms, first.deadline_ms,
        "with its first deadline"
    );
    assert_eq!(tom.take_next().await, session);
}

async fn a_page_loaded_again_within_the_grace_keeps_its_sessions(on: Topology) {
    let gateway = on.with("session.console_grace_ms = 4000").await;
    let ann = gateway.resident().await;
    let (tina, tom) = (gateway.console("tina").await, gateway.console("tom").await);
    let (kept, lost) = (ann.open("A dog barks").await, {
        let ben = gateway.resident().await;
        let session = ben.open("A cat as well").await;
        tom.takes(session).await;
        session
    });
    tina.takes(kept).await;
    drop(tina);
    let tina = gateway.console("tina").await;
    // By the time a console that was lost later has lost its session, the grace of the other one is over.
    drop(tom);
    tina.row(lost, |row| row.standing != Standing::Owned).await;
    let row = tina.stands(kept, Standing::Owned).await;
    assert_eq!(row.owner, Some("tina".parse().unwrap()));
    tina.says(kept, "Still here").await;
    ann.reads("Still here").await;
}

async fn a_restart_keeps_owners_who_come_back_within_the_restart_grace(on: Topology) {
    let mut gateway = on.with("session.restart_grace_s = 8").await;
    let (ann, ben) = (gateway.resident().await, gateway.resident().await);
    let (tina, tom) = (gateway.console("tina").await, gateway.console("tom").await);
    let (kept, lost) = (
        ann.open("A dog barks").await,
        ben.open("A cat as well").await,
    );
    tina.takes(kept).await;
    tom.takes(lost).await;
    gateway.restart().await;
    let tina = gateway.console("tina").await;
    assert_eq!(tina.row(kept, |_| true).await.standing, Standing::Owned);
    tina.stands(lost, Standing::Waiting).await;
    let row = tina.row(kept, |_| true).await;
    assert_eq!(row.owner, Some("tina".parse().unwrap()));
    tina.says(kept, "Still here").await;
}

async fn a_console_that_loses_a_session_receives_nothing_more_of_it(on: Topology) {
    let gateway = on.start().await;
    let (tina, tom) = (gateway.console("tina").await, gateway.console("tom").await);
    let sue = gateway.staff("sue").await;
    for how in ["released", "transferred", "taken away"] {
        let ann = gateway.resident().await;
        let session = ann.open("A dog barks").await;
        tina.takes(session).await;
        let head = tina.follows(session, 0).await.head;
        tina.entry(session, |_| true).await;
        match how {
            "released" => drop(tina.does(session, StaffCommand::Release {}).await),
            "transferred" => drop(tina.does(session, to_police()).await),
            _ => drop(sue.does(session, StaffCommand::Release {}).await),
        }
        let last = tina
            .entry(session, |e| {
                matches!(e, Event::Released { .. } | Event::Transferred { .. })
            })
            .await;
        assert!(last.seq > head, "{how}: it is told why");
        tom.takes(session).await;
        ann.says("Only for the next one").await;
        tina.quiet().await;
        let newest = tina.entries(session).last().map(|entry| entry.seq);
        assert_eq!(newest, Some(last.seq), "{how}");
        let text = "I am still here".to_owned();
        let refused = tina.is_refused(session, StaffCommand::Text { text }).await;
        assert_eq!(refused.code, ErrorCode::NotOwner);
        tina.wire.send(&FromStaff::Follow { session, after: 0 });
        assert_eq!(tina.complaint().await.code, ErrorCode::NotOwner);
    }
}

async fn a_supervisor_watches_before_following_and_can_take_a_session_away(on: Topology) {
    let gateway = on.start().await;
    let ann = gateway.resident().await;
    let (tina, sue) = (gateway.console("tina").await, gateway.staff("sue").await);
    let session = ann.open("A dog barks").await;
    tina.takes(session).await;
    tina.follows(session, 0).await;
    sue.wire.send(&FromStaff::Follow { session, after: 0 });
    assert_eq!(sue.complaint().await.code, ErrorCode::WrongOrder);
    sue.does(session, StaffCommand::Watch {}).await;
    tina.entry(session, |event| matches!(event, Event::Watched { .. }))
        .await;
    sue.follows(session, 0).await;
    sue.reads(session, "A dog barks").await;
    let text = "Hello".to_owned();
    let refused = sue.is_refused(session, StaffCommand::Text { text }).await;
    assert_eq!(refused.code, ErrorCode::NotOwner, "watching is not owning");
    sue.does(session, StaffCommand::Release {}).await;
    let told = ann
        .entry(|event| matches!(event, Event::Released { .. }))
        .await;
    let reason = ReleaseReason::TakenAway;
    assert_eq!(told.event, Event::Released { reason });
    ann.says("Is anybody there?").await;
    sue.reads(session, "Is anybody there?").await;
}

async fn a_watch_goes_on_after_a_break_and_stands_in_the_log_once(on: Topology) {
    let gateway = on.start().await;
    let ann = gateway.resident().await;
    let sue = gateway.staff("sue").await;
    let session = ann.open("A dog barks").await;
    let id = fresh();
    sue.submit(id, session, StaffCommand::Watch {});
    let (_, first) = sue.answer(id).await.expect("watched");
    sue.follows(session, 0).await;
    sue.reads(session, "A dog barks").await;
    let who = sue.who.clone();
    drop(sue);

    let sue = Console::connect(gateway.desk(), &who, Encoding::Json).await;
    sue.wire.send(&FromStaff::Follow { session, after: 0 });
    assert_eq!(sue.complaint().await.code, ErrorCode::WrongOrder);
    sue.submit(id, session, StaffCommand::Watch {});
    let (_, again) = sue.answer(id).await.expect("it is known");
    assert_eq!((again.first, again.last), (first.first, first.last));
    sue.follows(session, 0).await;
    ann.says("It barks").await;
    sue.reads(session, "It barks").await;
    let entries = sue.entries(session);
    let watches = entries
        .iter()
        .filter(|entry| matches!(entry.event, Event::Watched { .. }));
    assert_eq!(watches.count(), 1);
}

async fn the_id_of_something_else_opens_no_watch(on: Topology) {
    let gateway = on.start().await;
    let ann = gateway.resident().await;
    let sue = gateway.staff("sue").await;
    let session = ann.open("A dog barks").await;
    let note = StaffCommand::Note {
        text: "It barks a lot".to_owned(),
    };
    let priority = StaffCommand::SetPriority {
        priority: Priority::new(2).unwrap(),
        reason: "It barks a lot".to_owned(),
    };
    for before in [note, priority] {
        let id = fresh();
        sue.submit(id, session, before);
        sue.answer(id).await.expect("hers to do");
        sue.submit(id, session, StaffCommand::Watch {});
        let refused = sue.answer(id).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::IdReused);
        sue.wire.send(&FromStaff::Follow { session, after: 0 });
        assert_eq!(sue.complaint().await.code, ErrorCode::WrongOrder);
    }
    sue.does(session, StaffCommand::Watch {}).await;
    sue.follows(session, 0).await;
    let entry = sue
        .entry(session, |event| matches!(event, Event::Watched { .. }))
        .await;
    sue.quiet().await;
    let watches = sue.entries(session);
    let watches = watches
        .iter()
        .filter(|entry| matches!(entry.event, Event::Watched { .. }));
    assert_eq!(watches.count(), 1, "{entry:?}");
}

async fn one_person_at_two_windows_owns_once_and_reads_at_both(on: Topology) {
    let gateway = on.start().await;
    let ann = gateway.resident().await;
    let left = gateway.console("tina").await;
    let right = Console::connect(gateway.desk(), &left.who, Encoding::Json).await;
    let session = ann.open("A dog barks").await;
    left.takes(session).await;
    right.takes(session).await;
    left.follows(session, 0).await;
    right.follows(session, 0).await;
    ann.says("It barks").await;
    assert_eq!(
        left.reads(session, "It barks").await,
        right.reads(session, "It barks").await
    );
    drop(left);
    right.says(session, "Which dog?").await;
    ann.reads("Which dog?").await;
}

fn to_police() -> StaffCommand {
    StaffCommand::Transfer {
        target: TransferTarget::Queue {
            queue: "police".parse().unwrap(),
        },
        note: String::new(),
    }
}
