//! A session: one resident's live report, as the fold of its log.
//!
//! Owns: the state ([`Session`]), how facts change it ([`Session::apply`]) and which facts follow from a wish ([`decide`],
//! [`open`]). Must not: do IO, read a clock, draw random numbers, log, or ask who is allowed to (that is
//! [`crate::access`], asked before). Called by: `node`, for every command; replay and verification fold with the same code.

mod apply;
mod by_gateway;
mod by_resident;
mod by_staff;
mod check;
mod context;
mod custody;
mod decide;
mod dry_run;
mod field;
mod opening;
mod place;
mod rebase;
mod report_link;
mod responder;
mod row;
#[cfg(test)]
mod tests;

pub use by_gateway::GatewayCommand;
pub use by_staff::PhotoFetch;
pub use context::Context;
pub use custody::Custody;
pub use decide::{Command, decide};
pub use dry_run::{DryRun, Judged, Outcome};
pub use opening::open;
pub use rebase::Rebasing;
pub use report_link::{ReportLink, make_link};
pub use responder::ResponderLink;

use callbox_proto::error::ErrorCode;
use callbox_proto::event::{Event, MediaEnd};
use callbox_proto::ids::{AgencyId, CommandId, IncidentId, QueueId, ResidentId, StaffId};
use callbox_proto::message::RowPlace;
use callbox_proto::vocabulary::{
    Category, DeviceCan, Medium, Millis, Priority, RuleFired, Seq, Standing, Suspicion,
};
use serde::{Deserialize, Serialize};

// The bounds of the wire are the bounds of the domain: what a client is told is what is enforced.
pub use callbox_proto::bounds::{
    AGE_MAX_MS, CATEGORY_CHANGES_MAX, CONTACT_MAX_CHARS, EXPORT_LIFE_MS, HOLDS_MAX,
    LANGUAGE_MAX_CHARS, MEDIA_TYPE_MAX_CHARS, PHOTO_MAX_BYTES, PHOTOS_MAX, PREVIEW_MAX_BYTES,
    REASON_MAX_CHARS, REQUEST_LIFE_MS, RESPONDER_LINK_MAX_MS, RESPONDER_LINK_MIN_MS,
    RESPONDER_LINKS_MAX, RESPONDER_NAME_MAX_CHARS, RESPONDER_OPENINGS_MAX, TEXT_MAX_CHARS,
    UNCERTAINTY_MAX_M,
};

/// Why a wish is refused, as the public code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code:?}")]
pub struct Refusal {
    /// The public code.
    pub code: ErrorCode,
    /// Who owns the session, with [`ErrorCode::AlreadyTaken`].
    pub owner: Option<StaffId>,
}

impl From<ErrorCode> for Refusal {
    fn from(code: ErrorCode) -> Self {
        Self { code, owner: None }
    }
}

/// A set of media.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Media(u8);

impl Media {
    const fn bit(medium: Medium) -> u8 {
        1 << medium as u8
    }

    /// Whether it is in the set.
    #[must_use]
    pub const fn has(self, medium: Medium) -> bool {
        self.0 & Self::bit(medium) != 0
    }

    /// Puts it in or takes it out.
    pub const fn set(&mut self, medium: Medium, on: bool) {
        if on {
            self.0 |= Self::bit(medium);
        } else {
            self.0 &= !Self::bit(medium);
        }
    }

    /// What is in the set, in order.
    pub fn iter(self) -> impl Iterator<Item = Medium> {
        Medium::ALL.iter().copied().filter(move |m| self.has(*m))
    }

    /// The events by which all that is in the set ends.
    fn ended(self, reason: MediaEnd) -> Vec<Event> {
        self.iter()
            .map(|medium| Event::MediaEnded { medium, reason })
            .collect()
    }
}

/// Where a photo stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PhotoState {
    /// Announced; the original is on its way.
    Announced,
    /// The original is sealed, and a copy can be shown.
    Copied,
    /// The original is sealed; it cannot be decoded here.
    Kept,
    /// Refused.
    Refused,
}

/// A photo of the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Photo {
    /// Its id: the announcing command's.
    pub id: CommandId,
    /// Where it stands.
    pub state: PhotoState,
    /// Size announced, in bytes.
    pub size_bytes: u64,
    /// Whether a re-encoded preview can be shown.
    pub preview: bool,
    /// Whether the preview that came along was refused.
    #[serde(default)]
    pub preview_refused: bool,
}

/// The state of one session: the fold of its log up to `head`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// Whose session it is.
    pub agency: AgencyId,
    /// The resident's device.
    pub resident: ResidentId,
    /// The queue it waits in or was taken from.
    pub queue: QueueId,
    /// Where it stands.
    pub standing: Standing,
    /// What the resident says is happening.
    pub category: Category,
    /// How often the resident corrected it.
    #[serde(default)]
    pub category_changes: u8,
    /// Language tag.
    pub language: Box<str>,
    /// The resident cannot talk and must not be heard.
    pub silent: bool,
    /// What the device can do.
    pub device: DeviceCan,
    /// Priority.
    pub priority: Priority,
    /// Why triage gave it, most urgent first.
    pub rules: Vec<RuleFired>,
    /// Why a person changed it; triage does not touch it any more then.
    pub priority_reason: Option<Box<str>>,
    /// When it entered its queue; kept through release and transfer.
    pub entered_ms: Millis,
    /// When an answer is due.
    pub deadline_ms: Millis,
    /// Who owns it.
    pub owner: Option<StaffId>,
    /// Whom it waits for after a transfer to a person.
    pub reserved_for: Option<StaffId>,
    /// When it was first taken.
    pub answered_ms: Option<Millis>,
    /// Whether a place is known.
    pub located: bool,
    /// Messages by the resident.
    pub messages: u32,
    /// Photos, at most [`PHOTOS_MAX`].
    pub photos: Vec<Photo>,
    /// What the resident agrees to now.
    pub granted: Media,
    /// What flows live by the log.
    pub live: Media,
    /// Entries opened by a person.
    pub seen: Seq,
    /// The resident left.
    pub left: bool,
    /// … by quick exit.
    pub quick_exit: bool,
    /// Somebody tries the line out.
    #[serde(default)]
    pub test: bool,
    /// The agency's word for duress was read; it stays so.
    #[serde(default)]
    pub duress: bool,
    /// Where it is, as lists tell it.
    #[serde(default)]
    pub place: Option<RowPlace>,
    /// The incident it belongs to. Which sessions share it is kept nowhere: whoever has their rows sees it.
    #[serde(default)]
    pub incident: Option<IncidentId>,
    /// How to reach the resident when the page is closed.
    #[serde(default)]
    pub contact: Option<Box<str>>,
    /// Links for responders, ended ones too; at most [`RESPONDER_LINKS_MAX`].
    #[serde(default)]
    pub responder_links: Vec<ResponderLink>,
    /// Whether it may be destroyed, and who asked for what.
    #[serde(default)]
    pub custody: Custody,
    /// The link that it began with, where it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report_link: Option<ReportLink>,
    /// The sketch of the first words of the resident that are enough to be compared; see [`crate::suspicion`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<u32>,
    /// What speaks against it, as it was judged last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspicion: Option<Suspicion>,
    /// Last entry of the log.
    pub head: Seq,
    /// Last entry that residents see.
    pub resident_head: Seq,
}

impl Session {
    /// Whether this person owns it.
    #[must_use]
    pub fn is_owned_by(&self, staff: &StaffId) -> bool {
        self.owner.as_ref() == Some(staff)
    }

    /// Whether new words of the resident are judged: while nobody has it, and no person has said how urgent it is.
    fn is_judged_again(&self) -> bool {
        self.priority_reason.is_none() && self.standing == Standing::Waiting
    }

    /// The photo with this id.
    #[must_use]
    pub fn photo(&self, id: CommandId) -> Option<&Photo> {
        self.photos.iter().find(|photo| photo.id == id)
    }
}
