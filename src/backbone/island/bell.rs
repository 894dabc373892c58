//! The island's bell: the tier's rings, and those for what happens on this node only.
//!
//! Owns: one channel per agency for own rings, and joining them with the tier's. Must not: ring for what is not durable. Called
//! by: the island and the drain (rings), `subscribe`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use callbox_proto::ids::AgencyId;
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::time::Instant;

use super::inner::Inner;
use super::tier::Answer;
use crate::backbone::{Ring, Subscription};

/// Rings kept for a slow subscriber. Who is further behind is told [`Ring::Missed`] and looks at everything it holds.
const RINGS_KEPT: usize = 8_192;
/// Pause between tries to hear the tier's bell.
const SUBSCRIBE_EVERY: Duration = Duration::from_secs(1);

/// The channels of all agencies somebody listens to.
#[derive(Debug, Default)]
pub(super) struct Bell {
    agencies: Mutex<HashMap<AgencyId, broadcast::Sender<Ring>>>,
}

impl Bell {
    pub(super) fn ring(&self, agency: &AgencyId, ring: Ring) {
        let agencies = self.agencies.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = agencies.get(agency) {
            // Fails only when nobody listens any more.
            let _ = sender.send(ring);
        }
    }

    /// Tells everybody to look again: the tier is back, or gone.
    pub(super) fn ring_missed(&self) {
        let agencies = self.agencies.lock().unwrap_or_else(PoisonError::into_inner);
        for sender in agencies.values() {
            let _ = sender.send(Ring::Missed);
        }
    }

    fn listen(&self, agency: &AgencyId) -> broadcast::Receiver<Ring> {
        let mut agencies = self.agencies.lock().unwrap_or_else(PoisonError::into_inner);
        agencies.retain(|_, sender| sender.receiver_count() > 0);
        agencies
            .entry(agency.clone())
            .or_insert_with(|| broadcast::Sender::new(RINGS_KEPT))
            .subscribe()
    }

    /// Ends every subscription once it has read what was rung.
    pub(super) fn close(&self) {
        let mut agencies = self.agencies.lock().unwrap_or_else(PoisonError::into_inner);
        agencies.clear();
    }
}

/// One subscriber's end of both bells.
pub(super) struct Listener {
    inner: Arc<Inner>,
    agency: AgencyId,
    own: broadcast::Receiver<Ring>,
    shared: Option<Box<dyn Subscription>>,
    try_at: Instant,
}

impl Listener {
    /// Listens from now on; to the tier as soon as it answers.
    pub(super) async fn start(inner: &Arc<Inner>, agency: &AgencyId) -> Self {
        let mut listener = Self {
            own: inner.bell.listen(agency),
            inner: Arc::clone(inner),
            agency: agency.clone(),
            shared: None,
            try_at: Instant::now(),
        };
        listener.try_shared().await;
        listener
    }

    /// What the tier rang, kept in mind for the time when it does not answer.
    fn of_tier(&self, ring: Ring) -> Ring {
        if let Ring::Appended {
            session,
            head,
            records,
        } = &ring
        {
            self.inner.cache().rang(*session, *head, records);
        }
        ring
    }

    async fn try_shared(&mut self) -> bool {
        self.try_at = Instant::now() + SUBSCRIBE_EVERY;
        let tier = &self.inner.tier;
        match tier.read(tier.shared.subscribe(&self.agency)).await {
            Answer::Said(Ok(subscription)) => {
                self.shared = Some(subscription);
                true
            }
            Answer::Said(Err(_)) | Answer::Silence => false,
        }
    }
}

async fn next_of(shared: &mut Option<Box<dyn Subscription>>) -> Option<Ring> {
    match shared {
        Some(subscription) => subscription.next().await,
        None => std::future::pending().await,
    }
}

#[async_trait]
impl Subscription for Listener {
    async fn next(&mut self) -> Option<Ring> {
        loop {
            let has_shared = self.shared.is_some();
            tokio::select! {
                own = self.own.recv() => return match own {
                    Ok(ring) => Some(ring),
                    Err(RecvError::Lagged(_)) => Some(Ring::Missed),
                    Err(RecvError::Closed) => None,
                },
                rung = next_of(&mut self.shared) => match rung {
                    Some(ring) => return Some(self.of_tier(ring)),
                    None => self.shared = None,
                },
                () = tokio::time::sleep_until(self.try_at), if !has_shared => {
                    if self.try_shared().await {
                        // Whatever was rung before was not heard.
                        return Some(Ring::Missed);
                    }
                }
            }
        }
    }

    fn at_hand(&mut self) -> Option<Ring> {
        let ring = self.shared.as_mut()?.at_hand()?;
        Some(self.of_tier(ring))
    }
}
