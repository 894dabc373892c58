//! The text that greets whoever starts a gateway: the three addresses and the demo sign-ins.
//!
//! Owns: its words. Must not: show a passphrase that is not of the demo. Called by: the command
//! `config welcome`, with which `cargo xtask run` greets.

use std::fmt::Write as _;

use super::{Config, TlsMode};

pub(super) fn welcome(config: &Config) -> String {
    let base = base_url(config);
    let mut text = format!(
        "  Resident page         {base}/\n  Dispatch console      {base}/console\n  Supervisor dashboard  {base}/supervisor\n"
    );
    if config.agency.demo.enabled {
        let _ = write!(
            text,
            "\n  Demo sign-ins for {} (public: for trying only)\n",
            config.agency.id
        );
        for user in &config.agency.demo.users {
            let _ = writeln!(
                text,
                "    {:<6} {:<17} {}",
                user.name,
                user.role.word(),
                user.passphrase.expose()
            );
        }
    }
    text
}

fn base_url(config: &Config) -> String {
    if let Some(origin) = &config.server.public_origin {
        return origin.to_string();
    }
    let scheme = if config.server.tls.mode == TlsMode::Off {
        "http"
    } else {
        "https"
    };
    format!("{scheme}://{}", config.server.listen)
}
