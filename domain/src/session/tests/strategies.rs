//! Random commands and events, good and bad.

use callbox_proto::command::{ResidentCommand, StaffCommand};
use callbox_proto::error::ErrorCode;
use callbox_proto::event::{Actor, Event, MediaEnd, ReleaseReason, Stored};
use callbox_proto::ids::{CommandId, IncidentId, QueueId, StaffId};
use callbox_proto::vocabulary::{
    Category, Custodial, Disposition, Location, LocationMethod, Medium, Priority, Role,
    TransferTarget,
};
use proptest::prelude::*;
use proptest::sample::select;

use super::desk::{OPENED_MS, id, incident};
use super::every_event::every_event;
use crate::session::GatewayCommand;

/// One step of a history.
#[derive(Debug, Clone)]
pub enum Step {
    Resident(ResidentCommand),
    Staff(StaffId, Role, StaffCommand),
    Gateway(GatewayCommand),
    Later(u64),
}

pub fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => resident().prop_map(Step::Resident),
        6 => (person(), staff_command()).prop_map(|((staff, role), c)| Step::Staff(staff, role, c)),
        3 => gateway().prop_map(Step::Gateway),
        1 => (0..120_000u64).prop_map(Step::Later),
    ]
}

fn person() -> impl Strategy<Value = (StaffId, Role)> {
    let people = [
        ("tina", Role::Telecommunicator),
        ("tom", Role::Telecommunicator),
        ("sue", Role::Supervisor),
    ];
    select(people.to_vec()).prop_map(|(name, role)| (name.parse().unwrap(), role))
}

fn words() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => select(vec!["hello", "not breathing", "smoke", "opening hours", "", " "])
            .prop_map(str::to_owned),
        1 => any::<String>(),
    ]
}

fn priority() -> impl Strategy<Value = Priority> {
    (1..=5u8).prop_map(|number| Priority::new(number).unwrap())
}

fn medium() -> impl Strategy<Value = Medium> {
    select(Medium::ALL.to_vec())
}

/// Ids like those the desk gives out, so that they often name something.
fn named() -> impl Strategy<Value = CommandId> {
    (1..60u128).prop_map(id)
}

/// One of few incidents, so that it is often the one it belongs to.
fn few() -> impl Strategy<Value = IncidentId> {
    (1..4u128).prop_map(incident)
}

fn queue() -> impl Strategy<Value = QueueId> {
    select(vec!["main", "fire", "moon"]).prop_map(|name| name.parse().unwrap())
}

fn location() -> impl Strategy<Value = Location> {
    let degrees = prop_oneof![-200.0..200.0f64, any::<f64>()];
    (degrees, -10.0..120_000.0f64, any::<i32>()).prop_map(|(degrees, uncertainty_m, age)| {
        Location {
            latitude: degrees / 2.0,
            longitude: degrees,
            uncertainty_m,
            method: LocationMethod::Device,
            age_ms: i64::from(age),
            words: None,
        }
    })
}

fn target() -> impl Strategy<Value = TransferTarget> {
    prop_oneof![
        queue().prop_map(|queue| TransferTarget::Queue { queue }),
        person().prop_map(|(staff, _)| TransferTarget::Person { staff }),
    ]
}

fn resident() -> impl Strategy<Value = ResidentCommand> {
    prop_oneof![
        (words(), -5..1_000i64).prop_map(|(text, age_ms)| ResidentCommand::Text { text, age_ms }),
        location().prop_map(|location| ResidentCommand::Locate { location }),
        (0..60_000_000u64).prop_map(|size_bytes| ResidentCommand::AnnouncePhoto {
            media_type: "image/jpeg".to_owned(),
            size_bytes,
            preview: None,
            age_ms: 0,
        }),
        (medium(), any::<bool>(), proptest::option::of(named())).prop_map(
            |(medium, granted, ask)| ResidentCommand::Consent {
                medium,
                granted,
                ask
            }
        ),
        (select(vec!["building", "floor", "gas", "nothing"]), words()).prop_map(
            |(field, words)| {
                ResidentCommand::AnswerField {
                    field: field.parse().unwrap(),
                    value: if field == "gas" {
                        "yes".to_owned()
                    } else {
                        words
                    },
                    language: None,
                }
            }
        ),
        select(Category::ALL.to_vec())
            .prop_map(|category| ResidentCommand::SetCategory { category }),
        any::<bool>().prop_map(|quick_exit| ResidentCommand::Leave { quick_exit }),
    ]
}

fn staff_command() -> impl Strategy<Value = StaffCommand> {
    prop_oneof![
        4 => Just(StaffCommand::Take {}),
        2 => Just(StaffCommand::Release {}),
        2 => (target(), words()).prop_map(|(target, note)| StaffCommand::Transfer { target, note }),
        1 => words().prop_map(|note| StaffCommand::Close {
            disposition: Disposition::Test,
            note
        }),
        1 => words().prop_map(|text| StaffCommand::Text { text }),
        1 => (medium(), proptest::option::of(words()))
            .prop_map(|(medium, question)| StaffCommand::Ask { medium, question }),
        1 => words().prop_map(|text| StaffCommand::Note { text }),
        2 => (priority(), words())
            .prop_map(|(priority, reason)| StaffCommand::SetPriority { priority, reason }),
        1 => (location(), proptest::option::of(0..50u64))
            .prop_map(|(location, from)| StaffCommand::SetServiceLocation { location, from }),
        1 => named().prop_map(|photo| StaffCommand::Reveal { photo }),
        1 => (0..80u64).prop_map(|up_to| StaffCommand::Seen { up_to }),
        1 => Just(StaffCommand::Watch {}),
        2 => few().prop_map(|incident| StaffCommand::Link { incident }),
        1 => few().prop_map(|incident| StaffCommand::Unlink { incident }),
        1 => (0..6u8, words()).prop_map(|(secret, note)| StaffCommand::MakeResponderLink {
            digest: format!("{secret:064x}"),
            life_ms: 60_000,
            note,
        }),
        1 => named().prop_map(|link| StaffCommand::RevokeResponderLink { link }),
        1 => words().prop_map(|reason| StaffCommand::PlaceHold { reason }),
        1 => (any::<bool>(), words()).prop_map(|(export, reason)| {
            let what = match export {
                true => Custodial::Export,
                false => Custodial::DeletePhotos,
            };
            StaffCommand::RequestCustody { what, reason }
        }),
        1 => named().prop_map(|request| StaffCommand::AgreeCustody { request }),
        1 => (named(), words())
            .prop_map(|(request, reason)| StaffCommand::DeclineCustody { request, reason }),
        1 => (named(), words()).prop_map(|(hold, reason)| StaffCommand::LiftHold { hold, reason }),
    ]
}

fn gateway() -> impl Strategy<Value = GatewayCommand> {
    prop_oneof![
        named().prop_map(|photo| GatewayCommand::PreviewKept { photo }),
        named().prop_map(|photo| GatewayCommand::PreviewRefused { photo }),
        (named(), any::<bool>()).prop_map(|(photo, copy)| GatewayCommand::PhotoSealed {
            photo,
            sha256: "00".repeat(32),
            size_bytes: 1,
            media_type: "image/png".to_owned(),
            copy,
        }),
        named().prop_map(|photo| GatewayCommand::PhotoRefused {
            photo,
            code: ErrorCode::PhotoUnreadable,
        }),
        medium().prop_map(GatewayCommand::MediaStarted),
        medium().prop_map(|medium| GatewayCommand::MediaEnded(medium, MediaEnd::Lost)),
        person().prop_map(|(owner, _)| GatewayCommand::ConsoleLost { owner }),
        // Some of them longer ago than anybody keeps photos.
        (0..2 * OPENED_MS).prop_map(|closed_ms| GatewayCommand::PhotosExpired { closed_ms }),
        (0..2 * OPENED_MS).prop_map(|closed_ms| GatewayCommand::WordsExpired {
            closed_ms,
            up_to: 1,
            sha256: "a".repeat(64),
        }),
        (0..3u32).prop_map(|entries| GatewayCommand::WordsDestroyed { entries }),
        (0..3u32).prop_map(|shared| GatewayCommand::PhotosDestroyed { shared }),
        Just(GatewayCommand::ResidentGone),
        Just(GatewayCommand::ResidentBack),
    ]
}

fn actor() -> impl Strategy<Value = Actor> {
    prop_oneof![
        Just(Actor::Resident),
        Just(Actor::Gateway),
        person().prop_map(|(staff, role)| Actor::staff(role, staff)),
        Just(Actor::Staff {
            role: Role::Auditor,
            staff: None
        }),
    ]
}

/// Any event, by anybody, at any time: nothing about it was decided.
pub fn entry() -> impl Strategy<Value = Stored> {
    let event = prop_oneof![
        3 => select(every_event()),
        1 => any::<u64>().prop_map(|up_to| Event::Seen { up_to }),
        1 => (priority(), any::<u64>(), words()).prop_map(|(priority, deadline_ms, reason)| {
            Event::PriorityChanged { priority, reason, deadline_ms }
        }),
        1 => (named(), medium()).prop_map(|(ask, medium)| Event::Asked {
            ask,
            medium,
            question: None
        }),
        1 => (named(), any::<u64>()).prop_map(|(photo, size_bytes)| Event::PhotoAnnounced {
            photo,
            media_type: String::new(),
            size_bytes,
            preview: false,
            age_ms: i64::MIN,
        }),
        1 => Just(Event::Released { reason: ReleaseReason::ConsoleLost }),
    ];
    (any::<u64>(), actor(), event, any::<u64>()).prop_map(|(at_ms, by, event, resident_prev)| {
        Stored {
            at_ms,
            by,
            event,
            resident_prev,
            destroyed: false,
        }
    })
}
