//! The text that greets whoever starts a gateway: the three addresses and the demo sign-ins, of each agency.
//!
//! Owns: its words. Must not: show a passphrase that is not of the demo. Called by: the command
//! `config welcome`, with which `cargo xtask run` greets.

use std::fmt::Write as _;

use super::{Agency, Config, TlsMode};

pub(super) fn welcome(config: &Config) -> String {
    let base = base_url(config);
    let mut text = pages(&base);
    demo(&mut text, &config.agency);
    for agency in &config.agencies {
        let base = match &agency.public_origin {
            Some(origin) => origin.to_string(),
            None => format!("{base}/a/{}", agency.id),
        };
        let _ = write!(text, "\n  {}\n{}", agency.name, pages(&base));
        demo(&mut text, agency);
    }
    text
}

fn pages(base: &str) -> String {
    format!(
        "  Resident page         {base}/\n  Dispatch console      {base}/console\n  Supervisor dashboard  {base}/supervisor\n"
    )
}

fn demo(text: &mut String, agency: &Agency) {
    if !agency.demo.enabled {
        return;
    }
    let _ = write!(
        text,
        "\n  Demo sign-ins for {} (public: for trying only)\n",
        agency.id
    );
    for user in &agency.demo.users {
        let _ = writeln!(
            text,
            "    {:<6} {:<17} {}",
            user.name,
            user.role.word(),
            user.passphrase.expose()
        );
    }
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
