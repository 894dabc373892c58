//! Offers and answers as text: limits before any parser, and the few lines of an answer that this node decides itself.
//!
//! Owns what is checked and rewritten in a session description. Must not know peers, rooms or the engine. The plane
//! calls it with every offer, the engine's answer passes through [`answer`] on its way out.

pub(crate) mod answer;
pub(crate) mod offer;
#[cfg(test)]
mod tests;

pub(crate) use offer::{Direction, Offer, Section};

/// Bytes in one offer. Chromium with camera and microphone sends 6 to 8 KiB.
pub(crate) const MAX_OFFER_BYTES: usize = 32 * 1024;
/// Bytes in one line. The longest known, a fingerprint or a candidate with its extensions, is under 300.
pub(crate) const MAX_LINE_BYTES: usize = 1_024;
/// Media sections. Camera and microphone are two; two more for those that were stopped.
pub(crate) const MAX_SECTIONS: usize = 4;
/// Candidate lines. They are dropped, since peers always reach this node first; reading them still costs.
pub(crate) const MAX_CANDIDATES: usize = 40;
/// `a=ssrc` and `a=ssrc-group` lines. Two streams with repair and four attributes each need 20.
pub(crate) const MAX_SSRC_LINES: usize = 64;
/// `a=rtpmap` lines in one section. Chromium offers about 45 for video.
pub(crate) const MAX_RTPMAPS: usize = 64;
