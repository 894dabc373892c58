//! Finishes the engine's answer: our own candidates, directions that we really mean, sections that stay off.
//!
//! Owns: rewriting the answer's lines. Must not: allow what the offer or the policy did not. Called by: the plane and the engine's `leg`.

use std::net::SocketAddr;

use super::{Direction, Offer, Section};
use crate::media::kinds::Codec;

/// What one section of the answer may do, seen from this node.
pub(crate) type Policy<'a> = dyn Fn(&Section) -> Direction + 'a;

/// Rewrites the engine's `answer` to `offer`.
///
/// The engine knows only placeholder sockets, so its candidates are replaced by `candidates`. Directions become what the
/// offer, the engine and `policy` all allow.
pub(crate) fn finish(
    answer: &str,
    offer: &Offer,
    policy: &Policy<'_>,
    candidates: &[SocketAddr],
) -> String {
    let mut out = String::with_capacity(answer.len() + 512);
    let mut section: Option<&Section> = None;
    let mut sections = offer.sections.iter();
    for line in answer.lines() {
        if line.starts_with("a=candidate:") || line == "a=end-of-candidates" {
            continue;
        }
        if let Some(media) = line.strip_prefix("m=") {
            close_section(&mut out, section, candidates);
            section = sections.next();
            push(&mut out, &media_line(media, section));
            continue;
        }
        let direction = line.strip_prefix("a=").and_then(Direction::parse);
        match (direction, section) {
            (Some(engine), Some(section)) => {
                let name = agreed(engine, section, policy(section)).name();
                push(&mut out, &format!("a={name}"));
            }
            _ => push(&mut out, line),
        }
    }
    close_section(&mut out, section, candidates);
    out
}

/// Payload types of the answer: which number stands for which codec.
pub(crate) fn payload_types(answer: &str) -> Vec<(u8, Codec)> {
    answer
        .lines()
        .filter_map(|l| l.strip_prefix("a=rtpmap:"))
        .filter_map(|l| {
            let (number, map) = l.split_once(' ')?;
            let name = map.split('/').next()?;
            let codec = [Codec::Opus, Codec::Vp8, Codec::H264]
                .into_iter()
                .find(|c| c.name().eq_ignore_ascii_case(name))?;
            Some((number.parse().ok()?, codec))
        })
        .collect()
}

/// Our own user fragment in the engine's answer.
pub(crate) fn ufrag(answer: &str) -> Option<&str> {
    answer.lines().find_map(|l| l.strip_prefix("a=ice-ufrag:"))
}

fn agreed(engine: Direction, section: &Section, policy: Direction) -> Direction {
    Direction {
        sends: engine.sends && policy.sends && section.direction.receives,
        receives: engine.receives && policy.receives && section.direction.sends,
    }
}

/// A section that the offer switched off stays off: port 0 (RFC 3264, section 6).
fn media_line(media: &str, section: Option<&Section>) -> String {
    let off = section.is_some_and(|s| s.off);
    let mut words: Vec<&str> = media.split(' ').collect();
    if off && words.len() > 1 {
        words[1] = "0";
    }
    format!("m={}", words.join(" "))
}

fn close_section(out: &mut String, section: Option<&Section>, candidates: &[SocketAddr]) {
    if section.is_none_or(|s| s.off) {
        return;
    }
    for (i, address) in candidates.iter().enumerate() {
        // RFC 8445, section 5.1.2.1: host preference 126, one local preference per address, component 1.
        let local = 65_535 - u32::try_from(i).unwrap_or(0).min(1_000);
        let priority = (126 << 24) + (local << 8) + 255;
        push(
            out,
            &format!(
                "a=candidate:{} 1 udp {priority} {} {} typ host",
                i + 1,
                address.ip(),
                address.port()
            ),
        );
    }
    push(out, "a=end-of-candidates");
}

fn push(out: &mut String, line: &str) {
    out.push_str(line);
    out.push_str("\r\n");
}
