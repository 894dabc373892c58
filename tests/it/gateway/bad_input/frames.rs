//! Frames that are no messages, come at the wrong time, or are too large.

use callbox_proto::codec::Encoding;
use callbox_proto::command::StaffCommand;
use callbox_proto::error::{CloseCode, ErrorCode};
use callbox_proto::ids::CommandId;
use callbox_proto::message::{ErrorMessage, FromResident, FromStaff, ToResident, ToStaff};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use super::super::harness::{Console, Device, Gateway, Resident, Wire, fresh, opening, text};
use super::{check_advice, frame};

/// Broken frames that a connection may send before it is closed, as documented.
const BROKEN_FRAMES: usize = 64;
const ID: &str = "7b2f0a51c9d84e3fa6b15c02d97e8f06";

type Case = (Vec<u8>, ErrorCode, bool);

/// What is sent, what is answered, and whether the answer names [`ID`].
fn json_cases() -> Vec<Case> {
    use ErrorCode::{MalformedMessage as Malformed, TooDeep, UnknownKind};
    let cases: Vec<(String, ErrorCode, bool)> = vec![
        ("".into(), Malformed, false),
        ("not json".into(), Malformed, false),
        ("null".into(), Malformed, false),
        ("{}".into(), Malformed, false),
        ("[]".into(), Malformed, false),
        ("{\"kind\":7}".into(), Malformed, false),
        ("{\"kind\":\"ping\",\"n\":1} x".into(), Malformed, false),
        ("{\"kind\":\"ping\",\"n\":-1}".into(), Malformed, false),
        ("{\"kind\":\"ping\"}".into(), Malformed, false),
        ("{\"kind\":\"dance\"}".into(), UnknownKind, false),
        (
            format!("{{\"kind\":\"dance\",\"id\":\"{ID}\"}}"),
            UnknownKind,
            true,
        ),
        (
            format!("{{\"kind\":\"do\",\"id\":\"{ID}\"}}"),
            Malformed,
            true,
        ),
        (
            "{\"kind\":\"do\",\"id\":\"short\"}".into(),
            Malformed,
            false,
        ),
        ("[".repeat(33), TooDeep, false),
        ("[".repeat(100_000), TooDeep, false),
        (format!("[{}0]", "0,".repeat(5_000)), TooDeep, false),
    ];
    cases
        .into_iter()
        .map(|(text, code, named)| (text.into_bytes(), code, named))
        .collect()
}

fn message_pack_cases() -> Vec<Case> {
    use ErrorCode::{MalformedMessage as Malformed, TooDeep, UnknownKind};
    let pack = |value: serde_json::Value| rmp_serde::to_vec_named(&value).unwrap();
    vec![
        (vec![], Malformed, false),
        (vec![0xc1], Malformed, false),
        (vec![0xc0, 0xc0], Malformed, false),
        (vec![0xdd, 0xff, 0xff, 0xff, 0xff], Malformed, false),
        (vec![0xdf, 0xff, 0xff, 0xff, 0xff], Malformed, false),
        (vec![0xdb, 0xff, 0xff, 0xff, 0xff, b'x'], Malformed, false),
        (vec![0xc7, 1, 1, 1], Malformed, false),
        ([vec![0x91; 33], vec![0xc0]].concat(), TooDeep, false),
        ([vec![0x91; 100_000], vec![0xc0]].concat(), TooDeep, false),
        (
            [vec![0xdc, 0x27, 0x10], vec![0xc0; 10_000]].concat(),
            TooDeep,
            false,
        ),
        (
            pack(serde_json::json!({"kind": "dance", "id": ID})),
            UnknownKind,
            true,
        ),
        (
            pack(serde_json::json!({"kind": "do", "id": ID})),
            Malformed,
            true,
        ),
        (
            pack(serde_json::json!({"kind": "ping", "n": -1})),
            Malformed,
            false,
        ),
        (pack(serde_json::json!({"id": ID})), Malformed, true),
    ]
}

fn cases(encoding: Encoding) -> Vec<Case> {
    match encoding {
        Encoding::Json => json_cases(),
        Encoding::MessagePack => message_pack_cases(),
    }
}

/// A frame of the other encoding's kind.
fn of_the_wrong_kind(encoding: Encoding) -> Message {
    match encoding {
        Encoding::Json => Message::Binary(vec![0x80].into()),
        Encoding::MessagePack => Message::text("{}"),
    }
}

fn named(named: bool) -> Option<CommandId> {
    named.then(|| ID.parse().unwrap())
}

async fn complaint(wire: &Wire<FromResident, ToResident>) -> ErrorMessage {
    wire.wait(|m| match m {
        ToResident::Error(error) => Some(error.clone()),
        _ => None,
    })
    .await
}

async fn staff_complaint(wire: &Wire<FromStaff, ToStaff>) -> ErrorMessage {
    wire.wait(|m| match m {
        ToStaff::Error(error) => Some(error.clone()),
        _ => None,
    })
    .await
}

#[tokio::test]
async fn a_residents_broken_frames_get_their_codes_and_the_link_goes_on() {
    let gateway = Gateway::start().await;
    for encoding in Encoding::ALL {
        let ann = Resident::connect(gateway.address(), Device::new(), encoding).await;
        ann.open("hello").await;
        for (bytes, code, names) in cases(encoding) {
            ann.wire.send_raw(frame(encoding, &bytes));
            check_advice(&complaint(&ann.wire).await, code, named(names));
        }
        ann.wire.send_raw(of_the_wrong_kind(encoding));
        check_advice(&complaint(&ann.wire).await, ErrorCode::WrongFrame, None);
        ann.says("still here").await;
    }
}

#[tokio::test]
async fn a_consoles_broken_frames_get_their_codes_and_the_link_goes_on() {
    let gateway = Gateway::start().await;
    let tina = gateway.sign_in("tina").await;
    for encoding in Encoding::ALL {
        let tina = Console::connect(gateway.address(), &tina, encoding).await;
        for (bytes, code, names) in cases(encoding) {
            tina.wire.send_raw(frame(encoding, &bytes));
            check_advice(&staff_complaint(&tina.wire).await, code, named(names));
        }
        tina.wire.send_raw(of_the_wrong_kind(encoding));
        let error = staff_complaint(&tina.wire).await;
        check_advice(&error, ErrorCode::WrongFrame, None);
        tina.quiet().await;
    }
}

#[tokio::test]
async fn a_link_is_closed_after_65_broken_frames_and_not_before() {
    let gateway = Gateway::start().await;
    let (ann, tina) = (gateway.resident().await, gateway.staff("tina").await);
    for _ in 0..BROKEN_FRAMES {
        ann.wire.send_raw(Message::Binary(vec![0xc1].into()));
        tina.wire.send_raw(Message::Binary(vec![0xc1].into()));
    }
    ann.quiet().await;
    tina.quiet().await;
    ann.wire.send_raw(Message::Binary(vec![0xc1].into()));
    tina.wire.send_raw(Message::Binary(vec![0xc1].into()));
    let protocol = Some(CloseCode::Protocol.number());
    assert_eq!(ann.wire.closed().await, protocol);
    assert_eq!(tina.wire.closed().await, protocol);
}

#[tokio::test]
async fn messages_before_their_time_are_told_so() {
    let gateway = Gateway::start().await;
    let ann = gateway.resident().await;
    assert_eq!(ann.is_refused(text("early")).await, ErrorCode::WrongOrder);
    let id = fresh();
    let sdp = "v=0".to_owned();
    ann.wire.send(&FromResident::MediaOffer { id, sdp });
    check_advice(&complaint(&ann.wire).await, ErrorCode::WrongOrder, Some(id));
    for early in [
        FromResident::Seen { up_to: 1 },
        FromResident::Delivered { up_to: 1 },
        ann.device.hello(&[0; 32]),
    ] {
        ann.wire.send(&early);
        check_advice(&complaint(&ann.wire).await, ErrorCode::WrongOrder, None);
    }
    ann.open("now").await;
    let (id, opening) = (
        fresh(),
        opening(callbox_proto::vocabulary::Category::Other, "two"),
    );
    ann.wire.send(&FromResident::Open { id, opening });
    check_advice(&complaint(&ann.wire).await, ErrorCode::WrongOrder, Some(id));
    ann.says("still here").await;
}

#[tokio::test]
async fn a_link_that_does_not_begin_with_hello_is_closed() {
    let gateway = Gateway::start().await;
    let (address, protocol) = (gateway.address(), Some(CloseCode::Protocol.number()));
    let resident: Wire<FromResident, ToResident> =
        Wire::connect(address, "/ws/resident", Encoding::Json).await;
    resident.send(&FromResident::Ping { n: 1 });
    check_advice(&complaint(&resident).await, ErrorCode::WrongOrder, None);
    assert_eq!(resident.closed().await, protocol);
    let staff: Wire<FromStaff, ToStaff> = Wire::connect(address, "/ws/staff", Encoding::Json).await;
    staff.send(&FromStaff::Ping { n: 1 });
    check_advice(&staff_complaint(&staff).await, ErrorCode::WrongOrder, None);
    assert_eq!(staff.closed().await, protocol);
}

#[tokio::test]
async fn a_link_that_says_nothing_is_closed() {
    let gateway = Gateway::with("session.first_frame_s = 1").await;
    let silent: Wire<FromResident, ToResident> =
        Wire::connect(gateway.address(), "/ws/resident", Encoding::Json).await;
    assert_eq!(silent.closed().await, Some(CloseCode::NoHello.number()));
    let silent: Wire<FromStaff, ToStaff> =
        Wire::connect(gateway.address(), "/ws/staff", Encoding::Json).await;
    assert_eq!(silent.closed().await, Some(CloseCode::NoHello.number()));
}

#[tokio::test]
async fn ten_megabytes_of_text_close_the_link_and_lose_nothing() {
    let gateway = Gateway::start().await;
    let bob = gateway.resident().await;
    bob.open("somebody else").await;
    for encoding in Encoding::ALL {
        let ann = Resident::connect(gateway.address(), Device::new(), encoding).await;
        let session = ann.open("before").await;
        ann.says("kept").await;
        ann.submit(fresh(), text(&"x".repeat(10_000_000)));
        let protocol = Some(CloseCode::Protocol.number());
        let error = ann
            .wire
            .wait(|m| match m {
                ToResident::Error(error) => Some(error.clone()),
                _ => None,
            })
            .await;
        check_advice(&error, ErrorCode::TooLong, None);
        assert_eq!(ann.wire.closed().await, protocol);
        bob.says("not affected").await;
        let device = ann.device.clone();
        let ann = Resident::connect(gateway.address(), device, encoding).await;
        ann.resume(session, 0).await;
        ann.reads("kept").await;
        ann.says("going on").await;
    }
}

#[tokio::test]
async fn ten_megabytes_of_a_console_close_its_link_and_say_why() {
    let gateway = Gateway::start().await;
    let ann = gateway.resident().await;
    let session = ann.open("before").await;
    let tina = gateway.staff("tina").await;
    tina.wire.send(&FromStaff::Do {
        id: fresh(),
        session,
        command: StaffCommand::Note {
            text: "x".repeat(10_000_000),
        },
    });
    let error = tina
        .wire
        .wait(|m| match m {
            ToStaff::Error(error) => Some(error.clone()),
            _ => None,
        })
        .await;
    check_advice(&error, ErrorCode::TooLong, None);
    let protocol = Some(CloseCode::Protocol.number());
    assert_eq!(tina.wire.closed().await, protocol);
    ann.says("not affected").await;
}

/// A frame by hand: the client's library would not send it.
fn by_hand(bytes: &[u8], data: Data, whole: bool) -> Message {
    Message::Frame(Frame::message(bytes.to_vec(), OpCode::Data(data), whole))
}

#[tokio::test]
async fn text_that_is_no_unicode_is_told_and_closes_the_link() {
    let gateway = Gateway::start().await;
    let at_once = vec![by_hand(b"\"\xff\xfe\"", Data::Text, true)];
    let in_parts = vec![
        by_hand(b"\"\xff", Data::Text, false),
        by_hand(b"\xfe\"", Data::Continue, true),
    ];
    let unfinished = vec![
        by_hand(b"\"\xe2", Data::Text, false),
        by_hand(b"\x82", Data::Continue, true),
    ];
    for frames in [at_once, in_parts, unfinished] {
        let ann = Resident::connect(gateway.address(), Device::new(), Encoding::Json).await;
        ann.open("hello").await;
        for frame in frames {
            ann.wire.send_raw(frame);
        }
        let error = complaint(&ann.wire).await;
        check_advice(&error, ErrorCode::MalformedMessage, None);
        assert_eq!(ann.wire.closed().await, Some(CloseCode::Protocol.number()));
    }
}

#[tokio::test]
async fn a_first_message_that_cannot_be_read_is_told_why_before_the_close() {
    let gateway = Gateway::start().await;
    let (address, protocol) = (gateway.address(), Some(CloseCode::Protocol.number()));
    let firsts = || {
        [
            (Message::text("x".repeat(300_000)), ErrorCode::TooLong),
            (
                by_hand(b"\"\xff\"", Data::Text, true),
                ErrorCode::MalformedMessage,
            ),
            (Message::text("{"), ErrorCode::MalformedMessage),
            (of_the_wrong_kind(Encoding::Json), ErrorCode::WrongFrame),
        ]
    };
    for (first, code) in firsts() {
        let wire: Wire<FromResident, ToResident> =
            Wire::connect(address, "/ws/resident", Encoding::Json).await;
        wire.send_raw(first);
        check_advice(&complaint(&wire).await, code, None);
        assert_eq!(wire.closed().await, protocol);
    }
    for (first, code) in firsts() {
        let wire: Wire<FromStaff, ToStaff> =
            Wire::connect(address, "/ws/staff", Encoding::Json).await;
        wire.send_raw(first);
        check_advice(&staff_complaint(&wire).await, code, None);
        assert_eq!(wire.closed().await, protocol);
    }
}
