//! Real clients for the tests: str0m over real UDP sockets, playing residents, consoles and supervisors.
//!
//! Owns: the clients, their certificates and their waiting. Must not: be part of the program: it is built for tests only. Called by: `media/tests`.

use std::sync::{Arc, Once};
use std::time::{Duration, Instant};

use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::format::Codec as ClientCodec;
use str0m::media::{Direction, KeyframeRequestKind, MediaKind, Mid};
use str0m::net::{Protocol, Receive};
use str0m::rtp::RtpWrite;
use str0m::{Candidate, Event, Input, Output, Rtc, RtcConfig};
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use super::kinds::{Codec, Kind};

/// Long enough for a busy machine; nothing here is timed, this only ends a test that hangs.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// What a client saw so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) connected: bool,
    pub(crate) audio: u64,
    pub(crate) video: u64,
    pub(crate) key_frames: u64,
    /// The first video packet began a key frame.
    pub(crate) began_with_key_frame: bool,
    pub(crate) key_frame_requests: u64,
    /// Bytes of the last payload, to tell one sender from another.
    pub(crate) last_mark: u8,
    /// Video packets whose sequence number did not follow the one before.
    pub(crate) gaps: u64,
}

enum Order {
    Answer(SdpPendingOffer, String),
    Offer(Box<dyn FnOnce(&mut Rtc) -> Made + Send>),
    Send(Option<Sending>),
    WantKeyFrame,
}

/// What a client sends, 50 times a second.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sending {
    pub(crate) audio: bool,
    pub(crate) video: Option<Codec>,
    /// Put into every payload.
    pub(crate) mark: u8,
    /// Answers requests for key frames; off, it only sends one at the very start.
    pub(crate) key_frames: bool,
}

impl Sending {
    pub(crate) fn both(mark: u8) -> Sending {
        Sending {
            audio: true,
            video: Some(Codec::Vp8),
            mark,
            key_frames: true,
        }
    }

    pub(crate) fn voice(mark: u8) -> Sending {
        Sending {
            audio: true,
            video: None,
            mark,
            key_frames: true,
        }
    }
}

/// A client whose connection runs in a task of its own until it is dropped.
pub(crate) struct Client {
    pub(crate) offer: String,
    pending: Option<SdpPendingOffer>,
    /// Sections of the first offer, in its order.
    mids: Vec<Mid>,
    orders: mpsc::UnboundedSender<Order>,
    offers: mpsc::UnboundedReceiver<(SdpOffer, SdpPendingOffer)>,
    seen: watch::Receiver<Seen>,
}

fn config(video: &[Codec]) -> RtcConfig {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| str0m::crypto::from_feature_flags().install_process_default());
    RtcConfig::new()
        .clear_codecs()
        .enable_opus(true, false)
        .enable_vp8(video.contains(&Codec::Vp8))
        .enable_h264(video.contains(&Codec::H264))
        .set_rtp_mode(true)
}

/// Sections of an offer: kind and direction.
pub(crate) type Sections<'a> = &'a [(Kind, Direction)];

/// A further offer: what is new in it, the text, and what waits for the answer.
type Made = (Vec<(Mid, MediaKind)>, SdpOffer, SdpPendingOffer);

fn add(rtc: &mut Rtc, sections: Sections<'_>) -> Made {
    let mut change = rtc.sdp_api();
    let mut medias = Vec::new();
    for (kind, direction) in sections {
        let kind = match kind {
            Kind::Audio => MediaKind::Audio,
            Kind::Video => MediaKind::Video,
        };
        medias.push((change.add_media(kind, *direction, None, None, None), kind));
    }
    let (offer, pending) = change.apply().expect("a change");
    (medias, offer, pending)
}

impl Client {
    /// Makes an offer without candidates, as clients do that do not wait for them.
    pub(crate) async fn new(sections: Sections<'_>, video: &[Codec]) -> Client {
        Client::new_at("127.0.0.1:0", sections, video).await
    }

    /// The same from another local address.
    pub(crate) async fn new_at(at: &str, sections: Sections<'_>, video: &[Codec]) -> Client {
        let mut rtc = config(video).build(Instant::now());
        let (medias, offer, pending) = add(&mut rtc, sections);
        let mids = medias.iter().map(|m| m.0).collect();
        let offer = offer.to_sdp_string();
        assert!(!offer.contains("a=candidate"), "offers are sent at once");
        let socket = UdpSocket::bind(at).await.expect("bind");
        let local = socket.local_addr().expect("address");
        rtc.add_local_candidate(Candidate::host(local, "udp").expect("candidate"));
        let (orders, orders_in) = mpsc::unbounded_channel();
        let (offers_out, offers) = mpsc::unbounded_channel();
        let (seen_out, seen) = watch::channel(Seen::default());
        let run = Run {
            rtc,
            socket,
            orders: orders_in,
            offers: offers_out,
            seen: seen_out,
            medias,
            sending: None,
            sequence: [1_000, 2_000],
            last_video: None,
            ticks: 0,
            key_frame_due: true,
        };
        tokio::spawn(run.run());
        Client {
            offer,
            pending: Some(pending),
            mids,
            orders,
            offers,
            seen,
        }
    }

    pub(crate) async fn resident() -> Client {
        let sections = [
            (Kind::Audio, Direction::SendRecv),
            (Kind::Video, Direction::SendOnly),
        ];
        Client::new(&sections, &[Codec::Vp8]).await
    }

    pub(crate) async fn viewer(talks: bool) -> Client {
        let audio = if talks {
            Direction::SendRecv
        } else {
            Direction::RecvOnly
        };
        let sections = [(Kind::Audio, audio), (Kind::Video, Direction::RecvOnly)];
        Client::new(&sections, &[Codec::Vp8, Codec::H264]).await
    }

    /// Takes the node's answer to the last offer.
    pub(crate) fn answer(&mut self, sdp: &str) {
        let pending = self.pending.take().expect("an open offer");
        self.order(Order::Answer(pending, sdp.to_owned()));
    }

    /// Makes a further offer.
    pub(crate) async fn offer_again(
        &mut self,
        change: impl FnOnce(&mut Rtc) -> Made + Send + 'static,
    ) -> String {
        self.order(Order::Offer(Box::new(change)));
        let made = timeout(SOON, self.offers.recv()).await;
        let (offer, pending) = made.expect("in time").expect("an offer");
        self.pending = Some(pending);
        offer.to_sdp_string()
    }

    /// A further offer with one more section.
    pub(crate) async fn offer_more(&mut self, kind: Kind, direction: Direction) -> String {
        self.offer_again(move |rtc| add(rtc, &[(kind, direction)]))
            .await
    }

    /// A further offer that changes what a section does.
    pub(crate) async fn offer_direction(&mut self, kind: Kind, direction: Direction) -> String {
        let at = usize::from(kind == Kind::Video);
        let mid = self.mids[at];
        self.offer_again(move |rtc| {
            let mut change = rtc.sdp_api();
            change.set_direction(mid, direction);
            let (offer, pending) = change.apply().expect("a change");
            (Vec::new(), offer, pending)
        })
        .await
    }

    /// A further offer that begins the connectivity checks anew.
    pub(crate) async fn offer_ice_restart(&mut self) -> String {
        self.offer_again(|rtc| {
            let mut change = rtc.sdp_api();
            change.ice_restart(true);
            let (offer, pending) = change.apply().expect("a change");
            (Vec::new(), offer, pending)
        })
        .await
    }

    pub(crate) fn send(&self, sending: Sending) {
        self.order(Order::Send(Some(sending)));
    }

    pub(crate) fn stop_sending(&self) {
        self.order(Order::Send(None));
    }

    pub(crate) fn want_key_frame(&self) {
        self.order(Order::WantKeyFrame);
    }

    fn order(&self, order: Order) {
        assert!(self.orders.send(order).is_ok(), "the client still runs");
    }

    pub(crate) fn seen(&self) -> Seen {
        *self.seen.borrow()
    }

    /// Waits until what the client saw satisfies `holds`.
    pub(crate) async fn until(&self, what: &str, holds: impl Fn(&Seen) -> bool) -> Seen {
        let mut seen = self.seen.clone();
        let outcome = timeout(SOON, seen.wait_for(|s| holds(s))).await;
        match outcome {
            Ok(seen) => *seen.expect("the client still runs"),
            Err(_) => panic!("{what}: saw only {:?}", self.seen()),
        }
    }

    /// Waits for `more` further video packets.
    pub(crate) async fn more_video(&self, more: u64) -> Seen {
        let from = self.seen().video;
        self.until("more video", |s| s.video >= from + more).await
    }

    /// Waits for `more` further audio packets.
    pub(crate) async fn more_audio(&self, more: u64) -> Seen {
        let from = self.seen().audio;
        self.until("more audio", |s| s.audio >= from + more).await
    }
}

struct Run {
    rtc: Rtc,
    socket: UdpSocket,
    orders: mpsc::UnboundedReceiver<Order>,
    offers: mpsc::UnboundedSender<(SdpOffer, SdpPendingOffer)>,
    seen: watch::Sender<Seen>,
    medias: Vec<(Mid, MediaKind)>,
    sending: Option<Sending>,
    sequence: [u64; 2],
    last_video: Option<u64>,
    ticks: u32,
    key_frame_due: bool,
}

impl Run {
    async fn run(mut self) {
        let local = self.socket.local_addr().expect("address");
        let mut buffer = vec![0; 2_048];
        let mut tick = tokio::time::interval(Duration::from_millis(20));
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        while let Some(deadline) = self.drain() {
            tokio::select! {
                order = self.orders.recv() => match order {
                    Some(order) => self.order(order),
                    None => return self.leave().await,
                },
                received = self.socket.recv_from(&mut buffer) => {
                    let (n, source) = received.expect("receive");
                    if let Ok(contents) = buffer[..n].try_into() {
                        let receive = Receive { proto: Protocol::Udp, source, destination: local, contents };
                        let _ = self.rtc.handle_input(Input::Receive(Instant::now(), receive));
                    }
                }
                _ = tick.tick() => self.tick(),
                () = tokio::time::sleep_until(deadline.into()) => {
                    let _ = self.rtc.handle_input(Input::Timeout(Instant::now()));
                }
            }
        }
    }

    /// Says good-bye as a browser does that is closed.
    async fn leave(&mut self) {
        let _ = self.rtc.close();
        while let Some(deadline) = self.drain() {
            tokio::time::sleep_until(deadline.into()).await;
            let _ = self.rtc.handle_input(Input::Timeout(Instant::now()));
        }
    }

    fn order(&mut self, order: Order) {
        match order {
            Order::Answer(pending, sdp) => {
                let answer = SdpAnswer::from_sdp_string(&sdp).expect("an answer");
                self.rtc
                    .sdp_api()
                    .accept_answer(pending, answer)
                    .expect("a usable answer");
            }
            Order::Offer(change) => {
                let (medias, offer, pending) = change(&mut self.rtc);
                self.medias.extend(medias);
                let _ = self.offers.send((offer, pending));
            }
            Order::Send(sending) => self.sending = sending,
            Order::WantKeyFrame => {
                let video = self.medias.iter().find(|m| m.1 == MediaKind::Video);
                if let Some((mid, _)) = video.copied()
                    && let Some(stream) = self.rtc.direct_api().stream_rx_by_mid(mid, None)
                {
                    stream.request_keyframe(KeyframeRequestKind::Pli);
                }
            }
        }
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
                Ok(Output::Event(event)) => self.event(event),
                Err(_) => return None,
            }
        }
        None
    }

    fn event(&mut self, event: Event) {
        match event {
            Event::Connected => self.seen.send_modify(|s| s.connected = true),
            Event::KeyframeRequest(_) => {
                self.key_frame_due = true;
                self.seen.send_modify(|s| s.key_frame_requests += 1);
            }
            Event::RtpPacket(p) => {
                let is_opus = self.codec(*p.header.payload_type) == Some(ClientCodec::Opus);
                let key = !is_opus && is_key_frame(&p.payload);
                let place = *p.seq_no;
                let gap = !is_opus
                    && self
                        .last_video
                        .replace(place)
                        .is_some_and(|l| l + 1 != place);
                self.seen.send_modify(|s| {
                    s.last_mark = p.payload.last().copied().unwrap_or(0);
                    if is_opus {
                        s.audio += 1;
                        return;
                    }
                    s.began_with_key_frame |= s.video == 0 && key;
                    s.video += 1;
                    s.key_frames += u64::from(key);
                    s.gaps += u64::from(gap);
                });
            }
            _ => {}
        }
    }

    fn codec(&self, payload_type: u8) -> Option<ClientCodec> {
        let params = self.rtc.codec_config().params().iter();
        params
            .filter(|p| *p.pt() == payload_type)
            .map(|p| p.spec().codec)
            .next()
    }

    fn tick(&mut self) {
        let Some(sending) = self.sending else { return };
        if !self.rtc.is_connected() {
            return;
        }
        self.ticks += 1;
        if sending.audio {
            let payload = vec![0xfc, 0xff, 0xfe, sending.mark];
            self.write(
                MediaKind::Audio,
                Codec::Opus,
                self.ticks * 960,
                true,
                payload,
            );
        }
        let Some(codec) = sending.video else { return };
        let key =
            std::mem::take(&mut self.key_frame_due) && (sending.key_frames || self.ticks <= 1);
        for n in 0..2 {
            let payload = frame(codec, key, n == 0, sending.mark);
            self.write(MediaKind::Video, codec, self.ticks * 1_800, n == 1, payload);
        }
    }

    fn write(&mut self, kind: MediaKind, codec: Codec, time: u32, marker: bool, payload: Vec<u8>) {
        let Some((mid, _)) = self.medias.iter().rfind(|m| m.1 == kind).copied() else {
            return;
        };
        let wanted = match codec {
            Codec::Opus => ClientCodec::Opus,
            Codec::Vp8 => ClientCodec::Vp8,
            Codec::H264 => ClientCodec::H264,
        };
        let agreed = self.rtc.media(mid).map(|m| m.remote_pts().to_vec());
        let params = self.rtc.codec_config().params().iter();
        let pt = params
            .filter(|p| p.spec().codec == wanted)
            .map(|p| p.pt())
            .find(|pt| agreed.as_ref().is_some_and(|a| a.contains(pt)));
        let Some(pt) = pt else { return };
        let sequence = &mut self.sequence[usize::from(kind == MediaKind::Video)];
        *sequence += 1;
        let write = RtpWrite::new(pt, (*sequence).into(), time, Instant::now(), payload)
            .marker(marker)
            .nackable(true);
        if let Some(stream) = self.rtc.direct_api().stream_tx_by_mid(mid, None) {
            stream.write_rtp(write);
        }
    }
}

/// One packet of a frame of two; the content is not a picture, its shape is that of one.
fn frame(codec: Codec, key: bool, first: bool, mark: u8) -> Vec<u8> {
    let mut payload = match (codec, key, first) {
        (Codec::Vp8, key, true) => vec![0x10, u8::from(!key)],
        (Codec::H264, true, true) => vec![0x67, 0x42, 0xe0, 0x1f],
        (Codec::H264, true, false) => vec![0x65, 0x88],
        (Codec::H264, false, _) => vec![0x61, 0x9a],
        _ => vec![0x00, 0x01],
    };
    payload.resize(600, 0xaa);
    payload.push(mark);
    payload
}

fn is_key_frame(payload: &[u8]) -> bool {
    matches!(payload, [0x10, 0x00, ..] | [0x67, 0x42, ..])
}

/// Waits until `holds`, looking again whenever something may have changed.
pub(crate) async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let mut look = tokio::time::interval(Duration::from_millis(5));
    let all = async {
        while !holds() {
            look.tick().await;
        }
    };
    assert!(timeout(SOON, all).await.is_ok(), "{what}");
}

/// The plane under test.
pub(crate) type Plane = Arc<super::MediaPlane>;
