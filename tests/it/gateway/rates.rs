//! Links that send more than their share: told, and nothing of what they say is lost.

use std::collections::VecDeque;
use std::time::Duration;

use callbox_proto::codec::Encoding;
use callbox_proto::command::ResidentCommand;
use callbox_proto::error::{CloseCode, ErrorCode};
use callbox_proto::event::Event;
use callbox_proto::ids::CommandId;
use callbox_proto::message::{FromResident, FromStaff, RealTimeText, ToResident, ToStaff};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

use super::harness::{Gateway, Resident, Wire, fresh, soon, text};
use crate::http_client::read_to_close;

/// Twenty a second, and twenty at once.
const SLOW: &str = "session.resident_messages_per_s = 20\nsession.resident_messages_burst = 20";

/// Sends everything again that came too early, as long as it takes and after the pauses that are told. Answers how many refusals there were.
async fn insists(ann: &Resident, mut left: VecDeque<(CommandId, ResidentCommand)>) -> usize {
    let mut refusals = 0;
    while !left.is_empty() {
        for (id, command) in &left {
            ann.submit(*id, command.clone());
        }
        let (mut again, mut pause_ms) = (VecDeque::new(), 0);
        for (id, command) in left {
            if let Err(error) = ann.answer(id).await {
                assert_eq!(error.code, ErrorCode::TooFast);
                pause_ms = error.after_ms.expect("a pause");
                again.push_back((id, command));
            }
        }
        refusals += again.len();
        left = again;
        tokio::time::sleep(Duration::from_millis(pause_ms)).await;
    }
    refusals
}

#[tokio::test]
async fn a_resident_who_sends_too_fast_is_told_and_loses_nothing() {
    let gateway = Gateway::with(SLOW).await;
    let (ann, tina) = (gateway.resident().await, gateway.console("tina").await);
    let session = ann.open("one at a time").await;
    tina.takes(session).await;
    tina.follows(session, 0).await;
    let lines: Vec<_> = (0..60).map(|line| format!("line {line}")).collect();
    let commands = lines.iter().map(|line| (fresh(), text(line))).collect();
    let refusals = soon(insists(&ann, commands)).await;
    assert!(refusals >= 40, "{refusals} refusals");
    tina.reads(session, "line 59").await;
    let said: Vec<_> = tina
        .entries(session)
        .into_iter()
        .filter_map(|entry| match entry.event {
            Event::Text { text, .. } if text.starts_with("line") => Some(text),
            _ => None,
        })
        .collect();
    assert_eq!(said, lines, "each once and in the order they were said");
}

#[tokio::test]
async fn typing_gives_way_before_texts_do() {
    let gateway = Gateway::with(SLOW).await;
    let ann = gateway.resident().await;
    ann.open("typing").await;
    for n in 0..12 {
        ann.wire.send(&FromResident::Ping { n });
    }
    let typed = RealTimeText {
        message: fresh(),
        part: 0,
        from: 0,
        text: "I am ty".to_owned(),
    };
    ann.wire.send(&FromResident::RealTimeText(typed));
    let words = fresh();
    ann.submit(words, text("I am typing"));
    let told = ann
        .wire
        .wait(|message| match message {
            ToResident::Error(error) => Some(error.clone()),
            _ => None,
        })
        .await;
    assert_eq!((told.code, told.id), (ErrorCode::TooFast, None));
    ann.answer(words).await.expect("texts are taken");
}

#[tokio::test]
async fn a_console_has_a_share_of_its_own() {
    let settings = "session.console_messages_per_s = 10\nsession.console_messages_burst = 10";
    let gateway = Gateway::with(settings).await;
    let tina = gateway.staff("tina").await;
    for n in 0..30 {
        tina.wire.send(&FromStaff::Ping { n });
    }
    let told = tina
        .wire
        .wait(|message| match message {
            ToStaff::Error(error) => Some(error.clone()),
            _ => None,
        })
        .await;
    assert_eq!(told.code, ErrorCode::TooFast);
    assert!(told.after_ms.is_some_and(|pause| pause > 0));
}

#[tokio::test]
async fn pings_of_websocket_itself_count_as_messages_and_are_told_so() {
    let gateway = Gateway::with(SLOW).await;
    let ann = gateway.resident().await;
    ann.open("hello").await;
    for number in 0..200 {
        let word = vec![b'x'; number % 125].into();
        let ping = number % 2 == 0;
        let frame = if ping {
            Message::Ping(word)
        } else {
            Message::Pong(word)
        };
        ann.wire.send_raw(frame);
    }
    let told = ann
        .wire
        .wait(|message| match message {
            ToResident::Error(error) => Some(error.clone()),
            _ => None,
        })
        .await;
    assert_eq!((told.code, told.id), (ErrorCode::TooFast, None));
    assert!(told.after_ms.is_some_and(|pause| pause > 0));
    // The link goes on, and what is said meanwhile is refused with its id and comes later.
    let commands = VecDeque::from([(fresh(), text("after all that"))]);
    soon(insists(&ann, commands)).await;
}

#[tokio::test]
async fn a_link_that_pings_in_place_of_a_hello_is_told_and_closed() {
    let gateway = Gateway::start().await;
    let too_fast = Some(CloseCode::TooFast.number());
    let wire: Wire<FromResident, ToResident> =
        Wire::connect(gateway.address(), "/ws/resident", Encoding::Json).await;
    for _ in 0..17 {
        wire.send_raw(Message::Ping(vec![].into()));
    }
    let told = wire.wait(|message| match message {
        ToResident::Error(error) => Some(error.code),
        _ => None,
    });
    assert_eq!(told.await, ErrorCode::TooFast);
    assert_eq!(wire.closed().await, too_fast);
    let wire: Wire<FromStaff, ToStaff> =
        Wire::connect(gateway.address(), "/ws/staff", Encoding::Json).await;
    for _ in 0..17 {
        wire.send_raw(Message::Ping(vec![].into()));
    }
    let told = wire.wait(|message| match message {
        ToStaff::Error(error) => Some(error.code),
        _ => None,
    });
    assert_eq!(told.await, ErrorCode::TooFast);
    assert_eq!(wire.closed().await, too_fast);
}

#[tokio::test]
async fn fragments_that_hold_nothing_end_their_link_and_are_told() {
    let gateway = Gateway::start().await;
    let mut link = soon(TcpStream::connect(gateway.address())).await.unwrap();
    let head = format!(
        "GET /ws/staff HTTP/1.1\r\nhost: test\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         sec-websocket-protocol: {}\r\n\r\n",
        Encoding::Json.subprotocol()
    );
    soon(link.write_all(head.as_bytes())).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(soon(link.read_u8()).await.unwrap());
    }
    assert!(answer.starts_with(b"HTTP/1.1 101"));
    // A text that begins and never ends; then a ping, as a link that wants to stay alive sends it.
    let (begin, go_on, ping) = ([1, 0x80], [0, 0x80], [0x89, 0x80]);
    let mask = [0; 4];
    let mut frames = [&begin[..], &mask].concat();
    for _ in 0..150_000 {
        frames.extend([&go_on[..], &mask].concat());
    }
    frames.extend([&ping[..], &mask].concat());
    // It may be closed before the last of them is taken.
    let _closed_early = soon(link.write_all(&frames)).await;
    let said = read_to_close(&mut link).await;
    let holds = |part: &[u8]| said.windows(part.len()).any(|window| window == part);
    assert!(holds(b"malformed_message"));
    assert!(holds(&CloseCode::Protocol.number().to_be_bytes()));
}
