//! The tasks beside a connection: one for each track that is received, one for the feedback of each that is sent. Each
//! ends with its track or with the leg, whichever is first; one that stayed would hold the whole connection in memory.
//!
//! Owns: these tasks. Must not: decide what is forwarded: packets go to the [`Sink`]. Called by: `leg`.

use std::sync::Arc;

use rtc::media_stream::MediaStreamTrack;
use rtc::rtp_transceiver::rtp_sender::{RTCRtpCodingParameters, RTCRtpEncodingParameters};
use tokio_util::sync::CancellationToken;
use webrtc::media_stream::track_local::static_rtp::TrackLocalStaticRTP;
use webrtc::media_stream::track_local::{TrackLocal, TrackLocalEvent};
use webrtc::media_stream::track_remote::{TrackRemote, TrackRemoteEvent};

use super::codecs::{describe, library_kind};
use super::leg::Shared;
use super::{PacketIn, Sink};
use crate::media::kinds::Codec;

/// A track that we send.
pub(super) struct Sending {
    pub(super) track: Arc<TrackLocalStaticRTP>,
    pub(super) ssrc: u32,
}

impl Sending {
    /// A track of `codec`; the others of its kind may be written to it too, they share its clock.
    pub(super) fn new(codec: Codec) -> Sending {
        // RFC 3550, section 8.1: random. Zero is left out, some stacks take it for "none".
        let ssrc = rand::random::<u32>().max(1);
        let coding = RTCRtpEncodingParameters {
            rtp_coding_parameters: RTCRtpCodingParameters {
                ssrc: Some(ssrc),
                ..Default::default()
            },
            codec: describe(codec),
            ..Default::default()
        };
        let track = MediaStreamTrack::new(
            "callbox".to_owned(),
            format!("t{ssrc}"),
            String::new(),
            library_kind(codec.kind()),
            vec![coding],
        );
        Sending {
            track: Arc::new(TrackLocalStaticRTP::new(track)),
            ssrc,
        }
    }

    /// Tells `sink` whenever the peer asks for a key frame on this track.
    pub(super) fn watch_feedback(&self, sink: Arc<dyn Sink>, ended: CancellationToken) {
        let track = Arc::clone(&self.track);
        tokio::spawn(ended.run_until_cancelled_owned(async move {
            while let Some(event) = track.poll().await {
                if matches!(event, TrackLocalEvent::OnRtcpPacket(_)) {
                    sink.key_frame_wanted();
                }
            }
        }));
    }
}

/// Reads `track` until it ends and hands every packet whose payload type was agreed to the sink.
pub(super) async fn receive(track: Arc<dyn TrackRemote>, shared: Arc<Shared>) {
    while let Some(event) = track.poll().await {
        match event {
            TrackRemoteEvent::OnRtpPacket(packet) => {
                let header = packet.header;
                let Some(codec) = shared.codec_of(header.payload_type) else {
                    continue;
                };
                shared.sink.packet(PacketIn {
                    codec,
                    ssrc: header.ssrc,
                    sequence: header.sequence_number,
                    timestamp: header.timestamp,
                    marker: header.marker,
                    payload: packet.payload,
                });
            }
            TrackRemoteEvent::OnEnded => return,
            _ => {}
        }
    }
}
