//! A web origin as browsers write it: scheme, host and port, nothing else.
//!
//! Owns: the form and its strict reading. Must not: judge an origin: [`crate::http::origins`] does. Called by: the section `server`, and
//! [`crate::http::origins`] for its own.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A web origin in the form that browsers send: lower case, default port left out (RFC 6454, section 6.2).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct WebOrigin(String);

/// Why a text is not an origin.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "{text:?} is not an origin: write scheme, host and port only, such as https://report.example"
)]
pub struct NotAnOrigin {
    text: String,
}

impl WebOrigin {
    /// Origin as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the scheme is `https`.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.0.starts_with("https://")
    }

    /// Host and port as a browser writes them into the `Host` of a request.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0.split_once("://").map_or("", |(_, host)| host)
    }

    /// The same origin for sockets: `ws://` or `wss://`. Some browsers do not count it as `'self'`.
    #[must_use]
    pub fn socket_origin(&self) -> String {
        self.0.replacen("http", "ws", 1)
    }
}

impl std::fmt::Display for WebOrigin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for WebOrigin {
    type Err = NotAnOrigin;

    fn from_str(text: &str) -> Result<Self, NotAnOrigin> {
        normal_form(text).map(Self).ok_or_else(|| NotAnOrigin {
            text: text.to_owned(),
        })
    }
}

impl TryFrom<String> for WebOrigin {
    type Error = NotAnOrigin;

    fn try_from(text: String) -> Result<Self, NotAnOrigin> {
        text.parse()
    }
}

impl From<WebOrigin> for String {
    fn from(origin: WebOrigin) -> Self {
        origin.0
    }
}

fn normal_form(text: &str) -> Option<String> {
    let (scheme, authority) = text.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let default_port = match scheme.as_str() {
        "http" => 80,
        "https" => 443,
        _ => return None,
    };
    let (host, port) = split_port(authority)?;
    let host = host.to_ascii_lowercase();
    if !is_host(&host) {
        return None;
    }
    Some(match port {
        Some(port) if port != default_port => format!("{scheme}://{host}:{port}"),
        _ => format!("{scheme}://{host}"),
    })
}

fn split_port(authority: &str) -> Option<(&str, Option<u16>)> {
    let after_address = authority.rfind(']').map_or(0, |end| end + 1);
    match authority.get(after_address..)?.rfind(':') {
        None => Some((authority, None)),
        Some(colon) => {
            let (host, port) = authority.split_at_checked(after_address + colon)?;
            let port = port.get(1..)?.parse().ok()?;
            Some((host, Some(port)))
        }
    }
}

fn is_host(host: &str) -> bool {
    if let Some(address) = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    {
        return address.parse::<std::net::Ipv6Addr>().is_ok();
    }
    !host.is_empty()
        && host
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_kept_in_the_form_that_browsers_send() {
        for (given, kept) in [
            ("https://Report.Example", "https://report.example"),
            ("https://report.example:443", "https://report.example"),
            ("http://127.0.0.1:8911", "http://127.0.0.1:8911"),
            ("http://[::1]:8911", "http://[::1]:8911"),
            ("HTTPS://report.example:8443", "https://report.example:8443"),
        ] {
            assert_eq!(
                given.parse::<WebOrigin>().map(String::from),
                Ok(kept.to_owned())
            );
        }
    }

    #[test]
    fn what_is_more_or_less_than_an_origin_is_refused() {
        for text in [
            "",
            "report.example",
            "https://",
            "https://a/",
            "https://a/b",
            "https://u@a",
            "ftp://a",
            "https://a:",
            "https://a:99999",
            "https://[::1",
            "https://a b",
            "*",
            "null",
        ] {
            assert!(text.parse::<WebOrigin>().is_err(), "{text:?} was taken");
        }
    }
}
