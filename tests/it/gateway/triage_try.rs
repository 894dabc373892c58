//! `callbox triage try`: other rules on the stored sessions, while the gateway runs and after.

use std::process::{Output, Stdio};

use callbox_proto::command::StaffCommand;
use callbox_proto::vocabulary::Priority;
use serde_json::Value;
use tokio::process::Command;

use super::harness::{Gateway, soon, text};

const STRICT: &str = "version = \"strict\"\n\n[[rule]]\nid = \"dog\"\nbecause = \"A dog\"\npriority = 1\nwords = { en = [\"dog\"] }\n";

async fn tries(gateway: &Gateway, rules: &str, more: &[&str]) -> Output {
    let file = gateway.data().join("other.toml");
    std::fs::write(&file, rules).expect("written");
    let running = Command::new(env!("CARGO_BIN_EXE_callbox"))
        .args(["triage", "try", "--rules"])
        .arg(&file)
        .arg("--data-dir")
        .arg(gateway.data())
        .args(more)
        .env_remove("CALLBOX_CONFIG")
        .stdin(Stdio::null())
        .output();
    soon(running).await.expect("the program runs")
}

fn words(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

async fn json(gateway: &Gateway, more: &[&str]) -> Vec<Value> {
    let output = tries(gateway, STRICT, &[&["--json"], more].concat()).await;
    assert!(output.status.success(), "{}", words(&output.stderr));
    let said = words(&output.stdout);
    said.lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

#[tokio::test]
async fn sessions_that_would_have_had_another_priority_are_told_with_both_rules() {
    let mut gateway = Gateway::start().await;
    let tina = gateway.console("tina").await;
    let (ann, bob, eve) = (
        gateway.resident().await,
        gateway.resident().await,
        gateway.resident().await,
    );
    let barks = ann.open("A dog barks").await;
    let calm = bob.open("A cat sleeps").await;
    eve.open("Nothing yet").await;
    eve.does(text("and now a dog")).await;
    let lower = StaffCommand::SetPriority {
        priority: Priority::new(5).unwrap(),
        reason: "It always does".to_owned(),
    };
    tina.does(barks, lower).await;
    for running in [true, false] {
        if !running {
            gateway.kill().await;
        }
        let told = json(&gateway, &[]).await;
        let [first, second, sums] = &told[..] else {
            panic!("two of them: {told:?}");
        };
        assert_eq!(first["session"], barks.to_string());
        assert_eq!(
            first["after"],
            serde_json::json!({"priority": 1, "rule": "dog"})
        );
        assert_ne!(first["before"]["rule"], "dog");
        assert_eq!(
            (&first["by_person"], &second["by_person"]),
            (&5.into(), &Value::Null)
        );
        assert_eq!(
            (&sums["sessions"], &sums["more_urgent"], &sums["by_person"]),
            (&3.into(), &2.into(), &1.into())
        );
        assert_eq!(sums["damaged"], 0);
    }
    assert!(json(&gateway, &["--since", "7d"]).await.len() == 3);
    let output = tries(&gateway, STRICT, &[]).await;
    let table = words(&output.stdout);
    assert!(
        table.contains(&barks.to_string()) && table.contains("1 dog  (a person set 5)"),
        "{table}"
    );
    assert!(
        !table.contains(&calm.to_string()) && !table.contains("barks"),
        "{table}"
    );
    assert!(table.ends_with("3 sessions, 2 would have had another priority: 2 more urgent, 0 less urgent; of these a person changed 1; 0 damaged\n"), "{table}");
}

#[tokio::test]
async fn rules_that_are_wrong_or_a_store_that_is_elsewhere_are_refused_with_words() {
    let gateway = Gateway::start().await;
    let wrong = tries(&gateway, "version = 3", &[]).await;
    assert!(!wrong.status.success());
    assert!(
        words(&wrong.stderr).contains("other.toml:1"),
        "{}",
        words(&wrong.stderr)
    );
    let nobody = tries(&gateway, STRICT, &["--agency", "other.example"]).await;
    assert!(
        words(&nobody.stderr).contains("no agency other.example"),
        "{}",
        words(&nobody.stderr)
    );
    let key = format!(
        "identity.key_file={}",
        gateway.data().join("identity.key").display()
    );
    let url = "backbone.url=redis://127.0.0.1:1";
    let shared = tries(&gateway, STRICT, &["--set", url, "--set", &key]).await;
    assert!(
        words(&shared.stderr).contains("shared tier"),
        "{}",
        words(&shared.stderr)
    );
}
