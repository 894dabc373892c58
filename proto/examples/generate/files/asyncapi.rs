//! AsyncAPI 3.0: the three sockets, who sends what on them, each message by its place in the JSON Schema.
//!
//! Owns: the description of the channels. The application described is the gateway: it receives what clients send.

use callbox_proto::codec::Encoding;
use serde_json::{Map, Value, json};

use super::schema::ENUMS;

/// The file's path from the repository's root.
pub const PATH: &str = "proto/schema/asyncapi.json";

/// The whole document, made from the schema.
pub fn document(schema: &Value) -> Value {
    let subprotocols = Encoding::ALL.map(Encoding::subprotocol);
    let channel = |address: &str, who: &str, enums: [&str; 2]| {
        let messages: Map<_, _> = enums
            .iter()
            .flat_map(|name| kinds(schema, name))
            .map(|(key, _)| {
                (
                    key.clone(),
                    json!({ "$ref": format!("#/components/messages/{key}") }),
                )
            })
            .collect();
        json!({
            "address": address,
            "description": who,
            "messages": messages,
            "bindings": { "ws": {
                "method": "GET",
                "headers": { "type": "object", "properties": {
                    "Sec-WebSocket-Protocol": { "type": "string", "enum": subprotocols },
                } },
                "bindingVersion": "0.1.0",
            } },
        })
    };
    let operation = |action: &str, channel: &str, name: &str| {
        let messages: Vec<_> = kinds(schema, name)
            .map(|(key, _)| json!({ "$ref": format!("#/channels/{channel}/messages/{key}") }))
            .collect();
        json!({
            "action": action,
            "channel": { "$ref": format!("#/channels/{channel}") },
            "messages": messages,
        })
    };
    let messages: Map<_, _> = ENUMS.iter().flat_map(|name| kinds(schema, name)).collect();
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Callbox gateway",
            "version": "1.0.0",
            "description": "The WebSocket protocol of Callbox as the gateway speaks it; docs/protocol.md has the rules.",
            "license": { "name": "Apache-2.0" },
        },
        "x-generated": super::NOTE,
        "defaultContentType": "application/json",
        "servers": { "local": { "host": "127.0.0.1:8911", "protocol": "ws" } },
        "channels": {
            "resident": channel("/ws/resident", "A resident's client.", ["FromResident", "ToResident"]),
            "staff": channel("/ws/staff", "A console or a supervisor's page.", ["FromStaff", "ToStaff"]),
            "responder": channel("/ws/responder", "The page of a responder with a link.", ["FromResponder", "ToResponder"]),
        },
        "operations": {
            "fromResident": operation("receive", "resident", "FromResident"),
            "toResident": operation("send", "resident", "ToResident"),
            "fromStaff": operation("receive", "staff", "FromStaff"),
            "toStaff": operation("send", "staff", "ToStaff"),
            "fromResponder": operation("receive", "responder", "FromResponder"),
            "toResponder": operation("send", "responder", "ToResponder"),
        },
        "components": { "messages": messages },
    })
}

/// The messages of an enum: key and description.
fn kinds<'a>(schema: &'a Value, name: &'a str) -> impl Iterator<Item = (String, Value)> + 'a {
    let variants = schema["$defs"][name]["oneOf"].as_array();
    let one = move |(place, variant): (usize, &Value)| {
        let kind = variant["properties"]["kind"]["const"]
            .as_str()
            .unwrap_or_default();
        let message = json!({
            "name": kind,
            "title": format!("{name} {kind}"),
            "summary": variant["description"],
            "payload": { "$ref": format!("callbox.v1.schema.json#/$defs/{name}/oneOf/{place}") },
        });
        (format!("{name}.{kind}"), message)
    };
    variants.into_iter().flatten().enumerate().map(one)
}
