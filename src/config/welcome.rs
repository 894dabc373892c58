//! The text that greets whoever starts a gateway: the three addresses and the demo sign-ins, of each agency.
//!
//! Owns: its words. Must not: show a passphrase that is not of the demo. Called by: the command
//! `config welcome`, with which `cargo xtask run` greets.

use std::fmt::Write as _;

use super::{Agency, Config, SignIn, TlsMode};

pub(super) fn welcome(config: &Config) -> String {
    let base = base_url(config);
    let mut text = pages(&base);
    let own = config.agency.public_origin.as_ref();
    let origin = own.map_or_else(|| base.clone(), ToString::to_string);
    provider(&mut text, &origin, &config.agency);
    demo(&mut text, &config.agency);
    for agency in &config.agencies {
        let (origin, place) = match &agency.public_origin {
            Some(origin) => (origin.to_string(), origin.to_string()),
            None => (base.clone(), format!("{base}/a/{}", agency.id)),
        };
        let _ = write!(text, "\n  {}\n{}", agency.name, pages(&place));
        provider(&mut text, &origin, agency);
        demo(&mut text, agency);
    }
    text
}

fn pages(base: &str) -> String {
    format!(
        "  Resident page         {base}/\n  Dispatch console      {base}/console\n  Supervisor dashboard  {base}/supervisor\n"
    )
}

/// The address that an agency's provider must know, to send people back to.
fn provider(text: &mut String, origin: &str, agency: &Agency) {
    if agency.sign_in.is_some() {
        let address = SignIn::redirect_address(origin, &agency.id);
        let _ = write!(
            text,
            "\n  To register at the provider of {}\n    {address}\n",
            agency.id
        );
    }
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
