//! The reference part of `docs/protocol.md`: every message, field, word, code and bound, between marks in the text.
//!
//! Owns: what stands between `<!-- generated: … -->` and `<!-- end -->`. Must not: touch the prose around it.

use std::fmt::Write as _;

use callbox_proto::bounds;
use callbox_proto::error::{CloseCode, ErrorCode, Retry};
use serde_json::Value;

use super::Failure;

/// The document's path from the repository's root.
pub const PATH: &str = "docs/protocol.md";

const BEGIN: &str = "<!-- generated: ";
const END: &str = "<!-- end -->";

/// The document with its generated parts made new.
///
/// # Errors
/// When a mark is unknown or is not closed.
pub fn refreshed(document: &str, schema: &Value) -> Result<String, Failure> {
    let mut parts = document.split(BEGIN);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once(" -->").ok_or("a mark is not closed")?;
        let (_, after) = rest
            .split_once(END)
            .ok_or("a generated part does not end")?;
        let made = section(name, schema)?;
        write!(out, "{BEGIN}{name} -->\n{made}{END}{after}")?;
    }
    Ok(out)
}

fn section(name: &str, schema: &Value) -> Result<String, Failure> {
    match name {
        "errors" => errors(),
        "closes" => closes(),
        "bounds" => bounds(),
        "records" => records(schema),
        "words" => words(schema),
        name => variants(&schema["$defs"][name]),
    }
}

/// Each variant of an enum with its fields.
fn variants(definition: &Value) -> Result<String, Failure> {
    let variants = definition["oneOf"]
        .as_array()
        .ok_or("not an enum of the schema")?;
    let mut out = String::new();
    for variant in variants {
        let tag = ["kind", "role", "to"]
            .iter()
            .find_map(|tag| variant["properties"][tag]["const"].as_str());
        let tag = tag.ok_or("a variant without a tag")?;
        let carried = variant["$ref"]
            .as_str()
            .map(|path| format!(" Fields: those of {}.", link(path)));
        writeln!(
            out,
            "\n**`{tag}`**: {}{}",
            told(variant),
            carried.unwrap_or_default()
        )?;
        out.push_str(&fields(variant)?);
    }
    out.push('\n');
    Ok(out)
}

/// A list of fields: required ones in their order, then optional ones by name.
fn fields(object: &Value) -> Result<String, Failure> {
    let Some(properties) = object["properties"].as_object() else {
        return Ok(String::new());
    };
    let listed = object["required"].as_array().into_iter().flatten();
    let required: Vec<_> = listed.filter_map(Value::as_str).collect();
    let mut optional: Vec<_> = properties.keys().map(String::as_str).collect();
    optional.retain(|name| !required.contains(name));
    optional.sort_unstable();
    let (mut out, count) = (String::new(), required.len());
    for (place, name) in required.into_iter().chain(optional).enumerate() {
        let field = &properties[name];
        if field.get("const").is_some() {
            continue;
        }
        let optional = if place < count { "" } else { ", optional" };
        let default = field.get("default").filter(|value| !value.is_object());
        let default = default.map_or(String::new(), |value| format!(", else `{value}`"));
        writeln!(
            out,
            "- `{name}` ({}{optional}{default}): {}",
            type_of(field),
            told(field)
        )?;
    }
    Ok(if out.is_empty() {
        out
    } else {
        format!("\n{out}")
    })
}

fn type_of(field: &Value) -> String {
    if let Some(path) = field["$ref"].as_str() {
        return link(path);
    }
    match field["type"].as_str() {
        Some("array") if field["maxItems"].is_u64() => {
            format!("list of {} {}", field["maxItems"], type_of(&field["items"]))
        }
        Some("array") => format!("list of {}", type_of(&field["items"])),
        Some(plain) => plain.to_owned(),
        None => "any".to_owned(),
    }
}

fn link(path: &str) -> String {
    format!("`{}`", path.rsplit('/').next().unwrap_or_default())
}

fn told(schema: &Value) -> String {
    let text = schema["description"].as_str().unwrap_or_default();
    text.split('\n')
        .map(str::trim)
        .collect::<Vec<_>>()
        .join(" ")
}

/// Names and definitions, in order of the names; the order of maps depends on the build.
fn definitions(schema: &Value) -> Vec<(&String, &Value)> {
    let mut all: Vec<_> = schema["$defs"].as_object().into_iter().flatten().collect();
    all.sort_by_key(|(name, _)| name.as_str());
    all
}

/// Maps without variants, and small enums with fields.
fn records(schema: &Value) -> Result<String, Failure> {
    let mut out = String::new();
    for (name, definition) in definitions(schema) {
        if definition["type"] == "object" {
            writeln!(
                out,
                "\n**`{name}`**: {}\n{}",
                told(definition),
                fields(definition)?.trim_end()
            )?;
        }
    }
    out.push('\n');
    Ok(out)
}

/// Closed lists of words, and plain types.
fn words(schema: &Value) -> Result<String, Failure> {
    let mut out = String::new();
    for (name, definition) in definitions(schema) {
        let plain = definition["type"].is_string() && definition["type"] != "object";
        let list = definition["oneOf"].as_array();
        let list = list.filter(|list| list.iter().all(|word| word["const"].is_string()));
        if name == "ErrorCode" || !plain && list.is_none() {
            continue;
        }
        let range = match (&definition["pattern"], &definition["maximum"]) {
            (Value::String(pattern), _) => format!(" Pattern `{pattern}`."),
            (_, Value::Number(max)) => format!(" {} to {max}.", definition["minimum"]),
            _ => String::new(),
        };
        let told = told(definition);
        let text = if told.is_empty() {
            "Text."
        } else {
            told.as_str()
        };
        writeln!(out, "\n**`{name}`**: {text}{range}")?;
        for (place, word) in list.into_iter().flatten().enumerate() {
            let gap = if place == 0 { "\n" } else { "" };
            writeln!(
                out,
                "{gap}- `{}`: {}",
                word["const"].as_str().unwrap_or_default(),
                self::told(word)
            )?;
        }
    }
    out.push('\n');
    Ok(out)
}

fn errors() -> Result<String, Failure> {
    let mut out = String::from("\n| Number | Code | Retry | Sentence |\n|---|---|---|---|\n");
    for code in ErrorCode::ALL {
        let name = serde_json::to_value(code)?;
        let name = name.as_str().unwrap_or_default();
        let retry = match code.retry() {
            Retry::Never => "never",
            Retry::AfterChange => "after_change",
            Retry::Later => "later",
        };
        writeln!(
            out,
            "| {} | `{name}` | {retry} | {} |",
            code.number(),
            code.sentence()
        )?;
    }
    out.push('\n');
    Ok(out)
}

fn closes() -> Result<String, Failure> {
    let mut out = String::from("\n| Number | Reason | What to do |\n|---|---|---|\n");
    for code in CloseCode::ALL {
        let act = match code {
            CloseCode::TooSlow => "connect at once and `resume` (staff: `follow`); read faster",
            CloseCode::Silent => "connect at once and resume; send a `ping` in time",
            CloseCode::GoingDown => {
                "connect after the pause that `reconnect` told, or 1 to 5 s at random, and resume"
            }
            CloseCode::TooFast => {
                "connect after 1 to 5 s at random, resume, and heed the pauses that `too_fast` tells"
            }
            CloseCode::NotServed => {
                "connect after 1 to 5 s at random: another node may serve the agency; else mend its id"
            }
            CloseCode::SignInAgain => {
                "staff: refresh the token or sign in, then connect; residents: make a new key"
            }
            CloseCode::NoHello => "mend the client: the first message came too late; then connect",
            CloseCode::Replaced => "do nothing: a newer connection of the same client lives",
            CloseCode::Protocol => {
                "do not connect again: the client broke the protocol; tell the person and count it"
            }
            CloseCode::LinkEnded => {
                "do not connect again: the link for responders has ended; the last `error` says how"
            }
        };
        writeln!(out, "| {} | `{}` | {act} |", code.number(), code.reason())?;
    }
    out.push('\n');
    Ok(out)
}

fn bounds() -> Result<String, Failure> {
    let mut out = String::from("\n| Bound | Value | What it limits |\n|---|---|---|\n");
    for bound in bounds::ALL {
        writeln!(
            out,
            "| `{}` | {} | {} |",
            bound.name,
            bound.value,
            bound.why.trim()
        )?;
    }
    out.push('\n');
    Ok(out)
}
