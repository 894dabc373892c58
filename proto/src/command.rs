//! Commands: what a resident or a person of an agency wants done to a session.
//!
//! Owns: the list of wishes. Must not: say who is allowed to (that is `domain::access`) or what follows (`domain::session`).
//! Used by: messages carry them, `domain` decides them. Each travels with a [`crate::ids::CommandId`] made by its sender.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::bytes::Bytes;
use crate::ids::{CommandId, FieldId, IncidentId};
use crate::redacted::debug_kind_only;
use crate::vocabulary::{
    Category, Custodial, DeviceCan, Disposition, Location, Medium, Priority, Seq, TransferTarget,
};

/// How a session begins.
#[derive(Clone, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
pub struct Opening {
    /// What is happening.
    pub category: Category,
    /// Language tag (BCP 47), at most 35 characters.
    pub language: String,
    /// The resident cannot talk and must not be heard.
    #[serde(default)]
    pub silent: bool,
    /// What the device can do.
    #[serde(default)]
    pub device: DeviceCan,
    /// How to contact back; at most 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub contact: Option<String>,
    /// First words; at most 8,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub text: Option<String>,
    /// First place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub location: Option<Location>,
    /// Somebody tries the line out: every screen says TEST, and the session counts in no figure of the day.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[ts(as = "Option<bool>", optional)]
    pub test: bool,
}

impl std::fmt::Debug for Opening {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Opening")
    }
}

/// What a resident does in their own session.
#[derive(Clone, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ResidentCommand {
    /// A finished message.
    Text {
        /// 1 to 8,000 characters.
        text: String,
        /// How long ago it was written, in ms, 0 to 604,800,000.
        #[serde(default)]
        age_ms: i64,
    },
    /// A fix of the device's place.
    Locate {
        /// The fix.
        location: Location,
    },
    /// Announces a photo, whose id is this command's id. The original follows by resumable upload.
    AnnouncePhoto {
        /// Media type, for example `image/jpeg`; at most 100 characters.
        media_type: String,
        /// Size of the original, 1 to 52,428,800 bytes.
        size_bytes: u64,
        /// JPEG, at most 131,072 bytes and 1,280 pixels a side. Shown only after re-encoding.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        preview: Option<Bytes>,
        /// How long ago it was taken or chosen, in ms.
        #[serde(default)]
        age_ms: i64,
    },
    /// Grants or refuses; refusing what flows stops it at once.
    Consent {
        /// To what.
        medium: Medium,
        /// Yes or no.
        granted: bool,
        /// The ask it answers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        ask: Option<CommandId>,
    },
    /// Says how to be reached when the page is closed. The newest one counts.
    GiveContact {
        /// A telephone number, or other words; 1 to 200 characters.
        contact: String,
    },
    /// Answers a question of the agency's own. The newest answer to each counts.
    AnswerField {
        /// To which.
        field: FieldId,
        /// The words; the name of what is chosen; `yes` or `no`. At most 500 characters.
        value: String,
        /// Language tag (BCP 47) in which it was asked; that of the opening where left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        language: Option<String>,
    },
    /// Corrects the category, at most 10 times; the same one again changes nothing.
    SetCategory {
        /// What is happening.
        category: Category,
    },
    /// Leaves.
    Leave {
        /// By quick exit: do not contact back unasked.
        #[serde(default)]
        quick_exit: bool,
    },
}

/// What a person of an agency does to a session.
#[derive(Clone, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum StaffCommand {
    /// Takes this session; the first one wins.
    Take {},
    /// Gives it back to its queue. A supervisor may take it away from somebody.
    Release {},
    /// Hands it on.
    Transfer {
        /// To whom.
        target: TransferTarget,
        /// For the next telecommunicator; at most 8,000 characters.
        #[serde(default)]
        note: String,
    },
    /// Finishes it.
    Close {
        /// What it came to.
        disposition: Disposition,
        /// A closing note; at most 8,000 characters.
        #[serde(default)]
        note: String,
    },
    /// Writes to the resident.
    Text {
        /// 1 to 8,000 characters.
        text: String,
    },
    /// Asks the resident for something; the ask's id is this command's id.
    Ask {
        /// For what.
        medium: Medium,
        /// A question beside it; at most 500 characters.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        question: Option<String>,
    },
    /// Writes a note among staff.
    Note {
        /// 1 to 8,000 characters.
        text: String,
    },
    /// Changes the priority.
    SetPriority {
        /// The new one.
        priority: Priority,
        /// Why; 1 to 500 characters.
        reason: String,
    },
    /// Sets where help should go.
    SetServiceLocation {
        /// The place.
        location: Location,
        /// The device fix it was taken from.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        from: Option<Seq>,
    },
    /// Looks at a photo.
    Reveal {
        /// Which one.
        photo: CommandId,
    },
    /// Has read everything up to here.
    Seen {
        /// Last sequence number seen.
        up_to: Seq,
    },
    /// Watches without owning.
    Watch {},
    /// Says that it reports the same event as another session: it belongs to this incident from now on, and to no other. Sent to both
    /// sessions.
    Link {
        /// The incident that the other session belongs to; where neither belongs to one, the id of the session that came first.
        incident: IncidentId,
    },
    /// Takes it out of this incident. Where it belongs to another one by now, nothing changes.
    Unlink {
        /// Which one.
        incident: IncidentId,
    },
    /// Makes a link with which responders follow this session; the link's id is this command's id. The gateway never has the link's
    /// secret: 32 random bytes, made where it is shown.
    MakeResponderLink {
        /// SHA-256 of the secret, hexadecimal.
        digest: String,
        /// How long it lives, in ms, 1,000 to 43,200,000.
        life_ms: u64,
        /// For whom it is; at most 80 characters.
        #[serde(default)]
        note: String,
    },
    /// Ends the link with which this session is to be opened, before a device has opened it. The session is finished with it.
    RevokeReportLink {},
    /// Ends a link for responders, and whoever follows through it, at once.
    RevokeResponderLink {
        /// Which one.
        link: CommandId,
    },
    /// Puts the session on hold: nothing of it is destroyed while a hold stands, whatever its time. The hold's id is this command's id.
    PlaceHold {
        /// Why; 1 to 500 characters.
        reason: String,
    },
    /// Asks for something that takes two persons, of a session that is closed; the request's id is this command's id. A deletion is refused
    /// while a hold stands.
    RequestCustody {
        /// For what.
        what: Custodial,
        /// Why; 1 to 500 characters.
        reason: String,
    },
    /// Agrees to what somebody else asked for. With it photos are deleted, unless a hold stands by now.
    AgreeCustody {
        /// To which request.
        request: CommandId,
    },
    /// Declines what was asked for, or takes back what oneself asked for, or ends an export before its time.
    DeclineCustody {
        /// Which request.
        request: CommandId,
        /// Why; 1 to 500 characters.
        reason: String,
    },
    /// Lifts a hold.
    LiftHold {
        /// Which one.
        hold: CommandId,
        /// Why; 1 to 500 characters.
        reason: String,
    },
}

debug_kind_only!(ResidentCommand {
    Text,
    Locate,
    AnnouncePhoto,
    Consent,
    GiveContact,
    AnswerField,
    SetCategory,
    Leave
});
debug_kind_only!(StaffCommand {
    Take,
    Release,
    Transfer,
    Close,
    Text,
    Ask,
    Note,
    SetPriority,
    SetServiceLocation,
    Reveal,
    Seen,
    Watch,
    Link,
    Unlink,
    MakeResponderLink,
    RevokeReportLink,
    RevokeResponderLink,
    PlaceHold,
    LiftHold,
    RequestCustody,
    AgreeCustody,
    DeclineCustody,
});
