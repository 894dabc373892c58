//! The configured sign-in providers of agencies, with their secrets read.
//!
//! Owns: turning configuration into settings. Must not: ask a provider: the gateway starts and serves when one is away. Called by: `app`.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use callbox_proto::ids::AgencyId;
use openidconnect::IssuerUrl;
use secrecy::SecretString;

use crate::auth::provider::{Provider, Providers, Settings};
use crate::auth::tokens::Tokens;
use crate::clock::Clock;
use crate::config::{self, Config};

/// Every agency's provider.
///
/// # Errors
/// A secret or an authority that cannot be read, with its file.
pub fn all(
    config: &Config,
    tokens: &Arc<Tokens>,
    clock: &Arc<dyn Clock>,
) -> anyhow::Result<Arc<Providers>> {
    let mut providers = HashMap::new();
    for (agency, settings) in settings(config)? {
        let provider = Provider::new(settings, Arc::clone(clock));
        let provider = provider.with_context(|| format!("agency {agency}: sign_in.ca_file"))?;
        providers.insert(agency, provider);
    }
    let (tokens, clock) = (Arc::clone(tokens), Arc::clone(clock));
    Ok(Arc::new(Providers::new(providers, tokens, clock)))
}

/// Their settings, for those agencies that have one.
///
/// # Errors
/// As [`all`].
pub fn settings(config: &Config) -> anyhow::Result<Vec<(AgencyId, Settings)>> {
    let mut all = Vec::new();
    for agency in config.all_agencies() {
        let Some(sign_in) = &agency.sign_in else {
            continue;
        };
        let settings = of(sign_in).with_context(|| format!("agency {}", agency.id))?;
        all.push((agency.id.parse().context("id")?, settings));
    }
    Ok(all)
}

fn of(config: &config::SignIn) -> anyhow::Result<Settings> {
    let client_secret = match (&config.client_secret, &config.client_secret_file) {
        (Some(secret), _) => Some(SecretString::from(secret.expose().to_owned())),
        (None, Some(file)) => Some(
            secret(file)
                .with_context(|| format!("{} (sign_in.client_secret_file)", file.display()))?,
        ),
        (None, None) => None,
    };
    let ca_pem = config.ca_file.as_ref().map(|file| {
        std::fs::read(file).with_context(|| format!("{} (sign_in.ca_file)", file.display()))
    });
    Ok(Settings {
        issuer: IssuerUrl::new(config.issuer.clone()).context("sign_in.issuer")?,
        client_id: config.client_id.clone(),
        client_secret,
        words: config.words.trim().to_owned(),
        person_claim: config.person_claim.clone(),
        person_domain: config.person_domain.clone(),
        roles_claim: config.roles_claim.clone(),
        roles: config.roles(),
        scopes: config.scopes.clone(),
        lasts_ms: config.lasts_min.saturating_mul(60_000),
        local: config.is_local(),
        ca_pem: ca_pem.transpose()?,
    })
}

fn secret(file: &Path) -> anyhow::Result<SecretString> {
    let text = std::fs::read_to_string(file)?;
    match text.lines().next().map(str::trim) {
        None | Some("") => bail!("holds no secret on its first line"),
        Some(secret) => Ok(SecretString::from(secret.to_owned())),
    }
}
