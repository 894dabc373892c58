//! Changes are additive: new fields are ignored by old readers, fields that may be left out are, and old logs stay readable.

use std::fmt::Debug;

use callbox_proto::bounds::INTEGER_MAX;
use callbox_proto::codec::Encoding;
use callbox_proto::event::Stored;
use callbox_proto::message::{
    FromResident, FromResponder, FromStaff, ToResident, ToResponder, ToStaff,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::files::samples;
use crate::schema::message_fixtures;
use crate::{Failure, Outcome, both_forms, committed, files, fixture, validator};

fn decodes(name: &str, value: &Value) -> Result<(), Failure> {
    fn as_type<T: DeserializeOwned>(encoding: Encoding, frame: &[u8]) -> Result<(), Failure> {
        let refused = |code| format!("{code:?}").into();
        encoding.decode::<T>(frame).map(drop).map_err(refused)
    }
    for encoding in Encoding::ALL {
        let frame = encoding.encode(value).map_err(|code| code.sentence())?;
        match name {
            "FromResident" => as_type::<FromResident>(encoding, &frame)?,
            "ToResident" => as_type::<ToResident>(encoding, &frame)?,
            "FromStaff" => as_type::<FromStaff>(encoding, &frame)?,
            "ToStaff" => as_type::<ToStaff>(encoding, &frame)?,
            "FromResponder" => as_type::<FromResponder>(encoding, &frame)?,
            "ToResponder" => as_type::<ToResponder>(encoding, &frame)?,
            _ => as_type::<Stored>(encoding, &frame)?,
        }
    }
    Ok(())
}

fn each_message(mut visit: impl FnMut(&str, &str, Value) -> Outcome) -> Outcome {
    for (folder, name, files) in message_fixtures(&samples::all()?) {
        for file in files {
            let (json, _) = fixture(folder, &file)?;
            visit(name, &file, json)?;
        }
    }
    Ok(())
}

/// Adds fields to every map.
fn with_unknown_fields(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            // Words by language: any key of them is known.
            let by_language = |name: &str| matches!(name, "banner_in" | "label" | "rule_reasons");
            let others = fields.iter_mut().filter(|(name, _)| !by_language(name));
            others.for_each(|(_, value)| with_unknown_fields(value));
            fields.insert(
                "a_field_of_tomorrow".to_owned(),
                json!({ "n": [1, null, "x"] }),
            );
        }
        Value::Array(items) => items.iter_mut().for_each(with_unknown_fields),
        _ => {}
    }
}

#[test]
fn unknown_fields_are_ignored_in_every_map() -> Outcome {
    each_message(|name, file, mut json| {
        with_unknown_fields(&mut json);
        decodes(name, &json).map_err(|why| format!("{name} {file}: {why}").into())
    })?;
    for (file, _) in &samples::all()?.stored {
        let (mut json, _) = fixture("stored", file)?;
        with_unknown_fields(&mut json);
        decodes("Stored", &json).map_err(|why| format!("stored {file}: {why}"))?;
    }
    Ok(())
}

#[test]
fn every_field_the_schema_does_not_require_may_be_left_out() -> Outcome {
    let root: Value = serde_json::from_str(&committed(files::schema::PATH)?)?;
    let mut left_out = 0;
    each_message(|name, file, json| {
        for shorter in without_each_optional(&root, &root["$defs"][name], &json) {
            left_out += 1;
            let why = |why| format!("{name} {file}: {why}: {shorter}");
            decodes(name, &shorter).map_err(why)?;
        }
        Ok(())
    })?;
    assert!(left_out > 50, "only {left_out} optional fields were found");
    Ok(())
}

#[test]
fn every_field_the_schema_requires_is_required() -> Outcome {
    let root: Value = serde_json::from_str(&committed(files::schema::PATH)?)?;
    each_message(|name, file, json| {
        for field in json.as_object().into_iter().flat_map(|map| map.keys()) {
            let mut shorter = json.clone();
            shorter.as_object_mut().and_then(|map| map.remove(field));
            let schema = validator::check(&root, &root["$defs"][name], &shorter);
            let types = decodes(name, &shorter);
            assert_eq!(
                schema.is_ok(),
                types.is_ok(),
                "{name} {file} without {field}"
            );
        }
        Ok(())
    })
}

/// Copies of a value, each without one field that need not be there, at any depth.
fn without_each_optional(root: &Value, schema: &Value, value: &Value) -> Vec<Value> {
    let Some(schema) = fitting(root, schema, value) else {
        return Vec::new();
    };
    let mut copies = Vec::new();
    match value {
        Value::Object(fields) => {
            for (name, inner) in fields {
                let required = schema.iter().any(|part| {
                    let list = part["required"].as_array();
                    list.is_some_and(|list| list.contains(&json!(name)))
                });
                let mut replace = |new: Option<Value>| {
                    let mut copy = fields.clone();
                    match new {
                        Some(new) => copy.insert(name.clone(), new),
                        None => copy.remove(name),
                    };
                    copies.push(Value::Object(copy));
                };
                if !required {
                    replace(None);
                }
                let property = schema
                    .iter()
                    .map(|part| &part["properties"][name])
                    .find(|p| !p.is_null());
                for shorter in property
                    .map(|p| without_each_optional(root, p, inner))
                    .unwrap_or_default()
                {
                    replace(Some(shorter));
                }
            }
        }
        Value::Array(items) => {
            let inner = schema
                .iter()
                .map(|part| &part["items"])
                .find(|part| part.is_object());
            for (place, item) in items.iter().enumerate() {
                for shorter in inner
                    .map(|part| without_each_optional(root, part, item))
                    .unwrap_or_default()
                {
                    let mut copy = items.clone();
                    copy[place] = shorter;
                    copies.push(Value::Array(copy));
                }
            }
        }
        _ => {}
    }
    copies
}

/// The schema of a value with references and alternatives followed.
fn fitting<'a>(root: &'a Value, schema: &'a Value, value: &Value) -> Option<Vec<&'a Value>> {
    validator::check(root, schema, value).ok()?;
    let mut parts = vec![schema];
    if schema.get("$ref").is_some() {
        let target = validator::target(root, &schema["$ref"]).ok()?;
        parts.extend(fitting(root, target, value)?);
    }
    for variant in schema["oneOf"].as_array().into_iter().flatten() {
        parts.extend(fitting(root, variant, value).unwrap_or_default());
    }
    Some(parts)
}

#[test]
fn the_log_of_the_first_version_is_readable_for_ever() -> Outcome {
    let text = committed("proto/fixtures/old_log_1.json")?;
    let file: Value = serde_json::from_str(&text)?;
    let entries = file["entries"].as_array().ok_or("no entries")?;
    assert_eq!(
        entries.len(),
        29,
        "the old log is never changed; a new version gets a new file"
    );
    for entry in entries {
        let (json, msgpack) = both_forms(entry)?;
        let from_json = decoded::<Stored>(Encoding::Json, json.to_string().as_bytes())?;
        let from_msgpack = decoded::<Stored>(Encoding::MessagePack, &msgpack)?;
        assert_eq!(from_json, from_msgpack);
    }
    Ok(())
}

fn decoded<T: DeserializeOwned + Debug>(encoding: Encoding, frame: &[u8]) -> Result<T, Failure> {
    let refused = |code| format!("{code:?}: {}", String::from_utf8_lossy(frame)).into();
    encoding.decode(frame).map_err(refused)
}

#[test]
fn whole_numbers_do_for_degrees_and_metres() -> Outcome {
    let (mut json, _) = fixture("from_resident", "do.locate")?;
    for field in ["latitude", "longitude", "uncertainty_m"] {
        json["command"]["location"][field] = json!(12);
    }
    decodes("FromResident", &json)
}

#[test]
fn a_fraction_is_not_an_integer() -> Outcome {
    let mut json = json!({ "kind": "ping", "n": INTEGER_MAX });
    decodes("FromResident", &json)?;
    json["n"] = json!(12.5);
    assert!(decodes("FromResident", &json).is_err());
    Ok(())
}
