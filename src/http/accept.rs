//! The accept loop: takes connections as fast as they come, and never spins or dies when the system has no more.
//!
//! Owns: the listener's loop, the pauses when the system has no more, and the short answer to whom there is no place for. Must not: read a
//! connection, or choose who gets in: the gate does. Called by: `server`, and `admin` for its port.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::gate::Gate;
use super::notice::Notice;
use super::serve::Service;

/// Pause after the system ran out of descriptors or memory: long enough for connections to end, short for a caller.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(250);

/// Pause after an error that nobody foresaw, so that a repeating one cannot take a whole core.
const UNKNOWN_PAUSE: Duration = Duration::from_millis(50);

/// Answer to a connection over the bound, with the time after which to come again: a `Problem` written by hand, because no
/// memory is spent on whom there is no place for.
const REFUSAL: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\ncontent-type: application/problem+json\r\n\
content-length: 163\r\nconnection: close\r\n\r\n\
{\"type\":\"about:blank\",\"title\":\"Service Unavailable\",\"status\":503,\"code\":\"node_full\"\
,\"retry\":\"later\",\"after_ms\":5000,\"message\":\"This node is full. Try again soon.\"}";

/// Opens a listening TCP socket. The address may be bound again at once after a restart.
///
/// # Errors
/// What the system says, for instance that the port is taken.
pub fn listen(address: SocketAddr, backlog: u32) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        tokio::net::TcpSocket::new_v4()
    } else {
        tokio::net::TcpSocket::new_v6()
    }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(backlog)
}

/// Accepts until `stop`, then closes the listener; the connections themselves run on in `tasks`.
pub(super) async fn accept_until(
    stop: CancellationToken,
    listener: TcpListener,
    gate: Arc<Gate>,
    service: Arc<Service>,
    tasks: TaskTracker,
) {
    let trouble = Notice::default();
    while let Some(accepted) = stop.run_until_cancelled(listener.accept()).await {
        match accepted {
            Ok((tcp, address)) => welcome(tcp, address, &gate, &service, &tasks),
            Err(error) => {
                metrics::counter!("callbox_http_accept_errors_total").increment(1);
                if let Some(pause) = pause_after(&error) {
                    trouble.tell(Instant::now(), |left_out| {
                        tracing::error!(%error, left_out, "no new connections can be taken for a moment");
                    });
                    let _ = stop.run_until_cancelled(tokio::time::sleep(pause)).await;
                }
            }
        }
    }
}

fn welcome(
    tcp: TcpStream,
    address: SocketAddr,
    gate: &Arc<Gate>,
    service: &Arc<Service>,
    tasks: &TaskTracker,
) {
    match gate.admit(address.ip(), Instant::now()) {
        Ok(slot) => {
            // Without it small frames wait for the acknowledgement of the one before. Fails only on dead sockets.
            let _ = tcp.set_nodelay(true);
            tasks.spawn(Arc::clone(service).serve(tcp, address, slot));
        }
        Err(_) if service.is_encrypted() => {}
        Err(_) => refuse(tcp),
    }
}

/// Answers without a task and without waiting: the socket's empty buffer takes these few bytes.
fn refuse(tcp: TcpStream) {
    use std::io::Write as _;
    if let Ok(mut tcp) = tcp.into_std() {
        let _ = tcp.write_all(REFUSAL);
        let _ = tcp.shutdown(std::net::Shutdown::Write);
    }
}

/// How long to wait before accepting again. Nothing for errors that belong to the one connection only.
fn pause_after(error: &io::Error) -> Option<Duration> {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    if matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted
    ) {
        return None;
    }
    match Errno::from_io_error(error) {
        Some(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM) => Some(EXHAUSTED_PAUSE),
        _ => Some(UNKNOWN_PAUSE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn running_out_of_descriptors_pauses_instead_of_spinning() {
        for errno in [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM] {
            assert_eq!(pause_after(&errno.into()), Some(EXHAUSTED_PAUSE));
        }
        assert_eq!(
            pause_after(&Errno::CONNABORTED.into()),
            None,
            "one dead connection does not stop the others"
        );
        assert_eq!(
            pause_after(&io::Error::other("new kind")),
            Some(UNKNOWN_PAUSE)
        );
    }

    #[test]
    fn the_refusal_says_its_own_length() {
        let text = std::str::from_utf8(REFUSAL).expect("text");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head");
        assert!(
            head.contains(&format!("content-length: {}", body.len())),
            "the body has {} bytes",
            body.len()
        );
    }
}
