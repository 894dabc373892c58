//! Live media of a session whose resident sends it to another node.
//!
//! Owns: carrying offers and answers over the bus. Media itself never goes that way: consoles connect straight to the node that has it.
//! Must not: know RTP. Called by: `live` for this node's consoles, `bus` for those of others.
//!
//! A connection at another node is named by that node's run in the upper half of its id and that run's own number in the lower.

use std::sync::Arc;
use std::time::Duration;

use callbox_proto::error::ErrorCode;
use callbox_proto::ids::{PeerId, SessionId};
use callbox_proto::vocabulary::Medium;

use super::Node;
use super::agency::Agency;
use super::bus::message::{Body, MediaAnswer, OFFER_MAX_BYTES};
use super::cell::Cell;
use super::live::{LiveAnswer, Viewer};

/// How long the answer of another node may take. Within a node it takes some milliseconds.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

impl Node {
    /// The node that has a session's media, or would get it, if it is not this one.
    pub(super) fn media_elsewhere(&self, cell: &Cell) -> Option<(Arc<Agency>, u64)> {
        self.together.as_ref()?;
        let agency = self.agency_of(cell)?;
        let there = agency.around.of(cell.id);
        let inner = cell.lock();
        if inner.publishing {
            return None;
        }
        let expected = there.resident_at.filter(|_| inner.resident.is_none());
        drop(inner);
        let at = there.media_at.or(expected)?;
        Some((agency, at))
    }

    /// Brings an offer to the node that has the media, and its answer back.
    pub(super) async fn watch_far(
        &self,
        agency: &Arc<Agency>,
        at: u64,
        session: SessionId,
        offer: &str,
        viewer: Viewer,
    ) -> Result<LiveAnswer, ErrorCode> {
        let together = self.together.as_ref().ok_or(ErrorCode::MediaBusy)?;
        if offer.len() > OFFER_MAX_BYTES {
            return Err(ErrorCode::MediaRefused);
        }
        let (question, answer) = together.offers.ask();
        let body = Body::MediaRequest {
            to: at,
            question,
            session,
            sdp: offer.to_owned(),
            viewer,
        };
        self.post(agency, body);
        let answered = tokio::time::timeout(ANSWER_WITHIN, answer).await;
        match answered {
            Ok(Ok(MediaAnswer::Taken { sdp, peer })) => Ok(LiveAnswer {
                sdp,
                peer: far_peer(at, peer).ok_or(ErrorCode::Internal)?,
            }),
            Ok(Ok(MediaAnswer::Refused { code })) => Err(code),
            Ok(Err(_)) | Err(_) => {
                together.offers.give_up(question);
                metrics::counter!("callbox_far_media_unanswered_total").increment(1);
                Err(ErrorCode::MediaBusy)
            }
        }
    }

    /// Ends a connection if it is at another node; `false` if it is here.
    pub(super) fn stop_watching_far(&self, cell: &Cell, peer: PeerId) -> bool {
        let Some((at, peer)) = place_of(peer) else {
            return false;
        };
        if let Some(agency) = self.agency_of(cell) {
            let session = cell.id;
            let to = at;
            self.post(&agency, Body::MediaClose { to, session, peer });
        }
        true
    }

    /// Another node's console wants to receive what is here.
    pub(super) fn hear_offer(
        self: &Arc<Self>,
        agency: &Arc<Agency>,
        from: u64,
        question: u64,
        session: SessionId,
        sdp: String,
        viewer: Viewer,
    ) {
        let (node, agency) = (Arc::clone(self), Arc::clone(agency));
        self.tasks.spawn(async move {
            let taken = node.watch_for(&agency, from, session, &sdp, viewer).await;
            let answer = match taken {
                Ok((sdp, peer)) => MediaAnswer::Taken { sdp, peer },
                Err(code) => MediaAnswer::Refused { code },
            };
            let body = Body::MediaAnswer {
                to: from,
                question,
                answer,
            };
            node.post(&agency, body);
        });
    }

    async fn watch_for(
        self: &Arc<Self>,
        agency: &Agency,
        from: u64,
        session: SessionId,
        sdp: &str,
        viewer: Viewer,
    ) -> Result<(String, u64), ErrorCode> {
        let together = self.together.as_ref().ok_or(ErrorCode::MediaBusy)?;
        let cell = self.session(session).await?;
        let granted = {
            let inner = cell.lock();
            let state = inner.session.as_ref().ok_or(ErrorCode::NoSuchSession)?;
            if state.agency != *agency.id() {
                return Err(ErrorCode::NoSuchSession);
            }
            state.granted
        };
        if !granted.has(Medium::Video) && !granted.has(Medium::Audio) {
            return Err(ErrorCode::NoMedia);
        }
        let media = self.media()?;
        let answer = media.watch(session, sdp, viewer).await?;
        let number = u64::try_from(answer.peer.as_u128()).map_err(|_| ErrorCode::Internal)?;
        if answer.sdp.len() > OFFER_MAX_BYTES {
            media.close_peer(answer.peer);
            return Err(ErrorCode::MediaRefused);
        }
        together.has_far_viewer(from, session, answer.peer);
        self.watchers_changed(session);
        Ok((answer.sdp, number))
    }

    /// Another node's console no longer receives.
    pub(super) fn hear_media_close(&self, from: u64, session: SessionId, peer: u64) {
        let Some(peer) = PeerId::from_u128(u128::from(peer)) else {
            return;
        };
        if let Some(together) = &self.together {
            together.lost_far_viewer(from, peer);
        }
        if let Ok(media) = self.media() {
            media.close_peer(peer);
        }
        self.watchers_changed(session);
    }

    /// A node is gone, and with it those who asked for its consoles: they connect again and ask anew.
    pub(super) fn end_far_viewers(&self, at: u64) {
        let Some(together) = &self.together else {
            return;
        };
        for (session, peer) in together.take_far_viewers(at) {
            if let Ok(media) = self.media() {
                media.close_peer(peer);
            }
            self.watchers_changed(session);
        }
    }
}

fn far_peer(at: u64, peer: u64) -> Option<PeerId> {
    PeerId::from_u128((u128::from(at) << 64) | u128::from(peer))
}

/// The run that has a connection and its number there; `None` for one of this node.
fn place_of(peer: PeerId) -> Option<(u64, u64)> {
    let bits = peer.as_u128();
    let at = (bits >> 64) as u64;
    (at > 0).then_some((at, bits as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_elsewhere_names_its_node() {
        let far = far_peer(7, 3).unwrap();
        assert_eq!(place_of(far), Some((7, 3)));
        assert_eq!(place_of(PeerId::from_u128(3).unwrap()), None);
    }
}
