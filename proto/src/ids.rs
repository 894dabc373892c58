//! Identifiers on the wire.
//!
//! Owns: the 128-bit ids (32 lower-case hexadecimal digits in both formats, because integers over 2^53 do not survive
//! JavaScript) and the short names of agencies, queues and people. Must not: make ids: randomness arrives from the
//! caller. Used by: every other crate.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use ts_rs::TS;

/// Why a text is not an identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// A 128-bit id is exactly 32 lower-case hexadecimal digits and not all zeros.
    #[error("an id is 32 lower-case hexadecimal digits, not all zeros")]
    NotHex128,
    /// A name is 1 to 64 characters out of `a-z 0-9 . _ -`.
    #[error("a name is 1 to 64 characters out of a-z, 0-9, '.', '_' and '-'")]
    NotAName,
}

macro_rules! id128 {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(u128);

        impl $name {
            /// An id from 128 random bits; `None` for zero, which stands for "no id" in fixed-size records.
            #[must_use]
            pub const fn from_u128(bits: u128) -> Option<Self> {
                if bits == 0 { None } else { Some(Self(bits)) }
            }

            /// The id that follows from a SHA-256: its first 128 bits, big-endian (all zeros count as one).
            #[must_use]
            pub fn from_sha256(digest: [u8; 32]) -> Self {
                let bits = digest
                    .iter()
                    .take(16)
                    .fold(0, |sum, byte| (sum << 8) | u128::from(*byte));
                Self(bits.max(1))
            }

            /// The 128 bits, for keys and fixed-size records.
            #[must_use]
            pub const fn as_u128(self) -> u128 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(hex128(self.0, &mut [0; 32]))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({:032x})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                parse_hex128(text).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
                out.serialize_str(hex128(self.0, &mut [0; 32]))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
                input.deserialize_str(Hex128Visitor).map(Self)
            }
        }

        impl TS for $name {
            type WithoutGenerics = Self;
            type OptionInnerType = Self;

            fn name(_: &ts_rs::Config) -> String {
                "string".to_owned()
            }

            fn inline(cfg: &ts_rs::Config) -> String {
                Self::name(cfg)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({
                    "type": "string",
                    "pattern": "^[0-9a-f]{32}$",
                    "description": "128-bit id, 32 lower-case hexadecimal digits, not all zeros"
                })
            }
        }
    };
}

id128! {
    /// One resident's live report; a Call in NENA i3.
    SessionId
}
id128! {
    /// An event in the world that several sessions report: the id of the session with which it began.
    IncidentId
}
id128! {
    /// Names one command for ever: doing it twice is doing it once. Made by the sender, at random.
    CommandId
}
id128! {
    /// One WebSocket connection, named by the gateway.
    ConnectionId
}
id128! {
    /// A resident, as far as the gateway knows one: the first 128 bits of the SHA-256 of the device's public key.
    ResidentId
}
id128! {
    /// One peer connection of the media plane.
    PeerId
}

impl From<SessionId> for IncidentId {
    fn from(session: SessionId) -> Self {
        Self(session.0)
    }
}

/// The value of each lower-case hexadecimal digit, and 255 for every other byte.
const NIBBLES: [u8; 256] = {
    let mut values = [u8::MAX; 256];
    let mut value = 0;
    while value < 16 {
        values[DIGITS[value as usize] as usize] = value;
        value += 1;
    }
    values
};

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// Ids are read and written several times for every message: byte by byte, since numbers of 128 bits are slow to shift.
fn parse_hex128(text: &str) -> Result<u128, IdError> {
    let digits: &[u8; 32] = text.as_bytes().try_into().map_err(|_| IdError::NotHex128)?;
    let mut bytes = [0; 16];
    let mut wrong = 0;
    for (byte, [high, low]) in bytes.iter_mut().zip(digits.as_chunks::<2>().0) {
        let (high, low) = (NIBBLES[*high as usize], NIBBLES[*low as usize]);
        wrong |= high | low;
        *byte = (high << 4) | (low & 0xf);
    }
    match u128::from_be_bytes(bytes) {
        bits if bits != 0 && wrong < 16 => Ok(bits),
        _ => Err(IdError::NotHex128),
    }
}

fn hex128(bits: u128, buffer: &mut [u8; 32]) -> &str {
    let pairs = buffer.as_chunks_mut::<2>().0;
    for ([high, low], byte) in pairs.iter_mut().zip(bits.to_be_bytes()) {
        *high = DIGITS[usize::from(byte >> 4)];
        *low = DIGITS[usize::from(byte & 0xf)];
    }
    std::str::from_utf8(buffer).unwrap_or_default()
}

struct Hex128Visitor;

impl de::Visitor<'_> for Hex128Visitor {
    type Value = u128;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("32 lower-case hexadecimal digits")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<u128, E> {
        parse_hex128(text).map_err(E::custom)
    }
}

macro_rules! name_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                let plain = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-');
                let valid = (1..=64).contains(&text.len()) && text.bytes().all(plain);
                if valid { Ok(Self(text.into())) } else { Err(IdError::NotAName) }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(input)?;
                text.parse().map_err(de::Error::custom)
            }
        }

        impl TS for $name {
            type WithoutGenerics = Self;
            type OptionInnerType = Self;

            fn name(_: &ts_rs::Config) -> String {
                "string".to_owned()
            }

            fn inline(cfg: &ts_rs::Config) -> String {
                Self::name(cfg)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({
                    "type": "string",
                    "pattern": "^[a-z0-9._-]{1,64}$"
                })
            }
        }
    };
}

name_id! {
    /// The organisation that owns queues, people and records: a domain name (`agencyId` of NENA i3).
    AgencyId
}
name_id! {
    /// Where sessions of an agency wait; the local part of the `queueUri` of NENA i3.
    QueueId
}
name_id! {
    /// A signed-in person of an agency, by sign-in name.
    StaffId
}

name_id! {
    /// A question of an agency's own, or one of the things that can be chosen as its answer.
    FieldId
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_text_and_refuses_what_is_not_one() {
        let id: SessionId = "000102030405060708090a0b0c0d0e0f".parse().unwrap();
        assert_eq!(id.to_string(), "000102030405060708090a0b0c0d0e0f");
        for bad in [
            "",
            "00",
            "000102030405060708090A0B0C0D0E0F",
            "00000000000000000000000000000000",
            "../../../../etc/passwd-aaaaaaaaaa",
        ] {
            assert_eq!(bad.parse::<SessionId>(), Err(IdError::NotHex128), "{bad}");
        }
    }

    #[test]
    fn a_name_has_plain_characters_only() {
        assert!("demo.example".parse::<AgencyId>().is_ok());
        for bad in ["", "Demo", "a b", "a/b", "é", &"a".repeat(65)] {
            assert_eq!(bad.parse::<AgencyId>(), Err(IdError::NotAName), "{bad}");
        }
    }
}
