//! Uploads that are cut, interrupted or stalled go on where they stopped.

use std::io::Write;
use std::time::Duration;

use callbox::evidence::names::ContentHash;
use callbox::http::uploads::UploadLimits;

use super::{part_of, start_patch};
use crate::pictures;
use crate::upload_desk::{Desk, Setup, file_length, number, problem, until};

#[tokio::test]
async fn a_cut_upload_resumes_where_it_stopped() {
    let desk = Desk::open().await;
    let photo = pictures::noisy_jpeg(1_200);
    let half = photo.len() / 2;
    let path = desk.create(photo.len()).await;
    drop(start_patch(&desk, &path, photo.len(), &photo[..half]));
    until("the part is on disk", || {
        file_length(&part_of(&desk, &path)) == half as u64
    })
    .await;

    assert_eq!(desk.offset(&path).await, half as u64);
    let answer = desk
        .patch(&path, half, &photo[half..])
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 204);
    assert_eq!(desk.last_completed().original, ContentHash::of(&photo));
}

#[tokio::test]
async fn a_cut_upload_resumes_after_a_restart_of_the_store() {
    let desk = Desk::open().await;
    let photo = pictures::noisy_jpeg(600);
    let half = photo.len() / 2;
    let path = desk.create(photo.len()).await;
    assert_eq!(
        desk.patch(&path, 0, &photo[..half])
            .send()
            .await
            .unwrap()
            .status(),
        204
    );

    let desk = desk.restarted().await;
    let answer = desk.request("HEAD", &path).send().await.unwrap();
    assert_eq!(number(&answer, "Upload-Offset"), half as u64);
    assert_eq!(number(&answer, "Upload-Length"), photo.len() as u64);
    assert_eq!(answer.headers()["Cache-Control"], "no-store");
    assert!(
        answer.headers()["Upload-Metadata"]
            .to_str()
            .unwrap()
            .ends_with("filename bmFtZQ==")
    );
    assert!(answer.headers().contains_key("Upload-Expires"));
    assert_eq!(
        desk.patch(&path, half, &photo[half..])
            .send()
            .await
            .unwrap()
            .status(),
        204
    );
    assert_eq!(desk.last_completed().original, ContentHash::of(&photo));
}

#[tokio::test]
async fn bytes_that_were_never_acknowledged_are_cut_off_after_a_restart() {
    let desk = Desk::open().await;
    let photo = pictures::jpeg(640, 480);
    let path = desk.create(photo.len()).await;
    assert_eq!(
        desk.patch(&path, 0, &photo[..100])
            .send()
            .await
            .unwrap()
            .status(),
        204
    );
    let mut part = std::fs::OpenOptions::new()
        .append(true)
        .open(part_of(&desk, &path))
        .unwrap();
    part.write_all(&[0; 700]).unwrap();

    let desk = desk.restarted().await;
    assert_eq!(desk.offset(&path).await, 100);
}

#[tokio::test]
async fn a_second_writer_is_told_that_the_upload_is_in_use_and_asking_the_offset_ends_the_first() {
    let desk = Desk::open().await;
    let photo = pictures::noisy_jpeg(1_200);
    let sent = 300 * 1024;
    let path = desk.create(photo.len()).await;
    let _stalled = start_patch(&desk, &path, photo.len(), &photo[..sent]);
    until("the first one writes", || {
        file_length(&part_of(&desk, &path)) > 0
    })
    .await;
    let second = desk.patch(&path, 0, &photo).send().await.unwrap();
    assert_eq!(problem(second).await, (423, "upload_in_use".to_owned()));

    let stands = usize::try_from(desk.offset(&path).await).unwrap();
    assert!((1..=sent).contains(&stands));
    let answer = desk
        .patch(&path, stands, &photo[stands..])
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 204);
    assert_eq!(desk.last_completed().original, ContentHash::of(&photo));
}

#[tokio::test]
async fn a_silent_client_is_let_go_and_its_bytes_are_kept() {
    let upload = UploadLimits {
        idle_timeout: Duration::from_millis(200),
    };
    let desk = Desk::open_with(Setup {
        upload,
        ..Setup::default()
    })
    .await;
    let path = desk.create(1_000).await;
    let mut stalled = start_patch(&desk, &path, 1_000, &[7; 300]);
    let answer = tokio::task::spawn_blocking(move || {
        stalled
            .set_read_timeout(Some(crate::upload_desk::DEADLINE))
            .unwrap();
        let mut answer = String::new();
        std::io::Read::read_to_string(&mut stalled, &mut answer).unwrap();
        answer
    });
    let answer = answer.await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains(r#""code":"upload_idle""#), "{answer}");
    assert_eq!(desk.offset(&path).await, 300);
}
