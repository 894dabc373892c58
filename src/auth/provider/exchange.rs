//! The two conversations with a provider: where the browser goes, and the code for proved claims.
//!
//! Owns: which algorithms, times and names are accepted. Must not: decide what a claim means here ([`super::person`] does). Called by:
//! the module above.

use callbox_proto::error::ErrorCode;
use callbox_proto::vocabulary::Millis;
use chrono::{DateTime, Utc};
use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreClientAuthMethod, CoreErrorResponseType, CoreGenderClaim,
    CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm, CoreResponseType,
    CoreRevocableToken, CoreRevocationErrorResponse, CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AdditionalClaims, AuthType, AuthenticationFlow, AuthorizationCode, ClaimsVerificationError,
    Client, ClientId, ClientSecret, CsrfToken, EmptyExtraTokenFields, EndpointMaybeSet,
    EndpointNotSet, EndpointSet, IdTokenClaims, IdTokenFields, IdTokenVerifier, Nonce,
    OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError,
    Scope, SignatureVerificationError, StandardErrorResponse, StandardTokenResponse,
    SubjectIdentifier, TokenResponse as _, UserInfoClaims,
};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Provider;
use super::known::Metadata;

/// By how much the provider's clock may be ahead of ours or behind it, in ms. Machines that are looked after differ by less than a second.
const CLOCKS_DIFFER_MS: u64 = 120_000;
/// What an ID token may be signed with: the provider's private key, never our shared secret and never nothing.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// Claims beyond the standard ones, whatever they are. Never printed.
#[derive(Clone, Serialize, Deserialize)]
pub struct Others {
    #[serde(flatten)]
    all: Map<String, Value>,
}

impl std::fmt::Debug for Others {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Others")
    }
}

impl AdditionalClaims for Others {}

type Tokens = StandardTokenResponse<
    IdTokenFields<
        Others,
        EmptyExtraTokenFields,
        CoreGenderClaim,
        CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm,
    >,
    CoreTokenType,
>;
type Claims = IdTokenClaims<Others, CoreGenderClaim>;
type Told = UserInfoClaims<Others, CoreGenderClaim>;
type OurClient = Client<
    Others,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    Tokens,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
    EndpointMaybeSet,
>;

/// What came back, with what we know of the trip.
pub struct Came {
    pub code: Option<String>,
    pub iss: Option<String>,
    pub error: Option<String>,
    pub nonce: String,
    pub verifier: PkceCodeVerifier,
    pub redirect: String,
    pub now_ms: Millis,
}

/// Why nobody is let in: a public code, and words for the log that quote nobody.
pub struct Refusal {
    pub code: ErrorCode,
    pub why: String,
}

fn refused<T>(code: ErrorCode, why: impl Into<String>) -> Result<T, Refusal> {
    let why = why.into();
    Err(Refusal { code, why })
}

impl From<ErrorCode> for Refusal {
    fn from(code: ErrorCode) -> Self {
        let why = code.sentence().to_owned();
        Self { code, why }
    }
}

impl Provider {
    /// Where the browser goes.
    pub(super) fn address(
        &self,
        metadata: &Metadata,
        state: String,
        nonce: &str,
        verifier: &PkceCodeVerifier,
        redirect: String,
        afresh: bool,
    ) -> Result<String, ErrorCode> {
        let client = self.client(metadata, redirect)?;
        let nonce = nonce.to_owned();
        let mut asked = client
            .authorize_url(
                AuthenticationFlow::<CoreResponseType>::AuthorizationCode,
                || CsrfToken::new(state),
                || Nonce::new(nonce),
            )
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(verifier));
        // The client itself asks for `openid`.
        for scope in self
            .settings
            .scopes
            .iter()
            .filter(|scope| *scope != "openid")
        {
            asked = asked.add_scope(Scope::new(scope.clone()));
        }
        if afresh {
            asked = asked.add_prompt(CoreAuthPrompt::Login);
        }
        let (address, _, _) = asked.url();
        let safe =
            address.scheme() == "https" || (self.settings.local && address.scheme() == "http");
        if !safe {
            tracing::warn!("the provider names an address without TLS for signing in");
            return Err(ErrorCode::ProviderUntrusted);
        }
        Ok(address.into())
    }

    /// What the provider says of the person, proved.
    pub(super) async fn claims(&self, came: Came) -> Result<Value, Refusal> {
        let issuer = &self.settings.issuer;
        let metadata = self.known.kept(&self.fetch, issuer).await?;
        // An answer that names somebody else, or nobody where it should, came from another provider (RFC 9207).
        match &came.iss {
            Some(named) if named != issuer.as_str() => {
                return refused(
                    ErrorCode::ProviderUntrusted,
                    "the answer is of another issuer",
                );
            }
            None if metadata
                .additional_metadata()
                .authorization_response_iss_parameter_supported =>
            {
                return refused(ErrorCode::ProviderUntrusted, "the answer names no issuer");
            }
            _ => {}
        }
        if let Some(error) = &came.error {
            return refused_there(error);
        }
        let Some(code) = came.code.filter(|code| code.len() <= super::CODE_MAX_BYTES) else {
            return refused(
                ErrorCode::SignInLost,
                "neither a code nor an error came back",
            );
        };
        let client = self.client(&metadata, came.redirect)?;
        let tokens = client
            .exchange_code(AuthorizationCode::new(code))
            .set_pkce_verifier(came.verifier)
            .request_async(&self.fetch)
            .await
            .or_else(|error| not_exchanged(&error))?;
        let Some(id_token) = tokens.id_token() else {
            return refused(ErrorCode::ProviderUntrusted, "there is no ID token");
        };
        let nonce = Nonce::new(came.nonce);
        let verify = |metadata: &Metadata| {
            id_token
                .claims(&self.verifier(metadata, came.now_ms), &nonce)
                .cloned()
        };
        let claims = match verify(&metadata) {
            // The keys may have changed since they were read.
            Err(error) if is_unknown_key(&error) => verify(
                &*self
                    .known
                    .newer_than(&metadata, &self.fetch, issuer)
                    .await?,
            ),
            known => known,
        };
        let claims: Claims = claims.or_else(|error| not_verified(&error))?;
        made_now(&claims, came.now_ms)?;
        let said = said(&claims)?;
        if self.says_enough(&said) {
            return Ok(said);
        }
        // Some put little into the token and tell the rest when they are asked with it.
        match self
            .ask_more(&client, &tokens, claims.subject().clone())
            .await?
        {
            Some(more) => Ok(joined(said, more)),
            None => Ok(said),
        }
    }

    fn client(&self, metadata: &Metadata, redirect: String) -> Result<OurClient, ErrorCode> {
        let settings = &self.settings;
        let Some(token_url) = metadata.token_endpoint().cloned() else {
            tracing::warn!("the provider names no address for tokens");
            return Err(ErrorCode::ProviderUntrusted);
        };
        let secret = settings.client_secret.as_ref();
        let secret = secret.map(|secret| ClientSecret::new(secret.expose_secret().to_owned()));
        let posts = metadata
            .token_endpoint_auth_methods_supported()
            .is_some_and(|ways| {
                ways.contains(&CoreClientAuthMethod::ClientSecretPost)
                    && !ways.contains(&CoreClientAuthMethod::ClientSecretBasic)
            });
        let redirect = RedirectUrl::new(redirect).map_err(|_| ErrorCode::Internal)?;
        let id = ClientId::new(settings.client_id.clone());
        let client = Client::from_provider_metadata(metadata.clone(), id, secret);
        Ok(client
            .set_token_uri(token_url)
            .set_redirect_uri(redirect)
            .set_auth_type(if posts {
                AuthType::RequestBody
            } else {
                AuthType::BasicAuth
            }))
    }

    fn verifier<'v>(
        &self,
        metadata: &Metadata,
        now_ms: Millis,
    ) -> IdTokenVerifier<'v, CoreJsonWebKey> {
        // What has just ended by our clock may not have ended by theirs.
        let now = time(now_ms.saturating_sub(CLOCKS_DIFFER_MS));
        IdTokenVerifier::new_public_client(
            ClientId::new(self.settings.client_id.clone()),
            self.settings.issuer.clone(),
            metadata.jwks().clone(),
        )
        .set_allowed_algs(ALGORITHMS)
        .set_time_fn(move || now)
    }

    fn says_enough(&self, said: &Value) -> bool {
        let settings = &self.settings;
        let has = |claim: &str| super::person::find(said, claim).is_some();
        has(&settings.person_claim) && has(&settings.roles_claim)
    }

    async fn ask_more(
        &self,
        client: &OurClient,
        tokens: &Tokens,
        subject: SubjectIdentifier,
    ) -> Result<Option<Value>, Refusal> {
        // The subject is compared: what is said of somebody else is refused.
        let Ok(asked) = client.user_info(tokens.access_token().clone(), Some(subject)) else {
            return Ok(None);
        };
        let told: Result<Told, _> = asked.request_async(&self.fetch).await;
        match told {
            Ok(told) => Ok(serde_json::to_value(&told).ok()),
            Err(error) => refused(
                ErrorCode::ProviderUnavailable,
                format!("the provider does not say more: {}", told_of(&error)),
            ),
        }
    }
}

/// The ID token must have been made in this minute, by both clocks: else one of them is wrong, and nothing that ends can be trusted.
fn made_now(claims: &Claims, now_ms: Millis) -> Result<(), Refusal> {
    let made_ms = u64::try_from(claims.issue_time().timestamp_millis()).unwrap_or(0);
    if made_ms.abs_diff(now_ms) <= CLOCKS_DIFFER_MS {
        return Ok(());
    }
    let apart_s = made_ms.abs_diff(now_ms) / 1_000;
    let which = if made_ms > now_ms { "ahead" } else { "behind" };
    refused(
        ErrorCode::ClockDiffers,
        format!("the provider's clock is {apart_s} s {which}"),
    )
}

/// The standard's words for what a provider did not do (RFC 6749, section 4.1.2.1).
fn refused_there<T>(error: &str) -> Result<T, Refusal> {
    let known = [
        "access_denied",
        "login_required",
        "interaction_required",
        "consent_required",
        "account_selection_required",
        "invalid_request",
        "unauthorized_client",
        "invalid_scope",
        "unsupported_response_type",
    ];
    match error {
        "temporarily_unavailable" | "server_error" => refused(
            ErrorCode::ProviderUnavailable,
            format!("the provider answered {error}"),
        ),
        // Anybody can write a word into a link: only those of the standard are written down.
        error if known.contains(&error) => refused(
            ErrorCode::ProviderRefused,
            format!("the provider answered {error}"),
        ),
        _ => refused(ErrorCode::ProviderRefused, "the provider answered an error"),
    }
}

type NotExchanged =
    RequestTokenError<super::fetch::FetchError, StandardErrorResponse<CoreErrorResponseType>>;

fn not_exchanged<T>(error: &NotExchanged) -> Result<T, Refusal> {
    match error {
        RequestTokenError::ServerResponse(answer) => {
            let word: &str = answer.error().as_ref();
            if word == "invalid_grant" {
                // Used, too old, or of another sign-in.
                return refused(ErrorCode::SignInLost, "the provider does not take the code");
            }
            refused(
                ErrorCode::ProviderRefused,
                format!(
                    "the provider does not take client_id and client_secret, or the request: {word}"
                ),
            )
        }
        RequestTokenError::Request(error) => refused(
            ErrorCode::ProviderUnavailable,
            format!("the code cannot be exchanged: {}", told(error)),
        ),
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => refused(
            ErrorCode::ProviderUntrusted,
            "the provider's answer to the code cannot be read",
        ),
    }
}

fn is_unknown_key(error: &ClaimsVerificationError) -> bool {
    use SignatureVerificationError::{AmbiguousKeyId, CryptoError, NoMatchingKey};
    // A key that was replaced under the same name looks like a wrong signature.
    matches!(
        error,
        ClaimsVerificationError::SignatureVerification(
            NoMatchingKey | AmbiguousKeyId(_) | CryptoError(_)
        )
    )
}

fn not_verified<T>(error: &ClaimsVerificationError) -> Result<T, Refusal> {
    // The words of the library may quote a claim, so they are not told.
    let why = match error {
        ClaimsVerificationError::Expired(_) => {
            return refused(
                ErrorCode::ClockDiffers,
                "the ID token has ended already, so the clocks differ",
            );
        }
        ClaimsVerificationError::InvalidAudience(_) => "is for somebody else",
        ClaimsVerificationError::InvalidIssuer(_) => "is of another issuer",
        ClaimsVerificationError::InvalidNonce(_) => "belongs to another sign-in",
        ClaimsVerificationError::SignatureVerification(fault) => match fault {
            SignatureVerificationError::DisallowedAlg(_) => {
                "is signed by an algorithm that is not taken"
            }
            SignatureVerificationError::NoSignature => "is not signed",
            SignatureVerificationError::NoMatchingKey => {
                "is signed by a key that the provider does not publish"
            }
            _ => "has a wrong signature",
        },
        _ => "cannot be verified",
    };
    refused(ErrorCode::ProviderUntrusted, format!("the ID token {why}"))
}

fn said(claims: &Claims) -> Result<Value, Refusal> {
    serde_json::to_value(claims).or_else(|_| refused(ErrorCode::Internal, "claims have no form"))
}

/// Both; what the token says counts, because it is signed.
fn joined(said: Value, more: Value) -> Value {
    match (said, more) {
        (Value::Object(said), Value::Object(mut all)) => {
            all.extend(said);
            Value::Object(all)
        }
        (said, _) => said,
    }
}

fn time(at_ms: Millis) -> DateTime<Utc> {
    let at_ms = i64::try_from(at_ms).unwrap_or(i64::MAX);
    DateTime::from_timestamp_millis(at_ms).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// What an error of the library says, with what is behind it. Its kinds that hold an answer's body print a summary only.
pub(super) fn told(error: &(dyn std::error::Error + 'static)) -> String {
    let mut told = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        told = format!("{told}: {cause}");
        next = cause.source();
    }
    told
}

fn told_of<E: std::error::Error + 'static>(error: &E) -> String {
    told(error)
}
