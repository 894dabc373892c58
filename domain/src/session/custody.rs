//! Custody: what keeps a session's evidence from being destroyed, what takes two persons, and the deletion of its photos and words.
//!
//! Owns: holds and requests, and what follows from placing, lifting, asking, agreeing and declining, and from the end of the agency's time. Must
//! not: destroy anything, or keep the words of a reason: the log has them. Called by: `decide`, `apply`, `row`.

use callbox_proto::error::ErrorCode;
use callbox_proto::event::{Actor, Event, Stored};
use callbox_proto::ids::{CommandId, ResidentId, StaffId};
use callbox_proto::message::RowRequest;
use callbox_proto::vocabulary::{Custodial, DeletionCause, Millis, Seq, Standing};
use serde::{Deserialize, Serialize};

use super::report_link::NOBODY;
use super::{
    Context, EXPORT_LIFE_MS, HOLDS_MAX, REASON_MAX_CHARS, REQUEST_LIFE_MS, Session, check,
};
use crate::policy::Material;

/// How a session's evidence is kept.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Custody {
    /// Holds that stand, each by the command that placed it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    holds: Vec<CommandId>,
    /// What was asked for, at most one of a kind: the last one. One that was declined is taken out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    requests: Vec<Request>,
    /// How far the deletion of the photos is, where they are deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    photos: Option<Deletion>,
    /// How far the deletion of the words is, where they are deleted …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    words: Option<Deletion>,
    /// … and the last entry whose words are.
    #[serde(default, skip_serializing_if = "is_zero")]
    words_up_to: Seq,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_zero(seq: &Seq) -> bool {
    *seq == 0
}

/// How far a deletion is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Deletion {
    /// It stands in the log; what it is of may be there still.
    ToDestroy,
    /// That is gone.
    Destroyed,
}

/// Something that takes two persons.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Request {
    id: CommandId,
    what: Custodial,
    by: StaffId,
    /// Who else agreed.
    #[serde(default)]
    agreed: Option<StaffId>,
    /// Until when somebody can agree; agreed to, until when it can be fetched.
    ends_ms: Millis,
}

impl Custody {
    /// Whether a hold stands: nothing is destroyed then.
    #[must_use]
    pub const fn is_held(&self) -> bool {
        !self.holds.is_empty()
    }

    const fn deletion(&self, material: Material) -> Option<Deletion> {
        match material {
            Material::Photos => self.photos,
            Material::Words => self.words,
        }
    }

    /// Whether this is deleted: nobody is given it any more.
    #[must_use]
    pub const fn is_deleted(&self, material: Material) -> bool {
        self.deletion(material).is_some()
    }

    /// Whether something of what is deleted may be there still.
    #[must_use]
    pub const fn has_to_destroy(&self, material: Material) -> bool {
        matches!(self.deletion(material), Some(Deletion::ToDestroy))
    }

    /// The last entry whose words are deleted; 0 where none are.
    #[must_use]
    pub const fn words_deleted_up_to(&self) -> Seq {
        self.words_up_to
    }

    /// A photo came after the deletion, from a node that went on by itself: its bytes go the same way.
    pub(super) const fn photo_came(&mut self) {
        if self.photos.is_some() {
            self.photos = Some(Deletion::ToDestroy);
        }
    }

    /// Words came after the deletion in the same way.
    pub(super) const fn words_came(&mut self, seq: Seq) {
        if self.words.is_some() {
            self.words = Some(Deletion::ToDestroy);
            self.words_up_to = seq;
        }
    }

    /// Whether somebody else agreed to this request, or may.
    pub(super) fn knows(&self, request: CommandId) -> bool {
        self.requests.iter().any(|known| known.id == request)
    }

    /// Folds a fact about custody in; the others are left alone.
    pub(super) fn change(&mut self, seq: Seq, entry: &Stored) {
        match &entry.event {
            // More than the bound come only from two nodes that went on without each other. Every one of them holds.
            Event::HoldPlaced { hold, .. } if !self.holds.contains(hold) => self.holds.push(*hold),
            Event::HoldLifted { hold, .. } => self.holds.retain(|held| held != hold),
            Event::CustodyRequested {
                request,
                what,
                ends_ms,
                ..
            } => {
                if let Some(by) = staff_of(&entry.by) {
                    self.requests.retain(|known| known.what != *what);
                    self.requests.push(Request {
                        id: *request,
                        what: *what,
                        by: by.clone(),
                        agreed: None,
                        ends_ms: *ends_ms,
                    });
                }
            }
            Event::CustodyAgreed { request, ends_ms } => {
                let mut requests = self.requests.iter_mut();
                if let Some(known) = requests.find(|known| known.id == *request) {
                    known.agreed = staff_of(&entry.by).cloned();
                    known.ends_ms = *ends_ms;
                }
            }
            Event::CustodyDeclined { request, .. } => {
                self.requests.retain(|known| known.id != *request);
            }
            Event::PhotosDeleted { .. } => {
                self.requests
                    .retain(|known| known.what != Custodial::DeletePhotos);
                self.photos = Some(Deletion::ToDestroy);
            }
            Event::PhotosDestroyed { .. } => self.photos = Some(Deletion::Destroyed),
            // What was asked for is not there any more: whoever wants what is left asks anew.
            Event::WordsDeleted { .. } => {
                self.requests
                    .retain(|known| known.what != Custodial::Export);
                self.words = Some(Deletion::ToDestroy);
                self.words_up_to = seq;
            }
            Event::WordsDestroyed { .. } => self.words = Some(Deletion::Destroyed),
            _ => {}
        }
    }

    /// What was asked for, as lists tell it.
    pub(super) fn rows(&self) -> Vec<RowRequest> {
        let row = |request: &Request| RowRequest {
            what: request.what,
            by: request.by.clone(),
            agreed: request.agreed.is_some(),
            ends_ms: request.ends_ms,
        };
        self.requests.iter().map(row).collect()
    }

    /// The request with this id, if its time is not over.
    fn request(&self, id: CommandId, now_ms: Millis) -> Result<&Request, ErrorCode> {
        let mut requests = self.requests.iter();
        requests
            .find(|known| known.id == id && now_ms < known.ends_ms)
            .ok_or(ErrorCode::NoSuchRequest)
    }
}

const fn staff_of(by: &Actor) -> Option<&StaffId> {
    match by {
        Actor::Staff { staff, .. } => staff.as_ref(),
        _ => None,
    }
}

/// A person puts the session on hold. Each hold is by itself: lifting one leaves the others.
pub(super) fn place_hold(
    session: &Session,
    context: Context<'_>,
    reason: &str,
) -> Result<Vec<Event>, ErrorCode> {
    check::text(reason, REASON_MAX_CHARS)?;
    if session.custody.holds.len() >= HOLDS_MAX {
        return Err(ErrorCode::TooManyHolds);
    }
    Ok(vec![Event::HoldPlaced {
        hold: context.id,
        reason: reason.trim().to_owned(),
    }])
}

/// A person lifts a hold.
pub(super) fn lift_hold(
    session: &Session,
    hold: CommandId,
    reason: &str,
) -> Result<Vec<Event>, ErrorCode> {
    check::text(reason, REASON_MAX_CHARS)?;
    if !session.custody.holds.contains(&hold) {
        return Err(ErrorCode::NoSuchHold);
    }
    Ok(vec![Event::HoldLifted {
        hold,
        reason: reason.trim().to_owned(),
    }])
}

/// A person asks for what takes two persons.
pub(super) fn request(
    session: &Session,
    context: Context<'_>,
    what: Custodial,
    reason: &str,
) -> Result<Vec<Event>, ErrorCode> {
    check::text(reason, REASON_MAX_CHARS)?;
    if session.standing != Standing::Closed {
        return Err(ErrorCode::SessionOpen);
    }
    if what == Custodial::DeletePhotos {
        has_photos_to_delete(session)?;
    }
    let mut requests = session.custody.requests.iter();
    if requests.any(|known| known.what == what && context.now_ms < known.ends_ms) {
        return Err(ErrorCode::RequestOpen);
    }
    Ok(vec![Event::CustodyRequested {
        request: context.id,
        what,
        reason: reason.trim().to_owned(),
        ends_ms: context.now_ms.saturating_add(REQUEST_LIFE_MS),
    }])
}

/// Whether photos of the session can be deleted, as it stands now.
fn has_photos_to_delete(session: &Session) -> Result<(), ErrorCode> {
    if session.standing != Standing::Closed {
        Err(ErrorCode::SessionOpen)
    } else if session.custody.is_deleted(Material::Photos) {
        Err(ErrorCode::PhotoDeleted)
    } else if session.photos.is_empty() {
        Err(ErrorCode::NoSuchPhoto)
    } else if session.custody.is_held() {
        Err(ErrorCode::OnHold)
    } else {
        Ok(())
    }
}

pub(super) fn photos_deleted(
    session: &Session,
    cause: DeletionCause,
    request: Option<CommandId>,
    days: Option<u32>,
) -> Event {
    Event::PhotosDeleted {
        cause,
        request,
        days,
        photos: u32::try_from(session.photos.len()).unwrap_or(u32::MAX),
    }
}

/// The agency's time for this is over, if it has said one. `deleted` is told how many days that was.
pub(super) fn expire(
    session: &Session,
    context: Context<'_>,
    material: Material,
    closed_ms: Millis,
    deleted: impl FnOnce(Option<u32>) -> Event,
) -> Vec<Event> {
    let end_ms = context.policy.end_ms(material, context.now_ms);
    if end_ms.is_none_or(|end_ms| closed_ms >= end_ms) || !session.has_to_delete(material) {
        return Vec::new();
    }
    vec![deleted(context.policy.days(material))]
}

impl Session {
    /// Whether this can be deleted: it is there, the session is closed, and no hold stands.
    #[must_use]
    pub fn has_to_delete(&self, material: Material) -> bool {
        match material {
            Material::Photos => has_photos_to_delete(self).is_ok(),
            Material::Words => {
                let custody = &self.custody;
                let kept = custody.is_deleted(material) || custody.is_held();
                self.standing == Standing::Closed && !kept
            }
        }
    }

    /// Takes out of the state what was written, places, and what the device is known by: lists and rows of the index show it.
    pub(super) fn forget_words(&mut self) {
        self.resident = ResidentId::from_u128(NOBODY).unwrap_or(self.resident);
        self.rules.iter_mut().for_each(|rule| rule.because.clear());
        self.priority_reason = self.priority_reason.take().map(|_| "".into());
        self.located = false;
        self.place = None;
        self.contact = None;
        self.words.clear();
        for reason in self.suspicion.iter_mut().flat_map(|s| &mut s.reasons) {
            reason.because.clear();
            reason.outside_km = None;
        }
    }
}

/// Somebody else agrees; twice is once. What was asked for is looked at anew: a hold may stand by now.
pub(super) fn agree(
    session: &Session,
    context: Context<'_>,
    staff: &StaffId,
    request: CommandId,
) -> Result<Vec<Event>, ErrorCode> {
    let known = session.custody.request(request, context.now_ms)?;
    if known.by == *staff {
        return Err(ErrorCode::OwnRequest);
    }
    if known.agreed.is_some() {
        return Ok(Vec::new());
    }
    let agreed = |ends_ms| Event::CustodyAgreed { request, ends_ms };
    Ok(match known.what {
        Custodial::Export => vec![agreed(context.now_ms.saturating_add(EXPORT_LIFE_MS))],
        Custodial::DeletePhotos => {
            has_photos_to_delete(session)?;
            let cause = DeletionCause::Agreed;
            let deleted = photos_deleted(session, cause, Some(request), None);
            vec![agreed(context.now_ms), deleted]
        }
    })
}

/// Somebody declines, or whoever asked takes it back.
pub(super) fn decline(
    session: &Session,
    context: Context<'_>,
    request: CommandId,
    reason: &str,
) -> Result<Vec<Event>, ErrorCode> {
    check::text(reason, REASON_MAX_CHARS)?;
    session.custody.request(request, context.now_ms)?;
    Ok(vec![Event::CustodyDeclined {
        request,
        reason: reason.trim().to_owned(),
    }])
}

/// One of the two fetches the export. Each time is an entry of its own.
pub(super) fn fetch_export(
    session: &Session,
    context: Context<'_>,
    staff: &StaffId,
    request: CommandId,
) -> Result<Vec<Event>, ErrorCode> {
    let known = session.custody.request(request, context.now_ms)?;
    let is_one_of_two = known.by == *staff || known.agreed.as_ref() == Some(staff);
    if known.what != Custodial::Export || known.agreed.is_none() || !is_one_of_two {
        return Err(ErrorCode::NoSuchRequest);
    }
    Ok(vec![Event::Exported { request }])
}
