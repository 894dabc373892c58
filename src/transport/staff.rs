//! A staff connection: console, supervisor's page, auditor's page.
//!
//! Owns: the order hello → everything else, and which message calls which part of the node after asking the role table. Must
//! not: let anybody reach another agency, or what their role may not. Called by: `http` after an upgrade on the staff path.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use callbox_domain::access::{
    self, Action, Caller, action_of_staff_command, action_of_staff_message,
};
use callbox_proto::bounds::{FOLLOWS_MAX, REAL_TIME_TEXT_MAX_CHARS};
use callbox_proto::codec::Encoding;
use callbox_proto::command::StaffCommand;
use callbox_proto::error::{CloseCode, ErrorCode};
use callbox_proto::event::Event;
use callbox_proto::ids::{CommandId, SessionId};
use callbox_proto::message::{ErrorMessage, FromStaff, RealTimeText, ToStaff};
use callbox_proto::vocabulary::{Millis, Role, Seq, TransferTarget};

use super::link::{End, Link, close_of_hello, refuse};
use super::rate::{LIGHT_PARTS, RateLimit, WHOLE_PARTS};
use super::receiving::Receiving;
use super::side::{self, Connection, Side, Terms};
use super::{Transport, TransportLimits, check_client};
use crate::node::Person;
use crate::node::agency::Settings;
use crate::node::cell::{Audience, Cell};
use crate::node::cluster::Wanted;
use crate::node::connections::Whom;
use crate::node::frame::tell;
use crate::node::pending::{Pending, Reply, Wish, staff_error};

/// A console's outbox in residents' outboxes: a whole list of 1,500 rows, some 600 KB, must leave room for what follows it.
const STAFF_OUTBOX_FACTOR: usize = 8;

/// Serves one connection until it ends.
pub async fn serve(transport: Arc<Transport>, mut link: Box<Link>) {
    // Boxed apart: the room for a hello is given back before the connection settles down.
    match Box::pin(hello(&transport, &mut link)).await {
        Ok((person, ends_ms)) => Box::pin(run(transport, link, person, ends_ms)).await,
        Err(end) => Box::pin(refuse(link, end)).await,
    }
}

async fn hello(transport: &Transport, link: &mut Link) -> Result<(Person, Millis), End> {
    let first = link.first(transport.limits.first_message).await?;
    let encoding = link.encoding();
    match first.and_then(|frame| check_hello(transport, encoding, &frame)) {
        Ok(known) => Ok(known),
        Err(code) => {
            link.say(&staff_error(None, code)).await?;
            Err(End::Close(close_of_hello(code)))
        }
    }
}

fn check_hello(
    transport: &Transport,
    encoding: Encoding,
    frame: &[u8],
) -> Result<(Person, Millis), ErrorCode> {
    let FromStaff::Hello { client, token } = encoding.decode(frame)? else {
        return Err(ErrorCode::WrongOrder);
    };
    check_client(&client)?;
    person_of(transport, &token)
}

/// Who a token is for, and from when on it counts no more.
fn person_of(transport: &Transport, token: &str) -> Result<(Person, Millis), ErrorCode> {
    let (claimed, ends_ms) = transport.tokens.check_staff_until(token)?;
    let agency = transport
        .node
        .agency(&claimed.agency)
        .ok_or(ErrorCode::NoSuchAgency)?;
    let now = transport
        .accounts
        .stands_for(&claimed)
        .ok_or(ErrorCode::TokenInvalid)?;
    let person = Person {
        agency,
        staff: now.staff,
        name: now.name,
        role: now.role,
    };
    Ok((person, ends_ms))
}

async fn run(transport: Arc<Transport>, mut link: Box<Link>, person: Person, ends_ms: Millis) {
    let node = Arc::clone(&transport.node);
    let terms = Terms {
        heartbeat_ms: transport.limits.staff_heartbeat_ms,
        outboxes: STAFF_OUTBOX_FACTOR,
        ends_ms: Some(ends_ms),
        whom: Whom::Staff,
        agency: Arc::clone(&person.agency),
    };
    let connection = Connection::open(transport, link.encoding(), terms);
    let outbox = Arc::clone(&connection.outbox);
    let mut peer = Console {
        caller: Caller::Staff {
            role: person.role,
            agency: person.agency.id().clone(),
            staff: person.staff.clone(),
        },
        person,
        connection,
        follows: HashMap::new(),
        watched: HashSet::new(),
        asked_next: false,
        receiving: Receiving::default(),
    };
    peer.welcome();
    node.sign_in(&peer.person, &outbox);
    let end = link.run(&outbox, node.clock(), &mut peer).await;
    peer.connection.close();
    peer.leave();
    Box::pin(link.close(end)).await;
}

struct Console {
    connection: Connection,
    person: Person,
    caller: Caller,
    follows: HashMap<SessionId, Arc<Cell>>,
    /// Sessions whose watch over this connection is on record; only then may a supervisor follow them.
    watched: HashSet<SessionId>,
    /// A take-next has come over this connection.
    asked_next: bool,
    /// Live connections, so that they end with this one.
    receiving: Receiving,
}

impl Console {
    fn welcome(&self) {
        let node = &self.connection.transport.node;
        let limits = &self.connection.transport.limits;
        let person = &self.person;
        let welcome = |settings: &Settings| ToStaff::Welcome {
            connection: self.connection.outbox.connection(),
            now_ms: node.clock().now_ms(),
            heartbeat_ms: limits.staff_heartbeat_ms,
            agency: settings.info.clone(),
            staff: person.staff.clone(),
            name: person.name.clone(),
            role: person.role,
            queues: person.agency.policy().queues().to_vec(),
            desk: Some(person.agency.desk()),
            limits: limits.told.clone(),
        };
        self.connection.welcome(&person.agency, welcome);
    }

    fn leave(&mut self) {
        let node = &self.connection.transport.node;
        let connection = self.connection.outbox.connection();
        self.receiving.end(node);
        for cell in self.follows.values() {
            cell.unfollow(connection);
        }
        let frozen = self.connection.outbox.closing() == Some(CloseCode::Silent);
        node.sign_out(&self.person, connection, frozen);
    }

    /// Another node takes its time with an answer; what else comes over this link must not wait for it.
    fn order(&self, id: CommandId, node_name: String, wanted: Wanted) {
        let (node, outbox) = (
            Arc::clone(&self.connection.transport.node),
            Arc::clone(&self.connection.outbox),
        );
        let person = self.person.clone();
        tokio::spawn(async move {
            match node.order(&person, &node_name, wanted).await {
                Ok(()) => tell(&outbox, &ToStaff::Done { id }),
                Err(code) => tell(&outbox, &staff_error(Some(id), code)),
            }
        });
    }

    /// The link lives as long as the fresh token, which must be the same person's in the same role.
    fn renew(&self, token: &str) -> Result<(), ErrorCode> {
        let (person, ends_ms) =
            person_of(&self.connection.transport, token).map_err(|code| match code {
                // Whoever serves that agency: it is no token of this person.
                ErrorCode::NoSuchAgency => ErrorCode::TokenInvalid,
                code => code,
            })?;
        let own = &self.person;
        let same = (person.agency.id(), &person.staff, person.role)
            == (own.agency.id(), &own.staff, own.role);
        if !same {
            return Err(ErrorCode::TokenInvalid);
        }
        let connections = self.connection.transport.node.connections();
        connections.renew(self.connection.outbox.connection(), ends_ms);
        Ok(())
    }

    /// Asks the role table about one session.
    fn may(&self, cell: &Cell, action: Action) -> Result<(), ErrorCode> {
        access::may(&self.caller, action, &cell.target()?).map_err(access::Refusal::code)
    }

    async fn find(&self, session: SessionId) -> Result<Arc<Cell>, ErrorCode> {
        if let Some(cell) = self.follows.get(&session)
            && !cell.lock().stale
        {
            return Ok(Arc::clone(cell));
        }
        let node = &self.connection.transport.node;
        node.agency_session(&self.person, session).await
    }

    async fn submit(
        &mut self,
        id: CommandId,
        session: SessionId,
        command: StaffCommand,
    ) -> Result<(), ErrorCode> {
        let action = action_of_staff_command(&command);
        access::may_at_all(&self.caller, action).map_err(access::Refusal::code)?;
        // Whether the person may do this to this session is asked where it is decided.
        let cell = self.find(session).await?;
        self.check_target(&command)?;
        let watches = matches!(command, StaffCommand::Watch {});
        let wish = Wish::Staff {
            staff: self.person.staff.clone(),
            role: self.person.role,
            command: Box::new(command),
        };
        if watches {
            self.watch(&cell, id, wish).await;
            return Ok(());
        }
        self.connection.transport.node.submit(
            &cell,
            Pending {
                id,
                wish,
                claim_epoch: None,
                reply: Reply::Staff(Arc::clone(&self.connection.outbox)),
                attempts: 0,
                arrived: 0,
            },
        );
        Ok(())
    }

    /// A watch is on record before its session may be followed.
    async fn watch(&mut self, cell: &Arc<Cell>, id: CommandId, wish: Wish) {
        let node = &self.connection.transport.node;
        let reply = Reply::Staff(Arc::clone(&self.connection.outbox));
        let done = match node.ask(cell, id, wish).await {
            Ok(done) => done,
            Err(refusal) => return reply.refused(id, refusal),
        };
        // An id that was used before is answered with what it did then, which need not be a watch.
        match node.event_of(cell, id).await {
            Ok(Some(Event::Watched { staff, .. })) if staff == self.person.staff => {
                self.watched.insert(cell.id);
                node.answer(cell.id, reply, id, done);
            }
            Ok(_) => reply.refused(id, ErrorCode::IdReused.into()),
            Err(code) => reply.refused(id, code.into()),
        }
    }

    /// A session is handed to somebody who can take it, or it would wait for nobody.
    fn check_target(&self, command: &StaffCommand) -> Result<(), ErrorCode> {
        let StaffCommand::Transfer {
            target: TransferTarget::Person { staff },
            ..
        } = command
        else {
            return Ok(());
        };
        let accounts = &self.connection.transport.accounts;
        let person = accounts.still(self.person.agency.id(), staff);
        let takes = |role| access::allowed(role, Action::TakeNext) != access::Access::Never;
        // Whoever comes from a provider has no account: they are known while they are signed in.
        let known = person.is_some_and(|person| takes(person.role))
            || self.person.agency.role_now(staff).is_some_and(takes);
        if known {
            Ok(())
        } else {
            Err(ErrorCode::NoSuchTarget)
        }
    }

    async fn follow(&mut self, session: SessionId, after: Seq) -> Result<(), ErrorCode> {
        let cell = self.find(session).await?;
        self.may(&cell, Action::Follow)?;
        let owns = {
            let inner = cell.lock();
            let state = inner.session.as_ref();
            state.is_some_and(|s| s.is_owned_by(&self.person.staff))
        };
        if self.person.role == Role::Supervisor && !owns && !self.watched.contains(&session) {
            return Err(ErrorCode::WrongOrder);
        }
        if self.follows.len() >= FOLLOWS_MAX && !self.follows.contains_key(&session) {
            return Err(ErrorCode::TooFast);
        }
        self.follows.insert(session, Arc::clone(&cell));
        let node = &self.connection.transport.node;
        node.follow_as(&self.person, &cell, &self.connection.outbox, after);
        Ok(())
    }

    fn unfollow(&mut self, session: SessionId) {
        self.receiving
            .stop(&self.connection.transport.node, session);
        self.watched.remove(&session);
        if let Some(cell) = self.follows.remove(&session) {
            cell.unfollow(self.connection.outbox.connection());
        }
    }

    fn typed(
        &self,
        session: SessionId,
        typed: RealTimeText,
        action: Action,
    ) -> Result<(), ErrorCode> {
        if typed.text.chars().count() > REAL_TIME_TEXT_MAX_CHARS {
            return Err(ErrorCode::TextTooLong);
        }
        let cell = self.follows.get(&session).ok_or(ErrorCode::WrongOrder)?;
        self.may(cell, action)?;
        self.connection
            .transport
            .node
            .staff_types(&self.person, cell, typed);
        Ok(())
    }

    /// The media plane takes its time with an offer; text must not wait for it.
    fn offer(
        &self,
        id: CommandId,
        session: SessionId,
        sdp: String,
        talk: bool,
        action: Action,
    ) -> Result<(), ErrorCode> {
        let cell = self.follows.get(&session).ok_or(ErrorCode::WrongOrder)?;
        self.may(cell, action)?;
        let owns = {
            let inner = cell.lock();
            let state = inner.session.as_ref();
            state.is_some_and(|s| s.is_owned_by(&self.person.staff))
        };
        let (node, outbox) = (
            Arc::clone(&self.connection.transport.node),
            Arc::clone(&self.connection.outbox),
        );
        let (cell, role) = (Arc::clone(cell), self.person.role);
        let receiving = self.receiving.clone();
        tokio::spawn(async move {
            match node.watch(&cell, &sdp, role, owns, talk).await {
                Ok(answer) => {
                    if receiving.answered(&node, &cell, answer.peer) {
                        let (sdp, peer) = (answer.sdp, answer.peer);
                        let answer = ToStaff::MediaAnswer {
                            id,
                            session,
                            sdp,
                            peer,
                        };
                        tell(&outbox, &answer);
                    }
                }
                Err(code) => tell(&outbox, &staff_error(Some(id), code)),
            }
        });
        Ok(())
    }
}

impl Side for Console {
    const WORD: &'static str = "staff";
    type Says = FromStaff;
    type Hears = ToStaff;

    fn id(message: &FromStaff) -> Option<CommandId> {
        message.id()
    }

    fn parts(message: &FromStaff) -> u64 {
        match message {
            FromStaff::Delivered { .. } => LIGHT_PARTS,
            _ => WHOLE_PARTS,
        }
    }

    fn is_typing(message: &FromStaff) -> bool {
        matches!(message, FromStaff::RealTimeText { .. })
    }

    fn limit(limits: &TransportLimits) -> &RateLimit {
        &limits.staff_rate
    }

    fn error(error: ErrorMessage) -> ToStaff {
        ToStaff::Error(error)
    }

    fn connection(&self) -> &Connection {
        &self.connection
    }

    fn connection_mut(&mut self) -> &mut Connection {
        &mut self.connection
    }

    async fn handle(&mut self, message: FromStaff) -> Result<(), ErrorCode> {
        let action = action_of_staff_message(&message);
        access::may_at_all(&self.caller, action).map_err(access::Refusal::code)?;
        let node = Arc::clone(&self.connection.transport.node);
        match message {
            FromStaff::Hello { .. } => Err(ErrorCode::WrongOrder),
            FromStaff::Renew { token } => self.renew(&token),
            FromStaff::Register { queues } => {
                node.register(&self.person, self.connection.outbox.connection(), queues)
            }
            FromStaff::SetAgentState { state, reason } => {
                node.set_agent_state(&self.person, state, reason);
                Ok(())
            }
            FromStaff::TakeNext { id } => {
                let first = !std::mem::replace(&mut self.asked_next, true);
                Box::pin(node.take_next(&self.person, id, &self.connection.outbox, first)).await;
                Ok(())
            }
            FromStaff::MakeReportLink { id, digest } => {
                let made = Box::pin(node.make_report_link(&self.person, id, digest)).await;
                let reply = Reply::Staff(Arc::clone(&self.connection.outbox));
                match made {
                    Ok((session, done)) => node.answer(session, reply, id, done),
                    Err(refusal) => reply.refused(id, refusal),
                }
                Ok(())
            }
            FromStaff::Do {
                id,
                session,
                command,
            } => Box::pin(self.submit(id, session, command)).await,
            FromStaff::Follow { session, after } => Box::pin(self.follow(session, after)).await,
            FromStaff::Unfollow { session } => {
                self.unfollow(session);
                Ok(())
            }
            // A late word about a session that is no longer followed is nothing to complain about.
            FromStaff::Delivered { session, up_to } => {
                if let Some(cell) = self.follows.get(&session)
                    && self.may(cell, action).is_ok()
                {
                    node.console_has(cell, up_to);
                }
                Ok(())
            }
            FromStaff::RealTimeText { session, typed } => self.typed(session, typed, action),
            FromStaff::MediaOffer {
                id,
                session,
                sdp,
                talk,
            } => self.offer(id, session, sdp, talk, action),
            FromStaff::MediaStop { session } => {
                self.receiving
                    .stop(&self.connection.transport.node, session);
                Ok(())
            }
            FromStaff::ListClosed { id, after } => {
                let (rows, more) = Box::pin(node.history(&self.person, after)).await?;
                tell(
                    &self.connection.outbox,
                    &ToStaff::History { id, rows, more },
                );
                Ok(())
            }
            FromStaff::Drain {
                id,
                node,
                within_s,
                per_s,
            } => {
                self.order(id, node, Wanted::Drain { within_s, per_s });
                Ok(())
            }
            FromStaff::Undrain { id, node } => {
                self.order(id, node, Wanted::Undrain);
                Ok(())
            }
            FromStaff::Tally { alarms, exposed_ms } => {
                node.tally(&self.person, alarms, exposed_ms);
                Ok(())
            }
            FromStaff::Ping { n } => {
                let spread_ms = node.spread_of(true);
                tell(&self.connection.outbox, &ToStaff::Pong { n, spread_ms });
                Ok(())
            }
        }
    }

    async fn feed(&mut self) -> Result<(), CloseCode> {
        let audience = Audience::Staff {
            staff: self.person.staff.clone(),
            role: self.person.role,
        };
        let outbox = &self.connection.outbox;
        for cell in self.follows.values() {
            let fed = self
                .connection
                .transport
                .node
                .feed(cell, outbox, &audience)
                .await;
            if let Err(error) = &fed
                && error.is_of_a_record()
            {
                // It would be the same on the next connection, and every other session goes on over this one.
                tracing::error!(%error, "a log cannot be told to its end");
                cell.unfollow(outbox.connection());
                side::refuse::<Self>(outbox, None, ErrorCode::Internal);
                continue;
            }
            if !side::fed::<Self>(outbox, fed)? {
                break;
            }
        }
        Ok(())
    }
}
