//! What the folder store does when the disk does not do its part.
#![allow(clippy::unwrap_used)]

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;

use super::*;
use crate::evidence::names::{Owner, PhotoId, SessionRef};
use crate::evidence::store::Phase;

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
