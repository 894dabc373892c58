//! The gateway without its shared tier: killed, frozen, cut off, and back.

use std::collections::HashSet;

use callbox_proto::command::StaffCommand;
use callbox_proto::event::{Actor, Event};
use callbox_proto::ids::SessionId;
use callbox_proto::message::{ToResident, ToStaff};
use callbox_proto::vocabulary::{Disposition, Priority, Rung, Standing};

use super::harness::{Console, Entry, Gateway, Relay, Resident, Topology, soon};
use crate::redis::{RedisServer, ServerOptions};

/// What a node needs: the tier's address as this node reaches it, and the key and the folder that all nodes share.
pub(super) fn settings(server: &RedisServer, port: u16, name: &str) -> String {
    let key = server.folder().join("identity.key");
    std::fs::write(&key, [7; 32]).unwrap();
    format!(
        "backbone.url = \"redis://127.0.0.1:{port}\"\nidentity.key_file = \"{}\"\nnode.name = \"{name}\"\nstorage.evidence_dir = \"{}\"\n",
        key.display(),
        server.folder().join("evidence").display(),
    )
}

pub(super) async fn gateway(server: &RedisServer) -> Gateway {
    Gateway::with(&settings(server, server.port(), "one")).await
}

async fn readiness(gateway: &Gateway) -> String {
    let ready = soon(reqwest::get(format!("http://{}/readyz", gateway.admin()))).await;
    let ready = ready.unwrap();
    assert!(ready.status().is_success());
    soon(ready.text()).await.unwrap()
}

pub(super) async fn until_ready(gateway: &Gateway, says: &str) {
    let says_so = async {
        while !readiness(gateway).await.contains(says) {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), says_so)
        .await
        .unwrap_or_else(|_| panic!("never {says}"));
}

/// Waits until nothing is kept any more, by the gateway's own figure.
pub(super) async fn drained(gateway: &Gateway) {
    let is_drained = async {
        loop {
            let metrics = reqwest::get(format!("http://{}/metrics", gateway.admin())).await;
            let text = metrics.unwrap().text().await.unwrap();
            if text
                .lines()
                .any(|line| line == "callbox_island_kept_records 0")
            {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), is_drained)
        .await
        .expect("drained");
}

/// How many records it has ever kept on its own disk, by its own figure.
async fn has_kept(gateway: &Gateway) -> u64 {
    let kept = gateway.metric("callbox_island_kept_total").await;
    kept.map_or(0, |kept| kept.parse().expect("a number"))
}

pub(super) async fn is_safe_up_to(resident: &Resident, last: u64) {
    resident
        .wire
        .wait(|m| matches!(m, ToResident::Safe { up_to } if *up_to >= last).then_some(()))
        .await;
}

pub(super) fn texts(entries: &[Entry]) -> Vec<String> {
    let text = |entry: &Entry| match &entry.event {
        Event::Text { text, .. } => Some(text.clone()),
        _ => None,
    };
    entries.iter().filter_map(text).collect()
}

/// The whole log as a supervisor reads it anew: without holes, every command in one piece.
pub(super) async fn whole_log(gateway: &Gateway, session: SessionId) -> Vec<Entry> {
    let sue = gateway.staff("sue").await;
    sue.does(session, StaffCommand::Watch {}).await;
    let head = sue.follows(session, 0).await.head;
    sue.wire
        .wait(|m| matches!(m, ToStaff::Entry { seq, .. } if *seq >= head).then_some(()))
        .await;
    let entries = sue.entries(session);
    for (seq, entry) in (1..).zip(&entries) {
        assert_eq!(entry.seq, seq, "a hole, or something twice");
    }
    let mut commands = Vec::new();
    for entry in &entries {
        if commands.last() != Some(&entry.command) {
            commands.push(entry.command);
        }
    }
    let different: HashSet<_> = commands.iter().collect();
    assert_eq!(
        different.len(),
        commands.len(),
        "a command stands there twice"
    );
    entries
}

/// Somebody who reports, and somebody who answers.
pub(super) async fn in_contact(gateway: &Gateway) -> (Resident, Console, SessionId) {
    let (ann, tina) = (gateway.resident().await, gateway.console("tina").await);
    let session = ann.open("Smoke in the kitchen").await;
    tina.stands(session, Standing::Waiting).await;
    assert_eq!(tina.take_next().await, session);
    tina.follows(session, 0).await;
    tina.reads(session, "Smoke in the kitchen").await;
    (ann, tina, session)
}

/// Goes on in both directions, and opens and takes something new; answers the new session and its resident.
pub(super) async fn go_on_alone(
    gateway: &Gateway,
    ann: &Resident,
    tina: &Console,
    session: SessionId,
) -> (SessionId, Resident) {
    assert_eq!(ann.says("It spreads").await.rung, Rung::Stored);
    tina.reads(session, "It spreads").await;
    let (_, receipt) = {
        let receipt = tina.says(session, "Leave the house").await;
        (session, receipt)
    };
    assert_eq!(receipt.rung, Rung::Stored);
    ann.reads("Leave the house").await;
    let bob = gateway.resident().await;
    let id = super::harness::fresh();
    let opening = super::harness::opening(
        callbox_proto::vocabulary::Category::Other,
        "There was an accident",
    );
    let (new, receipt) = bob.open_with(id, &opening).await;
    assert_eq!(receipt.rung, Rung::Stored);
    tina.stands(new, Standing::Waiting).await;
    assert_eq!(tina.take_next().await, new);
    tina.follows(new, 0).await;
    tina.reads(new, "There was an accident").await;
    tina.says(new, "Where are you?").await;
    bob.reads("Where are you?").await;
    (new, bob)
}

#[tokio::test]
async fn a_killed_tier_stops_nobody_and_gets_everything_once_it_is_back() {
    let mut server = RedisServer::start(ServerOptions::durable());
    let gateway = gateway(&server).await;
    let (ann, tina, session) = in_contact(&gateway).await;
    server.kill();
    let (new, bob) = go_on_alone(&gateway, &ann, &tina, session).await;
    until_ready(&gateway, "ready; island").await;
    assert!(has_kept(&gateway).await > 0);
    tina.told_of_island(true).await;
    let last = ann.says("We are outside").await.last;
    server.restart();
    is_safe_up_to(&ann, last).await;
    is_safe_up_to(&bob, 1).await;
    until_ready(&gateway, "ready; safe means").await;
    drained(&gateway).await;
    tina.told_of_island(false).await;
    assert_eq!(ann.says("Thank you").await.rung, Rung::Safe);
    let expected = [
        "Smoke in the kitchen",
        "It spreads",
        "Leave the house",
        "We are outside",
        "Thank you",
    ];
    assert_eq!(texts(&whole_log(&gateway, session).await), expected);
    let expected = ["There was an accident", "Where are you?"];
    assert_eq!(texts(&whole_log(&gateway, new).await), expected);
    // Another node reads the same from the tier.
    let other = Gateway::with(&settings(&server, server.port(), "two")).await;
    assert_eq!(texts(&whole_log(&other, new).await), expected);
}

#[tokio::test]
async fn with_its_tier_there_a_node_keeps_nothing_on_its_own_disk() {
    let mut gateway = Topology::TwoNodes.start().await;
    let (ann, tina, session) = in_contact(&gateway).await;
    let (tom, sue) = (gateway.console("tom").await, gateway.staff("sue").await);
    assert_eq!(ann.says("It spreads").await.rung, Rung::Safe);
    let said = tina.says(session, "Leave the house").await;
    assert_eq!(said.rung, Rung::Safe);
    ann.reads("Leave the house").await;
    let priority = StaffCommand::SetPriority {
        priority: Priority::LIFE_AT_RISK,
        reason: "somebody is inside".to_owned(),
    };
    sue.does(session, priority).await;
    tina.does(session, StaffCommand::Release {}).await;
    tom.stands(session, Standing::Waiting).await;
    assert_eq!(tom.take_next().await, session);
    tom.says(session, "I have you now").await;
    ann.reads("I have you now").await;
    let close = StaffCommand::Close {
        disposition: Disposition::HelpSent,
        note: String::new(),
    };
    tom.does(session, close).await;
    tina.gone(session).await;
    assert_eq!(has_kept(&gateway).await, 0, "where the resident is");
    assert_eq!(has_kept(gateway.last()).await, 0, "where staff are");
}

#[tokio::test]
async fn a_console_is_told_of_the_island_although_nothing_else_happens() {
    let server = RedisServer::start(ServerOptions::durable());
    let gateway = gateway(&server).await;
    let tina = gateway.console("tina").await;
    tina.told_of_island(false).await;
    server.freeze();
    tina.told_of_island(true).await;
    let tom = gateway.console("tom").await;
    tom.told_of_island(true).await;
    server.thaw();
    tina.told_of_island(false).await;
    tom.told_of_island(false).await;
}

#[tokio::test]
async fn a_frozen_tier_leaves_everything_unknown_and_has_everything_once() {
    let server = RedisServer::start(ServerOptions::durable());
    let gateway = gateway(&server).await;
    let (ann, tina, session) = in_contact(&gateway).await;
    server.freeze();
    let (new, bob) = go_on_alone(&gateway, &ann, &tina, session).await;
    server.thaw();
    is_safe_up_to(&ann, 1).await;
    is_safe_up_to(&bob, 1).await;
    drained(&gateway).await;
    let expected = ["Smoke in the kitchen", "It spreads", "Leave the house"];
    assert_eq!(texts(&whole_log(&gateway, session).await), expected);
    let expected = ["There was an accident", "Where are you?"];
    assert_eq!(texts(&whole_log(&gateway, new).await), expected);
}

#[tokio::test]
async fn a_gateway_killed_on_its_island_loses_nothing_stored() {
    let mut server = RedisServer::start(ServerOptions::durable());
    let mut gateway = gateway(&server).await;
    let (ann, tina, session) = in_contact(&gateway).await;
    server.kill();
    let (new, bob) = go_on_alone(&gateway, &ann, &tina, session).await;
    gateway.kill().await;
    gateway.start_again().await;
    // It stands again before the tier does, and goes on with what it kept.
    let bob = gateway.resident_again(&bob.device).await;
    bob.resume(new, 0).await;
    bob.reads("Where are you?").await;
    assert_eq!(bob.says("On the bridge").await.rung, Rung::Stored);
    server.restart();
    is_safe_up_to(&bob, 1).await;
    drained(&gateway).await;
    let ann = gateway.resident_again(&ann.device).await;
    ann.resume(session, 0).await;
    ann.reads("Leave the house").await;
    let expected = ["Smoke in the kitchen", "It spreads", "Leave the house"];
    assert_eq!(texts(&whole_log(&gateway, session).await), expected);
    let expected = ["There was an accident", "Where are you?", "On the bridge"];
    assert_eq!(texts(&whole_log(&gateway, new).await), expected);
}

#[tokio::test]
async fn two_sides_of_a_split_find_together_and_both_see_what_the_other_did() {
    let server = RedisServer::start(ServerOptions::durable());
    let cut = Relay::start(server.address()).await;
    let here = Gateway::with(&settings(&server, cut.address().port(), "here")).await;
    let there = Gateway::with(&settings(&server, server.port(), "there")).await;
    let (ann, tina) = (here.resident().await, here.console("tina").await);
    let session = ann.open("Smoke in the kitchen").await;
    tina.stands(session, Standing::Waiting).await;
    cut.freeze(true);
    // Tina takes it here, Tom there.
    assert_eq!(ann.says("It spreads").await.rung, Rung::Stored);
    assert_eq!(tina.take_next().await, session);
    tina.follows(session, 0).await;
    tina.says(session, "Leave the house").await;
    ann.reads("Leave the house").await;
    let tom = there.console("tom").await;
    tom.takes(session).await;
    tom.says(session, "Who is there?").await;
    cut.freeze(false);
    let after = ann
        .wire
        .wait(|m| match m {
            ToResident::Rewound { after } => Some(*after),
            _ => None,
        })
        .await;
    drained(&here).await;
    ann.reads("Who is there?").await;
    let log = whole_log(&there, session).await;
    let expected = [
        "Smoke in the kitchen",
        "Who is there?",
        "It spreads",
        "Leave the house",
    ];
    assert_eq!(texts(&log), expected);
    let taken: Vec<_> = log
        .iter()
        .filter_map(|entry| match (&entry.event, &entry.by) {
            (Event::Taken, Actor::Staff { staff, .. }) => Some((false, staff.clone())),
            (Event::Overruled { event }, Actor::Staff { staff, .. }) => {
                matches!(**event, Event::Taken).then(|| (true, staff.clone()))
            }
            _ => None,
        })
        .collect();
    let (tom_id, tina_id) = ("tom".parse().unwrap(), "tina".parse().unwrap());
    assert_eq!(taken, [(false, Some(tom_id)), (true, Some(tina_id))]);
    // Tina is shown it to where it is, and Ann goes on with whoever has it.
    tina.entry(session, |event| matches!(event, Event::Overruled { .. }))
        .await;
    let before: Vec<_> = ann
        .entries()
        .iter()
        .filter(|e| e.seq <= after)
        .cloned()
        .collect();
    assert!(!before.is_empty());
    assert_eq!(ann.says("Hurry").await.rung, Rung::Safe);
    let refused = tina
        .is_refused(
            session,
            StaffCommand::Text {
                text: "?".to_owned(),
            },
        )
        .await;
    assert_eq!(refused.code, callbox_proto::error::ErrorCode::NotOwner);
}
