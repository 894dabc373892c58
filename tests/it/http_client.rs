//! A small HTTP client over any stream, so that tests see bytes, closes and headers as they are.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// The longest that a test waits for anything. Reached only when the test fails.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Awaits with a deadline.
pub async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, what).await.expect("in time")
}

/// HTTP clients need to know who encrypts even where nothing is; once is enough, and twice does no harm.
pub fn install_tls() {
    let _already = rustls::crypto::ring::default_provider().install_default();
}

/// An answer as it came.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    /// The value of a header, if it is there.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Sends a whole request and reads until the other side closes.
pub async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, request: &str) -> Answer {
    soon(stream.write_all(request.as_bytes()))
        .await
        .expect("sent");
    answer_of(&read_to_close(&mut stream).await)
}

/// Everything that comes until the other side closes, however rudely.
pub async fn read_to_close<S: AsyncRead + Unpin>(stream: &mut S) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _ = soon(stream.read_to_end(&mut bytes)).await;
    bytes
}

/// `GET path` on a connection of its own, with further header lines.
pub async fn get(address: std::net::SocketAddr, path: &str, lines: &[&str]) -> Answer {
    let stream = soon(TcpStream::connect(address)).await.expect("connected");
    exchange(stream, &request("GET", path, lines)).await
}

/// A request's text; the connection is to be closed after it.
pub fn request(method: &str, path: &str, lines: &[&str]) -> String {
    let lines: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
    format!("{method} {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n{lines}\r\n")
}

fn answer_of(bytes: &[u8]) -> Answer {
    let end = bytes
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .expect("a whole head");
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|word| word.parse().ok())
        .expect("a status");
    Answer {
        status,
        head,
        body: bytes[end + 4..].to_vec(),
    }
}
