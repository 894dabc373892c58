//! The file of triage rules: replaced while the gateway runs, and what is said of a bad one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::Duration;

use callbox::app::triage::{Reload, RulesFile, read};
use callbox::config::{self, Config, Triage};
use callbox::node::agency::Agency;
use callbox::shutdown::Lifecycle;
use callbox_domain::policy::Policy;
use callbox_proto::field::Labels;
use callbox_proto::message::{AgencyInfo, DeskInfo, QueueInfo, ToStaff};
use tempfile::TempDir;
use tokio::sync::watch;

use crate::gateway::harness::{Gateway, soon};

/// Far beyond what reading a file takes; only a failure waits for it.
const DEADLINE: Duration = Duration::from_secs(20);

fn rules(version: &str) -> String {
    format!(
        "version = \"{version}\"\n\n[[rule]]\nid = \"smoke\"\nbecause = \"Smoke\"\npriority = 1\nqueue = \"fire-medical\"\nwords = {{ en = [\"smoke\"] }}\n"
    )
}

/// As careful operators do: write beside, then rename.
fn replace(path: &Path, text: &str) {
    let beside = path.with_extension("new");
    std::fs::write(&beside, text).expect("written");
    std::fs::rename(beside, path).expect("renamed");
}

struct Files {
    _folder: TempDir,
    path: PathBuf,
    config: Config,
}

impl Files {
    fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("triage.toml");
        std::fs::write(&path, text).expect("written");
        let config = Config {
            triage: Triage {
                rules_file: Some(path.clone()),
            },
            ..Config::default()
        };
        Self {
            _folder: folder,
            path,
            config,
        }
    }

    fn agency(&self) -> Arc<Agency> {
        let queue = |id: &config::Queue| QueueInfo {
            queue: id.id.parse().expect("a queue"),
            name: id.name.clone(),
            targets_ms: [10_000; 5],
            target_share_percent: 90,
        };
        let queues: Vec<_> = self.config.agency.queues.iter().map(queue).collect();
        let names: Vec<_> = queues.iter().map(|queue| queue.queue.clone()).collect();
        let rules = read(Some(&self.path), &names).expect("good rules");
        let default = "emergency".parse().expect("a queue");
        let policy = Policy::new(queues, default, rules).expect("a policy");
        let info = AgencyInfo {
            agency: "demo.example".parse().expect("an agency"),
            name: "Demo".to_owned(),
            banner: String::new(),
            banner_in: BTreeMap::new(),
            emergency_number: "911".to_owned(),
            exit_url: "https://weather.example/".to_owned(),
            fields: Vec::new(),
        };
        Arc::new(Agency::new(info, policy))
    }
}

fn version(agency: &Agency) -> String {
    agency.policy().rules().version().to_owned()
}

/// Waits until the file was read again and the agency has these rules.
async fn until_version(attempts: &mut watch::Receiver<u64>, agency: &Agency, wanted: &str) {
    let found = tokio::time::timeout(DEADLINE, async {
        while version(agency) != wanted {
            attempts.changed().await.expect("the file is followed");
        }
    });
    found.await.expect("the new rules within the deadline");
}

#[tokio::test]
async fn a_changed_file_judges_from_then_on_and_a_bad_one_is_refused() {
    let files = Files::new(&rules("1"));
    let agency = files.agency();
    let lifecycle = Lifecycle::new();
    let file = RulesFile::of(&files.config, &files.config.agency, Arc::clone(&agency))
        .expect("a file is configured");
    let mut attempts = file.attempts();
    let following =
        tokio::spawn(Arc::clone(&file).follow(lifecycle.reloads(), lifecycle.hard().clone()));

    // The watcher may start after the file has changed: an operator's SIGHUP reads it all the same.
    replace(&files.path, &rules("2"));
    lifecycle.reload();
    until_version(&mut attempts, &agency, "2").await;

    replace(&files.path, "version = \"3\"\n[[rule]]\nid = \"x\"\n");
    lifecycle.reload();
    let error = file.reload().expect_err("a rule without a reason");
    assert!(
        format!("{error:#}").contains("triage.toml:2: missing field"),
        "{error:#}"
    );
    assert_eq!(version(&agency), "2", "the old rules stay");

    replace(&files.path, &rules("4"));
    until_version(&mut attempts, &agency, "4").await;
    assert_eq!(file.reload().expect("good rules"), Reload::Unchanged);

    lifecycle.stop();
    lifecycle.stop();
    tokio::time::timeout(DEADLINE, following)
        .await
        .expect("it stops with the gateway")
        .expect("it does not panic");
}

/// Waits until rules were read again with this result so many times.
async fn until_read(gateway: &Gateway, result: &str, times: u64) {
    let name = format!("callbox_triage_reloads_total{{result=\"{result}\"}}");
    let wanted = Some(times.to_string());
    soon(async { while gateway.metric(&name).await != wanted {} }).await;
}

#[tokio::test]
async fn a_bad_file_is_told_once_whatever_changes_beside_it_and_again_to_an_operator_who_asks() {
    let files = Files::new(&rules("1"));
    let neighbours = files.path.with_file_name("harbour.toml");
    std::fs::write(&neighbours, rules("a")).expect("written");
    let gateway = Gateway::with(&format!(
        "triage.rules_file = {:?}\n[[agencies]]\nid = \"harbour.example\"\nname = \"Harbour\"\nbanner = \"B\"\nrules_file = {:?}\n",
        files.path, neighbours
    ))
    .await;
    replace(&files.path, "version = \"2\"\n[[rule]]\nid = \"x\"\n");
    until_read(&gateway, "refused", 1).await;
    for times in 1..=3 {
        replace(&neighbours, &rules(&format!("a{times}")));
        until_read(&gateway, "replaced", times).await;
    }
    until_read(&gateway, "refused", 1).await;
    gateway.hang_up();
    until_read(&gateway, "refused", 2).await;
    // Once it was good, the same fault is news.
    replace(&files.path, &rules("2"));
    until_read(&gateway, "replaced", 4).await;
    replace(&files.path, "version = \"2\"\n[[rule]]\nid = \"x\"\n");
    until_read(&gateway, "refused", 3).await;
}

#[tokio::test]
async fn people_are_told_the_reasons_of_the_rules_in_their_languages_and_again_when_they_change() {
    let in_french = |version: &str, french: &str| {
        let by_language = format!("because = {{ en = \"Smoke\", fr = \"{french}\" }}");
        rules(version).replace("because = \"Smoke\"", &by_language)
    };
    let french = |desk: &DeskInfo| {
        let smoke = |labels: &&Labels| labels.get("en").is_some_and(|words| words == "Smoke");
        desk.rule_reasons.iter().find(smoke)?.get("fr").cloned()
    };
    let files = Files::new(&in_french("1", "Fumée"));
    let gateway = Gateway::with(&format!("triage.rules_file = {:?}\n", files.path)).await;
    let tina = gateway.console("tina").await;
    let welcome = |m: &ToStaff| match m {
        ToStaff::Welcome { desk, .. } => desk.clone(),
        _ => None,
    };
    let desk = tina.wire.record().all().iter().find_map(welcome);
    assert_eq!(french(&desk.expect("welcomed")), Some("Fumée".to_owned()));

    // The same reasons are no news.
    replace(&files.path, &in_french("2", "Fumée"));
    until_read(&gateway, "replaced", 1).await;
    replace(&files.path, &in_french("3", "De la fumée"));
    let changed = |m: &ToStaff| match m {
        ToStaff::AgencyChanged { desk, .. } => Some(desk.clone()),
        _ => None,
    };
    let desk = tina.wire.wait(changed).await;
    assert_eq!(french(&desk), Some("De la fumée".to_owned()));
    let told = tina.wire.record().all().iter().filter_map(changed).count();
    assert_eq!(told, 1);
}

#[test]
fn each_agency_has_rules_of_its_own_and_reads_them_by_itself() {
    let shared = Files::new(&rules("1"));
    let own = Files::new(&rules("a"));
    let mut config = shared.config.clone();
    let harbour = config::Agency {
        id: "harbour.example".to_owned(),
        rules_file: Some(own.path.clone()),
        ..config.agency.clone()
    };
    config.agencies = vec![harbour.clone()];
    let (first, second) = (shared.agency(), own.agency());
    let of = |configured, agency: &Arc<Agency>| {
        RulesFile::of(&config, configured, Arc::clone(agency)).expect("a file is configured")
    };
    let (first_file, second_file) = (of(&config.agency, &first), of(&harbour, &second));
    std::fs::write(&own.path, rules("b")).expect("written");
    assert_eq!(first_file.reload().expect("good rules"), Reload::Unchanged);
    assert_eq!(second_file.reload().expect("good rules"), Reload::Replaced);
    assert_eq!(
        (version(&first), version(&second)),
        ("1".to_owned(), "b".to_owned())
    );
    let nowhere = rules("2").replace("fire-medical", "nowhere");
    std::fs::write(&own.path, nowhere).expect("written");
    let error = format!("{:#}", second_file.reload().expect_err("no such queue"));
    assert!(error.starts_with("agency harbour.example: "), "{error}");
}

#[test]
fn the_built_in_rules_are_followed_by_nobody() {
    let agency = Files::new(&rules("1")).agency();
    let config = Config::default();
    assert!(RulesFile::of(&config, &config.agency, agency).is_none());
}

fn check_config(rules: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_callbox"))
        .arg("check-config")
        .arg("--set")
        .arg(format!("triage.rules_file={}", rules.display()))
        .env_remove("CALLBOX_CONFIG")
        .output()
        .expect("the program runs")
}

#[test]
fn check_config_names_file_and_line_of_a_rule_that_cannot_be_meant() {
    let files = Files::new(&rules("1"));
    assert!(check_config(&files.path).status.success());
    let text = rules("1").replace("fire-medical", "nowhere");
    std::fs::write(&files.path, text).expect("written");
    let output = check_config(&files.path);
    assert!(!output.status.success());
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        words.contains("triage.toml:4: rule smoke: the agency has no queue nowhere"),
        "{words}"
    );
    assert_eq!(words.lines().count(), 1, "{words}");
}

#[test]
fn check_config_says_that_a_rules_file_is_not_there() {
    let output = check_config(Path::new("/nowhere/triage.toml"));
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        !output.status.success() && words.contains("/nowhere/triage.toml: cannot be read"),
        "{words}"
    );
}
