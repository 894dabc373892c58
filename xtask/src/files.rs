//! Walking folders of the repository.
//!
//! Owns: what counts as a source. Must not: read contents. Called by: `web`, `test`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// Folders of things that are installed or built, below the sources of the pages.
const NOT_SOURCES: [&str; 2] = ["node_modules", "dist"];

/// All files below `folder`, in order, except what is installed or built there. Links are not followed.
pub fn below(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    collect(folder, &mut files)?;
    files.sort();
    Ok(files)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let kind = entry.file_type()?;
        let skipped = entry
            .file_name()
            .to_str()
            .is_some_and(|name| NOT_SOURCES.contains(&name));
        if kind.is_dir() && !skipped {
            collect(&entry.path(), files)?;
        } else if kind.is_file() {
            files.push(entry.path());
        }
    }
    Ok(())
}
