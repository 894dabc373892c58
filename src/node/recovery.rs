//! After a start, here or of another node: what the index says of sessions that are not finished.
//!
//! Owns: counting them, and treating everybody as away from now on: residents and consoles get the usual grace to come back.
//! Must not: change sessions. Called by: `Node::start`, `bus`.

use std::time::Duration;

use callbox_domain::session::Session;
use callbox_proto::ids::SessionId;
use callbox_proto::vocabulary::Standing;

use super::Node;
use super::agency::Agency;
use super::{index, lock};
use crate::backbone::{BackboneError, READ_MAX_ROWS, StandingKind};

/// Rows read at once by who is in no hurry: a shared tier does nothing else meanwhile.
const GENTLE_ROWS: usize = 250;
/// Such a reader pauses so many times as long as the backbone worked for it: it takes a fifth of it.
const GENTLE_PAUSES: u64 = 4;
/// The longest such pause: a backbone that is slow for other reasons must not hold it up for ever.
const PAUSE_MAX: Duration = Duration::from_millis(500);

/// How much of the backbone's time a walk over all sessions may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Everything else waits for it: a start.
    Fast,
    /// Everything else goes first.
    Gentle,
}

impl Node {
    /// Reads the index of every agency.
    ///
    /// # Errors
    /// The backbone's: a node that cannot read its index does not start.
    pub(super) async fn recover(&self) -> Result<(), BackboneError> {
        for agency in self.agencies.values() {
            let now_ms = self.clock.monotonic_ms();
            self.for_each_open(agency, Pace::Fast, |id, session| {
                lock(&agency.figures).count(id, session);
                match (session.standing, &session.owner) {
                    (Standing::Waiting, _) => self
                        .timers
                        .resident_is_away(id, now_ms + self.limits.resume_grace_ms),
                    (Standing::Owned, Some(owner)) => self.timers.console_is_away(
                        agency.id(),
                        owner,
                        now_ms + self.limits.restart_grace_ms,
                    ),
                    _ => {}
                }
            })
            .await?;
        }
        Ok(())
    }

    /// After another node was lost: whoever waits and is connected nowhere is away from now on, unless that is known.
    pub(super) async fn wait_for_absent(&self, agency: &Agency) -> Result<(), BackboneError> {
        let due_ms = self.clock.monotonic_ms() + self.limits.resume_grace_ms;
        self.for_each_open(agency, Pace::Gentle, |id, session| {
            let here = || {
                self.cells
                    .get(id)
                    .is_some_and(|cell| cell.lock().resident.is_some())
            };
            let waits = session.standing == Standing::Waiting;
            if waits && !agency.around.has_resident(id) && !here() {
                self.timers.resident_may_be_away(id, due_ms);
            }
        })
        .await
    }

    /// Looks at every session of an agency that is not finished, as the index has it.
    ///
    /// # Errors
    /// The backbone's.
    pub(super) async fn for_each_open(
        &self,
        agency: &Agency,
        pace: Pace,
        mut look: impl FnMut(SessionId, &Session),
    ) -> Result<(), BackboneError> {
        let rows = match pace {
            Pace::Fast => READ_MAX_ROWS,
            Pace::Gentle => GENTLE_ROWS,
        };
        let kinds = [
            StandingKind::Waiting,
            StandingKind::Owned,
            StandingKind::Abandoned,
        ];
        for kind in kinds {
            let mut after = None;
            loop {
                let begun_ms = self.clock.monotonic_ms();
                let page = self.backbone.list(agency.id(), kind, after, rows).await?;
                let worked_ms = self.clock.monotonic_ms().saturating_sub(begun_ms);
                for row in &page.rows {
                    match index::session(&row.row) {
                        Some(session) => look(row.session, &session),
                        None => {
                            tracing::warn!(session = %row.session, "an index row of an unknown version is not counted");
                        }
                    }
                }
                after = page.next;
                if after.is_none() {
                    break;
                }
                if pace == Pace::Gentle {
                    let pause = Duration::from_millis(worked_ms.saturating_mul(GENTLE_PAUSES));
                    tokio::time::sleep(pause.min(PAUSE_MAX)).await;
                }
            }
        }
        Ok(())
    }
}
