//! Processes that die in the middle: the one test here, started again as a child that appends and tells what was acknowledged.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{ChildStdout, Command, Stdio};

use callbox::backbone::{Append, Appended, Backbone, BackboneError, Guarantee};

use super::open;
use crate::backbone::make::*;

const WHAT: &str = "CALLBOX_TEST_CHILD";
const WHERE: &str = "CALLBOX_TEST_CHILD_FOLDER";
/// Sessions the child writes to, round about.
const SESSIONS: u128 = 7;

/// A running child.
pub struct Child {
    process: std::process::Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
    said: Vec<String>,
}

/// Heads that were acknowledged, by session.
#[derive(Default)]
pub struct Acknowledged(BTreeMap<u128, u64>);

impl Acknowledged {
    fn note(&mut self, line: &str) -> bool {
        let Some(numbers) = line.strip_prefix("acknowledged ") else {
            return false;
        };
        let (number, head) = numbers.split_once(' ').unwrap();
        self.0
            .insert(number.parse().unwrap(), head.parse().unwrap());
        true
    }

    pub async fn are_all_in(&self, backbone: &dyn Backbone) {
        assert!(!self.0.is_empty());
        for (&number, &head) in &self.0 {
            let found = backbone
                .find_session(session(number))
                .await
                .unwrap()
                .unwrap();
            assert!(
                found.head >= head,
                "session {number}: {} of {head}",
                found.head
            );
            let mut seq = 0;
            while seq < found.head {
                for record in backbone.read(session(number), seq, 1_000).await.unwrap() {
                    seq += 1;
                    assert_eq!((record.seq, record.command), (seq, command_of(number, seq)));
                }
            }
        }
    }
}

fn command_of(number: u128, seq: u64) -> callbox_proto::ids::CommandId {
    command(number << 64 | u128::from(seq))
}

fn child_arguments(command: &mut Command, what: &str, folder: &Path) {
    command.args([
        "--exact",
        "backbone::embedded::kill::everything_acknowledged_survives_ten_kills",
        "--nocapture",
    ]);
    command
        .env(WHAT, what)
        .env(WHERE, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
}

impl Child {
    pub fn start(what: &str, folder: &Path) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        child_arguments(&mut command, what, folder);
        Self::spawn(&mut command)
    }

    /// No file of the child may grow over so many blocks of 512 bytes.
    pub fn start_with_file_limit(what: &str, folder: &Path, blocks: u32) -> Self {
        let mut command = Command::new("sh");
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
        command
            .args(["-c", &script])
            .arg(std::env::current_exe().unwrap());
        child_arguments(&mut command, what, folder);
        Self::spawn(&mut command)
    }

    fn spawn(command: &mut Command) -> Self {
        let mut process = command.spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        Self {
            process,
            lines,
            said: Vec::new(),
        }
    }

    /// Lets the child acknowledge so many appends, kills it, and reads what else it had acknowledged.
    fn kill_after(&mut self, appends: usize) -> Acknowledged {
        let mut acknowledged = Acknowledged::default();
        let mut count = 0;
        while count < appends {
            let line = self
                .lines
                .next()
                .expect("the child ended by itself")
                .unwrap();
            count += usize::from(acknowledged.note(&line));
        }
        self.process.kill().unwrap();
        for line in self.lines.by_ref().map_while(Result::ok) {
            // The last line may be cut.
            if line.split(' ').count() == 3 {
                acknowledged.note(&line);
            }
        }
        acknowledged
    }

    pub fn acknowledged_until_end(&mut self) -> Acknowledged {
        let mut acknowledged = Acknowledged::default();
        for line in self.lines.by_ref().map_while(Result::ok) {
            if !acknowledged.note(&line) {
                self.said.push(line);
            }
        }
        acknowledged
    }

    /// The rests of the lines with this beginning, once it has ended.
    pub fn said(&self, beginning: &str) -> Vec<&str> {
        self.said
            .iter()
            .filter_map(|line| line.strip_prefix(beginning))
            .collect()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").unwrap();
    out.flush().unwrap();
}

/// The other side of the tests here, in a process of its own: appends until it is killed or cannot.
async fn the_child(what: &str, folder: &Path) {
    say("");
    let backbone = open(folder).unwrap();
    let mut round = match backbone.find_session(session(1)).await.unwrap() {
        Some(found) => found.head,
        None => 0,
    };
    let limit = what
        .strip_prefix("abort after ")
        .map_or(u64::MAX, |rounds| rounds.parse().unwrap());
    let error = loop {
        match one_round(&backbone, round).await {
            Ok(()) => round += 1,
            Err(error) => break error,
        }
        if round >= limit {
            std::process::abort();
        }
    };
    after(&backbone, error).await;
}

async fn one_round(backbone: &dyn Backbone, round: u64) -> Result<(), BackboneError> {
    let batch = (1..=SESSIONS)
        .map(|number| one_append(number, round))
        .collect();
    let mut failed = Ok(());
    for (number, outcome) in (1..=SESSIONS).zip(backbone.append(batch).await) {
        match outcome {
            Ok(Appended::Stored { last, .. } | Appended::Duplicate { last, .. }) => {
                say(&format!("acknowledged {number} {last}"));
            }
            Ok(other) => panic!("{other:?}"),
            Err(error) => failed = Err(error),
        }
    }
    failed
}

fn one_append(number: u128, round: u64) -> Append {
    let index = Some(waiting("main", i64::try_from(round).unwrap()));
    let records = vec![text(
        &"x".repeat(usize::try_from(round * 37 % 500).unwrap()),
    )];
    Append {
        command: command_of(number, round + 1),
        index,
        records,
        ..next(number, round, 1)
    }
}

async fn after(backbone: &dyn Backbone, error: BackboneError) {
    let name = |error: &BackboneError| match error {
        BackboneError::Failed { .. } => "failed",
        BackboneError::Full => "full",
        _ => "other",
    };
    say(&format!("after: {}", name(&error)));
    let again = append(backbone, first(1_000, waiting("main", 1))).await;
    say(&format!(
        "after: {}",
        again.as_ref().map_or_else(name, |_| "stored")
    ));
    say(&format!(
        "after: {}",
        if backbone.guarantee() == Guarantee::None {
            "none"
        } else {
            "some"
        }
    ));
    let read = backbone.read(session(1), 0, 10).await;
    say(&format!(
        "after: {}",
        if read.is_ok_and(|read| !read.is_empty()) {
            "readable"
        } else {
            "unreadable"
        }
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_acknowledged_survives_ten_kills() {
    if let (Ok(what), Some(folder)) = (std::env::var(WHAT), std::env::var_os(WHERE)) {
        return the_child(&what, folder.as_ref()).await;
    }
    let folder = tempfile::tempdir().unwrap();
    for time in 1..=10_usize {
        let acknowledged = Child::start("append", folder.path()).kill_after(time * 41);
        let backbone = open(folder.path()).unwrap();
        acknowledged.are_all_in(&backbone).await;
        assert_eq!(backbone.waiting() as u128, SESSIONS);
        assert!(backbone.verify().await.unwrap().is_sound());
        backbone.close().await;
    }
}
