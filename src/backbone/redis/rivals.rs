//! The other servers beside a primary: whether one of them is the primary by now.
//!
//! Owns: a connection to each, and the judgement that what this primary counted may be gone. Must not: say who the primary is (Sentinels
//! do), or write. Called by: `writer`, when enough replicas were counted; kept up by `shard`.
//!
//! Why: WAIT counts any replica. When Sentinels make one replica the primary, the other one goes on following the former primary for about
//! a second, and is counted there; then it follows the new one and drops what that does not have. A former primary that is back within
//! this second (restarted, thawed) would call safe what is about to be gone. So a count is worth nothing once another server was
//! promoted; that server is asked after the count, and a server that says "replica" then was not promoted before.
//!
//! A server that does not answer is left out: a promotion behind a cut is a second fault beside the primary's.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use redis::aio::MultiplexedConnection;

use super::answer;
use super::connect::Connection;
use super::link::{Link, Wire, failed};
use super::options::{Address, Target};
use super::tier::Shared;
use super::topology;
use crate::backbone::BackboneError;

/// How often servers without a connection are tried.
const TRY_EVERY: Duration = Duration::from_millis(250);
/// Every so many tries Sentinels are asked which replicas there are.
const TRIES_PER_LIST: u32 = 4;
/// How long a server may take for its first word on a new connection.
const OPEN: Duration = Duration::from_millis(400);
/// How long a count waits for the word of another server; one that is slower is left out until it answers again.
const ASK: Duration = Duration::from_millis(150);
/// Servers that are remembered; a primary has a few replicas.
const SERVERS_MAX: usize = 16;
/// What stands in place of the second history where a server was never promoted.
const NO_HISTORY: &str = "0000000000000000000000000000000000000000";

/// The servers of one primary.
#[derive(Default)]
pub(super) struct Rivals {
    servers: Mutex<BTreeMap<Address, Option<Arc<Connection>>>>,
}

/// What a server says of its place, by `INFO replication`.
#[derive(Debug, Default, PartialEq, Eq)]
struct Place {
    is_primary: bool,
    /// The history that it writes.
    history: String,
    /// The history that it wrote on from when it was promoted.
    before: String,
}

impl Rivals {
    /// Keeps connections to all replicas that Sentinels name, as long as the link lives.
    pub(super) async fn keep(self: Arc<Self>, shared: Arc<Shared>, link: Arc<Link>) {
        let Target::Sentinel { sentinels, name } = &shared.options.url.target else {
            return;
        };
        let mut tries: u32 = 0;
        loop {
            if tries.is_multiple_of(TRIES_PER_LIST) {
                let call = shared.options.call;
                let listed = topology::replicas(&shared.dialer, call, sentinels, name).await;
                self.list(listed);
            }
            tries = tries.wrapping_add(1);
            let primary = link.wire().map(|wire| wire.address.clone());
            let missing = self.missing(primary.as_ref());
            join_all(
                missing
                    .into_iter()
                    .map(|address| self.open(&shared, address)),
            )
            .await;
            tokio::time::sleep(TRY_EVERY).await;
        }
    }

    fn servers(&self) -> MutexGuard<'_, BTreeMap<Address, Option<Arc<Connection>>>> {
        self.servers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in who is there; who is named no more and does not answer is forgotten.
    fn list(&self, listed: Vec<Address>) {
        if listed.is_empty() {
            return;
        }
        let mut servers = self.servers();
        servers.retain(|address, connection| connection.is_some() || listed.contains(address));
        for address in listed {
            if servers.len() < SERVERS_MAX {
                servers.entry(address).or_default();
            }
        }
    }

    fn missing(&self, primary: Option<&Address>) -> Vec<Address> {
        let servers = self.servers();
        let missing = servers
            .iter()
            .filter(|(address, connection)| connection.is_none() && Some(*address) != primary);
        missing.map(|(address, _)| address.clone()).collect()
    }

    async fn open(&self, shared: &Shared, address: Address) {
        let opening = async {
            let connection = shared.dialer.open(&address).await.ok()?;
            // A frozen server takes connections and says nothing.
            place(connection.commands.clone()).await?;
            Some(connection)
        };
        if let Ok(Some(connection)) = tokio::time::timeout(OPEN, opening).await
            && let Some(place) = self.servers().get_mut(&address)
        {
            *place = Some(Arc::new(connection));
        }
    }

    /// Fails when another server was promoted: what the primary of this wire counts may be gone.
    pub(super) async fn none_was_promoted(&self, wire: &Wire) -> Result<(), BackboneError> {
        let others: Vec<_> = {
            let servers = self.servers();
            let others = servers
                .iter()
                .filter(|(address, _)| **address != wire.address);
            others
                .filter_map(|(address, connection)| Some((address.clone(), connection.clone()?)))
                .collect()
        };
        let asked = others
            .iter()
            .map(|(_, connection)| tokio::time::timeout(ASK, place(connection.commands.clone())));
        let mut promoted = Vec::new();
        for ((address, connection), said) in others.iter().zip(join_all(asked).await) {
            match said.ok().flatten() {
                Some(place) if place.is_primary && place.before != NO_HISTORY => {
                    promoted.push((address, place));
                }
                Some(_) => {}
                None => self.forget(address, connection),
            }
        }
        if promoted.is_empty() {
            return Ok(());
        }
        let own = tokio::time::timeout(ASK, place(wire.calls.commands.clone()));
        let own = own.await.ok().flatten().unwrap_or_default();
        // One that this primary wrote on from is its predecessor, and has not heard of it yet.
        match promoted
            .iter()
            .find(|(_, other)| other.history != own.before)
        {
            Some((address, _)) => Err(failed(&format!("{address} was made the primary"))),
            None => Ok(()),
        }
    }

    /// A connection brought no answer: another one is tried.
    fn forget(&self, address: &Address, silent: &Arc<Connection>) {
        if let Some(kept) = self.servers().get_mut(address)
            && kept.as_ref().is_some_and(|kept| Arc::ptr_eq(kept, silent))
        {
            *kept = None;
        }
    }
}

/// Asks a server; `None` when it does not say.
async fn place(mut connection: MultiplexedConnection) -> Option<Place> {
    let mut question = redis::cmd("INFO");
    question.arg("replication");
    let answer = connection.send_packed_command(&question).await.ok()?;
    read(answer::text(&answer)?)
}

fn read(info: &str) -> Option<Place> {
    let mut place = Place::default();
    let mut told = false;
    for line in info.lines() {
        let Some((key, value)) = line.trim_end().split_once(':') else {
            continue;
        };
        match key {
            "role" => (place.is_primary, told) = (value == "master", true),
            "master_replid" => value.clone_into(&mut place.history),
            "master_replid2" => value.clone_into(&mut place.before),
            _ => {}
        }
    }
    told.then_some(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_says_whether_it_is_a_primary_and_what_it_wrote_on_from() {
        let info = "# Replication\r\nrole:master\r\nmaster_replid:aa\r\nmaster_replid2:bb\r\nmaster_repl_offset:7\r\n";
        let place = Place {
            is_primary: true,
            history: "aa".to_owned(),
            before: "bb".to_owned(),
        };
        assert_eq!(read(info), Some(place));
        assert!(read("role:slave\r\n").is_some_and(|place| !place.is_primary));
        assert_eq!(read("# Nothing\r\n"), None);
    }
}
