//! Which action each message and command is.
//!
//! Owns: five exhaustive matches, so that a new kind on the wire does not compile without a right. Must not: look at contents
//! beyond what makes it another action. Called by: the node and the socket adapters, before anything is done.

use callbox_proto::command::{ResidentCommand, StaffCommand};
use callbox_proto::message::{FromResident, FromResponder, FromStaff};

use super::Action;

/// The action of a resident's message.
#[must_use]
pub const fn action_of_resident_message(message: &FromResident) -> Action {
    match message {
        FromResident::Hello { .. } => Action::ResidentHello,
        FromResident::Open { .. } => Action::Open,
        FromResident::OpenByLink { .. } => Action::OpenByLink,
        FromResident::Resume { .. } => Action::Resume,
        FromResident::Do { command, .. } => action_of_resident_command(command),
        FromResident::RealTimeText(_) => Action::ResidentRealTimeText,
        FromResident::MediaOffer { .. } => Action::ResidentMediaOffer,
        FromResident::Delivered { .. } => Action::ResidentDelivered,
        FromResident::Seen { .. } => Action::ResidentSeen,
        FromResident::RefreshToken {} => Action::RefreshToken,
        FromResident::Ping { .. } => Action::ResidentPing,
    }
}

/// The action of a resident's command.
#[must_use]
pub const fn action_of_resident_command(command: &ResidentCommand) -> Action {
    match command {
        ResidentCommand::Text { .. } => Action::ResidentText,
        ResidentCommand::Locate { .. } => Action::Locate,
        ResidentCommand::AnnouncePhoto { .. } => Action::AnnouncePhoto,
        ResidentCommand::Consent { .. } => Action::Consent,
        ResidentCommand::GiveContact { .. } => Action::GiveContact,
        ResidentCommand::AnswerField { .. } => Action::AnswerField,
        ResidentCommand::SetCategory { .. } => Action::SetCategory,
        ResidentCommand::Leave { .. } => Action::Leave,
    }
}

/// The action of a staff message. Offering a microphone is another action than receiving.
#[must_use]
pub const fn action_of_staff_message(message: &FromStaff) -> Action {
    match message {
        FromStaff::Hello { .. } => Action::StaffHello,
        FromStaff::Renew { .. } => Action::StaffRenew,
        FromStaff::Register { .. } => Action::Register,
        FromStaff::SetAgentState { .. } => Action::SetAgentState,
        FromStaff::TakeNext { .. } => Action::TakeNext,
        FromStaff::MakeReportLink { .. } => Action::MakeReportLink,
        FromStaff::Do { command, .. } => action_of_staff_command(command),
        FromStaff::Follow { .. } => Action::Follow,
        FromStaff::Unfollow { .. } => Action::Unfollow,
        FromStaff::Delivered { .. } => Action::StaffDelivered,
        FromStaff::RealTimeText { .. } => Action::StaffRealTimeText,
        FromStaff::MediaOffer { talk: true, .. } => Action::Talk,
        FromStaff::MediaOffer { talk: false, .. } => Action::ReceiveMedia,
        FromStaff::MediaStop { .. } => Action::MediaStop,
        FromStaff::ListClosed { .. } => Action::ListClosed,
        FromStaff::Drain { .. } | FromStaff::Undrain { .. } => Action::Drain,
        FromStaff::Tally { .. } => Action::Tally,
        FromStaff::Ping { .. } => Action::StaffPing,
    }
}

/// The action of a staff command.
#[must_use]
pub const fn action_of_staff_command(command: &StaffCommand) -> Action {
    match command {
        StaffCommand::Take {} => Action::Take,
        StaffCommand::Release {} => Action::Release,
        StaffCommand::Transfer { .. } => Action::Transfer,
        StaffCommand::Close { .. } => Action::Close,
        StaffCommand::Text { .. } => Action::StaffText,
        StaffCommand::Ask { .. } => Action::Ask,
        StaffCommand::Note { .. } => Action::Note,
        StaffCommand::SetPriority { .. } => Action::SetPriority,
        StaffCommand::SetServiceLocation { .. } => Action::SetServiceLocation,
        StaffCommand::Reveal { .. } => Action::Reveal,
        StaffCommand::Seen { .. } => Action::StaffSeen,
        StaffCommand::Watch {} => Action::Watch,
        StaffCommand::Link { .. } => Action::Link,
        StaffCommand::Unlink { .. } => Action::Unlink,
        StaffCommand::MakeResponderLink { .. } => Action::MakeResponderLink,
        StaffCommand::RevokeReportLink {} => Action::RevokeReportLink,
        StaffCommand::RevokeResponderLink { .. } => Action::RevokeResponderLink,
        StaffCommand::PlaceHold { .. } => Action::PlaceHold,
        StaffCommand::LiftHold { .. } => Action::LiftHold,
        StaffCommand::RequestCustody { .. } => Action::RequestCustody,
        StaffCommand::AgreeCustody { .. } => Action::AgreeCustody,
        StaffCommand::DeclineCustody { .. } => Action::DeclineCustody,
    }
}

/// The action of a responder's message.
#[must_use]
pub const fn action_of_responder_message(message: &FromResponder) -> Action {
    match message {
        FromResponder::Hello { .. } => Action::ResponderHello,
        FromResponder::MediaOffer { .. } => Action::ResponderReceiveMedia,
        FromResponder::MediaStop {} => Action::ResponderMediaStop,
        FromResponder::Ping { .. } => Action::ResponderPing,
    }
}
