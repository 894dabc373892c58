//! `cargo xtask web`: installs packages and builds pages, each only when what it depends on has changed.
//!
//! Owns: the stamps that say what was done for which sources. Must not: know what a page is made of. Called by: `main`, `run`, `dev`, `test`.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, bail};
use sha2::{Digest as _, Sha256};

use crate::command::{program, quiet, root, run};
use crate::files;

/// Oldest Node that the build tools run on: major and minor version.
const OLDEST_NODE: (u32, u32) = (20, 19);

/// The folder of the pages.
pub fn folder() -> PathBuf {
    root().join("web")
}

/// Packages and pages, as needed.
pub fn build() -> anyhow::Result<()> {
    install()?;
    let sources = sources_hash(&folder())?;
    let is_there = folder().join("dist/index.html").exists();
    let built = Stamp::new("web-build").renew(&sources, is_there, || {
        timed("web: building the pages (npm run build)", || {
            run(&mut npm(&["run", "build"]))
        })
    })?;
    if !built {
        println!("web: pages are up to date");
    }
    Ok(())
}

/// Packages, when the lock file has changed.
pub fn install() -> anyhow::Result<()> {
    if !folder().join("package-lock.json").exists() {
        bail!("web/package-lock.json does not exist: the pages cannot be built");
    }
    check_node()?;
    let mut hash = Sha256::new();
    hash.update(fs::read(folder().join("package-lock.json"))?);
    hash.update(quiet(&mut program("node", &["--version"], &root())).unwrap_or_default());
    let lock = hex(hash);
    let is_there = folder().join("node_modules").is_dir();
    let install = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
    let installed = Stamp::new("npm-ci").renew(&lock, is_there, || {
        timed("web: installing packages (npm ci)", || {
            run(&mut npm(&install))
        })
    })?;
    if !installed {
        println!("web: packages are up to date");
    }
    Ok(())
}

/// `npm` in the folder of the pages.
pub fn npm(arguments: &[&str]) -> std::process::Command {
    program("npm", arguments, &folder())
}

/// Fails with what to install when Node is missing or too old.
pub fn check_node() -> anyhow::Result<()> {
    let Some(version) = quiet(&mut program("node", &["--version"], &root())) else {
        bail!("node is not installed: {}", node_wanted());
    };
    if quiet(&mut program("npm", &["--version"], &root())).is_none() {
        bail!("npm is not installed: {}", node_wanted());
    }
    match node_version(&version) {
        Some(found) if found >= OLDEST_NODE => Ok(()),
        _ => bail!("node is {}: {}", version.trim(), node_wanted()),
    }
}

fn node_wanted() -> String {
    format!(
        "the pages need Node {}.{} or newer with npm (https://nodejs.org/en/download). Without it, `cargo run` starts the gateway \
         with a page that says so",
        OLDEST_NODE.0, OLDEST_NODE.1
    )
}

fn node_version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.trim().trim_start_matches('v').split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

fn timed(what: &str, work: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<()> {
    println!("{what} ...");
    let start = Instant::now();
    work()?;
    println!("{what}: {:.1} s", start.elapsed().as_secs_f64());
    Ok(())
}

/// A remembered hash, in the folder that `cargo clean` empties.
struct Stamp(PathBuf);

impl Stamp {
    fn new(name: &str) -> Self {
        Self(root().join("target/xtask").join(name))
    }

    /// Does the work, unless it was done for this very hash and what it made is still there; answers whether it was. Work that
    /// fails half-way is not taken for done afterwards, whatever it was done for before.
    fn renew(
        &self,
        hash: &str,
        is_there: bool,
        work: impl FnOnce() -> anyhow::Result<()>,
    ) -> anyhow::Result<bool> {
        let done = fs::read_to_string(&self.0).is_ok_and(|kept| kept == hash);
        if done && is_there {
            return Ok(false);
        }
        self.write("")?;
        work()?;
        self.write(hash)?;
        Ok(true)
    }

    fn write(&self, hash: &str) -> anyhow::Result<()> {
        if let Some(folder) = self.0.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&self.0, hash).with_context(|| format!("{} cannot be written", self.0.display()))
    }
}

/// One hash over everything that the pages are built from: names and contents.
fn sources_hash(folder: &Path) -> anyhow::Result<String> {
    let mut hash = Sha256::new();
    for file in files::below(folder)? {
        let name = file
            .strip_prefix(folder)
            .unwrap_or(&file)
            .to_string_lossy()
            .into_owned();
        let content =
            fs::read(&file).with_context(|| format!("{} cannot be read", file.display()))?;
        for part in [name.as_bytes(), &content] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
    }
    Ok(hex(hash))
}

fn hex(hash: Sha256) -> String {
    hash.finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stamp, and whether work was done for a hash; `Err` when the work failed.
    fn renewed(stamp: &Stamp, hash: &str, is_there: bool, works: bool) -> Result<bool, ()> {
        let work = || works.then_some(()).context("planted");
        stamp.renew(hash, is_there, work).map_err(drop)
    }

    #[test]
    fn work_is_done_once_for_what_it_depends_on() {
        let folder = tempfile::tempdir().unwrap();
        let stamp = Stamp(folder.path().join("target/xtask/work"));
        assert_eq!(renewed(&stamp, "one", false, true), Ok(true), "at first");
        assert_eq!(renewed(&stamp, "one", true, true), Ok(false), "nothing new");
        assert_eq!(renewed(&stamp, "two", true, true), Ok(true), "changed");
        assert_eq!(renewed(&stamp, "two", false, true), Ok(true), "removed");
        assert_eq!(renewed(&stamp, "two", true, true), Ok(false));
    }

    #[test]
    fn work_that_failed_is_done_again_even_for_what_was_there_before() {
        let folder = tempfile::tempdir().unwrap();
        let stamp = Stamp(folder.path().join("work"));
        assert_eq!(renewed(&stamp, "one", false, true), Ok(true));
        assert_eq!(renewed(&stamp, "two", true, false), Err(()));
        assert_eq!(renewed(&stamp, "one", true, true), Ok(true), "half is lost");
        assert_eq!(renewed(&stamp, "one", true, true), Ok(false));
    }

    #[test]
    fn sources_are_names_and_contents_of_what_is_neither_installed_nor_built() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, content: &str| {
            let file = folder.path().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, content).unwrap();
        };
        let hash = || sources_hash(folder.path()).unwrap();
        write("resident/main.ts", "one");
        let first = hash();
        write("node_modules/package/index.js", "installed");
        write("dist/index.html", "built");
        assert_eq!(hash(), first);
        write("resident/main.ts", "two");
        let changed = hash();
        assert_ne!(changed, first);
        fs::rename(
            folder.path().join("resident/main.ts"),
            folder.path().join("resident/other.ts"),
        )
        .unwrap();
        assert_ne!(hash(), changed, "another name");
        write("console/main.ts", "");
        let more = hash();
        fs::remove_file(folder.path().join("console/main.ts")).unwrap();
        assert_ne!(hash(), more, "one file less");
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        assert_eq!(node_version("v20.9.1\n"), Some((20, 9)));
        assert!(
            node_version("v20.9.1") < Some(OLDEST_NODE)
                && node_version("v22.1.0") > Some(OLDEST_NODE)
        );
        assert_eq!(node_version("unknown"), None);
    }
}
