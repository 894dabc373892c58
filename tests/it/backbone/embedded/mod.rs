//! What the embedded backbone promises besides the contract: it is a file, and files meet disks, kills and operators.

mod damage;
mod destroy;
mod kill;
mod limits;
mod reopen;
mod runs;

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use callbox::backbone::Backbone;
use callbox::backbone::embedded::{Embedded, OpenError, Options};
use callbox::clock::ManualClock;
use tempfile::TempDir;

use super::Place;
use super::make::{claim, first, session, store, waiting};

/// A folder that vanishes with the test, and a clock that stands still.
pub struct Folder {
    clock: Arc<ManualClock>,
    backbone: Arc<Embedded>,
    _folder: TempDir,
}

impl Folder {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::at(1_700_000_000_000));
        let backbone = Embedded::open(folder.path(), &Options::default(), clock.clone()).unwrap();
        Self {
            clock,
            backbone: Arc::new(backbone),
            _folder: folder,
        }
    }
}

#[async_trait]
impl Place for Folder {
    async fn open(&self) -> Arc<dyn Backbone> {
        self.backbone.clone()
    }

    async fn pass_time(&self, ms: u64) {
        self.clock.pass(ms);
    }
}

pub fn open(folder: &Path) -> Result<Embedded, OpenError> {
    Embedded::open(folder, &Options::default(), Arc::new(ManualClock::at(0)))
}

pub fn open_accepting_damage(folder: &Path) -> Result<Embedded, OpenError> {
    let options = Options {
        accept_damage: true,
        ..Options::default()
    };
    Embedded::open(folder, &options, Arc::new(ManualClock::at(0)))
}

/// R15: somebody sets the clock of the machine.
#[tokio::test]
async fn a_clock_set_two_hours_ahead_ends_no_claim_and_no_lease() {
    let place = Folder::new();
    store(&*place.backbone, first(1, waiting("main", 1))).await;
    let claimed = place
        .backbone
        .claim(claim(&["main"]))
        .await
        .unwrap()
        .unwrap();
    let lease = place
        .backbone
        .take_lease("l", "a", 100)
        .await
        .unwrap()
        .unwrap();
    place.clock.set_now(1_700_000_000_000 + 2 * 3_600_000);
    assert_eq!(place.backbone.renew_lease(&lease, 100).await, Ok(true));
    assert_eq!(place.backbone.overdue_leases(10).await, Ok(vec![]));
    assert_eq!(
        place.backbone.release(session(1), claimed.epoch).await,
        Ok(true)
    );
}

mod contract {
    use super::Folder;

    crate::backbone::conformance::conformance_suite!(Folder::new());
}
