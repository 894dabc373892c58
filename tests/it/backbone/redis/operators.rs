//! What an operator may get wrong, or another program may do: told in words, and nothing is lost or shown as if it were
//! sound.

use std::sync::Arc;

use bytes::Bytes;
use callbox::backbone::redis::{OpenError, Options, Redis, Secret};
use callbox::backbone::{
    Append, Appended, Backbone, BackboneError, Destroyed, Guarantee, Ring, StandingKind,
};
use callbox::clock::SystemClock;

use super::{eventually, open, options, refusal};
use crate::backbone::conformance::{destroy, destruction};
use crate::backbone::make::*;
use crate::redis::{Cluster, RedisServer, ServerOptions};

async fn refused(options: Options) -> OpenError {
    let opened = Redis::open(options, Arc::new(SystemClock::new())).await;
    opened.err().expect("it is refused")
}

fn with_password(server: &RedisServer, user: &str, password: &str) -> Options {
    Options {
        username: Some(user.to_owned()),
        password: Some(Secret::from(password.to_owned())),
        ..options(server)
    }
}

#[tokio::test]
async fn a_wrong_password_is_told_at_the_start_with_the_setting_to_change() {
    let mut settings = ServerOptions::durable().with("requirepass right");
    settings.auth = Some(vec!["AUTH".to_owned(), "right".to_owned()]);
    let server = RedisServer::start(settings);
    for wrong in [options(&server), with_password(&server, "default", "wrong")] {
        let error = refused(wrong).await;
        assert!(matches!(error, OpenError::Refused { .. }), "{error}");
        assert!(error.to_string().contains("backbone.password_file"));
    }
    let backbone = open(&with_password(&server, "default", "right")).await;
    store(&backbone, first(1, waiting("main", 1))).await;
}

#[tokio::test]
async fn a_user_with_only_the_rights_of_the_manual_can_do_everything() {
    let server = RedisServer::start(ServerOptions::durable());
    server.has_the_user_of_the_manual();
    let backbone = open(&with_password(&server, "callbox", "secret")).await;
    assert_eq!(backbone.guarantee(), Guarantee::SharedDisk);
    let mut bell = backbone.subscribe(&agency()).await.unwrap();
    store(&backbone, first(1, waiting("main", 1))).await;
    ring(&mut *bell).await.unwrap();
    let claimed = backbone.claim(claim(&["main"])).await.unwrap().unwrap();
    assert_eq!(backbone.release(session(1), claimed.epoch).await, Ok(true));
    let lease = backbone.take_lease("l", "a", 1_000).await.unwrap().unwrap();
    assert_eq!(backbone.renew_lease(&lease, 1_000).await, Ok(true));
    assert_eq!(backbone.drop_lease(&lease).await, Ok(true));
    assert_eq!(backbone.overdue_leases(10).await, Ok(vec![]));
    assert_eq!(backbone.read(session(1), 0, 10).await.unwrap().len(), 1);
    let listed = backbone
        .list(&agency(), StandingKind::Waiting, None, 10)
        .await;
    assert_eq!(listed.unwrap().rows.len(), 1);
    assert_eq!(backbone.tally(&agency()).await.unwrap().len(), 1);
    backbone.publish(&agency(), text("typing")).await.unwrap();
    let done = destroy(&backbone, destruction(1, 1)).await;
    assert_eq!(done, Ok(Destroyed::Done));
}

/// Without this one nothing in a cluster could ever be called safe.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_cluster_whose_replicas_are_counted_the_user_may_ask_for_its_nodes_or_is_told_so() {
    let cluster = Cluster::with_replicas(&ServerOptions::recommended(), 1);
    let all = || {
        cluster
            .servers
            .iter()
            .chain(cluster.replicas.iter().flatten())
    };
    all().for_each(RedisServer::has_the_user_of_the_manual);
    let options = Options {
        username: Some("callbox".to_owned()),
        password: Some(Secret::from("secret".to_owned())),
        wait_replicas: 1,
        ..Options::new(cluster.url().parse().unwrap())
    };
    confirm(&open(&options).await, first(1, waiting("main", 1))).await;
    for server in all() {
        server.command(&["ACL", "SETUSER", "callbox", "-cluster|nodes"]);
    }
    let error = refused(options).await.to_string();
    assert!(
        error.contains("may not do what the gateway needs"),
        "{error}"
    );
    assert!(error.contains("cluster|nodes"), "{error}");
}

#[tokio::test]
async fn a_user_without_a_right_is_told_which() {
    let server = RedisServer::start(ServerOptions::durable());
    server.command(&[
        "ACL",
        "SETUSER",
        "poor",
        "on",
        ">secret",
        "~*",
        "&*",
        "+@all",
        "-function",
    ]);
    let error = refused(with_password(&server, "poor", "secret")).await;
    assert!(
        error
            .to_string()
            .contains("may not do what the gateway needs")
    );
    assert!(error.to_string().contains("function"), "{error}");
}

#[tokio::test]
async fn a_server_that_keeps_nothing_for_sure_makes_receipts_weaker_and_says_why() {
    let server = RedisServer::start(ServerOptions::in_memory());
    let said = async |options: &Options| open(options).await.guarantee().to_string();
    let alone = options(&server);
    assert!(said(&alone).await.contains("in memory only"));
    let waits = Options {
        wait_replicas: 1,
        ..alone.clone()
    };
    assert!(said(&waits).await.contains("0 of 1 replicas"));
    server.command(&["CONFIG", "SET", "appendonly", "yes"]);
    assert!(said(&alone).await.contains("appendfsync everysec"));
    server.command(&["CONFIG", "SET", "appendfsync", "always"]);
    assert!(
        said(&alone)
            .await
            .contains("on the disk of the shared tier")
    );
    server.command(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]);
    server.command(&["CONFIG", "SET", "maxmemory", "100mb"]);
    assert!(said(&alone).await.contains("set noeviction"));
}

#[tokio::test]
async fn an_append_that_too_few_replicas_have_is_unknown_not_stored() {
    let server = RedisServer::start(ServerOptions::durable());
    let waits = Options {
        wait_replicas: 1,
        ..options(&server)
    };
    let backbone = open(&waits).await;
    let opening = first(1, waiting("main", 1));
    let words = refusal(append(&backbone, opening.clone()).await);
    assert!(words.contains("0 of 1 replicas have the write"), "{words}");
    let _replica = RedisServer::replica_of(&server, ServerOptions::durable());
    eventually(async || append(&backbone, opening.clone()).await.ok()).await;
    let again = append(&backbone, opening).await;
    assert_eq!(again, Ok(Appended::Duplicate { first: 1, last: 1 }));
    let safe = async || backbone.guarantee().is_safe().then_some(());
    eventually(safe).await;
}

/// Appends until replicas have it: a busy machine may take longer than is waited for.
async fn confirm(backbone: &Redis, one: Append) {
    eventually(async || append(backbone, one.clone()).await.ok()).await;
}

/// A failover may take back what no replica has: whoever had shown it would have shown what never was.
#[tokio::test]
async fn what_too_few_replicas_have_is_neither_read_nor_rung_for_until_they_have_it() {
    let server = RedisServer::start(ServerOptions::durable());
    let replica = RedisServer::replica_of(&server, ServerOptions::durable());
    let waits = Options {
        wait_replicas: 1,
        ..options(&server)
    };
    let (writer, reader) = (open(&waits).await, open(&waits).await);
    let mut bell = reader.subscribe(&agency()).await.unwrap();
    confirm(&writer, first(1, waiting("main", 1))).await;
    let log = reader.read(session(1), 0, 10).await.unwrap();
    let rung = Ring::Appended {
        session: session(1),
        head: 1,
        records: log.into(),
    };
    assert_eq!(ring(&mut *bell).await, Some(rung));

    replica.freeze();
    let words = refusal(append(&writer, next(1, 1, 2)).await);
    assert!(words.contains("0 of 1 replicas"), "{words}");
    let log = "callbox:{demo.example}:log:00000000000000000000000000000001";
    assert_eq!(
        server.command(&["XLEN", log]).trim(),
        ":2",
        "the primary has it"
    );
    assert!(reader.read(session(1), 0, 10).await.is_err());
    assert!(reader.find_command(session(1), command(2)).await.is_err());
    assert!(reader.find_session(session(1)).await.is_err());
    let list = reader
        .list(&agency(), StandingKind::Waiting, None, 10)
        .await;
    assert!(list.is_err());

    replica.thaw();
    let read = async || reader.read(session(1), 0, 10).await.ok();
    assert_eq!(eventually(read).await.len(), 2);
    confirm(&writer, first(3, waiting("main", 1))).await;
    assert_eq!(
        appended(&mut *bell).await,
        (session(3), 1),
        "no ring for the other"
    );
    let again = append(&writer, next(1, 1, 2)).await;
    assert_eq!(again, Ok(Appended::Duplicate { first: 2, last: 2 }));
    assert_eq!(appended(&mut *bell).await, (session(1), 2));
}

#[tokio::test]
async fn a_ring_that_cannot_be_sent_is_told_as_missed_once_it_can() {
    let server = RedisServer::start(ServerOptions::durable());
    let _replica = RedisServer::replica_of(&server, ServerOptions::durable());
    let waits = Options {
        wait_replicas: 1,
        ..options(&server)
    };
    let (writer, reader) = (open(&waits).await, open(&waits).await);
    let mut bell = reader.subscribe(&agency()).await.unwrap();
    server.command(&["ACL", "SETUSER", "default", "-spublish"]);
    confirm(&writer, first(1, waiting("main", 1))).await;
    let denied = async || {
        let log = server.command(&["ACL", "LOG"]);
        log.contains("spublish").then_some(())
    };
    eventually(denied).await;
    server.command(&["ACL", "SETUSER", "default", "+spublish"]);
    assert_eq!(ring(&mut *bell).await, Some(Ring::Missed));
    assert_eq!(reader.read(session(1), 0, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_full_tier_says_so_keeps_what_it_has_and_goes_on_when_there_is_room() {
    let server = RedisServer::start(ServerOptions::durable());
    let backbone = open(&options(&server)).await;
    store(&backbone, first(1, waiting("main", 1))).await;
    let info = server.command(&["INFO", "memory"]);
    let used = info
        .lines()
        .find_map(|line| line.strip_prefix("used_memory:"))
        .unwrap();
    let limit = used.trim().parse::<u64>().unwrap() + 2_000_000;
    server.command(&["CONFIG", "SET", "maxmemory", &limit.to_string()]);
    let mut head = 1;
    let large = |head: u64| Append {
        records: vec![Bytes::from(vec![3; 200_000])],
        ..next(1, head, u128::from(head) + 1)
    };
    let refusal = loop {
        match append(&backbone, large(head)).await {
            Ok(Appended::Stored { last, .. }) => head = last,
            other => break other,
        }
    };
    assert_eq!(refusal, Err(BackboneError::Full));
    assert!(head > 2);
    assert_eq!(
        backbone
            .find_session(session(1))
            .await
            .unwrap()
            .unwrap()
            .head,
        head
    );
    let other = open(&options(&server)).await;
    assert!(
        !other.read(session(1), 0, 10).await.unwrap().is_empty(),
        "a node that starts now reads, too"
    );
    server.command(&["CONFIG", "SET", "maxmemory", "0"]);
    assert_eq!(store(&backbone, large(head)).await, head + 1);
}

#[tokio::test]
async fn a_key_of_another_program_stops_an_append_before_anything_is_written() {
    let server = RedisServer::start(ServerOptions::durable());
    let backbone = open(&options(&server)).await;
    for key in ["index", "open", "figures", "claims"] {
        let key = format!("callbox:{{demo.example}}:{key}");
        server.command(&["SET", &key, "theirs"]);
        let words = refusal(append(&backbone, first(1, waiting("main", 1))).await);
        assert!(words.contains("same key prefix"), "{key}: {words}");
        assert_eq!(backbone.find_session(session(1)).await, Ok(None));
        assert_eq!(backbone.read(session(1), 0, 10).await, Ok(vec![]));
        server.command(&["DEL", &key]);
    }
    store(&backbone, first(1, waiting("main", 1))).await;
    let counted = backbone.tally(&agency()).await.unwrap();
    assert_eq!(counted[0].count, 1);
}

#[tokio::test]
async fn gateways_with_different_prefixes_do_not_see_each_other() {
    let server = RedisServer::start(ServerOptions::durable());
    let own = open(&options(&server)).await;
    let theirs = Options {
        prefix: "staging".to_owned(),
        ..options(&server)
    };
    let theirs = open(&theirs).await;
    let mut bell = theirs.subscribe(&agency()).await.unwrap();
    store(&own, first(1, waiting("main", 1))).await;
    assert_eq!(theirs.find_session(session(1)).await, Ok(None));
    assert_eq!(theirs.claim(claim(&["main"])).await, Ok(None));
    store(&theirs, first(2, waiting("main", 1))).await;
    let rung = ring(&mut *bell).await.unwrap();
    assert!(format!("{rung:?}").contains("2"), "its own ring: {rung:?}");
}

/// Writes the log of session 1 anew, with another payload in one record, the last of its entry.
fn flip(server: &RedisServer, flipped: u64) {
    let script = "local entries = redis.call('XRANGE', KEYS[1], '-', '+')
        redis.call('DEL', KEYS[1])
        for _, entry in ipairs(entries) do
          local run = entry[2][2]
          if entry[1] == ARGV[1] then run = string.sub(run, 1, -2) .. '~' end
          redis.call('XADD', KEYS[1], entry[1], entry[2][1], run)
        end";
    let log = "callbox:{demo.example}:log:00000000000000000000000000000001";
    server.command(&["EVAL", script, "1", log, &format!("{flipped}-0")]);
}

#[tokio::test]
async fn a_changed_record_a_lost_one_and_a_changed_row_are_damage_and_nothing_else_is() {
    let server = RedisServer::start(ServerOptions::durable());
    let backbone = open(&options(&server)).await;
    for number in 1..=3 {
        store(&backbone, first(number, waiting("main", 1))).await;
        for head in 1..5 {
            store(&backbone, next(number, head, u128::from(head) + 10)).await;
        }
    }
    let damaged = |number, seq| BackboneError::Damaged {
        session: session(number),
        seq,
    };
    flip(&server, 3);
    assert_eq!(backbone.read(session(1), 0, 10).await, Err(damaged(1, 3)));
    assert_eq!(backbone.read(session(1), 0, 2).await.unwrap().len(), 2);
    assert_eq!(backbone.read(session(1), 3, 10).await.unwrap().len(), 2);
    let log = "callbox:{demo.example}:log:00000000000000000000000000000002";
    server.command(&["XDEL", log, "5-0"]);
    assert_eq!(backbone.read(session(2), 0, 10).await, Err(damaged(2, 5)));
    server.command(&["DEL", log]);
    assert_eq!(
        append(&backbone, next(2, 5, 99)).await,
        Err(damaged(2, 5)),
        "no log goes on after its beginning is lost"
    );
    let row = "callbox:{demo.example}:session:00000000000000000000000000000003";
    server.command(&["HSET", row, "summary", "another"]);
    assert_eq!(backbone.find_session(session(3)).await, Err(damaged(3, 0)));
    assert_eq!(backbone.read(session(3), 0, 10).await.unwrap().len(), 5);
}
