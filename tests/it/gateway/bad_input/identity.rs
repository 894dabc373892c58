//! Somebody else's sessions, tokens and ids.

use callbox::auth::tokens::Tokens;
use callbox::auth::{SignedInBy, StaffIdentity};
use callbox_proto::bounds::CLIENT_MAX_CHARS;
use callbox_proto::codec::Encoding;
use callbox_proto::command::StaffCommand;
use callbox_proto::error::{CloseCode, ErrorCode};
use callbox_proto::ids::{ResidentId, SessionId};
use callbox_proto::message::{ErrorMessage, FromResident, FromStaff, ToResident, ToStaff};
use callbox_proto::vocabulary::{Category, Role};

use super::super::harness::{Device, Gateway, Wire, fresh, opening, text};
use super::super::photo_client::{Uploader, announce, problem};
use super::check_advice;

/// An hour in ms.
pub(super) const HOUR_MS: u64 = 3_600_000;

pub(super) fn tina() -> StaffIdentity {
    StaffIdentity {
        agency: "demo.example".parse().unwrap(),
        staff: "tina".parse().unwrap(),
        name: "Tina".to_owned(),
        role: Role::Telecommunicator,
        by: SignedInBy::Passphrase,
    }
}

pub(super) fn now_ms() -> u64 {
    let now = std::time::SystemTime::now();
    let since = now.duration_since(std::time::UNIX_EPOCH).unwrap();
    u64::try_from(since.as_millis()).unwrap()
}

/// The gateway's own key, as a thief of its disk would have it.
pub(super) fn own_tokens(gateway: &Gateway) -> Tokens {
    Tokens::open(&gateway.data().join("identity.key")).unwrap()
}

/// `{"alg":"none"}` and the claims of a supervisor, without a signature.
const UNSIGNED: &str = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJpc3MiOiJjYWxsYm94IiwiYXVkIjoiY2FsbGJveC1zdGFmZiIsImV4cCI6NDEwMjQ0NDgwMCwiaWF0IjowLCJzdWIiOiJzdWUiLCJhZ2VuY3kiOiJkZW1vLmV4YW1wbGUiLCJyb2xlIjoic3VwZXJ2aXNvciIsIm5hbWUiOiJTdWUifQ.";

/// Tokens that must not open anything for staff, with their code.
async fn bad_staff_tokens(gateway: &Gateway) -> Vec<(String, ErrorCode)> {
    let (own, other) = (own_tokens(gateway), Tokens::new(&[7; 32]));
    let ann = gateway.resident().await;
    let good = own.staff(&tina(), now_ms(), HOUR_MS).unwrap().token;
    let expired = own.staff(&tina(), now_ms() - 3 * HOUR_MS, HOUR_MS).unwrap();
    let mut ghost = tina();
    ghost.staff = "ghost".parse().unwrap();
    // What another agency's gateway with the same key would say; that agency is not served here.
    let mut elsewhere = tina();
    elsewhere.agency = "west.example".parse().unwrap();
    let supervises = StaffIdentity {
        role: Role::Supervisor,
        ..elsewhere.clone()
    };
    let mut cut = good.clone();
    cut.truncate(good.len() - 4);
    vec![
        (String::new(), ErrorCode::TokenInvalid),
        ("x".to_owned(), ErrorCode::TokenInvalid),
        ("x".repeat(100_000), ErrorCode::TokenInvalid),
        (UNSIGNED.to_owned(), ErrorCode::TokenInvalid),
        (
            other.staff(&tina(), now_ms(), HOUR_MS).unwrap().token,
            ErrorCode::TokenInvalid,
        ),
        (
            own.staff(&ghost, now_ms(), HOUR_MS).unwrap().token,
            ErrorCode::TokenInvalid,
        ),
        (
            own.staff(&elsewhere, now_ms(), HOUR_MS).unwrap().token,
            ErrorCode::NoSuchAgency,
        ),
        (
            own.staff(&supervises, now_ms(), HOUR_MS).unwrap().token,
            ErrorCode::NoSuchAgency,
        ),
        (expired.token, ErrorCode::TokenExpired),
        (ann.token.clone(), ErrorCode::TokenInvalid),
        (cut, ErrorCode::TokenInvalid),
    ]
}

#[tokio::test]
async fn bad_tokens_open_no_staff_link() {
    let gateway = Gateway::start().await;
    for (token, code) in bad_staff_tokens(&gateway).await {
        let wire: Wire<FromStaff, ToStaff> =
            Wire::connect(gateway.address(), "/ws/staff", Encoding::Json).await;
        let client = "test".to_owned();
        wire.send(&FromStaff::Hello { client, token });
        let error = wire
            .wait(|m| match m {
                ToStaff::Error(error) => Some(error.clone()),
                _ => None,
            })
            .await;
        check_advice(&error, code, None);
        let close = match code {
            ErrorCode::NoSuchAgency => CloseCode::NotServed,
            _ => CloseCode::SignInAgain,
        };
        assert_eq!(wire.closed().await, Some(close.number()));
    }
}

/// A staff link opened with this token.
async fn link_with(gateway: &Gateway, token: &str) -> Wire<FromStaff, ToStaff> {
    let wire = Wire::connect(gateway.address(), "/ws/staff", Encoding::MessagePack).await;
    wire.send(&FromStaff::Hello {
        client: "test".to_owned(),
        token: token.to_owned(),
    });
    wire.wait(|m| matches!(m, ToStaff::Welcome { .. }).then_some(()))
        .await;
    wire
}

#[tokio::test]
async fn a_staff_link_ends_with_its_token_and_lives_on_with_a_fresh_one() {
    let gateway = Gateway::start().await;
    let own = own_tokens(&gateway);
    let mut tom = tina();
    tom.staff = "tom".parse().unwrap();
    // Ends in a second, and counts for the leeway between clocks.
    let ending = own.staff(&tina(), now_ms(), 1_000).unwrap().token;
    let (left, renewed) = (
        link_with(&gateway, &ending).await,
        link_with(&gateway, &ending).await,
    );
    let another = own.staff(&tom, now_ms(), HOUR_MS).unwrap().token;
    let mut elsewhere = tina();
    elsewhere.agency = "west.example".parse().unwrap();
    let elsewhere = own.staff(&elsewhere, now_ms(), HOUR_MS).unwrap().token;
    for token in ["x".to_owned(), another, elsewhere] {
        left.send(&FromStaff::Renew { token });
    }
    for _ in 0..3 {
        let error = left
            .wait(|m| match m {
                ToStaff::Error(error) => Some(error.clone()),
                _ => None,
            })
            .await;
        check_advice(&error, ErrorCode::TokenInvalid, None);
    }
    renewed.send(&FromStaff::Renew {
        token: own.staff(&tina(), now_ms(), HOUR_MS).unwrap().token,
    });
    assert_eq!(left.closed().await, Some(CloseCode::SignInAgain.number()));
    // Both were looked at then.
    renewed.send(&FromStaff::Ping { n: 7 });
    renewed
        .wait(|m| matches!(m, ToStaff::Pong { n: 7, .. }).then_some(()))
        .await;
}

#[tokio::test]
async fn a_client_with_an_endless_name_is_refused_on_both_sides() {
    let gateway = Gateway::start().await;
    let token = gateway.sign_in("tina").await.token;
    let wire: Wire<FromStaff, ToStaff> =
        Wire::connect(gateway.address(), "/ws/staff", Encoding::MessagePack).await;
    wire.send(&FromStaff::Hello {
        client: "x".repeat(CLIENT_MAX_CHARS + 1),
        token,
    });
    let error = wire
        .wait(|m| match m {
            ToStaff::Error(error) => Some(error.clone()),
            _ => None,
        })
        .await;
    check_advice(&error, ErrorCode::TooLong, None);
    assert_eq!(wire.closed().await, Some(CloseCode::Protocol.number()));

    let device = Device::new();
    let wire: Wire<FromResident, ToResident> =
        Wire::connect(gateway.address(), "/ws/resident", Encoding::MessagePack).await;
    let mut hello = device.hello(&[1; 32]);
    if let FromResident::Hello { client, .. } = &mut hello {
        *client = "x".repeat(CLIENT_MAX_CHARS + 1);
    }
    wire.send(&hello);
    let error = wire
        .wait(|m| match m {
            ToResident::Error(error) => Some(error.clone()),
            _ => None,
        })
        .await;
    check_advice(&error, ErrorCode::TooLong, None);
    assert_eq!(wire.closed().await, Some(CloseCode::Protocol.number()));
}

#[tokio::test]
async fn bad_tokens_open_nothing_over_http() {
    let gateway = Gateway::start().await;
    let ann = gateway.resident().await;
    let session = ann.open("hello").await;
    let photo = announce(&ann, 10, None).await;
    for (token, code) in bad_staff_tokens(&gateway).await {
        if token.len() > 10_000 {
            continue; // Longer than a head may be: refused before it is read.
        }
        let who = Uploader::new(&gateway, &token);
        let word = serde_json::to_value(code).unwrap();
        let status = match code {
            ErrorCode::NoSuchAgency => 404,
            _ => 401,
        };
        let told = (status, word.as_str().unwrap().to_owned());
        for form in ["preview", "copy", "original"] {
            assert_eq!(who.is_refused(session, photo, form).await, told);
        }
        let refresh = reqwest::Client::new()
            .post(gateway.url("/api/v1/sign-in/refresh"))
            .bearer_auth(&token);
        assert_eq!(problem(refresh.send().await.unwrap()).await, told);
    }
}

#[tokio::test]
async fn bad_tokens_bring_no_photos() {
    let gateway = Gateway::start().await;
    let ann = gateway.resident().await;
    let session = ann.open("hello").await;
    let photo = announce(&ann, 10, None).await;
    let (own, other) = (own_tokens(&gateway), Tokens::new(&[7; 32]));
    let anybody = ResidentId::from_u128(1).unwrap();
    let tokens = [
        "x".to_owned(),
        UNSIGNED.to_owned(),
        other.upload(anybody, now_ms(), HOUR_MS).unwrap().token,
        own.staff(&tina(), now_ms(), HOUR_MS).unwrap().token,
        own.upload(anybody, now_ms() - 3 * HOUR_MS, HOUR_MS)
            .unwrap()
            .token,
    ];
    let mut codes = Vec::new();
    for token in tokens {
        let answer = Uploader::new(&gateway, &token)
            .create(session, photo, 10)
            .await;
        let (status, code) = problem(answer).await;
        assert_eq!(status, 401);
        codes.push(code);
    }
    assert_eq!(codes.pop().as_deref(), Some("token_expired"));
    assert!(
        codes.iter().all(|code| code == "token_invalid"),
        "{codes:?}"
    );
    let stranger = own.upload(anybody, now_ms(), HOUR_MS).unwrap().token;
    let answer = Uploader::new(&gateway, &stranger)
        .create(session, photo, 10)
        .await;
    assert_eq!(problem(answer).await.0, 403);
}

#[tokio::test]
async fn a_key_that_did_not_sign_the_challenge_is_refused() {
    let gateway = Gateway::start().await;
    let device = Device::new();
    let FromResident::Hello {
        client,
        key,
        signature,
        agency,
    } = device.hello(&[1; 32])
    else {
        unreachable!("a hello")
    };
    let hello = |key: &[u8], signature: &[u8]| FromResident::Hello {
        client: client.clone(),
        key: callbox_proto::bytes::Bytes(key.to_vec()),
        signature: callbox_proto::bytes::Bytes(signature.to_vec()),
        agency: agency.clone(),
    };
    let hellos = [
        hello(&key.0, &signature.0),
        hello(&[], &[]),
        hello(&[4; 65], &[0; 64]),
        hello(&key.0[..64], &signature.0),
        hello(&key.0, &[0; 64]),
        hello(&key.0, &[signature.0.clone(), vec![0]].concat()),
    ];
    for hello in hellos {
        let wire: Wire<FromResident, ToResident> =
            Wire::connect(gateway.address(), "/ws/resident", Encoding::MessagePack).await;
        wire.send(&hello);
        let error = wire
            .wait(|m| match m {
                ToResident::Error(error) => Some(error.clone()),
                _ => None,
            })
            .await;
        check_advice(&error, ErrorCode::KeyRefused, None);
        assert!(wire.closed().await.is_some());
    }
}

#[tokio::test]
async fn a_hello_to_an_agency_that_is_not_here_is_refused() {
    let gateway = Gateway::start().await;
    let device = Device::new();
    for (agency, known) in [("west.example", false), ("demo.example", true)] {
        let wire: Wire<FromResident, ToResident> =
            Wire::connect(gateway.address(), "/ws/resident", Encoding::Json).await;
        let nonce = wire
            .wait(|m| match m {
                ToResident::Challenge { nonce, .. } => Some(nonce.0.clone()),
                _ => None,
            })
            .await;
        let mut hello = device.hello(&nonce);
        if let FromResident::Hello { agency: named, .. } = &mut hello {
            *named = Some(agency.parse().unwrap());
        }
        wire.send(&hello);
        let refused = wire
            .wait(|m| match m {
                ToResident::Error(error) => Some(Some(error.clone())),
                ToResident::Welcome { .. } => Some(None),
                _ => None,
            })
            .await;
        assert_eq!(refused.is_none(), known);
        if let Some(error) = refused {
            check_advice(&error, ErrorCode::NoSuchAgency, None);
            assert_eq!(wire.closed().await, Some(CloseCode::NotServed.number()));
        }
    }
}

#[tokio::test]
async fn another_residents_session_looks_as_if_there_were_none() {
    let gateway = Gateway::start().await;
    let (ann, bob) = (gateway.resident().await, gateway.resident().await);
    let anns = ann.open("mine").await;
    let nobodys = SessionId::from_u128(1).unwrap();
    for session in [anns, nobodys] {
        bob.wire.send(&FromResident::Resume { session, after: 0 });
        let error = complaint(&bob).await;
        check_advice(&error, ErrorCode::NoSuchSession, None);
    }
    bob.open("my own").await;
    bob.wire.send(&FromResident::Resume {
        session: anns,
        after: 0,
    });
    check_advice(&complaint(&bob).await, ErrorCode::NoSuchSession, None);
    bob.says("for myself").await;
    ann.says("not replaced").await;
    ann.quiet().await;
    assert_eq!(ann.texts(), ["mine", "not replaced"]);
}

async fn complaint(who: &super::super::harness::Resident) -> ErrorMessage {
    who.wire
        .wait(|m| match m {
            ToResident::Error(error) => Some(error.clone()),
            _ => None,
        })
        .await
}

#[tokio::test]
async fn staff_reach_no_session_that_is_not_there_or_not_theirs() {
    let gateway = Gateway::start().await;
    let (ann, tina) = (gateway.resident().await, gateway.console("tina").await);
    let session = ann.open("hello").await;
    let nobodys = SessionId::from_u128(1).unwrap();
    let text = || StaffCommand::Text {
        text: "hi".to_owned(),
    };
    let error = tina.is_refused(nobodys, text()).await;
    assert_eq!(error.code, ErrorCode::NoSuchSession);
    let error = tina.is_refused(session, text()).await;
    assert_eq!(error.code, ErrorCode::NotOwner);
    for (session, code) in [
        (nobodys, ErrorCode::NoSuchSession),
        (session, ErrorCode::NotOwner),
    ] {
        tina.wire.send(&FromStaff::Follow { session, after: 0 });
        check_advice(&tina.complaint().await, code, None);
    }
    let sue = gateway.staff("sue").await;
    sue.wire.send(&FromStaff::Follow { session, after: 0 });
    check_advice(&sue.complaint().await, ErrorCode::WrongOrder, None);
}

#[tokio::test]
async fn a_role_without_the_right_is_told_with_the_commands_id() {
    let gateway = Gateway::start().await;
    let ann = gateway.resident().await;
    let session = ann.open("hello").await;
    for name in ["olga", "ada"] {
        let who = gateway.staff(name).await;
        for command in [StaffCommand::Take {}, StaffCommand::Watch {}] {
            let error = who.is_refused(session, command).await;
            assert_eq!(error.code, ErrorCode::NotAllowed, "{name}");
        }
        let error = who.try_take_next(fresh()).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::NotAllowed, "{name}");
    }
}

#[tokio::test]
async fn the_same_command_id_in_two_sessions_is_two_commands() {
    let gateway = Gateway::start().await;
    let (ann, bob) = (gateway.resident().await, gateway.resident().await);
    let id = fresh();
    let (anns, _) = ann.open_with(id, &opening(Category::Other, "ann")).await;
    let (bobs, _) = bob.open_with(id, &opening(Category::Other, "bob")).await;
    assert_ne!(anns, bobs);
    let id = fresh();
    ann.submit(id, text("from ann"));
    let first = ann.answer(id).await.unwrap();
    bob.submit(id, text("from bob"));
    bob.answer(id).await.unwrap();
    ann.submit(id, text("once more"));
    assert_eq!(ann.answer(id).await.unwrap(), first, "twice is once");
    ann.quiet().await;
    assert_eq!(ann.texts(), ["ann", "from ann"]);
}
