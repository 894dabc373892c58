//! Tokens: short signed words that say who somebody is.
//!
//! Owns: the signing key and the kinds of token (staff, upload, responder, and a [`Trip`] to a provider). Must not: ask accounts. Called by:
//! `transport`, `http`.
//!
//! HS256 with a key of 32 random bytes that never leaves the nodes; the algorithm, issuer and audience are pinned, so a token
//! of one kind is none of the other, and `none` or another algorithm is never accepted.

use std::io::Write as _;
use std::path::Path;

use callbox_proto::error::ErrorCode;
use callbox_proto::ids::{AgencyId, CommandId, ResidentId, SessionId, StaffId};
use callbox_proto::vocabulary::{Millis, Role};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Serialize};

use super::{ResponderPass, SignedInBy, StaffIdentity};

const ISSUER: &str = "callbox";
const STAFF: &str = "callbox-staff";
const UPLOAD: &str = "callbox-upload";
const RESPONDER: &str = "callbox-responder";
const TRIP: &str = "callbox-trip";
const KEY_BYTES: usize = 32;
/// A longer text is no token of ours.
const TOKEN_MAX_BYTES: usize = 2_048;
/// Clocks of two nodes may differ by this much.
const LEEWAY_S: u64 = 5;

/// Why the key could not be had.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The file does not hold 32 bytes.
    #[error("{path}: an identity key is 32 bytes, this file holds {bytes}")]
    NotAKey {
        /// Which file.
        path: String,
        /// What it holds.
        bytes: usize,
    },
    /// The system gives no random bytes.
    #[error("the system gives no random bytes")]
    NoRandom,
}

/// Makes and checks tokens.
pub struct Tokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    ticket_key: [u8; KEY_BYTES],
    trip_key: hmac::Key,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens")
    }
}

#[derive(Serialize, Deserialize)]
struct StaffClaims {
    iss: String,
    aud: String,
    exp: u64,
    iat: u64,
    sub: StaffId,
    agency: AgencyId,
    role: Role,
    name: String,
    /// When the person signed in at the agency's provider, in s; without it they did so by passphrase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    provider_s: Option<u64>,
}

#[derive(Serialize, Deserialize)]
struct TripClaims {
    iss: String,
    aud: String,
    exp: u64,
    iat: u64,
    #[serde(flatten)]
    trip: Trip,
}

/// A sign-in that is under way at a provider. It travels with the browser as the `state` of OpenID Connect, so that any node can
/// go on with it; nothing in it is secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trip {
    /// Its own id: everything secret about it follows from it and our key.
    pub jti: String,
    /// Whose people sign in.
    pub agency: AgencyId,
    /// The origin that the browser is at, to which the provider sends it back.
    pub origin: String,
    /// The page that began, as path and query.
    pub back: String,
    /// SHA-256 of what only the page that began knows, in base64url.
    pub proof: String,
}

#[derive(Serialize, Deserialize)]
struct UploadClaims {
    iss: String,
    aud: String,
    exp: u64,
    iat: u64,
    sub: ResidentId,
}

#[derive(Serialize, Deserialize)]
struct ResponderClaims {
    iss: String,
    aud: String,
    exp: u64,
    iat: u64,
    sub: CommandId,
    agency: AgencyId,
    session: SessionId,
}

/// A token with its end.
#[derive(Debug, Clone)]
pub struct Issued {
    /// The token.
    pub token: String,
    /// When it ends.
    pub expires_ms: Millis,
}

impl Tokens {
    /// Reads the key file; makes one, readable by its owner only, where there is none.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn open(path: &Path) -> Result<Self, KeyError> {
        let file = |source| KeyError::File {
            path: path.display().to_string(),
            source,
        };
        match std::fs::read(path) {
            Ok(key) if key.len() == KEY_BYTES => Ok(Self::new(&key)),
            Ok(key) => Err(KeyError::NotAKey {
                path: path.display().to_string(),
                bytes: key.len(),
            }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let mut key = [0; KEY_BYTES];
                SystemRandom::new()
                    .fill(&mut key)
                    .map_err(|_| KeyError::NoRandom)?;
                write_private(path, &key).map_err(file)?;
                Ok(Self::new(&key))
            }
            Err(error) => Err(file(error)),
        }
    }

    /// Tokens under a given key.
    #[must_use]
    pub fn new(key: &[u8]) -> Self {
        // A second installation is refused and means that the first one stands.
        let _already = jsonwebtoken::crypto::rust_crypto::DEFAULT_PROVIDER.install_default();
        Self {
            encoding: EncodingKey::from_secret(key),
            decoding: DecodingKey::from_secret(key),
            ticket_key: derive(key, b"tickets of TLS"),
            trip_key: hmac::Key::new(hmac::HMAC_SHA256, &derive(key, b"sign-ins at a provider")),
        }
    }

    /// What the keys of TLS tickets are derived from: the same on every node with the same key file, and of no use to
    /// whoever wants to sign tokens.
    #[must_use]
    pub fn ticket_key(&self) -> &[u8; KEY_BYTES] {
        &self.ticket_key
    }

    /// A token for a person.
    ///
    /// # Errors
    /// [`ErrorCode::Internal`] if signing fails, which it does not with our key.
    pub fn staff(
        &self,
        who: &StaffIdentity,
        now_ms: Millis,
        life_ms: u64,
    ) -> Result<Issued, ErrorCode> {
        let (iat, exp) = span(now_ms, life_ms);
        self.sign(
            &StaffClaims {
                iss: ISSUER.to_owned(),
                aud: STAFF.to_owned(),
                exp,
                iat,
                sub: who.staff.clone(),
                agency: who.agency.clone(),
                role: who.role,
                name: who.name.clone(),
                provider_s: who.by.provider_s(),
            },
            exp,
        )
    }

    /// A trip to a provider, signed.
    ///
    /// # Errors
    /// As [`Self::staff`].
    pub fn trip(&self, trip: Trip, now_ms: Millis, life_ms: u64) -> Result<String, ErrorCode> {
        let (iat, exp) = span(now_ms, life_ms);
        let claims = TripClaims {
            iss: ISSUER.to_owned(),
            aud: TRIP.to_owned(),
            exp,
            iat,
            trip,
        };
        self.sign(&claims, exp).map(|issued| issued.token)
    }

    /// The trip behind a signed one.
    ///
    /// # Errors
    /// [`ErrorCode::SignInLate`] when it took too long, else [`ErrorCode::SignInLost`].
    pub fn check_trip(&self, token: &str) -> Result<Trip, ErrorCode> {
        match self.check::<TripClaims>(token, TRIP) {
            Ok(claims) => Ok(claims.trip),
            Err(ErrorCode::TokenExpired) => Err(ErrorCode::SignInLate),
            Err(_) => Err(ErrorCode::SignInLost),
        }
    }

    /// The same, however long it took: for where it leads back to, which is signed too.
    #[must_use]
    pub fn trip_however_late(&self, token: &str) -> Option<Trip> {
        let mut validation = validation(TRIP);
        validation.validate_exp = false;
        let trip = self.read::<TripClaims>(token, &validation).ok()?;
        Some(trip.trip)
    }

    /// What only nodes with our key know of a trip, the same on each of them.
    #[must_use]
    pub fn secret_of(&self, trip: &Trip, purpose: &str) -> [u8; KEY_BYTES] {
        let said = format!("{purpose} {} {}", trip.jti, trip.proof);
        let tag = hmac::sign(&self.trip_key, said.as_bytes());
        let mut secret = [0; KEY_BYTES];
        secret.copy_from_slice(tag.as_ref());
        secret
    }

    /// A token for a resident's uploads.
    ///
    /// # Errors
    /// As [`Self::staff`].
    pub fn upload(
        &self,
        resident: ResidentId,
        now_ms: Millis,
        life_ms: u64,
    ) -> Result<Issued, ErrorCode> {
        let (iat, exp) = span(now_ms, life_ms);
        self.sign(
            &UploadClaims {
                iss: ISSUER.to_owned(),
                aud: UPLOAD.to_owned(),
                exp,
                iat,
                sub: resident,
            },
            exp,
        )
    }

    /// A token for somebody who opened a link for responders. It ends with the link; whether the link still counts is asked each time.
    ///
    /// # Errors
    /// As [`Self::staff`].
    pub fn responder(
        &self,
        pass: &ResponderPass,
        now_ms: Millis,
        ends_ms: Millis,
    ) -> Result<Issued, ErrorCode> {
        // The whole second in which the link ends is still in: the log says to the millisecond.
        let exp = ends_ms.div_ceil(1_000);
        self.sign(
            &ResponderClaims {
                iss: ISSUER.to_owned(),
                aud: RESPONDER.to_owned(),
                exp,
                iat: now_ms / 1_000,
                sub: pass.link,
                agency: pass.agency.clone(),
                session: pass.session,
            },
            exp,
        )
    }

    /// The link behind a responder's token.
    ///
    /// # Errors
    /// [`ErrorCode::LinkExpired`] for one whose link has ended, else [`ErrorCode::TokenInvalid`].
    pub fn check_responder(&self, token: &str) -> Result<ResponderPass, ErrorCode> {
        let claims: ResponderClaims = self.check(token, RESPONDER).map_err(|code| match code {
            ErrorCode::TokenExpired => ErrorCode::LinkExpired,
            code => code,
        })?;
        Ok(ResponderPass {
            agency: claims.agency,
            session: claims.session,
            link: claims.sub,
        })
    }

    /// The person behind a token.
    ///
    /// # Errors
    /// [`ErrorCode::TokenExpired`], else [`ErrorCode::TokenInvalid`].
    pub fn check_staff(&self, token: &str) -> Result<StaffIdentity, ErrorCode> {
        self.check_staff_until(token).map(|(who, _)| who)
    }

    /// The person behind a token, and from when on it counts no more: its end and the leeway between clocks.
    ///
    /// # Errors
    /// As [`Self::check_staff`].
    pub fn check_staff_until(&self, token: &str) -> Result<(StaffIdentity, Millis), ErrorCode> {
        let claims: StaffClaims = self.check(token, STAFF)?;
        if matches!(claims.role, Role::Resident | Role::Responder) {
            return Err(ErrorCode::TokenInvalid);
        }
        let until_s = claims.exp.saturating_add(LEEWAY_S);
        let who = StaffIdentity {
            agency: claims.agency,
            staff: claims.sub,
            name: claims.name,
            role: claims.role,
            by: claims
                .provider_s
                .map_or(SignedInBy::Passphrase, |at_s| SignedInBy::Provider { at_s }),
        };
        Ok((who, until_s.saturating_mul(1_000)))
    }

    /// The resident behind an upload token.
    ///
    /// # Errors
    /// As [`Self::check_staff`].
    pub fn check_upload(&self, token: &str) -> Result<ResidentId, ErrorCode> {
        self.check::<UploadClaims>(token, UPLOAD)
            .map(|claims| claims.sub)
    }

    fn sign<T: Serialize>(&self, claims: &T, exp: u64) -> Result<Issued, ErrorCode> {
        let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &self.encoding)
            .map_err(|_| ErrorCode::Internal)?;
        Ok(Issued {
            token,
            expires_ms: exp.saturating_mul(1_000),
        })
    }

    fn check<T: serde::de::DeserializeOwned>(
        &self,
        token: &str,
        audience: &str,
    ) -> Result<T, ErrorCode> {
        self.read(token, &validation(audience))
    }

    fn read<T: serde::de::DeserializeOwned>(
        &self,
        token: &str,
        validation: &Validation,
    ) -> Result<T, ErrorCode> {
        if token.len() > TOKEN_MAX_BYTES {
            return Err(ErrorCode::TokenInvalid);
        }
        match jsonwebtoken::decode::<T>(token, &self.decoding, validation) {
            Ok(data) => Ok(data.claims),
            Err(error) => match error.kind() {
                jsonwebtoken::errors::ErrorKind::ExpiredSignature => Err(ErrorCode::TokenExpired),
                _ => Err(ErrorCode::TokenInvalid),
            },
        }
    }
}

/// What every token of ours must be: our algorithm and no other, our issuer, this audience, with an end.
fn validation(audience: &str) -> Validation {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_audience(&[audience]);
    validation.set_issuer(&[ISSUER]);
    validation.set_required_spec_claims(&["exp", "iss", "aud"]);
    validation.leeway = LEEWAY_S;
    validation
}

const fn span(now_ms: Millis, life_ms: u64) -> (u64, u64) {
    (now_ms / 1_000, now_ms.saturating_add(life_ms) / 1_000)
}

/// Another key for another purpose; no token's text is a label.
fn derive(key: &[u8], label: &[u8]) -> [u8; KEY_BYTES] {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), label);
    let mut derived = [0; KEY_BYTES];
    derived.copy_from_slice(tag.as_ref());
    derived
}

fn write_private(path: &Path, key: &[u8]) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = std::fs::OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(key)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now_ms() -> u64 {
        use crate::clock::Clock as _;
        crate::clock::SystemClock::new().now_ms()
    }

    fn tina() -> StaffIdentity {
        StaffIdentity {
            agency: "demo.example".parse().unwrap(),
            staff: "tina".parse().unwrap(),
            name: "Tina".to_owned(),
            role: Role::Telecommunicator,
            by: SignedInBy::Passphrase,
        }
    }

    fn trip() -> Trip {
        Trip {
            jti: "a".repeat(32),
            agency: "demo.example".parse().unwrap(),
            origin: "https://report.example".to_owned(),
            back: "/console/".to_owned(),
            proof: "b".repeat(43),
        }
    }

    #[test]
    fn a_trip_is_good_for_its_time_and_leads_back_however_late() {
        let tokens = Tokens::new(&[7; 32]);
        let good = tokens.trip(trip(), now_ms(), 60_000).unwrap();
        assert_eq!(tokens.check_trip(&good), Ok(trip()));
        let late = tokens.trip(trip(), now_ms() - 120_000, 60_000).unwrap();
        assert_eq!(tokens.check_trip(&late), Err(ErrorCode::SignInLate));
        assert_eq!(tokens.trip_however_late(&late), Some(trip()));
        let staff = tokens.staff(&tina(), now_ms(), 60_000).unwrap().token;
        let foreign = Tokens::new(&[8; 32]).trip(trip(), now_ms(), 60_000);
        for forged in [staff, foreign.unwrap(), format!("{good}x"), String::new()] {
            assert_eq!(tokens.check_trip(&forged), Err(ErrorCode::SignInLost));
            assert_eq!(tokens.trip_however_late(&forged), None);
        }
        assert_eq!(tokens.check_staff(&good), Err(ErrorCode::TokenInvalid));
    }

    #[test]
    fn what_is_secret_of_a_trip_is_known_to_every_node_with_the_key_and_to_no_other() {
        let of = |key: u8, trip: &Trip, purpose| Tokens::new(&[key; 32]).secret_of(trip, purpose);
        let secret = of(7, &trip(), "a");
        assert_eq!(secret, of(7, &trip(), "a"));
        assert_ne!(secret, of(8, &trip(), "a"));
        assert_ne!(secret, of(7, &trip(), "b"));
        let other = Trip {
            proof: "c".repeat(43),
            ..trip()
        };
        assert_ne!(secret, of(7, &other, "a"));
    }

    #[test]
    fn a_token_says_who_it_was_made_for_until_it_ends() {
        let tokens = Tokens::new(&[7; 32]);
        let good = tokens.staff(&tina(), now_ms(), 60_000).unwrap();
        assert_eq!(tokens.check_staff(&good.token), Ok(tina()));
        let old = tokens.staff(&tina(), now_ms() - 120_000, 60_000).unwrap();
        assert_eq!(tokens.check_staff(&old.token), Err(ErrorCode::TokenExpired));
    }

    #[test]
    fn a_token_of_another_kind_key_or_making_is_none() {
        let tokens = Tokens::new(&[7; 32]);
        let invalid = Err(ErrorCode::TokenInvalid);
        let resident = ResidentId::from_u128(9).unwrap();
        let upload = tokens.upload(resident, now_ms(), 60_000).unwrap();
        assert_eq!(tokens.check_upload(&upload.token), Ok(resident));
        assert_eq!(tokens.check_staff(&upload.token), invalid);
        let pass = ResponderPass {
            agency: tina().agency,
            session: SessionId::from_u128(5).unwrap(),
            link: CommandId::from_u128(6).unwrap(),
        };
        let now = now_ms();
        let link = tokens.responder(&pass, now, now + 60_000).unwrap().token;
        assert_eq!(tokens.check_responder(&link), Ok(pass.clone()));
        assert_eq!(tokens.check_staff(&link), invalid);
        assert_eq!(
            tokens.check_upload(&link),
            Err(ErrorCode::TokenInvalid),
            "a responder uploads nothing"
        );
        assert_eq!(
            tokens.check_responder(&upload.token),
            Err(ErrorCode::TokenInvalid)
        );
        let over = tokens.responder(&pass, now - 120_000, now - 60_000);
        assert_eq!(
            tokens.check_responder(&over.unwrap().token),
            Err(ErrorCode::LinkExpired)
        );
        let other = Tokens::new(&[8; 32])
            .staff(&tina(), now_ms(), 60_000)
            .unwrap();
        assert_eq!(tokens.check_staff(&other.token), invalid);
        let good = tokens.staff(&tina(), now_ms(), 60_000).unwrap().token;
        let (_, rest) = good.split_once('.').unwrap();
        // {"alg":"none","typ":"JWT"} in place of the header.
        let none = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{rest}");
        let unsigned = none.rsplit_once('.').unwrap().0.to_owned() + ".";
        for forged in [none.as_str(), &unsigned, "", "a.b.c", &"x".repeat(5_000)] {
            assert_eq!(tokens.check_staff(forged), invalid);
        }
    }

    #[test]
    fn the_key_is_made_once_and_only_its_owner_reads_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("identity.key");
        let made = Tokens::open(&path).unwrap();
        let token = made.staff(&tina(), now_ms(), 60_000).unwrap().token;
        assert!(Tokens::open(&path).unwrap().check_staff(&token).is_ok());
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::write(&path, b"short").unwrap();
        assert!(matches!(
            Tokens::open(&path),
            Err(KeyError::NotAKey { bytes: 5, .. })
        ));
    }
}
