//! Every command counts once, whatever happens to the links and to the program.

use std::collections::BTreeSet;

use callbox_proto::codec::Encoding;
use callbox_proto::command::{ResidentCommand, StaffCommand};
use callbox_proto::event::Event;
use callbox_proto::ids::IncidentId;
use callbox_proto::vocabulary::{
    Category, Custodial, Disposition, Medium, Priority, Standing, TransferTarget,
};

use super::harness::{
    Relay, Seed, SteadyConsole, SteadyResident, Topology, everywhere, fresh, opening, place, text,
};
use super::photo_client::announce;

everywhere!(
    an_opening_sent_again_after_a_cut_is_the_same_session,
    every_command_of_a_resident_sent_again_counts_once_and_has_the_same_receipt,
    every_command_of_staff_sent_again_counts_once_and_has_the_same_receipt,
    a_take_next_sent_again_takes_no_second_session,
    what_is_sent_again_keeps_its_place_before_what_is_new,
    an_id_is_for_one_session,
    nothing_is_lost_doubled_or_out_of_order_over_two_hundred_random_cuts,
    a_killed_gateway_has_everything_it_called_safe_in_order_and_once,
);

/// Links to cut in one run.
const CUTS: u64 = 200;

async fn an_opening_sent_again_after_a_cut_is_the_same_session(on: Topology) {
    let gateway = on.start().await;
    let (id, report) = (fresh(), opening(Category::Other, "A dog barks"));
    let ann = gateway.resident().await;
    let (session, receipt) = ann.open_with(id, &report).await;
    let device = ann.device.clone();
    drop(ann);
    let again = gateway.resident_again(&device).await;
    assert_eq!(again.open_with(id, &report).await, (session, receipt));
    let other = gateway.resident().await;
    assert_ne!(
        other.open_with(id, &report).await.0,
        session,
        "another device's is another one"
    );
    let tina = gateway.console("tina").await;
    tina.stands(session, Standing::Waiting).await;
    assert_eq!(tina.list().len(), 2);
}

async fn every_command_of_a_resident_sent_again_counts_once_and_has_the_same_receipt(on: Topology) {
    let question =
        "agency.fields = [{ id = \"gas\", label = { en = \"Gas?\" }, kind = \"yes_no\" }]\n";
    let mut gateway = on.with(question).await;
    let ann = gateway.resident().await;
    let session = ann.open("A dog barks").await;
    let commands = [
        text("It barks"),
        ResidentCommand::Locate { location: place() },
        ResidentCommand::Consent {
            medium: Medium::Video,
            granted: true,
            ask: None,
        },
        ResidentCommand::AnnouncePhoto {
            media_type: "image/jpeg".to_owned(),
            size_bytes: 1_000,
            preview: None,
            age_ms: 0,
        },
        ResidentCommand::GiveContact {
            contact: "555 0100".to_owned(),
        },
        ResidentCommand::AnswerField {
            field: "gas".parse().unwrap(),
            value: "yes".to_owned(),
            language: None,
        },
        ResidentCommand::SetCategory {
            category: Category::Hazard,
        },
        ResidentCommand::Leave { quick_exit: false },
    ];
    assert_eq!(of_residents(&commands), RESIDENTS_KINDS);
    let mut done = Vec::new();
    for command in commands {
        let id = fresh();
        ann.submit(id, command.clone());
        done.push((id, command, ann.answer(id).await.unwrap()));
    }
    for (id, command, receipt) in &done {
        ann.submit(*id, command.clone());
        assert_eq!(
            ann.answer(*id).await.unwrap(),
            *receipt,
            "{command:?} on the same link"
        );
    }
    let device = ann.device.clone();
    drop(ann);
    gateway.restart().await;
    let ann = gateway.resident_again(&device).await;
    let (head, _) = ann.resume(session, 0).await;
    for (id, command, receipt) in &done {
        ann.submit(*id, command.clone());
        assert_eq!(
            ann.answer(*id).await.unwrap(),
            *receipt,
            "{command:?} after a restart"
        );
    }
    assert_eq!(
        ann.says("And on").await.first,
        head + 2,
        "only the return came in between"
    );
}

async fn every_command_of_staff_sent_again_counts_once_and_has_the_same_receipt(on: Topology) {
    let gateway = on.start().await;
    let ann = gateway.resident().await;
    // A supervisor: she may watch as well.
    let sue = gateway.console("sue").await;
    let session = ann.open("A dog barks").await;
    let photo = announce(&ann, 1_000, None).await;
    let incident = IncidentId::from(session);
    let release = || StaffCommand::Release {};
    // A link has the id of the command that made it, and so have a hold and a request.
    let (link, hold, request) = (fresh(), fresh(), fresh());
    let commands = [
        StaffCommand::Watch {},
        StaffCommand::Link { incident },
        StaffCommand::Take {},
        StaffCommand::Seen { up_to: 1 },
        StaffCommand::Seen { up_to: 2 },
        words("Which dog?"),
        StaffCommand::Ask {
            medium: Medium::Photo,
            question: None,
        },
        StaffCommand::Note {
            text: "a dog".to_owned(),
        },
        StaffCommand::SetPriority {
            priority: Priority::new(4).unwrap(),
            reason: "a dog".to_owned(),
        },
        StaffCommand::SetServiceLocation {
            location: place(),
            from: None,
        },
        StaffCommand::Reveal { photo },
        StaffCommand::Unlink { incident },
        StaffCommand::MakeResponderLink {
            digest: "5a".repeat(32),
            life_ms: 60_000,
            note: String::new(),
        },
        StaffCommand::RevokeResponderLink { link },
        StaffCommand::PlaceHold {
            reason: "a court".to_owned(),
        },
        StaffCommand::LiftHold {
            hold,
            reason: "no court".to_owned(),
        },
        release(),
        StaffCommand::Take {},
        StaffCommand::Transfer {
            target: TransferTarget::Queue {
                queue: "police".parse().unwrap(),
            },
            note: String::new(),
        },
        StaffCommand::Take {},
        StaffCommand::Close {
            disposition: Disposition::NoActionNeeded,
            note: String::new(),
        },
        StaffCommand::RequestCustody {
            what: Custodial::Export,
            reason: "a court".to_owned(),
        },
        StaffCommand::DeclineCustody {
            request,
            reason: "no court".to_owned(),
        },
    ];
    // Whoever asked cannot agree: that takes another person.
    assert_eq!(of_staff(&commands), STAFF_KINDS - 1);
    let mut done = Vec::new();
    for command in commands {
        let id = match command {
            StaffCommand::MakeResponderLink { .. } => link,
            StaffCommand::PlaceHold { .. } => hold,
            StaffCommand::RequestCustody { .. } => request,
            _ => fresh(),
        };
        sue.submit(id, session, command.clone());
        let answer = sue.answer(id).await.unwrap();
        sue.submit(id, session, command.clone());
        assert_eq!(sue.answer(id).await.unwrap(), answer, "{command:?} at once");
        done.push((id, command, answer));
    }
    drop(sue);
    let sue = gateway.console("sue").await;
    let before = sue.follows(session, 0).await.head;
    for (id, command, answer) in done {
        sue.submit(id, session, command.clone());
        assert_eq!(
            sue.answer(id).await.unwrap(),
            answer,
            "{command:?} after a cut"
        );
    }
    let after = sue.follows(session, 0).await.head;
    assert_eq!(after, before, "nothing stands in the log a second time");
}

async fn a_take_next_sent_again_takes_no_second_session(on: Topology) {
    let gateway = on.start().await;
    let (ann, ben) = (gateway.resident().await, gateway.resident().await);
    let tina = gateway.console("tina").await;
    let first = ann.open("A dog barks").await;
    ben.open("A cat as well").await;
    let id = fresh();
    let taken = tina.try_take_next(id).await.unwrap();
    assert_eq!(taken.0, first);
    assert_eq!(tina.try_take_next(id).await.unwrap(), taken);
    drop(tina);
    let tina = gateway.console("tina").await;
    assert_eq!(tina.try_take_next(id).await.unwrap(), taken, "after a cut");
    assert_ne!(tina.take_next().await, first);
}

async fn what_is_sent_again_keeps_its_place_before_what_is_new(on: Topology) {
    // Order is what is tried, not the rate.
    let gateway = on.with("session.resident_messages_per_s = 0").await;
    let ann = gateway.resident().await;
    ann.open("opening").await;
    let mut written = Vec::new();
    for round in 0..20 {
        let again = fresh();
        ann.submit(again, text(&format!("{round} again")));
        ann.answer(again).await.unwrap();
        written.push(format!("{round} again"));
        let mut last = again;
        // The first is found in the log while those behind it are already decided, and more come in.
        ann.submit(again, text(&format!("{round} again")));
        for line in 0..100 {
            last = fresh();
            ann.submit(last, text(&format!("{round}/{line}")));
            written.push(format!("{round}/{line}"));
        }
        ann.answer(last).await.unwrap();
    }
    ann.quiet().await;
    let read: Vec<_> = ann
        .entries()
        .into_iter()
        .filter_map(|entry| match entry.event {
            Event::Text { text, .. } => Some(text),
            _ => None,
        })
        .collect();
    assert_eq!(read[1..], written);
}

async fn an_id_is_for_one_session(on: Topology) {
    let gateway = on.start().await;
    let (ann, ben) = (gateway.resident().await, gateway.resident().await);
    let (one, two) = (
        ann.open("A dog barks").await,
        ben.open("A cat as well").await,
    );
    let tina = gateway.console("tina").await;
    let id = fresh();
    ann.submit(id, text("mine"));
    ann.answer(id).await.unwrap();
    ben.submit(id, text("mine too"));
    ben.answer(id).await.unwrap();
    tina.takes(one).await;
    tina.takes(two).await;
    tina.follows(two, 0).await;
    tina.reads(two, "mine too").await;
}

async fn nothing_is_lost_doubled_or_out_of_order_over_two_hundred_random_cuts(on: Topology) {
    let mut seed = Seed::printed("random cuts");
    // A console is away while others have their turn here, and keeps what it has taken.
    let gateway = on.with("session.console_grace_ms = 60000").await;
    let relay = gateway.relay().await;
    relay.cut_at_random(seed.split(), 400..6_000);
    // A console is told more before it can say anything: with links as short as those most would end before it has.
    let desk = Relay::start(gateway.desk()).await;
    desk.cut_at_random(seed.split(), 400..12_000);
    let cuts = || relay.cuts() + desk.cuts();
    let people = [gateway.sign_in("tina").await, gateway.sign_in("tom").await];
    let mut residents: Vec<_> = (0..4)
        .map(|number| {
            let report = opening(Category::Other, &format!("opening {number}"));
            SteadyResident::new(relay.address(), report, Encoding::ALL[number % 2])
        })
        .collect();
    let mut consoles: Vec<_> = people
        .into_iter()
        .map(|who| SteadyConsole::new(desk.address(), who, Encoding::MessagePack))
        .collect();
    let mut round = 0;
    while cuts() < CUTS {
        for (number, resident) in residents.iter_mut().enumerate() {
            for line in 0..10 {
                resident.says(&format!("resident {number} round {round} line {line}"));
            }
            resident.until(SteadyResident::all_safe).await;
            let session = resident.session.unwrap();
            let console = &mut consoles[number % 2];
            if round == 0 {
                console.does(session, StaffCommand::Take {});
            }
            for line in 0..5 {
                console.says(
                    session,
                    &format!("staff {number} round {round} line {line}"),
                );
            }
        }
        let [one, two] = &mut consoles[..] else {
            unreachable!("two consoles")
        };
        tokio::join!(
            one.until(SteadyConsole::all_safe),
            two.until(SteadyConsole::all_safe)
        );
        round += 1;
    }
    relay.calm();
    desk.calm();
    for (number, resident) in residents.iter_mut().enumerate() {
        let wanted = 1 + round * 15;
        resident.until(|r| r.texts().len() >= wanted).await;
        let session = resident.session.unwrap();
        let console = &mut consoles[number % 2];
        console.until(|c| c.texts(session).len() >= wanted).await;
        assert_eq!(
            resident.texts(),
            console.texts(session),
            "both read the same"
        );
        each_side_in_order(&resident.texts(), number, round);
    }
    println!("{} and {} cuts, {round} rounds", relay.cuts(), desk.cuts());
}

fn each_side_in_order(read: &[String], number: usize, rounds: usize) {
    for (side, lines) in [("resident", 10), ("staff", 5)] {
        let written: Vec<_> = (0..rounds)
            .flat_map(|round| {
                (0..lines).map(move |line| format!("{side} {number} round {round} line {line}"))
            })
            .collect();
        let read: Vec<_> = read
            .iter()
            .filter(|text| text.starts_with(side))
            .cloned()
            .collect();
        assert_eq!(read, written);
    }
}

async fn a_killed_gateway_has_everything_it_called_safe_in_order_and_once(on: Topology) {
    let mut gateway = on.start().await;
    let mut ann = SteadyResident::new(
        gateway.address(),
        opening(Category::Other, "opening"),
        Encoding::MessagePack,
    );
    ann.until(|ann| ann.session.is_some()).await;
    for stretch in 0..4 {
        for line in 0..150 {
            ann.says(&format!("{stretch}/{line}"));
        }
        // Killed when about half of this stretch has its receipts, while the rest is under way.
        let half = stretch * 150 + 75;
        ann.until(|ann| ann.receipts().len() >= half).await;
        let safe_before = ann.receipts().clone();
        tokio::join!(gateway.restart(), ann.until(SteadyResident::all_safe));
        for (id, receipt) in &safe_before {
            assert_eq!(
                ann.receipts()[id],
                *receipt,
                "what was safe stays where it was"
            );
        }
    }
    let written: Vec<_> = (0..600)
        .map(|n| format!("{}/{}", n / 150, n % 150))
        .collect();
    ann.until(|ann| ann.texts().len() > 600).await;
    assert_eq!(ann.texts()[1..], written);
    let session = ann.session.unwrap();
    let tina = gateway.console("tina").await;
    tina.takes(session).await;
    tina.follows(session, 0).await;
    tina.reads(session, "3/149").await;
    let ids: BTreeSet<_> = ann.receipts().keys().copied().collect();
    let found: Vec<_> = tina
        .entries(session)
        .iter()
        .filter(|entry| ids.contains(&entry.command))
        .map(|entry| entry.seq)
        .collect();
    assert_eq!(found.len(), 600, "each once");
    assert!(found.is_sorted());
}

/// Kinds of commands that a resident has, and that a person of an agency has. What a new kind does has to count once too: a list
/// that lacks it fails, and the numbers below do not compile without it.
const RESIDENTS_KINDS: usize = 8;
const STAFF_KINDS: usize = 21;

/// How many kinds of commands are among these.
fn of_residents(commands: &[ResidentCommand]) -> usize {
    use ResidentCommand as C;
    let kinds = commands.iter().map(|command| match command {
        C::Text { .. } => 0,
        C::Locate { .. } => 1,
        C::AnnouncePhoto { .. } => 2,
        C::Consent { .. } => 3,
        C::GiveContact { .. } => 4,
        C::Leave { .. } => 5,
        C::AnswerField { .. } => 6,
        C::SetCategory { .. } => 7,
    });
    kinds.collect::<BTreeSet<_>>().len()
}

fn of_staff(commands: &[StaffCommand]) -> usize {
    use StaffCommand as C;
    let kinds = commands.iter().map(|command| match command {
        C::Take {} => 0,
        C::Release {} => 1,
        C::Transfer { .. } => 2,
        C::Close { .. } => 3,
        C::Text { .. } => 4,
        C::Ask { .. } => 5,
        C::Note { .. } => 6,
        C::SetPriority { .. } => 7,
        C::SetServiceLocation { .. } => 8,
        C::Reveal { .. } => 9,
        C::Seen { .. } => 10,
        C::Watch {} => 11,
        C::Link { .. } => 12,
        C::Unlink { .. } => 13,
        C::MakeResponderLink { .. } => 14,
        C::RevokeResponderLink { .. } => 15,
        C::PlaceHold { .. } => 16,
        C::LiftHold { .. } => 17,
        C::RequestCustody { .. } => 18,
        C::AgreeCustody { .. } => 19,
        C::DeclineCustody { .. } => 20,
        // Ends a session that nobody has opened: that it counts once is shown in `report_links`.
        C::RevokeReportLink {} => 21,
    });
    kinds.collect::<BTreeSet<_>>().len()
}

fn words(text: &str) -> StaffCommand {
    StaffCommand::Text {
        text: text.to_owned(),
    }
}
