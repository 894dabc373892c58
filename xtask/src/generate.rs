//! `cargo xtask generate`: the files that are made from the wire types.

use std::path::Path;
use std::process::Command;

use crate::command::{cargo, root, run};
use crate::gateway::built;

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

/// The same with the program that the tests have built, whose features are those of the whole workspace: running it
/// through its package would compile half of the dependencies once more.
pub fn into_from_tests(target: &Path) -> anyhow::Result<()> {
    run(&mut cargo(&["build", "--workspace", "--examples"]))?;
    run(Command::new(built("examples/generate")?)
        .arg(target)
        .current_dir(root()))
}

/// Writes them into the repository.
pub fn into_repository() -> anyhow::Result<()> {
    into(&root())?;
    println!("Generated files are written; `git diff` shows what changed.");
    Ok(())
}
