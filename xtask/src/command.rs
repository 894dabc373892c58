//! Running other programs in the repository, with messages that say which one failed and what to do.
//!
//! Owns: starting, waiting and the words of a failure. Must not: outlive its caller: what runs for long is [`super::gateway`]'s. Called by: every command.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

/// The top folder of the repository.
pub fn root() -> PathBuf {
    // The package lies one folder below the top; the path is fixed when xtask is compiled.
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package).to_owned()
}

/// A program, to be run in `folder`.
pub fn program<S: AsRef<OsStr>>(name: &str, arguments: &[S], folder: &Path) -> Command {
    let mut command = Command::new(name);
    command.args(arguments).current_dir(folder);
    command
}

/// Beginnings of the variables that `cargo run` gives this program about its own package.
const OWN_PACKAGE: [&str; 5] = [
    "CARGO_PKG_",
    "CARGO_MANIFEST_",
    "CARGO_BIN_",
    "CARGO_CRATE_",
    "CARGO_PRIMARY_",
];

/// The very cargo that started this program.
pub fn cargo<S: AsRef<OsStr>>(arguments: &[S]) -> Command {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut command = program(&cargo, arguments, &root());
    without_own_package(&mut command);
    command
}

/// Takes those variables away from a program that starts cargo: build scripts of dependencies look at them and would be run again
/// after each plain `cargo build`.
pub fn without_own_package(command: &mut Command) -> &mut Command {
    for (name, _) in std::env::vars_os() {
        let own = name
            .to_str()
            .is_some_and(|name| OWN_PACKAGE.iter().any(|own| name.starts_with(own)));
        if own {
            command.env_remove(name);
        }
    }
    command
}

/// Runs to the end, with the output going to the terminal.
pub fn run(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status().with_context(|| not_started(command))?;
    if !status.success() {
        bail!("{} ended with {status}", shown(command));
    }
    Ok(())
}

/// What a program wrote to standard output, and whether it succeeded.
pub struct Output {
    /// Standard output.
    pub text: String,
    /// Whether the exit code was 0.
    pub success: bool,
}

/// Runs to the end; what it writes is shown at once and returned too.
pub fn tee(command: &mut Command) -> anyhow::Result<Output> {
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| not_started(command))?;
    let pipe = child.stdout.take().context("the output was asked for")?;
    let mut text = String::new();
    for line in BufReader::new(pipe).split(b'\n') {
        let line = line?;
        let line = String::from_utf8_lossy(&line);
        // A closed terminal must not stop the work.
        let _ = writeln!(std::io::stdout(), "{line}");
        text.push_str(&line);
        text.push('\n');
    }
    Ok(Output {
        text,
        success: child.wait()?.success(),
    })
}

/// Runs to the end in silence and returns standard output; nothing when it cannot start or fails.
pub fn quiet(command: &mut Command) -> Option<String> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// A command line as a person would type it.
pub fn shown(command: &Command) -> String {
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| word.to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join(" ")
}

fn not_started(command: &Command) -> String {
    format!("{} cannot be started: is it installed?", shown(command))
}
