//! Bodies of HTTP requests and answers.

use callbox_proto::error::{ErrorCode, Retry};
use callbox_proto::http::{
    AgencyFace, OpenResponderLink, Problem, ProviderAddress, ProviderBegin, ProviderEnd,
    ProviderReturn, ResponderLinkOpened, SignInRequest, SignedIn, WaysIn,
};
use callbox_proto::vocabulary::Role;
use serde::Serialize;
use serde_json::Value;

use super::resident::agency;
use super::{Failure, NOW_MS, id, name};

/// A body: the name of its fixture, its type, and how it is sent.
pub type Body = (&'static str, &'static str, Value);

/// What is sent and answered.
pub fn all() -> Result<Vec<Body>, Failure> {
    Ok(vec![
        body("agency", "AgencyFace", &face(None)?)?,
        body(
            "agency_with_provider",
            "AgencyFace",
            &face(Some("County account"))?,
        )?,
        body("sign_in", "SignInRequest", &sign_in()?)?,
        body("signed_in", "SignedIn", &signed_in(None)?)?,
        body(
            "signed_in_at_provider",
            "SignedIn",
            &signed_in(Some(NOW_MS + 43_200_000))?,
        )?,
        body("provider_begin", "ProviderBegin", &begin(false)?)?,
        body("provider_begin_afresh", "ProviderBegin", &begin(true)?)?,
        body("provider_address", "ProviderAddress", &address())?,
        body("provider_end", "ProviderEnd", &end(true))?,
        body("provider_end_refused", "ProviderEnd", &end(false))?,
        body("open_responder_link", "OpenResponderLink", &open_link()?)?,
        body(
            "responder_link_opened",
            "ResponderLinkOpened",
            &link_opened(),
        )?,
        body("problem", "Problem", &problem(ErrorCode::StoreUnavailable)?)?,
        body("problem_of_http", "Problem", &not_found())?,
    ])
}

fn body<T: Serialize>(file: &'static str, of: &'static str, value: &T) -> Result<Body, Failure> {
    Ok((file, of, serde_json::to_value(value)?))
}

fn face(provider: Option<&str>) -> Result<AgencyFace, Failure> {
    Ok(AgencyFace {
        info: agency()?,
        sign_in: WaysIn {
            passphrase: provider.is_none(),
            provider: provider.map(str::to_owned),
        },
    })
}

fn sign_in() -> Result<SignInRequest, Failure> {
    Ok(SignInRequest {
        agency: name("demo.example")?,
        name: name("tina")?,
        passphrase: "made up".into(),
    })
}

fn signed_in(ends_ms: Option<u64>) -> Result<SignedIn, Failure> {
    Ok(SignedIn {
        token: "eyJ.made-up.token".into(),
        expires_ms: NOW_MS + 3_600_000,
        agency: name("demo.example")?,
        staff: name("tina")?,
        name: "Tina".into(),
        role: Role::Telecommunicator,
        ends_ms,
    })
}

fn begin(afresh: bool) -> Result<ProviderBegin, Failure> {
    Ok(ProviderBegin {
        agency: name("demo.example")?,
        back: "/console/".into(),
        proof: "made-up-digest".into(),
        afresh,
    })
}

fn address() -> ProviderAddress {
    let url = "https://accounts.county.example/authorize?client_id=callbox";
    ProviderAddress { url: url.into() }
}

fn end(granted: bool) -> ProviderEnd {
    ProviderEnd {
        secret: "made-up-secret".into(),
        came: ProviderReturn {
            state: "made-up-state".into(),
            code: granted.then(|| "made-up-code".into()),
            iss: Some("https://accounts.county.example".into()),
            error: (!granted).then(|| "access_denied".into()),
        },
    }
}

fn open_link() -> Result<OpenResponderLink, Failure> {
    Ok(OpenResponderLink {
        id: id(0x0be)?,
        session: id(0x5e)?,
        secret: "made-up-secret-of-thirty-two-bytes-in-text-".into(),
        name: "Engine 4".into(),
    })
}

fn link_opened() -> ResponderLinkOpened {
    ResponderLinkOpened {
        token: "eyJ.made-up.token".into(),
        ends_ms: NOW_MS + 3_600_000,
    }
}

fn problem(code: ErrorCode) -> Result<Problem, Failure> {
    let word = serde_json::to_value(code)?;
    Ok(Problem {
        r#type: "about:blank".into(),
        title: "Service Unavailable".into(),
        status: 503,
        code: word.as_str().ok_or("a code is no word")?.into(),
        number: Some(code.number()),
        retry: code.retry(),
        after_ms: Some(1_000),
        message: code.sentence().into(),
    })
}

fn not_found() -> Problem {
    Problem {
        r#type: "about:blank".into(),
        title: "Not Found".into(),
        status: 404,
        code: "not_found".into(),
        number: None,
        retry: Retry::Never,
        after_ms: None,
        message: "There is nothing here.".into(),
    }
}
