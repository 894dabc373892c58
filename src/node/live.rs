//! Live media as the node sees it: who may send and receive, and what the log says of it.
//!
//! Owns: the port to the media plane and the rules around it: consent before sending, a current grant before receiving,
//! stop means stop. Must not: know RTP or SDP. Called by: `transport` (offers), `sessions` (effects of events), the media
//! plane's adapter (what it sees).

use std::sync::Arc;

use async_trait::async_trait;
use callbox_domain::session::{GatewayCommand, Media};
use callbox_proto::error::ErrorCode;
use callbox_proto::event::{Event, MediaEnd, Stored};
use callbox_proto::ids::{PeerId, SessionId};
use callbox_proto::message::{ToResident, ToResponder, ToStaff};
use callbox_proto::vocabulary::{Medium, Role, Standing, Watchers};
use serde::{Deserialize, Serialize};

use super::Node;
use super::cell::{Cell, Inner};
use super::frame::{Shared, tell};

/// Answer of the media plane to an offer.
#[derive(Debug, Clone)]
pub struct LiveAnswer {
    /// The session description.
    pub sdp: String,
    /// Names the connection.
    pub peer: PeerId,
}

/// How somebody receives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Viewer {
    /// The owner, who may be heard by the resident.
    Talk,
    /// A telecommunicator who only receives.
    Listen,
    /// A supervisor, who only receives.
    Supervise,
    /// A responder with a link, who only receives.
    Respond,
}

/// The port to the media plane.
#[async_trait]
pub trait LiveMedia: Send + Sync + 'static {
    /// The resident sends what is granted.
    async fn publish(
        &self,
        session: SessionId,
        offer: &str,
        granted: Media,
    ) -> Result<LiveAnswer, ErrorCode>;

    /// Somebody receives.
    async fn watch(
        &self,
        session: SessionId,
        offer: &str,
        viewer: Viewer,
    ) -> Result<LiveAnswer, ErrorCode>;

    /// Forwarding of one medium stops now: calls for one session act in their order.
    fn revoke(&self, session: SessionId, medium: Medium);

    /// One medium may be forwarded again, if a connection that may send it is there.
    fn permit(&self, session: SessionId, medium: Medium);

    /// One connection ends.
    fn close_peer(&self, peer: PeerId);

    /// The former owner no longer receives or is heard; supervisors and responders go on.
    fn close_telecommunicators(&self, session: SessionId);

    /// Everything of a session ends.
    fn close_session(&self, session: SessionId);

    /// Who receives now.
    fn watchers(&self, session: SessionId) -> Watchers;
}

impl Node {
    /// The resident offers to send.
    ///
    /// # Errors
    /// [`ErrorCode::NoConsent`] before a grant, or the media plane's refusal.
    pub async fn publish(&self, cell: &Cell, offer: &str) -> Result<LiveAnswer, ErrorCode> {
        let granted = cell
            .lock()
            .session
            .as_ref()
            .map(|s| (s.granted, s.standing));
        let Some((granted, standing)) = granted else {
            return Err(ErrorCode::NoSuchSession);
        };
        if standing == Standing::Closed {
            return Err(ErrorCode::SessionClosed);
        }
        if !granted.has(Medium::Video) && !granted.has(Medium::Audio) {
            return Err(ErrorCode::NoConsent);
        }
        let media = self.media()?;
        let answer = media.publish(cell.id, offer, granted).await?;
        // The resident may have stopped or agreed meanwhile: what holds now counts, not what held when the offer came.
        let inner = cell.lock();
        let now = inner.session.as_ref().map(|s| s.granted);
        let now = now.unwrap_or_default();
        for medium in [Medium::Video, Medium::Audio] {
            match (granted.has(medium), now.has(medium)) {
                (true, false) => media.revoke(cell.id, medium),
                (false, true) => media.permit(cell.id, medium),
                _ => {}
            }
        }
        drop(inner);
        self.publishes(cell, true);
        Ok(answer)
    }

    /// The resident's live media comes in here, or no longer does. Other nodes are told before the log says that it flows.
    fn publishes(&self, cell: &Cell, publishing: bool) {
        cell.lock().publishing = publishing;
        self.tell_presence_now(cell);
    }

    /// The media plane has no connection of the resident any more.
    pub fn media_gone(&self, session: SessionId) {
        if let Some(cell) = self.cells.get(session) {
            self.publishes(&cell, false);
        }
    }

    /// Somebody offers to receive.
    ///
    /// # Errors
    /// [`ErrorCode::NoMedia`] when the resident agrees to nothing now, or the media plane's refusal.
    pub async fn watch(
        &self,
        cell: &Cell,
        offer: &str,
        role: Role,
        is_owner: bool,
        talk: bool,
    ) -> Result<LiveAnswer, ErrorCode> {
        let granted = cell.lock().session.as_ref().map(|s| s.granted);
        let granted = granted.ok_or(ErrorCode::NoSuchSession)?;
        if !granted.has(Medium::Video) && !granted.has(Medium::Audio) {
            return Err(ErrorCode::NoMedia);
        }
        let viewer = match (role, is_owner && talk) {
            (_, true) => Viewer::Talk,
            (Role::Telecommunicator, false) => Viewer::Listen,
            (Role::Responder, false) => Viewer::Respond,
            (_, false) => Viewer::Supervise,
        };
        if talk && !is_owner {
            return Err(ErrorCode::NotOwner);
        }
        if let Some((agency, at)) = self.media_elsewhere(cell) {
            return self.watch_far(&agency, at, cell.id, offer, viewer).await;
        }
        let answer = self.media()?.watch(cell.id, offer, viewer).await?;
        self.watchers_changed(cell.id);
        Ok(answer)
    }

    /// One media connection ends.
    pub fn stop_watching(&self, cell: &Cell, peer: PeerId) {
        if self.stop_watching_far(cell, peer) {
            return;
        }
        if let Ok(media) = self.media() {
            media.close_peer(peer);
            self.tell_live(cell);
        }
    }

    /// The media plane saw the first packet of a medium.
    pub fn media_flows(self: &Arc<Self>, session: SessionId, medium: Medium) {
        if let Some(cell) = self.cells.get(session) {
            self.note(&cell, GatewayCommand::MediaStarted(medium));
        }
    }

    /// The media plane lost the resident's connection.
    pub fn media_lost(self: &Arc<Self>, session: SessionId) {
        let Some(cell) = self.cells.get(session) else {
            return;
        };
        let live = cell.lock().session.as_ref().map(|s| s.live);
        for medium in live.unwrap_or_default().iter() {
            self.note(&cell, GatewayCommand::MediaEnded(medium, MediaEnd::Lost));
        }
    }

    /// Who receives has changed.
    pub fn watchers_changed(&self, session: SessionId) {
        if let Some(cell) = self.cells.get(session) {
            self.tell_live(&cell);
            if cell.lock().publishing {
                self.tell_presence_now(&cell);
            }
        }
    }

    /// Who receives at this node's media plane.
    pub(super) fn watchers_here(&self, session: SessionId) -> Watchers {
        self.media()
            .map(|media| media.watchers(session))
            .unwrap_or_default()
    }

    /// The resident's media comes in at another node now.
    pub(super) fn end_media_here(&self, session: SessionId) {
        self.with_media(|media| media.close_session(session));
    }

    /// Tells the resident who receives, and staff what flows.
    pub(super) fn tell_live(&self, cell: &Cell) {
        let agency = self.agency_of(cell);
        let there = agency.map(|agency| agency.around.of(cell.id));
        let inner = cell.lock();
        let watching = match there {
            Some(there) if there.media_at.is_some() && !inner.publishing => there.watchers,
            _ => self.watchers_here(cell.id),
        };
        let live = inner.session.as_ref().map(|s| s.live).unwrap_or_default();
        if let Some(outbox) = &inner.resident {
            tell(outbox, &ToResident::Watching(watching));
        }
        let mut message = Shared::new(ToStaff::Live {
            session: cell.id,
            video: live.has(Medium::Video),
            audio: live.has(Medium::Audio),
            watching,
        });
        inner.tell_staff(&mut message);
        inner.tell_responders(&ToResponder::Live {
            video: live.has(Medium::Video),
            audio: live.has(Medium::Audio),
        });
    }

    /// What durable events mean for live media.
    pub(super) fn effects(&self, cell: &Cell, entries: &[Stored]) {
        let mut changed = false;
        for entry in entries {
            match &entry.event {
                Event::Consented {
                    medium: medium @ (Medium::Video | Medium::Audio),
                    granted,
                    ..
                } => {
                    // In the order of the log: a stop and a new grant that come together end as the resident wished.
                    self.with_media(|media| match granted {
                        true => media.permit(cell.id, *medium),
                        false => media.revoke(cell.id, *medium),
                    });
                    changed = true;
                }
                Event::Closed { .. } | Event::Left { .. } => {
                    self.with_media(|media| media.close_session(cell.id));
                    changed = true;
                }
                Event::Released { .. } | Event::Transferred { .. } => {
                    self.with_media(|media| media.close_telecommunicators(cell.id));
                    changed = true;
                }
                Event::MediaStarted { .. } | Event::MediaEnded { .. } => changed = true,
                Event::PhotosDeleted { .. } | Event::WordsDeleted { .. } => {
                    self.something_was_deleted();
                }
                _ => {}
            }
        }
        if changed {
            self.tell_live(cell);
        }
        cell.lock().end_links(entries);
    }

    /// The same for entries that were not read one by one: what the state no longer allows ends.
    pub(super) fn effects_of_state(&self, cell: &Cell, inner: &Inner) {
        let Some(session) = &inner.session else {
            return;
        };
        inner.end_links_by_state(self.clock.now_ms());
        if session.standing == Standing::Closed || session.left {
            self.with_media(|media| media.close_session(cell.id));
            return;
        }
        self.with_media(|media| media.close_telecommunicators(cell.id));
        for medium in [Medium::Video, Medium::Audio] {
            if !session.granted.has(medium) {
                self.with_media(|media| media.revoke(cell.id, medium));
            }
        }
    }

    pub(super) fn media(&self) -> Result<&Arc<dyn LiveMedia>, ErrorCode> {
        self.media.get().ok_or(ErrorCode::MediaBusy)
    }

    fn with_media(&self, act: impl FnOnce(&dyn LiveMedia)) {
        if let Some(media) = self.media.get() {
            act(media.as_ref());
        }
    }
}
