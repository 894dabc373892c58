//! What the folder store does when the disk does not do its part.
#![allow(clippy::unwrap_used)]

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;

use super::*;
use crate::evidence::names::{Owner, PhotoId, SessionRef};
use crate::evidence::store::{Destruction as _, Phase, Released};

static SYNC_FAILS: AtomicBool = AtomicBool::new(false);

fn limits() -> FolderLimits {
    FolderLimits {
        min_free_bytes: 0,
        ..FolderLimits::default()
    }
}

fn open(folder: &Path) -> FolderStore {
    FolderStore::open(folder, limits(), Arc::new(SystemTime::now)).unwrap()
}

fn upload(length_bytes: u64) -> NewUpload {
    NewUpload {
        owner: Owner {
            agency: AgencyName::parse("demo.example").unwrap(),
            session: SessionRef::parse("s").unwrap(),
            photo: PhotoId::parse(&"a".repeat(32)).unwrap(),
        },
        length_bytes,
        metadata: String::new(),
    }
}

async fn received(store: &FolderStore, id: &UploadId) -> u64 {
    store.claim(id).await.unwrap().state().received_bytes
}

async fn bring(store: &FolderStore, pieces: &[&'static [u8]]) -> UploadId {
    let id = store.create(upload(12)).await.unwrap().id;
    let mut handle = store.claim(&id).await.unwrap();
    let mut offset = 0;
    for piece in pieces {
        offset = handle
            .append(offset, Bytes::from_static(piece))
            .await
            .unwrap();
        assert_eq!(handle.sync().await.unwrap(), offset);
    }
    id
}

#[tokio::test]
async fn a_failed_sync_is_final_and_the_photo_can_be_brought_again() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::with_sync(|file| {
        if SYNC_FAILS.load(Ordering::SeqCst) {
            Err(io::Error::other("EIO"))
        } else {
            file.sync_data()
        }
    });
    let store =
        FolderStore::open_on(disk, folder.path(), limits(), Arc::new(SystemTime::now)).unwrap();
    let id = bring(&store, &[b"1234"]).await;
    let mut handle = store.claim(&id).await.unwrap();
    handle.append(4, Bytes::from_static(b"5678")).await.unwrap();
    SYNC_FAILS.store(true, Ordering::SeqCst);
    assert!(matches!(handle.sync().await, Err(StoreError::Broken)));
    SYNC_FAILS.store(false, Ordering::SeqCst);
    // The disk says it is well again, and is not believed.
    assert!(matches!(handle.sync().await, Err(StoreError::Broken)));
    assert!(matches!(
        handle.append(4, Bytes::from_static(b"5678")).await,
        Err(StoreError::Broken)
    ));
    drop(handle);
    assert!(matches!(store.claim(&id).await, Err(StoreError::NotFound)));

    assert_eq!(store.create(upload(12)).await.unwrap().id, id);
    assert_eq!(received(&store, &id).await, 0);
}

#[tokio::test]
async fn a_flipped_bit_in_a_partial_upload_is_found_and_the_upload_goes_back_before_it() {
    for (position, expected) in [(0, 0), (3, 0), (4, 4), (7, 4)] {
        let folder = tempfile::tempdir().unwrap();
        let id = bring(&open(folder.path()), &[b"1234", b"5678"]).await;
        let path = folder.path().join("incoming").join(id.as_str());
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[position] ^= 0x10;
        std::fs::write(&path, bytes).unwrap();
        let store = open(folder.path());
        assert_eq!(
            received(&store, &id).await,
            expected,
            "bit at byte {position}"
        );
        assert_eq!(std::fs::metadata(&path).unwrap().len(), expected);
    }
}

#[tokio::test]
async fn torn_marks_cost_at_most_the_last_piece() {
    for keep in [0, 1, 66, 67, 68, 100, 133] {
        let folder = tempfile::tempdir().unwrap();
        let id = bring(&open(folder.path()), &[b"1234", b"5678"]).await;
        let path = folder.path().join("incoming").join(format!("{id}.marks"));
        let marks = std::fs::read(&path).unwrap();
        assert_eq!(marks.len(), 134);
        std::fs::write(&path, &marks[..keep]).unwrap();
        let expected = [(133, 8), (66, 4), (0, 0)]
            .into_iter()
            .find(|(at, _)| keep >= *at)
            .unwrap()
            .1;
        assert_eq!(
            received(&open(folder.path()), &id).await,
            expected,
            "{keep} bytes of marks"
        );
    }
}

#[tokio::test]
async fn a_restart_at_any_point_of_sealing_ends_sealed_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let id = bring(&store, &[b"123456789012"]).await;
    let hash = ContentHash::of(b"123456789012");
    let agency = AgencyName::parse("demo.example").unwrap();
    let note = |step| {
        let mut ticket = Ticket::read(&folder.path().join("incoming"), &id).unwrap();
        ticket.step = step;
        ticket
            .write(Disk::real(), &folder.path().join("incoming"), &id)
            .unwrap();
    };

    // The ticket says that the file is about to move; it is read-only and has not moved.
    note(Step::Sealing(hash));
    let bytes = folder.path().join("incoming").join(id.as_str());
    let mode = || std::fs::metadata(&bytes).unwrap().permissions().mode() & 0o777;
    std::fs::set_permissions(&bytes, std::fs::Permissions::from_mode(SEALED_MODE)).unwrap();
    let store = open(folder.path());
    assert_eq!(store.unfinished().await, std::slice::from_ref(&id));
    let mut handle = store.claim(&id).await.unwrap();
    assert_eq!(handle.state().phase, Phase::Receiving);
    assert_eq!(mode(), 0o600);
    assert_eq!(handle.seal().await.unwrap(), hash);
    drop(handle);

    // The file has moved, and the ticket does not say so.
    note(Step::Sealing(hash));
    let store = open(folder.path());
    let mut handle = store.claim(&id).await.unwrap();
    assert_eq!(handle.state().phase, Phase::Sealed(hash));
    assert_eq!(handle.seal().await.unwrap(), hash);
    handle.told().await.unwrap();
    drop(handle);
    store.verify(&agency, &hash).await.unwrap();
    assert_eq!(store.unfinished().await, []);
}

#[tokio::test]
async fn many_small_pieces_keep_the_list_of_marks_short() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::with_sync(|_| Ok(()));
    let store =
        FolderStore::open_on(disk, folder.path(), limits(), Arc::new(SystemTime::now)).unwrap();
    let id = store.create(upload(3_000)).await.unwrap().id;
    let mut handle = store.claim(&id).await.unwrap();
    for offset in 0..3_000 {
        handle
            .append(offset, Bytes::from_static(b"x"))
            .await
            .unwrap();
        handle.sync().await.unwrap();
    }
    drop(handle);
    let marks =
        std::fs::metadata(folder.path().join("incoming").join(format!("{id}.marks"))).unwrap();
    assert!(marks.len() < 100 * 1024);
    assert_eq!(received(&open(folder.path()), &id).await, 3_000);
}

#[tokio::test]
async fn the_copy_of_a_preview_is_kept_before_anything_is_sealed() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let agency = AgencyName::parse("demo.example").unwrap();
    let name = ContentHash::of(b"a preview's name");
    let copy = NewCopy {
        bytes: Bytes::from_static(b"a small picture"),
        width_px: 4,
        height_px: 3,
        media_type: "image/jpeg",
    };
    store.keep_copy(&agency, &name, copy).await.unwrap();
    let link = store.copy(&agency, &name).await.unwrap().link;
    assert_eq!((link.width_px, link.height_px), (4, 3));
}

const BYTES: &[u8] = b"123456789012";

fn agency() -> AgencyName {
    AgencyName::parse("demo.example").unwrap()
}

/// A photo of this number with [`BYTES`], sealed.
async fn sealed(store: &FolderStore, number: u32) -> UploadId {
    let mut new = upload(BYTES.len() as u64);
    new.owner.photo = PhotoId::parse(&format!("{number:032x}")).unwrap();
    let id = store.create(new).await.unwrap().id;
    let mut handle = store.claim(&id).await.unwrap();
    handle.append(0, Bytes::from_static(BYTES)).await.unwrap();
    assert_eq!(handle.seal().await.unwrap(), ContentHash::of(BYTES));
    handle.told().await.unwrap();
    id
}

/// Every file of the agency's shelves.
fn on_shelves(folder: &Path) -> Vec<String> {
    let shelves = std::fs::read_dir(folder.join("sealed/demo.example")).unwrap();
    let shelves = shelves.filter_map(|shelf| std::fs::read_dir(shelf.unwrap().path()).ok());
    let names = shelves.flatten().map(|file| file.unwrap().file_name());
    names.map(|name| name.into_string().unwrap()).collect()
}

fn a_copy() -> NewCopy {
    NewCopy {
        bytes: Bytes::from_static(b"a small picture"),
        width_px: 4,
        height_px: 3,
        media_type: "image/jpeg",
    }
}

#[tokio::test]
async fn an_original_goes_with_the_last_photo_that_has_its_content() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let hash = ContentHash::of(BYTES);
    let (first, second) = (sealed(&store, 1).await, sealed(&store, 2).await);
    store.keep_copy(&agency(), &hash, a_copy()).await.unwrap();
    for _ in 0..2 {
        let released = store.release(&agency(), &hash, &first).await.unwrap();
        assert_eq!(released, Released::Shared, "also when it is done again");
    }
    store.verify(&agency(), &hash).await.unwrap();
    store.copy(&agency(), &hash).await.unwrap();
    for _ in 0..2 {
        let released = store.release(&agency(), &hash, &second).await.unwrap();
        assert_eq!(released, Released::Destroyed);
    }
    assert_eq!(on_shelves(folder.path()), Vec::<String>::new());
    let third = sealed(&store, 3).await;
    store.verify(&agency(), &hash).await.unwrap();
    store.release(&agency(), &hash, &third).await.unwrap();
}

#[tokio::test]
async fn what_a_stop_in_the_middle_left_aside_goes_or_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let hash = ContentHash::of(BYTES);
    let (first, second) = (sealed(&store, 1).await, sealed(&store, 2).await);
    let shelf = folder.path().join("sealed/demo.example");
    let shelf = shelf.join(&hash.to_string()[..2]);
    let aside = shelf.join(format!("{hash}.aside.{:032x}", 7));
    std::fs::rename(shelf.join(hash.to_string()), &aside).unwrap();
    store.release(&agency(), &hash, &first).await.unwrap();
    store.verify(&agency(), &hash).await.unwrap();
    assert!(!aside.exists(), "it came back");
    std::fs::rename(shelf.join(hash.to_string()), &aside).unwrap();
    let half = shelf.join(format!("{hash}.copy.{:032x}.tmp", 7));
    std::fs::write(half, b"half a copy").unwrap();
    store.release(&agency(), &hash, &second).await.unwrap();
    assert_eq!(on_shelves(folder.path()), Vec::<String>::new());
}

/// Two stores on one folder, as two nodes have it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_content_that_is_sealed_and_released_all_the_time_is_there_whenever_somebody_has_it()
 {
    const ROUNDS: u32 = 60;
    let folder = tempfile::tempdir().unwrap();
    let hash = ContentHash::of(BYTES);
    let alone = open(folder.path());
    let beside = open(folder.path());
    let rounds = |store: FolderStore, first: u32| async move {
        for number in (first..).step_by(4).take(ROUNDS as usize) {
            let id = sealed(&store, number).await;
            // While another process looks, it may be aside for a moment; it comes back.
            let deadline = std::time::Instant::now() + Duration::from_secs(20);
            while store.verify(&agency(), &hash).await.is_err() {
                assert!(std::time::Instant::now() < deadline, "it is gone");
                tokio::task::yield_now().await;
            }
            store.release(&agency(), &hash, &id).await.unwrap();
        }
    };
    let tasks: Vec<_> = [&alone, &alone, &beside, &beside]
        .into_iter()
        .zip(1..)
        .map(|(store, first)| tokio::spawn(rounds(store.clone(), first)))
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(on_shelves(folder.path()), Vec::<String>::new());
}

#[tokio::test]
async fn an_upload_is_forgotten_with_all_it_left_wherever_it_stands_and_by_whoever_knows_it() {
    for stands in ["receiving", "sealed", "of another process"] {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path());
        let id = match stands {
            "receiving" => bring(&store, &[b"1234"]).await,
            _ => sealed(&store, 1).await,
        };
        let forgets = match stands {
            // It read the tickets before this one was there.
            "of another process" => {
                let other = open(folder.path());
                other.inner.ledger().slots.clear();
                other
            }
            _ => store.clone(),
        };
        for _ in 0..2 {
            forgets.forget(&id).await.unwrap();
        }
        let incoming = std::fs::read_dir(folder.path().join("incoming")).unwrap();
        assert_eq!(incoming.count(), 0, "{stands}");
        if stands != "receiving" {
            assert_eq!(on_shelves(folder.path()), Vec::<String>::new(), "{stands}");
        }
    }
}

#[tokio::test]
async fn the_copy_of_a_preview_is_destroyed_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let name = ContentHash::of(b"a preview's name");
    store.destroy_copy(&agency(), &name).await.unwrap();
    store.keep_copy(&agency(), &name, a_copy()).await.unwrap();
    let shelf = folder.path().join("sealed/demo.example");
    let half = format!("{}/{name}.copy.{:032x}.tmp", &name.to_string()[..2], 7);
    std::fs::write(shelf.join(half), b"half a copy").unwrap();
    store.destroy_copy(&agency(), &name).await.unwrap();
    assert_eq!(on_shelves(folder.path()), Vec::<String>::new());
}
