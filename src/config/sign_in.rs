//! Section `agency.sign_in`: the provider at which an agency's people sign in (OpenID Connect).
//!
//! Owns: its keys and defaults, and what keeps them from fitting together. Must not: ask the provider anything, or read a secret's
//! file. Read by: `app`, for [`crate::auth::provider`].

use std::net::IpAddr;
use std::path::PathBuf;

use callbox_proto::vocabulary::Role;
use openidconnect::url::{Host, Url};
use serde::{Deserialize, Serialize};

use super::{Passphrase, StaffRole};

/// Longest words on the button, in characters: on a telephone they stand on two lines.
const WORDS_MAX_CHARS: usize = 40;
/// Most values of the roles' claim that are looked for.
const ROLES_MAX: usize = 64;
/// Most scopes that are asked for.
const SCOPES_MAX: usize = 16;
/// Shortest and longest time that a sign-in at the provider counts, in minutes: an hour, and a day.
const LASTS_MIN: std::ops::RangeInclusive<u64> = 60..=1_440;

/// The provider of an agency's people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SignIn {
    /// The provider's address as it calls itself: `https://id.county.example`. It must be `https`, except on the loopback address.
    pub issuer: String,
    /// The name under which this gateway is registered there.
    pub client_id: String,
    /// The words of the button after "Sign in with": what people call the account.
    pub words: String,
    /// The claim that names the person: unique, never given to somebody else, and not theirs to change. Default `preferred_username`.
    pub person_claim: String,
    /// What every name ends with after its `@`. Set: names without it are refused, and it is left out of the name here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person_domain: Option<String>,
    /// The claim that holds roles or groups; a dot leads into it (`realm_access.roles`). Default `groups`.
    pub roles_claim: String,
    /// Which of its values is which role here. The first one that a person has counts; without any they are refused.
    pub roles: Vec<RoleOf>,
    /// What is asked for at the provider. Default `openid` and `profile`.
    pub scopes: Vec<String>,
    /// Minutes that a sign-in at the provider counts, renewals included. Default 720: twelve hours, the longest usual shift. A right that
    /// is withdrawn there counts here after this time at the latest.
    pub lasts_min: u64,
    /// The secret, where the provider wants one: best in the environment, `CALLBOX_AGENCY__SIGN_IN__CLIENT_SECRET`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<Passphrase>,
    /// File with the secret, on its first line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret_file: Option<PathBuf>,
    /// PEM file of the authority that signed the provider's certificate. Unset: those the system trusts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
}

/// A value of the provider's claim, and the role it gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleOf {
    /// The value, exactly.
    pub value: String,
    /// The role here.
    pub role: StaffRole,
}

impl Default for SignIn {
    fn default() -> Self {
        Self {
            issuer: String::new(),
            client_id: String::new(),
            words: String::new(),
            person_claim: "preferred_username".to_owned(),
            person_domain: None,
            roles_claim: "groups".to_owned(),
            roles: Vec::new(),
            scopes: vec!["openid".to_owned(), "profile".to_owned()],
            lasts_min: 720,
            client_secret: None,
            client_secret_file: None,
            ca_file: None,
        }
    }
}

impl SignIn {
    /// Whether the provider runs on this machine, where nobody listens in.
    #[must_use]
    pub fn is_local(&self) -> bool {
        Url::parse(&self.issuer).is_ok_and(|url| is_local(&url))
    }

    /// The address that the provider must know, to send people of an agency back to an origin of the gateway.
    #[must_use]
    pub fn redirect_address(origin: &str, agency: &str) -> String {
        format!("{origin}/api/v1/sign-in/provider/{agency}/return")
    }

    /// The roles with their values, in the order in which they count.
    #[must_use]
    pub fn roles(&self) -> Vec<(String, Role)> {
        let of = |one: &RoleOf| (one.value.clone(), one.role.role());
        self.roles.iter().map(of).collect()
    }

    /// The first thing that is wrong, with its key.
    pub(super) fn fault(&self) -> Option<(&'static str, String)> {
        self.fault_of_issuer()
            .or_else(|| self.fault_of_words())
            .or_else(|| self.fault_of_roles())
    }

    fn fault_of_issuer(&self) -> Option<(&'static str, String)> {
        let refused = |why: &str| Some(("sign_in.issuer", why.to_owned()));
        let Ok(url) = Url::parse(&self.issuer) else {
            return refused(
                "must be the provider's address as it calls itself, such as https://id.county.example",
            );
        };
        let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
        if !plain || url.password().is_some() {
            return refused("must have no name, query or fragment");
        }
        match url.scheme() {
            "https" => None,
            "http" if is_local(&url) => None,
            _ => refused(
                "must begin with https://, so that nobody on the way can pose as the provider; http:// is for a provider on the loopback address",
            ),
        }
    }

    fn fault_of_words(&self) -> Option<(&'static str, String)> {
        if self.client_id.is_empty() {
            let why = "is needed: the name under which this gateway is registered at the provider";
            return Some(("sign_in.client_id", why.to_owned()));
        }
        let words = self.words.trim().chars().count();
        if !(1..=WORDS_MAX_CHARS).contains(&words) || self.words.chars().any(char::is_control) {
            let why = format!(
                "is needed: what people call the account, in 1 to {WORDS_MAX_CHARS} characters. It stands on the button after \"Sign in with\""
            );
            return Some(("sign_in.words", why));
        }
        if self.person_claim.is_empty() {
            return Some(("sign_in.person_claim", "must not be empty".to_owned()));
        }
        let domain = self.person_domain.as_deref();
        if domain.is_some_and(|domain| domain.is_empty() || domain.contains('@')) {
            let why = "is what stands behind the @ of every name, such as county.example";
            return Some(("sign_in.person_domain", why.to_owned()));
        }
        if !(1..=SCOPES_MAX).contains(&self.scopes.len())
            || !self.scopes.iter().any(|scope| scope == "openid")
        {
            let why = format!("needs \"openid\", and has room for {SCOPES_MAX}");
            return Some(("sign_in.scopes", why));
        }
        if self.client_secret.is_some() && self.client_secret_file.is_some() {
            let why = "is set beside client_secret: only one of the two can be meant";
            return Some(("sign_in.client_secret_file", why.to_owned()));
        }
        if self.ca_file.is_some() && self.is_local() && self.issuer.starts_with("http:") {
            let why = "is for an https issuer only";
            return Some(("sign_in.ca_file", why.to_owned()));
        }
        let lasts = LASTS_MIN.contains(&self.lasts_min);
        (!lasts).then(|| {
            let (least, most) = (LASTS_MIN.start(), LASTS_MIN.end());
            (
                "sign_in.lasts_min",
                format!("must be from {least} to {most} minutes"),
            )
        })
    }

    fn fault_of_roles(&self) -> Option<(&'static str, String)> {
        let refused = |why: String| Some(("sign_in.roles", why));
        if self.roles_claim.is_empty() {
            return Some(("sign_in.roles_claim", "must not be empty".to_owned()));
        }
        if !(1..=ROLES_MAX).contains(&self.roles.len()) {
            return refused(format!(
                "needs at least one value with its role, such as {{ value = \"911-dispatch\", role = \"telecommunicator\" }}, and has room for \
                 {ROLES_MAX}: without a role nobody is let in"
            ));
        }
        let mut values: Vec<&str> = self.roles.iter().map(|one| one.value.as_str()).collect();
        if values.iter().any(|value| value.is_empty()) {
            return refused("has an empty value".to_owned());
        }
        values.sort_unstable();
        let twice = values.windows(2).find(|pair| pair.first() == pair.last());
        let twice = twice.and_then(|pair| pair.first());
        twice.and_then(|value| refused(format!("names {value:?} twice")))
    }
}

fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
        None => false,
    }
}
