//! Checks a value against the part of JSON Schema that our schema uses; a keyword it does not know is a failure, not a pass.

use serde_json::{Map, Value};

/// Keywords that only describe.
const DESCRIBING: &[&str] = &["description", "title", "contentEncoding", "default"];

/// What is wrong with `value`, if anything.
pub fn check(root: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    let schema = match schema {
        Value::Bool(true) => return Ok(()),
        Value::Object(keywords) => keywords,
        other => return Err(format!("not a schema: {other}")),
    };
    for (keyword, rule) in schema {
        let wrong = |what: &str| Err(format!("{what}: {value} against {keyword} {rule}"));
        match keyword.as_str() {
            "$ref" => check(root, target(root, rule)?, value)?,
            "oneOf" => one_of(root, rule, value)?,
            "const" if value != rule => return wrong("another constant"),
            "enum" if !items(rule)?.contains(value) => return wrong("not in the list"),
            "type" if !is_type(rule, value) => return wrong("another type"),
            "minimum" if number(value) < number(rule) => return wrong("too small"),
            "maximum" if number(value) > number(rule) => return wrong("too large"),
            "minItems" if length(value) < rule.as_u64() => return wrong("too short"),
            "maxItems" if length(value) > rule.as_u64() => return wrong("too long"),
            "pattern" if !matches_pattern(rule, value)? => return wrong("another pattern"),
            "properties" => properties(root, rule, value)?,
            "required" => required(rule, value)?,
            // A map whose keys are no fields, such as words by language.
            "additionalProperties" => {
                for (name, value) in object(value)? {
                    check(root, rule, value).map_err(|wrong| format!("{name}: {wrong}"))?;
                }
            }
            "items" => {
                for item in value.as_array().into_iter().flatten() {
                    check(root, rule, item)?;
                }
            }
            "const" | "enum" | "type" | "minimum" | "maximum" | "minItems" | "maxItems"
            | "pattern" => {}
            known if DESCRIBING.contains(&known) => {}
            unknown => return Err(format!("the validator does not know {unknown}")),
        }
    }
    Ok(())
}

/// The definition a reference names.
pub fn target<'a>(root: &'a Value, reference: &Value) -> Result<&'a Value, String> {
    let path = reference.as_str().and_then(|path| path.strip_prefix('#'));
    path.and_then(|path| root.pointer(path))
        .ok_or_else(|| format!("{reference} leads nowhere"))
}

fn one_of(root: &Value, variants: &Value, value: &Value) -> Result<(), String> {
    let fits = |variant: &&Value| check(root, variant, value).is_ok();
    match items(variants)?.iter().filter(fits).count() {
        1 => Ok(()),
        count => Err(format!("{count} variants fit {value}")),
    }
}

fn properties(root: &Value, rule: &Value, value: &Value) -> Result<(), String> {
    let (rule, value) = (object(rule)?, object(value)?);
    for (name, schema) in rule {
        if let Some(value) = value.get(name) {
            check(root, schema, value).map_err(|wrong| format!("{name}: {wrong}"))?;
        }
    }
    Ok(())
}

fn required(rule: &Value, value: &Value) -> Result<(), String> {
    let value = object(value)?;
    let missing = items(rule)?
        .iter()
        .find(|name| !value.contains_key(name.as_str().unwrap_or_default()));
    missing.map_or(Ok(()), |name| Err(format!("{name} is missing")))
}

fn is_type(rule: &Value, value: &Value) -> bool {
    match rule.as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("number") => value.is_number(),
        _ => false,
    }
}

/// The two patterns of ids.
fn matches_pattern(rule: &Value, value: &Value) -> Result<bool, String> {
    let text = value.as_str().unwrap_or_default();
    match rule.as_str() {
        Some("^[0-9a-f]{32}$") => {
            Ok(text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')))
        }
        Some("^[a-z0-9._-]{1,64}$") => {
            let plain = |b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-');
            Ok((1..=64).contains(&text.len()) && text.bytes().all(plain))
        }
        _ => Err(format!("the validator does not know the pattern {rule}")),
    }
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}

fn length(value: &Value) -> Option<u64> {
    value.as_array().map(|items| items.len() as u64)
}

fn items(value: &Value) -> Result<&Vec<Value>, String> {
    value
        .as_array()
        .ok_or_else(|| format!("not a list: {value}"))
}

fn object(value: &Value) -> Result<&Map<String, Value>, String> {
    value
        .as_object()
        .ok_or_else(|| format!("not a map: {value}"))
}
