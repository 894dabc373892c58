//! An agency on this node: its policy, who is signed in, its figures and its list.
//!
//! Owns: what is shared by all sessions of one agency. Must not: touch sessions. Called by: `sessions`, `staff`, `lists`,
//! `colleagues`, `board`, `recovery`.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use arc_swap::ArcSwap;
use callbox_domain::policy::{Material, Policy};
use callbox_domain::queue::{Lane, TurnTaker};
use callbox_domain::triage::Rules;
use callbox_proto::ids::{AgencyId, CommandId, SessionId, StaffId};
use callbox_proto::message::{AgencyInfo, DeskInfo};
use callbox_proto::vocabulary::{Category, Millis, Role};

use super::bus::Around;
use super::colleagues::Colleagues;
use super::figures::{Figures, Move};
use super::fingerprint::fingerprint;
use super::lists::Lists;
use super::lock;
use super::roster::Roster;
use super::suspicion::Judged;

/// Take-next requests remembered, so that one sent again after a cut takes no second session. A console sends it again within
/// seconds; an agency takes a few in a second.
const TAKES_MAX: usize = 1_024;

/// What take-next requests got, oldest first.
#[derive(Debug, Default)]
struct Takes {
    by_id: HashMap<(StaffId, CommandId), SessionId>,
    order: VecDeque<(StaffId, CommandId)>,
}

/// What an agency's residents and people go by, beside its policy.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// What everybody may know about it.
    pub info: AgencyInfo,
    /// What its people's pages go by.
    pub desk: DeskInfo,
}

impl From<AgencyInfo> for Settings {
    fn from(info: AgencyInfo) -> Self {
        let desk = DeskInfo::default();
        Self { info, desk }
    }
}

/// One agency.
#[derive(Debug)]
pub struct Agency {
    id: AgencyId,
    settings: ArcSwap<Settings>,
    policy: ArcSwap<Policy>,
    configured: ArcSwap<BTreeMap<String, String>>,
    /// Held while settings or rules are exchanged, so that neither takes the other's change back.
    changing: Mutex<()>,
    /// Grows with each change of what pages go by.
    edition: AtomicU64,
    turns: Mutex<TurnTaker>,
    takes: Mutex<Takes>,
    changed: AtomicBool,
    /// Who is signed in.
    pub(super) roster: Mutex<Roster>,
    /// What is counted.
    pub(super) figures: Mutex<Figures>,
    /// What lists show.
    pub(super) lists: Mutex<Lists>,
    /// Who can be handed a session.
    pub(super) colleagues: Mutex<Colleagues>,
    /// What is being said of sessions' suspicion, until it is in the log.
    pub(super) judged: Mutex<Judged>,
    /// Its other nodes.
    pub(super) around: Around,
}

impl Agency {
    /// An agency with nobody signed in.
    #[must_use]
    pub fn new(settings: impl Into<Settings>, policy: Policy) -> Self {
        let settings = settings.into();
        Self {
            id: settings.info.agency.clone(),
            configured: ArcSwap::from_pointee(configured(&settings, &policy)),
            settings: ArcSwap::from_pointee(settings),
            policy: ArcSwap::from_pointee(policy),
            changing: Mutex::default(),
            edition: AtomicU64::new(1),
            turns: Mutex::default(),
            takes: Mutex::default(),
            changed: AtomicBool::new(true),
            roster: Mutex::default(),
            figures: Mutex::default(),
            lists: Mutex::default(),
            colleagues: Mutex::default(),
            judged: Mutex::default(),
            around: Around::default(),
        }
    }

    /// The role in which a person is signed in now, here or at another node.
    #[must_use]
    pub fn role_now(&self, staff: &StaffId) -> Option<Role> {
        let here = lock(&self.roster).role(staff);
        here.or_else(|| {
            self.around
                .elsewhere()
                .person(staff)
                .map(|there| there.role)
        })
    }

    /// Its id.
    #[must_use]
    pub const fn id(&self) -> &AgencyId {
        &self.id
    }

    /// What residents and staff go by now.
    #[must_use]
    pub fn settings(&self) -> Arc<Settings> {
        self.settings.load_full()
    }

    /// What its people's pages go by now: the settings, and the reasons of its rules in their languages.
    #[must_use]
    pub fn desk(&self) -> DeskInfo {
        DeskInfo {
            rule_reasons: self.policy().rules().reasons(),
            ..self.settings().desk.clone()
        }
    }

    /// Which edition of what pages go by is in use. Asked before what is told, so that a change in between is told again.
    #[must_use]
    pub fn edition(&self) -> u64 {
        self.edition.load(Ordering::Acquire)
    }

    /// Its queues and rules now.
    #[must_use]
    pub fn policy(&self) -> Arc<Policy> {
        self.policy.load_full()
    }

    /// Exchanges the rules of triage; sessions that are there keep their priority until something new is said. Where their reasons are put
    /// into other words, whoever is connected is told.
    pub fn set_rules(&self, rules: Rules) {
        let _changing = lock(&self.changing);
        let said_otherwise = rules.reasons() != self.policy().rules().reasons();
        let policy = Policy::clone(&self.policy()).with_rules(rules);
        self.put(self.settings(), policy);
        if said_otherwise {
            self.edition.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// Exchanges what pages go by and the policy but for its rules; whoever is connected is told. Sessions that are there keep
    /// their deadline until something new is said. The agency stays the same one.
    pub fn set_settings(&self, settings: Settings, policy: Policy) {
        let _changing = lock(&self.changing);
        let policy = policy.with_rules(self.policy().rules().clone());
        self.put(Arc::new(settings), policy);
        self.edition.fetch_add(1, Ordering::AcqRel);
    }

    fn put(&self, settings: Arc<Settings>, policy: Policy) {
        self.configured
            .store(Arc::new(configured(&settings, &policy)));
        self.settings.store(settings);
        self.policy.store(Arc::new(policy));
        self.mark_changed();
    }

    /// What it is configured with, as fingerprints by what it is: nodes of one cluster should have the same.
    pub(super) fn configured(&self) -> Arc<BTreeMap<String, String>> {
        self.configured.load_full()
    }

    /// Which end of the queue the next take gets (every n-th take goes to the most overdue one outside priority 1).
    pub(super) fn next_lane(&self) -> Lane {
        lock(&self.turns).next_lane()
    }

    /// A take that was promised this lane found nothing: the next one gets it.
    pub(super) fn give_back_lane(&self, lane: Lane) {
        lock(&self.turns).give_back(lane);
    }

    /// The session that this person's take-next with this id got, if it is remembered.
    pub(super) fn taken_with(&self, staff: &StaffId, id: CommandId) -> Option<SessionId> {
        lock(&self.takes).by_id.get(&(staff.clone(), id)).copied()
    }

    /// Remembers what a take-next is about to take.
    pub(super) fn remember_take(&self, staff: &StaffId, id: CommandId, session: SessionId) {
        let mut takes = lock(&self.takes);
        let key = (staff.clone(), id);
        if takes.by_id.insert(key.clone(), session).is_none() {
            takes.order.push_back(key);
        }
        if takes.order.len() > TAKES_MAX
            && let Some(oldest) = takes.order.pop_front()
        {
            takes.by_id.remove(&oldest);
        }
    }

    /// The take came to nothing.
    pub(super) fn forget_take(&self, staff: &StaffId, id: CommandId) {
        let mut takes = lock(&self.takes);
        let key = (staff.clone(), id);
        takes.by_id.remove(&key);
        takes.order.retain(|known| *known != key);
    }

    /// A confirmed change of a session that lists show.
    pub(super) fn moved(&self, session: SessionId, moved: &Move, now_ms: Millis) {
        if moved.before.is_some() || moved.after.is_some() {
            lock(&self.figures).moved(session, moved, now_ms, true);
        }
        self.mark_changed();
    }

    /// The list or the board has to be made again.
    pub(super) fn mark_changed(&self) {
        self.changed.store(true, Ordering::Release);
    }

    /// Whether the list has to be made again; asks once.
    pub(super) fn take_changed(&self) -> bool {
        self.changed.swap(false, Ordering::AcqRel)
    }
}

/// The words are those of `NodeFigures::differs`. What they are made from is the same on nodes of one version only.
fn configured(settings: &Settings, policy: &Policy) -> BTreeMap<String, String> {
    let rules = policy.rules();
    let defaults = Category::ALL.iter().map(|c| rules.category_default(*c));
    let suspicion = (rules.suspicion(), policy.area());
    let defaults = defaults.collect::<Vec<_>>();
    let triage = (rules.version(), defaults, rules.rules(), suspicion);
    let queues = (policy.queues(), policy.queue_for(None));
    let desk = &settings.desk;
    let map = (&desk.map_view, &desk.map_tiles);
    let mut agency = format!("{:?}", (&settings.info, desk.sound_repeat_ms, map));
    for material in Material::ALL {
        if let Some(days) = policy.days(material) {
            agency.push_str(&format!(", {} for {days} days", material.word()));
        }
    }
    let prints = [
        ("agency", agency),
        ("queues", format!("{queues:?}")),
        ("triage", format!("{triage:?}")),
    ];
    let print = |(what, text): (&str, String)| (what.to_owned(), fingerprint(text.as_bytes()));
    prints.into_iter().map(print).collect()
}
