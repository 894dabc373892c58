//! Links that are replaced, silent, broken or sent away: closed with a code that says what to do, and nothing is lost.

use callbox_proto::bounds::{CONSOLES_MAX, FOLLOWS_MAX};
use callbox_proto::codec::Encoding;
use callbox_proto::error::{CloseCode, ErrorCode};
use callbox_proto::message::{FromResident, FromStaff, ToResident, ToStaff};
use callbox_proto::vocabulary::Category;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

use super::harness::{
    Console, Device, Gateway, Resident, SteadyResident, Topology, Wire, everywhere, opening, soon,
};

everywhere!(
    a_drain_sends_everybody_away_and_loses_nothing,
    a_frozen_link_is_given_up_and_its_resident_goes_on_elsewhere,
);

#[tokio::test]
async fn a_newer_link_of_the_same_device_takes_over() {
    let gateway = Gateway::start().await;
    let tina = gateway.console("tina").await;
    let older = gateway.resident().await;
    let session = older.open("A dog barks").await;
    let newer = gateway.resident_again(&older.device).await;
    newer.resume(session, 0).await;
    assert_eq!(
        older.wire.closed().await,
        Some(CloseCode::Replaced.number())
    );
    tina.takes(session).await;
    tina.says(session, "Which dog?").await;
    newer.reads("Which dog?").await;
    assert!(tina.row(session, |_| true).await.connected);
}

#[tokio::test]
async fn one_console_more_than_a_person_may_have_closes_the_oldest() {
    let gateway = Gateway::start().await;
    let tina = gateway.sign_in("tina").await;
    let (address, encoding) = (gateway.address(), Encoding::MessagePack);
    let mut consoles = Vec::new();
    for _ in 0..CONSOLES_MAX {
        consoles.push(Console::connect(address, &tina, encoding).await);
    }
    consoles[0].quiet().await;
    let more = Console::connect(address, &tina, encoding).await;
    let replaced = Some(CloseCode::Replaced.number());
    assert_eq!(consoles[0].wire.closed().await, replaced);
    for console in consoles[1..].iter().chain([&more]) {
        console.quiet().await;
    }
}

#[tokio::test]
async fn a_console_follows_so_many_sessions_and_is_told_of_one_more() {
    let gateway = Gateway::start().await;
    let olga = gateway.staff("olga").await;
    let mut sessions = Vec::new();
    for _ in 0..=FOLLOWS_MAX {
        sessions.push(gateway.resident().await.open("A dog barks").await);
    }
    let (first, one_more) = (sessions[0], sessions[FOLLOWS_MAX]);
    for session in &sessions[..FOLLOWS_MAX] {
        olga.follows(*session, 0).await;
    }
    let follow = |session| olga.wire.send(&FromStaff::Follow { session, after: 0 });
    follow(one_more);
    assert_eq!(olga.complaint().await.code, ErrorCode::TooFast);
    olga.follows(first, 0).await;
    olga.wire.send(&FromStaff::Unfollow { session: first });
    olga.follows(one_more, 0).await;
}

#[tokio::test]
async fn a_silent_link_is_closed_and_one_that_pings_is_not() {
    let quick = "session.heartbeat_s = 1\nsession.resident_heartbeat_s = 1";
    let gateway = Gateway::with(&format!("{quick}\nsession.resident_messages_per_s = 0")).await;
    let (ann, tina) = (gateway.resident().await, gateway.staff("tina").await);
    let lively = gateway.resident().await;
    let pings = async {
        loop {
            lively.quiet().await;
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = pings => unreachable!("it goes on"),
        codes = async { tokio::join!(ann.wire.closed(), tina.wire.closed()) } => {
            let silent = Some(CloseCode::Silent.number());
            assert_eq!(codes, (silent, silent));
        }
    }
    lively.open("Still here").await;
}

#[tokio::test]
async fn a_link_without_a_first_message_is_closed() {
    let gateway = Gateway::with("session.first_frame_s = 1").await;
    let wire: Wire<FromResident, ToResident> =
        Wire::connect(gateway.address(), "/ws/resident", Encoding::Json).await;
    assert_eq!(wire.closed().await, Some(CloseCode::NoHello.number()));
}

#[tokio::test]
async fn whoever_cannot_prove_who_they_are_is_told_so_and_closed() {
    let gateway = Gateway::start().await;
    let wire: Wire<FromResident, ToResident> =
        Wire::connect(gateway.address(), "/ws/resident", Encoding::Json).await;
    wire.send(&Device::new().hello(&[7; 32]));
    let refused = wire.wait(|m| match m {
        ToResident::Error(error) => Some(error.code),
        _ => None,
    });
    assert_eq!(refused.await, ErrorCode::KeyRefused);
    assert_eq!(wire.closed().await, Some(CloseCode::SignInAgain.number()));

    let wire: Wire<FromStaff, ToStaff> =
        Wire::connect(gateway.address(), "/ws/staff", Encoding::Json).await;
    wire.send(&FromStaff::Hello {
        client: String::new(),
        token: "nonsense".to_owned(),
    });
    assert_eq!(wire.closed().await, Some(CloseCode::SignInAgain.number()));
}

#[tokio::test]
async fn frames_that_are_no_messages_are_answered_and_too_many_close_the_link() {
    let gateway = Gateway::start().await;
    let ann = Resident::connect(gateway.address(), Device::new(), Encoding::Json).await;
    let frames = [
        (Message::text("{"), ErrorCode::MalformedMessage),
        (Message::text(r#"{"kind":"dance"}"#), ErrorCode::UnknownKind),
        (Message::binary(vec![0x80]), ErrorCode::WrongFrame),
        (Message::text("[".repeat(40)), ErrorCode::TooDeep),
        (
            Message::text(r#"{"kind":"seen","up_to":1}"#),
            ErrorCode::WrongOrder,
        ),
    ];
    for (frame, code) in frames {
        ann.wire.send_raw(frame);
        let answered = ann.wire.wait(|m| match m {
            ToResident::Error(error) => Some(error.code),
            _ => None,
        });
        assert_eq!(answered.await, code);
    }
    ann.open("All the same").await;
    for _ in 0..64 {
        ann.wire.send_raw(Message::text("{"));
    }
    assert_eq!(ann.wire.closed().await, Some(CloseCode::Protocol.number()));
}

/// A resident in the middle of saying three hundred lines: some are safe, some on their way.
async fn in_the_middle(gateway: &Gateway) -> SteadyResident {
    let report = opening(Category::Other, "opening");
    let mut ann = SteadyResident::new(gateway.address(), report, Encoding::MessagePack);
    for line in 0..300 {
        ann.says(&line.to_string());
    }
    ann.until(|ann| ann.receipts().len() > 50).await;
    ann
}

/// All three hundred arrived. So many at once are more than a session takes in flight: what is refused for now comes later than
/// what follows it.
async fn has_said_each_once(ann: &mut SteadyResident) {
    ann.until(|ann| ann.texts().len() > 300).await;
    let mut arrived: Vec<u32> = ann.texts()[1..].iter().flat_map(|t| t.parse()).collect();
    arrived.sort_unstable();
    assert_eq!(arrived, (0..300).collect::<Vec<_>>(), "each of them once");
}

async fn a_drain_sends_everybody_away_and_loses_nothing(on: Topology) {
    // Losing nothing is what is tried, not the rate; whoever comes back too early is cut off soon.
    let settings = "session.resident_messages_per_s = 0\nserver.drain_s = 4";
    let mut gateway = on.with(settings).await;
    let (witness, tina) = (gateway.resident().await, gateway.console("tina").await);
    witness.open("I watch").await;
    let mut ann = in_the_middle(&gateway).await;
    gateway.terminate();
    let restart = async {
        let going = Some(CloseCode::GoingDown.number());
        assert_eq!(witness.wire.closed().await, going);
        assert_eq!(tina.wire.closed().await, going);
        assert!(gateway.gone().await, "it ended well");
        gateway.start_again().await;
    };
    tokio::join!(restart, ann.until(SteadyResident::all_safe));
    has_said_each_once(&mut ann).await;
}

#[tokio::test]
async fn a_second_signal_stops_at_once_and_loses_nothing() {
    let settings = "session.resident_messages_per_s = 0\nserver.drain_s = 600";
    let mut gateway = Gateway::with(settings).await;
    let witness = gateway.resident().await;
    let mut ann = in_the_middle(&gateway).await;
    // A request that is half here is what a drain waits for.
    let mut half = soon(TcpStream::connect(gateway.address())).await.unwrap();
    half.write_all(
        b"POST /api/v1/sign-in HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 90\r\nexpect: 100-continue\r\n\r\n",
    )
    .await
    .unwrap();
    let mut go_on = [0; 12];
    soon(half.read_exact(&mut go_on)).await.unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100");
    gateway.terminate();
    let stop = async {
        let going = Some(CloseCode::GoingDown.number());
        assert_eq!(witness.wire.closed().await, going);
        gateway.terminate();
        assert!(gateway.gone().await, "it ended well");
        let log = gateway.whole_log().await;
        assert!(log.contains("stopped at once"), "{log}");
        gateway.start_again().await;
    };
    tokio::join!(stop, ann.until(SteadyResident::all_safe));
    has_said_each_once(&mut ann).await;
}

async fn a_frozen_link_is_given_up_and_its_resident_goes_on_elsewhere(on: Topology) {
    let gateway = on.with("session.resident_heartbeat_s = 1").await;
    let (relay, tina) = (gateway.relay().await, gateway.console("tina").await);
    let ann = Resident::connect(relay.address(), Device::new(), Encoding::MessagePack).await;
    let session = ann.open("A dog barks").await;
    tina.row(session, |row| row.connected).await;
    relay.freeze(true);
    tina.row(session, |row| !row.connected).await;
    let again = gateway.resident_again(&ann.device).await;
    again.resume(session, 0).await;
    again.reads("A dog barks").await;
}
