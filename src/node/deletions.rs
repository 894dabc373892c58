//! Deletions of photos and words: which are left to be carried out, what they are of, and whose time is over.
//!
//! Owns: reading that from the index and the logs, and the entries about it. Must not: destroy anything: `app` does, in the order that is told
//! there. Called by: `app`.
//!
//! A deletion is an entry first. Sessions with something deleted that may be there still stand before all others that are finished
//! (`index::closed_rank`), so that any node finds them with one look, also after a stop in the middle.

use std::collections::BinaryHeap;
use std::sync::Arc;

use callbox_domain::policy::Material;
use callbox_domain::session::{GatewayCommand, Session};
use callbox_proto::error::ErrorCode;
use callbox_proto::event::Event;
use callbox_proto::ids::{AgencyId, CommandId, SessionId};
use callbox_proto::vocabulary::{Millis, Seq};

use super::Node;
use super::index;
use super::pending::Wish;
use super::sessions::public;
use crate::backbone::{IndexCursor, IndexedSession, READ_MAX_ROWS, StandingKind};

/// Deletions found at once. They are carried out within seconds; what is over waits for the next look.
const FOUND_MAX: usize = 100;
/// The order in which sessions are gone through: what is open twice, there and back, so that one that is handed on meanwhile is met, and
/// what is finished last, because nothing leaves from there.
const EVERY_KIND: [StandingKind; 7] = [
    StandingKind::Waiting,
    StandingKind::Abandoned,
    StandingKind::Owned,
    StandingKind::Owned,
    StandingKind::Abandoned,
    StandingKind::Waiting,
    StandingKind::Closed,
];

/// A photo as the log names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedPhoto {
    /// Its id.
    pub photo: CommandId,
    /// SHA-256 of its sealed original, if there is one.
    pub sha256: Option<String>,
}

/// What a session's log says that a deletion needs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NamedPhotos {
    /// Every photo that was announced.
    pub photos: Vec<NamedPhoto>,
    /// When the session was closed.
    pub closed_ms: Option<Millis>,
}

/// Sessions whose time for something is over.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Past {
    /// Those that began first, in that order.
    pub sessions: Vec<SessionId>,
    /// There are more.
    pub more: bool,
}

impl Node {
    /// Wakes when photos or words were deleted in a session that this node shows.
    pub async fn deleted(&self) {
        self.deleted.notified().await;
    }

    pub(super) fn something_was_deleted(&self) {
        self.deleted.notify_one();
    }

    /// Sessions of an agency with something that is deleted and may be there still, and what; at most a hundred, more come with the next look.
    ///
    /// # Errors
    /// The store's failure.
    pub async fn to_destroy(
        &self,
        agency: &AgencyId,
    ) -> Result<Vec<(SessionId, Material)>, ErrorCode> {
        let kind = StandingKind::Closed;
        let first = self.backbone.list(agency, kind, None, FOUND_MAX).await;
        let rows = first.map_err(|e| public(&e))?.rows;
        let mut found = Vec::new();
        for indexed in &rows {
            let state = index::session(&indexed.row);
            let waits = |material: &Material| {
                let custody = state.as_ref().map(|state| &state.custody);
                custody.is_some_and(|custody| custody.has_to_destroy(*material))
            };
            let waiting = Material::ALL.into_iter().filter(waits);
            found.extend(waiting.map(|material| (indexed.session, material)));
        }
        Ok(found)
    }

    /// Whether something of this is deleted and may be there still.
    ///
    /// # Errors
    /// The store's failure.
    pub async fn has_to_destroy(
        &self,
        session: SessionId,
        material: Material,
    ) -> Result<bool, ErrorCode> {
        let found = self.backbone.find_session(session).await;
        let state = found.map_err(|e| public(&e))?;
        let state = state.and_then(|indexed| index::session(&indexed.row));
        Ok(state.is_some_and(|state| state.custody.has_to_destroy(material)))
    }

    /// Whether a deletion is in the log for good: safe, and not only kept on this node. Only then may anything be destroyed.
    ///
    /// # Errors
    /// The store's failure.
    pub async fn may_be_destroyed(
        &self,
        session: SessionId,
        material: Material,
    ) -> Result<bool, ErrorCode> {
        let found = self.backbone.find_session(session).await;
        let Some(indexed) = found.map_err(|e| public(&e))? else {
            return Ok(false);
        };
        let state = index::session(&indexed.row);
        let deleted = state.is_some_and(|state| state.custody.is_deleted(material));
        let kept = self.backbone.kept_after(session).is_some();
        Ok(deleted && !kept && self.backbone.is_safe(session, indexed.head))
    }

    /// What the log says of a session's photos.
    ///
    /// # Errors
    /// The store's failure.
    pub async fn named_photos(&self, session: SessionId) -> Result<NamedPhotos, ErrorCode> {
        let mut named = NamedPhotos::default();
        let mut after: Seq = 0;
        loop {
            let page = self.log_page(session, after).await?;
            let Some(last) = page.last() else {
                return Ok(named);
            };
            after = last.seq;
            for line in &page {
                named.take(&line.entry.event, line.entry.at_ms);
            }
        }
    }

    /// Adds that what was deleted is gone; twice is once.
    ///
    /// # Errors
    /// The store's failure.
    pub async fn note_destroyed(
        self: &Arc<Self>,
        session: SessionId,
        destroyed: GatewayCommand,
    ) -> Result<(), ErrorCode> {
        let cell = self.session(session).await?;
        let wish = Wish::Gateway(Box::new(destroyed));
        let noted = self.ask(&cell, self.random().command_id(), wish).await;
        noted.map(drop).map_err(|refusal| refusal.code)
    }

    /// Finished sessions of an agency that have this and whose time for it may be over, those that began first: at most `max`.
    ///
    /// # Errors
    /// The store's failure.
    pub async fn past(
        &self,
        agency: &AgencyId,
        material: Material,
        max: usize,
    ) -> Result<Past, ErrorCode> {
        let known = self.agency(agency).ok_or(ErrorCode::NoSuchAgency)?;
        let Some(end_ms) = known.policy().end_ms(material, self.clock.now_ms()) else {
            return Ok(Past::default());
        };
        // What began later was closed later still. The index has the newest first, so that the oldest are those kept to its end.
        let mut after = SessionId::from_u128(1).map(|session| IndexCursor {
            rank: index::newest_first(end_ms),
            session,
        });
        let mut oldest = BinaryHeap::new();
        let mut more = false;
        while after.is_some() {
            let kind = StandingKind::Closed;
            let page = self.backbone.list(agency, kind, after, READ_MAX_ROWS).await;
            let page = page.map_err(|e| public(&e))?;
            for indexed in &page.rows {
                let state = self.state_of(indexed).await?;
                let has_some = |state: &Session| state.has_to_delete(material);
                if let Some(state) = state.filter(has_some) {
                    oldest.push((state.entered_ms, indexed.session));
                }
                if oldest.len() > max {
                    oldest.pop();
                    more = true;
                }
            }
            after = page.next;
        }
        let sorted = oldest.into_sorted_vec().into_iter();
        Ok(Past {
            sessions: sorted.map(|(_, session)| session).collect(),
            more,
        })
    }

    /// Deletes this of a session whose time for it is over; `false` where it is not, or where it is kept.
    ///
    /// # Errors
    /// The store's failure.
    pub async fn expire(
        self: &Arc<Self>,
        session: SessionId,
        material: Material,
    ) -> Result<bool, ErrorCode> {
        let Some(closed_ms) = self.named_photos(session).await?.closed_ms else {
            return Ok(false);
        };
        let cell = self.session(session).await?;
        let command = match material {
            Material::Photos => GatewayCommand::PhotosExpired { closed_ms },
            Material::Words => {
                let (up_to, sha256) = self.digest(session).await?;
                GatewayCommand::WordsExpired {
                    closed_ms,
                    up_to,
                    sha256,
                }
            }
        };
        let id = self.random().command_id();
        let wish = Wish::Gateway(Box::new(command));
        let asked = self.ask(&cell, id, wish).await;
        asked.map_err(|refusal| refusal.code)?;
        let noted = self.event_of(&cell, id).await?;
        Ok(matches!(
            noted,
            Some(Event::PhotosDeleted { .. } | Event::WordsDeleted { .. })
        ))
    }

    /// A page of an agency's sessions with photos, from every part of its index; `from` is where the last page ended. `None` at the end.
    ///
    /// # Errors
    /// The store's failure.
    pub async fn sessions_with_photos(
        &self,
        agency: &AgencyId,
        from: Walk,
    ) -> Result<(Vec<SessionId>, Option<Walk>), ErrorCode> {
        let Some(kind) = EVERY_KIND.get(from.part).copied() else {
            return Ok((Vec::new(), None));
        };
        let page = self.backbone.list(agency, kind, from.after, READ_MAX_ROWS);
        let page = page.await.map_err(|e| public(&e))?;
        let mut sessions = Vec::new();
        for indexed in &page.rows {
            let state = self.state_of(indexed).await?;
            if state.is_some_and(|state| !state.photos.is_empty()) {
                sessions.push(indexed.session);
            }
        }
        let next = match page.next {
            None => Walk {
                part: from.part + 1,
                after: None,
            },
            after => Walk { after, ..from },
        };
        Ok((sessions, Some(next)))
    }

    /// The state beside an index row, read from the log where an older version kept something else.
    async fn state_of(&self, indexed: &IndexedSession) -> Result<Option<Session>, ErrorCode> {
        match index::session(&indexed.row) {
            Some(state) => Ok(Some(state)),
            None => {
                let read = self.read_back(indexed.session).await;
                read.map_err(|e| public(&e))
            }
        }
    }
}

/// How far a walk through an agency's sessions is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Walk {
    part: usize,
    after: Option<IndexCursor>,
}

impl NamedPhotos {
    fn take(&mut self, event: &Event, at_ms: Millis) {
        match event {
            Event::PhotoAnnounced { photo, .. } => self.photos.push(NamedPhoto {
                photo: *photo,
                sha256: None,
            }),
            Event::PhotoStored { photo, sha256, .. } => {
                let mut photos = self.photos.iter_mut();
                if let Some(known) = photos.find(|known| known.photo == *photo) {
                    known.sha256 = Some(sha256.clone());
                }
            }
            Event::Closed { .. } => self.closed_ms = Some(at_ms),
            _ => {}
        }
    }
}
