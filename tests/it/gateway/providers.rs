//! Signing in at an agency's provider: who is let in, and every answer that lets nobody in. The pages' side is in the stories, against a
//! certified provider.

mod provider;

use std::collections::HashMap;
use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use callbox::auth::tokens::{Tokens, Trip};
use callbox::auth::{SignedInBy, StaffIdentity};
use callbox_proto::codec::Encoding;
use callbox_proto::command::StaffCommand;
use callbox_proto::error::ErrorCode;
use callbox_proto::vocabulary::{Role, TransferTarget};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::harness::{Console, Gateway, SignedIn, soon};
use provider::{Does, Provider};

const AGENCY: &str = "demo.example";
const PAGE_SECRET: &str = "what only the page knows";

pub(super) fn now_ms() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    u64::try_from(since.expect("after 1970").as_millis()).expect("not yet")
}

fn nora() -> Value {
    json!({"preferred_username": "Nora", "name": "Nora Example", "groups": ["everybody", "desk"]})
}

fn proof() -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(PAGE_SECRET))
}

async fn ask(at: SocketAddr, path: &str, body: &Value, origin: &str) -> Result<Value, String> {
    let asking = reqwest::Client::new()
        .post(format!("http://{at}/api/v1/sign-in/provider{path}"))
        .header("origin", origin)
        .json(body)
        .send();
    let answer = soon(asking).await.expect("answered");
    let taken = answer.status().is_success();
    let told: Value = soon(answer.json()).await.expect("JSON");
    if taken {
        return Ok(told);
    }
    Err(told["code"].as_str().expect("a code").to_owned())
}

/// A page at a node begins: where the browser goes.
async fn begins(at: SocketAddr) -> Result<String, String> {
    let body = json!({"agency": AGENCY, "back": "/console/", "proof": proof()});
    let told = ask(at, "", &body, &format!("http://{at}")).await?;
    Ok(told["url"].as_str().expect("an address").to_owned())
}

/// The page ends it with what came back.
async fn ends(at: SocketAddr, came: &HashMap<String, String>) -> Result<Value, String> {
    let mut body = json!({"secret": PAGE_SECRET});
    for (name, word) in came {
        body[name] = json!(word);
    }
    ask(at, "/end", &body, &format!("http://{at}")).await
}

async fn signs_in(at: SocketAddr, provider: &Provider) -> Result<Value, String> {
    let came = provider.lets_in(&begins(at).await?);
    ends(at, &came).await
}

fn signed_in(told: &Value) -> SignedIn {
    SignedIn {
        name: told["staff"].as_str().expect("a name").to_owned(),
        token: told["token"].as_str().expect("a token").to_owned(),
        role: serde_json::from_value(told["role"].clone()).expect("a role"),
    }
}

#[tokio::test]
async fn a_person_of_the_provider_works_like_anybody_else_until_the_sign_in_ends() {
    let provider = Provider::start(nora()).await;
    let gateway = Gateway::with(&provider.settings()).await;
    let told = signs_in(gateway.here(), &provider).await.unwrap();
    assert_eq!(
        (&told["staff"], &told["name"]),
        (&json!("nora"), &json!("Nora Example"))
    );
    assert_eq!(told["role"], "telecommunicator");
    let ends_ms = told["ends_ms"].as_u64().unwrap();
    assert!(
        ends_ms.abs_diff(now_ms() + 12 * 3_600_000) < 30_000,
        "{ends_ms}"
    );

    let who = signed_in(&told);
    let fresh = who.refreshes(gateway.here()).await.unwrap();
    assert_eq!(fresh.name, "nora");
    assert!(fresh.opens_wallboard(gateway.here()).await.is_err());
    let desk = Console::connect(gateway.here(), &fresh, Encoding::Json).await;
    desk.ready_for_everything();
    let ann = gateway.resident().await;
    let session = ann.open("A dog barks").await;
    assert_eq!(desk.take_next().await, session);

    // A session is handed to whoever is signed in, with an account or without.
    let tom = gateway.console("tom").await;
    let to = |staff: &str| StaffCommand::Transfer {
        target: TransferTarget::Person {
            staff: staff.parse().unwrap(),
        },
        note: String::new(),
    };
    let other = ann_again(&gateway).await;
    tom.takes(other).await;
    let refused = tom.is_refused(other, to("nobody")).await;
    assert_eq!(refused.code, ErrorCode::NoSuchTarget);
    tom.does(other, to("nora")).await;

    let log = gateway.log();
    assert!(
        log.contains("\"method\":\"provider\"") && log.contains("\"method\":\"passphrase\""),
        "{log}"
    );
    for secret in [
        provider::SECRET,
        &who.token,
        "Nora Example",
        "code-0",
        PAGE_SECRET,
    ] {
        assert!(!log.contains(secret), "{secret} stands in the log");
    }
}

async fn ann_again(gateway: &Gateway) -> callbox_proto::ids::SessionId {
    gateway.resident().await.open("A cat as well").await
}

#[tokio::test]
async fn no_answer_that_is_not_the_providers_own_lets_anybody_in() {
    let provider = Provider::start(nora()).await;
    let gateway = Gateway::with(&provider.settings()).await;
    for (does, code) in [
        (Does::AlgorithmNone, "provider_untrusted"),
        (Does::ByOurSecret, "provider_untrusted"),
        (Does::ByItsPublicKey, "provider_untrusted"),
        (Does::ByAnotherKey, "provider_untrusted"),
        (Does::ForAnotherClient, "provider_untrusted"),
        (Does::OfAnotherIssuer, "provider_untrusted"),
        (Does::OfAnotherSignIn, "provider_untrusted"),
        (Does::WithoutToken, "provider_untrusted"),
        (Does::LongAgo, "clock_differs"),
        (Does::NotYet, "clock_differs"),
        (Does::FarTooLong, "provider_unavailable"),
        (Does::LeadsElsewhere, "provider_untrusted"),
    ] {
        provider.does(does);
        let refused = signs_in(gateway.here(), &provider).await;
        assert_eq!(refused, Err(code.to_owned()), "{does:?}");
    }
    provider.does(Does::Right);
    assert!(signs_in(gateway.here(), &provider).await.is_ok());
}

#[tokio::test]
async fn a_sign_in_ends_once_and_only_for_the_page_that_began() {
    let provider = Provider::start(nora()).await;
    let gateway = Gateway::with(&provider.settings()).await;
    let at = gateway.here();
    let lost = Err("sign_in_lost".to_owned());

    let came = provider.lets_in(&begins(at).await.unwrap());
    let body = json!({"secret": "another page's", "state": came["state"], "code": came["code"], "iss": came["iss"]});
    assert_eq!(ask(at, "/end", &body, &format!("http://{at}")).await, lost);
    assert_eq!(provider.asked(), 0, "its code is not even shown");
    let told = ends(at, &came).await.unwrap();
    assert_eq!(ends(at, &came).await, lost, "the same again");
    assert_eq!(provider.asked(), 1, "nor is one that was used");
    // Another code for the same state: whoever has it cannot end that sign-in again either.
    let mut other = came.clone();
    other.insert("code".to_owned(), "code-7".to_owned());
    assert_eq!(ends(at, &other).await, lost);
    // A code of one sign-in with the state of another: the provider compares the proof.
    let (one, two) = (
        provider.lets_in(&begins(at).await.unwrap()),
        provider.lets_in(&begins(at).await.unwrap()),
    );
    let mut mixed = one;
    mixed.insert("code".to_owned(), two["code"].clone());
    assert_eq!(ends(at, &mixed).await, lost);

    for state in ["", "x", "a.b.c", told["token"].as_str().unwrap()] {
        let came = HashMap::from([("state".to_owned(), state.to_owned())]);
        assert_eq!(ends(at, &came).await, lost, "{state}");
    }
    let tokens = Tokens::open(&gateway.data().join("identity.key")).unwrap();
    let trip = Trip {
        jti: "late".to_owned(),
        agency: AGENCY.parse().unwrap(),
        origin: format!("http://{at}"),
        back: "/console/".to_owned(),
        proof: proof(),
    };
    let late = tokens.trip(trip, now_ms() - 1_200_000, 600_000).unwrap();
    let came = HashMap::from([
        ("state".to_owned(), late.clone()),
        ("code".to_owned(), "c".to_owned()),
    ]);
    assert_eq!(ends(at, &came).await, Err("sign_in_late".to_owned()));
    assert_eq!(
        leads_to(at, AGENCY, &late).await,
        "/console/",
        "it leads back all the same"
    );
}

/// Where the provider's way back leads, without what stands behind the `#`.
async fn leads_to(at: SocketAddr, agency: &str, state: &str) -> String {
    let path = format!("/api/v1/sign-in/provider/{agency}/return?code=c&state={state}");
    let answer = crate::http_client::get(at, &path, &[]).await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    let to = answer.header("location").unwrap().to_owned();
    let (page, said) = to.split_once('#').unwrap();
    assert!(said.contains("code=c"), "{to}");
    page.to_owned()
}

#[tokio::test]
async fn an_answer_of_another_provider_is_refused_and_no_way_back_leads_elsewhere() {
    let provider = Provider::start(nora()).await;
    let gateway = Gateway::with(&provider.settings()).await;
    let at = gateway.here();
    let untrusted = Err("provider_untrusted".to_owned());
    let came = provider.lets_in(&begins(at).await.unwrap());
    let mut of_another = came.clone();
    of_another.insert("iss".to_owned(), "https://evil.example".to_owned());
    assert_eq!(ends(at, &of_another).await, untrusted);
    let mut of_nobody = provider.lets_in(&begins(at).await.unwrap());
    of_nobody.remove("iss");
    assert_eq!(ends(at, &of_nobody).await, untrusted);
    assert_eq!(provider.asked(), 0, "no code is shown to anybody");

    for (error, code) in [
        ("access_denied", "provider_refused"),
        ("something\nelse", "provider_refused"),
        ("temporarily_unavailable", "provider_unavailable"),
    ] {
        let mut came = provider.lets_in(&begins(at).await.unwrap());
        came.remove("code");
        came.insert("error".to_owned(), error.to_owned());
        assert_eq!(ends(at, &came).await, Err(code.to_owned()));
    }
    assert!(
        !gateway.log().contains("something"),
        "a stranger's word stands in the log"
    );

    let own = format!("http://{at}");
    for back in [
        "//evil.example",
        "https://evil.example/console/",
        "/",
        "/a/hill.example/console/",
    ] {
        let body = json!({"agency": AGENCY, "back": back, "proof": proof()});
        assert_eq!(
            ask(at, "", &body, &own).await,
            Err("malformed_message".to_owned()),
            "{back}"
        );
    }
    let body = json!({"agency": AGENCY, "back": "/console/", "proof": proof()});
    for origin in ["https://evil.example", "null"] {
        assert_eq!(
            ask(at, "", &body, origin).await,
            Err("origin_refused".to_owned())
        );
    }
    let good = came["state"].as_str();
    assert_eq!(leads_to(at, AGENCY, good).await, "/console/");
    let fallback = format!("/a/{AGENCY}/console/");
    assert_eq!(leads_to(at, AGENCY, "forged").await, fallback);
}

#[tokio::test]
async fn without_a_role_or_a_name_nobody_is_let_in() {
    for (claims, code) in [
        (
            json!({"preferred_username": "vic", "groups": ["everybody"]}),
            "no_role",
        ),
        (json!({"preferred_username": "vic"}), "no_role"),
        (json!({"groups": ["desk"]}), "no_staff_name"),
        (
            json!({"preferred_username": "a b", "groups": ["desk"]}),
            "no_staff_name",
        ),
    ] {
        let provider = Provider::start(claims).await;
        let gateway = Gateway::with(&provider.settings()).await;
        let refused = signs_in(gateway.here(), &provider).await;
        assert_eq!(refused, Err(code.to_owned()));
    }
    let gateway = Gateway::start().await;
    assert_eq!(begins(gateway.here()).await, Err("no_provider".to_owned()));
}

#[tokio::test]
async fn new_keys_are_believed_and_a_provider_that_is_away_keeps_nothing_else_away() {
    let provider = Provider::start(nora()).await;
    let gateway = Gateway::with(&provider.settings()).await;
    assert!(signs_in(gateway.here(), &provider).await.is_ok());
    provider.changes_its_key();
    assert!(signs_in(gateway.here(), &provider).await.is_ok());

    let nowhere = provider
        .settings()
        .replace(&provider.issuer(), "http://127.0.0.1:9");
    let gateway = Gateway::with(&nowhere).await;
    assert_eq!(
        begins(gateway.here()).await,
        Err("provider_unavailable".to_owned())
    );
    let tina = gateway.console("tina").await;
    let session = gateway.resident().await.open("A dog barks").await;
    assert_eq!(tina.take_next().await, session);
}

#[tokio::test]
async fn any_node_ends_what_another_one_began() {
    let provider = Provider::start(nora()).await;
    let gateway = Gateway::cluster(2, &provider.settings()).await;
    let (here, there) = (gateway.here(), gateway.desk());
    let came = provider.lets_in(&begins(here).await.unwrap());
    let who = signed_in(&ends(there, &came).await.unwrap());
    assert!(
        who.refreshes(here).await.is_ok(),
        "and every node takes the token"
    );
    // A node that has not seen it end asks the provider, which takes a code once.
    assert_eq!(ends(here, &came).await, Err("sign_in_lost".to_owned()));
}

#[tokio::test]
async fn no_renewal_outlasts_the_sign_in_at_the_provider() {
    let provider = Provider::start(nora()).await;
    let settings = format!("{}agency.sign_in.lasts_min = 60\n", provider.settings());
    let gateway = Gateway::with(&settings).await;
    let tokens = Tokens::open(&gateway.data().join("identity.key")).unwrap();
    let ago = |minutes: u64, role| {
        let who = StaffIdentity {
            agency: AGENCY.parse().unwrap(),
            staff: "nora".parse().unwrap(),
            name: "Nora".to_owned(),
            role,
            by: SignedInBy::Provider {
                at_s: now_ms() / 1_000 - minutes * 60,
            },
        };
        let issued = tokens.staff(&who, now_ms(), 600_000).unwrap();
        SignedIn {
            name: "nora".to_owned(),
            token: issued.token,
            role,
        }
    };
    let at = gateway.here();
    let late = ago(59, Role::Telecommunicator).refreshes(at).await.unwrap();
    let (_, until_ms) = tokens.check_staff_until(&late.token).unwrap();
    assert!(
        until_ms < now_ms() + 70_000,
        "a minute is left, and no more"
    );
    let over = ago(61, Role::Telecommunicator).refreshes(at).await;
    assert_eq!(over.unwrap_err(), "token_invalid");
    // A wallboard hangs longer than a shift: nobody sits at it, and it shows nobody's name.
    assert!(ago(61, Role::Wallboard).refreshes(at).await.is_ok());
    let week = ago(8 * 24 * 60, Role::Wallboard).refreshes(at).await;
    assert_eq!(week.unwrap_err(), "token_invalid");
    // Without a provider nobody comes from one.
    let gateway = Gateway::start().await;
    let tokens = Tokens::open(&gateway.data().join("identity.key")).unwrap();
    let who = StaffIdentity {
        agency: AGENCY.parse().unwrap(),
        staff: "nora".parse().unwrap(),
        name: "Nora".to_owned(),
        role: Role::Telecommunicator,
        by: SignedInBy::Provider {
            at_s: now_ms() / 1_000,
        },
    };
    let issued = tokens.staff(&who, now_ms(), 600_000).unwrap();
    let nora = SignedIn {
        name: "nora".to_owned(),
        token: issued.token,
        role: Role::Telecommunicator,
    };
    let refused = nora.refreshes(gateway.here()).await;
    assert_eq!(refused.unwrap_err(), "token_invalid");
}
