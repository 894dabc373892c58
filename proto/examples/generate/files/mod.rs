//! The generated files as text, by path from the repository's root.
//!
//! Owns: the list of them. Must not: touch the disk. Used by: the generator and the test that compares.

mod asyncapi;
pub mod document;
pub mod fixtures;
mod json;
pub mod samples;
pub mod schema;
mod typescript;

use std::collections::BTreeMap;

/// Why a file could not be made.
pub type Failure = Box<dyn std::error::Error>;

/// First line of what is generated.
pub const NOTE: &str = "Generated from proto/src by `cargo xtask generate`. Do not edit.";

/// Every generated file.
///
/// # Errors
/// When a type cannot be described.
pub fn all() -> Result<BTreeMap<String, String>, Failure> {
    let schema = schema::schema();
    let mut files = fixtures::all(&samples::all()?)?;
    files.insert("web/sdk/src/protocol.ts".to_owned(), typescript::file()?);
    files.insert(schema::PATH.to_owned(), json::text(&schema));
    let asyncapi = asyncapi::document(&schema);
    files.insert(asyncapi::PATH.to_owned(), json::text(&asyncapi));
    Ok(files)
}
