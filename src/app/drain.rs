//! `callbox drain` and `callbox undrain`: an operator speaks to the gateway that runs on this machine.
//!
//! Owns: the words for an operator. Must not: know how a drain works. Called by: the command line.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, bail};
use axum::body::{self, Body};
use axum::http::header::{CONTENT_TYPE, HOST};
use axum::http::{Method, Request};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::config::Config;
use crate::http::drain::PATH;
use crate::node::drain::{DrainOrder, DrainProgress};

/// The gateway answers from memory.
const ANSWER_MAX: Duration = Duration::from_secs(5);
/// Bytes of an answer.
const ANSWER_MAX_BYTES: usize = 64 * 1024;
/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Time for good-byes after the deadline.
const AFTER_DEADLINE: Duration = Duration::from_secs(15);

/// Sends clients to other nodes, and says how far that is until nobody is left; `wait: false` only begins.
///
/// # Errors
/// When no gateway answers, it refuses, or somebody is still there after the deadline.
pub fn drain(config: &Config, order: &DrainOrder, wait: bool) -> anyhow::Result<()> {
    runtime()?.block_on(async {
        let admin = config.admin.listen;
        let order = serde_json::to_vec(order)?;
        let began = ask(admin, Method::POST, order).await?;
        println!(
            "draining {} connections, {} a second; callbox undrain keeps those who are still here",
            began.connections, began.per_s
        );
        if wait {
            follow(admin).await?;
        }
        Ok(())
    })
}

/// Keeps the clients that are still here and takes new ones.
///
/// # Errors
/// When no gateway answers, or it is stopping.
pub fn undrain(config: &Config) -> anyhow::Result<()> {
    runtime()?.block_on(async {
        let kept = ask(config.admin.listen, Method::DELETE, Vec::new()).await?;
        if kept.draining {
            bail!("the gateway is stopping: this drain cannot be called off");
        }
        println!("not draining; {} connections", kept.connections);
        Ok(())
    })
}

async fn follow(admin: SocketAddr) -> anyhow::Result<()> {
    let mut late = Duration::ZERO;
    loop {
        sleep(LOOK_EVERY).await;
        let now = ask(admin, Method::GET, Vec::new()).await?;
        if !now.draining {
            bail!(
                "the drain was called off; {} connections are kept",
                now.connections
            );
        }
        if now.connections == 0 {
            println!("drained: nobody is left, the gateway can be stopped");
            return Ok(());
        }
        println!(
            "{} of {} connections left, {} s to the deadline",
            now.connections,
            now.began_with,
            now.left_ms.div_ceil(1_000)
        );
        if now.left_ms == 0 {
            late += LOOK_EVERY;
        }
        if late > AFTER_DEADLINE {
            bail!(
                "{} connections are still open after the deadline",
                now.connections
            );
        }
    }
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the runtime cannot start")
}

async fn ask(admin: SocketAddr, method: Method, json: Vec<u8>) -> anyhow::Result<DrainProgress> {
    timeout(ANSWER_MAX, exchange(admin, method, json))
        .await
        .unwrap_or_else(|_| bail!("no answer within {} s", ANSWER_MAX.as_secs()))
        .with_context(|| format!("the gateway's admin port {admin} (admin.listen)"))
}

async fn exchange(
    admin: SocketAddr,
    method: Method,
    json: Vec<u8>,
) -> anyhow::Result<DrainProgress> {
    let link = TcpStream::connect(admin).await?;
    let (mut requests, connection) = http1::handshake(TokioIo::new(link)).await?;
    let connection = tokio::spawn(connection);
    let request = Request::builder()
        .method(method)
        .uri(PATH)
        .header(HOST, admin.to_string())
        .header(CONTENT_TYPE, "application/json")
        .body(Body::from(json))?;
    let answer = requests.send_request(request).await?;
    let status = answer.status();
    let bytes = body::to_bytes(Body::new(answer.into_body()), ANSWER_MAX_BYTES).await?;
    connection.abort();
    if status.is_success() {
        return Ok(serde_json::from_slice(&bytes)?);
    }
    let said: Option<Value> = serde_json::from_slice(&bytes).ok();
    let words = said
        .as_ref()
        .and_then(|problem| problem.get("message")?.as_str());
    bail!("{}", words.unwrap_or(status.as_str()))
}
