//! Two agencies strictly apart, over the wire: on one node, on two over a shared tier, and where one node serves both and another
//! only one of them.

use std::collections::BTreeSet;

use callbox_proto::codec::Encoding;
use callbox_proto::error::{CloseCode, ErrorCode};
use callbox_proto::ids::SessionId;
use callbox_proto::message::{AgencyInfo, FromResident, FromStaff, ToResident, ToStaff};
use callbox_proto::vocabulary::{Category, Standing};

use super::harness::{
    Console, Device, Gateway, Resident, SignedIn, Topology, Wire, everywhere, fresh, opening, soon,
};
use super::roles::{announce, staff_messages};

/// The agency beside the default one, with people of the same names and a queue that the other has not.
const WEST: &str = "west.example";
const SETTINGS: &str = "
[[agencies]]
id = \"west.example\"
name = \"West Communications\"
banner = \"This reaches the west.\"
emergency_number = \"112\"
public_origin = \"http://report.west.example\"
queues = [
    { id = \"emergency\", name = \"Emergency\" },
    { id = \"police\", name = \"Police\" },
    { id = \"fire-medical\", name = \"Fire and medical\" },
    { id = \"information\", name = \"Information\" },
    { id = \"harbour\", name = \"Harbour\" },
]
[agencies.demo]
enabled = true
users = [
    { name = \"tina\", role = \"telecommunicator\", passphrase = \"west-tina-911\" },
    { name = \"wes\", role = \"telecommunicator\", passphrase = \"west-wes-911\" },
    { name = \"sue\", role = \"supervisor\", passphrase = \"west-sue-911\" },
    { name = \"olga\", role = \"auditor\", passphrase = \"west-olga-911\" },
]
";

everywhere!(
    residents_of_one_agency_are_in_no_list_and_no_figure_of_the_other,
    whatever_the_other_agency_s_staff_send_a_session_is_as_if_it_were_not_there,
    a_sign_in_at_one_agency_is_nothing_at_the_other,
    one_phone_reports_to_two_agencies_and_each_has_its_own_report,
);

async fn signed_in_west(gateway: &Gateway, name: &str) -> SignedIn {
    let passphrase = format!("west-{name}-911");
    let signed_in = SignedIn::try_sign_in(gateway.desk(), WEST, name, &passphrase).await;
    signed_in.expect("signed in")
}

/// Somebody of the west at the node where staff are, ready for every queue of theirs.
async fn western(gateway: &Gateway, name: &str) -> Console {
    let who = signed_in_west(gateway, name).await;
    let console = Console::connect(gateway.desk(), &who, Encoding::MessagePack).await;
    console.ready_for_everything();
    console
}

/// A resident of the west at the node where residents are.
async fn reports_west(gateway: &Gateway) -> Resident {
    Resident::at(gateway.address(), Device::new(), WEST).await
}

/// Waits for a board of a supervisor on which so many wait and so many were answered.
async fn board(sue: &Console, waiting: u64, answered: u64) {
    sue.wire
        .wait(|message| match message {
            ToStaff::Board(board) => {
                let waits: u64 = board.queues.iter().map(|queue| queue.waiting).sum();
                let were: u64 = board.queues.iter().map(|queue| queue.answered).sum();
                ((waits, were) == (waiting, answered)).then_some(())
            }
            _ => None,
        })
        .await;
}

/// Every session that ever was in a list of this console.
fn listed(console: &Console) -> BTreeSet<SessionId> {
    let all = console.wire.record().all();
    let rows = all.iter().flat_map(|message| match message {
        ToStaff::Sessions { rows, .. } => rows.clone(),
        ToStaff::SessionsChanged { changed, .. } => changed.clone(),
        _ => Vec::new(),
    });
    rows.map(|row| row.session).collect()
}

async fn residents_of_one_agency_are_in_no_list_and_no_figure_of_the_other(on: Topology) {
    let gateway = on.with(SETTINGS).await;
    let (tina, sue) = (gateway.console("tina").await, gateway.console("sue").await);
    let (wes, susan) = (
        western(&gateway, "wes").await,
        western(&gateway, "sue").await,
    );
    let wanda = reports_west(&gateway).await;
    let west = wanda.open("A boat drifts").await;
    let mut crowd = Vec::new();
    let mut east = BTreeSet::new();
    for _ in 0..20 {
        let ann = gateway.resident().await;
        east.insert(ann.open("A dog barks").await);
        crowd.push(ann);
    }
    for session in &east {
        tina.stands(*session, Standing::Waiting).await;
    }
    wes.stands(west, Standing::Waiting).await;
    board(&sue, 20, 0).await;
    board(&susan, 1, 0).await;

    assert_eq!(wes.take_next().await, west);
    let nothing = wes.try_take_next(fresh()).await.expect_err("nothing waits");
    assert_eq!(nothing.code, ErrorCode::NothingWaits);
    assert!(east.contains(&tina.take_next().await));
    board(&sue, 19, 1).await;
    board(&susan, 0, 1).await;
    assert_eq!(listed(&tina), east);
    assert_eq!(listed(&wes), BTreeSet::from([west]));
    assert_eq!(listed(&susan), BTreeSet::from([west]));

    // Who is signed in is told of one's own people only, and the figures for machines name nobody's agency.
    let people = susan
        .wire
        .record()
        .all()
        .into_iter()
        .rev()
        .find_map(|m| match m {
            ToStaff::Board(board) => Some(board.people),
            _ => None,
        });
    let names: BTreeSet<_> = people.unwrap().into_iter().map(|p| p.staff).collect();
    assert_eq!(
        names,
        ["sue", "wes"].map(|name| name.parse().unwrap()).into()
    );
    let colleagues = |who: &Console| {
        let all = who.wire.record().all();
        let newest = all.into_iter().rev().find_map(|m| match m {
            ToStaff::Colleagues { people, .. } => Some(people),
            _ => None,
        });
        newest.map(|people| people.into_iter().map(|p| p.staff).collect())
    };
    assert_eq!(colleagues(&susan), Some(names));
    let figures = reqwest::get(format!("http://{}/metrics", gateway.desk_admin())).await;
    let figures = figures.unwrap().text().await.unwrap();
    assert!(!figures.contains("example"), "{figures}");
}

/// What comes back of one message: the codes of refusals, in order.
async fn answers(who: &Console, message: &FromStaff) -> Vec<ErrorCode> {
    let before = who.wire.record().len();
    who.wire.send(message);
    if let FromStaff::Do { id, .. } | FromStaff::MediaOffer { id, .. } = message {
        who.answer_or_error(*id).await;
    }
    who.quiet().await;
    let all = who.wire.record().all();
    let codes = all[before..].iter().filter_map(|message| match message {
        ToStaff::Error(error) => Some(error.code),
        _ => None,
    });
    codes.collect()
}

async fn photo_answer(gateway: &Gateway, who: &Console, session: SessionId, photo: &str) -> String {
    let path = format!("/api/v1/sessions/{session}/photos/{photo}");
    let url = format!("http://{}{path}", gateway.desk());
    let asking = reqwest::Client::new().get(url).bearer_auth(&who.who.token);
    let answer = soon(asking.send()).await.unwrap();
    format!("{} {}", answer.status(), answer.text().await.unwrap())
}

async fn whatever_the_other_agency_s_staff_send_a_session_is_as_if_it_were_not_there(on: Topology) {
    let gateway = on.with(SETTINGS).await;
    let ann = gateway.resident().await;
    let session = ann.open("A dog barks").await;
    let photo = ann.does(announce()).await.id;
    // East's Tina owns it; the west has a Tina too.
    let tina = gateway.console("tina").await;
    tina.takes(session).await;
    let nowhere = SessionId::from_u128(fresh().as_u128()).unwrap();
    for name in ["tina", "sue", "olga"] {
        let who = western(&gateway, name).await;
        who.quiet().await;
        for number in 0..staff_messages(session).len() {
            let of_east = staff_messages(session).swap_remove(number);
            let of_nobody = staff_messages(nowhere).swap_remove(number);
            let told = answers(&who, &of_east).await;
            assert_eq!(told, answers(&who, &of_nobody).await, "{name}: {number}");
        }
        for form in ["preview", "copy", "original"] {
            let photo = format!("{photo}/{form}");
            let told = photo_answer(&gateway, &who, session, &photo).await;
            assert!(told.contains("no_such_session"), "{name} {form}: {told}");
            let of_nobody = photo_answer(&gateway, &who, nowhere, &photo).await;
            assert_eq!(told, of_nobody, "{name} {form}");
        }
        let all = who.wire.record().all();
        let told_of = all.iter().any(|message| match message {
            ToStaff::Session { row, .. } => row.session == session,
            ToStaff::Entry { session: of, .. } | ToStaff::Live { session: of, .. } => {
                *of == session
            }
            ToStaff::RealTimeText { session: of, .. } | ToStaff::Presence { session: of, .. } => {
                *of == session
            }
            _ => false,
        });
        // A link to report that they make is a session of their own.
        assert!(!told_of && !listed(&who).contains(&session), "{name}");
        // A person of the same name who goes takes nothing of the other agency along.
        drop(who);
    }
    tina.follows(session, 0).await;
    tina.says(session, "Still here").await;
    ann.reads("Still here").await;
    tina.reads(session, "Still here").await;
    let (events, own) = (tina.entries(session), tina.who.name.clone());
    let strangers = events.iter().filter(|entry| {
        matches!(&entry.by, callbox_proto::event::Actor::Staff { staff: Some(staff), .. } if staff.as_str() != own)
    });
    assert_eq!(strangers.count(), 0, "{events:?}");
}

async fn a_sign_in_at_one_agency_is_nothing_at_the_other(on: Topology) {
    let gateway = on.with(SETTINGS).await;
    let refused = |agency: &'static str, name: &'static str, passphrase: &'static str| {
        let address = gateway.desk();
        async move {
            let answer = SignedIn::try_sign_in(address, agency, name, passphrase).await;
            answer.expect_err("refused")
        }
    };
    // The same name in both: each passphrase is good in its own agency only.
    assert_eq!(
        refused(WEST, "tina", "demo-tina-911").await,
        "sign_in_refused"
    );
    assert_eq!(
        refused("demo.example", "tina", "west-tina-911").await,
        "sign_in_refused"
    );
    // Tom is of the east only, Wes of the west only.
    assert_eq!(
        refused(WEST, "tom", "demo-tom-911").await,
        "sign_in_refused"
    );
    assert_eq!(
        refused("demo.example", "wes", "west-wes-911").await,
        "sign_in_refused"
    );
    assert_eq!(
        refused("nowhere.example", "tina", "demo-tina-911").await,
        "no_such_agency"
    );

    let tina = gateway.console("tina").await;
    let western = western(&gateway, "tina").await;
    let welcomed = |console: &Console| {
        let all = console.wire.record().all();
        all.into_iter().find_map(|message| match message {
            ToStaff::Welcome { agency, queues, .. } => Some((
                agency.agency.to_string(),
                agency.emergency_number,
                queues.len(),
            )),
            _ => None,
        })
    };
    let (east, west) = (welcomed(&tina).unwrap(), welcomed(&western).unwrap());
    assert_eq!(east, ("demo.example".to_owned(), "911".to_owned(), 4));
    assert_eq!(west, (WEST.to_owned(), "112".to_owned(), 5));
    // The namesake's fresh token renews nothing here, and the other agency's queue cannot be registered for.
    let token = western.who.token.clone();
    tina.wire.send(&FromStaff::Renew { token });
    assert_eq!(tina.complaint().await.code, ErrorCode::TokenInvalid);
    let queues = vec!["harbour".parse().unwrap()];
    tina.wire.send(&FromStaff::Register { queues });
    assert_eq!(tina.complaint().await.code, ErrorCode::NoSuchTarget);
    // Wes is nobody whom the east could hand a session to.
    let ann = gateway.resident().await;
    let session = ann.open("A dog barks").await;
    tina.takes(session).await;
    let to_wes = callbox_proto::command::StaffCommand::Transfer {
        target: callbox_proto::vocabulary::TransferTarget::Person {
            staff: "wes".parse().unwrap(),
        },
        note: String::new(),
    };
    let id = fresh();
    tina.submit(id, session, to_wes);
    let refusal = tina.answer(id).await.expect_err("refused");
    assert_eq!(refusal.code, ErrorCode::NoSuchTarget);
}

async fn one_phone_reports_to_two_agencies_and_each_has_its_own_report(on: Topology) {
    let gateway = on.with(SETTINGS).await;
    let phone = Device::new();
    let (id, report) = (fresh(), opening(Category::Other, "A dog barks"));
    let east = gateway.resident_again(&phone).await;
    let (session, _) = east.open_with(id, &report).await;
    let west = Resident::at(gateway.desk(), phone.clone(), WEST).await;
    // The report of the one is not there at the other, under whatever name it is asked for.
    west.wire.send(&FromResident::Resume { session, after: 0 });
    assert_eq!(complaint(&west).await, ErrorCode::NoSuchSession);
    west.wire.send(&FromResident::Open {
        id,
        opening: report,
    });
    let refused = west.answer(id).await.expect_err("refused");
    assert_eq!(refused.code, ErrorCode::IdReused);
    let other = west.open("A boat drifts").await;
    assert_ne!(other, session);
    let tina = gateway.console("tina").await;
    let wes = western(&gateway, "wes").await;
    wes.stands(other, Standing::Waiting).await;
    tina.stands(session, Standing::Waiting).await;
    east.says("And barks").await;
    assert_eq!(east.texts(), ["A dog barks", "And barks"]);
    assert_eq!(listed(&wes), BTreeSet::from([other]));
}

async fn complaint(resident: &Resident) -> ErrorCode {
    resident
        .wire
        .wait(|message| match message {
            ToResident::Error(error) if error.id.is_none() => Some(error.code),
            _ => None,
        })
        .await
}

/// What the gateway tells of an agency before anybody connects.
async fn info(gateway: &Gateway, path: &str, host: Option<&str>) -> Result<AgencyInfo, String> {
    let mut asking = reqwest::Client::new().get(gateway.url(path));
    if let Some(host) = host {
        asking = asking.header("host", host);
    }
    let answer = soon(asking.send()).await.unwrap();
    let status = answer.status();
    let text = answer.text().await.unwrap();
    serde_json::from_str(&text).map_err(|_| format!("{status} {text}"))
}

#[tokio::test]
async fn each_agency_tells_name_number_and_banner_by_its_path_and_by_its_own_name() {
    let gateway = Gateway::with(SETTINGS).await;
    let first = info(&gateway, "/api/v1/agency", None).await.unwrap();
    assert_eq!(first.agency.as_str(), "demo.example");
    let by_path = info(&gateway, "/api/v1/agencies/west.example", None).await;
    let by_path = by_path.unwrap();
    assert_eq!(by_path.name, "West Communications");
    assert_eq!(by_path.banner, "This reaches the west.");
    assert_eq!(by_path.emergency_number, "112");
    let by_name = info(&gateway, "/api/v1/agency", Some("Report.West.Example")).await;
    assert_eq!(by_name.unwrap(), by_path);
    let other = info(&gateway, "/api/v1/agency", Some("report.west.example:81")).await;
    assert_eq!(other.unwrap(), first, "another port is another name");
    for path in ["/api/v1/agencies/nowhere.example", "/api/v1/agencies/X%20Y"] {
        let told = info(&gateway, path, None).await.expect_err("not served");
        assert!(
            told.starts_with("404") && told.contains("no_such_agency"),
            "{told}"
        );
    }
    let page = reqwest::get(gateway.url("/a/nowhere.example/")).await;
    let page = page.unwrap();
    assert_eq!(page.status(), 404);
    assert!(page.text().await.unwrap().contains("tel:911"));
    let page = reqwest::get(gateway.url("/a/west.example/")).await;
    assert_eq!(page.unwrap().status(), 200);
}

/// A hello that is refused: its code, and how the link is closed.
async fn hello_refused(address: std::net::SocketAddr, agency: &str) -> (ErrorCode, Option<u16>) {
    let wire: Wire<FromResident, ToResident> =
        Wire::connect(address, "/ws/resident", Encoding::MessagePack).await;
    let nonce = wire
        .wait(|message| match message {
            ToResident::Challenge { nonce, .. } => Some(nonce.0.clone()),
            _ => None,
        })
        .await;
    wire.send(&Device::new().hello_to(&nonce, Some(agency)));
    wire.ended(|message| match message {
        ToResident::Error(error) => Some(error.code),
        _ => None,
    })
    .await
}

#[tokio::test]
async fn a_hello_to_an_agency_that_is_not_served_is_told_so_and_to_try_again() {
    let gateway = Gateway::with(SETTINGS).await;
    let told = hello_refused(gateway.address(), "nowhere.example").await;
    let not_served = Some(CloseCode::NotServed.number());
    assert_eq!(told, (ErrorCode::NoSuchAgency, not_served));
}

/// The first node serves both agencies, the last one only the default one.
async fn mixed() -> Gateway {
    Gateway::cluster_of(&[SETTINGS, ""]).await
}

#[tokio::test]
async fn where_one_node_serves_both_agencies_and_another_only_one_they_are_still_apart() {
    let mut gateway = mixed().await;
    let (both, one) = (gateway.here(), gateway.desk());
    let wanda = Resident::at(both, Device::new(), WEST).await;
    let west = wanda.open("A boat drifts").await;
    let who = SignedIn::try_sign_in(both, WEST, "wes", "west-wes-911").await;
    let who = who.expect("signed in");
    let wes = Console::connect(both, &who, Encoding::MessagePack).await;
    wes.ready_for_everything();
    assert_eq!(wes.take_next().await, west);

    // The default agency is whole across both nodes.
    let ann = Resident::connect(both, Device::new(), Encoding::MessagePack).await;
    let east = ann.open("A dog barks").await;
    let tina = gateway.console("tina").await;
    assert_eq!(tina.take_next().await, east);
    tina.says(east, "Which dog?").await;
    ann.reads("Which dog?").await;
    // At the other node nothing is known of the west.
    for message in staff_messages(west) {
        if let FromStaff::Do { .. } | FromStaff::Follow { .. } = &message {
            let told = answers(&tina, &message).await;
            assert!(
                matches!(told[..], [ErrorCode::NoSuchSession | ErrorCode::NotAllowed]),
                "{told:?}"
            );
        }
    }
    tina.stands(east, Standing::Owned).await;
    assert_eq!(listed(&tina), BTreeSet::from([east]));
    let not_served = Some(CloseCode::NotServed.number());
    let told = hello_refused(one, WEST).await;
    assert_eq!(told, (ErrorCode::NoSuchAgency, not_served));
    let told = SignedIn::try_sign_in(one, WEST, "wes", "west-wes-911").await;
    assert_eq!(told.err().as_deref(), Some("no_such_agency"));
    let wire: Wire<FromStaff, ToStaff> =
        Wire::connect(one, "/ws/staff", Encoding::MessagePack).await;
    let (client, token) = (String::new(), who.token.clone());
    wire.send(&FromStaff::Hello { client, token });
    assert_eq!(wire.closed().await, not_served);

    // Somebody at the lost node is waited for no longer; the west, which was never there, notices nothing.
    gateway.last().kill().await;
    let again = SignedIn::sign_in(both, "tom").await;
    let tom = Console::connect(both, &again, Encoding::MessagePack).await;
    tom.ready_for_everything();
    tom.stands(east, Standing::Waiting).await;
    assert_eq!(tom.take_next().await, east);
    wes.says(west, "Still here").await;
    wanda.reads("Still here").await;
    assert_eq!(wes.list()[&west].standing, Standing::Owned);
}

#[tokio::test]
async fn a_node_is_not_drained_while_it_alone_serves_an_agency() {
    let gateway = mixed().await;
    // Both nodes know of each other as soon as one sees the other's resident.
    let tina = gateway.console("tina").await;
    let ann = gateway.resident().await;
    let session = ann.open("A dog barks").await;
    tina.row(session, |row| row.connected).await;
    let order = |admin: std::net::SocketAddr| async move {
        let asking = reqwest::Client::new()
            .post(format!("http://{admin}/drain"))
            .json(&serde_json::json!({ "within_s": 30 }));
        soon(asking.send()).await.unwrap().status().as_u16()
    };
    assert_eq!(order(gateway.admin()).await, 409);
    assert_eq!(order(gateway.desk_admin()).await, 200);
}
