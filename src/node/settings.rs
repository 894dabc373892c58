//! An agency's settings while people are connected, and what this node tells of its configuration.
//!
//! Owns: telling open connections of settings that changed, and which configuration runs here. Must not: read a file or say which setting
//! may change: `config` and `app` do. Called by: `tasks` (the tick), `cluster` (the list of nodes), and `app`, which follows the file.
//!
//! Each node goes by its own file. A connection is told by the node that it is on, so there is nothing for the bus.

use std::collections::HashMap;
use std::sync::Arc;

use callbox_proto::ids::AgencyId;
use callbox_proto::message::{ConfigFigures, ToResident, ToResponder, ToStaff};

use super::Node;
use super::agency::Agency;
use super::connections::Whom;
use super::frame::Shared;
use super::lock;

/// Names of settings that a node tells as needing a restart; the others are counted. More would push out what else a node says
/// of itself, and whoever changed so much reads the log.
pub const NEEDS_RESTART_MAX: usize = 16;

/// One agency's settings as its sides are told, each encoded once.
struct Changed {
    edition: u64,
    resident: Shared<ToResident>,
    responder: Shared<ToResponder>,
    staff: Shared<ToStaff>,
}

impl Changed {
    fn of(agency: &Agency) -> Self {
        // First: what changes meanwhile is told again.
        let edition = agency.edition();
        let (settings, policy) = (agency.settings(), agency.policy());
        let desk = agency.desk();
        let agency = settings.info.clone();
        let staff = ToStaff::AgencyChanged {
            agency: agency.clone(),
            queues: policy.queues().to_vec(),
            desk,
        };
        Self {
            edition,
            responder: Shared::new(ToResponder::AgencyChanged {
                agency: agency.clone(),
            }),
            resident: Shared::new(ToResident::AgencyChanged { agency }),
            staff: Shared::new(staff),
        }
    }
}

impl Node {
    /// Tells whoever was welcomed with other settings than those in use. One that is too slow now is told at the next tick.
    pub(super) fn tell_settings(&self) {
        let mut changed: HashMap<AgencyId, Changed> = HashMap::new();
        self.connections.for_each_mut(|open| {
            let agency = Arc::clone(&open.agency);
            if open.edition.is_none_or(|told| told == agency.edition()) {
                return;
            }
            let news = changed
                .entry(agency.id().clone())
                .or_insert_with(|| Changed::of(&agency));
            let told = match open.whom {
                Whom::Resident => news.resident.send(&open.outbox),
                Whom::Staff => news.staff.send(&open.outbox),
                Whom::Responder => news.responder.send(&open.outbox),
            };
            if told.is_ok() {
                open.edition = Some(news.edition);
            }
        });
    }

    /// Which configuration runs here from now on, and what its file says otherwise.
    pub fn set_config(&self, config: ConfigFigures) {
        *lock(&self.config) = Some(config);
    }

    /// Which configuration runs here; `None` where nobody has said so.
    #[must_use]
    pub fn config(&self) -> Option<ConfigFigures> {
        lock(&self.config).clone()
    }
}
