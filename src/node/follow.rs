//! Following: whoever receives a session's entries, from any place in its log on, without a gap.
//!
//! Owns: adding and removing followers and feeding them from the log until they have caught up. Must not: decide who may
//! follow. Called by: `transport` through `Node`.
//!
//! One mechanism serves a new follower, one that resumes after a break and one that was too slow: it is fed from the log
//! while its outbox has room, and goes live under the session's lock once nothing is between it and the log's end.

use std::sync::Arc;

use callbox_proto::event::Stored;
use callbox_proto::ids::{CommandId, ConnectionId};
use callbox_proto::vocabulary::Seq;

use super::Node;
use super::cell::{Audience, Cell, Follower, resident_entry, staff_entry};
use super::frame::{Shared, encode};
use super::index;
use super::outbox::{Outbox, Overfull};
use crate::backbone::BackboneError;

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
                follower.live = false;
            }
            None => inner.followers.push(Follower {
                outbox: Arc::clone(outbox),
                audience,
                cursor,
                live: false,
            }),
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
    fn catch_up(&self, connection: ConnectionId) -> Result<Seq, Fed> {
        let mut inner = self.lock();
        let durable = inner.durable;
        let follower = inner.follower(connection).ok_or(Fed::Gone)?;
        if follower.live || follower.cursor >= durable {
            follower.live = true;
            return Err(Fed::Live);
        }
        Ok(follower.cursor)
    }

    fn advance(&self, connection: ConnectionId, to: Seq) {
        if let Some(follower) = self.lock().follower(connection)
            && !follower.live
        {
            follower.cursor = follower.cursor.max(to);
        }
    }
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
            let after = match cell.catch_up(connection) {
                Ok(after) => after,
                Err(fed) => return Ok(fed),
            };
            if !outbox.has_room() {
                return Ok(Fed::Busy);
            }
            let page = self
                .backbone
                .read(cell.id, after, FEED_PAGE_RECORDS)
                .await?;
            for record in page {
                let entry = index::entry(cell.id, &record)?;
                let sent = send(cell, outbox, audience, record.seq, record.command, &entry);
                if sent.is_err() {
                    return Ok(Fed::Busy);
                }
                cell.advance(connection, record.seq);
            }
        }
    }
}

fn send(
    cell: &Cell,
    outbox: &Outbox,
    audience: &Audience,
    seq: Seq,
    command: CommandId,
    entry: &Stored,
) -> Result<(), Overfull> {
    match audience {
        Audience::Staff { .. } => {
            let message = staff_entry(cell.id, seq, command, entry);
            outbox.push(encode(outbox.encoding(), &message))
        }
        Audience::Resident => Shared::new(resident_entry(seq, command, entry)).send_some(outbox),
    }
}
