//! Generated photos: small pictures drawn in code, different each time.
//!
//! Owns: drawing and JPEG encoding. Must not: read files. Called by: `life`.

use anyhow::Result;
use image::codecs::jpeg::JpegEncoder;
use image::imageops::{self, FilterType};
use image::{Rgb, RgbImage};
use rand::Rng;
use serde::Deserialize;

/// Size of an original in pixels.
const SIZE: (u32, u32) = (1_280, 960);
/// Longest preview side in pixels; the protocol takes 1,280.
const PREVIEW: (u32, u32) = (640, 480);
/// Most bytes of a preview; the protocol takes 131,072.
const PREVIEW_MAX_BYTES: usize = 120_000;
/// JPEG quality of an original and of a preview.
const QUALITY: (u8, u8) = (85, 70);

/// What the camera sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scenery {
    /// Two cars, one across the lane.
    Crash,
    /// A house with smoke over it.
    Smoke,
    /// A street under water.
    Flood,
    /// A tree over the road.
    Tree,
    /// A quiet street.
    Street,
}

/// A photo, ready to send.
#[derive(Debug)]
pub struct Photo {
    /// The original, JPEG.
    pub original: Vec<u8>,
    /// The preview, JPEG.
    pub preview: Vec<u8>,
}

/// Draws a photo.
///
/// # Errors
/// When it cannot be encoded.
pub fn take(scenery: Scenery, rng: &mut impl Rng) -> Result<Photo> {
    let picture = draw(scenery, rng);
    let original = jpeg(&picture, QUALITY.0)?;
    let small = imageops::resize(&picture, PREVIEW.0, PREVIEW.1, FilterType::Triangle);
    let mut preview = jpeg(&small, QUALITY.1)?;
    if preview.len() > PREVIEW_MAX_BYTES {
        preview = jpeg(&small, 30)?;
    }
    Ok(Photo { original, preview })
}

fn jpeg(picture: &RgbImage, quality: u8) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    picture.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, quality))?;
    Ok(bytes)
}

fn draw(scenery: Scenery, rng: &mut impl Rng) -> RgbImage {
    let (width, height) = SIZE;
    let horizon = rng.random_range(height * 2 / 5..height / 2);
    let light: f64 = rng.random_range(0.6..1.0);
    let shade = |red: f64, green: f64, blue: f64| {
        Rgb([red, green, blue].map(|part| (part * light).clamp(0.0, 255.0) as u8))
    };
    let mut canvas = Canvas(RgbImage::from_fn(width, height, |_, y| {
        let down = f64::from(y) / f64::from(height);
        if y < horizon {
            shade(120.0 + 150.0 * down, 160.0 + 110.0 * down, 230.0)
        } else {
            shade(90.0 + 40.0 * down, 90.0 + 40.0 * down, 95.0 + 35.0 * down)
        }
    }));
    let mut left = 0;
    while left < width {
        let wide = rng.random_range(140..300);
        let tall = rng.random_range(160..420).min(horizon);
        let tone: f64 = rng.random_range(90.0..190.0);
        canvas.house(
            (left, horizon - tall, wide, tall),
            shade(tone, tone * 0.85, tone * 0.75),
            rng,
        );
        left += wide + rng.random_range(4..40);
    }
    let ground = (horizon + height) / 2;
    let (x, wide) = (rng.random_range(200..600), rng.random_range(260..380));
    match scenery {
        Scenery::Crash => {
            canvas.car(
                (x, ground),
                wide,
                shade(180.0, 40.0, 40.0),
                shade(30.0, 30.0, 35.0),
            );
            canvas.car(
                (x + wide - 60, ground + 70),
                wide,
                shade(50.0, 80.0, 150.0),
                shade(30.0, 30.0, 35.0),
            );
        }
        Scenery::Smoke => {
            for puff in 0..40u32 {
                let drift = rng.random_range(0..60 + puff * 8);
                let grey: f64 = rng.random_range(50.0..110.0);
                let center = (x + drift, horizon.saturating_sub(puff * 12));
                canvas.disc(center, 30 + puff * 2, shade(grey, grey, grey));
            }
        }
        Scenery::Flood => {
            let level = rng.random_range(horizon + 40..ground);
            canvas.rect((0, level, width, height - level), shade(95.0, 105.0, 90.0));
            for _ in 0..160 {
                let wave = (rng.random_range(0..width), rng.random_range(level..height));
                canvas.rect(
                    (wave.0, wave.1, rng.random_range(20..120), 3),
                    shade(140.0, 150.0, 140.0),
                );
            }
            canvas.car(
                (x, level + 30),
                wide,
                shade(200.0, 200.0, 205.0),
                shade(95.0, 105.0, 90.0),
            );
        }
        Scenery::Tree => {
            canvas.rect((0, ground, width, 46), shade(95.0, 65.0, 40.0));
            for _ in 0..70 {
                let leaf = (
                    rng.random_range(x..x + 600),
                    rng.random_range(ground - 120..ground + 120),
                );
                canvas.disc(
                    leaf,
                    rng.random_range(20..60),
                    shade(40.0, rng.random_range(80.0..140.0), 45.0),
                );
            }
        }
        Scenery::Street => {
            canvas.car(
                (x, ground),
                wide,
                shade(120.0, 125.0, 130.0),
                shade(30.0, 30.0, 35.0),
            );
        }
    }
    canvas.grain(rng);
    canvas.0
}

/// A picture being drawn; what lies outside is cut off.
struct Canvas(RgbImage);

impl Canvas {
    fn rect(&mut self, (left, top, wide, tall): (u32, u32, u32, u32), color: Rgb<u8>) {
        let (right, bottom) = (
            (left + wide).min(self.0.width()),
            (top + tall).min(self.0.height()),
        );
        for y in top.min(bottom)..bottom {
            for x in left.min(right)..right {
                self.0.put_pixel(x, y, color);
            }
        }
    }

    fn disc(&mut self, (x, y): (u32, u32), radius: u32, color: Rgb<u8>) {
        let (left, top) = (x.saturating_sub(radius), y.saturating_sub(radius));
        for row in top..(y + radius).min(self.0.height()) {
            for column in left..(x + radius).min(self.0.width()) {
                let (across, down) = (column.abs_diff(x), row.abs_diff(y));
                if across * across + down * down <= radius * radius {
                    self.0.put_pixel(column, row, color);
                }
            }
        }
    }

    fn house(&mut self, place: (u32, u32, u32, u32), color: Rgb<u8>, rng: &mut impl Rng) {
        let (left, top, wide, tall) = place;
        self.rect(place, color);
        for y in (top + 24..(top + tall).saturating_sub(30)).step_by(64) {
            for x in (left + 20..(left + wide).saturating_sub(36)).step_by(56) {
                let lit = rng.random_bool(0.2);
                let pane = if lit {
                    Rgb([250, 220, 140])
                } else {
                    Rgb([50, 60, 75])
                };
                self.rect((x, y, 26, 34), pane);
            }
        }
    }

    fn car(&mut self, (left, top): (u32, u32), wide: u32, body: Rgb<u8>, wheel: Rgb<u8>) {
        let tall = wide / 5;
        self.rect(
            (
                left + wide / 5,
                top.saturating_sub(tall),
                wide * 3 / 5,
                tall,
            ),
            body,
        );
        self.rect(
            (
                left + wide / 4,
                top.saturating_sub(tall * 4 / 5),
                wide / 2,
                tall / 2,
            ),
            Rgb([60, 75, 90]),
        );
        self.rect((left, top, wide, tall), body);
        for x in [left + wide / 5, left + wide * 4 / 5] {
            self.disc((x, top + tall), tall / 2, wheel);
        }
    }

    /// Sensor noise: without it a drawing compresses to nothing, and an upload of nothing shows nothing.
    fn grain(&mut self, rng: &mut impl Rng) {
        for pixel in self.0.pixels_mut() {
            let noise: i16 = rng.random_range(-9..=9);
            pixel.0 = pixel
                .0
                .map(|part| (i16::from(part) + noise).clamp(0, 255) as u8);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;

    #[test]
    fn photos_are_jpegs_whose_previews_fit_the_protocol() {
        let mut rng = StdRng::seed_from_u64(3);
        let all = [
            Scenery::Crash,
            Scenery::Smoke,
            Scenery::Flood,
            Scenery::Tree,
            Scenery::Street,
        ];
        for scenery in all {
            let photo = take(scenery, &mut rng).unwrap();
            assert!(photo.preview.len() <= 131_072, "{} B", photo.preview.len());
            assert!(photo.original.starts_with(&[0xff, 0xd8]) && photo.original.len() > 50_000);
            let read = image::load_from_memory(&photo.preview).unwrap();
            assert_eq!((read.width(), read.height()), PREVIEW);
        }
    }
}
