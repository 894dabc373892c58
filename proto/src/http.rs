//! Bodies of HTTP requests and answers that are JSON.
//!
//! Owns: their form. Must not: know routes, statuses or who may ask: the gateway's `http` and the table of rights do. Used by: the gateway,
//! clients, and the generated descriptions.
//!
//! What holds a passphrase, a secret or a token has no `Debug`, so that it reaches no log.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::error::Retry;
use crate::ids::{AgencyId, CommandId, SessionId, StaffId};
use crate::message::AgencyInfo;
use crate::vocabulary::{Millis, Role};

/// An agency before anybody connects: its public face, and how its people sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct AgencyFace {
    /// What everybody may know about it.
    #[serde(flatten)]
    #[ts(flatten)]
    pub info: AgencyInfo,
    /// How its people sign in.
    pub sign_in: WaysIn,
}

/// How people of an agency sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct WaysIn {
    /// By name and passphrase.
    pub passphrase: bool,
    /// At the agency's provider: what people call the account there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub provider: Option<String>,
}

/// Asks to sign in by name and passphrase.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct SignInRequest {
    /// The agency.
    pub agency: AgencyId,
    /// Sign-in name.
    pub name: StaffId,
    /// Passphrase.
    pub passphrase: String,
}

/// A signed-in person.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct SignedIn {
    /// Short-lived token, sent as `Authorization: Bearer` and in the socket's hello.
    pub token: String,
    /// When it expires, by the gateway's clock.
    pub expires_ms: Millis,
    /// Agency.
    pub agency: AgencyId,
    /// Sign-in name.
    pub staff: StaffId,
    /// Name on the screen.
    pub name: String,
    /// Role.
    pub role: Role,
    /// From when on no renewal helps: a sign-in at an agency's provider has an end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub ends_ms: Option<Millis>,
}

/// A page begins to sign in at its agency's provider.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct ProviderBegin {
    /// The agency.
    pub agency: AgencyId,
    /// Where the page stands, as path and query: it is led back there.
    pub back: String,
    /// SHA-256 of a secret that the page keeps, in base64url.
    pub proof: String,
    /// Whether the provider shall ask who is there even if it knows.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[ts(as = "Option<bool>", optional)]
    pub afresh: bool,
}

/// Where the page goes.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct ProviderAddress {
    /// At the provider.
    pub url: String,
}

/// A page ends it: its secret, and what the provider sent with the browser.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct ProviderEnd {
    /// The secret whose digest began it.
    pub secret: String,
    /// What came with the browser.
    #[serde(flatten)]
    #[ts(flatten)]
    pub came: ProviderReturn,
}

/// What the provider sends with the browser, as query; others' words in it are left out. Never printed: it has no `Debug`.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct ProviderReturn {
    /// Names the trip.
    #[serde(default)]
    pub state: String,
    /// The provider's code, if it let the person in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub code: Option<String>,
    /// Who the provider says it is (RFC 9207).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub iss: Option<String>,
    /// Why there is no code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub error: Option<String>,
}

/// Opens a link for responders.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct OpenResponderLink {
    /// Made by the client: sent again it is the same opening.
    pub id: CommandId,
    /// The session that the link leads to.
    pub session: SessionId,
    /// The link's secret, 43 characters.
    pub secret: String,
    /// Who opens it, or which unit.
    pub name: String,
}

/// The link is open.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct ResponderLinkOpened {
    /// The token for the socket and for photos.
    pub token: String,
    /// When the link ends.
    pub ends_ms: Millis,
}

/// A refused request (RFC 9457): a code for programs, a sentence for people, and whether to try again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct Problem {
    /// Always `about:blank`.
    pub r#type: String,
    /// The status in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// One of the protocol's codes, or a word that only HTTP has.
    pub code: String,
    /// The code's number; left out for the words that only HTTP has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub number: Option<u16>,
    /// Whether to try again.
    pub retry: Retry,
    /// Pause before trying again, in ms, with `retry: later`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub after_ms: Option<u64>,
    /// The code's plain sentence.
    pub message: String,
}
