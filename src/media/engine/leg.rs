//! One peer connection of the `webrtc` crate, as a [`Leg`].
//!
//! Owns: the connection, its tracks and its state. Must not: wait in a callback of the library, which runs on the task that drives all of it.
//! Called by: `driver`, which makes it; the rooms, which write to it.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt;
use rtc::peer_connection::transport::RTCDtlsTransportState;
use rtc::rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication;
use rtc::rtp;
use rtc::rtp_transceiver::{RTCRtpTransceiverDirection, RTCRtpTransceiverInit};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use webrtc::media_stream::track_local::TrackLocal;
use webrtc::media_stream::track_remote::TrackRemote;
use webrtc::peer_connection::transport::DtlsTransport;
use webrtc::peer_connection::{
    PeerConnection, PeerConnectionEventHandler, RTCIceGatheringState, RTCPeerConnectionState,
    RTCSessionDescription,
};

use super::codecs::library_kind;
use super::tracks::{Sending, receive};
use super::{EngineError, Leg, LegState, PacketOut, Plan, Sink, WriteRefused};
use crate::media::kinds::{Codec, Kind};
use crate::media::lock::lock;
use crate::media::mux::Port;
use crate::media::sdp::{Offer, Section, answer};

/// What the leg shares with the library's callbacks and with its tasks.
pub(super) struct Shared {
    pub(super) sink: Arc<dyn Sink>,
    pub(super) gathered: tokio::sync::Notify,
    state: AtomicU8,
    payload_types: Mutex<Vec<(u8, Codec)>>,
    /// The video track of the peer, to ask for key frames.
    picture: Mutex<Option<(Arc<dyn TrackRemote>, u32)>>,
    ended: CancellationToken,
}

impl Shared {
    pub(super) fn new(sink: Arc<dyn Sink>) -> Arc<Shared> {
        Arc::new(Shared {
            sink,
            gathered: tokio::sync::Notify::new(),
            state: AtomicU8::new(LegState::Connecting as u8),
            payload_types: Mutex::default(),
            picture: Mutex::default(),
            ended: CancellationToken::new(),
        })
    }

    pub(super) fn codec_of(&self, payload_type: u8) -> Option<Codec> {
        let types = lock(&self.payload_types);
        types
            .iter()
            .find(|(n, _)| *n == payload_type)
            .map(|(_, c)| *c)
    }

    fn payload_type_of(&self, codec: Codec) -> Option<u8> {
        let types = lock(&self.payload_types);
        types.iter().find(|(_, c)| *c == codec).map(|(n, _)| *n)
    }

    fn set_state(&self, state: LegState) {
        self.state.store(state as u8, Ordering::Release);
        self.sink.state(state);
    }
}

/// The library calls this on the task that drives the connection: nothing here may wait.
#[async_trait]
impl PeerConnectionEventHandler for Shared {
    async fn on_ice_gathering_state_change(&self, state: RTCIceGatheringState) {
        if state == RTCIceGatheringState::Complete {
            self.gathered.notify_one();
        }
    }

    async fn on_connection_state_change(&self, state: RTCPeerConnectionState) {
        let state = match state {
            // After an ICE restart this comes again.
            RTCPeerConnectionState::Connecting => LegState::Connecting,
            RTCPeerConnectionState::Connected => LegState::Connected,
            RTCPeerConnectionState::Disconnected => LegState::Disconnected,
            RTCPeerConnectionState::Failed => LegState::Failed,
            RTCPeerConnectionState::Closed => LegState::Closed,
            _ => return,
        };
        self.set_state(state);
    }
}

/// Gives each received track its task. Apart from [`Shared`], because the task needs a handle to it.
pub(super) struct Handler(pub(super) Arc<Shared>);

#[async_trait]
impl PeerConnectionEventHandler for Handler {
    async fn on_ice_gathering_state_change(&self, state: RTCIceGatheringState) {
        self.0.on_ice_gathering_state_change(state).await;
    }

    async fn on_connection_state_change(&self, state: RTCPeerConnectionState) {
        self.0.on_connection_state_change(state).await;
    }

    async fn on_track(&self, track: Arc<dyn TrackRemote>) {
        let shared = Arc::clone(&self.0);
        let ended = shared.ended.clone();
        tokio::spawn(ended.run_until_cancelled_owned(async move {
            if track.kind().await == library_kind(Kind::Video)
                && let Some(ssrc) = track.ssrcs().await.first().copied()
            {
                *lock(&shared.picture) = Some((Arc::clone(&track), ssrc));
            }
            receive(track, shared).await;
        }));
    }
}

/// A connection that was accepted.
pub(super) struct WebrtcLeg {
    connection: OnceLock<Arc<dyn PeerConnection>>,
    shared: Arc<Shared>,
    port: Arc<Port>,
    sending: Mutex<[Option<Sending>; 2]>,
    /// Sections that already have a transceiver.
    known: tokio::sync::Mutex<Vec<String>>,
}

impl WebrtcLeg {
    pub(super) fn new(shared: Arc<Shared>, port: Arc<Port>) -> WebrtcLeg {
        WebrtcLeg {
            connection: OnceLock::new(),
            shared,
            port,
            sending: Mutex::default(),
            known: tokio::sync::Mutex::default(),
        }
    }

    pub(super) fn connect(&self, connection: Arc<dyn PeerConnection>) {
        let shared = Arc::clone(&self.shared);
        let ended = self.shared.ended.clone();
        let farewell = farewell(Arc::clone(&connection));
        tokio::spawn(ended.run_until_cancelled_owned(async move {
            farewell.await;
            shared.set_state(LegState::Closed);
        }));
        let _ = self.connection.set(connection);
    }

    fn connection(&self) -> Result<&Arc<dyn PeerConnection>, EngineError> {
        self.connection
            .get()
            .ok_or_else(|| EngineError("not connected".to_owned()))
    }

    /// Applies one offer and returns the library's answer to it.
    pub(super) async fn negotiate(&self, offer: &Offer, plan: Plan) -> Result<String, EngineError> {
        let connection = self.connection()?;
        let mut known = self.known.lock().await;
        let new = offer
            .sections
            .iter()
            .filter(|s| s.active() && !known.contains(&s.mid));
        for section in new {
            self.prepare(connection, section, plan).await?;
        }
        let description = RTCSessionDescription::offer(offer.text.clone())?;
        connection.set_remote_description(description).await?;
        let answer = connection.create_answer(None).await?;
        self.port
            .name(answer::ufrag(&answer.sdp).unwrap_or_default());
        *lock(&self.shared.payload_types) = answer::payload_types(&answer.sdp);
        let text = answer.sdp.clone();
        connection.set_local_description(answer).await?;
        *known = offer.sections.iter().map(|s| s.mid.clone()).collect();
        Ok(text)
    }

    /// Makes the transceiver that the library will match with `section`.
    async fn prepare(
        &self,
        connection: &Arc<dyn PeerConnection>,
        section: &Section,
        plan: Plan,
    ) -> Result<(), EngineError> {
        let (sends, receives) = (plan.send.has(section.kind), plan.receive.has(section.kind));
        let init = |direction| {
            Some(RTCRtpTransceiverInit {
                direction,
                ..Default::default()
            })
        };
        if sends && let Some(codec) = section.codecs.first() {
            let sending = Sending::new(*codec);
            let track = Arc::clone(&sending.track);
            // Both directions even where only one is used: a viewer that begins to talk keeps its section.
            let init = init(RTCRtpTransceiverDirection::Sendrecv);
            connection.add_transceiver_from_track(track, init).await?;
            if section.kind == Kind::Video {
                let ended = self.shared.ended.clone();
                sending.watch_feedback(Arc::clone(&self.shared.sink), ended);
            }
            lock(&self.sending)[section.kind.index()] = Some(sending);
        } else if receives {
            let init = init(RTCRtpTransceiverDirection::Recvonly);
            let kind = library_kind(section.kind);
            connection.add_transceiver_from_kind(kind, init).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl Leg for WebrtcLeg {
    fn write(&self, packet: PacketOut) -> Result<(), WriteRefused> {
        let payload_type = self
            .shared
            .payload_type_of(packet.codec)
            .ok_or(WriteRefused::NoCodec)?;
        let sending = lock(&self.sending);
        let sending = sending[packet.codec.kind().index()]
            .as_ref()
            .ok_or(WriteRefused::NoCodec)?;
        let header = rtp::header::Header {
            version: 2,
            marker: packet.marker,
            payload_type,
            sequence_number: packet.sequence,
            timestamp: packet.timestamp,
            ssrc: sending.ssrc,
            ..Default::default()
        };
        let packet = rtp::Packet {
            header,
            payload: packet.payload,
        };
        match sending.track.write_rtp(packet).now_or_never() {
            Some(Ok(())) => Ok(()),
            Some(Err(_)) | None => Err(WriteRefused::NotReady),
        }
    }

    fn takes(&self, codec: Codec) -> bool {
        self.shared.payload_type_of(codec).is_some()
            && lock(&self.sending)[codec.kind().index()].is_some()
    }

    fn request_key_frame(&self) -> bool {
        let Some((track, ssrc)) = lock(&self.shared.picture).clone() else {
            return false;
        };
        let request = PictureLossIndication {
            sender_ssrc: 1,
            media_ssrc: ssrc,
        };
        let sent = track.write_rtcp(vec![Box::new(request)]).now_or_never();
        matches!(sent, Some(Ok(())))
    }

    fn state(&self) -> LegState {
        let state = self.shared.state.load(Ordering::Acquire);
        [
            LegState::Connecting,
            LegState::Connected,
            LegState::Disconnected,
            LegState::Failed,
        ]
        .into_iter()
        .find(|s| *s as u8 == state)
        .unwrap_or(LegState::Closed)
    }

    async fn renegotiate(&self, offer: &Offer, plan: Plan) -> Result<String, EngineError> {
        self.negotiate(offer, plan).await
    }

    async fn close(&self) {
        self.shared.ended.cancel();
        *lock(&self.shared.picture) = None;
        if let Some(connection) = self.connection.get()
            && let Err(e) = connection.close().await
        {
            tracing::debug!(error = %e, "a peer connection did not close cleanly");
        }
        self.port.close();
        *lock(&self.sending) = [None, None];
    }
}

impl Drop for WebrtcLeg {
    /// For a leg that was given up before it was closed: its tasks end, and without its port the connection ends too.
    fn drop(&mut self) {
        self.shared.ended.cancel();
        self.port.close();
    }
}

/// How often to look whether the peer said good-bye.
const FAREWELL_EVERY: Duration = Duration::from_secs(1);

/// Waits until the peer closed DTLS, as a page that is left does. The library ends the transport then, but its
/// connection only changes state when ICE has been silent for seconds.
async fn farewell(connection: Arc<dyn PeerConnection>) {
    let mut every = tokio::time::interval(FAREWELL_EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        if let Some(transport) = transport(&connection).await
            && matches!(transport.state().await, Ok(RTCDtlsTransportState::Closed))
        {
            return;
        }
    }
}

/// The DTLS transport, reached by any sender or receiver; all share one.
async fn transport(connection: &Arc<dyn PeerConnection>) -> Option<Arc<dyn DtlsTransport>> {
    for sender in connection.get_senders().await {
        if let Ok(Some(transport)) = sender.transport().await {
            return Some(transport);
        }
    }
    for receiver in connection.get_receivers().await {
        if let Ok(Some(transport)) = receiver.transport().await {
            return Some(transport);
        }
    }
    None
}
