//! A browser's part of live media: one offer, one answer, packets over real UDP.

use std::sync::Once;
use std::time::{Duration, Instant};

use str0m::change::{SdpAnswer, SdpPendingOffer};
use str0m::format::Codec;
use str0m::media::{Direction, MediaKind, Mid};
use str0m::net::{Protocol, Receive};
use str0m::rtp::RtpWrite;
use str0m::{Candidate, Event, Input, Output, Rtc, RtcConfig};
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, watch};

use super::harness::soon;

/// Between two packets of each kind, as phones send sound.
const PACE: Duration = Duration::from_millis(20);

/// What arrived so far, in packets.
#[derive(Debug, Clone, Copy, Default)]
pub struct Heard {
    pub audio: u64,
    pub video: u64,
    /// The connection ended.
    pub over: bool,
}

/// A client whose connection runs in a task of its own until it is dropped.
pub struct MediaClient {
    pub offer: String,
    pending: Option<SdpPendingOffer>,
    answers: mpsc::UnboundedSender<(SdpPendingOffer, String)>,
    heard: watch::Receiver<Heard>,
}

impl MediaClient {
    /// A resident who sends both kinds and listens.
    pub async fn resident() -> Self {
        Self::new(Direction::SendRecv, Direction::SendOnly).await
    }

    /// Somebody who receives both kinds, and talks if wanted.
    pub async fn viewer(talks: bool) -> Self {
        let audio = if talks {
            Direction::SendRecv
        } else {
            Direction::RecvOnly
        };
        Self::new(audio, Direction::RecvOnly).await
    }

    async fn new(audio: Direction, video: Direction) -> Self {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| str0m::crypto::from_feature_flags().install_process_default());
        let mut rtc = RtcConfig::new()
            .clear_codecs()
            .enable_opus(true, false)
            .enable_vp8(true)
            .set_rtp_mode(true)
            .build(Instant::now());
        let mut change = rtc.sdp_api();
        let audio_mid = change.add_media(MediaKind::Audio, audio, None, None, None);
        let video_mid = change.add_media(MediaKind::Video, video, None, None, None);
        let (offer, pending) = change.apply().expect("a change");
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("bound");
        let local = socket.local_addr().expect("an address");
        rtc.add_local_candidate(Candidate::host(local, "udp").expect("a candidate"));
        let (answers, incoming) = mpsc::unbounded_channel();
        let (told, heard) = watch::channel(Heard::default());
        let sends = |direction| matches!(direction, Direction::SendRecv | Direction::SendOnly);
        let tracks = [(audio_mid, audio), (video_mid, video)].map(|(mid, way)| Track {
            mid,
            sends: sends(way),
            sequence: 1_000,
        });
        let run = Run {
            rtc,
            socket,
            incoming,
            told,
            tracks,
            ticks: 0,
        };
        tokio::spawn(run.run());
        Self {
            offer: offer.to_sdp_string(),
            pending: Some(pending),
            answers,
            heard,
        }
    }

    /// Takes the gateway's answer; from then on everything it may send is sent.
    pub fn answer(&mut self, sdp: &str) {
        let pending = self.pending.take().expect("an open offer");
        let _over = self.answers.send((pending, sdp.to_owned()));
    }

    /// What arrived so far.
    pub fn heard(&self) -> Heard {
        *self.heard.borrow()
    }

    /// Waits until what arrived satisfies `holds`.
    pub async fn until(&self, holds: impl Fn(&Heard) -> bool) -> Heard {
        let mut heard = self.heard.clone();
        let waited = soon(heard.wait_for(|heard| holds(heard))).await;
        *waited.expect("the client still runs")
    }

    /// Waits for further packets of both kinds.
    pub async fn sees_more(&self) {
        let from = self.heard();
        self.until(|now| now.audio > from.audio + 5 && now.video > from.video + 5)
            .await;
    }
}

struct Track {
    mid: Mid,
    sends: bool,
    sequence: u64,
}

struct Run {
    rtc: Rtc,
    socket: UdpSocket,
    incoming: mpsc::UnboundedReceiver<(SdpPendingOffer, String)>,
    told: watch::Sender<Heard>,
    tracks: [Track; 2],
    ticks: u32,
}

impl Run {
    async fn run(mut self) {
        let local = self.socket.local_addr().expect("an address");
        let mut buffer = vec![0; 2_048];
        let mut tick = tokio::time::interval(PACE);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        while let Some(deadline) = self.drain() {
            tokio::select! {
                answer = self.incoming.recv() => match answer {
                    Some((pending, sdp)) => {
                        let answer = SdpAnswer::from_sdp_string(&sdp).expect("an answer");
                        self.rtc.sdp_api().accept_answer(pending, answer).expect("usable");
                    }
                    None => self.rtc.disconnect(),
                },
                received = self.socket.recv_from(&mut buffer) => {
                    let Ok((n, source)) = received else { continue };
                    if let Ok(contents) = buffer[..n].try_into() {
                        let receive = Receive { proto: Protocol::Udp, source, destination: local, contents };
                        let _ = self.rtc.handle_input(Input::Receive(Instant::now(), receive));
                    }
                }
                _ = tick.tick() => self.send(),
                () = tokio::time::sleep_until(deadline.into()) => {
                    let _ = self.rtc.handle_input(Input::Timeout(Instant::now()));
                }
            }
        }
        self.told.send_modify(|heard| heard.over = true);
    }

    /// Sends and notes everything that is ready; the next deadline, or `None` when the connection is over.
    fn drain(&mut self) -> Option<Instant> {
        while self.rtc.is_alive() {
            match self.rtc.poll_output() {
                Ok(Output::Timeout(at)) => {
                    return Some(at.max(Instant::now() + Duration::from_micros(200)));
                }
                Ok(Output::Transmit(t)) => {
                    let _ = self.socket.try_send_to(&t.contents, t.destination);
                }
                Ok(Output::Event(Event::RtpPacket(packet))) => {
                    let opus = self.codec(*packet.header.payload_type) == Some(Codec::Opus);
                    self.told.send_modify(|heard| {
                        heard.audio += u64::from(opus);
                        heard.video += u64::from(!opus);
                    });
                }
                Ok(Output::Event(_)) => {}
                Err(_) => return None,
            }
        }
        None
    }

    fn codec(&self, payload_type: u8) -> Option<Codec> {
        let mut params = self.rtc.codec_config().params().iter();
        params
            .find(|p| *p.pt() == payload_type)
            .map(|p| p.spec().codec)
    }

    fn send(&mut self) {
        if !self.rtc.is_connected() {
            return;
        }
        self.ticks += 1;
        for place in 0..self.tracks.len() {
            if self.tracks[place].sends {
                self.write(place);
            }
        }
    }

    /// One packet; the content is not a picture, its shape is that of one.
    fn write(&mut self, place: usize) {
        let wanted = if place == 0 { Codec::Opus } else { Codec::Vp8 };
        let mid = self.tracks[place].mid;
        let Some(agreed) = self.rtc.media(mid).map(|m| m.remote_pts().to_vec()) else {
            return;
        };
        let mut params = self.rtc.codec_config().params().iter();
        let of_wanted = |p: &&str0m::format::PayloadParams| {
            p.spec().codec == wanted && agreed.contains(&p.pt())
        };
        let Some(pt) = params.find(of_wanted).map(|p| p.pt()) else {
            return;
        };
        let (time, payload) = if place == 0 {
            (self.ticks * 960, vec![0xfc, 0xff, 0xfe])
        } else {
            // Every picture is a key frame: whoever joins sees the next one.
            let mut payload = vec![0x10, 0x00];
            payload.resize(400, 0xaa);
            (self.ticks * 1_800, payload)
        };
        self.tracks[place].sequence += 1;
        let sequence = self.tracks[place].sequence;
        let write = RtpWrite::new(pt, sequence.into(), time, Instant::now(), payload)
            .marker(place == 1)
            .nackable(true);
        if let Some(stream) = self.rtc.direct_api().stream_tx_by_mid(mid, None) {
            stream.write_rtp(write);
        }
    }
}
