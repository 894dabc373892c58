//! A wrong value is refused where it stands: the file with its line, the variable or the flag.

use std::path::PathBuf;

use callbox::config::{Config, ConfigError, Place, Retention, Sources};

use super::{file, load_environment, load_file, set};

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
fn photos_and_words_are_kept_for_ever_or_for_a_number_of_days_that_is_refused_where_it_is_none() {
    assert_eq!(Config::default().agency.retention, Retention::default());
    let text = "[agency.retention]\nphotos_days = 180\nwords_days = 730\n";
    let kept = load_file(text).expect("a configuration").agency.retention;
    assert_eq!((kept.photos_days, kept.words_days), (Some(180), Some(730)));
    for setting in ["photos_days", "words_days"] {
        for days in ["0", "36501"] {
            let text = format!("[agency.retention]\n{setting} = {days}\n");
            let error = load_file(&text).expect_err("refused").to_string();
            let place = format!("callbox.toml:2: agency.retention.{setting}");
            assert!(error.contains(&place), "{error}");
            assert!(error.contains("1 to 36,500 days"), "{error}");
        }
    }
}

#[test]
fn a_map_that_cannot_be_drawn_is_refused_where_it_stands() {
    let tiles = "tiles = \"https://tiles.example/{z}/{x}/{y}.png\"";
    let words = "attribution = \"Example\"";
    for (lines, place, why) in [
        (
            "tiles = \"javascript:{z}{x}{y}\"".to_owned(),
            "2: agency.map.tiles",
            "is no address of tiles",
        ),
        (
            format!("{words}\n{}", tiles.replace("{z}", "1")),
            "3: agency.map.tiles",
            "is no address of tiles",
        ),
        (
            tiles.to_owned(),
            "2: agency.map.tiles",
            "needs map.attribution",
        ),
        (
            format!("{tiles}\nattribution = \"  \""),
            "2: agency.map.tiles",
            "needs map.attribution",
        ),
        (
            format!("{tiles}\nattribution = \"a\\u202eb\""),
            "3: agency.map.attribution",
            "plain text",
        ),
        (
            format!("{tiles}\nattribution = \"{}\"", "a".repeat(201)),
            "3: agency.map.attribution",
            "up to 200 characters",
        ),
        ("zoom = 20".to_owned(), "2: agency.map.zoom", "from 0 to 19"),
        (
            "tiles_max_zoom = 23".to_owned(),
            "2: agency.map.tiles_max_zoom",
            "from 0 to 22",
        ),
        (
            "centre = { latitude = 91.0, longitude = 0.0 }".to_owned(),
            "2: agency.map.centre",
            "on the earth",
        ),
        (
            "centre = { latitude = nan, longitude = 0.0 }".to_owned(),
            "2: agency.map.centre",
            "on the earth",
        ),
    ] {
        let error = load_file(&format!("[agency.map]\n{lines}\n")).expect_err(&lines);
        let error = error.to_string();
        assert!(error.contains(&format!("callbox.toml:{place}")), "{error}");
        assert!(error.contains(why), "{error}");
    }
    // Markup is plain text: the pages show it as such.
    let sound = format!("[agency.map]\n{tiles}\nattribution = \"<b>Example</b> & Co\"\n");
    assert!(load_file(&sound).is_ok());
    // What was a setting once is none any more.
    let old = load_file("[server]\ntile_origin = \"https://tiles.example\"\n");
    let old = old.expect_err("refused").to_string();
    assert!(
        old.contains("callbox.toml:2: server.tile_origin: no such key"),
        "{old}"
    );
}

#[test]
fn a_banner_that_cannot_stand_above_every_report_is_refused_where_it_stands() {
    let languages: String = (0..=32)
        .map(|n| format!("banner.l{}{} = \"Bien\"\n", n / 10, n % 10))
        .collect();
    for (lines, why) in [
        ("banner = \" \"", "1 to 300 characters"),
        ("banner = \"One\\nTwo\"", "in one line"),
        ("banner = \"a\\u202eb\"", "turn the direction"),
        ("banner.fr = \"Bien\"", "needs English"),
        (
            "banner.en = \"Good\"\nbanner.fr = \" \"",
            "in each language",
        ),
        (
            "banner.en = \"Good\"\nbanner.FR = \"Bien\"",
            "in lower case",
        ),
        (&format!("banner = \"{}\"", "x".repeat(301)), "1 to 300"),
        (&format!("banner.en = \"Good\"\n{languages}"), "up to 32"),
    ] {
        let text = format!("[agency]\n{lines}\n");
        let error = load_file(&text).expect_err(&text).to_string();
        assert!(error.contains("callbox.toml:2: agency.banner"), "{error}");
        assert!(error.contains(why), "{error}");
    }
    // An Arabic one may hold a mark of its direction.
    let sound = "[agency]\nbanner.en = \"Good\"\nbanner.ar = \"حسن\u{200f}.\"\n";
    load_file(sound).expect(sound);
}

#[test]
fn a_question_that_cannot_be_asked_is_refused_where_it_stands() {
    let field = |lines: &str| {
        format!(
            "[[agency.fields]]\nid = \"floor\"\nlabel = {{ en = \"Floor?\" }}\nkind = \"text\"\n{lines}"
        )
    };
    let options = |ids: &[&str]| {
        let options: Vec<_> = ids
            .iter()
            .map(|id| format!("{{ id = \"{id}\", label = {{ en = \"Up\" }} }}"))
            .collect();
        format!("options = [{}]\n", options.join(", "))
    };
    let choice = |ids: &[&str]| field(&options(ids)).replace("\"text\"", "\"choice\"");
    for (text, place, why) in [
        (
            field("").replace("floor", "Floor 1"),
            "2: agency.fields[0].id",
            "out of a-z",
        ),
        (
            field("").replace("en =", "fr ="),
            "3: agency.fields[0].label",
            "needs English",
        ),
        (
            field("").replace("Floor?", "a\\u202eb"),
            "3: agency.fields[0].label",
            "turn the direction",
        ),
        (
            field("").replace("Floor?", &"x".repeat(121)),
            "3: agency.fields[0].label",
            "1 to 120 characters",
        ),
        (
            field("").replace("\"text\"", "\"number\""),
            "4: agency.fields[0].kind",
            "unknown variant",
        ),
        (
            field("max_chars = 501\n"),
            "5: agency.fields[0].max_chars",
            "from 1 to 500",
        ),
        (
            field("required = true\n"),
            "5: agency.fields[0].required",
            "no such key",
        ),
        (
            field("categories = [\"fires\"]\n"),
            "agency.fields[0].categories",
            "unknown variant",
        ),
        (
            field(&options(&["up", "down"])),
            "5: agency.fields[0].options",
            "are for kind",
        ),
        (
            choice(&["up"]),
            "5: agency.fields[0].options",
            "must be 2 to 8",
        ),
        (
            choice(&["up", "up"]),
            "5: agency.fields[0].options",
            "same id",
        ),
        (
            field("") + &field(""),
            "6: agency.fields[1].id",
            "another question already",
        ),
        (
            (0..9)
                .map(|n| field("").replace("floor", &format!("f{n}")))
                .collect(),
            "agency.fields",
            "must be at most 8",
        ),
    ] {
        let error = load_file(&text).expect_err(&text).to_string();
        assert!(error.contains(place), "{error}");
        assert!(
            error.contains("callbox.toml:") && error.contains(why),
            "{error}"
        );
    }
    // Markup is plain text: the pages show it as such. An Arabic question may hold a mark of its direction.
    let sound = field("").replace("\"Floor?\"", "\"<b>Floor?</b>\", ar = \"الطابق\u{200f}؟\"");
    let config = load_file(&sound).expect(&sound);
    assert_eq!(config.agency.fields[0].label.len(), 2);
    let printed = config.to_redacted_toml().expect("text");
    let again = load_file(&printed).expect(&printed);
    assert_eq!(again.agency.fields, config.agency.fields);
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
