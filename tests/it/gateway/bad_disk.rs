//! A disk that fails or is full under the running program: nothing is acknowledged that is not there, everybody is told, and what was
//! acknowledged is there after a restart.
//!
//! The system calls of the running process fail by `strace`, as a broken disk would make them.

use std::process::Stdio;
use std::time::Duration;

use callbox_proto::command::StaffCommand;
use callbox_proto::error::{ErrorCode, Retry};
use callbox_proto::event::Event;
use callbox_proto::ids::CommandId;
use callbox_proto::message::{FromStaff, ToResident};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use super::harness::{Gateway, Resident, fresh, opening, soon, text};
use super::photo_client::{Uploader, announce, problem};
use super::photos::{sha256, stored};
use callbox_proto::vocabulary::Category;

/// Between two looks at a probe.
const LOOK: Duration = Duration::from_millis(20);

/// A fault under a running process, until it is lifted.
struct Fault(Child);

impl Fault {
    /// From now on these system calls fail with this error.
    async fn under(gateway: &Gateway, calls: &str, error: &str) -> Self {
        let mut child = Command::new("strace")
            .args(["-f", "-o", "/dev/null"])
            .arg(format!("--trace={calls}"))
            .arg(format!("--inject={calls}:error={error}"))
            .args(["-p", &gateway.pid().to_string()])
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("strace is installed (cargo xtask test does it)");
        let mut lines = BufReader::new(child.stderr.take().expect("piped")).lines();
        let attached = async {
            while let Some(line) = lines.next_line().await.expect("readable") {
                if line.contains("attached") {
                    return true;
                }
                eprintln!("strace: {line}");
            }
            false
        };
        assert!(soon(attached).await, "strace may watch the program");
        // Its further lines are nobody's business, but its pipe must not fill.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self(child)
    }

    /// The disk works again.
    async fn lifted(mut self) {
        let pid = self.0.id().expect("it runs") as i32;
        let pid = rustix::process::Pid::from_raw(pid).expect("a pid");
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("told");
        soon(self.0.wait()).await.expect("ended");
    }
}

async fn probe(gateway: &Gateway, path: &str) -> u16 {
    let url = format!("http://{}{path}", gateway.admin());
    let answer = soon(reqwest::get(url)).await.expect("an answer");
    answer.status().as_u16()
}

async fn becomes(gateway: &Gateway, path: &str, status: u16) {
    soon(async {
        while probe(gateway, path).await != status {
            tokio::time::sleep(LOOK).await;
        }
    })
    .await;
}

/// A text that cannot be stored: refused so that its client keeps it and sends it again.
async fn is_kept_by_the_client(ann: &Resident, words: &str) -> CommandId {
    let id = fresh();
    ann.submit(id, text(words));
    let error = ann.answer(id).await.expect_err("it cannot be stored");
    assert_eq!(error.code, ErrorCode::StoreUnavailable);
    assert_eq!(error.retry, Retry::Later);
    assert!(error.after_ms.is_some());
    id
}

fn receipts(ann: &Resident) -> usize {
    let all = ann.wire.record().all();
    let is_receipt = |message: &&ToResident| matches!(message, ToResident::Receipt { .. });
    all.iter().filter(is_receipt).count()
}

/// The texts of the session, as a connection that begins anew reads them.
async fn texts(ann: &Resident, last: &str) -> Vec<String> {
    ann.reads(last).await;
    let texts = ann.entries().into_iter().filter_map(|e| match e.event {
        Event::Text { text, .. } => Some(text),
        _ => None,
    });
    texts.collect()
}

#[tokio::test]
async fn after_a_failed_fsync_nothing_is_acknowledged_and_a_restart_has_everything_that_was() {
    let mut gateway = Gateway::start().await;
    let ann = gateway.resident().await;
    let session = ann.open("before").await;
    for line in 0..10 {
        ann.says(&format!("line {line}")).await;
    }
    let before = receipts(&ann);
    let fault = Fault::under(&gateway, "fsync,fdatasync", "EIO").await;
    let first = is_kept_by_the_client(&ann, "the disk fails").await;
    becomes(&gateway, "/readyz", 503).await;
    let second = is_kept_by_the_client(&ann, "and fails on").await;
    let bob = gateway.resident().await;
    let opening = opening(Category::Other, "another one");
    let id = fresh();
    bob.wire
        .send(&callbox_proto::message::FromResident::Open { id, opening });
    let refused = bob.answer(id).await.expect_err("nothing can be stored");
    assert_eq!(refused.code, ErrorCode::StoreUnavailable);
    // What the system says of those pages is not to be trusted, not even when it is content again.
    fault.lifted().await;
    is_kept_by_the_client(&ann, "too late").await;
    assert_eq!(probe(&gateway, "/readyz").await, 503);
    assert_eq!(probe(&gateway, "/livez").await, 200, "the process lives");
    assert_eq!((receipts(&ann), receipts(&bob)), (before, 0));

    let device = ann.device.clone();
    gateway.restart().await;
    let ann = gateway.resident_again(&device).await;
    ann.resume(session, 0).await;
    for (id, words) in [(first, "the disk fails"), (second, "and fails on")] {
        ann.submit(id, text(words));
        ann.answer(id).await.expect("safe now");
    }
    ann.says("the end").await;
    let mut wanted = vec!["before".to_owned()];
    wanted.extend((0..10).map(|line| format!("line {line}")));
    wanted.extend(["the disk fails", "and fails on", "the end"].map(str::to_owned));
    assert_eq!(texts(&ann, "the end").await, wanted, "each once, in order");
}

#[tokio::test]
async fn a_full_disk_is_told_and_when_there_is_room_everything_goes_on() {
    let gateway = Gateway::start().await;
    let ann = gateway.resident().await;
    let session = ann.open("before").await;
    ann.says("still room").await;
    let before = receipts(&ann);
    let fault = Fault::under(&gateway, "pwrite64", "ENOSPC").await;
    let id = is_kept_by_the_client(&ann, "no room").await;
    assert_eq!(receipts(&ann), before);
    assert_eq!(probe(&gateway, "/livez").await, 200);
    fault.lifted().await;
    ann.submit(id, text("no room"));
    ann.answer(id).await.expect("there is room again");
    becomes(&gateway, "/readyz", 200).await;
    let device = ann.device.clone();
    let ann = gateway.resident_again(&device).await;
    ann.resume(session, 0).await;
    let read = texts(&ann, "no room").await;
    assert_eq!(read, ["before", "still room", "no room"]);
}

#[tokio::test]
async fn nobody_watches_what_could_not_be_put_on_record() {
    let gateway = Gateway::start().await;
    let ann = gateway.resident().await;
    let sue = gateway.staff("sue").await;
    let session = ann.open("before").await;
    let fault = Fault::under(&gateway, "pwrite64", "ENOSPC").await;
    // Sent together, as somebody would who wants to see without being seen.
    let id = fresh();
    sue.submit(id, session, StaffCommand::Watch {});
    sue.wire.send(&FromStaff::Follow { session, after: 0 });
    let refused = sue.answer(id).await.expect_err("it cannot be stored");
    assert_eq!(refused.code, ErrorCode::StoreUnavailable);
    assert_eq!(sue.complaint().await.code, ErrorCode::WrongOrder);
    fault.lifted().await;
    sue.submit(id, session, StaffCommand::Watch {});
    sue.answer(id).await.expect("there is room again");
    sue.follows(session, 0).await;
    sue.reads(session, "before").await;
}

#[tokio::test]
async fn a_photo_that_could_not_be_kept_is_told_and_comes_whole_when_it_is_sent_again() {
    let mut gateway = Gateway::start().await;
    let ann = gateway.resident().await;
    let session = ann.open("There is smoke").await;
    let bytes = crate::pictures::noisy_jpeg(400);
    let photo = announce(&ann, bytes.len(), None).await;
    let anns = Uploader::new(&gateway, &ann.token);
    let path = anns.created(session, photo, bytes.len()).await;
    let half = bytes.len() / 2;
    assert_eq!(anns.patch(&path, 0, &bytes[..half]).await.status(), 204);
    let fault = Fault::under(&gateway, "fsync,fdatasync", "EIO").await;
    let answer = problem(anns.patch(&path, half, &bytes[half..]).await).await;
    assert_eq!(answer, (507, "upload_lost".to_owned()));
    fault.lifted().await;

    let device = ann.device.clone();
    gateway.restart().await;
    let ann = gateway.resident_again(&device).await;
    ann.resume(session, 0).await;
    let anns = Uploader::new(&gateway, &ann.token);
    assert_eq!(anns.brings(session, photo, &bytes).await.status(), 204);
    assert_eq!(stored(&ann, photo).await.0, sha256(&bytes));
}
