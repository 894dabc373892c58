//! The media plane behind the node's port.
//!
//! Owns: translating rooms to sessions, viewers to roles, and what the media plane sees to notes in the log. Must not: decide
//! who may send or receive. Called by: the node, through [`LiveMedia`].

use std::collections::HashMap;
use std::sync::{Arc, Mutex, Weak};

use async_trait::async_trait;
use callbox_domain::session::Media;
use callbox_proto::error::ErrorCode;
use callbox_proto::ids::{PeerId, SessionId};
use callbox_proto::vocabulary::{Medium, Watchers};

use crate::media::{
    self, CloseReason, Kind, Kinds, MediaError, MediaEvents, MediaPlane, MediaWhat, RoomId,
    ViewerRole,
};
use crate::node::live::{LiveAnswer, LiveMedia, Viewer};
use crate::node::{Node, lock};

/// The media plane as the node sees it.
pub struct Live {
    plane: Arc<MediaPlane>,
    peers: Mutex<Peers>,
}

#[derive(Default)]
struct Peers {
    viewers: HashMap<media::PeerId, (SessionId, Viewer)>,
    publishers: HashMap<media::PeerId, SessionId>,
}

impl Live {
    /// Puts the media plane behind the port and starts listening to it.
    pub fn start(plane: Arc<MediaPlane>, node: &Arc<Node>) -> Arc<Self> {
        let events = plane.events();
        let live = Arc::new(Self {
            plane,
            peers: Mutex::default(),
        });
        node.set_media(Arc::clone(&live) as Arc<dyn LiveMedia>);
        tokio::spawn(listen(Arc::downgrade(&live), Arc::downgrade(node), events));
        live
    }

    /// Ends all media.
    pub async fn shutdown(&self) {
        self.plane.shutdown().await;
    }

    fn forget(&self, peer: media::PeerId) {
        let mut peers = lock(&self.peers);
        peers.viewers.remove(&peer);
        peers.publishers.remove(&peer);
    }

    fn is_publisher(&self, peer: media::PeerId) -> bool {
        lock(&self.peers).publishers.contains_key(&peer)
    }

    fn has_publisher(&self, session: SessionId) -> bool {
        let peers = lock(&self.peers);
        peers.publishers.values().any(|of| *of == session)
    }

    fn close(&self, peer: media::PeerId) {
        self.forget(peer);
        // Ordered now. Whoever is gone already needs no closing.
        tokio::spawn(self.plane.close_peer(peer));
    }
}

async fn listen(live: Weak<Live>, node: Weak<Node>, mut events: MediaEvents) {
    loop {
        let event = match events.recv().await {
            Ok(event) => event,
            Err(media::EventsError::Missed(missed)) => {
                tracing::warn!(missed, "media events were missed");
                continue;
            }
            Err(media::EventsError::Ended) => return,
        };
        let (Some(live), Some(node)) = (live.upgrade(), node.upgrade()) else {
            return;
        };
        let Some(session) = SessionId::from_u128(event.room.0) else {
            continue;
        };
        let publishes = live.is_publisher(event.peer);
        match event.what {
            MediaWhat::FirstPacket { kind } if publishes => {
                node.media_flows(session, medium(kind));
            }
            MediaWhat::Closed { reason } => {
                live.forget(event.peer);
                let lost = !matches!(reason, CloseReason::Asked | CloseReason::Replaced);
                if publishes && lost {
                    node.media_lost(session);
                }
                if publishes && !live.has_publisher(session) {
                    node.media_gone(session);
                }
                node.watchers_changed(session);
            }
            MediaWhat::Connected => node.watchers_changed(session),
            _ => {}
        }
    }
}

#[async_trait]
impl LiveMedia for Live {
    async fn publish(
        &self,
        session: SessionId,
        offer: &str,
        granted: Media,
    ) -> Result<LiveAnswer, ErrorCode> {
        let room = room(session);
        let kinds = Kinds {
            audio: granted.has(Medium::Audio),
            video: granted.has(Medium::Video),
        };
        for kind in [Kind::Audio, Kind::Video] {
            if kinds.has(kind) {
                self.plane.permit(room, kind).await;
            }
        }
        let answer = self.plane.publish(room, offer, kinds).await.map_err(code)?;
        lock(&self.peers).publishers.insert(answer.peer, session);
        live_answer(answer)
    }

    async fn watch(
        &self,
        session: SessionId,
        offer: &str,
        viewer: Viewer,
    ) -> Result<LiveAnswer, ErrorCode> {
        let role = match viewer {
            Viewer::Talk => ViewerRole::Talk,
            Viewer::Listen | Viewer::Supervise | Viewer::Respond => ViewerRole::Listen,
        };
        let answer = self
            .plane
            .watch(room(session), offer, role)
            .await
            .map_err(code)?;
        lock(&self.peers)
            .viewers
            .insert(answer.peer, (session, viewer));
        live_answer(answer)
    }

    fn revoke(&self, session: SessionId, medium: Medium) {
        let Some(kind) = kind(medium) else { return };
        // Ordered now; the task only waits for a room whose queue is full.
        tokio::spawn(self.plane.revoke(room(session), kind));
    }

    fn permit(&self, session: SessionId, medium: Medium) {
        let Some(kind) = kind(medium) else { return };
        tokio::spawn(self.plane.permit(room(session), kind));
    }

    fn close_peer(&self, peer: PeerId) {
        if let Ok(peer) = u64::try_from(peer.as_u128()) {
            self.close(media::PeerId(peer));
        }
    }

    fn close_telecommunicators(&self, session: SessionId) {
        let gone: Vec<_> = lock(&self.peers)
            .viewers
            .iter()
            .filter(|(_, (room, viewer))| {
                *room == session && matches!(viewer, Viewer::Talk | Viewer::Listen)
            })
            .map(|(peer, _)| *peer)
            .collect();
        for peer in gone {
            self.close(peer);
        }
    }

    fn close_session(&self, session: SessionId) {
        tokio::spawn(self.plane.close_room(room(session)));
    }

    fn watchers(&self, session: SessionId) -> Watchers {
        let peers = lock(&self.peers);
        let mut watchers = Watchers::default();
        for (_, viewer) in peers.viewers.values().filter(|(room, _)| *room == session) {
            match viewer {
                Viewer::Supervise => watchers.supervisors += 1,
                Viewer::Respond => watchers.responders += 1,
                Viewer::Talk | Viewer::Listen => watchers.telecommunicators += 1,
            }
        }
        watchers
    }
}

const fn room(session: SessionId) -> RoomId {
    RoomId(session.as_u128())
}

fn live_answer(answer: media::Answer) -> Result<LiveAnswer, ErrorCode> {
    Ok(LiveAnswer {
        peer: PeerId::from_u128(u128::from(answer.peer.0)).ok_or(ErrorCode::Internal)?,
        sdp: answer.sdp,
    })
}

const fn medium(kind: Kind) -> Medium {
    match kind {
        Kind::Audio => Medium::Audio,
        Kind::Video => Medium::Video,
    }
}

const fn kind(medium: Medium) -> Option<Kind> {
    match medium {
        Medium::Audio => Some(Kind::Audio),
        Medium::Video => Some(Kind::Video),
        Medium::Place | Medium::Photo => None,
    }
}

fn code(error: MediaError) -> ErrorCode {
    tracing::info!(%error, "a media offer was refused");
    match error.advice() {
        media::Advice::ChangeOffer | media::Advice::StartAgain => ErrorCode::MediaRefused,
        media::Advice::RetryLater | media::Advice::TellOperator => ErrorCode::MediaBusy,
    }
}
