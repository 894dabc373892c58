//! `cargo xtask generate`: the files that are made from the wire types.

use std::path::Path;

use crate::command::{cargo, root, run};

/// Writes every generated file below `target`, in the folders they have in the repository.
pub fn into(target: &Path) -> anyhow::Result<()> {
    let mut generate = cargo(&[
        "run",
        "--quiet",
        "--package",
        "callbox-proto",
        "--example",
        "generate",
        "--",
    ]);
    run(generate.arg(target))
}

/// Writes them into the repository.
pub fn into_repository() -> anyhow::Result<()> {
    into(&root())?;
    println!("Generated files are written; `git diff` shows what changed.");
    Ok(())
}
