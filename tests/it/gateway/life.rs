//! One session from its opening to its end.

use callbox_proto::codec::Encoding;
use callbox_proto::command::{ResidentCommand, StaffCommand};
use callbox_proto::error::ErrorCode;
use callbox_proto::event::{Actor, Event};
use callbox_proto::ids::SessionId;
use callbox_proto::message::{FromResident, FromStaff, RealTimeText, ToResident, ToStaff};
use callbox_proto::vocabulary::{
    Category, Disposition, Location, LocationMethod, Priority, Role, Rung, Standing, TransferTarget,
};

use super::harness::{Console, Device, Resident, Topology, everywhere, fresh, opening, place};

/// A day: what is seven of them old still counts.
const DAY_MS: i64 = 86_400_000;

everywhere!(
    a_report_is_queued_by_its_words_answered_and_closed,
    a_note_and_names_stay_among_staff,
    a_session_goes_from_queue_to_person_and_back_with_its_first_deadline,
    a_session_cannot_be_handed_to_nobody,
    a_place_comes_to_the_console_with_how_it_was_found_how_exact_and_how_old_it_is,
    typing_is_seen_on_both_sides_and_never_kept,
    leaving_by_quick_exit_is_told_and_waits_for_nobody,
    a_resident_is_told_the_place_in_the_queue,
    whoever_works_on_a_session_serves_the_queue_though_not_available,
    messages_mean_the_same_in_both_encodings,
);

async fn a_report_is_queued_by_its_words_answered_and_closed(on: Topology) {
    let gateway = on.start().await;
    let (ann, tina) = (gateway.resident().await, gateway.console("tina").await);
    let report = opening(Category::Medical, "My father is not breathing");
    let (session, receipt) = ann.open_with(fresh(), &report).await;
    assert_eq!((receipt.rung, receipt.first), (Rung::Safe, 1));
    let row = tina.stands(session, Standing::Waiting).await;
    assert_eq!(row.priority, Priority::LIFE_AT_RISK);
    assert_eq!(row.queue.as_str(), "fire-medical");
    assert_eq!(row.rules[0].rule, "not-breathing");

    assert_eq!(tina.take_next().await, session);
    let head = tina.follows(session, 0).await.head;
    tina.reads(session, "My father is not breathing").await;
    ann.entry(|event| matches!(event, Event::Taken)).await;
    let asked = tina.says(session, "Is he awake?").await;
    ann.reads("Is he awake?").await;
    let said = ann.says("No. He is cold").await;
    tina.reads(session, "No. He is cold").await;
    assert!(head < asked.first && asked.last < said.first);

    tina.wire.send(&FromStaff::Delivered {
        session,
        up_to: said.last,
    });
    attention(&ann, said.last, 0).await;
    let seen = StaffCommand::Seen { up_to: said.last };
    tina.does(session, seen).await;
    attention(&ann, said.last, said.last).await;

    let close = StaffCommand::Close {
        disposition: Disposition::HelpSent,
        note: "medic 7".to_owned(),
    };
    tina.does(session, close).await;
    let closed = ann
        .entry(|event| matches!(event, Event::Closed { .. }))
        .await;
    let Event::Closed { disposition, note } = closed.event else {
        unreachable!("as waited for")
    };
    assert_eq!((disposition, note.as_str()), (Disposition::HelpSent, ""));
    tina.gone(session).await;
}

async fn a_place_comes_to_the_console_with_how_it_was_found_how_exact_and_how_old_it_is(
    on: Topology,
) {
    let gateway = on.start().await;
    let (ann, tina) = (gateway.resident().await, gateway.console("tina").await);
    let session = ann.open("A dog barks").await;
    tina.takes(session).await;
    tina.follows(session, 0).await;
    let found = [
        (LocationMethod::Gnss, 4.5, 0),
        (LocationMethod::Device, 30.0, 1_250),
        (LocationMethod::Wifi, 80.0, 42_000),
        (LocationMethod::Cell, 2_500.0, 7 * DAY_MS),
    ];
    for (method, uncertainty_m, age_ms) in found {
        let location = Location {
            method,
            uncertainty_m,
            age_ms,
            ..place()
        };
        let told = ResidentCommand::Locate {
            location: location.clone(),
        };
        ann.does(told).await;
        let located = tina.entry(session, |event| matches!(event, Event::Located { .. }));
        assert_eq!(located.await.event, Event::Located { location });
    }
}

/// Waits until the resident is told so.
async fn attention(ann: &super::harness::Resident, delivered: u64, seen: u64) {
    let told = (delivered, seen);
    ann.wire
        .wait(|m| match m {
            ToResident::Attention { delivered, seen } if (*delivered, *seen) == told => Some(()),
            _ => None,
        })
        .await;
}

async fn a_note_and_names_stay_among_staff(on: Topology) {
    let gateway = on.start().await;
    let (ann, tina) = (gateway.resident().await, gateway.console("tina").await);
    let session = ann.open("Somebody shouts next door").await;
    tina.takes(session).await;
    tina.follows(session, 0).await;
    let note = StaffCommand::Note {
        text: "known address".to_owned(),
    };
    let noted = tina.does(session, note).await;
    tina.entry(session, |event| matches!(event, Event::Note { .. }))
        .await;
    let said = tina.says(session, "We are listening").await;
    let read = ann.reads("We are listening").await;
    assert_eq!(said.first, noted.last + 1);
    assert_eq!(read.prev, noted.first - 1, "the note leaves no hole");
    let staff = Actor::Staff {
        role: Role::Telecommunicator,
        staff: None,
    };
    assert_eq!(read.by, staff);
    let shown = |event: &Event| matches!(event, Event::Note { .. } | Event::Triaged { .. });
    assert!(!ann.entries().iter().any(|entry| shown(&entry.event)));
}

async fn a_session_goes_from_queue_to_person_and_back_with_its_first_deadline(on: Topology) {
    let gateway = on.start().await;
    let ann = gateway.resident().await;
    let (tina, tom) = (gateway.console("tina").await, gateway.console("tom").await);
    let session = ann.open("A neighbour is loud").await;
    let first = tina.stands(session, Standing::Waiting).await;
    tina.takes(session).await;
    tina.does(session, transfer_to_queue("police")).await;
    let waits = tom.row(session, |row| row.queue.as_str() == "police").await;
    assert_eq!(
        (waits.standing, waits.owner, waits.deadline_ms),
        (Standing::Waiting, None, first.deadline_ms)
    );
    tina.takes(session).await;
    tina.does(session, transfer_to("tom")).await;
    let refused = tina.is_refused(session, StaffCommand::Take {}).await;
    assert_eq!(refused.code, ErrorCode::AlreadyTaken);
    assert_eq!(refused.owner, Some("tom".parse().unwrap()));
    assert_eq!(
        tina.try_take_next(fresh()).await.unwrap_err().code,
        ErrorCode::NothingWaits
    );
    assert_eq!(tom.take_next().await, session);
    tom.follows(session, 0).await;
    let handed = tom
        .entry(
            session,
            |event| matches!(event, Event::Transferred { note, .. } if note == "his case"),
        )
        .await;
    assert_eq!(
        handed.by,
        Actor::staff(Role::Telecommunicator, "tina".parse().unwrap())
    );
    tom.does(session, StaffCommand::Release {}).await;
    let waits = tina.stands(session, Standing::Waiting).await;
    assert_eq!(
        (waits.owner, waits.reserved_for, waits.deadline_ms),
        (None, None, first.deadline_ms)
    );
    let told = ann
        .entry(|event| matches!(event, Event::Transferred { .. }))
        .await;
    assert!(matches!(told.event, Event::Transferred { note, .. } if note.is_empty()));
}

async fn a_session_cannot_be_handed_to_nobody(on: Topology) {
    let gateway = on.start().await;
    let (ann, tina) = (gateway.resident().await, gateway.console("tina").await);
    let session = ann.open("A neighbour is loud").await;
    tina.takes(session).await;
    for target in [
        transfer_to("ghost"),
        transfer_to("olga"),
        transfer_to_queue("nowhere"),
    ] {
        assert_eq!(
            tina.is_refused(session, target).await.code,
            ErrorCode::NoSuchTarget
        );
    }
    tina.says(session, "Still here").await;
}

async fn typing_is_seen_on_both_sides_and_never_kept(on: Topology) {
    let gateway = on.start().await;
    let ann = gateway.resident().await;
    let (tina, sue) = (gateway.console("tina").await, gateway.staff("sue").await);
    let session = ann.open("A neighbour is loud").await;
    tina.takes(session).await;
    tina.follows(session, 0).await;
    sue.does(session, StaffCommand::Watch {}).await;
    let head = sue.follows(session, 0).await.head;
    ann.wire.send(&FromResident::RealTimeText(typing("He is")));
    assert_eq!(
        typed_at(&tina, session).await,
        (Actor::Resident, "He is".to_owned())
    );
    assert_eq!(
        typed_at(&sue, session).await,
        (Actor::Resident, "He is".to_owned())
    );
    let typed = typing("Where");
    tina.wire.send(&FromStaff::RealTimeText { session, typed });
    let read = ann.wire.wait(|m| match m {
        ToResident::RealTimeText(typed) => Some(typed.text.clone()),
        _ => None,
    });
    assert_eq!(read.await, "Where");
    let by_tina = Actor::staff(Role::Telecommunicator, "tina".parse().unwrap());
    assert_eq!(typed_at(&sue, session).await, (by_tina, "Where".to_owned()));
    assert_eq!(
        ann.says("He is here").await.first,
        head + 1,
        "nothing was logged"
    );
}

async fn leaving_by_quick_exit_is_told_and_waits_for_nobody(on: Topology) {
    let gateway = on.start().await;
    let (ann, tina) = (gateway.resident().await, gateway.console("tina").await);
    let session = ann.open("He is angry").await;
    ann.does(ResidentCommand::Leave { quick_exit: true }).await;
    let row = tina.stands(session, Standing::Abandoned).await;
    assert!(row.quick_exit, "nobody contacts back unasked");
    let ended = ann.entry(|event| matches!(event, Event::Abandoned)).await;
    assert_eq!(ended.by, Actor::Resident);
}

async fn a_resident_is_told_the_place_in_the_queue(on: Topology) {
    let gateway = on.start().await;
    let (ann, ben) = (gateway.resident().await, gateway.resident().await);
    let first = ann.open("A neighbour is loud").await;
    ben.open("A dog barks").await;
    assert_eq!(place_of(&ann, |_, staffed| !staffed).await, 1);
    assert_eq!(place_of(&ben, |_, staffed| !staffed).await, 2);
    let tina = gateway.console("tina").await;
    assert_eq!(place_of(&ben, |_, staffed| staffed).await, 2);
    tina.takes(first).await;
    assert_eq!(
        place_of(&ben, |place, staffed| place == 1 && staffed).await,
        1
    );
}

async fn whoever_works_on_a_session_serves_the_queue_though_not_available(on: Topology) {
    let gateway = on.start().await;
    let (ann, ben) = (gateway.resident().await, gateway.resident().await);
    let first = ann.open("A neighbour is loud").await;
    ben.open("A dog barks").await;
    assert_eq!(place_of(&ben, |_, staffed| !staffed).await, 2);
    let tina = gateway.staff("tina").await;
    let queues = tina.queues.clone();
    tina.wire.send(&FromStaff::Register { queues });
    tina.takes(first).await;
    assert_eq!(place_of(&ben, |_, staffed| staffed).await, 1);
    tina.does(first, StaffCommand::Release {}).await;
    assert_eq!(place_of(&ben, |_, staffed| !staffed).await, 2);
}

async fn messages_mean_the_same_in_both_encodings(on: Topology) {
    let gateway = on.start().await;
    let ann = Resident::connect(gateway.address(), Device::new(), Encoding::Json).await;
    let who = gateway.sign_in("tina").await;
    let tina = Console::connect(gateway.desk(), &who, Encoding::Json).await;
    let session = ann.open("Grüße \u{1F525} \"quoted\"").await;
    tina.takes(session).await;
    tina.follows(session, 0).await;
    tina.reads(session, "Grüße \u{1F525} \"quoted\"").await;
    tina.says(session, "¿Dónde?").await;
    ann.reads("¿Dónde?").await;
}

fn transfer_to(person: &str) -> StaffCommand {
    StaffCommand::Transfer {
        target: TransferTarget::Person {
            staff: person.parse().unwrap(),
        },
        note: "his case".to_owned(),
    }
}

fn transfer_to_queue(queue: &str) -> StaffCommand {
    StaffCommand::Transfer {
        target: TransferTarget::Queue {
            queue: queue.parse().unwrap(),
        },
        note: String::new(),
    }
}

fn typing(words: &str) -> RealTimeText {
    RealTimeText {
        message: fresh(),
        part: 0,
        from: 0,
        text: words.to_owned(),
    }
}

async fn typed_at(console: &Console, of: SessionId) -> (Actor, String) {
    console
        .wire
        .wait(|m| match m {
            ToStaff::RealTimeText { session, by, typed } if *session == of => {
                Some((by.clone(), typed.text.clone()))
            }
            _ => None,
        })
        .await
}

async fn place_of(resident: &Resident, wanted: impl Fn(u32, bool) -> bool) -> u32 {
    resident
        .wire
        .wait(|m| match m {
            ToResident::QueuePlace { place, staffed, .. } if wanted(*place, *staffed) => {
                Some(*place)
            }
            _ => None,
        })
        .await
}
