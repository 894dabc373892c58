//! Leases: that a node's name is its own, and that a lost node's people are noticed.
//!
//! Owns: the lease of the node (`node/<name>`) and of the people signed in here (`console/<agency>/<staff>`), reaping what other
//! nodes have let lapse, and whose turn it is to do what one node does for all. Must not: judge by our own clock whether a lease
//! holds. Called by: the tick of `bus`, `Node::join`, and `app` before work that one node does.
//!
//! A node alone takes no leases: whoever is lost with it is waited for by its next start.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use callbox_proto::ids::{AgencyId, StaffId};

use super::agency::Agency;
use super::bus::message::NodeRef;
use super::{Node, lock};
use crate::backbone::{BackboneError, Lease, READ_MAX_ROWS};

/// Life of a lease. Three renewals may fail before a person's sessions are offered to others.
const LEASE_MS: u64 = 6_000;
/// Lapsed leases looked at in one round, beside those of agencies that this node does not serve.
const REAP_MAX: usize = 100;

/// Leases of one run of a node.
#[derive(Debug)]
pub struct Tenure {
    holder: String,
    node: String,
    own: Mutex<Option<Lease>>,
    people: Mutex<HashMap<(AgencyId, StaffId), Lease>>,
    /// Somebody signed in: a lease is taken with the next look, not only with the next renewal.
    wanted: AtomicBool,
    started_ms: AtomicU64,
    /// Lapsed leases of agencies that this node does not serve, at the last look: they stand before ours, and stay until a node
    /// that serves them comes.
    passed_over: AtomicUsize,
}

impl Tenure {
    /// Holds nothing yet.
    pub fn new(me: &NodeRef) -> Self {
        Self {
            holder: format!("{}/{:016x}", me.name, me.instance),
            node: format!("node/{}", me.name),
            own: Mutex::default(),
            people: Mutex::default(),
            wanted: AtomicBool::new(false),
            started_ms: AtomicU64::new(0),
            passed_over: AtomicUsize::new(0),
        }
    }

    /// Somebody signed in here.
    pub fn want(&self) {
        self.wanted.store(true, Ordering::Relaxed);
    }
}

fn console_lease(agency: &AgencyId, staff: &StaffId) -> String {
    format!("console/{agency}/{staff}")
}

fn person_of(name: &str) -> Option<(AgencyId, StaffId)> {
    let (agency, staff) = name.strip_prefix("console/")?.split_once('/')?;
    Some((agency.parse().ok()?, staff.parse().ok()?))
}

impl Node {
    /// Takes the lease of this node's name; `false` while another run holds it.
    pub(super) async fn take_node_lease(&self) -> Result<bool, BackboneError> {
        let Some(together) = &self.together else {
            return Ok(true);
        };
        let tenure = &together.tenure;
        tenure
            .started_ms
            .store(self.clock.monotonic_ms(), Ordering::Relaxed);
        let taken = self
            .backbone
            .take_lease(&tenure.node, &tenure.holder, LEASE_MS)
            .await?;
        let held = taken.is_some();
        *lock(&tenure.own) = taken;
        Ok(held)
    }

    /// Renews, takes and reaps. What the backbone does not answer now is done the next time.
    pub(super) async fn look_after_leases(self: &Arc<Self>, renew: bool) {
        let Some(together) = &self.together else {
            return;
        };
        let wanted = together.tenure.wanted.swap(false, Ordering::Relaxed);
        let looked = async {
            if renew {
                self.renew_node_lease().await?;
                self.renew_people().await?;
            }
            if renew || wanted {
                self.take_people().await?;
            }
            self.reap().await
        };
        if let Err(error) = looked.await {
            tracing::warn!(%error, "leases could not be looked after");
        }
    }

    async fn renew_node_lease(&self) -> Result<(), BackboneError> {
        let Some(together) = &self.together else {
            return Ok(());
        };
        let tenure = &together.tenure;
        let own = lock(&tenure.own).clone();
        if let Some(lease) = own
            && self.backbone.renew_lease(&lease, LEASE_MS).await?
        {
            return Ok(());
        }
        let taken = self
            .backbone
            .take_lease(&tenure.node, &tenure.holder, LEASE_MS)
            .await?;
        if taken.is_none() {
            tracing::warn!(lease = tenure.node, "another run holds this node's lease");
        }
        *lock(&tenure.own) = taken;
        Ok(())
    }

    async fn renew_people(&self) -> Result<(), BackboneError> {
        let Some(together) = &self.together else {
            return Ok(());
        };
        let held: Vec<_> = lock(&together.tenure.people)
            .iter()
            .map(|(who, lease)| (who.clone(), lease.clone()))
            .collect();
        for ((agency, staff), lease) in held {
            let keeps = self.answers_for(&agency, &staff);
            let still = if keeps {
                self.backbone.renew_lease(&lease, LEASE_MS).await?
            } else {
                self.backbone.drop_lease(&lease).await?;
                false
            };
            if !still {
                lock(&together.tenure.people).remove(&(agency, staff));
            }
        }
        Ok(())
    }

    /// Whether this node sees to it that a person's sessions are not left alone: they are signed in here, or were until now.
    fn answers_for(&self, agency: &AgencyId, staff: &StaffId) -> bool {
        let here = self
            .agency(agency)
            .is_some_and(|agency| lock(&agency.roster).has(staff));
        here || self.timers.waits_for_console(agency, staff)
    }

    async fn take_people(&self) -> Result<(), BackboneError> {
        let Some(together) = &self.together else {
            return Ok(());
        };
        for agency in self.agencies.values() {
            let here = lock(&agency.roster).names();
            for staff in here {
                let who = (agency.id().clone(), staff);
                if lock(&together.tenure.people).contains_key(&who) {
                    continue;
                }
                let name = console_lease(&who.0, &who.1);
                let taken = self
                    .backbone
                    .take_lease(&name, &together.tenure.holder, LEASE_MS)
                    .await?;
                if let Some(lease) = taken {
                    lock(&together.tenure.people).insert(who, lease);
                }
            }
        }
        Ok(())
    }

    /// Sees to people whose node let their lease lapse.
    async fn reap(self: &Arc<Self>) -> Result<(), BackboneError> {
        let Some(together) = &self.together else {
            return Ok(());
        };
        let before = &together.tenure.passed_over;
        let limit = REAP_MAX.saturating_add(before.load(Ordering::Relaxed));
        let overdue = self.backbone.overdue_leases(limit.min(READ_MAX_ROWS));
        let mut passed_over = 0;
        for lease in overdue.await? {
            match person_of(&lease.name) {
                Some((agency, staff)) => {
                    let Some(agency) = self.agency(&agency) else {
                        passed_over += 1;
                        continue;
                    };
                    if self.may_reap(&agency, &staff) {
                        self.reap_person(&agency, &staff, &lease.name).await?;
                    }
                }
                // A node that is gone for good; one that is started again takes its lease back.
                None => self.clear(&lease.name).await?,
            }
        }
        before.store(passed_over, Ordering::Relaxed);
        Ok(())
    }

    /// After a start of the whole cluster, people get the grace of a restart; one whose node was seen to fall silent has had it.
    fn may_reap(&self, agency: &Agency, staff: &StaffId) -> bool {
        let Some(together) = &self.together else {
            return false;
        };
        if lock(&agency.roster).has(staff) || agency.around.has_signed_in(staff) {
            return false;
        }
        let now_ms = self.clock.monotonic_ms();
        let hears = agency.around.hears_since_ms(now_ms);
        if hears.is_none_or(|since| now_ms.saturating_sub(since) < LEASE_MS) {
            return false;
        }
        let started_ms = together.tenure.started_ms.load(Ordering::Relaxed);
        let settled = now_ms.saturating_sub(started_ms) >= self.limits.restart_grace_ms;
        settled || agency.around.elsewhere().has_lost(staff)
    }

    async fn reap_person(
        self: &Arc<Self>,
        agency: &Agency,
        staff: &StaffId,
        name: &str,
    ) -> Result<(), BackboneError> {
        let Some(together) = &self.together else {
            return Ok(());
        };
        let taken = self
            .backbone
            .take_lease(name, &together.tenure.holder, LEASE_MS)
            .await?;
        let Some(lease) = taken else { return Ok(()) };
        metrics::counter!("callbox_consoles_reaped_total").increment(1);
        self.give_back_sessions(agency.id(), staff).await?;
        self.backbone.drop_lease(&lease).await.map(drop)
    }

    async fn clear(&self, name: &str) -> Result<(), BackboneError> {
        let Some(together) = &self.together else {
            return Ok(());
        };
        if name == together.tenure.node {
            return Ok(());
        }
        let holder = &together.tenure.holder;
        if let Some(lease) = self.backbone.take_lease(name, holder, LEASE_MS).await? {
            self.backbone.drop_lease(&lease).await?;
        }
        Ok(())
    }

    /// Whether this node does some periodic work for the whole cluster, from now on and for `ms`: nobody else does until then. A node
    /// alone always does.
    ///
    /// # Errors
    /// The backbone's, when it does not say.
    pub async fn takes_turn(&self, work: &str, ms: u64) -> Result<bool, BackboneError> {
        let Some(together) = &self.together else {
            return Ok(true);
        };
        let holder = &together.tenure.holder;
        let taken = self.backbone.take_lease(work, holder, ms).await?;
        Ok(taken.is_some())
    }

    /// Ends all leases of a node that goes in good order, but those of people: others wait for them to come.
    pub(super) async fn drop_node_lease(&self) {
        let Some(together) = &self.together else {
            return;
        };
        let own = lock(&together.tenure.own).take();
        if let Some(lease) = own {
            // It lapses by itself.
            self.backbone.drop_lease(&lease).await.ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_console_lease_names_its_person() {
        let (agency, staff) = ("demo.example".parse().unwrap(), "tina".parse().unwrap());
        let name = console_lease(&agency, &staff);
        assert_eq!(person_of(&name), Some((agency, staff)));
        assert_eq!(person_of("node/east"), None);
    }
}
