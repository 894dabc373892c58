//! Configuration: where values come from, how a wrong one is refused, what is printed.

mod agencies;
mod annotated;
mod printed;
mod providers;
mod refused;
mod sources;

use std::path::PathBuf;

use callbox::config::{Config, ConfigError, Flag, Sources};
use tempfile::TempDir;

/// A file with `text`, and the folder that keeps it.
fn file(text: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("callbox.toml");
    std::fs::write(&path, text).expect("a file");
    (folder, path)
}

fn load_file(text: &str) -> Result<Config, ConfigError> {
    let (_folder, path) = file(text);
    Config::load(&Sources {
        file: Some(path),
        ..Sources::default()
    })
}

fn variables(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn load_environment(pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
    Config::load(&Sources {
        environment: variables(pairs),
        ..Sources::default()
    })
}

fn set(key: &str, value: &str) -> Flag {
    Flag {
        flag: format!("--set {key}"),
        key: key.to_owned(),
        value: value.to_owned(),
    }
}
