//! Messages that can be read and cannot be meant: each value out of its bounds has its code.

use callbox_proto::bounds::PHOTOS_MAX;
use callbox_proto::bytes::Bytes;
use callbox_proto::command::{Opening, ResidentCommand, StaffCommand};
use callbox_proto::error::ErrorCode;
use callbox_proto::event::Event;
use callbox_proto::ids::CommandId;
use callbox_proto::message::{ErrorMessage, FromResident, FromStaff, RealTimeText, ToResident};
use callbox_proto::vocabulary::{
    Category, Disposition, Location, LocationMethod, Medium, Priority, Standing, TransferTarget,
};

use super::super::harness::{Gateway, Resident, fresh, opening, text};
use super::super::photo_client::{Uploader, announce, problem};
use super::check_advice;

fn place() -> Location {
    Location {
        latitude: 40.7,
        longitude: -74.0,
        uncertainty_m: 20.0,
        method: LocationMethod::Device,
        age_ms: 0,
        words: None,
    }
}

/// Places that cannot be, and why not.
pub(super) fn places() -> Vec<(Location, ErrorCode)> {
    use ErrorCode::{LocationImpossible as Impossible, TextTooLong, TimeInFuture, TooOld};
    type Spoil = (fn(&mut Location), ErrorCode);
    let spoils: [Spoil; 10] = [
        (|l| l.latitude = 90.1, Impossible),
        (|l| l.latitude = f64::NAN, Impossible),
        (|l| l.longitude = -180.1, Impossible),
        (|l| l.longitude = f64::INFINITY, Impossible),
        (|l| l.uncertainty_m = -1.0, Impossible),
        (|l| l.uncertainty_m = 100_001.0, Impossible),
        (|l| l.uncertainty_m = f64::NAN, Impossible),
        (|l| l.age_ms = -1, TimeInFuture),
        (|l| l.age_ms = 604_800_001, TooOld),
        (|l| l.words = Some("x".repeat(501)), TextTooLong),
    ];
    let spoiled = spoils.into_iter().map(|(spoil, code)| {
        let mut place = place();
        spoil(&mut place);
        (place, code)
    });
    spoiled.collect()
}

/// A text of this age.
pub(super) fn aged(age_ms: i64) -> ResidentCommand {
    let text = "x".to_owned();
    ResidentCommand::Text { text, age_ms }
}

fn photo(media_type: &str, size_bytes: u64) -> ResidentCommand {
    ResidentCommand::AnnouncePhoto {
        media_type: media_type.to_owned(),
        size_bytes,
        preview: None,
        age_ms: 0,
    }
}

fn residents_wishes() -> Vec<(ResidentCommand, ErrorCode)> {
    use ErrorCode::{OutOfRange, PhotoTooLarge, TextEmpty, TextTooLong, TimeInFuture, TooOld};
    let mut wishes = vec![
        (text(""), TextEmpty),
        (text(" \n\t "), TextEmpty),
        (text(&"x".repeat(8_001)), TextTooLong),
        (text(&"é".repeat(8_001)), TextTooLong),
        (aged(-1), TimeInFuture),
        (aged(i64::MIN), TimeInFuture),
        (aged(604_800_001), TooOld),
        (aged(i64::MAX), TooOld),
        (photo("image/jpeg", 0), PhotoTooLarge),
        (photo("image/jpeg", 52_428_801), PhotoTooLarge),
        (photo("image/jpeg", u64::MAX), PhotoTooLarge),
        (photo("", 1), OutOfRange),
        (photo("image/jpeg\r\nset-cookie: a", 1), OutOfRange),
        (photo(&"x".repeat(101), 1), OutOfRange),
    ];
    let located = |(location, code)| (ResidentCommand::Locate { location }, code);
    wishes.extend(places().into_iter().map(located));
    wishes
}

#[tokio::test]
async fn a_residents_impossible_wishes_get_their_codes_and_the_session_goes_on() {
    let gateway = Gateway::start().await;
    let ann = gateway.resident().await;
    ann.open("hello").await;
    for (wish, code) in residents_wishes() {
        let id = fresh();
        ann.submit(id, wish);
        check_advice(&ann.answer(id).await.unwrap_err(), code, Some(id));
    }
    ann.says(&"€".repeat(8_000)).await;
}

#[tokio::test]
async fn an_impossible_opening_opens_nothing_and_a_better_one_does() {
    let gateway = Gateway::start().await;
    let ann = gateway.resident().await;
    let with = |change: &dyn Fn(&mut Opening)| {
        let mut opening = opening(Category::Other, "hello");
        change(&mut opening);
        opening
    };
    let mut openings = vec![
        (with(&|o| o.language = String::new()), ErrorCode::OutOfRange),
        (
            with(&|o| o.language = "<script>".to_owned()),
            ErrorCode::OutOfRange,
        ),
        (
            with(&|o| o.language = "x".repeat(36)),
            ErrorCode::OutOfRange,
        ),
        (
            with(&|o| o.contact = Some("1".repeat(201))),
            ErrorCode::TextTooLong,
        ),
        (
            with(&|o| o.text = Some("x".repeat(8_001))),
            ErrorCode::TextTooLong,
        ),
    ];
    for (place, code) in places() {
        openings.push((with(&|o| o.location = Some(place.clone())), code));
    }
    for (opening, code) in openings {
        let id = fresh();
        ann.wire.send(&FromResident::Open { id, opening });
        check_advice(&ann.answer(id).await.unwrap_err(), code, Some(id));
    }
    ann.open("hello").await;
}

#[tokio::test]
async fn a_preview_over_its_bound_is_told_and_the_photo_announced() {
    let gateway = Gateway::start().await;
    let ann = gateway.resident().await;
    ann.open("hello").await;
    let id = fresh();
    ann.submit(
        id,
        ResidentCommand::AnnouncePhoto {
            media_type: "image/jpeg".to_owned(),
            size_bytes: 10,
            preview: Some(Bytes(vec![0; 131_073])),
            age_ms: 0,
        },
    );
    let refused = complaint_about(&ann, None).await;
    check_advice(&refused, ErrorCode::PreviewRefused, None);
    ann.answer(id).await.expect("announced");
    let code = ErrorCode::PreviewRefused;
    let told = Event::PhotoPreviewRefused { photo: id, code };
    ann.entry(|event| *event == told).await;
}

/// The next error that names this command, or none.
async fn complaint_about(ann: &Resident, id: Option<CommandId>) -> ErrorMessage {
    ann.wire
        .wait(|m| match m {
            ToResident::Error(error) if error.id == id => Some(error.clone()),
            _ => None,
        })
        .await
}

#[tokio::test]
async fn typing_over_its_bound_is_told() {
    let gateway = Gateway::start().await;
    let (ann, tina) = (gateway.resident().await, gateway.console("tina").await);
    let session = ann.open("hello").await;
    tina.takes(session).await;
    tina.follows(session, 0).await;
    let typed = RealTimeText {
        message: fresh(),
        part: 0,
        from: u32::MAX,
        text: "x".repeat(2_001),
    };
    ann.wire.send(&FromResident::RealTimeText(typed.clone()));
    let refused = complaint_about(&ann, None).await;
    check_advice(&refused, ErrorCode::TextTooLong, None);
    tina.wire.send(&FromStaff::RealTimeText { session, typed });
    check_advice(&tina.complaint().await, ErrorCode::TextTooLong, None);
}

fn staffs_wishes(head: u64) -> Vec<(StaffCommand, ErrorCode)> {
    use ErrorCode::{NoSuchPhoto, NoSuchTarget, OutOfRange, TextEmpty, TextTooLong};
    let long = || "x".repeat(8_001);
    let mut wishes = vec![
        (
            StaffCommand::Text {
                text: String::new(),
            },
            TextEmpty,
        ),
        (StaffCommand::Text { text: long() }, TextTooLong),
        (
            StaffCommand::Note {
                text: " ".to_owned(),
            },
            TextEmpty,
        ),
        (StaffCommand::Note { text: long() }, TextTooLong),
        (
            StaffCommand::Close {
                disposition: Disposition::Test,
                note: long(),
            },
            TextTooLong,
        ),
        (
            StaffCommand::Transfer {
                target: TransferTarget::Queue {
                    queue: "moon".parse().unwrap(),
                },
                note: String::new(),
            },
            NoSuchTarget,
        ),
        (
            StaffCommand::Ask {
                medium: Medium::Video,
                question: Some("x".repeat(501)),
            },
            TextTooLong,
        ),
        (
            StaffCommand::SetPriority {
                priority: Priority::PROMPT,
                reason: String::new(),
            },
            TextEmpty,
        ),
        (
            StaffCommand::SetServiceLocation {
                location: place(),
                from: Some(head + 1_000),
            },
            OutOfRange,
        ),
        (StaffCommand::Reveal { photo: fresh() }, NoSuchPhoto),
        (StaffCommand::Seen { up_to: u64::MAX }, OutOfRange),
    ];
    let located = |(location, code)| {
        let from = None;
        (StaffCommand::SetServiceLocation { location, from }, code)
    };
    wishes.extend(places().into_iter().map(located));
    wishes
}

#[tokio::test]
async fn staffs_impossible_wishes_get_their_codes_and_the_session_goes_on() {
    let gateway = Gateway::start().await;
    let (ann, tina) = (gateway.resident().await, gateway.console("tina").await);
    let session = ann.open("hello").await;
    tina.takes(session).await;
    let head = tina.follows(session, 0).await.head;
    for (wish, code) in staffs_wishes(head) {
        let id = fresh();
        tina.submit(id, session, wish);
        check_advice(&tina.answer(id).await.unwrap_err(), code, Some(id));
    }
    tina.says(session, "Going on").await;
    ann.reads("Going on").await;
}

#[tokio::test]
async fn unknown_queues_cannot_be_registered() {
    let gateway = Gateway::start().await;
    let tina = gateway.staff("tina").await;
    let queues = vec!["moon".parse().unwrap()];
    tina.wire.send(&FromStaff::Register { queues });
    check_advice(&tina.complaint().await, ErrorCode::NoSuchTarget, None);
    let id = fresh();
    let refused = tina.try_take_next(id).await.unwrap_err();
    check_advice(&refused, ErrorCode::NothingWaits, Some(id));
}

#[tokio::test]
async fn a_session_takes_100_photos_and_says_so_of_one_more() {
    let gateway = Gateway::with("session.resident_messages_per_s = 0").await;
    let ann = gateway.resident().await;
    let session = ann.open("hello").await;
    let ids: Vec<_> = (0..PHOTOS_MAX).map(|_| fresh()).collect();
    for id in &ids {
        ann.submit(*id, photo("image/jpeg", 1_000));
        ann.answer(*id).await.expect("announced");
    }
    let id = fresh();
    ann.submit(id, photo("image/jpeg", 1_000));
    let refused = ann.answer(id).await.unwrap_err();
    check_advice(&refused, ErrorCode::TooManyPhotos, Some(id));
    // The same again is the same, and what was not announced cannot be brought.
    ann.submit(ids[0], photo("image/jpeg", 1_000));
    ann.answer(ids[0]).await.expect("known");
    let brings = Uploader::new(&gateway, &ann.token);
    let answer = problem(brings.create(session, id, 1_000).await).await;
    assert_eq!(answer, (403, "photo_not_announced".to_owned()));
    ann.says("still here").await;
    // The session with all of them still goes its way.
    let tina = gateway.console("tina").await;
    tina.takes(session).await;
    tina.says(session, "So many photos").await;
    ann.reads("So many photos").await;
    let (disposition, note) = (Disposition::Test, String::new());
    tina.does(session, StaffCommand::Close { disposition, note })
        .await;
}

#[tokio::test]
async fn a_closed_session_takes_nothing_more_and_can_be_read() {
    let gateway = Gateway::start().await;
    let (ann, tina) = (gateway.resident().await, gateway.console("tina").await);
    let session = ann.open("hello").await;
    let announced = announce(&ann, 1_000, None).await;
    tina.takes(session).await;
    let close = || StaffCommand::Close {
        disposition: Disposition::Test,
        note: String::new(),
    };
    tina.does(session, close()).await;
    ann.entry(|event| matches!(event, Event::Closed { .. }))
        .await;
    let wishes = [
        text("too late"),
        ResidentCommand::Locate { location: place() },
        photo("image/jpeg", 1_000),
        ResidentCommand::Consent {
            medium: Medium::Video,
            granted: true,
            ask: None,
        },
    ];
    for wish in wishes {
        let id = fresh();
        ann.submit(id, wish);
        let refused = ann.answer(id).await.unwrap_err();
        check_advice(&refused, ErrorCode::SessionClosed, Some(id));
    }
    for command in [StaffCommand::Take {}, close()] {
        let id = fresh();
        tina.submit(id, session, command);
        let refused = tina.answer(id).await.unwrap_err();
        check_advice(&refused, ErrorCode::SessionClosed, Some(id));
    }
    let brings = Uploader::new(&gateway, &ann.token);
    let answer = problem(brings.create(session, announced, 1_000).await).await;
    assert_eq!(answer, (403, "session_closed".to_owned()));
    let again = gateway.resident_again(&ann.device).await;
    let (_, standing) = again.resume(session, 0).await;
    assert_eq!(standing, Standing::Closed);
    again.reads("hello").await;
    let note = "for the record".to_owned();
    tina.does(session, StaffCommand::Note { text: note }).await;
}
