//! tus 1.0.0 as it is written, and a code for everything else.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use callbox::evidence::names::{ContentHash, UploadId};
use sha2::Digest;

use crate::pictures;
use crate::upload_desk::{BELA, Desk, location, number, problem};

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
async fn creating_the_upload_of_a_photo_twice_creates_it_once() {
    let desk = Desk::open().await;
    let photo = desk.announce(1_000);
    let first = location(&desk.creation(&photo, 1_000).send().await.unwrap());
    assert!(UploadId::parse(first.strip_prefix("/api/v1/uploads/").unwrap()).is_ok());
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
            "token_invalid",
        ),
        (
            desk.client
                .patch(&url)
                .header("Tus-Resumable", "1.0.0")
                .bearer_auth("old"),
            401,
            "token_invalid",
        ),
        (desk.patch(&path, 5, b"12345"), 409, "upload_offset"),
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
            "no_such_upload",
        ),
        (desk.creation(&photo, 999), 409, "upload_differs"),
        (desk.creation(&photo, 0), 413, "photo_too_large"),
        (
            desk.creation(&photo, 50 * 1024 * 1024 + 1),
            413,
            "photo_too_large",
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
