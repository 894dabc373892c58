//! Samples of what responders send and receive. Entries are added from the samples of events.

use callbox_proto::error::ErrorCode;
use callbox_proto::event::{Actor, Event};
use callbox_proto::message::{ErrorMessage, FromResponder, ToResponder};
use callbox_proto::vocabulary::Category;

use super::resident::{SDP, agency};
use super::{Failure, NOW_MS, Named, id, samples};

pub fn sent() -> Result<Vec<Named<FromResponder>>, Failure> {
    Ok(samples!(FromResponder {
        Hello => ["hello" = FromResponder::Hello {
            client: "responder-web/0.1.0".into(),
            token: "eyJ.made-up.token".into(),
            after: 0,
        }],
        MediaOffer => ["media_offer" = FromResponder::MediaOffer { id: id(0x0ffe6)?, sdp: SDP.into() }],
        MediaStop => ["media_stop" = FromResponder::MediaStop {}],
        Ping => ["ping" = FromResponder::Ping { n: 1 }],
    }))
}

fn welcome(silent: bool, test: bool) -> Result<ToResponder, Failure> {
    Ok(ToResponder::Welcome {
        connection: id(0xc0e)?,
        now_ms: NOW_MS,
        heartbeat_ms: 5_000,
        agency: agency()?,
        session: id(0x5e)?,
        category: Category::Fire,
        language: "es-MX".into(),
        opened_ms: NOW_MS - 90_000,
        silent,
        test,
        ends_ms: NOW_MS + 3_600_000,
    })
}

fn entry(kept: bool) -> ToResponder {
    ToResponder::Entry {
        seq: 4,
        prev: 2,
        at_ms: NOW_MS,
        by: Actor::Resident,
        event: Event::Text {
            text: "Hello".into(),
            age_ms: 0,
        },
        kept,
    }
}

pub fn received() -> Result<Vec<Named<ToResponder>>, Failure> {
    let revoked = ErrorMessage::new(None, ErrorCode::LinkRevoked);
    let nothing = ErrorMessage::new(Some(id(0x0ffe6)?), ErrorCode::NoMedia);
    Ok(samples!(ToResponder {
        Welcome => ["welcome" = welcome(false, false)?, "welcome_silent_test" = welcome(true, true)?],
        AgencyChanged => ["agency_changed" = ToResponder::AgencyChanged { agency: agency()? }],
        Entry => ["entry" = entry(false), "entry_kept" = entry(true)],
        Safe => ["safe" = ToResponder::Safe { up_to: 12 }],
        Rewound => ["rewound" = ToResponder::Rewound { after: 10 }],
        Live => ["live" = ToResponder::Live { video: true, audio: false }],
        MediaAnswer => ["media_answer" = ToResponder::MediaAnswer { id: id(0x0ffe6)?, sdp: SDP.into(), peer: id(0x9ee5)? }],
        Reconnect => ["reconnect" = ToResponder::Reconnect { after_ms: 2_000 }],
        Error => ["error" = ToResponder::Error(revoked), "error_no_media" = ToResponder::Error(nothing)],
        Pong => [
            "pong" = ToResponder::Pong { n: 1, spread_ms: 0 },
            "pong_spread" = ToResponder::Pong { n: 2, spread_ms: 30_000 },
        ],
    }))
}
