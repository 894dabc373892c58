//! Frames: messages to bytes and back, checked before they are decoded.
//!
//! Owns: the two encodings and the checks that keep hostile input from costing stack or memory. Must not: know what a
//! message means. Used by: `transport`, the load generator, tests.

use std::cell::Cell;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::ErrorCode;
use crate::ids::CommandId;

/// Deepest nesting of a message. Ours need 6; the walk below keeps a hostile frame from exhausting the stack.
pub const DEPTH_MAX: usize = 32;
/// Most elements (values, map keys and values counted) in a message to the gateway.
pub const ELEMENTS_MAX: usize = 4_096;
/// Most elements in a message from the gateway: a list of 1,500 rows of some 80 elements.
pub const ELEMENTS_FROM_GATEWAY_MAX: usize = 262_144;

/// Bytes that a thread keeps to encode into. A longer message gets room of its own, which is given back.
const SCRATCH_MAX_BYTES: usize = 64 * 1024;

thread_local! {
    static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// How messages travel; chosen by the WebSocket subprotocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// `callbox.v1.msgpack`: binary frames.
    MessagePack,
    /// `callbox.v1.json`: text frames.
    Json,
}

impl Encoding {
    /// Both, preferred first.
    pub const ALL: [Self; 2] = [Self::MessagePack, Self::Json];

    /// Name of the WebSocket subprotocol.
    #[must_use]
    pub const fn subprotocol(self) -> &'static str {
        match self {
            Self::MessagePack => "callbox.v1.msgpack",
            Self::Json => "callbox.v1.json",
        }
    }

    /// Encodes a message. Every wire type encodes; a failure is a fault of ours.
    ///
    /// # Errors
    /// [`ErrorCode::Internal`] if a type refuses to be encoded.
    pub fn encode<T: Serialize>(self, message: &T) -> Result<Vec<u8>, ErrorCode> {
        match self {
            Self::MessagePack => to_msgpack(message),
            Self::Json => serde_json::to_vec(message).map_err(|_| ErrorCode::Internal),
        }
    }

    /// Checks and decodes a message from the gateway, whose lists may be long.
    ///
    /// # Errors
    /// As [`Self::decode`].
    pub fn decode_from_gateway<T: DeserializeOwned>(self, frame: &[u8]) -> Result<T, ErrorCode> {
        self.decode_within(frame, ELEMENTS_FROM_GATEWAY_MAX)
    }

    /// Checks and decodes a message to the gateway.
    ///
    /// # Errors
    /// [`ErrorCode::TooDeep`], [`ErrorCode::UnknownKind`] when only the kind is unknown, else
    /// [`ErrorCode::MalformedMessage`].
    pub fn decode<T: DeserializeOwned>(self, frame: &[u8]) -> Result<T, ErrorCode> {
        self.decode_within(frame, ELEMENTS_MAX)
    }

    fn decode_within<T: DeserializeOwned>(
        self,
        frame: &[u8],
        elements_max: usize,
    ) -> Result<T, ErrorCode> {
        match self {
            Self::MessagePack => check_msgpack(frame, elements_max)?,
            Self::Json => check_json(frame, elements_max)?,
        }
        self.decode_checked(frame).map_err(|reason| {
            let unknown = |kind: &Option<String>| {
                let told = |kind: &String| reason.contains(&format!("unknown variant `{kind}`"));
                kind.as_ref().is_some_and(told)
            };
            match self.decode_checked::<Envelope>(frame) {
                Ok(e)
                    if unknown(&e.kind) || e.command.as_ref().is_some_and(|c| unknown(&c.kind)) =>
                {
                    ErrorCode::UnknownKind
                }
                _ => ErrorCode::MalformedMessage,
            }
        })
    }

    /// The command or request id of a frame that could not be decoded, so that its error can name it.
    #[must_use]
    pub fn peek_id(self, frame: &[u8]) -> Option<CommandId> {
        match self {
            Self::MessagePack => check_msgpack(frame, ELEMENTS_MAX).ok()?,
            Self::Json => check_json(frame, ELEMENTS_MAX).ok()?,
        }
        let envelope = self.decode_checked::<Envelope>(frame).ok()?;
        envelope.id?.parse().ok()
    }

    fn decode_checked<T: DeserializeOwned>(self, frame: &[u8]) -> Result<T, String> {
        match self {
            Self::MessagePack => from_msgpack(frame).map_err(|error| error.to_string()),
            Self::Json => serde_json::from_slice(frame).map_err(|error| error.to_string()),
        }
    }
}

/// Encodes as MessagePack with names. What grows while it is written is a buffer of this thread: each value costs one allocation, of
/// just its length, where a vector that grows would cost as many as it doubles.
///
/// # Errors
/// [`ErrorCode::Internal`] if a type refuses to be encoded.
pub fn to_msgpack<T: Serialize>(value: &T) -> Result<Vec<u8>, ErrorCode> {
    let mut scratch = SCRATCH.take();
    scratch.clear();
    let written = rmp_serde::encode::write_named(&mut scratch, value);
    let encoded = written.map(|()| scratch.as_slice().to_vec());
    if scratch.capacity() <= SCRATCH_MAX_BYTES {
        SCRATCH.set(scratch);
    }
    encoded.map_err(|_| ErrorCode::Internal)
}

/// What can be told of a frame that is not a known message.
#[derive(Deserialize)]
struct Envelope {
    kind: Option<String>,
    id: Option<String>,
    command: Option<Inner>,
}

#[derive(Deserialize)]
struct Inner {
    kind: Option<String>,
}

/// Decodes MessagePack with our own depth bound; trailing bytes are an error.
fn from_msgpack<T: DeserializeOwned>(frame: &[u8]) -> Result<T, rmp_serde::decode::Error> {
    let mut input = rmp_serde::Deserializer::from_read_ref(frame);
    input.set_max_depth(DEPTH_MAX + 2);
    T::deserialize(&mut input)
}

/// Walks the headers of a MessagePack frame without recursion: exactly one value, no deeper than [`DEPTH_MAX`], no more than
/// `elements_max` elements, every declared length within the bytes that are left.
fn check_msgpack(frame: &[u8], elements_max: usize) -> Result<(), ErrorCode> {
    let mut rest = frame;
    let mut elements = 0usize;
    // How many values are still to come on each open level.
    let mut open = [0u64; DEPTH_MAX + 1];
    let mut depth = 0usize;
    open[0] = 1;
    loop {
        while open[depth] == 0 {
            if depth == 0 {
                return if rest.is_empty() {
                    Ok(())
                } else {
                    Err(ErrorCode::MalformedMessage)
                };
            }
            depth -= 1;
        }
        open[depth] -= 1;
        elements += 1;
        if elements > elements_max {
            return Err(ErrorCode::TooDeep);
        }
        let header = msgpack_header(&mut rest)?;
        let left = rest.len() as u64;
        match header {
            Header::Leaf(bytes) => {
                let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
                rest = rest.get(bytes..).ok_or(ErrorCode::MalformedMessage)?;
            }
            Header::Nested(values) => {
                // Each value needs at least one byte.
                if values > left {
                    return Err(ErrorCode::MalformedMessage);
                }
                if depth == DEPTH_MAX {
                    return Err(ErrorCode::TooDeep);
                }
                depth += 1;
                open[depth] = values;
            }
        }
    }
}

enum Header {
    /// A value with this many bytes after its header.
    Leaf(u64),
    /// An array or map with this many values (a map's keys counted).
    Nested(u64),
}

fn msgpack_header(rest: &mut &[u8]) -> Result<Header, ErrorCode> {
    let (&marker, tail) = rest.split_first().ok_or(ErrorCode::MalformedMessage)?;
    *rest = tail;
    let header = match marker {
        0x00..=0x7f | 0xe0..=0xff | 0xc0 | 0xc2 | 0xc3 => Header::Leaf(0),
        0x80..=0x8f => Header::Nested(2 * u64::from(marker & 0x0f)),
        0x90..=0x9f => Header::Nested(u64::from(marker & 0x0f)),
        0xa0..=0xbf => Header::Leaf(u64::from(marker & 0x1f)),
        0xc4 | 0xd9 => Header::Leaf(big_endian(rest, 1)?),
        0xc5 | 0xda => Header::Leaf(big_endian(rest, 2)?),
        0xc6 | 0xdb => Header::Leaf(big_endian(rest, 4)?),
        0xcc | 0xd0 => Header::Leaf(1),
        0xcd | 0xd1 => Header::Leaf(2),
        0xca | 0xce | 0xd2 => Header::Leaf(4),
        0xcb | 0xcf | 0xd3 => Header::Leaf(8),
        0xdc => Header::Nested(big_endian(rest, 2)?),
        0xdd => Header::Nested(big_endian(rest, 4)?),
        0xde => Header::Nested(2 * big_endian(rest, 2)?),
        0xdf => Header::Nested(2 * big_endian(rest, 4)?),
        // Extension types are not part of this protocol; 0xc1 is never used.
        _ => return Err(ErrorCode::MalformedMessage),
    };
    Ok(header)
}

fn big_endian(rest: &mut &[u8], bytes: usize) -> Result<u64, ErrorCode> {
    let (number, tail) = rest
        .split_at_checked(bytes)
        .ok_or(ErrorCode::MalformedMessage)?;
    *rest = tail;
    Ok(number
        .iter()
        .fold(0, |sum, byte| (sum << 8) | u64::from(*byte)))
}

/// Walks a JSON text without recursion: no deeper than [`DEPTH_MAX`], no more than `elements_max` elements. Whether it is
/// JSON at all is the decoder's business.
fn check_json(text: &[u8], elements_max: usize) -> Result<(), ErrorCode> {
    let (mut depth, mut elements) = (0usize, 0usize);
    let (mut in_string, mut escaped) = (false, false);
    for byte in text {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => {
                depth += 1;
                if depth > DEPTH_MAX {
                    return Err(ErrorCode::TooDeep);
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' | b':' => {
                elements += 1;
                if elements > elements_max {
                    return Err(ErrorCode::TooDeep);
                }
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::ResidentCommand;
    use crate::message::FromResident;

    fn text(id: &str) -> FromResident {
        FromResident::Do {
            id: id.parse().unwrap(),
            command: ResidentCommand::Text {
                text: "hello".into(),
                age_ms: 0,
            },
        }
    }

    #[test]
    fn a_message_survives_both_encodings() {
        let message = text("000102030405060708090a0b0c0d0e0f");
        for encoding in Encoding::ALL {
            let frame = encoding.encode(&message).unwrap();
            assert_eq!(encoding.decode::<FromResident>(&frame), Ok(message.clone()));
        }
    }

    #[test]
    fn a_value_takes_just_its_bytes_also_after_a_long_one() {
        for length in [10, 2 * SCRATCH_MAX_BYTES, 20] {
            let value = vec!["x".repeat(length)];
            let encoded = to_msgpack(&value).unwrap();
            assert_eq!(encoded.capacity(), encoded.len());
            assert_eq!(encoded, rmp_serde::to_vec_named(&value).unwrap());
        }
    }

    #[test]
    fn bytes_are_raw_in_messagepack_and_base64_in_json() {
        let hello = FromResident::Hello {
            client: "test".into(),
            key: crate::bytes::Bytes(vec![4; 65]),
            signature: crate::bytes::Bytes(vec![255; 64]),
            agency: None,
        };
        for encoding in Encoding::ALL {
            let frame = encoding.encode(&hello).unwrap();
            assert_eq!(encoding.decode::<FromResident>(&frame), Ok(hello.clone()));
        }
        let frame = Encoding::MessagePack.encode(&hello).unwrap();
        assert!(frame.windows(64).any(|w| w == [255; 64]));
    }

    #[test]
    fn an_unknown_kind_is_told_from_a_malformed_message() {
        let json = |text: &str| Encoding::Json.decode::<FromResident>(text.as_bytes());
        assert_eq!(json(r#"{"kind":"dance"}"#), Err(ErrorCode::UnknownKind));
        let inner =
            r#"{"kind":"do","id":"000102030405060708090a0b0c0d0e0f","command":{"kind":"dance"}}"#;
        assert_eq!(json(inner), Err(ErrorCode::UnknownKind));
        assert!(Encoding::Json.peek_id(inner.as_bytes()).is_some());
        for bad in [
            "",
            "{}",
            "[]",
            "null",
            r#"{"kind":"ping","n":1.5}"#,
            r#"{"kind":"ping","n":-1}"#,
            r#"{"kind":"ping"}"#,
        ] {
            assert_eq!(json(bad), Err(ErrorCode::MalformedMessage), "{bad}");
        }
    }

    #[test]
    fn unknown_fields_are_ignored_and_the_kind_may_come_last() {
        let json = br#"{"colour":"red","n":7,"kind":"ping"}"#;
        assert_eq!(Encoding::Json.decode(json), Ok(FromResident::Ping { n: 7 }));
    }

    #[test]
    fn deep_nesting_is_refused_before_it_is_decoded() {
        for depth in [33, 1_024, 100_000] {
            let nested = [vec![0x91; depth], vec![0xc0]].concat();
            let refused = Encoding::MessagePack.decode::<FromResident>(&nested);
            assert_eq!(refused, Err(ErrorCode::TooDeep), "{depth}");
            let nested = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
            let refused = Encoding::Json.decode::<FromResident>(nested.as_bytes());
            assert_eq!(refused, Err(ErrorCode::TooDeep), "{depth}");
        }
        let nested = [vec![0x91; 32], vec![0xc0]].concat();
        let refused = Encoding::MessagePack.decode::<FromResident>(&nested);
        assert_eq!(refused, Err(ErrorCode::MalformedMessage));
    }

    #[test]
    fn declared_lengths_stay_within_the_frame() {
        for lie in [
            &[0xdf, 0xff, 0xff, 0xff, 0xff][..],
            &[0xdd, 0x7f, 0, 0, 0],
            &[0xc6, 0xff, 0xff, 0xff, 0xff],
            &[0xdb, 0, 1],
        ] {
            let refused = Encoding::MessagePack.decode::<FromResident>(lie);
            assert_eq!(refused, Err(ErrorCode::MalformedMessage), "{lie:x?}");
        }
        let many = [vec![0xdc, 0x13, 0x88], vec![0xc0; 5_000]].concat();
        assert_eq!(
            Encoding::MessagePack.decode::<FromResident>(&many),
            Err(ErrorCode::TooDeep)
        );
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_the_decoder_panic(frame in proptest::collection::vec(proptest::num::u8::ANY, 0..512)) {
            for encoding in Encoding::ALL {
                let _ = encoding.decode::<FromResident>(&frame);
                let _ = encoding.decode::<crate::message::FromStaff>(&frame);
                let _ = encoding.peek_id(&frame);
            }
        }
    }
}
