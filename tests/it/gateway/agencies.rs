//! Two agencies on one node: what belongs to one does not exist for the other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use callbox::backbone::Backbone;
use callbox::backbone::embedded::{Embedded, Options};
use callbox::clock::{Clock, SystemClock};
use callbox::node::agency::Agency;
use callbox::node::outbox::Outbox;
use callbox::node::pending::Wish;
use callbox::node::{Node, NodeLimits, Person, Random};
use callbox_domain::policy::Policy;
use callbox_domain::triage::Rules;
use callbox_proto::codec::Encoding;
use callbox_proto::command::StaffCommand;
use callbox_proto::error::ErrorCode;
use callbox_proto::ids::{AgencyId, ConnectionId, ResidentId, SessionId};
use callbox_proto::message::{AgencyInfo, QueueInfo, ToStaff};
use callbox_proto::vocabulary::{Category, Disposition, Role};
use tempfile::TempDir;

use super::harness::{fresh, opening, soon};

/// A node that serves two agencies with the same queues and the same names of people.
struct TwoAgencies {
    node: Arc<Node>,
    backbone: Arc<Embedded>,
    _folder: TempDir,
}

/// A person at a console of one of them.
struct AtConsole {
    person: Person,
    outbox: Arc<Outbox>,
}

impl TwoAgencies {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let options = Options::default();
        let backbone = Embedded::open(folder.path(), &options, Arc::clone(&clock)).unwrap();
        let backbone = Arc::new(backbone);
        let node = Node::start(
            Arc::clone(&backbone) as Arc<dyn Backbone>,
            clock,
            Random::from_seed(1),
            NodeLimits::default(),
            vec![agency("east.example"), agency("west.example")],
        );
        Self {
            node: node.await.unwrap(),
            backbone,
            _folder: folder,
        }
    }

    async fn open(&self, agency: &str, words: &str) -> SessionId {
        let agency: AgencyId = agency.parse().unwrap();
        let resident = ResidentId::from_u128(fresh().as_u128()).unwrap();
        let report = opening(Category::Other, words);
        let opened = self.node.open(agency, resident, fresh(), report).await;
        opened.unwrap().0.id
    }

    fn console(&self, agency: &str, role: Role) -> AtConsole {
        let person = Person {
            agency: self.node.agency(&agency.parse().unwrap()).unwrap(),
            staff: "tina".parse().unwrap(),
            name: "Tina".to_owned(),
            role,
        };
        let connection = ConnectionId::from_u128(fresh().as_u128()).unwrap();
        let outbox = Arc::new(Outbox::new(connection, Encoding::Json, 1 << 20, 0));
        self.node.sign_in(&person, &outbox);
        let queues = vec!["emergency".parse().unwrap()];
        self.node.register(&person, connection, queues).unwrap();
        AtConsole { person, outbox }
    }

    async fn stop(self) {
        self.node.stop();
        self.backbone.close().await;
    }
}

impl AtConsole {
    async fn next(&self) -> Vec<ToStaff> {
        soon(self.outbox.ready()).await;
        let frames = self.outbox.take(0).frames;
        frames
            .iter()
            .map(|frame| serde_json::from_slice(frame).unwrap())
            .collect()
    }

    /// Waits until the list has so many sessions, whatever it began with, and says which.
    async fn list(&self, count: usize) -> BTreeSet<SessionId> {
        let mut listed = BTreeSet::new();
        while listed.len() != count {
            for message in self.next().await {
                match message {
                    ToStaff::Sessions { rows, .. } => {
                        listed = rows.iter().map(|row| row.session).collect();
                    }
                    ToStaff::SessionsChanged { changed, gone, .. } => {
                        listed.extend(changed.iter().map(|row| row.session));
                        listed.retain(|session| !gone.contains(session));
                    }
                    _ => {}
                }
            }
        }
        listed
    }

    async fn take_next(&self, node: &Arc<Node>) -> Result<SessionId, ErrorCode> {
        node.take_next(&self.person, fresh(), &self.outbox, true)
            .await;
        loop {
            for message in self.next().await {
                match message {
                    ToStaff::Receipt { session, .. } => return Ok(session),
                    ToStaff::Error(error) => return Err(error.code),
                    _ => {}
                }
            }
        }
    }
}

#[tokio::test]
async fn staff_of_one_agency_find_nothing_of_the_other() {
    let two = TwoAgencies::start().await;
    let session = two.open("east.example", "A dog barks").await;
    for role in [Role::Telecommunicator, Role::Supervisor, Role::Auditor] {
        let west = two.console("west.example", role);
        let found = two.node.agency_session(&west.person, session).await;
        let never = two
            .node
            .agency_session(&west.person, SessionId::from_u128(7).unwrap())
            .await;
        assert_eq!(found.map(drop), Err(ErrorCode::NoSuchSession), "{role:?}");
        assert_eq!(
            never.map(drop),
            Err(ErrorCode::NoSuchSession),
            "both look the same"
        );
    }
    let east = two.console("east.example", Role::Telecommunicator);
    assert!(two.node.agency_session(&east.person, session).await.is_ok());
    two.stop().await;
}

#[tokio::test]
async fn each_agency_lists_and_takes_its_own_sessions_only() {
    let two = TwoAgencies::start().await;
    let eastern = two.open("east.example", "A dog barks").await;
    let western = two.open("west.example", "A cat as well").await;
    let east = two.console("east.example", Role::Telecommunicator);
    let west = two.console("west.example", Role::Telecommunicator);
    assert_eq!(east.list(1).await, BTreeSet::from([eastern]));
    assert_eq!(west.list(1).await, BTreeSet::from([western]));
    assert_eq!(west.take_next(&two.node).await, Ok(western));
    assert_eq!(
        west.take_next(&two.node).await,
        Err(ErrorCode::NothingWaits)
    );
    assert_eq!(east.take_next(&two.node).await, Ok(eastern));
    two.stop().await;
}

/// More than a list shows of one standing.
const FLOOD: usize = 520;

#[tokio::test]
async fn a_flood_of_one_agency_s_sessions_leaves_the_lists_of_the_other_as_they_are() {
    let two = TwoAgencies::start().await;
    for _ in 0..FLOOD {
        two.open("east.example", "A dog barks").await;
    }
    let western = two.open("west.example", "A cat as well").await;
    let east = two.console("east.example", Role::Telecommunicator);
    let west = two.console("west.example", Role::Telecommunicator);
    east.list(500).await; // The bound of a list.
    assert_eq!(west.list(1).await, BTreeSet::from([western]));
    assert_eq!(west.take_next(&two.node).await, Ok(western));
    two.stop().await;
}

#[tokio::test]
async fn a_person_of_the_same_name_in_another_agency_keeps_nothing_alive_and_sees_no_history() {
    let two = TwoAgencies::start().await;
    let session = two.open("east.example", "A dog barks").await;
    let east = two.console("east.example", Role::Telecommunicator);
    let west = two.console("west.example", Role::Supervisor);
    assert_eq!(east.take_next(&two.node).await, Ok(session));
    let cell = two
        .node
        .agency_session(&east.person, session)
        .await
        .unwrap();
    let close = Wish::Staff {
        staff: east.person.staff.clone(),
        role: east.person.role,
        command: Box::new(StaffCommand::Close {
            disposition: Disposition::Test,
            note: String::new(),
        }),
    };
    two.node.ask(&cell, fresh(), close).await.unwrap();
    let (rows, _) = two.node.history(&west.person, None).await.unwrap();
    assert_eq!(rows, []);
    let (rows, _) = two.node.history(&east.person, None).await.unwrap();
    assert_eq!(rows.len(), 1);
    two.stop().await;
}

fn agency(id: &str) -> Agency {
    let queue = QueueInfo {
        queue: "emergency".parse().unwrap(),
        name: "Emergency".to_owned(),
        targets_ms: [15_000; 5],
        target_share_percent: 90,
    };
    let rules: Rules = toml::from_str(include_str!("../../../config/triage.toml")).unwrap();
    let policy = Policy::new(vec![queue], "emergency".parse().unwrap(), rules).unwrap();
    let info = AgencyInfo {
        agency: id.parse().unwrap(),
        name: id.to_owned(),
        banner: String::new(),
        banner_in: BTreeMap::new(),
        emergency_number: "911".to_owned(),
        exit_url: "https://example.org/".to_owned(),
        fields: Vec::new(),
    };
    Agency::new(info, policy)
}
