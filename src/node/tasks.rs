//! What a node does by the clock: heartbeats, lists, the board, graces that end, a drain.
//!
//! Owns: one task with two ticks for all connections and agencies (no timer per session). Must not: do the work itself.
//! Called by: `Node::start`.

use std::sync::{Arc, Weak};
use std::time::Duration;

use callbox_domain::session::GatewayCommand;
use callbox_proto::error::{CloseCode, ErrorCode};
use callbox_proto::ids::{AgencyId, StaffId};
use callbox_proto::vocabulary::Standing;
use tokio_util::sync::CancellationToken;

use super::Node;
use super::connections::Whom;
use super::{index, lock, responders};
use crate::backbone::{BackboneError, READ_MAX_ROWS, StandingKind};

/// Lists are told at most this often: quick for the eye, cheap for 500 rows.
const LIST_TICK: Duration = Duration::from_millis(200);
/// List ticks per slow tick: board, heartbeats and graces once a second.
const SLOW_EVERY_TICKS: u32 = 5;

/// Runs until the node goes.
pub async fn run(node: Weak<Node>, stop: CancellationToken) {
    let mut tick = tokio::time::interval(LIST_TICK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut ticks = 0u32;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = tick.tick() => {}
        }
        let Some(node) = node.upgrade() else { return };
        ticks = ticks.wrapping_add(1);
        for agency in node.agencies.values() {
            node.refresh_lists(agency).await;
        }
        node.give_back_what_is_due().await;
        node.drain_tick();
        if ticks.is_multiple_of(SLOW_EVERY_TICKS) {
            node.slow_tick().await;
        }
    }
}

impl Node {
    async fn slow_tick(self: &Arc<Self>) {
        for agency in self.agencies.values() {
            self.tell_board(agency);
            self.tell_colleagues(agency);
            // Logs that grow elsewhere change lists: now and then is enough, moves are told.
            if agency.around.take_rung() {
                agency.mark_changed();
            }
        }
        self.close_silent_stalled_and_ended();
        self.tell_settings();
        let now_ms = self.clock.monotonic_ms();
        for session in self.timers.due_residents(now_ms) {
            let cell = self.cells.get_or_insert(session);
            let away = cell.lock().resident.is_none();
            let elsewhere = || {
                self.agencies
                    .values()
                    .any(|a| a.around.has_resident(session))
            };
            if away && !elsewhere() {
                self.note(&cell, GatewayCommand::ResidentGone);
            }
        }
        self.cells.sweep();
        metrics::gauge!("callbox_sessions_in_memory").set(self.cells.count() as f64);
        metrics::gauge!("callbox_connections").set(self.connections.count() as f64);
        metrics::gauge!("callbox_draining").set(if self.is_draining() { 1.0 } else { 0.0 });
    }

    /// What people own who have been away too long is offered again.
    async fn give_back_what_is_due(self: &Arc<Self>) {
        let now_ms = self.clock.monotonic_ms();
        for (agency, staff) in self.timers.due_consoles(now_ms) {
            let signed_in = self.agency(&agency).is_some_and(|known| {
                lock(&known.roster).has(&staff) || known.around.has_signed_in(&staff)
            });
            if signed_in {
                continue;
            }
            if let Err(error) = self.give_back_sessions(&agency, &staff).await {
                tracing::error!(%error, "sessions of a lost console could not be listed; tried again");
                self.timers.console_is_away(&agency, &staff, now_ms + 1_000);
            }
        }
    }

    fn close_silent_stalled_and_ended(&self) {
        let now_ms = self.clock.monotonic_ms();
        let wall_ms = self.clock.now_ms();
        self.connections.for_each(|open| {
            let outbox = &open.outbox;
            let stalled = outbox
                .stalled_since_ms()
                .is_some_and(|since| now_ms.saturating_sub(since) > self.limits.slow_reader_ms);
            if stalled {
                outbox.close(CloseCode::TooSlow);
            } else if now_ms.saturating_sub(outbox.heard_ms()) > open.silence_ms {
                outbox.close(CloseCode::Silent);
            } else if open.ends_ms.is_some_and(|ends_ms| wall_ms >= ends_ms) {
                match open.whom {
                    Whom::Responder => responders::end(outbox, ErrorCode::LinkExpired),
                    Whom::Resident | Whom::Staff => outbox.close(CloseCode::SignInAgain),
                }
            }
        });
    }

    /// A person's last console is gone for good: what they own is offered again.
    pub(super) async fn give_back_sessions(
        self: &Arc<Self>,
        agency: &AgencyId,
        staff: &StaffId,
    ) -> Result<(), BackboneError> {
        let mut after = None;
        loop {
            let page = self
                .backbone
                .list(agency, StandingKind::Owned, after, READ_MAX_ROWS)
                .await?;
            for row in page.rows {
                let owned = index::session(&row.row)
                    .is_some_and(|s| s.standing == Standing::Owned && s.is_owned_by(staff));
                if owned {
                    let cell = self.cells.get_or_insert(row.session);
                    let owner = staff.clone();
                    self.note(&cell, GatewayCommand::ConsoleLost { owner });
                }
            }
            after = page.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }
}
