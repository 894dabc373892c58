//! Deletions of photos: two persons or the agency's time, the log first, and nothing of it left on the disk but what another session has.

use std::path::{Path, PathBuf};

use callbox::backbone::{Append, Appended, Backbone, IndexRow, Standing as Place};
use callbox_domain::policy::Material;
use callbox_domain::session::Session;
use callbox_proto::command::StaffCommand;
use callbox_proto::error::ErrorCode;
use callbox_proto::event::{Actor, Event, Stored};
use callbox_proto::ids::{CommandId, SessionId};
use callbox_proto::vocabulary::{Custodial, DeletionCause, Disposition, Role, Standing};
use reqwest::Method;

use super::harness::{Console, Entry, Gateway, Resident, Topology, everywhere, fresh, soon};
use super::photo_client::{Uploader, announce, problem};
use super::photos::{sha256, stored};
use crate::pictures;

everywhere!(
    photos_that_two_persons_delete_are_gone_from_every_form_and_the_log_says_by_whom,
    one_person_a_hold_and_an_open_session_delete_nothing,
    the_same_picture_in_another_session_stays,
    an_upload_that_is_under_way_is_destroyed_too,
    files_that_a_kill_left_after_the_entry_vanish_with_the_next_start,
    retention_deletes_old_photos_and_keeps_what_is_held_and_what_a_younger_session_has,
);

pub(super) const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

/// Ann's session that Tina owns, with one photo with a preview.
struct Scene {
    ann: Resident,
    tina: Console,
    session: SessionId,
    photo: CommandId,
    bytes: Vec<u8>,
}

async fn with_photo(gateway: &Gateway, side: u32) -> Scene {
    let (ann, tina) = (gateway.resident().await, gateway.console("tina").await);
    let session = ann.open("There is smoke").await;
    tina.takes(session).await;
    tina.follows(session, 0).await;
    let bytes = pictures::noisy_jpeg(side);
    let photo = announce(&ann, bytes.len(), Some(pictures::jpeg(64, 48))).await;
    tina.entry(session, |e| *e == Event::PhotoPreviewed { photo })
        .await;
    let uploader = Uploader::new(gateway, &ann.token);
    assert_eq!(uploader.brings(session, photo, &bytes).await.status(), 204);
    stored(&ann, photo).await;
    Scene {
        ann,
        tina,
        session,
        photo,
        bytes,
    }
}

async fn closes(tina: &Console, session: SessionId) {
    let close = StaffCommand::Close {
        disposition: Disposition::HelpSent,
        note: String::new(),
    };
    tina.does(session, close).await;
}

async fn closed(gateway: &Gateway, side: u32) -> Scene {
    let scene = with_photo(gateway, side).await;
    closes(&scene.tina, scene.session).await;
    scene
}

fn asks() -> StaffCommand {
    StaffCommand::RequestCustody {
        what: Custodial::DeletePhotos,
        reason: "the resident asked for it".to_owned(),
    }
}

async fn asked(who: &Console, session: SessionId) -> CommandId {
    let id = fresh();
    who.submit(id, session, asks());
    who.answer(id).await.expect("asked for");
    id
}

/// Sue asks, Sam agrees; he follows the session from its beginning.
async fn deleted_by_two(gateway: &Gateway, session: SessionId) -> (CommandId, Console) {
    let (sue, sam) = (gateway.staff("sue").await, gateway.staff("sam").await);
    let request = asked(&sue, session).await;
    sam.does(session, StaffCommand::AgreeCustody { request })
        .await;
    watches(&sam, session).await;
    (request, sam)
}

pub(super) async fn watches(who: &Console, session: SessionId) {
    who.does(session, StaffCommand::Watch {}).await;
    who.follows(session, 0).await;
}

/// The entry that says that nothing is left.
async fn destroyed(who: &Console, session: SessionId) -> (Entry, u32) {
    let of_it = |event: &Event| matches!(event, Event::PhotosDestroyed { .. });
    let entry = who.entry(session, of_it).await;
    match entry.event {
        Event::PhotosDestroyed { shared } => (entry, shared),
        _ => unreachable!("as waited for"),
    }
}

fn shelf(gateway: &Gateway, hash: &str) -> PathBuf {
    let folder = gateway.evidence().join("sealed/demo.example");
    folder.join(&hash[..2])
}

/// What lies under the name of a content.
fn files_of(gateway: &Gateway, hash: &str) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(shelf(gateway, hash)) else {
        return Vec::new();
    };
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with(hash)).collect()
}

/// The name under which a preview lies.
fn preview_hash(photo: CommandId) -> String {
    sha256(format!("callbox-preview-v1 {photo}").as_bytes())
}

/// Files of uploads.
fn incoming(gateway: &Gateway) -> usize {
    let folder = gateway.evidence().join("incoming");
    std::fs::read_dir(folder).unwrap().count()
}

async fn photos_that_two_persons_delete_are_gone_from_every_form_and_the_log_says_by_whom(
    on: Topology,
) {
    let gateway = on.start().await;
    let scene = closed(&gateway, 64).await;
    let (session, photo) = (scene.session, scene.photo);
    let hash = sha256(&scene.bytes);
    assert_eq!(files_of(&gateway, &hash).len(), 4, "with copy and mark");
    assert_eq!(files_of(&gateway, &preview_hash(photo)).len(), 2);
    assert_eq!(incoming(&gateway), 1, "the ticket");
    let (request, sam) = deleted_by_two(&gateway, session).await;
    let reader = Uploader::new(&gateway, &sam.who.token);
    for form in ["preview", "copy", "original"] {
        let refused = reader.is_refused(session, photo, form).await;
        assert_eq!(refused, (410, "photo_deleted".to_owned()), "{form}");
    }
    let deleted = sam
        .entry(session, |e| matches!(e, Event::PhotosDeleted { .. }))
        .await;
    assert_eq!(
        deleted.event,
        Event::PhotosDeleted {
            cause: DeletionCause::Agreed,
            request: Some(request),
            days: None,
            photos: 1,
        }
    );
    let by_sam = Actor::staff(Role::Supervisor, "sam".parse().unwrap());
    assert_eq!(deleted.by, by_sam);
    let (gone, shared) = destroyed(&sam, session).await;
    assert!(gone.seq > deleted.seq);
    assert_eq!((gone.by, shared), (Actor::Gateway, 0));
    assert_eq!(files_of(&gateway, &hash), Vec::<String>::new());
    assert_eq!(
        files_of(&gateway, &preview_hash(photo)),
        Vec::<String>::new()
    );
    assert_eq!(incoming(&gateway), 0);
    // What the log says of it stays.
    let of_it = |e: &Event| matches!(e, Event::PhotoStored { sha256, .. } if *sha256 == hash);
    sam.entry(session, of_it).await;
    // Nobody brings it again, and nobody looks at it.
    let anns = Uploader::new(&gateway, &scene.ann.token);
    let again = anns.create(session, photo, scene.bytes.len()).await;
    assert_eq!(problem(again).await, (403, "session_closed".to_owned()));
    let refused = scene
        .tina
        .is_refused(session, StaffCommand::Reveal { photo })
        .await;
    assert_eq!(refused.code, ErrorCode::PhotoDeleted);
    let refused = sam.is_refused(session, asks()).await;
    assert_eq!(refused.code, ErrorCode::PhotoDeleted);
    scene.ann.quiet().await;
    let of_deletion = |event: &Event| matches!(event, Event::PhotosDeleted { .. });
    assert!(!scene.ann.entries().iter().any(|e| of_deletion(&e.event)));
}

async fn one_person_a_hold_and_an_open_session_delete_nothing(on: Topology) {
    let gateway = on.start().await;
    let scene = with_photo(&gateway, 64).await;
    let session = scene.session;
    let (sue, sam) = (gateway.staff("sue").await, gateway.staff("sam").await);
    let refused = sue.is_refused(session, asks()).await;
    assert_eq!(refused.code, ErrorCode::SessionOpen);
    closes(&scene.tina, session).await;
    let request = asked(&sue, session).await;
    let agrees = StaffCommand::AgreeCustody { request };
    let refused = sue.is_refused(session, agrees.clone()).await;
    assert_eq!(refused.code, ErrorCode::OwnRequest);
    // The same person at another console is the same person.
    let sue_again = gateway.staff("sue").await;
    let refused = sue_again.is_refused(session, agrees.clone()).await;
    assert_eq!(refused.code, ErrorCode::OwnRequest);
    for name in ["tina", "olga", "ada"] {
        let who = gateway.staff(name).await;
        let refused = who.is_refused(session, agrees.clone()).await;
        assert_eq!(refused.code, ErrorCode::NotAllowed, "{name}");
    }
    let reason = "a court".to_owned();
    sue.does(session, StaffCommand::PlaceHold { reason }).await;
    let refused = sam.is_refused(session, agrees).await;
    assert_eq!(
        refused.code,
        ErrorCode::OnHold,
        "though it was asked before"
    );
    let reader = Uploader::new(&gateway, &sam.who.token);
    let original = reader.sees(session, scene.photo, "original").await;
    assert_eq!(original, scene.bytes);
}

async fn the_same_picture_in_another_session_stays(on: Topology) {
    let gateway = on.start().await;
    let (hers, his) = (closed(&gateway, 64).await, closed(&gateway, 64).await);
    assert_eq!(hers.bytes, his.bytes);
    let hash = sha256(&hers.bytes);
    let (_, sam) = deleted_by_two(&gateway, hers.session).await;
    assert_eq!(destroyed(&sam, hers.session).await.1, 1, "shared");
    let reader = Uploader::new(&gateway, &sam.who.token);
    let refused = reader.is_refused(hers.session, hers.photo, "copy").await;
    assert_eq!(refused, (410, "photo_deleted".to_owned()));
    for form in ["preview", "copy"] {
        reader.sees(his.session, his.photo, form).await;
    }
    let original = reader.sees(his.session, his.photo, "original").await;
    assert_eq!(original, his.bytes);

    let (_, sam) = deleted_by_two(&gateway, his.session).await;
    assert_eq!(destroyed(&sam, his.session).await.1, 0, "the last one");
    assert_eq!(files_of(&gateway, &hash), Vec::<String>::new());
}

async fn an_upload_that_is_under_way_is_destroyed_too(on: Topology) {
    let gateway = on.start().await;
    let scene = with_photo(&gateway, 64).await;
    let session = scene.session;
    let late = pictures::noisy_jpeg(200);
    let second = announce(&scene.ann, late.len(), None).await;
    let anns = Uploader::new(&gateway, &scene.ann.token);
    let path = anns.created(session, second, late.len()).await;
    // The connection stays open in the middle of the body.
    let half = late.len() / 2;
    let cut = anns.begins(&path, 0, late.len(), &late[..half]).await;
    closes(&scene.tina, session).await;
    let (_, sam) = deleted_by_two(&gateway, session).await;
    destroyed(&sam, session).await;
    drop(cut);
    assert_eq!(incoming(&gateway), 0);
    let head = soon(anns.request(Method::HEAD, &path).send())
        .await
        .unwrap();
    assert!([403, 404].contains(&head.status().as_u16()), "{head:?}");
    assert_eq!(incoming(&gateway), 0);
}

async fn files_that_a_kill_left_after_the_entry_vanish_with_the_next_start(on: Topology) {
    let mut gateway = on.start().await;
    let scene = closed(&gateway, 64).await;
    let (session, photo) = (scene.session, scene.photo);
    let hash = sha256(&scene.bytes);
    // A folder where the preview's copy lies: the disk refuses to remove it like a file, so that nothing after it is reached.
    let name = preview_hash(photo);
    let preview = shelf(&gateway, &name).join(format!("{name}.copy"));
    std::fs::remove_file(&preview).unwrap();
    std::fs::create_dir(&preview).unwrap();
    let (_, sam) = deleted_by_two(&gateway, session).await;
    sam.entry(session, |e| matches!(e, Event::PhotosDeleted { .. }))
        .await;
    let reader = Uploader::new(&gateway, &sam.who.token);
    let gone = (410, "photo_deleted".to_owned());
    assert_eq!(reader.is_refused(session, photo, "original").await, gone);
    gateway.power_cut().await;
    assert_eq!(files_of(&gateway, &hash).len(), 4, "nothing went before");
    std::fs::remove_dir(&preview).unwrap();
    gateway.start_again().await;
    let sam = gateway.staff("sam").await;
    watches(&sam, session).await;
    assert_eq!(destroyed(&sam, session).await.1, 0);
    assert_eq!(files_of(&gateway, &hash), Vec::<String>::new());
    assert_eq!(files_of(&gateway, &name), Vec::<String>::new());
    let reader = Uploader::new(&gateway, &sam.who.token);
    assert_eq!(reader.is_refused(session, photo, "original").await, gone);
}

/// Puts a session into the store as a copy of another one that ended so much earlier, with another original; its entries as `more`
/// continues them.
pub(super) async fn puts_older(
    store: &dyn Backbone,
    like: SessionId,
    by_ms: u64,
    sha256: Option<&str>,
    more: Option<Event>,
) -> SessionId {
    let session = SessionId::from_u128(fresh().as_u128()).unwrap();
    let records = store.read(like, 0, 1_000).await.unwrap();
    let mut entries: Vec<(CommandId, Stored)> = records
        .iter()
        .map(|r| (r.command, rmp_serde::from_slice(&r.payload).unwrap()))
        .collect();
    let last = entries.last().unwrap().1.clone();
    entries.extend(more.map(|event| {
        let by = Actor::staff(Role::Supervisor, "sue".parse().unwrap());
        (fresh(), Stored { by, event, ..last })
    }));
    let mut state: Option<Session> = None;
    let mut head = 0;
    for of_one in entries.chunk_by(|(one, _), (next, _)| one == next) {
        let mut records = Vec::new();
        for (place, (_, entry)) in (1..).zip(of_one) {
            let mut entry = entry.clone();
            entry.at_ms -= by_ms;
            if let (Event::PhotoStored { sha256: hash, .. }, Some(other)) =
                (&mut entry.event, sha256)
            {
                other.clone_into(hash);
            }
            match &mut state {
                None => state = Session::begin(&entry),
                Some(state) => state.apply(head + place, &entry),
            }
            records.push(rmp_serde::to_vec_named(&entry).unwrap().into());
        }
        let state = state.as_ref().unwrap();
        let append = Append {
            agency: state.agency.clone(),
            session,
            expected: head,
            command: of_one[0].0,
            records,
            index: Some(row(state)),
            claim_epoch: None,
        };
        match store.append(vec![append]).await.remove(0) {
            Ok(Appended::Stored { last, .. }) => head = last,
            other => panic!("not stored: {other:?}"),
        }
    }
    session
}

/// The index row of a state, as nodes write it: first where something is to be destroyed, else by its age.
fn row(state: &Session) -> IndexRow {
    let has_work = Material::ALL.map(|material| state.custody.has_to_destroy(material));
    let first = if has_work.contains(&true) { 1 << 50 } else { 0 };
    let standing = match state.standing {
        Standing::Closed => Place::Closed {
            rank: -(state.entered_ms as i64) - first,
        },
        _ => Place::Owned,
    };
    IndexRow {
        queue: state.queue.clone(),
        standing,
        summary: rmp_serde::to_vec_named(state).unwrap().into(),
    }
}

async fn retention_deletes_old_photos_and_keeps_what_is_held_and_what_a_younger_session_has(
    on: Topology,
) {
    let mut gateway = on.start().await;
    let young = closed(&gateway, 64).await;
    let hash = sha256(&young.bytes);
    let alone = sha256(b"an old original");
    gateway.power_cut().await;
    let store = gateway.opens_store().await;
    let hold = Event::HoldPlaced {
        hold: fresh(),
        reason: "a court".to_owned(),
    };
    let like = young.session;
    let same = puts_older(&*store, like, 40 * DAY_MS, None, None).await;
    let held = puts_older(&*store, like, 50 * DAY_MS, None, Some(hold)).await;
    let old = puts_older(&*store, like, 31 * DAY_MS, Some(&alone), None).await;
    let recent = puts_older(&*store, like, 29 * DAY_MS, None, None).await;
    drop(store);
    // As an older version left it: no mark says whose it is.
    let lies = shelf(&gateway, &alone);
    std::fs::create_dir_all(&lies).unwrap();
    std::fs::write(lies.join(&alone), b"an old original").unwrap();
    unmark(&shelf(&gateway, &hash));

    gateway.also_configure("agency.retention.photos_days = 30\n");
    gateway.start_again().await;
    let sam = gateway.staff("sam").await;
    for (session, shared) in [(same, 1), (old, 0)] {
        watches(&sam, session).await;
        let deleted = sam
            .entry(session, |e| matches!(e, Event::PhotosDeleted { .. }))
            .await;
        let by_time = Event::PhotosDeleted {
            cause: DeletionCause::Retention,
            request: None,
            days: Some(30),
            photos: 1,
        };
        assert_eq!((deleted.event, deleted.by), (by_time, Actor::Gateway));
        assert_eq!(destroyed(&sam, session).await.1, shared);
    }
    assert_eq!(files_of(&gateway, &alone), Vec::<String>::new());
    let reader = Uploader::new(&gateway, &sam.who.token);
    for kept in [young.session, held, recent] {
        let original = reader.sees(kept, young.photo, "original").await;
        assert_eq!(original, young.bytes);
    }
    let refused = reader.is_refused(same, young.photo, "original").await;
    assert_eq!(refused, (410, "photo_deleted".to_owned()));
    let told = "what was over its time was deleted";
    gateway.power_cut().await;
    assert!(gateway.whole_log().await.contains(told));
}

/// Takes the marks of originals away.
fn unmark(shelf: &Path) {
    for entry in std::fs::read_dir(shelf).unwrap() {
        let path = entry.unwrap().path();
        if path.to_str().unwrap().contains(".of.") {
            std::fs::remove_file(path).unwrap();
        }
    }
}
