//! Pictures with random damage, many to a worker.

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};

use callbox::evidence::photo::{COPY_MAX_SIDE_PX, ClaimedMetadata};
use image::ImageFormat;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::{CALLBOX, contains};
use crate::pictures;

/// A worker that is asked many times, by hand.
struct Worker(Child);

impl Worker {
    fn start() -> Self {
        let mut command = Command::new(CALLBOX);
        Self(
            command
                .arg("photo-worker")
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap(),
        )
    }

    /// Outcome and content; `None` if the worker died.
    fn ask(&mut self, wanted: u8, original: &[u8]) -> Option<(u8, Vec<u8>)> {
        let question = [
            b"CBP1",
            &[wanted][..],
            &(original.len() as u64).to_be_bytes(),
            original,
        ]
        .concat();
        self.0.stdin.as_mut()?.write_all(&question).ok()?;
        let answers = self.0.stdout.as_mut()?;
        let mut head = [0; 21];
        answers.read_exact(&mut head).ok()?;
        let length = u64::from_be_bytes(head[13..].try_into().unwrap());
        let mut content = Vec::new();
        answers.take(length).read_to_end(&mut content).ok()?;
        Some((head[4], content))
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        self.0.wait().unwrap();
    }
}

#[test]
fn two_thousand_mutated_pictures_end_in_a_clean_copy_or_a_refusal() {
    let seed: u64 =
        std::env::var("CALLBOX_SEED").map_or_else(|_| rand::random(), |seed| seed.parse().unwrap());
    // Twenty rounds of a hundred; a nightly run asks for more.
    let rounds: u32 = std::env::var("CALLBOX_ROUNDS").map_or(20, |rounds| rounds.parse().unwrap());
    println!("CALLBOX_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let pictures = [
        pictures::with_exif(&pictures::noisy_jpeg(64), &pictures::exif(6)),
        pictures::encoded(pictures::noise(64), ImageFormat::Png),
        pictures::encoded(pictures::noise(64), ImageFormat::WebP),
        pictures::png(64, 48),
        pictures::half_transparent_png(),
    ];
    let mut outcomes = [0_u32; 4];
    for _ in 0..rounds {
        let mut worker = Worker::start();
        for turn in 0..100 {
            let mut mutated = pictures[turn % pictures.len()].clone();
            mutate(&mut mutated, &mut random);
            if mutated.starts_with(b"\x89PNG") {
                pictures::with_right_checksums(&mut mutated);
            }
            let (outcome, copy) = worker.ask(1, &mutated).expect("the worker lives");
            outcomes[usize::from(outcome)] += 1;
            if outcome == 0 {
                let picture =
                    image::load_from_memory_with_format(&copy, ImageFormat::Jpeg).unwrap();
                assert!(picture.width().max(picture.height()) <= COPY_MAX_SIDE_PX);
                assert!(!contains(&copy, pictures::CANARY_TEXT));
            }
            let (outcome, claims) = worker.ask(2, &mutated).expect("the worker lives");
            assert!(outcome != 0 || serde_json::from_slice::<ClaimedMetadata>(&claims).is_ok());
        }
    }
    println!("done, type, unreadable, too large: {outcomes:?}");
    assert!(
        outcomes[0] > 100 && outcomes[2] > 100,
        "the mutations are neither harmless nor all deadly: {outcomes:?}"
    );
}

fn mutate(bytes: &mut Vec<u8>, random: &mut StdRng) {
    for _ in 0..random.random_range(1..=4) {
        let at = random.random_range(0..bytes.len());
        match random.random_range(0..6) {
            0 => bytes[at] ^= 1 << random.random_range(0..8),
            1 => bytes[at] = random.random(),
            2 => bytes[at] = 0xFF,
            3 => bytes.truncate(at.max(16)),
            4 => bytes.insert(at, random.random()),
            _ => {
                let end = (at + random.random_range(1..20)).min(bytes.len());
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
        }
    }
}
