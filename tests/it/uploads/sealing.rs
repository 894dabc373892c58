//! What is kept of a complete photo, who is told, and how it is read.

use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::Ordering;

use callbox::evidence::names::ContentHash;
use callbox::evidence::store::EvidenceStore;
use callbox::http::uploads::{CopyState, serve_copy, serve_original};

use crate::pictures;
use crate::upload_desk::{Desk, number, problem};

#[tokio::test]
async fn a_photo_is_sealed_untouched_and_told_before_the_last_answer() {
    let desk = Desk::open().await;
    let photo = pictures::jpeg(640, 480);
    let answer = desk.send_whole(&photo).await;
    assert_eq!(answer.status(), 204);
    assert_eq!(number(&answer, "Upload-Offset"), photo.len() as u64);

    let told = desk.last_completed();
    assert_eq!(told.original, ContentHash::of(&photo));
    let path = desk.sealed_path(&told.original.to_string());
    assert_eq!(std::fs::read(&path).unwrap(), photo);
    assert_eq!(
        std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o400
    );
    desk.store
        .verify(&desk.agency(), &told.original)
        .await
        .unwrap();
    let CopyState::Made(link) = told.copy else {
        panic!("a copy is made")
    };
    assert_eq!(link.copy, ContentHash::of(&desk.copy_of_last().await));
    assert_eq!((link.width_px, link.height_px), (640, 480));
}

#[tokio::test]
async fn the_same_picture_in_two_photos_is_sealed_as_one_file() {
    let desk = Desk::open().await;
    let photo = pictures::jpeg(64, 48);
    for _ in 0..2 {
        assert_eq!(desk.send_whole(&photo).await.status(), 204);
    }
    let told: Vec<_> = desk
        .sessions
        .completed
        .lock()
        .unwrap()
        .iter()
        .map(|(_, told)| told.clone())
        .collect();
    assert_eq!(told.len(), 2);
    assert_eq!(told[0], told[1]);
    desk.store
        .verify(&desk.agency(), &told[0].original)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_completion_that_could_not_be_written_down_is_told_again() {
    let desk = Desk::open().await;
    let photo = pictures::jpeg(64, 48);
    desk.sessions.away.store(true, Ordering::SeqCst);
    let path = desk.create(photo.len()).await;
    let answer = desk.patch(&path, 0, &photo).send().await.unwrap();
    assert_eq!(problem(answer).await, (503, "try_again".to_owned()));
    assert_eq!(
        desk.request("HEAD", &path).send().await.unwrap().status(),
        503
    );

    let desk = desk.restarted().await;
    desk.sessions.away.store(false, Ordering::SeqCst);
    assert_eq!(desk.uploads.finish_interrupted().await, 1);
    assert_eq!(desk.uploads.finish_interrupted().await, 0);
    assert_eq!(desk.offset(&path).await, photo.len() as u64);
    assert_eq!(desk.sessions.completed.lock().unwrap().len(), 1);
    assert!(matches!(desk.last_completed().copy, CopyState::Made(_)));
}

#[tokio::test]
async fn what_a_console_reads_cannot_run() {
    let desk = Desk::open().await;
    desk.send_whole(&pictures::jpeg(64, 48)).await;
    let told = desk.last_completed();
    let copy = serve_copy(
        desk.store
            .copy(&desk.agency(), &told.original)
            .await
            .unwrap(),
    );
    let original = serve_original(
        desk.store
            .original(&desk.agency(), &told.original)
            .await
            .unwrap(),
        told.kind,
    );
    for response in [&copy, &original] {
        assert_eq!(response.headers()["X-Content-Type-Options"], "nosniff");
        assert_eq!(
            response.headers()["Content-Security-Policy"],
            "sandbox; default-src 'none'"
        );
        assert_eq!(response.headers()["Cache-Control"], "no-store");
        assert_eq!(
            response.headers()["Cross-Origin-Resource-Policy"],
            "same-origin"
        );
    }
    assert_eq!(copy.headers()["Content-Type"], "image/jpeg");
    assert_eq!(
        original.headers()["Content-Type"],
        "application/octet-stream"
    );
    let disposition = original.headers()["Content-Disposition"].to_str().unwrap();
    assert_eq!(
        disposition,
        format!("attachment; filename=\"{}.jpg\"", told.original)
    );
    let body = axum::body::to_bytes(original.into_body(), 1 << 20)
        .await
        .unwrap();
    assert_eq!(ContentHash::of(&body), told.original);
}

#[tokio::test]
async fn a_damaged_copy_is_not_shown() {
    let desk = Desk::open().await;
    desk.send_whole(&pictures::jpeg(64, 48)).await;
    let told = desk.last_completed();
    let path = desk.sealed_path(&format!("{}.copy", told.original));
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[100] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    assert!(
        desk.store
            .copy(&desk.agency(), &told.original)
            .await
            .is_err()
    );
}
