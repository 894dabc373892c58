//! The other servers beside a primary: whether one of them is the primary by now.
//!
//! Owns: a connection to each, and the judgement that what this primary counted may be gone. Must not: say who the primary is (Sentinels
//! or the cluster do), or write. Called by: `writer`, when enough replicas were counted; kept up by `shard`.
//!
//! Why: WAIT counts any replica. When Sentinels make one replica the primary, the other one goes on following the former primary for about
//! a second, and is counted there; then it follows the new one and drops what that does not have. A former primary that is back within
//! this second (restarted, thawed) would call safe what is about to be gone. In a cluster this lasts until the word of it has spread. So a count is worth nothing once another server was
//! promoted; that server is asked after the count, and a server that says "replica" then was not promoted before.
//!
//! A server that is promoted ends all its connections in the same moment, so one that broke says nothing: the server is asked anew before
//! anything is confirmed. While one cannot be reached, most of the witnesses must say that this primary stands and is not suspected; whoever
//! promotes another one behind a cut is among them, or has somebody among them who agreed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use redis::aio::MultiplexedConnection;

use super::answer;
use super::connect::Connection;
use super::link::{Link, Wire, failed};
use super::options::Address;
use super::tier::Shared;
use super::witnesses::Witnesses;
use crate::backbone::BackboneError;

/// How often servers without a connection are tried.
const TRY_EVERY: Duration = Duration::from_millis(250);
/// Every so many tries the witnesses are asked which replicas there are.
const TRIES_PER_LIST: u32 = 4;
/// How long a server may take for its first word on a new connection; one that is slower cannot be reached.
const OPEN: Duration = Duration::from_millis(400);
/// How long a count waits for the word of another server over a connection that is open.
const ASK: Duration = Duration::from_millis(150);
/// Servers that are remembered; a primary has a few replicas.
const SERVERS_MAX: usize = 16;
/// What stands in place of the second history where a server was never promoted.
const NO_HISTORY: &str = "0000000000000000000000000000000000000000";

/// The servers of one primary.
pub(super) struct Rivals {
    shared: Arc<Shared>,
    servers: Mutex<Servers>,
}

#[derive(Default)]
struct Servers {
    /// Witnesses have said who is there.
    listed: bool,
    /// Without a connection: one that cannot be reached.
    known: BTreeMap<Address, Option<Arc<Connection>>>,
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

/// What the others say of a primary.
pub(super) enum Verdict {
    /// No other one was promoted before it counted.
    Stands,
    /// Another one was.
    Replaced(BackboneError),
    /// Nobody can say so now.
    Unknown(BackboneError),
}

impl Rivals {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            servers: Mutex::default(),
        }
    }

    /// Keeps connections to all replicas that the witnesses name, as long as the link lives.
    pub(super) async fn keep(self: Arc<Self>, link: Arc<Link>) {
        let mut tries: u32 = 0;
        loop {
            let primary = link.wire().map(|wire| wire.address.clone());
            if tries.is_multiple_of(TRIES_PER_LIST) {
                let Some(witnesses) = Witnesses::of(&self.shared) else {
                    return;
                };
                if let Some(primary) = &primary {
                    self.list(witnesses.replicas(primary).await);
                }
            }
            tries = tries.wrapping_add(1);
            let missing = self.missing(primary.as_ref());
            join_all(missing.iter().map(|address| self.open(address))).await;
            tokio::time::sleep(TRY_EVERY).await;
        }
    }

    fn servers(&self) -> MutexGuard<'_, Servers> {
        self.servers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in who is there; who is named no more and does not answer is forgotten.
    fn list(&self, listed: Vec<Address>) {
        if listed.is_empty() {
            return;
        }
        let mut servers = self.servers();
        servers.listed = true;
        let known = &mut servers.known;
        known.retain(|address, connection| connection.is_some() || listed.contains(address));
        for address in listed {
            if known.len() < SERVERS_MAX {
                known.entry(address).or_default();
            }
        }
    }

    fn missing(&self, primary: Option<&Address>) -> Vec<Address> {
        let servers = self.servers();
        let missing = servers
            .known
            .iter()
            .filter(|(address, connection)| connection.is_none() && Some(*address) != primary);
        missing.map(|(address, _)| address.clone()).collect()
    }

    /// Connects to a server anew; what it says first.
    async fn open(&self, address: &Address) -> Option<Place> {
        let opening = async {
            let connection = self.shared.dialer.open(address).await.ok()?;
            // A frozen server takes connections and says nothing.
            let place = place(connection.commands.clone()).await?;
            Some((connection, place))
        };
        let (connection, place) = tokio::time::timeout(OPEN, opening).await.ok().flatten()?;
        if let Some(known) = self.servers().known.get_mut(address) {
            *known = Some(Arc::new(connection));
        }
        Some(place)
    }

    /// Whether what the primary of this wire counted will stay.
    pub(super) async fn verdict(&self, wire: &Wire) -> Verdict {
        let Some(witnesses) = Witnesses::of(&self.shared) else {
            return Verdict::Stands;
        };
        let (others, listed) = {
            let servers = self.servers();
            let others = servers.known.iter();
            let others = others.filter(|(address, _)| **address != wire.address);
            let others: Vec<_> = others
                .map(|(address, connection)| (address.clone(), connection.clone()))
                .collect();
            (others, servers.listed)
        };
        let asked = others
            .iter()
            .map(|(address, connection)| self.place_of(address, connection.as_ref()));
        let places = join_all(asked).await;
        let promoted: Vec<_> = others
            .iter()
            .zip(&places)
            .filter_map(|((address, _), place)| Some((address, place.as_ref()?)))
            .filter(|(_, place)| place.is_primary && place.before != NO_HISTORY)
            .collect();
        if !promoted.is_empty() {
            let own = tokio::time::timeout(ASK, place(wire.calls.commands.clone()));
            let own = own.await.ok().flatten().unwrap_or_default();
            // One that this primary wrote on from is its predecessor, and has not heard of it yet.
            let mut rivals = promoted.iter();
            if let Some((address, _)) = rivals.find(|(_, other)| other.history != own.before) {
                return Verdict::Replaced(failed(&format!("{address} was made the primary")));
            }
        }
        if listed && places.iter().all(Option::is_some) {
            return Verdict::Stands;
        }
        if witnesses.say_it_stands(OPEN, &wire.address).await {
            return Verdict::Stands;
        }
        Verdict::Unknown(failed(
            "a server cannot be reached, and most of those who would know do not say that it was not made the primary",
        ))
    }

    /// What a server says of its place. Over a connection that was open before; where that is silent, over a new one.
    async fn place_of(&self, address: &Address, known: Option<&Arc<Connection>>) -> Option<Place> {
        // One that could not be reached is tried beside the counts, not within each.
        let connection = known?;
        let said = tokio::time::timeout(ASK, place(connection.commands.clone()));
        if let Some(place) = said.await.ok().flatten() {
            return Some(place);
        }
        self.forget(address, connection);
        self.open(address).await
    }

    /// A connection brought no answer.
    fn forget(&self, address: &Address, silent: &Arc<Connection>) {
        if let Some(kept) = self.servers().known.get_mut(address)
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
