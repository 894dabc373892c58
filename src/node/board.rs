//! The supervisors' screen.
//!
//! Owns: putting the figures of one agency together and telling them at most once a second. Must not: count (that is
//! `figures` and `roster`). Called by: `tasks`.

use std::sync::Arc;

use callbox_proto::message::{Board, ToStaff};
use callbox_proto::vocabulary::Role;

use super::Node;
use super::agency::Agency;
use super::frame::Shared;
use super::lock;
use super::outbox::Outbox;
use super::roster::states;

/// Who receives the whole screen.
const SUPERVISORS: &[Role] = &[Role::Supervisor];
/// Who receives it without names: they run nodes.
const ADMINISTRATORS: &[Role] = &[Role::Administrator];

impl Node {
    /// Tells every supervisor of the agency.
    pub(super) fn tell_board(&self, agency: &Agency) {
        let roster = lock(&agency.roster);
        let supervisors: Vec<_> = roster.consoles(SUPERVISORS).cloned().collect();
        let administrators: Vec<_> = roster.consoles(ADMINISTRATORS).cloned().collect();
        let walls: Vec<_> = roster.walls().cloned().collect();
        if supervisors.is_empty() && administrators.is_empty() && walls.is_empty() {
            return;
        }
        let policy = agency.policy();
        let elsewhere = agency.around.elsewhere();
        let staffed: Vec<_> = policy
            .queues()
            .iter()
            .map(|info| (info.queue.clone(), roster.staffed(&info.queue, &elsewhere)))
            .collect();
        let people = roster.figures(&elsewhere, self.clock.now_ms());
        drop(elsewhere);
        drop(roster);
        let figures = lock(&agency.figures);
        let queues = staffed
            .iter()
            .map(|(queue, staffed)| figures.of(queue, *staffed))
            .collect();
        drop(figures);
        let board = Board {
            now_ms: self.clock.now_ms(),
            queues,
            states: states(&people),
            people,
            guarantee: self.backbone.guarantee().word().to_owned(),
            nodes: self.nodes_of(agency),
        };
        let nameless = Board {
            people: Vec::new(),
            ..board.clone()
        };
        let on_a_wall = Board {
            nodes: Vec::new(),
            ..nameless.clone()
        };
        tell(&walls, on_a_wall);
        tell(&administrators, nameless);
        tell(&supervisors, board);
    }
}

fn tell(screens: &[Arc<Outbox>], board: Board) {
    let mut message = Shared::new(ToStaff::Board(board));
    for outbox in screens {
        // A screen that is too slow for one second's figures gets the next one's.
        let _missed = message.send(outbox);
    }
}
