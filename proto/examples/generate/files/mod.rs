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

use callbox_proto::http;
use callbox_proto::message::{
    FromResident, FromResponder, FromStaff, ToResident, ToResponder, ToStaff,
};
use schemars::JsonSchema;
use ts_rs::TS;

/// Why a file could not be made.
pub type Failure = Box<dyn std::error::Error>;

/// First line of what is generated.
pub const NOTE: &str = "Generated from proto/src by `cargo xtask generate`. Do not edit.";

/// What wants each type that a program meets first; all others hang on these.
pub trait Roots {
    /// One of them.
    fn root<T: TS + JsonSchema + 'static>(&mut self);
}

/// Messages of the sockets, then bodies over HTTP.
pub fn each_root(of: &mut impl Roots) {
    of.root::<FromResident>();
    of.root::<ToResident>();
    of.root::<FromStaff>();
    of.root::<ToStaff>();
    of.root::<FromResponder>();
    of.root::<ToResponder>();
    of.root::<http::AgencyFace>();
    of.root::<http::SignInRequest>();
    of.root::<http::SignedIn>();
    of.root::<http::ProviderBegin>();
    of.root::<http::ProviderAddress>();
    of.root::<http::ProviderEnd>();
    of.root::<http::OpenResponderLink>();
    of.root::<http::ResponderLinkOpened>();
    of.root::<http::Problem>();
}

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
