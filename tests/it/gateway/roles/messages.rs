//! One message of every kind.

use callbox_proto::command::{ResidentCommand, StaffCommand};
use callbox_proto::ids::SessionId;
use callbox_proto::message::{FromResident, FromStaff, RealTimeText};
use callbox_proto::vocabulary::{
    AgentState, Category, Custodial, Disposition, Medium, Priority, TransferTarget,
};

use crate::gateway::harness::{fresh, opening, place, text};

pub fn announce() -> ResidentCommand {
    ResidentCommand::AnnouncePhoto {
        media_type: "image/jpeg".to_owned(),
        size_bytes: 1_000,
        preview: None,
        age_ms: 0,
    }
}

fn typed() -> RealTimeText {
    RealTimeText {
        message: fresh(),
        part: 0,
        from: 0,
        text: "a".to_owned(),
    }
}

/// One of every kind a resident can send after hello; none of them opens a session before the others are tried.
pub fn resident_messages(others: SessionId) -> Vec<FromResident> {
    let command = |command| FromResident::Do {
        id: fresh(),
        command,
    };
    vec![
        FromResident::Resume {
            session: others,
            after: 0,
        },
        FromResident::OpenByLink {
            id: fresh(),
            session: others,
            secret: "x".repeat(43),
            opening: opening(Category::Other, ""),
        },
        command(text("a")),
        command(ResidentCommand::Locate { location: place() }),
        command(announce()),
        command(ResidentCommand::Consent {
            medium: Medium::Video,
            granted: true,
            ask: None,
        }),
        command(ResidentCommand::GiveContact {
            contact: "+1 555 0100".to_owned(),
        }),
        command(ResidentCommand::AnswerField {
            field: "gas".parse().unwrap(),
            value: "yes".to_owned(),
            language: None,
        }),
        command(ResidentCommand::SetCategory {
            category: Category::Fire,
        }),
        command(ResidentCommand::Leave { quick_exit: true }),
        FromResident::RealTimeText(typed()),
        FromResident::MediaOffer {
            id: fresh(),
            sdp: String::new(),
        },
        FromResident::Delivered { up_to: 1 },
        FromResident::Seen { up_to: 1 },
        FromResident::RefreshToken {},
        FromResident::Ping { n: 1 },
        FromResident::Open {
            id: fresh(),
            opening: opening(Category::Other, ""),
        },
    ]
}

/// One of every kind staff can send after hello.
pub fn staff_messages(session: SessionId) -> Vec<FromStaff> {
    let command = |command| FromStaff::Do {
        id: fresh(),
        session,
        command,
    };
    let words = || "a".to_owned();
    let offer = |talk| FromStaff::MediaOffer {
        id: fresh(),
        session,
        sdp: String::new(),
        talk,
    };
    vec![
        FromStaff::Register { queues: Vec::new() },
        FromStaff::SetAgentState {
            state: AgentState::Available,
            reason: None,
        },
        FromStaff::TakeNext { id: fresh() },
        FromStaff::MakeReportLink {
            id: fresh(),
            digest: "5a".repeat(32),
        },
        FromStaff::Follow { session, after: 0 },
        FromStaff::Unfollow { session },
        FromStaff::Delivered { session, up_to: 1 },
        FromStaff::RealTimeText {
            session,
            typed: typed(),
        },
        offer(false),
        offer(true),
        FromStaff::MediaStop { session },
        FromStaff::ListClosed {
            id: fresh(),
            after: None,
        },
        FromStaff::Drain {
            id: fresh(),
            node: words(),
            within_s: 60,
            per_s: None,
        },
        FromStaff::Undrain {
            id: fresh(),
            node: words(),
        },
        FromStaff::Tally {
            alarms: 1,
            exposed_ms: 1_000,
        },
        FromStaff::Ping { n: 1 },
        FromStaff::Renew { token: words() },
        command(StaffCommand::Take {}),
        command(StaffCommand::Release {}),
        command(StaffCommand::Transfer {
            target: TransferTarget::Queue {
                queue: "police".parse().unwrap(),
            },
            note: words(),
        }),
        command(StaffCommand::Close {
            disposition: Disposition::Test,
            note: words(),
        }),
        command(StaffCommand::RevokeReportLink {}),
        command(StaffCommand::Text { text: words() }),
        command(StaffCommand::Ask {
            medium: Medium::Video,
            question: None,
        }),
        command(StaffCommand::Note { text: words() }),
        command(StaffCommand::SetPriority {
            priority: Priority::PROMPT,
            reason: words(),
        }),
        command(StaffCommand::SetServiceLocation {
            location: place(),
            from: None,
        }),
        command(StaffCommand::Reveal { photo: fresh() }),
        command(StaffCommand::Seen { up_to: 1 }),
        command(StaffCommand::Watch {}),
        command(StaffCommand::Link {
            incident: session.into(),
        }),
        command(StaffCommand::Unlink {
            incident: session.into(),
        }),
        command(StaffCommand::MakeResponderLink {
            digest: "0".repeat(64),
            life_ms: 60_000,
            note: words(),
        }),
        command(StaffCommand::RevokeResponderLink { link: fresh() }),
        command(StaffCommand::PlaceHold { reason: words() }),
        command(StaffCommand::RequestCustody {
            what: Custodial::Export,
            reason: words(),
        }),
        command(StaffCommand::AgreeCustody { request: fresh() }),
        command(StaffCommand::DeclineCustody {
            request: fresh(),
            reason: words(),
        }),
        command(StaffCommand::LiftHold {
            hold: fresh(),
            reason: words(),
        }),
    ]
}
