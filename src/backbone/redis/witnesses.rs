//! Those who know which servers have a primary's log, and whether it still is the primary: Sentinels, or the primaries of a cluster.
//!
//! Owns: who they are, their questions, and the reading of their answers. Must not: ask those servers themselves (`rivals` does), or say
//! where to write. Called by: `rivals`; `tier` once at the start.

use std::time::Duration;

use futures_util::future::join_all;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use redis::Value;

use super::answer;
use super::connect::Dialer;
use super::fault::OpenError;
use super::options::{Address, Target};
use super::tier::Shared;
use super::topology::{self, Owner};

/// Who is asked about a primary. Sentinels: most of them agree before one of them makes a replica the primary. The primaries of a cluster,
/// the one that is asked about among them: a replica becomes one by the votes of most of them.
#[derive(Clone, Copy)]
pub(super) struct Witnesses<'a> {
    shared: &'a Shared,
}

impl<'a> Witnesses<'a> {
    /// Those of this tier; none of one server alone.
    pub(super) fn of(shared: &'a Shared) -> Option<Self> {
        match &shared.options.url.target {
            Target::Server(_) => None,
            Target::Sentinel { .. } | Target::Cluster(_) => Some(Self { shared }),
        }
    }

    /// Every server that any of them calls a replica of this primary, one that failed too; none where none of them answers. A server that
    /// is made the primary was one of these.
    pub(super) async fn replicas(self, primary: &Address) -> Vec<Address> {
        let (dialer, call) = (&self.shared.dialer, self.shared.options.call);
        let mut all: Vec<_> = match &self.shared.options.url.target {
            Target::Server(_) => Vec::new(),
            Target::Sentinel { sentinels, name } => {
                let asked = sentinels
                    .iter()
                    .map(|one| topology::sentinel_says(dialer, call, one, "REPLICAS", name));
                let answers = join_all(asked).await;
                let named = answers.iter().flatten().filter_map(answer::array).flatten();
                named.filter_map(topology::address_in).collect()
            }
            Target::Cluster(_) => {
                let primaries = self.primaries();
                let Some(owner) = primaries.iter().find(|one| one.address == *primary) else {
                    return Vec::new();
                };
                let asked = primaries
                    .iter()
                    .map(|one| nodes(dialer, call, &one.address));
                let answers = join_all(asked).await;
                let named = answers.iter().flatten();
                named.flat_map(|nodes| replicas_in(nodes, owner)).collect()
            }
        };
        all.sort();
        all.dedup();
        all
    }

    /// Whether most of them say that this is the primary, and none that answered by then suspects it or replaces it. Whoever makes
    /// another one the primary has most of them behind it, and they suspect this one first.
    pub(super) async fn say_it_stands(self, within: Duration, primary: &Address) -> bool {
        let dialer = &self.shared.dialer;
        match &self.shared.options.url.target {
            Target::Server(_) => true,
            Target::Sentinel { sentinels, name } => {
                let asked = sentinels.iter().map(async |one| {
                    let said = topology::sentinel_says(dialer, within, one, "MASTER", name).await;
                    said.ok().map(|said| is_calm(&said, primary))
                });
                most(asked.collect(), sentinels.len()).await
            }
            Target::Cluster(_) => {
                let primaries = self.primaries();
                let Some(owner) = primaries.iter().find(|one| one.address == *primary) else {
                    return false;
                };
                let asked = primaries.iter().map(async |one| {
                    let said = nodes(dialer, within, &one.address).await;
                    said.ok().map(|nodes| stands_in(&nodes, owner))
                });
                most(asked.collect(), primaries.len()).await
            }
        }
    }

    /// Asks the nodes of a cluster once, for the rights to do so. Sentinels have been asked for the primary already.
    ///
    /// # Errors
    /// When the user of the tier may not ask: then nothing could ever be called safe.
    pub(super) async fn may_be_asked(self) -> Result<(), OpenError> {
        let (dialer, call) = (&self.shared.dialer, self.shared.options.call);
        let primaries = self.primaries();
        let asked = primaries
            .iter()
            .map(|one| nodes(dialer, call, &one.address));
        for answer in join_all(asked).await {
            match answer {
                Err(error) if !error.may_pass() => return Err(error),
                // One that does not answer now is another matter.
                Ok(_) | Err(_) => {}
            }
        }
        Ok(())
    }

    /// Each primary of the cluster once.
    fn primaries(self) -> Vec<Owner> {
        let mut primaries = self.shared.owners();
        primaries.sort_by(|one, other| one.id.cmp(&other.id));
        primaries.dedup_by(|one, other| one.id == other.id);
        primaries
    }
}

/// Whether more than half say yes, and nobody no before that. Who does not answer says nothing.
async fn most(
    mut asked: FuturesUnordered<impl Future<Output = Option<bool>>>,
    of_all: usize,
) -> bool {
    let mut agree = 0;
    while let Some(said) = asked.next().await {
        match said {
            Some(true) => agree += 1,
            Some(false) => return false,
            None => {}
        }
        if 2 * agree > of_all {
            return true;
        }
    }
    false
}

/// Whether what a Sentinel says of a primary is that this is it, and that nothing is wrong.
fn is_calm(answer: &Value, primary: &Address) -> bool {
    let flags = topology::field(answer, "flags").unwrap_or_default();
    let mut flags = flags.split(',');
    let doubt = ["s_down", "o_down", "failover_in_progress"];
    topology::address_in(answer).as_ref() == Some(primary)
        && !flags.any(|flag| doubt.contains(&flag))
}

/// A node of a cluster, as another one sees it (`CLUSTER NODES`).
#[derive(Debug, PartialEq, Eq)]
struct Node {
    id: String,
    ip: String,
    hostname: String,
    port: u16,
    flags: String,
    /// The primary that it follows, by its id.
    follows: String,
    has_slots: bool,
}

/// What a node of a cluster says of all of them.
async fn nodes(dialer: &Dialer, call: Duration, asked: &Address) -> Result<Vec<Node>, OpenError> {
    match topology::cluster_says(dialer, call, asked, "NODES").await? {
        Value::ServerError(error) => Err(OpenError::of(asked, &error.into())),
        answer => {
            let lines = answer::text(&answer).unwrap_or_default().lines();
            Ok(lines.filter_map(|line| node(line, asked)).collect())
        }
    }
}

/// `id ip:port@bus,hostname flags primary ping pong epoch link slot …`
fn node(line: &str, asked: &Address) -> Option<Node> {
    let mut words = line.split_whitespace();
    let (id, place, flags, follows) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let mut place = place.split(',');
    let (ip, port) = place.next()?.split('@').next()?.rsplit_once(':')?;
    // One that does not know its own address yet is the one that was asked.
    let ip = if ip.is_empty() { &asked.host } else { ip };
    Some(Node {
        id: id.to_owned(),
        ip: ip.to_owned(),
        hostname: place.next().unwrap_or_default().to_owned(),
        port: port.parse().ok()?,
        flags: flags.to_owned(),
        follows: follows.to_owned(),
        // Those in brackets are on their way.
        has_slots: words.skip(4).any(|slot| !slot.starts_with('[')),
    })
}

/// The replicas of a primary, called by name or by number as it is itself.
fn replicas_in<'a>(nodes: &'a [Node], owner: &Owner) -> impl Iterator<Item = Address> + 'a {
    let by_name = nodes.iter().any(|node| {
        node.id == owner.id && node.ip != owner.address.host && !node.hostname.is_empty()
    });
    let id = owner.id.clone();
    nodes
        .iter()
        .filter(move |node| node.follows == id)
        .map(move |node| Address {
            host: match by_name && !node.hostname.is_empty() {
                true => node.hostname.clone(),
                false => node.ip.clone(),
            },
            port: node.port,
        })
}

/// Whether a node of the cluster sees this primary as one that has slots and does not fail.
fn stands_in(nodes: &[Node], owner: &Owner) -> bool {
    let doubt = ["fail", "fail?", "handshake", "noaddr"];
    nodes.iter().any(|node| {
        let flags = || node.flags.split(',');
        node.id == owner.id
            && node.has_slots
            && flags().any(|flag| flag == "master")
            && !flags().any(|flag| doubt.contains(&flag))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bulk(text: &str) -> Value {
        Value::BulkString(text.as_bytes().to_vec())
    }

    fn at(host: &str, port: u16) -> Address {
        let host = host.to_owned();
        Address { host, port }
    }

    fn owner(host: &str) -> Owner {
        Owner {
            first: 0,
            last: 5460,
            address: at(host, 7000),
            id: "aa".to_owned(),
        }
    }

    #[test]
    fn a_primary_that_sentinels_suspect_or_replace_does_not_stand() {
        let primary = at("10.0.0.2", 6379);
        let says = |host: &str, flags: &str| {
            let texts = ["ip", host, "port", "6379", "flags", flags];
            is_calm(&Value::Array(texts.map(bulk).to_vec()), &primary)
        };
        assert!(says("10.0.0.2", "master"));
        assert!(says("10.0.0.2", "master,disconnected"));
        assert!(!says("10.0.0.3", "master"));
        assert!(!says("10.0.0.2", "s_down,master"));
        assert!(!says("10.0.0.2", "master,failover_in_progress"));
        assert!(!is_calm(&bulk("x"), &primary));
    }

    #[test]
    fn a_node_of_a_cluster_names_the_replicas_of_a_primary_also_one_that_failed() {
        let lines = "aa :7000@17000 myself,master - 0 0 1 connected 0-5460\n\
            bb 10.0.0.3:7001@17001 slave aa 0 0 1 connected\n\
            cc 10.0.0.4:7002@17002,,shard-id=1 slave,fail aa 0 0 1 disconnected\n\
            dd 10.0.0.5:7003@17003 master - 0 0 2 connected 5461-16383\n\
            ee 10.0.0.6:7004@17004 slave dd 0 0 2 connected\n\
            nonsense\n";
        let asked = at("10.0.0.2", 7000);
        let all: Vec<_> = lines
            .lines()
            .filter_map(|line| node(line, &asked))
            .collect();
        assert_eq!(all.len(), 5);
        assert_eq!(all[0].ip, "10.0.0.2");
        let found: Vec<_> = replicas_in(&all, &owner("10.0.0.2")).collect();
        assert_eq!(found, [at("10.0.0.3", 7001), at("10.0.0.4", 7002)]);
    }

    #[test]
    fn where_a_cluster_is_called_by_names_its_replicas_are_too() {
        let lines = "aa 10.0.0.2:7000@17000,a.example master - 0 0 1 connected 0-5460\n\
            bb 10.0.0.3:7001@17001,b.example slave aa 0 0 1 connected\n";
        let asked = at("a.example", 7000);
        let all: Vec<_> = lines
            .lines()
            .filter_map(|line| node(line, &asked))
            .collect();
        let of = |host: &str| replicas_in(&all, &owner(host)).collect::<Vec<_>>();
        assert_eq!(of("a.example"), [at("b.example", 7001)]);
        assert_eq!(of("10.0.0.2"), [at("10.0.0.3", 7001)]);
    }

    #[test]
    fn a_primary_that_a_cluster_suspects_or_has_replaced_does_not_stand() {
        let stands = |line: &str| {
            let asked = at("10.0.0.9", 7000);
            stands_in(&Vec::from_iter(node(line, &asked)), &owner("10.0.0.2"))
        };
        assert!(stands("aa 10.0.0.2:7000@1 master - 0 0 1 connected 0-5460"));
        assert!(stands(
            "aa 10.0.0.2:7000@1 myself,master - 0 0 1 connected 7"
        ));
        assert!(!stands(
            "aa 10.0.0.2:7000@1 master,fail? - 0 0 1 connected 0-5460"
        ));
        assert!(!stands(
            "aa 10.0.0.2:7000@1 master,fail - 0 0 1 disconnected 0-5460"
        ));
        assert!(!stands("aa 10.0.0.2:7000@1 master - 0 0 1 connected"));
        assert!(!stands(
            "aa 10.0.0.2:7000@1 master - 0 0 1 connected [5->-dd]"
        ));
        assert!(!stands("aa 10.0.0.2:7000@1 slave dd 0 0 1 connected"));
        assert!(!stands(
            "dd 10.0.0.2:7000@1 master - 0 0 1 connected 0-5460"
        ));
    }

    #[tokio::test]
    async fn most_must_say_yes_and_nobody_no() {
        let says = |answers: &[Option<bool>]| {
            let asked = answers.iter().map(|said| std::future::ready(*said));
            most(asked.collect(), answers.len())
        };
        assert!(says(&[Some(true), None, Some(true)]).await);
        assert!(!says(&[Some(true), None, None]).await);
        assert!(!says(&[Some(true), Some(true), None, None]).await);
        assert!(!says(&[Some(false)]).await);
        assert!(!says(&[]).await);
    }
}
