//! A client of the public protocol: one WebSocket, as a resident's device or as a console.
//!
//! Owns: connecting (plain or TLS, from a chosen loopback address), framing in both encodings, and the steps that each
//! side begins with. Must not: know the gateway's inside: it speaks by `callbox_proto` alone. Called by: every command.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use bytes::Bytes;
use callbox_proto::codec::Encoding;
use callbox_proto::command::{Opening, StaffCommand};
use callbox_proto::ids::{CommandId, QueueId, SessionId};
use callbox_proto::message::{
    ErrorMessage, FromResident, FromStaff, RealTimeText, ToResident, ToStaff,
};
use callbox_proto::vocabulary::{AgentState, Category, DeviceCan, Disposition, Seq};
use futures_util::{SinkExt as _, StreamExt as _};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use crate::device::{Device, client_name};
use crate::glance::glance;
use crate::trust;

/// Longest wait for one step of a greeting. A step that takes longer is a fault of the gateway under any load made here.
pub const STEP: Duration = Duration::from_secs(30);
/// Links to one gateway that are opened at the same time before anything is measured: enough to keep both sides busy. A gateway
/// whose machine is behind begins 50 TLS handshakes a second and turns away who would wait half a second; so few never would.
pub const OPENING_AT_ONCE: usize = 24;
/// Read buffer of a resident's link: thousands of them live in this process.
const RESIDENT_READ_BYTES: usize = 2 * 1_024;
/// Read buffer of a console's link: few, and much traffic.
const STAFF_READ_BYTES: usize = 64 * 1_024;

/// Anything that carries bytes both ways.
trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

/// Where a gateway listens and how it is spoken to.
#[derive(Debug, Clone)]
pub struct Target {
    address: SocketAddr,
    authority: String,
    host: String,
    tls: bool,
    trust: Arc<ClientConfig>,
    /// Encoding of the links.
    pub encoding: Encoding,
}

impl Target {
    /// Reads `http://host:port` or `https://host:port`; MessagePack.
    ///
    /// # Errors
    /// When it is another kind of address, or the name cannot be resolved.
    pub fn parse(url: &str) -> Result<Self> {
        let (tls, rest) = match url.split_once("://") {
            Some(("http", rest)) => (false, rest),
            Some(("https", rest)) => (true, rest),
            _ => bail!("an address looks like http://127.0.0.1:8911"),
        };
        let authority = rest.trim_end_matches('/').to_owned();
        let default_port = if tls { 443 } else { 80 };
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().context("the port is not a number")?),
            None => (authority.as_str(), default_port),
        };
        let host = host.to_owned();
        let mut found = std::net::ToSocketAddrs::to_socket_addrs(&(host.as_str(), port))
            .with_context(|| format!("{host} cannot be resolved"))?;
        let address = found
            .next()
            .with_context(|| format!("{host} has no address"))?;
        Ok(Self {
            address,
            authority,
            host,
            tls,
            trust: trust::whatever_is_shown(),
            encoding: Encoding::MessagePack,
        })
    }

    /// This place and another for one client that keeps its own TLS tickets, as a device does: those of one serve at both.
    #[must_use]
    pub fn with_tickets(&self, other: &Self) -> (Self, Self) {
        let trust = trust::with_own_tickets();
        let own = |target: &Self| Self {
            trust: Arc::clone(&trust),
            ..target.clone()
        };
        (own(self), own(other))
    }

    /// Where it is reached.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of a page or of the API.
    #[must_use]
    pub fn http(&self, path: &str) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        format!("{scheme}://{}{path}", self.authority)
    }

    /// Connects as a resident's device; `from` chooses the loopback address to come from.
    ///
    /// # Errors
    /// When any step fails or takes too long.
    pub async fn resident(&self, from: Option<Ipv4Addr>) -> Result<Link> {
        self.connect("/ws/resident", from, RESIDENT_READ_BYTES)
            .await
    }

    /// Connects as a console.
    ///
    /// # Errors
    /// When any step fails or takes too long.
    pub async fn staff(&self) -> Result<Link> {
        self.connect("/ws/staff", None, STAFF_READ_BYTES).await
    }

    async fn connect(&self, path: &str, from: Option<Ipv4Addr>, read_bytes: usize) -> Result<Link> {
        let scheme = if self.tls { "wss" } else { "ws" };
        let mut request = format!("{scheme}://{}{path}", self.authority).into_client_request()?;
        let subprotocol = HeaderValue::from_static(self.encoding.subprotocol());
        request
            .headers_mut()
            .insert("Sec-WebSocket-Protocol", subprotocol);
        let config = WebSocketConfig::default().read_buffer_size(read_bytes);
        let steps = async {
            let wire = self.wire(from).await?;
            let opened =
                tokio_tungstenite::client_async_with_config(request, wire, Some(config)).await;
            Ok::<_, anyhow::Error>(opened.context("the WebSocket was refused")?.0)
        };
        let socket = timeout(STEP, steps)
            .await
            .context("connecting took too long")??;
        Ok(Link {
            socket,
            encoding: self.encoding,
        })
    }

    async fn wire(&self, from: Option<Ipv4Addr>) -> Result<Box<dyn Wire>> {
        let stream = match from {
            Some(source) if self.address.is_ipv4() => {
                let socket = TcpSocket::new_v4()?;
                socket.bind(SocketAddr::from((source, 0)))?;
                socket.connect(self.address).await
            }
            _ => TcpStream::connect(self.address).await,
        }
        .with_context(|| format!("{} cannot be reached", self.address))?;
        stream.set_nodelay(true)?;
        if !self.tls {
            return Ok(Box::new(stream));
        }
        let name = ServerName::try_from(self.host.clone())?;
        let connector = TlsConnector::from(Arc::clone(&self.trust));
        let secured = connector.connect(name, stream).await;
        Ok(Box::new(secured.context("the TLS handshake failed")?))
    }
}

/// One open WebSocket.
pub struct Link {
    socket: WebSocketStream<Box<dyn Wire>>,
    encoding: Encoding,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Link")
    }
}

impl Link {
    /// Sends a message.
    ///
    /// # Errors
    /// When the link is broken.
    pub async fn send<T: Serialize>(&mut self, message: &T) -> Result<()> {
        self.feed_message(message).await?;
        self.flush().await
    }

    /// Puts a message into the buffer that [`Link::flush`] writes.
    ///
    /// # Errors
    /// When the link is broken.
    pub async fn feed_message<T: Serialize>(&mut self, message: &T) -> Result<()> {
        let frame = self.encoding.encode(message);
        self.feed(frame.map_err(|code| anyhow!("{}", code.sentence()))?)
            .await
    }

    /// Puts an encoded frame into the buffer that [`Link::flush`] writes: many frames, one system call.
    ///
    /// # Errors
    /// When the link is broken.
    pub async fn feed(&mut self, frame: Vec<u8>) -> Result<()> {
        let message = match self.encoding {
            Encoding::MessagePack => Message::Binary(frame.into()),
            Encoding::Json => Message::Text(Utf8Bytes::try_from(frame)?),
        };
        Ok(self.socket.feed(message).await?)
    }

    /// Writes what was fed.
    ///
    /// # Errors
    /// When the link is broken.
    pub async fn flush(&mut self) -> Result<()> {
        Ok(self.socket.flush().await?)
    }

    /// The next frame as it came. Safe to drop while it waits.
    ///
    /// # Errors
    /// When the link is broken or was closed; the close code is told.
    pub async fn frame(&mut self) -> Result<Bytes> {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Binary(bytes))) => return Ok(bytes),
                Some(Ok(Message::Text(text))) => return Ok(text.into()),
                Some(Ok(Message::Close(Some(close)))) => {
                    return Err(Closed {
                        code: close.code.into(),
                        reason: close.reason.to_string(),
                    }
                    .into());
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error.into()),
                None => bail!("the link was cut"),
            }
        }
    }

    /// The next message.
    ///
    /// # Errors
    /// As [`Link::frame`], and when the frame cannot be read.
    pub async fn receive<T: DeserializeOwned>(&mut self) -> Result<T> {
        let frame = self.frame().await?;
        self.decode(&frame)
    }

    /// The next message of one of these kinds. Others are skipped without reading them: a list of five hundred sessions has
    /// more parts than the codec, which guards the gateway, lets pass. MessagePack only.
    ///
    /// # Errors
    /// As [`Link::receive`].
    pub async fn receive_any_of<T: DeserializeOwned>(&mut self, kinds: &[&[u8]]) -> Result<T> {
        loop {
            let frame = self.frame().await?;
            if glance(&frame).is_some_and(|seen| kinds.contains(&seen.kind)) {
                return self.decode(&frame);
            }
        }
    }

    /// Reads a frame.
    ///
    /// # Errors
    /// When it is not a message of this side.
    pub fn decode<T: DeserializeOwned>(&self, frame: &[u8]) -> Result<T> {
        let decoded = self.encoding.decode_from_gateway(frame);
        decoded.map_err(|code| anyhow!("the gateway sent what cannot be read: {}", code.sentence()))
    }

    /// Says goodbye and waits for the answer, so that the other side closes first.
    pub async fn close(mut self) {
        // A link that breaks while it is closed is closed as well.
        if self.socket.close(None).await.is_ok() {
            let answer = async { while let Some(Ok(_)) = self.socket.next().await {} };
            let _ = timeout(Duration::from_secs(2), answer).await;
        }
    }
}

/// The gateway closed the link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// Close code (`callbox_proto::error::CloseCode`).
    pub code: u16,
    /// Its word.
    pub reason: String,
}

impl std::fmt::Display for Closed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "the gateway closed the link: {} {}",
            self.code, self.reason
        )
    }
}

impl std::error::Error for Closed {}

/// What a welcome tells a resident's client.
#[derive(Debug, Clone)]
pub struct ResidentWelcome {
    /// Send a ping when nothing was sent for this long.
    pub heartbeat: Duration,
    /// Token for uploads.
    pub token: String,
}

/// Answers the challenge.
///
/// # Errors
/// When the hello is refused or the link breaks.
pub async fn greet_as_resident(link: &mut Link, device: &Device) -> Result<ResidentWelcome> {
    let steps = async {
        let nonce = match link.receive().await? {
            ToResident::Challenge { nonce, .. } => nonce.0,
            other => bail!("a challenge was expected, not {other:?}"),
        };
        link.send(&device.hello(&nonce)?).await?;
        match link.receive().await? {
            ToResident::Welcome {
                heartbeat_ms,
                token,
                ..
            } => Ok(ResidentWelcome {
                heartbeat: Duration::from_millis(heartbeat_ms.max(100)),
                token,
            }),
            ToResident::Error(refusal) => Err(Refused(refusal).into()),
            other => bail!("a welcome was expected, not {other:?}"),
        }
    };
    timeout(STEP, steps).await.context("no welcome in time")?
}

/// A session that was opened.
#[derive(Debug, Clone, Copy)]
pub struct Opened {
    /// Which one.
    pub session: SessionId,
    /// The last entry that came so far; 0 for none.
    pub last: Seq,
}

/// Opens a session and waits until it is safe.
///
/// # Errors
/// When it is refused or the link breaks.
pub async fn open(link: &mut Link, id: CommandId, opening: Opening) -> Result<Opened> {
    let steps = async {
        link.send(&FromResident::Open { id, opening }).await?;
        let (mut named, mut safe, mut last) = (None, false, 0);
        loop {
            if let (Some(session), true) = (named, safe) {
                return Ok(Opened { session, last });
            }
            match link.receive().await? {
                ToResident::Session { session, .. } => named = Some(session),
                ToResident::Receipt { id: of, .. } if of == id => safe = true,
                ToResident::Entry { seq, .. } => last = seq,
                ToResident::Error(refusal) => return Err(Refused(refusal).into()),
                _ => {}
            }
        }
    };
    timeout(STEP, steps).await.context("no session in time")?
}

/// Goes on with a session on a new link, and waits until the gateway agrees.
///
/// # Errors
/// When it is refused or the link breaks.
pub async fn resume(link: &mut Link, session: SessionId, after: Seq) -> Result<()> {
    let steps = async {
        link.send(&FromResident::Resume { session, after }).await?;
        loop {
            match link.receive().await? {
                ToResident::Session { .. } => return Ok(()),
                ToResident::Error(refusal) => return Err(Refused(refusal).into()),
                _ => {}
            }
        }
    };
    timeout(STEP, steps).await.context("no session in time")?
}

/// A plain opening of this category.
#[must_use]
pub fn opening(category: Category) -> Opening {
    Opening {
        category,
        language: "en".to_owned(),
        silent: false,
        device: DeviceCan::default(),
        contact: None,
        text: None,
        location: None,
        test: false,
    }
}

/// Signs a person of the demo agency in.
///
/// # Errors
/// When the sign-in is refused.
pub async fn sign_in(target: &Target, name: &str) -> Result<String> {
    #[derive(serde::Deserialize)]
    struct SignedIn {
        token: String,
    }
    let body = serde_json::json!({
        "agency": "demo.example",
        "name": name,
        "passphrase": format!("demo-{name}-911"),
    });
    let whatever = (*trust::whatever_is_shown()).clone();
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(whatever)
        .build()?;
    let request = client.post(target.http("/api/v1/sign-in")).json(&body);
    let answer = request
        .send()
        .await
        .context("the sign-in was not answered")?;
    let status = answer.status();
    if !status.is_success() {
        bail!("{name} cannot sign in: {status} {}", answer.text().await?);
    }
    Ok(answer.json::<SignedIn>().await?.token)
}

/// What a welcome tells a console.
#[derive(Debug, Clone)]
pub struct StaffWelcome {
    /// Send a ping when nothing was sent for this long.
    pub heartbeat: Duration,
    /// The agency's queues.
    pub queues: Vec<QueueId>,
}

/// Greets as a console, registers for every queue and becomes available.
///
/// # Errors
/// When the token is refused or the link breaks.
pub async fn greet_as_staff(link: &mut Link, token: &str) -> Result<StaffWelcome> {
    let steps = async {
        let (client, token) = (client_name(), token.to_owned());
        link.send(&FromStaff::Hello { client, token }).await?;
        let welcome = match link.receive_any_of(&[b"welcome", b"error"]).await? {
            ToStaff::Welcome {
                heartbeat_ms,
                queues,
                ..
            } => StaffWelcome {
                heartbeat: Duration::from_millis(heartbeat_ms.max(100)),
                queues: queues.into_iter().map(|info| info.queue).collect(),
            },
            ToStaff::Error(refusal) => return Err(Refused(refusal).into()),
            other => bail!("a welcome was expected, not {other:?}"),
        };
        let queues = welcome.queues.clone();
        link.send(&FromStaff::Register { queues }).await?;
        let state = AgentState::Available;
        link.send(&FromStaff::SetAgentState {
            state,
            reason: None,
        })
        .await?;
        Ok(welcome)
    };
    timeout(STEP, steps).await.context("no welcome in time")?
}

/// Takes the next waiting session; `None` when nothing waits.
///
/// # Errors
/// When it is refused for another reason or the link breaks.
pub async fn take_next(link: &mut Link) -> Result<Option<SessionId>> {
    let id = command_id();
    let steps = async {
        link.send(&FromStaff::TakeNext { id }).await?;
        loop {
            match link.receive_any_of(&[b"receipt", b"error"]).await? {
                ToStaff::Receipt {
                    id: of, session, ..
                } if of == id => return Ok(Some(session)),
                ToStaff::Error(refusal) if refusal.id == Some(id) => {
                    return match refusal.code {
                        callbox_proto::error::ErrorCode::NothingWaits => Ok(None),
                        _ => Err(Refused(refusal).into()),
                    };
                }
                _ => {}
            }
        }
    };
    timeout(STEP, steps)
        .await
        .context("no answer to take_next in time")?
}

/// Closes a session that this console has, as a test.
///
/// # Errors
/// When it is refused or the link breaks.
pub async fn end(link: &mut Link, session: SessionId) -> Result<()> {
    let id = command_id();
    let command = StaffCommand::Close {
        disposition: Disposition::Test,
        note: String::new(),
    };
    let steps = async {
        link.send(&FromStaff::Do {
            id,
            session,
            command,
        })
        .await?;
        loop {
            match link.receive_any_of(&[b"receipt", b"error"]).await? {
                ToStaff::Receipt { id: of, .. } if of == id => return Ok(()),
                ToStaff::Error(refusal) if refusal.id == Some(id) => {
                    return Err(Refused(refusal).into());
                }
                _ => {}
            }
        }
    };
    timeout(STEP, steps)
        .await
        .context("a session is not closed in time")?
}

/// The gateway refused something.
#[derive(Debug, Clone)]
pub struct Refused(pub ErrorMessage);

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "refused: {} ({})", self.0.message, self.0.number)
    }
}

impl std::error::Error for Refused {}

/// A fresh command id.
#[must_use]
pub fn command_id() -> CommandId {
    loop {
        if let Some(id) = CommandId::from_u128(rand::random()) {
            return id;
        }
    }
}

/// A packet of real-time text.
#[must_use]
pub fn typed(message: CommandId, part: u64, from: u32, text: String) -> FromResident {
    FromResident::RealTimeText(RealTimeText {
        message,
        part,
        from,
        text,
    })
}

/// The loopback address that the n-th client comes from: one address has some 28,000 ports.
#[must_use]
pub fn source(n: usize) -> Ipv4Addr {
    /// Clients of one address, far below its ports: closed links keep theirs for a minute, and where half of them are taken the kernel
    /// searches so long for a free one that a second storm after a first had half of its speed.
    const PER_ADDRESS: usize = 1_000;
    /// Addresses before the first is used again: seven million ports.
    const ADDRESSES: usize = 250;
    let host = 2 + (n / PER_ADDRESS) % ADDRESSES;
    Ipv4Addr::new(127, 0, 0, u8::try_from(host).unwrap_or(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_with_and_without_tls() {
        let plain = Target::parse("http://127.0.0.1:8911/").unwrap();
        assert_eq!(plain.http("/x"), "http://127.0.0.1:8911/x");
        assert!(Target::parse("https://127.0.0.1:8443").unwrap().tls);
        for bad in ["127.0.0.1:8911", "ftp://127.0.0.1", "http://127.0.0.1:port"] {
            assert!(Target::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn many_clients_come_from_several_loopback_addresses() {
        assert_eq!(source(0), Ipv4Addr::new(127, 0, 0, 2));
        assert_eq!(source(18_000), Ipv4Addr::new(127, 0, 0, 20));
        assert!((0..1_000_000).step_by(999).all(|n| source(n).is_loopback()));
    }
}
