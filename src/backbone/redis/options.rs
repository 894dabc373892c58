//! Where the shared tier is, and how it is spoken to.
//!
//! Owns: the forms of its address. Must not: read files or open sockets. Called by: `app`, the configuration's check.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use secrecy::SecretString;

/// A password; it does not print.
pub type Secret = SecretString;

/// Port of a Redis server where the address names none.
const REDIS_PORT: u16 = 6379;
/// Port of a Sentinel where the address names none.
const SENTINEL_PORT: u16 = 26379;
/// Servers named in one address: a cluster or a set of Sentinels is found from a few of them.
const ADDRESSES_MAX: usize = 32;

/// One server.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address {
    /// Name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// Which servers make up the shared tier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// One primary at a fixed address.
    Server(Address),
    /// The primary that these Sentinels name.
    Sentinel {
        /// Sentinels, asked in turn.
        sentinels: Vec<Address>,
        /// What they call the primary.
        name: String,
    },
    /// A cluster; these nodes tell of the others.
    Cluster(Vec<Address>),
}

/// The address of a shared tier, as an operator writes it: `redis://host:6379`,
/// `redis+sentinel://host:26379,other:26379/primary`, `redis+cluster://host:6379,other:6379`; with `rediss` for TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url {
    /// Which servers.
    pub target: Target,
    /// Whether connections are encrypted.
    pub tls: bool,
}

/// Why an address is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// Another beginning.
    #[error("must begin with redis://, redis+sentinel:// or redis+cluster:// (rediss for TLS)")]
    Scheme,
    /// Names and passwords do not belong into an address: it is logged.
    #[error("must not hold a user or a password: set backbone.username and backbone.password_file")]
    Credentials,
    /// No host, a wrong port, or too many of them.
    #[error("names no host and port, such as redis://10.0.0.5:6379")]
    Host,
    /// `redis://` names one server.
    #[error("names several servers: use redis+sentinel:// or redis+cluster://")]
    Several,
    /// Sentinels must be told which primary.
    #[error("must end with the primary's name, such as redis+sentinel://10.0.0.5:26379/callbox")]
    Name,
    /// Something after the servers.
    #[error("must end after the servers: databases by number are not used")]
    Path,
}

impl FromStr for Url {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let (scheme, rest) = text.split_once("://").ok_or(TargetError::Scheme)?;
        let (tls, kind) = match scheme.strip_prefix("rediss") {
            Some(kind) => (true, kind),
            None => (
                false,
                scheme.strip_prefix("redis").ok_or(TargetError::Scheme)?,
            ),
        };
        if rest.contains('@') {
            return Err(TargetError::Credentials);
        }
        let (servers, path) = rest.split_once('/').unwrap_or((rest, ""));
        if kind != "+sentinel" && !path.is_empty() {
            return Err(TargetError::Path);
        }
        let target = match kind {
            "" => Target::Server(one(addresses(servers, REDIS_PORT)?)?),
            "+cluster" => Target::Cluster(addresses(servers, REDIS_PORT)?),
            "+sentinel" => {
                let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
                if path.is_empty() || !path.bytes().all(plain) {
                    return Err(TargetError::Name);
                }
                Target::Sentinel {
                    sentinels: addresses(servers, SENTINEL_PORT)?,
                    name: path.to_owned(),
                }
            }
            _ => return Err(TargetError::Scheme),
        };
        Ok(Self { target, tls })
    }
}

fn one(addresses: Vec<Address>) -> Result<Address, TargetError> {
    let [address] = <[Address; 1]>::try_from(addresses).map_err(|_| TargetError::Several)?;
    Ok(address)
}

fn addresses(text: &str, port: u16) -> Result<Vec<Address>, TargetError> {
    let found = text
        .split(',')
        .map(|one| address(one, port))
        .collect::<Option<Vec<_>>>();
    found
        .filter(|found| found.len() <= ADDRESSES_MAX)
        .ok_or(TargetError::Host)
}

/// `host`, `host:port`, `[v6]` or `[v6]:port`.
pub(super) fn address(text: &str, port: u16) -> Option<Address> {
    let (host, rest) = match text.strip_prefix('[') {
        Some(v6) => v6.split_once(']')?,
        None => match text.find(':') {
            Some(at) => text.split_at(at),
            None => (text, ""),
        },
    };
    let port = match rest.strip_prefix(':') {
        Some(port) => port.parse().ok().filter(|port| *port != 0)?,
        None if rest.is_empty() => port,
        None => return None,
    };
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-:%".contains(&b);
    (!host.is_empty() && host.bytes().all(plain)).then(|| Address {
        host: host.to_owned(),
        port,
    })
}

/// How to speak to the shared tier.
#[derive(Debug, Clone)]
pub struct Options {
    /// Which servers, and whether encrypted.
    pub url: Url,
    /// ACL user; `None`: the default user.
    pub username: Option<String>,
    /// Its password.
    pub password: Option<Secret>,
    /// PEM of the authority that signed the servers' certificates; `None`: those the system trusts.
    pub ca_pem: Option<Vec<u8>>,
    /// What all keys begin with. Gateways with another one share the servers without seeing each other.
    pub prefix: String,
    /// Replicas that must have a write before it is confirmed; 0: none is asked.
    pub wait_replicas: u32,
    /// How long they may take. Over it the write is unknown.
    pub wait: Duration,
    /// How long any call may take, waiting in our own queues included.
    pub call: Duration,
    /// File that keeps the tier's mark, so that an empty tier is noticed after a restart of this node, too.
    pub epoch_file: Option<PathBuf>,
}

impl Options {
    /// The defaults for one address.
    #[must_use]
    pub fn new(url: Url) -> Self {
        Self {
            url,
            username: None,
            password: None,
            ca_pem: None,
            prefix: "callbox".to_owned(),
            wait_replicas: 0,
            wait: Duration::from_millis(300),
            call: Duration::from_secs(1),
            epoch_file: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(host: &str, port: u16) -> Address {
        Address {
            host: host.to_owned(),
            port,
        }
    }

    #[test]
    fn every_form_of_an_address_is_read() {
        let read = |text: &str| text.parse::<Url>().unwrap();
        assert_eq!(
            read("redis://tier.example"),
            Url {
                target: Target::Server(at("tier.example", 6379)),
                tls: false
            }
        );
        assert_eq!(
            read("rediss://[fd00::5]:7000/").target,
            Target::Server(at("fd00::5", 7000))
        );
        assert!(read("rediss+cluster://a,b").tls);
        assert_eq!(
            read("redis+cluster://a,b:7001").target,
            Target::Cluster(vec![at("a", 6379), at("b", 7001)])
        );
        assert_eq!(
            read("redis+sentinel://a,b:1/callbox").target,
            Target::Sentinel {
                sentinels: vec![at("a", 26379), at("b", 1)],
                name: "callbox".to_owned()
            }
        );
    }

    #[test]
    fn what_is_no_address_says_what_is_missing() {
        let refused = |text: &str| text.parse::<Url>().unwrap_err();
        assert_eq!(refused("localhost:6379"), TargetError::Scheme);
        assert_eq!(refused("redis+other://a"), TargetError::Scheme);
        assert_eq!(refused("redis://user:secret@a"), TargetError::Credentials);
        assert_eq!(refused("redis://a,b"), TargetError::Several);
        assert_eq!(refused("redis://"), TargetError::Host);
        assert_eq!(refused("redis://a:0"), TargetError::Host);
        assert_eq!(refused("redis://a:port"), TargetError::Host);
        assert_eq!(refused("redis://a/3"), TargetError::Path);
        assert_eq!(refused("redis+sentinel://a"), TargetError::Name);
    }
}
