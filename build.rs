//! Tells cargo when the embedded pages have changed. Builds nothing, runs nothing, needs no network.

use std::path::Path;

fn main() {
    let profile = std::env::var("PROFILE").unwrap_or_default();
    for line in said(&profile, Path::new("web/dist")) {
        println!("cargo::{line}");
    }
}

/// What cargo is told when this profile is built and the pages lie there, if they do.
pub fn said(profile: &str, pages: &Path) -> Vec<String> {
    let mut lines = vec!["rerun-if-changed=build.rs".to_owned()];
    // Debug builds read the pages from disk; only a release embeds them.
    if profile == "release" {
        lines.push(format!("rerun-if-changed={}", pages.display()));
        if !pages.join("index.html").exists() {
            let words =
                "the pages are not built and will not be embedded: run `cargo xtask web` first";
            lines.push(format!("warning={words}"));
        }
    }
    lines
}
