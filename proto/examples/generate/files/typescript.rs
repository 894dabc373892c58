//! TypeScript of every wire type, with tables of codes and bounds.
//!
//! Owns: the layout of `protocol.ts`. ts-rs makes the types; what it leaves out (the documentation of single variants) comes
//! from the JSON Schema of the same types.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use callbox_proto::bounds;
use callbox_proto::codec::Encoding;
use callbox_proto::error::{CloseCode, ErrorCode};
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::Value;
use ts_rs::{Config, TS, TypeVisitor};

use super::{Failure, Roots, each_root};

/// The whole file.
pub fn file() -> Result<String, Failure> {
    let config = Config::new().with_large_int("number");
    let mut out = format!(
        "// {}\n//\n// Types and tables of the Callbox protocol, version 1; the words are in docs/protocol.md.\n",
        super::NOTE
    );
    out.push_str(
        "// Ids are 32 lower-case hexadecimal digits. Optional fields are left out, never null.\n\n",
    );
    let docs = docs();
    let mut types = Types {
        config: &config,
        found: BTreeMap::new(),
    };
    each_root(&mut types);
    out.push_str("/** How urgent a session is: 1 (life at risk now) to 5 (for information). */\n");
    out.push_str("export type Priority = 1 | 2 | 3 | 4 | 5;\n\n");
    for (name, found) in &types.found {
        out.push_str(&found.docs);
        let alternatives = alternatives(&found.inline);
        writeln!(
            out,
            "export type {name} ={};\n",
            union(&alternatives, docs.get(name))?
        )?;
    }
    tables(&mut out)?;
    Ok(out)
}

struct Found {
    docs: String,
    inline: String,
}

struct Types<'a> {
    config: &'a Config,
    found: BTreeMap<String, Found>,
}

impl TypeVisitor for Types<'_> {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        // What is no type of ours has no name either: a map, for one.
        if T::output_path().is_none() {
            return;
        }
        let name = T::ident(self.config);
        if self.found.contains_key(&name) {
            return;
        }
        let found = Found {
            docs: one_line_docs(&T::docs().unwrap_or_default()),
            inline: T::inline(self.config),
        };
        self.found.insert(name, found);
        T::visit_dependencies(self);
    }
}

impl Roots for Types<'_> {
    fn root<T: TS + JsonSchema + 'static>(&mut self) {
        self.visit::<T>();
    }
}

/// Documentation of the variants of each enum, in order.
fn docs() -> BTreeMap<String, Vec<String>> {
    let mut schemas = SchemaGenerator::default();
    each_root(&mut schemas);
    let described = |variant: &Value| {
        let text = variant["description"].as_str().unwrap_or_default();
        text.split('\n')
            .map(str::trim)
            .collect::<Vec<_>>()
            .join(" ")
    };
    let variants = |schema: &Value| {
        let all = schema["oneOf"].as_array()?;
        Some(all.iter().map(described).collect::<Vec<_>>())
    };
    let definitions = schemas.take_definitions(true);
    definitions
        .iter()
        .filter_map(|(name, schema)| Some((name.clone(), variants(schema)?)))
        .collect()
}

/// Splits a union at its top level; comments, strings and braces are stepped over.
fn alternatives(inline: &str) -> Vec<String> {
    let (mut parts, mut part, mut depth) = (Vec::new(), String::new(), 0usize);
    let mut rest = inline;
    while let Some(next) = rest.chars().next() {
        let step = match next {
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            '"' => rest[1..].find('"').map_or(rest.len(), |end| end + 2),
            _ => next.len_utf8(),
        };
        match next {
            '{' | '[' | '(' | '<' => depth += 1,
            '}' | ']' | ')' | '>' => depth -= 1,
            _ => {}
        }
        if next == '|' && depth == 0 {
            parts.push(std::mem::take(&mut part));
        } else {
            part.push_str(&rest[..step]);
        }
        rest = &rest[step..];
    }
    parts.push(part);
    parts.iter().map(|part| part.trim().to_owned()).collect()
}

fn union(alternatives: &[String], docs: Option<&Vec<String>>) -> Result<String, Failure> {
    if let ([only], None) = (alternatives, docs) {
        return Ok(format!(" {}", laid_out(only, "")));
    }
    let docs = docs.ok_or("a union without documented variants")?;
    if docs.len() != alternatives.len() {
        return Err("TypeScript and JSON Schema disagree about the variants".into());
    }
    let mut out = String::new();
    for (alternative, doc) in alternatives.iter().zip(docs) {
        write!(
            out,
            "\n  /** {doc} */\n  | {}",
            laid_out(alternative, "    ")
        )?;
    }
    Ok(out)
}

/// An object type with one field a line, closed at `indent`; anything else stays as it is.
fn laid_out(object: &str, indent: &str) -> String {
    let Some((head, body)) = object.split_once('\n') else {
        return plain_tag(object).replace(", }", " }");
    };
    let (body, tail) = body.rsplit_once('}').unwrap_or((body, ""));
    let head = plain_tag(head.trim_start_matches('{').trim());
    let body = one_line_docs(body);
    let lines = std::iter::once(head.as_str()).chain(body.lines());
    let mut out = String::from("{\n");
    for line in lines.map(str::trim).filter(|line| !line.is_empty()) {
        let (line, end) = line
            .strip_suffix(',')
            .map_or((line, ""), |field| (field, ";"));
        let _ = writeln!(out, "{indent}  {line}{end}");
    }
    let _ = write!(out, "{indent}}}{tail}");
    out
}

/// `"kind": …` without the quotes around the key.
fn plain_tag(text: &str) -> String {
    ["kind", "role", "to"]
        .iter()
        .fold(text.to_owned(), |text, tag| {
            text.replace(&format!("\"{tag}\":"), &format!("{tag}:"))
        })
}

/// Comments of one line on one line.
fn one_line_docs(text: &str) -> String {
    let mut out = String::new();
    for (index, part) in text.split("/**\n").enumerate() {
        if index == 0 {
            out.push_str(part);
            continue;
        }
        let (comment, rest) = part.split_once("*/").unwrap_or((part, ""));
        let lines: Vec<_> = comment
            .lines()
            .map(|line| line.trim().trim_start_matches('*').trim())
            .filter(|line| !line.is_empty())
            .collect();
        let _ = write!(out, "/** {} */{rest}", lines.join(" "));
    }
    out
}

fn tables(out: &mut String) -> Result<(), Failure> {
    out.push_str(
        "/** Each error code's number, whether to try again, and its plain English sentence. */\n",
    );
    out.push_str("export const ERROR_CODES = {\n");
    for code in ErrorCode::ALL {
        let name = serde_json::to_value(code)?;
        let retry = serde_json::to_value(code.retry())?;
        let sentence = serde_json::to_string(code.sentence())?;
        let name = name.as_str().unwrap_or_default();
        writeln!(
            out,
            "  {name}: {{ number: {}, retry: {retry}, message: {sentence} }},",
            code.number()
        )?;
    }
    out.push_str("} as const satisfies Record<ErrorCode, { number: number; retry: Retry; message: string }>;\n\n");
    out.push_str("/** What to do after the gateway closed the WebSocket. */\n");
    out.push_str("export type AfterClose = \"at_once\" | \"after_pause\" | \"after_change\" | \"never\";\n\n");
    out.push_str("/** Each close code's number, its reason text, and what to do then; unknown codes go by their range. */\n");
    out.push_str("export const CLOSE_CODES = {\n");
    for code in CloseCode::ALL {
        let name = code.reason().replace(' ', "_");
        let after = match code.number() {
            4000..4100 => "at_once",
            4100..4200 => "after_pause",
            4200..4300 => "after_change",
            _ => "never",
        };
        writeln!(
            out,
            "  {name}: {{ number: {}, reason: \"{}\", after: \"{after}\" }},",
            code.number(),
            code.reason()
        )?;
    }
    out.push_str("} as const satisfies Record<string, { number: number; reason: string; after: AfterClose }>;\n\n");
    out.push_str("/** WebSocket subprotocols, preferred first. */\n");
    let names = Encoding::ALL.map(|encoding| format!("\"{}\"", encoding.subprotocol()));
    writeln!(
        out,
        "export const SUBPROTOCOLS = [{}] as const;\n",
        names.join(", ")
    )?;
    out.push_str("/** What the hello's signature covers before the nonce, as ASCII. */\n");
    writeln!(
        out,
        "export const HELLO_CONTEXT = \"{}\";\n",
        bounds::HELLO_CONTEXT
    )?;
    out.push_str("/** Bounds to keep; the gateway enforces them. */\nexport const BOUNDS = {\n");
    for bound in bounds::ALL {
        writeln!(
            out,
            "  /** {} */\n  {}: {},",
            bound.why.trim(),
            bound.name,
            bound.value
        )?;
    }
    out.push_str("} as const;\n");
    Ok(())
}
