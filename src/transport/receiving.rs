//! What a connection receives live: one peer connection of each session.
//!
//! Owns: which peer ends when another answers, and that all end with the connection, also those that answer late. Must not: decide who
//! may receive. Called by: `staff`, `responder`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use callbox_proto::ids::{PeerId, SessionId};

use crate::node::cell::Cell;
use crate::node::{Node, lock};

/// The live connections of one connection; a clone is the same.
#[derive(Debug, Clone, Default)]
pub(super) struct Receiving(Arc<Mutex<Peers>>);

#[derive(Debug, Default)]
struct Peers {
    by_session: HashMap<SessionId, (Arc<Cell>, PeerId)>,
    /// Nobody is there to receive any more.
    over: bool,
}

impl Receiving {
    /// A peer of a session has answered; the one before ends, unless a further offer of it was answered. `false`: nobody is there any
    /// more, and it ends as well.
    pub(super) fn answered(&self, node: &Node, cell: &Arc<Cell>, peer: PeerId) -> bool {
        let (older, over) = {
            let mut peers = lock(&self.0);
            if peers.over {
                (Some(peer), true)
            } else {
                let newer = (Arc::clone(cell), peer);
                let older = peers.by_session.insert(cell.id, newer);
                (
                    older.map(|(_, older)| older).filter(|older| *older != peer),
                    false,
                )
            }
        };
        if let Some(older) = older {
            node.stop_watching(cell, older);
        }
        !over
    }

    /// Receives nothing more of this session.
    pub(super) fn stop(&self, node: &Node, session: SessionId) {
        let stopped = lock(&self.0).by_session.remove(&session);
        if let Some((cell, peer)) = stopped {
            node.stop_watching(&cell, peer);
        }
    }

    /// Receives nothing more at all.
    pub(super) fn end(&self, node: &Node) {
        let ended = {
            let mut peers = lock(&self.0);
            peers.over = true;
            std::mem::take(&mut peers.by_session)
        };
        for (cell, peer) in ended.into_values() {
            node.stop_watching(&cell, peer);
        }
    }
}
