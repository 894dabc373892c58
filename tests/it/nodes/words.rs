//! Words that are deleted at one node: nobody at any node is given them, and then they are gone.

use std::sync::Arc;

use bytes::Bytes;
use callbox::backbone::{Append, Appended, Backbone as _, IndexRow};
use callbox::node::Node;
use callbox::node::pending::Wish;
use callbox_domain::policy::Material;
use callbox_domain::session::{GatewayCommand, Session};
use callbox_proto::command::StaffCommand;
use callbox_proto::error::ErrorCode;
use callbox_proto::event::Event;
use callbox_proto::ids::SessionId;
use callbox_proto::message::ToStaff;
use callbox_proto::vocabulary::{Content, Disposition, Role};

use super::desk::{AtConsole, Cluster, Resident};
use crate::gateway::harness::fresh;

/// Stands in everything that is written here.
const MARKER: &str = "under-the-old-bridge";

/// A closed session in which both sides have written.
async fn closed(east: &Arc<Node>, west: &Arc<Node>) -> SessionId {
    let ann = Resident::opens(east, MARKER).await;
    let tina = AtConsole::tina(west);
    tina.takes(ann.session()).await;
    tina.says(ann.session(), MARKER).await;
    ann.says(MARKER).await;
    let close = StaffCommand::Close {
        disposition: Disposition::HelpSent,
        note: MARKER.to_owned(),
    };
    tina.does(ann.session(), close).await;
    ann.hangs_up();
    ann.session()
}

/// The agency's time is over: it was closed long ago.
async fn expires(node: &Arc<Node>, session: SessionId) {
    let cell = node.session(session).await.unwrap();
    let command = GatewayCommand::WordsExpired {
        closed_ms: 1,
        up_to: 1,
        sha256: "ab".repeat(32),
    };
    let wish = Wish::Gateway(Box::new(command));
    node.ask(&cell, fresh(), wish).await.unwrap();
}

async fn watches(node: &Arc<Node>, name: &str, session: SessionId) -> AtConsole {
    let mut who = AtConsole::signs_in(node, name, Role::Supervisor);
    who.does(session, StaffCommand::Watch {}).await;
    who.follows(session).await;
    who
}

async fn is_in_the_log(cluster: &Cluster, session: SessionId) -> bool {
    let records = cluster.backbone.read(session, 0, 1_000).await.unwrap();
    let has = |bytes: &Bytes| {
        let mut parts = bytes.windows(MARKER.len());
        parts.any(|part| part == MARKER.as_bytes())
    };
    let row = cluster.backbone.find_session(session).await.unwrap();
    let summary = row.unwrap().row.summary;
    records.iter().any(|record| has(&record.payload)) || has(&summary)
}

fn deleted(event: &Event) -> bool {
    matches!(event, Event::WordsDeleted { .. })
}

#[tokio::test]
async fn deleted_words_are_given_to_nobody_at_any_node_also_while_the_store_has_them() {
    let cluster = Cluster::new();
    let (east, west) = cluster.two().await;
    let session = closed(&east, &west).await;
    let mut sue = watches(&west, "sue", session).await;
    sue.reads(MARKER).await;
    sue.entry(|event| matches!(event, Event::Watched { .. }))
        .await;
    expires(&east, session).await;
    let (up_to, _) = sue.entry(deleted).await;
    assert!(is_in_the_log(&cluster, session).await, "not destroyed yet");

    for (node, name) in [(&east, "sam"), (&west, "sid")] {
        let mut late = watches(node, name, session).await;
        late.entry(deleted).await;
        let entries = late.line.came.iter().filter_map(|message| match message {
            ToStaff::Entry { seq, event, .. } if *seq <= up_to => Some(event.clone()),
            _ => None,
        });
        let entries: Vec<_> = entries.collect();
        assert_eq!(entries.len() as u64, up_to, "no hole");
        let was = Content::Text;
        assert!(entries.contains(&Event::Destroyed { was }));
        let shown = serde_json::to_string(&entries).unwrap();
        assert!(!shown.contains(MARKER), "{shown}");
    }
    let page = east.log_page(session, 0).await.unwrap();
    let shown: Vec<_> = page.iter().map(|line| &line.entry).collect();
    let shown = serde_json::to_string(&shown).unwrap();
    assert!(!shown.contains(MARKER) && shown.contains("\"destroyed\":true"));
}

#[tokio::test]
async fn what_one_node_destroys_is_gone_and_what_another_one_destroys_again_is_as_before() {
    let cluster = Cluster::new();
    let (east, west) = cluster.two().await;
    let session = closed(&east, &west).await;
    let kept = closed(&east, &west).await;
    expires(&east, session).await;
    assert_eq!(
        east.may_be_destroyed(session, Material::Words).await,
        Ok(true)
    );
    assert_eq!(
        west.may_be_destroyed(kept, Material::Words).await,
        Ok(false)
    );
    let agency = super::desk::agency_id();
    let waiting = west.to_destroy(&agency).await.unwrap();
    assert_eq!(
        waiting,
        [(session, Material::Words)],
        "any node finds it first"
    );
    let (one, other) = tokio::join!(west.destroy_words(session), east.destroy_words(session));
    let lost = one.unwrap();
    assert!(lost >= 5);
    assert_eq!(other, Ok(lost));
    assert!(!is_in_the_log(&cluster, session).await);
    assert!(is_in_the_log(&cluster, kept).await);
    for node in [&west, &east] {
        let entries = lost;
        let noted = GatewayCommand::WordsDestroyed { entries };
        node.note_destroyed(session, noted).await.unwrap();
    }
    let mut sue = watches(&east, "sue", session).await;
    sue.entry(|event| *event == Event::WordsDestroyed { entries: lost })
        .await;
    sue.entry(|event| matches!(event, Event::Watched { .. }))
        .await;
    let said = sue.line.came.iter().filter(|message| {
        matches!(
            message,
            ToStaff::Entry {
                event: Event::WordsDestroyed { .. },
                ..
            }
        )
    });
    assert_eq!(said.count(), 1);
    assert_eq!(west.to_destroy(&agency).await, Ok(Vec::new()));
    // Whoever has its number still finds what there was, and what comes now is added.
    let reason = "a court asks what there was".to_owned();
    sue.does(
        session,
        StaffCommand::PlaceHold {
            reason: reason.clone(),
        },
    )
    .await;
    let held =
        |event: &Event| matches!(event, Event::HoldPlaced { reason: why, .. } if *why == reason);
    watches(&west, "sam", session).await.entry(held).await;
}

/// An entry of a newer version: nobody here knows what is in it.
#[tokio::test]
async fn a_session_with_an_entry_that_nobody_can_read_is_never_called_destroyed() {
    let cluster = Cluster::new();
    let (east, west) = cluster.two().await;
    let session = closed(&east, &west).await;
    let found = cluster.backbone.find_session(session).await.unwrap();
    let found = found.unwrap();
    let mut state: Session = rmp_serde::from_slice(&found.row.summary).unwrap();
    assert_eq!(state.head, found.head);
    state.head += 1;
    let append = Append {
        agency: found.agency,
        session,
        expected: found.head,
        command: fresh(),
        records: vec![Bytes::from_static(b"in words of its own")],
        index: Some(IndexRow {
            summary: rmp_serde::to_vec_named(&state).unwrap().into(),
            ..found.row
        }),
        claim_epoch: None,
    };
    let stored = cluster.backbone.append(vec![append]).await.remove(0);
    assert!(matches!(stored, Ok(Appended::Stored { .. })));
    let north = cluster.node("north").await;
    expires(&north, session).await;
    assert_eq!(north.destroy_words(session).await, Err(ErrorCode::Internal));
    let agency = super::desk::agency_id();
    let waiting = north.to_destroy(&agency).await.unwrap();
    assert_eq!(waiting, [(session, Material::Words)], "it is tried again");
    assert!(
        !is_in_the_log(&cluster, session).await,
        "what can be read is gone"
    );
}
