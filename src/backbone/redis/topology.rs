//! Where the primaries are: asked of Sentinels, or of the nodes of a cluster.
//!
//! Owns: the questions and the reading of their answers. Must not: keep connections to primaries. Called by: `tier` and `shard`; `witnesses`
//! asks Sentinels and nodes through it.

use std::time::Duration;

use redis::Value;

use super::answer;
use super::connect::{Connection, Dialer};
use super::fault::OpenError;
use super::options::{self, Address};

/// A primary of a cluster and the slots it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Owner {
    pub(super) first: u16,
    pub(super) last: u16,
    pub(super) address: Address,
    /// What the cluster calls it, wherever it is.
    pub(super) id: String,
}

/// Asks all Sentinels at once who the primary is. One that was cut off may know an older one: the answer of the highest
/// configuration epoch counts.
pub(super) async fn primary(
    dialer: &Dialer,
    call: Duration,
    sentinels: &[Address],
    name: &str,
) -> Result<Address, OpenError> {
    let asked = sentinels
        .iter()
        .map(|sentinel| ask_sentinel(dialer, call, sentinel, name));
    let answers = futures_util::future::join_all(asked).await;
    let mut fault = None;
    let mut newest: Option<(u64, Address)> = None;
    for answer in answers {
        match answer {
            Ok(found) if newest.as_ref().is_none_or(|known| found.0 > known.0) => {
                newest = Some(found);
            }
            Ok(_) => {}
            Err(error) => fault = fault.or(Some(error)),
        }
    }
    match (newest, fault) {
        (Some((_, address)), _) => Ok(address),
        (None, Some(error)) => Err(error),
        (None, None) => Err(OpenError::unreachable(&name, "no Sentinel is named")),
    }
}

async fn ask_sentinel(
    dialer: &Dialer,
    call: Duration,
    sentinel: &Address,
    name: &str,
) -> Result<(u64, Address), OpenError> {
    let answer = sentinel_says(dialer, call, sentinel, "MASTER", name).await?;
    sentinel_answer(&answer)
        .ok_or_else(|| OpenError::unreachable(sentinel, "it answered something else"))
}

/// Asks a Sentinel about a primary: itself (`MASTER`), or its replicas.
pub(super) async fn sentinel_says(
    dialer: &Dialer,
    call: Duration,
    sentinel: &Address,
    what: &str,
    name: &str,
) -> Result<Value, OpenError> {
    let question = async {
        let mut command = redis::cmd("SENTINEL");
        command.arg(what).arg(name);
        let ask = async |connection: Connection| {
            let mut commands = connection.commands.clone();
            let answer = commands.send_packed_command(&command).await;
            answer.map_err(|error| OpenError::of(sentinel, &error))
        };
        // Sentinels usually ask for no password, and refuse one they do not have.
        let nameless = match dialer.open_nameless(sentinel).await {
            Ok(connection) => ask(connection).await,
            Err(error) => Err(error),
        };
        let refused = match &nameless {
            Ok(Value::ServerError(error)) => error.code() == "NOAUTH",
            Ok(_) => false,
            Err(error) => matches!(error, OpenError::Refused { .. }),
        };
        if refused {
            return ask(dialer.open(sentinel).await?).await;
        }
        nameless
    };
    let answer = match tokio::time::timeout(call, question).await {
        Ok(answer) => answer?,
        Err(_) => return Err(OpenError::unreachable(sentinel, "no answer in time")),
    };
    if let Value::ServerError(error) = &answer {
        if error
            .details()
            .is_some_and(|detail| detail.contains("No such master"))
        {
            let words = format!("this Sentinel knows no primary called {name}");
            return Err(OpenError::unfit(sentinel, words));
        }
        return Err(OpenError::of(sentinel, &error.clone().into()));
    }
    Ok(answer)
}

fn sentinel_answer(answer: &Value) -> Option<(u64, Address)> {
    let epoch = field(answer, "config-epoch")?.parse().ok()?;
    Some((epoch, address_in(answer)?))
}

/// The server that a Sentinel describes.
pub(super) fn address_in(answer: &Value) -> Option<Address> {
    Some(Address {
        host: field(answer, "ip")?,
        port: field(answer, "port")?.parse().ok()?,
    })
}

/// One field of what a Sentinel describes.
pub(super) fn field(answer: &Value, wanted: &str) -> Option<String> {
    let pairs = answer::pairs(answer);
    let found = pairs.iter().find(|(key, _)| &**key == wanted);
    found.map(|(_, value)| value.to_string())
}

/// Asks the nodes of a cluster, one after the other, which primary has which slots.
pub(super) async fn owners(
    dialer: &Dialer,
    call: Duration,
    nodes: Vec<Address>,
) -> Result<Vec<Owner>, OpenError> {
    let mut fault = None;
    for node in nodes {
        let owners = match cluster_says(dialer, call, &node, "SLOTS").await {
            Ok(Value::ServerError(error)) if error.code() == "NOPERM" => {
                Err(OpenError::of(&node, &error.into()))
            }
            Ok(Value::ServerError(error)) => {
                let detail = error.details().unwrap_or_default();
                let words = format!("it is no node of a cluster: {} {detail}", error.code());
                Err(OpenError::unfit(&node, words))
            }
            Ok(answer) => cluster_answer(&answer, &node)
                .filter(|owners| !owners.is_empty())
                .ok_or_else(|| OpenError::unreachable(&node, "it knows no slots yet")),
            Err(error) => Err(error),
        };
        match owners {
            Ok(owners) => return Ok(owners),
            Err(error) => fault = fault.or(Some(error)),
        }
    }
    Err(fault.unwrap_or_else(|| OpenError::unreachable(&"the cluster", "no node is named")))
}

/// Asks a node of a cluster: for its slots, or for the nodes it knows. A refusal is an answer.
pub(super) async fn cluster_says(
    dialer: &Dialer,
    call: Duration,
    node: &Address,
    what: &str,
) -> Result<Value, OpenError> {
    let question = async {
        let connection = dialer.open(node).await?;
        let mut command = redis::cmd("CLUSTER");
        command.arg(what);
        let mut commands = connection.commands.clone();
        let answer = commands.send_packed_command(&command).await;
        answer.map_err(|error| OpenError::of(node, &error))
    };
    let answer = tokio::time::timeout(call, question).await;
    answer.unwrap_or_else(|_| Err(OpenError::unreachable(node, "no answer in time")))
}

fn cluster_answer(answer: &Value, asked: &Address) -> Option<Vec<Owner>> {
    let ranges = answer::array(answer)?.iter().map(|range| {
        let [first, last, primary, ..] = answer::array(range)? else {
            return None;
        };
        let [host, port, id, ..] = answer::array(primary)? else {
            return None;
        };
        let host = match answer::text(host) {
            // A node that does not know its own address yet is the one that was asked.
            None | Some("") => asked.host.clone(),
            Some(host) => options::address(host, 1).map(|address| address.host)?,
        };
        Some(Owner {
            first: u16::try_from(answer::number(first)?).ok()?,
            last: u16::try_from(answer::number(last)?).ok()?,
            address: Address {
                host,
                port: u16::try_from(answer::number(port)?).ok()?,
            },
            id: answer::text(id)?.to_owned(),
        })
    });
    ranges.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bulk(text: &str) -> Value {
        Value::BulkString(text.as_bytes().to_vec())
    }

    #[test]
    fn a_cluster_says_who_has_which_slots() {
        let asked = Address {
            host: "10.0.0.1".to_owned(),
            port: 7000,
        };
        let node = |host: &str, port| Value::Array(vec![bulk(host), Value::Int(port), bulk("id")]);
        let range = |first, last, primary| {
            let replica = node("10.0.0.9", 7009);
            Value::Array(vec![Value::Int(first), Value::Int(last), primary, replica])
        };
        let answer = Value::Array(vec![
            range(0, 8191, node("", 7000)),
            range(8192, 16383, node("10.0.0.2", 7001)),
        ]);
        let owners = cluster_answer(&answer, &asked).unwrap();
        assert_eq!((&owners[0].address, &*owners[0].id), (&asked, "id"));
        assert_eq!((owners[1].first, owners[1].last), (8192, 16383));
        assert_eq!(owners[1].address.to_string(), "10.0.0.2:7001");
        assert_eq!(cluster_answer(&bulk("x"), &asked), None);
    }

    #[test]
    fn a_sentinel_names_address_and_epoch() {
        let texts = ["ip", "10.0.0.2", "port", "6379", "config-epoch", "4"];
        let (epoch, address) = sentinel_answer(&Value::Array(texts.map(bulk).to_vec())).unwrap();
        assert_eq!(
            (epoch, address.to_string()),
            (4, "10.0.0.2:6379".to_owned())
        );
        assert_eq!(sentinel_answer(&Value::Array(vec![])), None);
    }
}
