//! A sign-in provider that does as a test says: a right answer, or each wrong one that an attacker or a broken machine could give.
//!
//! It speaks the real protocol over a real port, with keys made for the test. The stories sign in at a certified server.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openidconnect::url::{Url, form_urlencoded};
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

pub const CLIENT: &str = "callbox";
pub const SECRET: &str = "a-secret-for-the-test";

/// What the provider does with the next code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Does {
    Right,
    /// Not signed at all.
    AlgorithmNone,
    /// Signed with our shared secret, which the gateway knows.
    ByOurSecret,
    /// Signed with what everybody knows, its public key, as if that were a secret.
    ByItsPublicKey,
    /// Signed by a key that it does not publish, under a name that it does.
    ByAnotherKey,
    ForAnotherClient,
    OfAnotherIssuer,
    OfAnotherSignIn,
    /// Made and ended an hour ago.
    LongAgo,
    /// Made in an hour.
    NotYet,
    WithoutToken,
    /// Far more than anybody needs.
    FarTooLong,
    /// Leads elsewhere instead of answering.
    LeadsElsewhere,
}

struct Key {
    name: String,
    pair: EcdsaKeyPair,
}

impl Key {
    fn new(name: &str) -> Self {
        let (random, algorithm) = (SystemRandom::new(), &ECDSA_P256_SHA256_FIXED_SIGNING);
        let made = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("a key");
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, made.as_ref(), &random).expect("a key");
        let name = name.to_owned();
        Self { name, pair }
    }

    fn public(&self) -> Value {
        let point = self.pair.public_key().as_ref();
        let (x, y) = (&point[1..33], &point[33..65]);
        json!({
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": self.name,
            "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y),
        })
    }
}

/// What a code was given for.
struct Given {
    nonce: String,
    challenge: String,
    redirect: String,
}

struct Inside {
    issuer: String,
    does: Does,
    key: Key,
    claims: Value,
    codes: HashMap<String, Given>,
    asked: u64,
    names_itself: bool,
}

/// A running provider.
#[derive(Clone)]
pub struct Provider(Arc<Mutex<Inside>>);

impl Provider {
    /// Starts one on a port of its own; a person is known there with these claims.
    pub async fn start(claims: Value) -> Self {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.expect("a port");
        let address: SocketAddr = listener.local_addr().expect("an address");
        let provider = Self(Arc::new(Mutex::new(Inside {
            issuer: format!("http://{address}"),
            does: Does::Right,
            key: Key::new("first"),
            claims,
            codes: HashMap::new(),
            asked: 0,
            names_itself: true,
        })));
        let routes = routes(provider.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        provider
    }

    fn inside(&self) -> std::sync::MutexGuard<'_, Inside> {
        self.0.lock().expect("whole")
    }

    /// What the gateway is told of it.
    pub fn settings(&self) -> String {
        let issuer = &self.inside().issuer;
        format!(
            "agency.sign_in.issuer = \"{issuer}\"\nagency.sign_in.client_id = \"{CLIENT}\"\n\
             agency.sign_in.client_secret = \"{SECRET}\"\nagency.sign_in.words = \"County account\"\n\
             agency.sign_in.roles = [{{ value = \"leads\", role = \"supervisor\" }}, {{ value = \"desk\", role = \"telecommunicator\" }}]\n"
        )
    }

    /// How it calls itself.
    pub fn issuer(&self) -> String {
        self.inside().issuer.clone()
    }

    /// What it does from now on.
    pub fn does(&self, does: Does) {
        self.inside().does = does;
    }

    /// Signs with a new key from now on, and publishes only that.
    pub fn changes_its_key(&self) {
        self.inside().key = Key::new("second");
    }

    /// How often the gateway asked for tokens.
    pub fn asked(&self) -> u64 {
        self.inside().asked
    }

    /// A person signs in at the address that the gateway named: what is sent back with the browser.
    pub fn lets_in(&self, address: &str) -> HashMap<String, String> {
        let asked: HashMap<String, String> = Url::parse(address)
            .expect("an address")
            .query_pairs()
            .into_owned()
            .collect();
        let mut inside = self.inside();
        assert!(address.starts_with(&format!("{}/authorize?", inside.issuer)));
        assert_eq!(asked["response_type"], "code");
        assert_eq!(asked["client_id"], CLIENT);
        assert_eq!(asked["code_challenge_method"], "S256");
        let code = format!("code-{}", inside.codes.len());
        let given = Given {
            nonce: asked["nonce"].clone(),
            challenge: asked["code_challenge"].clone(),
            redirect: asked["redirect_uri"].clone(),
        };
        inside.codes.insert(code.clone(), given);
        HashMap::from([
            ("state".to_owned(), asked["state"].clone()),
            ("code".to_owned(), code),
            ("iss".to_owned(), inside.issuer.clone()),
        ])
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "another program's routes, not the gateway's"
)]
fn routes(provider: Provider) -> Router {
    Router::new()
        .route("/.well-known/openid-configuration", get(itself))
        .route("/jwks", get(keys))
        .route("/token", post(token))
        .with_state(provider)
}

async fn itself(State(provider): State<Provider>) -> Json<Value> {
    let inside = provider.inside();
    let issuer = &inside.issuer;
    Json(json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/jwks"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256", "HS256", "none"],
        "authorization_response_iss_parameter_supported": inside.names_itself,
    }))
}

async fn keys(State(provider): State<Provider>) -> Json<Value> {
    Json(json!({ "keys": [provider.inside().key.public()] }))
}

type Answer = (StatusCode, [(&'static str, &'static str); 2], String);

async fn token(State(provider): State<Provider>, body: String) -> Answer {
    let asked: HashMap<String, String> = form_urlencoded::parse(body.as_bytes())
        .into_owned()
        .collect();
    let json = |status, body: Value| {
        let kind = ("content-type", "application/json");
        (status, [kind, ("location", "/jwks")], body.to_string())
    };
    let mut inside = provider.inside();
    inside.asked += 1;
    let no = json(StatusCode::BAD_REQUEST, json!({"error": "invalid_grant"}));
    // A code is good once.
    let Some(given) = inside.codes.remove(&asked["code"]) else {
        return no;
    };
    let proved = URL_SAFE_NO_PAD.encode(Sha256::digest(asked["code_verifier"].as_bytes()));
    if proved != given.challenge || asked["redirect_uri"] != given.redirect {
        return no;
    }
    match inside.does {
        Does::WithoutToken => {
            let body = json!({"access_token": "a", "token_type": "bearer"});
            json(StatusCode::OK, body)
        }
        Does::FarTooLong => json(StatusCode::OK, json!({"padding": "x".repeat(1 << 20)})),
        Does::LeadsElsewhere => json(StatusCode::TEMPORARY_REDIRECT, json!({})),
        _ => {
            let body = json!({"access_token": "a", "token_type": "bearer", "id_token": inside.id_token(&given)});
            json(StatusCode::OK, body)
        }
    }
}

impl Inside {
    fn id_token(&self, given: &Given) -> String {
        let now_s = super::now_ms() / 1_000;
        let made_s = match self.does {
            Does::LongAgo => now_s - 3_600,
            Does::NotYet => now_s + 3_600,
            _ => now_s,
        };
        let mut claims = self.claims.clone();
        claims["iss"] = json!(match self.does {
            Does::OfAnotherIssuer => "http://127.0.0.1:1",
            _ => &self.issuer,
        });
        claims["aud"] = json!(match self.does {
            Does::ForAnotherClient => "somebody-else",
            _ => CLIENT,
        });
        claims["nonce"] = json!(match self.does {
            Does::OfAnotherSignIn => "another",
            _ => &given.nonce,
        });
        claims["sub"] = json!("subject");
        claims["iat"] = json!(made_s);
        claims["exp"] = json!(made_s + 300);
        let algorithm = match self.does {
            Does::AlgorithmNone => "none",
            Does::ByOurSecret | Does::ByItsPublicKey => "HS256",
            _ => "ES256",
        };
        let header = json!({"alg": algorithm, "typ": "JWT", "kid": self.key.name});
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let said = format!("{}.{}", part(&header), part(&claims));
        let by_secret = |secret: &[u8]| {
            let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
            hmac::sign(&key, said.as_bytes()).as_ref().to_vec()
        };
        let by = |key: &Key| {
            let signed = key.pair.sign(&SystemRandom::new(), said.as_bytes());
            signed.expect("signed").as_ref().to_vec()
        };
        let signature = match self.does {
            Does::AlgorithmNone => Vec::new(),
            Does::ByOurSecret => by_secret(SECRET.as_bytes()),
            Does::ByItsPublicKey => by_secret(self.key.pair.public_key().as_ref()),
            Does::ByAnotherKey => by(&Key::new("other")),
            _ => by(&self.key),
        };
        format!("{said}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}
