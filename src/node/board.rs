//! The supervisors' screen.
//!
//! Owns: putting the figures of one agency together and telling them at most once a second. Must not: count (that is
//! `figures` and `roster`). Called by: `tasks`.

use callbox_proto::message::{Board, ToStaff};
use callbox_proto::vocabulary::Role;

use super::Node;
use super::agency::Agency;
use super::frame::Shared;
use super::lock;

/// Who receives the screen.
const BOARD_ROLES: &[Role] = &[Role::Supervisor];

impl Node {
    /// Tells every supervisor of the agency.
    pub(super) fn tell_board(&self, agency: &Agency) {
        let roster = lock(&agency.roster);
        let supervisors: Vec<_> = roster.consoles(BOARD_ROLES).cloned().collect();
        if supervisors.is_empty() {
            return;
        }
        let policy = agency.policy();
        let elsewhere = agency.around.elsewhere();
        let staffed: Vec<_> = policy
            .queues()
            .iter()
            .map(|info| (info.queue.clone(), roster.staffed(&info.queue, &elsewhere)))
            .collect();
        let people = roster.figures(&elsewhere);
        drop(elsewhere);
        drop(roster);
        let figures = lock(&agency.figures);
        let queues = staffed
            .iter()
            .map(|(queue, staffed)| figures.of(queue, *staffed))
            .collect();
        drop(figures);
        let guarantee = self.backbone.guarantee().word();
        let mut message = Shared::new(ToStaff::Board(Board {
            now_ms: self.clock.now_ms(),
            queues,
            people,
            guarantee: guarantee.to_owned(),
        }));
        for outbox in supervisors {
            // A screen that is too slow for one second's figures gets the next one's.
            let _missed = message.send(&outbox);
        }
    }
}
