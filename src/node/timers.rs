//! Who is away, and until when that is waited for.
//!
//! Owns: the deadlines of residents and of people without a connection. Must not: act: `tasks` asks what is due. Called by:
//! `residents`, `staff`, `recovery`, `tasks`.

use std::collections::HashMap;
use std::sync::Mutex;

use callbox_proto::ids::{AgencyId, SessionId, StaffId};

use super::lock;

/// The deadlines, by the monotonic clock in ms.
#[derive(Debug, Default)]
pub struct Timers {
    residents: Mutex<HashMap<SessionId, u64>>,
    consoles: Mutex<HashMap<(AgencyId, StaffId), u64>>,
}

impl Timers {
    /// A waiting session's resident is away.
    pub fn resident_is_away(&self, session: SessionId, due_ms: u64) {
        lock(&self.residents).insert(session, due_ms);
    }

    /// … and back.
    pub fn resident_is_back(&self, session: SessionId) {
        lock(&self.residents).remove(&session);
    }

    /// A person's last console is gone.
    pub fn console_is_away(&self, agency: &AgencyId, staff: &StaffId, due_ms: u64) {
        lock(&self.consoles).insert((agency.clone(), staff.clone()), due_ms);
    }

    /// … and one is back.
    pub fn console_is_back(&self, agency: &AgencyId, staff: &StaffId) {
        lock(&self.consoles).remove(&(agency.clone(), staff.clone()));
    }

    /// A resident is away unless that is known already.
    pub fn resident_may_be_away(&self, session: SessionId, due_ms: u64) {
        lock(&self.residents).entry(session).or_insert(due_ms);
    }

    /// Whether a person is waited for.
    pub fn waits_for_console(&self, agency: &AgencyId, staff: &StaffId) -> bool {
        lock(&self.consoles).contains_key(&(agency.clone(), staff.clone()))
    }

    /// Sessions whose resident has been away too long; each is answered once.
    pub fn due_residents(&self, now_ms: u64) -> Vec<SessionId> {
        let mut residents = lock(&self.residents);
        let due = residents.extract_if(|_, due_ms| *due_ms <= now_ms);
        due.map(|(session, _)| session).collect()
    }

    /// People who have been away too long; each is answered once.
    pub fn due_consoles(&self, now_ms: u64) -> Vec<(AgencyId, StaffId)> {
        let mut consoles = lock(&self.consoles);
        let due = consoles.extract_if(|_, due_ms| *due_ms <= now_ms);
        due.map(|(person, _)| person).collect()
    }
}
