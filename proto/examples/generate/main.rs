//! Writes the files that are made from the wire types: TypeScript, JSON Schema, AsyncAPI, golden fixtures.
//!
//! Called by `cargo xtask generate` as `cargo run -p callbox-proto --example generate -- <repository root>`. A test makes the
//! same files in memory and compares them with the committed ones.

mod files;

use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root: PathBuf = std::env::args_os()
        .nth(1)
        .ok_or("usage: generate <repository root>")?
        .into();
    for (path, text) in files::all()? {
        let path = root.join(path);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(&path, text)?;
        println!("{}", path.display());
    }
    let path = root.join(files::document::PATH);
    let document = std::fs::read_to_string(&path)?;
    let document = files::document::refreshed(&document, &files::schema::schema())?;
    std::fs::write(&path, document)?;
    println!("{}", path.display());
    Ok(())
}
