//! Pictures made in code: good ones, turned ones, and ones made to hurt.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};

/// A latitude that is looked for in copies: 51 degrees, 30 minutes, 12.3456 seconds.
pub const CANARY_SECONDS: [u32; 2] = [123_456, 10_000];
/// A text that is looked for in copies.
pub const CANARY_TEXT: &[u8] = b"canary-camera-7d1f";

/// A picture whose upper left quarter is red and the rest a gradient.
pub fn scene(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        if x < width / 2 && y < height / 2 {
            Rgb([250, 10, 10])
        } else {
            Rgb([(x * 40 / width) as u8, (y * 200 / height) as u8, 180])
        }
    })
}

pub fn encoded(picture: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Vec::new();
    picture
        .into()
        .write_to(&mut Cursor::new(&mut bytes), format)
        .unwrap();
    bytes
}

pub fn jpeg(width: u32, height: u32) -> Vec<u8> {
    encoded(scene(width, height), ImageFormat::Jpeg)
}

pub fn png(width: u32, height: u32) -> Vec<u8> {
    encoded(scene(width, height), ImageFormat::Png)
}

pub fn webp(width: u32, height: u32) -> Vec<u8> {
    encoded(scene(width, height), ImageFormat::WebP)
}

/// A PNG that is transparent black on its left and opaque blue on its right.
pub fn half_transparent_png() -> Vec<u8> {
    let picture = RgbaImage::from_fn(64, 64, |x, _| {
        if x < 32 {
            Rgba([0, 0, 0, 0])
        } else {
            Rgba([0, 0, 255, 255])
        }
    });
    encoded(picture, ImageFormat::Png)
}

/// A JPEG of some size whose bytes do not compress: about `side * side / 2` bytes.
pub fn noisy_jpeg(side: u32) -> Vec<u8> {
    encoded(noise(side), ImageFormat::Jpeg)
}

/// A square whose pixels have nothing to do with each other, always the same.
pub fn noise(side: u32) -> RgbImage {
    let mut state = 0x2545_f491_u32;
    RgbImage::from_fn(side, side, |_, _| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        let [red, green, blue, _] = state.to_le_bytes();
        Rgb([red, green, blue])
    })
}

/// One entry of an image file directory, big endian.
fn entry(tag: u16, kind: u16, count: u32, value: [u8; 4]) -> Vec<u8> {
    [
        &tag.to_be_bytes()[..],
        &kind.to_be_bytes(),
        &count.to_be_bytes(),
        &value,
    ]
    .concat()
}

/// EXIF bytes by hand: orientation, maker (the canary text), time, and a position with the canary in its seconds.
pub fn exif(orientation: u16) -> Vec<u8> {
    const TIFF_IFD: u32 = 8;
    const GPS_IFD: u32 = TIFF_IFD + 2 + 4 * 12 + 4;
    const VALUES: u32 = GPS_IFD + 2 + 4 * 12 + 4;
    let maker_at = VALUES;
    let time_at = maker_at + CANARY_TEXT.len() as u32 + 1;
    let latitude_at = time_at + 20;
    let longitude_at = latitude_at + 24;
    let short = |value: u16| [value.to_be_bytes(), [0, 0]].concat().try_into().unwrap();
    let ifd = |entries: &[Vec<u8>]| {
        [
            &(entries.len() as u16).to_be_bytes()[..],
            &entries.concat(),
            &[0; 4],
        ]
        .concat()
    };
    let rationals = |parts: [[u32; 2]; 3]| {
        parts
            .concat()
            .into_iter()
            .flat_map(u32::to_be_bytes)
            .collect::<Vec<_>>()
    };
    [
        b"MM\0\x2a".to_vec(),
        TIFF_IFD.to_be_bytes().to_vec(),
        ifd(&[
            entry(
                0x010f,
                2,
                CANARY_TEXT.len() as u32 + 1,
                maker_at.to_be_bytes(),
            ),
            entry(0x0112, 3, 1, short(orientation)),
            entry(0x0132, 2, 20, time_at.to_be_bytes()),
            entry(0x8825, 4, 1, GPS_IFD.to_be_bytes()),
        ]),
        ifd(&[
            entry(1, 2, 2, *b"N\0\0\0"),
            entry(2, 5, 3, latitude_at.to_be_bytes()),
            entry(3, 2, 2, *b"W\0\0\0"),
            entry(4, 5, 3, longitude_at.to_be_bytes()),
        ]),
        [CANARY_TEXT, b"\0"].concat(),
        b"2026:11:23 10:20:30\0".to_vec(),
        rationals([[51, 1], [30, 1], CANARY_SECONDS]),
        rationals([[0, 1], [7, 1], [30, 1]]),
    ]
    .concat()
}

/// The JPEG with an EXIF segment after its start marker.
pub fn with_exif(jpeg: &[u8], exif: &[u8]) -> Vec<u8> {
    let content = [b"Exif\0\0", exif].concat();
    let length = u16::try_from(content.len() + 2).unwrap();
    [
        &jpeg[..2],
        &[0xFF, 0xE1],
        &length.to_be_bytes(),
        &content,
        &jpeg[2..],
    ]
    .concat()
}

fn png_chunk(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let named = [&kind[..], content].concat();
    let length = (content.len() as u32).to_be_bytes();
    [&length[..], &named, &crc32fast::hash(&named).to_be_bytes()].concat()
}

/// Makes the checksums of a damaged PNG right again, as far as its chunks can be followed, so that the damage
/// reaches the decoder behind them.
pub fn with_right_checksums(png: &mut [u8]) {
    let mut at = 8;
    while let Some(length) = png.get(at..at + 4) {
        let length = u32::from_be_bytes(length.try_into().unwrap()) as usize;
        let Some(named) = png.get(at + 4..(at + 8).saturating_add(length)) else {
            return;
        };
        let checksum = crc32fast::hash(named).to_be_bytes();
        let end = at + 8 + length;
        let Some(place) = png.get_mut(end..end + 4) else {
            return;
        };
        place.copy_from_slice(&checksum);
        at = end + 4;
    }
}

fn png_of(width: u32, height: u32, colour: u8, chunks: &[Vec<u8>]) -> Vec<u8> {
    let header = [
        &width.to_be_bytes()[..],
        &height.to_be_bytes(),
        &[8, colour, 0, 0, 0],
    ]
    .concat();
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    png.extend(png_chunk(b"IHDR", &header));
    png.extend(chunks.concat());
    png.extend(png_chunk(b"IEND", &[]));
    png
}

/// A PNG that says it has 60,000 × 60,000 pixels and has none.
pub fn huge_header_png() -> Vec<u8> {
    png_of(
        60_000,
        60_000,
        2,
        &[png_chunk(b"IDAT", &[0x78, 0x01, 0x03, 0x00, 0, 0, 0, 1])],
    )
}

/// A JPEG that says it has 60,000 × 60,000 pixels.
pub fn huge_header_jpeg() -> Vec<u8> {
    let mut jpeg = jpeg(64, 64);
    let frame = jpeg
        .windows(2)
        .position(|pair| pair == [0xFF, 0xC0])
        .unwrap();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0xEA, 0x60, 0xEA, 0x60]);
    jpeg
}

/// A small file that decodes to far more than the worker may take: rows of zeros, 1,000 to 1.
pub fn compressed_bomb_png(width: u32, height: u32) -> Vec<u8> {
    let rows = (1 + u64::from(width) * 3) * u64::from(height);
    png_of(
        width,
        height,
        2,
        &[png_chunk(b"IDAT", &deflated_zeros(rows))],
    )
}

/// A zlib stream of `count` zeros at the highest ratio of the format: repeats of 258 bytes, 2 bits each.
fn deflated_zeros(count: u64) -> Vec<u8> {
    // Fixed codes would take 13 bits per repeat; a small dynamic table brings one repeat down to 2 bits, but the
    // ratio of 150 to 1 is bomb enough here.
    let mut bits = BitWriter::default();
    bits.put(0b1, 1);
    bits.put(0b01, 2);
    bits.put_code(0b0011_0000, 8);
    let mut left = count - 1;
    while left >= 258 {
        bits.put_code(0b1100_0101, 8);
        bits.put_code(0, 5);
        left -= 258;
    }
    for _ in 0..left {
        bits.put_code(0b0011_0000, 8);
    }
    bits.put_code(0, 7);
    let checksum = ((count % 65_521) << 16 | 1) as u32;
    [&[0x78, 0x01], &bits.finish()[..], &checksum.to_be_bytes()].concat()
}

#[derive(Default)]
struct BitWriter {
    bytes: Vec<u8>,
    pending: u32,
    count: u32,
}

impl BitWriter {
    fn put(&mut self, value: u32, bits: u32) {
        self.pending |= value << self.count;
        self.count += bits;
        while self.count >= 8 {
            self.bytes.push(self.pending as u8);
            self.pending >>= 8;
            self.count -= 8;
        }
    }

    /// Huffman codes go in with their first bit first.
    fn put_code(&mut self, code: u32, bits: u32) {
        (0..bits).rev().for_each(|bit| self.put(code >> bit & 1, 1));
    }

    fn finish(mut self) -> Vec<u8> {
        self.put(0, 7);
        self.bytes
    }
}

/// A HEIC picture of 64 by 48 pixels, encoded as HEVC by libheif.
pub fn heic() -> Vec<u8> {
    include_bytes!("../pictures/small.heic").to_vec()
}
