//! Ways to reach a tier: encrypted, and as a cluster.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use callbox::backbone::redis::{OpenError, Options, Redis, Url};
use callbox::backbone::{Backbone, Ring};
use callbox::clock::{Clock, ManualClock, SystemClock};

use super::{eventually, open, options};
use crate::backbone::make::*;
use crate::backbone::{Place, conformance as contract};
use crate::redis::{Cluster, Encrypted, RedisServer, ServerOptions};

#[tokio::test]
async fn an_encrypted_tier_is_reached_with_its_authority_and_not_without() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let tier = Encrypted::start(ServerOptions::durable());
    let url: Url = tier.url().parse().unwrap();
    let trusting = Options {
        ca_pem: Some(std::fs::read(tier.authority()).unwrap()),
        ..Options::new(url.clone())
    };
    let backbone = open(&trusting).await;
    let stored = async || append(&backbone, first(1, waiting("main", 1))).await.ok();
    eventually(stored).await;
    let strange = Redis::open(Options::new(url), Arc::new(SystemClock::new())).await;
    let strange = strange.unwrap();
    let told = async || {
        let error = append(&strange, first(2, waiting("main", 1))).await;
        format!("{error:?}").contains("certificate").then_some(())
    };
    eventually(told).await;
}

/// A cluster on which every sentence has a prefix of its own.
struct OnCluster<'a> {
    cluster: &'a Cluster,
    prefix: String,
}

impl<'a> OnCluster<'a> {
    fn new(cluster: &'a Cluster) -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let prefix = format!("t{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        Self { cluster, prefix }
    }
}

#[async_trait]
impl Place for OnCluster<'_> {
    async fn open(&self) -> Arc<dyn Backbone> {
        let options = Options {
            prefix: self.prefix.clone(),
            call: Duration::from_secs(10),
            ..Options::new(self.cluster.url().parse().unwrap())
        };
        Arc::new(open(&options).await)
    }

    async fn pass_time(&self, _ms: u64) {
        unreachable!("the sentences chosen here need no time")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_keeps_the_contract() {
    let cluster = Cluster::start(&ServerOptions::durable());
    let on = || OnCluster::new(&cluster);
    contract::records_are_numbered_from_one_without_holes(&on()).await;
    contract::every_append_of_a_batch_is_answered_by_itself_in_order(&on()).await;
    contract::a_session_belongs_to_the_agency_of_its_first_append(&on()).await;
    contract::what_one_handle_stored_another_reads(&on()).await;
    contract::waiting_sessions_are_listed_by_rank_then_id_and_in_pages(&on()).await;
    contract::one_agency_never_sees_the_index_of_another(&on()).await;
    contract::a_tally_counts_who_stands_where(&on()).await;
    contract::two_claims_never_hold_one_session(&on()).await;
    contract::a_released_claim_leaves_the_session_where_it_stood(&on()).await;
    contract::the_same_command_in_another_session_is_another_command(&on()).await;
    contract::every_stored_append_rings_its_agency(&on()).await;
    contract::a_publication_reaches_every_subscriber_of_its_agency_only(&on()).await;
    contract::something_is_guaranteed(&on()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn agencies_of_one_batch_may_live_on_different_servers() {
    let cluster = Cluster::start(&ServerOptions::durable());
    let backbone = OnCluster::new(&cluster).open().await;
    let batch: Vec<_> = (1..=30)
        .map(|number| callbox::backbone::Append {
            agency: format!("agency-{number}").parse().unwrap(),
            ..first(number, waiting("main", 1))
        })
        .collect();
    let outcomes = backbone.append(batch).await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    let full = cluster.servers.iter().filter(|server| {
        let keys = server.command(&["DBSIZE"]);
        keys.trim().trim_start_matches(':').parse::<u64>().unwrap() > 20
    });
    assert_eq!(full.count(), 3);
    for number in 1..=30 {
        assert_eq!(
            backbone.read(session(number), 0, 10).await.unwrap().len(),
            1
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_no_cluster_or_no_sentinel_is_told() {
    let server = RedisServer::start(ServerOptions::durable());
    for (url, words) in [
        (
            format!("redis+cluster://{}", server.address()),
            "no node of a cluster",
        ),
        (
            format!("redis+sentinel://{}/callbox", server.address()),
            "SENTINEL",
        ),
    ] {
        let options = Options::new(url.parse().unwrap());
        let opened = Redis::open(options, Arc::new(SystemClock::new())).await;
        let error: OpenError = match opened {
            Err(error) => error,
            Ok(backbone) => {
                let told = append(&backbone, first(1, waiting("main", 1))).await;
                assert!(format!("{told:?}").contains(words), "{told:?}");
                continue;
            }
        };
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[tokio::test]
async fn a_node_with_a_wrong_clock_goes_by_the_clock_of_the_tier() {
    let server = RedisServer::start(ServerOptions::durable());
    let wrong = Arc::new(ManualClock::at(1_000_000));
    let backbone = Redis::open(options(&server), wrong.clone()).await.unwrap();
    let offset = backbone.time_offset().unwrap();
    let right = SystemClock::new().now_ms();
    let clock = backbone.clock();
    assert!(clock.now_ms().abs_diff(right) < 60_000, "{offset:?}");
    assert_eq!(clock.monotonic_ms(), wrong.monotonic_ms());
    wrong.set_now(right + 5_000_000);
    let corrected = async || (clock.now_ms().abs_diff(right) < 60_000).then_some(());
    eventually(corrected).await;
}

#[tokio::test]
async fn a_subscription_made_while_the_tier_is_gone_rings_once_it_is_there() {
    let mut server = RedisServer::start(ServerOptions::durable());
    let backbone = open(&options(&server)).await;
    server.kill();
    let mut bell = backbone.subscribe(&agency()).await.unwrap();
    server.restart();
    assert_eq!(ring(&mut *bell).await, Some(Ring::Missed));
    store(&backbone, first(1, waiting("main", 1))).await;
    appended(&mut *bell).await;
}
