//! What is known of a provider: its addresses and its keys.
//!
//! Owns: asking for them once for everybody who waits, keeping them, and asking again when a key is new. Must not: keep the gateway from
//! starting: nothing is asked before somebody signs in. Called by: the modules beside it.

use std::sync::Arc;

use callbox_proto::error::ErrorCode;
use openidconnect::core::{
    CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClientAuthMethod, CoreGrantType,
    CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm,
    CoreResponseMode, CoreResponseType, CoreSubjectIdentifierType,
};
use openidconnect::{AdditionalProviderMetadata, IssuerUrl, ProviderMetadata};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::fetch::Fetch;
use crate::clock::Clock;

/// How old it may be for a person who begins, in ms: so a provider that is away is told here, and not by an empty window.
const LATELY_MS: u64 = 30_000;
/// How old it may be for a person who comes back, in ms: an hour, after which a key that was withdrawn counts no more.
const KEPT_MS: u64 = 3_600_000;
/// Pause between two questions for a key that is not known, in ms.
const KEYS_AGAIN_MS: u64 = 5_000;
/// How long a failure answers for those who waited behind it, in ms: a provider that hangs costs each of them one deadline, not a queue of them.
const FAILED_MS: u64 = 2_000;

/// What a provider says of itself beyond the core.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Beyond {
    /// Whether it names itself to the browser that comes back (RFC 9207): then one that does not is refused.
    #[serde(default)]
    pub authorization_response_iss_parameter_supported: bool,
}

impl AdditionalProviderMetadata for Beyond {}

/// Addresses, abilities and keys.
pub type Metadata = ProviderMetadata<
    Beyond,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// The newest word of one provider.
pub struct Known {
    clock: Arc<dyn Clock>,
    last: Mutex<Last>,
}

#[derive(Default)]
struct Last {
    read: Option<(Arc<Metadata>, u64)>,
    failed_ms: Option<u64>,
    asked_for_key_ms: Option<u64>,
}

impl Known {
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            last: Mutex::default(),
        }
    }

    /// For a person who begins: the provider has answered within the last half minute.
    pub async fn lately(
        &self,
        fetch: &Fetch,
        issuer: &IssuerUrl,
    ) -> Result<Arc<Metadata>, ErrorCode> {
        self.not_older_than(LATELY_MS, fetch, issuer).await
    }

    /// For a person who comes back.
    pub async fn kept(
        &self,
        fetch: &Fetch,
        issuer: &IssuerUrl,
    ) -> Result<Arc<Metadata>, ErrorCode> {
        self.not_older_than(KEPT_MS, fetch, issuer).await
    }

    /// For a person whose token is signed by a key that these words of the provider do not name: it may have changed its keys meanwhile.
    pub async fn newer_than(
        &self,
        seen: &Arc<Metadata>,
        fetch: &Fetch,
        issuer: &IssuerUrl,
    ) -> Result<Arc<Metadata>, ErrorCode> {
        let mut last = self.last.lock().await;
        let now_ms = self.clock.monotonic_ms();
        if let Some((metadata, _)) = &last.read {
            let asked = last.asked_for_key_ms;
            let just_asked =
                asked.is_some_and(|at_ms| now_ms.saturating_sub(at_ms) < KEYS_AGAIN_MS);
            if just_asked || !Arc::ptr_eq(metadata, seen) {
                return Ok(Arc::clone(metadata));
            }
        }
        last.asked_for_key_ms = Some(now_ms);
        self.ask(&mut last, fetch, issuer).await
    }

    /// Whoever comes while somebody asks waits for that answer.
    async fn not_older_than(
        &self,
        age_ms: u64,
        fetch: &Fetch,
        issuer: &IssuerUrl,
    ) -> Result<Arc<Metadata>, ErrorCode> {
        let mut last = self.last.lock().await;
        let now_ms = self.clock.monotonic_ms();
        let fresh = |at_ms: u64, ms: u64| now_ms.saturating_sub(at_ms) < ms;
        if let Some((metadata, at_ms)) = &last.read
            && fresh(*at_ms, age_ms)
        {
            return Ok(Arc::clone(metadata));
        }
        if last.failed_ms.is_some_and(|at_ms| fresh(at_ms, FAILED_MS)) {
            return Err(ErrorCode::ProviderUnavailable);
        }
        self.ask(&mut last, fetch, issuer).await
    }

    async fn ask(
        &self,
        last: &mut Last,
        fetch: &Fetch,
        issuer: &IssuerUrl,
    ) -> Result<Arc<Metadata>, ErrorCode> {
        match Metadata::discover_async(issuer.clone(), fetch).await {
            Ok(metadata) => {
                let metadata = Arc::new(metadata);
                last.read = Some((Arc::clone(&metadata), self.clock.monotonic_ms()));
                last.failed_ms = None;
                Ok(metadata)
            }
            Err(error) => {
                let issuer = issuer.as_str();
                let why = super::exchange::told(&error);
                tracing::warn!(%issuer, %why, "the provider cannot be asked who it is");
                last.failed_ms = Some(self.clock.monotonic_ms());
                Err(ErrorCode::ProviderUnavailable)
            }
        }
    }
}
