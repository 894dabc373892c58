//! What can go wrong with an offer, and what the client may do about it.
//!
//! Owns: the refusals and their advice. Must not: name protocol codes: `app` translates. Called by: `plane`, `sdp`.

use std::io;

use super::kinds::{Codec, Kind};

/// Why the media plane refused. [`MediaError::advice`] says what the client may do.
#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    /// The UDP socket could not be opened.
    #[error("the media socket could not be opened: {0}")]
    Socket(#[source] io::Error),
    /// The configuration makes no sense.
    #[error("media configuration: {0}")]
    Config(&'static str),
    /// The offer breaks a limit or a rule that is checked before any parser sees it.
    #[error("offer refused: {0}")]
    Offer(#[from] OfferError),
    /// The offer passed the limits and the engine still could not use it.
    #[error("the media engine could not use the offer")]
    Unusable,
    /// Reading the offer took longer than its deadline.
    #[error("reading the offer took too long")]
    TooSlow,
    /// The viewer cannot decode what the publisher sends (WHEP: 406).
    #[error("the publisher sends {publisher:?}, which the viewer does not offer")]
    CodecMissing {
        /// The codec the publisher chose.
        publisher: Codec,
    },
    /// The offer holds no kind that may be sent or received by this peer.
    #[error("the offer holds nothing that this peer may send or receive")]
    NothingAllowed,
    /// The room holds as many viewers as it may.
    #[error("the room is full")]
    RoomFull,
    /// This node is joining as many peers as it can, or holds as many as it may.
    #[error("this node is busy")]
    Busy,
    /// No such peer here; it was closed or lives on another node.
    #[error("no such peer")]
    NoSuchPeer,
    /// The node is shutting down.
    #[error("the media plane is shutting down")]
    Closing,
}

/// A rule that an offer broke, found before any parser ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OfferError {
    /// Longer than the limit for a whole description.
    #[error("longer than {limit} bytes")]
    TooLong {
        /// The limit in bytes.
        limit: usize,
    },
    /// A line is longer than the limit.
    #[error("a line is longer than {limit} bytes")]
    LineTooLong {
        /// The limit in bytes.
        limit: usize,
    },
    /// More of something than the limit.
    #[error("more than {limit} {what}")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// Not a session description.
    #[error("not a session description")]
    NotSdp,
    /// A line or attribute that must be there is not.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// A media section of a kind that is not served (data channels, for one).
    #[error("media sections other than audio and video are not served")]
    UnknownMedia,
    /// Two active sections of one kind.
    #[error("more than one active {0:?} section")]
    Twice(Kind),
    /// The section offers no codec that is passed through.
    #[error("no codec in common for {0:?}")]
    NoCodec(Kind),
}

/// What a client may do after a [`MediaError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advice {
    /// The same request will fail again; the client must change its offer.
    ChangeOffer,
    /// The same request may work later.
    RetryLater,
    /// Start again with a new peer connection and a new offer.
    StartAgain,
    /// Only the operator of the node can help.
    TellOperator,
}

impl MediaError {
    /// What the client may do.
    #[must_use]
    pub fn advice(&self) -> Advice {
        match self {
            MediaError::Socket(_) | MediaError::Config(_) => Advice::TellOperator,
            MediaError::Offer(_)
            | MediaError::Unusable
            | MediaError::CodecMissing { .. }
            | MediaError::NothingAllowed => Advice::ChangeOffer,
            MediaError::TooSlow | MediaError::RoomFull | MediaError::Busy | MediaError::Closing => {
                Advice::RetryLater
            }
            MediaError::NoSuchPeer => Advice::StartAgain,
        }
    }
}
