//! Suspicion: a number with its reasons for staff, that changes no order and that residents never learn of.

use std::fmt::Write as _;

use callbox_proto::command::{Opening, ResidentCommand, StaffCommand};
use callbox_proto::event::{Actor, Event};
use callbox_proto::ids::SessionId;
use callbox_proto::vocabulary::{
    Category, Disposition, Location, LocationMethod, Standing, Suspicion,
};

use super::harness::{Console, Device, Gateway, Resident, Topology, everywhere, fresh, opening};

everywhere!(
    the_same_call_from_all_over_the_world_is_told_as_that_and_keeps_its_place_in_the_queue,
    a_fire_that_thirty_people_see_makes_none_of_them_suspicious,
    a_device_that_opens_many_sessions_is_told_and_those_that_were_closed_count,
    what_is_said_of_a_place_follows_the_place_and_outlives_a_restart,
);

const AREA: &str = "agency.area = { latitude = 37.1, longitude = -94.9, radius_km = 40 }\n";
const CALL: &str =
    "Please send somebody to Ferry Lane 9, my friend is being followed by three men right now";
const TOWN: (f64, f64) = (37.098, -94.904);
/// Boise, Beijing, London, Sydney, Mexico City.
const WORLD: [(f64, f64); 5] = [
    (43.61, -116.20),
    (39.90, 116.40),
    (51.50, -0.12),
    (-33.87, 151.21),
    (19.43, -99.13),
];

fn at((latitude, longitude): (f64, f64)) -> Location {
    Location {
        latitude,
        longitude,
        uncertainty_m: 20.0,
        method: LocationMethod::Device,
        age_ms: 0,
        words: None,
    }
}

fn call_from(place: (f64, f64)) -> Opening {
    Opening {
        location: Some(at(place)),
        ..opening(Category::Other, CALL)
    }
}

fn close() -> StaffCommand {
    StaffCommand::Close {
        disposition: Disposition::NoActionNeeded,
        note: String::new(),
    }
}

async fn calls(gateway: &Gateway, place: (f64, f64)) -> (Resident, SessionId) {
    let resident = gateway.resident().await;
    let (session, _) = resident.open_with(fresh(), &call_from(place)).await;
    (resident, session)
}

/// Waits until the list says so of the session.
async fn suspected(who: &Console, session: SessionId, number: u8) -> Suspicion {
    let told = |suspicion: &Option<Suspicion>| suspicion.as_ref().map_or(0, |found| found.number);
    let row = who.row(session, |row| told(&row.suspicion) == number).await;
    row.suspicion.unwrap_or_default()
}

fn named(suspicion: &Suspicion) -> Vec<&str> {
    let reasons = suspicion.reasons.iter();
    reasons.map(|reason| reason.rule.as_str()).collect()
}

async fn the_same_call_from_all_over_the_world_is_told_as_that_and_keeps_its_place_in_the_queue(
    on: Topology,
) {
    let gateway = on.with(AREA).await;
    let (ann, first) = calls(&gateway, TOWN).await;
    let mut world = Vec::new();
    for place in WORLD {
        world.push(calls(&gateway, place).await);
    }
    let (ben, last) = calls(&gateway, TOWN).await;
    let (tina, olga) = (gateway.console("tina").await, gateway.staff("olga").await);
    for (_, session) in &world {
        for who in [&tina, &olga] {
            let found = suspected(who, *session, 70).await;
            assert_eq!(named(&found), ["same-words-far-apart", "far-outside"]);
            assert_eq!(found.reasons[0].sessions, Some(3));
            assert!(found.reasons[1].outside_km.is_some_and(|km| km > 1_000));
        }
    }
    // Whom the world copies, and who stands beside, are not suspicious.
    for session in [first, last] {
        assert_eq!(suspected(&tina, session, 0).await, Suspicion::default());
    }
    // The order is that of the beginning, and so is the taking.
    for expected in std::iter::once(first).chain(world.iter().map(|(_, id)| *id)) {
        assert_eq!(tina.take_next().await, expected);
    }
    assert_eq!(tina.take_next().await, last);
    // It is in the log, by the gateway, with the version of the rules.
    let (far, session) = &world[0];
    tina.follows(*session, 0).await;
    let is_it = |event: &Event| matches!(event, Event::Suspected { suspicion, .. } if suspicion.number == 70);
    let entry = tina.entry(*session, is_it).await;
    assert_eq!(entry.by, Actor::Gateway);
    // What comes behind it follows for the resident on what came before, and nothing tells.
    tina.says(*session, "We read you").await;
    for resident in [far, &ann, &ben] {
        resident.quiet().await;
        let told = |event: &Event| matches!(event, Event::Suspected { .. });
        assert!(!resident.entries().iter().any(|entry| told(&entry.event)));
    }
    far.reads("We read you").await;
}

async fn a_fire_that_thirty_people_see_makes_none_of_them_suspicious(on: Topology) {
    let gateway = on.with(AREA).await;
    let mut seen = Vec::new();
    // Half of them stand beyond the edge of the area.
    for n in 0..30 {
        let away = if n % 2 == 0 { 0.0 } else { 0.6 };
        seen.push(calls(&gateway, (TOWN.0 + away + f64::from(n) * 1e-4, TOWN.1)).await);
    }
    // Somebody who is suspicious comes last: when that is told, the others were looked at.
    let (_boise, far) = calls(&gateway, WORLD[0]).await;
    let tina = gateway.console("tina").await;
    suspected(&tina, far, 30).await;
    for (_, session) in &seen {
        tina.stands(*session, Standing::Waiting).await;
    }
    tina.quiet().await;
    let rows = tina.list();
    let names = seen.iter().fold(String::new(), |mut names, (_, session)| {
        if let Some(found) = &rows[session].suspicion {
            let _ = write!(names, "{session}: {} ", found.number);
        }
        names
    });
    assert_eq!(names, "");
}

async fn a_device_that_opens_many_sessions_is_told_and_those_that_were_closed_count(on: Topology) {
    let gateway = on.start().await;
    let (tina, device) = (gateway.console("tina").await, Device::new());
    let mut sessions = Vec::new();
    for n in 0..4 {
        let resident = gateway.resident_again(&device).await;
        let session = resident.open("hello").await;
        tina.stands(session, Standing::Waiting).await;
        if n < 3 {
            tina.takes(session).await;
            tina.does(session, close()).await;
            tina.gone(session).await;
        }
        sessions.push((resident, session));
    }
    let found = suspected(&tina, sessions[3].1, 30).await;
    assert_eq!(named(&found), ["many-from-one-device"]);
    assert_eq!(found.reasons[0].sessions, Some(4));
    let other = gateway.resident().await;
    let calm = other.open("hello").await;
    assert_eq!(suspected(&tina, calm, 0).await, Suspicion::default());
}

async fn what_is_said_of_a_place_follows_the_place_and_outlives_a_restart(on: Topology) {
    let mut gateway = on.with(AREA).await;
    let (ann, session) = calls(&gateway, WORLD[2]).await;
    {
        let tina = gateway.console("tina").await;
        suspected(&tina, session, 30).await;
    }
    gateway.restart().await;
    let tina = gateway.console("tina").await;
    suspected(&tina, session, 30).await;
    // The first fix was wrong; the device says so when it is back.
    let ann = gateway.resident_again(&ann.device).await;
    ann.resume(session, 0).await;
    let location = at(TOWN);
    ann.does(ResidentCommand::Locate { location }).await;
    suspected(&tina, session, 0).await;
}
