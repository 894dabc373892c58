//! Bounds of uploads: time, number, room.

use std::process::Command;
use std::sync::atomic::Ordering;

use callbox::evidence::folder::FolderLimits;
use callbox::evidence::names::ContentHash;
use callbox::evidence::store::EvidenceStore;

use crate::pictures;
use crate::upload_desk::{Desk, Setup, problem};

#[tokio::test]
async fn an_upload_that_takes_too_long_expires() {
    let desk = Desk::open().await;
    let path = desk.create(1_000).await;
    desk.clock_ahead_seconds.store(23 * 3_600, Ordering::SeqCst);
    assert_eq!(desk.store.sweep().await.unwrap(), 0);
    desk.clock_ahead_seconds.store(25 * 3_600, Ordering::SeqCst);
    assert_eq!(
        desk.request("HEAD", &path).send().await.unwrap().status(),
        404
    );
    assert_eq!(desk.store.sweep().await.unwrap(), 1);
    assert_eq!(std::fs::read_dir(desk.incoming()).unwrap().count(), 0);
}

#[tokio::test]
async fn one_session_has_few_uploads_open_and_all_together_have_a_bound() {
    let store = FolderLimits {
        max_open_per_session: 2,
        max_incomplete_total_bytes: 10_000,
        min_free_bytes: 0,
        ..FolderLimits::default()
    };
    let desk = Desk::open_with(Setup {
        store,
        ..Setup::default()
    })
    .await;
    let path = desk.create(1_000).await;
    let large = desk.announce(9_001);
    let answer = desk.creation(&large, 9_001).send().await.unwrap();
    assert_eq!(problem(answer).await, (507, "storage_full".to_owned()));
    desk.create(1_000).await;
    let third = desk.announce(1_000);
    let answer = desk.creation(&third, 1_000).send().await.unwrap();
    assert_eq!(problem(answer).await, (429, "too_many_uploads".to_owned()));

    assert_eq!(desk.store.incomplete().uploads, 2);
    let desk = desk.restarted().await;
    assert_eq!(desk.store.incomplete().bytes, 2_000);
    assert_eq!(
        desk.creation(&third, 1_000).send().await.unwrap().status(),
        429
    );
    desk.request("DELETE", &path).send().await.unwrap();
    assert_eq!(
        desk.creation(&third, 1_000).send().await.unwrap().status(),
        201
    );
}

/// Tells this test that it runs on the small disk.
const SMALL_DISK: &str = "CALLBOX_TEST_SMALL_DISK";

/// Starts itself once more in a mount namespace of its own, where the evidence folder is a disk of 1 MiB.
#[tokio::test]
async fn a_full_disk_is_told_and_the_server_works_on() {
    if std::env::var_os(SMALL_DISK).is_some() {
        return on_a_small_disk().await;
    }
    let folder = tempfile::tempdir().unwrap();
    let script = "mount -t tmpfs -o size=1m none \"$0\" && TMPDIR=\"$0\" exec \"$1\" --exact uploads::bounds::a_full_disk_is_told_and_the_server_works_on";
    let outcome = Command::new("unshare")
        .args(["--mount", "--map-root-user", "sh", "-c", script])
        .arg(folder.path())
        .arg(std::env::current_exe().unwrap())
        .env(SMALL_DISK, "1")
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&outcome.stdout);
    assert!(
        outcome.status.success() && told.contains("1 passed"),
        "{told}{}",
        String::from_utf8_lossy(&outcome.stderr)
    );
}

async fn on_a_small_disk() {
    let desk = Desk::open().await;
    let small = pictures::jpeg(64, 48);
    let large = vec![0x5A; 3 * 1024 * 1024];
    let path = desk.create(large.len()).await;
    assert_eq!(
        desk.patch(&path, 0, &large[..100_000])
            .send()
            .await
            .unwrap()
            .status(),
        204
    );
    let answer = desk
        .patch(&path, 100_000, &large[100_000..])
        .send()
        .await
        .unwrap();
    assert_eq!(problem(answer).await, (507, "storage_full".to_owned()));
    // What was acknowledged is still there, and room made is room used.
    assert_eq!(desk.offset(&path).await, 100_000);
    assert_eq!(
        desk.request("DELETE", &path).send().await.unwrap().status(),
        204
    );
    assert_eq!(desk.send_whole(&small).await.status(), 204);
    assert_eq!(desk.last_completed().original, ContentHash::of(&small));
}

#[tokio::test]
async fn a_disk_with_less_room_than_the_reserve_takes_no_photos() {
    let store = FolderLimits {
        min_free_bytes: u64::MAX,
        ..FolderLimits::default()
    };
    let desk = Desk::open_with(Setup {
        store,
        ..Setup::default()
    })
    .await;
    let photo = desk.announce(1_000);
    let answer = desk.creation(&photo, 1_000).send().await.unwrap();
    assert_eq!(problem(answer).await, (507, "storage_full".to_owned()));
    assert_eq!(desk.store.incomplete().uploads, 0);
}
