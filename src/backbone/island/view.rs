//! Reading: from the tier, from the local store for kept sessions, from memory while the tier is gone.
//!
//! Owns: joining them into one view. Must not: write. Called by: the island.

use std::collections::HashMap;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use callbox_proto::ids::{AgencyId, CommandId, QueueId, SessionId};

use super::cache::place;
use super::inner::{Inner, unknown_here};
use super::tier::Answer;
use crate::backbone::{
    Backbone as _, BackboneError, IndexCursor, IndexSnapshot, IndexedSession, PUBLISH_MAX_BYTES,
    READ_MAX_ROWS, Record, Ring, Seq, StandingKind, Tally,
};

impl Inner {
    /// A page of a log: what is kept from here, what was before it from the tier or memory.
    pub(super) async fn read(
        &self,
        session: SessionId,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<Record>, BackboneError> {
        check_limit(limit)?;
        let kept = self.kept_range(session);
        if let Some((base, _)) = kept
            && after >= base
        {
            return self.local.read(session, after, limit).await;
        }
        let call = self.tier.shared.read(session, after, limit);
        let mut page = match self.tier.read(call).await {
            Answer::Said(Ok(page)) => {
                self.cache().saw_records(session, &page);
                page
            }
            Answer::Said(Err(error)) => return Err(error),
            Answer::Silence => {
                let known = self.cache().read(session, after, limit);
                known.ok_or_else(unknown_here)?
            }
        };
        // What others wrote meanwhile has the numbers of what is kept here: it is shown when that has found its place.
        if let Some((base, _)) = kept {
            page.retain(|record| record.seq <= base);
        }
        Ok(page)
    }

    /// Where the records of a command are.
    pub(super) async fn find_command(
        &self,
        session: SessionId,
        command: CommandId,
    ) -> Result<Option<(Seq, Seq)>, BackboneError> {
        if let Some((base, _)) = self.kept_range(session) {
            let found = self.local.find_command(session, command).await?;
            // Nothing was before a log that began here.
            if found.is_some() || base == 0 {
                return Ok(found);
            }
        }
        match self
            .tier
            .read(self.tier.shared.find_command(session, command))
            .await
        {
            Answer::Said(said) => said,
            Answer::Silence => {
                let cache = self.cache();
                match cache.find_command(session, command) {
                    Some(found) => Ok(Some(found)),
                    // Not among all there is, or not among what is here.
                    None if cache.read(session, 0, 1).is_some() => Ok(None),
                    None => Err(unknown_here()),
                }
            }
        }
    }

    /// One session's row.
    pub(super) async fn find_session(
        &self,
        session: SessionId,
    ) -> Result<Option<IndexedSession>, BackboneError> {
        if self.kept_range(session).is_some()
            && let Some(found) = self.local.find_session(session).await?
        {
            return Ok(Some(found));
        }
        match self.tier.read(self.tier.shared.find_session(session)).await {
            Answer::Said(Ok(Some(found))) => {
                self.cache().saw_row(&found);
                Ok(Some(found))
            }
            Answer::Said(said) => said,
            Answer::Silence => {
                let known = self.cache().session(session);
                known.map(Some).ok_or_else(unknown_here)
            }
        }
    }

    /// A page of an agency's index.
    pub(super) async fn list(
        &self,
        agency: &AgencyId,
        kind: StandingKind,
        after: Option<IndexCursor>,
        limit: usize,
    ) -> Result<IndexSnapshot, BackboneError> {
        check_limit(limit)?;
        let call = self.tier.shared.list(agency, kind, after, limit);
        let of_tier = match self.tier.read(call).await {
            Answer::Said(Ok(page)) => {
                let mut cache = self.cache();
                page.rows.iter().for_each(|row| cache.saw_row(row));
                drop(cache);
                self.version.fetch_max(page.version, Ordering::Relaxed);
                page
            }
            Answer::Said(Err(error)) => return Err(error),
            Answer::Silence => IndexSnapshot {
                version: 0,
                rows: self.cache().rows(agency, kind, after),
                next: None,
            },
        };
        let of_here = if self.kept().is_empty() {
            Vec::new()
        } else {
            self.local.list(agency, kind, after, limit).await?.rows
        };
        let version = self.version.load(Ordering::Relaxed);
        Ok(self.joined(version, of_tier, of_here, kind, limit))
    }

    /// The tier's rows without those of kept sessions, and those of kept sessions as they stand here.
    fn joined(
        &self,
        version: u64,
        of_tier: IndexSnapshot,
        of_here: Vec<IndexedSession>,
        kind: StandingKind,
        limit: usize,
    ) -> IndexSnapshot {
        // Beyond the tier's page its later rows belong in between.
        let end = of_tier.next.map(|next| (next.rank, next.session));
        let kept = self.kept();
        let mut rows: Vec<_> = of_tier
            .rows
            .into_iter()
            .filter(|row| kept.get(row.session).is_none())
            .collect();
        let here = of_here.into_iter().filter(|row| {
            kept.get(row.session).is_some()
                && row.row.standing.kind() == kind
                && end.is_none_or(|end| place(row) <= end)
        });
        rows.extend(here);
        drop(kept);
        rows.sort_by_key(place);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = if more { rows.last().map(place) } else { end };
        IndexSnapshot {
            version,
            rows,
            next: next.map(|(rank, session)| IndexCursor { rank, session }),
        }
    }

    /// How many sessions stand where. While kept sessions are brought to the tier neither side knows all of them.
    pub(super) async fn tally(&self, agency: &AgencyId) -> Result<Vec<Tally>, BackboneError> {
        let call = self.tier.shared.tally(agency);
        match self.tier.read(call).await {
            Answer::Said(Ok(_)) if !self.kept().is_empty() => Err(unknown_here()),
            Answer::Said(said) => said,
            Answer::Silence => Ok(self.tally_here(agency)),
        }
    }

    fn tally_here(&self, agency: &AgencyId) -> Vec<Tally> {
        let kept = self.kept();
        let cache = self.cache();
        let mut counts: HashMap<(QueueId, StandingKind), u64> = HashMap::new();
        let here = kept.iter().filter(|(_, session)| session.agency == *agency);
        let here = here.map(|(_, session)| (session.queue.clone(), session.standing.kind()));
        let known = [
            StandingKind::Waiting,
            StandingKind::Owned,
            StandingKind::Abandoned,
        ]
        .into_iter()
        .flat_map(|kind| cache.rows(agency, kind, None))
        .filter(|row| kept.get(row.session).is_none())
        .map(|row| (row.row.queue.clone(), row.row.standing.kind()));
        for (queue, kind) in here.chain(known) {
            if kind != StandingKind::Closed {
                *counts.entry((queue, kind)).or_default() += 1;
            }
        }
        let tally = |((queue, kind), count)| Tally { queue, kind, count };
        counts.into_iter().map(tally).collect()
    }

    /// Rings with something that may be lost: at least on this node.
    pub(super) async fn publish(
        &self,
        agency: &AgencyId,
        payload: Bytes,
    ) -> Result<(), BackboneError> {
        if payload.len() > PUBLISH_MAX_BYTES {
            let what = "bytes in a publication";
            return Err(BackboneError::OverBound { what });
        }
        let call = self.tier.shared.publish(agency, payload.clone());
        match self.tier.read(call).await {
            Answer::Said(said) => said,
            Answer::Silence => {
                self.ring(agency, Ring::Published(payload));
                Ok(())
            }
        }
    }
}

fn check_limit(limit: usize) -> Result<(), BackboneError> {
    if limit <= READ_MAX_ROWS {
        Ok(())
    } else {
        let what = "rows in a read";
        Err(BackboneError::OverBound { what })
    }
}
