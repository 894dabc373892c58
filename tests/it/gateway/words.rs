//! Deletions of words: the agency's time, the log first, and nothing left in the store but that something happened, when and by whom.

use callbox::backbone::{Backbone, Record};
use callbox_proto::command::{ResidentCommand, StaffCommand};
use callbox_proto::error::ErrorCode;
use callbox_proto::event::{Actor, Event, Stored};
use callbox_proto::ids::SessionId;
use callbox_proto::message::{FromResident, ToResident};
use callbox_proto::vocabulary::{Content, DeletionCause, Disposition, Location, LocationMethod};

use super::deletions::{DAY_MS, puts_older, watches};
use super::exports::{agrees, asks, fetches, lines, unpacked};
use super::harness::{Console, Entry, Gateway, Topology, among_nodes, everywhere, fresh};
use super::photos::sha256;

everywhere!(
    words_whose_time_is_over_are_destroyed_and_what_is_held_or_younger_stays_whole,
    what_a_kill_left_after_the_entry_is_destroyed_with_the_next_start,
    an_export_made_afterwards_says_what_was_destroyed,
    a_resident_whose_words_are_destroyed_finds_no_session,
);

among_nodes!(one_of_the_nodes_deletes_and_each_shows_it_once,);

/// Stands in everything that people write in these sessions.
const MARKER: &str = "under-the-old-bridge";

/// A closed session in which both sides have said much.
async fn closed(gateway: &Gateway) -> SessionId {
    let (ann, tina) = (gateway.resident().await, gateway.console("tina").await);
    let session = ann.open(&format!("Somebody lies {MARKER}")).await;
    tina.takes(session).await;
    tina.follows(session, 0).await;
    let location = Location {
        latitude: 40.7,
        longitude: -73.2,
        uncertainty_m: 5.0,
        method: LocationMethod::Gnss,
        age_ms: 0,
        words: Some(MARKER.to_owned()),
    };
    ann.does(ResidentCommand::Locate { location }).await;
    let contact = MARKER.to_owned();
    ann.does(ResidentCommand::GiveContact { contact }).await;
    tina.says(session, &format!("Who is {MARKER}?")).await;
    let text = format!("among us: {MARKER}");
    tina.does(session, StaffCommand::Note { text }).await;
    let close = StaffCommand::Close {
        disposition: Disposition::HelpSent,
        note: MARKER.to_owned(),
    };
    tina.does(session, close).await;
    session
}

fn by_time() -> Event {
    Event::WordsDeleted {
        cause: DeletionCause::Retention,
        days: Some(30),
        up_to: 1,
        sha256: sha256(b""),
    }
}

fn is_by_time(event: &Event) -> bool {
    matches!(
        event,
        Event::WordsDeleted {
            days: Some(30),
            cause: DeletionCause::Retention,
            ..
        }
    )
}

/// The digest of these records, as the entry about their deletion has it.
fn digest<'a>(records: impl Iterator<Item = &'a Record>) -> String {
    let mut bytes = Vec::new();
    for record in records {
        bytes.extend_from_slice(&(record.payload.len() as u64).to_be_bytes());
        bytes.extend_from_slice(&record.payload);
    }
    sha256(&bytes)
}

/// Waits for the entry that says that nothing is left; answers how many entries lost something.
async fn destroyed(who: &Console, session: SessionId) -> u32 {
    let of_it = |event: &Event| matches!(event, Event::WordsDestroyed { .. });
    match who.entry(session, of_it).await {
        Entry {
            event: Event::WordsDestroyed { entries },
            by: Actor::Gateway,
            ..
        } => entries,
        _ => unreachable!("as waited for"),
    }
}

fn has_marker(bytes: &[u8]) -> bool {
    bytes
        .windows(MARKER.len())
        .any(|part| part == MARKER.as_bytes())
}

async fn records(store: &dyn Backbone, session: SessionId) -> Vec<Record> {
    store.read(session, 0, 1_000).await.unwrap()
}

fn entry(record: &Record) -> Stored {
    rmp_serde::from_slice(&record.payload).unwrap()
}

async fn words_whose_time_is_over_are_destroyed_and_what_is_held_or_younger_stays_whole(
    on: Topology,
) {
    let mut gateway = on.start().await;
    let young = closed(&gateway).await;
    gateway.power_cut().await;
    let store = gateway.opens_store().await;
    let hold = Event::HoldPlaced {
        hold: fresh(),
        reason: "a court".to_owned(),
    };
    let held = puts_older(&*store, young, 50 * DAY_MS, None, Some(hold)).await;
    let old = puts_older(&*store, young, 31 * DAY_MS, None, None).await;
    let recent = puts_older(&*store, young, 29 * DAY_MS, None, None).await;
    let before = records(&*store, old).await;
    assert!(before.iter().any(|record| has_marker(&record.payload)));
    drop(store);

    gateway.also_configure("agency.retention.words_days = 30\n");
    gateway.start_again().await;
    let sam = gateway.staff("sam").await;
    watches(&sam, old).await;
    let entries = destroyed(&sam, old).await;
    let shown = sam.entries(old);
    let deleted = shown.iter().find(|e| is_by_time(&e.event)).unwrap().clone();
    assert_eq!(deleted.by, Actor::Gateway);
    let was = |was| shown.iter().any(|e| e.event == Event::Destroyed { was });
    for kind in [
        Content::Text,
        Content::Note,
        Content::Located,
        Content::ContactGiven,
    ] {
        assert!(was(kind), "{kind:?}");
    }
    assert!(
        shown
            .iter()
            .all(|entry| !format!("{:?}", entry.by).contains(MARKER))
    );
    let row = gateway.metric("callbox_words_destroyed_total").await;
    if on == Topology::OneNode {
        assert_eq!(row.as_deref(), Some("1"));
    }
    gateway.power_cut().await;

    let store = gateway.opens_store().await;
    let after = records(&*store, old).await;
    let mut lost = 0;
    for (record, was) in after.iter().zip(&before) {
        assert_eq!((record.seq, record.command), (was.seq, was.command));
        let (left, was_entry) = (entry(record), entry(was));
        assert_eq!((left.at_ms, &left.by), (was_entry.at_ms, &was_entry.by));
        lost += u32::from(left.destroyed);
        assert!(left.destroyed || record.payload == was.payload);
    }
    assert_eq!(lost, entries);
    assert!(after.iter().all(|record| !has_marker(&record.payload)));
    let kinds = |of: fn(&Event) -> bool| after.iter().filter(|r| of(&entry(r).event)).count();
    assert_eq!(kinds(|event| *event == Event::Taken), 1);
    assert_eq!(kinds(is_by_time), 1, "once");
    let Event::WordsDeleted { up_to, sha256, .. } = deleted.event else {
        unreachable!("as found")
    };
    // As they were: who watches afterwards is among them.
    let first = usize::try_from(up_to).unwrap();
    let was = (0..first).map(|at| before.get(at).unwrap_or(&after[at]));
    assert!(first >= before.len());
    assert_eq!(sha256, digest(was));
    let row = store.find_session(old).await.unwrap().unwrap();
    assert!(!has_marker(&row.row.summary));
    for kept in [young, held, recent] {
        let whole = records(&*store, kept).await;
        assert!(whole.iter().any(|record| has_marker(&record.payload)));
        assert!(whole.iter().all(|record| !entry(record).destroyed));
    }
    assert!(
        gateway
            .whole_log()
            .await
            .contains("what was over its time was deleted")
    );
}

/// A session whose words the log calls deleted and the store still has, at a gateway that was just started on it.
async fn deleted(gateway: &mut Gateway) -> SessionId {
    let young = closed(gateway).await;
    gateway.power_cut().await;
    let store = gateway.opens_store().await;
    let left = puts_older(&*store, young, 31 * DAY_MS, None, Some(by_time())).await;
    drop(store);
    gateway.start_again().await;
    left
}

/// The time is not even configured any more: what is decided is carried out.
async fn what_a_kill_left_after_the_entry_is_destroyed_with_the_next_start(on: Topology) {
    let mut gateway = on.start().await;
    let left = deleted(&mut gateway).await;
    let sam = gateway.staff("sam").await;
    watches(&sam, left).await;
    assert!(destroyed(&sam, left).await > 0);
    gateway.power_cut().await;
    let store = gateway.opens_store().await;
    let after = records(&*store, left).await;
    assert!(after.iter().all(|record| !has_marker(&record.payload)));
    drop(store);
    // Nothing is done twice by the start after it.
    gateway.start_again().await;
    let sam = gateway.staff("sam").await;
    watches(&sam, left).await;
    destroyed(&sam, left).await;
    sam.quiet().await;
    let of_it = |entry: &&Entry| matches!(entry.event, Event::WordsDestroyed { .. });
    assert_eq!(sam.entries(left).iter().filter(of_it).count(), 1);
}

async fn an_export_made_afterwards_says_what_was_destroyed(on: Topology) {
    let mut gateway = on.start().await;
    let left = deleted(&mut gateway).await;
    let (sue, sam) = (gateway.staff("sue").await, gateway.staff("sam").await);
    watches(&sam, left).await;
    destroyed(&sam, left).await;
    let request = asks(&sue, left).await;
    agrees(&sam, left, request).await;
    let files = unpacked(fetches(&gateway, &sue.who, left, request).await).await;
    assert!(files.values().all(|bytes| !has_marker(bytes)));
    let log = lines(&files["log.jsonl"]);
    let kinds: Vec<_> = log
        .iter()
        .map(|line| line["event"]["kind"].as_str().unwrap())
        .collect();
    for kind in [
        "opened",
        "taken",
        "destroyed",
        "closed",
        "words_deleted",
        "words_destroyed",
    ] {
        assert!(kinds.contains(&kind), "{kind}");
    }
    assert!(!kinds.contains(&"text") && !kinds.contains(&"located"));
    let gone = log
        .iter()
        .filter(|line| line["event"]["kind"] == "destroyed");
    for line in gone {
        assert_eq!(line["destroyed"], true, "{line}");
    }
}

async fn a_resident_whose_words_are_destroyed_finds_no_session(on: Topology) {
    let mut gateway = on.start().await;
    let ann = gateway.resident().await;
    let session = ann.open(MARKER).await;
    let tina = gateway.console("tina").await;
    tina.takes(session).await;
    let close = StaffCommand::Close {
        disposition: Disposition::HelpSent,
        note: String::new(),
    };
    tina.does(session, close).await;
    gateway.power_cut().await;
    let store = gateway.opens_store().await;
    let left = puts_older(&*store, session, 31 * DAY_MS, None, Some(by_time())).await;
    drop(store);
    gateway.start_again().await;
    let sam = gateway.staff("sam").await;
    watches(&sam, left).await;
    destroyed(&sam, left).await;
    let again = gateway.resident_again(&ann.device).await;
    let (session, after) = (left, 0);
    again.wire.send(&FromResident::Resume { session, after });
    let refused = |m: &ToResident| match m {
        ToResident::Error(error) => Some(error.code),
        _ => None,
    };
    let code = again.wire.wait(refused).await;
    assert_eq!(code, ErrorCode::NoSuchSession);
}

async fn one_of_the_nodes_deletes_and_each_shows_it_once(on: Topology) {
    let mut gateway = on.start().await;
    let young = closed(&gateway).await;
    gateway.power_cut().await;
    let store = gateway.opens_store().await;
    let mut old = Vec::new();
    for days in [31, 32, 33] {
        old.push(puts_older(&*store, young, days * DAY_MS, None, None).await);
    }
    drop(store);
    gateway.also_configure("agency.retention.words_days = 30\n");
    gateway.start_again().await;
    let sam = gateway.staff("sam").await;
    for session in old {
        watches(&sam, session).await;
        destroyed(&sam, session).await;
        sam.quiet().await;
        let entries = sam.entries(session);
        let seqs: Vec<_> = entries.iter().map(|entry| entry.seq).collect();
        assert!(seqs.is_sorted_by(|one, next| one < next), "{seqs:?}");
        let of = |wanted: fn(&Event) -> bool| entries.iter().filter(|e| wanted(&e.event)).count();
        assert_eq!(of(|e| matches!(e, Event::WordsDeleted { .. })), 1);
        assert_eq!(of(|e| matches!(e, Event::WordsDestroyed { .. })), 1);
    }
}
