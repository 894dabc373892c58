//! Where values come from, and which one wins.

use callbox::config::{Config, Sources};

use super::{file, load_environment, set, variables};

#[test]
fn without_any_source_it_is_a_complete_node_on_loopback() {
    let config = Config::load(&Sources::default()).expect("the defaults");
    assert_eq!(config, Config::default());
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:8911");
    assert_eq!(config.admin.listen.to_string(), "127.0.0.1:8912");
    assert_eq!(config.media.listen.to_string(), "127.0.0.1:8913");
    assert!(config.agency.demo.enabled);
}

#[test]
fn flags_win_over_the_environment_and_the_environment_over_the_file() {
    let (_folder, path) =
        file("[session]\nheartbeat_s = 3\nslow_reader_s = 30\n[log]\nfilter = \"warn\"\n");
    let sources = Sources {
        file: Some(path),
        environment: variables(&[
            ("CALLBOX_SESSION__HEARTBEAT_S", "4"),
            ("CALLBOX_SESSION__SLOW_READER_S", "40"),
        ]),
        flags: vec![set("session.heartbeat_s", "5")],
    };
    let config = Config::load(&sources).expect("a configuration");
    assert_eq!(
        (config.session.heartbeat_s, config.session.slow_reader_s),
        (5, 40)
    );
    assert_eq!(config.log.filter, "warn");
}

#[test]
fn a_file_that_is_read_again_is_taken_below_the_environment_and_flags() {
    let (_folder, path) = file("[agency]\nbanner = \"one\"\nexit_url = \"https://one.example/\"\n");
    let sources = Sources {
        file: Some(path.clone()),
        environment: variables(&[("CALLBOX_AGENCY__BANNER", "of the environment")]),
        flags: vec![set("agency.emergency_number", "112")],
    };
    let running = Config::load(&sources).expect("a configuration");
    let text = "[agency]\nbanner = \"two\"\nemergency_number = \"999\"\nexit_url = \"https://two.example/\"\n";
    std::fs::write(&path, text).expect("written");
    let changes = running.reload(&sources).expect("sound");
    assert_eq!(changes.taken, ["agency.exit_url"]);
    let agency = &changes.config.agency;
    assert_eq!(
        (agency.banner.english(), agency.emergency_number.as_str()),
        ("of the environment", "112")
    );
}

#[test]
fn other_variables_are_nobodys_business() {
    let config = load_environment(&[("CALLBOX_BIN", "x"), ("HOME", "/"), ("CALLBOXES__A", "1")]);
    assert_eq!(config.expect("ignored"), Config::default());
}

#[test]
fn texts_that_look_like_numbers_stay_texts() {
    let config = load_environment(&[
        ("CALLBOX_AGENCY__NAME", "911"),
        ("CALLBOX_AGENCY__EMERGENCY_NUMBER", "112"),
    ]);
    let agency = config.expect("a configuration").agency;
    assert_eq!(
        (agency.name.as_str(), agency.emergency_number.as_str()),
        ("911", "112")
    );
    let listed =
        load_environment(&[("CALLBOX_SERVER__ALLOWED_ORIGINS", "[\"https://a.example\"]")]);
    assert_eq!(
        listed
            .expect("a configuration")
            .server
            .allowed_origins
            .len(),
        1
    );
}
