//! Further agencies beside the first.

use super::load_file;

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
