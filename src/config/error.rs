//! Why a configuration is refused, and where the fault stands.
//!
//! Owns: the refusals and their words. Must not: quote a secret. Called by: `load`, `check`, `secret`.

use std::path::PathBuf;

use thiserror::Error;

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A line of the file, counted from 1.
    File {
        /// The file as it was named.
        path: PathBuf,
        /// The line.
        line: usize,
    },
    /// An environment variable.
    Environment {
        /// Its name.
        variable: String,
    },
    /// A flag of the command line.
    Flag {
        /// The flag as it was typed.
        flag: String,
    },
    /// Nobody set it: the default does not go together with something that was set.
    Default,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Environment { variable } => write!(f, "environment variable {variable}"),
            Self::Flag { flag } => write!(f, "flag {flag}"),
            Self::Default => write!(f, "default"),
        }
    }
}

/// Why a configuration is refused. Each one names the place and, where there is one, the key.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Unreadable {
        /// The file as it was named.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The text is not TOML.
    #[error("{place}: not valid TOML: {message}")]
    Syntax {
        /// Where.
        place: Place,
        /// What the parser said.
        message: String,
    },
    /// A key that does not exist.
    #[error("{place}: {key}: no such key: {message}")]
    UnknownKey {
        /// Where.
        place: Place,
        /// The dotted key.
        key: String,
        /// Which keys exist there.
        message: String,
    },
    /// A value of a wrong type or form.
    #[error("{place}: {key}: {message}")]
    WrongValue {
        /// Where.
        place: Place,
        /// The dotted key.
        key: String,
        /// What was expected.
        message: String,
    },
    /// A value that is well formed but outside its bounds, or does not go together with another.
    #[error("{place}: {key}: {why}")]
    Refused {
        /// Where.
        place: Place,
        /// The dotted key.
        key: String,
        /// The reason, and what to do.
        why: String,
    },
}
