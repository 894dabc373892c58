//! After a start: what the index says of sessions that are not finished.
//!
//! Owns: counting them, and treating everybody as away from now on: residents and consoles get the usual grace to come back.
//! Must not: change sessions. Called by: `Node::start`.

use callbox_proto::vocabulary::Standing;

use super::Node;
use super::figures::{Move, Stand};
use super::{index, lock};
use crate::backbone::{BackboneError, READ_MAX_ROWS, StandingKind};

impl Node {
    /// Reads the index of every agency.
    ///
    /// # Errors
    /// The backbone's: a node that cannot read its index does not start.
    pub(super) async fn recover(&self) -> Result<(), BackboneError> {
        let kinds = [
            StandingKind::Waiting,
            StandingKind::Owned,
            StandingKind::Abandoned,
        ];
        for agency in self.agencies.values() {
            for kind in kinds {
                let mut after = None;
                loop {
                    let page = self
                        .backbone
                        .list(agency.id(), kind, after, READ_MAX_ROWS)
                        .await?;
                    for row in &page.rows {
                        let Some(session) = index::session(&row.row) else {
                            tracing::warn!(session = %row.session, "an index row of an unknown version is not counted");
                            continue;
                        };
                        let moved = Move {
                            listed: true,
                            before: None,
                            after: Some(Stand::from(&session)),
                        };
                        let now_ms = self.clock.now_ms();
                        lock(&agency.figures).moved(row.session, &moved, now_ms);
                        let now_ms = self.clock.monotonic_ms();
                        match (session.standing, &session.owner) {
                            (Standing::Waiting, _) => self.timers.resident_is_away(
                                row.session,
                                now_ms + self.limits.resume_grace_ms,
                            ),
                            (Standing::Owned, Some(owner)) => self.timers.console_is_away(
                                agency.id(),
                                owner,
                                now_ms + self.limits.restart_grace_ms,
                            ),
                            _ => {}
                        }
                    }
                    after = page.next;
                    if after.is_none() {
                        break;
                    }
                }
            }
        }
        Ok(())
    }
}
