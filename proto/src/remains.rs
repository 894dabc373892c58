//! What is left of a fact when what was written in a session is destroyed.
//!
//! Owns: the decision for each kind of fact, in one list that a new kind does not pass without. Must not: decide when. Called by: `domain` and
//! `node`.
//!
//! What people wrote and where they were goes: texts, answers, places, notes, contacts, questions, reasons, names that were typed, and what the
//! device is known by. That something happened, when, by whom and in which order stays. So do the facts about photos: these have a time of
//! their own, and their bytes are found and destroyed by what the log says of them.

use crate::event::{Event, Stored};
use crate::ids::ResidentId;
use crate::vocabulary::{Content, RuleFired, Suspicion, SuspicionReason};

/// Stands for a device where none is known: no hash of a key is so.
pub const NO_DEVICE: u128 = u128::MAX;

/// The device that is none.
fn no_device(known: ResidentId) -> ResidentId {
    ResidentId::from_u128(NO_DEVICE).unwrap_or(known)
}

const fn destroyed(was: Content) -> Option<Event> {
    Some(Event::Destroyed { was })
}

/// The names of rules stay: they are the agency's. Why they fired may say what the resident said.
fn without_reasons(rules: &[RuleFired]) -> Vec<RuleFired> {
    let rules = rules.iter().map(|fired| RuleFired {
        because: String::new(),
        ..fired.clone()
    });
    rules.collect()
}

fn without_grounds(suspicion: &Suspicion) -> Suspicion {
    let reasons = suspicion.reasons.iter().map(|reason| SuspicionReason {
        because: String::new(),
        outside_km: None,
        ..reason.clone()
    });
    Suspicion {
        number: suspicion.number,
        reasons: reasons.collect(),
    }
}

impl Event {
    /// What is left of it without what was written; `None` where it stays as it is.
    #[must_use]
    pub fn without_words(&self) -> Option<Self> {
        let left = self.left()?;
        (left != *self).then_some(left)
    }

    /// What is left, by kind; `None` where nothing is ever taken.
    fn left(&self) -> Option<Self> {
        let mut left = self.clone();
        match &mut left {
            Self::Text { .. } => return destroyed(Content::Text),
            Self::Located { .. } => return destroyed(Content::Located),
            Self::ServiceLocated { .. } => return destroyed(Content::ServiceLocated),
            Self::ContactGiven { .. } => return destroyed(Content::ContactGiven),
            Self::Note { .. } => return destroyed(Content::Note),
            Self::FieldAnswered { .. } => return destroyed(Content::FieldAnswered),
            Self::Opened {
                resident, contact, ..
            }
            | Self::ReportLinkOpened {
                resident, contact, ..
            } => {
                *resident = no_device(*resident);
                *contact = None;
            }
            Self::Triaged { rules, .. } => *rules = without_reasons(rules),
            Self::Suspected { suspicion, .. } => *suspicion = without_grounds(suspicion),
            Self::PhotoAnnounced { media_type, .. } => media_type.clear(),
            Self::Asked { question, .. } => *question = None,
            Self::PriorityChanged { reason: words, .. }
            | Self::Transferred { note: words, .. }
            | Self::Closed { note: words, .. }
            | Self::ResponderLinkMade { note: words, .. }
            | Self::ResponderLinkOpened { name: words, .. }
            | Self::HoldPlaced { reason: words, .. }
            | Self::HoldLifted { reason: words, .. }
            | Self::CustodyRequested { reason: words, .. }
            | Self::CustodyDeclined { reason: words, .. } => words.clear(),
            Self::Overruled { event } => **event = event.without_words()?,
            Self::PhotoPreviewed { .. }
            | Self::PhotoPreviewRefused { .. }
            | Self::PhotoStored { .. }
            | Self::PhotoRefused { .. }
            | Self::PhotoRevealed { .. }
            | Self::PhotoFetched { .. }
            | Self::CategoryChanged { .. }
            | Self::Consented { .. }
            | Self::MediaStarted { .. }
            | Self::MediaEnded { .. }
            | Self::Taken
            | Self::Released { .. }
            | Self::Left { .. }
            | Self::Abandoned
            | Self::Returned
            | Self::Watched { .. }
            | Self::Seen { .. }
            | Self::Linked { .. }
            | Self::Unlinked { .. }
            | Self::ResponderLinkRevoked { .. }
            | Self::CustodyAgreed { .. }
            | Self::Exported { .. }
            | Self::PhotosDeleted { .. }
            | Self::PhotosDestroyed { .. }
            | Self::WordsDeleted { .. }
            | Self::WordsDestroyed { .. }
            | Self::Destroyed { .. }
            | Self::ReportLinkMade { .. }
            | Self::ReportLinkRevoked => return None,
        }
        Some(left)
    }

    /// Whether it brings words of a session into its log, should it come late, from a node that went on by itself.
    #[must_use]
    pub fn brings_words(&self) -> bool {
        match self {
            Self::Text { .. }
            | Self::Located { .. }
            | Self::ServiceLocated { .. }
            | Self::ContactGiven { .. }
            | Self::FieldAnswered { .. } => true,
            Self::Overruled { event } => event.brings_words(),
            _ => false,
        }
    }
}

impl Stored {
    /// The entry without what was written in it; `None` where it stays as it is.
    #[must_use]
    pub fn without_words(&self) -> Option<Self> {
        let event = self.event.without_words()?;
        Some(Self {
            event,
            destroyed: true,
            ..self.clone()
        })
    }
}
