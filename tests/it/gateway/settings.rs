//! Settings that change while the gateway runs: who is told, what needs a restart, and a bad file.

use callbox_proto::codec::Encoding;
use callbox_proto::message::{
    AgencyInfo, ConfigFigures, NodeFigures, QueueInfo, ToResident, ToResponder, ToStaff,
};
use callbox_proto::vocabulary::ConfigFault;

use super::cluster::shows;
use super::harness::responder::{Responder, makes, opens};
use super::harness::{Console, Gateway, SignedIn, soon, text};

const BEFORE: &str = "agency.banner = \"Before\"\n";
const AFTER: &str = "agency.banner = \"After\"\n\
agency.exit_url = \"https://news.example/\"\n\
agency.sound_repeat_s = [5, 20, 20, 20, 20]\n\
agency.area = { latitude = 37.1, longitude = -94.9, radius_km = 40 }\n\
agency.default_queue = \"emergency\"\n\
agency.queues = [{ id = \"emergency\", name = \"First line\", targets_s = [5, 6, 7, 8, 9], target_share_percent = 80 }, \
{ id = \"police\", name = \"Police\" }, { id = \"fire-medical\", name = \"Fire and medical\" }, { id = \"information\", name = \"Information\" }]\n";
/// The agency as everybody may ask for it.
async fn face(gateway: &Gateway) -> AgencyInfo {
    let asking = reqwest::get(gateway.url("/api/v1/agency"));
    soon(soon(asking).await.unwrap().json()).await.unwrap()
}

/// Waits until the list of nodes shows the configuration so.
async fn runs(who: &Console, wanted: impl Fn(&ConfigFigures) -> bool) -> ConfigFigures {
    let node = shows(who, "", |node| node.config.as_ref().is_some_and(&wanted)).await;
    node.config.unwrap()
}

/// Waits until the board shows both nodes so; the versions that they run.
async fn both(who: &Console, wanted: impl Fn(&NodeFigures, &NodeFigures) -> bool) -> [String; 2] {
    who.wire
        .wait(|m| match m {
            ToStaff::Board(board) => {
                let named = |name| board.nodes.iter().find(|node| node.name == name);
                let (one, other) = (named("node-0")?, named("node-1")?);
                let versions = [
                    one.config.as_ref()?.version.clone(),
                    other.config.as_ref()?.version.clone(),
                ];
                wanted(one, other).then_some(versions)
            }
            _ => None,
        })
        .await
}

#[tokio::test]
async fn changed_settings_reach_residents_and_consoles_that_are_connected() {
    let mut gateway = Gateway::with(BEFORE).await;
    let ann = gateway.resident().await;
    ann.open("A dog barks").await;
    let tina = gateway.console("tina").await;
    let sue = gateway.staff("sue").await;
    let first = runs(&sue, |config| config.refused.is_none()).await;

    gateway.configure(AFTER);
    let told = |m: &ToResident| match m {
        ToResident::AgencyChanged { agency } => Some(agency.clone()),
        _ => None,
    };
    let agency = ann.wire.wait(told).await;
    assert_eq!(agency.banner, "After");
    assert_eq!(agency.exit_url, "https://news.example/");
    assert_eq!(face(&gateway).await, agency);
    let told = |m: &ToStaff| match m {
        ToStaff::AgencyChanged {
            agency,
            queues,
            desk,
        } => Some((agency.clone(), queues.clone(), desk.clone())),
        _ => None,
    };
    let (of_staff, queues, desk) = tina.wire.wait(told).await;
    assert_eq!(of_staff, agency);
    let queue = QueueInfo {
        queue: "emergency".parse().unwrap(),
        name: "First line".to_owned(),
        targets_ms: [5_000, 6_000, 7_000, 8_000, 9_000],
        target_share_percent: 80,
    };
    assert_eq!(queues.first(), Some(&queue));
    assert_eq!(queues.len(), 4);
    assert_eq!(
        desk.sound_repeat_ms,
        [5_000, 20_000, 20_000, 20_000, 20_000]
    );
    assert_eq!(desk.area.map(|area| area.radius_km), Some(40.0));

    // The links are the old ones, and what comes now is measured by the new targets.
    ann.does(text("and again")).await;
    let bob = gateway.resident().await;
    let session = bob.open("A cat meows").await;
    let waits = tina
        .wire
        .wait(|m| match m {
            ToStaff::SessionsChanged { changed, .. } => changed
                .iter()
                .find(|row| row.session == session)
                .map(|row| row.deadline_ms - row.entered_ms),
            _ => None,
        })
        .await;
    assert_eq!(waits, 7_000, "priority 3");
    let welcomed = bob.wire.record().all();
    let welcomed = welcomed.iter().find_map(|m| match m {
        ToResident::Welcome { agency, .. } => Some(agency.clone()),
        _ => None,
    });
    assert_eq!(welcomed, Some(agency));

    let second = runs(&sue, |config| config.version != first.version).await;
    assert!(second.since_ms > first.since_ms && second.needs_restart.is_empty());
    let log = gateway.log();
    let taken = "agency.area.latitude, agency.area.longitude, agency.area.radius_km, agency.banner";
    assert!(
        log.contains("new settings are in use") && log.contains(taken),
        "{log}"
    );
    let replaced = gateway.metric("callbox_config_reloads_total{result=\"replaced\"}");
    assert_eq!(replaced.await.as_deref(), Some("1"));
    // Back to what it was is the version that it was.
    gateway.configure(BEFORE);
    runs(&sue, |config| {
        config.version == first.version && config.since_ms > second.since_ms
    })
    .await;
    let times = |m: &&ToStaff| matches!(m, ToStaff::AgencyChanged { .. });
    sue.wire
        .wait(|m| match m {
            ToStaff::AgencyChanged { agency, .. } => (agency.banner == "Before").then_some(()),
            _ => None,
        })
        .await;
    let record = sue.wire.record().all();
    assert_eq!(
        record.iter().filter(times).count(),
        2,
        "each change is told once"
    );
}

#[tokio::test]
async fn changed_settings_reach_responders_who_follow() {
    let mut gateway = Gateway::with(BEFORE).await;
    let ann = gateway.resident().await;
    let session = ann.open("A dog barks").await;
    let tina = gateway.console("tina").await;
    tina.takes(session).await;
    let link = makes(&tina, session, 60_000).await;
    let token = opens(&gateway, &link).await.expect("opened");
    let unit = Responder::welcomed(&gateway, &token, 0).await;
    gateway.configure("agency.name = \"Riverbend Emergency\"\n");
    let told = unit.wire.wait(|m| match m {
        ToResponder::AgencyChanged { agency } => Some(agency.clone()),
        _ => None,
    });
    let told = told.await;
    assert_eq!(told.name, "Riverbend Emergency");
    assert_eq!(told, face(&gateway).await);
    // The link is the old one.
    ann.says("and again").await;
    unit.reads("and again").await;
}

/// The content policy of a page.
async fn policy(gateway: &Gateway, path: &str) -> String {
    let answer = soon(reqwest::get(gateway.url(path))).await.unwrap();
    let policy = &answer.headers()["content-security-policy"];
    policy.to_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_map_follows_the_file_and_other_tiles_wait_for_a_restart() {
    let map = |tiles: &str, words: &str, latitude: f64| {
        format!(
            "agency.map.tiles = \"https://{tiles}/{{z}}/{{x}}/{{y}}.png\"\nagency.map.attribution = \"{words}\"\n\
             agency.map.centre = {{ latitude = {latitude}, longitude = -94.9 }}\n"
        )
    };
    let mut gateway = Gateway::with(&map("tiles.example", "Example maps", 37.1)).await;
    let tina = gateway.console("tina").await;
    let sue = gateway.staff("sue").await;
    let welcomed = tina.wire.record().all();
    let desk = welcomed.iter().find_map(|m| match m {
        ToStaff::Welcome { desk, .. } => desk.clone(),
        _ => None,
    });
    let desk = desk.expect("a desk");
    assert_eq!(
        desk.map_view.map(|view| (view.latitude, view.zoom)),
        Some((37.1, 11))
    );
    let tiles = desk.map_tiles.expect("tiles");
    assert_eq!(tiles.template, "https://tiles.example/{z}/{x}/{y}.png");

    gateway.configure(&map("tiles.example", "<b>More</b> maps", 37.2));
    let told = tina.wire.wait(|m| match m {
        ToStaff::AgencyChanged { desk, .. } => Some(desk.clone()),
        _ => None,
    });
    let told = told.await;
    assert_eq!(told.map_view.map(|view| view.latitude), Some(37.2));
    assert_eq!(told.map_tiles.unwrap().attribution, "<b>More</b> maps");

    gateway.configure(&map("other.example", "Other maps", 37.2));
    let config = runs(&sue, |config| !config.needs_restart.is_empty()).await;
    assert_eq!(
        config.needs_restart,
        ["agency.map.attribution", "agency.map.tiles"]
    );
    // Pages with a map may fetch from there, and no other page may.
    for (path, may) in [
        ("/console/", true),
        ("/supervisor/", true),
        ("/", false),
        ("/responder/", false),
    ] {
        let policy = policy(&gateway, path).await;
        assert_eq!(policy.contains("https://tiles.example"), may, "{policy}");
        assert!(!policy.contains("other.example"), "{policy}");
    }
    gateway.restart().await;
    let after = policy(&gateway, "/console/").await;
    assert!(
        after.contains("https://other.example") && !after.contains("tiles.example"),
        "{after}"
    );
}

#[tokio::test]
async fn a_bad_file_is_refused_with_file_and_line_and_the_old_one_stays() {
    let mut gateway = Gateway::with(BEFORE).await;
    let sue = gateway.staff("sue").await;
    let first = runs(&sue, |config| config.refused.is_none()).await;
    let bad = [
        (
            "agency.exit_adress = \"https://news.example/\"",
            Some("agency.exit_adress"),
            ConfigFault::UnknownKey,
            "no such key",
        ),
        (
            "agency.report_link_s = \"soon\"",
            Some("agency.report_link_s"),
            ConfigFault::WrongValue,
            "invalid type",
        ),
        (
            "agency.exit_url = \"news.example\"",
            Some("agency.exit_url"),
            ConfigFault::OutOfBounds,
            "must be an http or https address",
        ),
        (
            "agency.map.tiles = \"http://tiles.example/{z}/{x}/{y}.png\"",
            Some("agency.map.tiles"),
            ConfigFault::WrongValue,
            "is no address of tiles",
        ),
        (
            "agency.map.tiles = \"https://tiles.example/{z}/{x}/{y}.png\"",
            Some("agency.map.tiles"),
            ConfigFault::OutOfBounds,
            "needs map.attribution",
        ),
        (
            "agency.name = \"not closed",
            None,
            ConfigFault::Syntax,
            "not valid TOML",
        ),
    ];
    for (line, key, fault, words) in bad {
        gateway.configure(&format!("agency.banner = \"After\"\n{line}\n"));
        let place = format!("callbox.toml:{}", gateway.line_of(line));
        let config = runs(&sue, |config| {
            config
                .refused
                .as_ref()
                .is_some_and(|refused| refused.fault == fault && refused.place == place)
        })
        .await;
        let refused = config.refused.unwrap();
        assert_eq!(
            (refused.place.as_str(), refused.key.as_deref()),
            (place.as_str(), key)
        );
        assert_eq!(
            (config.version, config.since_ms),
            (first.version.clone(), first.since_ms)
        );
        assert_eq!(face(&gateway).await.banner, "Before");
        let log = gateway.log();
        let told = |one: &str| {
            one.contains("configuration is refused") && one.contains(&place) && one.contains(words)
        };
        assert!(log.lines().any(told), "{log}");
    }
    // Whoever asks is answered again, and nobody else: the folder changed often enough meanwhile.
    gateway.hang_up();
    let name = "callbox_config_reloads_total{result=\"refused\"}";
    let wanted = (bad.len() + 1).to_string();
    let told = async { while gateway.metric(name).await.as_ref() != Some(&wanted) {} };
    soon(told).await;
    assert_eq!(
        gateway.metric("callbox_config_refused").await.as_deref(),
        Some("1")
    );
    gateway.configure("agency.banner = \"After\"\n");
    runs(&sue, |config| {
        config.refused.is_none() && config.version != first.version
    })
    .await;
    assert_eq!(face(&gateway).await.banner, "After");
    assert_eq!(
        gateway.metric("callbox_config_refused").await.as_deref(),
        Some("0")
    );
}

#[tokio::test]
async fn what_needs_a_restart_is_named_to_who_runs_the_nodes_and_taken_by_one() {
    let harbour = "[[agencies]]\nid = \"harbour.example\"\nname = \"Harbour\"\nbanner = \"B\"\ndemo.enabled = true\n";
    let with = |settings: &str| format!("{settings}{harbour}");
    let mut gateway = Gateway::with(&with(BEFORE)).await;
    let sue = gateway.staff("sue").await;
    let (desk, agency) = (gateway.desk(), "harbour.example");
    let other = SignedIn::try_sign_in(desk, agency, "sue", "demo-sue-911").await;
    let other = Console::connect(desk, &other.unwrap(), Encoding::MessagePack).await;
    let first = runs(&sue, |config| config.needs_restart.is_empty()).await;
    gateway.configure(&with(
        "agency.banner = \"After\"\nsession.resume_grace_s = 7\nsession.slow_reader_s = 11\n",
    ));
    let config = runs(&sue, |config| !config.needs_restart.is_empty()).await;
    assert_eq!(
        config.needs_restart,
        ["session.resume_grace_s", "session.slow_reader_s"]
    );
    assert_ne!(config.version, first.version);
    assert_eq!(face(&gateway).await.banner, "After");
    let elsewhere = runs(&other, |theirs| theirs.version == config.version).await;
    assert_eq!(elsewhere.needs_restart, [] as [&str; 0]);
    let log = gateway.log();
    let told = |line: &str| {
        line.contains("need a restart")
            && line.contains("session.resume_grace_s, session.slow_reader_s")
    };
    assert!(log.lines().any(told), "{log}");

    gateway.restart().await;
    let sue = gateway.staff("sue").await;
    let after = runs(&sue, |_| true).await;
    assert_eq!(after.needs_restart, [] as [&str; 0]);
    assert_eq!(after.version, config.version);
}

#[tokio::test]
async fn each_node_goes_by_its_own_file_and_the_list_shows_which_is_behind() {
    let mut gateway = Gateway::cluster(2, "").await;
    let sue = gateway.staff("sue").await;
    let [first, other] = both(&sue, |_, _| true).await;
    assert_eq!(first, other, "set alike");
    let settings = gateway.settings().to_owned();
    gateway.configure(&format!("{settings}agency.banner = \"After\"\n"));
    let [ahead, behind] = both(&sue, |one, _| one.differs == ["agency"]).await;
    assert!(
        ahead != first && behind == first,
        "{ahead} {behind} {first}"
    );
    let settings = gateway.last().settings().to_owned();
    let last = gateway.last();
    last.configure(&format!("{settings}agency.banner = \"After\"\n"));
    let version = |node: &NodeFigures| node.config.as_ref().map(|config| config.version.clone());
    let alike = |one: &NodeFigures, other: &NodeFigures| {
        one.differs.is_empty()
            && version(one) == version(other)
            && version(one) == Some(ahead.clone())
    };
    both(&sue, alike).await;
}
