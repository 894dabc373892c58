//! The demo's clip: VP8 pictures out of an IVF file, and the RTP payloads that carry them (RFC 7741).
//!
//! Owns: reading the file within bounds and cutting a picture into payloads. Must not: send anything. Called by: `video`.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

/// The clip that is built in; `config/demo/README.md` says how it is made.
const BUILT_IN: &[u8] = include_bytes!("../../../config/demo/street.ivf");
/// Bytes of an IVF file before its first picture.
const HEADER_BYTES: usize = 32;
/// Bytes before each picture: its length (4) and its time (8).
const PICTURE_HEADER_BYTES: usize = 12;
/// Most pictures of a clip: a minute and a half at ten a second is more than a loop needs.
const PICTURES_MAX: usize = 1_000;
/// Most bytes of one picture: a key frame of this size would take half a second on a slow radio link.
const PICTURE_MAX_BYTES: usize = 64 * 1_024;
/// Most pictures a second.
const RATE_MAX: u32 = 60;
/// Most bytes of a payload: with RTP's header, its extensions and SRTP's tag it stays within 1,200 bytes, which every path carries.
const PAYLOAD_MAX_BYTES: usize = 1_150;
/// The payload descriptor of a picture's first packet (start of partition 0), and of the others.
const DESCRIPTOR: (u8, u8) = (0x10, 0x00);

/// Pictures in their order.
#[derive(Debug)]
pub struct Clip<'a> {
    pictures: Vec<&'a [u8]>,
    every: Duration,
}

impl Clip<'static> {
    /// The clip that is built in.
    ///
    /// # Errors
    /// When the program was built with a broken file.
    pub fn built_in() -> Result<Self> {
        Self::read(BUILT_IN).context("the built-in clip")
    }
}

impl<'a> Clip<'a> {
    /// Reads an IVF file with VP8 that begins with a key frame.
    ///
    /// # Errors
    /// When it is none, is cut, or is larger than the bounds.
    pub fn read(file: &'a [u8]) -> Result<Self> {
        let (header, mut rest) = split(file, HEADER_BYTES).context("it has no header")?;
        ensure!(header.starts_with(b"DKIF"), "it is no IVF file");
        ensure!(&header[8..12] == b"VP80", "its pictures are not VP8");
        let (rate, scale) = (number(&header[16..20]), number(&header[20..24]));
        ensure!(
            scale > 0 && rate >= scale && rate / scale <= RATE_MAX,
            "it has 1 to {RATE_MAX} pictures a second"
        );
        let mut pictures = Vec::new();
        while !rest.is_empty() {
            let (header, after) = split(rest, PICTURE_HEADER_BYTES).context("it is cut")?;
            let length = usize::try_from(number(&header[..4]))?;
            ensure!(
                (1..=PICTURE_MAX_BYTES).contains(&length),
                "a picture has 1 to {PICTURE_MAX_BYTES} bytes"
            );
            let (picture, after) = split(after, length).context("it is cut")?;
            pictures.push(picture);
            ensure!(
                pictures.len() <= PICTURES_MAX,
                "it has more than {PICTURES_MAX} pictures"
            );
            rest = after;
        }
        let begins = pictures.first().context("it has no picture")?;
        ensure!(is_key_frame(begins), "it does not begin with a key frame");
        let every = Duration::from_secs(1) * scale / rate;
        Ok(Self { pictures, every })
    }

    /// Time between two pictures.
    #[must_use]
    pub fn every(&self) -> Duration {
        self.every
    }

    /// The picture at this place of the endless loop.
    #[must_use]
    pub fn picture(&self, place: usize) -> &'a [u8] {
        self.pictures[place % self.pictures.len()]
    }

    /// The first place from this one on that is a key frame's.
    #[must_use]
    pub fn key_frame_from(&self, place: usize) -> usize {
        let loops = place..place + self.pictures.len();
        let mut keys = loops.filter(|place| is_key_frame(self.picture(*place)));
        keys.next().unwrap_or(0)
    }
}

/// The RTP payloads of one picture, in order; the last one's packet carries the marker.
pub fn payloads(picture: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let parts = picture.chunks(PAYLOAD_MAX_BYTES - 1).enumerate();
    parts.map(|(n, part)| {
        let descriptor = if n == 0 { DESCRIPTOR.0 } else { DESCRIPTOR.1 };
        let mut payload = Vec::with_capacity(1 + part.len());
        payload.push(descriptor);
        payload.extend_from_slice(part);
        payload
    })
}

/// The first bit of a VP8 picture is 0 in key frames only (RFC 6386, 9.1).
fn is_key_frame(picture: &[u8]) -> bool {
    picture.first().is_some_and(|byte| byte & 1 == 0)
}

fn split(bytes: &[u8], at: usize) -> Option<(&[u8], &[u8])> {
    bytes.split_at_checked(at)
}

/// A number of four bytes, the lowest first.
fn number(bytes: &[u8]) -> u32 {
    let digits = bytes.iter().rev();
    digits.fold(0, |sum, byte| (sum << 8) | u32::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_clip_is_ten_seconds_with_a_key_frame_every_two() {
        let clip = Clip::built_in().unwrap();
        assert_eq!(clip.pictures.len(), 100);
        assert_eq!(clip.every(), Duration::from_millis(100));
        assert!(is_key_frame(clip.picture(0)), "it begins with a key frame");
        for place in 0..100 {
            assert!(clip.key_frame_from(place) - place <= 20, "place {place}");
        }
        assert_eq!(clip.key_frame_from(20), 20);
        assert_eq!(clip.key_frame_from(81), 100, "the loop's beginning");
        assert!(BUILT_IN.len() <= 250_000, "it stays small");
    }

    #[test]
    fn a_picture_is_whole_again_after_its_packets() {
        let clip = Clip::built_in().unwrap();
        let picture = clip.picture(0);
        assert!(picture.len() > PAYLOAD_MAX_BYTES, "it needs several");
        let packets: Vec<_> = payloads(picture).collect();
        let starts: Vec<_> = packets.iter().map(|packet| packet[0]).collect();
        assert_eq!(starts[0], 0x10, "only the first begins a partition");
        assert!(starts[1..].iter().all(|descriptor| *descriptor == 0));
        assert!(packets.iter().all(|p| p.len() <= PAYLOAD_MAX_BYTES));
        let parts: Vec<_> = packets.iter().map(|packet| &packet[1..]).collect();
        assert_eq!(parts.concat(), picture);
    }

    #[test]
    fn a_cut_file_is_refused_wherever_it_is_cut() {
        let whole = Clip::built_in().unwrap();
        let first = HEADER_BYTES + PICTURE_HEADER_BYTES + whole.picture(0).len();
        for length in 0..first {
            assert!(Clip::read(&BUILT_IN[..length]).is_err(), "{length} bytes");
        }
        assert_eq!(Clip::read(&BUILT_IN[..first]).unwrap().pictures.len(), 1);
    }

    #[test]
    fn a_broken_file_is_refused() {
        let broken = |at: usize, bytes: &[u8]| {
            let mut file = BUILT_IN.to_vec();
            file[at..at + bytes.len()].copy_from_slice(bytes);
            Clip::read(&file).is_err()
        };
        assert!(broken(0, b"RIFF"), "another container");
        assert!(broken(8, b"AV01"), "another codec");
        assert!(broken(16, &[0; 4]), "no rate");
        assert!(broken(20, &[0; 4]), "no scale");
        assert!(broken(16, &[0xff; 4]), "too fast");
        assert!(broken(HEADER_BYTES, &[0; 4]), "an empty picture");
        assert!(broken(HEADER_BYTES, &[0xff; 4]), "an endless picture");
        let picture = HEADER_BYTES + PICTURE_HEADER_BYTES;
        assert!(broken(picture, &[0x01]), "no key frame at the beginning");
    }
}
