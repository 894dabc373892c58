//! Clients of a simulation: residents and consoles that speak to a node directly, where a socket would be in between, and
//! write down what they were promised and shown.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use callbox::node::cell::{Audience, Cell};
use callbox::node::connections::{Open, Whom};
use callbox::node::outbox::Outbox;
use callbox::node::pending::{Pending, Reply, Wish};
use callbox::node::{Node, Person};
use callbox_loadtests::record::{Fact, Line};
use callbox_proto::codec::Encoding;
use callbox_proto::command::{Opening, ResidentCommand, StaffCommand};
use callbox_proto::error::ErrorCode;
use callbox_proto::ids::{AgencyId, CommandId, IncidentId, ResidentId, SessionId};
use callbox_proto::message::{ToResident, ToStaff};
use callbox_proto::vocabulary::{Category, DeviceCan, Role, Rung, Seq};
use tokio::time::timeout;

/// How long a client waits for an answer before it gives the link up.
const STEP: Duration = Duration::from_secs(3);
/// Bytes waiting for one client: little, so that falling behind happens.
const OUTBOX_BYTES: usize = 4_096;

/// What all clients of a history share.
#[derive(Debug, Default)]
pub struct Diary {
    pub lines: Vec<Line>,
}

impl Diary {
    fn note(&mut self, who: &str, fact: Fact) {
        self.lines.push(Line {
            who: who.to_owned(),
            at_ms: 0,
            fact,
        });
    }
}

fn outbox(node: &Node) -> Arc<Outbox> {
    let outbox = Arc::new(Outbox::new(
        node.random().connection_id(),
        Encoding::MessagePack,
        OUTBOX_BYTES,
        node.clock().monotonic_ms(),
    ));
    let agency = node.agency_ids().iter().find_map(|id| node.agency(id));
    node.connections().add(Open {
        outbox: Arc::clone(&outbox),
        whom: Whom::Resident,
        agency: agency.unwrap(),
        // Settings change in no history.
        edition: None,
        silence_ms: u64::MAX / 2,
        ends_ms: None,
    });
    outbox
}

fn pending(id: CommandId, wish: Wish, reply: Reply) -> Pending {
    Pending {
        id,
        wish,
        claim_epoch: None,
        reply,
        attempts: 0,
        arrived: 0,
    }
}

/// One resident.
pub struct Resident {
    pub name: String,
    id: ResidentId,
    opening: CommandId,
    opened: bool,
    session: Option<SessionId>,
    last: Seq,
    waiting: VecDeque<(CommandId, String)>,
    /// Commands that were called safe.
    safe: Vec<(CommandId, String)>,
    link: Option<ResidentLink>,
    links: u64,
}

struct ResidentLink {
    node: Arc<Node>,
    cell: Arc<Cell>,
    outbox: Arc<Outbox>,
}

impl Resident {
    pub fn new(number: u128, diary: &mut Diary) -> Self {
        let opening = CommandId::from_u128(1_000 + number).unwrap();
        let name = format!("r{number}");
        diary.note(
            &name,
            Fact::Sent {
                id: opening,
                session: None,
                text: None,
            },
        );
        Self {
            name,
            id: ResidentId::from_u128(number).unwrap(),
            opening,
            opened: false,
            session: None,
            last: 0,
            waiting: VecDeque::new(),
            safe: Vec::new(),
            link: None,
            links: 0,
        }
    }

    pub fn is_connected(&self) -> bool {
        self.link.is_some()
    }

    pub fn is_settled(&self) -> bool {
        self.opened && self.waiting.is_empty()
    }

    pub async fn connect(&mut self, node: &Arc<Node>, agency: &AgencyId, diary: &mut Diary) {
        self.links += 1;
        let outbox = outbox(node);
        let found = match self.session.filter(|_| self.opened) {
            Some(session) => timeout(STEP, node.own_session(self.id, session)).await,
            None => {
                let opening = Opening {
                    category: Category::Violence,
                    language: "en".to_owned(),
                    silent: false,
                    device: DeviceCan::default(),
                    contact: None,
                    text: None,
                    location: None,
                    test: false,
                };
                let open = node.open(agency.clone(), self.id, self.opening, opening);
                timeout(STEP, open).await.map(|opened| {
                    opened.map(|(cell, done)| {
                        Reply::Resident(Arc::clone(&outbox)).done(cell.id, self.opening, done);
                        cell
                    })
                })
            }
        };
        let Ok(Ok(cell)) = found else { return };
        let after = if self.opened { self.last } else { 0 };
        node.attach_resident(&cell, &outbox, after);
        for (id, text) in &self.waiting {
            submit(node, &cell, &outbox, *id, text);
        }
        self.link = Some(ResidentLink {
            node: Arc::clone(node),
            cell,
            outbox,
        });
        self.listen(diary).await;
    }

    pub fn disconnect(&mut self) {
        if let Some(link) = self.link.take() {
            let connection = link.outbox.connection();
            link.node.connections().remove(connection);
            link.node.detach_resident(&link.cell, connection);
        }
    }

    /// The node is dead: nobody tells it anything.
    pub fn forget_node(&mut self, node: &Arc<Node>) {
        if self
            .link
            .as_ref()
            .is_some_and(|l| Arc::ptr_eq(&l.node, node))
        {
            self.link = None;
        }
    }

    pub fn write(&mut self, id: CommandId, diary: &mut Diary) {
        let (Some(link), Some(session)) = (&self.link, self.session) else {
            return;
        };
        let text = format!("text {id}");
        diary.note(
            &self.name,
            Fact::Sent {
                id,
                session: Some(session),
                text: Some(text.clone()),
            },
        );
        submit(&link.node, &link.cell, &link.outbox, id, &text);
        self.waiting.push_back((id, text));
    }

    /// Sends something again that is safe already: the same answer must come.
    pub fn repeat(&self, choice: usize) {
        if let (Some(link), false) = (&self.link, self.safe.is_empty()) {
            let (id, text) = &self.safe[choice % self.safe.len()];
            submit(&link.node, &link.cell, &link.outbox, *id, text);
        }
    }

    /// Sends again what waits: it was refused for the time being.
    pub fn insist(&self) {
        if let Some(link) = &self.link {
            for (id, text) in &self.waiting {
                submit(&link.node, &link.cell, &link.outbox, *id, text);
            }
        }
    }

    /// Reads what came.
    pub async fn listen(&mut self, diary: &mut Diary) {
        let Some(link) = &self.link else { return };
        let (node, cell, outbox) = (
            Arc::clone(&link.node),
            Arc::clone(&link.cell),
            Arc::clone(&link.outbox),
        );
        loop {
            let batch = outbox.take(0);
            outbox.written();
            for frame in &batch.frames {
                let message: ToResident = Encoding::MessagePack.decode_from_gateway(frame).unwrap();
                self.hear(message, diary);
            }
            if batch.close.is_some() {
                self.disconnect();
                return;
            }
            if !outbox.take_behind() {
                return;
            }
            let fed = timeout(STEP, node.feed(&cell, &outbox, &Audience::Resident)).await;
            if !matches!(fed, Ok(Ok(_))) {
                self.disconnect();
                return;
            }
        }
    }

    fn hear(&mut self, message: ToResident, diary: &mut Diary) {
        let link = self.links;
        match message {
            ToResident::Session { session, after, .. } => {
                self.session = Some(session);
                diary.note(
                    &self.name,
                    Fact::Begun {
                        link,
                        session,
                        after,
                    },
                );
            }
            ToResident::Receipt {
                id, rung, first, ..
            } => {
                let session = self.session;
                diary.note(
                    &self.name,
                    Fact::Receipt {
                        id,
                        session,
                        rung,
                        first,
                    },
                );
                if rung == Rung::Safe {
                    self.opened |= id == self.opening;
                    let waiting = &mut self.waiting;
                    if let Some(place) = waiting.iter().position(|(of, _)| *of == id) {
                        self.safe.extend(waiting.remove(place));
                    }
                }
            }
            ToResident::Entry {
                seq, prev, command, ..
            } => {
                let session = self.session.expect("an entry comes after its session");
                diary.note(
                    &self.name,
                    Fact::Shown {
                        link,
                        session,
                        seq,
                        prev,
                        command,
                        kept: false,
                    },
                );
                self.last = self.last.max(seq);
            }
            ToResident::Error(error) => assert!(
                matches!(
                    error.code,
                    ErrorCode::StoreUnavailable | ErrorCode::TooFast | ErrorCode::GoingDown
                ),
                "{} was refused: {:?}",
                self.name,
                error.code
            ),
            _ => {}
        }
    }
}

fn submit(node: &Arc<Node>, cell: &Arc<Cell>, outbox: &Arc<Outbox>, id: CommandId, text: &str) {
    let command = ResidentCommand::Text {
        text: text.to_owned(),
        age_ms: 0,
    };
    let wish = Wish::Resident(Box::new(command));
    node.submit(cell, pending(id, wish, Reply::Resident(Arc::clone(outbox))));
}

/// One telecommunicator's console.
pub struct Console {
    pub name: String,
    /// Sessions followed, with the last entry shown.
    owned: BTreeMap<SessionId, Seq>,
    wishes: BTreeMap<CommandId, Option<(SessionId, StaffCommand)>>,
    /// Commands that link or unlink: they may find things so already.
    linking: BTreeSet<CommandId>,
    link: Option<ConsoleLink>,
    links: u64,
}

struct ConsoleLink {
    node: Arc<Node>,
    person: Person,
    outbox: Arc<Outbox>,
    cells: BTreeMap<SessionId, Arc<Cell>>,
    /// No session was asked for on this link yet.
    fresh: std::cell::Cell<bool>,
}

impl Console {
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            owned: BTreeMap::new(),
            wishes: BTreeMap::new(),
            linking: BTreeSet::new(),
            link: None,
            links: 0,
        }
    }

    pub fn is_connected(&self) -> bool {
        self.link.is_some()
    }

    pub fn is_settled(&self) -> bool {
        self.wishes.is_empty()
    }

    pub fn owns(&self) -> Vec<SessionId> {
        self.owned.keys().copied().collect()
    }

    pub fn wants(&self) -> usize {
        self.wishes.len()
    }

    pub async fn connect(&mut self, node: &Arc<Node>, agency: &AgencyId, diary: &mut Diary) {
        self.links += 1;
        let outbox = outbox(node);
        let agency = node.agency(agency).unwrap();
        let queues = agency.policy().queues().to_vec();
        let queues = queues.into_iter().map(|info| info.queue).collect();
        let person = Person {
            agency,
            staff: self.name.parse().unwrap(),
            name: self.name.clone(),
            role: Role::Telecommunicator,
        };
        node.sign_in(&person, &outbox);
        node.register(&person, outbox.connection(), queues).unwrap();
        self.link = Some(ConsoleLink {
            node: Arc::clone(node),
            person,
            outbox,
            cells: BTreeMap::new(),
            fresh: std::cell::Cell::new(true),
        });
        for session in self.owns() {
            self.follow(session).await;
        }
        self.insist();
        self.listen(diary).await;
    }

    pub fn disconnect(&mut self) {
        let Some(link) = self.link.take() else { return };
        let connection = link.outbox.connection();
        for cell in link.cells.values() {
            cell.unfollow(connection);
        }
        link.node.connections().remove(connection);
        link.node.sign_out(&link.person, connection, false);
    }

    pub fn forget_node(&mut self, node: &Arc<Node>) {
        if self
            .link
            .as_ref()
            .is_some_and(|l| Arc::ptr_eq(&l.node, node))
        {
            self.link = None;
        }
    }

    async fn follow(&mut self, session: SessionId) {
        let after = *self.owned.entry(session).or_default();
        let Some(link) = &mut self.link else { return };
        let found = timeout(STEP, link.node.agency_session(&link.person, session)).await;
        let Ok(Ok(cell)) = found else {
            self.disconnect();
            return;
        };
        let mine = {
            let inner = cell.lock();
            let state = inner.session.as_ref();
            state.is_some_and(|s| s.is_owned_by(&link.person.staff))
        };
        if mine {
            link.node
                .follow_as(&link.person, &cell, &link.outbox, after);
            link.cells.insert(session, cell);
        } else {
            self.owned.remove(&session);
        }
    }

    pub fn take_next(&mut self, id: CommandId, diary: &mut Diary) {
        let fact = Fact::Sent {
            id,
            session: None,
            text: None,
        };
        diary.note(&self.name, fact);
        self.wishes.insert(id, None);
        self.send(id);
    }

    pub fn write(&mut self, id: CommandId, session: SessionId, diary: &mut Diary) {
        let text = format!("text {id}");
        diary.note(
            &self.name,
            Fact::Sent {
                id,
                session: Some(session),
                text: Some(text.clone()),
            },
        );
        let command = StaffCommand::Text { text };
        self.wishes.insert(id, Some((session, command)));
        self.send(id);
    }

    pub fn release(&mut self, id: CommandId, session: SessionId) {
        let command = StaffCommand::Release {};
        self.wishes.insert(id, Some((session, command)));
        self.send(id);
    }

    /// Links any session, one's own or not, or unlinks it.
    pub fn link(&mut self, id: CommandId, session: SessionId, incident: IncidentId, on: bool) {
        let command = if on {
            StaffCommand::Link { incident }
        } else {
            StaffCommand::Unlink { incident }
        };
        self.wishes.insert(id, Some((session, command)));
        self.linking.insert(id);
        self.send(id);
    }

    /// Sends again what waits.
    pub fn insist(&self) {
        for id in self.wishes.keys() {
            self.send(*id);
        }
    }

    fn send(&self, id: CommandId) {
        let (Some(link), Some(wish)) = (&self.link, self.wishes.get(&id)) else {
            return;
        };
        let (node, person, outbox) = (
            Arc::clone(&link.node),
            link.person.clone(),
            Arc::clone(&link.outbox),
        );
        let wish = wish.clone();
        let first = wish.is_none() && link.fresh.replace(false);
        tokio::spawn(async move {
            let Some((session, command)) = wish else {
                node.take_next(&person, id, &outbox, first).await;
                return;
            };
            let reply = Reply::Staff(Arc::clone(&outbox));
            match node.agency_session(&person, session).await {
                Ok(cell) => {
                    let wish = Wish::Staff {
                        staff: person.staff,
                        role: person.role,
                        command: Box::new(command),
                    };
                    node.submit(&cell, pending(id, wish, reply));
                }
                Err(code) => reply.refused(id, code.into()),
            }
        });
    }

    pub async fn listen(&mut self, diary: &mut Diary) {
        loop {
            let Some(link) = &self.link else { return };
            let outbox = Arc::clone(&link.outbox);
            let batch = outbox.take(0);
            outbox.written();
            for frame in &batch.frames {
                let message: ToStaff = Encoding::MessagePack.decode_from_gateway(frame).unwrap();
                if let Some(session) = self.hear(message, diary) {
                    self.follow(session).await;
                }
            }
            if batch.close.is_some() {
                self.disconnect();
                return;
            }
            if !outbox.take_behind() {
                return;
            }
            let Some(link) = &self.link else { return };
            let audience = Audience::Staff {
                staff: link.person.staff.clone(),
                role: link.person.role,
            };
            let (node, cells) = (Arc::clone(&link.node), link.cells.clone());
            for cell in cells.values() {
                let fed = timeout(STEP, node.feed(cell, &outbox, &audience)).await;
                if !matches!(fed, Ok(Ok(_))) {
                    self.disconnect();
                    return;
                }
            }
        }
    }

    /// Takes a message in; answers a session to be followed.
    fn hear(&mut self, message: ToStaff, diary: &mut Diary) -> Option<SessionId> {
        let link = self.links;
        match message {
            ToStaff::Receipt {
                id,
                session,
                rung,
                first,
                ..
            } => {
                // A link that was so already has no place of its own.
                if !self.linking.contains(&id) {
                    let fact = Fact::Receipt {
                        id,
                        session: Some(session),
                        rung,
                        first,
                    };
                    diary.note(&self.name, fact);
                }
                if rung == Rung::Safe {
                    match self.wishes.remove(&id) {
                        Some(None) if !self.owned.contains_key(&session) => return Some(session),
                        Some(Some((_, StaffCommand::Release {}))) => self.give_up(session),
                        _ => {}
                    }
                }
            }
            ToStaff::Session { row, after, .. } => {
                let session = row.session;
                diary.note(
                    &self.name,
                    Fact::Begun {
                        link,
                        session,
                        after,
                    },
                );
            }
            ToStaff::Entry {
                session,
                seq,
                command,
                ..
            } => {
                let fact = Fact::Shown {
                    link,
                    session,
                    seq,
                    prev: seq - 1,
                    command,
                    kept: false,
                };
                diary.note(&self.name, fact);
                if let Some(last) = self.owned.get_mut(&session) {
                    *last = (*last).max(seq);
                }
            }
            ToStaff::Error(error) => {
                let for_now = [
                    ErrorCode::StoreUnavailable,
                    ErrorCode::TooFast,
                    ErrorCode::GoingDown,
                ];
                if let Some(id) = error.id
                    && !for_now.contains(&error.code)
                    && let Some(Some((session, _))) = self.wishes.remove(&id)
                {
                    self.give_up(session);
                }
            }
            _ => {}
        }
        None
    }

    fn give_up(&mut self, session: SessionId) {
        self.owned.remove(&session);
        if let Some(link) = &mut self.link
            && let Some(cell) = link.cells.remove(&session)
        {
            cell.unfollow(link.outbox.connection());
        }
    }
}
