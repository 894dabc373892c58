//! Tells cargo when the embedded pages have changed. Builds nothing, runs nothing, needs no network.

use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // Debug builds read the pages from disk; only a release embeds them.
    if std::env::var("PROFILE").as_deref() == Ok("release") {
        println!("cargo::rerun-if-changed=web/dist");
        if !Path::new("web/dist/index.html").exists() {
            println!(
                "cargo::warning=the pages are not built and will not be embedded: run `cargo xtask web` first"
            );
        }
    }
}
