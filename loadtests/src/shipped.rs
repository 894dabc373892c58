//! Servers and nodes as they are shipped: the files of `deploy/` and `config/cluster.toml`, with a run's own addresses.
//!
//! Owns: putting a run's own lines behind what is shipped. Must not: copy a shipped setting by hand: what is proved with another one is
//! not proved. Called by: `chaos` and `redis::watched`.

use anyhow::{Result, ensure};
use toml::{Table, Value};

const SERVER: &str = include_str!("../../deploy/redis-server.conf");
const SENTINEL: &str = include_str!("../../deploy/redis-sentinel.conf");
const NODE: &str = include_str!("../../config/cluster.toml");
/// Asked before each start of a server: `deploy/redis-may-start`.
pub const MAY_START: &str = include_str!("../../deploy/redis-may-start");
/// What an operator makes in the folder of a new tier's first server.
pub const FIRST_START: &str = "callbox-first-start";
/// The watched primary of the shipped file; Sentinel takes such a line once only.
const WATCHED: &str = "sentinel monitor callbox 10.0.0.11 6379 2";

/// A server's file; later lines stand instead of earlier ones.
#[must_use]
pub fn server(own: &str) -> String {
    format!("{SERVER}\n# Of this run\n{own}")
}

/// A Sentinel's file, which watches the primary at this address.
///
/// # Errors
/// When the shipped file does not say which primary is watched.
pub fn sentinel(address: &str, port: u16, own: &str) -> Result<String> {
    ensure!(SENTINEL.contains(WATCHED), "deploy/redis-sentinel.conf");
    let watched = format!("sentinel monitor callbox {address} {port} 2");
    let text = SENTINEL.replace(WATCHED, &watched);
    Ok(format!("{text}\n# Of this run\n{own}"))
}

/// A node's file with these settings instead of the shipped ones. The servers of a run have no users.
///
/// # Errors
/// When either cannot be read.
pub fn node(own: &str) -> Result<String> {
    let mut all: Table = NODE.parse()?;
    if let Some(Value::Table(backbone)) = all.get_mut("backbone") {
        backbone.remove("username");
        backbone.remove("password_file");
    }
    put(&mut all, own.parse()?);
    Ok(toml::to_string(&all)?)
}

fn put(all: &mut Table, own: Table) {
    for (name, value) in own {
        match (all.get_mut(&name), value) {
            (Some(Value::Table(known)), Value::Table(more)) => put(known, more),
            (_, value) => {
                all.insert(name, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::process::Command;

    use super::*;

    #[test]
    fn what_is_not_a_runs_own_is_as_shipped() {
        let text = server("port 7001\n");
        assert!(text.contains("\nappendfsync always\n") && text.ends_with("port 7001\n"));
        let text = sentinel("10.77.0.11", 6379, "").unwrap();
        assert!(text.contains("sentinel monitor callbox 10.77.0.11 6379 2\n"));
        let text = node("[backbone]\nurl = \"redis://x\"\n[node]\nname = \"a\"\n").unwrap();
        let table: Table = text.parse().unwrap();
        assert_eq!(table["backbone"]["url"].as_str(), Some("redis://x"));
        assert_eq!(table["backbone"]["wait_replicas"].as_integer(), Some(1));
        assert!(table["backbone"].get("username").is_none());
        assert_eq!(table["node"]["name"].as_str(), Some("a"));
    }

    fn may_start(folder: &Path, own: &str) -> bool {
        let (guard, file) = (folder.join("guard"), folder.join("redis.conf"));
        fs::write(&guard, MAY_START).unwrap();
        let text = server(&format!("dir {}\n{own}", folder.display()));
        fs::write(&file, text).unwrap();
        let answer = Command::new("sh").arg(guard).arg(file).output().unwrap();
        let said = String::from_utf8_lossy(&answer.stderr).into_owned();
        assert_eq!(said.contains("touch"), !answer.status.success(), "{said}");
        answer.status.success()
    }

    #[test]
    fn a_server_without_its_files_does_not_start_as_a_primary_by_itself() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        assert!(!may_start(folder, ""));
        assert!(!may_start(folder, "replicaof no one\n"));
        assert!(may_start(folder, "replicaof 10.0.0.11 6379\n"));
        fs::write(folder.join(FIRST_START), "").unwrap();
        assert!(may_start(folder, ""), "the first start");
        assert!(!may_start(folder, ""), "which is one only");
        fs::create_dir(folder.join("appendonlydir")).unwrap();
        let manifest = folder.join("appendonlydir/appendonly.aof.manifest");
        fs::write(&manifest, "").unwrap();
        assert!(!may_start(folder, ""), "nothing in it");
        fs::write(&manifest, "file appendonly.aof.1.base.rdb seq 1 type b\n").unwrap();
        assert!(may_start(folder, ""));
    }
}
