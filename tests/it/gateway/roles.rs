//! The table of rights over the wire: every kind of message and every route, for everybody, on one's own session and on
//! another's.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use callbox_domain::access::{
    self, Access, Action, Caller, Method, Refusal, Route, Target, action_of_resident_message,
    action_of_staff_message, allowed,
};
use callbox_proto::codec::Encoding;
use callbox_proto::command::{ResidentCommand, StaffCommand};
use callbox_proto::error::{CloseCode, ErrorCode};
use callbox_proto::ids::{CommandId, ResidentId, SessionId};
use callbox_proto::message::{
    ErrorMessage, FromResident, FromStaff, RealTimeText, ToResident, ToStaff,
};
use callbox_proto::vocabulary::{
    AgentState, Category, Custodial, Disposition, Location, LocationMethod, Medium, Priority, Role,
    TransferTarget,
};

use super::harness::{Console, Gateway, Resident, SignedIn, Wire, fresh, soon, text};

/// Everybody of the demo but tom, who owns what is another's.
const STAFF: [&str; 4] = ["tina", "sue", "olga", "ada"];

/// Between them they may everything that staff may.
const STAFF_ROLES: [Role; 2] = [Role::Supervisor, Role::Administrator];

/// Everybody of [`STAFF`], and a wallboard.
async fn all_staff(gateway: &Gateway) -> Vec<Console> {
    let mut all = vec![gateway.wallboard("sue").await];
    for name in STAFF {
        all.push(gateway.staff(name).await);
    }
    all
}

#[tokio::test]
async fn staff_may_over_the_wire_what_the_table_says() {
    let gateway = Gateway::start().await;
    let tom = gateway.console("tom").await;
    let mut tried = BTreeSet::new();
    for who in all_staff(&gateway).await {
        let (name, role) = (&who.who.name, who.who.role);
        for mine in [true, false] {
            if mine && !who.may_take() {
                continue;
            }
            for number in 0..staff_messages(example_session()).len() {
                let ann = gateway.resident().await;
                let session = ann.open("A dog barks").await;
                let owner = if mine { &who } else { &tom };
                owner.takes(session).await;
                let message = staff_messages(session).swap_remove(number);
                let action = action_of_staff_message(&message);
                tried.insert(action);
                if who.who.role == Role::Supervisor && !mine {
                    who.does(session, StaffCommand::Watch {}).await;
                }
                let answer = staff_answer(&who, session, &message, mine).await;
                let wanted = access::may(&caller(&who.who), action, &target(&who.who, mine));
                check(
                    &format!("{name} as {role:?}: {action:?} mine: {mine}"),
                    action,
                    wanted,
                    answer,
                );
            }
        }
    }
    let server_side = [Action::ListSessions, Action::SeeBoard, Action::StaffHello];
    let of_staff = Action::all().filter(|action| {
        !matches!(action, Action::Http(_))
            && STAFF_ROLES
                .iter()
                .any(|role| allowed(*role, *action) != Access::Never)
            && !server_side.contains(action)
    });
    assert_eq!(tried, of_staff.collect(), "every action of staff was tried");
}

#[tokio::test]
async fn lists_and_boards_come_to_those_who_may_see_them() {
    let gateway = Gateway::start().await;
    let ann = gateway.resident().await;
    ann.open("A dog barks").await;
    let sue = gateway.staff("sue").await;
    for name in ["tina", "olga", "ada"] {
        let who = gateway.staff(name).await;
        // Two boards of the supervisor that are made from now on lie between: time enough for everybody's first list.
        let made = |m: &ToStaff| match m {
            ToStaff::Board(board) => Some(board.now_ms),
            _ => None,
        };
        let mut newest = sue.wire.record().all().iter().filter_map(made).max();
        for _ in 0..2 {
            let next = sue.wire.wait(|m| made(m).filter(|at| Some(*at) > newest));
            newest = Some(next.await);
            who.ready_for_everything();
        }
        who.quiet().await;
        let all = who.wire.record().all();
        let lists = all.iter().any(|m| matches!(m, ToStaff::Sessions { .. }));
        let may = allowed(who.who.role, Action::ListSessions) != Access::Never;
        assert_eq!(lists, may, "{name}");
        let boards = all.iter().any(|m| matches!(m, ToStaff::Board(_)));
        let may = allowed(who.who.role, Action::SeeBoard) != Access::Never;
        assert_eq!(boards, may, "{name}");
    }
}

#[tokio::test]
async fn a_resident_reaches_no_session_but_their_own() {
    let gateway = Gateway::start().await;
    let (ann, ben) = (gateway.resident().await, gateway.resident().await);
    let others = ben.open("A cat as well").await;
    let mut tried = BTreeSet::new();
    for message in resident_messages(others) {
        let action = action_of_resident_message(&message);
        tried.insert(action);
        // Nobody is bound to a session yet, so nothing can be done to one, and another's looks as if it were not there.
        ann.wire.send(&message);
        ann.quiet().await;
        let refused = ann.wire.record().all().iter().rev().find_map(|m| match m {
            ToResident::Error(error) => Some(error.code),
            _ => None,
        });
        match allowed(Role::Resident, action) {
            Access::Own if action == Action::Resume => {
                assert_eq!(refused, Some(ErrorCode::NoSuchSession), "{action:?}");
            }
            Access::Own => assert_eq!(refused, Some(ErrorCode::WrongOrder), "{action:?}"),
            _ => {}
        }
    }
    let of_residents = Action::all().filter(|action| {
        !matches!(action, Action::Http(_) | Action::ResidentHello)
            && allowed(Role::Resident, *action) != Access::Never
    });
    assert_eq!(
        tried,
        of_residents.collect(),
        "every action of residents was tried"
    );
    ben.says("Mine").await;
    ben.quiet().await;
    assert!(ben.entries().iter().all(|entry| entry.seq <= 4));
}

#[tokio::test]
async fn nobody_may_anything_before_hello() {
    let gateway = Gateway::start().await;
    for message in resident_messages(example_session()) {
        let wire: Wire<FromResident, ToResident> =
            Wire::connect(gateway.address(), "/ws/resident", Encoding::MessagePack).await;
        wire.send(&message);
        assert_eq!(wire.closed().await, Some(CloseCode::Protocol.number()));
        let all = wire.record().all();
        assert!(matches!(
            &all[..],
            [ToResident::Challenge { .. }, ToResident::Error(_)]
        ));
    }
    for message in staff_messages(example_session()) {
        let wire: Wire<FromStaff, ToStaff> =
            Wire::connect(gateway.address(), "/ws/staff", Encoding::MessagePack).await;
        wire.send(&message);
        assert_eq!(wire.closed().await, Some(CloseCode::Protocol.number()));
        assert!(matches!(&wire.record().all()[..], [ToStaff::Error(_)]));
    }
}

#[tokio::test]
async fn an_upload_token_opens_no_staff_socket() {
    let gateway = Gateway::start().await;
    let ann = gateway.resident().await;
    let wire: Wire<FromStaff, ToStaff> =
        Wire::connect(gateway.address(), "/ws/staff", Encoding::MessagePack).await;
    let (client, token) = (String::new(), ann.token.clone());
    wire.send(&FromStaff::Hello { client, token });
    assert_eq!(wire.closed().await, Some(CloseCode::SignInAgain.number()));
}

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

/// Status and, if there is one, the public code.
async fn reach(
    gateway: &Gateway,
    route: Route,
    token: Option<&String>,
    photo: &Photo,
) -> (u16, Option<String>) {
    let path = route
        .path()
        .replace("{agency}", "demo.example")
        .replace("{session}", &photo.session.to_string())
        .replace("{photo}", &photo.photo.to_string())
        .replace("{id}", &photo.upload)
        .replace("{*file}", "none.js")
        .replace("{file}", "none.js")
        .replace("{*view}", "any");
    let client = reqwest::Client::new();
    let url = gateway.url(&path);
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

async fn staff_answer(
    who: &Console,
    session: SessionId,
    message: &FromStaff,
    mine: bool,
) -> Option<ErrorMessage> {
    let about_followed = matches!(
        message,
        FromStaff::RealTimeText { .. }
            | FromStaff::MediaOffer { .. }
            | FromStaff::Delivered { .. }
            | FromStaff::MediaStop { .. }
            | FromStaff::Unfollow { .. }
    );
    let supervises = who.who.role == Role::Supervisor;
    if about_followed && (mine || supervises || who.who.role == Role::Auditor) {
        who.follows(session, 0).await;
    }
    let before = who.wire.record().len();
    who.wire.send(message);
    match message {
        FromStaff::Do { id, .. } | FromStaff::TakeNext { id } => who.answer_or_error(*id).await,
        FromStaff::MediaOffer { id, .. }
        | FromStaff::MakeReportLink { id, .. }
        | FromStaff::Drain { id, .. }
        | FromStaff::Undrain { id, .. } => who.answer_or_error(*id).await,
        _ => {
            who.quiet().await;
            let all = who.wire.record().all();
            all[before..].iter().find_map(|m| match m {
                ToStaff::Error(error) => Some(error.clone()),
                _ => None,
            })
        }
    }
}

/// A refusal by right is told by its code; whatever else comes says that the right was there.
fn check(what: &str, action: Action, wanted: Result<(), Refusal>, answer: Option<ErrorMessage>) {
    let code = answer.map(|error| error.code);
    let by_right = [
        ErrorCode::NotAllowed,
        ErrorCode::NotOwner,
        ErrorCode::NoSuchSession,
    ];
    match wanted {
        Ok(()) => assert!(
            !code.is_some_and(|code| by_right.contains(&code)),
            "{what}: {code:?}"
        ),
        // Comes too late to complain about.
        Err(Refusal::NotOwner) if action == Action::StaffDelivered => assert_eq!(code, None),
        // Only what is followed can be written to or received, and it could not be followed.
        Err(Refusal::NotOwner) => assert!(
            matches!(code, Some(ErrorCode::NotOwner | ErrorCode::WrongOrder)),
            "{what}: {code:?}"
        ),
        Err(refusal) => assert_eq!(code, Some(refusal.code()), "{what}"),
    }
}

fn caller(who: &SignedIn) -> Caller {
    Caller::Staff {
        role: who.role,
        agency: "demo.example".parse().unwrap(),
        staff: who.name.parse().unwrap(),
    }
}

fn target(who: &SignedIn, mine: bool) -> Target {
    Target {
        agency: "demo.example".parse().unwrap(),
        owner: Some(if mine { &who.name } else { "tom" }.parse().unwrap()),
        resident: ResidentId::from_u128(1).unwrap(),
        session: example_session(),
    }
}

fn example_session() -> SessionId {
    SessionId::from_u128(7).unwrap()
}

pub(super) fn announce() -> ResidentCommand {
    ResidentCommand::AnnouncePhoto {
        media_type: "image/jpeg".to_owned(),
        size_bytes: 1_000,
        preview: None,
        age_ms: 0,
    }
}

fn place() -> Location {
    Location {
        latitude: 40.0,
        longitude: -75.0,
        uncertainty_m: 20.0,
        method: LocationMethod::Gnss,
        age_ms: 0,
        words: None,
    }
}

fn typed() -> RealTimeText {
    RealTimeText {
        message: fresh(),
        part: 0,
        from: 0,
        text: "a".to_owned(),
    }
}

/// One of every kind a resident can send after hello; none of them opens a session before the others are tried.
fn resident_messages(others: SessionId) -> Vec<FromResident> {
    let command = |command| FromResident::Do {
        id: fresh(),
        command,
    };
    vec![
        FromResident::Resume {
            session: others,
            after: 0,
        },
        FromResident::OpenByLink {
            id: fresh(),
            session: others,
            secret: "x".repeat(43),
            opening: super::harness::opening(Category::Other, ""),
        },
        command(text("a")),
        command(ResidentCommand::Locate { location: place() }),
        command(announce()),
        command(ResidentCommand::Consent {
            medium: Medium::Video,
            granted: true,
            ask: None,
        }),
        command(ResidentCommand::GiveContact {
            contact: "+1 555 0100".to_owned(),
        }),
        command(ResidentCommand::Leave { quick_exit: true }),
        FromResident::RealTimeText(typed()),
        FromResident::MediaOffer {
            id: fresh(),
            sdp: String::new(),
        },
        FromResident::Delivered { up_to: 1 },
        FromResident::Seen { up_to: 1 },
        FromResident::RefreshToken {},
        FromResident::Ping { n: 1 },
        FromResident::Open {
            id: fresh(),
            opening: super::harness::opening(Category::Other, ""),
        },
    ]
}

/// One of every kind staff can send after hello.
pub(super) fn staff_messages(session: SessionId) -> Vec<FromStaff> {
    let command = |command| FromStaff::Do {
        id: fresh(),
        session,
        command,
    };
    let words = || "a".to_owned();
    let offer = |talk| FromStaff::MediaOffer {
        id: fresh(),
        session,
        sdp: String::new(),
        talk,
    };
    vec![
        FromStaff::Register { queues: Vec::new() },
        FromStaff::SetAgentState {
            state: AgentState::Available,
            reason: None,
        },
        FromStaff::TakeNext { id: fresh() },
        FromStaff::MakeReportLink {
            id: fresh(),
            digest: "5a".repeat(32),
        },
        FromStaff::Follow { session, after: 0 },
        FromStaff::Unfollow { session },
        FromStaff::Delivered { session, up_to: 1 },
        FromStaff::RealTimeText {
            session,
            typed: typed(),
        },
        offer(false),
        offer(true),
        FromStaff::MediaStop { session },
        FromStaff::ListClosed {
            id: fresh(),
            after: None,
        },
        FromStaff::Drain {
            id: fresh(),
            node: words(),
            within_s: 60,
            per_s: None,
        },
        FromStaff::Undrain {
            id: fresh(),
            node: words(),
        },
        FromStaff::Tally {
            alarms: 1,
            exposed_ms: 1_000,
        },
        FromStaff::Ping { n: 1 },
        FromStaff::Renew { token: words() },
        command(StaffCommand::Take {}),
        command(StaffCommand::Release {}),
        command(StaffCommand::Transfer {
            target: TransferTarget::Queue {
                queue: "police".parse().unwrap(),
            },
            note: words(),
        }),
        command(StaffCommand::Close {
            disposition: Disposition::Test,
            note: words(),
        }),
        command(StaffCommand::RevokeReportLink {}),
        command(StaffCommand::Text { text: words() }),
        command(StaffCommand::Ask {
            medium: Medium::Video,
            question: None,
        }),
        command(StaffCommand::Note { text: words() }),
        command(StaffCommand::SetPriority {
            priority: Priority::PROMPT,
            reason: words(),
        }),
        command(StaffCommand::SetServiceLocation {
            location: place(),
            from: None,
        }),
        command(StaffCommand::Reveal { photo: fresh() }),
        command(StaffCommand::Seen { up_to: 1 }),
        command(StaffCommand::Watch {}),
        command(StaffCommand::Link {
            incident: session.into(),
        }),
        command(StaffCommand::Unlink {
            incident: session.into(),
        }),
        command(StaffCommand::MakeResponderLink {
            digest: "0".repeat(64),
            life_ms: 60_000,
            note: words(),
        }),
        command(StaffCommand::RevokeResponderLink { link: fresh() }),
        command(StaffCommand::PlaceHold { reason: words() }),
        command(StaffCommand::RequestCustody {
            what: Custodial::Export,
            reason: words(),
        }),
        command(StaffCommand::AgreeCustody { request: fresh() }),
        command(StaffCommand::DeclineCustody {
            request: fresh(),
            reason: words(),
        }),
        command(StaffCommand::LiftHold {
            hold: fresh(),
            reason: words(),
        }),
    ]
}
