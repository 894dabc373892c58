//! Links for responders: a unit in the field follows one session, until the link ends.
//!
//! Owns: what a link is, whether it still counts, and what follows from making, opening and revoking one. Must not: know the secret
//! of a link (its digest is all that ever gets here), or keep the names of those who opened it: the log has them. Called by:
//! `decide`, `apply`; the gateway, wherever a responder is about to see something.

use callbox_proto::error::ErrorCode;
use callbox_proto::event::Event;
use callbox_proto::ids::CommandId;
use callbox_proto::vocabulary::{Millis, Standing};
use serde::{Deserialize, Serialize};

use super::{
    Context, RESPONDER_LINK_MAX_MS, RESPONDER_LINK_MIN_MS, RESPONDER_LINKS_MAX,
    RESPONDER_NAME_MAX_CHARS, RESPONDER_OPENINGS_MAX, Session, check,
};

/// A link for responders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResponderLink {
    /// Its id: the making command's.
    pub id: CommandId,
    /// SHA-256 of its secret, hexadecimal.
    pub digest: Box<str>,
    /// When it ends.
    pub ends_ms: Millis,
    /// A person ended it.
    #[serde(default)]
    pub revoked: bool,
    /// How often it was opened.
    #[serde(default)]
    pub openings: u32,
}

impl Session {
    /// The link with this id, if it still counts.
    ///
    /// # Errors
    /// Why it does not.
    pub fn responder_link(
        &self,
        link: CommandId,
        now_ms: Millis,
    ) -> Result<&ResponderLink, ErrorCode> {
        let known = self.responder_links.iter().find(|known| known.id == link);
        self.counts(known, now_ms)
    }

    /// The link whose secret has this digest, if it still counts. A secret cannot be guessed digit by digit from how long this
    /// takes: what is compared is its digest.
    ///
    /// # Errors
    /// Why it does not.
    pub fn responder_link_of(
        &self,
        digest: &str,
        now_ms: Millis,
    ) -> Result<&ResponderLink, ErrorCode> {
        let mut links = self.responder_links.iter();
        self.counts(links.find(|known| &*known.digest == digest), now_ms)
    }

    fn counts<'a>(
        &self,
        link: Option<&'a ResponderLink>,
        now_ms: Millis,
    ) -> Result<&'a ResponderLink, ErrorCode> {
        let link = link.ok_or(ErrorCode::NoSuchLink)?;
        if link.revoked {
            return Err(ErrorCode::LinkRevoked);
        }
        if self.standing == Standing::Closed {
            return Err(ErrorCode::SessionClosed);
        }
        if now_ms >= link.ends_ms {
            return Err(ErrorCode::LinkExpired);
        }
        Ok(link)
    }
}

/// A person makes a link.
pub(super) fn make(
    session: &Session,
    context: Context<'_>,
    digest: &str,
    life_ms: u64,
    note: &str,
) -> Result<Vec<Event>, ErrorCode> {
    check::digest(digest)?;
    if !(RESPONDER_LINK_MIN_MS..=RESPONDER_LINK_MAX_MS).contains(&life_ms) {
        return Err(ErrorCode::OutOfRange);
    }
    check::at_most(note, RESPONDER_NAME_MAX_CHARS)?;
    let links = &session.responder_links;
    // Revoking one would leave the other's door open.
    if links.iter().any(|known| &*known.digest == digest) {
        return Err(ErrorCode::IdReused);
    }
    if links.len() >= RESPONDER_LINKS_MAX {
        return Err(ErrorCode::TooManyLinks);
    }
    Ok(vec![Event::ResponderLinkMade {
        link: context.id,
        digest: digest.to_owned(),
        ends_ms: context.now_ms.saturating_add(life_ms),
        note: note.trim().to_owned(),
    }])
}

/// A person ends a link.
pub(super) fn revoke(session: &Session, link: CommandId) -> Result<Vec<Event>, ErrorCode> {
    let mut links = session.responder_links.iter();
    let known = links.find(|known| known.id == link);
    match known.ok_or(ErrorCode::NoSuchLink)?.revoked {
        true => Ok(Vec::new()),
        false => Ok(vec![Event::ResponderLinkRevoked { link }]),
    }
}

/// Somebody opens the link whose secret has this digest.
pub(super) fn open(
    session: &Session,
    context: Context<'_>,
    digest: &str,
    name: &str,
) -> Result<Vec<Event>, ErrorCode> {
    let link = session.responder_link_of(digest, context.now_ms)?;
    check::text(name, RESPONDER_NAME_MAX_CHARS)?;
    if link.openings as usize >= RESPONDER_OPENINGS_MAX {
        return Err(ErrorCode::TooManyOpenings);
    }
    Ok(vec![Event::ResponderLinkOpened {
        link: link.id,
        name: name.trim().to_owned(),
    }])
}

impl Session {
    /// Folds a fact about links in; the others are left alone.
    pub(super) fn change_links(&mut self, event: &Event) {
        match event {
            // More than the bound come only from two nodes that went on without each other; those do not open.
            Event::ResponderLinkMade {
                link,
                digest,
                ends_ms,
                ..
            } if self.responder_links.len() < RESPONDER_LINKS_MAX => {
                self.responder_links.push(ResponderLink {
                    id: *link,
                    digest: digest.as_str().into(),
                    ends_ms: *ends_ms,
                    revoked: false,
                    openings: 0,
                });
            }
            Event::ResponderLinkOpened { link, .. } => {
                let mut links = self.responder_links.iter_mut();
                if let Some(known) = links.find(|known| known.id == *link) {
                    known.openings = known.openings.saturating_add(1);
                }
            }
            Event::ResponderLinkRevoked { link } => {
                let mut links = self.responder_links.iter_mut();
                if let Some(known) = links.find(|known| known.id == *link) {
                    known.revoked = true;
                }
            }
            _ => {}
        }
    }
}
