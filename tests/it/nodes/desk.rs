//! What these tests stand on: nodes that share a store, and people with an outbox at one of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use callbox::backbone::Backbone;
use callbox::backbone::embedded::{Embedded, Options};
use callbox::clock::{Clock, SystemClock};
use callbox::node::agency::Agency;
use callbox::node::cell::{Audience, Cell};
use callbox::node::outbox::Outbox;
use callbox::node::pending::{Done, Wish};
use callbox::node::{Membership, Node, NodeLimits, Person, Random, StartError};
use callbox_domain::policy::{Material, Policy};
use callbox_domain::triage::Rules;
use callbox_proto::codec::Encoding;
use callbox_proto::command::{ResidentCommand, StaffCommand};
use callbox_proto::error::{CloseCode, ErrorCode};
use callbox_proto::event::Event;
use callbox_proto::ids::{AgencyId, CommandId, ConnectionId, ResidentId, SessionId};
use callbox_proto::message::{AgencyInfo, QueueInfo, SessionRow, ToResident, ToStaff};
use callbox_proto::vocabulary::{AgentState, Category, Role, Seq};
use serde::de::DeserializeOwned;
use tempfile::TempDir;

use crate::gateway::harness::{fresh, opening, soon, text};

/// A store that several nodes share.
pub struct Cluster {
    pub backbone: Arc<Embedded>,
    pub limits: NodeLimits,
    /// Agencies that nodes serve beside the one of everybody here.
    pub further: Vec<AgencyId>,
    _folder: TempDir,
}

impl Cluster {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let backbone = Embedded::open(folder.path(), &Options::default(), clock).unwrap();
        Self {
            backbone: Arc::new(backbone),
            limits: NodeLimits::default(),
            further: Vec::new(),
            _folder: folder,
        }
    }

    /// A further node.
    pub async fn node(&self, name: &str) -> Arc<Node> {
        self.try_node(name, &[]).await.unwrap()
    }

    /// A further node with fingerprints of what it shares.
    pub async fn try_node(
        &self,
        name: &str,
        same: &[(&str, &str)],
    ) -> Result<Arc<Node>, StartError> {
        let same = same.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        let membership = Membership {
            name: name.to_owned(),
            same: same.collect::<BTreeMap<_, _>>(),
        };
        Node::join(
            Arc::clone(&self.backbone) as Arc<dyn Backbone>,
            Arc::new(SystemClock::new()),
            Random::from_system(),
            self.limits.clone(),
            self.agencies(),
            membership,
        )
        .await
    }

    fn agencies(&self) -> Vec<Agency> {
        let further = self.further.iter().cloned();
        std::iter::once(agency_id())
            .chain(further)
            .map(agency)
            .collect()
    }

    /// Two nodes that know each other.
    pub async fn two(&self) -> (Arc<Node>, Arc<Node>) {
        (self.node("east").await, self.node("west").await)
    }

    /// A node that knows of no others.
    pub async fn alone(&self) -> Arc<Node> {
        let backbone = Arc::clone(&self.backbone) as Arc<dyn Backbone>;
        let clock = Arc::new(SystemClock::new());
        let (random, limits) = (Random::from_system(), self.limits.clone());
        let started = Node::start(backbone, clock, random, limits, self.agencies());
        started.await.unwrap()
    }
}

pub fn agency_id() -> AgencyId {
    "demo.example".parse().unwrap()
}

fn agency(id: AgencyId) -> Agency {
    let queue = QueueInfo {
        queue: "emergency".parse().unwrap(),
        name: "Emergency".to_owned(),
        targets_ms: [15_000; 5],
        target_share_percent: 90,
    };
    let rules: Rules = toml::from_str(include_str!("../../../config/triage.toml")).unwrap();
    let policy = Policy::new(vec![queue], "emergency".parse().unwrap(), rules).unwrap();
    let policy = policy.with_days(Material::Words, Some(30));
    let info = AgencyInfo {
        name: id.to_string(),
        agency: id,
        banner: String::new(),
        banner_in: BTreeMap::new(),
        emergency_number: "911".to_owned(),
        exit_url: "https://example.org/".to_owned(),
        fields: Vec::new(),
    };
    Agency::new(info, policy)
}

fn outbox() -> Arc<Outbox> {
    let connection = ConnectionId::from_u128(fresh().as_u128()).unwrap();
    Arc::new(Outbox::new(connection, Encoding::Json, 1 << 20, 0))
}

/// A connection that is fed as its task would do it, and remembers what came.
pub struct Line<M> {
    node: Arc<Node>,
    pub outbox: Arc<Outbox>,
    follows: Option<(Arc<Cell>, Audience)>,
    pub came: Vec<M>,
    looked: usize,
}

impl<M: DeserializeOwned> Line<M> {
    fn new(node: &Arc<Node>) -> Self {
        Self {
            node: Arc::clone(node),
            outbox: outbox(),
            follows: None,
            came: Vec::new(),
            looked: 0,
        }
    }

    async fn pump(&mut self) {
        soon(self.outbox.ready()).await;
        if self.outbox.take_behind()
            && let Some((cell, audience)) = &self.follows
        {
            let fed = self.node.feed(cell, &self.outbox, audience).await;
            fed.unwrap();
        }
        for frame in self.outbox.take(0).frames {
            self.came
                .push(Encoding::Json.decode_from_gateway(&frame).unwrap());
        }
    }

    /// The first message from here on that is wanted.
    pub async fn wait<R>(&mut self, wanted: impl Fn(&M) -> Option<R>) -> R {
        loop {
            while let Some(message) = self.came.get(self.looked) {
                self.looked += 1;
                if let Some(found) = wanted(message) {
                    return found;
                }
            }
            self.pump().await;
        }
    }

    /// Waits for the word to close.
    pub async fn closed(&mut self) -> CloseCode {
        loop {
            if let Some(code) = self.outbox.closing() {
                return code;
            }
            soon(self.outbox.ready()).await;
        }
    }
}

/// A resident with a session, connected to a node.
pub struct Resident {
    pub node: Arc<Node>,
    pub id: ResidentId,
    pub cell: Arc<Cell>,
    pub line: Line<ToResident>,
}

impl Resident {
    pub async fn opens(node: &Arc<Node>, words: &str) -> Self {
        let id = ResidentId::from_u128(fresh().as_u128()).unwrap();
        let report = opening(Category::Other, words);
        let (cell, _) = node.open(agency_id(), id, fresh(), report).await.unwrap();
        Self::attached(node, id, cell, 0)
    }

    fn attached(node: &Arc<Node>, id: ResidentId, cell: Arc<Cell>, after: Seq) -> Self {
        let mut line = Line::new(node);
        line.follows = Some((Arc::clone(&cell), Audience::Resident));
        node.attach_resident(&cell, &line.outbox, after);
        Self {
            node: Arc::clone(node),
            id,
            cell,
            line,
        }
    }

    /// The same resident over a new connection to a node.
    pub async fn comes_back(&self, node: &Arc<Node>, after: Seq) -> Self {
        let cell = node.own_session(self.id, self.cell.id).await.unwrap();
        Self::attached(node, self.id, cell, after)
    }

    pub fn hangs_up(&self) {
        self.node
            .detach_resident(&self.cell, self.line.outbox.connection());
    }

    pub fn session(&self) -> SessionId {
        self.cell.id
    }

    pub async fn does(&self, command: ResidentCommand) -> Done {
        let wish = Wish::Resident(Box::new(command));
        self.node.ask(&self.cell, fresh(), wish).await.unwrap()
    }

    pub async fn says(&self, words: &str) -> Done {
        self.does(text(words)).await
    }

    pub async fn entry(&mut self, wanted: impl Fn(&Event) -> bool) -> (Seq, Event) {
        self.line
            .wait(|m| match m {
                ToResident::Entry { seq, event, .. } if wanted(event) => {
                    Some((*seq, event.clone()))
                }
                _ => None,
            })
            .await
    }

    pub async fn reads(&mut self, words: &str) -> Seq {
        self.entry(|event| is_text(event, words)).await.0
    }
}

/// A person at a console of a node.
pub struct AtConsole {
    pub node: Arc<Node>,
    pub person: Person,
    pub line: Line<ToStaff>,
}

impl AtConsole {
    pub fn signs_in(node: &Arc<Node>, name: &str, role: Role) -> Self {
        let person = Person {
            agency: node.agency(&agency_id()).unwrap(),
            staff: name.parse().unwrap(),
            name: name.to_owned(),
            role,
        };
        let line = Line::new(node);
        node.sign_in(&person, &line.outbox);
        let queues = vec!["emergency".parse().unwrap()];
        node.register(&person, line.outbox.connection(), queues)
            .unwrap();
        Self {
            node: Arc::clone(node),
            person,
            line,
        }
    }

    pub fn tina(node: &Arc<Node>) -> Self {
        Self::signs_in(node, "tina", Role::Telecommunicator)
    }

    pub fn tom(node: &Arc<Node>) -> Self {
        Self::signs_in(node, "tom", Role::Telecommunicator)
    }

    pub fn sue(node: &Arc<Node>) -> Self {
        Self::signs_in(node, "sue", Role::Supervisor)
    }

    pub fn is_available(&self) {
        self.node
            .set_agent_state(&self.person, AgentState::Available, None);
    }

    pub fn hangs_up(&self) {
        let connection = self.line.outbox.connection();
        self.node.sign_out(&self.person, connection, false);
    }

    pub async fn cell(&self, session: SessionId) -> Arc<Cell> {
        let found = self.node.agency_session(&self.person, session).await;
        found.unwrap()
    }

    pub async fn tries(
        &self,
        id: CommandId,
        session: SessionId,
        command: StaffCommand,
    ) -> Result<Done, ErrorCode> {
        let wish = Wish::Staff {
            staff: self.person.staff.clone(),
            role: self.person.role,
            command: Box::new(command),
        };
        let cell = self.cell(session).await;
        let done = self.node.ask(&cell, id, wish).await;
        done.map_err(|refusal| refusal.code)
    }

    pub async fn does(&self, session: SessionId, command: StaffCommand) -> Done {
        self.tries(fresh(), session, command).await.unwrap()
    }

    pub async fn takes(&self, session: SessionId) -> Done {
        self.does(session, StaffCommand::Take {}).await
    }

    pub async fn says(&self, session: SessionId, words: &str) -> Done {
        let text = words.to_owned();
        self.does(session, StaffCommand::Text { text }).await
    }

    pub async fn take_next(&mut self, id: CommandId) -> Result<(SessionId, Seq), ErrorCode> {
        self.node
            .take_next(&self.person, id, &self.line.outbox, true)
            .await;
        self.line
            .wait(|m| match m {
                ToStaff::Receipt {
                    id: of,
                    session,
                    first,
                    ..
                } if *of == id => Some(Ok((*session, *first))),
                ToStaff::Error(error) if error.id == Some(id) => Some(Err(error.code)),
                _ => None,
            })
            .await
    }

    /// Follows one session over this connection.
    pub async fn follows(&mut self, session: SessionId) {
        let cell = self.cell(session).await;
        let audience = Audience::Staff {
            staff: self.person.staff.clone(),
            role: self.person.role,
        };
        self.line.follows = Some((Arc::clone(&cell), audience));
        self.node
            .follow_as(&self.person, &cell, &self.line.outbox, 0);
    }

    pub async fn entry(&mut self, wanted: impl Fn(&Event) -> bool) -> (Seq, Event) {
        self.line
            .wait(|m| match m {
                ToStaff::Entry { seq, event, .. } if wanted(event) => Some((*seq, event.clone())),
                _ => None,
            })
            .await
    }

    pub async fn reads(&mut self, words: &str) -> Seq {
        self.entry(|event| is_text(event, words)).await.0
    }

    /// All entries so far.
    pub fn seqs(&self) -> Vec<Seq> {
        let seq = |m: &ToStaff| match m {
            ToStaff::Entry { seq, .. } => Some(*seq),
            _ => None,
        };
        self.line.came.iter().filter_map(seq).collect()
    }

    pub async fn connected(&mut self, session: SessionId, wanted: bool) {
        self.line
            .wait(|m| match m {
                ToStaff::Presence {
                    session: of,
                    connected,
                    ..
                } => (*of == session && *connected == wanted).then_some(()),
                _ => None,
            })
            .await;
    }

    /// Waits until the list shows such a row.
    pub async fn row(&mut self, session: SessionId, wanted: impl Fn(&SessionRow) -> bool) {
        self.line
            .wait(|m| {
                let rows = match m {
                    ToStaff::Sessions { rows, .. } => rows,
                    ToStaff::SessionsChanged { changed, .. } => changed,
                    _ => return None,
                };
                rows.iter()
                    .any(|row| row.session == session && wanted(row))
                    .then_some(())
            })
            .await;
    }
}

fn is_text(event: &Event, words: &str) -> bool {
    matches!(event, Event::Text { text, .. } if text == words)
}
