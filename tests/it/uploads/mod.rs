//! Photos arrive by resumable HTTP, whatever happens on the way.

mod bounds;
mod names;
mod protocol;
mod resuming;
mod sealing;

use std::io::Write;
use std::net::TcpStream;

use crate::upload_desk::Desk;

/// Starts a PATCH by hand and sends only a part of its body.
fn start_patch(desk: &Desk, path: &str, announced: usize, sent: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(desk.address).unwrap();
    write!(
        stream,
        "PATCH {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\n\
         Content-Type: application/offset+octet-stream\r\nContent-Length: {announced}\r\n\r\n",
        crate::upload_desk::ANNA
    )
    .unwrap();
    stream.write_all(sent).unwrap();
    stream
}

fn part_of(desk: &Desk, path: &str) -> std::path::PathBuf {
    desk.incoming().join(path.rsplit('/').next().unwrap())
}
