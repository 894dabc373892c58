//! Section `server.tls`: encryption of the public port.
//!
//! Owns: its keys and defaults. Must not: read a certificate. Read by: [`crate::http`].

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Where the certificate comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TlsMode {
    /// Plain HTTP. Only accepted on a loopback address.
    #[default]
    Off,
    /// `cert_file` and `key_file`, read again when they change or on SIGHUP.
    Files,
    /// A certificate made at start for `self_signed_names`. Browsers warn about it: for trials on a local network.
    SelfSigned,
}

/// Which protocol versions are offered, after Mozilla's two server profiles.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TlsProfile {
    /// TLS 1.2 and 1.3.
    #[default]
    Intermediate,
    /// TLS 1.3 only. Phones older than about 2019 cannot report any more.
    Modern,
}

/// Encryption of the public port.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    /// `off`, `files` or `self-signed`. Default `off`, which is why the default address is loopback.
    pub mode: TlsMode,
    /// Protocol versions. Default `intermediate`: a resident's old phone must still reach help.
    pub profile: TlsProfile,
    /// PEM file with the certificate and its chain, leaf first. Needed by mode `files`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cert_file: Option<PathBuf>,
    /// PEM file with the private key. Needed by mode `files`; must be readable by the gateway only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_file: Option<PathBuf>,
    /// Names and addresses in a self-signed certificate. Needed by mode `self-signed`, so that one is never made
    /// by accident.
    pub self_signed_names: Vec<String>,
}
