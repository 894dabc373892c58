//! Short ways to say appends, rows and claims.

use std::time::Duration;

use bytes::Bytes;
use callbox::backbone::{
    Append, Appended, Backbone, BackboneError, Claim, IndexRow, Lane, Ring, Seq, Standing,
    Subscription,
};
use callbox_proto::ids::{AgencyId, CommandId, SessionId};

/// How long a test waits for what must come; reached only when it fails.
const DEADLINE: Duration = Duration::from_secs(20);

/// How long a claim of these tests holds: longer than a slow machine takes for what is done meanwhile, and short enough to
/// wait for where time cannot be moved.
pub const CLAIM_MS: u64 = 3_000;
/// The same for leases.
pub const LEASE_MS: u64 = 2_000;

pub fn agency() -> AgencyId {
    "demo.example".parse().unwrap()
}

pub fn session(number: u128) -> SessionId {
    SessionId::from_u128(number).unwrap()
}

pub fn command(number: u128) -> CommandId {
    CommandId::from_u128(number).unwrap()
}

pub fn text(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

pub fn row(queue: &str, standing: Standing) -> IndexRow {
    IndexRow {
        queue: queue.parse().unwrap(),
        standing,
        summary: text("summary"),
    }
}

pub fn waiting(queue: &str, rank: i64) -> IndexRow {
    row(
        queue,
        Standing::Waiting {
            rank,
            urgent: false,
        },
    )
}

pub fn urgent(queue: &str, rank: i64) -> IndexRow {
    row(queue, Standing::Waiting { rank, urgent: true })
}

/// The first append of a session; its command has the session's number.
pub fn first(number: u128, index: IndexRow) -> Append {
    Append {
        agency: agency(),
        session: session(number),
        expected: 0,
        command: command(number),
        records: vec![text("opened")],
        index: Some(index),
        claim_epoch: None,
    }
}

/// A later append of one record, without an index row.
pub fn next(number: u128, expected: Seq, by: u128) -> Append {
    let records = vec![text(&format!("record by {by}"))];
    Append {
        expected,
        command: command(by),
        records,
        index: None,
        ..first(number, waiting("main", 0))
    }
}

pub fn claim(queues: &[&str]) -> Claim {
    let queues = queues.iter().map(|queue| queue.parse().unwrap()).collect();
    Claim {
        agency: agency(),
        queues,
        lane: Lane::First,
        lease_ms: CLAIM_MS,
    }
}

pub async fn append(backbone: &dyn Backbone, append: Append) -> Result<Appended, BackboneError> {
    let mut outcomes = backbone.append(vec![append]).await;
    assert_eq!(outcomes.len(), 1);
    outcomes.remove(0)
}

/// Appends what must be stored; answers the new head.
pub async fn store(backbone: &dyn Backbone, one: Append) -> Seq {
    match append(backbone, one).await {
        Ok(Appended::Stored { last, .. }) => last,
        other => panic!("not stored: {other:?}"),
    }
}

/// The next ring, which must come.
/// What the next ring says was appended.
pub async fn appended(subscription: &mut dyn Subscription) -> (SessionId, Seq) {
    match ring(subscription).await {
        Some(Ring::Appended { session, head, .. }) => (session, head),
        other => panic!("{other:?}"),
    }
}

pub async fn ring(subscription: &mut dyn Subscription) -> Option<Ring> {
    tokio::time::timeout(DEADLINE, subscription.next())
        .await
        .expect("no ring came")
}
