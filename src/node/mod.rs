//! A node: one running gateway's sessions, people and links, over a backbone.
//!
//! Owns: the way of every command (decide, append, then show), who is connected to what, lists, figures and graces. Must
//! not: know sockets, HTTP, SQL or RTP: those are `transport`, `http`, `backbone` and `media`; and it decides nothing itself:
//! that is `callbox_domain`. Called by: `transport`, `http`, and `app` which puts it together.

pub mod agency;
mod appender;
mod board;
pub mod bus;
pub mod cell;
mod cells;
pub mod cluster;
mod colleagues;
pub mod connections;
mod crossing;
pub mod deletions;
pub mod drain;
mod elsewhere;
pub mod exports;
mod far_media;
mod figures;
mod fingerprint;
mod follow;
pub mod frame;
mod index;
mod kept;
mod lists;
pub mod live;
pub mod outbox;
pub mod pending;
mod random;
mod rebase;
mod recovery;
mod report_links;
mod residents;
mod responders;
mod roster;
mod sessions;
pub mod settings;
mod staff;
mod strain;
mod suspicion;
mod tasks;
mod tenure;
mod timers;
mod told;
mod words;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use callbox_proto::ids::AgencyId;
use callbox_proto::message::ConfigFigures;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use bus::Membership;
pub use fingerprint::fingerprint;
pub use follow::Fed;
pub use random::Random;
pub use rebase::SessionRebase;
pub use staff::Person;

/// Reads what the disk holds as this module does; for `crate::probes`.
pub(crate) fn probe_stored(
    session: callbox_proto::ids::SessionId,
    record: &crate::backbone::Record,
    row: &crate::backbone::IndexRow,
) -> bool {
    let state = index::session(row).is_some_and(|state| {
        // What can be read is shown in lists.
        let _row = state.row(session, false);
        let _again = index::row(&state);
        true
    });
    index::entry(session, record).is_ok() || state
}

pub(crate) use index::{entry as stored_entry, session as stored_session};

use crate::backbone::{Backbone, BackboneError};
use crate::clock::Clock;
use agency::Agency;
use appender::Appenders;
use bus::Together;
use cells::Cells;
use connections::Connections;
use live::LiveMedia;
use timers::Timers;

/// Bounds and graces of a node, in ms or bytes where nothing else is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeLimits {
    /// Bytes waiting for one slow reader; over it entries are fed from the log.
    pub outbox_bytes: usize,
    /// How long a write may make no progress before the link is closed.
    pub slow_reader_ms: u64,
    /// How long a waiting session waits for its resident to come back before it counts as abandoned.
    pub resume_grace_ms: u64,
    /// How long sessions wait for their owner's console after it is lost. Longer than a page takes to load again.
    pub console_grace_ms: u64,
    /// The same after a restart of the node: consoles connect again with a pause.
    pub restart_grace_ms: u64,
    /// Clients that come back per second after a node was lost, as they are told to spread.
    pub returns_per_s: u64,
}

impl Default for NodeLimits {
    fn default() -> Self {
        Self {
            outbox_bytes: 256 * 1024,
            slow_reader_ms: 10_000,
            resume_grace_ms: 120_000,
            console_grace_ms: 1_500,
            restart_grace_ms: 20_000,
            returns_per_s: 700,
        }
    }
}

/// Asks for the free bytes of a disk; `None` when it does not say. Answers at once.
pub type FreeDisk = Box<dyn Fn() -> Option<u64> + Send + Sync>;

/// One running gateway.
pub struct Node {
    backbone: Arc<dyn Backbone>,
    clock: Arc<dyn Clock>,
    random: Random,
    limits: NodeLimits,
    agencies: HashMap<AgencyId, Arc<Agency>>,
    /// The agency that runs the nodes: the first one.
    home: Option<AgencyId>,
    disk: OnceLock<FreeDisk>,
    /// What runs here, as the list of nodes tells it.
    config: Mutex<Option<ConfigFigures>>,
    cells: Cells,
    connections: Connections,
    timers: Timers,
    media: OnceLock<Arc<dyn LiveMedia>>,
    deleted: tokio::sync::Notify,
    appenders: OnceLock<Appenders>,
    tasks: TaskTracker,
    stop: CancellationToken,
    drain: drain::Drain,
    /// Its place among other nodes; `None` for a node alone.
    together: Option<Together>,
}

/// Why a node does not start among others.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The backbone does not answer, or its index cannot be read.
    #[error("the backbone: {0}")]
    Backbone(BackboneError),
    /// Another node has this name.
    #[error("another node named {name} is running; every node needs a name of its own (node.name)")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// Something that all nodes must share is another one here.
    #[error(
        "this node has another {what} than the other nodes of the cluster; all of them must share it"
    )]
    Differs {
        /// What it is.
        what: String,
    },
}

impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Node")
    }
}

impl Node {
    /// Starts a node over a backbone: reads the index and starts its tasks.
    ///
    /// # Errors
    /// The backbone's, when the index cannot be read.
    pub async fn start(
        backbone: Arc<dyn Backbone>,
        clock: Arc<dyn Clock>,
        random: Random,
        limits: NodeLimits,
        agencies: Vec<Agency>,
    ) -> Result<Arc<Self>, BackboneError> {
        let node = Self::assemble(backbone, clock, random, limits, agencies, None);
        node.run().await?;
        Ok(node)
    }

    /// Starts a node that is one of many over a backbone they share.
    ///
    /// # Errors
    /// The backbone's; or that this node cannot be one of those that are there.
    pub async fn join(
        backbone: Arc<dyn Backbone>,
        clock: Arc<dyn Clock>,
        random: Random,
        limits: NodeLimits,
        agencies: Vec<Agency>,
        membership: Membership,
    ) -> Result<Arc<Self>, StartError> {
        let together = Together::new(membership, random.instance());
        let node = Self::assemble(backbone, clock, random, limits, agencies, Some(together));
        if let Err(error) = node.meet_others().await {
            node.stop();
            return Err(error);
        }
        node.run().await?;
        let weak = Arc::downgrade(&node);
        node.tasks.spawn(bus::tick(weak));
        Ok(node)
    }

    fn assemble(
        backbone: Arc<dyn Backbone>,
        clock: Arc<dyn Clock>,
        random: Random,
        limits: NodeLimits,
        agencies: Vec<Agency>,
        together: Option<Together>,
    ) -> Arc<Self> {
        let home = agencies.first().map(|agency| agency.id().clone());
        let agencies = agencies
            .into_iter()
            .map(|agency| (agency.id().clone(), Arc::new(agency)))
            .collect();
        Arc::new(Self {
            backbone,
            clock,
            random,
            limits,
            agencies,
            home,
            disk: OnceLock::new(),
            config: Mutex::default(),
            cells: Cells::default(),
            connections: Connections::default(),
            timers: Timers::default(),
            media: OnceLock::new(),
            deleted: tokio::sync::Notify::new(),
            appenders: OnceLock::new(),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            drain: drain::Drain::default(),
            together,
        })
    }

    async fn run(self: &Arc<Self>) -> Result<(), BackboneError> {
        self.recover().await?;
        let weak = Arc::downgrade(self);
        let appenders = Appenders::start(&weak, &self.tasks);
        self.appenders.get_or_init(|| appenders);
        // Among others the bus hears the bell.
        if self.together.is_none() {
            for agency in self.agencies.keys() {
                let listening = kept::listen(weak.clone(), agency.clone(), self.stop.clone());
                self.tasks.spawn(listening);
            }
        }
        self.tasks.spawn(tasks::run(weak, self.stop.clone()));
        Ok(())
    }

    /// Connects the media plane; once.
    pub fn set_media(&self, media: Arc<dyn LiveMedia>) {
        self.media.get_or_init(|| media);
    }

    /// Says how to ask for the free bytes of the disk that the node writes to; once.
    pub fn set_disk(&self, free: FreeDisk) {
        self.disk.get_or_init(|| free);
    }

    /// An agency by its id.
    #[must_use]
    pub fn agency(&self, id: &AgencyId) -> Option<Arc<Agency>> {
        self.agencies.get(id).cloned()
    }

    /// The ids of the agencies that are served here.
    #[must_use]
    pub fn agency_ids(&self) -> HashSet<AgencyId> {
        self.agencies.keys().cloned().collect()
    }

    /// The node's clock.
    #[must_use]
    pub fn clock(&self) -> &dyn Clock {
        self.clock.as_ref()
    }

    /// The node's source of ids.
    #[must_use]
    pub const fn random(&self) -> &Random {
        &self.random
    }

    /// The node's bounds.
    #[must_use]
    pub const fn limits(&self) -> &NodeLimits {
        &self.limits
    }

    /// The backbone below.
    #[must_use]
    pub fn backbone(&self) -> &dyn Backbone {
        self.backbone.as_ref()
    }

    /// Every open connection.
    #[must_use]
    pub const fn connections(&self) -> &Connections {
        &self.connections
    }

    /// A session in memory.
    #[must_use]
    pub fn cell(&self, session: callbox_proto::ids::SessionId) -> Option<Arc<cell::Cell>> {
        self.cells.get(session)
    }

    fn appenders(&self) -> Option<&Appenders> {
        self.appenders.get()
    }

    /// Tells other nodes that this one goes, so that they need not notice.
    pub async fn leave(&self) {
        if self.together.is_some() {
            self.tell_bye().await;
            self.drop_node_lease().await;
        }
    }

    /// Ends the node's own tasks; what is on its way to the log arrives.
    pub fn stop(&self) {
        self.stop.cancel();
        self.tasks.close();
    }
}

/// Takes a lock whose holder cannot have left it half done: our critical sections do not panic, and if one did, the next
/// reader of the state is better off with it than with a second panic.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
