//! One WebSocket as a client holds it: a task reads everything into a record, and messages are sent as they come.

use std::net::SocketAddr;
use std::sync::Arc;

use callbox_proto::codec::Encoding;
use futures_util::{SinkExt as _, StreamExt as _};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;

use super::record::{Record, told};
use super::soon;

/// The link is gone, with its close code if one came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WireClosed(pub Option<u16>);

/// A connection that sends `Out` and receives `In`.
#[derive(Debug)]
pub struct Wire<Out, In> {
    encoding: Encoding,
    sender: mpsc::UnboundedSender<Message>,
    record: Arc<Record<In>>,
    reads: watch::Sender<bool>,
    task: JoinHandle<()>,
    _out: std::marker::PhantomData<fn(Out)>,
}

impl<Out, In> Wire<Out, In>
where
    Out: Serialize,
    In: Serialize + DeserializeOwned + Clone + Send + 'static,
{
    /// Connects and upgrades; `None` when either failed or the link broke meanwhile.
    pub async fn try_connect(address: SocketAddr, path: &str, encoding: Encoding) -> Option<Self> {
        let stream = TcpStream::connect(address).await.ok()?;
        stream.set_nodelay(true).ok()?;
        Self::through(stream, &format!("ws://{address}{path}"), encoding).await
    }

    /// Connects; a test without a relay expects it to work.
    pub async fn connect(address: SocketAddr, path: &str, encoding: Encoding) -> Self {
        soon(Self::try_connect(address, path, encoding))
            .await
            .expect("connected")
    }

    /// Upgrades any stream, for example an encrypted one, to a WebSocket at `url`.
    pub async fn through<S>(stream: S, url: &str, encoding: Encoding) -> Option<Self>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let mut request = url.into_client_request().ok()?;
        request.headers_mut().insert(
            "sec-websocket-protocol",
            HeaderValue::from_static(encoding.subprotocol()),
        );
        let (socket, _) = tokio_tungstenite::client_async(request, stream)
            .await
            .ok()?;
        Some(Self::over(socket, encoding))
    }

    fn over<S>(socket: WebSocketStream<S>, encoding: Encoding) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let record = Arc::new(Record::new());
        let (sender, outgoing) = mpsc::unbounded_channel();
        let (reads, reading) = watch::channel(true);
        let task = tokio::spawn(pump(
            socket,
            encoding,
            Arc::clone(&record),
            outgoing,
            reading,
        ));
        Self {
            encoding,
            sender,
            record,
            reads,
            task,
            _out: std::marker::PhantomData,
        }
    }

    /// Sends a message; on a broken link it is lost, as in life.
    pub fn send(&self, message: &Out) {
        let frame = self.encoding.encode(message).expect("encodes");
        let frame = match self.encoding {
            Encoding::MessagePack => Message::Binary(frame.into()),
            Encoding::Json => Message::text(String::from_utf8(frame).expect("JSON is text")),
        };
        self.send_raw(frame);
    }

    /// Sends a frame as it is.
    pub fn send_raw(&self, frame: Message) {
        let _broken = self.sender.send(frame);
    }

    /// Stops or goes on reading; the gateway then sees a reader that stalls.
    pub fn reads(&self, on: bool) {
        self.reads.send_replace(on);
    }

    /// What came.
    pub fn record(&self) -> &Record<In> {
        &self.record
    }

    /// The first wanted message.
    pub async fn wait<R>(&self, wanted: impl FnMut(&In) -> Option<R>) -> R {
        match self.record.wait_or_close(wanted).await {
            Some(found) => found,
            None => panic!(
                "the link ended ({:?}) before what was waited for; it had, latest first:\n{}",
                self.record.closed(),
                told(
                    &self
                        .record
                        .all()
                        .into_iter()
                        .rev()
                        .take(8)
                        .collect::<Vec<_>>()
                )
            ),
        }
    }

    /// The first wanted message, or that the link is gone.
    pub async fn wait_or_close<R>(
        &self,
        wanted: impl FnMut(&In) -> Option<R>,
    ) -> Result<R, WireClosed> {
        let found = self.record.wait_or_close(wanted).await;
        found.ok_or_else(|| WireClosed(self.record.closed().flatten()))
    }

    /// How the link ended: the last word, and the close code.
    pub async fn ended<R>(&self, last_word: impl FnMut(&In) -> Option<R>) -> (R, Option<u16>) {
        let close = self.closed().await;
        let word = self.record.all().iter().rev().find_map(last_word);
        (word.expect("a last word"), close)
    }

    /// The close code that came.
    pub async fn closed(&self) -> Option<u16> {
        self.record.wait_closed().await
    }
}

impl<Out, In> Drop for Wire<Out, In> {
    /// Drops the socket without a word, like a phone in a tunnel.
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pump<In: Serialize + DeserializeOwned + Clone, S: AsyncRead + AsyncWrite + Unpin>(
    mut socket: WebSocketStream<S>,
    encoding: Encoding,
    record: Arc<Record<In>>,
    mut outgoing: mpsc::UnboundedReceiver<Message>,
    mut reading: watch::Receiver<bool>,
) {
    let mut broken = false;
    loop {
        let reads = *reading.borrow_and_update();
        tokio::select! {
            changed = reading.changed() => if changed.is_err() { return },
            message = outgoing.recv(), if !broken => {
                let Some(message) = message else { return };
                // What came before a break is still read below.
                broken = socket.send(message).await.is_err();
            }
            message = socket.next(), if reads => {
                let frame = match message {
                    Some(Ok(Message::Binary(frame))) => frame.to_vec(),
                    Some(Ok(Message::Text(text))) => text.as_bytes().to_vec(),
                    Some(Ok(Message::Close(frame))) => {
                        record.close(frame.map(|frame| frame.code.into()));
                        continue;
                    }
                    Some(Ok(_)) => continue,
                    Some(Err(_)) | None => return record.close(None),
                };
                record.push(encoding.decode_from_gateway(&frame).expect("a message of this protocol"));
            }
        }
    }
}
