//! Hearing: what other nodes say, and what follows here.
//!
//! Owns: acting on messages, noticing that nodes come, restart and fall silent. Must not: decide about sessions: what has to be
//! written goes the way of every command. Called by: `bus` for every message, the tick for silence.

use std::sync::Arc;

use callbox_proto::error::CloseCode;
use callbox_proto::event::Actor;
use callbox_proto::ids::{SessionId, StaffId};
use callbox_proto::message::{RealTimeText, ToResident, ToStaff};
use callbox_proto::vocabulary::Seq;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};

use super::message::{Body, Head, Here, Moved, NodeHere, NodeRef, PersonHere};
use crate::backbone::BackboneError;
use crate::node::agency::Agency;
use crate::node::cell::{Audience, Cell};
use crate::node::cluster::VERSION;
use crate::node::elsewhere::{Hearing, There};
use crate::node::figures::Move;
use crate::node::frame::{Shared, encode};
use crate::node::{Node, lock};

/// A node that says nothing for this long is gone: three of its hellos.
const SILENT_AFTER_MS: u64 = 6_000;
/// How old a connection must be to be surely older than one that another node has just taken, whatever their numbers say: far
/// longer than a message takes.
const SURELY_OLDER_MS: u64 = 2_000;
/// Sessions asked for at once when all are compared with their logs: what is counted on replicas is counted together.
const COMPARED_AT_ONCE: usize = 64;
/// Grace for the people of a node that said good-bye: their consoles were told to connect elsewhere after at most 4 s.
const BYE_GRACE_MS: u64 = 6_000;

impl Node {
    /// Takes in what came over an agency's bus.
    pub(super) fn hear(self: &Arc<Self>, agency: &Arc<Agency>, bytes: &[u8]) {
        let Some(together) = &self.together else {
            return;
        };
        let Some(Head { from, n, .. }) = Head::of(bytes) else {
            metrics::counter!("callbox_bus_messages_foreign_total").increment(1);
            return;
        };
        if from.instance == together.me.instance {
            self.hear_self(agency);
            return;
        }
        let body = Body::of(bytes);
        if from.name == together.me.name && !matches!(body, Body::Bye {}) {
            self.hear_namesake(&from);
        }
        if self.place(agency, &from, n) {
            self.act(agency, &from, body);
        }
    }

    fn hear_self(&self, agency: &Agency) {
        let now_ms = self.clock.monotonic_ms();
        if agency.around.heard_self(now_ms) {
            agency.around.elsewhere().pardon(now_ms);
        }
    }

    fn hear_namesake(&self, from: &NodeRef) {
        use std::sync::atomic::Ordering;
        let Some(together) = &self.together else {
            return;
        };
        if !together.namesake.swap(true, Ordering::Relaxed) {
            tracing::error!(node = %from.name, "another node with the name of this one is running");
        }
    }

    /// Notes that a node spoke; answers whether it may be listened to.
    fn place(self: &Arc<Self>, agency: &Arc<Agency>, from: &NodeRef, n: u64) -> bool {
        let now_ms = self.clock.monotonic_ms();
        let hearing = agency.around.elsewhere().hear(from, n, now_ms);
        match hearing {
            Hearing::InOrder => {}
            Hearing::AfterLoss => {
                metrics::counter!("callbox_bus_gaps_total").increment(1);
                if agency.around.may_ask(now_ms) {
                    let only = Some(from.instance);
                    self.post(agency, Body::WhoIsThere { only });
                }
            }
            Hearing::New => {
                tracing::info!(node = %from.name, "another node is here");
                agency.around.set_accompanied(true);
                let earlier = agency.around.elsewhere().earlier_runs(from);
                for at in earlier {
                    self.node_is_gone(agency, at, BYE_GRACE_MS);
                }
                let only = Some(from.instance);
                self.post(agency, Body::WhoIsThere { only });
                agency.around.tell_everything();
                if let Some(together) = &self.together {
                    together.hurry();
                }
            }
            Hearing::OneTooMany => {
                tracing::error!(node = %from.name, "there are too many nodes; this one is not heard");
                return false;
            }
        }
        true
    }

    fn act(self: &Arc<Self>, agency: &Arc<Agency>, from: &NodeRef, body: Body) {
        let Some(together) = &self.together else {
            return;
        };
        let me = together.me.instance;
        match body {
            Body::Hello { same, here } => {
                self.compare(from, &same);
                if let Some(here) = here {
                    self.hear_node(agency, from, *here);
                }
            }
            Body::WhoIsThere { only } => {
                if only.is_none_or(|only| only == me) {
                    agency.around.tell_everything();
                    together.hurry();
                }
            }
            Body::Bye {} => self.node_is_gone(agency, from.instance, BYE_GRACE_MS),
            Body::Moved { moves } => self.hear_moves(agency, moves),
            Body::Typed { session, by, typed } => {
                self.hear_typing(agency, session, &by, typed);
            }
            Body::Delivered { items } => {
                for (session, up_to) in items {
                    self.hear_delivered(agency, session, up_to);
                }
            }
            Body::Presence { round, last, items } => {
                self.hear_presence(agency, from, round, last, items);
            }
            Body::Roster {
                round,
                last,
                people,
            } => self.hear_people(agency, from, round, last, people),
            Body::Today { day, queues } => {
                let now_ms = self.clock.now_ms();
                lock(&agency.figures).merge_today(day, &queues, now_ms);
            }
            Body::MediaRequest {
                to,
                question,
                session,
                sdp,
                viewer,
            } if to == me => self.hear_offer(agency, from.instance, question, session, sdp, viewer),
            Body::MediaAnswer {
                to,
                question,
                answer,
            } if to == me => together.offers.answered(question, answer),
            Body::DrainRequest {
                to,
                question,
                by,
                within_s,
                per_s,
            } if to == me => {
                let refused = self.drain_for(agency, &by, within_s, per_s).err();
                let to = from.instance;
                let answer = Body::DrainAnswer {
                    to,
                    question,
                    refused,
                };
                self.post(agency, answer);
            }
            Body::DrainAnswer {
                to,
                question,
                refused,
            } if to == me => together.drains.answered(question, refused),
            Body::MediaClose { to, session, peer } if to == me => {
                self.hear_media_close(from.instance, session, peer);
            }
            Body::MediaRequest { .. }
            | Body::MediaAnswer { .. }
            | Body::MediaClose { .. }
            | Body::DrainRequest { .. }
            | Body::DrainAnswer { .. }
            | Body::Unknown => {}
        }
    }

    /// Nodes of one cluster share keys and evidence; one that does not would show half of what is there.
    fn compare(&self, from: &NodeRef, same: &std::collections::BTreeMap<String, String>) {
        let Some(together) = &self.together else {
            return;
        };
        let differs = |(what, ours): (&String, &String)| {
            same.get(what)
                .is_some_and(|theirs| theirs != ours)
                .then(|| what.clone())
        };
        if let Some(what) = together.same.iter().find_map(differs)
            && together.differs.set(what.clone()).is_ok()
        {
            tracing::error!(node = %from.name, what, "another node of this cluster has a different one");
        }
    }

    /// A node tells itself. What it configures otherwise is said once, when it lasts.
    fn hear_node(&self, agency: &Agency, from: &NodeRef, here: NodeHere) {
        let mut differs = Vec::new();
        // Another version may put the same in other words.
        if here.figures.version == VERSION {
            let ours = agency.configured();
            let other = |what: &&String| here.configured.get(*what) != ours.get(*what);
            differs.extend(ours.keys().filter(other).cloned());
        }
        let mut elsewhere = agency.around.elsewhere();
        let lasting = elsewhere.tells_itself(from.instance, here.figures, differs);
        drop(elsewhere);
        for what in lasting {
            tracing::warn!(node = %from.name, agency = %agency.id(), what, "another node configures this agency differently");
        }
    }

    fn hear_moves(&self, agency: &Agency, moves: Vec<Moved>) {
        let now_ms = self.clock.now_ms();
        let mut figures = lock(&agency.figures);
        for moved in moves {
            let change = Move {
                listed: true,
                before: moved.before,
                after: moved.after,
            };
            if change.before.is_some() || change.after.is_some() {
                figures.moved(moved.session, &change, now_ms, false);
            }
        }
        drop(figures);
        agency.mark_changed();
    }

    /// A session in memory that a message on this agency's bus may be about: another agency's is as good as none.
    fn cell_of(&self, agency: &Agency, session: SessionId) -> Option<Arc<Cell>> {
        let cell = self.cells.get(session)?;
        let ours = {
            let inner = cell.lock();
            inner.session.is_none() || inner.is_of(agency.id())
        };
        ours.then_some(cell)
    }

    fn hear_typing(&self, agency: &Agency, session: SessionId, by: &Actor, typed: RealTimeText) {
        let Some(cell) = self.cell_of(agency, session) else {
            return;
        };
        let inner = cell.lock();
        let typist = match by {
            Actor::Staff { staff, .. } => staff.clone(),
            Actor::Resident | Actor::Gateway => None,
        };
        if typist.is_some()
            && let Some(outbox) = &inner.resident
        {
            let message = ToResident::RealTimeText(typed.clone());
            let _missed = outbox.push(encode(outbox.encoding(), &message));
        }
        let mut message = Shared::new(ToStaff::RealTimeText {
            session,
            by: by.clone(),
            typed,
        });
        for follower in &inner.followers {
            let watches = matches!(&follower.audience, Audience::Staff { staff, .. } if Some(staff) != typist.as_ref());
            if watches {
                let _missed = message.send(&follower.outbox);
            }
        }
    }

    fn hear_delivered(&self, agency: &Agency, session: SessionId, up_to: Seq) {
        let Some(cell) = self.cell_of(agency, session) else {
            return;
        };
        let mut inner = cell.lock();
        if up_to > inner.delivered {
            inner.delivered = up_to;
            inner.tell_attention();
        }
    }

    fn hear_presence(
        &self,
        agency: &Arc<Agency>,
        from: &NodeRef,
        round: u64,
        last: bool,
        items: Vec<Here>,
    ) {
        let around = &agency.around;
        for here in items {
            let before = around.of(here.session);
            around.elsewhere().tells_session(from.instance, round, here);
            if here.connected {
                self.timers.resident_is_back(here.session);
            }
            self.presence_changed(agency, from, &here, before);
        }
        if last {
            let lapsed = around.elsewhere().told_all_sessions(from.instance, round);
            for session in lapsed {
                self.presence_lapsed(agency, session);
            }
        }
        agency.mark_changed();
    }

    fn presence_changed(&self, agency: &Arc<Agency>, from: &NodeRef, here: &Here, before: There) {
        let Some(cell) = self.cell_of(agency, here.session) else {
            return;
        };
        if here.connected {
            self.settle_whose_it_is(&cell, from, here);
        }
        let there = agency.around.of(here.session);
        let mut inner = cell.lock();
        inner.resident_delivered = inner.resident_delivered.max(here.delivered);
        inner.resident_seen = inner.resident_seen.max(here.seen);
        if here.fresh && inner.delivered > 0 {
            self.tell_delivered(agency, cell.id, inner.delivered);
        }
        if there != before {
            inner.tell_presence(cell.id, there.resident_at.is_some());
            drop(inner);
            self.tell_live(&cell);
        }
    }

    /// A resident has one connection: the newer one stays.
    fn settle_whose_it_is(&self, cell: &Cell, from: &NodeRef, here: &Here) {
        let Some(together) = &self.together else {
            return;
        };
        let now_ms = self.clock.monotonic_ms();
        let mut inner = cell.lock();
        let theirs_is_newer =
            here.turn > inner.turn || (here.turn == inner.turn && from.name > together.me.name);
        let surely_older = here.fresh && now_ms.saturating_sub(inner.turn_ms) > SURELY_OLDER_MS;
        let yields = theirs_is_newer || surely_older;
        let older = if yields { inner.resident.take() } else { None };
        let contested = !yields && inner.resident.is_some();
        let had_media = yields && here.media && std::mem::take(&mut inner.publishing);
        if yields {
            inner.turn = inner.turn.max(here.turn);
        }
        if let Some(older) = &older {
            let gone = older.connection();
            inner.followers.retain(|f| f.outbox.connection() != gone);
        }
        drop(inner);
        if let Some(older) = older {
            older.close(CloseCode::Replaced);
            self.tell_presence(cell, false);
        }
        if contested {
            self.tell_presence(cell, true);
        }
        if had_media {
            self.end_media_here(cell.id);
            self.tell_presence(cell, false);
        }
    }

    /// Another node no longer has anything of a session.
    fn presence_lapsed(&self, agency: &Agency, session: SessionId) {
        let there = agency.around.of(session);
        if let Some(cell) = self.cell_of(agency, session) {
            let inner = cell.lock();
            inner.tell_presence(session, there.resident_at.is_some());
            drop(inner);
            self.tell_live(&cell);
        }
    }

    fn hear_people(
        &self,
        agency: &Agency,
        from: &NodeRef,
        round: u64,
        last: bool,
        people: Vec<PersonHere>,
    ) {
        let mut roster = lock(&agency.roster);
        for person in &people {
            self.timers.console_is_back(agency.id(), &person.staff);
            roster.adopt(person);
        }
        drop(roster);
        let mut elsewhere = agency.around.elsewhere();
        elsewhere.tells_people(from.instance, round, last, people);
        drop(elsewhere);
        agency.mark_changed();
    }

    /// Nodes from which nothing is heard are gone, unless nothing can be heard at all.
    pub(super) fn look_for_silence(self: &Arc<Self>, agency: &Arc<Agency>) {
        let now_ms = self.clock.monotonic_ms();
        let around = &agency.around;
        let hears = around.hears_since_ms(now_ms);
        if hears.is_none_or(|since| now_ms.saturating_sub(since) < SILENT_AFTER_MS) {
            return;
        }
        let silent = around.elsewhere().silent(now_ms, SILENT_AFTER_MS);
        for at in silent {
            metrics::counter!("callbox_nodes_lost_total").increment(1);
            self.node_is_gone(agency, at, 0);
        }
    }

    /// A node is gone. Its residents are away from now on, and its people have `grace_ms` to be somewhere else.
    fn node_is_gone(self: &Arc<Self>, agency: &Arc<Agency>, at: u64, grace_ms: u64) {
        let around = &agency.around;
        let now_ms = self.clock.monotonic_ms();
        let (name, left) = {
            let mut elsewhere = around.elsewhere();
            let name = elsewhere.name(at).map(str::to_owned);
            let left = elsewhere.forget(at, now_ms);
            around.set_accompanied(elsewhere.count() > 0);
            (name, left)
        };
        let Some(name) = name else { return };
        tracing::info!(node = name, "another node is gone");
        for session in left.sessions {
            self.presence_lapsed(agency, session);
        }
        for staff in left.people {
            self.console_may_be_lost(agency, &staff, now_ms + grace_ms);
        }
        self.end_far_viewers(at);
        agency.mark_changed();
        // It may have written something and died before it rang for it.
        agency.around.want_comparison();
        let (node, agency) = (Arc::clone(self), Arc::clone(agency));
        self.tasks.spawn(async move {
            if let Err(error) = node.wait_for_absent(&agency).await {
                tracing::error!(%error, "who waits could not be listed after a node was lost");
            }
        });
    }

    fn console_may_be_lost(&self, agency: &Agency, staff: &StaffId, due_ms: u64) {
        if !lock(&agency.roster).has(staff) {
            self.timers.console_is_away(agency.id(), staff, due_ms);
        }
    }

    /// Rings were missed: every session here is compared with its log, and everything is told and asked again.
    pub(super) fn rings_were_missed(self: &Arc<Self>, agency: &Arc<Agency>) {
        metrics::counter!("callbox_rings_missed_total").increment(1);
        agency.mark_changed();
        agency.around.tell_everything();
        self.post(agency, Body::WhoIsThere { only: None });
        agency.around.want_recount();
        let (node, agency) = (Arc::clone(self), Arc::clone(agency));
        self.tasks.spawn(async move {
            if let Err(error) = node.compare_with_logs(&agency).await {
                tracing::error!(%error, "sessions could not be compared with their logs");
                // Tried again as if more had been missed.
                agency.around.want_comparison();
            }
        });
    }

    /// Has every session in memory read that is behind its log.
    pub(super) async fn compare_with_logs(
        self: &Arc<Self>,
        agency: &Agency,
    ) -> Result<(), BackboneError> {
        let mut sessions = Vec::new();
        self.cells.for_each(|cell| {
            let inner = cell.lock();
            let ours = inner.session.as_ref().map(|s| &s.agency) == Some(agency.id());
            if ours {
                sessions.push(cell.id);
            }
        });
        let mut found = stream::iter(sessions)
            .map(|session| self.backbone.find_session(session))
            .buffer_unordered(COMPARED_AT_ONCE);
        while let Some(indexed) = found.try_next().await? {
            if let Some(indexed) = indexed {
                self.log_has_grown(indexed.session, indexed.head, &[]);
            }
        }
        Ok(())
    }
}
