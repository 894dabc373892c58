//! Photos arrive by resumable HTTP, whatever happens on the way.

use std::io::Write;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::sync::atomic::Ordering;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use callbox::evidence::folder::FolderLimits;
use callbox::evidence::names::{AgencyName, ContentHash, PhotoId, UploadId};
use callbox::evidence::store::EvidenceStore;
use callbox::http::uploads::{CopyState, UploadLimits, serve_copy, serve_original};
use sha2::Digest;

use crate::pictures;
use crate::upload_desk::{BELA, Desk, Setup, file_length, location, number, problem, until};

/// Starts a PATCH by hand and sends only a part of its body.
fn start_patch(desk: &Desk, path: &str, announced: usize, sent: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(desk.address).unwrap();
    write!(
        stream,
        "PATCH {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\n\
         Content-Type: application/offset+octet-stream\r\nContent-Length: {announced}\r\n\r\n",
        crate::upload_desk::ANNA
    )
    .unwrap();
    stream.write_all(sent).unwrap();
    stream
}

fn part_of(desk: &Desk, path: &str) -> std::path::PathBuf {
    desk.incoming().join(path.rsplit('/').next().unwrap())
}

#[tokio::test]
async fn options_tell_what_the_server_can_do() {
    let desk = Desk::open().await;
    let url = format!("http://{}/api/v1/uploads", desk.address);
    let answer = desk
        .client
        .request(reqwest::Method::OPTIONS, url)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 204);
    assert_eq!(answer.headers()["Tus-Version"], "1.0.0");
    assert_eq!(answer.headers()["Tus-Resumable"], "1.0.0");
    assert_eq!(number(&answer, "Tus-Max-Size"), 50 * 1024 * 1024);
    for extension in [
        "creation",
        "creation-with-upload",
        "termination",
        "expiration",
        "checksum",
    ] {
        assert!(
            answer.headers()["Tus-Extension"]
                .to_str()
                .unwrap()
                .split(',')
                .any(|name| name == extension)
        );
    }
}

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
async fn creating_the_upload_of_a_photo_twice_creates_it_once() {
    let desk = Desk::open().await;
    let photo = desk.announce(1_000);
    let first = location(&desk.creation(&photo, 1_000).send().await.unwrap());
    desk.patch(&first, 0, &[0xFF; 10]).send().await.unwrap();
    let again = desk.creation(&photo, 1_000).send().await.unwrap();
    assert_eq!(number(&again, "Upload-Offset"), 10);
    assert_eq!(location(&again), first);
}

#[tokio::test]
async fn requests_that_break_the_protocol_get_their_code() {
    let desk = Desk::open().await;
    let photo = desk.announce(1_000);
    let path = location(&desk.creation(&photo, 1_000).send().await.unwrap());
    let url = format!("http://{}{path}", desk.address);
    let octets = "application/offset+octet-stream";
    let cases = [
        (desk.client.head(&url).bearer_auth("x"), 412, ""),
        (
            desk.client.patch(&url).header("Tus-Resumable", "0.2.2"),
            412,
            "tus_version",
        ),
        (
            desk.client.patch(&url).header("Tus-Resumable", "1.0.0"),
            401,
            "not_signed_in",
        ),
        (
            desk.client
                .patch(&url)
                .header("Tus-Resumable", "1.0.0")
                .bearer_auth("old"),
            401,
            "not_signed_in",
        ),
        (desk.patch(&path, 5, b"12345"), 409, "offset_mismatch"),
        (desk.patch(&path, 0, &[1; 1_001]), 413, "beyond_length"),
        (
            desk.request("PATCH", &path)
                .header("Upload-Offset", 0)
                .body("x"),
            415,
            "wrong_content_type",
        ),
        (
            desk.request("PATCH", &path).header("Content-Type", octets),
            400,
            "bad_header",
        ),
        (
            desk.request("PATCH", &path)
                .header("Content-Type", octets)
                .header("Upload-Offset", "-1"),
            400,
            "bad_header",
        ),
        (
            desk.patch("/api/v1/uploads/00000000000000000000000000000000", 0, b"x"),
            404,
            "upload_not_found",
        ),
        (desk.creation(&photo, 999), 409, "upload_differs"),
        (desk.creation(&photo, 0), 413, "upload_too_large"),
        (
            desk.creation(&photo, 50 * 1024 * 1024 + 1),
            413,
            "upload_too_large",
        ),
        (desk.creation("no id", 10), 400, "bad_header"),
        (
            desk.creation(&"a".repeat(32), 10),
            403,
            "photo_not_announced",
        ),
        (
            desk.creation(&photo, 1_000)
                .header("Upload-Defer-Length", 1),
            400,
            "bad_header",
        ),
        (
            desk.request("POST", "/api/v1/uploads")
                .header("Upload-Length", 9),
            400,
            "bad_header",
        ),
        (
            desk.creation(&photo, 1_000).body("x"),
            415,
            "wrong_content_type",
        ),
    ];
    for (request, status, code) in cases {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.headers()["Tus-Resumable"], "1.0.0");
        if status == 412 {
            assert_eq!(answer.headers()["Tus-Version"], "1.0.0");
        }
        if code.is_empty() {
            assert_eq!(answer.status(), status);
        } else {
            assert_eq!(problem(answer).await, (status, code.to_owned()));
        }
    }
    assert_eq!(desk.offset(&path).await, 0);
}

#[tokio::test]
async fn anothers_upload_looks_like_none() {
    let desk = Desk::open().await;
    let path = desk.create(1_000).await;
    let url = format!("http://{}{path}", desk.address);
    for method in ["HEAD", "PATCH", "DELETE"] {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let request = desk
            .client
            .request(method, &url)
            .header("Tus-Resumable", "1.0.0")
            .bearer_auth(BELA);
        assert_eq!(request.send().await.unwrap().status(), 404);
    }
    assert_eq!(desk.offset(&path).await, 0);
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
        let mut answer = [0; 12];
        std::io::Read::read_exact(&mut stalled, &mut answer).unwrap();
        answer
    });
    assert_eq!(&answer.await.unwrap(), b"HTTP/1.1 408");
    assert_eq!(desk.offset(&path).await, 300);
}

#[tokio::test]
async fn a_piece_with_a_wrong_checksum_is_not_kept() {
    let desk = Desk::open().await;
    let photo = pictures::jpeg(320, 200);
    let path = desk.create(photo.len()).await;
    let sha256 = STANDARD.encode(sha2::Sha256::digest(&photo[..500]));
    let sent = |bytes: Vec<u8>| {
        desk.patch(&path, 0, &bytes)
            .header("Upload-Checksum", format!("sha256 {sha256}"))
    };
    let damaged = [&photo[..499], &[!photo[499]]].concat();
    assert_eq!(
        problem(sent(damaged).send().await.unwrap()).await,
        (460, "checksum_mismatch".to_owned())
    );
    assert_eq!(desk.offset(&path).await, 0);
    assert_eq!(
        sent(photo[..500].to_vec()).send().await.unwrap().status(),
        204
    );

    let sha1 = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, &photo[500..]);
    let rest = desk
        .patch(&path, 500, &photo[500..])
        .header("Upload-Checksum", format!("sha1 {}", STANDARD.encode(sha1)));
    assert_eq!(rest.send().await.unwrap().status(), 204);
    assert_eq!(desk.last_completed().original, ContentHash::of(&photo));
}

#[tokio::test]
async fn a_small_photo_may_come_with_its_creation() {
    let desk = Desk::open().await;
    let photo = pictures::png(64, 48);
    let id = desk.announce(photo.len());
    let request = || {
        let body = photo.clone();
        desk.creation(&id, photo.len())
            .header("Content-Type", "application/offset+octet-stream")
            .body(body)
    };
    for _ in 0..2 {
        let answer = request().send().await.unwrap();
        assert_eq!(answer.status(), 201);
        assert_eq!(number(&answer, "Upload-Offset"), photo.len() as u64);
    }
    assert_eq!(desk.sessions.completed.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn an_upload_can_be_withdrawn_until_it_is_sealed() {
    let desk = Desk::open().await;
    let photo = pictures::jpeg(64, 48);
    let path = desk.create(photo.len()).await;
    desk.patch(&path, 0, &photo[..50]).send().await.unwrap();
    assert_eq!(
        desk.request("DELETE", &path).send().await.unwrap().status(),
        204
    );
    assert_eq!(
        desk.request("HEAD", &path).send().await.unwrap().status(),
        404
    );
    assert_eq!(std::fs::read_dir(desk.incoming()).unwrap().count(), 0);

    let path = desk.create(photo.len()).await;
    desk.patch(&path, 0, &photo).send().await.unwrap();
    let answer = desk.request("DELETE", &path).send().await.unwrap();
    assert_eq!(problem(answer).await, (403, "upload_sealed".to_owned()));
    assert_eq!(desk.offset(&path).await, photo.len() as u64);
}

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

    let desk = desk.restarted().await;
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
async fn nasty_names_touch_no_file_and_no_other_upload() {
    let desk = Desk::open().await;
    let before = files_under(desk.folder.path());
    let names = nasty_names();
    assert!(names.len() >= 200, "{}", names.len());
    for name in &names {
        assert!(
            UploadId::parse(name).is_err() && PhotoId::parse(name).is_err(),
            "{name:?}"
        );
        assert!(
            AgencyName::parse(name).is_err() && ContentHash::parse(name).is_err(),
            "{name:?}"
        );
        let answer = desk.creation(name, 10).send().await.unwrap();
        assert_eq!(answer.status(), 400, "{name:?}");
        let escaped: String = name.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let answer = desk
            .patch(&format!("/api/v1/uploads/{escaped}"), 0, b"x")
            .send()
            .await
            .unwrap();
        assert!(
            matches!(answer.status().as_u16(), 400 | 404 | 405),
            "{name:?} {}",
            answer.status()
        );
    }
    assert_eq!(files_under(desk.folder.path()), before);
}

fn nasty_names() -> Vec<String> {
    let id = "a".repeat(32);
    let mut names: Vec<String> = [
        "",
        ".",
        "..",
        "../",
        "../..",
        "/",
        "//",
        "\\",
        "..\\..",
        "/etc/passwd",
        "C:\\x",
        "CON ",
        "~/x",
        "$HOME/x",
        "%2e%2e",
        "..%2f",
        "..;/",
        "....//",
        ".hidden/",
        "-rf /",
        "a\nb",
        "a\r\nX: y",
        "a\tb",
        "\u{202e}gpj",
        "\u{ff0e}\u{ff0e}",
        "é",
        "💥",
        "a b",
        "`id`",
        "$(id)",
        "|id",
        ";id",
        "&id",
        "*",
        "?",
        "<x>",
        "\"x\"",
        "'x'",
        "{}",
        "[a]",
        "#a",
        "a%00b",
        "\u{7f}",
    ]
    .map(str::to_owned)
    .to_vec();
    for bad in [
        "/", "\\", "..", "\0", "\n", " ", ":", "%2f", "\u{200b}", "|", "A", "g/", "~", "\u{301}",
    ] {
        for at in [0, 1, 2, 16, 31, 32] {
            names.push(format!("{}{bad}{}", &id[..at], &id[at..]));
            let cut = at.min(32 - bad.len().min(32));
            names.push(format!(
                "{}{bad}{}/x",
                &id[..cut],
                &id[cut + bad.len().min(32 - cut)..]
            ));
        }
    }
    for length in [65, 254, 255, 256, 300] {
        names.push("a".repeat(length));
        names.push(format!("{}/..", "a".repeat(length)));
    }
    names.sort();
    names.dedup();
    names
}

fn files_under(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_under(&path));
        }
        found.push(path);
    }
    found.sort();
    found
}

/// Runs the next test in its own mount namespace, where the evidence folder is a disk of 1 MiB.
#[test]
fn a_full_disk_is_told_and_the_server_works_on() {
    let folder = tempfile::tempdir().unwrap();
    let script = "mount -t tmpfs -o size=1m none \"$0\" && TMPDIR=\"$0\" exec \"$1\" --exact uploads::on_a_small_disk --ignored";
    let outcome = Command::new("unshare")
        .args(["--mount", "--map-root-user", "sh", "-c", script])
        .arg(folder.path())
        .arg(std::env::current_exe().unwrap())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&outcome.stdout);
    assert!(
        outcome.status.success() && told.contains("1 passed"),
        "{told}{}",
        String::from_utf8_lossy(&outcome.stderr)
    );
}

#[tokio::test]
#[ignore = "run by a_full_disk_is_told_and_the_server_works_on"]
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
