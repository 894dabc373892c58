//! The few bytes of STUN (RFC 8489) that routing needs. Integrity is checked by the engine, not here.
//!
//! Owns: finding the user name and the few flags in a request. Must not: trust anything else of it. Called by: `socket`, `early`; `crate::probes`
//! with strangers' bytes.

/// What a datagram looks like from outside (RFC 7983).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape<'a> {
    /// A binding request; `ufrag` is our half of its USERNAME.
    Request {
        /// Our user fragment, where the request carries one.
        ufrag: Option<&'a str>,
        /// It nominates the pair (USE-CANDIDATE).
        nominates: bool,
    },
    /// A binding success response.
    Success,
    /// Any other STUN message.
    OtherStun,
    /// DTLS.
    Dtls,
    /// RTP or RTCP.
    Media,
    /// Something that does not belong on a media port.
    Junk,
}

const MAGIC: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
const HEADER_BYTES: usize = 20;
const USERNAME: u16 = 0x0006;
const USE_CANDIDATE: u16 = 0x0025;
/// Attributes looked at in one message. Browsers send eight; more is an attempt to cost time.
const MAX_ATTRIBUTES: usize = 32;

impl<'a> Shape<'a> {
    /// Looks at one datagram.
    pub(crate) fn of(datagram: &'a [u8]) -> Shape<'a> {
        match datagram.first() {
            Some(0..=3) => stun(datagram),
            Some(20..=63) => Shape::Dtls,
            Some(128..=191) => Shape::Media,
            _ => Shape::Junk,
        }
    }
}

fn stun(message: &[u8]) -> Shape<'_> {
    if message.len() < HEADER_BYTES || message[4..8] != MAGIC {
        return Shape::Junk;
    }
    match (message[0], message[1]) {
        (0x00, 0x01) => request(message),
        (0x01, 0x01) => Shape::Success,
        _ => Shape::OtherStun,
    }
}

fn request(message: &[u8]) -> Shape<'_> {
    let (mut ufrag, mut nominates) = (None, false);
    let mut rest = &message[HEADER_BYTES..];
    for _ in 0..MAX_ATTRIBUTES {
        let Some((name, value, after)) = attribute(rest) else {
            break;
        };
        match name {
            USERNAME => {
                ufrag = std::str::from_utf8(value)
                    .ok()
                    .and_then(|u| u.split(':').next());
            }
            USE_CANDIDATE => nominates = true,
            _ => {}
        }
        rest = after;
    }
    Shape::Request { ufrag, nominates }
}

/// Splits the first attribute off: its type, its value, and what follows the padding.
fn attribute(bytes: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let head = bytes.get(..4)?;
    let name = u16::from_be_bytes([head[0], head[1]]);
    let length = usize::from(u16::from_be_bytes([head[2], head[3]]));
    let value = bytes.get(4..4 + length)?;
    let padded = 4 + length.next_multiple_of(4);
    Some((name, value, bytes.get(padded..).unwrap_or_default()))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn binding_request(username: &str, nominates: bool) -> Vec<u8> {
        let mut m = vec![0, 1, 0, 0];
        m.extend(MAGIC);
        m.extend([7; 12]);
        m.extend(USERNAME.to_be_bytes());
        m.extend(u16::try_from(username.len()).expect("short").to_be_bytes());
        m.extend(username.as_bytes());
        m.resize(m.len().next_multiple_of(4), 0);
        if nominates {
            m.extend(USE_CANDIDATE.to_be_bytes());
            m.extend([0, 0]);
        }
        m
    }

    #[test]
    fn the_first_half_of_the_username_is_ours() {
        assert_eq!(
            Shape::of(&binding_request("ours:theirs", true)),
            Shape::Request {
                ufrag: Some("ours"),
                nominates: true
            }
        );
        assert_eq!(
            Shape::of(&binding_request("ours:theirs", false)),
            Shape::Request {
                ufrag: Some("ours"),
                nominates: false
            }
        );
    }

    #[test]
    fn cut_and_random_messages_are_harmless() {
        let whole = binding_request("ours:theirs", true);
        for n in 0..whole.len() {
            let _ = Shape::of(&whole[..n]);
        }
        let seed: u64 = rand::random();
        eprintln!("seed {seed}");
        let mut rng = <rand::rngs::StdRng as rand::SeedableRng>::seed_from_u64(seed);
        for _ in 0..20_000 {
            let mut m = whole.clone();
            for _ in 0..4 {
                let at = rand::Rng::random_range(&mut rng, 0..m.len());
                m[at] = rand::Rng::random(&mut rng);
            }
            let _ = Shape::of(&m);
        }
    }

    #[test]
    fn shapes_follow_the_first_byte() {
        assert_eq!(Shape::of(&[22, 254]), Shape::Dtls);
        assert_eq!(Shape::of(&[0x80, 96]), Shape::Media);
        assert_eq!(Shape::of(&[]), Shape::Junk);
        assert_eq!(Shape::of(&[0, 1, 2]), Shape::Junk);
        assert_eq!(Shape::of(&[255; 40]), Shape::Junk);
    }
}
