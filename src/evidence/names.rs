//! Names that may become part of a path or of an answer, checked when they are made.
//!
//! Must not: repair a name: what does not fit is refused.
//!
//! A value of one of these types is safe to join to a folder: nothing else is ever joined.
//! Used by the evidence store and by `http::uploads`.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Longest agency name: the longest domain name (RFC 1035, 2.3.4).
const AGENCY_NAME_MAX_BYTES: usize = 253;
/// Longest label of an agency name (RFC 1035, 2.3.4).
const AGENCY_LABEL_MAX_BYTES: usize = 63;
/// Longest session id taken; sessions' ids are far shorter, and the bound keeps tickets small.
const SESSION_REF_MAX_BYTES: usize = 128;
/// Photo and upload ids: 128 bits in lower-case hexadecimal.
const ID_HEX_CHARS: usize = 32;
/// A SHA-256 in lower-case hexadecimal.
const HASH_HEX_CHARS: usize = 64;

/// A name that does not have the shape it must have. Says which kind of name, never the name itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {0}")]
pub struct BadName(&'static str);

fn is_lower_hex(text: &str, chars: usize) -> bool {
    text.len() == chars
        && text
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

macro_rules! text_name {
    ($(#[$doc:meta])* $name:ident, $what:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks `text` and takes it as a name.
            pub fn parse(text: &str) -> Result<Self, BadName> {
                let check: fn(&str) -> bool = $check;
                if check(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(BadName($what))
                }
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadName;
            fn try_from(text: String) -> Result<Self, BadName> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_name!(
    /// The agency that owns a piece of evidence: a domain name in lower case. Becomes a folder name.
    AgencyName, "agency name", |text| {
        text.len() <= AGENCY_NAME_MAX_BYTES && text.split('.').all(is_label)
    }
);
text_name!(
    /// The session a photo belongs to: printable ASCII without spaces. Compared and kept, never part of a path.
    SessionRef, "session id", |text| {
        (1..=SESSION_REF_MAX_BYTES).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
    }
);
text_name!(
    /// The id of a photo: the id of the command that announced it, 32 lower-case hexadecimal characters.
    PhotoId, "photo id", |text| is_lower_hex(text, ID_HEX_CHARS)
);
text_name!(
    /// The id of an upload, 32 lower-case hexadecimal characters. Becomes a file name.
    UploadId, "upload id", |text| is_lower_hex(text, ID_HEX_CHARS)
);

fn is_label(label: &str) -> bool {
    !label.is_empty()
        && label.len() <= AGENCY_LABEL_MAX_BYTES
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label
            .bytes()
            .all(|b| b.is_ascii_digit() || b.is_ascii_lowercase() || b == b'-')
}

/// Whose upload it is. One photo of one session of one agency has one upload.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Owner {
    /// The agency whose evidence it becomes.
    pub agency: AgencyName,
    /// The session it was sent in.
    pub session: SessionRef,
    /// The photo, by the id of the command that announced it.
    pub photo: PhotoId,
}

impl UploadId {
    /// The upload of an owner. Always the same for the same owner, so that creating it twice creates it once,
    /// also after a restart. Knowing it grants nothing: the owner is checked at every use.
    pub fn of(owner: &Owner) -> Self {
        let mut hasher = Sha256::new();
        for part in [
            owner.agency.as_str(),
            owner.session.as_str(),
            owner.photo.as_str(),
        ] {
            hasher.update(part.as_bytes());
            hasher.update([0]);
        }
        let mut hex = ContentHash::of_finished(hasher).to_string();
        hex.truncate(ID_HEX_CHARS);
        Self(hex)
    }
}

/// The SHA-256 of a file: its name in the evidence store.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ContentHash([u8; 32]);

impl ContentHash {
    /// The hash of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// What a hasher that has seen all the bytes says.
    pub fn of_finished(hasher: Sha256) -> Self {
        Self(hasher.finalize().into())
    }

    /// Reads 64 lower-case hexadecimal characters.
    pub fn parse(text: &str) -> Result<Self, BadName> {
        const BAD: BadName = BadName("content hash");
        if !is_lower_hex(text, HASH_HEX_CHARS) {
            return Err(BAD);
        }
        let mut hash = [0_u8; 32];
        for (byte, pair) in hash.iter_mut().zip(text.as_bytes().chunks(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| BAD)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| BAD)?;
        }
        Ok(Self(hash))
    }

    /// The hash as 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ContentHash({self})")
    }
}

impl TryFrom<String> for ContentHash {
    type Error = BadName;
    fn try_from(text: String) -> Result<Self, BadName> {
        Self::parse(&text)
    }
}

impl From<ContentHash> for String {
    fn from(hash: ContentHash) -> String {
        hash.to_string()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_hash_reads_back_what_it_prints() {
        let hash = ContentHash::of(b"callbox");
        assert_eq!(ContentHash::parse(&hash.to_string()).unwrap(), hash);
        assert!(ContentHash::parse(&hash.to_string().to_uppercase()).is_err());
    }

    #[test]
    fn an_upload_id_belongs_to_one_owner() {
        let owner = |session: &str| Owner {
            agency: AgencyName::parse("demo.example").unwrap(),
            session: SessionRef::parse(session).unwrap(),
            photo: PhotoId::parse(&"a".repeat(32)).unwrap(),
        };
        assert_eq!(UploadId::of(&owner("s1")), UploadId::of(&owner("s1")));
        assert_ne!(UploadId::of(&owner("s1")), UploadId::of(&owner("s2")));
    }

    #[test]
    fn an_agency_name_is_a_domain_name_and_nothing_else() {
        for good in ["demo.example", "a", "psap-1.county.example", "1.2"] {
            assert!(AgencyName::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "", ".", "..", "a..b", ".a", "a.", "A", "a/b", "a\\b", "-a", "a-", "a\0", "a b", "é",
        ] {
            assert!(AgencyName::parse(bad).is_err(), "{bad:?}");
        }
    }
}
