//! What is printed of a configuration, and what the gateway says at its start.

use callbox::config::Config;

use super::load_file;

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
