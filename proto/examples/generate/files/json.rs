//! JSON text in one layout, whatever order the maps of `serde_json` keep in this build.
//!
//! Owns: order of keys and indentation of the schema files.

use serde_json::Value;

/// These keys come first, in this order; the others follow by name.
const FIRST: &[&str] = &[
    "$schema",
    "$id",
    "$comment",
    "asyncapi",
    "info",
    "title",
    "name",
    "summary",
    "description",
    "type",
    "const",
    "$ref",
    "pattern",
    "minimum",
    "maximum",
];

/// Pretty text with a final line feed.
pub fn text(value: &Value) -> String {
    let mut out = String::new();
    write(value, 0, &mut out);
    out.push('\n');
    out
}

fn write(value: &Value, depth: usize, out: &mut String) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            let mut keys: Vec<_> = fields.keys().collect();
            let place = |key: &str| FIRST.iter().position(|first| *first == key);
            keys.sort_by_key(|key| (place(key).unwrap_or(FIRST.len()), key.as_str()));
            let lines = keys
                .into_iter()
                .map(|key| (Some(key.as_str()), &fields[key.as_str()]));
            block(['{', '}'], lines, depth, out);
        }
        Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
            block(
                ['[', ']'],
                items.iter().map(|item| (None, item)),
                depth,
                out,
            );
        }
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(Value::to_string).collect();
            out.push_str(&format!("[{}]", items.join(", ")));
        }
        plain => out.push_str(&plain.to_string()),
    }
}

fn block<'a>(
    [open, close]: [char; 2],
    lines: impl Iterator<Item = (Option<&'a str>, &'a Value)>,
    depth: usize,
    out: &mut String,
) {
    out.push(open);
    for (index, (key, value)) in lines.enumerate() {
        out.push_str(if index == 0 { "\n" } else { ",\n" });
        out.push_str(&"  ".repeat(depth + 1));
        if let Some(key) = key {
            out.push_str(&format!("{}: ", Value::from(key)));
        }
        write(value, depth + 1, out);
    }
    out.push('\n');
    out.push_str(&"  ".repeat(depth));
    out.push(close);
}
