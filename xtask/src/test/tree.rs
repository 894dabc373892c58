//! Steps over the repository as a whole: generated files, and dependencies that are there twice.
//!
//! Owns: the comparison. Must not: repair: it says which command does. Called by: the run.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail};

use super::count::Count;
use super::step::Step;
use crate::command::{cargo, quiet, root, run};
use crate::{files, generate};

/// Written files must be those that the wire types make now.
pub fn generated() -> Step {
    Step::new("generated files", compare_generated)
}

/// Dependencies in two versions cost build time and memory; they are shown, and refused by review.
pub fn duplicates() -> Step {
    Step::new("dependencies that are there twice", || {
        run(&mut cargo(&[
            "tree",
            "--workspace",
            "--duplicates",
            "--depth",
            "0",
            "--edges",
            "normal",
        ]))?;
        // A tree that does not resolve, or a lock file that is behind, fails here.
        if quiet(&mut cargo(&[
            "metadata",
            "--locked",
            "--format-version",
            "1",
        ]))
        .is_none()
        {
            bail!("Cargo.lock is not up to date: run `cargo check` and commit it");
        }
        Ok(Count::PASSED)
    })
}

fn compare_generated() -> anyhow::Result<Count> {
    let fresh = root().join("target/xtask/generated");
    if fresh.exists() {
        fs::remove_dir_all(&fresh)
            .with_context(|| format!("{} cannot be emptied", fresh.display()))?;
    }
    fs::create_dir_all(&fresh)?;
    generate::into_from_tests(&fresh)?;
    let files = files::below(&fresh)?;
    if files.is_empty() {
        bail!("the generator wrote nothing");
    }
    let mut count = Count::default();
    for file in files {
        let name = file.strip_prefix(&fresh)?;
        let same = same_content(&file, &root().join(name));
        if !same {
            println!(
                "{} differs from what the wire types make: run `cargo xtask generate`",
                name.display()
            );
        }
        count += Count::of(same);
    }
    Ok(count)
}

fn same_content(fresh: &Path, committed: &Path) -> bool {
    matches!((fs::read(fresh), fs::read(committed)), (Ok(fresh), Ok(committed)) if fresh == committed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_file_is_not_the_same() {
        let here = root().join("xtask/src/test/tree.rs");
        assert!(same_content(&here, &here));
        assert!(!same_content(&here, &root().join("nothing")));
        assert!(!same_content(
            &root().join("nothing"),
            &root().join("nothing")
        ));
    }
}
