//! Whatever comes in: each gets its documented code, the link or the process goes on, and nobody else notices.

mod floods;
mod frames;
mod http;
mod identity;
mod random;
mod values;

use callbox_proto::codec::Encoding;
use callbox_proto::error::ErrorCode;
use callbox_proto::ids::CommandId;
use callbox_proto::message::ErrorMessage;
use tokio_tungstenite::tungstenite::Message;

use super::harness::Gateway;

/// A frame of the encoding's own kind.
fn frame(encoding: Encoding, bytes: &[u8]) -> Message {
    match encoding {
        Encoding::MessagePack => Message::Binary(bytes.to_vec().into()),
        Encoding::Json => Message::text(String::from_utf8_lossy(bytes).into_owned()),
    }
}

/// An error carries all that the table of codes says of it.
fn check_advice(error: &ErrorMessage, code: ErrorCode, id: Option<CommandId>) {
    assert_eq!(error.code, code);
    assert_eq!(error.number, code.number());
    assert_eq!(error.retry, code.retry());
    assert_eq!(error.message, code.sentence());
    assert_eq!(error.id, id);
    let later = code.retry() == callbox_proto::error::Retry::Later;
    assert_eq!(error.after_ms.is_some(), later);
}

/// Memory of the process in KiB.
fn resident_kib(gateway: &Gateway) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", gateway.pid())).unwrap();
    let line = status.lines().find(|l| l.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
