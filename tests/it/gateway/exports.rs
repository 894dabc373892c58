//! Exports: two persons, an entry before the first byte, and a pack whose manifest tells the truth about every file in it.

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _};

use callbox_proto::codec::Encoding;
use callbox_proto::command::StaffCommand;
use callbox_proto::error::ErrorCode;
use callbox_proto::event::{Actor, Event};
use callbox_proto::ids::{CommandId, SessionId};
use callbox_proto::vocabulary::{Custodial, Disposition, Role};
use reqwest::Response;
use serde_json::Value;

use super::harness::{Console, Gateway, SignedIn, Topology, entry_in, everywhere, fresh, soon};
use super::photo_client::{Uploader, announce, problem};
use super::photos::{sha256, stored};
use crate::pictures;

const SETTINGS: &str = "
[[agencies]]
id = \"west.example\"
name = \"West Communications\"
banner = \"This reaches the west.\"
[agencies.demo]
enabled = true
users = [{ name = \"sue\", role = \"supervisor\", passphrase = \"west-sue-911\" }]
";

everywhere!(
    an_export_that_two_persons_agreed_on_has_the_log_and_the_originals_and_stands_in_the_log_first,
    nobody_agrees_to_their_own_request_and_nobody_else_fetches_it,
    an_export_outlives_a_restart_and_ends_when_somebody_ends_it,
    an_export_names_what_was_deleted_though_another_session_has_the_same_picture,
);

/// Ann's closed session with one photo, and the photo's bytes.
async fn closed(gateway: &Gateway) -> (SessionId, CommandId, Vec<u8>) {
    let (ann, tina) = (gateway.resident().await, gateway.console("tina").await);
    let session = ann.open("There is smoke").await;
    tina.takes(session).await;
    let bytes = pictures::noisy_jpeg(64);
    let photo = announce(&ann, bytes.len(), None).await;
    let uploader = Uploader::new(gateway, &ann.token);
    assert_eq!(uploader.brings(session, photo, &bytes).await.status(), 204);
    stored(&ann, photo).await;
    tina.says(session, "Help is on the way").await;
    let close = StaffCommand::Close {
        disposition: Disposition::HelpSent,
        note: "two engines".to_owned(),
    };
    tina.does(session, close).await;
    (session, photo, bytes)
}

pub(super) async fn asks(who: &Console, session: SessionId) -> CommandId {
    asks_for(who, session, Custodial::Export).await
}

async fn asks_for(who: &Console, session: SessionId, what: Custodial) -> CommandId {
    let id = fresh();
    let reason = "a court".to_owned();
    who.submit(id, session, StaffCommand::RequestCustody { what, reason });
    who.answer(id).await.expect("asked for");
    id
}

pub(super) async fn agrees(who: &Console, session: SessionId, request: CommandId) {
    who.does(session, StaffCommand::AgreeCustody { request })
        .await;
}

pub(super) async fn fetches(
    gateway: &Gateway,
    who: &SignedIn,
    session: SessionId,
    request: CommandId,
) -> Response {
    let address = gateway.desk();
    let url = format!("http://{address}/api/v1/sessions/{session}/exports/{request}");
    let asking = reqwest::Client::new()
        .post(url)
        .bearer_auth(&who.token)
        .send();
    soon(asking).await.expect("answered")
}

async fn code(answer: Response) -> (u16, String) {
    problem(answer).await
}

/// The files of a pack by their names.
pub(super) async fn unpacked(answer: Response) -> BTreeMap<String, Vec<u8>> {
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "application/zip");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let bytes = soon(answer.bytes()).await.expect("whole");
    let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).expect("a zip");
    let mut files = BTreeMap::new();
    for at in 0..zip.len() {
        let mut file = zip.by_index(at).unwrap();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        files.insert(file.name().unwrap().into_owned(), bytes);
    }
    files
}

/// What the log in a pack says, entry by entry.
pub(super) fn lines(log: &[u8]) -> Vec<Value> {
    let lines = std::str::from_utf8(log).unwrap().lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

async fn an_export_that_two_persons_agreed_on_has_the_log_and_the_originals_and_stands_in_the_log_first(
    on: Topology,
) {
    let gateway = on.start().await;
    let (session, photo, bytes) = closed(&gateway).await;
    let (sue, sam) = (gateway.staff("sue").await, gateway.staff("sam").await);
    let request = asks(&sue, session).await;
    let early = fetches(&gateway, &sue.who, session, request).await;
    assert_eq!(code(early).await, (404, "no_such_request".to_owned()));
    agrees(&sam, session, request).await;

    let files = unpacked(fetches(&gateway, &sue.who, session, request).await).await;
    let name = format!("photos/{photo}.jpg");
    let names: Vec<_> = files.keys().map(String::as_str).collect();
    assert_eq!(names, ["log.jsonl", "manifest.json", name.as_str()]);
    assert_eq!(files[&name], bytes, "the original as it came");
    let manifest: Value = serde_json::from_slice(&files["manifest.json"]).unwrap();
    assert_eq!(manifest["form"], "callbox-export-1");
    assert_eq!(manifest["session"], session.to_string());
    assert_eq!(manifest["fetched_by"], "sue");
    assert_eq!(manifest["missing"], serde_json::json!([]));
    let noted = manifest["files"].as_array().unwrap();
    assert_eq!(noted.len(), files.len() - 1, "all but the manifest itself");
    for file in noted {
        let content = &files[file["name"].as_str().unwrap()];
        assert_eq!(file["sha256"], sha256(content), "{file}");
        assert_eq!(file["size_bytes"], content.len() as u64);
        if file["name"] == name.as_str() {
            assert_eq!(file["sha256_in_log"], file["sha256"]);
        }
    }
    let log = lines(&files["log.jsonl"]);
    let seqs: Vec<_> = log
        .iter()
        .map(|line| line["seq"].as_u64().unwrap())
        .collect();
    assert_eq!(seqs, (1..=log.len() as u64).collect::<Vec<_>>(), "no hole");
    assert_eq!(log[0]["event"]["kind"], "opened");
    let last = log.last().unwrap();
    assert_eq!(last["event"]["kind"], "exported", "it is in the log itself");
    assert_eq!(last["by"]["staff"], "sue");
    assert_eq!(manifest["up_to"], last["seq"]);
    let said = |words: &str| log.iter().any(|line| line["event"]["text"] == words);
    assert!(said("There is smoke") && said("Help is on the way"));

    // The other one of the two may as well, and each time is an entry of its own.
    let again = unpacked(fetches(&gateway, &sam.who, session, request).await).await;
    assert_eq!(again[&name], bytes);
    sam.does(session, StaffCommand::Watch {}).await;
    sam.follows(session, 0).await;
    let by = |name: &str| Actor::staff(Role::Supervisor, name.parse().unwrap());
    let second = sam
        .wire
        .wait(|m| {
            let (_, entry) = entry_in(m)?;
            (entry.event == Event::Exported { request } && entry.by == by("sam")).then_some(entry)
        })
        .await;
    assert_eq!(second.seq, last["seq"].as_u64().unwrap() + 1);
}

async fn nobody_agrees_to_their_own_request_and_nobody_else_fetches_it(on: Topology) {
    let gateway = on.with(SETTINGS).await;
    let (session, ..) = closed(&gateway).await;
    let (sue, sam) = (gateway.staff("sue").await, gateway.staff("sam").await);
    let request = asks(&sue, session).await;
    let own = StaffCommand::AgreeCustody { request };
    let refused = sue.is_refused(session, own.clone()).await;
    assert_eq!(refused.code, ErrorCode::OwnRequest);
    for name in ["tina", "olga", "ada"] {
        let who = gateway.staff(name).await;
        let refused = who.is_refused(session, own.clone()).await;
        assert_eq!(refused.code, ErrorCode::NotAllowed, "{name}");
    }
    let susan = SignedIn::try_sign_in(gateway.desk(), "west.example", "sue", "west-sue-911").await;
    let susan = susan.expect("signed in");
    let western = Console::connect(gateway.desk(), &susan, Encoding::Json).await;
    let refused = western.is_refused(session, own.clone()).await;
    assert_eq!(refused.code, ErrorCode::NoSuchSession);

    agrees(&sam, session, request).await;
    // The sue of another agency is another person.
    let away = fetches(&gateway, &susan, session, request).await;
    assert_eq!(code(away).await, (404, "no_such_session".to_owned()));
    for name in ["tina", "olga", "ada"] {
        let who = gateway.sign_in(name).await;
        let answer = fetches(&gateway, &who, session, request).await;
        assert_eq!(
            code(answer).await,
            (403, "not_allowed".to_owned()),
            "{name}"
        );
    }
    let other = fetches(&gateway, &sue.who, session, fresh()).await;
    assert_eq!(code(other).await, (404, "no_such_request".to_owned()));
}

async fn an_export_outlives_a_restart_and_ends_when_somebody_ends_it(on: Topology) {
    let mut gateway = on.start().await;
    let (session, ..) = closed(&gateway).await;
    let (sue, sam) = (gateway.staff("sue").await, gateway.staff("sam").await);
    let request = asks(&sue, session).await;
    agrees(&sam, session, request).await;
    gateway.restart().await;
    let sam = gateway.staff("sam").await;
    unpacked(fetches(&gateway, &sam.who, session, request).await).await;
    let reason = "enough".to_owned();
    let ends = StaffCommand::DeclineCustody { request, reason };
    sam.does(session, ends).await;
    for name in ["sue", "sam"] {
        let who = gateway.sign_in(name).await;
        let answer = fetches(&gateway, &who, session, request).await;
        assert_eq!(code(answer).await, (404, "no_such_request".to_owned()));
    }
}

async fn an_export_names_what_was_deleted_though_another_session_has_the_same_picture(
    on: Topology,
) {
    let gateway = on.start().await;
    let (session, photo, bytes) = closed(&gateway).await;
    let (other, others_photo, same) = closed(&gateway).await;
    assert_eq!(bytes, same);
    let (sue, sam) = (gateway.staff("sue").await, gateway.staff("sam").await);
    let deletion = asks_for(&sue, session, Custodial::DeletePhotos).await;
    agrees(&sam, session, deletion).await;
    for (of, missing) in [(session, true), (other, false)] {
        let request = asks(&sue, of).await;
        agrees(&sam, of, request).await;
        let files = unpacked(fetches(&gateway, &sue.who, of, request).await).await;
        let manifest: Value = serde_json::from_slice(&files["manifest.json"]).unwrap();
        let named = manifest["missing"].as_array().unwrap();
        assert_eq!(named.len(), usize::from(missing));
        if missing {
            assert_eq!(named[0]["photo"], photo.to_string());
            assert_eq!(named[0]["why"], "it was deleted, as the log says");
            assert_eq!(named[0]["sha256_in_log"], sha256(&bytes));
            assert_eq!(files.len(), 2, "the log and the manifest");
        } else {
            assert_eq!(files[&format!("photos/{others_photo}.jpg")], bytes);
        }
    }
}
