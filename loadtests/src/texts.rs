//! Text commands, encoded once and patched for each message.
//!
//! Owns: the frame of a text command with its id and the time it was sent at, and how both are read back. Must not: send.
//! Called by: `scene`.

use anyhow::{Context as _, Result, anyhow};
use callbox_proto::codec::Encoding;
use callbox_proto::command::ResidentCommand;
use callbox_proto::ids::CommandId;
use callbox_proto::message::FromResident;

/// Digits of a sending time in µs, at the head of each text: enough for three days.
const TIME_DIGITS: usize = 12;
/// Stands for the time until it is known.
const NO_TIME: &str = "############";
/// Stands for the id until it is known.
const NO_ID: &str = "feedfacefeedfacefeedfacefeedface";
/// What the rest of a text says. No rule of triage fires on it, so that its cost is a text's and no more.
const WORDS: &str =
    " we are standing beside the blue gate next to the bakery and can see the road from here,";

/// Makes text frames.
#[derive(Debug, Clone)]
pub struct TextFrames {
    frame: Vec<u8>,
    id_at: usize,
    time_at: usize,
}

impl TextFrames {
    /// Frames whose texts have this many bytes (at least the time's).
    ///
    /// # Errors
    /// When a text cannot be encoded.
    pub fn new(encoding: Encoding, text_bytes: usize) -> Result<Self> {
        let words = WORDS
            .chars()
            .cycle()
            .take(text_bytes.saturating_sub(TIME_DIGITS));
        let id: CommandId = NO_ID.parse()?;
        let message = FromResident::Do {
            id,
            command: ResidentCommand::Text {
                text: NO_TIME.chars().chain(words).collect(),
                age_ms: 0,
            },
        };
        let frame = encoding
            .encode(&message)
            .map_err(|code| anyhow!("{}", code.sentence()))?;
        let find = |mark: &str| {
            let mut places = frame.windows(mark.len());
            places.position(|place| place == mark.as_bytes())
        };
        Ok(Self {
            id_at: find(NO_ID).context("the id stands in the frame as text")?,
            time_at: find(NO_TIME).context("the text stands in the frame as it is")?,
            frame,
        })
    }

    /// A frame with this id and time of sending.
    #[must_use]
    pub fn frame(&mut self, id: u128, sent_us: u64) -> Vec<u8> {
        write_hex(&mut self.frame[self.id_at..][..NO_ID.len()], id);
        write_hex(
            &mut self.frame[self.time_at..][..TIME_DIGITS],
            sent_us.into(),
        );
        self.frame.clone()
    }
}

/// The time of sending at the head of a text.
#[must_use]
pub fn sent_us(text: &[u8]) -> Option<u64> {
    let digits = std::str::from_utf8(text.get(..TIME_DIGITS)?).ok()?;
    u64::from_str_radix(digits, 16).ok()
}

fn write_hex(digits: &mut [u8], number: u128) {
    let places = digits.len();
    for (place, digit) in digits.iter_mut().enumerate() {
        let nibble = (number >> (4 * (places - 1 - place))) & 0xf;
        *digit = b"0123456789abcdef"[nibble as usize];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patched_frame_is_the_text_with_its_id_and_time() {
        for encoding in Encoding::ALL {
            let mut frames = TextFrames::new(encoding, 200).unwrap();
            for (id, time) in [(1, 0), (u128::MAX, 0xffff_ffff), (0xabc << 64, 77)] {
                let frame = frames.frame(id, time);
                let FromResident::Do { id: read, command } = encoding.decode(&frame).unwrap()
                else {
                    panic!("another message");
                };
                assert_eq!(read.as_u128(), id);
                let ResidentCommand::Text { text, .. } = command else {
                    panic!("another command");
                };
                assert_eq!(text.len(), 200);
                assert_eq!(sent_us(text.as_bytes()), Some(time));
            }
        }
    }

    #[test]
    fn other_texts_have_no_time_of_sending() {
        assert_eq!(sent_us(b"short"), None);
        assert_eq!(sent_us("été été été".as_bytes()), None);
    }
}
