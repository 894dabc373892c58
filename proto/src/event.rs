//! Events: the facts of a session's log, as stored and as shown.
//!
//! Owns: the list of facts and who may see each. Must not: decide which fact follows from what (that is `domain`).
//! Used by: `domain` (decides and folds them), `node` (stores them), messages (carry them).
//! Changes are additive: a stored log is read for years.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::error::ErrorCode;
use crate::field::FieldAnswer;
use crate::ids::{AgencyId, CommandId, FieldId, IncidentId, QueueId, ResidentId, StaffId};
use crate::redacted::debug_kind_only;
use crate::vocabulary::{
    Category, Content, Custodial, DeletionCause, DeviceCan, Disposition, Location, Medium, Millis,
    Priority, Role, RuleFired, Seq, Suspicion, TransferTarget,
};

/// Who did it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(tag = "role", rename_all = "snake_case")]
pub enum Actor {
    /// The session's resident.
    Resident,
    /// A signed-in person. Residents are shown the role without the name.
    Staff {
        /// In which role.
        #[serde(rename = "as")]
        role: Role,
        /// Who; left out where a resident looks.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        staff: Option<StaffId>,
    },
    /// The gateway itself.
    Gateway,
}

/// Why a session went back to its queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReleaseReason {
    /// The telecommunicator gave it back.
    GivenBack,
    /// The console that owned it was lost.
    ConsoleLost,
    /// A supervisor took it away.
    TakenAway,
}

/// Why live media ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MediaEnd {
    /// The resident stopped it.
    Stopped,
    /// The link was lost.
    Lost,
    /// The session ended.
    SessionEnded,
}

/// A fact in a session's log.
#[derive(Clone, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Event {
    /// The session began.
    Opened {
        /// Whose session it is.
        agency: AgencyId,
        /// The queue triage chose.
        queue: QueueId,
        /// What the resident says is happening.
        category: Category,
        /// Language tag (BCP 47).
        language: String,
        /// The resident cannot talk and must not be heard.
        silent: bool,
        /// What the device can do.
        device: DeviceCan,
        /// Which device, as a hash of its key.
        resident: ResidentId,
        /// How to contact back, if the resident said so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        contact: Option<String>,
        /// Somebody tries the line out: every screen says TEST.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        #[ts(as = "Option<bool>", optional)]
        test: bool,
    },
    /// Triage gave a priority. With the first one the session enters its queue.
    Triaged {
        /// The priority.
        priority: Priority,
        /// The rules that fired, most urgent first; at most 16.
        rules: Vec<RuleFired>,
        /// Version of the rules.
        version: String,
        /// When an answer is due.
        deadline_ms: Millis,
    },
    /// A person changed the priority. Triage does not change it again.
    PriorityChanged {
        /// The new priority.
        priority: Priority,
        /// Why, in the person's words.
        reason: String,
        /// When an answer is due now.
        deadline_ms: Millis,
    },
    /// The resident corrected the category. It stays in its queue; where the new one is more urgent, `triaged` follows.
    CategoryChanged {
        /// What it was.
        from: Category,
        /// What it is.
        category: Category,
    },
    /// A finished message.
    Text {
        /// The text, at most 8,000 characters.
        text: String,
        /// How long before it reached the gateway it was written, in ms.
        age_ms: i64,
    },
    /// Where the device is (device location).
    Located {
        /// The fix.
        location: Location,
    },
    /// Where help should go (service location), set by a telecommunicator.
    ServiceLocated {
        /// The place.
        location: Location,
        /// The device fix it was taken from, if it was.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        from: Option<Seq>,
    },
    /// A photo will come; its id is the command's id.
    PhotoAnnounced {
        /// Names the photo.
        photo: CommandId,
        /// Type the device says it has, for example `image/jpeg`.
        media_type: String,
        /// Size of the original in bytes.
        size_bytes: u64,
        /// Whether a preview came along; `photo_previewed` or `photo_preview_refused` follows.
        preview: bool,
        /// How old it was when announced, in ms.
        age_ms: i64,
    },
    /// The preview was re-encoded and can be shown.
    PhotoPreviewed {
        /// Which photo.
        photo: CommandId,
    },
    /// The preview that came along cannot be shown: too large, or no picture. The photo itself may still come.
    PhotoPreviewRefused {
        /// Which photo.
        photo: CommandId,
        /// Why: `preview_refused`.
        code: ErrorCode,
    },
    /// The original is sealed.
    PhotoStored {
        /// Which photo.
        photo: CommandId,
        /// SHA-256 of the original, hexadecimal.
        sha256: String,
        /// Size of the original in bytes.
        size_bytes: u64,
        /// Type by content.
        media_type: String,
        /// Whether a re-encoded copy can be shown; originals that cannot be decoded here (HEIC) are kept only.
        copy: bool,
    },
    /// The photo was refused.
    PhotoRefused {
        /// Which photo.
        photo: CommandId,
        /// Why.
        code: ErrorCode,
    },
    /// A person looked at the photo.
    PhotoRevealed {
        /// Which photo.
        photo: CommandId,
    },
    /// The photo is about to be sent to somebody who does not own the session, or its original to anybody. Once in an hour for each person, or
    /// link, and photo, however often it is read; the original apart.
    PhotoFetched {
        /// Which photo.
        photo: CommandId,
        /// The original, and not what is shown of it.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        #[ts(as = "Option<bool>", optional)]
        original: bool,
        /// With which link for responders, where it was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        link: Option<CommandId>,
    },
    /// A telecommunicator asks for something; the ask's id is the command's id.
    Asked {
        /// Names the ask.
        ask: CommandId,
        /// For what.
        medium: Medium,
        /// A question beside it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        question: Option<String>,
    },
    /// The resident granted or refused, or stopped.
    Consented {
        /// To what.
        medium: Medium,
        /// Yes, or no (also: stop).
        granted: bool,
        /// The ask it answers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        ask: Option<CommandId>,
    },
    /// The resident said how to be reached when the page is closed. The newest one counts, before that of `opened`.
    ContactGiven {
        /// A telephone number, or other words; at most 200 characters.
        contact: String,
    },
    /// The resident answered a question of the agency's own. The newest answer to each counts.
    FieldAnswered {
        /// To which.
        field: FieldId,
        /// The question, in English.
        label: String,
        /// The question as it was asked, where that was in another language.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        asked: Option<String>,
        /// The answer.
        answer: FieldAnswer,
    },
    /// Live media flows.
    MediaStarted {
        /// Camera or microphone.
        medium: Medium,
    },
    /// Live media ended.
    MediaEnded {
        /// Camera or microphone.
        medium: Medium,
        /// Why.
        reason: MediaEnd,
    },
    /// A person took the session: whoever did it owns it now.
    Taken,
    /// It went back to its queue with its first deadline.
    Released {
        /// Why.
        reason: ReleaseReason,
    },
    /// It was handed on; complete when the other side takes it.
    Transferred {
        /// To whom.
        target: TransferTarget,
        /// The queue it waits in now.
        queue: QueueId,
        /// For the next telecommunicator.
        note: String,
    },
    /// The resident left.
    Left {
        /// By quick exit: do not contact back unasked.
        quick_exit: bool,
    },
    /// The resident left, or was away too long, before an answer.
    Abandoned,
    /// The resident came back to an abandoned session; it waits again with its first deadline.
    Returned,
    /// The session is finished.
    Closed {
        /// What it came to.
        disposition: Disposition,
        /// A closing note.
        note: String,
    },
    /// A note among staff.
    Note {
        /// The text, at most 8,000 characters.
        text: String,
    },
    /// Somebody watches without owning.
    Watched {
        /// Who.
        staff: StaffId,
        /// In which role.
        #[serde(rename = "as")]
        role: Role,
    },
    /// Everything up to here was opened by a person.
    Seen {
        /// Last sequence number seen.
        up_to: Seq,
    },
    /// This happened at a gateway that was cut off from the others, and no longer counts: somebody else had moved the session
    /// on meanwhile. With `taken` inside, this person was in the session too. Both sides are shown it.
    Overruled {
        /// What happened.
        event: Box<Event>,
    },
    /// A person said that it reports the same event as other sessions: it belongs to this incident, and to no other.
    Linked {
        /// The incident.
        incident: IncidentId,
        /// The one it belonged to before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        moved_from: Option<IncidentId>,
    },
    /// A person took it out of this incident.
    Unlinked {
        /// The incident.
        incident: IncidentId,
    },
    /// A person made a link for responders; its id is the command's id.
    ResponderLinkMade {
        /// Names the link.
        link: CommandId,
        /// SHA-256 of the link's secret, hexadecimal. The secret itself is nowhere in the log.
        digest: String,
        /// When it ends.
        ends_ms: Millis,
        /// For whom it is, in the person's words; may be empty.
        note: String,
    },
    /// Somebody opened a link for responders.
    ResponderLinkOpened {
        /// Which link.
        link: CommandId,
        /// The name or unit that was typed; nothing proves it.
        name: String,
    },
    /// A person ended a link for responders.
    ResponderLinkRevoked {
        /// Which link.
        link: CommandId,
    },
    /// A person put the session on hold; the hold's id is the command's id. Nothing of it is destroyed while a hold stands.
    HoldPlaced {
        /// Names the hold.
        hold: CommandId,
        /// Why, in the person's words.
        reason: String,
    },
    /// A person lifted a hold.
    HoldLifted {
        /// Which hold.
        hold: CommandId,
        /// Why, in the person's words.
        reason: String,
    },
    /// A person asked for something that takes two persons; the request's id is the command's id.
    CustodyRequested {
        /// Names the request.
        request: CommandId,
        /// For what.
        what: Custodial,
        /// Why, in the person's words.
        reason: String,
        /// Until when somebody else can agree.
        ends_ms: Millis,
    },
    /// Somebody else agreed.
    CustodyAgreed {
        /// To which request.
        request: CommandId,
        /// Until when the export can be fetched; of a deletion, when it was agreed to: it follows at once.
        ends_ms: Millis,
    },
    /// The request was declined, taken back, or ended before its time.
    CustodyDeclined {
        /// Which request.
        request: CommandId,
        /// Why, in the person's words.
        reason: String,
    },
    /// The export of this session, up to here, is about to be sent to this person.
    Exported {
        /// By which request.
        request: CommandId,
    },
    /// The photos of this session are deleted: nobody is given them from here on, and their bytes are destroyed next. What the log says of
    /// them stays.
    PhotosDeleted {
        /// Why.
        cause: DeletionCause,
        /// By which request, where two persons agreed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        request: Option<CommandId>,
        /// How many days the agency keeps photos, where their time was over.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        days: Option<u32>,
        /// Photos that were announced in the session.
        photos: u32,
    },
    /// The bytes of the deleted photos are destroyed.
    PhotosDestroyed {
        /// Originals whose content other sessions have too: these lost them, the others keep them.
        shared: u32,
    },
    /// What was written in this session is deleted, up to this entry: nobody is given it from here on, and it is destroyed next. Who did what
    /// and when stays.
    WordsDeleted {
        /// Why.
        cause: DeletionCause,
        /// How many days the agency keeps words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        days: Option<u32>,
        /// The last entry that `sha256` is of.
        up_to: Seq,
        /// SHA-256, hexadecimal, of the first entries' bytes as they were stored, one after the other, each behind its length (eight bytes, the
        /// highest first). One for all of them: that of a short entry alone would let its words be guessed.
        sha256: String,
    },
    /// What was written is destroyed: no store that the gateway uses holds it any more.
    WordsDestroyed {
        /// Entries that lost something, since the session began.
        entries: u32,
    },
    /// An entry that had nothing in it but content that is destroyed.
    Destroyed {
        /// What it was.
        was: Content,
    },
    /// A person made a link that opens this session: with it the session begins, before a resident is there. Its id is the command's id.
    ReportLinkMade {
        /// Whose session it is.
        agency: AgencyId,
        /// The queue it would wait in.
        queue: QueueId,
        /// SHA-256 of the link's secret, hexadecimal; left out where a resident looks. The secret itself is nowhere in the log.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        #[ts(as = "Option<String>", optional)]
        digest: String,
        /// When it ends, unless it was opened before.
        ends_ms: Millis,
    },
    /// A device opened the link: it is the session's from now on, and the link opens nothing more.
    ReportLinkOpened {
        /// What the resident says is happening.
        category: Category,
        /// Language tag (BCP 47).
        language: String,
        /// The resident cannot talk and must not be heard.
        silent: bool,
        /// What the device can do.
        device: DeviceCan,
        /// Which device, as a hash of its key.
        resident: ResidentId,
        /// How to contact back, if the resident said so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        contact: Option<String>,
    },
    /// A person ended the link before it was opened; the session is finished with it.
    ReportLinkRevoked,
    /// How suspicious the session is changed; with 0 nothing speaks against it any more. Nothing else follows from it.
    Suspected {
        /// The number, with its reasons.
        suspicion: Suspicion,
        /// Version of the rules.
        version: String,
    },
}

impl Event {
    /// Whether the session's resident may see this fact. What staff say among themselves stays among them.
    #[must_use]
    pub fn visible_to_resident(&self) -> bool {
        match self {
            Self::Note { .. }
            | Self::Watched { .. }
            | Self::PhotoFetched { .. }
            | Self::PriorityChanged { .. }
            | Self::Triaged { .. }
            | Self::ServiceLocated { .. }
            | Self::Linked { .. }
            | Self::Unlinked { .. }
            | Self::ResponderLinkMade { .. }
            | Self::ResponderLinkOpened { .. }
            | Self::ResponderLinkRevoked { .. }
            | Self::HoldPlaced { .. }
            | Self::HoldLifted { .. }
            | Self::CustodyRequested { .. }
            | Self::CustodyAgreed { .. }
            | Self::CustodyDeclined { .. }
            | Self::Exported { .. }
            | Self::PhotosDeleted { .. }
            | Self::PhotosDestroyed { .. }
            | Self::WordsDestroyed { .. }
            | Self::Suspected { .. } => false,
            // As what it was: numbers and the entry before each stay as they were told.
            Self::Destroyed { was } => match was {
                Content::Note | Content::ServiceLocated => false,
                Content::Text
                | Content::Located
                | Content::ContactGiven
                | Content::FieldAnswered => true,
            },
            Self::Overruled { event } => event.visible_to_resident(),
            _ => true,
        }
    }

    /// The event as a resident may see it: closing notes, transfer notes and names of staff taken out.
    #[must_use]
    pub fn for_resident(&self) -> Option<Self> {
        if !self.visible_to_resident() {
            return None;
        }
        Some(match self {
            Self::ReportLinkMade {
                agency,
                queue,
                ends_ms,
                ..
            } => Self::ReportLinkMade {
                agency: agency.clone(),
                queue: queue.clone(),
                digest: String::new(),
                ends_ms: *ends_ms,
            },
            Self::Closed { disposition, .. } => Self::Closed {
                disposition: *disposition,
                note: String::new(),
            },
            Self::Transferred { queue, .. } => Self::Transferred {
                target: TransferTarget::Queue {
                    queue: queue.clone(),
                },
                queue: queue.clone(),
                note: String::new(),
            },
            Self::Overruled { event } => Self::Overruled {
                event: Box::new(event.for_resident()?),
            },
            other => other.clone(),
        })
    }

    /// The event as a responder with a link may see it: what the resident and the agency said to each other, places, photos, how
    /// urgent it is, and whether somebody is still there. `None` for everything else: what is not named here is not shown.
    #[must_use]
    pub fn for_responder(&self) -> Option<Self> {
        let urgent = |priority: &Priority| Self::PriorityChanged {
            priority: *priority,
            reason: String::new(),
            deadline_ms: 0,
        };
        Some(match self {
            // The rules that fired may name the word for duress, and a reason is said among staff.
            Self::Triaged { priority, .. } | Self::PriorityChanged { priority, .. } => {
                urgent(priority)
            }
            Self::Text { .. }
            | Self::CategoryChanged { .. }
            | Self::FieldAnswered { .. }
            | Self::Located { .. }
            | Self::PhotoAnnounced { .. }
            | Self::PhotoPreviewed { .. }
            | Self::PhotoPreviewRefused { .. }
            | Self::PhotoRefused { .. }
            | Self::MediaStarted { .. }
            | Self::MediaEnded { .. }
            | Self::Left { .. }
            | Self::Returned
            | Self::Destroyed {
                was:
                    Content::Text | Content::Located | Content::ServiceLocated | Content::FieldAnswered,
            } => self.clone(),
            Self::ServiceLocated { location, .. } => Self::ServiceLocated {
                location: location.clone(),
                from: None,
            },
            // Of the original it is told that a copy can be shown, and nothing to recognize it by.
            Self::PhotoStored {
                photo,
                media_type,
                copy,
                ..
            } => Self::PhotoStored {
                photo: *photo,
                sha256: String::new(),
                size_bytes: 0,
                media_type: media_type.clone(),
                copy: *copy,
            },
            _ => return None,
        })
    }
}

impl Actor {
    /// A person of the agency.
    #[must_use]
    pub const fn staff(role: Role, staff: StaffId) -> Self {
        Self::Staff {
            role,
            staff: Some(staff),
        }
    }

    /// A responder who opened a link; the name is in the event, as nobody has signed in.
    #[must_use]
    pub const fn responder() -> Self {
        Self::Staff {
            role: Role::Responder,
            staff: None,
        }
    }

    /// The actor as a resident, or a responder, may see it: roles without names.
    #[must_use]
    pub fn for_resident(&self) -> Self {
        match self {
            Self::Staff { role, .. } => Self::Staff {
                role: *role,
                staff: None,
            },
            other => other.clone(),
        }
    }
}

/// One entry of a session's log: what is stored, beside its sequence number and command id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stored {
    /// When it was decided.
    pub at_ms: Millis,
    /// Who did it.
    pub by: Actor,
    /// What happened.
    pub event: Event,
    /// The last earlier entry that residents see; with it a receiver can tell a hole from a hidden entry.
    pub resident_prev: Seq,
    /// Something that was written in it is destroyed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub destroyed: bool,
}

debug_kind_only!(Event {
    Opened,
    Triaged,
    PriorityChanged,
    CategoryChanged,
    Text,
    Located,
    ServiceLocated,
    PhotoAnnounced,
    PhotoPreviewed,
    PhotoPreviewRefused,
    PhotoStored,
    PhotoRefused,
    PhotoRevealed,
    PhotoFetched,
    Asked,
    Consented,
    ContactGiven,
    FieldAnswered,
    MediaStarted,
    MediaEnded,
    Taken,
    Released,
    Transferred,
    Left,
    Abandoned,
    Returned,
    Closed,
    Note,
    Watched,
    Seen,
    Overruled,
    Linked,
    Unlinked,
    ResponderLinkMade,
    ResponderLinkOpened,
    ResponderLinkRevoked,
    HoldPlaced,
    HoldLifted,
    CustodyRequested,
    CustodyAgreed,
    CustodyDeclined,
    Exported,
    PhotosDeleted,
    PhotosDestroyed,
    WordsDeleted,
    WordsDestroyed,
    Destroyed,
    Suspected,
    ReportLinkMade,
    ReportLinkOpened,
    ReportLinkRevoked
});
