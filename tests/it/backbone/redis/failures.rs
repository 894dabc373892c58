//! Servers that die, freeze, come back, come back empty, or become replicas.

use std::sync::Arc;
use std::time::Duration;

use callbox::backbone::redis::{Options, Redis};
use callbox::backbone::{Append, Appended, Backbone, BackboneError, Guarantee, Ring};

use super::{eventually, open, options, refusal};
use crate::backbone::make::*;
use crate::redis::{Cluster, RedisServer, ServerOptions};

/// Appends commands one after the other, each until it is confirmed, and remembers which were.
struct Writer {
    backbone: Arc<Redis>,
    head: u64,
}

impl Writer {
    async fn new(options: &Options) -> Self {
        let backbone = Arc::new(open(options).await);
        store(&*backbone, first(1, waiting("main", 1))).await;
        Self { backbone, head: 1 }
    }

    async fn write(&mut self, count: u64) {
        for _ in 0..count {
            let one = next(1, self.head, u128::from(self.head) + 1);
            let confirmed = async || match append(&*self.backbone, one.clone()).await {
                Ok(Appended::Stored { last, .. } | Appended::Duplicate { last, .. }) => Some(last),
                Ok(Appended::Conflict { head }) => panic!("a confirmed record is gone: {head}"),
                Ok(Appended::Kept { .. }) => panic!("the tier itself keeps nothing elsewhere"),
                Err(BackboneError::Failed { .. }) => None,
                Err(error) => panic!("{error}"),
            };
            self.head = eventually(confirmed).await;
        }
    }

    /// Why the next command is not confirmed.
    async fn is_refused(&self) -> String {
        let one = next(1, self.head, u128::from(self.head) + 1);
        let refusal = append(&*self.backbone, one).await.unwrap_err();
        refusal.to_string()
    }

    /// Every confirmed record is there, once and in order.
    async fn check(&self) {
        let read = async || self.backbone.read(session(1), 0, 1_000).await.ok();
        let records = eventually(read).await;
        assert_eq!(records.len() as u64, self.head);
        for (seq, record) in (1..).zip(records) {
            assert_eq!(
                (record.seq, record.command),
                (seq, command(u128::from(seq)))
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_and_started_again_has_lost_nothing_it_confirmed() {
    let mut server = RedisServer::start(ServerOptions::durable());
    let mut writer = Writer::new(&options(&server)).await;
    let mut bell = writer.backbone.subscribe(&agency()).await.unwrap();
    writer.write(50).await;
    server.kill();
    let words = refusal(append(&*writer.backbone, next(1, 51, 52)).await);
    assert!(words.contains("shared tier"), "{words}");
    let gone = async || (writer.backbone.guarantee() == Guarantee::None).then_some(());
    eventually(gone).await;
    server.restart();
    writer.write(50).await;
    writer.check().await;
    while ring(&mut *bell).await != Some(Ring::Missed) {}
    assert_eq!(writer.backbone.guarantee(), Guarantee::SharedDisk);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_server_is_an_error_in_time_and_the_command_is_in_the_log_once() {
    let server = RedisServer::start(ServerOptions::durable());
    let hurried = Options {
        call: Duration::from_millis(400),
        ..options(&server)
    };
    let backbone = open(&hurried).await;
    store(&backbone, first(1, waiting("main", 1))).await;
    server.freeze();
    // The deadline is ours: without it each of these would wait as long as the server sleeps.
    let words = refusal(append(&backbone, next(1, 1, 2)).await);
    assert!(words.contains("within 400 ms"), "{words}");
    assert!(backbone.claim(claim(&["main"])).await.is_err());
    assert!(backbone.read(session(1), 0, 10).await.is_err());
    assert!(backbone.take_lease("l", "a", 100).await.is_err());
    assert!(backbone.publish(&agency(), text("typing")).await.is_err());
    server.thaw();
    let confirmed = async || append(&backbone, next(1, 1, 2)).await.ok();
    let again = eventually(confirmed).await;
    assert!(
        matches!(
            again,
            Appended::Stored { first: 2, last: 2 } | Appended::Duplicate { first: 2, last: 2 }
        ),
        "{again:?}"
    );
    assert_eq!(backbone.read(session(1), 0, 10).await.unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_becomes_a_replica_is_not_written_to_until_it_is_a_primary_again() {
    let server = RedisServer::start(ServerOptions::durable());
    let mut writer = Writer::new(&options(&server)).await;
    server.command(&["REPLICAOF", "127.0.0.1", "1"]);
    let words = refusal(append(&*writer.backbone, next(1, 1, 2)).await);
    assert!(
        words.contains("replica") || words.contains("not a primary"),
        "{words}"
    );
    let told = async || {
        let words = refusal(append(&*writer.backbone, next(1, 1, 2)).await);
        words.contains("not a primary").then_some(())
    };
    eventually(told).await;
    server.command(&["REPLICAOF", "NO", "ONE"]);
    writer.write(5).await;
    writer.check().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_functions_are_loaded_again() {
    let server = RedisServer::start(ServerOptions::durable());
    let mut writer = Writer::new(&options(&server)).await;
    server.command(&["FUNCTION", "FLUSH"]);
    let words = refusal(append(&*writer.backbone, next(1, 1, 2)).await);
    assert!(words.contains("functions"), "{words}");
    writer.write(3).await;
    writer.check().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tier_that_comes_back_empty_is_noticed_also_after_a_restart_of_the_node() {
    let mut server = RedisServer::start(ServerOptions::durable());
    let folder = tempfile::tempdir().unwrap();
    let marked = Options {
        epoch_file: Some(folder.path().join("tier.epoch")),
        ..options(&server)
    };
    let backbone = open(&marked).await;
    store(&backbone, first(1, waiting("main", 1))).await;
    assert_eq!(backbone.guarantee(), Guarantee::SharedDisk);
    server.restart_empty();
    let noticed = async || {
        let words = backbone.guarantee().to_string();
        words
            .contains("come back without what it held")
            .then_some(())
    };
    eventually(noticed).await;
    assert!(!backbone.guarantee().is_safe());
    store(&backbone, first(2, waiting("main", 1))).await;
    let restarted = open(&marked).await;
    assert!(!restarted.guarantee().is_safe());
    std::fs::remove_file(folder.path().join("tier.epoch")).unwrap();
    assert_eq!(open(&marked).await.guarantee(), Guarantee::SharedDisk);
}

/// What is recommended: a primary, two replicas in step, and three Sentinels that know each other.
fn failover_set() -> (RedisServer, Vec<RedisServer>, Vec<RedisServer>) {
    let primary = RedisServer::start(ServerOptions::recommended());
    let replicas = (0..2)
        .map(|_| RedisServer::replica_of(&primary, ServerOptions::recommended()))
        .collect();
    let sentinels: Vec<_> = (0..3).map(|_| RedisServer::sentinel(&primary)).collect();
    for sentinel in &sentinels {
        sentinel.await_info("slaves=2,sentinels=3");
    }
    (primary, replicas, sentinels)
}

/// What waits for one replica.
fn counting_one(url: &str) -> Options {
    Options {
        wait_replicas: 1,
        ..Options::new(url.parse().unwrap())
    }
}

fn sentinel_url(sentinels: &[RedisServer]) -> String {
    let addresses: Vec<_> = sentinels
        .iter()
        .map(|sentinel| sentinel.address().to_string())
        .collect();
    format!("redis+sentinel://{}/callbox", addresses.join(","))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_failover_everything_that_a_replica_had_confirmed_is_there() {
    let (mut primary, _replicas, sentinels) = failover_set();
    let through_sentinels = counting_one(&sentinel_url(&sentinels));
    let mut writer = Writer::new(&through_sentinels).await;
    let worth = Guarantee::Replicated {
        replicas: 1,
        fsynced: true,
    };
    assert_eq!(writer.backbone.guarantee(), worth);
    writer.write(100).await;
    primary.kill();
    writer.write(50).await;
    writer.check().await;
    let owned = Append {
        index: Some(waiting("other", 3)),
        ..next(1, writer.head, u128::from(writer.head) + 1)
    };
    let moved = async || append(&*writer.backbone, owned.clone()).await.ok();
    eventually(moved).await;
    assert_eq!(writer.backbone.tally(&agency()).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_that_freezes_is_left_for_the_one_the_sentinels_name() {
    let (primary, _replicas, sentinels) = failover_set();
    let through_sentinels = counting_one(&sentinel_url(&sentinels));
    let mut writer = Writer::new(&through_sentinels).await;
    writer.write(20).await;
    primary.freeze();
    writer.write(20).await;
    primary.thaw();
    writer.write(20).await;
    writer.check().await;
}

/// Between a promotion and the word of it the other replica follows the former primary still, and is counted there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_former_primary_counts_after_another_was_promoted_is_not_confirmed() {
    let (primary, replicas, sentinels) = failover_set();
    let through_sentinels = counting_one(&sentinel_url(&sentinels));
    let mut writer = Writer::new(&through_sentinels).await;
    writer.write(20).await;
    // They neither tell of it nor undo it.
    for sentinel in &sentinels {
        sentinel.freeze();
    }
    replicas[0].promote();
    let told = writer.is_refused().await;
    assert!(told.contains("was made the primary"), "{told}");
    let counted = primary.command(&["INFO", "replication"]);
    assert!(counted.contains("connected_slaves:1"), "{counted}");
}

/// A server behind a cut may have been promoted there. Whoever did so has most Sentinels behind it: their word is asked for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_a_server_cannot_be_reached_a_count_stands_by_the_word_of_most_sentinels_only() {
    let (_primary, replicas, sentinels) = failover_set();
    let through_sentinels = counting_one(&sentinel_url(&sentinels));
    let mut writer = Writer::new(&through_sentinels).await;
    writer.write(20).await;
    replicas[0].freeze();
    writer.write(20).await;
    for sentinel in &sentinels[..2] {
        sentinel.freeze();
    }
    let told = writer.is_refused().await;
    assert!(told.contains("cannot be reached"), "{told}");
}

/// A cluster whose writer waits for one replica.
async fn clustered() -> (Cluster, Writer) {
    let cluster = Cluster::with_replicas(&ServerOptions::recommended(), 2);
    let mut writer = Writer::new(&counting_one(&cluster.url())).await;
    writer.write(20).await;
    (cluster, writer)
}

/// The one of the primaries that has what the writer wrote, by number.
fn holder(cluster: &Cluster) -> usize {
    let holds = |server: &RedisServer| {
        let keys = server.command(&["KEYS", "*"]);
        keys.contains(&agency().to_string())
    };
    cluster.servers.iter().position(holds).unwrap()
}

/// As with Sentinels: until the word of a promotion is there, the other replica follows the former primary and is counted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_cluster_too_nothing_is_confirmed_after_another_was_promoted() {
    let (cluster, writer) = clustered().await;
    let at = holder(&cluster);
    let promoted = &cluster.replicas[at][0];
    cluster.forgets(promoted);
    promoted.await_answer(&["CLUSTER", "FAILOVER", "TAKEOVER"], "OK");
    promoted.await_info("role:master");
    let told = writer.is_refused().await;
    assert!(told.contains("was made the primary"), "{told}");
    let counted = cluster.servers[at].command(&["INFO", "replication"]);
    assert!(counted.contains("connected_slaves:1"), "{counted}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_cluster_too_a_count_stands_by_the_word_of_most_primaries_while_a_replica_cannot_be_reached()
 {
    let (cluster, mut writer) = clustered().await;
    let at = holder(&cluster);
    cluster.replicas[at][0].freeze();
    writer.write(20).await;
    for (other, server) in cluster.servers.iter().enumerate() {
        if other != at {
            server.freeze();
        }
    }
    let told = writer.is_refused().await;
    assert!(told.contains("cannot be reached"), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_failover_of_a_cluster_everything_that_a_replica_had_confirmed_is_there() {
    let (mut cluster, mut writer) = clustered().await;
    let at = holder(&cluster);
    cluster.servers[at].kill();
    writer.write(50).await;
    writer.check().await;
}
