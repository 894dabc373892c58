//! What the shared tier promises besides the contract: servers fail, restart and are set up wrongly.

mod destroy;
mod failures;
mod operators;
mod reach;
mod versions;

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use callbox::backbone::redis::{Options, Redis};
use callbox::backbone::{Appended, Backbone, BackboneError};
use callbox::clock::SystemClock;

use super::Place;
use crate::redis::{RedisServer, ServerOptions};

/// How a test connects to a server.
pub fn options(server: &RedisServer) -> Options {
    Options::new(server.url().parse().unwrap())
}

pub async fn open(options: &Options) -> Redis {
    let clock = Arc::new(SystemClock::new());
    Redis::open(options.clone(), clock).await.unwrap()
}

/// Asks again until there is an answer.
pub async fn eventually<T>(mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < end, "it never came");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The words of a failure.
pub fn refusal(outcome: Result<Appended, BackboneError>) -> String {
    match outcome {
        Err(error @ BackboneError::Failed { .. }) => error.to_string(),
        other => panic!("it should have failed: {other:?}"),
    }
}

/// A server of the test's own. Its clock is the machine's, which nobody can move: time passes by waiting.
pub struct Server {
    server: RedisServer,
    options: Options,
}

impl Server {
    pub fn new() -> Self {
        let server = RedisServer::start(ServerOptions::durable());
        Self {
            options: Options {
                // The tests of the contract are not about slow machines.
                call: Duration::from_secs(10),
                ..options(&server)
            },
            server,
        }
    }
}

#[async_trait]
impl Place for Server {
    async fn open(&self) -> Arc<dyn Backbone> {
        Arc::new(open(&self.options).await)
    }

    async fn pass_time(&self, ms: u64) {
        let start = server_ms(&self.server);
        let end = Instant::now() + Duration::from_millis(ms) + Duration::from_secs(20);
        while server_ms(&self.server) < start + ms {
            assert!(Instant::now() < end, "the server's clock stands still");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn moves_time(&self) -> bool {
        false
    }
}

fn server_ms(server: &RedisServer) -> u64 {
    let reply = server.command(&["TIME"]);
    // An array of two bulk strings: lengths and numbers in turn.
    let numbers: Vec<u64> = reply.lines().filter_map(|line| line.parse().ok()).collect();
    numbers[0] * 1_000 + numbers[1] / 1_000
}

mod contract {
    use super::Server;

    crate::backbone::conformance::conformance_suite!(Server::new());
}
