//! Every route, for everybody, on a session of their own and on another's.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use callbox_domain::access::{self, Caller, Method, Refusal, Route, Target};
use callbox_proto::ids::{CommandId, ResidentId, SessionId};

use super::messages::announce;
use super::{all_staff, caller, example_session, target};
use crate::gateway::harness::{Console, Gateway, Resident, fresh, responder, soon};

/// An hour.
const HOUR_MS: u64 = 3_600_000;

#[tokio::test]
async fn routes_are_open_to_those_whom_the_table_names() {
    let gateway = Gateway::start().await;
    let tom = gateway.console("tom").await;
    let staff = all_staff(&gateway).await;
    for takes in staff.iter().filter(|who| who.may_take()) {
        takes.ready_for_everything();
    }
    for route in Route::ALL.iter().copied() {
        let outcome = reach(&gateway, route, None, &Photo::of(&gateway, None).await).await;
        let wanted = access::may_at_all(&Caller::Nobody, route.action());
        check_http("nobody", route, wanted, &outcome);
        for mine in [true, false] {
            let photo = Photo::of(&gateway, None).await;
            let stranger = gateway.resident().await;
            let resident = if mine { &photo.resident } else { &stranger };
            let as_resident = Caller::Resident {
                agency: "demo.example".parse().unwrap(),
                resident: ResidentId::from_u128(1).unwrap(),
            };
            let report = Target {
                agency: "demo.example".parse().unwrap(),
                owner: None,
                resident: ResidentId::from_u128(if mine { 1 } else { 2 }).unwrap(),
                session: example_session(),
            };
            let outcome = reach(&gateway, route, Some(&resident.token), &photo).await;
            let wanted = access::may(&as_resident, route.action(), &report);
            check_http(&format!("resident, mine: {mine}"), route, wanted, &outcome);
            let photo = Photo::of(&gateway, Some(&tom)).await;
            let linked = match mine {
                true => photo.session,
                false => Photo::of(&gateway, Some(&tom)).await.session,
            };
            let link = responder::makes(&tom, linked, HOUR_MS).await;
            let token = responder::opens(&gateway, &link).await.expect("opened");
            let as_responder = Caller::Responder {
                agency: "demo.example".parse().unwrap(),
                session: example_session(),
            };
            let read = Target {
                session: SessionId::from_u128(if mine { 7 } else { 8 }).unwrap(),
                ..report
            };
            let outcome = reach(&gateway, route, Some(&token), &photo).await;
            let wanted = access::may(&as_responder, route.action(), &read);
            check_http(&format!("responder, mine: {mine}"), route, wanted, &outcome);
            for who in &staff {
                if mine && !who.may_take() {
                    continue;
                }
                let photo = Photo::of(&gateway, Some(if mine { who } else { &tom })).await;
                let outcome = reach(&gateway, route, Some(&who.who.token), &photo).await;
                let wanted =
                    access::may(&caller(&who.who), route.action(), &target(&who.who, mine));
                check_http(
                    &format!("{} as {:?}, mine: {mine}", who.who.name, who.who.role),
                    route,
                    wanted,
                    &outcome,
                );
            }
        }
    }
}

/// An announced photo with an upload begun.
struct Photo {
    resident: Resident,
    session: SessionId,
    photo: CommandId,
    upload: String,
}

impl Photo {
    async fn of(gateway: &Gateway, owner: Option<&Console>) -> Self {
        let resident = gateway.resident().await;
        let session = resident.open("A dog barks").await;
        let photo = resident.does(announce()).await.id;
        if let Some(owner) = owner {
            owner.takes(session).await;
        }
        let mut this = Self {
            resident,
            session,
            photo,
            upload: String::new(),
        };
        let asking = create(gateway, &this, Some(&this.resident.token)).send();
        let answer = soon(asking).await.unwrap();
        let location = answer.headers()["location"].to_str().unwrap();
        this.upload = location.rsplit('/').next().unwrap().to_owned();
        this
    }
}

fn create(gateway: &Gateway, photo: &Photo, token: Option<&String>) -> reqwest::RequestBuilder {
    let metadata = format!(
        "photo {},session {}",
        STANDARD.encode(photo.photo.to_string()),
        STANDARD.encode(photo.session.to_string()),
    );
    let request = reqwest::Client::new()
        .post(gateway.url("/api/v1/uploads"))
        .header("tus-resumable", "1.0.0")
        .header("upload-length", "1000")
        .header("upload-metadata", metadata);
    bearer(request, token)
}

fn bearer(request: reqwest::RequestBuilder, token: Option<&String>) -> reqwest::RequestBuilder {
    match token {
        Some(token) => request.bearer_auth(token),
        None => request,
    }
}

/// The route's path with something real in each of its parts.
fn filled(route: Route, photo: &Photo) -> String {
    let fill = |part: &str| match part {
        "{agency}" => "demo.example".to_owned(),
        "{session}" => photo.session.to_string(),
        "{photo}" => photo.photo.to_string(),
        "{id}" => photo.upload.clone(),
        "{request}" => fresh().to_string(),
        "{file}" | "{*file}" => "none.js".to_owned(),
        "{*view}" => "any/thing".to_owned(),
        part => {
            assert!(!part.contains('{'), "nothing is known for {part}");
            part.to_owned()
        }
    };
    let parts: Vec<_> = route.path().split('/').map(fill).collect();
    parts.join("/")
}

/// Status and, if there is one, the public code.
async fn reach(
    gateway: &Gateway,
    route: Route,
    token: Option<&String>,
    photo: &Photo,
) -> (u16, Option<String>) {
    let client = reqwest::Client::new();
    let url = gateway.url(&filled(route, photo));
    let request = match (route, route.method()) {
        (Route::UploadCreate, _) => create(gateway, photo, token),
        (_, Method::Get) => client.get(url),
        (_, Method::Head) => client.head(url),
        (_, Method::Post) => client.post(url),
        (_, Method::Delete) => client.delete(url),
        (_, Method::Options) => client.request(reqwest::Method::OPTIONS, url),
        (_, Method::Patch) => client
            .patch(url)
            .header("upload-offset", "0")
            .header("content-type", "application/offset+octet-stream")
            .body("x"),
    };
    let request = if route == Route::UploadCreate {
        request
    } else {
        bearer(request.header("tus-resumable", "1.0.0"), token)
    };
    let answer = soon(request.send()).await.unwrap();
    let status = answer.status().as_u16();
    let body = soon(answer.bytes()).await.unwrap();
    let code = serde_json::from_slice::<serde_json::Value>(&body)
        .ok()
        .and_then(|problem| problem["code"].as_str().map(str::to_owned));
    assert_ne!(status, 405, "{route:?} has a row and is served");
    (status, code)
}

fn check_http(
    who: &str,
    route: Route,
    wanted: Result<(), Refusal>,
    (status, code): &(u16, Option<String>),
) {
    // What a resident did not upload looks as if it were not there; so does a picture that is not stored yet, and an export
    // that nobody asked for.
    let missing = matches!(code.as_deref(), Some("no_such_photo" | "no_such_request"));
    let hidden = *status == 404 && !missing;
    let file = matches!(
        route,
        Route::Asset | Route::RootFile | Route::AgencyManifest
    );
    let refused = matches!(status, 401 | 403) || (hidden && !file);
    assert_eq!(
        refused,
        wanted.is_err(),
        "{who} {route:?}: {status} {code:?}, and the table says {wanted:?}"
    );
}
