//! Simulation: several nodes, real ones, over a model of the backbone, in virtual time, with a seed for everything.
//!
//! The model runs the conformance suite like every backbone; what happens between a node and the model (delays, lost
//! calls, lost answers, missed rings, crashes) comes from the seed. What clients were promised and shown is judged by the
//! rules of the chaos runs.

mod clients;
mod handle;
mod histories;
mod model;

/// The model keeps the contract.
mod contract {
    use std::sync::Arc;

    use async_trait::async_trait;
    use callbox::backbone::Backbone;

    use super::handle::{Handle, Shared, Weather, World};
    use crate::backbone::Place;

    struct Calm(Arc<World>);

    #[async_trait]
    impl Place for Calm {
        async fn open(&self) -> Arc<dyn Backbone> {
            Arc::new(Shared(Handle::new(&self.0, 0, Weather::default())))
        }

        async fn pass_time(&self, ms: u64) {
            self.0.pass(ms);
        }
    }

    crate::backbone::conformance::conformance_suite!(Calm(World::new()));
}
