//! One telecommunicator's console of a simulation.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use callbox::node::cell::{Audience, Cell};
use callbox::node::outbox::Outbox;
use callbox::node::pending::{Reply, Wish};
use callbox::node::{Node, Person};
use callbox_loadtests::record::Fact;
use callbox_proto::command::StaffCommand;
use callbox_proto::error::ErrorCode;
use callbox_proto::ids::{AgencyId, CommandId, IncidentId, SessionId};
use callbox_proto::message::ToStaff;
use callbox_proto::vocabulary::{Role, Rung, Seq};
use tokio::time::timeout;

use super::{Diary, Reader, Reading, STEP, outbox, pending};

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

    /// Notes what is followed at the end of a history.
    pub fn stays(&self, diary: &mut Diary) {
        let cells = self.link.iter().flat_map(|link| link.cells.keys());
        for session in cells {
            let fact = Fact::Stays {
                link: self.links,
                session: *session,
                staff: Some(self.name.parse().unwrap()),
            };
            diary.note(&self.name, fact);
        }
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
        super::listen(self, diary).await;
    }

    /// Takes a message in; answers a session to be followed.
    fn take_in(&mut self, message: ToStaff, diary: &mut Diary) -> Option<SessionId> {
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
                        // Also one that is followed: it may have been somebody else's meanwhile.
                        Some(None) => return Some(session),
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

impl Reader for Console {
    type Message = ToStaff;

    fn reading(&self) -> Option<Reading> {
        let link = self.link.as_ref()?;
        Some(Reading {
            node: Arc::clone(&link.node),
            outbox: Arc::clone(&link.outbox),
            audience: Audience::Staff {
                staff: link.person.staff.clone(),
                role: link.person.role,
            },
            cells: link.cells.values().cloned().collect(),
        })
    }

    async fn hear(&mut self, message: ToStaff, diary: &mut Diary) {
        if let Some(session) = self.take_in(message, diary) {
            self.follow(session).await;
        }
    }

    fn disconnect(&mut self) {
        Self::disconnect(self);
    }
}
