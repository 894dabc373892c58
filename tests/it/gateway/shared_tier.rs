//! The gateway on a shared tier: the same for residents and staff, and clear words when the tier is not as it should be.

use callbox_proto::vocabulary::Standing;

use super::harness::Gateway;
use crate::redis::{RedisServer, ServerOptions};

/// What a node needs for a server: its address, and the key that all nodes share.
fn settings(server: &RedisServer) -> String {
    let key = server.folder().join("identity.key");
    std::fs::write(&key, [7; 32]).unwrap();
    format!(
        "backbone.url = \"{}\"\nidentity.key_file = \"{}\"\n",
        server.url(),
        key.display()
    )
}

#[tokio::test]
async fn a_report_lives_in_the_shared_tier_and_outlives_the_node_that_took_it() {
    let server = RedisServer::start(ServerOptions::durable());
    let session = {
        let gateway = Gateway::with(&settings(&server)).await;
        let (ann, tina) = (gateway.resident().await, gateway.console("tina").await);
        let session = ann.open("Smoke in the kitchen").await;
        tina.stands(session, Standing::Waiting).await;
        session
    };
    let other = Gateway::with(&settings(&server)).await;
    let tom = other.console("tom").await;
    assert_eq!(tom.take_next().await, session);
    tom.follows(session, 0).await;
    tom.reads(session, "Smoke in the kitchen").await;
    let ready = reqwest::get(format!("http://{}/readyz", other.admin())).await;
    let ready = ready.unwrap().text().await.unwrap();
    assert!(ready.contains("on the disk of the shared tier"), "{ready}");
}
