//! Two sides that went on with one session, each without the other.

use callbox_proto::command::{ResidentCommand, StaffCommand};
use callbox_proto::event::{Actor, Event, Stored};
use callbox_proto::vocabulary::{Disposition, Role, Standing};
use proptest::collection::vec;
use proptest::prelude::*;

use super::desk::{Desk, incident, staff};
use super::histories::take;
use super::strategies::{Step, step};
use crate::session::{PHOTOS_MAX, Rebasing, Session};

const T: Role = Role::Telecommunicator;

fn entries(desk: &Desk, from: usize) -> Vec<Stored> {
    desk.log[from..].to_vec()
}

/// What `ours` decided after the fork, behind what `theirs` did.
fn rebase(fork: &Desk, ours: &Desk, theirs: &Desk) -> (Vec<Stored>, Session) {
    let (at, written) = (fork.log.len(), &theirs.log[fork.log.len()..]);
    let elsewhere = written.iter().any(|entry| entry.by == Actor::Resident);
    let mut rebasing = Rebasing::new(
        Some(fork.session.clone()),
        theirs.session.clone(),
        elsewhere,
    );
    let placed = rebasing.place(&entries(ours, at));
    (placed, rebasing.session().clone())
}

fn inside(event: &Event) -> &Event {
    match event {
        Event::Overruled { event } => event,
        other => other,
    }
}

fn same_kind(kept: &Event, placed: &Event) -> bool {
    std::mem::discriminant(kept) == std::mem::discriminant(inside(placed))
        || std::mem::discriminant(kept) == std::mem::discriminant(placed)
}

fn says(text: &str) -> ResidentCommand {
    ResidentCommand::Text {
        text: text.to_owned(),
        age_ms: 0,
    }
}

#[test]
fn what_the_resident_said_here_stands_behind_what_was_said_there() {
    let fork = Desk::open("hello");
    let (mut ours, mut theirs) = (fork.clone(), fork.clone());
    ours.by_resident(says("here")).unwrap();
    theirs.by("tina", T, StaffCommand::Take {}).unwrap();
    let (placed, session) = rebase(&fork, &ours, &theirs);
    assert!(matches!(&placed[0].event, Event::Text { text, .. } if text == "here"));
    assert_eq!(session.head, theirs.session.head + 1);
    assert_eq!(session.owner, Some(staff("tina")));
    assert_eq!(session.messages, 2);
}

#[test]
fn who_took_it_there_keeps_it_and_who_took_it_here_is_shown() {
    let fork = Desk::open("hello");
    let (mut ours, mut theirs) = (fork.clone(), fork.clone());
    ours.by("tom", T, StaffCommand::Take {}).unwrap();
    let text = "where are you?".to_owned();
    ours.by("tom", T, StaffCommand::Text { text }).unwrap();
    ours.by("tom", T, StaffCommand::Release {}).unwrap();
    theirs.by("tina", T, StaffCommand::Take {}).unwrap();
    let (placed, session) = rebase(&fork, &ours, &theirs);
    let taken = Event::Overruled {
        event: Box::new(Event::Taken),
    };
    assert_eq!(placed[0].event, taken);
    assert_eq!(placed[0].by, Actor::staff(T, staff("tom")));
    assert!(matches!(placed[1].event, Event::Text { .. }));
    assert!(matches!(placed[2].event, Event::Overruled { .. }));
    assert_eq!(session.owner, Some(staff("tina")));
    assert_eq!(session.standing, Standing::Owned);
}

#[test]
fn the_same_person_on_both_sides_is_no_conflict() {
    let fork = Desk::open("hello");
    let (mut ours, mut theirs) = (fork.clone(), fork.clone());
    ours.by("tom", T, StaffCommand::Take {}).unwrap();
    theirs.by("tom", T, StaffCommand::Take {}).unwrap();
    let (placed, session) = rebase(&fork, &ours, &theirs);
    assert_eq!(placed[0].event, Event::Taken);
    assert_eq!(session.owner, Some(staff("tom")));
}

#[test]
fn a_closing_here_does_not_end_what_somebody_took_there() {
    let mut fork = Desk::open("hello");
    fork.by("tom", T, StaffCommand::Take {}).unwrap();
    let (mut ours, mut theirs) = (fork.clone(), fork.clone());
    let close = StaffCommand::Close {
        disposition: Disposition::Test,
        note: "done".to_owned(),
    };
    ours.by("tom", T, close).unwrap();
    theirs.by_gateway(crate::session::GatewayCommand::ConsoleLost {
        owner: staff("tom"),
    });
    theirs.by("tina", T, StaffCommand::Take {}).unwrap();
    let (placed, session) = rebase(&fork, &ours, &theirs);
    let closed = placed.last().unwrap();
    assert!(matches!(inside(&closed.event), Event::Closed { note, .. } if note == "done"));
    assert_eq!(session.standing, Standing::Owned);
    assert_eq!(session.owner, Some(staff("tina")));
}

#[test]
fn what_a_person_saw_here_does_not_cover_what_the_resident_said_there() {
    let mut fork = Desk::open("hello");
    fork.by("tom", T, StaffCommand::Take {}).unwrap();
    let (mut ours, mut theirs) = (fork.clone(), fork.clone());
    ours.by_resident(says("here")).unwrap();
    let up_to = ours.session.head;
    ours.by("tom", T, StaffCommand::Seen { up_to }).unwrap();
    let mut quiet = fork.clone();
    quiet.by_gateway(crate::session::GatewayCommand::MediaEnded(
        callbox_proto::vocabulary::Medium::Video,
        callbox_proto::event::MediaEnd::Lost,
    ));
    let text = "a note".to_owned();
    quiet.by("tom", T, StaffCommand::Note { text }).unwrap();
    theirs.by_resident(says("there")).unwrap();
    let (_, session) = rebase(&fork, &ours, &theirs);
    assert_eq!(session.seen, fork.session.head);
    let (_, session) = rebase(&fork, &ours, &quiet);
    assert_eq!(session.seen, quiet.session.head + 1);
}

fn links(number: u128) -> StaffCommand {
    let incident = incident(number);
    StaffCommand::Link { incident }
}

#[test]
fn what_was_linked_there_stays_and_what_was_linked_here_is_shown() {
    let fork = Desk::open("hello");
    let (mut ours, mut theirs) = (fork.clone(), fork.clone());
    ours.by("tom", T, links(5)).unwrap();
    theirs.by("tina", T, links(6)).unwrap();
    let (placed, session) = rebase(&fork, &ours, &theirs);
    assert!(matches!(placed[0].event, Event::Overruled { .. }));
    assert_eq!(session.incident, Some(incident(6)));
}

#[test]
fn the_same_link_or_unlink_on_both_sides_is_no_conflict() {
    let fork = Desk::open("hello");
    let (mut ours, mut theirs) = (fork.clone(), fork.clone());
    ours.by("tom", T, links(5)).unwrap();
    theirs.by("tina", T, links(5)).unwrap();
    let (placed, session) = rebase(&fork, &ours, &theirs);
    assert!(matches!(placed[0].event, Event::Linked { .. }));
    assert_eq!(session.incident, Some(incident(5)));
    let fork = theirs;
    let (mut ours, mut theirs) = (fork.clone(), fork.clone());
    let incident = incident(5);
    ours.by("tom", T, StaffCommand::Unlink { incident })
        .unwrap();
    theirs
        .by("tina", T, StaffCommand::Unlink { incident })
        .unwrap();
    let (placed, session) = rebase(&fork, &ours, &theirs);
    assert!(matches!(placed[0].event, Event::Unlinked { .. }));
    assert_eq!(session.incident, None);
}

#[test]
fn a_command_that_arrived_there_after_all_is_not_placed_again() {
    let fork = Desk::open("hello");
    let mut ours = fork.clone();
    ours.by_resident(says("one")).unwrap();
    ours.by_resident(says("two")).unwrap();
    let mut theirs = fork.clone();
    let text = "a note".to_owned();
    theirs
        .by("sue", Role::Supervisor, StaffCommand::Note { text })
        .unwrap();
    theirs.by_resident(says("one")).unwrap();
    let at = fork.log.len();
    let mut rebasing = Rebasing::new(Some(fork.session.clone()), theirs.session.clone(), false);
    let first = theirs.session.head;
    rebasing.known(&ours.log[at..=at], first, first);
    let placed = rebasing.place(&ours.log[at + 1..]);
    assert_eq!(placed.len(), 1);
    assert_eq!(rebasing.session().head, first + 1);
}

proptest! {
    #[test]
    fn everything_kept_comes_out_once_in_order_and_the_session_stays_whole(
        before in vec(step(), 0..20),
        here in vec(step(), 0..20),
        there in vec(step(), 0..20),
    ) {
        let mut fork = Desk::open("hello");
        let run = |desk: &mut Desk, steps: Vec<Step>| {
            for step in steps {
                take(desk, step);
            }
        };
        run(&mut fork, before);
        let (mut ours, mut theirs) = (fork.clone(), fork.clone());
        run(&mut ours, here);
        run(&mut theirs, there);
        let (placed, session) = rebase(&fork, &ours, &theirs);
        let kept = entries(&ours, fork.log.len());

        // One for one, in order, by whom and when it was.
        prop_assert_eq!(placed.len(), kept.len());
        for (kept, placed) in kept.iter().zip(&placed) {
            prop_assert_eq!(&kept.by, &placed.by);
            prop_assert_eq!(kept.at_ms, placed.at_ms);
            prop_assert!(same_kind(&kept.event, &placed.event));
            // The resident's own words always count.
            let word = matches!(
                kept.event,
                Event::Text { .. } | Event::Located { .. } | Event::PhotoAnnounced { .. }
            );
            prop_assert!(!word || kept.event == placed.event);
        }
        // The log folds to the state, and every entry names the visible one before it.
        let mut folded = theirs.session.clone();
        for (seq, entry) in (folded.head + 1..).zip(&placed) {
            prop_assert_eq!(entry.resident_prev, folded.resident_head);
            folded.apply(seq, entry);
        }
        prop_assert_eq!(&folded, &session);
        // Whoever owns it there keeps it until somebody there or here, as its owner, gives it up.
        prop_assert!(session.standing != Standing::Owned || session.owner.is_some());
        prop_assert!(session.photos.len() <= PHOTOS_MAX);
        let gives_up = |entry: &Stored| {
            matches!(
                entry.event,
                Event::Released { .. } | Event::Transferred { .. } | Event::Closed { .. }
            )
        };
        if theirs.session.standing == Standing::Owned && !placed.iter().any(gives_up) {
            prop_assert_eq!(&session.owner, &theirs.session.owner);
        }
        // Nothing opens what was finished there.
        if theirs.session.standing == Standing::Closed {
            prop_assert_eq!(session.standing, Standing::Closed);
        }
    }

    #[test]
    fn where_nobody_else_wrote_everything_stands_as_it_was(
        before in vec(step(), 0..20),
        here in vec(step(), 0..30),
    ) {
        let mut fork = Desk::open("hello");
        for step in before {
            take(&mut fork, step);
        }
        let mut ours = fork.clone();
        for step in here {
            take(&mut ours, step);
        }
        let (placed, session) = rebase(&fork, &ours, &fork);
        prop_assert_eq!(placed, entries(&ours, fork.log.len()));
        prop_assert_eq!(session, ours.session);
    }
}
