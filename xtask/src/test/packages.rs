//! The first step: what the tests need on the machine. Installs Debian packages where it may, and says so; otherwise
//! prints the one command to type and fails.
//!
//! Owns: the list and the reason of each. Must not: install without a word, or go on without one of them. Called by: the run, before everything else.

use std::path::Path;
use std::process::Command;

use anyhow::{Error, bail};

use super::count::Count;
use super::step::Step;
use crate::command::{cargo, quiet, run};
use crate::privilege::{BY_HAND, Prefix, Privilege};
use crate::web::check_node;

/// A Debian package, and a program or folder that shows that it is there where packages have other names.
struct Package {
    name: &'static str,
    why: &'static str,
    sign: Sign,
}

enum Sign {
    Program(&'static str),
    Folder(&'static str),
}

const PACKAGES: [Package; 9] = [
    Package {
        name: "chromium",
        why: "the stories run in a real browser",
        sign: Sign::Program("chromium"),
    },
    Package {
        name: "chromium-headless-shell",
        why: "staff pages and hundreds of looks at pages, in less time",
        sign: Sign::Program("chromium-headless-shell"),
    },
    Package {
        name: "redis-server",
        why: "the shared tier of many nodes, and its Sentinel",
        sign: Sign::Program("redis-server"),
    },
    Package {
        name: "strace",
        why: "syncs that fail or take long",
        sign: Sign::Program("strace"),
    },
    Package {
        name: "python3",
        why: "a client in another language, made from the protocol's page",
        sign: Sign::Program("python3"),
    },
    Package {
        name: "iproute2",
        why: "networks that are cut between hosts",
        sign: Sign::Program("ip"),
    },
    Package {
        name: "libfaketime",
        why: "clocks that jump",
        sign: Sign::Folder("/usr/share/doc/libfaketime"),
    },
    Package {
        name: "fonts-noto-core",
        why: "stories in Arabic and Devanagari script",
        sign: Sign::Folder("/usr/share/fonts/truetype/noto"),
    },
    Package {
        name: "fonts-noto-cjk",
        why: "stories in Chinese, Japanese and Korean script",
        sign: Sign::Folder("/usr/share/fonts/opentype/noto"),
    },
];

pub fn step() -> Step {
    Step::new("tools", prepare)
}

fn prepare() -> anyhow::Result<Count> {
    let missing: Vec<&Package> = PACKAGES
        .iter()
        .filter(|package| !package.is_there())
        .collect();
    // Found out now, not after everything else has run; what it says holds until the end of the run.
    let prefix = root(&missing)?;
    rust_components()?;
    check_node()?;
    if !missing.is_empty() {
        install(prefix, &missing)?;
    }
    if let Some(package) = PACKAGES.iter().find(|package| !package.is_there()) {
        bail!(
            "{} is still missing after the installation: {}",
            package.name,
            package.why
        );
    }
    println!("cargo, rustfmt, clippy, node, npm, and the packages above are there");
    Ok(Count::PASSED)
}

/// rustup's minimal profile comes without these two.
fn rust_components() -> anyhow::Result<()> {
    for (component, command) in [("rustfmt", "fmt"), ("clippy", "clippy")] {
        if quiet(&mut cargo(&[command, "--version"])).is_none() {
            println!("Installing {component}: rustup component add {component}");
            run(Command::new("rustup").args(["component", "add", component]))?;
        }
    }
    Ok(())
}

impl Package {
    fn is_there(&self) -> bool {
        match self.sign {
            Sign::Program(name) => on_path(name),
            Sign::Folder(path) => Path::new(path).is_dir(),
        }
    }

    /// Says that it is missing, and what it is for.
    fn line(&self) -> String {
        format!("Missing: {} ({})\n", self.name, self.why)
    }
}

fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// How this run becomes root. Where it cannot, that ends it: whatever else is missing is typed along.
fn root(missing: &[&Package]) -> anyhow::Result<Prefix> {
    let privilege = Privilege::of_this_run();
    let (what, by_hand) = if missing.is_empty() {
        let runs = "A run under faults, which cuts networks and fills disks,";
        (runs, BY_HAND.to_owned())
    } else {
        ("Installing what is missing", by_hand(missing))
    };
    privilege.prefix(what, &by_hand).map_err(|words| {
        let list: String = missing.iter().map(|package| package.line()).collect();
        Error::msg(format!("{list}{words}"))
    })
}

/// The command that installs all of these.
fn by_hand(missing: &[&Package]) -> String {
    let names: Vec<&str> = missing.iter().map(|package| package.name).collect();
    format!(
        "sudo apt-get update && sudo apt-get install --yes {}",
        names.join(" ")
    )
}

fn install(prefix: Prefix, missing: &[&Package]) -> anyhow::Result<()> {
    let names: Vec<&str> = missing.iter().map(|package| package.name).collect();
    for package in missing {
        print!("{}", package.line());
    }
    if !on_path("apt-get") {
        bail!("this is not a Debian system: install what is named above by hand");
    }
    println!(
        "Installing as root: apt-get update, apt-get install {}",
        names.join(" ")
    );
    run(&mut apt(prefix, &["update", "--quiet"]))?;
    let install = ["install", "--yes", "--quiet", "--no-install-recommends"];
    run(apt(prefix, &install).args(names))
}

fn apt(prefix: Prefix, arguments: &[&str]) -> Command {
    let mut words =
        prefix
            .iter()
            .copied()
            .chain(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
    let mut command = Command::new(words.next().unwrap_or("env"));
    command.args(words).args(arguments);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_by_hand_names_every_package() {
        let all: Vec<&Package> = PACKAGES.iter().collect();
        let typed = by_hand(&all);
        assert!(typed.starts_with("sudo apt-get update && sudo apt-get install --yes chromium "));
        for package in &PACKAGES {
            assert!(typed.split(' ').any(|word| word == package.name));
            let line = package.line();
            assert!(line.contains(package.name) && line.contains(package.why));
        }
    }
}
