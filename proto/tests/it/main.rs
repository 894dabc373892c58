//! The public face of the protocol: generated files, golden fixtures, schema, evolution, and the document.

mod document;
mod evolution;
mod fixtures;
mod generated;
mod hello;
mod schema;
mod validator;

#[path = "../../examples/generate/files/mod.rs"]
mod files;

use std::path::PathBuf;

use files::Failure;
use serde_json::Value;

/// What a test answers.
type Outcome = Result<(), Failure>;

/// A file of the repository.
fn committed(path: &str) -> Result<String, Failure> {
    let full = root().join(path);
    std::fs::read_to_string(&full).map_err(|error| format!("{path}: {error}").into())
}

fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// A committed fixture's JSON form and MessagePack bytes.
fn fixture(folder: &str, name: &str) -> Result<(Value, Vec<u8>), Failure> {
    let path = format!("{}/{folder}/{name}.json", files::fixtures::FOLDER);
    both_forms(&serde_json::from_str(&committed(&path)?)?)
}

fn both_forms(fixture: &Value) -> Result<(Value, Vec<u8>), Failure> {
    let msgpack = bytes(fixture["msgpack_hex"].as_str().ok_or("no MessagePack")?)?;
    Ok((fixture["json"].clone(), msgpack))
}

fn bytes(hex: &str) -> Result<Vec<u8>, Failure> {
    let byte = |place: usize| {
        let digits = hex.get(place..place + 2).ok_or("an odd number of digits")?;
        Ok(u8::from_str_radix(digits, 16)?)
    };
    (0..hex.len()).step_by(2).map(byte).collect()
}
