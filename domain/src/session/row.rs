//! A session as a row of a list.
//!
//! Owns: what lists show of a session. Must not: show what is in messages. Called by: `node`, for lists, followers and the history.

use callbox_proto::ids::SessionId;
use callbox_proto::message::SessionRow;
use callbox_proto::vocabulary::Standing;

use super::Session;
use crate::policy::Material;
use crate::queue;
use crate::suspicion::Report;

impl Session {
    /// Order within its queue, lowest first; fixed while its priority and entry are.
    #[must_use]
    pub fn rank(&self) -> i64 {
        queue::rank(self.deadline_ms, self.priority)
    }

    /// What is held against the rules of suspicion; `None` while no device has opened it, and where it is not known any more which one did.
    #[must_use]
    pub fn report(&self, session: SessionId) -> Option<Report<'_>> {
        let begun = self.report_link.as_ref().is_none_or(|link| link.opened);
        let known = !self.custody.is_deleted(Material::Words);
        (begun && known).then_some(Report {
            session,
            resident: self.resident,
            entered_ms: self.entered_ms,
            place: self.place,
            words: &self.words,
            test: self.test,
        })
    }

    /// The row staff see. `connected` is what this node knows of the resident's link.
    #[must_use]
    pub fn row(&self, session: SessionId, connected: bool) -> SessionRow {
        SessionRow {
            session,
            queue: self.queue.clone(),
            standing: self.standing,
            priority: self.priority,
            rules: self.rules.clone(),
            priority_reason: self.priority_reason.as_deref().map(str::to_owned),
            category: self.category,
            language: self.language.to_string(),
            silent: self.silent,
            entered_ms: self.entered_ms,
            deadline_ms: self.deadline_ms,
            rank: self.rank(),
            owner: self.owner.clone(),
            reserved_for: self.reserved_for.clone(),
            answered_ms: self.answered_ms,
            located: self.located,
            photos: u32::try_from(self.photos.len()).unwrap_or(u32::MAX),
            messages: self.messages,
            live: self.live.iter().collect(),
            connected,
            quick_exit: self.quick_exit,
            test: self.test,
            duress: self.duress,
            place: self.place,
            incident: self.incident,
            contact: self.contact_back().map(str::to_owned),
            on_hold: self.custody.is_held(),
            requests: self.custody.rows(),
            link_ends_ms: self.awaited_until_ms(),
            suspicion: self.suspicion.clone(),
        }
    }

    /// How to contact back, where that is what is to be done. Who left by quick exit is not contacted unasked.
    fn contact_back(&self) -> Option<&str> {
        let wanted = self.standing == Standing::Abandoned && !self.quick_exit;
        self.contact.as_deref().filter(|_| wanted)
    }
}
