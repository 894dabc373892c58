//! A made-up resident's camera and microphone: the demo's clip and silence, sent live as a browser sends them.
//!
//! Owns: the live connection, its pace and its repetition. Must not: end a report: without video a resident goes on. Called
//! by: `talk`.

use std::net::{IpAddr, SocketAddr};
use std::sync::Once;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use callbox_proto::ids::CommandId;
use callbox_proto::vocabulary::Medium;
use str0m::change::{SdpAnswer, SdpPendingOffer};
use str0m::format::{Codec, PayloadParams};
use str0m::media::{Direction, MediaKind, Mid, Pt};
use str0m::net::{Protocol, Receive};
use str0m::rtp::RtpWrite;
use str0m::{Candidate, Event, Input, Output, Rtc, RtcConfig};
use tokio::net::UdpSocket;
use tokio::sync::oneshot;
use tokio::task::AbortHandle;
use tokio::time::{MissedTickBehavior, interval, sleep_until, timeout};

use super::clip::{Clip, payloads};
use crate::client::command_id;

/// Longest time without a way to the gateway, at the beginning and later.
const CONNECTS_WITHIN: Duration = Duration::from_secs(15);
/// Pause after a connection that did not come about or was lost, before the next offer.
const PAUSE: Duration = Duration::from_secs(10);
/// Longest good-bye.
const GOODBYE: Duration = Duration::from_secs(1);
/// Shortest wait for the connection's next deadline, so that a late one does not spin.
const LEAST_WAIT: Duration = Duration::from_micros(200);
/// 20 ms of silence in Opus, and how often they are sent.
const SILENCE: [u8; 3] = [0xf8, 0xff, 0xfe];
const SILENCE_EVERY: Duration = Duration::from_millis(20);
/// Most bytes of a datagram; what gateways send stays within an Ethernet frame.
const DATAGRAM_MAX_BYTES: usize = 2_048;

/// What is sent at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Carries {
    video: bool,
    audio: bool,
}

/// What is wanted once a consent is safe: one connection at a time, again after a break, anew when more is agreed to.
#[derive(Debug)]
pub struct Live {
    video: Option<CommandId>,
    audio: Option<CommandId>,
    camera: Option<Camera>,
    next_try: Instant,
}

impl Live {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            video: None,
            audio: None,
            camera: None,
            next_try: Instant::now(),
        }
    }

    /// Agrees to a medium by this command; nothing of it is offered before that is safe. Once agreed, the first one counts.
    pub fn grant(&mut self, medium: Medium, consent: CommandId) {
        match medium {
            Medium::Video => self.video.get_or_insert(consent),
            Medium::Audio => self.audio.get_or_insert(consent),
            Medium::Place | Medium::Photo => return,
        };
    }

    /// Media that were agreed to.
    pub fn granted(&self) -> impl Iterator<Item = Medium> + use<> {
        let video = self.video.map(|_| Medium::Video);
        video.into_iter().chain(self.audio.map(|_| Medium::Audio))
    }

    /// The offer to send now, if one is due.
    ///
    /// # Errors
    /// When no connection can be made on this machine.
    pub fn offer(
        &mut self,
        gateway: SocketAddr,
        is_safe: impl Fn(CommandId) -> bool,
    ) -> Result<Option<(CommandId, String)>> {
        let wanted = Carries {
            video: self.video.is_some_and(&is_safe),
            audio: self.audio.is_some_and(&is_safe),
        };
        if self.camera.as_ref().is_some_and(Camera::is_over) {
            self.again_later();
        }
        let fits = self.camera.as_ref().is_some_and(|c| c.carries == wanted);
        let nothing = !wanted.video && !wanted.audio;
        if fits || nothing || Instant::now() < self.next_try {
            return Ok(None);
        }
        let (camera, sdp) = Camera::open(gateway, wanted)?;
        let offer = camera.offer;
        self.camera = Some(camera);
        Ok(Some((offer, sdp)))
    }

    /// Whether this names the offer that was sent last.
    #[must_use]
    pub fn offered(&self, id: CommandId) -> bool {
        self.camera.as_ref().is_some_and(|c| c.offer == id)
    }

    /// Takes the gateway's answer; the camera runs from then on.
    pub fn answered(&mut self, sdp: String) {
        let Some(camera) = &mut self.camera else {
            return;
        };
        if let Some(answer) = camera.answer.take() {
            // A connection that ended meanwhile is noticed by the next look.
            let _ = answer.send(sdp);
        }
    }

    /// The link is gone: what was sent over it ends, and is offered anew when there is one again.
    pub fn link_lost(&mut self) {
        self.camera = None;
    }

    /// The connection is not to be had now.
    pub fn again_later(&mut self) {
        self.camera = None;
        self.next_try = Instant::now() + PAUSE;
    }
}

/// A connection that runs in a task of its own until this is dropped.
#[derive(Debug)]
struct Camera {
    offer: CommandId,
    carries: Carries,
    answer: Option<oneshot::Sender<String>>,
    /// Dropped with the camera: the task says good-bye then.
    _on: oneshot::Sender<()>,
    task: AbortHandle,
}

impl Camera {
    fn open(gateway: SocketAddr, carries: Carries) -> Result<(Self, String)> {
        static CRYPTO: Once = Once::new();
        CRYPTO.call_once(|| str0m::crypto::from_feature_flags().install_process_default());
        let clip = Clip::built_in()?;
        let socket = std::net::UdpSocket::bind((local_address(gateway)?, 0))?;
        socket.set_nonblocking(true)?;
        let socket = UdpSocket::from_std(socket)?;
        let local = socket.local_addr()?;
        let mut rtc = RtcConfig::new()
            .clear_codecs()
            .enable_vp8(true)
            .enable_opus(true, false)
            .set_rtp_mode(true)
            .build(Instant::now());
        rtc.add_local_candidate(Candidate::host(local, "udp")?);
        let mut change = rtc.sdp_api();
        let mut add = |wanted: bool, kind, direction| {
            wanted.then(|| change.add_media(kind, direction, None, None, None))
        };
        let video = add(carries.video, MediaKind::Video, Direction::SendOnly);
        // Both ways: a telecommunicator may answer.
        let audio = add(carries.audio, MediaKind::Audio, Direction::SendRecv);
        let (offer, pending) = change.apply().context("nothing to offer")?;
        let (answer, answered) = oneshot::channel();
        let (on, off) = oneshot::channel();
        let run = Run {
            rtc,
            socket,
            local,
            video,
            audio,
            clip,
            begun: Instant::now(),
            place: 0,
            sequence: [0; 2],
        };
        let task = tokio::spawn(async move {
            if let Err(error) = run.run(pending, answered, off).await {
                eprintln!("a made-up video ended: {error:#}");
            }
        });
        let camera = Self {
            offer: command_id(),
            carries,
            answer: Some(answer),
            _on: on,
            task: task.abort_handle(),
        };
        Ok((camera, offer.to_sdp_string()))
    }

    fn is_over(&self) -> bool {
        self.task.is_finished()
    }
}

struct Run {
    rtc: Rtc,
    socket: UdpSocket,
    local: SocketAddr,
    video: Option<Mid>,
    audio: Option<Mid>,
    clip: Clip<'static>,
    begun: Instant,
    /// Place of the next picture in the endless loop.
    place: usize,
    /// Last sequence numbers of video and of audio.
    sequence: [u64; 2],
}

impl Run {
    async fn run(
        mut self,
        pending: SdpPendingOffer,
        answered: oneshot::Receiver<String>,
        mut off: oneshot::Receiver<()>,
    ) -> Result<()> {
        let answer = tokio::select! {
            answer = timeout(CONNECTS_WITHIN, answered) => answer.context("no answer to an offer")?,
            _ = &mut off => return Ok(()),
        };
        let Ok(answer) = answer else { return Ok(()) };
        let answer = SdpAnswer::from_sdp_string(&answer)?;
        self.rtc.sdp_api().accept_answer(pending, answer)?;
        tokio::select! {
            ended = self.film() => return ended,
            _ = &mut off => {}
        }
        // A good-bye that does not arrive is one: the gateway then notices the silence.
        let _ = timeout(GOODBYE, self.leave()).await;
        Ok(())
    }

    async fn film(&mut self) -> Result<()> {
        let mut reached = Instant::now();
        let mut buffer = vec![0; DATAGRAM_MAX_BYTES];
        let mut tick = interval(self.clip.every());
        tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut hush = interval(SILENCE_EVERY);
        hush.set_missed_tick_behavior(MissedTickBehavior::Skip);
        while let Some(deadline) = self.drain()? {
            tokio::select! {
                received = self.socket.recv_from(&mut buffer) => {
                    // A refused datagram is reported here on some systems; it says nothing about the next.
                    if let Ok((length, source)) = received {
                        self.receive(source, &buffer[..length])?;
                    }
                }
                _ = tick.tick() => {
                    if self.rtc.is_connected() {
                        reached = Instant::now();
                        self.send_picture()?;
                    } else if reached.elapsed() > CONNECTS_WITHIN {
                        return Err(anyhow!("the gateway's media address does not answer"));
                    }
                }
                _ = hush.tick(), if self.audio.is_some() && self.rtc.is_connected() => {
                    self.send_silence()?;
                }
                () = sleep_until(deadline.into()) => {
                    self.rtc.handle_input(Input::Timeout(Instant::now()))?;
                }
            }
        }
        Ok(())
    }

    /// Says good-bye as a browser does that is closed.
    async fn leave(&mut self) -> Result<()> {
        self.rtc.close()?;
        while let Some(deadline) = self.drain()? {
            sleep_until(deadline.into()).await;
            self.rtc.handle_input(Input::Timeout(Instant::now()))?;
        }
        Ok(())
    }

    /// Sends and notes everything that is ready; the next deadline, or `None` when the connection is over.
    fn drain(&mut self) -> Result<Option<Instant>> {
        while self.rtc.is_alive() {
            match self.rtc.poll_output()? {
                Output::Timeout(at) => return Ok(Some(at.max(Instant::now() + LEAST_WAIT))),
                Output::Transmit(datagram) => {
                    // Datagrams may be lost anyway; a full buffer loses one more.
                    let _ = self
                        .socket
                        .try_send_to(&datagram.contents, datagram.destination);
                }
                Output::Event(Event::KeyframeRequest(_)) => {
                    self.place = self.clip.key_frame_from(self.place);
                }
                Output::Event(_) => {}
            }
        }
        Ok(None)
    }

    fn receive(&mut self, source: SocketAddr, datagram: &[u8]) -> Result<()> {
        let Ok(contents) = datagram.try_into() else {
            return Ok(());
        };
        let receive = Receive {
            proto: Protocol::Udp,
            source,
            destination: self.local,
            contents,
        };
        self.rtc
            .handle_input(Input::Receive(Instant::now(), receive))?;
        Ok(())
    }

    /// Sends the next picture.
    fn send_picture(&mut self) -> Result<()> {
        let Some(mid) = self.video else {
            return Ok(());
        };
        let pt = self.agreed(mid, Codec::Vp8)?;
        let now = Instant::now();
        // RTP's clock for video: 90 ticks a millisecond, and it wraps.
        let time = (self.begun.elapsed().as_micros() * 90 / 1_000) as u32;
        let mut payloads = payloads(self.clip.picture(self.place)).peekable();
        let mut direct = self.rtc.direct_api();
        let stream = direct.stream_tx_by_mid(mid, None);
        let stream = stream.context("nothing to send on")?;
        while let Some(payload) = payloads.next() {
            self.sequence[0] += 1;
            let write = RtpWrite::new(pt, self.sequence[0].into(), time, now, payload)
                .marker(payloads.peek().is_none())
                .nackable(true);
            stream.write_rtp(write);
        }
        self.place += 1;
        Ok(())
    }

    /// Sends a moment of silence.
    fn send_silence(&mut self) -> Result<()> {
        let Some(mid) = self.audio else {
            return Ok(());
        };
        let pt = self.agreed(mid, Codec::Opus)?;
        // RTP's clock for Opus: 48 ticks a millisecond, and it wraps.
        let time = (self.begun.elapsed().as_micros() * 48 / 1_000) as u32;
        let mut direct = self.rtc.direct_api();
        let stream = direct.stream_tx_by_mid(mid, None);
        let stream = stream.context("nothing to send on")?;
        self.sequence[1] += 1;
        let sequence = self.sequence[1].into();
        stream.write_rtp(RtpWrite::new(
            pt,
            sequence,
            time,
            Instant::now(),
            SILENCE.to_vec(),
        ));
        Ok(())
    }

    /// The number that both sides agreed on for a codec.
    fn agreed(&self, mid: Mid, codec: Codec) -> Result<Pt> {
        let media = self.rtc.media(mid).context("a medium was not agreed")?;
        let agreed = media.remote_pts();
        let fits = |p: &&PayloadParams| p.spec().codec == codec && agreed.contains(&p.pt());
        let mut params = self.rtc.codec_config().params().iter();
        Ok(params.find(fits).context("a codec was not agreed")?.pt())
    }
}

/// The address of this machine that reaches the gateway. Nothing is sent to find it.
fn local_address(gateway: SocketAddr) -> Result<IpAddr> {
    let any: IpAddr = if gateway.is_ipv4() {
        std::net::Ipv4Addr::UNSPECIFIED.into()
    } else {
        std::net::Ipv6Addr::UNSPECIFIED.into()
    };
    let socket = std::net::UdpSocket::bind((any, 0))?;
    socket.connect(gateway)?;
    Ok(socket.local_addr()?.ip())
}
