//! The nodes of a cluster as people see them, and an administrator's word for a drain.
//!
//! Owns: what this node tells of itself, the list of nodes on a board, and bringing an order to the node it is for. Must not: drain:
//! that is `drain`. Called by: `board`, `bus`, `transport` for an administrator.
//!
//! Nodes belong to whoever runs them: the agency that is configured first. Others see how their nodes are, and not how much they carry,
//! which is other agencies' business; and they order nothing.

use std::sync::Arc;
use std::time::Duration;

use callbox_proto::error::ErrorCode;
use callbox_proto::ids::StaffId;
use callbox_proto::message::{ConfigFigures, DrainFigures, NodeFigures};
use callbox_proto::vocabulary::NodeState;

use super::agency::Agency;
use super::bus::message::{Body, NodeHere};
use super::drain::{DrainOrder, DrainRefused};
use super::{Node, Person};

/// Version of this program, as nodes tell each other.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// How long another node may take to answer an order: it answers from memory, and a tick of the bus lies before and after.
const ANSWER_WITHIN: Duration = Duration::from_secs(3);

/// What an administrator wants of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Its clients go to other nodes.
    Drain {
        /// Everybody has been told after this time, in s.
        within_s: u64,
        /// Clients told per second; by default as many as it takes.
        per_s: Option<u32>,
    },
    /// They stay.
    Undrain,
}

impl Node {
    /// Every node that serves this agency, by name; those that are gone are shown for a while.
    pub(super) fn nodes_of(&self, agency: &Agency) -> Vec<NodeFigures> {
        let (now_ms, wall_ms) = (self.clock.monotonic_ms(), self.clock.now_ms());
        let heard = |(figures, heard_ms): (NodeFigures, u64)| NodeFigures {
            heard_ms: wall_ms.saturating_sub(now_ms.saturating_sub(heard_ms)),
            ..figures
        };
        let mut nodes = vec![self.node_figures()];
        nodes.extend(agency.around.elsewhere().nodes(now_ms).map(heard));
        nodes.sort_by(|a, b| a.name.cmp(&b.name));
        if !self.is_run_by(agency) {
            for node in &mut nodes {
                (node.connections, node.sessions, node.drain) = (None, None, None);
                // Names of settings are those of every agency; which edition runs is everybody's.
                node.config = node.config.take().map(|config| ConfigFigures {
                    version: config.version,
                    since_ms: config.since_ms,
                    ..ConfigFigures::default()
                });
            }
        }
        nodes
    }

    /// This node, as an agency's other nodes are told.
    pub(super) fn node_here(&self, agency: &Agency) -> NodeHere {
        NodeHere {
            figures: self.node_figures(),
            configured: agency.configured().as_ref().clone(),
        }
    }

    fn node_figures(&self) -> NodeFigures {
        let guarantee = self.backbone.guarantee();
        let kept = self.backbone.kept_here();
        let drain = self.drain_progress();
        NodeFigures {
            name: self.own_name().to_owned(),
            version: VERSION.to_owned(),
            state: if drain.draining {
                NodeState::Draining
            } else {
                NodeState::Ready
            },
            here: true,
            heard_ms: self.clock.now_ms(),
            connections: Some(drain.connections as u64),
            sessions: Some(self.cells.count() as u64),
            guarantee: guarantee.word().to_owned(),
            because: (!guarantee.is_safe()).then(|| guarantee.to_string()),
            kept: kept.records,
            kept_since_ms: kept.since_ms,
            disk_free_bytes: self.disk.get().and_then(|free| free()),
            drain: drain.draining.then_some(DrainFigures {
                began_with: drain.began_with as u64,
                per_s: drain.per_s,
                left_ms: drain.left_ms,
            }),
            differs: Vec::new(),
            config: self.config(),
        }
    }

    /// Its name among others; a node alone has none.
    fn own_name(&self) -> &str {
        self.together
            .as_ref()
            .map_or("", |together| &together.me.name)
    }

    /// Whether this node goes on without the shared tier, and so without the others.
    pub(super) fn is_island(&self) -> bool {
        self.backbone.guarantee().is_island()
    }

    /// Whether this agency runs the nodes.
    fn is_run_by(&self, agency: &Agency) -> bool {
        self.home.as_ref() == Some(agency.id())
    }

    /// Has a node drain, or take that back: this one, or another one of the agency's.
    ///
    /// # Errors
    /// [`ErrorCode::NotAllowed`] for another agency than the one that runs the nodes, [`ErrorCode::NoSuchNode`], or why the node refuses.
    pub async fn order(
        &self,
        person: &Person,
        node: &str,
        wanted: Wanted,
    ) -> Result<(), ErrorCode> {
        let (agency, by) = (&person.agency, &person.staff);
        if !self.is_run_by(agency) {
            return Err(ErrorCode::NotAllowed);
        }
        let (within_s, per_s) = match wanted {
            Wanted::Drain { within_s, per_s } => (Some(within_s), per_s),
            Wanted::Undrain => (None, None),
        };
        if node == self.own_name() {
            return self.drain_for(agency, by, within_s, per_s);
        }
        let to = agency.around.elsewhere().run_of(node);
        let (Some(to), Some(together)) = (to, &self.together) else {
            return Err(ErrorCode::NoSuchNode);
        };
        tracing::info!(agency = %agency.id(), staff = %by, node, within_s, per_s, "an administrator asks another node to drain, or to take that back");
        let (question, answer) = together.drains.ask();
        let request = Body::DrainRequest {
            to,
            question,
            by: by.clone(),
            within_s,
            per_s,
        };
        self.post(agency, request);
        match tokio::time::timeout(ANSWER_WITHIN, answer).await {
            Ok(Ok(None)) => Ok(()),
            Ok(Ok(Some(code))) => Err(code),
            Ok(Err(_)) | Err(_) => {
                together.drains.give_up(question);
                Err(ErrorCode::NoSuchNode)
            }
        }
    }

    /// Does at this node what somebody of an agency ordered at any. `within_s: None` takes a drain back.
    pub(super) fn drain_for(
        &self,
        agency: &Arc<Agency>,
        by: &StaffId,
        within_s: Option<u64>,
        per_s: Option<u32>,
    ) -> Result<(), ErrorCode> {
        let done = self.drain_or_not(agency, by, within_s, per_s);
        // Whoever looks at the list sees it at once.
        self.tell_hello(agency);
        done
    }

    fn drain_or_not(
        &self,
        agency: &Agency,
        by: &StaffId,
        within_s: Option<u64>,
        per_s: Option<u32>,
    ) -> Result<(), ErrorCode> {
        if !self.is_run_by(agency) {
            return Err(ErrorCode::NotAllowed);
        }
        let Some(within_s) = within_s else {
            if self.undrain() {
                tracing::info!(agency = %agency.id(), staff = %by, "no longer draining: clients are kept and taken");
            }
            // The drain with which the process ends stays.
            let ends = self.is_draining();
            return if ends {
                Err(ErrorCode::GoingDown)
            } else {
                Ok(())
            };
        };
        let order = DrainOrder {
            within_s,
            per_s,
            even_alone: false,
        };
        let progress = self.drain(&order).map_err(|refused| match refused {
            DrainRefused::NowhereToGo => ErrorCode::NowhereToGo,
            DrainRefused::OutOfRange => ErrorCode::OutOfRange,
        })?;
        tracing::info!(
            agency = %agency.id(),
            staff = %by,
            connections = progress.connections,
            seconds = within_s,
            per_s = progress.per_s,
            "draining: clients are sent to other nodes"
        );
        Ok(())
    }
}
