//! What residents never see.

use callbox_proto::codec::Encoding;
use callbox_proto::event::{Actor, Event};
use callbox_proto::vocabulary::Role;

use super::desk::{Desk, staff};
use super::every_event::{NAME_MARK, NOTE_MARK, every_event};

fn json(value: &impl serde::Serialize) -> String {
    String::from_utf8(Encoding::Json.encode(value).unwrap()).unwrap()
}

#[test]
fn no_event_shows_a_resident_the_names_or_notes_of_staff() {
    for event in every_event() {
        let shown = event.for_resident().map(|e| json(&e)).unwrap_or_default();
        assert!(!shown.contains(NAME_MARK), "{shown}");
        assert!(!shown.contains(NOTE_MARK), "{shown}");
    }
}

#[test]
fn what_staff_do_among_themselves_is_hidden_whole() {
    let hidden: Vec<_> = every_event()
        .into_iter()
        .filter(|event| event.for_resident().is_none())
        .collect();
    assert_eq!(hidden.len(), 22);
    assert!(hidden.iter().all(|event| matches!(
        event,
        Event::Note { .. }
            | Event::Watched { .. }
            | Event::PhotoFetched { .. }
            | Event::PriorityChanged { .. }
            | Event::Triaged { .. }
            | Event::ServiceLocated { .. }
            | Event::Linked { .. }
            | Event::Unlinked { .. }
            | Event::ResponderLinkMade { .. }
            | Event::ResponderLinkOpened { .. }
            | Event::ResponderLinkRevoked { .. }
            | Event::HoldPlaced { .. }
            | Event::HoldLifted { .. }
            | Event::CustodyRequested { .. }
            | Event::CustodyAgreed { .. }
            | Event::CustodyDeclined { .. }
            | Event::Exported { .. }
            | Event::PhotosDeleted { .. }
            | Event::PhotosDestroyed { .. }
            | Event::WordsDestroyed { .. }
            | Event::Suspected { .. }
            // The one in the list has a note inside.
            | Event::Overruled { .. }
    )));
}

#[test]
fn no_event_shows_a_responder_names_or_notes_of_staff_a_contact_or_a_rule_that_fired() {
    let mut shown = Vec::new();
    for event in every_event() {
        let Some(event) = event.for_responder() else {
            continue;
        };
        let text = json(&event);
        for hidden in [NAME_MARK, NOTE_MARK, "555 0100", &"00".repeat(32)] {
            assert!(!text.contains(hidden), "{text}");
        }
        shown.push(event.kind());
    }
    // The list is what a responder sees of a log, whole: a change of it is a change of what leaves the agency.
    let wanted = [
        "PriorityChanged", // what triage said, without the rules
        "PriorityChanged",
        "CategoryChanged",
        "Text",
        "Located",
        "ServiceLocated",
        "PhotoAnnounced",
        "PhotoPreviewed",
        "PhotoPreviewRefused",
        "PhotoStored",
        "PhotoRefused",
        "FieldAnswered",
        "MediaStarted",
        "MediaEnded",
        "Left",
        "Returned",
        "Destroyed",
    ];
    assert_eq!(shown, wanted);
}

#[test]
fn visible_and_shown_are_the_same_for_every_event() {
    for event in every_event() {
        assert_eq!(event.visible_to_resident(), event.for_resident().is_some());
    }
}

#[test]
fn a_resident_sees_a_role_and_no_name() {
    for role in Role::ALL {
        let shown = json(&Actor::staff(*role, staff(NAME_MARK)).for_resident());
        assert!(!shown.contains(NAME_MARK), "{shown}");
    }
}

#[test]
fn hidden_entries_do_not_move_the_residents_head() {
    let mut desk = Desk::owned();
    let (head, resident_head) = (desk.session.head, desk.session.resident_head);
    let text = "among us".to_owned();
    desk.by_tina(callbox_proto::command::StaffCommand::Note { text })
        .unwrap();
    assert_eq!(desk.session.head, head + 1);
    assert_eq!(desk.session.resident_head, resident_head);
}
