//! Signing in at an agency's provider: OpenID Connect, authorization code with PKCE.
//!
//! Owns: the way there and back, and what is checked on it. Must not: keep anything of a sign-in under way (it travels signed, so
//! that any node can go on with it), print a code, token or claim, or speak to anybody but the configured provider. Called by: `http`.
//!
//! The page that begins keeps a secret and sends its hash ([`Providers::begin`]). The hash, the agency and the page are signed into
//! `state`; the PKCE verifier and the nonce follow from that state and our key, so that they are nobody else's and need no memory. The
//! provider sends the browser to the agency's own address ([`Providers::way_back`]), which leads on to the page, which shows its secret
//! ([`Providers::end`]): a sign-in that another browser began is worth nothing here. `docs/decisions/0015-sign-in-by-openid-connect.md`.

mod exchange;
mod fetch;
mod known;
mod person;
mod places;

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use callbox_proto::error::ErrorCode;
use callbox_proto::http::ProviderReturn;
use callbox_proto::ids::AgencyId;
use callbox_proto::vocabulary::Role;
use openidconnect::url::form_urlencoded;
use openidconnect::{IssuerUrl, PkceCodeVerifier};
use ring::rand::{SecureRandom as _, SystemRandom};
use secrecy::SecretString;
use sha2::{Digest as _, Sha256};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::tokens::{Tokens, Trip};
use super::{SignedInBy, StaffIdentity};
use crate::clock::Clock;
use crate::config::{SignIn, WebOrigin};
use crate::node::lock;
use exchange::Came;
use fetch::Fetch;
pub use fetch::FetchError;
use known::Known;
pub use places::is_staff_page;

/// How long a person may take at the provider, in ms: a second factor that has to be fetched from another room fits.
const TRIP_MS: u64 = 600_000;
/// Sign-ins that ask one provider at the same moment. A shift that changes is through in seconds; a flood waits here and not there.
const ASKING_AT_ONCE: usize = 8;
/// How long a sign-in waits for its turn among those.
const WAIT_FOR_TURN: Duration = Duration::from_secs(5);
/// Trips that ended here and are remembered, so that none ends twice. The provider takes a code once, too, on whatever node.
const ENDED_MAX: usize = 4_096;
/// Longest code, in bytes: those with everything inside have some 2,000.
const CODE_MAX_BYTES: usize = 4_096;
/// Longest of the other words that come back, in bytes.
const WORD_MAX_BYTES: usize = 2_048;
/// A SHA-256 in base64url.
const PROOF_CHARS: usize = 43;

/// What is configured of one provider, with its secrets read.
pub struct Settings {
    /// The provider's address as it calls itself.
    pub issuer: IssuerUrl,
    /// Our name there.
    pub client_id: String,
    /// Our secret there, where one is wanted.
    pub client_secret: Option<SecretString>,
    /// Words of the button.
    pub words: String,
    /// The claim that names the person.
    pub person_claim: String,
    /// What stands behind the `@` of every name.
    pub person_domain: Option<String>,
    /// The claim with roles.
    pub roles_claim: String,
    /// Which value is which role; the first that fits counts.
    pub roles: Vec<(String, Role)>,
    /// What is asked for.
    pub scopes: Vec<String>,
    /// How long a sign-in counts, in ms.
    pub lasts_ms: u64,
    /// Whether it runs on this machine, without TLS.
    pub local: bool,
    /// The authority of its certificate, as PEM; the system's where left out.
    pub ca_pem: Option<Vec<u8>>,
}

/// One agency's provider.
pub struct Provider {
    settings: Settings,
    fetch: Fetch,
    known: Known,
    asking: Semaphore,
}

impl Provider {
    /// Prepares to ask it; nothing is asked before somebody signs in.
    ///
    /// # Errors
    /// [`FetchError::Client`] when the authority's file holds no certificate.
    pub fn new(settings: Settings, clock: Arc<dyn Clock>) -> Result<Self, FetchError> {
        let fetch = Fetch::new(settings.local, settings.ca_pem.as_deref())?;
        Ok(Self {
            settings,
            fetch,
            known: Known::new(clock),
            asking: Semaphore::new(ASKING_AT_ONCE),
        })
    }

    async fn turn(&self) -> Result<SemaphorePermit<'_>, ErrorCode> {
        match tokio::time::timeout(WAIT_FOR_TURN, self.asking.acquire()).await {
            Ok(turn) => turn.map_err(|_| ErrorCode::GoingDown),
            Err(_) => Err(ErrorCode::SignInSlowed),
        }
    }

    /// Words of the button.
    #[must_use]
    pub fn words(&self) -> &str {
        &self.settings.words
    }

    /// How long a sign-in counts, in ms.
    #[must_use]
    pub fn lasts_ms(&self) -> u64 {
        self.settings.lasts_ms
    }
}

/// What a page asks for when it begins.
pub struct Begin {
    /// Whose people.
    pub agency: AgencyId,
    /// Where the browser is.
    pub origin: WebOrigin,
    /// The page, as path and query.
    pub back: String,
    /// SHA-256 of its secret, in base64url.
    pub proof: String,
    /// Whether the provider shall ask who is there even if it knows: somebody has signed out here.
    pub afresh: bool,
}

/// Every agency's provider.
pub struct Providers {
    by_agency: HashMap<AgencyId, Provider>,
    tokens: Arc<Tokens>,
    clock: Arc<dyn Clock>,
    ended: Mutex<VecDeque<String>>,
}

impl Providers {
    /// Those that are configured.
    #[must_use]
    pub fn new(
        by_agency: HashMap<AgencyId, Provider>,
        tokens: Arc<Tokens>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            by_agency,
            tokens,
            clock,
            ended: Mutex::default(),
        }
    }

    /// An agency's provider.
    #[must_use]
    pub fn of(&self, agency: &AgencyId) -> Option<&Provider> {
        self.by_agency.get(agency)
    }

    /// Where the browser has to go.
    ///
    /// # Errors
    /// [`ErrorCode::NoProvider`], [`ErrorCode::ProviderUnavailable`], or [`ErrorCode::MalformedMessage`] for a page that is none of
    /// ours.
    pub async fn begin(&self, asked: Begin) -> Result<String, ErrorCode> {
        let provider = self.of(&asked.agency).ok_or(ErrorCode::NoProvider)?;
        let proved = asked.proof.len() == PROOF_CHARS
            && URL_SAFE_NO_PAD
                .decode(&asked.proof)
                .is_ok_and(|hash| hash.len() == 32);
        if !proved || !is_staff_page(&asked.back, &asked.agency) {
            return Err(ErrorCode::MalformedMessage);
        }
        let metadata = provider
            .known
            .lately(&provider.fetch, &provider.settings.issuer)
            .await?;
        let trip = Trip {
            jti: fresh_id()?,
            agency: asked.agency,
            origin: asked.origin.to_string(),
            back: asked.back,
            proof: asked.proof,
        };
        let (verifier, nonce) = self.secrets_of(&trip);
        let redirect = redirect_of(&trip);
        let state = self.tokens.trip(trip, self.clock.now_ms(), TRIP_MS)?;
        provider.address(&metadata, state, &nonce, &verifier, redirect, asked.afresh)
    }

    /// The page that a browser goes on to with what the provider sent, which stands behind the `#`: no server is told of it, and no log.
    #[must_use]
    pub fn way_back(&self, agency: &AgencyId, came: &ProviderReturn) -> String {
        let trip = self.tokens.trip_however_late(&came.state);
        let trip = trip.filter(|trip| trip.agency == *agency);
        let back = trip.map_or_else(|| format!("/a/{agency}/console/"), |trip| trip.back);
        let mut said = form_urlencoded::Serializer::new(String::new());
        said.append_pair("provider", "");
        let words = [
            ("state", Some(&came.state), WORD_MAX_BYTES),
            ("code", came.code.as_ref(), CODE_MAX_BYTES),
            ("iss", came.iss.as_ref(), WORD_MAX_BYTES),
            ("error", came.error.as_ref(), WORD_MAX_BYTES),
        ];
        for (name, word, most) in words {
            if let Some(word) = word.filter(|word| word.len() <= most) {
                said.append_pair(name, word);
            }
        }
        format!("{back}#{}", said.finish())
    }

    /// Who came back, by the page's secret and what the provider sent with the browser.
    ///
    /// # Errors
    /// One of [`ErrorCode::SignInLate`], [`ErrorCode::SignInLost`], [`ErrorCode::ProviderRefused`],
    /// [`ErrorCode::ProviderUntrusted`], [`ErrorCode::ProviderUnavailable`], [`ErrorCode::ClockDiffers`], [`ErrorCode::NoRole`],
    /// [`ErrorCode::NoStaffName`], [`ErrorCode::NoProvider`].
    pub async fn end(
        &self,
        secret: &str,
        came: ProviderReturn,
    ) -> Result<StaffIdentity, ErrorCode> {
        let outcome = self.who(secret, came).await;
        let result = match &outcome {
            Ok(_) => "signed_in".to_owned(),
            Err(code) => code.word(),
        };
        metrics::counter!("callbox_provider_sign_ins_total", "result" => result).increment(1);
        outcome
    }

    async fn who(&self, secret: &str, came: ProviderReturn) -> Result<StaffIdentity, ErrorCode> {
        let trip = self.tokens.check_trip(&came.state)?;
        // Only the page that began has the secret: a code that somebody else put into a link signs nobody in here.
        let proof = URL_SAFE_NO_PAD.encode(Sha256::digest(secret.as_bytes()));
        if proof != trip.proof || !self.ends_now(&trip.jti) {
            return Err(ErrorCode::SignInLost);
        }
        let provider = self.of(&trip.agency).ok_or(ErrorCode::NoProvider)?;
        let _turn = provider.turn().await?;
        let (verifier, nonce) = self.secrets_of(&trip);
        let came = Came {
            code: came.code,
            iss: came.iss,
            error: came.error,
            nonce,
            verifier,
            redirect: redirect_of(&trip),
            now_ms: self.clock.now_ms(),
        };
        let claims = provider.claims(came).await.inspect_err(|refusal| {
            let (agency, why) = (&trip.agency, &refusal.why);
            tracing::warn!(%agency, %why, "a sign-in at the provider came to nothing");
        });
        let claims = claims.map_err(|refusal| refusal.code)?;
        let (staff, name, role) = person::of(&provider.settings, &claims).inspect_err(|code| {
            let (agency, why) = (&trip.agency, code.sentence());
            tracing::warn!(%agency, %why, "the provider knows somebody who cannot be let in");
        })?;
        let at_s = self.clock.now_ms() / 1_000;
        Ok(StaffIdentity {
            agency: trip.agency,
            staff,
            name,
            role,
            by: SignedInBy::Provider { at_s },
        })
    }

    /// A trip ends once. False for one that has ended here before.
    fn ends_now(&self, jti: &str) -> bool {
        let mut ended = lock(&self.ended);
        if ended.iter().any(|known| known == jti) {
            return false;
        }
        if ended.len() >= ENDED_MAX {
            ended.pop_front();
        }
        ended.push_back(jti.to_owned());
        true
    }

    /// The PKCE verifier and the nonce of a trip, the same on every node.
    fn secrets_of(&self, trip: &Trip) -> (PkceCodeVerifier, String) {
        let of = |purpose| URL_SAFE_NO_PAD.encode(self.tokens.secret_of(trip, purpose));
        (PkceCodeVerifier::new(of("verifier")), of("nonce"))
    }
}

/// Where the provider sends the browser: an address of the agency's own, so that what one agency's provider answers is never taken
/// for another's.
fn redirect_of(trip: &Trip) -> String {
    SignIn::redirect_address(&trip.origin, trip.agency.as_str())
}

fn fresh_id() -> Result<String, ErrorCode> {
    let mut bytes = [0; 16];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| ErrorCode::Internal)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
