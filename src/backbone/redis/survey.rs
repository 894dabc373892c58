//! What a server says of itself, and what a receipt is worth behind it.
//!
//! Owns: reading `INFO` and `CONFIG GET`, and the judgement. Must not: change a setting. Called by: `tier`, at every connect
//! and every few seconds.

use redis::Value;
use redis::aio::MultiplexedConnection;

use super::answer;
use super::fault::OpenError;
use super::options::{Address, Options};
use crate::backbone::Guarantee;

/// The oldest version with function libraries and sharded channels.
const OLDEST: (u32, u32) = (7, 0);

/// What a server says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Survey {
    /// `redis_version`; Valkey names the version it is compatible with.
    version: String,
    /// `role`.
    role: String,
    /// Whether writes go to an append-only file.
    appends_to_file: bool,
    /// Whether the last write to that file failed.
    file_failed: bool,
    /// Replicas that are connected and up to date enough to be `online`.
    replicas: u32,
    /// `appendfsync`, where `CONFIG GET` is allowed.
    fsync: Option<String>,
    /// `maxmemory-policy`.
    policy: Option<String>,
    /// Bytes of memory that may be used; 0 is all.
    max_memory: u64,
}

/// Asks a server.
pub(super) async fn look(
    connection: &mut MultiplexedConnection,
    address: &Address,
) -> Result<Survey, OpenError> {
    let mut questions = redis::Pipeline::new();
    questions.cmd("INFO").arg("everything");
    questions.cmd("CONFIG").arg("GET").arg("appendfsync");
    let answers = connection
        .send_packed_commands(&questions, 0, 2)
        .await
        .map_err(|error| OpenError::of(address, &error))?;
    let [info, config] = answers.as_slice() else {
        return Err(OpenError::unreachable(
            address,
            "it answered something else",
        ));
    };
    if let Some(error) = answer::refusal(info) {
        let error = redis::RedisError::from(error.clone());
        return Err(OpenError::of(address, &error));
    }
    Ok(survey(answer::text(info).unwrap_or_default(), config))
}

fn survey(info: &str, config: &Value) -> Survey {
    let mut survey = Survey::default();
    for line in info.lines() {
        let Some((key, value)) = line.trim_end().split_once(':') else {
            continue;
        };
        match key {
            "redis_version" => survey.version = value.to_owned(),
            "role" => survey.role = value.to_owned(),
            "aof_enabled" => survey.appends_to_file = value == "1",
            "aof_last_write_status" => survey.file_failed = value != "ok",
            "maxmemory" => survey.max_memory = value.parse().unwrap_or(0),
            "maxmemory_policy" => survey.policy = Some(value.to_owned()),
            _ if key.starts_with("slave") && value.contains("state=online") => {
                survey.replicas += 1;
            }
            _ => {}
        }
    }
    let pairs = answer::pairs(config);
    let fsync = pairs.iter().find(|(key, _)| &**key == "appendfsync");
    survey.fsync = fsync.map(|(_, value)| value.to_string());
    survey
}

/// `7.0.15` as numbers; what is missing counts as 0.
fn version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.split('.').map(|part| {
        let digits: String = part.chars().take_while(char::is_ascii_digit).collect();
        digits.parse::<u32>().ok()
    });
    Some((parts.next()??, parts.next().flatten().unwrap_or(0)))
}

impl Survey {
    /// Whether this server can be written to at all.
    pub(super) fn fit(&self, address: &Address) -> Result<(), OpenError> {
        match version(&self.version) {
            Some(found) if found >= OLDEST => {}
            _ => {
                let words = format!(
                    "it is version {}; 7.0 or newer is needed (functions, sharded channels)",
                    self.version
                );
                return Err(OpenError::unfit(address, words));
            }
        }
        if self.role != "master" {
            // Passes: it is being promoted, or Sentinel has not said yet who is.
            let words = format!("it is a {}, not a primary", self.role);
            return Err(OpenError::unreachable(address, words));
        }
        Ok(())
    }

    /// What a confirmed append is worth here.
    pub(super) fn guarantee(&self, options: &Options) -> Guarantee {
        let weaker = |reason: String| Guarantee::Weaker {
            reason: reason.into(),
        };
        let policy = self.policy.as_deref().unwrap_or("noeviction");
        if self.max_memory > 0 && policy != "noeviction" {
            return weaker(format!(
                "the shared tier may throw reports away when its memory is full (maxmemory-policy {policy}): set noeviction"
            ));
        }
        if self.file_failed {
            return weaker("the shared tier cannot write its append-only file".to_owned());
        }
        let fsynced = self.appends_to_file && self.fsync.as_deref() == Some("always");
        let wanted = options.wait_replicas;
        if wanted > 0 {
            if self.replicas < wanted {
                return weaker(format!(
                    "{} of {wanted} replicas are connected to the shared tier",
                    self.replicas
                ));
            }
            return Guarantee::Replicated {
                replicas: wanted,
                fsynced,
            };
        }
        match (self.appends_to_file, self.fsync.as_deref()) {
            (true, Some("always")) => Guarantee::SharedDisk,
            (true, Some(fsync)) => weaker(format!(
                "a power cut loses what the shared tier wrote last (appendfsync {fsync}, no replica is waited for)"
            )),
            (true, None) => weaker(
                "no replica is waited for, and the gateway may not ask how the shared tier writes (allow it CONFIG GET)".to_owned(),
            ),
            (false, _) => weaker(
                "the shared tier keeps reports in memory only: no append-only file, and no replica is waited for".to_owned(),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::options::Url;
    use super::*;

    const INFO: &str = "# Server\r\nredis_version:7.0.15\r\nrole:master\r\naof_enabled:1\r\n\
        aof_last_write_status:ok\r\nmaxmemory:1000\r\nmaxmemory_policy:noeviction\r\nconnected_slaves:2\r\n\
        slave0:ip=10.0.0.2,port=6379,state=online,offset=14,lag=0\r\nslave1:ip=10.0.0.3,port=6379,state=wait_bgsave\r\n";

    fn always() -> Value {
        let texts = ["appendfsync", "always"];
        Value::Array(
            texts
                .map(|text| Value::BulkString(text.as_bytes().to_vec()))
                .to_vec(),
        )
    }

    fn options(wait_replicas: u32) -> Options {
        let url: Url = "redis://tier.example".parse().unwrap();
        Options {
            wait_replicas,
            ..Options::new(url)
        }
    }

    fn address() -> Address {
        Address {
            host: "tier.example".to_owned(),
            port: 6379,
        }
    }

    #[test]
    fn what_a_receipt_is_worth_follows_from_the_servers_settings() {
        let worth = |info: &str, config: &Value, wait| {
            let guarantee = survey(info, config).guarantee(&options(wait));
            guarantee.to_string()
        };
        assert_eq!(
            survey(INFO, &always()).guarantee(&options(0)),
            Guarantee::SharedDisk
        );
        assert_eq!(
            survey(INFO, &always()).guarantee(&options(1)),
            Guarantee::Replicated {
                replicas: 1,
                fsynced: true
            }
        );
        assert!(worth(INFO, &always(), 2).contains("1 of 2 replicas"));
        assert!(worth(INFO, &Value::Nil, 0).contains("CONFIG GET"));
        let memory = INFO.replace("aof_enabled:1", "aof_enabled:0");
        assert!(worth(&memory, &always(), 0).contains("in memory only"));
        let evicting = INFO.replace("noeviction", "allkeys-lru");
        assert!(worth(&evicting, &always(), 1).contains("set noeviction"));
        let broken = INFO.replace("write_status:ok", "write_status:err");
        assert!(worth(&broken, &always(), 1).contains("append-only file"));
    }

    #[test]
    fn a_server_that_is_too_old_or_a_replica_is_refused_in_words() {
        let told = |from: &str, to: &str| {
            let info = INFO.replace(from, to);
            survey(&info, &always())
                .fit(&address())
                .unwrap_err()
                .to_string()
        };
        assert_eq!(survey(INFO, &always()).fit(&address()), Ok(()));
        assert!(told("7.0.15", "6.2.14").contains("it is version 6.2.14; 7.0 or newer"));
        assert!(told("7.0.15", "").contains("7.0 or newer"));
        assert!(told("role:master", "role:slave").contains("not a primary"));
        assert!(version("255.255.255").is_some_and(|found| found >= OLDEST));
        assert_eq!(version("8"), Some((8, 0)));
    }
}
