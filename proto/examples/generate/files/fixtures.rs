//! Golden fixtures: every sample in both encodings, one file each; bodies over HTTP in JSON alone.
//!
//! Owns: the layout of a fixture. Other languages' tests read them too.

use std::collections::BTreeMap;

use callbox_proto::codec::Encoding;
use serde::Serialize;

use super::samples::{Named, Samples};
use super::{Failure, NOTE};

/// The folder, from the repository's root.
pub const FOLDER: &str = "proto/fixtures";

/// A fixture as it stands in its file.
#[derive(Serialize)]
struct Fixture<'a, T> {
    note: &'a str,
    r#type: &'a str,
    json: &'a T,
    #[serde(skip_serializing_if = "Option::is_none")]
    msgpack_hex: Option<String>,
}

/// Every fixture by path.
pub fn all(samples: &Samples) -> Result<BTreeMap<String, String>, Failure> {
    let mut files = BTreeMap::new();
    add(
        &mut files,
        "from_resident",
        "FromResident",
        &samples.from_resident,
    )?;
    add(
        &mut files,
        "to_resident",
        "ToResident",
        &samples.to_resident,
    )?;
    add(&mut files, "from_staff", "FromStaff", &samples.from_staff)?;
    add(&mut files, "to_staff", "ToStaff", &samples.to_staff)?;
    add(
        &mut files,
        "from_responder",
        "FromResponder",
        &samples.from_responder,
    )?;
    add(
        &mut files,
        "to_responder",
        "ToResponder",
        &samples.to_responder,
    )?;
    add(&mut files, "stored", "Stored", &samples.stored)?;
    for (name, of, json) in &samples.http {
        put(&mut files, "http", name, of, json, None)?;
    }
    Ok(files)
}

fn add<T: Serialize>(
    files: &mut BTreeMap<String, String>,
    folder: &str,
    r#type: &str,
    samples: &[Named<T>],
) -> Result<(), Failure> {
    for (name, json) in samples {
        let frame = Encoding::MessagePack
            .encode(json)
            .map_err(|code| code.sentence())?;
        let hex = frame.iter().map(|byte| format!("{byte:02x}")).collect();
        put(files, folder, name, r#type, json, Some(hex))?;
    }
    Ok(())
}

fn put<T: Serialize>(
    files: &mut BTreeMap<String, String>,
    folder: &str,
    name: &str,
    r#type: &str,
    json: &T,
    msgpack_hex: Option<String>,
) -> Result<(), Failure> {
    let fixture = Fixture {
        note: NOTE,
        r#type,
        json,
        msgpack_hex,
    };
    let text = serde_json::to_string_pretty(&fixture)? + "\n";
    let path = format!("{FOLDER}/{folder}/{name}.json");
    if files.insert(path, text).is_some() {
        return Err(format!("two samples are named {folder}/{name}").into());
    }
    Ok(())
}
