//! The files that come with the gateway: they name every key, and their examples work.

use std::path::PathBuf;

use callbox::config::{Config, Sources};

use super::load_file;

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
        "identity", "triage", "log", "map",
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
fn the_commented_questions_are_sound_and_name_every_key_of_one() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("config/callbox.toml");
    let text = std::fs::read_to_string(path).expect("the file");
    let from = text.find("# [[agency.fields]]\n").expect("an example");
    let lines = text[from..]
        .lines()
        .map_while(|line| line.strip_prefix('#'));
    let example: String = lines.map(|line| format!("{line}\n")).collect();
    let fields = load_file(&example).expect(&example).agency.fields;
    assert_eq!(fields.len(), 2);
    let keys = ["id", "label", "kind", "max_chars", "options", "categories"];
    for field in &fields {
        let all = toml::Table::try_from(field).expect("a table");
        assert!(
            all.keys().all(|key| keys.contains(&key.as_str())),
            "{all:?}"
        );
    }
    for key in keys {
        assert!(example.contains(&format!("\n {key} = ")), "{key}");
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
