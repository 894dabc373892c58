//! Properties over random histories. A failure prints its history; the generator's seed stands beside it.

use callbox_proto::codec::Encoding;
use callbox_proto::event::{Actor, Event, Stored};
use callbox_proto::vocabulary::{Priority, Standing};
use proptest::collection::vec;
use proptest::prelude::*;

use super::desk::{Desk, OPENED_MS, fold};
use super::every_event::opened;
use super::strategies::{Step, entry, step};
use crate::policy::Material;
use crate::session::{PHOTOS_MAX, Session};

/// Runs one step; what was decided, if it was not refused.
pub fn take(desk: &mut Desk, step: Step) -> Option<Vec<Event>> {
    match step {
        Step::Resident(command) => desk.by_resident(command).ok(),
        Step::Staff(staff, role, command) => desk.by(staff.as_str(), role, command).ok(),
        Step::Gateway(command) => Some(desk.by_gateway(command)),
        Step::Later(ms) => {
            desk.later(ms);
            None
        }
    }
}

fn owner_and_standing_agree(session: &Session) -> bool {
    match session.standing {
        Standing::Owned => session.owner.is_some(),
        Standing::Waiting | Standing::Abandoned => session.owner.is_none(),
        Standing::Closed => true,
    }
}

fn is_allowed_after_the_end(event: &Event) -> bool {
    matches!(
        event,
        Event::Note { .. }
            | Event::Seen { .. }
            | Event::PhotoRevealed { .. }
            | Event::PhotoFetched { .. }
            | Event::Watched { .. }
            | Event::Linked { .. }
            | Event::Unlinked { .. }
            | Event::HoldPlaced { .. }
            | Event::HoldLifted { .. }
            | Event::CustodyRequested { .. }
            | Event::CustodyAgreed { .. }
            | Event::CustodyDeclined { .. }
            | Event::PhotosDeleted { .. }
            | Event::PhotosDestroyed { .. }
            | Event::WordsDeleted { .. }
            | Event::WordsDestroyed { .. }
            // The gateway still tells what became of photos that were on their way.
            | Event::PhotoPreviewed { .. }
            | Event::PhotoPreviewRefused { .. }
            | Event::PhotoStored { .. }
            | Event::PhotoRefused { .. }
    )
}

/// What one decision may have changed.
fn check_step(before: &Session, events: &[Event], after: &Session) {
    assert!(owner_and_standing_agree(after));
    assert!(after.photos.len() <= PHOTOS_MAX);
    assert_eq!(after.entered_ms, OPENED_MS, "the first entry is kept");
    if before.standing == Standing::Closed {
        assert!(events.iter().all(is_allowed_after_the_end));
        assert_eq!(after.standing, Standing::Closed);
    }
    if events
        .iter()
        .any(|e| matches!(e, Event::PhotosDeleted { .. }))
    {
        assert_eq!(before.standing, Standing::Closed, "of an open session");
        assert!(!before.custody.is_held(), "in spite of a hold");
        assert!(!before.custody.is_deleted(Material::Photos), "twice");
    }
    if events
        .iter()
        .any(|e| matches!(e, Event::WordsDeleted { .. }))
    {
        assert!(before.has_to_delete(Material::Words));
        assert!(!before.custody.is_held(), "in spite of a hold");
    }
    let taken = events.contains(&Event::Taken);
    assert!(!taken || before.owner.is_none(), "two owners");
    let triaged = events.iter().any(|e| matches!(e, Event::Triaged { .. }));
    let changed = events
        .iter()
        .any(|e| matches!(e, Event::PriorityChanged { .. }));
    if triaged {
        assert!(before.priority_reason.is_none(), "over a person's head");
        assert!(after.priority < before.priority, "triage only raises");
    }
    if !triaged && !changed {
        assert_eq!(after.priority, before.priority);
        assert_eq!(after.deadline_ms, before.deadline_ms, "first deadline kept");
    }
}

/// Each entry names the visible one before it, as a receiver needs it to see holes.
fn check_log(log: &[Stored]) {
    let mut visible = 0;
    for (seq, entry) in (1..).zip(log) {
        assert_eq!(entry.resident_prev, visible);
        if entry.event.visible_to_resident() {
            visible = seq;
        }
    }
}

proptest! {
    #[test]
    fn every_decision_keeps_the_promises(steps in vec(step(), 0..60)) {
        let mut desk = Desk::open("hello");
        for step in steps {
            let before = desk.session.clone();
            let events = take(&mut desk, step).unwrap_or_default();
            check_step(&before, &events, &desk.session);
        }
        check_log(&desk.log);
    }

    #[test]
    fn the_fold_of_the_stored_log_is_the_decided_state(steps in vec(step(), 0..60)) {
        let mut desk = Desk::open("hello");
        for step in steps {
            take(&mut desk, step);
        }
        for encoding in Encoding::ALL {
            let stored: Vec<Stored> = desk
                .log
                .iter()
                .map(|entry| encoding.decode(&encoding.encode(entry).unwrap()).unwrap())
                .collect();
            prop_assert_eq!(&fold(&stored), &desk.session);
        }
    }

    #[test]
    fn a_destroyed_log_folds_to_the_same_state_as_the_log_that_it_was(steps in vec(step(), 0..60)) {
        let mut desk = Desk::open("hello");
        for step in steps {
            take(&mut desk, step);
        }
        let up_to = desk.session.custody.words_deleted_up_to();
        let left: Vec<Stored> = (1..)
            .zip(&desk.log)
            .map(|(seq, entry)| match entry.without_words() {
                Some(left) if seq <= up_to => left,
                _ => entry.clone(),
            })
            .collect();
        prop_assert_eq!(&fold(&left), &desk.session);
        for entry in &left {
            prop_assert!(entry.without_words().is_none() || up_to == 0 || !entry.destroyed);
        }
    }

    #[test]
    fn a_snapshot_and_the_rest_of_the_log_are_the_decided_state(
        first in vec(step(), 0..30),
        rest in vec(step(), 0..30),
    ) {
        let mut desk = Desk::open("hello");
        for step in first {
            take(&mut desk, step);
        }
        let bytes = Encoding::MessagePack.encode(&desk.session).unwrap();
        let mut snapshot: Session = Encoding::MessagePack.decode(&bytes).unwrap();
        prop_assert_eq!(&snapshot, &desk.session);
        for step in rest {
            take(&mut desk, step);
        }
        let from = usize::try_from(snapshot.head).unwrap();
        for (seq, entry) in (snapshot.head + 1..).zip(&desk.log[from..]) {
            snapshot.apply(seq, entry);
        }
        prop_assert_eq!(&snapshot, &desk.session);
    }

    #[test]
    fn a_refused_command_changes_nothing(steps in vec(step(), 0..60)) {
        let mut desk = Desk::open("hello");
        for step in steps {
            let (before, entries) = (desk.session.clone(), desk.log.len());
            if take(&mut desk, step).is_none_or(|events| events.is_empty()) {
                prop_assert_eq!(&desk.session, &before);
                prop_assert_eq!(desk.log.len(), entries);
            }
        }
    }

    #[test]
    fn applying_is_total(entries in vec(entry(), 0..80)) {
        let first = Stored { at_ms: 0, by: Actor::Resident, event: opened(), resident_prev: 0, destroyed: false };
        let mut session = Session::begin(&first).unwrap();
        for (seq, entry) in (2..).zip(&entries) {
            session.apply(seq, entry);
            prop_assert_eq!(session.head, seq);
            let _row = session.row(callbox_proto::ids::SessionId::from_u128(1).unwrap(), true);
        }
        prop_assert!(Priority::ALL.contains(&session.priority));
    }
}
