//! The program as it is typed: commands that only look at the configuration.

use std::process::{Command, Output};

fn callbox(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_callbox"))
        .args(arguments)
        .env_remove("CALLBOX_CONFIG")
        .output()
        .expect("the program runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn an_accepted_configuration_is_said_to_be() {
    let output = callbox(&["check-config"]);
    assert!(output.status.success() && text(&output.stdout).contains("accepted"));
}

#[test]
fn a_refused_configuration_is_one_sentence_and_a_failure() {
    for command in ["check-config", "serve"] {
        let output = callbox(&[command, "--listen", "0.0.0.0:8911"]);
        assert!(!output.status.success());
        let words = text(&output.stderr);
        assert!(
            words.contains("flag --listen: server.listen: 0.0.0.0:8911 is not a loopback"),
            "{words}"
        );
        assert_eq!(words.lines().count(), 1, "{words}");
    }
}

#[test]
fn what_is_printed_is_read_again_and_holds_no_passphrase() {
    let output = callbox(&["config", "print", "--redacted"]);
    assert!(output.status.success());
    let printed = text(&output.stdout);
    assert!(
        printed.contains("[server.limits]") && !printed.contains("maple"),
        "{printed}"
    );
}

#[test]
fn the_welcome_holds_what_a_newcomer_types() {
    let output = callbox(&["config", "welcome", "--listen", "127.0.0.1:9000"]);
    let words = text(&output.stdout);
    assert!(
        words.contains("http://127.0.0.1:9000/console") && words.contains("tina"),
        "{words}"
    );
}

#[test]
fn a_command_that_does_not_exist_is_refused() {
    assert_eq!(callbox(&["sreve"]).status.code(), Some(2));
}
