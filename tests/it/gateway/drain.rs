//! A drain by an operator's word: clients go to another node with one reconnect, and it can be taken back.

use std::process::{Output, Stdio};

use callbox_proto::codec::Encoding;
use callbox_proto::error::CloseCode;
use callbox_proto::message::{ToResident, ToStaff};
use callbox_proto::vocabulary::Category;
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::process::Command;

use super::harness::{
    Device, Gateway, Resident, SteadyResident, Topology, among_nodes, opening, soon,
};

among_nodes!(
    a_drain_moves_everybody_with_one_reconnect_each_and_loses_nothing,
    a_drain_that_is_taken_back_keeps_who_is_still_there,
);

/// `callbox drain` and the like, as an operator types it at the first node.
async fn typed(gateway: &Gateway, words: &[&str]) -> Output {
    let running = Command::new(env!("CARGO_BIN_EXE_callbox"))
        .args(words)
        .args(["--admin-listen", &gateway.admin().to_string()])
        .env_remove("CALLBOX_CONFIG")
        .stdin(Stdio::null())
        .output();
    soon(running).await.expect("the program runs")
}

fn words(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

async fn ready(gateway: &Gateway) -> (u16, String) {
    let answer = soon(reqwest::get(format!("http://{}/readyz", gateway.admin())))
        .await
        .expect("an answer");
    (
        answer.status().as_u16(),
        soon(answer.text()).await.expect("words"),
    )
}

/// What a client is told that comes while the node drains.
async fn refused(gateway: &Gateway) -> (u16, String) {
    let request = reqwest::Client::new()
        .get(gateway.url("/ws/resident"))
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
        .header("sec-websocket-protocol", Encoding::Json.subprotocol());
    let answer = soon(request.send()).await.expect("an answer");
    let status = answer.status().as_u16();
    let problem: Value = soon(answer.json()).await.expect("a problem");
    (
        status,
        problem["code"].as_str().unwrap_or_default().to_owned(),
    )
}

/// The pause of the hint to connect again.
async fn told_after_ms(resident: &Resident) -> u64 {
    resident
        .wire
        .wait(|message| match message {
            ToResident::Reconnect { after_ms } => Some(*after_ms),
            _ => None,
        })
        .await
}

async fn a_drain_moves_everybody_with_one_reconnect_each_and_loses_nothing(on: Topology) {
    let gateway = on.with("session.resident_messages_per_s = 0").await;
    let tina = gateway.console("tina").await;
    let mut residents: Vec<_> = (0..5)
        .map(|number| {
            let report = opening(Category::Other, &format!("resident {number}"));
            let mut ann = SteadyResident::new(gateway.address(), report, Encoding::MessagePack);
            for line in 0..40 {
                ann.says(&line.to_string());
            }
            ann
        })
        .collect();
    let drain = async {
        while tina.list().values().filter(|row| row.connected).count() < 5 {
            tina.quiet().await;
        }
        typed(&gateway, &["drain", "--within", "20", "--rate", "100"]).await
    };
    let moving = join_all(residents.iter_mut().map(async |ann| {
        ann.until(|ann| ann.breaks > 0).await;
        ann.moves_to(gateway.desk());
        ann.until(|ann| ann.all_safe() && ann.texts().len() > 40)
            .await;
    }));
    let (drained, _) = tokio::join!(drain, moving);
    let said = words(&drained.stdout);
    assert!(
        drained.status.success(),
        "{said} {}",
        words(&drained.stderr)
    );
    assert!(said.ends_with("the gateway can be stopped\n"), "{said}");
    for ann in &residents {
        let mut arrived: Vec<u32> = ann.texts()[1..].iter().flat_map(|t| t.parse()).collect();
        arrived.sort_unstable();
        assert_eq!(arrived, (0..40).collect::<Vec<_>>(), "each of them once");
        assert_eq!(ann.breaks, 1, "one reconnect");
    }
    assert_eq!(
        ready(&gateway).await,
        (503, "draining: 0 of 5 connections left\n".to_owned())
    );
    assert_eq!(refused(&gateway).await, (503, "going_down".to_owned()));
}

async fn a_drain_that_is_taken_back_keeps_who_is_still_there(on: Topology) {
    let gateway = on.start().await;
    let (ann, bob) = (gateway.resident().await, gateway.resident().await);
    ann.open("I stay").await;
    bob.open("So do I").await;
    // One client in half a minute, the first of them after as long.
    let began = typed(
        &gateway,
        &["drain", "--within", "3600", "--rate", "1", "--no-wait"],
    )
    .await;
    assert!(began.status.success(), "{}", words(&began.stderr));
    let went = tokio::select! {
        code = ann.wire.closed() => code,
        code = bob.wire.closed() => code,
    };
    assert_eq!(went, Some(CloseCode::GoingDown.number()));
    assert!(typed(&gateway, &["undrain"]).await.status.success());
    assert_eq!(ready(&gateway).await.0, 200);
    gateway.resident().await.open("I am new here").await;
}

#[tokio::test]
async fn whoever_is_sent_to_another_node_is_told_to_come_at_once() {
    let gateway = Topology::TwoNodes.start().await;
    let ann = gateway.resident().await;
    ann.open("A dog barks").await;
    let began = typed(&gateway, &["drain", "--no-wait"]).await;
    assert!(began.status.success(), "{}", words(&began.stderr));
    assert!(told_after_ms(&ann).await < 1_000);
}

#[tokio::test]
async fn the_only_node_that_ends_tells_residents_and_staff_when_to_come_back() {
    let gateway = Gateway::start().await;
    let (ann, tina) = (gateway.resident().await, gateway.console("tina").await);
    ann.open("A dog barks").await;
    gateway.terminate();
    assert_eq!(told_after_ms(&ann).await, 4_000);
    let after_ms = tina.wire.wait(|message| match message {
        ToStaff::Reconnect { after_ms } => Some(*after_ms),
        _ => None,
    });
    assert_eq!(after_ms.await, 4_000);
    assert_eq!(
        tina.wire.closed().await,
        Some(CloseCode::GoingDown.number())
    );
}

#[tokio::test]
async fn the_only_node_sends_nobody_away_unless_it_is_told_to_do_it_even_alone() {
    let gateway = Gateway::start().await;
    let refused = typed(&gateway, &["drain"]).await;
    assert!(!refused.status.success());
    let said = words(&refused.stderr);
    assert!(
        said.contains("no other node that residents could go to"),
        "{said}"
    );
    assert_eq!(ready(&gateway).await.0, 200);
    let ann = gateway.resident().await;
    let forced = typed(&gateway, &["drain", "--even-alone", "--no-wait"]).await;
    assert!(forced.status.success(), "{}", words(&forced.stderr));
    assert_eq!(told_after_ms(&ann).await, 4_000, "time for a restart");
    assert_eq!(ann.wire.closed().await, Some(CloseCode::GoingDown.number()));
    assert!(typed(&gateway, &["undrain"]).await.status.success());
    let again = Resident::connect(gateway.address(), Device::new(), Encoding::Json).await;
    again.open("I am back").await;
}

#[tokio::test]
async fn an_order_that_makes_no_sense_changes_nothing_and_says_why() {
    let gateway = Gateway::start().await;
    let client = reqwest::Client::new();
    let url = format!("http://{}/drain", gateway.admin());
    for (order, status) in [
        (json!({"within_s": 0, "even_alone": true}), 400),
        (json!({"within_s": 90_000, "even_alone": true}), 400),
        (json!({"per_s": 0, "even_alone": true}), 400),
        (json!({"per_s": -1}), 422),
        (json!({"no_such_key": 1}), 422),
        (json!({}), 409),
    ] {
        let answer = soon(client.post(&url).json(&order).send())
            .await
            .expect("an answer");
        assert_eq!(answer.status().as_u16(), status, "{order}");
    }
    // A form of a page of another site, which a browser would send without asking.
    let form = client
        .post(&url)
        .header("content-type", "text/plain")
        .body(r#"{"even_alone":true}"#);
    assert_eq!(
        soon(form.send())
            .await
            .expect("an answer")
            .status()
            .as_u16(),
        415
    );
    assert_eq!(ready(&gateway).await.0, 200);
}

#[tokio::test]
async fn without_a_gateway_the_command_says_where_it_looked() {
    let output = Command::new(env!("CARGO_BIN_EXE_callbox"))
        .args(["undrain", "--admin-listen", "127.0.0.1:1"])
        .env_remove("CALLBOX_CONFIG")
        .output();
    let output = soon(output).await.expect("the program runs");
    let said = words(&output.stderr);
    assert!(
        !output.status.success() && said.contains("127.0.0.1:1 (admin.listen)"),
        "{said}"
    );
}
