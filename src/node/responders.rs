//! Responders on this node: opening a link, following its session, and the end of both.
//!
//! Owns: what a link for responders opens, and that it opens nothing once it is revoked, expired, or its session closed. Must not:
//! sign tokens (that is `auth`), or let anybody reach another session. Called by: `http::api` (opening), `transport` for responders'
//! connections, `live` and `kept` with what the log says.

use std::sync::Arc;

use callbox_proto::error::{CloseCode, ErrorCode};
use callbox_proto::event::{Event, Stored};
use callbox_proto::ids::{CommandId, SessionId};
use callbox_proto::message::{ErrorMessage, ToResponder};
use callbox_proto::vocabulary::{Millis, Seq};

use super::Node;
use super::cell::{Audience, Cell, Follower, Inner};
use super::frame::{encode, tell};
use super::outbox::{Outbox, Overfull};
use super::pending::Wish;
use crate::auth::ResponderPass;

/// A link that was opened.
#[derive(Debug, Clone)]
pub struct Opened {
    /// What the token will stand for.
    pub pass: ResponderPass,
    /// When the link ends.
    pub ends_ms: Millis,
}

impl Node {
    /// Somebody opens the link whose secret has this digest. Sent again under the same id, it is the same opening.
    ///
    /// # Errors
    /// [`ErrorCode::NoSuchLink`] for a session or a secret that is none, or why the link does not open.
    pub async fn open_link(
        self: &Arc<Self>,
        id: CommandId,
        session: SessionId,
        digest: String,
        name: String,
    ) -> Result<Opened, ErrorCode> {
        let cell = self.linked_session(session).await?;
        let wish = Wish::OpenLink {
            digest: digest.clone(),
            name,
        };
        let asked = self.ask(&cell, id, wish).await;
        asked.map_err(|refusal| refusal.code)?;
        // An id that was used before is answered with what it did then, which need not be an opening of this link.
        let done = self.event_of(&cell, id).await?;
        let opened = {
            let inner = cell.lock();
            let state = inner.session.as_ref().ok_or(ErrorCode::NoSuchLink)?;
            let link = state.responder_link_of(&digest, self.clock.now_ms())?;
            Opened {
                pass: ResponderPass {
                    agency: state.agency.clone(),
                    session,
                    link: link.id,
                },
                ends_ms: link.ends_ms,
            }
        };
        match done {
            Some(Event::ResponderLinkOpened { link, .. }) if link == opened.pass.link => Ok(opened),
            _ => Err(ErrorCode::IdReused),
        }
    }

    /// The session that a link leads to, while the link counts; and when it ends.
    ///
    /// # Errors
    /// Why it does not count, or the store's failure.
    pub async fn responder_session(
        self: &Arc<Self>,
        pass: &ResponderPass,
    ) -> Result<(Arc<Cell>, Millis), ErrorCode> {
        let cell = self.linked_session(pass.session).await?;
        let ends_ms = {
            let inner = cell.lock();
            let state = inner.session.as_ref();
            let state = state.filter(|state| state.agency == pass.agency);
            let state = state.ok_or(ErrorCode::NoSuchLink)?;
            state
                .responder_link(pass.link, self.clock.now_ms())?
                .ends_ms
        };
        Ok((cell, ends_ms))
    }

    /// A session that is not there has no links.
    pub(super) async fn linked_session(
        self: &Arc<Self>,
        session: SessionId,
    ) -> Result<Arc<Cell>, ErrorCode> {
        let cell = self.cells.get_or_insert(session);
        match self.ensure_loaded(&cell).await {
            Ok(true) => Ok(cell),
            Ok(false) => {
                self.cells.forget_if_idle(session);
                Err(ErrorCode::NoSuchLink)
            }
            Err(code) => Err(code),
        }
    }

    /// Follows a session through a link: its entries after `after`, as far as responders see them.
    pub fn follow_by_link(&self, cell: &Cell, link: CommandId, outbox: &Arc<Outbox>, after: Seq) {
        cell.follow(outbox, Audience::Responder { link }, after);
        // It may have ended since it was asked: from here on whoever ends it finds this follower.
        cell.lock().end_links_by_state(self.clock.now_ms());
        self.tell_live(cell);
    }
}

impl Follower {
    /// Queues an entry for a responder, if responders see it; it names the one given before.
    pub(super) fn give_responder(
        &mut self,
        seq: Seq,
        entry: &Stored,
        kept: bool,
    ) -> Result<(), Overfull> {
        let Some(event) = entry.event.for_responder() else {
            return Ok(());
        };
        let message = ToResponder::Entry {
            seq,
            prev: self.given,
            at_ms: entry.at_ms,
            by: entry.by.for_resident(),
            event,
            kept,
        };
        self.outbox.push(encode(self.outbox.encoding(), &message))?;
        self.given = seq;
        Ok(())
    }
}

impl Inner {
    /// Sends something that may be missed to all responders who follow.
    pub(super) fn tell_responders(&self, message: &ToResponder) {
        for (_, outbox) in self.responders() {
            // Too slow a reader misses it: the next one says it again.
            let _missed = outbox.push(encode(outbox.encoding(), message));
        }
    }

    /// Ends what these entries end: a link that was revoked, and with the session all of them.
    pub(super) fn end_links(&self, entries: &[Stored]) {
        for entry in entries {
            match &entry.event {
                Event::ResponderLinkRevoked { link } => {
                    let of_it = self.responders().filter(|(of, _)| of == link);
                    of_it.for_each(|(_, outbox)| end(outbox, ErrorCode::LinkRevoked));
                }
                Event::Closed { .. } => {
                    let all = self.responders();
                    all.for_each(|(_, outbox)| end(outbox, ErrorCode::SessionClosed));
                }
                _ => {}
            }
        }
    }

    /// The same where entries were not read one by one: whoever follows through a link that counts no more is done.
    pub(super) fn end_links_by_state(&self, now_ms: Millis) {
        let Some(session) = &self.session else {
            return;
        };
        for (link, outbox) in self.responders() {
            if let Err(why) = session.responder_link(link, now_ms) {
                end(outbox, why);
            }
        }
    }

    fn responders(&self) -> impl Iterator<Item = (CommandId, &Arc<Outbox>)> {
        self.followers
            .iter()
            .filter_map(|follower| match follower.audience {
                Audience::Responder { link } => Some((link, &follower.outbox)),
                _ => None,
            })
    }
}

/// The last word to a responder, with the reason.
pub(super) fn end(outbox: &Outbox, why: ErrorCode) {
    tell(outbox, &ToResponder::Error(ErrorMessage::new(None, why)));
    outbox.close(CloseCode::LinkEnded);
}
