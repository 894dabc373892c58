//! The codecs that pass through, and the interceptors around them, as the `webrtc` crate wants to hear it.
//!
//! Owns: the codec table of the library and the order of its interceptors. Must not: choose for a peer: the [`Plan`] and the offer do. Called by:
//! `driver`, `leg`, `tracks`.

use rtc::interceptor::{NackGeneratorBuilder, NackResponderBuilder, Registry, Slot};
use rtc::peer_connection::configuration::interceptor_registry::{
    configure_rtcp_reports, configure_twcc_receiver_only,
};
use rtc::peer_connection::configuration::media_engine::{
    MIME_TYPE_H264, MIME_TYPE_OPUS, MIME_TYPE_RTX, MIME_TYPE_VP8, MediaEngine,
};
use rtc::rtp_transceiver::rtp_sender::{
    RTCPFeedback, RTCRtpCodec, RTCRtpCodecParameters, RtpCodecKind,
};

use super::feedback::KeyFrameFeedback;
use super::{EngineError, Plan};
use crate::media::kinds::{Codec, Kind};

/// Packets kept for retransmission to a viewer: half a second of 1.5 Mbit/s video. The buffer is the largest part of a
/// viewer's memory; a viewer that loses more than this asks for a key frame.
const RESEND_PACKETS: u16 = 256;
/// Where the key frame feedback stands in the chain: behind every interceptor of the library.
const LAST_SLOT: usize = 14_000;

/// The library's description of a codec.
pub(super) fn describe(codec: Codec) -> RTCRtpCodec {
    let (mime, parameters) = match codec {
        Codec::Opus => (MIME_TYPE_OPUS, "minptime=10;useinbandfec=1"),
        Codec::Vp8 => (MIME_TYPE_VP8, ""),
        Codec::H264 => (
            MIME_TYPE_H264,
            "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
        ),
    };
    let feedback = match codec.kind() {
        Kind::Audio => &[][..],
        Kind::Video => &[
            ("goog-remb", ""),
            ("ccm", "fir"),
            ("nack", ""),
            ("nack", "pli"),
        ],
    };
    RTCRtpCodec {
        mime_type: mime.to_owned(),
        clock_rate: codec.kind().clock_hz(),
        channels: if codec == Codec::Opus { 2 } else { 0 },
        sdp_fmtp_line: parameters.to_owned(),
        rtcp_feedback: feedback
            .iter()
            .map(|(typ, parameter)| RTCPFeedback {
                typ: (*typ).to_owned(),
                parameter: (*parameter).to_owned(),
            })
            .collect(),
    }
}

pub(super) fn library_kind(kind: Kind) -> RtpCodecKind {
    match kind {
        Kind::Audio => RtpCodecKind::Audio,
        Kind::Video => RtpCodecKind::Video,
    }
}

/// What may be negotiated, and the chain that answers loss on this leg.
///
/// Publishers repair on a stream of their own (RTX). Towards viewers a lost packet is sent again as it was: a repair
/// stream is bound to one codec, and a viewer that came first does not know the publisher's yet.
pub(super) fn media(plan: Plan, video: &[Codec]) -> Result<(MediaEngine, Registry), EngineError> {
    let mut media = MediaEngine::default();
    register(&mut media, Codec::Opus, 111, None)?;
    for codec in video {
        let (payload_type, repair) = match codec {
            Codec::Vp8 => (96, 97),
            Codec::H264 => (102, 103),
            Codec::Opus => continue,
        };
        let repair = (!plan.every_video_codec).then_some(repair);
        register(&mut media, *codec, payload_type, repair)?;
    }
    let registry = Registry::new()
        .with(
            Slot::NackResponder,
            NackResponderBuilder::new()
                .with_size(RESEND_PACKETS)
                .build(),
        )
        .with(Slot::NackGenerator, NackGeneratorBuilder::new().build());
    let registry = configure_twcc_receiver_only(registry, &mut media)?;
    let registry = configure_rtcp_reports(registry);
    let registry = registry.with(Slot::from(LAST_SLOT), KeyFrameFeedback::default());
    Ok((media, registry))
}

fn register(
    media: &mut MediaEngine,
    codec: Codec,
    payload_type: u8,
    repair: Option<u8>,
) -> Result<(), EngineError> {
    let kind = library_kind(codec.kind());
    let parameters = RTCRtpCodecParameters {
        rtp_codec: describe(codec),
        payload_type,
    };
    media.register_codec(parameters, kind)?;
    if let Some(repair) = repair {
        let rtp_codec = RTCRtpCodec {
            mime_type: MIME_TYPE_RTX.to_owned(),
            clock_rate: codec.kind().clock_hz(),
            channels: 0,
            sdp_fmtp_line: format!("apt={payload_type}"),
            rtcp_feedback: Vec::new(),
        };
        let parameters = RTCRtpCodecParameters {
            rtp_codec,
            payload_type: repair,
        };
        media.register_codec(parameters, kind)?;
    }
    Ok(())
}
