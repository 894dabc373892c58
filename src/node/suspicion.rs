//! Suspicion on a node: the sessions of a list are held against the rules, and what comes of it goes into their logs.
//!
//! Owns: which sessions are looked at, when, and by which of several nodes. Must not: say what is suspicious (that is
//! `callbox_domain::suspicion`), or do anything else with the answer: it is told, and nothing follows from it. Called by: `lists`, when a
//! list was made again.
//!
//! It is looked at what the list is made of, beside the way of commands: no report waits for it. Of several nodes the one says it that has
//! the resident's link; where none has, all of them may: what is said already is no new event.

use std::collections::HashMap;
use std::sync::Arc;

use callbox_domain::session::{GatewayCommand, Session};
use callbox_domain::suspicion::Reports;
use callbox_proto::ids::SessionId;
use callbox_proto::vocabulary::Suspicion;

use super::Node;
use super::agency::Agency;
use super::index;
use super::lock;
use super::pending::Wish;
use crate::backbone::StandingKind;

/// Finished sessions that are looked at as well, the newest ones: whoever opens many may have had some closed. As many as an agency finishes in
/// a busy quarter of an hour; more would be read with every new session.
const CLOSED_MAX: usize = 100;

/// What is said and not in the index yet, so that it is not said again with every list, and which sessions were looked at.
#[derive(Debug, Default)]
pub struct Judged {
    /// By session; `None` for one that nothing was said of.
    said: HashMap<SessionId, Option<Suspicion>>,
}

impl Node {
    /// Holds the sessions of a list against the agency's rules.
    pub(super) async fn judge(
        self: &Arc<Self>,
        agency: &Arc<Agency>,
        sessions: &[(SessionId, Session)],
    ) {
        let policy = agency.policy();
        let rules = policy.rules();
        if rules.suspicion().is_empty() {
            return;
        }
        let looks_back = rules.suspicion().iter().any(|rule| rule.opened.is_some());
        let someone_new = self.remember(agency, sessions);
        let closed = match looks_back && someone_new {
            true => self.closed_lately(agency).await,
            false => Vec::new(),
        };
        let all = sessions.iter().chain(&closed);
        let all = all
            .filter_map(|(id, session)| session.report(*id))
            .collect();
        let reports = Reports::new(rules.suspicion(), policy.area(), all);
        for (id, session) in sessions {
            let before = session.suspicion.clone().unwrap_or_default();
            let Some(report) = session.report(*id) else {
                continue;
            };
            let now = reports.judge(&report, &before);
            if now != before && self.speaks_for(agency, *id) && is_news(agency, *id, &now) {
                self.say(agency, *id, now, rules.version().to_owned());
            }
        }
    }

    /// Whether one of them was not looked at before; those that are no longer there are forgotten.
    fn remember(&self, agency: &Agency, sessions: &[(SessionId, Session)]) -> bool {
        let mut judged = lock(&agency.judged);
        let before = std::mem::take(&mut judged.said);
        let mut someone_new = false;
        for (id, _) in sessions {
            let said = before.get(id);
            someone_new |= said.is_none();
            judged.said.insert(*id, said.cloned().flatten());
        }
        someone_new
    }

    async fn closed_lately(&self, agency: &Agency) -> Vec<(SessionId, Session)> {
        let newest = self
            .backbone
            .list(agency.id(), StandingKind::Closed, None, CLOSED_MAX)
            .await;
        match newest {
            Ok(page) => (page.rows.iter())
                .filter_map(|indexed| Some((indexed.session, index::session(&indexed.row)?)))
                .collect(),
            Err(error) => {
                tracing::warn!(%error, "finished sessions could not be read: suspicion is judged without them");
                Vec::new()
            }
        }
    }

    /// Whether this node says it: the one with the resident's link, or any where none has it.
    fn speaks_for(&self, agency: &Agency, session: SessionId) -> bool {
        let here = self
            .cells
            .get(session)
            .is_some_and(|cell| cell.lock().resident.is_some());
        here || !agency.around.has_resident(session)
    }

    fn say(
        self: &Arc<Self>,
        agency: &Arc<Agency>,
        session: SessionId,
        suspicion: Suspicion,
        version: String,
    ) {
        let (node, agency) = (Arc::clone(self), Arc::clone(agency));
        self.tasks.spawn(async move {
            let number = suspicion.number;
            let command = GatewayCommand::Judged { suspicion, version };
            let said = match node.session(session).await {
                Ok(cell) if cell.lock().is_closed() => return,
                Ok(cell) => {
                    let wish = Wish::Gateway(Box::new(command));
                    let said = node.ask(&cell, node.random.command_id(), wish).await;
                    said.map_err(|refusal| refusal.code)
                }
                Err(code) => Err(code),
            };
            match said {
                Ok(_) => tracing::debug!(%session, number, "suspicion was judged"),
                Err(code) => {
                    tracing::warn!(%session, ?code, "suspicion could not be noted; it is tried again with the next list");
                    lock(&agency.judged).said.insert(session, None);
                }
            }
        });
    }
}

/// Whether it was not said already, and is on its way. Remembers it.
fn is_news(agency: &Agency, session: SessionId, now: &Suspicion) -> bool {
    let mut judged = lock(&agency.judged);
    let said = judged.said.entry(session).or_default();
    let news = said.as_ref() != Some(now);
    *said = Some(now.clone());
    news
}
