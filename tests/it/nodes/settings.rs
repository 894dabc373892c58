//! Settings that change, told to connections: what needs a look at an outbox.

use std::sync::Arc;

use bytes::Bytes;
use callbox::node::Node;
use callbox::node::agency::{Agency, Settings};
use callbox::node::connections::{Open, Whom};
use callbox::node::outbox::Outbox;
use callbox_domain::policy::Policy;
use callbox_proto::codec::Encoding;
use callbox_proto::ids::ConnectionId;
use callbox_proto::message::ToStaff;

use super::desk::{Cluster, agency_id};
use crate::gateway::harness::{fresh, soon};

/// A connection that was told everything up to now, or was not welcomed yet.
fn connected(
    node: &Node,
    agency: &Arc<Agency>,
    limit_bytes: usize,
    edition: Option<u64>,
) -> Arc<Outbox> {
    let connection = ConnectionId::from_u128(fresh().as_u128()).unwrap();
    let now_ms = node.clock().monotonic_ms();
    let outbox = Arc::new(Outbox::new(connection, Encoding::Json, limit_bytes, now_ms));
    node.connections().add(Open {
        outbox: Arc::clone(&outbox),
        whom: Whom::Staff,
        agency: Arc::clone(agency),
        edition,
        silence_ms: 3_600_000,
        ends_ms: None,
    });
    outbox
}

fn set_banner(agency: &Agency, banner: &str) {
    let mut settings = Settings::clone(&agency.settings());
    banner.clone_into(&mut settings.info.banner);
    agency.set_settings(settings, Policy::clone(&agency.policy()));
}

/// The next banner that is told; whatever else waits is left out.
async fn told(outbox: &Outbox) -> String {
    loop {
        for frame in outbox.take(0).frames {
            if let Ok(ToStaff::AgencyChanged { agency, .. }) = Encoding::Json.decode(&frame) {
                return agency.banner;
            }
        }
        soon(outbox.ready()).await;
    }
}

#[tokio::test]
async fn a_reader_that_is_too_slow_for_changed_settings_has_them_once_there_is_room() {
    let cluster = Cluster::new();
    let node = cluster.alone().await;
    let agency = node.agency(&agency_id()).unwrap();
    let quick = connected(&node, &agency, 1 << 20, Some(agency.edition()));
    let slow = connected(&node, &agency, 8, Some(agency.edition()));
    slow.push(Bytes::from_static(b"[1,2,3]")).unwrap();
    set_banner(&agency, "First");
    assert_eq!(told(&quick).await, "First");
    set_banner(&agency, "Second");
    assert_eq!(told(&quick).await, "Second");
    assert_eq!(slow.closing(), None, "it is not closed for that");
    assert_eq!(told(&slow).await, "Second", "the newest, once");
    node.stop();
}

#[tokio::test]
async fn nobody_is_told_before_the_welcome_and_whoever_was_welcomed_with_the_old_ones_is() {
    let cluster = Cluster::new();
    let node = cluster.alone().await;
    let agency = node.agency(&agency_id()).unwrap();
    let quick = connected(&node, &agency, 1 << 20, Some(agency.edition()));
    let (comes, before) = (connected(&node, &agency, 1 << 20, None), agency.edition());
    set_banner(&agency, "First");
    assert_eq!(told(&quick).await, "First");
    set_banner(&agency, "Second");
    assert_eq!(told(&quick).await, "Second");
    assert!(comes.take(0).frames.is_empty());
    node.connections().welcomed(comes.connection(), before);
    assert_eq!(told(&comes).await, "Second");
    node.stop();
}
