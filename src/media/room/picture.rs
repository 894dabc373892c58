//! Finds the packet that begins a key frame, without decoding anything.
//!
//! Owns: reading the first bytes of a payload. Must not: read past them: payloads are strangers' bytes. Called by: `actor`.

use crate::media::kinds::Codec;

/// Whether `payload` begins a key frame of `codec`. Sound has none.
pub(super) fn begins_key_frame(codec: Codec, payload: &[u8]) -> bool {
    match codec {
        Codec::Opus => false,
        Codec::Vp8 => vp8(payload).unwrap_or(false),
        Codec::H264 => h264(payload).unwrap_or(false),
    }
}

/// RFC 7741, sections 4.2 and 4.3: start of partition 0, then the inverse key frame bit of the payload header.
fn vp8(payload: &[u8]) -> Option<bool> {
    let first = *payload.first()?;
    if first & 0x10 == 0 || first & 0x07 != 0 {
        return Some(false);
    }
    let mut at = 1;
    if first & 0x80 != 0 {
        let extensions = *payload.get(at)?;
        at += 1;
        if extensions & 0x80 != 0 {
            at += if payload.get(at)? & 0x80 != 0 { 2 } else { 1 };
        }
        at += usize::from(extensions & 0x40 != 0);
        at += usize::from(extensions & 0x30 != 0);
    }
    Some(payload.get(at)? & 0x01 == 0)
}

const IDR: u8 = 5;
const PARAMETERS: u8 = 7;
const AGGREGATE: u8 = 24;
const FRAGMENT: u8 = 28;

/// RFC 6184: a parameter set or an IDR slice, alone, inside an aggregate, or as the first fragment.
fn h264(payload: &[u8]) -> Option<bool> {
    let kind = payload.first()? & 0x1f;
    match kind {
        IDR | PARAMETERS => Some(true),
        FRAGMENT => {
            let header = payload.get(1)?;
            Some(header & 0x80 != 0 && header & 0x1f == IDR)
        }
        AGGREGATE => {
            let mut rest = &payload[1..];
            while let [high, low, unit @ ..] = rest {
                let length = usize::from(u16::from_be_bytes([*high, *low]));
                if matches!(unit.first()? & 0x1f, IDR | PARAMETERS) {
                    return Some(true);
                }
                rest = unit.get(length..)?;
            }
            Some(false)
        }
        _ => Some(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vp8_key_frames_are_found_behind_every_form_of_descriptor() {
        assert!(begins_key_frame(Codec::Vp8, &[0x10, 0x00]));
        assert!(!begins_key_frame(Codec::Vp8, &[0x10, 0x01]));
        assert!(!begins_key_frame(Codec::Vp8, &[0x00, 0x00]), "not a start");
        let long = [0x90, 0xf0, 0x80, 0x01, 0x02, 0x03, 0x00];
        assert!(begins_key_frame(Codec::Vp8, &long));
    }

    #[test]
    fn h264_key_frames_are_found_alone_aggregated_and_fragmented() {
        assert!(begins_key_frame(Codec::H264, &[0x67, 1]));
        assert!(begins_key_frame(Codec::H264, &[0x65, 1]));
        assert!(begins_key_frame(
            Codec::H264,
            &[0x78, 0, 2, 0x09, 0, 0, 2, 0x67, 1]
        ));
        assert!(begins_key_frame(Codec::H264, &[0x7c, 0x85, 1]));
        assert!(!begins_key_frame(Codec::H264, &[0x7c, 0x05, 1]), "middle");
        assert!(!begins_key_frame(Codec::H264, &[0x61, 1]));
    }

    #[test]
    fn no_payload_makes_it_fail() {
        for codec in [Codec::Vp8, Codec::H264, Codec::Opus] {
            for length in 0..6 {
                for byte in 0..=255u8 {
                    let _ = begins_key_frame(codec, &vec![byte; length]);
                }
            }
        }
    }
}
