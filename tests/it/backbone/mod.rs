//! The backbone: what every implementation promises, and what each of them promises besides.

pub mod conformance;
mod embedded;
mod histories;
mod island;
pub mod make;
pub mod redis;

use std::sync::Arc;

use async_trait::async_trait;
use callbox::backbone::Backbone;

/// Where an implementation is tested: one namespace, empty at first.
#[async_trait]
pub trait Place: Send + Sync {
    /// A handle on the namespace. Another call gives a handle on the same data, as another node would have it.
    async fn open(&self) -> Arc<dyn Backbone>;

    /// Lets the backbone's clock run for so many milliseconds.
    async fn pass_time(&self, ms: u64);

    /// Whether time passes only in [`Place::pass_time`], to the millisecond.
    fn moves_time(&self) -> bool {
        true
    }
}
