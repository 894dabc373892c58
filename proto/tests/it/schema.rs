//! The JSON Schema and the AsyncAPI document say what the types say.

use serde_json::{Value, json};

use crate::files::samples::{self, Named, Samples};
use crate::files::{fixtures, schema};
use crate::{Failure, Outcome, committed, fixture, validator};

fn committed_schema() -> Result<Value, Failure> {
    Ok(serde_json::from_str(&committed(schema::PATH)?)?)
}

/// Folder, type and names of every message fixture.
pub fn message_fixtures(samples: &Samples) -> [(&'static str, &'static str, Vec<String>); 6] {
    fn names<T>(samples: &[Named<T>]) -> Vec<String> {
        samples.iter().map(|(name, _)| name.clone()).collect()
    }
    [
        (
            "from_resident",
            "FromResident",
            names(&samples.from_resident),
        ),
        ("to_resident", "ToResident", names(&samples.to_resident)),
        ("from_staff", "FromStaff", names(&samples.from_staff)),
        ("to_staff", "ToStaff", names(&samples.to_staff)),
        (
            "from_responder",
            "FromResponder",
            names(&samples.from_responder),
        ),
        ("to_responder", "ToResponder", names(&samples.to_responder)),
    ]
}

#[test]
fn every_message_fixture_validates() -> Outcome {
    let root = committed_schema()?;
    for (folder, name, fixtures) in message_fixtures(&samples::all()?) {
        for file in fixtures {
            let (json, _) = fixture(folder, &file)?;
            let checked = validator::check(&root, &root["$defs"][name], &json);
            assert_eq!(checked, Ok(()), "{folder}/{file}");
        }
    }
    Ok(())
}

#[test]
fn every_body_over_http_validates_and_not_without_one_of_its_parts() -> Outcome {
    let root = committed_schema()?;
    for (name, of, json) in &samples::all()?.http {
        let schema = &root["$defs"][of];
        let path = format!("{}/http/{name}.json", fixtures::FOLDER);
        let fixture: Value = serde_json::from_str(&committed(&path)?)?;
        assert_eq!((&fixture["json"], &fixture["type"]), (json, &json!(of)));
        assert_eq!(validator::check(&root, schema, json), Ok(()), "{name}");
        let required = schema["required"].as_array().ok_or("nothing required")?;
        for part in required.iter().filter_map(Value::as_str) {
            let mut shorter = json.clone();
            let fields = shorter.as_object_mut().ok_or("no map")?;
            fields.remove(part).ok_or("not sent")?;
            let checked = validator::check(&root, schema, &shorter);
            assert!(checked.is_err(), "{name} without {part}");
        }
    }
    Ok(())
}

#[test]
fn what_is_not_a_message_does_not_validate() -> Outcome {
    let root = committed_schema()?;
    let id = "000102030405060708090a0b0c0d0e0f";
    for bad in [
        json!({}),
        json!({ "kind": "dance" }),
        json!({ "kind": "ping" }),
        json!({ "kind": "ping", "n": -1 }),
        json!({ "kind": "ping", "n": 9_007_199_254_740_992_u64 }),
        json!({ "kind": "ping", "n": "1" }),
        json!({ "kind": "resume", "session": "5E", "after": 0 }),
        json!({ "kind": "hello", "client": "x", "key": [1], "signature": "" }),
        json!({ "kind": "do", "id": id, "command": { "kind": "dance" } }),
        json!({ "kind": "do", "id": id, "command": { "kind": "consent", "medium": "smell", "granted": true } }),
        json!({ "kind": "hello", "client": "x", "key": "", "signature": "", "agency": null }),
    ] {
        let checked = validator::check(&root, &root["$defs"]["FromResident"], &bad);
        assert!(checked.is_err(), "{bad}");
    }
    Ok(())
}

#[test]
fn the_asyncapi_document_leads_to_every_message() -> Outcome {
    let root = committed_schema()?;
    let document: Value = serde_json::from_str(&committed("proto/schema/asyncapi.json")?)?;
    let messages = document["components"]["messages"]
        .as_object()
        .ok_or("no messages")?;
    let kinds: usize = schema::ENUMS
        .iter()
        .filter_map(|name| root["$defs"][name]["oneOf"].as_array().map(Vec::len))
        .sum();
    assert_eq!(messages.len(), kinds);
    for (key, message) in messages {
        let reference = message["payload"]["$ref"].as_str().unwrap_or_default();
        let inside = reference.trim_start_matches("callbox.v1.schema.json");
        let payload = validator::target(&root, &json!(inside))?;
        let kind = payload["properties"]["kind"]["const"]
            .as_str()
            .unwrap_or_default();
        assert!(key.ends_with(&format!(".{kind}")), "{key} leads to {kind}");
    }
    let mut references = Vec::new();
    collect_references(&document, &mut references);
    for reference in references.iter().filter(|text| text.starts_with("#/")) {
        validator::target(&document, &json!(reference))?;
    }
    Ok(())
}

fn collect_references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            found.extend(
                fields
                    .get("$ref")
                    .and_then(Value::as_str)
                    .map(str::to_owned),
            );
            fields
                .values()
                .for_each(|field| collect_references(field, found));
        }
        Value::Array(items) => items
            .iter()
            .for_each(|item| collect_references(item, found)),
        _ => {}
    }
}
