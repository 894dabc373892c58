//! The configuration of one gateway: what can be set, how it is read, and why a value is refused.
//!
//! Owns the sections (one file each), their defaults and the order in which sources win. Must not open sockets,
//! create folders or read keys: it only says where they are. Called by the command line, and handed down by `app`.
//!
//! Precedence, later wins: built-in defaults, the file of `--config` (or `CALLBOX_CONFIG`), environment variables
//! `CALLBOX_SECTION__KEY` (two underscores for each dot), flags (`--set section.key=value` and the short ones).
//! No file is read unless one is named. Unknown keys are errors everywhere, with file, line and key.

mod admin;
mod agency;
mod backbone;
mod check;
mod error;
mod fields;
mod identity;
mod limits;
mod live;
mod load;
mod log;
mod map;
mod media;
mod node;
mod origin;
mod secret;
mod server;
mod session;
mod sign_in;
mod storage;
mod tls;
mod triage;
mod welcome;
mod words;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use admin::Admin;
pub use agency::{Agency, Demo, DemoUser, Queue, Retention, StaffRole};
pub use backbone::Backbone;
pub use error::{ConfigError, Place};
pub use fields::{Choice, Field, FieldKind};
pub use identity::Identity;
pub use limits::ServerLimits;
pub use live::Changes;
pub use load::{Flag, Sources};
pub use log::{Log, LogFormat};
pub use map::{Centre, Map, NotTiles, TileTemplate};
pub use media::Media;
pub use node::Node;
pub use origin::{NotAnOrigin, WebOrigin};
pub use secret::Passphrase;
pub use server::Server;
pub use session::Session;
pub use sign_in::{RoleOf, SignIn};
pub use storage::Storage;
pub use tls::{Tls, TlsMode, TlsProfile};
pub use triage::Triage;

/// Everything that can be set. The default is a complete one-node system on the loopback address.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where residents and staff connect: address, origins, TLS, bounds.
    pub server: Server,
    /// The port for probes and metrics.
    pub admin: Admin,
    /// The UDP port for live video and audio.
    pub media: Media,
    /// Folders on disk.
    pub storage: Storage,
    /// Where session logs and queues are kept: here, or in a tier that many nodes share.
    pub backbone: Backbone,
    /// This node among others.
    pub node: Node,
    /// Bounds and deadlines of one session's connection.
    pub session: Session,
    /// The agency of whoever names none, and its demo identities.
    pub agency: Agency,
    /// Further agencies on the same node, each for itself.
    #[serde(
        deserialize_with = "agency::further",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub agencies: Vec<Agency>,
    /// Tokens and the key that signs them.
    pub identity: Identity,
    /// The rules that give a session its priority.
    pub triage: Triage,
    /// What is logged, and in which form.
    pub log: Log,
}

impl Config {
    /// The configuration of a file with this text alone; for `crate::probes`.
    pub(crate) fn of_text(text: &str) -> Result<Self, ConfigError> {
        let file = Some((PathBuf::from("callbox.toml"), text.to_owned()));
        load::of(file, &Sources::default()).map(|(config, _)| config)
    }

    /// Reads all sources in their order and checks the result as a whole.
    ///
    /// # Errors
    /// The first source that cannot be read or holds a key or value that is refused, with its place.
    pub fn load(sources: &Sources) -> Result<Self, ConfigError> {
        load::load(sources)
    }

    /// Reads all sources again for a gateway that runs with `self`.
    ///
    /// # Errors
    /// As [`Self::load`]; also when what may be taken does not go together with what runs.
    pub fn reload(&self, sources: &Sources) -> Result<Changes, ConfigError> {
        load::reload(self, sources)
    }

    /// Every agency that is served, the default one first.
    pub fn all_agencies(&self) -> impl Iterator<Item = &Agency> {
        std::iter::once(&self.agency).chain(&self.agencies)
    }

    /// The file of an agency's rules of triage; `None` for the built-in ones.
    #[must_use]
    pub fn rules_file_of<'a>(&'a self, agency: &'a Agency) -> Option<&'a Path> {
        let own = agency.rules_file.as_ref();
        own.or(self.triage.rules_file.as_ref())
            .map(PathBuf::as_path)
    }

    /// The configuration as TOML, with every secret replaced by `***`.
    ///
    /// # Errors
    /// Only if a value has no form in TOML, which no section contains.
    pub fn to_redacted_toml(&self) -> Result<String, toml::ser::Error> {
        toml::to_string(self)
    }

    /// What a person who has just started the gateway wants to read: the three addresses and the demo sign-ins.
    #[must_use]
    pub fn welcome(&self) -> String {
        welcome::welcome(self)
    }
}
