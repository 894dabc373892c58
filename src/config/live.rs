//! Which settings may change while the gateway runs, and what a configuration that was read again changes.
//!
//! Owns: the class of every setting, and the running configuration with what may be taken of another one. Must not: read files, or tell
//! anybody. Called by: `load`, for `Config::reload`.
//!
//! What is not taken by name in [`take`] needs a restart. Both lists are without `..`: a new setting of an agency or a queue, or a new
//! section, does not compile before somebody has said which it is.

use std::collections::BTreeMap;

use serde::Serialize;
use toml::{Table, Value};

use super::{Agency, Config, Map, Queue};

/// What a configuration that was read again changes.
#[derive(Debug, Clone, PartialEq)]
pub struct Changes {
    /// What runs from now on: what ran, with everything that may be taken while it runs.
    pub config: Config,
    /// Settings that are taken, by name.
    pub taken: Vec<String>,
    /// Settings that are different and need a restart, by name.
    pub needs_restart: Vec<String>,
    /// What was read: a restart would run with it.
    pub read: Config,
}

impl Changes {
    /// Compares what runs with what was read.
    #[must_use]
    pub fn between(running: &Config, read: &Config) -> Self {
        let mut config = running.clone();
        let Config {
            // Ports, folders, keys and bounds: sockets, stores and links were made with them.
            server: _,
            admin: _,
            media: _,
            storage: _,
            backbone: _,
            node: _,
            session: _,
            identity: _,
            triage: _,
            log: _,
            agency,
            agencies,
        } = &mut config;
        for agency in std::iter::once(agency).chain(agencies) {
            if let Some(other) = read.all_agencies().find(|other| other.id == agency.id) {
                take(agency, other);
            }
        }
        Self {
            taken: names(running, &config),
            needs_restart: names(&config, read),
            config,
            read: read.clone(),
        }
    }
}

/// Takes of an agency what may change while the gateway runs.
fn take(agency: &mut Agency, other: &Agency) {
    let Agency {
        // Logs, evidence and tokens carry the id; origins, files and people are looked up in what was made of these at the start.
        id: _,
        public_origin: _,
        rules_file: _,
        demo: _,
        sign_in: _,
        name,
        emergency_number,
        exit_url,
        banner,
        area,
        map,
        fields,
        report_link_s,
        sound_repeat_s,
        retention,
        queues,
        default_queue,
    } = other;
    agency.name.clone_from(name);
    agency.emergency_number.clone_from(emergency_number);
    agency.exit_url.clone_from(exit_url);
    agency.banner.clone_from(banner);
    agency.area = *area;
    take_map(&mut agency.map, map);
    agency.fields.clone_from(fields);
    agency.report_link_s = *report_link_s;
    agency.sound_repeat_s = *sound_repeat_s;
    agency.retention.clone_from(retention);
    // Sessions wait in queues, rules of triage name them and consoles are registered for them: another set of them needs a restart.
    if ids(&agency.queues) == ids(queues) {
        agency.queues.clone_from(queues);
        agency.default_queue.clone_from(default_queue);
    }
}

/// Takes of a map what may change while the gateway runs. The content policy of the pages names the tiles' origin, so other tiles need a
/// restart, and what is said of them stays with them.
fn take_map(map: &mut Map, other: &Map) {
    let Map {
        centre,
        zoom,
        tiles,
        tiles_max_zoom,
        attribution,
    } = other;
    map.centre = *centre;
    map.zoom = *zoom;
    if map.tiles == *tiles {
        map.tiles_max_zoom = *tiles_max_zoom;
        map.attribution.clone_from(attribution);
    }
}

/// The ids of queues, whatever their order.
fn ids<'q>(queues: &'q [Queue]) -> Vec<&'q str> {
    let id = |queue: &'q Queue| {
        let Queue {
            id,
            name: _,
            targets_s: _,
            target_share_percent: _,
        } = queue;
        id.as_str()
    };
    let mut ids: Vec<&'q str> = queues.iter().map(id).collect();
    ids.sort_unstable();
    ids
}

/// The settings in which two configurations differ, by their names in the second one.
fn names(one: &Config, other: &Config) -> Vec<String> {
    let mut names = Vec::new();
    let without_agencies = |config: &Config| {
        let mut leaves = leaves("", config);
        leaves.retain(|name, _| !name.starts_with("agency.") && name != "agencies");
        leaves
    };
    differing(&without_agencies(one), &without_agencies(other), &mut names);
    if one.agency.id != other.agency.id {
        names.push("agency.id".to_owned());
    }
    for (number, agency) in other.all_agencies().enumerate() {
        let prefix = match number.checked_sub(1) {
            None => "agency".to_owned(),
            Some(place) => format!("agencies[{place}]"),
        };
        match one.all_agencies().find(|known| known.id == agency.id) {
            Some(known) => of_agency(&prefix, known, agency, &mut names),
            None => names.push(format!("{prefix}.id")),
        }
    }
    let gone = |agency: &Agency| !other.all_agencies().any(|known| known.id == agency.id);
    if one.agencies.iter().any(gone) {
        names.push("agencies".to_owned());
    }
    names.sort_unstable();
    names.dedup();
    names
}

fn of_agency(prefix: &str, one: &Agency, other: &Agency, names: &mut Vec<String>) {
    differing(&leaves(prefix, one), &leaves(prefix, other), names);
    // Secrets look alike wherever they are written out.
    if one.demo.users != other.demo.users {
        names.push(format!("{prefix}.demo.users"));
    }
    let secret = |agency: &Agency| agency.sign_in.as_ref()?.client_secret.clone();
    if secret(one) != secret(other) {
        names.push(format!("{prefix}.sign_in.client_secret"));
    }
}

fn differing(
    one: &BTreeMap<String, Value>,
    other: &BTreeMap<String, Value>,
    names: &mut Vec<String>,
) {
    let differs = |name: &&String| one.get(*name) != other.get(*name);
    names.extend(one.keys().chain(other.keys()).filter(differs).cloned());
}

/// Every value by its dotted name; a list is one value.
fn leaves(prefix: &str, section: &impl Serialize) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    // Every section has a form in TOML: `config print` writes it.
    let table = Table::try_from(section).unwrap_or_default();
    collect(prefix, table, &mut found);
    found
}

fn collect(prefix: &str, table: Table, found: &mut BTreeMap<String, Value>) {
    for (key, value) in table {
        let name = match prefix {
            "" => key,
            prefix => format!("{prefix}.{key}"),
        };
        match value {
            Value::Table(inner) => collect(&name, inner, found),
            value => {
                found.insert(name, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use callbox_domain::suspicion::Area;

    use super::*;
    use crate::config::{Centre, Field, FieldKind, Passphrase, Sources, load};

    /// Settings of an agency that change while the gateway runs. The table in docs/operations.md names the same.
    const LIVE: [&str; 15] = [
        "area",
        "banner",
        "default_queue",
        "emergency_number",
        "exit_url",
        "fields",
        "map.attribution",
        "map.centre.latitude",
        "map.centre.longitude",
        "map.tiles_max_zoom",
        "map.zoom",
        "name",
        "queues",
        "report_link_s",
        "sound_repeat_s",
    ];

    fn read(text: &str) -> Config {
        let file = Some(("callbox.toml".into(), text.to_owned()));
        load::of(file, &Sources::default()).expect("sound").0
    }

    /// Other values than this one, of which one or the other has the right form.
    fn others(value: &Value) -> Vec<Value> {
        let text = |text: &str| Value::String(text.to_owned());
        match value {
            Value::Integer(number) => vec![Value::Integer(number + 1)],
            Value::Float(number) => vec![Value::Float(number + 1.0)],
            Value::Boolean(switch) => vec![Value::Boolean(!switch)],
            Value::String(now) => [&format!("{now}x"), "127.0.0.1:9", "files", "modern", "json"]
                .map(text)
                .to_vec(),
            Value::Array(list) if list.is_empty() => ["https://x.example", "127.0.0.1"]
                .map(|one| Value::Array(vec![text(one)]))
                .to_vec(),
            Value::Array(list) => {
                let less = list.iter().skip(1).cloned().collect();
                let turned = list.iter().rev().cloned().collect();
                vec![Value::Array(less), Value::Array(turned)]
            }
            value => panic!("{value} has no other"),
        }
    }

    fn set(table: &mut Table, key: &str, value: Value) {
        match key.split_once('.') {
            None => drop(table.insert(key.to_owned(), value)),
            Some((section, rest)) => {
                let inner = table.get_mut(section).and_then(Value::as_table_mut);
                set(inner.expect("a section"), rest, value);
            }
        }
    }

    #[test]
    fn every_setting_is_taken_or_named_and_never_both() {
        let mut running = Config::default();
        running.agency.area = Some(Area {
            latitude: 37.0,
            longitude: -94.0,
            radius_km: 40.0,
        });
        running.agency.map = Map {
            centre: Some(Centre {
                latitude: 37.1,
                longitude: -94.9,
            }),
            tiles: "https://tiles.example/{z}/{x}/{y}.png".parse().ok(),
            attribution: "Example maps".to_owned(),
            ..Map::default()
        };
        running.agency.fields = vec![Field {
            id: "gas".to_owned(),
            label: [("en".to_owned(), "Do you smell gas?".to_owned())].into(),
            kind: FieldKind::YesNo,
            max_chars: None,
            options: Vec::new(),
            categories: Vec::new(),
        }];
        let table = Table::try_from(&running).expect("a table");
        // As it is written, without secrets: nothing but the one key is to differ below.
        let running: Config = Value::Table(table.clone())
            .try_into()
            .expect("a configuration");
        for (key, value) in leaves("", &running) {
            let with = |value: Value| {
                let mut changed = table.clone();
                set(&mut changed, &key, value);
                Value::Table(changed).try_into::<Config>().ok()
            };
            let mut read = others(&value).into_iter().filter_map(with);
            let read = read
                .next()
                .unwrap_or_else(|| panic!("{key} has no other value"));
            assert_ne!(read, running, "{key}");
            let changes = Changes::between(&running, &read);
            let of_agency = key.strip_prefix("agency.");
            let within = |section: &str, key: &str| {
                key == section || key.starts_with(&format!("{section}."))
            };
            let live = of_agency.is_some_and(|key| LIVE.iter().any(|section| within(section, key)));
            // A queue less is another set of queues.
            let needs_restart = !live || key == "agency.queues";
            let (taken, named) = (
                changes.taken.contains(&key),
                changes.needs_restart.contains(&key),
            );
            assert_eq!((taken, named), (!needs_restart, needs_restart), "{key}");
            assert_eq!(
                changes.taken.len() + changes.needs_restart.len(),
                1,
                "{key}"
            );
        }
    }

    #[test]
    fn what_may_be_taken_is_taken_and_the_rest_stays_as_it_runs() {
        let running = read("[server]\ndrain_s = 5\n[agency]\nbanner = \"Old\"\n");
        let text = "[server]\ndrain_s = 6\n[session]\nheartbeat_s = 3\n[agency]\nbanner = \"New\"\nexit_url = \"https://news.example/\"\n";
        let changes = Changes::between(&running, &read(text));
        assert_eq!(changes.taken, ["agency.banner", "agency.exit_url"]);
        assert_eq!(
            changes.needs_restart,
            ["server.drain_s", "session.heartbeat_s"]
        );
        assert_eq!(changes.config.agency.banner.english(), "New");
        assert_eq!(changes.config.server.drain_s, 5);
        // Once taken it is no change any more; what needs a restart is named until there was one.
        let again = Changes::between(&changes.config, &read(text));
        assert!(again.taken.is_empty() && again.needs_restart.len() == 2);
        let back = Changes::between(&again.config, &read("[server]\ndrain_s = 5\n"));
        assert!(back.needs_restart.is_empty(), "{:?}", back.needs_restart);
    }

    #[test]
    fn targets_are_taken_and_another_set_of_queues_needs_a_restart_with_its_default() {
        let one = "[agency]\ndefault_queue = \"a\"\nqueues = [{ id = \"a\", name = \"A\" }, { id = \"b\", name = \"B\" }]\n";
        let running = read(one);
        let quicker = one.replace("name = \"A\"", "name = \"A\", targets_s = [5, 5, 5, 5, 5]");
        let changes = Changes::between(&running, &read(&quicker));
        assert_eq!(changes.taken, ["agency.queues"]);
        assert_eq!(changes.config.agency.queues[0].targets_s, [5; 5]);
        let another = quicker
            .replace("id = \"b\"", "id = \"c\"")
            .replace("default_queue = \"a\"", "default_queue = \"c\"");
        let changes = Changes::between(&running, &read(&another));
        assert_eq!(changes.taken, [] as [&str; 0]);
        assert_eq!(
            changes.needs_restart,
            ["agency.default_queue", "agency.queues"]
        );
        assert_eq!(changes.config, running);
    }

    #[test]
    fn other_tiles_need_a_restart_with_their_attribution_and_the_centre_does_not() {
        let map = |tiles: &str, words: &str, zoom: u8| {
            format!(
                "[agency.map]\nzoom = {zoom}\ntiles = \"https://{tiles}/{{z}}/{{x}}/{{y}}.png\"\nattribution = \"{words}\"\n"
            )
        };
        let running = read(&map("tiles.example", "Example maps", 11));
        let changes = Changes::between(&running, &read(&map("tiles.example", "More maps", 12)));
        assert_eq!(changes.taken, ["agency.map.attribution", "agency.map.zoom"]);
        let changes = Changes::between(&running, &read(&map("other.example", "Other maps", 12)));
        assert_eq!(changes.taken, ["agency.map.zoom"]);
        assert_eq!(
            changes.needs_restart,
            ["agency.map.attribution", "agency.map.tiles"]
        );
        assert_eq!(changes.config.agency.map.attribution, "Example maps");
        // Without any, what runs still has both.
        let changes = Changes::between(&running, &read(""));
        assert_eq!(
            changes.needs_restart,
            ["agency.map.attribution", "agency.map.tiles"]
        );
    }

    #[test]
    fn each_agency_takes_its_own_and_one_that_comes_or_goes_needs_a_restart() {
        let agency = |id: &str, banner: &str| {
            format!("[[agencies]]\nid = \"{id}\"\nname = \"{id}\"\nbanner = \"{banner}\"\n")
        };
        let running = read(&(agency("a.example", "A") + &agency("b.example", "B")));
        let changes = Changes::between(
            &running,
            // In another order, and one more.
            &read(
                &(agency("b.example", "B2")
                    + &agency("a.example", "A")
                    + &agency("c.example", "C")),
            ),
        );
        assert_eq!(changes.taken, ["agencies[1].banner"]);
        assert_eq!(changes.needs_restart, ["agencies[2].id"]);
        assert_eq!(changes.config.agencies[1].banner.english(), "B2");
        let changes = Changes::between(&running, &read(&agency("b.example", "B")));
        assert_eq!(changes.needs_restart, ["agencies"]);
    }

    #[test]
    fn a_changed_secret_is_named_and_not_shown() {
        let running = Config::default();
        let mut read = running.clone();
        read.agency.demo.users[0].passphrase = Passphrase::new("made-up");
        let changes = Changes::between(&running, &read);
        assert_eq!(changes.needs_restart, ["agency.demo.users"]);
        assert!(!format!("{changes:?}").contains("made-up"));
    }
}
