//! Samples of what residents send and receive. Entries and most commands are added from the samples of events and commands.

use callbox_proto::command::{Opening, ResidentCommand};
use callbox_proto::error::ErrorCode;
use callbox_proto::event::{Actor, Event};
use callbox_proto::field::{FieldInfo, FieldKind, FieldOption, Labels};
use callbox_proto::message::{
    AgencyInfo, ErrorMessage, FromResident, Limits, RealTimeText, ToResident,
};
use callbox_proto::vocabulary::{Category, DeviceCan, Rung, Standing, Watchers};

use super::{Failure, NOW_MS, Named, hex, id, name, place, samples};

// The same values as `proto/fixtures/hello_vector.json`: a real key and a real signature.
pub(super) const NONCE: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const KEY: &str = "04c9a5aab269e2f537f9c399cc08a33b4360a28bb259519d10435256d33939adda803b6fe83e3c43df15e0702fda5816d610f7d4bc53c36ce43cecf63e75b44352";
const SIGNATURE: &str = "4e95705a540060b05a30bd443392e7822cb8019653332433f2a03c20667e910e19f62886cdb87df43e0a02a8a68fe145a45d90692289075cc143691a4a3fed0c";

pub(super) const SDP: &str = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n";

pub(super) fn agency() -> Result<AgencyInfo, Failure> {
    Ok(AgencyInfo {
        agency: name("demo.example")?,
        name: "Demo City".into(),
        banner: "A demonstration: nobody is sent.".into(),
        banner_in: Labels::from([(
            "fr".into(),
            "Une démonstration : personne n’est envoyé.".into(),
        )]),
        emergency_number: "911".into(),
        exit_url: "https://weather.example/".into(),
        fields: Vec::new(),
    })
}

/// Words in two languages.
pub(super) fn words(english: &str, french: &str) -> Labels {
    let both = [("en", english), ("fr", french)];
    both.map(|(tag, words)| (tag.to_owned(), words.to_owned()))
        .into()
}

/// An agency's own questions, one of each kind.
fn fields() -> Result<Vec<FieldInfo>, Failure> {
    let floor = |option: &str, english: &str, french: &str| -> Result<FieldOption, Failure> {
        Ok(FieldOption {
            option: name(option)?,
            label: words(english, french),
        })
    };
    Ok(vec![
        FieldInfo {
            field: name("building")?,
            label: words("Which building is it?", "De quel bâtiment s'agit-il ?"),
            answer: FieldKind::Text { max_chars: 200 },
            categories: Vec::new(),
        },
        FieldInfo {
            field: name("floor")?,
            label: words("On which floor?", "À quel étage ?"),
            answer: FieldKind::Choice {
                options: vec![
                    floor("ground", "Ground floor", "Rez-de-chaussée")?,
                    floor("above", "Above", "Au-dessus")?,
                ],
            },
            categories: vec![Category::Fire, Category::Medical],
        },
        FieldInfo {
            field: name("gas")?,
            label: words("Do you smell gas?", "Sentez-vous du gaz ?"),
            answer: FieldKind::YesNo {},
            categories: vec![Category::Fire],
        },
    ])
}

pub(super) const fn limits() -> Limits {
    Limits {
        message_bytes: 262_144,
        text_chars: 8_000,
        preview_bytes: 131_072,
        photo_bytes: 52_428_800,
        photos: 100,
    }
}

pub(super) fn typed(part: u64, from: u32, text: &str) -> Result<RealTimeText, Failure> {
    Ok(RealTimeText {
        message: id(0xc7)?,
        part,
        from,
        text: text.to_owned(),
    })
}

fn opening() -> Opening {
    Opening {
        category: Category::Fire,
        language: "en".into(),
        silent: true,
        device: DeviceCan {
            video: true,
            audio: false,
            place: true,
        },
        contact: Some("+1 555 0100".into()),
        text: Some("There is smoke in the stairwell".into()),
        location: Some(place(None)),
        test: false,
    }
}

fn bare_opening() -> Opening {
    Opening {
        category: Category::Other,
        language: "es-MX".into(),
        silent: false,
        device: DeviceCan::default(),
        contact: None,
        text: None,
        location: None,
        test: false,
    }
}

fn test_opening() -> Opening {
    Opening {
        test: true,
        ..bare_opening()
    }
}

pub fn sent() -> Result<Vec<Named<FromResident>>, Failure> {
    let hello = |agency| -> Result<_, Failure> {
        Ok(FromResident::Hello {
            client: "resident-web/0.1.0".into(),
            key: hex(KEY)?,
            signature: hex(SIGNATURE)?,
            agency,
        })
    };
    let talk = ResidentCommand::Text {
        text: "Hello".into(),
        age_ms: 0,
    };
    Ok(samples!(FromResident {
        Hello => ["hello" = hello(None)?, "hello_to_agency" = hello(Some(name("demo.example")?))?],
        Open => [
            "open" = FromResident::Open { id: id(0x09e4)?, opening: opening() },
            "open_bare" = FromResident::Open { id: id(0x09e5)?, opening: bare_opening() },
            "open_test" = FromResident::Open { id: id(0x09e6)?, opening: test_opening() },
        ],
        OpenByLink => ["open_by_link" = FromResident::OpenByLink {
            id: id(0x09e7)?,
            session: id(0x5e)?,
            secret: "bWFkZS11cC1zZWNyZXQtb2YtMzItYnl0ZXMtaGVyZQ0".into(),
            opening: bare_opening(),
        }],
        Resume => ["resume" = FromResident::Resume { session: id(0x5e)?, after: 12 }],
        Do => ["do" = FromResident::Do { id: id(0xc0)?, command: talk }],
        RealTimeText => [
            "real_time_text" = FromResident::RealTimeText(typed(0, 0, "Ther")?),
            "real_time_text_corrected" = FromResident::RealTimeText(typed(2, 9, "smoke 🔥")?),
        ],
        MediaOffer => ["media_offer" = FromResident::MediaOffer { id: id(0x0ffe4)?, sdp: SDP.into() }],
        Delivered => ["delivered" = FromResident::Delivered { up_to: 12 }],
        Seen => ["seen" = FromResident::Seen { up_to: 11 }],
        RefreshToken => ["refresh_token" = FromResident::RefreshToken {}],
        Ping => ["ping" = FromResident::Ping { n: 9_007_199_254_740_991 }],
    }))
}

pub fn received() -> Result<Vec<Named<ToResident>>, Failure> {
    let mut taken = ErrorMessage::new(None, ErrorCode::WrongFrame);
    taken.after_ms = None;
    let later = ErrorMessage::new(Some(id(0xc0)?), ErrorCode::StoreUnavailable);
    Ok(samples!(ToResident {
        Challenge => ["challenge" = ToResident::Challenge { nonce: hex(NONCE)?, now_ms: NOW_MS }],
        Welcome => ["welcome" = ToResident::Welcome {
            connection: id(0xc0e)?,
            now_ms: NOW_MS,
            heartbeat_ms: 20_000,
            agency: agency()?,
            token: "eyJ.made-up.token".into(),
            token_expires_ms: NOW_MS + 900_000,
            limits: limits(),
        }],
        AgencyChanged => [
            "agency_changed" = ToResident::AgencyChanged { agency: agency()? },
            "agency_changed_with_fields" = ToResident::AgencyChanged { agency: AgencyInfo { fields: fields()?, ..agency()? } },
        ],
        Session => ["session" = ToResident::Session {
            session: id(0x5e)?,
            head: 14,
            standing: Standing::Waiting,
            after: 12,
        }],
        Receipt => [
            "receipt" = ToResident::Receipt { id: id(0xc0)?, rung: Rung::Safe, first: 4, last: 5 },
            "receipt_stored" = ToResident::Receipt { id: id(0xc0)?, rung: Rung::Stored, first: 0, last: 0 },
        ],
        Attention => ["attention" = ToResident::Attention { delivered: 9, seen: 7 }],
        Entry => [
            "entry" = ToResident::Entry {
                seq: 4,
                prev: 2,
                at_ms: NOW_MS,
                by: Actor::Resident,
                command: id(0xc0)?,
                event: Event::Text { text: "Hello".into(), age_ms: 0 },
                kept: false,
            },
            "entry_kept" = ToResident::Entry {
                seq: 4,
                prev: 2,
                at_ms: NOW_MS,
                by: Actor::Resident,
                command: id(0xc0)?,
                event: Event::Text { text: "Hello".into(), age_ms: 0 },
                kept: true,
            },
        ],
        Safe => ["safe" = ToResident::Safe { up_to: 12 }],
        Rewound => ["rewound" = ToResident::Rewound { after: 10 }],
        RealTimeText => ["real_time_text" = ToResident::RealTimeText(typed(1, 4, " you are")?)],
        QueuePlace => ["queue_place" = ToResident::QueuePlace {
            place: 3,
            waiting: 17,
            counted: 100,
            staffed: true,
            deadline_ms: NOW_MS + 10_000,
        }],
        Watching => [
            "watching" = ToResident::Watching(Watchers { telecommunicators: 1, supervisors: 1, responders: 0 }),
            "watching_with_responders" = ToResident::Watching(Watchers { telecommunicators: 1, supervisors: 0, responders: 2 }),
        ],
        MediaAnswer => ["media_answer" = ToResident::MediaAnswer { id: id(0x0ffe4)?, sdp: SDP.into(), peer: id(0x9ee4)? }],
        Token => ["token" = ToResident::Token { token: "eyJ.made-up.token".into(), token_expires_ms: NOW_MS + 900_000 }],
        Reconnect => ["reconnect" = ToResident::Reconnect { after_ms: 2_000 }],
        Error => ["error" = ToResident::Error(taken), "error_later" = ToResident::Error(later)],
        Pong => [
            "pong" = ToResident::Pong { n: 9_007_199_254_740_991, spread_ms: 0 },
            "pong_spread" = ToResident::Pong { n: 1, spread_ms: 30_000 },
        ],
    }))
}
