//! One peer of a room, and how a packet is put to it.
//!
//! Owns: the state of one connection in the room, and what it is sent. Must not: know the others. Called by: `actor`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::ingress::Ingress;
use super::timeline::Timeline;
use crate::media::engine::{Leg, LegState, PacketIn, PacketOut, WriteRefused};
use crate::media::event::CloseReason;
use crate::media::kinds::{Codec, Kind, ViewerRole};

/// A peer that has no connection after this is closed. DTLS takes two round trips; ten seconds outlast a change of
/// mobile cell.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// A peer that is not heard is kept this long: a tunnel, a lift, a change from Wi-Fi to mobile.
const KEEP_LOST: Duration = Duration::from_secs(30);

/// What a peer is in its room.
pub(crate) enum Part {
    /// Sends to the viewers and hears whoever talks.
    Publisher {
        /// The video codec of its offer.
        codec: Option<Codec>,
    },
    /// Watches.
    Viewer {
        /// And may talk, or not.
        role: ViewerRole,
    },
}

/// One packet in its place in the publisher's stream.
#[derive(Clone, Copy)]
pub(super) struct Placed<'a> {
    pub(super) stream: u64,
    pub(super) place: u64,
    pub(super) begins_key_frame: bool,
    pub(super) packet: &'a PacketIn,
}

/// What became of a packet for one peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Forwarded {
    /// Sent.
    Yes,
    /// Left out, as it should be.
    Skipped,
    /// The connection was behind.
    Dropped,
    /// The peer cannot decode it, and this is the first time.
    CannotDecode,
}

/// One peer of a room.
pub(crate) struct Member {
    pub(super) leg: Arc<dyn Leg>,
    pub(super) part: Part,
    pub(super) state: LegState,
    since: Instant,
    was_connected: bool,
    pub(super) ingress: [Option<(u64, Ingress)>; 2],
    /// Kinds whose first packet was told; a publisher's begins anew when the kind is withdrawn or allowed.
    pub(super) flows: [bool; 2],
    pub(super) last_key_frame: Option<u32>,
    lines: [Timeline; 2],
    /// Waits for a key frame.
    dark: bool,
    told_codec: bool,
}

impl Member {
    pub(crate) fn new(leg: Arc<dyn Leg>, part: Part) -> Member {
        let line = |kind: Kind| Timeline::new(kind.clock_hz(), rand::random());
        Member {
            leg,
            part,
            state: LegState::Connecting,
            since: Instant::now(),
            was_connected: false,
            ingress: [None, None],
            flows: [false, false],
            last_key_frame: None,
            lines: Kind::ALL.map(line),
            dark: true,
            told_codec: false,
        }
    }

    pub(super) fn is_publisher(&self) -> bool {
        matches!(self.part, Part::Publisher { .. })
    }

    pub(super) fn is_viewer(&self) -> bool {
        !self.is_publisher()
    }

    pub(super) fn may_talk(&self) -> bool {
        matches!(
            self.part,
            Part::Viewer {
                role: ViewerRole::Talk
            }
        )
    }

    pub(super) fn connected(&self) -> bool {
        self.state == LegState::Connected
    }

    pub(super) fn set_state(&mut self, state: LegState, now: Instant) {
        self.state = state;
        self.since = now;
    }

    /// The connection stood before: what happens now is a change of path.
    pub(super) fn was_connected(&self) -> bool {
        self.was_connected
    }

    pub(super) fn note_connected(&mut self) {
        self.was_connected = true;
    }

    /// Why the peer must go now, if it must.
    pub(super) fn overdue(&self, now: Instant) -> Option<CloseReason> {
        let for_this_long = now.saturating_duration_since(self.since);
        match self.state {
            LegState::Connecting if !self.was_connected => {
                (for_this_long >= CONNECT_WITHIN).then_some(CloseReason::NeverConnected)
            }
            LegState::Connecting | LegState::Disconnected => {
                (for_this_long >= KEEP_LOST).then_some(CloseReason::Lost)
            }
            LegState::Failed => Some(CloseReason::Failed),
            LegState::Closed => Some(CloseReason::Left),
            _ => None,
        }
    }

    /// Sends one packet now or leaves it out. Never waits.
    pub(super) fn forward(&mut self, placed: Placed<'_>, now: Instant) -> Forwarded {
        let packet = placed.packet;
        let kind = packet.codec.kind();
        if !self.connected() {
            return self.leave_out(kind);
        }
        if kind == Kind::Video && self.dark && !placed.begins_key_frame {
            return self.leave_out(kind);
        }
        // Kept only if the packet goes out: one that does not must leave no hole.
        let mut line = self.lines[kind.index()];
        let Some((sequence, timestamp)) =
            line.map(placed.stream, placed.place, packet.timestamp, now)
        else {
            return Forwarded::Skipped;
        };
        let written = self.leg.write(PacketOut {
            codec: packet.codec,
            sequence,
            timestamp,
            marker: packet.marker,
            payload: packet.payload.clone(),
        });
        match written {
            Ok(()) => {
                self.lines[kind.index()] = line;
                self.dark &= kind != Kind::Video;
                Forwarded::Yes
            }
            Err(WriteRefused::NotReady) => {
                self.leave_out(kind);
                Forwarded::Dropped
            }
            Err(WriteRefused::NoCodec) => self.cannot_decode(kind),
        }
    }

    /// A viewer that has video, but not this codec, is told so once. One without video is not.
    fn cannot_decode(&mut self, kind: Kind) -> Forwarded {
        let has_other = [Codec::Vp8, Codec::H264].iter().any(|c| self.leg.takes(*c));
        if kind == Kind::Video && has_other && !self.told_codec {
            self.told_codec = true;
            return Forwarded::CannotDecode;
        }
        Forwarded::Skipped
    }

    /// The next packet of `kind` follows the last one sent, and a picture begins with a key frame.
    pub(super) fn leave_out(&mut self, kind: Kind) -> Forwarded {
        self.lines[kind.index()].skip();
        self.dark |= kind == Kind::Video;
        Forwarded::Skipped
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicBool, Ordering};

    use async_trait::async_trait;
    use bytes::Bytes;

    use super::*;
    use crate::media::engine::{EngineError, Plan};
    use crate::media::lock::lock;
    use crate::media::sdp::Offer;

    /// A connection that can be made slow.
    #[derive(Default)]
    struct Line {
        slow: AtomicBool,
        sequences: Mutex<Vec<u16>>,
    }

    #[async_trait]
    impl Leg for Line {
        fn write(&self, packet: PacketOut) -> Result<(), WriteRefused> {
            if self.slow.load(Ordering::Relaxed) {
                return Err(WriteRefused::NotReady);
            }
            lock(&self.sequences).push(packet.sequence);
            Ok(())
        }

        fn takes(&self, _: Codec) -> bool {
            true
        }

        fn request_key_frame(&self) -> bool {
            false
        }

        fn state(&self) -> LegState {
            LegState::Connected
        }

        async fn renegotiate(&self, _: &Offer, _: Plan) -> Result<String, EngineError> {
            Err(EngineError(String::new()))
        }

        async fn close(&self) {}
    }

    fn viewer(line: &Arc<Line>, state: LegState) -> Member {
        let role = ViewerRole::Listen;
        let leg: Arc<dyn Leg> = Arc::<Line>::clone(line);
        let mut member = Member::new(leg, Part::Viewer { role });
        member.set_state(state, Instant::now());
        member
    }

    fn packet() -> PacketIn {
        PacketIn {
            codec: Codec::Vp8,
            ssrc: 1,
            sequence: 0,
            timestamp: 0,
            marker: false,
            payload: Bytes::from_static(&[0x10, 0]),
        }
    }

    #[test]
    fn a_viewer_that_was_behind_resumes_at_the_next_key_frame_without_a_hole() {
        let (line, now) = (Arc::new(Line::default()), Instant::now());
        let mut member = viewer(&line, LegState::Connected);
        let packet = packet();
        let mut put = |place, begins_key_frame| {
            let placed = Placed {
                stream: 1,
                place,
                begins_key_frame,
                packet: &packet,
            };
            member.forward(placed, now)
        };
        assert_eq!(put(10, false), Forwarded::Skipped, "no key frame yet");
        assert_eq!(put(11, true), Forwarded::Yes);
        assert_eq!(put(12, false), Forwarded::Yes);
        line.slow.store(true, Ordering::Relaxed);
        assert_eq!(put(13, false), Forwarded::Dropped);
        line.slow.store(false, Ordering::Relaxed);
        assert_eq!(put(14, false), Forwarded::Skipped);
        assert_eq!(put(15, true), Forwarded::Yes);
        let sequences = lock(&line.sequences);
        assert!(
            sequences.windows(2).all(|w| w[1] == w[0] + 1),
            "{sequences:?}"
        );
    }

    #[test]
    fn a_lost_peer_is_kept_thirty_seconds_and_a_silent_one_ten() {
        let (line, now) = (Arc::new(Line::default()), Instant::now());
        let after = |state, seconds| {
            let mut member = viewer(&line, state);
            member.set_state(state, now);
            member.overdue(now + Duration::from_secs(seconds))
        };
        assert_eq!(after(LegState::Disconnected, 29), None);
        assert_eq!(after(LegState::Disconnected, 30), Some(CloseReason::Lost));
        assert_eq!(after(LegState::Connecting, 9), None);
        assert_eq!(
            after(LegState::Connecting, 10),
            Some(CloseReason::NeverConnected)
        );
        assert_eq!(after(LegState::Connected, 86_400), None);
        let mut restarting = viewer(&line, LegState::Connected);
        restarting.note_connected();
        restarting.set_state(LegState::Connecting, now);
        assert_eq!(restarting.overdue(now + Duration::from_secs(29)), None);
    }
}
