//! Samples of commands.

use callbox_proto::bytes::Bytes;
use callbox_proto::command::{ResidentCommand, StaffCommand};
use callbox_proto::vocabulary::{
    Category, Custodial, Disposition, LocationMethod, Medium, Priority, TransferTarget,
};

use super::{Failure, Named, id, name, place, samples};

pub fn resident() -> Result<Vec<Named<ResidentCommand>>, Failure> {
    let mut typed = place(Some("Behind the mill, second yard"));
    typed.method = LocationMethod::Manual;
    typed.age_ms = 0;
    Ok(samples!(ResidentCommand {
        Text => [
            "text" = ResidentCommand::Text { text: "There is smoke in the stairwell".into(), age_ms: 0 },
            "text_from_the_outbox" = ResidentCommand::Text { text: "Двое внутри 🚒".into(), age_ms: 3_600_000 },
        ],
        Locate => [
            "locate" = ResidentCommand::Locate { location: place(None) },
            "locate_by_hand" = ResidentCommand::Locate { location: typed },
        ],
        AnnouncePhoto => [
            "announce_photo" = ResidentCommand::AnnouncePhoto {
                media_type: "image/jpeg".into(),
                size_bytes: 2_345_678,
                preview: Some(Bytes(vec![0xff, 0xd8, 0xff, 0xe0, 0x00, 0x10, 0xff, 0xd9])),
                age_ms: 4_000,
            },
            "announce_photo_without_preview" = ResidentCommand::AnnouncePhoto {
                media_type: "image/heic".into(),
                size_bytes: 52_428_800,
                preview: None,
                age_ms: 0,
            },
        ],
        Consent => [
            "consent" = ResidentCommand::Consent { medium: Medium::Video, granted: true, ask: Some(id(0xa5)?) },
            "consent_stop" = ResidentCommand::Consent { medium: Medium::Video, granted: false, ask: None },
        ],
        GiveContact => ["give_contact" = ResidentCommand::GiveContact { contact: "+1 555 0100".into() }],
        AnswerField => [
            "answer_field" = ResidentCommand::AnswerField {
                field: name("building")?,
                value: "le moulin".into(),
                language: Some("fr".into()),
            },
            "answer_field_with_no" = ResidentCommand::AnswerField { field: name("gas")?, value: "no".into(), language: None },
        ],
        SetCategory => ["set_category" = ResidentCommand::SetCategory { category: Category::Medical }],
        Leave => [
            "leave" = ResidentCommand::Leave { quick_exit: false },
            "leave_by_quick_exit" = ResidentCommand::Leave { quick_exit: true },
        ],
    }))
}

pub fn staff() -> Result<Vec<Named<StaffCommand>>, Failure> {
    Ok(samples!(StaffCommand {
        Take => ["take" = StaffCommand::Take {}],
        Release => ["release" = StaffCommand::Release {}],
        Transfer => [
            "transfer" = StaffCommand::Transfer {
                target: TransferTarget::Queue { queue: name("fire")? },
                note: "Speaks Spanish, on the roof".into(),
            },
            "transfer_to_person" = StaffCommand::Transfer {
                target: TransferTarget::Person { staff: name("tom")? },
                note: String::new(),
            },
        ],
        Close => ["close" = StaffCommand::Close { disposition: Disposition::HelpSent, note: "Two engines".into() }],
        Text => ["text" = StaffCommand::Text { text: "Help is on the way. Stay low.".into() }],
        Ask => [
            "ask" = StaffCommand::Ask { medium: Medium::Video, question: Some("Can you show me the door?".into()) },
            "ask_without_question" = StaffCommand::Ask { medium: Medium::Place, question: None },
        ],
        Note => ["note" = StaffCommand::Note { text: "Neighbour confirms".into() }],
        SetPriority => ["set_priority" = StaffCommand::SetPriority {
            priority: Priority::LIFE_AT_RISK,
            reason: "A child is inside".into(),
        }],
        SetServiceLocation => [
            "set_service_location" = StaffCommand::SetServiceLocation { location: place(None), from: Some(5) },
            "set_service_location_by_hand" = StaffCommand::SetServiceLocation {
                location: place(Some("12 Harbour Street, back entrance")),
                from: None,
            },
        ],
        Reveal => ["reveal" = StaffCommand::Reveal { photo: id(0xf0)? }],
        Seen => ["seen" = StaffCommand::Seen { up_to: 7 }],
        Watch => ["watch" = StaffCommand::Watch {}],
        Link => ["link" = StaffCommand::Link { incident: id(0x5e)? }],
        Unlink => ["unlink" = StaffCommand::Unlink { incident: id(0x5e)? }],
        MakeResponderLink => [
            "make_responder_link" = StaffCommand::MakeResponderLink {
                digest: super::events::SHA256.into(),
                life_ms: 3_600_000,
                note: "Engine 4".into(),
            },
            "make_responder_link_bare" = StaffCommand::MakeResponderLink {
                digest: super::events::SHA256.into(),
                life_ms: 60_000,
                note: String::new(),
            },
        ],
        RevokeReportLink => ["revoke_report_link" = StaffCommand::RevokeReportLink {}],
        RevokeResponderLink => ["revoke_responder_link" = StaffCommand::RevokeResponderLink { link: id(0x11)? }],
        PlaceHold => ["place_hold" = StaffCommand::PlaceHold { reason: "Asked for by the district court".into() }],
        RequestCustody => ["request_custody" = StaffCommand::RequestCustody {
            what: Custodial::Export,
            reason: "Asked for by the district court".into(),
        }],
        AgreeCustody => ["agree_custody" = StaffCommand::AgreeCustody { request: id(0x13)? }],
        DeclineCustody => ["decline_custody" = StaffCommand::DeclineCustody {
            request: id(0x13)?,
            reason: "The court asked for another one".into(),
        }],
        LiftHold => ["lift_hold" = StaffCommand::LiftHold { hold: id(0x12)?, reason: "The case is closed".into() }],
    }))
}
