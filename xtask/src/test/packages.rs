//! The first step: what the tests need on the machine. Installs Debian packages where it may, and says so; otherwise
//! prints the one command to type and fails.
//!
//! Owns: the list and the reason of each. Must not: install without a word, or go on without one of them. Called by: the run, before everything else.

use std::path::Path;
use std::process::Command;

use anyhow::bail;

use super::count::Count;
use super::step::Step;
use crate::command::{cargo, quiet, run};
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

const PACKAGES: [Package; 8] = [
    Package {
        name: "chromium",
        why: "the stories run in a real browser",
        sign: Sign::Program("chromium"),
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
    rust_components()?;
    check_node()?;
    let missing: Vec<&Package> = PACKAGES
        .iter()
        .filter(|package| !package.is_there())
        .collect();
    if !missing.is_empty() {
        install(&missing)?;
    }
    if let Some(package) = PACKAGES.iter().find(|package| !package.is_there()) {
        bail!(
            "{} is still missing after the installation: {}",
            package.name,
            package.why
        );
    }
    // Found out now, not after everything else has run.
    if privilege().is_none() {
        bail!(
            "the runs under faults cut networks and fill disks, which takes root. Type this once, then start again:\n\n    sudo -v\n"
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
}

fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

fn install(missing: &[&Package]) -> anyhow::Result<()> {
    let names: Vec<&str> = missing.iter().map(|package| package.name).collect();
    for package in missing {
        println!("Missing: {} ({})", package.name, package.why);
    }
    let by_hand = format!(
        "sudo apt-get update && sudo apt-get install --yes {}",
        names.join(" ")
    );
    if !on_path("apt-get") {
        bail!("this is not a Debian system: install what is named above by hand");
    }
    let Some(prefix) = privilege() else {
        bail!("this needs root. Type this once, then start again:\n\n    {by_hand}\n");
    };
    println!(
        "Installing as root: apt-get update, apt-get install {}",
        names.join(" ")
    );
    run(&mut apt(prefix, &["update", "--quiet"]))?;
    let install = ["install", "--yes", "--quiet", "--no-install-recommends"];
    run(apt(prefix, &install).args(names))
}

/// How to become root without a question: nothing when root already, `sudo`, or not at all.
pub fn privilege() -> Option<&'static [&'static str]> {
    if quiet(Command::new("id").arg("-u")).is_some_and(|id| id.trim() == "0") {
        return Some(&[]);
    }
    quiet(Command::new("sudo").args(["-n", "true"])).map(|_| ["sudo", "-n"].as_slice())
}

fn apt(prefix: &[&str], arguments: &[&str]) -> Command {
    let mut words =
        prefix
            .iter()
            .copied()
            .chain(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
    let mut command = Command::new(words.next().unwrap_or("env"));
    command.args(words).args(arguments);
    command
}
