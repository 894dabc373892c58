//! JSON Schema of the six message enums, the bodies over HTTP, and everything they carry.
//!
//! Owns: what differs from the plain description of the Rust types: optional fields are left out and never null, integers
//! stay below 2^53.

use callbox_proto::bounds::INTEGER_MAX;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Value, json};
use ts_rs::TS;

use super::{Roots, each_root};

/// The file's path from the repository's root.
pub const PATH: &str = "proto/schema/callbox.v1.schema.json";
/// Names of the six message enums, as definitions of the schema.
pub const ENUMS: [&str; 6] = [
    "FromResident",
    "ToResident",
    "FromStaff",
    "ToStaff",
    "FromResponder",
    "ToResponder",
];

impl Roots for SchemaGenerator {
    fn root<T: TS + JsonSchema + 'static>(&mut self) {
        self.subschema_for::<T>();
    }
}

/// The whole schema.
pub fn schema() -> Value {
    let mut schemas = SchemaSettings::draft2020_12().into_generator();
    each_root(&mut schemas);
    let mut definitions = Value::Object(schemas.take_definitions(true));
    tighten(&mut definitions);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:callbox:v1:messages",
        "$comment": super::NOTE,
        "title": "Callbox protocol, version 1",
        "description": "Messages of the subprotocol callbox.v1.json, and bodies over HTTP. In callbox.v1.msgpack messages are the same maps; `Bytes` is binary \
                        there. Unknown fields are ignored. Bounds are in docs/protocol.md.",
        "$defs": definitions,
    })
}

fn tighten(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(tighten),
        Value::Object(fields) => {
            without_null(fields);
            within_range(fields);
            fields.values_mut().for_each(tighten);
        }
        _ => {}
    }
}

/// A field that may be left out is never null.
fn without_null(fields: &mut serde_json::Map<String, Value>) {
    if let Some(Value::Array(types)) = fields.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            fields.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(any)) = fields.get_mut("anyOf") {
        any.retain(|one| one["type"] != "null");
        if let [Value::Object(only)] = any.as_slice() {
            let only = only.clone();
            fields.remove("anyOf");
            fields.extend(only);
        }
    }
}

/// Integers carry their range; the names of Rust's types say nothing to others.
fn within_range(fields: &mut serde_json::Map<String, Value>) {
    if fields.get("type") == Some(&json!("integer")) {
        let format = fields.remove("format");
        let max = match format.as_ref().and_then(Value::as_str) {
            Some("uint8") => u64::from(u8::MAX),
            Some("uint16") => u64::from(u16::MAX),
            Some("uint32") => u64::from(u32::MAX),
            Some("int64") => {
                let min = -i64::try_from(INTEGER_MAX).unwrap_or(i64::MAX);
                fields.insert("minimum".to_owned(), json!(min));
                INTEGER_MAX
            }
            Some(_) => INTEGER_MAX,
            None => return,
        };
        fields.insert("maximum".to_owned(), json!(max));
    } else if fields.get("type") == Some(&json!("number")) {
        fields.remove("format");
    }
}
