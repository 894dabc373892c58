//! Everything here that reads bytes of strangers or of a disk, one door each, for fuzzing.
//!
//! Owns: nothing; each probe calls one reader and checks what must hold of any answer. Must not: be called by the gateway. Called by:
//! `fuzz/` and by `tests/it/mutations.rs`.
//!
//! A probe panics when a promise is broken, and otherwise says whether the bytes were taken: tests see by that that their good examples
//! reach the depth.

use std::str::FromStr as _;

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use bytes::Bytes;
use callbox_proto::codec::Encoding;
use callbox_proto::ids::{CommandId, QueueId, SessionId};
use callbox_proto::message::{FromResident, FromResponder, FromStaff};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::app::triage;
use crate::auth::tokens::Tokens;
use crate::backbone::{IndexRow, Record, Standing};
use crate::config::Config;
use crate::evidence::photo::{self, PhotoKind};
use crate::http::{self, uploads};
use crate::media;
use crate::node;

/// One door.
#[derive(Debug, Clone, Copy)]
pub struct Probe {
    /// Its name, and that of its fuzz target.
    pub name: &'static str,
    /// Reads the bytes; whether they were taken.
    pub read: fn(&[u8]) -> bool,
}

/// The key that tokens are checked with here; [`good_tokens`] are signed with it.
const KEY: [u8; 32] = [7; 32];
/// Bytes of one picture that is decoded here: the reader's own bounds are tried by other tests.
const PICTURE_MAX_BYTES: usize = 256 * 1024;

/// Every door.
pub const ALL: [Probe; 13] = [
    Probe {
        name: "resident_frame",
        read: resident_frame,
    },
    Probe {
        name: "staff_frame",
        read: staff_frame,
    },
    Probe {
        name: "responder_frame",
        read: responder_frame,
    },
    Probe {
        name: "offer",
        read: offer,
    },
    Probe {
        name: "stun",
        read: stun,
    },
    Probe {
        name: "token",
        read: token,
    },
    Probe {
        name: "request_head",
        read: request_head,
    },
    Probe {
        name: "upload_headers",
        read: upload_headers,
    },
    Probe {
        name: "claimed_place",
        read: claimed_place,
    },
    Probe {
        name: "picture",
        read: picture,
    },
    Probe {
        name: "stored",
        read: stored,
    },
    Probe {
        name: "rules",
        read: rules,
    },
    Probe {
        name: "config",
        read: config,
    },
];

/// A message of a resident, in both encodings.
pub fn resident_frame(bytes: &[u8]) -> bool {
    frame::<FromResident>(bytes)
}

/// A message of staff, in both encodings.
pub fn staff_frame(bytes: &[u8]) -> bool {
    frame::<FromStaff>(bytes)
}

/// A message of a responder, in both encodings.
pub fn responder_frame(bytes: &[u8]) -> bool {
    frame::<FromResponder>(bytes)
}

/// What is taken can be said again, and means the same then.
fn frame<T: Serialize + DeserializeOwned + PartialEq>(bytes: &[u8]) -> bool {
    let mut taken = false;
    for encoding in Encoding::ALL {
        let _id = encoding.peek_id(bytes);
        let Ok(message) = encoding.decode::<T>(bytes) else {
            continue;
        };
        taken = true;
        let again = encoding.encode(&message);
        // A number such as 1e400 has no other form; everything else has.
        if let Ok(again) = again
            && let Ok(read) = encoding.decode::<T>(&again)
        {
            assert!(read == message, "said again it means something else");
        }
    }
    taken
}

/// The first bytes of a connection: whether they hold a whole head.
pub fn request_head(bytes: &[u8]) -> bool {
    http::probe_head(bytes)
}

/// A session description.
pub fn offer(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(media::probe_offer)
}

/// A datagram on the media port.
pub fn stun(bytes: &[u8]) -> bool {
    media::probe_datagram(bytes)
}

/// A token of staff, for uploads, or of a responder.
pub fn token(bytes: &[u8]) -> bool {
    let tokens = Tokens::new(&KEY);
    std::str::from_utf8(bytes).is_ok_and(|token| {
        let staff = tokens.check_staff(token).is_ok();
        let upload = tokens.check_upload(token).is_ok();
        let responder = tokens.check_responder(token).is_ok();
        let kinds = [staff, upload, responder].into_iter().filter(|is| *is);
        let kinds = kinds.count();
        assert!(kinds <= 1, "one token is good for one thing");
        kinds == 1
    })
}

/// The tokens that [`token`] takes.
#[must_use]
pub fn good_tokens() -> Tokens {
    Tokens::new(&KEY)
}

/// The head of an upload request, a header in each line.
pub fn upload_headers(bytes: &[u8]) -> bool {
    let mut headers = HeaderMap::new();
    for line in bytes.split(|byte| *byte == b'\n') {
        let mut parts = line.splitn(2, |byte| *byte == b':');
        let (Some(name), Some(value)) = (parts.next(), parts.next()) else {
            continue;
        };
        let name = HeaderName::from_bytes(name);
        let value = HeaderValue::from_bytes(value.trim_ascii());
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    headers.contains_key(header::AUTHORIZATION) && uploads::probe_headers(&headers)
}

/// What a picture says of its place and time.
pub fn claimed_place(bytes: &[u8]) -> bool {
    photo::probe_claims(bytes)
}

/// A picture, decoded and encoded anew as the worker process does.
pub fn picture(bytes: &[u8]) -> bool {
    let short = bytes.get(..PICTURE_MAX_BYTES).unwrap_or(bytes);
    PhotoKind::of(short).is_some_and(|kind| photo::probe_copy(short, kind))
}

/// An entry of a session's log, and a row of the index, as they stand on the disk.
pub fn stored(bytes: &[u8]) -> bool {
    let (Some(session), Some(command)) = (SessionId::from_u128(1), CommandId::from_u128(2)) else {
        return false;
    };
    let Ok(queue) = QueueId::from_str("main") else {
        return false;
    };
    let payload = Bytes::copy_from_slice(bytes);
    let record = Record {
        seq: 1,
        command,
        payload: payload.clone(),
    };
    let row = IndexRow {
        queue,
        standing: Standing::Owned,
        summary: payload,
    };
    node::probe_stored(session, &record, &row)
}

/// A file of triage rules.
pub fn rules(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(triage::probe_rules)
}

/// A configuration file.
pub fn config(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| Config::of_text(text).is_ok())
}
