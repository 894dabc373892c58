//! An old and a new node on one tier: each calls its own functions, and both work on the same logs.

use callbox::backbone::redis::Options;
use callbox::backbone::{Appended, Backbone};
use sha2::{Digest, Sha256};
use std::net::SocketAddr;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::{open, options, refusal};
use crate::backbone::make::*;
use crate::redis::{RedisServer, ServerOptions};

/// The library as this version has it.
const TEXT: &str = include_str!("../../../../src/backbone/redis/callbox.lua");

/// By which the names of a library's functions are told from those of another.
fn hash(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let bytes = digest.iter().take(4);
    bytes.map(|byte| format!("{byte:02x}")).collect()
}

/// A way to the server on which whoever speaks of one library speaks of the other.
async fn renaming(server: SocketAddr, here: &str, there: &str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (here, there) = (here.to_owned(), there.to_owned());
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(server).await.unwrap();
            let (from_client, to_client) = client.into_split();
            let (from_server, to_server) = server.into_split();
            tokio::spawn(carry(from_client, to_server, here.clone(), there.clone()));
            tokio::spawn(carry(from_server, to_client, there.clone(), here.clone()));
        }
    });
    address
}

async fn carry(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    name: String,
    instead: String,
) {
    let name = name.as_bytes();
    let mut held = Vec::new();
    while from.read_buf(&mut held).await.is_ok_and(|read| read > 0) {
        let mut at = 0;
        while let Some(found) = held[at..].windows(name.len()).position(|part| part == name) {
            at += found;
            held[at..at + name.len()].copy_from_slice(instead.as_bytes());
            at += name.len();
        }
        // A name that has come in part is waited for; no message ends in one.
        let begun = (1..name.len())
            .rev()
            .find(|part| held.ends_with(&name[..*part]));
        let rest = held.split_off(held.len() - begun.unwrap_or(0));
        if to.write_all(&held).await.is_err() {
            return;
        }
        held = rest;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_of_two_versions_work_side_by_side_each_with_its_own_functions() {
    let server = RedisServer::start(ServerOptions::durable());
    let older_text = format!("{TEXT}\n-- as it was before\n");
    let (new, old) = (hash(TEXT), hash(&older_text));
    assert_ne!(new, old);
    let load = ["FUNCTION", "LOAD", &older_text.replace("@HASH@", &old)];
    assert!(server.command(&load).contains(&old));
    let way = renaming(server.address(), &new, &old).await;
    let newer = open(&options(&server)).await;
    let older = open(&Options::new(format!("redis://{way}").parse().unwrap())).await;

    store(&newer, first(1, waiting("main", 1))).await;
    store(&older, next(1, 1, 2)).await;
    store(&newer, next(1, 2, 3)).await;
    store(&older, first(4, waiting("main", 2))).await;
    let again = append(&older, next(1, 2, 3)).await;
    assert_eq!(again, Ok(Appended::Duplicate { first: 3, last: 3 }));
    let conflict = append(&newer, next(1, 1, 9)).await;
    assert_eq!(conflict, Ok(Appended::Conflict { head: 3 }));
    let log = newer.read(session(1), 0, 10).await.unwrap();
    assert_eq!(older.read(session(1), 0, 10).await.unwrap(), log);
    let commands: Vec<_> = log.iter().map(|record| record.command).collect();
    assert_eq!(commands, [command(1), command(2), command(3)]);

    // Nobody is given what the other has.
    let one = older.claim(claim(&["main"])).await.unwrap().unwrap();
    let other = newer.claim(claim(&["main"])).await.unwrap().unwrap();
    assert_eq!((one.session, other.session), (session(1), session(4)));
    assert_eq!(older.claim(claim(&["main"])).await, Ok(None));

    // They are two libraries indeed: without its own the one is helpless, and the other goes on.
    let delete = ["FUNCTION", "DELETE", &format!("callbox_v1_{old}")];
    assert!(server.command(&delete).contains("OK"));
    let words = refusal(append(&older, next(4, 1, 5)).await);
    assert!(words.contains("functions"), "{words}");
    store(&newer, next(1, 3, 4)).await;
}
