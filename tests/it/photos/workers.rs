//! Photo workers that hang, lie, die or cannot be had.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process::Command;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::Duration;

use callbox::evidence::photo::{PhotoError, PhotoPipeline, WorkerFailure, WorkerLimits};
use callbox::http::uploads::{CopyState, NoCopy};
use tokio::io::{AsyncRead, ReadBuf};

use super::CALLBOX;
use crate::pictures;
use crate::upload_desk::{Desk, Setup};

/// A program in the worker's place, as a script.
fn script(folder: &Path, text: &str) -> PathBuf {
    let path = folder.join("worker.sh");
    std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
    path
}

#[tokio::test]
async fn a_worker_that_hangs_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let limits = WorkerLimits {
        wall_clock: Duration::from_millis(300),
        ..WorkerLimits::default()
    };
    let pipeline = PhotoPipeline::new(script(folder.path(), "exec /bin/sleep 1000"), limits);
    let original = pictures::jpeg(64, 48);
    let made = pipeline
        .make_copy(&original[..], original.len() as u64)
        .await;
    assert!(
        matches!(made, Err(PhotoError::Worker(WorkerFailure::TimedOut))),
        "{made:?}"
    );
}

#[tokio::test]
async fn a_worker_that_lies_is_not_believed() {
    let folder = tempfile::tempdir().unwrap();
    let pipeline = PhotoPipeline::new(
        script(
            folder.path(),
            "/bin/cat >/dev/null; echo '<html>'; exec /bin/cat /etc/services",
        ),
        WorkerLimits::default(),
    );
    let original = pictures::jpeg(64, 48);
    let made = pipeline
        .make_copy(&original[..], original.len() as u64)
        .await;
    assert!(matches!(made, Err(PhotoError::Worker(_))), "{made:?}");
}

#[tokio::test]
async fn a_photo_is_kept_when_no_worker_can_be_had_and_its_copy_made_later() {
    let folder = tempfile::tempdir().unwrap();
    let worker = folder.path().join("callbox");
    let desk = Desk::open_with(Setup {
        worker: worker.clone(),
        ..Setup::default()
    })
    .await;
    assert_eq!(desk.send_whole(&pictures::jpeg(64, 48)).await.status(), 204);
    let (agency, told) = (desk.agency(), desk.last_completed());
    assert_eq!(told.copy, CopyState::Missing(NoCopy::Failed));
    let again = desk.uploads.make_copy_again(&agency, &told.original);
    assert_eq!(again.await.unwrap(), CopyState::Missing(NoCopy::Failed));
    // What is no photo is refused without a worker too.
    assert_eq!(desk.send_whole(b"<html>").await.status(), 415);

    std::os::unix::fs::symlink(CALLBOX, &worker).unwrap();
    let again = desk.uploads.make_copy_again(&agency, &told.original);
    assert!(matches!(again.await.unwrap(), CopyState::Made(_)));
    assert!(desk.copy_of_last().await.starts_with(&[0xFF, 0xD8]));
}

/// Gives the first half of a picture, kills the worker that reads it, then gives the rest.
struct Killing<'o> {
    program: &'o Path,
    original: &'o [u8],
    position: usize,
}

impl AsyncRead for Killing<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let half = self.original.len() / 2;
        let end = if self.position < half {
            half
        } else {
            self.original.len()
        };
        if self.position == half {
            kill_worker(self.program);
        }
        let end = end.min(self.position + into.remaining());
        into.put_slice(&self.original[self.position..end]);
        self.position = end;
        Poll::Ready(Ok(()))
    }
}

/// Kills the one child of this process that runs `program`.
fn kill_worker(program: &Path) {
    for entry in std::fs::read_dir("/proc").unwrap() {
        let name = entry.unwrap().file_name();
        let Ok(pid) = name.to_string_lossy().parse::<i32>() else {
            continue;
        };
        let command = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        if command.starts_with(program.as_os_str().as_encoded_bytes()) {
            assert!(
                Command::new("kill")
                    .args(["-9", &pid.to_string()])
                    .status()
                    .unwrap()
                    .success()
            );
        }
    }
}

#[tokio::test]
async fn a_worker_killed_in_the_middle_is_an_error_and_the_next_photo_works() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("callbox-to-be-killed");
    std::os::unix::fs::symlink(CALLBOX, &program).unwrap();
    let pipeline = PhotoPipeline::new(program.clone(), WorkerLimits::default());
    let original = pictures::noisy_jpeg(800);
    let length = original.len() as u64;
    let killing = Killing {
        program: &program,
        original: &original,
        position: 0,
    };
    let made = pipeline.make_copy(killing, length).await;
    assert!(
        matches!(made, Err(PhotoError::Worker(WorkerFailure::Died(_)))),
        "{made:?}"
    );
    assert_eq!(
        pipeline
            .make_copy(&original[..], length)
            .await
            .unwrap()
            .width_px,
        800
    );
}

#[tokio::test]
async fn a_damaged_photo_kept_without_a_worker_stays_kept_when_the_worker_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let worker = folder.path().join("callbox");
    let desk = Desk::open_with(Setup {
        worker: worker.clone(),
        ..Setup::default()
    })
    .await;
    desk.sessions.away.store(true, Ordering::SeqCst);
    let damaged = [&[0xFF, 0xD8, 0xFF][..], &[7; 200]].concat();
    assert_eq!(desk.send_whole(&damaged).await.status(), 503);

    std::os::unix::fs::symlink(CALLBOX, &worker).unwrap();
    desk.sessions.away.store(false, Ordering::SeqCst);
    assert_eq!(desk.uploads.finish_interrupted().await, 1);
    assert_eq!(
        desk.last_completed().copy,
        CopyState::Missing(NoCopy::Failed)
    );
}
