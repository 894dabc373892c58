//! Crossing: a session as the log has it, when the log knows more than this node.
//!
//! Owns: reading a session back when its state is not known or not as decided, and showing the entries that others have
//! appended: read, apply, show, then their effects. Must not: decide. Called by: `sessions` (outcomes that are not as
//! decided), the bell (`bus`), and whoever needs a session's state.
//!
//! There is one way for all of it. A session that is behind is `stale`: commands are parked, nothing of it is on its way, and
//! what is missing is read from the log under the numbers it has there. So entries of other nodes are shown in their order, once,
//! whatever becomes of the bell that told of them.

use std::sync::Arc;
use std::time::Duration;

use callbox_domain::session::{GatewayCommand, Session};
use callbox_proto::error::ErrorCode;
use callbox_proto::event::{Actor, Event, Stored};
use callbox_proto::ids::{CommandId, SessionId};
use callbox_proto::vocabulary::{Seq, Standing};

use super::Node;
use super::cell::{Cell, Inner};
use super::index;
use super::pending::{Pending, Wish};
use super::sessions::public;
use crate::backbone::{BackboneError, Record};

/// Records read at once when a session is read back.
const REPLAY_PAGE_RECORDS: usize = 500;
/// Entries shown one by one when the whole state is read anew. More than that is fed to followers from the log instead, a page at
/// a time as they read.
const SHOWN_MAX_ENTRIES: u64 = 2_000;
/// Pause before entries of others are read again after the log did not answer.
const AGAIN_AFTER: Duration = Duration::from_secs(1);
/// The same for one with a record that cannot be read: somebody has to repair it, and the log has a line each time.
const REPAIRED_AFTER: Duration = Duration::from_secs(30);

/// Entries in their order, each with its place and cause.
#[derive(Default)]
struct Crossed {
    places: Vec<(Seq, CommandId)>,
    entries: Vec<Stored>,
}

/// What was known of a session when a reading of its log began.
#[derive(Clone, Copy)]
struct Known {
    shown: Seq,
    /// The head as far as anybody had told.
    told: Seq,
    rewinds: u64,
}

impl Known {
    const fn of(inner: &Inner) -> Self {
        Self {
            shown: inner.durable,
            told: inner.known,
            rewinds: inner.rewinds,
        }
    }
}

impl Node {
    /// The log of a session has grown up to `head`, by whomever; by these records, where they are known.
    pub(super) fn log_has_grown(
        self: &Arc<Self>,
        session: SessionId,
        head: Seq,
        records: &[Record],
    ) {
        if records.iter().any(index::tells_of_deleted_words) {
            self.backbone.forget(session);
        }
        let Some(cell) = self.cells.get(session) else {
            return;
        };
        let mut inner = cell.lock();
        inner.known = inner.known.max(head);
        match inner.next_in(session, records) {
            Some(next) => self.take_in(&cell, inner, &next),
            None => self.cross_if_behind(&cell, &mut inner),
        }
    }

    /// Has entries of others read, as soon as nothing of ours is on its way: until then it cannot be told whose they are.
    pub(super) fn cross_if_behind(self: &Arc<Self>, cell: &Arc<Cell>, inner: &mut Inner) {
        if inner.is_behind() && inner.in_flight == 0 {
            inner.stale = true;
        }
        self.load_if_quiet(cell, inner);
    }

    pub(super) fn load_if_quiet(self: &Arc<Self>, cell: &Arc<Cell>, inner: &mut Inner) {
        let wanted = !inner.parked.is_empty() || inner.is_behind() || inner.reload;
        if inner.stale && inner.in_flight == 0 && !inner.loading && wanted {
            inner.loading = true;
            let (node, cell) = (Arc::clone(self), Arc::clone(cell));
            self.tasks.spawn(async move { node.load(&cell).await });
        }
    }

    async fn load(self: &Arc<Self>, cell: &Arc<Cell>) {
        let read = self.catch_up(cell).await;
        let mut inner = cell.lock();
        inner.loading = false;
        let read = match read {
            Err(BackboneError::Failed { .. }) if Self::opens_alone(&mut inner) => Ok(false),
            read => read,
        };
        match read {
            Ok(_) => {
                // The log has grown meanwhile: read on. Or something is on its way again: its outcome has the state read.
                if inner.stale {
                    self.load_if_quiet(cell, &mut inner);
                    return;
                }
                let mut parked: Vec<_> = std::mem::take(&mut inner.parked).into();
                parked.sort_by_key(|pending| pending.arrived);
                for pending in parked {
                    self.decide(cell, &mut inner, pending);
                }
                self.cross_if_behind(cell, &mut inner);
            }
            Err(error) => {
                tracing::error!(%error, session = %cell.id, "a session could not be read back");
                for pending in std::mem::take(&mut inner.parked) {
                    pending.reply.refused(pending.id, public(&error).into());
                }
                if inner.is_behind() || inner.reload {
                    let after = match error.is_of_a_record() {
                        true => REPAIRED_AFTER,
                        false => AGAIN_AFTER,
                    };
                    self.load_later(cell, after);
                }
            }
        }
    }

    /// A session that nobody here knows can be opened although the log cannot be read: should it be there, the append says so,
    /// now or when what is kept is brought to the shared tier.
    fn opens_alone(inner: &mut Inner) -> bool {
        let opens =
            |pending: &Pending| matches!(pending.wish, Wish::Open { .. } | Wish::MakeLink { .. });
        let unread = inner.durable == 0 && inner.in_flight == 0;
        let alone = unread && inner.parked.iter().any(opens);
        if alone {
            inner.session = None;
            inner.stale = false;
            inner.diverged = false;
        }
        alone
    }

    /// Followers wait for entries that are in the log: reading them is tried until it works or nobody is left.
    fn load_later(self: &Arc<Self>, cell: &Arc<Cell>, after: Duration) {
        let (node, cell, stop) = (Arc::clone(self), Arc::clone(cell), self.stop.clone());
        self.tasks.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(after) => {}
            }
            node.load_if_quiet(&cell, &mut cell.lock());
        });
    }

    /// Has the state of a session read, if it is not known; answers whether there is such a session.
    ///
    /// # Errors
    /// The public code when the store does not answer.
    pub async fn ensure_loaded(self: &Arc<Self>, cell: &Arc<Cell>) -> Result<bool, ErrorCode> {
        {
            // Another node may have opened it since it was not found.
            let mut inner = cell.lock();
            inner.stale |= inner.session.is_none();
        }
        self.catch_up(cell).await.map_err(|error| {
            if error.is_of_a_record() {
                tracing::error!(%error, "a session cannot be read back");
            }
            public(&error)
        })
    }

    /// Brings a stale session to the end of its log and shows what is new here; answers whether there is such a session. Left as
    /// it is while something of it is on its way: the outcome says more.
    async fn catch_up(self: &Arc<Self>, cell: &Arc<Cell>) -> Result<bool, BackboneError> {
        loop {
            let (from, whole) = {
                let inner = cell.lock();
                if !inner.stale || inner.in_flight > 0 {
                    return Ok(inner.session.is_some());
                }
                (Known::of(&inner), inner.is_as_shown())
            };
            if whole {
                let page = self
                    .backbone
                    .read(cell.id, from.shown, REPLAY_PAGE_RECORDS)
                    .await?;
                let crossed = Crossed::of(cell.id, &page)?;
                self.go_on(cell, from, &crossed);
            } else {
                let session = self.read_back(cell.id).await?;
                let head = session.as_ref().map_or(0, |s| s.head);
                let crossed = self.missed(cell.id, from.shown, head).await?;
                self.start_anew(cell, from, session, &crossed);
            }
        }
    }

    /// A session's state as the log has it; `None` if there is no such session.
    pub(super) async fn read_back(&self, id: SessionId) -> Result<Option<Session>, BackboneError> {
        let Some(indexed) = self.backbone.find_session(id).await? else {
            return Ok(None);
        };
        let mut session = index::session(&indexed.row);
        loop {
            let after = session.as_ref().map_or(0, |s| s.head);
            let page = self.backbone.read(id, after, REPLAY_PAGE_RECORDS).await?;
            if page.is_empty() {
                return Ok(session);
            }
            for record in page {
                let entry = index::entry(id, &record)?;
                match &mut session {
                    Some(session) => session.apply(record.seq, &entry),
                    none => *none = Session::begin(&entry),
                }
            }
        }
    }

    /// The entries from after `shown` to `head`; none for a session that was not shown here yet, or where they are too many.
    async fn missed(&self, id: SessionId, shown: Seq, head: Seq) -> Result<Crossed, BackboneError> {
        let mut crossed = Crossed::default();
        if shown == 0 || head.saturating_sub(shown) > SHOWN_MAX_ENTRIES {
            return Ok(crossed);
        }
        loop {
            let after = crossed.places.last().map_or(shown, |(seq, _)| *seq);
            if after >= head {
                return Ok(crossed);
            }
            let page = self.backbone.read(id, after, REPLAY_PAGE_RECORDS).await?;
            if page.is_empty() {
                return Ok(crossed);
            }
            let up_to_head = page.partition_point(|record| record.seq <= head);
            crossed.add(id, &page[..up_to_head])?;
        }
    }

    /// Applies and shows a page that was read and follows what is shown.
    fn go_on(self: &Arc<Self>, cell: &Arc<Cell>, from: Known, page: &Crossed) {
        let mut inner = cell.lock();
        if !inner.may_take_over(from) {
            return;
        }
        if page.entries.is_empty() {
            inner.has_read_to_the_end(from);
        }
        self.take_in(cell, inner, page);
    }

    /// Applies and shows what follows what is shown.
    fn take_in(
        self: &Arc<Self>,
        cell: &Arc<Cell>,
        mut inner: std::sync::MutexGuard<'_, Inner>,
        next: &Crossed,
    ) {
        if let Some(session) = &mut inner.session {
            for ((seq, _), entry) in next.places.iter().zip(&next.entries) {
                session.apply(*seq, entry);
            }
        }
        inner.show_crossed(cell.id, next, self.backbone.kept_after(cell.id));
        inner.since_snapshot += next.entries.len() as u32;
        inner.stale = inner.is_behind();
        self.after_crossing(cell, inner, next);
    }

    /// Takes over a state that was read anew, and shows what had not been shown.
    fn start_anew(
        self: &Arc<Self>,
        cell: &Arc<Cell>,
        from: Known,
        session: Option<Session>,
        crossed: &Crossed,
    ) {
        let mut inner = cell.lock();
        if !inner.may_take_over(from) {
            return;
        }
        let (shown, kept_after) = (from.shown, self.backbone.kept_after(cell.id));
        let head = session.as_ref().map_or(0, |s| s.head);
        let seen = session.as_ref().map_or(0, |s| s.seen);
        // What is shown is shown as the state by now has it given.
        inner.session = session;
        inner.show_crossed(cell.id, crossed, kept_after);
        let skipped = shown > 0 && head > inner.durable;
        inner.durable = inner.durable.max(head);
        inner.seen = inner.seen.max(seen);
        inner.feed_those_behind();
        inner.since_snapshot = 0;
        inner.diverged = false;
        inner.has_read_to_the_end(from);
        inner.stale = inner.is_behind();
        if std::mem::take(&mut inner.reload) {
            self.after_reload(cell, &mut inner);
        }
        if skipped {
            self.effects_of_state(cell, &inner);
        }
        self.after_crossing(cell, inner, crossed);
    }

    /// What entries of others mean here, beside being shown.
    fn after_crossing(
        self: &Arc<Self>,
        cell: &Arc<Cell>,
        mut inner: std::sync::MutexGuard<'_, Inner>,
        crossed: &Crossed,
    ) {
        let entries = crossed.entries.as_slice();
        if entries.is_empty() {
            return;
        }
        inner.note_seen(entries);
        let places = crossed.places.iter().map(|(seq, _)| *seq);
        inner.drop_former_owners(places.zip(entries));
        // Somebody took this node's resident for gone: it is here.
        let abandoned = inner.session.as_ref().map(|s| s.standing) == Some(Standing::Abandoned);
        let by_gateway =
            |entry: &Stored| entry.by == Actor::Gateway && entry.event == Event::Abandoned;
        let mistaken =
            abandoned && inner.resident.is_some() && entries.last().is_some_and(by_gateway);
        let agency = inner.session.as_ref().and_then(|s| self.agency(&s.agency));
        drop(inner);
        metrics::counter!("callbox_entries_crossed_total").increment(entries.len() as u64);
        if let Some(agency) = agency {
            agency.mark_changed();
        }
        self.effects(cell, entries);
        if mistaken {
            self.note(cell, GatewayCommand::ResidentBack);
        }
    }
}

impl Inner {
    /// Whether the log has entries that were not shown here. A session that was not read yet is not behind: it has no readers.
    const fn is_behind(&self) -> bool {
        self.durable > 0 && self.known > self.durable
    }

    /// Whether the state is exactly what was shown, so that it can go on from there.
    fn is_as_shown(&self) -> bool {
        let at = self.session.as_ref().map(|s| s.head);
        !self.diverged && at == Some(self.durable)
    }

    /// Whether what was read from after `shown` is still what is missing. Should it be outdated already, the next append is a
    /// conflict and it is read again.
    /// Nor is it once entries have got other numbers.
    const fn may_take_over(&self, from: Known) -> bool {
        self.stale
            && self.in_flight == 0
            && self.durable == from.shown
            && self.rewinds == from.rewinds
    }

    /// The log has no more than what is shown now, unless somebody has told of more since the reading began. What was told before
    /// may be gone: a conflict names entries that a failover can take back.
    const fn has_read_to_the_end(&mut self, from: Known) {
        if self.known == from.told {
            self.known = self.durable;
        }
    }

    fn show_crossed(&mut self, session: SessionId, crossed: &Crossed, kept_after: Option<Seq>) {
        for ((seq, command), entry) in crossed.places.iter().zip(&crossed.entries) {
            let kept = kept_after.is_some_and(|after| *seq > after);
            let given = self.given_instead(*seq, entry);
            let given = std::slice::from_ref(given.as_ref().unwrap_or(entry));
            self.show(session, *seq, *command, given, kept);
        }
    }

    /// Of the records that came with a ring those that follow what is shown, if they are the next ones and nothing is under way
    /// that may change what they follow. Otherwise the log is read, which also tells what is wrong with them.
    fn next_in(&self, session: SessionId, records: &[Record]) -> Option<Crossed> {
        // What is kept here has numbers that others' records may have as well.
        let moves = self.stale || self.loading || self.in_flight > 0 || self.shown_kept.is_some();
        if moves || !self.is_as_shown() {
            return None;
        }
        let new = records.partition_point(|record| record.seq <= self.durable);
        let next = records.get(new..).filter(|next| {
            next.first()
                .is_some_and(|first| first.seq == self.durable + 1)
        })?;
        Crossed::of(session, next).ok()
    }
}

impl Crossed {
    fn of(session: SessionId, page: &[Record]) -> Result<Self, BackboneError> {
        let mut crossed = Self::default();
        crossed.add(session, page)?;
        Ok(crossed)
    }

    fn add(&mut self, session: SessionId, page: &[Record]) -> Result<(), BackboneError> {
        for record in page {
            self.entries.push(index::entry(session, record)?);
            self.places.push((record.seq, record.command));
        }
        Ok(())
    }
}
