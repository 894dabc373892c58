//! The head of a connection's first request, collected before anything is made for it.
//!
//! Owns: reading until there is something to judge. Must not: judge it, or answer: hyper does, with the same bytes. Called by: `serve`.
//!
//! Strangers open links by the thousand and send nothing, or the beginning of a request. hyper makes room for 16 KiB at its first look
//! at a connection; until then a link costs what it has sent.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Poll, ready};

use tokio::io::{AsyncRead, ReadBuf};

use crate::config::ServerLimits;

/// Bytes read at once. Browsers' heads have some 500 to 1,500; a longer one is read in several goes.
const READ_BYTES: usize = 2 * 1024;

/// What hyper takes of a head.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    bytes: usize,
    headers: usize,
}

impl Bounds {
    pub(super) fn of(limits: &ServerLimits) -> Self {
        Self {
            bytes: limits.header_bytes.min(limits.read_buffer_bytes),
            headers: limits.headers,
        }
    }

    /// Whether hyper would wait for more of a head whose last `new` bytes just came. Like it, this looks at the first bytes, so that
    /// what is no HTTP is answered at once, and then whenever a line is empty.
    pub(super) fn leave_open(self, head: &[u8], new: usize) -> bool {
        let known = head.len().saturating_sub(new);
        if head.len() >= self.bytes {
            return false;
        }
        if known > 0 && !has_empty_line(&head[known.saturating_sub(2)..]) {
            return true;
        }
        matches!(self.parse(head), Ok(httparse::Status::Partial))
    }

    fn parse(self, head: &[u8]) -> httparse::Result<usize> {
        let mut headers = vec![httparse::EMPTY_HEADER; self.headers];
        httparse::Request::new(&mut headers).parse(head)
    }
}

fn has_empty_line(bytes: &[u8]) -> bool {
    bytes.windows(2).any(|pair| pair == b"\n\n") || bytes.windows(3).any(|three| three == b"\n\r\n")
}

/// Reads what has come, and says how much; nothing means that the peer sends no more. The room to read into is not kept meanwhile.
///
/// # Errors
/// What the system says.
pub(super) async fn read(
    stream: &mut (impl AsyncRead + Unpin),
    head: &mut Vec<u8>,
) -> io::Result<usize> {
    poll_fn(|cx| {
        let mut room = [0; READ_BYTES];
        let mut read = ReadBuf::new(&mut room);
        ready!(Pin::new(&mut *stream).poll_read(cx, &mut read))?;
        head.extend_from_slice(read.filled());
        Poll::Ready(Ok(read.filled().len()))
    })
    .await
}

/// Whether these bytes hold a whole head, which is given on however it comes; for `crate::probes`.
pub(crate) fn probe_head(bytes: &[u8]) -> bool {
    let bounds = Bounds::of(&ServerLimits::default());
    let whole = matches!(bounds.parse(bytes), Ok(httparse::Status::Complete(_)));
    let at_once = !bounds.leave_open(bytes, bytes.len());
    let byte_by_byte = (1..=bytes.len()).any(|end| !bounds.leave_open(&bytes[..end], 1));
    assert!(!whole || (at_once && byte_by_byte), "a whole head waits");
    whole
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt as _;

    use super::*;

    fn bounds() -> Bounds {
        Bounds {
            bytes: 64,
            headers: 2,
        }
    }

    /// How many bytes came before the head was given on, byte by byte.
    fn given_on_after(text: &str) -> Option<usize> {
        (1..=text.len()).find(|end| !bounds().leave_open(&text.as_bytes()[..*end], 1))
    }

    #[test]
    fn a_head_is_given_on_with_its_last_byte() {
        for text in [
            "GET / HTTP/1.1\r\nhost: a\r\n\r\n",
            "GET / HTTP/1.1\nhost: a\n\n",
            "GET / HTTP/1.1\r\n\r\n",
            // Empty lines before a request are none after it.
            "\r\n\r\n\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n",
        ] {
            assert_eq!(given_on_after(text), Some(text.len()), "{text:?}");
            let whole = format!("{text}{{\"a\":1}}");
            assert!(
                !bounds().leave_open(whole.as_bytes(), whole.len()),
                "with a body: {text:?}"
            );
        }
    }

    #[test]
    fn what_can_become_no_head_is_given_on_at_once() {
        for bytes in [&b"\x16\x03\x01\x02\x00\x01"[..], b"hello there\r\n", b"\0"] {
            assert!(!bounds().leave_open(bytes, bytes.len()), "{bytes:?}");
        }
        let many = "GET / HTTP/1.1\r\na: 1\r\nb: 2\r\nc: 3\r\n";
        assert!(!bounds().leave_open(many.as_bytes(), many.len()));
    }

    #[test]
    fn a_head_that_does_not_end_is_given_on_at_its_bound() {
        let text = format!("GET /{} HTTP/1.1\r\n", "a".repeat(100));
        assert_eq!(given_on_after(&text), Some(64));
    }

    #[tokio::test]
    async fn what_comes_is_added_up_until_the_peer_sends_no_more() {
        let mut head = Vec::new();
        let mut stream = (&b"GET"[..]).chain(&b" /"[..]);
        assert_eq!(read(&mut stream, &mut head).await.expect("read"), 3);
        assert_eq!(read(&mut stream, &mut head).await.expect("read"), 2);
        assert_eq!(read(&mut stream, &mut head).await.expect("read"), 0);
        assert_eq!(head, b"GET /");
    }
}
