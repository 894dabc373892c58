//! The gateway on a shared tier: the same for residents and staff, and clear words when the tier is not as it should be.

use std::path::Path;
use std::sync::Arc;

use callbox::backbone::redis::{Options, Redis};
use callbox::backbone::{Append, Appended, Backbone as _};
use callbox::clock::SystemClock;
use callbox_proto::error::ErrorCode;
use callbox_proto::ids::SessionId;
use callbox_proto::message::FromResident;
use callbox_proto::vocabulary::Standing;

use super::harness::{Gateway, fresh, text};
use super::island::until_ready;
use super::neighbours::until_logged;
use crate::redis::{Cluster, Encrypted, RedisServer, ServerOptions};

/// What a node needs for a tier: its address, and the key that all nodes share.
fn settings(url: &str, folder: &Path) -> String {
    let key = folder.join("identity.key");
    std::fs::write(&key, [7; 32]).unwrap();
    format!(
        "backbone.url = \"{url}\"\nidentity.key_file = \"{}\"\nstorage.evidence_dir = \"{}\"\n",
        key.display(),
        folder.join("evidence").display()
    )
}

#[tokio::test]
async fn a_report_lives_in_the_shared_tier_and_outlives_the_node_that_took_it() {
    let server = RedisServer::start(ServerOptions::durable());
    let session = {
        let gateway = Gateway::with(&settings(&server.url(), server.folder())).await;
        let (ann, tina) = (gateway.resident().await, gateway.console("tina").await);
        let session = ann.open("Smoke in the kitchen").await;
        tina.stands(session, Standing::Waiting).await;
        session
    };
    let other = Gateway::with(&settings(&server.url(), server.folder())).await;
    let tom = other.console("tom").await;
    assert_eq!(tom.take_next().await, session);
    tom.follows(session, 0).await;
    tom.reads(session, "Smoke in the kitchen").await;
    until_ready(&other, "on the disk of the shared tier").await;
}

/// A report is taken, is safe, and is what another node reads.
async fn serves(settings: &str) {
    let gateway = Gateway::with(&format!("{settings}node.name = \"one\"\n")).await;
    until_ready(&gateway, "ready; safe means on the disk of the shared tier").await;
    let ann = gateway.resident().await;
    let session = ann.open("Smoke in the kitchen").await;
    let other = Gateway::with(&format!("{settings}node.name = \"two\"\n")).await;
    let tina = other.console("tina").await;
    tina.stands(session, Standing::Waiting).await;
    tina.takes(session).await;
    tina.follows(session, 0).await;
    tina.reads(session, "Smoke in the kitchen").await;
    tina.says(session, "Leave the house").await;
    ann.reads("Leave the house").await;
}

#[tokio::test]
async fn a_gateway_reaches_its_tier_encrypted_by_the_authority_it_is_given() {
    let tier = Encrypted::start(ServerOptions::durable());
    let ca = format!("backbone.ca_file = \"{}\"\n", tier.authority().display());
    let settings = settings(&tier.url(), tier.server.folder());
    serves(&format!("{settings}{ca}")).await;
    // Without it the server is not trusted, and the gateway says so; what comes is kept.
    let strange = Gateway::with(&settings).await;
    until_ready(&strange, "certificate").await;
}

#[tokio::test]
async fn a_gateway_is_let_in_by_the_user_and_the_password_file_of_its_configuration() {
    let server = RedisServer::start(ServerOptions::durable());
    server.has_the_user_of_the_manual();
    server.command(&["ACL", "SETUSER", "default", "off"]);
    let file = server.folder().join("password");
    std::fs::write(&file, "secret\n").unwrap();
    let settings = format!(
        "{}backbone.username = \"callbox\"\nbackbone.password_file = \"{}\"\n",
        settings(&server.url(), server.folder()),
        file.display()
    );
    serves(&settings).await;
    std::fs::write(&file, "wrong\n").unwrap();
    let said = Gateway::not_with(&settings).await;
    assert!(said.contains("user or password is wrong"), "{said}");
    assert!(!said.contains("secret"), "{said}");
}

#[tokio::test]
async fn a_gateway_finds_its_tier_in_a_cluster() {
    let cluster = Cluster::start(&ServerOptions::durable());
    serves(&settings(&cluster.url(), cluster.servers[0].folder())).await;
}

/// Writes to a log what a version to come may write there.
async fn a_newer_node_writes(server: &RedisServer, session: SessionId) {
    let options = Options::new(server.url().parse().unwrap());
    let tier = Redis::open(options, Arc::new(SystemClock::new()))
        .await
        .unwrap();
    let head = tier.find_session(session).await.unwrap().unwrap().head;
    let entry = serde_json::json!({
        "at_ms": 1_800_000_000_000_u64, "by": {"kind": "gateway"},
        "event": {"kind": "drone_sent", "from": "station 5"}, "resident_prev": head,
    });
    let append = Append {
        agency: "demo.example".parse().unwrap(),
        session,
        expected: head,
        command: fresh(),
        records: vec![rmp_serde::to_vec_named(&entry).unwrap().into()],
        index: None,
        claim_epoch: None,
    };
    let outcome = tier.append(vec![append]).await.remove(0);
    assert!(
        matches!(outcome, Ok(Appended::Stored { .. })),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn an_old_node_says_that_it_is_old_where_a_newer_one_wrote_what_it_does_not_know() {
    let server = RedisServer::start(ServerOptions::durable());
    let settings = settings(&server.url(), server.folder());
    let gateway = Gateway::with(&format!("{settings}node.name = \"one\"\n")).await;
    let (ann, bob) = (gateway.resident().await, gateway.resident().await);
    let (hers, his) = (ann.open("Smoke").await, bob.open("A dog barks").await);
    a_newer_node_writes(&server, hers).await;
    let says = format!(
        "of session {hers} was written by a newer version of the gateway: update this node"
    );
    until_logged(&gateway, &says).await;
    // Its resident keeps what is not taken, and sends it again, best to a node that is newer.
    assert_eq!(
        ann.is_refused(text("It spreads")).await,
        ErrorCode::Internal
    );
    let other = Gateway::with(&format!("{settings}node.name = \"two\"\n")).await;
    let again = other.resident_again(&ann.device).await;
    again.wire.send(&FromResident::Resume {
        session: hers,
        after: 0,
    });
    until_logged(&other, &says).await;
    for log in [gateway.log(), other.log()] {
        assert!(!log.contains("is damaged"), "{log}");
    }
    // Nobody else notices.
    let tina = gateway.console("tina").await;
    tina.takes(his).await;
    tina.says(his, "I read you").await;
    bob.reads("I read you").await;
}
