//! Every measurement in small against the real gateway: it ends well, and its last line is one JSON object with the promised figures.
//!
//! What the figures are is not looked at here: a shared machine has no say in what is fast.

use std::process::{Command, Output};

use serde_json::{Map, Value};

/// What a measurement that takes texts or sessions promises.
const SPEED: [&str; 4] = ["messages_per_s", "cpu_us_per_message", "p50_ms", "p99_ms"];

/// A measurement with these arguments. The gateway is the one beside the program: `cargo test --workspace` builds both.
fn run(arguments: &str) -> Output {
    let program = env!("CARGO_BIN_EXE_callbox-loadtests");
    let output = Command::new(program).args(arguments.split(' ')).output();
    output.expect("the program starts")
}

/// What it measured: the last line of what it printed.
fn measured(arguments: &str) -> Map<String, Value> {
    let output = run(&format!("{arguments} --json"));
    let (told, said) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{arguments}: {told}\n{said}");
    let last = told.lines().last().expect("a last line");
    serde_json::from_str(last).expect("one JSON object")
}

/// These figures were taken.
fn has(measured: &Map<String, Value>, figures: &[&str]) {
    for name in figures {
        let figure = measured.get(*name).and_then(Value::as_f64);
        assert!(
            figure.is_some_and(|figure| figure > 0.0),
            "{name}: {measured:?}"
        );
    }
}

/// Idle sessions, more than fit into what the gateway freed when those of the warm-up left.
const IDLE: usize = 600;

#[test]
fn idle_tells_the_memory_of_a_session() {
    let idle = measured(&format!("idle --sessions {IDLE}"));
    has(&idle, &["kib_per_session"]);
    assert_eq!(idle.get("messages_per_s"), Some(&Value::Null));
}

#[test]
fn idle_over_tls_tells_it_too() {
    has(
        &measured(&format!("idle --sessions {IDLE} --tls")),
        &["kib_per_session"],
    );
}

#[test]
fn route_tells_how_fast_and_at_what_cost_a_text_is_shown() {
    let load = "route --residents 8 --consoles 2 --seconds 1 --unloaded 20";
    has(&measured(load), &SPEED);
}

#[test]
fn queue_tells_how_fast_sessions_come_in_and_are_taken() {
    has(
        &measured("queue --waiting 100 --consoles 2 --take 20"),
        &SPEED,
    );
}

#[test]
fn growth_tells_what_a_text_costs_in_a_long_log() {
    let growth = measured("growth --entries 10000 --session-entries 0 --pairs 3");
    let figures = ["cpu_us_per_message", "p50_ms", "store_10000_mean_entries"];
    has(&growth, &figures);
}

#[test]
fn several_runs_tell_their_spread() {
    let idle = measured("idle --sessions 5 --runs 2");
    let spread = idle["spread"]["kib_per_session"].as_array();
    assert_eq!(spread.map(Vec::len), Some(2));
}

#[test]
fn a_gateway_that_is_not_there_is_told() {
    let output = run("idle --sessions 5 --gateway /nowhere/callbox");
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("/nowhere/callbox"), "{said}");
}
