//! One resident of a simulation.

use std::collections::VecDeque;
use std::sync::Arc;

use callbox::node::Node;
use callbox::node::cell::{Audience, Cell};
use callbox::node::outbox::Outbox;
use callbox::node::pending::{Reply, Wish};
use callbox_loadtests::record::Fact;
use callbox_proto::command::{Opening, ResidentCommand};
use callbox_proto::error::ErrorCode;
use callbox_proto::ids::{AgencyId, CommandId, ResidentId, SessionId};
use callbox_proto::message::ToResident;
use callbox_proto::vocabulary::{Category, DeviceCan, Rung, Seq};
use tokio::time::timeout;

use super::{Diary, Reader, Reading, STEP, outbox, pending};

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

    /// Notes that the session is followed at the end of a history.
    pub fn stays(&self, diary: &mut Diary) {
        if let Some(link) = &self.link {
            let fact = Fact::Stays {
                link: self.links,
                session: link.cell.id,
                staff: None,
            };
            diary.note(&self.name, fact);
        }
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

    pub async fn listen(&mut self, diary: &mut Diary) {
        super::listen(self, diary).await;
    }
}

impl Reader for Resident {
    type Message = ToResident;

    fn reading(&self) -> Option<Reading> {
        let link = self.link.as_ref()?;
        Some(Reading {
            node: Arc::clone(&link.node),
            outbox: Arc::clone(&link.outbox),
            audience: Audience::Resident,
            cells: vec![Arc::clone(&link.cell)],
        })
    }

    fn disconnect(&mut self) {
        Self::disconnect(self);
    }

    async fn hear(&mut self, message: ToResident, diary: &mut Diary) {
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
