//! Claims: the tier's while it answers, own reservations while it does not.
//!
//! Owns: reservations of sessions on this node only. Must not: outlive the tier's return: what was taken under them is a record
//! by then. Called by: the island.

use std::collections::HashMap;

use callbox_proto::ids::SessionId;

use super::inner::Inner;
use super::tier::Answer;
use crate::backbone::{Append, BackboneError, Claim, Claimed, Lane, Seq, Standing};

/// Epochs of own reservations begin here: above every epoch of a tier, below 2^53.
const EPOCHS_FROM: u64 = 1 << 52;

/// Kept sessions that the tier still offers, passed over in one claim: while the drain is at work.
const OUTDATED_MAX: usize = 32;

#[derive(Debug, Clone, Copy)]
struct Reservation {
    epoch: u64,
    deadline_ms: u64,
}

/// Sessions reserved on this node.
#[derive(Debug, Default)]
pub(super) struct Reservations {
    by_session: HashMap<SessionId, Reservation>,
    epochs: u64,
}

impl Reservations {
    fn expire(&mut self, now_ms: u64) {
        self.by_session.retain(|_, held| held.deadline_ms > now_ms);
    }

    fn reserve(&mut self, session: SessionId, deadline_ms: u64) -> u64 {
        self.epochs += 1;
        let epoch = EPOCHS_FROM + self.epochs;
        let held = Reservation { epoch, deadline_ms };
        self.by_session.insert(session, held);
        epoch
    }
}

impl Inner {
    /// Reserves the next waiting session.
    pub(super) async fn claim(&self, claim: Claim) -> Result<Option<Claimed>, BackboneError> {
        let mut outdated = Vec::new();
        let found = loop {
            match self.tier.read(self.tier.shared.claim(claim.clone())).await {
                // The tier does not know how a kept session stands: its own rank counts, below.
                Answer::Said(Ok(Some(claimed)))
                    if self.kept().get(claimed.session).is_some()
                        && outdated.len() < OUTDATED_MAX =>
                {
                    outdated.push(claimed);
                }
                Answer::Said(Ok(Some(claimed))) => break Ok(Some(claimed)),
                Answer::Said(Ok(None)) => break Ok(self.claim_here(&claim, false)),
                Answer::Said(Err(error)) => break Err(error),
                Answer::Silence => break Ok(self.claim_here(&claim, true)),
            }
        };
        for claimed in outdated {
            // What cannot be given back lapses by itself.
            let _lapses = self.release(claimed.session, claimed.epoch).await;
        }
        found
    }

    /// The first unreserved session of those kept here and, while the tier is silent, of those known to wait.
    fn claim_here(&self, claim: &Claim, alone: bool) -> Option<Claimed> {
        let now_ms = self.clock.monotonic_ms();
        let mut reservations = self.reservations();
        reservations.expire(now_ms);
        let free = |session: SessionId| !reservations.by_session.contains_key(&session);
        let kept = self.kept();
        let mut waiting: Vec<(bool, i64, SessionId, Seq)> = kept
            .iter()
            .filter(|(session, kept)| {
                kept.agency == claim.agency && claim.queues.contains(&kept.queue) && free(*session)
            })
            .filter_map(|(session, kept)| match kept.standing {
                Standing::Waiting { rank, urgent } => Some((urgent, rank, session, kept.head)),
                _ => None,
            })
            .collect();
        if alone {
            let cache = self.cache();
            let known = cache.waiting(&claim.agency).filter(|(known, _, _)| {
                claim.queues.contains(&known.row.queue)
                    && free(known.session)
                    && kept.get(known.session).is_none()
            });
            waiting.extend(
                known.map(|(known, rank, urgent)| (urgent, rank, known.session, known.head)),
            );
        }
        drop(kept);
        let (_, _, session, head) = match claim.lane {
            Lane::First => waiting
                .into_iter()
                .min_by_key(|(_, rank, id, _)| (*rank, *id)),
            Lane::FirstNotUrgent => waiting
                .into_iter()
                .min_by_key(|(urgent, rank, id, _)| (*urgent, *rank, *id)),
        }?;
        let epoch = reservations.reserve(session, now_ms.saturating_add(claim.lease_ms));
        Some(Claimed {
            session,
            epoch,
            head,
        })
    }

    /// Gives a reservation back.
    pub(super) async fn release(
        &self,
        session: SessionId,
        epoch: u64,
    ) -> Result<bool, BackboneError> {
        if epoch >= EPOCHS_FROM {
            let now_ms = self.clock.monotonic_ms();
            let mut reservations = self.reservations();
            reservations.expire(now_ms);
            let held = reservations.by_session.get(&session);
            let held = held.is_some_and(|held| held.epoch == epoch);
            if held {
                reservations.by_session.remove(&session);
            }
            return Ok(held);
        }
        match self
            .tier
            .read(self.tier.shared.release(session, epoch))
            .await
        {
            Answer::Said(said) => said,
            // It lapses by itself.
            Answer::Silence => Ok(false),
        }
    }

    /// Whether an append that is kept may complete this claim. The tier's own claims were granted before it fell silent.
    pub(super) fn complete_claim(&self, session: SessionId, epoch: u64) -> bool {
        if epoch < EPOCHS_FROM {
            return true;
        }
        let now_ms = self.clock.monotonic_ms();
        let mut reservations = self.reservations();
        reservations.expire(now_ms);
        let held = reservations.by_session.get(&session).map(|held| held.epoch);
        if held == Some(epoch) {
            reservations.by_session.remove(&session);
        }
        held == Some(epoch)
    }

    /// An append to the tier under an own reservation loses it: the tier does not know its epoch. Answers whether it holds.
    pub(super) fn may_go_without_own_epoch(&self, append: &mut Append) -> bool {
        match append.claim_epoch {
            Some(epoch) if epoch >= EPOCHS_FROM => {
                append.claim_epoch = None;
                self.complete_claim(append.session, epoch)
            }
            _ => true,
        }
    }
}
