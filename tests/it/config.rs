//! Configuration: where values come from, how a wrong one is refused, what is printed.

use std::path::PathBuf;

use callbox::config::{Config, ConfigError, Flag, Place, Sources};
use tempfile::TempDir;

/// A file with `text`, and the folder that keeps it.
fn file(text: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("callbox.toml");
    std::fs::write(&path, text).expect("a file");
    (folder, path)
}

fn load_file(text: &str) -> Result<Config, ConfigError> {
    let (_folder, path) = file(text);
    Config::load(&Sources {
        file: Some(path),
        ..Sources::default()
    })
}

fn variables(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn load_environment(pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
    Config::load(&Sources {
        environment: variables(pairs),
        ..Sources::default()
    })
}

fn set(key: &str, value: &str) -> Flag {
    Flag {
        flag: format!("--set {key}"),
        key: key.to_owned(),
        value: value.to_owned(),
    }
}

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
fn the_annotated_file_holds_every_key_with_its_default() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("config/callbox.toml");
    let config = Config::load(&Sources {
        file: Some(path.clone()),
        ..Sources::default()
    })
    .expect("the file");
    assert_eq!(config, Config::default());
    let text = std::fs::read_to_string(path).expect("the file");
    let source = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/config");
    for section in [
        "server", "tls", "limits", "admin", "media", "storage", "backbone", "node", "session",
        "identity", "triage", "log",
    ] {
        let code =
            std::fs::read_to_string(source.join(format!("{section}.rs"))).expect("a section");
        for key in code.lines().filter_map(|line| {
            line.strip_prefix("    pub ")?
                .split_once(':')
                .map(|(key, _)| key)
        }) {
            let named =
                text.contains(&format!("\n{key} = ")) || text.contains(&format!("\n# {key} = "));
            let is_section = text.contains(&format!("\n[server.{key}]"));
            assert!(
                named || is_section || key.contains('('),
                "config/callbox.toml does not name {section}.{key}"
            );
        }
    }
}

#[test]
fn the_annotated_provider_works_and_names_every_key_of_one() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("config/callbox.toml");
    let text = std::fs::read_to_string(path).expect("the file");
    let (_, block) = text.split_once("# [agency.sign_in]\n").expect("an example");
    let block = block.split("\n\n").next().expect("its lines");
    let lines = block.lines().filter_map(|line| line.strip_prefix("# "));
    let lines: Vec<&str> = lines.collect();
    let config = load_file(&format!("[agency.sign_in]\n{}\n", lines.join("\n")));
    let sign_in = config.expect("the example").agency.sign_in;
    let all = toml::Table::try_from(sign_in.expect("a provider")).expect("a table");
    for key in all.keys() {
        assert!(
            lines
                .iter()
                .any(|line| line.starts_with(&format!("{key} = "))),
            "{key}"
        );
    }
}

#[test]
fn the_file_for_many_nodes_is_sound() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("config/cluster.toml");
    let config = Config::load(&Sources {
        file: Some(path),
        ..Sources::default()
    })
    .expect("the file");
    let url = config.backbone.url.parse::<callbox::backbone::redis::Url>();
    assert!(url.is_ok() && config.backbone.wait_replicas == 1);
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
        (agency.banner.as_str(), agency.emergency_number.as_str()),
        ("of the environment", "112")
    );
}

#[test]
fn what_may_be_taken_and_does_not_go_together_with_what_runs_is_refused_where_it_stands() {
    let harbour = |id: &str, name: &str| {
        format!(
            "[agency]\nname = \"{name}\"\n[[agencies]]\nid = \"{id}.example\"\nname = \"{id}\"\nbanner = \"B\"\n"
        )
    };
    let (_folder, path) = file(&harbour("east", "Demo"));
    let sources = Sources {
        file: Some(path.clone()),
        ..Sources::default()
    };
    let running = Config::load(&sources).expect("a configuration");
    // A start would take it; here the agency `east` still has the name.
    std::fs::write(&path, harbour("west", "east")).expect("written");
    let error = running.reload(&sources).expect_err("refused");
    let words = error.to_string();
    assert!(
        words.contains("is the name of another agency already"),
        "{words}"
    );
}

#[test]
fn an_unknown_key_is_refused_with_file_line_and_key() {
    let error = load_file("[server]\n\n[server.limits]\nconections = 5\n").expect_err("refused");
    let ConfigError::UnknownKey {
        place: Place::File { line, .. },
        key,
        ..
    } = &error
    else {
        panic!("{error:?}");
    };
    assert_eq!((*line, key.as_str()), (4, "server.limits.conections"));
    assert!(
        error
            .to_string()
            .contains("callbox.toml:4: server.limits.conections"),
        "{error}"
    );
    assert!(
        load_file("[sever]\n")
            .is_err_and(|error| error.to_string().contains("callbox.toml:1: sever"))
    );
}

#[test]
fn a_value_of_a_wrong_type_is_refused_with_file_line_and_key() {
    let error = load_file("[session]\noutbox_bytes = 300000\nheartbeat_s = \"soon\"\n")
        .expect_err("refused");
    assert!(matches!(error, ConfigError::WrongValue { .. }), "{error:?}");
    assert!(
        error
            .to_string()
            .contains("callbox.toml:3: session.heartbeat_s: invalid type"),
        "{error}"
    );
}

#[test]
fn a_malformed_origin_is_refused_where_it_stands() {
    let error = load_file("[server]\npublic_origin = \"report.example\"\n").expect_err("refused");
    assert!(
        error
            .to_string()
            .contains("callbox.toml:2: server.public_origin"),
        "{error}"
    );
    assert!(error.to_string().contains("is not an origin"), "{error}");
}

#[test]
fn photos_are_kept_for_ever_or_for_a_number_of_days_that_is_refused_where_it_is_none() {
    assert_eq!(Config::default().agency.retention.photos_days, None);
    let kept = load_file("[agency.retention]\nphotos_days = 180\n").expect("a configuration");
    assert_eq!(kept.agency.retention.photos_days, Some(180));
    for days in ["0", "36501"] {
        let text = format!("[agency.retention]\nphotos_days = {days}\n");
        let error = load_file(&text).expect_err("refused").to_string();
        let place = "callbox.toml:2: agency.retention.photos_days";
        assert!(error.contains(place), "{error}");
        assert!(error.contains("1 to 36,500 days"), "{error}");
    }
}

#[test]
fn a_file_that_is_not_toml_is_refused_with_its_line() {
    let error = load_file("[server]\nlisten = \n").expect_err("refused");
    assert!(matches!(error, ConfigError::Syntax { .. }), "{error:?}");
    assert!(
        error.to_string().contains("callbox.toml:2: not valid TOML"),
        "{error}"
    );
}

#[test]
fn a_missing_file_is_refused_by_name() {
    let sources = Sources {
        file: Some(PathBuf::from("/nonexistent/callbox.toml")),
        ..Sources::default()
    };
    let error = Config::load(&sources).expect_err("refused");
    assert!(matches!(error, ConfigError::Unreadable { .. }), "{error:?}");
    assert!(
        error.to_string().contains("/nonexistent/callbox.toml"),
        "{error}"
    );
}

#[test]
fn the_environment_is_refused_by_the_name_of_the_variable() {
    let unknown =
        load_environment(&[("CALLBOX_SERVER__LISTN", "127.0.0.1:1")]).expect_err("refused");
    assert!(
        matches!(unknown, ConfigError::UnknownKey { .. }),
        "{unknown:?}"
    );
    assert!(
        unknown
            .to_string()
            .contains("environment variable CALLBOX_SERVER__LISTN"),
        "{unknown}"
    );
    let wrong = load_environment(&[("CALLBOX_SERVER__LISTEN", "nowhere")]).expect_err("refused");
    assert!(
        wrong
            .to_string()
            .contains("CALLBOX_SERVER__LISTEN: server.listen"),
        "{wrong}"
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

#[test]
fn a_flag_is_refused_as_it_was_typed() {
    let sources = Sources {
        flags: vec![set("session.heartbeat_s", "0")],
        ..Sources::default()
    };
    let error = Config::load(&sources).expect_err("refused");
    assert!(
        error
            .to_string()
            .starts_with("flag --set session.heartbeat_s: session.heartbeat_s: must be above 0"),
        "{error}"
    );
}

#[test]
fn plain_http_beyond_loopback_is_refused_with_the_way_out() {
    let error = load_file("[server]\nlisten = \"0.0.0.0:8911\"\n").expect_err("refused");
    assert!(matches!(error, ConfigError::Refused { .. }), "{error:?}");
    let text = error.to_string();
    assert!(
        text.contains("callbox.toml:2: server.listen: 0.0.0.0:8911 is not a loopback address"),
        "{text}"
    );
    assert!(text.contains("server.tls.mode"), "{text}");
}

#[test]
fn values_that_do_not_go_together_are_refused_where_they_were_set() {
    for (text, expected) in [
        ("[server.tls]\nmode = \"files\"\n", "server.tls.cert_file"),
        (
            "[server.tls]\nmode = \"self-signed\"\n",
            "server.tls.self_signed_names",
        ),
        (
            "[admin]\nlisten = \"0.0.0.0:8912\"\n",
            "callbox.toml:2: admin.listen",
        ),
        (
            "[media]\nlisten = \"0.0.0.0:8913\"\n",
            "callbox.toml:2: media.listen",
        ),
        (
            "[admin]\nlisten = \"127.0.0.1:8911\"\n",
            "callbox.toml:2: admin.listen",
        ),
        (
            "[session]\nmessage_bytes = 100\n",
            "callbox.toml:2: session.message_bytes",
        ),
        (
            "[session]\nmessage_bytes = 300000\n",
            "callbox.toml:2: session.message_bytes: does not go together",
        ),
        (
            "[server.limits]\nheader_s = 0\n",
            "callbox.toml:2: server.limits.header_s: must be above 0",
        ),
        (
            "[server.limits]\nconnections = 9\n",
            "callbox.toml:2: server.limits.connections",
        ),
        (
            "[server.limits]\nread_buffer_bytes = 100\n",
            "callbox.toml:2: server.limits.read_buffer_bytes",
        ),
        (
            "[log]\nfilter = \"callbox=shouting\"\n",
            "callbox.toml:2: log.filter",
        ),
        (
            "[agency]\nid = \"two words\"\n",
            "callbox.toml:2: agency.id",
        ),
        (
            "[agency]\nsound_repeat_s = [10, 30, 30, 30, 601]\n",
            "callbox.toml:2: agency.sound_repeat_s: must be from 3 to 600",
        ),
        (
            "[agency]\nsound_repeat_s = [2, 30, 30, 30, 30]\n",
            "callbox.toml:2: agency.sound_repeat_s: must be from 3 to 600",
        ),
        (
            "[server]\nlisten = \"0.0.0.0:1\"\n[server.tls]\nmode = \"self-signed\"\nself_signed_names = [\"a\"]\n",
            "agency.demo.enabled",
        ),
        (
            "[server]\nlisten = \"0.0.0.0:1\"\n[server.tls]\nmode = \"files\"\ncert_file = \"a\"\nkey_file = \"b\"\n",
            "server.public_origin",
        ),
    ] {
        let error = load_file(text).expect_err(text).to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
}

#[test]
fn what_is_printed_holds_no_secret_and_can_be_read_again() {
    let config = load_file(
        "[[agency.demo.users]]\nname=\"eva\"\nrole=\"auditor\"\npassphrase=\"open-sesame\"\n",
    )
    .expect("a configuration");
    let printed = config.to_redacted_toml().expect("text");
    assert!(
        !printed.contains("open-sesame") && printed.contains("***"),
        "{printed}"
    );
    assert!(!format!("{config:?}").contains("open-sesame"));
    let all = Config::default().to_redacted_toml().expect("text");
    for user in Config::default().agency.demo.users {
        assert!(!all.contains(user.passphrase.expose()));
    }
    load_file(&printed).expect("the printed form is a configuration");
}

#[test]
fn the_welcome_names_the_three_pages_and_the_demos_people() {
    let text = Config::default().welcome();
    for part in [
        "http://127.0.0.1:8911/console",
        "/supervisor",
        "tina",
        "tom",
        "sue",
        "sam",
        "ada",
        "olga",
    ] {
        assert!(text.contains(part), "{text}");
    }
}

/// One more agency, as short as it can be written.
const HARBOUR: &str =
    "[[agencies]]\nid = \"harbour.example\"\nname = \"Harbour\"\nbanner = \"The harbour.\"\n";

#[test]
fn a_further_agency_has_the_shape_of_the_first_and_nobody_of_the_demo_unless_written() {
    let config = load_file(HARBOUR).expect("a configuration");
    let [harbour] = &config.agencies[..] else {
        panic!("one more")
    };
    assert_eq!(harbour.id, "harbour.example");
    assert_eq!(harbour.queues, config.agency.queues);
    assert!(config.agency.demo.enabled && !harbour.demo.enabled);
    let names: Vec<_> = config.all_agencies().map(|a| a.name.as_str()).collect();
    assert_eq!(names, ["Demo Emergency Communications", "Harbour"]);
    let text = format!("{HARBOUR}[agencies.demo]\n");
    let config = load_file(&text).expect("a configuration");
    assert_eq!(config.agencies[0].demo, config.agency.demo);
    let printed = config.to_redacted_toml().expect("text");
    assert!(printed.contains("[[agencies]]") && !printed.contains("demo-tina-911"));
    load_file(&printed).expect("the printed form is a configuration");
}

#[test]
fn the_commented_example_of_a_further_agency_is_sound() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("config/callbox.toml");
    let text = std::fs::read_to_string(path).expect("the file");
    let from = text.find("# [[agencies]]\n").expect("an example");
    let lines = text[from..]
        .lines()
        .map_while(|line| line.strip_prefix('#'));
    let example: String = lines.map(|line| format!("{line}\n")).collect();
    let config = load_file(&example).expect(&example);
    assert!(config.agencies[0].demo.enabled);
}

#[test]
fn what_is_wrong_with_a_further_agency_is_told_with_its_place() {
    let second = HARBOUR
        .replace("harbour", "hill")
        .replace("Harbour", "Hill");
    let hill = |line: &str| format!("{HARBOUR}\n{second}{line}\n");
    for (text, expected) in [
        (
            "[[agencies]]\nid = \"harbour.example\"\nbanner = \"x\"\n".to_owned(),
            "callbox.toml:1: agencies[0]: missing field `name`",
        ),
        (
            hill("quues = []"),
            "callbox.toml:10: agencies[1].quues: no such key",
        ),
        (
            hill("").replace("hill.example", "harbour.example"),
            "callbox.toml:7: agencies[1].id: harbour.example is the id of another agency already",
        ),
        (
            hill("").replace("hill.example", "demo.example"),
            "callbox.toml:7: agencies[1].id: demo.example is the id of another agency already",
        ),
        (
            hill("").replace("Hill", "Harbour"),
            "callbox.toml:8: agencies[1].name: Harbour is the name of another agency already",
        ),
        (
            hill("default_queue = \"nowhere\""),
            "callbox.toml:10: agencies[1].default_queue: is not the id of one",
        ),
        (
            hill("queues = [{ id = \"pilots\", name = \"Pilots\" }]"),
            "callbox.toml:6: agencies[1].default_queue: is not the id of one",
        ),
        (
            format!(
                "[server]\npublic_origin = \"https://report.example\"\n{HARBOUR}public_origin = \"https://report.example\"\n"
            ),
            "callbox.toml:7: agencies[0].public_origin: https://report.example leads to another agency already",
        ),
        (
            format!(
                "[server]\nlisten = \"10.0.0.1:1\"\n[server.tls]\nmode = \"self-signed\"\nself_signed_names = [\"a\"]\n\
                 [agency.demo]\nenabled = false\n{HARBOUR}[agencies.demo]\n"
            ),
            "callbox.toml:8: agencies[0].demo.enabled: would let the demo's people in",
        ),
    ] {
        let error = load_file(&text).expect_err(&text).to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
}

#[test]
fn the_welcome_names_the_pages_of_every_agency() {
    let second = HARBOUR
        .replace("harbour", "hill")
        .replace("Harbour", "Hill");
    let text =
        format!("{HARBOUR}[agencies.demo]\n{second}public_origin = \"https://hill.example\"\n");
    let welcome = load_file(&text).expect("a configuration").welcome();
    for part in [
        "http://127.0.0.1:8911/console",
        "  Harbour\n  Resident page         http://127.0.0.1:8911/a/harbour.example/\n",
        "http://127.0.0.1:8911/a/harbour.example/console\n",
        "Demo sign-ins for harbour.example",
        "  Hill\n  Resident page         https://hill.example/\n",
    ] {
        assert!(welcome.contains(part), "{part}: {welcome}");
    }
    assert!(!welcome.contains("Demo sign-ins for hill.example"));
}

#[test]
fn a_shared_tier_needs_a_shared_key_and_a_sound_address() {
    let refused = |text: &str| match load_file(text) {
        Err(ConfigError::Refused { key, why, .. }) => (key, why),
        other => panic!("{other:?}"),
    };
    let (key, why) = refused("[backbone]\nurl = \"redis://127.0.0.1\"\n");
    assert_eq!(key, "backbone.url");
    assert!(why.contains("identity.key_file") && why.contains("same key file"));
    let shared = "[identity]\nkey_file = \"k\"\n[backbone]\nurl = \"redis://127.0.0.1\"\n";
    assert!(load_file(shared).is_ok());
    let (key, _) = refused(&format!("{shared}username = \"callbox\"\n"));
    assert_eq!(key, "backbone.password_file");
    let (key, why) = refused(&format!("{shared}ca_file = \"ca.pem\"\n"));
    assert!(key == "backbone.ca_file" && why.contains("rediss"));
    let (key, _) = refused(&format!("{shared}call_ms = 200\n"));
    assert_eq!(key, "backbone.call_ms");
    assert_eq!(
        refused("[backbone]\nprefix = \"a:b\"\n").0,
        "backbone.prefix"
    );
    assert_eq!(refused("[node]\nname = \"Node 1\"\n").0, "node.name");
}

/// The smallest provider that is whole.
const PROVIDER: &str = "[agency.sign_in]\nissuer = \"https://id.county.example\"\nclient_id = \"callbox\"\nwords = \"County account\"\n\
    roles = [{ value = \"desk\", role = \"telecommunicator\" }]\n";

#[test]
fn an_agencys_provider_is_read_and_its_secret_never_printed() {
    let config = load_file(PROVIDER).expect("a configuration");
    let sign_in = config.agency.sign_in.expect("a provider");
    assert_eq!(sign_in.lasts_min, 720);
    assert_eq!(sign_in.person_claim, "preferred_username");
    let with_secret = Config::load(&Sources {
        environment: variables(&[
            ("CALLBOX_AGENCY__SIGN_IN__CLIENT_ID", "callbox"),
            ("CALLBOX_AGENCY__SIGN_IN__CLIENT_SECRET", "very-secret"),
            ("CALLBOX_AGENCY__SIGN_IN__ISSUER", "http://127.0.0.1:9"),
            ("CALLBOX_AGENCY__SIGN_IN__WORDS", "County"),
            (
                "CALLBOX_AGENCY__SIGN_IN__ROLES",
                "[{ value = \"desk\", role = \"auditor\" }]",
            ),
        ]),
        ..Sources::default()
    })
    .expect("a configuration");
    let printed = with_secret.to_redacted_toml().expect("TOML");
    assert!(printed.contains("client_secret = \"***\"") && !printed.contains("very-secret"));
    assert!(!format!("{with_secret:?}").contains("very-secret"));
}

#[test]
fn the_welcome_says_which_address_the_provider_must_know() {
    let file = format!(
        "{PROVIDER}[server]\npublic_origin = \"https://report.example\"\n[[agencies]]\nid = \"harbour.example\"\nname = \"Harbour\"\n\
         banner = \"b\"\npublic_origin = \"https://harbour.example\"\n{}",
        PROVIDER.replace("[agency.", "[agencies.")
    );
    let told = load_file(&file).expect("a configuration").welcome();
    for address in [
        "https://report.example/api/v1/sign-in/provider/demo.example/return",
        "https://harbour.example/api/v1/sign-in/provider/harbour.example/return",
    ] {
        assert!(told.contains(address), "{told}");
    }
}

#[test]
fn a_provider_that_cannot_work_is_refused_with_line_and_reason() {
    for (from, to, key, why) in [
        (
            "https://id.county.example",
            "http://id.county.example",
            "issuer",
            "https://",
        ),
        ("https://id.county.example", "county", "issuer", "address"),
        (
            "https://id.county.example",
            "https://id.county.example/?a=b",
            "issuer",
            "query",
        ),
        (
            "client_id = \"callbox\"",
            "client_id = \"\"",
            "client_id",
            "registered",
        ),
        ("County account", "", "words", "button"),
        (
            "{ value = \"desk\", role = \"telecommunicator\" }",
            "",
            "roles",
            "nobody is let in",
        ),
        ("\"desk\"", "\"\"", "roles", "empty"),
        ("roles =", "lasts_min = 5\nroles =", "lasts_min", "60"),
        (
            "roles =",
            "scopes = [\"profile\"]\nroles =",
            "scopes",
            "openid",
        ),
        (
            "roles =",
            "person_domain = \"a@b\"\nroles =",
            "person_domain",
            "@",
        ),
    ] {
        let error = load_file(&PROVIDER.replacen(from, to, 1))
            .expect_err(key)
            .to_string();
        assert!(
            error.contains("callbox.toml:")
                && error.contains(&format!("agency.sign_in.{key}"))
                && error.contains(why),
            "{error}"
        );
    }
    let unknown = load_file(&format!("{PROVIDER}isuer = 1\n"))
        .expect_err("refused")
        .to_string();
    assert!(
        unknown.contains("callbox.toml:6: agency.sign_in.isuer"),
        "{unknown}"
    );
    let role = load_file(&PROVIDER.replace("telecommunicator", "boss"))
        .expect_err("refused")
        .to_string();
    assert!(role.contains("callbox.toml:5"), "{role}");
    let of_another = format!(
        "[[agencies]]\nid = \"harbour.example\"\nname = \"Harbour\"\nbanner = \"b\"\n{}",
        PROVIDER
            .replace("[agency.", "[agencies.")
            .replace("https:", "http:")
    );
    let error = load_file(&of_another).expect_err("refused").to_string();
    assert!(error.contains("agencies[0].sign_in.issuer"), "{error}");
}
