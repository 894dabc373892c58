//! An agency's provider of sign-ins.

use callbox::config::{Config, Sources};

use super::{load_file, variables};

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
