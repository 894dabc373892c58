//! Photos of strangers: what is shown of them, and what they cannot do.

mod mutations;
mod workers;

use callbox::evidence::photo::{
    COPY_MAX_SIDE_PX, ClaimedMetadata, PhotoCopy, PhotoError, PhotoKind, PhotoPipeline,
    PhotoRefusal, WorkerLimits,
};
use callbox::http::uploads::{CopyState, NoCopy};
use image::{ImageFormat, RgbImage};

use crate::pictures;
use crate::upload_desk::{Desk, problem};

const CALLBOX: &str = env!("CARGO_BIN_EXE_callbox");

fn pipeline() -> PhotoPipeline {
    PhotoPipeline::new(CALLBOX.into(), WorkerLimits::default())
}

async fn copy_of(original: &[u8]) -> Result<PhotoCopy, PhotoError> {
    pipeline().make_copy(original, original.len() as u64).await
}

async fn refusal_of(original: &[u8]) -> PhotoRefusal {
    match copy_of(original).await {
        Err(PhotoError::Refused(refusal)) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

fn decoded(copy: &PhotoCopy) -> RgbImage {
    let picture = image::load_from_memory_with_format(&copy.jpeg, ImageFormat::Jpeg)
        .unwrap()
        .into_rgb8();
    assert_eq!(picture.dimensions(), (copy.width_px, copy.height_px));
    picture
}

fn is_red(picture: &RgbImage, x: u32, y: u32) -> bool {
    let [red, green, blue] = picture.get_pixel(x, y).0;
    red > 180 && green < 80 && blue < 80
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[tokio::test]
async fn jpeg_png_and_webp_become_a_small_jpeg() {
    for original in [
        pictures::jpeg(300, 200),
        pictures::png(300, 200),
        pictures::webp(300, 200),
    ] {
        let copy = copy_of(&original).await.unwrap();
        let picture = decoded(&copy);
        assert_eq!(picture.dimensions(), (300, 200));
        assert!(is_red(&picture, 20, 20) && !is_red(&picture, 280, 180));
    }
}

#[tokio::test]
async fn grey_deep_and_oddly_shaped_pictures_become_copies_too() {
    let scene = image::DynamicImage::ImageRgb8(pictures::scene(300, 200));
    let originals = [
        (
            pictures::encoded(scene.to_luma8(), ImageFormat::Jpeg),
            (300, 200),
        ),
        (
            pictures::encoded(scene.to_luma_alpha8(), ImageFormat::Png),
            (300, 200),
        ),
        (
            pictures::encoded(scene.to_rgb16(), ImageFormat::Png),
            (300, 200),
        ),
        (
            pictures::encoded(scene.to_rgba16(), ImageFormat::Png),
            (300, 200),
        ),
        (pictures::png(12_000, 1), (COPY_MAX_SIDE_PX, 1)),
        (pictures::png(1, 1), (1, 1)),
    ];
    for (original, expected) in originals {
        assert_eq!(
            decoded(&copy_of(&original).await.unwrap()).dimensions(),
            expected
        );
    }
}

#[tokio::test]
async fn a_large_picture_is_made_smaller_and_keeps_its_shape() {
    let copy = copy_of(&pictures::jpeg(4_096, 3_072)).await.unwrap();
    assert_eq!(decoded(&copy).dimensions(), (COPY_MAX_SIDE_PX, 1_536));
}

#[tokio::test]
async fn a_phones_photo_of_48_megapixels_becomes_a_copy() {
    let photo = pictures::encoded(
        RgbImage::from_pixel(8_000, 6_000, image::Rgb([200, 30, 30])),
        ImageFormat::Jpeg,
    );
    let copy = copy_of(&photo).await.unwrap();
    assert_eq!((copy.width_px, copy.height_px), (2_048, 1_536));
}

#[tokio::test]
async fn the_copy_stands_upright() {
    let turned = [
        (1, 20, 20),
        (2, 280, 20),
        (3, 280, 180),
        (4, 20, 180),
        (5, 20, 20),
        (6, 180, 20),
        (7, 180, 280),
        (8, 20, 280),
    ];
    for (orientation, x, y) in turned {
        let original = pictures::with_exif(&pictures::jpeg(300, 200), &pictures::exif(orientation));
        let picture = decoded(&copy_of(&original).await.unwrap());
        let expected = if orientation < 5 {
            (300, 200)
        } else {
            (200, 300)
        };
        assert_eq!(picture.dimensions(), expected, "orientation {orientation}");
        assert!(is_red(&picture, x, y), "orientation {orientation}");
    }
}

#[tokio::test]
async fn what_shines_through_becomes_white() {
    let picture = decoded(&copy_of(&pictures::half_transparent_png()).await.unwrap());
    assert!(
        picture
            .get_pixel(5, 30)
            .0
            .iter()
            .all(|colour| *colour > 245)
    );
    assert!(picture.get_pixel(60, 30).0[2] > 240);
}

#[tokio::test]
async fn the_position_in_a_photo_is_a_claim_and_never_in_the_copy() {
    let original = pictures::with_exif(&pictures::jpeg(300, 200), &pictures::exif(6));
    let canary: Vec<u8> = pictures::CANARY_SECONDS
        .iter()
        .flat_map(|part| part.to_be_bytes())
        .collect();
    assert!(contains(&original, &canary) && contains(&original, pictures::CANARY_TEXT));
    let copy = copy_of(&original).await.unwrap();
    for needle in [
        &canary[..],
        pictures::CANARY_TEXT,
        b"Exif",
        b"2026:11:23",
        b"http",
    ] {
        assert!(!contains(&copy.jpeg, needle));
    }

    let claimed = pipeline()
        .claimed_metadata(&original[..], original.len() as u64)
        .await
        .unwrap();
    let latitude = 51.0 + 30.0 / 60.0 + 12.3456 / 3_600.0;
    assert!((claimed.latitude_deg.unwrap() - latitude).abs() < 1e-9);
    assert!((claimed.longitude_deg.unwrap() + 0.125).abs() < 1e-9);
    assert_eq!(claimed.taken_at.as_deref(), Some("2026-11-23T10:20:30"));
    assert_eq!(format!("{claimed:?}"), "ClaimedMetadata");
}

#[tokio::test]
async fn a_photo_without_metadata_claims_nothing() {
    for original in [
        pictures::jpeg(30, 20),
        pictures::png(30, 20),
        pictures::webp(30, 20),
        pictures::heic(),
    ] {
        let claimed = pipeline()
            .claimed_metadata(&original[..], original.len() as u64)
            .await
            .unwrap();
        assert_eq!(claimed, ClaimedMetadata::default());
    }
}

#[tokio::test]
async fn bombs_are_refused() {
    for bomb in [
        pictures::huge_header_png(),
        pictures::huge_header_jpeg(),
        pictures::compressed_bomb_png(12_000, 12_000),
    ] {
        assert_eq!(refusal_of(&bomb).await, PhotoRefusal::TooLarge);
    }
    // Within the limits, and 150 times larger than it looks: decoded, because a photo may be like that.
    let dense = pictures::compressed_bomb_png(6_000, 6_000);
    assert!(dense.len() < 1_000_000);
    assert_eq!(copy_of(&dense).await.unwrap().width_px, COPY_MAX_SIDE_PX);
}

#[tokio::test]
async fn what_is_no_photo_is_refused_by_its_content_whatever_it_is_called() {
    let desk = Desk::open().await;
    let files: [&[u8]; 8] = [
        b"GIF89a/*\x01\x00\x01\x00\x80*/=1;alert(document.domain)//",
        b"<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>",
        b"<?xml version=\"1.0\"?><svg onload=\"alert(1)\"/>",
        b"<!DOCTYPE html><script>alert(1)</script>",
        b"BM\x00\x00\x00\x00 script",
        b"%PDF-1.7 script",
        b"plain text",
        b"\x00",
    ];
    for file in files {
        let answer = desk.send_whole(file).await;
        assert_eq!(
            problem(answer).await,
            (415, "photo_type_refused".to_owned())
        );
        assert_eq!(
            desk.sessions.failed.lock().unwrap().last().unwrap().1,
            PhotoRefusal::Type
        );
    }
    assert!(desk.sessions.completed.lock().unwrap().is_empty());
    assert_eq!(std::fs::read_dir(desk.incoming()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_script_behind_a_jpeg_is_not_in_the_copy() {
    let desk = Desk::open().await;
    let script = b"<script>alert('canary')</script>";
    let original = [&pictures::jpeg(300, 200)[..], script].concat();
    assert_eq!(desk.send_whole(&original).await.status(), 204);
    assert!(!contains(&desk.copy_of_last().await, b"script"));
    // The original is evidence: untouched, and never more than a download.
    assert!(contains(
        &std::fs::read(desk.sealed_path(&desk.last_completed().original.to_string())).unwrap(),
        script
    ));
}

#[tokio::test]
async fn damaged_pictures_and_bombs_get_a_clear_error_and_the_server_works_on() {
    let desk = Desk::open().await;
    let broken = [&b"\x89PNG\r\n\x1a\n"[..], &[7; 300]].concat();
    assert_eq!(
        problem(desk.send_whole(&broken).await).await,
        (422, "photo_unreadable".to_owned())
    );
    let bomb = pictures::huge_header_jpeg();
    assert_eq!(
        problem(desk.send_whole(&bomb).await).await,
        (422, "photo_too_large".to_owned())
    );
    assert_eq!(desk.send_whole(&pictures::jpeg(64, 48)).await.status(), 204);
}

#[tokio::test]
async fn cut_files_give_a_picture_or_a_refusal() {
    for whole in [
        pictures::jpeg(120, 80),
        pictures::png(120, 80),
        pictures::webp(120, 80),
    ] {
        for part in 1..12 {
            let cut = &whole[..whole.len() * part / 12];
            match copy_of(cut).await {
                Ok(copy) => drop(decoded(&copy)),
                Err(PhotoError::Refused(_)) => {}
                Err(PhotoError::Worker(failure)) => panic!("{failure}"),
            }
        }
    }
}

#[tokio::test]
async fn a_heic_photo_is_kept_and_says_that_it_cannot_be_shown() {
    let desk = Desk::open().await;
    assert_eq!(desk.send_whole(&pictures::heic()).await.status(), 204);
    let told = desk.last_completed();
    assert_eq!(told.kind, PhotoKind::Heif);
    assert_eq!(told.copy, CopyState::Missing(NoCopy::KindNotShown));
}
