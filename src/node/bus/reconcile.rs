//! Reconciling: figures that have drifted are counted anew from the index.
//!
//! Owns: comparing this node's figures with the backbone's tally, and recounting. Must not: count every move (that is
//! `figures`). Called by: the tick of `bus`.
//!
//! Moves of other nodes may be lost. A single look proves nothing, because moves are under way all the time: only a difference that
//! stays and is larger than what moved meanwhile does.
//!
//! Counting anew reads every session that is not finished, some hundred thousand on a bad day. So it goes beside everything else and
//! leaves the backbone most of its time. (It once went in the tick that says "I am here": during a count of 450,000 the others took
//! this node for dead and gave its people's sessions to somebody else.)

use std::sync::Arc;

use crate::backbone::{BackboneError, StandingKind, Tally};
use crate::node::agency::Agency;
use crate::node::figures::Figures;
use crate::node::recovery::Pace;
use crate::node::{Node, lock};

impl Node {
    /// Has a look taken at every agency's figures, unless the last one still goes on; what cannot be read now is looked at the next
    /// time.
    pub(super) fn check_figures(self: &Arc<Self>) {
        let Some(together) = &self.together else {
            return;
        };
        let Ok(turn) = Arc::clone(&together.checking).try_lock_owned() else {
            return;
        };
        let node = Arc::clone(self);
        self.tasks.spawn(async move {
            for agency in node.agencies.values() {
                if let Err(error) = node.check_figures_of(agency).await {
                    tracing::warn!(%error, "figures could not be compared with the index");
                }
            }
            drop(turn);
        });
    }

    async fn check_figures_of(self: &Arc<Self>, agency: &Agency) -> Result<(), BackboneError> {
        if agency.around.take_comparison() {
            let compared = self.compare_with_logs(agency).await;
            if compared.is_err() {
                agency.around.want_comparison();
            }
            compared?;
        }
        if agency.around.is_accompanied() && !agency.around.wants_recount() {
            let tally = self.backbone.tally(agency.id()).await?;
            let (off, moves) = {
                let figures = lock(&agency.figures);
                (drift(&figures, &tally), figures.moves())
            };
            if agency.around.has_drifted(off, moves) {
                tracing::info!(drift = ?off, "figures have drifted and are counted anew");
                agency.around.want_recount();
            }
        }
        if agency.around.take_recount() {
            let recounted = self.recount(agency).await;
            if recounted.is_err() {
                agency.around.want_recount();
            }
            recounted?;
        }
        Ok(())
    }

    /// Counts from the index where sessions stand.
    async fn recount(&self, agency: &Agency) -> Result<(), BackboneError> {
        metrics::counter!("callbox_figures_recounted_total").increment(1);
        let mut anew = Figures::default();
        lock(&agency.figures).begin_recount();
        self.for_each_open(agency, Pace::Gentle, |id, session| {
            anew.count(id, session);
        })
        .await?;
        lock(&agency.figures).replace_now(anew);
        agency.mark_changed();
        Ok(())
    }
}

/// By how much the backbone counts more than we do: waiting, owned, abandoned.
///
/// Only the sums are compared. What was handed to a person stands in that person's lane there and in its queue here, and a
/// lost move changes a sum sooner or later.
fn drift(figures: &Figures, tally: &[Tally]) -> [i64; 3] {
    let mut off = [0_i64; 3];
    for one in tally {
        let place = match one.kind {
            StandingKind::Waiting => 0,
            StandingKind::Owned => 1,
            StandingKind::Abandoned => 2,
            StandingKind::Closed => continue,
        };
        off[place] = off[place].saturating_add_unsigned(one.count);
    }
    for (_, now) in figures.now() {
        for (off, count) in off.iter_mut().zip(now) {
            *off = off.saturating_sub_unsigned(count);
        }
    }
    off
}
