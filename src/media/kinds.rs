//! The media plane's own vocabulary: which room, which peer, which kind of media.
//!
//! Owns: the names, sets of kinds, and the codecs. Must not: be a wire type: `app` translates. Called by: every file of the media plane.
//!
//! A room is named by a number that means nothing here. Sessions, people, tokens and consent belong to the caller.

use std::fmt;

/// Names one room. The caller chooses it; the media plane only compares it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RoomId(pub u128);

impl fmt::Debug for RoomId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "room-{:032x}", self.0)
    }
}

/// Names one peer connection of this node. Never used twice in the life of a process, and below 2^53.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PeerId(pub u64);

impl fmt::Debug for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "peer-{}", self.0)
    }
}

/// One kind of live media.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Sound.
    Audio,
    /// Pictures.
    Video,
}

impl Kind {
    /// Both kinds, for loops.
    pub const ALL: [Kind; 2] = [Kind::Audio, Kind::Video];

    /// RTP clock of this kind in ticks per second (RFC 7587 for Opus, RFC 7741 and RFC 6184 for video).
    #[must_use]
    pub fn clock_hz(self) -> u32 {
        match self {
            Kind::Audio => 48_000,
            Kind::Video => 90_000,
        }
    }

    pub(crate) fn index(self) -> usize {
        match self {
            Kind::Audio => 0,
            Kind::Video => 1,
        }
    }
}

/// A set of kinds: what a resident has agreed to send.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kinds {
    /// Sound is in the set.
    pub audio: bool,
    /// Pictures are in the set.
    pub video: bool,
}

impl Kinds {
    /// No kind at all.
    pub const NONE: Kinds = Kinds {
        audio: false,
        video: false,
    };
    /// Sound and pictures.
    pub const BOTH: Kinds = Kinds {
        audio: true,
        video: true,
    };

    /// Whether `kind` is in the set.
    #[must_use]
    pub fn has(self, kind: Kind) -> bool {
        match kind {
            Kind::Audio => self.audio,
            Kind::Video => self.video,
        }
    }

    /// The set with `kind` put in or taken out.
    #[must_use]
    pub fn with(mut self, kind: Kind, on: bool) -> Kinds {
        match kind {
            Kind::Audio => self.audio = on,
            Kind::Video => self.video = on,
        }
        self
    }
}

/// What a viewer may do in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ViewerRole {
    /// Watches, and its sound is forwarded to the resident.
    Talk,
    /// Watches only. Whatever it sends is refused and never forwarded.
    Listen,
}

/// How many viewers of each role are in a room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ViewerCount {
    /// Viewers that may talk.
    pub talk: usize,
    /// Viewers that only watch.
    pub listen: usize,
}

/// A codec that is passed through. Nothing is transcoded here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    /// Opus, 48 kHz, two channels (RFC 7587).
    Opus,
    /// VP8 (RFC 7741).
    Vp8,
    /// H.264 constrained baseline 3.1, packetization mode 1 (RFC 6184).
    H264,
}

impl Codec {
    /// The kind of media this codec carries.
    #[must_use]
    pub fn kind(self) -> Kind {
        match self {
            Codec::Opus => Kind::Audio,
            Codec::Vp8 | Codec::H264 => Kind::Video,
        }
    }

    /// Its name in an `a=rtpmap` line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Codec::Opus => "opus",
            Codec::Vp8 => "VP8",
            Codec::H264 => "H264",
        }
    }
}

/// What goes back to a client that made an offer.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// The SDP answer, with this node's candidates in it.
    pub sdp: String,
    /// The peer that was made; needed to renegotiate and to close.
    pub peer: PeerId,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Answer({:?}, {} bytes)", self.peer, self.sdp.len())
    }
}
