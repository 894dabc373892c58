//! A quick look at a MessagePack frame: the few fields that measuring needs, without decoding the rest.
//!
//! Owns: skipping through a map. The load generator shares its processor with the gateway under test, and each message comes
//! back to it three times. Must not: replace decoding where meaning matters. Called by: `scene`.

/// Deepest nesting that is skipped; the protocol allows 32.
const DEPTH_MAX: usize = 33;

/// What was seen.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Glance<'a> {
    /// The message's kind.
    pub kind: &'a [u8],
    /// `id`, 32 hexadecimal digits.
    pub id: &'a [u8],
    /// `command`, 32 hexadecimal digits.
    pub command: &'a [u8],
    /// `session`, 32 hexadecimal digits.
    pub session: &'a [u8],
    /// `seq`.
    pub seq: u64,
    /// `prev`.
    pub prev: u64,
    /// `spread_ms`.
    pub spread_ms: u64,
    /// `event.text`.
    pub text: &'a [u8],
}

/// Looks at a frame; `None` when it is not a map of the expected form.
#[must_use]
pub fn glance(frame: &[u8]) -> Option<Glance<'_>> {
    let mut rest = frame;
    let mut seen = Glance::default();
    for _ in 0..map_len(&mut rest)? {
        match text(&mut rest)? {
            b"kind" => seen.kind = text(&mut rest)?,
            b"id" => seen.id = text(&mut rest)?,
            b"command" => seen.command = text(&mut rest)?,
            b"session" => seen.session = text(&mut rest)?,
            b"seq" => seen.seq = number(&mut rest)?,
            b"prev" => seen.prev = number(&mut rest)?,
            b"spread_ms" => seen.spread_ms = number(&mut rest)?,
            b"event" => seen.text = text_of_event(&mut rest)?,
            _ => skip(&mut rest)?,
        }
        // Lists and boards are long, and nothing in them is measured here.
        if !matches!(seen.kind, b"" | b"receipt" | b"entry" | b"error" | b"pong") {
            break;
        }
    }
    Some(seen)
}

fn text_of_event<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let mut found: &[u8] = &[];
    for _ in 0..map_len(rest)? {
        if text(rest)? == b"text" {
            found = text(rest)?;
        } else {
            skip(rest)?;
        }
    }
    Some(found)
}

/// 32 hexadecimal digits as a number.
#[must_use]
pub fn hex128(digits: &[u8]) -> Option<u128> {
    if digits.len() != 32 {
        return None;
    }
    u128::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

fn take<'a>(rest: &mut &'a [u8], bytes: usize) -> Option<&'a [u8]> {
    let (taken, tail) = rest.split_at_checked(bytes)?;
    *rest = tail;
    Some(taken)
}

fn byte(rest: &mut &[u8]) -> Option<u8> {
    take(rest, 1)?.first().copied()
}

fn big_endian(rest: &mut &[u8], bytes: usize) -> Option<u64> {
    let taken = take(rest, bytes)?;
    Some(taken.iter().fold(0, |sum, b| (sum << 8) | u64::from(*b)))
}

fn length(rest: &mut &[u8], bytes: usize) -> Option<usize> {
    usize::try_from(big_endian(rest, bytes)?).ok()
}

fn map_len(rest: &mut &[u8]) -> Option<usize> {
    match byte(rest)? {
        marker @ 0x80..=0x8f => Some(usize::from(marker & 0x0f)),
        0xde => length(rest, 2),
        0xdf => length(rest, 4),
        _ => None,
    }
}

fn text<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let bytes = match byte(rest)? {
        marker @ 0xa0..=0xbf => usize::from(marker & 0x1f),
        0xd9 => length(rest, 1)?,
        0xda => length(rest, 2)?,
        0xdb => length(rest, 4)?,
        _ => return None,
    };
    take(rest, bytes)
}

fn number(rest: &mut &[u8]) -> Option<u64> {
    match byte(rest)? {
        small @ 0x00..=0x7f => Some(u64::from(small)),
        0xcc => big_endian(rest, 1),
        0xcd => big_endian(rest, 2),
        0xce => big_endian(rest, 4),
        0xcf => big_endian(rest, 8),
        _ => None,
    }
}

/// Skips one value with all that is in it, without recursion.
fn skip(rest: &mut &[u8]) -> Option<()> {
    let mut open = [0usize; DEPTH_MAX];
    let mut depth = 0;
    open[0] = 1;
    loop {
        while open[depth] == 0 {
            if depth == 0 {
                return Some(());
            }
            depth -= 1;
        }
        open[depth] -= 1;
        let values = skip_header(rest)?;
        if values > 0 {
            depth += 1;
            *open.get_mut(depth)? = values;
        }
    }
}

/// Skips a leaf, or a header whose number of values is answered.
fn skip_header(rest: &mut &[u8]) -> Option<usize> {
    let bytes = match byte(rest)? {
        0x00..=0x7f | 0xe0..=0xff | 0xc0 | 0xc2 | 0xc3 => 0,
        marker @ 0x80..=0x8f => return Some(2 * usize::from(marker & 0x0f)),
        marker @ 0x90..=0x9f => return Some(usize::from(marker & 0x0f)),
        marker @ 0xa0..=0xbf => usize::from(marker & 0x1f),
        0xc4 | 0xd9 => length(rest, 1)?,
        0xc5 | 0xda => length(rest, 2)?,
        0xc6 | 0xdb => length(rest, 4)?,
        0xcc | 0xd0 => 1,
        0xcd | 0xd1 => 2,
        0xca | 0xce | 0xd2 => 4,
        0xcb | 0xcf | 0xd3 => 8,
        0xdc => return length(rest, 2),
        0xdd => return length(rest, 4),
        0xde => return length(rest, 2)?.checked_mul(2),
        0xdf => return length(rest, 4)?.checked_mul(2),
        _ => return None,
    };
    take(rest, bytes)?;
    Some(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use callbox_proto::codec::Encoding;
    use callbox_proto::event::{Actor, Event};
    use callbox_proto::message::{ToResident, ToStaff};
    use callbox_proto::vocabulary::Rung;

    const ID: &str = "000102030405060708090a0b0c0d0e0f";

    #[test]
    fn an_entry_shows_its_session_its_place_and_its_text() {
        let entry = ToStaff::Entry {
            session: ID.parse().unwrap(),
            seq: 70_000,
            at_ms: 1_790_000_000_000,
            by: Actor::Resident,
            command: ID.parse().unwrap(),
            event: Event::Text {
                text: "hello".repeat(100),
                age_ms: -1,
            },
            kept: false,
        };
        let frame = Encoding::MessagePack.encode(&entry).unwrap();
        let seen = glance(&frame).unwrap();
        assert_eq!((seen.kind, seen.seq), (&b"entry"[..], 70_000));
        assert_eq!(hex128(seen.session), hex128(ID.as_bytes()));
        assert_eq!(
            hex128(seen.command),
            Some(0x0001_0203_0405_0607_0809_0a0b_0c0d_0e0f)
        );
        assert_eq!(seen.text, "hello".repeat(100).as_bytes());
    }

    #[test]
    fn a_receipt_shows_its_command() {
        let receipt = ToResident::Receipt {
            id: ID.parse().unwrap(),
            rung: Rung::Safe,
            first: 7,
            last: 7,
        };
        let frame = Encoding::MessagePack.encode(&receipt).unwrap();
        let seen = glance(&frame).unwrap();
        assert_eq!((seen.kind, seen.id), (&b"receipt"[..], ID.as_bytes()));
    }

    #[test]
    fn what_is_not_a_message_is_nothing_and_never_a_panic() {
        for bad in [
            &[][..],
            &[0x81],
            &[0x81, 0xa1],
            &[0xdf, 0xff, 0xff, 0xff, 0xff],
            &[0x90],
        ] {
            assert_eq!(glance(bad), None, "{bad:x?}");
        }
        let deep = [vec![0x81, 0xa1, b'x'], vec![0x91; 100]].concat();
        assert_eq!(glance(&deep), None);
    }
}
