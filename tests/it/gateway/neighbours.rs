//! Bad neighbours: a shared tier that is full, read-only, locked, taken by another program, slow, weaker than it should be, empty
//! or damaged. Each has words for the operator, a defined state for residents and consoles, and costs nothing that was `safe`.

use callbox_proto::error::{CloseCode, ErrorCode};
use callbox_proto::ids::{CommandId, SessionId};
use callbox_proto::message::{Board, ToResident};
use callbox_proto::vocabulary::{Category, Rung, Seq, Standing};

use super::harness::{Console, Gateway, Resident, fresh, opening, text};
use super::island::{
    drained, gateway, go_on_alone, in_contact, is_safe_up_to, settings, texts, until_ready,
    whole_log,
};
use crate::redis::{RedisServer, ServerOptions};

/// What becomes of a server, and how that is seen.
struct Neighbour {
    spoils: fn(&RedisServer),
    heals: fn(&RedisServer),
    /// In the log, on `/readyz` and on the board.
    says: &'static str,
}

/// Why a node says that nothing is safe there.
fn because(board: &Board) -> &str {
    let nodes = board.nodes.iter().find(|node| node.here);
    let because = nodes.and_then(|node| node.because.as_deref());
    because.unwrap_or_default()
}

/// Waits until the operator can read it everywhere.
async fn everybody_is_told(gateway: &Gateway, sue: &Console, guarantees: &[&str], says: &str) {
    until_ready(gateway, says).await;
    until_logged(gateway, says).await;
    let told = |board: &Board| {
        let here = board.nodes.iter().find(|node| node.here);
        let same = here.is_some_and(|node| node.guarantee == board.guarantee);
        same && guarantees.contains(&&*board.guarantee) && because(board).contains(says)
    };
    sue.board(told).await;
}

/// Waits until there is nothing left to be told.
async fn all_is_well(gateway: &Gateway, sue: &Console) {
    until_ready(gateway, "ready; safe means on the disk of the shared tier").await;
    sue.board(|board| board.guarantee == "shared_disk" && because(board).is_empty())
        .await;
}

pub(super) async fn until_logged(gateway: &Gateway, says: &str) {
    let logged = async {
        while !gateway.log().contains(says) {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(super::harness::PATIENCE, logged)
        .await
        .unwrap_or_else(|_| panic!("never {says} in {}", gateway.log()));
}

/// People go on, whoever runs it can read why, and when it is as it should be everything is there once and in order.
async fn is_outlived(neighbour: Neighbour) {
    let server = RedisServer::start(ServerOptions::durable());
    let gateway = gateway(&server).await;
    let (ann, tina, session) = in_contact(&gateway).await;
    let sue = gateway.staff("sue").await;
    all_is_well(&gateway, &sue).await;
    (neighbour.spoils)(&server);
    let (new, bob) = go_on_alone(&gateway, &ann, &tina, session).await;
    // Whether it still answers what is read, or nothing: nothing is called safe.
    everybody_is_told(&gateway, &sue, &["weaker", "island"], neighbour.says).await;
    let outside = ann.says("We are outside").await;
    assert_eq!(outside.rung, Rung::Stored);
    (neighbour.heals)(&server);
    is_safe_up_to(&ann, outside.last).await;
    is_safe_up_to(&bob, 1).await;
    drained(&gateway).await;
    all_is_well(&gateway, &sue).await;
    // The tier has it: a node that was not there reads the same.
    let other = Gateway::with(&settings(&server, server.port(), "two")).await;
    let expected = [
        "Smoke in the kitchen",
        "It spreads",
        "Leave the house",
        "We are outside",
    ];
    assert_eq!(texts(&whole_log(&other, session).await), expected);
    let expected = ["There was an accident", "Where are you?"];
    assert_eq!(texts(&whole_log(&other, new).await), expected);
}

/// Changes a setting of a server that runs.
fn set(server: &RedisServer, name: &str, value: &str) {
    let answer = server.command(&["CONFIG", "SET", name, value]);
    assert!(answer.contains("OK"), "{name}: {answer}");
}

/// The demo's index, and where a test puts it away.
const INDEX: &str = "callbox:{demo.example}:index";
const AWAY: &str = "away:{demo.example}";

#[tokio::test]
async fn a_full_tier_is_called_full_and_gets_everything_when_there_is_room() {
    is_outlived(Neighbour {
        spoils: |server| set(server, "maxmemory", "1"),
        heals: |server| set(server, "maxmemory", "0"),
        says: "the shared tier is full",
    })
    .await;
}

#[tokio::test]
async fn a_tier_that_became_a_replica_is_called_one() {
    is_outlived(Neighbour {
        spoils: |server| _ = server.command(&["REPLICAOF", "127.0.0.1", "1"]),
        heals: |server| _ = server.command(&["REPLICAOF", "NO", "ONE"]),
        says: "it is a slave, not a primary",
    })
    .await;
}

#[tokio::test]
async fn a_tier_whose_password_was_changed_names_the_setting() {
    is_outlived(Neighbour {
        spoils: |server| server.changes_password("", "changed"),
        heals: |server| server.changes_password("changed", ""),
        says: "user or password is wrong (backbone.username, backbone.password_file)",
    })
    .await;
}

/// It stands in the way of what changes the list. All else is answered, and is safe.
#[tokio::test]
async fn a_key_of_another_program_is_called_that_though_all_else_is_answered() {
    let server = RedisServer::start(ServerOptions::durable());
    let gateway = gateway(&server).await;
    let (ann, tina, session) = in_contact(&gateway).await;
    let sue = gateway.staff("sue").await;
    server.command(&["RENAME", INDEX, AWAY]);
    server.command(&["SET", INDEX, "theirs"]);
    let bob = gateway.resident().await;
    let accident = opening(Category::Other, "There was an accident");
    let (new, receipt) = bob.open_with(fresh(), &accident).await;
    assert_eq!(receipt.rung, Rung::Stored);
    let says = "another program uses the same key prefix";
    everybody_is_told(&gateway, &sue, &["weaker"], says).await;
    until_ready(&gateway, "records wait for the shared tier").await;
    tina.stands(new, Standing::Waiting).await;
    tina.takes(new).await;
    tina.says(new, "Where are you?").await;
    bob.reads("Where are you?").await;
    is_said_safely(&ann).await;
    server.command(&["RENAME", AWAY, INDEX]);
    is_safe_up_to(&bob, receipt.last).await;
    drained(&gateway).await;
    all_is_well(&gateway, &sue).await;
    let other = Gateway::with(&settings(&server, server.port(), "two")).await;
    let expected = ["Smoke in the kitchen", "Thank you"];
    assert_eq!(texts(&whole_log(&other, session).await), expected);
    let expected = ["There was an accident", "Where are you?"];
    assert_eq!(texts(&whole_log(&other, new).await), expected);
}

#[tokio::test]
async fn a_tier_that_misses_its_replicas_says_which_setting_stops_it() {
    is_outlived(Neighbour {
        spoils: |server| set(server, "min-replicas-to-write", "1"),
        heals: |server| set(server, "min-replicas-to-write", "0"),
        says: "too few replicas are connected to the shared tier (min-replicas-to-write)",
    })
    .await;
}

#[tokio::test]
async fn a_tier_that_cannot_write_its_disk_says_so() {
    is_outlived(Neighbour {
        spoils: |server| {
            // A folder stands where the snapshot is to go.
            std::fs::create_dir_all(server.folder().join("dump.rdb/in-the-way")).unwrap();
            set(server, "save", "3600 1");
            server.command(&["BGSAVE"]);
            server.await_info("rdb_last_bgsave_status:err");
        },
        heals: |server| {
            std::fs::remove_dir_all(server.folder().join("dump.rdb")).unwrap();
            server.command(&["BGSAVE"]);
            server.await_info("rdb_last_bgsave_status:ok");
        },
        says: "the shared tier cannot write to its disk (MISCONF)",
    })
    .await;
}

/// Nobody waits for it: what it takes too long for is `stored` here, and `safe` when it has come to it.
#[tokio::test]
async fn a_slow_tier_makes_receipts_say_stored_first_and_safe_later() {
    let server = RedisServer::start(ServerOptions::durable());
    let gateway = gateway(&server).await;
    let (ann, tina, session) = in_contact(&gateway).await;
    let words = ["It spreads", "Leave the house", "We are outside"];
    for (number, words) in words.iter().enumerate() {
        // Writes wait until they may go on; reads are answered.
        server.command(&["CLIENT", "PAUSE", "600000", "WRITE"]);
        let receipt = match number % 2 {
            0 => ann.says(words).await,
            _ => tina.says(session, words).await,
        };
        assert_eq!(receipt.rung, Rung::Stored);
        server.command(&["CLIENT", "UNPAUSE"]);
        is_safe_up_to(&ann, receipt.last).await;
        drained(&gateway).await;
    }
    let expected = ["Smoke in the kitchen", words[0], words[1], words[2]];
    assert_eq!(texts(&whole_log(&gateway, session).await), expected);
}

#[tokio::test]
async fn a_tier_that_is_weaker_than_it_should_be_is_told_and_gives_no_receipt_that_says_safe() {
    let fleeting = ServerOptions::default().with("appendonly yes");
    let server = RedisServer::start(fleeting.with("appendfsync everysec"));
    let gateway = gateway(&server).await;
    let says = "(appendfsync everysec, no replica is waited for)";
    let sue = gateway.staff("sue").await;
    // It is ready all the same: reports are taken.
    everybody_is_told(&gateway, &sue, &["weaker"], says).await;
    until_ready(&gateway, "ready; nothing is safe yet, only stored").await;
    assert!(
        gateway
            .log()
            .contains("receipts are weaker than they should be")
    );
    let (ann, tina, session) = in_contact(&gateway).await;
    let (first, second) = (
        ann.says("It spreads").await,
        tina.says(session, "Leave").await,
    );
    assert_eq!((first.rung, second.rung), (Rung::Stored, Rung::Stored));
    set(&server, "appendfsync", "always");
    all_is_well(&gateway, &sue).await;
    is_said_safely(&ann).await;
    // What was said before is safe, too: clients ask for what is only stored.
    assert_eq!(asks_again(&ann, first.id, "It spreads").await, first.last);
    set(&server, "appendfsync", "everysec");
    everybody_is_told(&gateway, &sue, &["weaker"], says).await;
    assert_eq!(ann.says("And now?").await.rung, Rung::Stored);
}

#[tokio::test]
async fn what_was_kept_is_not_called_safe_in_a_tier_that_is_weaker_than_it_should_be() {
    let fleeting = ServerOptions::default().with("appendonly yes");
    let server = RedisServer::start(fleeting.with("appendfsync everysec"));
    let gateway = gateway(&server).await;
    let (ann, tina, session) = in_contact(&gateway).await;
    server.freeze();
    let kept = ann.says("It spreads").await;
    assert_eq!(kept.rung, Rung::Stored);
    tina.reads(session, "It spreads").await;
    until_ready(&gateway, "ready; island").await;
    server.thaw();
    drained(&gateway).await;
    // What comes after it is stored, too, and said so behind whatever was said of what was kept.
    assert_eq!(ann.says("Thank you").await.rung, Rung::Stored);
    let safe = |all: &[ToResident]| all.iter().any(|m| matches!(m, ToResident::Safe { .. }));
    assert!(!safe(&ann.wire.record().all()), "nothing is safe there");
    set(&server, "appendfsync", "always");
    until_ready(&gateway, "ready; safe means").await;
    assert_eq!(asks_again(&ann, kept.id, "It spreads").await, kept.last);
    let expected = ["Smoke in the kitchen", "It spreads", "Thank you"];
    assert_eq!(texts(&whole_log(&gateway, session).await), expected);
}

/// Sends the same again, which is safe by now; answers the number of its entry.
async fn asks_again(resident: &Resident, id: CommandId, words: &str) -> Seq {
    resident.submit(id, text(words));
    let receipt = resident.answer(id).await.expect("done");
    assert_eq!(receipt.rung, Rung::Safe);
    receipt.last
}

/// Says something that becomes safe; on a busy machine it may be kept for a moment.
async fn is_said_safely(resident: &Resident) {
    let said = resident.says("Thank you").await;
    if said.rung != Rung::Safe {
        is_safe_up_to(resident, said.last).await;
    }
}

#[tokio::test]
async fn a_tier_that_comes_back_empty_is_told_and_new_reports_are_taken() {
    let mut server = RedisServer::start(ServerOptions::durable());
    let mut gateway = gateway(&server).await;
    let (ann, _tina, session) = in_contact(&gateway).await;
    let sue = gateway.staff("sue").await;
    server.command(&["FLUSHALL"]);
    server.command(&["FUNCTION", "FLUSH"]);
    server.restart();
    let says = "the shared tier has come back without what it held";
    everybody_is_told(&gateway, &sue, &["weaker"], says).await;
    // Whoever was in it is told, and reports anew; that is stored, and not called safe.
    let refused = ann.is_refused(text("It spreads")).await;
    assert_eq!(refused, ErrorCode::NoSuchSession);
    let ann = gateway.resident_again(&ann.device).await;
    let anew = ann.open("Smoke in the kitchen, again").await;
    assert_ne!(anew, session);
    let said = ann.says("It spreads").await;
    assert_eq!(said.rung, Rung::Stored);
    // The operator goes on without what is lost.
    gateway.terminate();
    assert!(gateway.gone().await);
    std::fs::remove_file(gateway.data().join("tier.epoch")).unwrap();
    gateway.start_again().await;
    let sue = gateway.staff("sue").await;
    all_is_well(&gateway, &sue).await;
    let ann = gateway.resident_again(&ann.device).await;
    ann.resume(anew, 0).await;
    is_said_safely(&ann).await;
    let expected = ["Smoke in the kitchen, again", "It spreads", "Thank you"];
    assert_eq!(texts(&whole_log(&gateway, anew).await), expected);
}

fn log_of(session: SessionId) -> String {
    format!("callbox:{{demo.example}}:log:{:032x}", session.as_u128())
}

/// Writes a log anew with the last byte of one entry changed. Done twice it is as it was.
fn flips(server: &RedisServer, session: SessionId, entry: &str) {
    let log = log_of(session);
    let mut open = server.connection("");
    let mut range = redis::cmd("XRANGE");
    range.arg(&log).arg("-").arg("+");
    let entries: Vec<(String, Vec<Vec<u8>>)> = range.query(&mut open).unwrap();
    let mut anew = redis::pipe();
    anew.atomic().cmd("DEL").arg(&log).ignore();
    for (id, mut fields) in entries {
        if id == entry {
            *fields.last_mut().unwrap().last_mut().unwrap() ^= 1;
        }
        anew.cmd("XADD").arg(&log).arg(id).arg(fields).ignore();
    }
    anew.exec(&mut open).unwrap();
}

#[tokio::test]
async fn a_damaged_entry_of_the_tier_is_named_and_costs_its_session_only() {
    let server = RedisServer::start(ServerOptions::durable());
    let (hers, his, anns, bobs) = {
        let gateway = gateway(&server).await;
        let (ann, bob) = (gateway.resident().await, gateway.resident().await);
        let (hers, his) = (ann.open("Smoke").await, bob.open("A dog barks").await);
        is_said_safely(&ann).await;
        is_said_safely(&bob).await;
        drained(&gateway).await;
        (hers, his, ann.device.clone(), bob.device.clone())
    };
    flips(&server, hers, "3-0");
    let other = Gateway::with(&settings(&server, server.port(), "two")).await;
    let tina = other.console("tina").await;
    tina.takes(hers).await;
    tina.follows(hers, 0).await;
    let told = tina.complaint().await;
    assert_eq!(told.code, ErrorCode::Internal);
    until_logged(&other, &format!("record 3 of session {hers} is damaged")).await;
    // Who needs no more than comes from here on goes on.
    let ann = other.resident_again(&anns).await;
    let (head, _) = ann.resume(hers, 0).await;
    let told = ann.wire.closed().await;
    assert_eq!(told, Some(CloseCode::GoingDown.number()));
    let ann = other.resident_again(&anns).await;
    ann.resume(hers, head).await;
    is_said_safely(&ann).await;
    // The same console serves everybody else.
    let bob = other.resident_again(&bobs).await;
    bob.resume(his, 0).await;
    is_said_safely(&bob).await;
    tina.takes(his).await;
    tina.follows(his, 0).await;
    tina.reads(his, "A dog barks").await;
    // Once the entry is what it was, so is the session.
    flips(&server, hers, "3-0");
    let third = Gateway::with(&settings(&server, server.port(), "three")).await;
    let ann = third.resident_again(&anns).await;
    ann.resume(hers, 0).await;
    let expected = ["Smoke", "Thank you", "Thank you"];
    assert_eq!(texts(&whole_log(&third, hers).await), expected);
}
