//! Lists: the sessions that wait, are owned or were abandoned, as staff see them, and residents' places in the queue.
//!
//! Owns: making the list from the backbone's index a few times a second when something changed, and telling only what changed.
//! Must not: keep a second truth: the rows come from the log's index. Called by: `tasks` (the tick), `staff` (a new console).

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use callbox_domain::session::Session;
use callbox_proto::bounds::LIST_MAX_ROWS;
use callbox_proto::ids::{QueueId, SessionId, StaffId};
use callbox_proto::message::{SessionRow, ToResident, ToStaff};
use callbox_proto::vocabulary::{Role, Standing};

use super::Node;
use super::agency::Agency;
use super::frame::{Shared, tell};
use super::index;
use super::lock;
use super::told::Told;
use crate::backbone::{BackboneError, StandingKind};

/// Who receives lists.
pub const LIST_ROLES: &[Role] = &[Role::Telecommunicator, Role::Supervisor, Role::Auditor];

/// The list as last told.
#[derive(Debug, Default)]
pub struct Lists {
    /// 0 until the index was read once: an empty list would say that nobody waits.
    version: u64,
    rows: BTreeMap<SessionId, SessionRow>,
    waiting: u64,
    owned: u64,
    abandoned: u64,
    /// Whether it was made without the other nodes.
    island: bool,
    /// Consoles that have the list at `version`.
    told: Told,
    places: HashMap<SessionId, (u32, u64, bool)>,
}

impl Node {
    /// Makes the list again if something changed, and tells it to those who may see it.
    pub(super) async fn refresh_lists(self: &Arc<Self>, agency: &Arc<Agency>) {
        let island = self.is_island();
        // Before, so that the mark is taken in any case.
        let changed = agency.take_changed();
        if changed || lock(&agency.lists).island != island {
            match self.read_sessions(agency).await {
                Ok(sessions) => {
                    let row = |(id, session): &(SessionId, Session)| {
                        self.overlay(agency, session.row(*id, false))
                    };
                    self.change_lists(agency, sessions.iter().map(row).collect(), island);
                    self.judge(agency, &sessions).await;
                }
                Err(error) => {
                    tracing::error!(%error, "the list of sessions could not be read");
                    agency.mark_changed();
                }
            }
        }
        tell_newcomers(agency);
    }

    async fn read_sessions(
        &self,
        agency: &Agency,
    ) -> Result<Vec<(SessionId, Session)>, BackboneError> {
        let mut sessions = Vec::new();
        let kinds = [
            StandingKind::Waiting,
            StandingKind::Owned,
            StandingKind::Abandoned,
        ];
        for kind in kinds {
            let page = self
                .backbone
                .list(agency.id(), kind, None, LIST_MAX_ROWS)
                .await?;
            for indexed in page.rows {
                let Some(session) = index::session(&indexed.row) else {
                    continue;
                };
                sessions.push((indexed.session, session));
            }
        }
        Ok(sessions)
    }

    /// What the index does not know of a session: its resident's link, and messages since the row was written.
    fn overlay(&self, agency: &Agency, mut row: SessionRow) -> SessionRow {
        if agency.around.is_accompanied() {
            let there = agency.around.of(row.session);
            row.connected = there.resident_at.is_some();
            if row.standing != Standing::Owned {
                row.messages = row.messages.max(there.messages);
            }
        }
        if let Some(cell) = self.cells.get(row.session) {
            let inner = cell.lock();
            row.connected |= inner.resident.is_some();
            let unowned = row.standing != Standing::Owned;
            let durable = |s: &&Session| unowned && s.head <= inner.durable;
            if let Some(session) = inner.session.as_ref().filter(durable) {
                row.messages = session.messages;
            }
        }
        row
    }

    fn change_lists(&self, agency: &Agency, rows: Vec<SessionRow>, island: bool) {
        let mut owned_by: HashMap<StaffId, u32> = HashMap::new();
        for owner in rows.iter().filter_map(|row| row.owner.clone()) {
            *owned_by.entry(owner).or_default() += 1;
        }
        let (waiting, (owned, abandoned)) = {
            let figures = lock(&agency.figures);
            (figures.waiting(), figures.owned_and_abandoned())
        };
        let roster = {
            let mut roster = lock(&agency.roster);
            roster.set_owned(owned_by);
            roster.consoles(LIST_ROLES).cloned().collect::<Vec<_>>()
        };
        self.tell_places(agency, &rows);
        let mut lists = lock(&agency.lists);
        let now: BTreeMap<_, _> = rows.into_iter().map(|row| (row.session, row)).collect();
        let changed: Vec<_> = now
            .values()
            .filter(|row| lists.rows.get(&row.session) != Some(row))
            .cloned()
            .collect();
        let gone: Vec<_> = lists
            .rows
            .keys()
            .filter(|id| !now.contains_key(id))
            .copied()
            .collect();
        let besides = (waiting, owned, abandoned, island);
        if lists.version > 0
            && changed.is_empty()
            && gone.is_empty()
            && besides == (lists.waiting, lists.owned, lists.abandoned, lists.island)
        {
            return;
        }
        let prev = lists.version;
        lists.version += 1;
        lists.rows = now;
        (lists.waiting, lists.owned, lists.abandoned, lists.island) = besides;
        let mut message = Shared::new(ToStaff::SessionsChanged {
            prev,
            version: lists.version,
            changed,
            gone,
            waiting,
            owned,
            abandoned,
            island,
        });
        for outbox in roster {
            // Too slow for the change: the whole list comes when there is room.
            if lists.told.has(&outbox) && message.send(&outbox).is_err() {
                lists.told.forget(&outbox);
            }
        }
    }

    fn tell_places(&self, agency: &Agency, rows: &[SessionRow]) {
        let mut by_queue: HashMap<&QueueId, u32> = HashMap::new();
        let mut waiting: Vec<_> = rows
            .iter()
            .filter(|row| row.standing == Standing::Waiting)
            .collect();
        waiting.sort_by_key(|row| (row.rank, row.session));
        let staffed: HashMap<QueueId, bool> = {
            let roster = lock(&agency.roster);
            let elsewhere = agency.around.elsewhere();
            let policy = agency.policy();
            let queues = policy.queues().iter();
            queues
                .map(|q| (q.queue.clone(), roster.is_served(&q.queue, &elsewhere)))
                .collect()
        };
        let totals: HashMap<QueueId, u64> = {
            let figures = lock(&agency.figures);
            staffed
                .keys()
                .map(|q| (q.clone(), figures.waiting_in(q)))
                .collect()
        };
        let mut told = HashMap::with_capacity(waiting.len());
        let before = std::mem::take(&mut lock(&agency.lists).places);
        for row in waiting {
            let place = by_queue.entry(&row.queue).or_default();
            *place += 1;
            let total = totals.get(&row.queue).copied().unwrap_or(0);
            let served = staffed.get(&row.queue).copied().unwrap_or(false);
            let now = (*place, total, served);
            if before.get(&row.session) != Some(&now) {
                self.tell_place(row, now);
            }
            told.insert(row.session, now);
        }
        lock(&agency.lists).places = told;
    }

    fn tell_place(&self, row: &SessionRow, (place, waiting, staffed): (u32, u64, bool)) {
        let Some(cell) = self.cells.get(row.session) else {
            return;
        };
        let resident = cell.lock().resident.clone();
        if let Some(outbox) = resident {
            let message = ToResident::QueuePlace {
                place,
                waiting: u32::try_from(waiting).unwrap_or(u32::MAX),
                counted: LIST_MAX_ROWS as u32,
                staffed,
                deadline_ms: row.deadline_ms,
            };
            tell(&outbox, &message);
        }
    }
}

impl Lists {
    /// The place in the queue is told again to this session's next connection.
    pub fn forget_place(&mut self, session: SessionId) {
        self.places.remove(&session);
    }
}

/// Gives the whole list to consoles that do not have it.
fn tell_newcomers(agency: &Agency) {
    let here: Vec<_> = lock(&agency.roster).consoles(LIST_ROLES).cloned().collect();
    let mut lists = lock(&agency.lists);
    if lists.version == 0 {
        return;
    }
    let mut told = std::mem::take(&mut lists.told);
    told.tell(&here, || lists.whole());
    lists.told = told;
}

impl Lists {
    fn whole(&self) -> ToStaff {
        let mut rows: Vec<_> = self.rows.values().cloned().collect();
        rows.sort_by_key(|row| (row.standing, row.rank, row.session));
        ToStaff::Sessions {
            version: self.version,
            rows,
            waiting: self.waiting,
            owned: self.owned,
            abandoned: self.abandoned,
            island: self.island,
        }
    }
}
