//! A WebSocket as both kinds of connection use it.
//!
//! Owns: whole frames in and out, deadlines, close codes, and the loop between socket, outbox and feed. Must not: know
//! messages of either side. Called by: `resident`, `staff`.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use callbox_proto::codec::Encoding;
use callbox_proto::error::{CloseCode, ErrorCode};
use futures_util::{SinkExt as _, StreamExt as _};
use serde::Serialize;

use super::arrived::{Arrived, Brought};
use crate::clock::Clock;
use crate::node::frame::encode;
use crate::node::outbox::{Batch, Outbox};

/// How long a closing connection may take to say good-bye.
const GOODBYE: Duration = Duration::from_secs(2);
/// Pings and pongs of WebSocket itself before the first message: it comes at once, and nothing has to be kept alive until then.
const CONTROL_BEFORE_FIRST_MAX: u32 = 16;

/// A WebSocket with its encoding.
#[derive(Debug)]
pub struct Link {
    socket: WebSocket,
    encoding: Encoding,
    brought: Brought,
}

/// Why a link ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The peer closed it, or it broke.
    Gone,
    /// We close it.
    Close(CloseCode),
}

/// A frame that came in.
#[derive(Debug)]
pub enum Incoming {
    /// A message in the link's encoding.
    Frame(Bytes),
    /// A frame of the other encoding's kind.
    WrongKind,
    /// A ping or pong of WebSocket itself; a ping is answered by the library.
    Control,
    /// A frame over its bound, text that is no Unicode, or more heads than content: what follows is not read.
    Unreadable(ErrorCode),
}

/// One side of a connection: what it does with frames.
pub trait Peer: Send {
    /// Handles one message. An error ends the connection.
    fn on_frame(&mut self, frame: &[u8]) -> impl Future<Output = Result<(), CloseCode>> + Send;

    /// Feeds logs this connection follows and has not caught up with.
    fn feed(&mut self) -> impl Future<Output = Result<(), CloseCode>> + Send;

    /// A ping or pong of WebSocket itself came, which counts as a message does.
    fn on_control(&mut self) -> impl Future<Output = Result<(), CloseCode>> + Send;

    /// A frame could not be read.
    fn on_broken(&mut self, frame: Option<&[u8]>, code: ErrorCode) -> Result<(), CloseCode>;
}

impl Link {
    /// Wraps an upgraded socket, whose bytes are counted in `arrived` and whose messages have at most so many. Boxed, because a
    /// future keeps room for each place a value is moved through: links are most of what a node holds in memory.
    #[must_use]
    pub fn new(
        socket: WebSocket,
        encoding: Encoding,
        arrived: Arrived,
        message_max_bytes: usize,
    ) -> Box<Self> {
        Box::new(Self {
            socket,
            encoding,
            brought: Brought::new(arrived, message_max_bytes),
        })
    }

    /// How its frames are encoded.
    #[must_use]
    pub const fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// The next frame.
    async fn next(&mut self) -> Result<Incoming, End> {
        let message = match self.socket.next().await.ok_or(End::Gone)? {
            Ok(message) => message,
            Err(error) => {
                let code = why_unreadable(&error.to_string()).ok_or(End::Gone)?;
                return Ok(Incoming::Unreadable(code));
            }
        };
        let content_bytes = match &message {
            Message::Binary(bytes) | Message::Ping(bytes) | Message::Pong(bytes) => bytes.len(),
            Message::Text(text) => text.len(),
            Message::Close(_) => return Err(End::Gone),
        };
        if !self.brought.take(content_bytes) {
            return Ok(Incoming::Unreadable(ErrorCode::MalformedMessage));
        }
        Ok(match (message, self.encoding) {
            (Message::Binary(frame), Encoding::MessagePack) => Incoming::Frame(frame),
            (Message::Text(text), Encoding::Json) => Incoming::Frame(text.into()),
            (Message::Ping(_) | Message::Pong(_), _) => Incoming::Control,
            _ => Incoming::WrongKind,
        })
    }

    /// The first message within its deadline, or why what came instead of it is refused.
    ///
    /// # Errors
    /// How the link ends without a word.
    pub async fn first(&mut self, within: Duration) -> Result<Result<Bytes, ErrorCode>, End> {
        let first = async {
            for _ in 0..=CONTROL_BEFORE_FIRST_MAX {
                match self.next().await? {
                    Incoming::Frame(frame) => return Ok(Ok(frame)),
                    Incoming::WrongKind => return Ok(Err(ErrorCode::WrongFrame)),
                    Incoming::Unreadable(code) => return Ok(Err(code)),
                    Incoming::Control => {}
                }
            }
            Ok(Err(ErrorCode::TooFast))
        };
        let first = tokio::time::timeout(within, first).await;
        first.unwrap_or(Err(End::Close(CloseCode::NoHello)))
    }

    /// Sends one message at once, before the link has an outbox.
    ///
    /// # Errors
    /// [`End::Gone`] when the link is broken.
    pub async fn say<T: Serialize>(&mut self, message: &T) -> Result<(), End> {
        let message = self.wrap(encode(self.encoding, message));
        self.socket.send(message).await.map_err(|_| End::Gone)
    }

    /// Runs until the connection ends; answers why. Whoever ran it takes its leave of the node first and says goodbye ([`Link::close`])
    /// afterwards: somebody who is frozen does not answer that, and nothing may wait for it.
    pub async fn run<P: Peer>(
        &mut self,
        outbox: &Arc<Outbox>,
        clock: &dyn Clock,
        peer: &mut P,
    ) -> End {
        loop {
            // Not biased: a busy reader must still be heard, and a busy writer still be told.
            let step = tokio::select! {
                () = outbox.ready() => self.write_out(outbox, clock, peer).await,
                incoming = self.next() => {
                    outbox.heard(clock.monotonic_ms());
                    match incoming {
                        Ok(incoming) => self.take_in(incoming, outbox, clock, peer).await,
                        Err(end) => Err(end),
                    }
                }
            };
            if let Err(end) = step {
                return end;
            }
        }
    }

    async fn take_in<P: Peer>(
        &mut self,
        incoming: Incoming,
        outbox: &Outbox,
        clock: &dyn Clock,
        peer: &mut P,
    ) -> Result<(), End> {
        let taken = match incoming {
            Incoming::Frame(frame) => peer.on_frame(&frame).await,
            Incoming::WrongKind => peer.on_broken(None, ErrorCode::WrongFrame),
            Incoming::Control => peer.on_control().await,
            Incoming::Unreadable(code) => {
                // Told first, so that a client knows what to leave out when it sends again.
                let _closed_either_way = peer.on_broken(None, code);
                outbox.close(CloseCode::Protocol);
                return self.write_out(outbox, clock, peer).await;
            }
        };
        taken.map_err(End::Close)
    }

    async fn write_out<P: Peer>(
        &mut self,
        outbox: &Outbox,
        clock: &dyn Clock,
        peer: &mut P,
    ) -> Result<(), End> {
        loop {
            let batch = outbox.take(clock.monotonic_ms());
            let close = batch.close;
            if close == Some(CloseCode::TooSlow) {
                return Err(End::Close(CloseCode::TooSlow));
            }
            if !batch.frames.is_empty() {
                self.write(batch, outbox).await?;
                outbox.written();
            }
            if let Some(code) = close {
                return Err(End::Close(code));
            }
            if !outbox.take_behind() {
                return Ok(());
            }
            Box::pin(peer.feed()).await.map_err(End::Close)?;
        }
    }

    /// Writes frames; gives up when the connection is closed meanwhile (a reader that stalls).
    async fn write(&mut self, batch: Batch, outbox: &Outbox) -> Result<(), End> {
        let stalled = async {
            loop {
                outbox.ready().await;
                if let Some(code) = outbox.closing() {
                    return code;
                }
            }
        };
        let encoding = self.encoding;
        let written = async {
            for frame in batch.frames {
                self.socket.feed(wrap(encoding, frame)).await?;
            }
            self.socket.flush().await
        };
        tokio::select! {
            biased;
            written = written => written.map_err(|_| End::Gone)?,
            code = stalled => return Err(End::Close(code)),
        }
        // A wake-up that came while writing may have been taken by the watch above.
        outbox.rewake();
        Ok(())
    }

    /// Says goodbye, where there is somebody to hear it, and waits a little for the answer.
    pub async fn close(&mut self, end: End) {
        let End::Close(code) = end else { return };
        metrics::counter!("callbox_connections_closed_total", "why" => code.reason()).increment(1);
        let frame = CloseFrame {
            code: code.number(),
            reason: Utf8Bytes::from_static(code.reason()),
        };
        let goodbye = async {
            if self.socket.send(Message::Close(Some(frame))).await.is_ok() {
                while let Some(Ok(message)) = self.socket.next().await {
                    if matches!(message, Message::Close(_)) {
                        break;
                    }
                }
            }
        };
        let _in_time = tokio::time::timeout(GOODBYE, goodbye).await;
    }

    fn wrap(&self, frame: bytes::Bytes) -> Message {
        wrap(self.encoding, frame)
    }
}

/// Ends a link that never got an outbox.
pub async fn refuse(mut link: Box<Link>, end: End) {
    link.close(end).await;
}

fn wrap(encoding: Encoding, frame: bytes::Bytes) -> Message {
    match encoding {
        Encoding::MessagePack => Message::Binary(frame),
        Encoding::Json => match Utf8Bytes::try_from(frame) {
            Ok(text) => Message::Text(text),
            // JSON is text by construction; should it ever not be, the peer gets the bytes to report.
            Err(_) => Message::Binary(bytes::Bytes::new()),
        },
    }
}

/// What a frame or message was that the library could not read, by the library's words; `None` when the link broke.
fn why_unreadable(words: &str) -> Option<ErrorCode> {
    if words.starts_with("Space limit exceeded") {
        Some(ErrorCode::TooLong)
    } else if words.starts_with("UTF-8") {
        Some(ErrorCode::MalformedMessage)
    } else {
        None
    }
}

/// How a link is closed whose first message was refused.
pub fn close_of_hello(code: ErrorCode) -> CloseCode {
    match code {
        // A key can be made anew and a token renewed; a broken hello stays broken.
        ErrorCode::KeyRefused | ErrorCode::TokenExpired | ErrorCode::TokenInvalid => {
            CloseCode::SignInAgain
        }
        ErrorCode::NoSuchLink
        | ErrorCode::LinkExpired
        | ErrorCode::LinkRevoked
        | ErrorCode::SessionClosed => CloseCode::LinkEnded,
        // The store does not answer just now.
        ErrorCode::StoreUnavailable => CloseCode::GoingDown,
        // Another node may serve the agency.
        ErrorCode::NoSuchAgency => CloseCode::NotServed,
        ErrorCode::TooFast => CloseCode::TooFast,
        _ => CloseCode::Protocol,
    }
}
