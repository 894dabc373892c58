//! The island: what a node does whose shared tier hangs, fails, comes back, or was written to by others meanwhile.

mod alone;
mod kept;
mod reasons;
mod tier;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use callbox::backbone::embedded::{Embedded, Options as StoreOptions};
use callbox::backbone::island::{Island, Options, Timing};
use callbox::backbone::{
    Append, Appended, Backbone, BackboneError, READ_MAX_ROWS, Rebase, Record, Ring, Seq,
    Subscription,
};
use callbox::clock::{Clock, ManualClock, SystemClock};
use callbox_proto::ids::SessionId;
use tempfile::TempDir;

use super::Place;
use super::make::{agency, append, session};
use tier::Tier;

/// How long a test waits for what must come; reached only when it fails.
const DEADLINE: Duration = Duration::from_secs(30);

/// Records are put behind the others' as they are.
struct Behind;

#[async_trait]
impl Rebase for Behind {
    async fn rebase(
        &self,
        shared: &dyn Backbone,
        kept: Vec<Append>,
    ) -> Result<Vec<Append>, BackboneError> {
        let mut moved = Vec::new();
        let mut head = None;
        for append in kept {
            if shared
                .find_command(append.session, append.command)
                .await?
                .is_some()
            {
                continue;
            }
            if head.is_none() {
                head = shared.find_session(append.session).await?.map(|s| s.head);
            }
            let expected = head.unwrap_or(0);
            head = Some(expected + append.records.len() as Seq);
            moved.push(Append { expected, ..append });
        }
        Ok(moved)
    }
}

/// One node over a tier that the test holds in its hand.
struct Node {
    tier: Arc<Tier>,
    island: Arc<Island>,
    local: Arc<Embedded>,
    clock: Arc<dyn Clock>,
    folder: TempDir,
}

impl Node {
    /// With short patience, so that tests are.
    async fn start() -> Self {
        Self::with(
            Arc::new(SystemClock::new()),
            quick(),
            StoreOptions::default(),
        )
        .await
    }

    async fn with(clock: Arc<dyn Clock>, timing: Timing, store: StoreOptions) -> Self {
        let tier = Arc::new(Tier::new(Arc::clone(&clock)));
        let folder = tempfile::tempdir().unwrap();
        let local = Arc::new(Embedded::open(folder.path(), &store, Arc::clone(&clock)).unwrap());
        let island = start(&tier, &local, &clock, timing).await;
        Self {
            tier,
            island,
            local,
            clock,
            folder,
        }
    }

    /// The node stops, and starts again over what it left.
    async fn restart(self) -> Self {
        self.island.close().await;
        self.local.close().await;
        let Self {
            tier,
            clock,
            folder,
            ..
        } = self;
        let local = Embedded::open(folder.path(), &StoreOptions::default(), Arc::clone(&clock));
        let local = Arc::new(local.unwrap());
        let island = start(&tier, &local, &clock, quick()).await;
        Self {
            tier,
            island,
            local,
            clock,
            folder,
        }
    }

    async fn bell(&self) -> Box<dyn Subscription> {
        self.island.subscribe(&agency()).await.unwrap()
    }

    /// Waits until nothing is kept any more.
    async fn is_drained(&self) {
        until(|| {
            self.island.kept_here().records == 0 && self.island.kept_here().since_ms.is_none()
        })
        .await;
    }

    /// All that is in the tier of a session.
    async fn there(&self, number: u128) -> Vec<Record> {
        all(&*self.tier.store, session(number)).await
    }
}

fn quick() -> Timing {
    Timing {
        slow_after: Duration::from_millis(100),
        gone_after: Duration::from_millis(300),
        probe_every: Duration::from_millis(20),
    }
}

/// No tier is ever too slow for it: for what must not depend on a busy machine.
fn patient() -> Timing {
    Timing {
        slow_after: DEADLINE,
        gone_after: DEADLINE,
        probe_every: Duration::from_millis(100),
    }
}

async fn start(
    tier: &Arc<Tier>,
    local: &Arc<Embedded>,
    clock: &Arc<dyn Clock>,
    timing: Timing,
) -> Arc<Island> {
    let options = Options {
        timing,
        ..Options::of("one")
    };
    let island = Island::start(
        Arc::clone(tier) as Arc<dyn Backbone>,
        Arc::clone(local),
        Arc::new(Behind),
        Arc::clone(clock),
        options,
    );
    Arc::new(island.await.unwrap())
}

/// Appends what is to be in the tier; on a busy machine it may be kept for a moment. Answers the new head.
async fn put(node: &Node, one: Append) -> Seq {
    match append(&*node.island, one).await {
        Ok(Appended::Stored { last, .. }) => last,
        Ok(Appended::Kept { last, .. }) => {
            node.is_drained().await;
            last
        }
        other => panic!("not written: {other:?}"),
    }
}

async fn until(mut so: impl FnMut() -> bool) {
    let waited = tokio::time::timeout(DEADLINE, async {
        while !so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    waited.await.expect("it did not become so");
}

/// The next ring that says what became of kept records.
async fn fate(bell: &mut dyn Subscription) -> Ring {
    let next = async {
        loop {
            let ring = bell.next().await.expect("the bell is open");
            if matches!(ring, Ring::Confirmed { .. } | Ring::Rewound { .. }) {
                return ring;
            }
        }
    };
    tokio::time::timeout(DEADLINE, next)
        .await
        .expect("no ring came")
}

async fn all(backbone: &dyn Backbone, session: SessionId) -> Vec<Record> {
    let mut records: Vec<Record> = Vec::new();
    loop {
        let after = records.last().map_or(0, |record| record.seq);
        let page = backbone.read(session, after, READ_MAX_ROWS).await.unwrap();
        if page.is_empty() {
            return records;
        }
        records.extend(page);
    }
}

/// An island whose tier is well keeps the contract as the tier does.
struct Well {
    clock: Arc<ManualClock>,
    node: Node,
}

impl Well {
    async fn start() -> Self {
        let clock = Arc::new(ManualClock::at(1_700_000_000_000));
        let node = Node::with(clock.clone(), patient(), StoreOptions::default()).await;
        Self { clock, node }
    }
}

#[async_trait]
impl Place for Well {
    async fn open(&self) -> Arc<dyn Backbone> {
        self.node.island.clone()
    }

    async fn pass_time(&self, ms: u64) {
        self.clock.pass(ms);
    }
}

mod contract {
    use super::Well;

    crate::backbone::conformance::conformance_suite!(Well::start().await);
}
