//! Following: whoever receives a session's entries, from any place in its log on, without a gap.
//!
//! Owns: adding and removing followers and feeding them from the log until they have caught up. Must not: decide who may
//! follow. Called by: `transport` through `Node`.
//!
//! One mechanism serves a new follower, one that resumes after a break and one that was too slow: it is fed from the log
//! while its outbox has room, and goes live under the session's lock once nothing is between it and the log's end.

use std::sync::Arc;

use callbox_proto::event::Stored;
use callbox_proto::ids::{ConnectionId, SessionId};
use callbox_proto::vocabulary::Seq;

use super::Node;
use super::cell::{Audience, Cell, Follower, resident_entry, staff_entry};
use super::frame::{Shared, encode};
use super::index;
use super::outbox::{Outbox, Overfull};
use crate::backbone::{BackboneError, Record};

/// Records read at once while feeding: about 50 KB of texts, well under an outbox.
const FEED_PAGE_RECORDS: usize = 128;

/// How far feeding got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fed {
    /// It has everything and receives entries as they come.
    Live,
    /// Its outbox is full; go on when there is room.
    Busy,
    /// It no longer follows.
    Gone,
}

impl Cell {
    /// Adds a follower that has everything up to `after`; it has to be fed. A connection follows a session once: a second
    /// time moves its place.
    pub fn follow(&self, outbox: &Arc<Outbox>, audience: Audience, after: Seq) {
        let mut inner = self.lock();
        // It may have seen more elsewhere than is known here yet: that is not shown to it again.
        let cursor = after;
        match inner.follower(outbox.connection()) {
            Some(follower) => {
                follower.cursor = cursor;
                follower.given = cursor;
                follower.live = false;
                follower.until = None;
            }
            None => {
                // Most sessions are followed by their resident alone; a list that grows by itself begins with room for four.
                inner.followers.reserve_exact(1);
                inner.followers.push(Follower {
                    outbox: Arc::clone(outbox),
                    audience,
                    cursor,
                    given: cursor,
                    live: false,
                    until: None,
                });
            }
        }
        drop(inner);
        outbox.mark_behind();
    }

    /// Removes a follower.
    pub fn unfollow(&self, connection: ConnectionId) {
        let mut inner = self.lock();
        inner
            .followers
            .retain(|follower| follower.outbox.connection() != connection);
    }

    /// Goes live if nothing is between the follower and the log's end, else answers from where to read.
    fn catch_up(&self, connection: ConnectionId) -> Result<Place, Fed> {
        let mut inner = self.lock();
        let (durable, rewinds) = (inner.durable, inner.rewinds);
        let follower = inner.follower(connection).ok_or(Fed::Gone)?;
        let after = follower.cursor;
        if follower.is_over(after + 1) {
            drop(inner);
            self.unfollow(connection);
            return Err(Fed::Gone);
        }
        if follower.live || after >= durable {
            follower.live = true;
            return Err(Fed::Live);
        }
        Ok(Place { after, rewinds })
    }
}

/// From where a follower is fed; of no use once entries have got other numbers.
struct Place {
    after: Seq,
    rewinds: u64,
}

/// How one entry was given to a follower that is fed.
enum Given {
    Yes,
    /// The outbox is full.
    Overfull,
    /// The page it is from is of no use any more.
    Outdated,
}

impl Node {
    /// Feeds a follower from the log.
    ///
    /// # Errors
    /// The backbone's, when the log cannot be read.
    pub async fn feed(
        &self,
        cell: &Cell,
        outbox: &Outbox,
        audience: &Audience,
    ) -> Result<Fed, BackboneError> {
        let connection = outbox.connection();
        loop {
            let place = match cell.catch_up(connection) {
                Ok(place) => place,
                Err(fed) => return Ok(fed),
            };
            if !outbox.has_room() {
                return Ok(Fed::Busy);
            }
            let page = self
                .backbone
                .read(cell.id, place.after, FEED_PAGE_RECORDS)
                .await?;
            for record in page {
                match self.give(cell, outbox, audience, &place, &record)? {
                    Given::Yes => {}
                    Given::Overfull => return Ok(Fed::Busy),
                    Given::Outdated => break,
                }
            }
        }
    }

    /// Queues one entry and moves the follower on, at once: what becomes of kept entries is told in the same order.
    fn give(
        &self,
        cell: &Cell,
        outbox: &Outbox,
        audience: &Audience,
        place: &Place,
        record: &Record,
    ) -> Result<Given, BackboneError> {
        let entry = index::entry(cell.id, record)?;
        let (seq, connection) = (record.seq, outbox.connection());
        let mut inner = cell.lock();
        if inner.rewinds != place.rewinds {
            return Ok(Given::Outdated);
        }
        let entry = inner.given_instead(seq, &entry).unwrap_or(entry);
        let fits = |f: &&mut super::cell::Follower| !f.live && !f.is_over(seq);
        let Some(follower) = inner.follower(connection).filter(fits) else {
            return Ok(Given::Outdated);
        };
        let kept = self.backbone.kept_after(cell.id);
        let kept = kept.is_some_and(|after| seq > after);
        let sent = match audience {
            Audience::Responder { .. } => follower.give_responder(seq, &entry, kept),
            _ => send(cell.id, outbox, audience, record, &entry, kept),
        };
        if sent.is_err() {
            return Ok(Given::Overfull);
        }
        follower.cursor = follower.cursor.max(seq);
        if kept {
            inner.shown_kept.get_or_insert(seq);
        }
        Ok(Given::Yes)
    }
}

fn send(
    session: SessionId,
    outbox: &Outbox,
    audience: &Audience,
    record: &Record,
    entry: &Stored,
    kept: bool,
) -> Result<(), Overfull> {
    let (seq, command) = (record.seq, record.command);
    match audience {
        Audience::Staff { .. } => {
            let message = staff_entry(session, seq, command, entry, kept);
            outbox.push(encode(outbox.encoding(), &message))
        }
        Audience::Resident => {
            Shared::new(resident_entry(seq, command, entry, kept)).send_some(outbox)
        }
        // Each has its own place: given by the follower itself.
        Audience::Responder { .. } => Ok(()),
    }
}
